"""What goes out: every row, text as text, and a workbook that opens, prints and draws."""

import csv
import datetime as dt
import io
import subprocess
import tempfile
import tracemalloc
import zipfile
from dataclasses import dataclass
from decimal import Decimal

import openpyxl
import pytest
import python_calamine
from django.utils import timezone

from organizations.models import Organization
from portal.kit.tables import Column, ListTable, Table
from portal.kit.workbooks import exports
from portal.kit.workbooks.exports import Chart, Sheet, export_response, write_sheets, write_table
from tests.factories import make_organization, make_township, make_village

RUNNING = ["=1+1", "+86", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1+1", "＋1", "－1", "＠A1"]
MARKUP = ["<r><t>x</t></r>", "a & b < c", "<r>", "_x0041_", " 前后空格 ", "第一行\n第二行", "</t></is></c>"]
LONG = "长" * 40_000


@dataclass
class Thing:
    name: object
    note: object = ""


class ThingTable(ListTable):
    name = Column("名称")
    note = Column("备注")


class OrganizationTable(Table):
    name = Column("名称", order_by="name")
    area = Column("区划", "area.parent.name")

    class Meta:
        model = Organization
        fields = ["name", "kind", "area", "unit", "since", "fields_of_work", "term_number", "until"]


def written(kind, *rows, **options):
    file = io.BytesIO()
    number = write_table(file, kind, "事项", ThingTable(rows), options.pop("filters", ""), "张某甲", **options)
    return number, file


def pages(file):
    return openpyxl.load_workbook(file).worksheets


def column(page, number=1):
    return [page.cell(row, number) for row in range(2, page.max_row + 1)]


def lines(file):
    return list(csv.reader(io.StringIO(file.getvalue().decode("utf-8-sig"), newline="")))


def test_the_cover_says_what_the_sheet_holds():
    number, file = written("xlsx", Thing("甲"), Thing("乙"), filters="类别：村")
    cover, body = pages(file)
    words = dict(row[:2] for row in cover.values)
    assert (number, words["数据行数"], body.max_row - 1) == (2, 2, 2)
    assert (words["名称"], words["筛选条件"], words["导出人"]) == ("事项", "类别：村", "张某甲")
    assert words["导出时间"].startswith(f"{timezone.localdate()}")
    said = f"张某甲 {words['导出时间']} 导出"  # on paper each page says it
    assert [page.oddHeader.right.text for page in (cover, body)] == [said, said]


@pytest.mark.parametrize("text", [*RUNNING, *MARKUP])
def test_any_text_stays_that_text_in_a_workbook(text):
    _, file = written("xlsx", Thing(text, "后"))
    cell = pages(file)[1]["A2"]
    assert cell.data_type == "s"
    read = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(file.getvalue())).get_sheet_by_index(1).to_python()
    assert read[1] == [text.replace("\r", "\n"), "后"]


@pytest.mark.parametrize("text", [*RUNNING, "'=1", "''+1"])
def test_a_text_that_would_run_is_quoted_in_a_csv_file(text):
    _, file = written("csv", Thing(text))
    assert lines(file)[1][0] == f"'{text}"


def test_other_texts_and_numbers_are_not_quoted_in_a_csv_file():
    _, file = written("csv", Thing("'九八'工程", -5), Thing("a=b", None), Thing(True, dt.date(2026, 9, 30)))
    assert file.getvalue().startswith(b"\xef\xbb\xbf")
    assert lines(file)[1:] == [["'九八'工程", "-5"], ["a=b", ""], ["是", "2026-09-30"]]


@pytest.mark.parametrize("text", ["13800000001", "420324103205", "007", "51420324MJ0000001X"])
def test_codes_and_phones_are_texts_that_stay_texts_when_typed_over(text):
    cell = pages(written("xlsx", Thing(text))[1])[1]["A2"]
    assert (cell.value, cell.data_type) == (text, "s")
    assert cell.number_format == ("@" if text.isdigit() else "General")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (12, 12), (-3, -3), (0, 0), (Decimal("12.50"), 12.5), (0.1, 0.1), (Decimal("1E+2"), 100),
        (123456789012345678, "123456789012345678"), (Decimal("1234567890.123456789"), "1234567890.123456789"),
        (Decimal("NaN"), "NaN"), (float("inf"), "inf"), (True, "是"), (False, "否"), (None, None), ("", None),
        (dt.date(2026, 9, 30), dt.datetime(2026, 9, 30)), (dt.date(1899, 12, 31), "1899-12-31"),
        (dt.datetime(2026, 9, 30, 0, 30, tzinfo=dt.UTC), dt.datetime(2026, 9, 30, 8, 30)), (dt.time(8, 30), "08:30:00"),
        (Organization.Kind.NEW_STRATA, "new_strata"),
    ],
)  # fmt: skip
def test_numbers_days_and_moments_are_what_they_are(value, read):
    cell = pages(written("xlsx", Thing(value, "x"))[1])[1]["A2"]
    assert cell.value == (pytest.approx(read) if isinstance(read, float) else read)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x00b", "a␀b"),
        ("\x0b", "␋"),
        ("\x1b[1m", "␛[1m"),
        ("\x7f", "␡"),
        ("\ud800", "�"),
        ("\ufffe", "�"),
        ("\r\n", "\n"),
    ],
)
def test_what_xml_refuses_is_shown(text, shown):
    _, file = written("xlsx", Thing(text, "后"))
    assert [pages(file)[1]["A2"].value, pages(file)[1]["B2"].value] == [shown, "后"]
    assert written("csv", Thing(text))[0] == 1


