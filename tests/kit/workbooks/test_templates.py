"""What people fill in: what the template offers, refuses and explains, and that other programs open it."""

import datetime as dt
import io
import subprocess
import tracemalloc
from decimal import Decimal

import openpyxl
import pytest
import python_calamine

from portal.kit.workbooks.columns import Column, Kind
from portal.kit.workbooks.templates import (
    GUIDE_SHEET,
    OPTIONS_SHEET,
    ROOM,
    is_sample,
    sheet_name,
    template_workbook,
)

TOWNSHIPS = [
    f"{number} 号街道（{'东南西北'[number % 4]}）" if number % 3 else f"泉溪{number}镇" for number in range(1, 31)
]
VILLAGES = {name: [f"{name} 第{number}村" for number in range(20)] for name in TOWNSHIPS}
OPTIONS = {"township": TOWNSHIPS, "village": VILLAGES, "above": [f"示例组织{number}" for number in range(2000)]}
LONG = [(str(number), f"第 {number} 种（说明较长的类别）") for number in range(40)]
COLUMNS = [
    Column("township", "乡镇", Kind.REFERENCE, required=True, sample="示例镇", help="乡镇、街道的全称"),
    Column("village", "村（社区）", Kind.REFERENCE, within="township", sample="示例村"),
    Column("name", "名称", required=True, width=26, sample="示例镇商会"),
    Column("kind", "类别", Kind.CHOICE, choices=[("", "---"), ("a", "商会"), ("b", "驿站")], sample="商会"),
    Column("long", "细类", Kind.CHOICE, choices=LONG),
    Column("odd", "档次", Kind.CHOICE, choices=[("1", "1,000 以下"), ("2", "1,000 以上")]),
    Column("since", "成立日期", Kind.DATE, sample="2022-03-01"),
    Column("people", "会员人数", Kind.NUMBER, sample="12"),
    Column("money", "会费", Kind.DECIMAL, sample="12.50"),
    Column("charter", "有无章程", Kind.YES_NO, sample="是"),
    Column("fields", "工作领域", Kind.CHOICES, choices=[("a", "民营经济"), ("b", "侨务")], sample="民营经济、侨务"),
    Column("code", "登记证号", Kind.CODE, sample="0123456789"),
    Column("phone", "联系电话", Kind.PHONE, sample="13800000001"),
    Column("above", "上级组织", Kind.REFERENCE),
    Column("score", "本季得分", Kind.DECIMAL, shown=True),
]
PLACES = {column.name: index for index, column in enumerate(COLUMNS)}
ROW = [
    TOWNSHIPS[1], VILLAGES[TOWNSHIPS[1]][3], "=1+1", "商会", "", None, dt.date(2022, 3, 1), 5, Decimal("1.5"), True, ["民营经济", "侨务"],
    "007", "13800000001", "<r>&乙</r>", Decimal("9.5"),
]  # fmt: skip


def made(*rows, columns=COLUMNS, options=OPTIONS, words=()):
    with template_workbook("基层统战组织", columns, options, rows, words) as file:
        return file.read()


def opened(content, **options):
    return openpyxl.load_workbook(io.BytesIO(content), **options)


def read(content, sheet=0):
    """As the import reads."""
    return python_calamine.load_workbook(io.BytesIO(content)).get_sheet_by_index(sheet).to_python(skip_empty_area=False)


def rules_of(sheet):
    """The rule of each column's cells, by index; the headings' left out."""
    spans = [(next(iter(rule.sqref.ranges)), rule) for rule in sheet.data_validations.dataValidation]
    return {span.min_col - 1: rule for span, rule in spans if span.min_row > 1}


def rule_of(sheet, name):
    return rules_of(sheet)[PLACES[name]]


def listed(book, name):
    """The values of a named range."""
    place, cells = next(book.defined_names[name].destinations)
    return [row[0].value for row in book[place][cells]]


@pytest.fixture(scope="module")
def blank():
    return made(words=["名称相同的就是同一个组织。"])


@pytest.fixture(scope="module")
def book(blank):
    return opened(blank)


