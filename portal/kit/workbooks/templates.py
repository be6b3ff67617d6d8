"""The workbook that people fill in: headings, a sample row, drop-downs from the dictionaries, and a sheet of advice.

The headings are not protected: sheet protection also stops people who sort, paste whole columns or widen them (WPS above
all), and its password is known within a day. They only look locked, by their colour and frozen row, and a validation
that is never true refuses to overtype them; whoever moves a column or hides one is not hindered.
"""

import datetime as dt
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from itertools import chain, zip_longest
from typing import Any, BinaryIO, NamedTuple, cast
from xml.sax.saxutils import escape

import xlsxwriter
from xlsxwriter.utility import xl_col_to_name

from portal.kit.tables import as_text
from portal.kit.workbooks.columns import Column, Kind

REQUIRED_MARK = "＊"
GUIDE_SHEET, OPTIONS_SHEET = "填写说明", "选项"  # sheets that hold no records
OPTION_NAME = "选项_"
ROOM = 5000  # empty rows that get drop-downs and checks
INLINE = 255  # characters of a drop-down that stands in the cell's own rule
NAMED = 30  # values that a heading's comment spells out
WIDEST = 48
DATE_FORMAT = "yyyy-mm-dd"
TEXT_FORMAT = 49  # Excel's own @
# A year typed alone is a day number for Excel (2024 is 1905-07-16): below the first day such numbers are refused.
FIRST_DAY, LAST_DAY = dt.date(1910, 1, 1), dt.date(2099, 12, 31)
LARGEST = 999_999_999
YES_NO = ("是", "否")
SAMPLE_WORDS = "这是示例行，导入时自动跳过。可以删去这一行，也可以直接改写成自己的内容。"
FREE = {Kind.TEXT, Kind.CODE, Kind.PHONE, Kind.CHOICES}  # what the help says is enough
TELLING = {Kind.TEXT, Kind.CODE, Kind.PHONE, Kind.REFERENCE}
NUMERIC = {Kind.NUMBER, Kind.DECIMAL}
CELLS: Mapping[Kind, Mapping[str, Any]] = {
    Kind.DATE: {"num_format": DATE_FORMAT, "align": "center"}, Kind.YES_NO: {"num_format": TEXT_FORMAT, "align": "center"},
    Kind.NUMBER: {"num_format": "0", "align": "right", "indent": 1},
    Kind.DECIMAL: {"num_format": "General", "align": "right", "indent": 1},
}  # fmt: skip
HOW = {
    Kind.TEXT: "按实际填写。", Kind.CODE: "按文本填写，开头的 0 不会丢失。", Kind.PHONE: "按文本填写，如 13800000001。",
    Kind.DATE: "填日期，写成 2024-03-01。", Kind.NUMBER: "填整数，不带单位。", Kind.DECIMAL: "填数字，不带单位。",
    Kind.YES_NO: "从下拉列表中选“是”或“否”。", Kind.CHOICE: "从下拉列表中选一项。", Kind.CHOICES: "可以填几项，用顿号“、”隔开。",
    Kind.REFERENCE: "从下拉列表中选，也可以直接填全称。",
}  # fmt: skip
GENERAL = (
    "一行填一条记录，中间不要留标题行、合计行，不要合并单元格。",
    "标题带“＊”的是必填栏，其余各栏没有内容的可以空着。",
    "日期写成 2024-03-01；电话、编号照原样填写，不要带单位和说明。",
    "不要改动标题的文字，不要删去列；各列的先后可以调整。",
    "填完后保存为 xlsx 文件再上传。上传后先核对，有错误会逐行说明；没有确认以前不会写入。",
)
SAMPLE_GUIDE = "第 2 行灰色斜体的是示例，导入时自动跳过，可以删去，也可以直接改写。"
GUIDE = (("栏目", 20), ("是否必填", 10), ("怎样填写", 44), ("可填内容", 44), ("示例", 18))
FONT = {"font_name": "宋体", "font_size": 11, "font_scheme": "none"}
CREATED = dt.datetime(2024, 1, 1)  # the same for all, so that equal templates are equal files
WHITE = "#FFFFFF"
HEAD = {"bold": True, "font_color": WHITE, "align": "center", "text_wrap": True, "border": 1, "border_color": WHITE}
HEAD_HEIGHT, TALLEST = 32, 400  # points; no row may be taller than 409
REQUIRED, OPTIONAL, GREY, LINE = "#A61C28", "#5B6472", "#7A828E", "#C9CED6"
AUTHOR = "同心统战工作平台"
COMMENT_LINE = 20  # characters of a comment's line
COMMENT = {"width": 300, "font_name": "宋体", "font_size": 10, "color": "#FFFBE6"}
EXCEL_BEGINS = 1900