@pytest.mark.parametrize("text", [LONG, "😀" * 20_000, "&" * 33_000])
def test_a_text_too_long_for_a_cell_goes_on_behind_the_last_column(text):
    _, file = written("xlsx", Thing("先"), Thing(text, "后"), Thing("再"))
    cover, body = pages(file)
    row = [cell.value for cell in body[3]]
    assert row[0] + "".join(row[2:]) == text
    assert row[1] == "后"
    assert all(len(part.encode("utf-16-le")) <= 2 * 32_767 for part in row)
    words = dict(row[:2] for row in cover.values)["超长文字"]
    assert "第 3 行的“名称”" in words and "C3" in words


def test_more_rows_than_a_sheet_holds_go_on_another_one(monkeypatch):
    monkeypatch.setattr(exports, "ROWS_A_SHEET", 3)
    for count, sheets in ((0, 1), (2, 1), (3, 1), (4, 2), (6, 2), (7, 3)):
        number, file = written("xlsx", *[Thing(f"第{n}") for n in range(count)])
        cover, *rest = pages(file)
        found = [cell.value for page in rest for cell in column(page)]
        assert (number, found, len(rest)) == (count, [f"第{n}" for n in range(count)], sheets)
        assert all(page["A1"].value == "名称" for page in rest)
        words = dict(row[:2] for row in cover.values)
        assert words["数据行数"] == count
        assert ("工作表" in words) == (sheets > 1)
    assert "“事项”、“事项 2”、“事项 3”" in words["工作表"]


def test_the_limit_is_what_excel_has():
    assert exports.ROWS_A_SHEET == 1_048_576 - 1


def test_progress_is_said_and_can_stop_the_work():
    said = []
    number, _ = written("csv", *[Thing(n) for n in range(2500)], progress=lambda *step: said.append(step))
    assert (number, said) == (2500, [(1000, 2500), (2000, 2500), (2500, 2500), (2500, 2500)])

    def stop(done, total):
        raise RuntimeError("stop")

    for kind in ("csv", "xlsx"):
        with pytest.raises(RuntimeError):
            written(kind, *[Thing(n) for n in range(2500)], progress=stop)


def test_a_path_and_an_open_file_are_written_alike(tmp_path):
    for kind in ("csv", "xlsx"):
        path = tmp_path / f"事项.{kind}"
        assert write_table(path, kind, "事项", ThingTable([Thing("甲")]), "", "张某甲") == 1
        with tempfile.TemporaryFile() as file:
            write_table(file, kind, "事项", ThingTable([Thing("甲")]), "", "张某甲")
            assert len(file.read()) == path.stat().st_size


