"""Sheets of a workbook: a title, head rows that stay in sight, rows, charts, and how all of it prints on A4."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from typing import Any

import xlsxwriter
from xlsxwriter.utility import xl_rowcol_to_cell

from portal.kit.workbooks.rows import Look, Opening, RowWriter, openings, width_of

A4 = 9
SAMPLED = 100  # rows whose texts decide the widths of columns that nobody gave
NARROWEST, WIDEST = 8, 48
LONGEST_NAME = 31
WIDE = 6  # columns from which a sheet lies on its side
FONT = "宋体"
EDGE = "#BFBFBF"
BRAND = "#A6192E"
SERIES = [BRAND, "#3C4453", "#8B94A3"]
HEAD = {"bold": True, "bg_color": "#F3E6E8", "border": 1, "text_wrap": True, "valign": "vcenter"}
BODY = {"border": 1, "border_color": EDGE, "text_wrap": True, "valign": "vcenter"}
WEAK = "#FBDFE2"
TONES: dict[str, dict[str, Any]] = {
    "": {}, "weak": {"bg_color": WEAK}, "group": {"bold": True, "bg_color": "#EEF0F3"},
    "total": {"bold": True, "bg_color": "#FAECEE"},
}  # fmt: skip
PERCENT = '0"%"'  # of a whole number: 93 reads 93%
DAY, MOMENT = "yyyy-mm-dd", "yyyy-mm-dd hh:mm"
TITLE_HEIGHT, SUBTITLE_HEIGHT, HEAD_HEIGHT = 32, 20, 24
ROW_PIXELS = 20
CHART_SIZE = (760, 340)  # pixels


@dataclass(frozen=True)
class Chart:
    """A native chart over body rows of its sheet.

    kind: bar, column or line. categories, series: columns, counted from 0. position: a cell such as "H3"; "" stands below
    the rows. rows: how many body rows it draws, None for all. top: where the axis of values ends.
    """

    kind: str
    title: str
    categories: int
    series: Sequence[int]
    position: str = ""
    rows: int | None = None
    top: float | None = None


@dataclass
class Sheet:
    """One sheet. Its first `heads` rows are the heading; equal neighbours in a heading of several rows are one cell.

    widths: of the columns in characters (without them: by what stands there). title, subtitle: merged rows above the heading.
    formats: column → number format. below: column → the number under which a cell is light red. tone: a row → a key of TONES. frozen: columns
    that stay in sight. notes: merged rows below.
    """

    name: str
    rows: Iterable[Sequence[Any]]
    widths: Sequence[int] = field(default_factory=list)
    landscape: bool = False
    title: str = ""
    subtitle: str = ""
    heads: int = 1
    formats: Mapping[int, str] = field(default_factory=dict)
    below: Mapping[int, float] = field(default_factory=dict)
    tone: Callable[[Sequence[Any]], str] | None = None
    charts: Sequence[Chart] = ()
    autofilter: bool = False
    frozen: int = 1
    notes: Sequence[str] = ()


class Page:
    """One worksheet that is being written."""

    def __init__(self, book: "Book", name: str):
        self.book = book
        self.sheet = book.workbook.add_worksheet(book.free_name(name))
        self.writer = RowWriter(self.sheet)

    @property
    def name(self) -> str:
        return self.sheet.name

    @property
    def number(self) -> int:
        """How many rows it has so far."""
        return self.writer.number

    def merge(self, row: int, column: int, last_row: int, last_column: int) -> None:
        """One cell out of several; what it says is written with its row."""
        if (row, column) != (last_row, last_column):
            self.sheet.merge.append([row, column, last_row, last_column])

    def across(self, text: str, columns: int, height: float, **look: Any) -> None:
        """A row that is one cell."""
        style = self.book.format(text_wrap=True, valign="vcenter", **look)
        self.merge(self.number, 0, self.number, columns - 1)
        self.writer.write([[text]], openings([Look(style, style)] * columns), height)

    def head(self, rows: Sequence[Sequence[Any]]) -> None:
        """The heading; equal neighbours of one with several rows are merged."""
        style = self.book.format(**HEAD, align="center" if len(rows) > 1 else "left")
        columns = openings([Look(style, style, style, style, style, ruled=True)] * len(rows[-1]))
        for row, column, last_row, last_column in _joined(rows):
            self.merge(self.number + row, column, self.number + last_row, last_column)
        self.writer.labels = rows[-1]
        self.writer.write([[str(label) for label in row] for row in rows], columns, HEAD_HEIGHT if len(rows) > 1 else 0)

    def finish(self, *, first_head: int, heads: int, columns: int, frozen: int, landscape: bool) -> None:
        """Panes, paper, head rows on every page, page numbers."""
        sheet = self.sheet
        self.writer.close()
        sheet.freeze_panes(first_head + heads, frozen)
        sheet.repeat_rows(first_head, first_head + heads - 1)
        sheet.set_paper(A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.5, right=0.5, top=0.7, bottom=0.7)
        sheet.set_footer("&C&9第 &P 页，共 &N 页")
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{max(self.number, 1)}"})
        if landscape or columns > WIDE:
            sheet.set_landscape()

    def set_widths(self, widths: Sequence[int]) -> None:
        for index, width in enumerate(widths):
            self.sheet.set_column(index, index, width)


class Book:
    """A workbook that is being written; its memory does not grow with the rows."""

    def __init__(self, workbook: Any):
        self.workbook = workbook
        self._names: set[str] = set()
        self._formats: dict[tuple, Any] = {}

    def format(self, **look: Any) -> Any:
        """A cell format; the same one for the same look."""
        key = tuple(sorted(look.items()))
        if key not in self._formats:
            self._formats[key] = self.workbook.add_format(look)
        return self._formats[key]

    def free_name(self, name: str) -> str:
        """A name that Excel takes, and that no other sheet has."""
        plain = "".join("·" if char in "[]:*?/\\" or char < " " else char for char in name).strip("' ") or "表"
        found, number = plain[:LONGEST_NAME].rstrip("' "), 1
        while found.casefold() in self._names or found.casefold() == "history":
            number += 1
            found = f"{plain[: LONGEST_NAME - len(str(number)) - 1]} {number}"
        self._names.add(found.casefold())
        return found

    def look(self, **look: Any) -> Look:
        """How the cells of a plain list are drawn."""
        number = look.pop("number", "")
        return Look(
            self.format(**look) if look else None,
            self.format(**look, num_format="@"),
            self.format(**look, **({"num_format": number} if number else {})) if look or number else None,
            self.format(**look, num_format=DAY),
            self.format(**look, num_format=MOMENT),
            ruled=bool(look),
        )

    def add(self, sheet: Sheet) -> int:
        """Write a sheet; how many body rows it has."""
        rows = iter(sheet.rows)
        head = list(islice(rows, sheet.heads))
        columns = len(head[-1])
        page = Page(self, sheet.name)
        if sheet.title:
            page.across(sheet.title, columns, TITLE_HEIGHT, bold=True, font_size=16, align="center")
        if sheet.subtitle:
            page.across(sheet.subtitle, columns, SUBTITLE_HEIGHT, font_size=10, font_color="#626B7A")
        first = page.number
        page.head(head)
        sample = list(islice(rows, SAMPLED))
        page.set_widths(sheet.widths or widths_of(head, sample))
        self._body(page, sheet, chain(sample, rows), columns)
        last = page.number
        for note in sheet.notes:
            page.across(note, columns, SUBTITLE_HEIGHT, font_color="#626B7A", font_size=10)
        page.finish(
            first_head=first, heads=sheet.heads, columns=columns, frozen=sheet.frozen, landscape=sheet.landscape
        )
        self._dress(page, sheet, (first, last), head[-1])
        return last - first - sheet.heads

    def _body(self, page: Page, sheet: Sheet, rows: Iterable[Sequence[Any]], columns: int) -> None:
        """Body rows; drawn with edges where the sheet has a title."""
        known: dict[str, list[Opening]] = {}
        for row in rows:
            tone = sheet.tone(row) if sheet.tone else ""
            if tone not in known:
                look = {**(BODY if sheet.title else {}), **TONES[tone]}
                known[tone] = openings(self.look(**look, number=sheet.formats.get(n, "")) for n in range(columns))
            page.writer.write([row], known[tone])

    def _dress(self, page: Page, sheet: Sheet, span: tuple[int, int], labels: Sequence[Any]) -> None:
        """Filter, charts, what prints. `span`: the first head row, the row after the last one of the body."""
        first, last = span
        body = first + sheet.heads
        if sheet.autofilter and last > body:
            page.sheet.autofilter(body - 1, 0, last - 1, len(labels) - 1)
        for column, least in sheet.below.items() if last > body else ():
            cell = xl_rowcol_to_cell(body, column)  # an empty cell is less than anything
            rule = {
                "type": "formula",
                "criteria": f"=AND(ISNUMBER({cell}),{cell}<{least})",
                "format": self.format(bg_color=WEAK),
            }
            page.sheet.conditional_format(body, column, last - 1, column, rule)
        if sheet.title:
            page.sheet.set_header(f"&R&9 {sheet.title.replace('&', '&&')[:200]}")
        bottom = page.number
        for chart in sheet.charts if last > body else ():
            count = min(chart.rows if chart.rows is not None else last - body, last - body)
            drawn = self._drawn(page, chart, (body, body + count - 1), labels)
            if chart.position:
                page.sheet.insert_chart(chart.position, drawn)
            else:
                page.sheet.insert_chart(bottom + 1, 0, drawn, {"x_offset": 4})
                bottom += _height(chart, count) // ROW_PIXELS + 2
        if sheet.title:
            page.sheet.print_area(0, 0, bottom, len(labels) - 1)

    def _drawn(self, page: Page, chart: Chart, rows: tuple[int, int], labels: Sequence[Any]) -> Any:
        drawn = self.workbook.add_chart({"type": chart.kind})
        for number, column in enumerate(chart.series):
            colour = {"color": SERIES[number % len(SERIES)]}
            drawn.add_series({
                "name": str(labels[column]), "categories": [page.name, rows[0], chart.categories, rows[1], chart.categories],
                "values": [page.name, rows[0], column, rows[1], column],
                "line" if chart.kind == "line" else "fill": colour, "gap": 60, "data_labels": {"value": True},
                **({"marker": {"type": "circle", "fill": colour, "border": colour}} if chart.kind == "line" else {}),
            })  # fmt: skip
        drawn.set_title({"name": chart.title, "name_font": {"size": 12}, "overlay": False})
        drawn.set_legend({"none": True} if len(chart.series) == 1 else {"position": "bottom"})
        scale = {"min": 0, "major_gridlines": {"visible": False}, **({"max": chart.top} if chart.top else {})}
        across = {"reverse": True} if chart.kind == "bar" else {}  # the first row on top
        axes = [drawn.set_x_axis, drawn.set_y_axis][:: 1 if chart.kind == "bar" else -1]  # of values, of names
        axes[0](scale)
        axes[1](across)
        drawn.set_size({"width": CHART_SIZE[0], "height": _height(chart, rows[1] - rows[0] + 1)})
        return drawn


@contextmanager
def open_book(target: Any) -> Iterator[Book]:
    """A workbook for a path or an open file; its working files are gone afterwards, whatever happened."""
    with tempfile.TemporaryDirectory() as folder:
        workbook = xlsxwriter.Workbook(
            target, {"constant_memory": True, "tmpdir": folder, "default_format_properties": {"font_name": FONT}}
        )
        yield Book(workbook)
        workbook.close()


def write_sheets(target: Any, sheets: Iterable[Sheet]) -> int:
    """Sheets as an xlsx file, to a path or an open file; the number of body rows in all."""
    with open_book(target) as book:
        return sum([book.add(sheet) for sheet in sheets])


def widths_of(*rows: Iterable[Sequence[Any]]) -> list[int]:
    """Widths of columns by what stands in some rows."""
    widths: list[int] = []
    for row in chain(*rows):
        widths += [NARROWEST] * (len(row) - len(widths))
        for index, value in enumerate(row):
            widths[index] = min(WIDEST, max(widths[index], width_of(value) + 2))
    return widths


def _joined(rows: Sequence[Sequence[Any]]) -> Iterator[tuple[int, int, int, int]]:
    """(row, column, last row, last column) of equal neighbours: across all rows but the last, then downwards."""
    for number, row in enumerate(rows):
        column = 0
        while column < len(row):
            last, bottom = column, number
            while number < len(rows) - 1 and last + 1 < len(row) and row[last + 1] == row[column]:
                last += 1
            if last == column and (number == 0 or rows[number - 1][column] != row[column]):
                while bottom + 1 < len(rows) and rows[bottom + 1][column] == row[column]:
                    bottom += 1
            if (last, bottom) != (column, number):
                yield number, column, bottom, last
            column = last + 1


def _height(chart: Chart, rows: int) -> int:
    """Bars need room each."""
    return max(CHART_SIZE[1], 90 + 26 * rows) if chart.kind == "bar" else CHART_SIZE[1]
