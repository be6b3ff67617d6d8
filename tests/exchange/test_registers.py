"""Every register out and in again changes nothing, on pages and from a terminal; and a change in the sheet is the one change seen."""

import datetime as dt
import io
import json
from decimal import Decimal

import openpyxl
import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db.models import Max
from django.utils import timezone

from assessments.models import Score, Task
from organizations.models import Level, Organization, Standard, StandardItem, StandardVersion
from outreach.models import Request, Station
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from portal.exchange.models import ImportBatch
from portal.exchange.registers import WORKBOOKS
from portal.exchange.services import batches, downloads
from tests.exchange.desk import Desk, xlsx
from tests.factories import (
    make_activity,
    make_brand,
    make_cadre_post,
    make_contact,
    make_county,
    make_duty_post,
    make_enterprise,
    make_membership,
    make_notice,
    make_official,
    make_organization,
    make_outpost,
    make_pairing,
    make_person,
    make_quarter,
    make_request,
    make_scheme,
    make_site,
    make_station,
    make_support,
    make_township,
    make_training_plan,
    make_training_session,
    make_unit,
    make_user,
    make_village,
    make_visit,
)

HARD = "=1+1 @水坪+（试）"  # a name that a spreadsheet would like to compute
TEXTS = {"organizations", "stations", "sites", "brands", "outposts"}  # whose rows carry it


@pytest.fixture
def staff(db):
    """A county in which every register has rows, some with awkward texts; the user sees all of it."""
    county = make_county(name="测试甲县")
    quarter = make_quarter(make_scheme(county, status="open"), state="review")
    township = make_township(county, name="水坪镇")
    village = make_village(township, name="石桥村")
    body = make_unit(county, name="测试局")
    council = make_organization(
        township, name=HARD, unit=body, fields_of_work=["talent", "general"], next_election_on=dt.date(2027, 3, 1)
    )
    make_organization(village, note="含“引号”、顿号；分号，换行")
    for name, post, number in (("王某丙", "会长", "1"), ("赵某丁", "会员", "2"), ("赵某丁", "会员", "3")):
        make_membership(
            council, make_person(township, name=name, phone=f"1380000000{number}"), post=post, in_charge=post == "会长"
        )
    make_membership(council, make_person(township, name="没有电话"), post="会员")
    station = make_station(township, name=HARD, opening_hours="周一至周五 8:30-17:30")
    make_station(village, parent=station, organization=council)
    site = make_site(village, name=HARD)
    make_brand(township, name=HARD)
    make_outpost(village, name=HARD)
    make_duty_post(village)
    make_activity(village, site=site, head_count=30, summary="无纸化 2026/1/1 的小结")
    make_activity(township, station=station, theme=HARD)
    make_requests(village, body)
    make_directory(county, township, body)
    make_standard(county)
    make_training(county, township)
    mill = make_enterprise(township, name=f"{HARD}茶厂")
    make_support(mill, request=make_request(mill))
    make_support(make_enterprise(township, name="已注销公司", until=dt.date(2026, 6, 1)), amount=Decimal("0.5"))
    Score.objects.filter(task=quarter.tasks.first()).update(
        given=Decimal("20.5"), points=Decimal("20.5"), status="scored"
    )
    return make_user(role=Role.STAFF, area=county, name="张某甲", username="zhang")


def make_directory(county, township, body):
    """Leaders, one of them a namesake; contacts with and without a phone, namesakes, one restricted; pairings of both kinds."""
    notice = make_notice(county, name="告知书 2026 年第 1 版")
    leaders = [
        make_official(county, name="李某甲", position=position, unit=unit)
        for position, unit in (("副县长", None), ("局长", body))
    ]
    tea = make_enterprise(township, name="石桥茶业公司", credit_code="91420324MA49000002", industry="farming")
    people = [
        make_contact(township, tea, name="周某甲", phone="13800000011", notice=notice),
        make_contact(township, tea, name="周某甲", phone="13800000012", notice=notice),
        make_contact(township, role="service_taiwan", name="吴某乙", consent_on=dt.date(2026, 1, 5), basis="consent", notice=notice),
    ]  # fmt: skip
    make_contact(township, tea, name="郑某丙", notice=notice, restricted_on=dt.date(2026, 2, 1), restriction="disputed")
    make_pairing(leaders[0], tea)
    make_pairing(leaders[1], people[2])
    make_visit(
        tea,
        officials=leaders,
        contacts=[people[1]],
        raised="反映用工紧张，“缺人”；已转交",
        next_on=dt.date(2026, 12, 1),
    )
    make_visit(make_enterprise(township, name="已迁出公司", until=dt.date(2026, 6, 1)), officials=leaders[:1])
    make_visit(tea, contacts=people[:1], officials=leaders[1:], state="planned", on=dt.date(2026, 12, 1))


