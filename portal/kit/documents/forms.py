"""Forms that somebody made in Excel, WPS or Word: their placeholders found, and filled without touching how they look.

A placeholder is a name in double braces: {{组织名称}}. One with a point, {{成员.姓名}}, belongs to a list: its row is repeated for each item.
"""

import datetime as dt
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from copy import copy, deepcopy
from decimal import Decimal
from typing import Any, NamedTuple, cast

import openpyxl
from docx import Document
from docx.table import Table
from docx.text.paragraph import Paragraph
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell, MergedCell
from openpyxl.utils import get_column_letter
from openpyxl.utils.cell import range_boundaries
from openpyxl.worksheet.worksheet import Worksheet

PLACEHOLDER = re.compile(r"[{｛]{2}\s*([^{}｛｝]{1,60}?)\s*[}｝]{2}")
LIST_MARK = "."
DATE_FORMAT = "yyyy-mm-dd"

Values = Mapping[str, Any]
Lists = Mapping[str, Sequence[Values]]


class Found(NamedTuple):
    """A placeholder, and where it stands as a person finds it."""

    name: str
    where: str


def placeholders(content: bytes, ending: str) -> list[Found]:
    """Every placeholder of an xlsx or docx form, in the order in which they stand."""
    return list(_in_workbook(content) if ending == "xlsx" else _in_document(content))


def fill(content: bytes, ending: str, values: Values, lists: Lists) -> bytes:
    """The form with its placeholders filled; a list without items leaves its row once, empty."""
    return _fill_workbook(content, values, lists) if ending == "xlsx" else _fill_document(content, values, lists)


def list_of(name: str) -> str:
    """The list to which a placeholder belongs; "" for none."""
    head, mark, _ = name.partition(LIST_MARK)
    return head if mark else ""


