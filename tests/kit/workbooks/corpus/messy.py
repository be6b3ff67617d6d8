"""Workbooks as people really send them: each made by a function whose docstring says what people do, each with what is read of it.

`@messy` takes the rows that are read as a table: the first line names the columns, each following one starts with the row's
number (`sheet!number` where a file has several tables); `!words` is what a cell is refused with, and of such a row nothing
else stands in the table; ¦ and ⏎ stand for | and a line break. asked: heading → the column that is proposed. left_out:
headings that nobody needs. notes: what the reader says it did not read. refused: words of the refusal of the whole file.
The files in data/ were written by LibreOffice (soffice --convert-to xls:"MS Excel 97") out of what their makers' docstrings
say; no library of ours writes xls.
"""

import datetime as dt
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import openpyxl
import xlsxwriter
from openpyxl.styles import Alignment, Font
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from tests.kit.workbooks.corpus.making import (
    HEAD,
    MAIN,
    SHARED_RELATIONS,
    SHEET_PART,
    book,
    package,
    saved,
    sheet,
    written,
    xlsx,
)

DATA = Path(__file__).parent / "data"


@dataclass(frozen=True)
class Messy:
    make: Callable[[], bytes]
    file_name: str
    rows: Mapping[str, Mapping[str, str]]
    asked: Mapping[str, str]
    left_out: Sequence[str]
    notes: Sequence[str]
    refused: str


MESSY: dict[str, Messy] = {}


def messy(rows="", *, name="花名册.xlsx", asked=None, left_out=(), notes=(), refused=""):
    """Collect a maker under its own name."""

    def collect(make):
        MESSY[make.__name__] = Messy(make, name, table(rows), asked or {}, left_out, notes, refused)
        return make

    return collect


def table(text):
    lines = [[cell.strip().replace("¦", "|") for cell in line.split("|")] for line in text.strip().splitlines()]
    head = lines[0][1:] if lines else []
    return {
        number: {name: cell for name, cell in zip(head, cells, strict=True) if cell} for number, *cells in lines[1:]
    }


def texts(*lines):
    """Rows of a CSV-like text without quotes."""
    return [line.split(",") for line in lines]


PLAIN = """
row | township | name       | since      | phone
2   | 泉溪镇   | 泉溪镇商会 | 2024-03-01 | 13800000001
3   | 石桥镇   | 石桥镇商会 | 2024-03-02 | 13800000002
"""
ROWS = [HEAD, *texts("泉溪镇,泉溪镇商会,2024-03-01,13800000001", "石桥镇,石桥镇商会,2024-03-02,13800000002")]
BELOW_TITLES = PLAIN.replace("\n2 ", "\n4 ").replace("\n3 ", "\n5 ")


# Heads


@messy(BELOW_TITLES)
def merged_title():
    """The date on the right, then a title over the whole width right above the head."""
    title = ["泉溪镇基层统战组织一览表", None, None, None]
    return xlsx([None, None, None, "2026年3月"], title, *ROWS, merged=["A2:D2"])


@messy(BELOW_TITLES)
def form_lines():
    """The lines of a form above the head: who fills it in, when, in two merged pieces."""
    title, line = ["附件2"], ["填报单位：泉溪镇统战办", None, "填报日期：2026年3月1日", None]
    return xlsx(title, line, *ROWS, merged=["A2:B2", "C2:D2"])


@messy(
    """
    row | name       | code | since      | contact | phone
    3   | 泉溪镇商会 | 007  | 2024-03-01 | 张某甲  | 13800000001
    4   | 石桥镇商会 | 008  | 2024-03-02 | 李某乙  | 13800000002
    """
)
def two_row_head():
    """Groups above their columns, the others merged over both rows."""
    return xlsx(
        ["名称", "登记情况", None, "负责人", None],
        [None, "登记证号", "成立时间", "姓名", "电话"],
        *texts("泉溪镇商会,007,2024-03-01,张某甲,13800000001", "石桥镇商会,008,2024-03-02,李某乙,13800000002"),
        merged=["A1:A2", "B1:C1", "D1:E1"],
    )


