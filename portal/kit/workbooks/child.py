"""Reads a workbook in a process of its own, whose time and memory are limited: a hostile file ends this process, not the portal.

Run by path, with nothing of Django: bytes on standard input; JSON on standard output: [[name, visible, first row, rows, merged]].
"""

import datetime as dt
import io
import json
import resource
import sys
from typing import Any

import python_calamine

MEMORY, SECONDS = 1024 * 1024 * 1024, 15
PASSWORD, DAMAGED = 3, 4  # exit codes


def main() -> int:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    content = sys.stdin.buffer.read()
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        sheets = [
            sheet(book, meta) for meta in book.sheets_metadata if meta.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
    except python_calamine.PasswordError:
        return PASSWORD
    except (python_calamine.CalamineError, ValueError, OverflowError) as error:
        sys.stderr.write(f"{type(error).__name__}: {error}"[:300])
        return DAMAGED
    json.dump(sheets, sys.stdout, ensure_ascii=False, separators=(",", ":"), default=frozen)
    return 0


def sheet(book: Any, meta: Any) -> list[Any]:
    """Name, whether it is shown, its rows from the first row and column of the sheet, and its merged ranges."""
    visible = meta.visible == python_calamine.SheetVisibleEnum.Visible
    if not visible:
        return [meta.name, False, [], []]
    page = book.get_sheet_by_name(meta.name)
    return [meta.name, True, page.to_python(skip_empty_area=False), page.merged_cell_ranges or []]


def frozen(value: Any) -> Any:
    """A date as JSON holds it (reading.py thaws it)."""
    if isinstance(value, dt.timedelta | dt.time):
        return str(value)
    return {"d": value.isoformat()}


if __name__ == "__main__":
    sys.exit(main())
