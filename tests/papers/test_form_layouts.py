"""表格式样: a form comes in, its placeholders are checked, it goes out filled and looks as it did."""

import datetime as dt
import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from docx import Document
from docx.shared import Pt
from openpyxl.styles import Border, Font, Side

from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from portal.kit import files
from portal.kit.documents import forms
from portal.papers.layout_data import SUBJECTS
from portal.papers.models import FormLayout
from tests.factories import make_county, make_membership, make_organization, make_person, make_township, make_user

XLSX = files.TYPES["xlsx"][0]
DOCX = files.TYPES["docx"][0]


def workbook(edit=None):
    """A form as an office keeps it: merged title, borders, a row of the list, something below it, a print area."""
    book = openpyxl.Workbook()
    page = book.active
    page.title = "登记表"
    page["A1"] = "{{组织名称}}登记表"
    page["A1"].font = Font(name="方正小标宋简体", size=22, bold=True)
    page.merge_cells("A1:D1")
    page["A2"], page["B2"] = "成立日期", "{{ 成立日期 }}"
    page["A3"], page["B3"] = "在册人数", "｛｛在册人数｝｝"
    for column, text in zip(
        "ABCD", ("{{成员.序号}}", "{{成员.姓名}}", "{{成员.职务}}", "电话：{{成员.联系电话}}"), strict=True
    ):
        page[f"{column}5"] = text
        page[f"{column}5"].border = Border(bottom=Side(style="thin"))
    page.row_dimensions[5].height, page.row_dimensions[6].height = 31, 44
    page["A6"] = "填表人：{{填表人}}"
    page.merge_cells("A6:D6")
    page.print_area = "A1:D6"
    if edit:
        edit(page)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def document():
    """Word cuts a placeholder into runs; a table has a row of the list; the foot has one too."""
    made = Document()
    paragraph = made.add_paragraph("名称：")
    for text in ("{{组织", "名称}}", "（全称）"):
        run = paragraph.add_run(text)
        run.font.size, run.font.name = Pt(16), "仿宋_GB2312"
    table = made.add_table(rows=2, cols=2)
    for cell, text in zip(table.rows[0].cells, ("姓名", "职务"), strict=True):
        cell.text = text
    for cell, text in zip(table.rows[1].cells, ("{{成员.姓名}}", "{{成员.职务}}"), strict=True):
        cell.text = text
    made.sections[0].footer.paragraphs[0].text = "{{填表日期}}"
    file = io.BytesIO()
    made.save(file)
    return file.getvalue()


VALUES = {
    "组织名称": "水坪镇商会",
    "成立日期": dt.date(2020, 1, 2),
    "在册人数": 2,
    "填表人": "张某甲",
    "填表日期": dt.date(2026, 11, 23),
}
MEMBERS = {
    "成员": [
        {"序号": n, "姓名": name, "职务": "会员", "联系电话": "•••03"}
        for n, name in ((1, "王某丙"), (2, "=1+1"), (3, "{{填表人}}"))
    ]
}


def opened(content):
    return openpyxl.load_workbook(io.BytesIO(content)).active


class TestWorkbooks:
    def test_each_placeholder_is_found_with_its_place(self):
        found = forms.placeholders(workbook(), "xlsx")
        assert found[0] == ("组织名称", "工作表“登记表”单元格 A1")
        assert [name for name, _ in found][1:3] == ["成立日期", "在册人数"]

    def test_a_row_is_repeated_and_all_looks_as_before(self):
        page = opened(forms.fill(workbook(), "xlsx", VALUES, MEMBERS))
        assert page["A1"].value == "水坪镇商会登记表" and (page["A1"].font.name, page["A1"].font.size) == (
            "方正小标宋简体",
            22,
        )
        assert [[page.cell(row, column).value for column in (1, 2)] for row in (5, 6, 7)] == [
            [1, "王某丙"],
            [2, "=1+1"],
            [3, "{{填表人}}"],
        ]
        assert page["D7"].value == "电话：•••03" and page["C7"].border.bottom.style == "thin"
        assert page["A8"].value == "填表人：张某甲"
        assert {str(held) for held in page.merged_cells.ranges} == {"A1:D1", "A8:D8"}
        assert [page.row_dimensions[row].height for row in (5, 6, 7, 8)] == [31, 31, 31, 44]
        assert page.print_area == "'登记表'!$A$1:$D$8"

    def test_dates_and_numbers_are_what_they_are_and_texts_compute_nothing(self):
        page = opened(forms.fill(workbook(), "xlsx", VALUES, MEMBERS))
        assert page["B2"].value.date() == dt.date(2020, 1, 2) and page["B2"].number_format == "yyyy-mm-dd"
        assert page["B3"].value == 2
        assert (page["B6"].data_type, page["B6"].quotePrefix) == ("s", True)

    def test_an_empty_list_leaves_one_empty_row(self):
        page = opened(forms.fill(workbook(), "xlsx", VALUES, {"成员": []}))
        assert [page.cell(5, column).value for column in (1, 2, 3)] == [None, None, None]
        assert page["A6"].value == "填表人：张某甲"

    def test_cells_merged_within_the_row_are_merged_in_every_copy(self):
        def edit(page):
            page["C5"] = None
            page.merge_cells("B5:C5")

        page = opened(forms.fill(workbook(edit), "xlsx", VALUES, MEMBERS))
        assert {"B5:C5", "B6:C6", "B7:C7", "A8:D8"} <= {str(held) for held in page.merged_cells.ranges}
        assert page["B6"].value == "=1+1"