@messy(
    """
    row | township | name       | contact | phone
    5   | 泉溪镇   | 泉溪镇商会 | 张某甲  | 13800000001
    7   | 石桥镇   | 石桥镇商会 | 李某乙  | 13800000002
    """
)
def title_above_two_row_head():
    """A title over the width above a head of two rows of groups alone, and a blank row among the data."""
    return xlsx(
        ["基层统战组织一览表", None, None, None],
        [],
        ["基本情况", None, "联系方式", None],
        ["乡镇", "名称", "姓名", "电话"],
        ["泉溪镇", "泉溪镇商会", "张某甲", "13800000001"],
        [],
        ["石桥镇", "石桥镇商会", "李某乙", "13800000002"],
        merged=["A1:D1", "A3:B3", "C3:D3"],
    )


@messy(
    """
    row | township | name       | contact | phone
    3   | 泉溪镇   | 泉溪镇商会 | 张某甲  | 13800000001
    """,
    name="两行表头.csv",
)
def two_row_head_without_merges():
    """A head of two rows that lost its merged cells on the way through CSV."""
    return "乡镇,名称,负责人,\n,,姓名,电话\n泉溪镇,泉溪镇商会,张某甲,13800000001\n".encode()


@messy(
    """
    row | name       | since      | people | phone
    2   | 泉溪镇商会 | 2024-03-01 | 30     | 13800000001
    """
)
def decorated_headings():
    """Headings spaced out, broken into lines, starred, with units and hints in brackets."""

    def wrap(page):
        page["B1"].alignment = Alignment(wrap_text=True)

    heads = ["＊名　　称", "成立\n时间", "会员人数（人）", "联系电话（选填）："]
    return xlsx(heads, ["泉溪镇商会", "2024-03-01", 30, "13800000001"], change=wrap)


@messy(
    """
    row | township | name       | kind | people
    2   | 泉溪镇   | 泉溪镇商会 | chamber | 30
    """
)
def headings_of_their_own():
    """Headings that say the same in other words."""
    return xlsx(["所在乡镇", "组织名称", "类型", "人数"], ["泉溪镇", "泉溪镇商会", "商会", 30])


@messy(
    """
    row | township | name       | since      | phone
    2   | 泉溪镇   | 泉溪镇商会 | 2024-03-01 | 13800000001
    5   | 石桥镇   | 石桥镇商会 | 2024-03-02 | 13800000002
    """
)
def head_on_every_page():
    """The head copied above every printed page, a blank row before it."""
    return xlsx(*ROWS[:2], [], HEAD, ROWS[2])


@messy(PLAIN, left_out=["序号"])
def serial_numbers():
    """A column of running numbers in front."""
    return xlsx(*(["序号" if number == 0 else number, *row] for number, row in enumerate(ROWS)))


@messy(PLAIN, asked={"编号": ""})
def numbers_that_mean_something():
    """A column 编号 that holds no running numbers: it must not vanish."""
    return xlsx(*([first, *row] for first, row in zip(["编号", "QX-017", "SQ-003"], ROWS, strict=True)))


@messy(PLAIN, asked={"驻地图片": ""})
def unknown_column():
    """A column that the register does not have."""
    return xlsx(*([*row, last] for row, last in zip(ROWS, ["驻地图片", "见附件", "见附件"], strict=True)))


@messy(PLAIN, asked={"E 列（没有列名）": ""})
def column_without_heading():
    """Remarks scribbled beside the table, in a column without a heading."""
    return xlsx(ROWS[0], [*ROWS[1], "已核对"], ROWS[2])


@messy(
    """
    row | township | name
    2   | 泉溪镇   | 泉溪镇商会
    """,
    asked={"联系电活": "phone", "成立日朗": "since"},
)
def misspelt_headings():
    """Headings with a wrong character each: proposed, not taken."""
    return xlsx(["乡镇", "名称", "成立日朗", "联系电活"], ROWS[1])


