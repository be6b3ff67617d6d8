"""A refused upload given back: wrong cells red, the reasons in a last column; corrected, it can be uploaded again.

The user's own file is edited (fonts, widths, merged cells, drop-downs stay). One that is too large to edit, or that is no
xlsx, comes back as a new workbook of the rows. Both own columns are left out when the file is read again.
"""

import datetime as dt
import io
import math
import re
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import Any, BinaryIO, NamedTuple, cast

import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell, MergedCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet.worksheet import Worksheet

from portal.kit.tables import as_text
from portal.kit.workbooks.templates import (
    DATE_FORMAT,
    REQUIRED_MARK,
    TEXT_FORMAT,
    new_workbook,
    row_height,
    sheet_name,
    shown_width,
    write_text,
)

ERROR_HEADING, ROW_HEADING = "错误说明", "原行号"
OWN_HEADINGS = {ERROR_HEADING, ROW_HEADING}
MOST_ROWS = 5000  # openpyxl takes about 40 MB for 10,000 rows
MOST_JOINED = 200_000  # cells in merged ranges and links, each of which openpyxl makes a cell of
WIDTH, NARROWEST, WIDEST = 60, 10, 40
# Colours that nobody picks by hand, so that what was marked here can be told from what the user coloured.
WRONG_CELL, WRONG_ROW, HEAD = "FFFFC2C7", "FFFFECEE", "FFA61C28"
NO_REASON = "此行需要核对，原因请在网页上查看。"
NOTE = (
    "原文件的行数较多，这里只列出有问题的 {} 行，“原行号”是它们在原文件中的行号。"
    "请照着改正原文件后上传；其余各行已经导入的，也可以改好后直接上传这个文件。"
)
ROW_TAG = re.compile(rb"<(?:\w+:)?row[\s>/]")
JOINED = re.compile(rb"<(?:\w+:)?(?:mergeCell|hyperlink)\b[^>]*?\bref=[\"']\$?([A-Z]+\$?\d+:\$?[A-Z]+\$?\d+)")
UNREADABLE = (KeyError, ValueError, TypeError, AttributeError, IndexError, OSError, SyntaxError, zipfile.BadZipFile)

Said = Mapping[int | None, str]
Problems = Mapping[tuple[str, int], Said]


class NotEditable(Exception):
    """openpyxl cannot open the file, though it could be read; `returned_rows` gives back what was read."""


class Rejected(NamedTuple):
    """A sheet as it was read: its headings, (row number, cells), and at which 0-based column of the file each stands."""

    name: str
    heads: Sequence[str]
    rows: Sequence[tuple[int, Sequence[Any]]]
    columns: Sequence[int]


def returned_workbook(content: bytes, problems: Problems, headings: Mapping[str, tuple[int, int]]) -> BinaryIO:
    """The user's xlsx with its wrong cells marked; beyond MOST_ROWS a new one with the wrong rows. At its start.

    problems: (sheet, 1-based row) → 0-based column, or None for the row → words. headings: sheet → 1-based row of the
    headings, number of columns. Raises NotEditable.
    """
    by_sheet: dict[str, dict[int, Said]] = defaultdict(dict)
    for (name, number), said in problems.items():
        by_sheet[name][number] = said
    try:
        if _is_large(content):
            return _write_rows(_wrong_rows(content, by_sheet, headings), problems, noted=True)
        workbook = openpyxl.load_workbook(io.BytesIO(content), rich_text=True)
        for name, (row, width) in headings.items():
            _mark(workbook[name], row, width, by_sheet[name])
        for page in workbook.worksheets:
            _size_comments(page)
    except UNREADABLE as error:
        raise NotEditable from error
    return _saved(workbook.save)