class TestDocuments:
    def test_split_runs_keep_their_font_and_rows_repeat(self):
        made = Document(io.BytesIO(forms.fill(document(), "docx", VALUES, MEMBERS)))
        paragraph = made.paragraphs[0]
        assert paragraph.text == "名称：水坪镇商会（全称）"
        assert (paragraph.runs[1].font.size, paragraph.runs[1].font.name) == (Pt(16), "仿宋_GB2312")
        assert [cell.text for row in made.tables[0].rows for cell in row.cells] == [
            "姓名", "职务", "王某丙", "会员", "=1+1", "会员", "{ {填表人} }", "会员",
        ]  # fmt: skip
        assert made.sections[0].footer.paragraphs[0].text == "2026-11-23"

    def test_places_are_named(self):
        found = dict(forms.placeholders(document(), "docx"))
        assert found == {
            "组织名称": "第 1 段",
            "成员.姓名": "表格 1 第 2 行",
            "成员.职务": "表格 1 第 2 行",
            "填表日期": "页眉页脚",
        }


@pytest.fixture
def county(db, settings, tmp_path):
    settings.FILES_ROOT = tmp_path
    return make_county(name="测试甲县")


@pytest.fixture
def chamber(county):
    township = make_township(county, name="水坪镇")
    chamber = make_organization(township, name="水坪镇商会", kind="township_chamber", since="2020-01-02")
    make_membership(chamber, make_person(township, name="王某丙", phone="13800000003"), post="会长", in_charge=True)
    return chamber


@pytest.fixture
def staff(county):
    return make_user(role=Role.STAFF, area=county, name="张某甲")


@pytest.fixture
def desk(client, staff):
    client.force_login(staff)
    return client


def upload(desk, content, name="登记表.xlsx", subject="organization", **fields):
    file = SimpleUploadedFile(name, content, XLSX if name.endswith("xlsx") else DOCX)
    county = fields.pop("area", None) or desk.county
    data = {"area": county.pk, "name": fields.pop("title", "组织登记表"), "subject": subject, "file": file, **fields}
    return desk.post(reverse("papers:formlayout_create"), data)


@pytest.fixture
def layout(desk, county, chamber):
    desk.county = county
    assert upload(desk, workbook()).status_code == 302
    return FormLayout.objects.get()