@messy(PLAIN, asked={"手机": ""})
def two_columns_of_one_kind():
    """Telephone and mobile number, which the register holds in one column: the first is taken, the other asked about."""
    return xlsx(*([*row, last] for row, last in zip(ROWS, ["手机", "13800000003", "13800000004"], strict=True)))


@messy(
    """
    row | township | name
    2   | 泉溪镇   | 泉溪镇商会
    3   | 石桥镇   | 石桥镇商会
    """,
    asked={"怎么找到他": "phone", "属于哪一种": "kind"},
)
def headings_known_by_content():
    """Headings that nobody knows over cells that look like something: proposed, not taken."""
    return xlsx(
        ["乡镇", "名称", "怎么找到他", "属于哪一种"],
        ["泉溪镇", "泉溪镇商会", "13800000001", "商会"],
        ["石桥镇", "石桥镇商会", "13800000002", "联谊会"],
    )


# Rows and columns


@messy(
    """
    row | township | name       | since      | phone
    6   | 泉溪镇   | 泉溪镇商会 | 2024-03-01 | 13800000001
    9   | 石桥镇   | 石桥镇商会 | 2024-03-02 | 13800000002
    """
)
def table_in_the_middle():
    """A table that starts at C5, with two blank rows between its rows and a blank column between its columns."""
    wide = [[None, None, *row[:2], None, *row[2:]] for row in ROWS]
    return xlsx([], [], [], [], wide[0], wide[1], [], [], wide[2])


@messy(PLAIN)
def hidden_rows_and_columns():
    """A filter that hides rows, and a column that was hidden for printing: both count."""

    def hide(page):
        page.row_dimensions[3].hidden = True
        page.column_dimensions["C"].hidden = True
        page.auto_filter.ref = "A1:D3"

    return xlsx(*ROWS, change=hide)


@messy(
    """
    row | township | name         | phone
    2   | 泉溪镇   | 泉溪镇商会   | 13800000001
    3   | 泉溪镇   | 泉溪镇联谊会 | 13800000002
    4   | 石桥镇   | 石桥镇商会   | 13800000003
    """
)
def township_merged_downwards():
    """The township written once, merged over its rows."""
    return xlsx(
        ["乡镇", "名称", "联系电话"],
        ["泉溪镇", "泉溪镇商会", "13800000001"],
        [None, "泉溪镇联谊会", "13800000002"],
        ["石桥镇", "石桥镇商会", "13800000003"],
        merged=["A2:A3"],
    )


@messy(
    """
    row | township | name       | since      | phone
    3   | 泉溪镇   | 泉溪镇商会 | 2024-03-01 | 13800000001
    5   | 石桥镇   | 石桥镇商会 | 2024-03-02 | 13800000002
    """,
    notes=["第 2 行“一、泉溪镇（1 个）”", "第 4 行“二、石桥镇（1 个）”"],
)
def section_rows():
    """A line before each township's rows, over the whole width or in the first cell alone."""
    return xlsx(
        HEAD, ["一、泉溪镇（1 个）"], ROWS[1], ["二、石桥镇（1 个）"], ROWS[2], merged=["A2:D2"]
    )  # fmt: skip


@messy(
    """
    row | township | name       | people
    2   | 泉溪镇   | 泉溪镇商会 | 30
    4   | 石桥镇   | 石桥镇商会 | 20
    """,
    notes=["第 3 行是小计", "第 5 行是合 计："],
)
def totals():
    """Sums below each township and at the end."""
    return xlsx(
        ["乡镇", "名称", "会员人数"], ["泉溪镇", "泉溪镇商会", 30], ["小计", None, 30], ["石桥镇", "石桥镇商会", 20],
        ["合  计：", None, 50],
    )  # fmt: skip


@messy(PLAIN, notes=["第 5 行“注：", "第 6 行“填表人：张某甲”"])
def signatures_below():
    """A remark over the width below the table, then who filled it in and who looked at it."""
    remark = ["注：电话只作工作联系用。", None, None, None]
    return xlsx(*ROWS, [], remark, ["填表人：张某甲", None, "审核人：李某乙", "2026.3.1"], merged=["A5:D5"])