def test_nothing_is_left_in_the_folder_for_temporary_files(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def broken():
        yield ["名称"]
        yield ["甲"]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_sheets(io.BytesIO(), [Sheet("表", broken())])
    written("xlsx", Thing("甲"))
    assert list(tmp_path.iterdir()) == []


def test_memory_does_not_grow_with_the_rows():
    def peak(count):
        table = ThingTable([])
        table.as_values = lambda: rows(count)
        tracemalloc.start()
        with tempfile.TemporaryFile() as file:
            write_table(file, "xlsx", "事项", table, "", "张某甲")
        return tracemalloc.get_traced_memory()[1], tracemalloc.stop()

    def rows(count):
        yield ["名称", "备注"]
        for number in range(count):
            yield [f"名称{number}", number]

    assert peak(30_000)[0] < peak(3_000)[0] + 300_000


@pytest.mark.django_db
def test_a_register_streams_with_its_labels_rows_and_days():
    town = make_township(name="水坪镇")
    village = make_village(town)
    made = make_organization(village, fields_of_work=["talent", "general"], name="=危险")
    response = export_response("xlsx", "组织", OrganizationTable(Organization.objects.order_by("pk")), "", "张某甲")
    body = pages(io.BytesIO(response.getvalue()))[1]
    assert list(body.values)[1] == (
        "=危险", "村乡贤联谊会", "水坪镇", None, dt.datetime(2020, 1, 1), "乡贤统战、综合", 1, None,
    )  # fmt: skip
    assert body["A2"].data_type == "s"
    assert [column.value(made) for column in OrganizationTable.base_columns.values()] == [
        "=危险", "村乡贤联谊会", "水坪镇", None, dt.date(2020, 1, 1), "乡贤统战、综合", 1, None,
    ]  # fmt: skip


def test_a_list_prints_on_a4_with_its_heading_on_every_page():
    body = pages(written("xlsx", Thing("甲", "乙"))[1])[1]
    assert (body.freeze_panes, body.auto_filter.ref) == ("B2", "A1:B2")
    assert body.print_title_rows == "$1:$1"
    assert (body.page_setup.paperSize, body.page_setup.fitToHeight) == (9, 0)
    assert body.sheet_properties.pageSetUpPr.fitToPage
    assert "&P" in body.oddFooter.center.text


def sheets_of(*sheets):
    file = io.BytesIO()
    return write_sheets(file, sheets), file


def report(**changed):
    rows = [["乡镇", "覆盖", "覆盖"], ["乡镇", "已有 / 应有", "%"], ["甲镇", "9 / 10", 90], ["乙镇", "1 / 10", 10]]
    options = {
        "title": "覆盖情况表", "subtitle": "测试县　数据截至 2026-09-30", "heads": 2, "formats": {2: '0"%"'}, "autofilter": True,
        "tone": lambda row: "weak" if row[2] < 80 else "", "landscape": True,
        "charts": [Chart("bar", "覆盖率", 0, [2], top=100)], "notes": ["盲点见后表。"], **changed,
    }  # fmt: skip
    return Sheet("覆盖", rows, **options)


def test_a_report_has_a_title_heads_that_stay_and_its_own_formats():
    number, file = sheets_of(report())
    page = pages(file)[0]
    assert number == 2
    assert [row[0] for row in page.values] == [
        "覆盖情况表",
        "测试县　数据截至 2026-09-30",
        "乡镇",
        None,
        "甲镇",
        "乙镇",
        "盲点见后表。",
    ]
    assert {str(cells) for cells in page.merged_cells.ranges} == {"A1:C1", "A2:C2", "A3:A4", "B3:C3", "A7:C7"}
    assert (page.freeze_panes, page.print_title_rows, page.auto_filter.ref) == ("B5", "$3:$4", "A4:C6")
    assert (page["C5"].value, page["C5"].number_format, page["B5"].value) == (90, '0"%"', "9 / 10")
    assert page["A6"].fill.fgColor.rgb != page["A5"].fill.fgColor.rgb
    assert (page.page_setup.orientation, page.page_setup.paperSize) == ("landscape", 9)
    assert "覆盖情况表" in page.oddHeader.right.text


@pytest.mark.parametrize("kind", ["bar", "column", "line"])
def test_a_chart_draws_the_rows_and_prints_with_them(kind):
    _, file = sheets_of(report(charts=[Chart(kind, "覆盖率", 0, [2])]))
    page = pages(file)[0]
    (chart,) = page._charts
    assert chart.ser[0].val.numRef.f == "覆盖!$C$5:$C$6"
    assert chart.ser[0].cat.numRef.f == "覆盖!$A$5:$A$6"
    last = int(page.print_area.rsplit("$", 1)[1])
    assert last > chart.anchor._from.row > 7


def test_a_chart_of_no_rows_is_not_drawn():
    _, file = sheets_of(Sheet("空", [["名称", "数"]], title="空表", charts=[Chart("bar", "数", 0, [1])]))
    assert pages(file)[0]._charts == []


def test_names_of_sheets_are_short_and_differ():
    names = ["水坪镇", "水坪镇", "甲" * 40, "甲" * 40, "a/b:c?", "'引'", "History", "", "水坪镇 2"]
    _, file = sheets_of(*[Sheet(name, [["名称"]]) for name in names])
    found = openpyxl.load_workbook(file).sheetnames
    assert len({name.casefold() for name in found}) == len(names)
    assert all(0 < len(name) <= 31 for name in found)
    assert found[:3] == ["水坪镇", "水坪镇 2", "甲" * 31]


def test_a_workbook_has_no_formula_link_or_macro():
    _, file = sheets_of(report(), Sheet("名单", [["=1+1"], ["=cmd|' /C calc'!A0"], ["http://example.com"]]))
    with zipfile.ZipFile(file) as book:
        whole = "".join(book.read(name).decode("utf-8", "ignore") for name in book.namelist() if "sheet" in name)
    assert "<f>" not in whole and "hyperlink" not in whole and "vba" not in " ".join(book.namelist())


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_libreoffice_computes_no_text(kind, tmp_path):
    """A file is opened as a person would open it, and every text is still that text."""
    texts = [text for text in RUNNING if text.strip() == text]
    number, file = written(kind, *[Thing(text, "备注") for text in texts])
    assert number == len(texts)
    path = tmp_path / f"事项.{kind}"
    path.write_bytes(file.getvalue())
    reading = ["--infilter=CSV:44,34,76"] if kind == "csv" else []
    command = [
        "soffice",
        f"-env:UserInstallation=file://{tmp_path}/profile",
        "--headless",
        *reading,
        "--convert-to",
        "ods",
    ]
    subprocess.run([*command, "--outdir", str(tmp_path), str(path)], check=True, capture_output=True, timeout=120)
    book = python_calamine.CalamineWorkbook.from_path(str(tmp_path / "事项.ods"))
    rows = book.get_sheet_by_index(len(book.sheet_names) - 1).to_python()
    assert [row[0].lstrip("'") for row in rows[1:]] == texts
