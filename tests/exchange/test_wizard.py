"""The import wizard over HTTP: asked, looked at, corrected, written, taken back."""

import datetime as dt
import hashlib
import io

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone

from organizations.models import Membership, Organization, Person
from outreach.models import Station
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from portal.exchange.models import ColumnChoice, ImportBatch
from tests.assessments.boards import make_board
from tests.exchange.desk import Desk, Page, saved, xlsx
from tests.factories import (
    make_county,
    make_membership,
    make_organization,
    make_person,
    make_station,
    make_township,
    make_user,
    make_village,
)

ROSTER = ["乡镇", "组织", "姓名", "职务", "联系电话", "任职日期"]
DAY = "2026-03-12"
RIGHT = [ROSTER, ["水坪镇", "水坪镇商会", "张某甲", "副会长", "13800000001", DAY]]
MIXED = [
    ROSTER,
    ["水坪镇", "水坪镇商会", "张某甲", "副会长", "13800000001", DAY],
    ["水坪镇", "水坪镇商会", "王某丙", "会长", "13800000005", "2024-06-01"],
    ["水坪镇", "水坪镇商会", "陈某丁", "理事", "13800000004", "2023-11-20"],
    ["水坪镇", "水平镇商会", "赵某戊", "会员", "13800000006", DAY],
    ["水坪镇", "水坪镇商会", "孙某己", "会员", "1380013800", DAY],
    ["城关镇", "城关镇商会", "周某庚", "会员", "13800000007", DAY],
    ["水坪镇", "水坪镇商会", "吴某辛", "理事", "13800000009", DAY],
]  # row by row: new, changed, unchanged, error, error, scope, duplicate


@pytest.fixture
def county(db):
    return make_county(name="测试甲县")


@pytest.fixture
def township(county):
    return make_township(parent=county, name="水坪镇")


def make_registered(township):
    """What MIXED is compared with: a chamber with two members and, beside it, a namesake with another number."""
    make_organization(make_township(parent=township.parent, name="城关镇"), name="城关镇商会", kind="township_chamber")
    chamber = make_organization(township, name="水坪镇商会", kind="township_chamber")
    for name, post, phone, since in (
        ("王某丙", "会长", "13800000003", dt.date(2024, 6, 1)),
        ("陈某丁", "理事", "13800000004", dt.date(2023, 11, 20)),
    ):
        make_membership(chamber, make_person(township, name=name, phone=phone), post=post, since=since)
    make_person(township, name="吴某辛", phone="13800000008")
    return chamber


@pytest.fixture
def chamber(township):
    return make_registered(township)


@pytest.fixture
def committee(township):
    return make_user(role=Role.COMMITTEE, area=township, name="李某乙")


@pytest.fixture
def desk(committee, chamber):
    return Desk(committee, "rosters")


def sentences(user):
    return [entry.sentence for entry in AuditEntry.objects.filter(user=user)]