@messy(
    """
    row | township | name       | people | fee
    3   | 泉溪镇   | 泉溪镇商会 | 30     | 12.5
    """,
    notes=["第 2 行是栏次"],
)
def numbered_columns():
    """The row 甲 乙 1 2 of official statistics below the head."""
    return xlsx(["乡镇", "名称", "会员人数", "会费"], ["甲", "乙", 1, 2], ["泉溪镇", "泉溪镇商会", 30, 12.5])


@messy(PLAIN)
def formatted_far_down():
    """Borders drawn down to row 3,000 and across to column AZ, all of it empty."""

    def draw(page):
        for number in (5, 3000):
            page.cell(number, 52).font = Font(bold=True)

    return xlsx(*ROWS, change=draw)


# Sheets


@messy(
    """
    row      | name         | people
    泉溪镇!2 | 泉溪镇商会   | 30
    泉溪镇!3 | 泉溪镇联谊会 | 20
    石桥镇!3 | 石桥镇商会   | 30
    """,
    notes=["工作表“封面”没有找到表头", "工作表“旧表”是隐藏的"],
)
def a_sheet_a_township():
    """A cover, a sheet for each township with the columns in another order, an old sheet hidden away, an empty one."""
    made = openpyxl.load_workbook(
        io.BytesIO(
            book({
                "封面": [["基层统战组织台账"], ["2026年"]],
                "泉溪镇": [["名称", "会员人数"], ["泉溪镇商会", 30], ["泉溪镇联谊会", 20]],
                "石桥镇": [["石桥镇一览表"], ["会员人数", "名称"], [30, "石桥镇商会"]],
                "旧表": [["名称", "会员人数"], ["旧商会", 1]],
                "Sheet3": [],
            })
        )
    )  # fmt: skip
    made["旧表"].sheet_state = "hidden"
    return saved(made)


@messy(PLAIN)
def guide_and_options():
    """A filled-in template: its sheets of advice and of options are no data."""
    return book(
        {"组织": ROWS, "填写说明": [["名称", "乡镇"], ["填全称", "必填"]], "选项": [["乡镇", "名称"], ["泉溪镇", "甲"]]}
    )


@messy(
    """
    row | township | name         | since      | phone
    2   | 泉溪镇   | 泉溪镇商会   | 2024-03-01 | 13800000001
    6   | 石桥镇   | 石桥镇商会   | 2024-03-02 | 13800000002
    """,
    notes=["第 4 行“石桥镇一览表”"],
)
def tables_below_each_other():
    """A second table with its own title and head below the first."""
    return xlsx(HEAD, ROWS[1], [], ["石桥镇一览表"], HEAD, ROWS[2], merged=["A4:D4"])


# Cells: dates


@messy(
    """
    row | name | since
    2   | 甲会 | 2024-03-01
    3   | 乙会 | 2024-03-01
    4   | 丙会 | 2024-03-15
    5   | 丁会 | 2024-03-01
    6   | 戊会 | 2024-03-01
    7   | 己会 | 2024-03-01
    8   | 庚会 | 2024-03-01
    9   | 辛会 | 2024-03-01
    10  | 壬会 | 2024-03-15
    11  | 癸会 | 2024-03-01
    """
)
def dates_as_typed():
    """Dates as texts in ten ways."""
    days = [
        "2024.3.1", "2024年3月", "2024年3月15日", "20240301", "2024/3/1 00:00", "2024-3-1 0:00:00", "２０２４．３．１", "202403",
        "2024 年 3 月 15 号", "2024年03月01日",
    ]  # fmt: skip
    return xlsx(
        ["名称", "成立日期"], *([f"{sign}会", day] for sign, day in zip("甲乙丙丁戊己庚辛壬癸", days, strict=True))
    )


