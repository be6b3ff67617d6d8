"""Reports over HTTP: the page's numbers, sheets that print, nothing beyond one's reach, a line on the trail."""

import datetime as dt
import io

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from assessments.models import Quarter, Score, SelfReport
from assessments.services.publications import publish_quarter
from organizations.coverage import Coverage
from organizations.models import CoverageGoal, Standard, StandardItem, StandardVersion
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from portal.exchange.reports import REPORTS
from tests.assessments.boards import make_board
from tests.factories import (
    make_activity,
    make_county,
    make_membership,
    make_organization,
    make_person,
    make_site,
    make_station,
    make_township,
    make_user,
    make_village,
)

SINCE = dt.date(2020, 1, 1)


@pytest.fixture
def county(db):
    county = make_county(name="测试甲县")
    CoverageGoal.objects.create(
        area=county, number=1, title="村级组织全覆盖", measure="village_organization", villages=True, since=SINCE
    )
    for number in range(3):
        fill(placed(make_township, county, number, name=f"第{number}镇"), number)
    standard = Standard.objects.create(
        area=county, code="eight_haves", name="八有", applies_to="organizations.organization"
    )
    StandardItem.objects.create(
        version=StandardVersion.objects.create(standard=standard, since=SINCE), number=1, wording="有场所"
    )
    return county


def placed(make, parent, number, **fields):
    """An area in the order of its number, whatever the other tests made before."""
    code = f"{parent.tree_code}{number + 1:03d}"
    return make(parent, tree_code=code, code=code.ljust(12, "0"), **fields)


def fill(township, number):
    """Two villages, of which the first has an organization with a roster; a station, a site, an activity."""
    village = placed(make_village, township, 2 * number, name=f"甲{number}村")
    placed(make_village, township, 2 * number + 1, name=f"乙{number}村")
    organization = make_organization(village, name=f"甲{number}村联谊会")
    make_membership(
        organization, make_person(township, name="王某丙", phone="13800000003"), post="会长", in_charge=True
    )
    make_station(township, name=f"第{number}镇联络站")
    make_site(village, name=f"甲{number}活动室")
    make_activity(village, theme=f"第{number}次学习", on=timezone.localdate(), head_count=20)


@pytest.fixture
def staff(county):
    return make_user(role=Role.STAFF, area=county, name="张某甲")


@pytest.fixture
def desk(client, staff):
    client.force_login(staff)
    return client


def url_of(name):
    return reverse("exchange:report_make", args=[name])


def made(desk, name, **asked):
    asked = {"on": str(timezone.localdate()), **{key: getattr(value, "pk", value) for key, value in asked.items()}}
    answer = desk.get(url_of(name), {**asked, "download": "1"})
    assert answer.status_code == 200 and answer.streaming, answer.context and answer.context["form"].errors
    return openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))


def rows(page):
    return [list(row) for row in page.iter_rows(values_only=True)]


def line(page, first):
    """The row that begins with `first`."""
    return next(row for row in rows(page) if row[0] == first)


def township(county, number=0):
    return county.children.order_by("tree_code")[number]