class TestPreview:
    def test_every_row_has_its_outcome_at_once(self, desk):
        page = desk.upload(xlsx(MIXED))
        assert list(page.outcomes.values()) == ["新增", "更新", "无变化", "错误", "错误", "越权", "疑似重复"]
        assert desk.counts == {"new": 1, "changed": 1, "unchanged": 1, "error": 2, "scope": 1, "duplicate": 1}
        for words in ("全部 7", "新增 1", "更新 1", "无变化 1", "错误 2", "越权 1", "疑似重复 1"):
            assert words in page.text

    def test_a_change_shows_what_was_and_what_will_be(self, desk):
        cell = desk.upload(xlsx(MIXED)).rows[3]["联系电话"]
        assert cell.count("→") == 1
        before, after = cell.split(" → ")
        assert before.endswith("03") and after.endswith("05")

    def test_phones_are_shown_by_their_last_two_digits_alone(self, desk):
        text = desk.upload(xlsx(MIXED)).text
        assert "•01" in text and not any(f"1380000000{n}" in text for n in range(1, 10))

    def test_an_error_says_the_column_the_reason_and_what_was_meant(self, desk):
        page = desk.upload(xlsx(MIXED))
        assert "找不到组织“水平镇商会”，是否为“水坪镇商会”？" in page.rows[5]["说明"]
        assert page.buttons(5) == ["采用建议", "同样的都改"]
        assert "11 位" in page.rows[6]["说明"]
        assert "您只能维护水坪镇的成员花名册，此行不会导入" in page.rows[7]["说明"]
        marked = page.tree.xpath("//mark")
        assert [mark.getparent().get("data-label") for mark in marked] == ["组织", "联系电话", "乡镇", "姓名"]

    def test_one_outcome_is_shown_alone(self, desk):
        desk.upload(xlsx(MIXED))
        assert list(desk.page("?show=error").rows) == [5, 6]

    def test_of_many_rows_the_wrong_ones_come_first(self, desk):
        right = [["水坪镇", "水坪镇商会", f"钱某{chr(0x4E00 + n)}", "会员", "", DAY] for n in range(100)]
        page = desk.upload(xlsx([ROSTER, *right, MIXED[4]]))
        assert list(page.outcomes.items())[:2] == [(102, "错误"), (2, "新增")]
        assert "没有通过的行排在前面" in page.text and len(page.rows) == 100

    def test_rows_of_several_sheets_name_their_sheet(self, desk):
        page = desk.upload(xlsx(RIGHT, [ROSTER, ["", "水坪镇商会", "", "会员"]], titles=("甲", "乙")))
        assert "乙" in [row.xpath("string(td[1])") for row in page.tree.xpath("//tbody/tr")]
        assert desk.counts == {"new": 1, "error": 1}

    def test_nothing_is_saved_before_write(self, desk):
        before = (Membership.objects.count(), Person.objects.count())
        page = desk.upload(xlsx(MIXED))
        desk.press(page, 5, "采用建议")
        assert (Membership.objects.count(), Person.objects.count()) == before
        assert AuditEntry.objects.filter(model="organizations.membership").count() == 0

    def test_given_up_nothing_is_kept(self, desk):
        desk.upload(xlsx(MIXED))
        desk.act("drop")
        assert (desk.batch.state, desk.batch.content, desk.batch.lines) == ("dropped", None, None)
        assert "已放弃" in desk.page().text and desk.page().button("写入全部") is None


class TestCorrecting:
    def test_a_suggestion_is_taken_with_one_click(self, desk):
        page = desk.press(desk.upload(xlsx(MIXED)), 5, "采用建议")
        assert page.outcomes[5] == "新增" and page.rows[5]["组织"] == "水坪镇商会"

    def test_the_same_slip_is_corrected_in_every_row(self, desk):
        slips = [["水坪镇", "水平镇商会", f"赵某{n}", "会员", "", DAY] for n in "甲乙丙"]
        page = desk.upload(xlsx([ROSTER, *slips]))
        assert desk.counts == {"error": 3}
        desk.press(page, 3, "同样的都改")
        assert desk.counts == {"new": 3}

    @pytest.mark.parametrize(
        ("label", "outcome"), [("就是“吴某辛”", "新增"), ("不是同一人，仍然新增", "新增"), ("这一行不导入", "不导入")]
    )
    def test_a_possible_duplicate_is_decided_by_a_person(self, desk, label, outcome):
        page = desk.upload(xlsx(MIXED))
        chosen = next(words for words in page.buttons(8) if words.startswith(label))
        assert desk.press(page, 8, chosen).outcomes[8] == outcome

    def test_the_same_person_stays_one_person(self, desk):
        page = desk.upload(xlsx([ROSTER, MIXED[7]]))
        desk.press(page, 2, next(words for words in page.buttons(2) if words.startswith("就是")))
        desk.act("write")
        person = Person.objects.get(name="吴某辛")
        assert person.memberships.get().post == "理事"

    def test_the_page_stays_where_it_was(self, desk):
        page = desk.upload(xlsx(MIXED))
        url = reverse("exchange:batch_answer", args=[desk.batch.pk])
        sent = page.fields(5, "采用建议") | {"query": "show=error&page=1"}
        assert desk.client.post(url, sent)["Location"].endswith("?show=error&page=1")

    def test_a_forged_answer_is_no_error_of_the_server(self, desk):
        desk.upload(xlsx(MIXED))
        for row, column in (("", ""), ("表1!5", "nothing"), ("没有!99", "name"), ("表1!x", "name")):
            assert desk.act("answer", row=row, column=column, value="甲", all="1").status == 200
        assert sum(desk.counts.values()) == 7