def make_requests(area, body):
    """One of a closed enterprise, answered; one of an organization; one of a contact whose record was erased since."""
    mill = make_enterprise(area, name=HARD, until=dt.date(2026, 9, 30))
    make_request(mill, unit=body, state="answered", answered_on=dt.date(2026, 9, 10), answer="已答复")
    make_request(organization=make_organization(area, name="石桥商会"), matter="organization")
    make_request(contact=make_contact(area, name="", erased_at=timezone.now()))


def make_training(county, township):
    """A plan of the county with a session that was held and one to come, and one of the same name in a township."""
    plan, other = (make_training_plan(area, name=HARD) for area in (county, township))
    make_training_session(plan, days=Decimal("2.5"))
    make_training_session(other, attended=None, on=dt.date(2099, 1, 1))
    make_cadre_post(plan, post="乡镇副职")
    make_cadre_post(other, post="乡镇副职")


def make_standard(county):
    standard = Standard.objects.create(
        area=county, code="eight_haves", name="八有", applies_to="organizations.organization"
    )
    version = StandardVersion.objects.create(standard=standard, since=dt.date(2020, 1, 1))
    StandardItem.objects.create(version=version, number=1, wording="有固定场所")


def parameters(name):
    """What a register asks first."""
    if name == "scores":
        return {"quarter": Task.objects.first().quarter_id}
    return {"standard": Standard.objects.get().pk} if name == "checks" else {}


def uploader(name, staff):
    """Areas are loaded by the system administrator."""
    return make_user(role=Role.SYSADMIN, area=staff.area, name="李某乙") if name == "areas" else staff


def exported(name, user):
    return downloads.template(WORKBOOKS[name](user, parameters(name)), with_data=True).read()


def planned(name, content, user, file_name="更新表.xlsx"):
    batch = batches.upload(name, file_name, content, by=user, parameters=parameters(name))
    assert not batches.unclear(batch), batch.columns
    lines = batches.plan(batch, by=user)
    batch.refresh_from_db()
    return batch, lines


@pytest.mark.parametrize("name", WORKBOOKS)
class TestRoundTrip:
    def test_what_goes_out_comes_in_without_a_change(self, staff, name):
        user = uploader(name, staff)
        content = exported(name, user)
        batch, lines = planned(name, content, user)
        assert [line.problems for line in lines if line.problems] == []
        assert lines and batch.counts["unchanged"] == len(lines)
        if name in TEXTS:
            assert HARD.encode() in b"".join(str(cell).encode() for line in lines for cell in line.cells.values())

    def test_an_empty_template_says_that_nothing_is_in_it(self, staff, name):
        user = uploader(name, staff)
        content = downloads.template(WORKBOOKS[name](user, parameters(name)), with_data=False).read()
        try:
            batch = batches.upload(name, "模板.xlsx", content, by=user, parameters=parameters(name))
        except ValidationError as refused:
            assert "表头下面没有数据" in refused.messages[0]
        else:
            assert batches.plan(batch, by=user) == []


