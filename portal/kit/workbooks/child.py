"""Reads a workbook in a process of its own, whose time and memory are limited: a hostile file ends this process, not the portal.

Run by path, with nothing of Django: `child.py ROWS COLUMNS [failed]`, bytes on standard input; JSON on standard output:
[[name, visible, rows, merged]]. ROWS and COLUMNS: as many as a sheet may have. failed: the guard saw cells of formulas
without a result, which calamine takes for empty cells.
"""

import datetime as dt
import io
import json
import posixpath
import re
import resource
import sys
import zipfile
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import python_calamine

MEMORY = 512 * 1024 * 1024  # three times what the largest sheets need
SECONDS, BYTES_A_SECOND = 2, 600_000  # of CPU: a small file may not take long, however it was made
MOST_SHEETS, MOST_CELLS = 100, 2_000_000
MOST_TEXT = 20_000_000  # characters: a text that many cells share is copied into each of them
PASSWORD, DAMAGED, TOO_LARGE = 3, 4, 5  # exit codes
UNCOMPUTED = "#公式未计算"
CELL = re.compile(rb"<(?:\w{1,20}:)?c\s")
PLACE = re.compile(rb"""\br=["']([A-Z]{1,3})([0-9]{1,7})["']""")
TYPE = re.compile(rb"""\bt=["'](\w{1,20})["']""")
FORMULA = re.compile(rb"<(?:\w{1,20}:)?f\b")
VALUE = re.compile(rb"<(?:\w{1,20}:)?v>([^<]{0,40})")
DAMAGE = (
    python_calamine.CalamineError, ElementTree.ParseError, zipfile.BadZipFile, KeyError, ValueError, OverflowError,
)  # fmt: skip
Grid = list[list[Any]]


class TooLarge(Exception):
    """A sheet or a text beyond what is read."""


def main(most_rows: int, most_columns: int, failed: bool) -> int:
    content = sys.stdin.buffer.read()
    seconds = SECONDS + len(content) // BYTES_A_SECOND
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        sheets = read(content, most_rows, most_columns)
        if failed:
            mark(content, sheets)
    except python_calamine.PasswordError:
        return PASSWORD
    except TooLarge:
        return TOO_LARGE
    except DAMAGE as error:
        sys.stderr.write(f"{type(error).__name__}: {error}"[:300])
        return DAMAGED
    json.dump(sheets, sys.stdout, ensure_ascii=False, separators=(",", ":"), default=frozen)
    return 0


def read(content: bytes, most_rows: int, most_columns: int) -> list[list[Any]]:
    """Name, whether it is shown, its rows from the first row and column on and its merged ranges, of each sheet."""
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    metas = [meta for meta in book.sheets_metadata if meta.typ == python_calamine.SheetTypeEnum.WorkSheet]
    if len(metas) > MOST_SHEETS or part_is_shared(content):
        raise TooLarge
    found, cells, characters = [], 0, 0
    for meta in metas:
        if meta.visible != python_calamine.SheetVisibleEnum.Visible:
            found.append([meta.name, False, [], []])
            continue
        page = book.get_sheet_by_name(meta.name)
        height, width = (last + 1 for last in page.end or (-1, -1))
        cells += height * width
        if height > most_rows or width > most_columns or cells > MOST_CELLS:
            raise TooLarge
        rows = page.to_python(skip_empty_area=False)
        characters += sum(len(cell) for row in rows for cell in row if isinstance(cell, str))
        if characters > MOST_TEXT:
            raise TooLarge
        found.append([meta.name, True, rows, page.merged_cell_ranges or []])
    return found


def part_is_shared(content: bytes) -> bool:
    """Whether two sheets are the same part, which would be read for each of them."""
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return False
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        parts = [part.lower() for _, part in parts_of(package)]
    return len(set(parts)) < len(parts)


def mark(content: bytes, sheets: list[Any]) -> None:
    """Write into the rows what calamine leaves out: errors as #N/A, formulas that were never computed."""
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        parts = dict(parts_of(package))
        for name, visible, grid, _ in sheets:
            if visible and parts.get(name) in package.namelist():
                for row, column, text in failures(package.read(parts[name])):
                    grid += [[] for _ in range(row + 1 - len(grid))]
                    grid[row] += [""] * (column + 1 - len(grid[row]))
                    grid[row][column] = text


def parts_of(package: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """(name, part) of each sheet. The guard let no DOCTYPE pass."""
    relations = ElementTree.fromstring(package.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    targets = {one.get("Id"): posixpath.join("/xl", one.get("Target", "")) for one in relations}
    for one in ElementTree.fromstring(package.read("xl/workbook.xml")).iter():  # noqa: S314
        if one.tag.endswith("}sheet"):
            key = next((value for name, value in one.attrib.items() if name.endswith("}id")), "")
            yield one.get("name", ""), posixpath.normpath(targets.get(key, "")).lstrip("/")


def failures(part: bytes) -> Iterator[tuple[int, int, str]]:
    """(row, column, what stands there) of the cells whose formula has no result."""
    for piece in CELL.split(part)[1:]:
        opening, _, rest = piece.partition(b">")
        place, kind, value = PLACE.search(opening), TYPE.search(opening), VALUE.search(rest)
        text = value[1].decode("utf-8", "replace") if value else ""
        is_error = kind is not None and kind[1] == b"e"
        if place and (is_error or (kind is None and not text and FORMULA.search(rest))):
            yield int(place[2]) - 1, column_of(place[1]), text if is_error and text else UNCOMPUTED


def column_of(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number - 1


def frozen(value: Any) -> Any:
    """A date as JSON holds it (reading.py thaws it)."""
    if isinstance(value, dt.timedelta | dt.time):
        return str(value)
    return {"d": value.isoformat()}


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), "failed" in sys.argv[3:]))