def returned_rows(
    sheets: Iterable[tuple[str, Sequence[str], Sequence[tuple[int, Sequence[Any]]], Sequence[int]]], problems: Problems
) -> BinaryIO:
    """A new workbook of rows that were read from an xls or a csv file (see Rejected): all, or beyond MOST_ROWS the wrong."""
    given = [Rejected(*sheet) for sheet in sheets]
    large = sum(len(sheet.rows) for sheet in given) > MOST_ROWS
    if large:
        wrong = [[row for row in sheet.rows if (sheet.name, row[0]) in problems] for sheet in given]
        given = [sheet._replace(rows=rows) for sheet, rows in zip(given, wrong, strict=True)]
    return _write_rows(given, problems, noted=large)


def _saved(save: Callable[[Any], Any]) -> BinaryIO:
    target = tempfile.TemporaryFile()  # noqa: SIM115 - the caller closes it
    save(target)
    target.seek(0)
    return cast(BinaryIO, target)


def _is_large(content: bytes) -> bool:
    """Whether a sheet has more rows, or more cells joined together, than openpyxl should hold."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        for name in package.namelist():
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                sheet = package.read(name)
                joined = sum(_area(found.decode()) for found in JOINED.findall(sheet))
                if len(ROW_TAG.findall(sheet)) > MOST_ROWS + 1 or joined > MOST_JOINED:
                    return True
    return False


def _area(cells: str) -> int:
    left, top, right, bottom = cast(tuple[int, int, int, int], range_boundaries(cells))
    return (right - left + 1) * (bottom - top + 1)


# the user's own file


def _mark(page: Worksheet, head: int, width: int, found: Mapping[int, Said]) -> None:
    """Take away what an earlier return marked, then mark what is wrong now."""
    earlier = _heading_column(page, head)
    _clean(page, head, earlier)
    if not found:
        return
    own = earlier or _free_column(page, head, width)
    _write_heading(page, head, own)
    heads = {index: _plain(page.cell(head, index + 1).value) for index in range(width) if index + 1 != own}
    for number, said in found.items():
        _mark_row(page, number, said, heads)
        _write_reason(page, number, own, _reason(said, heads))


def _size_comments(page: Worksheet) -> None:
    """openpyxl keeps the words of comments, not the size of their boxes."""
    for cell in page._cells.values():
        if cell.comment:
            lines = sum(1 + len(line) // 20 for line in cell.comment.text.splitlines())
            cell.comment.width, cell.comment.height = 300, 18 * lines + 12


def _heading_column(page: Worksheet, head: int) -> int:
    """The 1-based column of an earlier return's reasons; 0 for none."""
    heads = ((at, _plain(cell.value)) for (row, at), cell in page._cells.items() if row == head)
    return next((at for at, label in heads if label == ERROR_HEADING), 0)


def _free_column(page: Worksheet, head: int, width: int) -> int:
    """The first column right of the table in which nothing is written or merged."""
    below = ((at, cell) for (row, at), cell in page._cells.items() if row >= head)
    used = {at for at, cell in below if cell.value is not None or isinstance(cell, MergedCell)}
    return next(at for at in range(width + 1, width + len(used) + 2) if at not in used)


def _clean(page: Worksheet, head: int, own: int) -> None:
    """Empty the column of reasons and take the colours away that only this module uses."""
    fills = cast(Any, page.parent)._fills
    colours = [getattr(fill, "fgColor", None) for fill in fills]  # a gradient has none
    ours = {index for index, colour in enumerate(colours) if colour and colour.rgb in {WRONG_CELL, WRONG_ROW}}
    for (row, at), cell in page._cells.items():
        if row > head:
            if at == own and isinstance(cell, Cell):
                cell.value = None
            if cell._style.fillId in ours:
                cell.fill = PatternFill()


def _mark_row(page: Worksheet, number: int, said: Said, heads: Iterable[int]) -> None:
    if None in said or not said:
        for index in heads:
            _cell(page, number, index + 1).fill = PatternFill("solid", fgColor=WRONG_ROW)
    for wrong in said:
        if wrong is not None:
            _cell(page, number, wrong + 1).fill = PatternFill("solid", fgColor=WRONG_CELL)


