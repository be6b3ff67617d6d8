"""The road of an upload over HTTP: columns, preview, corrections, writing, undo; nothing is lost and nothing is saved before its time."""

import io
import re

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils.html import escape

from organizations.models import Membership, Organization, Person
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from portal.exchange.models import ColumnChoice, ImportBatch, unpacked
from portal.kit.workbooks.exports import XLSX
from tests.factories import make_county, make_membership, make_organization, make_person, make_township, make_user

HEAD = ["乡镇", "组织", "姓名", "职务", "联系电话", "任职日期"]


@pytest.fixture
def county(db):
    return make_county(name="测试甲县")


@pytest.fixture
def township(county):
    return make_township(parent=county, name="水坪镇")


@pytest.fixture
def elsewhere(county):
    return make_township(parent=county, name="城关镇")


@pytest.fixture
def chamber(township, elsewhere):
    make_organization(area=elsewhere, name="城关镇商会", kind="township_chamber")
    return make_organization(area=township, name="水坪镇商会", kind="township_chamber")


@pytest.fixture
def keeper(township):
    return make_user(role=Role.COMMITTEE, area=township, name="张某甲")


@pytest.fixture
def desk(client, keeper, chamber):
    client.force_login(keeper)
    return client


@pytest.fixture
def held(chamber):
    """Two members whom the roster has already."""
    for name, phone in (("王某丙", "13800000003"), ("陈某丁", "13800000004")):
        make_membership(chamber, make_person(chamber.area, name=name, phone=phone), post="理事", since="2023-11-20")
    return chamber


def sheet(*rows, head=HEAD, title="花名册"):
    book = openpyxl.Workbook()
    page = book.active
    page.title = title
    for row in (head, *rows):
        page.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def upload(desk, content, name="花名册.xlsx", register="rosters", status=302):
    file = SimpleUploadedFile(name, content, XLSX)
    answer = desk.post(reverse("exchange:import_create", args=[register]), {"file": file})
    assert answer.status_code == status, answer.context["form"].errors
    return ImportBatch.objects.first() if status == 302 else answer


def look(desk, batch, query=""):
    return desk.get(batch.get_absolute_url() + query).content.decode()


def act(desk, batch, step, **fields):
    batch.refresh_from_db()
    answer = desk.post(
        reverse(f"exchange:batch_{step}", args=[batch.pk]), {"version": batch.version, **fields}, follow=True
    )
    batch.refresh_from_db()
    return answer


def outcomes(batch):
    return {line[1]: line[2] for line in unpacked(batch.lines)}


EVERY_OUTCOME = [
    ["水坪镇", "水坪镇商会", "钱某戊", "理事", "13800000005", "2024.3.1"],  # new
    ["水坪镇", "水坪镇商会", "王某丙", "理事", "13800000033", "2023-11-20"],  # another number
    ["水坪镇", "水坪镇商会", "陈某丁", "理事", "13800000004", "2023-11-20"],  # as it is
    ["水坪镇", "水平镇商会", "孙某己", "理事", "13800000006", "2024-03-01"],  # misspelt
    ["城关镇", "城关镇商会", "周某庚", "理事", "13800000007", "2024-03-01"],  # somebody else's
    ["水坪镇", "水坪镇商会", "吴某辛", "理事", "13800000004", "2024-03-01"],  # the number of another one
    ["水坪镇", "水坪镇商会", "郑某壬", "理事", "1380013800", "2024-13-01"],  # two wrong cells
]


class TestPreview:
    def test_every_outcome_is_named_with_row_column_and_reason(self, desk, held):
        batch = upload(desk, sheet(*EVERY_OUTCOME))
        assert outcomes(batch) == {
            2: "new", 3: "changed", 4: "unchanged", 5: "error", 6: "scope", 7: "duplicate", 8: "error",
        }  # fmt: skip
        page = look(desk, batch)
        for words in (
            "新增 1", "更新 1", "无变化 1", "越权 1", "疑似重复 1", "错误 2", "找不到组织“水平镇商会”，是否为“水坪镇商会”？",
            "您只能维护水坪镇的成员花名册，此行不会导入。", "电话相同", "手机号应为 11 位", "没有这一天",
        ):  # fmt: skip
            assert words in page, words

    def test_a_change_shows_what_was_and_what_will_be_without_the_digits(self, desk, held):
        batch = upload(desk, sheet(EVERY_OUTCOME[1]))
        page = look(desk, batch)
        assert re.search(r"<del>•+03</del> → •+33", page)
        assert "13800000033" not in page

    def test_nothing_is_saved_before_it_is_written(self, desk, held):
        before = list(Membership.objects.values_list("pk", "version")), Person.objects.count()
        upload(desk, sheet(*EVERY_OUTCOME))
        assert (list(Membership.objects.values_list("pk", "version")), Person.objects.count()) == before

    def test_a_tab_shows_the_rows_of_one_outcome(self, desk, held):
        page = look(desk, upload(desk, sheet(*EVERY_OUTCOME)), "?show=scope")
        assert "周某庚" in page and "钱某戊" not in page

    def test_rows_keep_the_numbers_of_the_sheet(self, desk):
        content = sheet([], EVERY_OUTCOME[0], [], EVERY_OUTCOME[3])
        assert outcomes(upload(desk, content)) == {3: "new", 5: "error"}