@messy(
    """
    row | name | since
    2   | 甲会 | 2024-03-01
    3   | 乙会 | 2024-03-01
    4   | 丙会 | 2024-03-01
    5   | 丁会 | 2024-03-01
    6   | 戊会 | 2024-03-01
    """
)
def dates_as_numbers():
    """A date cell, one with a time, and the numbers behind them, as numbers and as texts."""
    days = [dt.date(2024, 3, 1), dt.datetime(2024, 3, 1, 9, 30), 45352, "45352", 45352.75]
    return xlsx(["名称", "成立日期"], *([f"{sign}会", day] for sign, day in zip("甲乙丙丁戊", days, strict=True)))


@messy(
    """
    row | name | since
    2   | 甲会 | 2024-03-01
    """
)
def dates_from_1904():
    """A workbook made on an old Macintosh counts its days from 1904."""
    made = openpyxl.Workbook()
    made.epoch = CALENDAR_MAC_1904
    made.active.append(["名称", "成立日期"])
    made.active.append(["甲会", dt.date(2024, 3, 1)])
    return saved(made)


@messy(
    """
    row | name | since
    2   |      | !2024.1”可能是 2024 年 1 月，也可能是 10 月
    3   | 乙会 | 2024-11-01
    4   |      | !没有这一天
    5   |      | !不是日期，应写成 2024-03-01
    6   |      | !不是日期
    7   |      | !不在 1900 到 2099 年之间
    8   |      | !不是日期
    """
)
def dates_that_are_none():
    """2024.10 typed into a plain cell is the number 2024.1; a day that never was; a year alone; words."""
    days = [2024.1, 2024.11, "2023-02-30", 2024, "去年三月", "1024-03-01", "3/1/24"]
    return xlsx(["名称", "成立日期"], *([f"{sign}会", day] for sign, day in zip("甲乙丙丁戊己庚", days, strict=True)))


# Cells: numbers and codes


@messy(
    """
    row | name | people | fee
    2   | 甲会 | 30     | 1234.50
    3   | 乙会 | 30     | 12
    4   | 丙会 | 1200   | 0.3
    5   |      | !不是整数 | !不是数字
    6   |      | !不是整数 |
    """
)
def numbers_as_texts():
    """Numbers as texts, with units, separators and full-width digits; sums that are not quite round; words."""
    return xlsx(
        ["名称", "会员人数", "会费"], ["甲会", "30", "1,234.50"], ["乙会", "３０人", "１２"], ["丙会", "1,200", 0.1 + 0.2],
        ["丁会", "三十多", "约 5 万"], ["戊会", 30.5, 1],
    )  # fmt: skip


@messy(
    """
    row | name | code       | phone
    2   | 123  | 420381     | 13800000001
    3   | 456  | 0123456789 | 13800000002
    """
)
def texts_as_numbers():
    """Codes, phones and even names that the spreadsheet took for numbers; one is saved by an apostrophe."""
    return xlsx(["名称", "登记证号", "联系电话"], [123, 420381, 13800000001], ["456", "'0123456789", 13800000002.0])


@messy(
    """
    row | name | phone
    2   |      | !电话被表格改成了科学计数法
    3   | 乙会 | 13800000003
    4   | 丙会 | 13800000001
    5   |      | !电话被表格改成了科学计数法
    """
)
def phones_in_scientific_notation():
    """1.38E+10 as a text has lost its digits; one that kept them all and a number that is only shown so have not."""

    def show(page):
        page["B4"].number_format = "0.00E+00"

    phones = ["1.38E+10", "1.3800000003E+10", 13800000001, "１．３８Ｅ＋１０"]
    rows = ([f"{sign}会", phone] for sign, phone in zip("甲乙丙丁", phones, strict=True))
    return xlsx(["名称", "联系电话"], *rows, change=show)