@pytest.fixture(scope="module")
def sheet(book):
    return book["基层统战组织"]


class TestHeadings:
    def test_required_ones_are_marked_by_a_sign_and_a_colour(self, sheet):
        heads = {cell.value: cell.fill.fgColor.rgb for cell in sheet[1]}
        assert list(heads)[:3] == ["乡镇＊", "村（社区）", "名称＊"]
        assert heads["乡镇＊"] == heads["名称＊"] != heads["村（社区）"]

    def test_stay_in_sight_and_are_printed_on_every_page(self, sheet):
        assert sheet.freeze_panes == "A2"
        assert sheet.print_title_rows == "$1:$1"

    def test_say_how_the_column_is_filled_in(self, sheet):
        assert sheet["A1"].comment.text == "必填。乡镇、街道的全称。从下拉列表中选，也可以直接填全称。"
        assert "先填“乡镇”" in sheet["B1"].comment.text
        assert sheet["D1"].comment.text == "选填。从下拉列表中选一项。\n可填：商会、驿站"
        assert "顿号" in sheet.cell(1, PLACES["fields"] + 1).comment.text
        assert "2024-03-01" in sheet.cell(1, PLACES["since"] + 1).comment.text

    def test_cannot_be_overtyped_though_nothing_is_protected(self, sheet, book):
        rule = next(rule for rule in sheet.data_validations.dataValidation if str(rule.sqref) == "A1:N1")
        assert (rule.type, rule.formula1, rule.errorStyle) == ("custom", "1=0", None)  # None: stop
        assert not any(one.protection.sheet for one in book)

    def test_a_column_that_is_only_shown_is_not_asked_for(self, sheet):
        assert "本季得分" not in [cell.value for cell in sheet[1]]


class TestCells:
    @pytest.mark.parametrize("name", ["township", "name", "kind", "fields", "code", "phone"])
    def test_texts_and_codes_stay_texts_down_the_whole_column(self, sheet, name):
        held = sheet.column_dimensions[openpyxl.utils.get_column_letter(PLACES[name] + 1)]
        assert held.number_format == "@"

    def test_days_and_numbers_have_their_formats(self, sheet):
        formats = [sheet.column_dimensions[letter].number_format for letter in "GHI"]
        assert formats == ["yyyy-mm-dd", "0", "General"]

    def test_a_day_is_checked_and_a_year_alone_is_none(self, sheet):
        rule = rule_of(sheet, "since")
        assert (rule.type, rule.errorStyle) == ("date", None)
        assert int(rule.formula1) > 2099, "2024 typed alone would be a day of 1905"

    def test_numbers_are_checked(self, sheet):
        assert rule_of(sheet, "people").type == "whole"
        assert rule_of(sheet, "money").type == "decimal"
        assert "整数" in rule_of(sheet, "people").error

    def test_several_values_in_a_cell_are_not_forced_into_one(self, sheet):
        assert PLACES["fields"] not in rules_of(sheet)

    def test_rules_reach_further_than_what_is_there(self, sheet):
        assert str(rule_of(sheet, "since").sqref) == f"G2:G{ROOM + 1}"
        update = opened(made(ROW, ROW, ROW)).worksheets[0]
        assert str(rule_of(update, "since").sqref) == f"G2:G{ROOM + 4}"