class TestPages:
    def test_uploaded_previewed_and_filled(self, desk, layout, chamber, staff):
        page = desk.get(layout.get_absolute_url()).content.decode()
        for words in ("水坪镇商会", "2020-01-02", "王某丙（共 1 行）", "下载填好的表"):
            assert words in page, words
        assert "13800000003" not in page
        answer = desk.get(reverse("papers:formlayout_filled", args=[layout.pk]), {"row": chamber.pk})
        filled = opened(answer.content)
        assert filled["A1"].value == "水坪镇商会登记表" and filled["B5"].value == "王某丙"
        assert filled["D5"].value.endswith("03") and "1380000" not in filled["D5"].value
        said = AuditEntry.objects.filter(user=staff, action="exported").get().sentence
        assert "按表格式样“组织登记表”填写：水坪镇商会" in said

    def test_every_wrong_placeholder_is_named_with_its_place(self, desk, county, chamber):
        desk.county = county

        def edit(page):
            page["A2"], page["C3"] = "{{组织名}}", "{{什么也不是的东西}}"

        answer = upload(desk, workbook(edit))
        words = str(answer.context["form"].errors["file"])
        assert answer.status_code == 422 and FormLayout.objects.count() == 0
        assert "单元格 A2：没有“组织名”这个占位符，是否为“组织名称”？" in words and "单元格 C3" in words
        assert 'value="组织登记表"' in answer.content.decode()

    @pytest.mark.parametrize(
        ("content", "name", "words"),
        [
            (b"%PDF-1.4", "表.pdf", "xlsx 或 docx"),
            (b"PK\x03\x04broken", "表.xlsx", "损坏"),
            (None, "表.xlsx", "没有占位符"),
        ],
    )
    def test_a_file_that_does_not_do(self, desk, county, content, name, words):
        desk.county = county
        book = io.BytesIO()
        openpyxl.Workbook().save(book)
        answer = upload(desk, content or book.getvalue(), name)
        assert answer.status_code == 422 and words in str(answer.context["form"].errors["file"])

    def test_two_lists_in_one_row_are_refused(self, desk, county):
        desk.county = county

        def edit(page):
            page["A5"] = "{{组织.名称}}"
            for cell in ("A1", "B2", "B3", "B5", "C5", "D5"):
                page[cell] = None
            page["B5"] = "{{站点.名称}}"

        answer = upload(desk, workbook(edit), subject="township")
        assert "同一行里有两个清单" in str(answer.context["form"].errors["file"])

    def test_another_file_takes_its_place(self, desk, layout):
        old = files.path_of(layout.key)
        url = reverse("papers:formlayout_update", args=[layout.pk])
        base = desk.get(url).context["form"].initial
        data = {"area": layout.area_id, "name": "新的名称", "subject": "organization", "version": base["version"],
                "file": SimpleUploadedFile("新表.docx", document(), DOCX)}  # fmt: skip
        assert desk.post(url, data).status_code == 302
        layout.refresh_from_db()
        assert (layout.name, layout.ending, layout.names[0]) == ("新的名称", "docx", "组织名称")
        assert files.path_of(layout.key).is_file() and old != files.path_of(layout.key)

    def test_a_new_name_alone_keeps_the_file_and_a_new_subject_must_fit_it(self, desk, layout):
        url = reverse("papers:formlayout_update", args=[layout.pk])
        data = {"area": layout.area_id, "name": "只改名称", "subject": "organization", "version": layout.version}
        assert desk.post(url, data).status_code == 302
        layout.refresh_from_db()
        answer = desk.post(url, {**data, "subject": "result", "version": layout.version})
        assert answer.status_code == 422 and "没有“组织名称”这个占位符" in str(answer.context["form"].errors)

    def test_every_sample_form_is_accepted_and_filled(self, desk, county, chamber):
        desk.county = county
        for name in SUBJECTS:
            for ending in ("xlsx", "docx"):
                answer = desk.get(reverse("papers:formlayout_sample", args=[name]), {"ending": ending})
                made = upload(desk, answer.content, f"示例.{ending}", name, title=f"{name}{ending}")
                assert made.status_code == 302, made.context["form"].errors
                assert desk.get(made["Location"]).status_code == 200

    def test_the_list_explains_the_placeholders(self, desk, layout):
        page = desk.get(reverse("papers:formlayout_list")).content.decode()
        assert "组织登记表" in page and "成员.联系电话" in page and "只显示末两位" in page

    def test_a_form_whose_file_is_gone_says_so(self, desk, layout, chamber):
        files.path_of(layout.key).unlink()
        assert "文件找不到了" in desk.get(layout.get_absolute_url()).content.decode()
        assert desk.get(reverse("papers:formlayout_filled", args=[layout.pk]), {"row": chamber.pk}).status_code == 404


class TestWhoMay:
    def test_a_township_fills_for_its_own_rows_alone(self, client, layout, chamber, county):
        other = make_township(county, name="城关镇")
        theirs = make_organization(other, name="城关镇商会", kind="township_chamber")
        client.force_login(make_user(role=Role.COMMITTEE, area=chamber.area, name="李某乙"))
        page = client.get(layout.get_absolute_url()).content.decode()
        assert "水坪镇商会" in page and "城关镇商会" not in page and "修改或更换文件" not in page
        url = reverse("papers:formlayout_filled", args=[layout.pk])
        assert client.get(url, {"row": chamber.pk}).status_code == 200
        for row in (theirs.pk, "x", "", "9" * 30):
            assert client.get(url, {"row": row}).status_code == 404
        assert client.get(reverse("papers:formlayout_create")).status_code == 403

    def test_another_county_does_not_see_it(self, client, layout):
        client.force_login(make_user(role=Role.STAFF, area=make_county(), name="王某丙"))
        assert client.get(layout.get_absolute_url()).status_code == 404

    def test_it_is_deleted_by_who_keeps_it(self, desk, layout):
        assert desk.post(reverse("papers:formlayout_delete", args=[layout.pk])).status_code == 302
        assert FormLayout.objects.count() == 0


def test_a_phone_is_masked_in_every_list(county, chamber, staff):
    [member] = SUBJECTS["organization"].list(chamber, staff)["成员"]
    assert member["联系电话"].endswith("03") and "138" not in member["联系电话"]