def _cell(page: Worksheet, row: int, column: int) -> Cell:
    """The cell that is seen there: of a merged range its first; a new one looks as its column does (a text stays a text)."""
    if (row, column) not in page._cells:
        made = page.cell(row, column)
        style = next((held for held in page.column_dimensions.values() if _covers(held, column)), None)
        if style is not None:
            made._style = copy(style._style)
    cell = page.cell(row, column)
    if isinstance(cell, MergedCell):
        around = next(ranged for ranged in page.merged_cells.ranges if cell.coordinate in ranged)
        cell = page.cell(around.min_row, around.min_col)
    return cast(Cell, cell)


def _write_heading(page: Worksheet, head: int, own: int) -> None:
    _separate(page, own)
    held = page.column_dimensions[get_column_letter(own)]
    held.width, held.hidden = WIDTH, False
    cell = _text(page, head, own, ERROR_HEADING)
    cell.font, cell.fill = Font(bold=True, color="FFFFFFFF"), PatternFill("solid", fgColor=HEAD)
    cell.alignment = Alignment(horizontal="center", vertical="center")


def _write_reason(page: Worksheet, number: int, own: int, words: str) -> None:
    cell = _text(page, number, own, words)
    cell.fill, cell.font = PatternFill("solid", fgColor=WRONG_ROW), Font(color=HEAD)
    cell.alignment = Alignment(wrap_text=True, vertical="center")
    held: Any = page.row_dimensions[number]
    held.height = max(held.height or 0, row_height([words], [WIDTH]))


def _text(page: Worksheet, row: int, column: int, words: str) -> Cell:
    """A cell that holds words, whatever they begin with."""
    cell = cast(Cell, page.cell(row, column))
    cell.value = ILLEGAL_CHARACTERS_RE.sub("", words)
    cell.data_type, cell.quotePrefix = "s", True
    return cell


def _covers(held: Any, column: int) -> bool:
    held.reindex()
    return held.min <= column <= held.max


def _separate(page: Worksheet, column: int) -> None:
    """Give a column a width of its own: where one entry spans several (WPS: to the last), an overlapping one breaks the file."""
    held = next((held for held in page.column_dimensions.values() if _covers(held, column)), None)
    if held is None or held.min == held.max:
        return
    first, last = held.min, held.max
    del page.column_dimensions[held.index]
    for start, end in ((first, column - 1), (column, column), (column + 1, last)):
        if start <= end:
            part = copy(held)
            part.index, part.min, part.max = get_column_letter(start), start, end
            page.column_dimensions[part.index] = part


# words


def _plain(value: Any) -> str:
    """A heading as one line, without the mark of required columns."""
    return "".join(str(value or "").split()).strip(f"{REQUIRED_MARK}*")


def _reason(said: Said, heads: Mapping[int, str]) -> str:
    """All that is wrong with a row, each with its column's heading."""
    parts = []
    for index, words in sorted(said.items(), key=lambda item: -1 if item[0] is None else item[0]):
        label = heads.get(index, "") if index is not None else ""
        parts.append(f"{label}：{words}" if label and label not in words else words)
    return "\n".join(parts) or NO_REASON


# a new file


def _wrong_rows(
    content: bytes, found: Mapping[str, Mapping[int, Said]], headings: Mapping[str, tuple[int, int]]
) -> Iterator[Rejected]:
    """The wrong rows of a large xlsx, read as a stream."""
    workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    for name, (head, width) in headings.items():
        wrong = found.get(name)
        if not wrong:
            continue
        page = workbook[name]
        page.reset_dimensions()
        heads: list[str] = []
        rows = []
        for number, cells in enumerate(page.iter_rows(max_col=width, max_row=max(wrong), values_only=True), 1):
            if number == head:
                heads = [as_text(cell) for cell in cells]
            elif number in wrong:
                rows.append((number, list(cells)))
        yield Rejected(name, heads, rows, range(width))