class TestDropDowns:
    def test_a_short_closed_list_stands_in_the_rule(self, sheet):
        rule = rule_of(sheet, "kind")
        assert (rule.type, rule.formula1, rule.errorStyle) == ("list", '"商会,驿站"', None)
        assert "请点“取消”" in rule.error
        assert rule_of(sheet, "charter").formula1 == '"是,否"'

    def test_a_long_one_stands_on_the_hidden_sheet(self, sheet, book):
        rule = rule_of(sheet, "long")
        assert listed(book, rule.formula1) == [label for _, label in LONG]
        assert book[OPTIONS_SHEET].sheet_state == "hidden"

    def test_values_with_a_comma_stay_whole(self, sheet, book):
        assert listed(book, rule_of(sheet, "odd").formula1) == ["1,000 以下", "1,000 以上"]

    def test_names_may_be_typed_besides_those_offered(self, sheet, book):
        rule = rule_of(sheet, "above")
        assert (rule.type, rule.errorStyle) == ("list", "warning")
        assert listed(book, rule.formula1) == OPTIONS["above"]

    def test_villages_follow_their_township(self, sheet, book):
        rule = rule_of(sheet, "village")
        assert (
            rule.formula1
            == 'IF(COUNTIF(选项_2,$A2)=0,选项_3,OFFSET(选项_3,MATCH($A2&"",选项_2,0)-1,0,COUNTIF(选项_2,$A2),1))'
        )
        pairs = list(zip(listed(book, "选项_2"), listed(book, "选项_3"), strict=True))
        assert pairs == [(township, village) for township in TOWNSHIPS for village in VILLAGES[township]]
        assert "请先填“乡镇”" in rule.error

    def test_a_township_without_villages_is_not_offered_those_of_others(self):
        book = opened(made(options={"village": {"泉溪镇": [], "石桥镇": ["石桥村"]}}))
        assert listed(book, "选项_1") == ["泉溪镇", "石桥镇"]
        assert listed(book, "选项_2") == [None, "石桥村"]

    def test_without_the_column_before_all_villages_are_offered(self):
        book = opened(made(columns=COLUMNS[1:3]))
        rule = rules_of(book.worksheets[0])[0]
        assert len(listed(book, rule.formula1)) == 600

    def test_nothing_to_offer_makes_no_hidden_sheet(self):
        assert opened(made(columns=COLUMNS[2:4], options={})).sheetnames == ["基层统战组织", GUIDE_SHEET]

    def test_no_rule_breaks_what_programs_can_hold(self, sheet):
        for rule in sheet.data_validations.dataValidation:
            assert len(rule.errorTitle) <= 32
            assert len(rule.error) <= 255
            assert len(rule.formula1) <= 255

    def test_a_county_fits_into_a_megabyte(self, blank):
        assert len(blank) < 1024 * 1024


class TestSample:
    def test_says_that_it_is_one(self, sheet):
        assert sheet["A2"].value == "示例镇"
        assert "示例行" in sheet["A2"].comment.text
        assert sheet["A2"].font.i
        assert sheet.cell(2, PLACES["since"] + 1).value == dt.datetime(2022, 3, 1)

    def test_is_known_again_when_read(self, blank):
        cells = [*read(blank)[1], None]
        assert is_sample(cells, COLUMNS)

    def test_is_known_as_texts_as_well(self):
        assert is_sample([column.sample for column in COLUMNS], COLUMNS)

    def test_is_known_when_columns_were_deleted(self):
        cells = [None if column.name in {"since", "fields"} else column.sample for column in COLUMNS]
        assert is_sample(cells, COLUMNS)

    @pytest.mark.parametrize(
        ("name", "value"), [("name", "泉溪镇商会"), ("people", 13), ("since", dt.date(2022, 3, 2)), ("above", "总会")]
    )
    def test_is_a_record_once_anything_is_written_over(self, name, value):
        cells = [value if column.name == name else column.sample for column in COLUMNS]
        assert not is_sample(cells, COLUMNS)

    def test_a_kind_and_a_date_alone_may_be_a_record(self):
        cells = [column.sample if column.name in {"kind", "since"} else None for column in COLUMNS]
        assert not is_sample(cells, COLUMNS)

    def test_an_empty_row_is_none(self):
        assert not is_sample([None] * len(COLUMNS), COLUMNS)
        assert not is_sample([""], [Column("note", "备注")])

    def test_closed_columns_alone_must_all_be_equal(self):
        columns = [COLUMNS[PLACES["kind"]], COLUMNS[PLACES["charter"]]]
        assert is_sample(["商会", True], columns)
        assert not is_sample(["商会", None], columns)