class TestWriting:
    def test_all_or_nothing(self, desk):
        page = desk.upload(xlsx(MIXED))
        assert page.button("写入全部").get("disabled") is not None
        assert "还有 4 行没有通过" in desk.act("write").text
        assert desk.batch.state == "preview" and Membership.objects.count() == 2

    def test_only_the_right_rows(self, desk, committee):
        page = desk.upload(xlsx(MIXED))
        assert page.button("只写入 2 行通过的") is not None
        page = desk.act("write", only_right="1")
        assert "写入完成：新增 1 行，更新 1 行" in page.text and "没有写入 4 行" in page.text
        row = Membership.objects.get(person__name="张某甲")
        assert (str(row.organization), row.post, row.since) == ("水坪镇商会", "副会长", dt.date(2026, 3, 12))
        assert str(Person.objects.get(name="王某丙").phone).endswith("05")
        assert not Person.objects.filter(name__in=["赵某戊", "孙某己", "周某庚"]).exists()

    def test_the_batch_page_says_who_when_what(self, desk, committee):
        content = xlsx(MIXED)
        desk.upload(content, "花名册-水坪镇.xlsx")
        page = desk.act("write", only_right="1")
        moment = timezone.localtime(desk.batch.written_at).strftime("%Y-%m-%d %H:%M")
        for words in (
            "花名册-水坪镇.xlsx",
            f"李某乙 于 {moment} 写入",
            hashlib.sha256(content).hexdigest(),
            "成员花名册",
        ):
            assert words in page.text
        assert list(page.outcomes.values()) == ["新增", "更新", "无变化", "错误", "错误", "越权", "疑似重复"]
        assert page.buttons(5) == []

    def test_the_trail_has_the_batch_and_every_row(self, desk, committee):
        desk.upload(xlsx(MIXED), "花名册.xlsx")
        desk.act("write", only_right="1")
        assert any("导入 成员花名册：新增 1 行，更新 1 行（花名册.xlsx）" in words for words in sentences(committee))
        own = AuditEntry.objects.filter(user=committee)
        assert own.filter(model="organizations.membership", action="created").count() == 1
        assert own.filter(model="organizations.person").count() == 2  # one made, one with another number
        assert "13800000005" not in "".join(str(entry.changes) for entry in own)

    def test_the_same_file_a_second_time_changes_nothing(self, desk):
        content = xlsx(RIGHT)
        desk.upload(content)
        desk.act("write")
        page = desk.upload(content)
        assert desk.counts == {"unchanged": 1}
        assert page.button("写入全部 0 行").get("disabled") is not None and "没有要写入的" in page.text
        assert "没有要写入的行" in desk.act("write").text

    def test_pressed_twice_it_is_written_once(self, desk):
        desk.upload(xlsx(RIGHT))
        key = "b" * 32
        desk.act("write", idempotency_key=key)
        desk.act("write", idempotency_key=key)
        assert Membership.objects.filter(person__name="张某甲").count() == 1

    def test_what_was_looked_at_is_written_or_nothing(self, desk, chamber, township):
        """Somebody registers the same man between preview and write."""
        desk.upload(xlsx(RIGHT))
        make_membership(chamber, make_person(township, name="张某甲", phone="13800000001"), post="副会长")
        page = desk.act("write")
        assert "登记册又有变化" in page.text and page.outcomes == {2: "更新"}
        assert Membership.objects.filter(person__name="张某甲").count() == 1

    def test_an_old_page_does_not_write(self, desk):
        page = desk.upload(xlsx(RIGHT))
        version = desk.batch.version
        desk.act("replan")
        page = desk.act("write", version=version)
        assert "请核对后再写入" in page.text and desk.batch.state == "preview"

    @pytest.mark.parametrize("step", ["write", "drop", "replan", "columns"])
    def test_a_written_batch_is_not_worked_on_again(self, desk, step):
        desk.upload(xlsx(RIGHT))
        desk.act("write")
        desk.act(step)
        assert desk.batch.state == "written" and Membership.objects.count() == 3