class TestCoverage:
    def test_each_goal_by_township_with_its_blind_spots(self, desk, county):
        book = made(desk, "coverage", area=county)
        assert book.sheetnames == ["总表", "指标一览", "村级组织全覆盖", "村级组织全覆盖·盲点"]
        goal = book["村级组织全覆盖"]
        assert line(goal, "第0镇")[:4] == ["第0镇", 1, 2, "1 / 2"]
        assert line(goal, "合计")[:5] == ["合计", 3, 6, "3 / 6", 50]
        blind = [row[2] for row in rows(book["村级组织全覆盖·盲点"]) if isinstance(row[0], int)]
        assert blind == ["乙0村", "乙1村", "乙2村"]

    def test_its_numbers_are_the_dashboards(self, desk, county):
        coverage = Coverage(county, [timezone.localdate()])
        [goal] = coverage.goals(timezone.localdate())
        done, target = coverage.share(f"goal-{goal.pk}", timezone.localdate())
        assert line(made(desk, "coverage", area=county)["总表"], "合计")[1] == f"{done} / {target}"
        page = desk.get(reverse("dashboards:coverage_area", args=[county.pk])).content.decode()
        assert "50%" in page

    def test_it_prints_with_frozen_heads_and_a_native_chart(self, desk, county):
        book = made(desk, "coverage", area=county)
        goal = book["村级组织全覆盖"]
        assert goal.freeze_panes == "B4" and goal.print_area and goal.print_title_rows == "$3:$3"
        assert goal.oddHeader.right.text == "测试甲县村级组织全覆盖情况"
        assert len(goal._charts) == 1
        assert goal["A1"].value == "测试甲县村级组织全覆盖情况"

    def test_the_cost_does_not_grow_with_the_townships(self, desk, county):
        with CaptureQueriesContext(connection) as few:
            made(desk, "coverage", area=county)
        for number in range(3, 8):
            fill(placed(make_township, county, number, name=f"第{number}镇"), number)
        with CaptureQueriesContext(connection) as many:
            made(desk, "coverage", area=county)
        assert len(many) <= len(few)

    def test_without_goals_it_says_what_to_do(self, desk, county):
        CoverageGoal.objects.all().delete()
        answer = desk.get(url_of("coverage"), {"area": county.pk, "on": "2026-01-01", "download": "1"})
        assert answer.status_code == 422 and "没有覆盖目标" in answer.content.decode()


class TestRegisters:
    def test_a_roster_book_has_a_sheet_a_township_and_no_number(self, desk, county):
        book = made(desk, "rosters", area=county)
        assert book.sheetnames == ["第0镇", "第1镇", "第2镇"]
        member = line(book["第0镇"], 1)
        assert member[1:4] == ["甲0村联谊会", "会长", "王某丙"]
        assert member[4].endswith("03") and "1380000" not in member[4]

    def test_a_ledger_holds_every_register_of_a_township(self, desk, county):
        book = made(desk, "ledger", area=township(county))
        assert book.sheetnames[:4] == ["概况", "基层统战组织", "联络站点", "阵地"]
        counts = {row[1]: row[2] for row in rows(book["概况"]) if row[0] == "登记"}
        assert (counts["基层统战组织"], counts["联络站点"], counts["阵地"], counts["本年活动"]) == (1, 1, 1, 1)
        assert line(book["阵地"], 1)[1] == "甲0活动室"
        assert "没有登记服务品牌。" in str(rows(book["服务品牌"]))

    def test_a_ledger_of_a_village_and_of_a_day_before_it_had_anything(self, desk, county):
        village = township(county).children.order_by("tree_code")[0]
        assert line(made(desk, "ledger", area=village)["基层统战组织"], 1)[1] == "甲0村联谊会"
        assert "没有登记本年活动。" in str(rows(made(desk, "ledger", area=village, on="2021-01-01")["本年活动"]))

    def test_standards_by_object_township_and_item(self, desk, county):
        book = made(desk, "standards", area=county)
        assert book.sheetnames == ["八有", "八有·各乡镇", "八有·薄弱项"]
        assert [row[4] for row in rows(book["八有"]) if isinstance(row[0], int)] == ["未核查"] * 3

    def test_the_cost_of_a_ledger_does_not_grow_with_its_rows(self, desk, county):
        area = township(county)
        with CaptureQueriesContext(connection) as few:
            made(desk, "ledger", area=area)
        for number in range(10, 16):
            fill(area, number)
        with CaptureQueriesContext(connection) as many:
            made(desk, "ledger", area=area)
        assert len(many) <= len(few)