@messy(
    """
    row | name | code
    2   |      | !代码被表格改成了科学计数法
    3   |      | !代码被表格改成了科学计数法
    4   |      | !代码被表格改成了日期
    5   | 丁会 | 91420381MA4900000X
    6   | 戊会 | 123456789012345
    """
)
def codes_that_lost_digits():
    """Codes of 18 and 16 digits as numbers end in invented zeros; 3-12 became a day; letters and 15 digits are safe."""
    codes = [914203810000000123, 1234567890123456, dt.date(2026, 3, 12), "91420381ma4900000x".upper(), 123456789012345]
    return xlsx(["名称", "登记证号"], *([f"{sign}会", code] for sign, code in zip("甲乙丙丁戊", codes, strict=True)))


@messy(
    """
    row | name        | people | code    | contact
    2   | A1会        | 30     | AB0017  | 张某甲
    3   | 乙（2）会   | 12     | 0710-12 | 李 某乙
    """
)
def full_width():
    """Typed with the input method on: full-width digits, letters and spaces; invisible characters from a web page."""
    return xlsx(
        ["名称", "会员人数", "登记证号", "联系人"],
        ["Ａ１会", "３０", "ＡＢ００１７", "\u3000张某甲\xa0"],
        ["乙（２）会\u200b", "１２\ufeff", "０７１０－１２", "李\u3000某乙"],
    )


@messy(
    """
    row | name
    2   | 甲会
    3   | 乙会
    4   | 丙会
    5   | 丁会
    """
)
def words_for_empty():
    """无, —, / and the like where there is nothing to say."""
    heads = ["名称", "成立日期", "会员人数", "登记证号", "联系人", "联系电话"]
    signs = ["无", "—", "/", "-", "暂无", "N/A", "——", "　"]
    rows = ([f"{name}会", *signs[first : first + 5]] for first, name in enumerate("甲乙丙丁"))
    return xlsx(heads, *rows)


@messy(
    """
    row | name | charter
    2   | 甲会 | 是
    3   | 乙会 | 否
    4   | 丙会 | 是
    5   | 丁会 | 否
    6   | 戊会 | 是
    7   | 己会 |
    8   |      | !应填“是”或“否”
    """
)
def ticks():
    """Yes and no as 有, 无, √, ×, TRUE and not at all."""
    said = ["有", "无", "√", "×", True, "/", "在办"]
    return xlsx(["名称", "有无章程"], *([f"{sign}会", one] for sign, one in zip("甲乙丙丁戊己庚", said, strict=True)))


@messy(
    """
    row | name | kind | fields
    2   | 甲会 | chamber | talent、enterprise
    3   | 乙会 | station | talent、overseas
    4   | 丙会 | station | enterprise、overseas
    5   |      | !“商汇”不在可选范围内，应为商会、联谊会、联络站（点） | !“统战”不在可选范围内
    """
)
def choices():
    """Several choices in a cell, separated by whatever was at hand; the bracket of a choice left out; a wrong one."""
    return xlsx(
        ["名称", "类别", "工作领域"], ["甲会", " 商 会 ", "乡贤统战、民营经济统战"], ["乙会", "联络站", "侨务，乡贤统战"],
        ["丙会", "联络站(点)", "民营经济统战\n侨务"], ["丁会", "商汇", "侨务；统战"],
    )  # fmt: skip


# Formulas


@messy(
    """
    row | name       | people | fee
    2   | 泉溪镇商会 | 30     | 15
    """
)
def formulas_with_values():
    """Formulas whose results the spreadsheet saved."""
    out = io.BytesIO()
    made = xlsxwriter.Workbook(out)
    page = made.add_worksheet()
    page.write_row(0, 0, ["名称", "会员人数", "会费"])
    page.write_formula(1, 0, '="泉溪镇"&"商会"', value="泉溪镇商会")
    page.write_formula(1, 1, "=10+20", value=30)
    page.write_formula(1, 2, "=B2*0.5", value=15)
    made.close()
    return out.getvalue()