class TestCorrections:
    def test_a_suggestion_is_taken_with_one_click(self, desk):
        batch = upload(desk, sheet(EVERY_OUTCOME[3]))
        act(desk, batch, "answer", row="花名册!2", column="organization", value="水坪镇商会")
        assert outcomes(batch) == {2: "new"}

    def test_and_for_every_row_with_the_same_cell(self, desk):
        batch = upload(
            desk, sheet(EVERY_OUTCOME[3], [*EVERY_OUTCOME[3][:2], "冯某癸", *EVERY_OUTCOME[3][3:4], "", "2024-03-01"])
        )
        act(desk, batch, "answer", row="花名册!2", column="organization", value="水坪镇商会", all="1")
        assert outcomes(batch) == {2: "new", 3: "new"}

    @pytest.mark.parametrize(("choice", "outcome"), [("new", "new"), ("skip", "skipped")])
    def test_a_possible_double_is_decided_by_a_person(self, desk, held, choice, outcome):
        batch = upload(desk, sheet(EVERY_OUTCOME[5]))
        assert outcomes(batch) == {2: "duplicate"}
        act(desk, batch, "answer", row="花名册!2", column="", value=choice)
        assert outcomes(batch) == {2: outcome}

    def test_the_file_comes_back_red_and_can_be_sent_again(self, desk, held):
        batch = upload(desk, sheet(*EVERY_OUTCOME))
        answer = desk.get(reverse("exchange:batch_returned", args=[batch.pk]))
        book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
        page = book["花名册"]
        assert page.cell(1, 7).value == "错误说明"
        assert "是否为“水坪镇商会”" in page.cell(5, 7).value and page.cell(2, 7).value is None
        assert page.cell(5, 2).fill.fgColor.rgb != page.cell(2, 2).fill.fgColor.rgb
        page.cell(5, 2).value = "水坪镇商会"
        for row in (8, 7, 6):
            page.delete_rows(row)
        corrected = io.BytesIO()
        book.save(corrected)
        again = upload(desk, corrected.getvalue())
        assert outcomes(again) == {2: "new", 3: "changed", 4: "unchanged", 5: "new"}
        act(desk, again, "write")
        assert again.state == "written"


class TestWriting:
    def test_all_in_one_transaction_with_one_line_on_the_trail_each(self, desk, keeper, held):
        batch = upload(desk, sheet(*EVERY_OUTCOME[:3]))
        page = act(desk, batch, "write").content.decode()
        assert "写入完成：新增 1 行，更新 1 行。" in page
        member = Membership.objects.get(person__name="钱某戊")
        assert (str(member.since), member.organization) == ("2024-03-01", held)
        assert Person.objects.get(name="王某丙").phone.reveal() == "13800000033"
        said = [entry.sentence for entry in AuditEntry.objects.filter(user=keeper)]
        assert any("导入 成员花名册：新增 1 行，更新 1 行" in words for words in said)
        assert any("钱某戊" in words for words in said)
        assert not any("13800000" in words for words in said)

    def test_wrong_rows_hold_all_back_unless_the_right_ones_are_asked_for(self, desk, held):
        batch = upload(desk, sheet(*EVERY_OUTCOME))
        page = act(desk, batch, "write").content.decode()
        assert "还有 4 行没有通过" in page
        assert not Membership.objects.filter(person__name="钱某戊").exists()
        act(desk, batch, "write", only_right="1")
        assert batch.state == "written"
        assert set(Membership.objects.values_list("person__name", flat=True)) == {"王某丙", "陈某丁", "钱某戊"}

    def test_the_same_file_twice_has_nothing_new(self, desk, held):
        act(desk, upload(desk, sheet(*EVERY_OUTCOME[:3])), "write")
        again = upload(desk, sheet(*EVERY_OUTCOME[:3]))
        assert {name: again.counts[name] for name in ("new", "changed", "unchanged")} == {
            "new": 0, "changed": 0, "unchanged": 3,
        }  # fmt: skip
        assert "所有行都与登记册一致" in look(desk, again)

    def test_a_register_that_changed_meanwhile_is_said_and_shown_anew(self, desk, held):
        batch = upload(desk, sheet(EVERY_OUTCOME[0]))
        make_membership(
            held, make_person(held.area, name="钱某戊", phone="13800000005"), post="理事", since="2024-03-01"
        )
        page = act(desk, batch, "write").content.decode()
        assert "预览以后登记册又有变化" in page
        assert outcomes(batch) == {2: "unchanged"}
        assert Membership.objects.filter(person__name="钱某戊").count() == 1

    def test_what_was_looked_at_in_an_old_tab_is_not_written(self, desk, held):
        batch = upload(desk, sheet(EVERY_OUTCOME[0]))
        old = batch.version
        act(desk, batch, "replan")
        page = desk.post(
            reverse("exchange:batch_write", args=[batch.pk]), {"version": old}, follow=True
        ).content.decode()
        assert "预览已被重新生成" in page
        assert not Membership.objects.filter(person__name="钱某戊").exists()

    def test_the_batch_says_who_when_which_file_and_what_became_of_each_row(self, desk, held):
        batch = upload(desk, sheet(*EVERY_OUTCOME))
        act(desk, batch, "write", only_right="1")
        page = look(desk, batch)
        for words in (batch.digest, "张某甲", "花名册.xlsx", "新增 1 行，更新 1 行", "没有写入 4 行", "孙某己"):
            assert words in page, words
        assert batch.file_name in desk.get(reverse("exchange:batch_list")).content.decode()