class TestTakingBack:
    def written(self, desk):
        desk.upload(xlsx(MIXED))
        return desk.act("write", only_right="1")

    def test_all_is_as_before(self, desk, committee):
        people = set(Person.objects.values_list("name", "phone_fingerprint"))
        rows = set(Membership.objects.values_list("person__name", "post", "since"))
        page = self.written(desk)
        assert page.button("撤销这一批") is not None
        page = desk.act("undo")
        assert "写入的内容已全部复原" in page.text and desk.batch.state == "undone"
        assert set(Person.objects.values_list("name", "phone_fingerprint")) == people
        assert set(Membership.objects.values_list("person__name", "post", "since")) == rows
        assert any("撤销导入" in words for words in sentences(committee))
        assert page.button("撤销这一批") is None

    def test_a_row_that_was_touched_is_named_and_nothing_is_undone(self, desk):
        self.written(desk)
        row = Membership.objects.get(person__name="张某甲")
        row.post, row.version = "常务副会长", row.version + 1
        row.save()
        page = desk.act("undo")
        assert page.status == 409 and "第 2 行：写入以后又有人改过" in page.text
        assert desk.batch.state == "written" and Membership.objects.count() == 3

    def test_a_row_that_is_used_is_not_deleted(self, county):
        desk = Desk(make_user(role=Role.STAFF, area=county), "stations")
        make_township(parent=county, name="水坪镇")
        desk.upload(xlsx([["乡镇", "类别", "名称", "启用日期"], ["水坪镇", "联络站", "水坪镇联络站", "2022-03-01"]]))
        desk.act("write")
        station = Station.objects.get()
        village = make_village(parent=station.area)
        make_station(village, parent=station)
        page = desk.act("undo")
        assert page.status == 409 and "已有联络站点与它相连" in page.text
        assert Station.objects.count() == 2

    def test_after_its_time_it_is_refused(self, desk, settings):
        self.written(desk)
        ImportBatch.objects.update(written_at=timezone.now() - dt.timedelta(days=settings.IMPORT_UNDO_DAYS, minutes=1))
        assert "可撤销的期限" in desk.act("undo").text
        assert desk.batch.state == "written" and desk.page().button("撤销这一批") is None


class TestColumns:
    UNCLEAR = [[*ROSTER, "党派"], [*RIGHT[1], "无"]]

    def test_an_unknown_column_is_named_and_asked_once(self, desk, committee):
        page = desk.upload(xlsx(self.UNCLEAR))
        assert "党派" in page.text and desk.batch.state == "columns"
        assert "…01" in page.text and DAY in page.text and "13800000001" not in page.text  # the first cells
        select = page.tree.xpath("//select[@required]")
        assert [s.get("aria-label") for s in select] == ["“党派”对应的列"]
        chosen = {
            s.get("name"): s.xpath("string(option[@selected]/@value)") for s in page.tree.xpath("//select[@name]")
        }
        page = desk.act("columns", **(chosen | {select[0].get("name"): ""}))
        assert page.outcomes == {2: "新增"}
        assert ColumnChoice.objects.get(user=committee, heading="党派").column == ""
        assert desk.upload(xlsx(self.UNCLEAR)).outcomes == {2: "新增"}

    def test_what_one_user_said_does_not_bind_another(self, desk, county):
        desk.upload(xlsx(self.UNCLEAR))
        desk.act("columns", **{f"column-0-{n}": name for n, name in enumerate((*desk.batch.columns[0][:6], ""))})
        other = Desk(make_user(role=Role.STAFF, area=county), "rosters")
        other.upload(xlsx(self.UNCLEAR))
        assert other.batch.state == "columns"

    def test_a_heading_of_ones_own_becomes_a_column(self, desk):
        desk.upload(xlsx([["乡镇", "组织", "姓名", "干什么的"], ["水坪镇", "水坪镇商会", "张某甲", "理事"]]))
        names = ["township", "organization", "name", "post"]
        page = desk.act("columns", **{f"column-0-{n}": name for n, name in enumerate(names)})
        assert page.rows[2]["职务"] == "理事"

    def test_two_columns_for_one_are_refused_in_words(self, desk):
        desk.upload(xlsx(self.UNCLEAR))
        names = [*desk.batch.columns[0][:6], "post"]
        page = desk.act("columns", **{f"column-0-{n}": name for n, name in enumerate(names)})
        assert "有两列都对应“职务”" in page.text and desk.batch.state == "columns"

    def test_left_unanswered_it_asks_again(self, desk):
        page = desk.upload(xlsx(self.UNCLEAR))
        sent = {f"column-0-{n}": name for n, name in enumerate((*desk.batch.columns[0][:6], "?"))}
        page = desk.act("columns", **sent)
        assert "还有列没有选择对应关系" in page.text and page.tree.xpath("//select[@required]")

    def test_a_lacking_required_column_is_said(self, desk):
        page = desk.upload(xlsx([["组织", "姓名"], ["水坪镇商会", "张某甲"]]))
        assert "缺少必填的列：职务" in page.text


