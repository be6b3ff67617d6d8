"""A list as a workbook or a CSV file: text as text, numbers as numbers, dates as dates; never cut, never a formula."""

import csv
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from django.http import FileResponse, HttpResponseBase
from django.utils import timezone

from portal.kit.tables import Table, as_text
from portal.kit.workbooks.rows import Spill, openings
from portal.kit.workbooks.sheets import SAMPLED, Book, Chart, Page, Sheet, open_book, widths_of, write_sheets

__all__ = [
    "EXPORTS", "XLSX", "Chart", "Progress", "Sheet", "export_response", "workbook_response", "write_sheets",
    "write_table", "write_workbook",
]  # fmt: skip

EXPORTS = {"xlsx": "Excel 工作簿", "csv": "CSV 文本"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES = {"xlsx": XLSX, "csv": "text/csv; charset=utf-8"}
RISKY = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
ROWS_A_SHEET = 1_048_575  # below the heading
TICK = 1000  # rows between two words on how far it is
Progress = Callable[[int, int], None]
Target = str | Path | IO[bytes]


def export_response(kind: str, title: str, table: Table, filters: str, user: Any) -> HttpResponseBase:
    """The table as a download."""
    target = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    write_table(target, kind, title, table, filters, user)
    return _download(target, export_name(title, user), kind)


def export_name(title: str, user: Any) -> str:
    """What the file is called: what it holds, when it was taken and by whom, since a csv says so nowhere else."""
    return f"{title}-{timezone.localtime():%Y%m%d-%H%M}-{user}"


def write_table(
    target: Target, kind: str, title: str, table: Table, filters: str, user: Any, progress: Progress | None = None
) -> int:
    """Write the whole table to a path or an open file, "xlsx" or "csv"; the number of its rows.

    An xlsx has a cover sheet that says filter, time, user and how many rows were really written. `progress(done, total)`
    is called now and then; what it raises stops the work. Memory does not grow with the rows.
    """
    rows = iter(table.as_values())
    head = next(rows)
    counted = Counted(rows, table.total if progress else 0, progress)
    with _opened(target) as file:
        if kind == "csv":
            _write_csv(file, chain([head], counted))
        else:
            _write_xlsx(file, title, head, counted, [["筛选条件", filters or "无"], ["导出人", str(user)]], str(user))
    counted.say()
    return counted.done


class Counted:
    """Rows on their way, counted as they pass."""

    def __init__(self, rows: Iterator[Sequence[Any]], total: int, progress: Progress | None):
        self.rows, self.total, self.progress, self.done = rows, total, progress, 0

    def __iter__(self) -> Iterator[Sequence[Any]]:
        while chunk := list(islice(self.rows, TICK)):
            yield from chunk
            self.done += len(chunk)
            self.say()

    def say(self) -> None:
        if self.progress:
            self.progress(self.done, max(self.total, self.done))


def workbook_response(name: str, sheets: Iterable[Sheet]) -> FileResponse:
    """A workbook as a download."""
    return _download(write_workbook(sheets), name, "xlsx")


def write_workbook(sheets: Iterable[Sheet]) -> Any:
    """A temporary file that holds the sheets."""
    target = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    write_sheets(target, sheets)
    return target


def _write_csv(file: IO[bytes], rows: Iterable[Sequence[Any]]) -> None:
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    csv.writer(text).writerows([_harmless(value) for value in row] for row in rows)
    text.flush()
    text.detach()


def _harmless(value: Any) -> str:
    """A cell that starts like a formula is quoted; so is one that starts like a quoted one, and the import undoes one."""
    if value.__class__ is not str:
        return as_text(value)
    return f"'{value}" if value.lstrip("'").startswith(RISKY) else value


def _write_xlsx(
    file: IO[bytes], title: str, head: Sequence[Any], rows: Counted, known: Sequence[Sequence[Any]], by: str
) -> None:
    """The cover is the first sheet and the last to be written: it says what is there. Every printed page says who took it and when."""
    moment = f"{timezone.localtime():%Y-%m-%d %H:%M:%S}"
    with open_book(file) as book:
        cover = Page(book, "说明")
        pages = _list_pages(book, title, head, iter(rows))
        for page in [cover, *pages]:
            page.sheet.set_header(f"&R&9 {by.replace('&', '&&')} {moment} 导出")
        filters, user = known
        words = [["项目", "内容"], ["名称", title], filters, ["导出时间", moment], user, ["数据行数", rows.done]]
        _cover_page(book, cover, [*words, *_notes(pages)])


def _list_pages(book: Book, title: str, head: Sequence[Any], rows: Iterator[Sequence[Any]]) -> list[Page]:
    """As many sheets as the rows need."""
    pages = [_list_page(book, title, head, islice(rows, ROWS_A_SHEET))]
    while (first := next(rows, None)) is not None:
        pages.append(_list_page(book, title, head, chain([first], islice(rows, ROWS_A_SHEET - 1))))
    return pages


def _list_page(book: Book, title: str, head: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Page:
    page = Page(book, title)
    page.head([head])
    stream = iter(rows)
    sample = list(islice(stream, SAMPLED))
    page.set_widths(widths_of([head], sample))
    page.writer.write(chain(sample, stream), openings([book.look()] * len(head)))
    page.finish(first_head=0, heads=1, columns=len(head), frozen=1, landscape=False)
    page.sheet.autofilter(0, 0, max(page.number - 1, 1), len(head) - 1)
    return page


def _cover_page(book: Book, page: Page, rows: Sequence[Sequence[Any]]) -> None:
    page.head(rows[:1])
    page.set_widths([14, 60])
    page.writer.write(rows[1:], openings([book.look(text_wrap=True, valign="top", align="left")] * 2))
    page.finish(first_head=0, heads=1, columns=2, frozen=0, landscape=False)


def _notes(pages: Sequence[Page]) -> list[list[Any]]:
    """What the reader must know: several sheets, texts that go on elsewhere."""
    notes = []
    if len(pages) > 1:
        names = "、".join(f"“{page.name}”" for page in pages)
        notes.append(["工作表", f"一张工作表最多 {ROWS_A_SHEET:,} 行，数据依次写在 {len(pages)} 张工作表中：{names}。"])
    spills = [(page.name, spill) for page in pages for spill in page.writer.spills]
    return notes + [["超长文字", _spill_words(name, spill)] for name, spill in spills]


def _spill_words(name: str, spill: Spill) -> str:
    return f"“{name}”第 {spill.row} 行的“{spill.label}”超过一个单元格能容纳的字数，余下部分接写在 {spill.cells}。"


@contextmanager
def _opened(target: Target) -> Iterator[IO[bytes]]:
    """The file itself, or the path opened; the reader finds it at its start."""
    if isinstance(target, str | Path):
        with open(target, "wb") as file:
            yield file
    else:
        yield target
        target.seek(0)


def _download(target: Any, name: str, kind: str) -> FileResponse:
    target.seek(0)
    response = FileResponse(target, content_type=TYPES[kind])
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'{name}.{kind}')}"
    return response