def edited(content, change):
    """The update table with a change made by hand."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    page = book.worksheets[0]
    heads = {
        str(cell.value).rstrip("＊*"): cell.column for row in page.iter_rows(max_row=3) for cell in row if cell.value
    }
    change(page, heads)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def test_one_cell_changed_by_hand_is_the_one_change(staff):
    def change(page, heads):
        row = next(r for r in range(2, page.max_row + 1) if page.cell(r, heads["名称"]).value == HARD)
        page.cell(row, heads["开放时间"]).value = "周六全天"

    batch, lines = planned("stations", edited(exported("stations", staff), change), staff)
    [line] = [line for line in lines if line.changes]
    assert [(c.label, c.before, c.after) for c in line.changes] == [("开放时间", "周一至周五 8:30-17:30", "周六全天")]
    batches.write(batch, by=staff, expected=batch.version)
    assert Station.objects.get(name=HARD).opening_hours == "周六全天"


def test_each_kind_of_organization_comes_in_at_its_level_alone(staff):
    places = {Level.COUNTY: ("测试甲县", ""), Level.TOWNSHIP: ("水坪镇", ""), Level.VILLAGE: ("水坪镇", "石桥村")}
    heads = ["乡镇", "村（社区）", "类别", "名称", "成立日期"]
    rows = [(kind, level) for kind in Organization.Kind for level in Level]
    table = [[*places[level], kind.label, f"{kind.label}{level.label}", "2022-03-01"] for kind, level in rows]
    page = Desk(staff, "organizations").upload(xlsx([heads, *table]))
    refused = {number for number, words in page.outcomes.items() if words == "错误"}
    no_home = {
        Organization.Kind.STREET_ASSOCIATION,
        Organization.Kind.COMMUNITY_FELLOWSHIP,
    }  # neither street nor community here
    wrong = {n for n, (kind, level) in enumerate(rows, 2) if level != Organization.LEVELS[kind] or kind in no_home}
    assert refused == wrong, page.outcomes


def test_scores_of_a_quarter_come_in_with_their_reasons(staff):
    quarter = Task.objects.first().quarter

    def change(page, heads):
        column = next(at for head, at in heads.items() if head.startswith("1 "))
        page.cell(page.max_row, column).value = 24
        page.cell(page.max_row, heads["说明"]).value = "核对后更正"

    batch, lines = planned("scores", edited(exported("scores", staff), change), staff)
    assert batch.counts["changed"] == 1, [line.problems for line in lines]
    batches.write(batch, by=staff, expected=batch.version)
    assert Score.objects.filter(report__quarter=quarter, given=24).count() == 1


def test_checks_come_in_as_checks_of_the_standard_in_force(staff):
    def change(page, heads):
        row = next(r for r in range(2, page.max_row + 1) if page.cell(r, heads["核查对象"]).value == HARD)
        page.cell(row, heads["有固定场所"]).value = "达到"

    batch, lines = planned("checks", edited(exported("checks", staff), change), staff)
    assert batch.counts["new"] == 1, [line.problems for line in lines]
    batches.write(batch, by=staff, expected=batch.version)
    _, again = planned("checks", exported("checks", staff), staff)
    assert {line.outcome for line in again} == {"unchanged"}


def test_requests_come_in_under_the_next_numbers_and_are_not_taken_back(staff):
    last = Request.objects.filter(year=2026).aggregate(last=Max("number"))["last"]

    def change(page, heads):
        for n in range(2):
            row = page.max_row + 1
            cells = {
                "乡镇": "水坪镇",
                "村（社区）": "石桥村",
                "组织": "石桥商会",
                "受理日期": "2026-10-08",
                "事项": "融资贷款",
                "诉求内容": f"第{n}件",
            }
            for head, text in cells.items():
                page.cell(row, heads[head]).value = text

    batch, lines = planned("requests", edited(exported("requests", staff), change), staff)
    assert batch.counts["new"] == 2, [line.problems for line in lines]
    batches.write(batch, by=staff, expected=batch.version)
    made = Request.objects.filter(subject__startswith="第").order_by("number")
    assert [row.number for row in made] == [last + 1, last + 2]
    assert [step.act for row in made for step in row.steps.all()] == ["accepted", "accepted"]
    assert {row.due_on for row in made} == {dt.date(2026, 10, 21)}
    assert len(batches.take_back(ImportBatch.objects.get(pk=batch.pk), by=staff)) == 2
    assert made.count() == 2


class TestCommands:
    """manage.py import_workbook and export_workbook: the same road, from a terminal."""

    CSV = "乡镇,类别,名称,成立日期\n水坪镇,乡镇商会,水坪商会,2020-01-01\n水平镇,乡镇商会,第二商会,2020-01-01\n水坪镇,乡镇商会,第三商会,明年\n"

    def run(self, capsys, *arguments):
        """(exit code, printed)."""
        try:
            call_command(*arguments)
        except SystemExit as stopped:
            return stopped.code, capsys.readouterr().out
        return 0, capsys.readouterr().out

    @pytest.fixture
    def file(self, tmp_path):
        def write(text):
            path = tmp_path / "组织.csv"
            path.write_text(text, encoding="utf-8")
            return str(path)

        return write

    def test_json_has_counts_and_every_error(self, staff, file, capsys):
        code, said = self.run(capsys, "import_workbook", "organizations", file(self.CSV), "--as", "zhang", "--json")
        report = json.loads(said)
        assert code == 1
        assert list(report) == ["new", "changed", "unchanged", "duplicates", "errors"]
        assert (report["new"], report["changed"], report["unchanged"], report["duplicates"]) == (1, 0, 0, 0)
        first, second = report["errors"]
        assert first == {
            "sheet": "组织", "row": 3, "column": "乡镇", "message": "找不到乡镇“水平镇”，是否为“水坪镇”？", "suggestion": "水坪镇",
        }  # fmt: skip
        assert (second["row"], second["column"]) == (4, "成立日期")
        assert not Organization.objects.filter(name="水坪商会").exists()

    def test_a_dry_run_saves_nothing(self, staff, file, capsys):
        text = "".join(self.CSV.splitlines(keepends=True)[:2])
        code, said = self.run(capsys, "import_workbook", "organizations", file(text), "--as", "zhang", "--dry-run")
        assert code == 0 and "1 new, 0 changed" in said
        assert not Organization.objects.filter(name="水坪商会").exists()
        assert ImportBatch.objects.get().state == "dropped"

    def test_written_under_the_users_name_and_undone_like_any_batch(self, staff, file, capsys):
        text = "".join(self.CSV.splitlines(keepends=True)[:2])
        assert self.run(capsys, "import_workbook", "organizations", file(text), "--as", "zhang")[0] == 0
        made = Organization.objects.get(name="水坪商会")
        assert AuditEntry.objects.filter(user=staff, object_id=str(made.pk), action="created").exists()
        assert batches.take_back(ImportBatch.objects.get(), by=staff) == []
        assert not Organization.objects.filter(name="水坪商会").exists()

    def test_only_the_right_rows_where_that_is_said(self, staff, file, capsys):
        arguments = ("import_workbook", "organizations", file(self.CSV), "--as", "zhang", "--only-right")
        assert self.run(capsys, *arguments)[0] == 0
        assert Organization.objects.filter(name="水坪商会").exists()

    def test_unknown_and_missing_columns_are_named(self, staff, file, capsys):
        text = "乡镇,类别,名称,奇怪的列\n水坪镇,乡镇商会,水坪商会,x\n"
        code, said = self.run(capsys, "import_workbook", "organizations", file(text), "--as", "zhang", "--json")
        assert code == 1
        assert [(e["row"], e["column"]) for e in json.loads(said)["errors"]] == [(1, "成立日期"), (1, "奇怪的列")]

    def test_a_file_that_cannot_be_read_is_an_error_in_the_same_form(self, staff, file, capsys):
        code, said = self.run(capsys, "import_workbook", "organizations", file(""), "--as", "zhang", "--json")
        assert code == 1 and json.loads(said)["errors"][0]["message"]

    def test_a_user_without_the_right_is_refused(self, staff, file, capsys):
        make_user(role=Role.LEADER, area=staff.area, username="wang")
        code, said = self.run(capsys, "import_workbook", "organizations", file(self.CSV), "--as", "wang", "--json")
        assert code == 1 and "不能导入" in json.loads(said)["errors"][0]["message"]

    def test_names_that_are_none(self, staff, file, tmp_path):
        with pytest.raises(CommandError, match="no active account"):
            call_command("import_workbook", "organizations", file(self.CSV), "--as", "nobody")
        with pytest.raises(CommandError, match="可以用的有"):
            call_command("export_workbook", "nothing", str(tmp_path / "x.xlsx"), "--as", "zhang")
        with pytest.raises(CommandError, match="Cannot read"):
            call_command("import_workbook", "organizations", str(tmp_path / "none.csv"), "--as", "zhang")

    def test_out_and_in_again_for_one_area(self, staff, tmp_path, capsys):
        path = str(tmp_path / "站点.xlsx")
        village = Station.objects.get(parent__isnull=False).area
        call_command("export_workbook", "stations", path, "--as", "zhang", "--area", village.code)
        code, said = self.run(capsys, "import_workbook", "stations", path, "--as", "zhang", "--json")
        report = json.loads(said)
        assert (code, report["unchanged"], report["errors"]) == (0, 1, [])

    def test_an_area_out_of_reach(self, staff, tmp_path):
        foreign = make_township(make_county(), name="别处镇")
        with pytest.raises(CommandError, match="sees no area"):
            call_command(
                "export_workbook", "stations", str(tmp_path / "x.xlsx"), "--as", "zhang", "--area", foreign.code
            )