class TestReturned:
    def test_red_cells_corrected_and_accepted(self, desk):
        desk.upload(xlsx(MIXED))
        book = openpyxl.load_workbook(io.BytesIO(desk.returned()))
        sheet = book.active
        column = next(cell.column for cell in sheet[1] if cell.value == "错误说明")
        said = {row: sheet.cell(row, column).value for row in range(2, 9)}
        assert [row for row, words in said.items() if words] == [5, 6, 7, 8]
        assert "是否为“水坪镇商会”" in said[5]
        assert (
            sheet["B5"].fill.fgColor.rgb == sheet["E6"].fill.fgColor.rgb == "FFFFC2C7" != sheet["B4"].fill.fgColor.rgb
        )
        sheet["B5"], sheet["E6"] = "水坪镇商会", "13800138000"
        sheet.delete_rows(7, 2)
        page = desk.upload(saved(book))
        assert list(page.outcomes.values()) == ["新增", "更新", "无变化", "新增", "新增"]
        desk.act("write")
        assert Membership.objects.count() == 5

    def test_it_stands_on_the_trail(self, desk, committee):
        desk.upload(xlsx(MIXED), "花名册.xlsx")
        desk.returned()
        assert any("错误表" in words for words in sentences(committee))

    def test_a_right_file_has_none(self, desk):
        assert "错误表" not in desk.upload(xlsx(RIGHT)).text


class TestWhoMay:
    STEPS = ("columns", "replan", "answer", "write", "undo", "drop")

    def test_neighbours_do_not_see_a_batch(self, desk, county):
        desk.upload(xlsx(RIGHT))
        stranger = Desk(make_user(role=Role.COMMITTEE, area=make_township(parent=county)))
        url = desk.batch.get_absolute_url()
        assert stranger.client.get(url).status_code == 404
        assert stranger.client.get(reverse("exchange:batch_returned", args=[desk.batch.pk])).status_code == 404
        for step in self.STEPS:
            assert stranger.client.post(reverse(f"exchange:batch_{step}", args=[desk.batch.pk])).status_code == 404
        assert "名册.xlsx" not in Page(stranger.client.get(reverse("exchange:batch_list"))).text

    def test_who_only_looks_changes_nothing(self, desk, county):
        desk.upload(xlsx(RIGHT))
        leader = Desk(make_user(role=Role.LEADER, area=county))
        page = Page(leader.client.get(desk.batch.get_absolute_url()))
        assert page.outcomes == {2: "新增"} and page.button("写入全部 1 行") is None
        for step in self.STEPS:
            assert leader.client.post(reverse(f"exchange:batch_{step}", args=[desk.batch.pk])).status_code == 403

    def test_administrators_see_no_rows_of_registers_that_are_not_theirs(self, desk, county):
        desk.upload(xlsx(RIGHT), "花名册.xlsx")
        admin = Desk(make_user(role=Role.SYSADMIN, area=county))
        assert admin.client.get(desk.batch.get_absolute_url()).status_code == 404
        for name in ("batch_list", "home"):
            assert "花名册.xlsx" not in Page(admin.client.get(reverse(f"exchange:{name}"))).text

    @pytest.mark.parametrize("role", [Role.SECADMIN, Role.AUDITOR])
    def test_without_the_permission_nothing_opens(self, county, role):
        desk = Desk(make_user(role=role, area=county), "rosters")
        for name in ("home", "batch_list"):
            assert desk.client.get(reverse(f"exchange:{name}")).status_code == 403
        assert desk.send(xlsx(RIGHT)).status_code == 403
        assert desk.client.get(reverse("exchange:template", args=["rosters"])).status_code == 403

    @pytest.mark.parametrize(
        ("role", "register"), [(Role.COMMITTEE, "areas"), (Role.SYSADMIN, "rosters"), (Role.LEADER, "rosters")]
    )
    def test_a_register_that_is_not_ones_own(self, county, township, role, register):
        desk = Desk(make_user(role=role, area=township if role == Role.COMMITTEE else county), register)
        assert desk.send(xlsx(RIGHT)).status_code == 403
        assert ImportBatch.objects.count() == 0

    def test_rights_lost_between_preview_and_write(self, desk, committee):
        desk.upload(xlsx(RIGHT))
        committee.grants.all().delete()
        assert desk.act("write").status in {403, 404}
        assert Membership.objects.count() == 2


