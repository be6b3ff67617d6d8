"""A list as a workbook or a CSV file: text as text, numbers as numbers, dates as dates; never cut, never a formula."""

import csv
import datetime as dt
import io
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import xlsxwriter
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone

from portal.kit.tables import Table, as_text

EXPORTS = {"xlsx": "Excel 工作簿", "csv": "CSV 文本"}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
RISKY = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
WIDEST = 48


@dataclass
class Sheet:
    """One sheet: its name, rows (the first is the heading), column widths in characters (None: by heading)."""

    name: str
    rows: Iterable[list[Any]]
    widths: list[int] = field(default_factory=list)
    landscape: bool = False


def export_response(kind: str, title: str, table: Table, filters: str, user: Any) -> HttpResponseBase:
    """The table as a download, with a cover sheet (xlsx) that says filter, time, user and row count."""
    stamp = timezone.localtime()
    name = f"{title}-{stamp:%Y%m%d-%H%M}"
    if kind == "csv":
        response = StreamingHttpResponse(csv_lines(table.as_values()), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = _attachment(f"{name}.csv")
        return response
    cover: list[list[Any]] = [
        ["名称", title], ["筛选条件", filters or "无"], ["导出时间", f"{stamp:%Y-%m-%d %H:%M:%S}"],
        ["导出人", str(user)], ["数据行数", table.total],
    ]  # fmt: skip
    return workbook_response(
        name, [Sheet("说明", [["项目", "内容"], *cover], [14, 60]), Sheet(title, table.as_values())]
    )


def workbook_response(name: str, sheets: list[Sheet]) -> FileResponse:
    """A workbook as a download."""
    response = FileResponse(write_workbook(sheets), content_type=XLSX)
    response["Content-Disposition"] = _attachment(f"{name}.xlsx")
    return response


def write_workbook(sheets: list[Sheet]) -> Any:
    """A temporary file that holds the sheets; memory does not grow with the rows."""
    target = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    workbook = xlsxwriter.Workbook(target, {"constant_memory": True, "default_date_format": "yyyy-mm-dd"})
    formats = {
        "head": workbook.add_format({"bold": True, "bg_color": "#F3E6E8", "border": 1, "text_wrap": True, "valign": "vcenter"}),
        "day": workbook.add_format({"num_format": "yyyy-mm-dd"}),
        "moment": workbook.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
    }  # fmt: skip
    for sheet in sheets:
        _write_sheet(workbook, sheet, formats)
    workbook.close()
    target.seek(0)
    return target


def csv_lines(rows: Iterable[list[Any]]) -> Iterator[str]:
    """CSV with a BOM; a cell that a spreadsheet would run is quoted by an apostrophe."""
    yield "\ufeff"
    for row in rows:
        line = io.StringIO()
        csv.writer(line).writerow([_harmless(value) for value in row])
        yield line.getvalue()


def _harmless(value: Any) -> str:
    text = as_text(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(RISKY) else text


def _write_sheet(workbook: Any, sheet: Sheet, formats: dict[str, Any]) -> None:
    rows = iter(sheet.rows)
    head = next(rows)
    page = workbook.add_worksheet(_sheet_name(sheet.name))
    for index, label in enumerate(head):
        width = sheet.widths[index] if index < len(sheet.widths) else min(WIDEST, max(10, 2 * len(str(label)) + 4))
        page.set_column(index, index, width)
    page.freeze_panes(1, 1)
    page.repeat_rows(0)
    page.set_paper(9)
    page.fit_to_pages(1, 0)
    if sheet.landscape or len(head) > 6:
        page.set_landscape()
    for index, label in enumerate(head):
        page.write_string(0, index, str(label), formats["head"])
    for number, row in enumerate(rows, start=1):
        for index, value in enumerate(row):
            _write_cell(page, number, index, value, formats)


def _write_cell(page: Any, row: int, column: int, value: Any, formats: dict[str, Any]) -> None:
    if value is None or value == "":
        return
    if isinstance(value, bool):
        page.write_string(row, column, as_text(value))
    elif isinstance(value, int | float | Decimal):
        page.write_number(row, column, value)
    elif isinstance(value, dt.datetime):
        page.write_datetime(row, column, timezone.localtime(value).replace(tzinfo=None), formats["moment"])
    elif isinstance(value, dt.date):
        page.write_datetime(row, column, value, formats["day"])
    else:
        page.write_string(row, column, str(value))


def _sheet_name(name: str) -> str:
    return "".join("·" if char in "[]:*?/\\" else char for char in name)[:31]


def _attachment(name: str) -> str:
    return f"attachment; filename*=UTF-8''{quote(name)}"