@messy(
    """
    row | name | people           | phone
    2   |      | !公式没有算出结果 | !公式结果是错误值 #N/A
    3   |      |                  | !错误值 #REF!
    4   | 丙会 | 30               |
    """
)
def formulas_without_values():
    """Formulas that were never computed or that failed: the cell is refused, not read as empty."""
    rows = (
        written(["名称", "会员人数", "联系电话"])
        + '<row r="2"><c r="A2" t="inlineStr"><is><t>甲会</t></is></c><c r="B2"><f>10+20</f><v></v></c>'
        '<c r="C2" s="0" t="e"><f>VLOOKUP(A2,X:Y,2,0)</f><v>#N/A</v></c></row>'
        '<row r="3"><c r="A3" t="inlineStr"><is><t>乙会</t></is></c><c r="B3"><v>1</v></c><c r="C3" t="e"><v>#REF!</v></c></row>'
        '<row r="4"><c r="A4" t="inlineStr"><is><t>丙会</t></is></c><c r="B4"><f>10+20</f><v>30</v></c>'
        '<c r="C4" t="str"><f>IF(1,"","")</f><v></v></c></row>'
    )
    return package({SHEET_PART: sheet(rows)})


# What programs write


@messy(PLAIN)
def rich_text():
    """Words in two colours within a cell, and readings above the characters."""
    strings = ["乡镇", "名称", "成立日期", "联系电话", "泉溪镇", "", "2024-03-01", "13800000001"]
    items = [f"<si><t>{text}</t></si>" for text in strings]
    items[5] = (
        '<si><r><t>泉溪镇</t></r><r><rPr><b/></rPr><t xml:space="preserve">商会 </t></r><rPh sb="0" eb="2"><t>QUANXI</t></rPh></si>'
    )
    shared = f'<sst xmlns="{MAIN}">{"".join(items)}</sst>'
    rows = "".join(
        f'<row r="{number}">' + "".join(f'<c r="{letter}{number}" t="s"><v>{first + index}</v></c>' for index, letter in enumerate("ABCD"))
        + "</row>" for number, first in ((1, 0), (2, 4))
    )  # fmt: skip
    rows += written(ROWS[2], first=3)
    return package(
        {SHEET_PART: sheet(rows), "xl/_rels/workbook.xml.rels": SHARED_RELATIONS, "xl/sharedStrings.xml": shared}
    )


@messy(PLAIN)
def prefixed_xml():
    """Written by another program: every element with a prefix, cells without their places."""
    rows = "".join(
        "<x:row>" + "".join(f'<x:c t="inlineStr"><x:is><x:t>{text}</x:t></x:is></x:c>' for text in row) + "</x:row>"
        for row in ROWS
    )  # fmt: skip
    return package({SHEET_PART: f'<x:worksheet xmlns:x="{MAIN}"><x:sheetData>{rows}</x:sheetData></x:worksheet>'})


@messy(
    """
    row | name | since
    2   | 甲会 | 2024-03-01
    """
)
def iso_dates():
    """Dates written as ISO texts of the type date, as newer programs may."""
    row = '<row r="2"><c r="A2" t="inlineStr"><is><t>甲会</t></is></c><c r="B2" t="d"><v>2024-03-01T00:00:00</v></c></row>'
    return package({SHEET_PART: sheet(written(["名称", "成立日期"]) + row)})


@messy(PLAIN, name="花名册.xls")
def named_xls():
    """An xlsx whose ending somebody changed to xls."""
    return xlsx(*ROWS)


@messy(
    """
    row | township | name       | since      | people | code   | phone
    4   | 泉溪镇   | 泉溪镇商会 | 2024-03-01 | 30     | 007    | 13800000001
    5   | 泉溪镇   | 石桥镇商会 | 2024-03-01 | 12     | 420381 | 13800000002
    7   | 石桥镇   | 同心联谊会 | 2024-03-01 |        |        |
    """,
    name="花名册.xls",
    notes=["工作表“旧表”是隐藏的"],
)
def old_xls():
    """A workbook of Excel 97: a merged title, merged townships, a date cell, a day's number, 2024年3月, a blank row, 无."""
    return (DATA / "excel97.xls").read_bytes()