class TestUndo:
    def test_new_rows_go_and_changed_ones_are_as_before(self, desk, held):
        batch = upload(desk, sheet(*EVERY_OUTCOME[:3]))
        act(desk, batch, "write")
        page = act(desk, batch, "undo").content.decode()
        assert "已撤销" in page and batch.state == "undone"
        assert set(Person.objects.values_list("name", flat=True)) == {"王某丙", "陈某丁"}
        assert Person.objects.get(name="王某丙").phone.reveal() == "13800000003"

    def test_rows_that_were_touched_since_are_named_and_nothing_is_undone(self, desk, held):
        batch = upload(desk, sheet(*EVERY_OUTCOME[:2]))
        act(desk, batch, "write")
        member = Membership.objects.get(person__name="钱某戊")
        member.post, member.version = "秘书长", member.version + 1
        member.save()
        answer = act(desk, batch, "undo")
        page = answer.content.decode()
        assert answer.status_code == 409 and "写入以后又有人改过" in page
        assert batch.state == "written"
        assert Person.objects.get(name="王某丙").phone.reveal() == "13800000033"

    def test_after_its_term_it_is_refused_with_the_reason(self, desk, held, settings):
        batch = upload(desk, sheet(EVERY_OUTCOME[0]))
        act(desk, batch, "write")
        settings.IMPORT_UNDO_DAYS = -1
        assert "超过可撤销的期限" in act(desk, batch, "undo").content.decode()
        assert batch.state == "written"

    def test_a_batch_that_was_given_up_leaves_no_content(self, desk, held):
        batch = upload(desk, sheet(EVERY_OUTCOME[0]))
        assert "没有写入任何内容" in act(desk, batch, "drop").content.decode()
        assert (batch.state, batch.content, batch.blocks, batch.lines) == ("dropped", None, None, None)
        assert "这次导入已放弃" in look(desk, batch)


class TestColumns:
    ODD = ["乡镇", "组织", "姓名", "职务", "手机", "任职日期", "备注说明"]

    def test_an_unclear_column_is_asked_once_and_remembered(self, desk, keeper):
        rows = [*EVERY_OUTCOME[0], "随便写的"]
        batch = upload(desk, sheet(rows, head=self.ODD))
        page = look(desk, batch)
        assert batch.state == "columns" and "备注说明" in page and "随便写的" in page
        assert "13800000005" not in page and "…05" in page
        chosen = {f"column-0-{n}": name for n, name in enumerate(batch.columns[0]) if name is not None}
        answer = act(desk, batch, "columns", **chosen).content.decode()
        assert "还有列没有选择对应关系" in answer
        act(desk, batch, "columns", **chosen, **{"column-0-6": ""})
        assert outcomes(batch) == {2: "new"}
        assert ColumnChoice.objects.get(user=keeper, heading="备注说明").column == ""
        assert upload(desk, sheet(rows, head=self.ODD)).state == "preview"

    def test_another_person_is_asked_again(self, desk, client, township):
        rows = [*EVERY_OUTCOME[0], "随便写的"]
        batch = upload(desk, sheet(rows, head=self.ODD))
        act(desk, batch, "columns", **{f"column-0-{n}": name or "" for n, name in enumerate(batch.columns[0])})
        client.force_login(make_user(role=Role.COMMITTEE, area=township, name="李某乙"))
        assert upload(client, sheet(rows, head=self.ODD)).state == "columns"

    def test_two_columns_for_one_are_refused(self, desk):
        batch = upload(desk, sheet([*EVERY_OUTCOME[0], "x"], head=self.ODD))
        chosen = {f"column-0-{n}": name or "name" for n, name in enumerate(batch.columns[0])}
        assert "两列都对应“姓名”" in act(desk, batch, "columns", **chosen).content.decode()

    def test_a_required_column_that_is_missing_is_said_once(self, desk):
        batch = upload(desk, sheet(["水坪镇", "水坪镇商会", "钱某戊"], head=HEAD[:3]))
        answer = desk.get(batch.get_absolute_url()).content.decode()
        assert batch.state == "columns"
        assert answer.count("缺少必填的列：职务") == 1