class TestRefusedFiles:
    def said(self, desk, content, name="名册.xlsx"):
        response = desk.send(content, name)
        assert response.status_code == 422 and ImportBatch.objects.count() == 0
        return Page(response).text

    def test_too_large(self, desk, settings):
        settings.UPLOAD_MAX_BYTES = 1000
        assert "MB" in self.said(desk, xlsx(RIGHT))

    def test_nothing_chosen(self, desk):
        response = desk.client.post(reverse("exchange:import_create", args=["rosters"]), {"idempotency_key": "c" * 32})
        assert response.status_code == 422

    @pytest.mark.parametrize(
        ("content", "name"), [(b"", "空.xlsx"), (b"hello", "a.xlsx"), (b"%PDF-1.4", "a.pdf"), (xlsx([[]]), "b.xlsx")]
    )
    def test_no_table(self, desk, content, name):
        assert self.said(desk, content, name)

    def test_another_register(self, desk):
        """Headings of which none is known are no roster."""
        response = desk.send(xlsx([["水果", "价钱"], ["苹果", "3"]]))
        if response.status_code == 302:
            batch = ImportBatch.objects.get()
            page = Page(desk.client.get(batch.get_absolute_url()))
            assert "缺少必填的列" in page.text and batch.state == "columns"

    def test_an_unknown_register(self, desk):
        desk.register = "nothing"
        assert desk.send(xlsx(RIGHT)).status_code == 404

    def test_more_rows_than_are_read(self, desk, settings):
        settings.IMPORT_MAX_ROWS = 1
        assert "行" in self.said(desk, xlsx([*RIGHT, RIGHT[1]]))