@messy(
    """
    row | name       | code | contact | phone
    3   | 泉溪镇商会 | 007  | 张某甲  | 13800000001
    """,
    name="花名册.et",
)
def old_xls_with_two_row_head():
    """The same of WPS, with a head of two rows."""
    return (DATA / "two_row_head.xls").read_bytes()


@messy(
    """
    row | name | people                   | phone
    2   |      | !公式结果是错误值 #N/A   |
    3   |      |                          | !公式结果是错误值 #N/A
    4   | 丙会 | 5                        |
    """,
    name="花名册.xls",
)
def failed_formulas_in_xls():
    """Formulas of Excel 97 that found nothing: =NA() and a VLOOKUP, beside one that works."""
    return (DATA / "failed_formulas.xls").read_bytes()


# CSV

LINES = "\r\n".join(",".join(row) for row in ROWS) + "\r\n"


@messy(PLAIN, name="花名册.csv")
def csv_with_bom():
    """CSV UTF-8 as Excel saves it."""
    return b"\xef\xbb\xbf" + LINES.encode()


@messy(PLAIN, name="花名册.csv")
def csv_without_bom():
    """CSV of another program: UTF-8 without BOM, lines that end in LF, the last one unended."""
    return LINES.replace("\r\n", "\n").strip().encode()


@messy(
    PLAIN.replace("石桥镇商会", "石桥㙍商会𠀀"),
    name="花名册.csv",
)
def csv_gb18030():
    """CSV as WPS saves it, with characters that only GB18030 has."""
    return LINES.replace("石桥镇商会", "石桥㙍商会𠀀").encode("gb18030")


@messy(PLAIN, name="花名册.txt")
def unicode_text():
    """Excel's “Unicode text”: UTF-16 with tabs."""
    return b"\xff\xfe" + LINES.replace(",", "\t").encode("utf-16-le")


@messy(PLAIN, name="花名册.csv")
def csv_with_semicolons():
    """CSV of a computer whose list separator is a semicolon."""
    return LINES.replace(",", ";").encode()


@messy(
    """
    row | name       | note          | contact
    3   | 泉溪镇商会 | 第一行,⏎第二行 | 张“某”甲
    5   | 石桥镇商会 |                | 李某乙
    """,
    name="花名册.csv",
)
def csv_with_breaks_in_cells():
    """A title, commas, quotes and line breaks inside cells, blank lines, commas that trail: the rows keep their numbers."""
    text = '一览表,,,,\r\n名称,备注,联系人,,\r\n泉溪镇商会,"第一行,\n第二行",张“某”甲,,\r\n,,,,\r\n石桥镇商会,,李某乙,,\r\n'
    return text.encode()


@messy(
    """
    row | name       | note      | contact
    2   | =1+1商会   | @同心     | -甲
    3   | '石桥商会  | +86       | 李'某
    """,
    name="花名册.csv",
)
def csv_of_this_portal():
    """What this portal's own export marked with an apostrophe comes back without it; other apostrophes stay."""
    return "名称,备注,联系人\n'=1+1商会,'@同心,'-甲\n'石桥商会,'+86,李'某\n".encode()


@messy(name="花名册.csv", refused="引号是否成对")
def csv_with_an_open_quote():
    """A quotation mark that is never closed would swallow the rows behind it."""
    return '名称,备注\n泉溪镇商会,"甲\n石桥镇商会,乙\n同心商会,丙\n'.encode()


# Nothing to read


@messy(refused="没有找到表头：应有一行写着名称等列名")
def no_head():
    """Rows without any heading."""
    return xlsx(*ROWS[1:])


@messy(refused="表头下面没有数据")
def head_alone():
    """A template that nobody filled in."""
    return xlsx(["基层统战组织"], HEAD, [])


@messy(refused="没有找到表头")
def empty_sheets():
    """A new workbook, saved by mistake."""
    return book({"Sheet1": [], "Sheet2": []})


@messy(name="花名册.csv", refused="文件是空的")
def empty_file():
    """A file of no content, as a broken transfer leaves it."""
    return b"\r\n"