HEAD_RULE = {
    "validate": "custom", "value": "=1=0", "error_title": "请不要改动标题", "ignore_blank": False,
    "error_message": "上传时按标题文字识别各列。请点“取消”；列的先后可以调整。",
}  # fmt: skip
CLOSED_RULE = {
    "validate": "list", "error_title": "请从下拉列表中选择",
    "error_message": "“{}”只能填下拉列表中的内容。请点“取消”，再点单元格右侧的箭头选择。",
}  # fmt: skip
OPEN_RULE = {
    "validate": "list", "error_title": "下拉列表中没有", "error_type": "warning",
    "error_message": "“{}”的下拉列表中没有这个名称。请核对有没有错字；确认没有写错的，可以保留，上传时再核对。",
}  # fmt: skip
RULES: Mapping[Kind, Mapping[str, Any]] = {
    Kind.DATE: {
        "validate": "date", "criteria": "between", "minimum": FIRST_DAY, "maximum": LAST_DAY, "error_title": "请填写日期",
        "error_message": "“{}”要填年月日俱全的日期，写成 2024-03-01。请点“重试”改正。",
    },
    Kind.NUMBER: {
        "validate": "integer", "criteria": "between", "minimum": -LARGEST, "maximum": LARGEST, "error_title": "请填写整数",
        "error_message": "“{}”只能填整数，不带单位和小数，例如 12。请点“重试”改正。",
    },
    Kind.DECIMAL: {
        "validate": "decimal", "criteria": "between", "minimum": -LARGEST, "maximum": LARGEST, "error_title": "请填写数字",
        "error_message": "“{}”只能填数字，不带单位，例如 12.5。请点“重试”改正。",
    },
}  # fmt: skip

Options = Mapping[str, Sequence[str] | Mapping[str, Sequence[str]]]


def template_workbook(
    label: str,
    columns: Sequence[Column],
    options: Options,
    rows: Iterable[Sequence[Any]] = (),
    words: Sequence[str] = (),
) -> BinaryIO:
    """A temporary file, at its start, that holds the template of `columns`, with `rows` (in their order) or a sample.

    options: by column name, what a REFERENCE column offers; for a column `within` another, by that one's values. words:
    what this register says besides the general advice. Equal arguments give equal bytes; memory does not grow with rows.
    """
    target = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    given = iter(rows)
    first = next(given, None)
    with new_workbook(target) as workbook:
        sheet = _Template(workbook, label, columns, options, updating=first is not None)
        sheet.fill(chain([first], given) if first is not None else ())
        sheet.guide(words)
        sheet.lists.write()
    target.seek(0)
    return cast(BinaryIO, target)


def is_sample(cells: Sequence[Any], columns: Sequence[Column]) -> bool:
    """Whether a row that was read is the template's sample row; `cells` in the order of `columns`, None for an absent one.

    Columns may have been deleted: what is left must equal the samples, an invented name or number among it (a kind or a
    date alone is what a real row may say), or all of them where no column has one.
    """
    filled: list[tuple[Column, str]] = []
    for column, cell in zip(columns, cells, strict=True):
        text = _comparable(column, cell)
        if text and text != _comparable(column, column.sample):
            return False
        filled.append((column, text))
    telling = [text for column, text in filled if column.sample and column.kind in TELLING]
    return (
        any(telling) if telling else all(text for column, text in filled if column.sample) and any(t for _, t in filled)
    )


@contextmanager
def new_workbook(target: Any) -> Iterator[Any]:
    """A workbook of XlsxWriter that streams; its working files are gone afterwards, whatever happened."""
    with tempfile.TemporaryDirectory() as folder:
        options = {"constant_memory": True, "tmpdir": folder, "default_format_properties": {**FONT}}  # it changes them
        workbook = xlsxwriter.Workbook(target, options)
        yield workbook
        workbook.close()