class TestUpdateTemplate:
    def test_holds_the_rows_and_no_sample(self):
        rows = read(made(ROW, ROW))
        assert len(rows) == 3
        assert rows[1] == [
            ROW[0], ROW[1], "=1+1", "商会", "", "", dt.date(2022, 3, 1), 5.0, 1.5, "是", "民营经济、侨务", "007", "13800000001",
            "<r>&乙</r>", 9.5,
        ]  # fmt: skip

    @pytest.mark.parametrize(
        "text", ["=1+1", "+86", "-1", "@SUM(A1)", "<r><t>x</t></r>", " 前后 ", "https://example.org"]
    )
    def test_a_text_stays_the_text_it_is(self, text):
        sheet = opened(made([None, None, text])).worksheets[0]
        assert (sheet["C2"].value, sheet["C2"].data_type, sheet["C2"].number_format) == (text, "s", "@")
        assert sheet["C2"].hyperlink is None

    def test_without_rows_is_the_blank_one(self, blank):
        assert made(words=["名称相同的就是同一个组织。"]) == blank

    def test_shows_what_it_does_not_take_back(self):
        sheet = opened(made(ROW)).worksheets[0]
        assert sheet["O1"].value == "本季得分"
        assert "改了也不会导入" in sheet["O1"].comment.text
        assert PLACES["score"] not in rules_of(sheet)

    def test_memory_does_not_grow_with_the_rows(self):
        tracemalloc.start()
        with template_workbook("组织", COLUMNS, {}, (ROW for _ in range(4000))) as file:
            assert file.tell() == 0
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 4 * 1024 * 1024


class TestGuide:
    def test_has_a_line_for_every_column(self, book):
        lines = {row[0].value: [cell.value for cell in row[1:]] for row in book[GUIDE_SHEET].iter_rows(max_row=15)}
        assert lines["栏目"] == ["是否必填", "怎样填写", "可填内容", "示例"]
        assert lines["类别"] == ["选填", "从下拉列表中选一项。", "商会、驿站", "商会"]
        assert lines["村（社区）"][2] == "见下拉列表，共 600 项。"
        assert set(lines) == {"栏目", *(column.label for column in COLUMNS if not column.shown)}

    def test_then_what_holds_for_all_and_the_registers_own_words(self, book):
        words = [row[0].value for row in book[GUIDE_SHEET].iter_rows(min_row=17)]
        assert any("2024-03-01" in line for line in words)
        assert any("示例" in line for line in words)
        assert words[-1].endswith("名称相同的就是同一个组织。")

    def test_an_update_template_speaks_of_no_sample(self):
        texts = [row[0] for row in read(made(ROW), sheet=1)]
        assert not any("灰色斜体" in text for text in texts)


class TestFile:
    def test_the_same_twice_is_the_same_file(self, blank):
        assert made(words=["名称相同的就是同一个组织。"]) == blank

    def test_a_label_becomes_a_name_that_a_sheet_may_have(self):
        assert sheet_name("组织/名册[2024]") == "组织·名册·2024·"
        assert len(sheet_name("长" * 40)) == 31


def test_libreoffice_opens_it_and_narrows_the_villages(tmp_path):
    book = opened(made([TOWNSHIPS[4], None, "=1+1"], ["没有的镇"], [None]))
    sheet = book.worksheets[0]
    formula = rule_of(sheet, "village").formula1
    for row in (2, 3, 4):
        offered = formula.replace("$A2", f"$A{row}")
        sheet.cell(row, 20).value = f"=COUNTA({offered})"
        sheet.cell(row, 21).value = f"=INDEX({offered},1)"
    book.save(tmp_path / "given.xlsx")
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "xlsx",
         "--outdir", tmp_path / "out", tmp_path / "given.xlsx"], check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    back = openpyxl.load_workbook(tmp_path / "out" / "given.xlsx", data_only=True)
    seen = back.worksheets[0]
    assert [seen.cell(row, 20).value for row in (2, 3, 4)] == [20, 600, 600]
    assert seen["U2"].value == VILLAGES[TOWNSHIPS[4]][0]
    assert (seen["C2"].value, seen["C2"].data_type) == ("=1+1", "s")
    assert back[OPTIONS_SHEET].sheet_state == "hidden"
    assert seen["A1"].comment
    assert {rule.type for rule in seen.data_validations.dataValidation} >= {"list", "date", "whole", "custom"}