class TestRefusals:
    def test_a_file_that_is_none_keeps_the_form_and_says_what_to_do(self, desk):
        answer = upload(desk, b"%PDF-1.4 not a workbook", name="名册.xlsx", status=422)
        assert ImportBatch.objects.count() == 0
        assert answer.context["form"].errors["file"]

    def test_one_that_is_too_large(self, desk, settings):
        settings.UPLOAD_MAX_BYTES = 100
        answer = upload(desk, sheet(EVERY_OUTCOME[0]), status=422)
        assert "MB" in str(answer.context["form"].errors)

    def test_no_file_at_all(self, desk):
        answer = desk.post(reverse("exchange:import_create", args=["rosters"]), {"csrf": "1"})
        assert answer.status_code == 422

    def test_too_many_rows(self, desk, settings):
        settings.IMPORT_MAX_ROWS = 1
        answer = upload(desk, sheet(*EVERY_OUTCOME[:2]), status=422)
        assert "行" in str(answer.context["form"].errors)

    def test_another_townships_batch_is_not_there(self, desk, client, elsewhere):
        batch = upload(desk, sheet(EVERY_OUTCOME[0]))
        client.force_login(make_user(role=Role.COMMITTEE, area=elsewhere, name="李某乙"))
        assert client.get(batch.get_absolute_url()).status_code == 404
        assert client.post(reverse("exchange:batch_write", args=[batch.pk])).status_code == 404

    def test_a_leader_reads_and_does_not_import(self, desk, client, county):
        batch = upload(desk, sheet(EVERY_OUTCOME[0]))
        client.force_login(make_user(role=Role.LEADER, area=county, name="王某丙"))
        page = client.get(batch.get_absolute_url()).content.decode()
        assert "钱某戊" in page and "写入全部" not in page
        assert client.post(reverse("exchange:batch_write", args=[batch.pk])).status_code == 403
        assert client.get(reverse("exchange:import_create", args=["rosters"])).status_code == 403

    def test_text_of_a_file_is_text_on_the_page(self, desk):
        hostile = "<script>alert(1)</script>"
        page = look(desk, upload(desk, sheet(["水坪镇", hostile, "钱某戊", "理事", "", "2024-03-01"])))
        assert hostile not in page and escape(hostile) in page


class TestHome:
    def test_each_register_offers_its_template_and_the_import_to_who_may(self, desk):
        page = desk.get(reverse("exchange:home")).content.decode()
        assert reverse("exchange:template", args=["rosters"]) in page
        assert reverse("exchange:import_create", args=["rosters"]) in page
        assert reverse("exchange:import_create", args=["areas"]) not in page

    def test_an_update_table_holds_what_is_there_and_changes_nothing(self, desk, held):
        answer = desk.get(reverse("exchange:template", args=["rosters"]) + "?data=1")
        content = b"".join(answer.streaming_content)
        batch = upload(desk, content)
        assert (batch.counts["new"], batch.counts["changed"], batch.counts["error"]) == (0, 0, 0)
        assert batch.counts["unchanged"] == 2

    def test_an_empty_template_has_nothing_to_import(self, desk):
        answer = desk.get(reverse("exchange:template", args=["rosters"]))
        result = desk.post(
            reverse("exchange:import_create", args=["rosters"]),
            {"file": SimpleUploadedFile("模板.xlsx", b"".join(answer.streaming_content), XLSX)}, follow=True,
        )  # fmt: skip
        assert "没有" in result.content.decode()
        assert Organization.objects.count() == 2