def heading(column: Column) -> str:
    """A column's heading as the template shows it."""
    return f"{column.label}{REQUIRED_MARK}" if column.required else column.label


def sheet_name(name: str) -> str:
    """A name that every program takes for a sheet: at most 31 characters, none of []:*?/\\ and no ' around it."""
    return "".join("·" if char in "[]:*?/\\" else char for char in name)[:31].strip("'") or "数据"


def write_text(page: Any, row: int, column: int, text: str, style: Any = None) -> None:
    """Text as text: no formula, no link; XlsxWriter would take a text in <r>…</r> for its own markup."""
    if text.startswith("<r>") and text.endswith("</r>"):
        text = f'<r><t xml:space="preserve">{escape(text)}</t></r>'
    page.write_string(row, column, text, style)


def allowed(column: Column) -> list[str]:
    """The values of a closed list, as people write them."""
    if column.kind == Kind.YES_NO:
        return list(YES_NO)
    return [str(label) for value, label in column.choices if value not in {"", None}]


def shown_width(text: str) -> int:
    """The width of a text in the unit of columns; a Chinese character is two wide."""
    return sum(2 if char > "\xff" else 1 for char in text)


def _typed(column: Column, text: str) -> Any:
    """A sample as the cell that Excel would make of it."""
    try:
        if column.kind == Kind.DATE:
            return dt.date.fromisoformat(text)
        if column.kind in NUMERIC:
            return Decimal(text)
    except (ValueError, InvalidOperation):
        pass
    return text


def _comparable(column: Column, value: Any) -> str:
    """A cell so that what was written and what a program made of it are equal."""
    value = _typed(column, value.strip()) if isinstance(value, str) else value
    if isinstance(value, dt.datetime):
        value = value.date()
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        value = f"{Decimal(str(value)).normalize():f}"
    return as_text(value)


class _List(NamedTuple):
    """A named range of the sheet of options; `above` names the range of what each item belongs to."""

    name: str
    above: str = ""


class _Lists:
    """The hidden sheet: a column a list. Rules know lists by name alone: Excel keeps those of another sheet's cells apart
    (extLst), where WPS and openpyxl do not find them."""

    def __init__(self, workbook: Any):
        self.workbook = workbook
        self.columns: list[tuple[str, list[str]]] = []

    def add(self, items: Iterable[str]) -> _List:
        return _List(self._put(list(dict.fromkeys(filter(None, items)))))

    def add_within(self, options: Mapping[str, Sequence[str]]) -> _List:
        """Each item beside its parent; a parent that has none keeps an empty line, lest it were offered those of others."""
        pairs = [(above, item) for above, items in options.items() for item in (dict.fromkeys(items) or [""])]
        above = self._put([pair[0] for pair in pairs])
        return _List(self._put([pair[1] for pair in pairs]), above)

    def _put(self, items: list[str]) -> str:
        name = f"{OPTION_NAME}{len(self.columns) + 1}"
        self.columns.append((name, items))
        return name

    def write(self) -> None:
        if not self.columns:
            return
        page = self.workbook.add_worksheet(OPTIONS_SHEET)
        page.hide()
        text = self.workbook.add_format({"num_format": TEXT_FORMAT})
        for index, (name, items) in enumerate(self.columns):
            letter = xl_col_to_name(index)
            self.workbook.define_name(name, f"={OPTIONS_SHEET}!${letter}$2:${letter}${len(items) + 1}")
        lines = chain([[name for name, _ in self.columns]], zip_longest(*(items for _, items in self.columns)))
        for number, line in enumerate(lines):
            for index, value in enumerate(line):
                if value:
                    write_text(page, number, index, value, text)