def _write_rows(sheets: Iterable[Rejected], problems: Problems, *, noted: bool) -> BinaryIO:
    def save(target: Any) -> None:
        with new_workbook(target) as workbook:
            styles = _Styles(workbook)
            for sheet in sheets:
                _write_sheet(workbook.add_worksheet(sheet_name(sheet.name)), sheet, problems, styles, noted)

    return _saved(save)


def _write_sheet(page: Any, sheet: Rejected, problems: Problems, styles: "_Styles", noted: bool) -> None:
    kept = [at for at, label in enumerate(sheet.heads) if _plain(label) not in OWN_HEADINGS]
    heads = {sheet.columns[at]: _plain(sheet.heads[at]) for at in kept}
    top = 1 if noted else 0
    if noted:  # rows are written downwards: what lies above has left memory
        write_text(page, 0, 0, NOTE.format(len(sheet.rows)), styles.of("note"))
    _set_page(page, [sheet.heads[at] for at in kept], top, styles)
    for row, (number, cells) in enumerate(sheet.rows, top + 1):
        said = problems.get((sheet.name, number))
        page.write_number(row, 0, number, styles.of("number"))
        for place, at in enumerate(kept, 1):
            value = cells[at] if at < len(cells) else None
            _write_value(page, row, place, value, _colour(said, sheet.columns[at]), styles)
        if said is not None:
            words = _reason(said, heads)
            write_text(page, row, len(kept) + 1, words, styles.of("reason", WRONG_ROW))


def _set_page(page: Any, heads: Sequence[str], top: int, styles: "_Styles") -> None:
    labels = [ROW_HEADING, *heads, ERROR_HEADING]
    for index, label in enumerate(labels):
        width = WIDTH if label == ERROR_HEADING else min(max(shown_width(label) + 4, NARROWEST), WIDEST)
        page.set_column(index, index, width)
    page.freeze_panes(top + 1, 1)
    page.set_row(top, 32)
    for index, label in enumerate(labels):
        write_text(page, top, index, label, styles.of("head"))


def _colour(said: Said | None, column: int) -> str:
    if said is None:
        return ""
    return WRONG_CELL if column in said else WRONG_ROW if None in said or not said else ""


def _write_value(page: Any, row: int, column: int, value: Any, colour: str, styles: "_Styles") -> None:
    if isinstance(value, dt.datetime) and value.tzinfo is None and value.time() == dt.time():
        value = value.date()
    if value is None or value == "":
        page.write_blank(row, column, None, styles.of("text", colour))
    elif isinstance(value, dt.date) and value.year >= 1900 and getattr(value, "tzinfo", None) is None:
        page.write_datetime(
            row, column, value, styles.of("moment" if isinstance(value, dt.datetime) else "day", colour)
        )
    elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        page.write_number(row, column, value, styles.of("number", colour))
    else:
        text = str(value) if isinstance(value, dt.datetime) else as_text(value)
        write_text(page, row, column, text, styles.of("text", colour))


class _Styles:
    """The formats of a new workbook, made when first used."""

    LOOKS: Mapping[str, Mapping[str, Any]] = {
        "text": {"num_format": TEXT_FORMAT}, "day": {"num_format": DATE_FORMAT}, "moment": {"num_format": f"{DATE_FORMAT} hh:mm"},
        "number": {}, "note": {"bold": True, "font_color": f"#{HEAD[2:]}"},
        "reason": {"num_format": TEXT_FORMAT, "text_wrap": True, "font_color": f"#{HEAD[2:]}"},
        "head": {"bold": True, "font_color": "#FFFFFF", "bg_color": f"#{HEAD[2:]}", "align": "center", "text_wrap": True},
    }  # fmt: skip

    def __init__(self, workbook: Any):
        self.workbook = workbook
        self.made: dict[tuple[str, str], Any] = {}

    def of(self, look: str, colour: str = "") -> Any:
        if (look, colour) not in self.made:
            shade = {"bg_color": f"#{colour[2:]}"} if colour else {}
            self.made[look, colour] = self.workbook.add_format({"valign": "vcenter", **self.LOOKS[look], **shade})
        return self.made[look, colour]