class TestOtherRegisters:
    def test_text_of_a_file_is_text_on_the_page(self, desk):
        desk.upload(xlsx([ROSTER, ["水坪镇", "<script>alert(1)</script>", "<b>甲", "会员", "", DAY]]))
        page = desk.page()
        assert "<script>alert(1)</script>" in page.rows[2]["组织"] and not page.tree.xpath("//main//b")

    def test_organizations(self, county, township):
        stored = make_organization(township, name="水坪镇商会", kind="township_chamber", since=dt.date(2020, 1, 1))
        make_organization(township, name="水坪镇乡贤理事会", kind="township_council")
        desk = Desk(make_user(role=Role.STAFF, area=county), "organizations")
        head = ["乡镇", "类别", "名称", "成立日期", "备注"]
        page = desk.upload(xlsx([
            ["水坪镇统战组织一览表"], [], head,
            ["水坪镇", "乡镇商会", "水坪镇商会", "2021.3.1", "换证"],
            ["水坪镇", "乡镇上会", "第二商会", "2020-01-01"],
            ["水平镇", "乡镇商会", "第三商会", "2020-01-01"],
            ["水坪镇", "镇级乡贤理事会", "水坪镇乡贤理事会（新）", "2020-01-01"],
        ]))  # fmt: skip
        assert page.outcomes == {4: "更新", 5: "错误", 6: "错误", 7: "疑似重复"}
        assert page.rows[4]["成立日期"] == "2020-01-01 → 2021-03-01"
        page = desk.press(page, 5, "采用建议")
        assert page.rows[5]["类别"] == "乡镇商会"
        desk.press(page, 7, "这一行不导入")
        desk.act("write", only_right="1")
        stored.refresh_from_db()
        assert (stored.since, stored.note) == (dt.date(2021, 3, 1), "换证")
        desk.act("undo")
        stored.refresh_from_db()
        assert (stored.since, stored.note) == (dt.date(2020, 1, 1), "")
        assert Organization.objects.count() == 2

    def test_activities_from_a_csv_of_another_encoding(self, county, township):
        desk = Desk(make_user(role=Role.COMMITTEE, area=township), "activities")
        text = "活动类别,活动主题,日期,人数\n联谊,重阳敬老联谊,2026年10月18日,３０\n联谊,中秋座谈,2027-09-01,5\n"
        page = desk.upload(text.encode("gb18030"), "活动.csv")
        assert page.outcomes == {2: "新增", 3: "错误"} and "不能晚于今天" in page.rows[3]["说明"]
        book = openpyxl.load_workbook(io.BytesIO(desk.returned()))
        assert any("不能晚于今天" in str(cell.value) for row in book.active.iter_rows() for cell in row)

    def test_the_home_page_offers_what_is_ones_own(self, county, township):
        page = Page(Desk(make_user(role=Role.COMMITTEE, area=township)).client.get(reverse("exchange:home")))
        assert "成员花名册" in page.text and "季度评分" not in page.text
        links = page.tree.xpath("//a/@href")
        assert "/exchange/import/rosters/" in links and "/exchange/import/areas/" not in links


class TestScores:
    """A register that asks for a quarter first."""

    @pytest.fixture
    def board(self, db):
        return make_board(2, 2)

    def test_the_template_of_a_quarter_comes_back_with_scores(self, board):
        desk = Desk(board.staff, "scores")
        page = Page(desk.client.get(reverse("exchange:import_create", args=["scores"])))
        [link] = [a for a in page.tree.xpath("//a/@href") if f"quarter={board.quarter.pk}" in a and "data=1" in a]
        book = openpyxl.load_workbook(io.BytesIO(b"".join(desk.client.get(link).streaming_content)))
        sheet = book.worksheets[0]
        row = next(r for r in range(2, sheet.max_row + 1) if sheet.cell(r, 1).value == "甲1镇")
        sheet.cell(row, 2).value = "45.5"
        page = desk.upload(saved(book), "评分.xlsx", quarter=board.quarter.pk)
        assert sorted(page.outcomes.values()) == ["无变化", "更新"] and page.outcomes[row] == "更新"
        desk.act("write")
        assert str(board.score(0, 0).given) in {"45.5", "45.50"}
        assert "已全部复原" in desk.act("undo").text
        assert board.score(0, 0).given is None

    def test_a_refusal_keeps_what_was_chosen(self, board):
        desk = Desk(board.staff, "scores")
        response = desk.send(b"", "评分.xlsx", quarter=board.quarter.pk)
        page = Page(response)
        assert response.status_code == 422
        assert page.tree.xpath("//select[@name='quarter']/option[@selected]/@value") == [str(board.quarter.pk)]

    def test_the_quarter_of_another_county_is_none(self, board):
        desk = Desk(board.staff, "scores")
        assert desk.send(xlsx(RIGHT), quarter=make_board(1, 1).quarter.pk).status_code == 422
        assert ImportBatch.objects.count() == 0

    def test_a_template_without_its_quarter_says_what_to_choose(self, board):
        for register, words in (("scores", "请选择季度"), ("checks", "请选择标准")):
            for query in ("", "?quarter=x&standard=x", "?quarter=0&standard=0"):
                url = reverse("exchange:template", args=[register]) + query
                assert words in Page(Desk(board.staff).client.get(url, follow=True)).text
        assert not AuditEntry.objects.filter(user=board.staff, action="exported").exists()