def shown(value: Any) -> str:
    """A value within a text."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value:f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"
    return ILLEGAL_CHARACTERS_RE.sub("", str(value))


def _names(text: Any) -> list[str]:
    return PLACEHOLDER.findall(text) if isinstance(text, str) else []


def _replaced(text: str, values: Values) -> str:
    return PLACEHOLDER.sub(lambda found: shown(values.get(found[1])), text)


def _items(lists: Lists, name: str) -> list[dict[str, Any]]:
    """The items of a list by full placeholder name; one empty item where there is none."""
    items = [{f"{name}{LIST_MARK}{key}": value for key, value in item.items()} for item in lists.get(name, ())]
    return items or [{}]


# xlsx


def _in_workbook(content: bytes) -> Iterator[Found]:
    for page in openpyxl.load_workbook(io.BytesIO(content)).worksheets:
        for row in page.iter_rows():
            for cell in row:
                for name in _names(cell.value):
                    yield Found(name, f"工作表“{page.title}”单元格 {cell.coordinate}")


def _fill_workbook(content: bytes, values: Values, lists: Lists) -> bytes:
    book = openpyxl.load_workbook(io.BytesIO(content))
    for page in book.worksheets:
        for number in range(page.max_row, 0, -1):  # upwards: what is inserted does not move what is still to come
            _fill_row(page, number, values, lists)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _fill_row(page: Worksheet, number: int, values: Values, lists: Lists) -> None:
    cells = [cell for cell in page[number] if isinstance(cell, Cell) and _names(cell.value)]
    listed = next((list_of(name) for cell in cells for name in _names(cell.value) if list_of(name)), "")
    if not listed:
        for cell in cells:
            _set(cell, values)
        return
    items = _items(lists, listed)
    _repeat(page, number, len(items) - 1)
    for offset, item in enumerate(items):
        for cell in page[number + offset]:
            if isinstance(cell, Cell) and _names(cell.value):
                _set(cell, {**values, **item})


def _set(cell: Cell, values: Values) -> None:
    """A cell that is one placeholder alone becomes a date or a number, any other a text that computes nothing."""
    text = str(cell.value)
    alone = PLACEHOLDER.fullmatch(text.strip())
    value = values.get(alone[1]) if alone else None
    if isinstance(value, int | float | Decimal | dt.date) and not isinstance(value, bool):
        cell.value = value
        if isinstance(value, dt.date) and cell.number_format in {"General", "@"}:
            cell.number_format = DATE_FORMAT
        return
    said = _replaced(text, values)
    cell.value = said or None
    if said:
        cell.data_type = "s"
        cell.quotePrefix = said.startswith(("=", "+", "-", "@"))


def _repeat(page: Worksheet, number: int, more: int) -> None:
    """Copies of a row right below it; what lies further down moves with its heights, merged cells and the print area."""
    if more < 1:
        return
    heights = {
        row: held.height for row, held in page.row_dimensions.items() if row > number and held.height is not None
    }
    ranges = list(page.merged_cells.ranges)
    page.insert_rows(number + 1, more)
    for row in heights:
        page.row_dimensions[row].height = None
    for row, height in heights.items():
        page.row_dimensions[row + more].height = height
    _move_merged(page, ranges, number, more)
    for offset in range(1, more + 1):
        _copy_row(page, number, number + offset)
    _grow_print_area(page, number, more)


def _move_merged(page: Worksheet, ranges: Sequence[Any], number: int, more: int) -> None:
    """What lies below moves first: a copy of the row would otherwise lie within it."""
    own = [held for held in ranges if held.min_row == held.max_row == number]
    for held in ranges:
        if held.min_row > number:
            held.shift(row_shift=more)
        elif held.min_row < number <= held.max_row:
            held.expand(down=more)
    page.merged_cells.ranges = set(ranges)  # they are kept by what they were
    for held in own:
        left, right = get_column_letter(held.min_col), get_column_letter(held.max_col)
        for row in range(number + 1, number + more + 1):
            page.merge_cells(f"{left}{row}:{right}{row}")


def _copy_row(page: Worksheet, source: int, target: int) -> None:
    page.row_dimensions[target].height = page.row_dimensions[source].height
    for cell in page[source]:
        other = page.cell(target, cast(int, cell.column))
        other._style = copy(cell._style)
        if not isinstance(other, MergedCell) and not isinstance(cell, MergedCell):
            other.value = cell.value


def _grow_print_area(page: Worksheet, number: int, more: int) -> None:
    areas = [area for area in str(page.print_area or "").replace("$", "").split(",") if area]
    grown = []
    for area in areas:
        left, top, right, bottom = cast(tuple[int, int, int, int], range_boundaries(area.rpartition("!")[2]))
        bottom += more if bottom >= number else 0
        top += more if top > number else 0
        grown.append(f"{get_column_letter(left)}{top}:{get_column_letter(right)}{bottom}")
    if grown:
        page.print_area = ",".join(grown)


# docx


def _in_document(content: bytes) -> Iterator[Found]:
    for where, paragraph in _paragraphs(Document(io.BytesIO(content))):
        for name in _names(paragraph.text):
            yield Found(name, where)


def _paragraphs(document: Any) -> Iterator[tuple[str, Paragraph]]:
    """Every paragraph of the body, its tables, heads and feet, with the words for its place."""
    for number, paragraph in enumerate(document.paragraphs, 1):
        yield f"第 {number} 段", paragraph
    yield from _in_tables(document.tables, "表格")
    for section in document.sections:
        for part in (section.header, section.footer, section.first_page_header, section.first_page_footer):
            for paragraph in part.paragraphs:
                yield "页眉页脚", paragraph
            yield from _in_tables(part.tables, "页眉页脚的表格")


def _in_tables(tables: Sequence[Table], word: str) -> Iterator[tuple[str, Paragraph]]:
    for number, table in enumerate(tables, 1):
        for line, row in enumerate(table.rows, 1):
            seen: set[Any] = set()
            for cell in row.cells:
                if cell._tc not in seen:  # a merged cell is met once for each column
                    seen.add(cell._tc)
                    for paragraph in cell.paragraphs:
                        yield f"{word} {number} 第 {line} 行", paragraph
                    yield from _in_tables(cell.tables, f"{word} {number} 中的表格")


def _fill_document(content: bytes, values: Values, lists: Lists) -> bytes:
    document = Document(io.BytesIO(content))
    parts = [
        document,
        *(part for s in document.sections for part in (s.header, s.footer, s.first_page_header, s.first_page_footer)),
    ]
    for part in parts:
        for table in part.tables:
            _repeat_rows(table, lists, values)
    for _, paragraph in _paragraphs(document):
        _fill_paragraph(paragraph, values)
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _repeat_rows(table: Table, lists: Lists, values: Values) -> None:
    for row in list(table.rows):
        text = "".join(paragraph.text for cell in row.cells for paragraph in cell.paragraphs)
        listed = next((list_of(name) for name in _names(text) if list_of(name)), "")
        for cell in row.cells:
            for inner in cell.tables:
                _repeat_rows(inner, lists, values)
        if listed:
            items = _items(lists, listed)
            copies = [row._tr, *(deepcopy(row._tr) for _ in items[1:])]
            for earlier, later in zip(copies, copies[1:], strict=False):
                earlier.addnext(later)
            filled = [line for line in table.rows if line._tr in copies]
            for line, item in zip(filled, items, strict=True):
                for _, paragraph in _of_row(line):
                    _fill_paragraph(paragraph, {**values, **item})


def _of_row(row: Any) -> Iterator[tuple[str, Paragraph]]:
    for cell in row.cells:
        for paragraph in cell.paragraphs:
            yield "", paragraph


def _fill_paragraph(paragraph: Paragraph, values: Values) -> None:
    """Word cuts a text into runs as it likes: what is filled in takes the looks of the run in which the placeholder begins."""
    while (found := PLACEHOLDER.search("".join(run.text for run in paragraph.runs))) is not None:
        said, position, first = shown(values.get(found[1])), 0, True
        for run in paragraph.runs:
            start, end = max(found.start() - position, 0), min(found.end() - position, len(run.text))
            position += len(run.text)
            if start < end:
                run.text = run.text[:start] + (_harmless(said) if first else "") + run.text[end:]
                first = False
        if first:
            return  # it stands in something that is no run, such as a link


def _harmless(text: str) -> str:
    """A value that looks like a placeholder must not be taken for one."""
    return text.replace("{{", "{ {").replace("}}", "} }").replace("｛｛", "｛ ｛").replace("｝｝", "｝ ｝")


# a form to begin from


def sample(title: str, names: Sequence[str], lists: Mapping[str, Sequence[str]], ending: str) -> bytes:
    """A plain form with every placeholder."""
    return _sample_workbook(title, names, lists) if ending == "xlsx" else _sample_document(title, names, lists)


def _sample_workbook(title: str, names: Sequence[str], lists: Mapping[str, Sequence[str]]) -> bytes:
    book = openpyxl.Workbook()
    page = cast(Worksheet, book.active)
    page.title = "示例"
    page.append([title])
    for name in names:
        page.append([name, _braced(name)])
    for listed, keys in lists.items():
        page.append([])
        page.append([listed])
        page.append(list(keys))
        page.append([_braced(f"{listed}{LIST_MARK}{key}") for key in keys])
    for column, width in (("A", 18), ("B", 28)):
        page.column_dimensions[column].width = width
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _sample_document(title: str, names: Sequence[str], lists: Mapping[str, Sequence[str]]) -> bytes:
    document = Document()
    document.add_heading(title, 1)
    for name in names:
        document.add_paragraph(f"{name}：{_braced(name)}")
    for listed, keys in lists.items():
        document.add_paragraph(listed)
        table = document.add_table(rows=2, cols=len(keys), style="Table Grid")
        for index, key in enumerate(keys):
            table.cell(0, index).text, table.cell(1, index).text = key, _braced(f"{listed}{LIST_MARK}{key}")
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def _braced(name: str) -> str:
    return f"{{{{{name}}}}}"