class TestResults:
    @pytest.fixture
    def board(self, client, db):
        board = make_board()
        SelfReport.objects.update(status=SelfReport.Status.SUBMITTED)
        Score.objects.update(given=20, points=20, status="scored", steps=["评审给 20 分"])
        publish_quarter(board.quarter, by=board.staff)
        client.force_login(board.staff)
        return board

    def test_a_quarters_ranking_with_every_point(self, board, client):
        book = made(client, "quarter", quarter=board.quarter)
        assert book.sheetnames[-1] == "得分明细" and len(book.sheetnames) == 2
        ranking, details = book.worksheets
        unit = board.reports[0].unit.name
        total = next(row[6] for row in rows(ranking) if row[1] == unit)
        points = next(row for row in rows(details) if row[1] == unit)
        assert points[2:6] == [20, 20, 20, 20] and points[6] == 80
        assert points[-1] == total == float(board.quarter.publications.get().results.get(unit_name=unit).total)

    def test_a_year_by_quarters(self, board, client):
        book = made(client, "year", area=board.county, year=board.quarter.year)
        assert any(row[1] == board.reports[0].unit.name for row in rows(book.worksheets[0]))

    def test_what_is_not_published_is_not_offered(self, board, client):
        planned = Quarter.objects.create(
            scheme=board.quarter.scheme, year=2026, number=4, opens_on=dt.date(2026, 10, 1), report_due_on=dt.date(2026, 12, 31),
            review_due_on=dt.date(2027, 1, 10),
        )  # fmt: skip
        answer = client.get(url_of("quarter"), {"quarter": planned.pk, "download": "1"})
        assert answer.status_code == 422


class TestWhoMay:
    def test_a_committee_member_makes_those_of_the_own_township(self, client, county):
        own, other = township(county), township(county, 1)
        client.force_login(make_user(role=Role.COMMITTEE, area=own, name="李某乙"))
        assert made(client, "ledger", area=own)
        answer = client.get(url_of("ledger"), {"area": other.pk, "on": str(timezone.localdate()), "download": "1"})
        assert answer.status_code == 422
        assert other.name not in client.get(url_of("ledger")).content.decode()

    def test_of_another_county_nothing_is_told(self, desk):
        foreign = make_county(name="测试乙县")
        answer = desk.get(url_of("coverage"), {"area": foreign.pk, "on": "2026-01-01", "download": "1"})
        assert answer.status_code == 422 and "测试乙县" not in answer.content.decode()

    @pytest.mark.parametrize("role", [Role.SECADMIN, Role.AUDITOR])
    def test_administrators_have_none(self, client, county, role):
        client.force_login(make_user(role=role, area=county))
        assert client.get(reverse("exchange:report_list")).status_code == 403
        assert client.get(url_of("rosters")).status_code == 403

    def test_a_system_administrator_reads_no_roster(self, client, county):
        client.force_login(make_user(role=Role.SYSADMIN, area=county))
        assert client.get(url_of("rosters")).status_code == 403
        assert "花名册" not in client.get(reverse("exchange:report_list")).content.decode().partition("<main")[2]

    def test_it_stands_on_the_trail(self, desk, county, staff):
        made(desk, "coverage", area=county)
        entry = AuditEntry.objects.filter(user=staff, action="exported").get()
        assert f"生成报表 覆盖情况表：{county}" in entry.sentence and entry.area_code == county.tree_code


class TestForm:
    def test_every_report_opens_and_the_list_names_them(self, desk):
        page = desk.get(reverse("exchange:report_list")).content.decode()
        for name, report in REPORTS.items():
            assert report.label in page
            assert desk.get(url_of(name)).status_code == 200

    def test_the_address_fills_the_form(self, desk, county):
        page = desk.get(url_of("ledger"), {"area": township(county).pk, "on": "2026-06-30"}).content.decode()
        assert f'value="{township(county).pk}" selected' in page and 'value="2026-06-30"' in page

    def test_wrong_answers_are_said_beside_their_fields(self, desk, county):
        answer = desk.get(url_of("coverage"), {"area": county.pk, "on": "明天", "download": "1"})
        assert answer.status_code == 422
        assert answer.context["form"].errors["on"] and not answer.context["form"].errors.get("area")

    def test_one_that_does_not_exist(self, desk):
        assert desk.get(url_of("nothing")).status_code == 404