class _Template:
    """A template on its way into a file; the sheet of records is written row after row and kept nowhere."""

    def __init__(self, workbook: Any, label: str, columns: Sequence[Column], options: Options, *, updating: bool):
        self.workbook = workbook
        self.workbook.set_properties({"title": label, "created": CREATED})
        self.label, self.options, self.updating = label, options, updating
        self.columns = [column for column in columns if updating or not column.shown]
        self.places = {column.name: index for index, column in enumerate(self.columns)}
        self.lists = _Lists(self.workbook)
        self.page = self.workbook.add_worksheet(sheet_name(label))
        self.styles = [self._cell_style(column) for column in self.columns]

    def fill(self, rows: Iterable[Sequence[Any]]) -> None:
        """The sheet of records: headings, then the rows or the sample, then room for more."""
        self._set_page()
        self._write_heads()
        if not self.updating:
            self._write_sample()
        last = 0
        for last, row in enumerate(rows, 1):
            for index, value in enumerate(row):
                self._write(last, index, value, self.styles[index])
        for index in range(len(self.columns)):
            self._check(index, last + ROOM)

    def guide(self, words: Sequence[str]) -> None:
        """The sheet that says how each column is filled in, then what holds for all."""
        page = self.workbook.add_worksheet(GUIDE_SHEET)
        self._guide_heads(page)
        style = {"text_wrap": True, "border": 1, "border_color": LINE, "num_format": TEXT_FORMAT}
        styles = [self._style(**style, bold=True), *[self._style(**style)] * (len(GUIDE) - 1)]
        for number, column in enumerate(self.columns, 1):
            line = self._advice(column)
            page.set_row(number, row_height(line, [width for _, width in GUIDE]))
            for index, text in enumerate(line):
                write_text(page, number, index, text, styles[index])
        self._guide_words(page, [*GENERAL, *([] if self.updating else [SAMPLE_GUIDE]), *words])

    def _guide_heads(self, page: Any) -> None:
        head = self._style(**HEAD, bg_color=OPTIONAL)
        page.set_row(0, HEAD_HEIGHT)
        for index, (title, width) in enumerate(GUIDE):
            page.set_column(index, index, width)
            write_text(page, 0, index, title, head)
        page.freeze_panes(1, 0)
        page.repeat_rows(0)
        page.set_landscape()
        _print_on_a4(page)

    def _guide_words(self, page: Any, words: Iterable[str]) -> None:
        style, whole = self._style(text_wrap=True), sum(width for _, width in GUIDE)
        for number, text in enumerate(words, 1):
            row = len(self.columns) + 1 + number
            line = f"{number}．{text}"
            page.set_row(row, row_height([line], [whole]))
            page.merge_range(row, 0, row, len(GUIDE) - 1, "", style)
            write_text(page, row, 0, line, style)

    def _style(self, **properties: Any) -> Any:
        return self.workbook.add_format({"valign": "vcenter", **properties})

    def _cell_style(self, column: Column, **properties: Any) -> Any:
        if column.shown:
            properties["font_color"] = GREY
        return self._style(**CELLS.get(column.kind, {"num_format": TEXT_FORMAT}), **properties)

    def _set_page(self) -> None:
        for index, column in enumerate(self.columns):
            width = min(max(column.width, shown_width(heading(column)) + 2), WIDEST)
            self.page.set_column(index, index, width, self.styles[index])
        self.page.freeze_panes(1, 0)
        self.page.repeat_rows(0)
        _print_on_a4(self.page)
        self.page.hide_gridlines(0)
        if len(self.columns) > 6:
            self.page.set_landscape()
        self.page.ignore_errors({"number_stored_as_text": "A1:XFD1048576"})
        self.page.set_comments_author(AUTHOR)

    def _write_heads(self) -> None:
        colours = {True: REQUIRED, False: OPTIONAL}
        styles = {needed: self._style(**HEAD, bg_color=colour) for needed, colour in colours.items()}
        self.page.set_row(0, HEAD_HEIGHT)
        for index, column in enumerate(self.columns):
            write_text(self.page, 0, index, heading(column), styles[column.required])
            self._comment(0, index, self._help(column))
        self.page.data_validation(0, 0, 0, len(self.columns) - 1, HEAD_RULE)

    def _write_sample(self) -> None:
        for index, column in enumerate(self.columns):
            style = self._cell_style(column, italic=True, font_color=GREY)
            self._write(1, index, _typed(column, column.sample), style)
        self._comment(1, 0, SAMPLE_WORDS)

    def _write(self, row: int, index: int, value: Any, style: Any) -> None:
        kind = self.columns[index].kind
        if value is None or value == "":
            return
        if kind == Kind.DATE and isinstance(value, dt.date) and value.year >= EXCEL_BEGINS:
            self.page.write_datetime(row, index, value, style)
        elif kind in NUMERIC and isinstance(value, int | float | Decimal):
            self.page.write_number(row, index, value, style)
        else:
            text = "、".join(map(str, value)) if isinstance(value, list | tuple) else as_text(value)
            write_text(self.page, row, index, text, style)

    def _comment(self, row: int, index: int, text: str) -> None:
        lines = sum(1 + len(line) // COMMENT_LINE for line in text.splitlines())
        self.page.write_comment(row, index, text, {**COMMENT, "height": 18 * lines + 12})

    def _check(self, index: int, last: int) -> None:
        """The rule of a column's cells, down to row `last`."""
        column = self.columns[index]
        rule = RULES.get(column.kind)
        if column.kind == Kind.REFERENCE:
            rule = self._reference_rule(column)
        elif column.kind in {Kind.CHOICE, Kind.YES_NO} and allowed(column):
            rule = self._closed_rule(column)
        if rule and not column.shown:
            message = str(rule["error_message"]).replace("{}", column.label)
            self.page.data_validation(1, index, last, index, {**rule, "error_message": message})

    def _closed_rule(self, column: Column) -> dict[str, Any]:
        values = allowed(column)
        source: Any = values if _fits_inline(values) else f"={self.lists.add(values).name}"
        return {**CLOSED_RULE, "source": source}

    def _reference_rule(self, column: Column) -> dict[str, Any] | None:
        """A drop-down of names; of those that belong to the cell before where they are known by it, else of all."""
        offered = self.options.get(column.name)
        if not offered:
            return None
        if not isinstance(offered, Mapping):
            return {**OPEN_RULE, "source": f"={self.lists.add(offered).name}"}
        if column.within not in self.places:
            return {**OPEN_RULE, "source": f"={self.lists.add(chain.from_iterable(offered.values())).name}"}
        within = self.columns[self.places[column.within]].label
        message = f"请先填“{within}”。{OPEN_RULE['error_message']}"
        return {**OPEN_RULE, "error_message": message, "source": self._dependent(column.within, offered)}

    def _dependent(self, within: str, offered: Mapping[str, Sequence[str]]) -> str:
        """Unlike INDIRECT, which asks that every parent be the name of a range, this takes any name: 2 号街道（新）."""
        name, above = self.lists.add_within(offered)
        cell = f"${xl_col_to_name(self.places[within])}2"
        found = f"COUNTIF({above},{cell})"
        return f'=IF({found}=0,{name},OFFSET({name},MATCH({cell}&"",{above},0)-1,0,{found},1))'

    def _advice(self, column: Column) -> list[str]:
        """A line of the guide: heading, whether required, how, the values, an example."""
        if column.shown:
            return [column.label, "不填", "系统填好的，供对照；改了也不会导入。", "", ""]
        values, offered = allowed(column), self.options.get(column.name)
        if not values and offered:
            items = chain.from_iterable(offered.values()) if isinstance(offered, Mapping) else offered
            values = [f"见下拉列表，共 {len(list(items))} 项。"]
        return [column.label, _need(column), self._how(column), "、".join(values), column.sample]

    def _how(self, column: Column) -> str:
        how = "" if column.help and column.kind in FREE else HOW[column.kind]
        if column.within in self.places:
            how = f"先填“{self.columns[self.places[column.within]].label}”，再{how}"
        return "。".join(filter(None, (column.help.rstrip("。"), how))) or how

    def _help(self, column: Column) -> str:
        """The comment of a heading."""
        if column.shown:
            return self._advice(column)[2]
        values = allowed(column)
        named = f"\n可填：{'、'.join(values)}" if len(values) <= NAMED else f"\n可填内容见工作表“{GUIDE_SHEET}”。"
        return f"{_need(column)}。{self._how(column)}{named if values else ''}"


def _need(column: Column) -> str:
    return "必填" if column.required else "选填"


def _fits_inline(values: Sequence[str]) -> bool:
    """Whether a list may stand in the rule itself, where a comma parts two values and spaces around them are lost."""
    size = len(",".join(values).encode("utf-16-le")) // 2
    return size <= INLINE and not any("," in value or '"' in value or value != value.strip() for value in values)


def row_height(texts: Sequence[str], widths: Sequence[int]) -> int:
    """A row's height in points that shows wrapped texts whole."""
    lines = [1 + shown_width(text) // (width - 1) for text, width in zip(texts, widths, strict=True)]
    return min(16 * max(lines) + 6, TALLEST)


def _print_on_a4(page: Any) -> None:
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    page.set_footer("&C第 &P 页，共 &N 页")
