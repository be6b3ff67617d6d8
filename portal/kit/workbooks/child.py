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
import struct
import sys
import zipfile
from collections.abc import Iterator, Sequence
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
    python_calamine.CalamineError, struct.error, ElementTree.ParseError, zipfile.BadZipFile, KeyError, ValueError, OverflowError,
)  # fmt: skip
OLE = b"\xd0\xcf\x11\xe0"
LAST_SECTOR, SMALL_SECTOR = 0xFFFFFFFA, 64
BOUND_SHEET, BOF, BOOL_OR_ERROR, FORMULA_CELL, ERROR_RESULT = 0x85, 0x809, 0x205, 0x06, 2
ERRORS = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
Failure = tuple[str, int, int, str]  # sheet, row and column from 0, what stands there


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
            mark(sheets, failures_of_package(content, [name for name, visible, *_ in sheets if visible]))
        elif content.startswith(OLE):
            mark(sheets, failures_of_xls(xls_stream(content)))
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


def mark(sheets: list[Any], failures: Iterator[Failure]) -> None:
    """Write into the rows what calamine leaves out: errors as #N/A, formulas that were never computed."""
    grids = {name: grid for name, visible, grid, _ in sheets if visible}
    for name, row, column, text in failures:
        if name in grids:
            grid = grids[name]
            grid += [[] for _ in range(row + 1 - len(grid))]
            grid[row] += [""] * (column + 1 - len(grid[row]))
            grid[row][column] = text


def failures_of_package(content: bytes, names: list[str]) -> Iterator[Failure]:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        parts = dict(parts_of(package))
        for name in names:
            if parts.get(name) in package.namelist():
                yield from ((name, *cell) for cell in failures_of_part(package.read(parts[name])))


def parts_of(package: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """(name, part) of each sheet. The guard let no DOCTYPE pass."""
    relations = ElementTree.fromstring(package.read("xl/_rels/workbook.xml.rels"))  # noqa: S314
    targets = {one.get("Id"): posixpath.join("/xl", one.get("Target", "")) for one in relations}
    for one in ElementTree.fromstring(package.read("xl/workbook.xml")).iter():  # noqa: S314
        if one.tag.endswith("}sheet"):
            key = next((value for name, value in one.attrib.items() if name.endswith("}id")), "")
            yield one.get("name", ""), posixpath.normpath(targets.get(key, "")).lstrip("/")


def failures_of_part(part: bytes) -> Iterator[tuple[int, int, str]]:
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


def xls_stream(content: bytes) -> bytes:
    """The records of an xls, out of the sectors of its OLE file (MS-CFB); b"" where they are not found."""
    size = 1 << min(_short(content, 30), 12)
    table = b"".join(_sector(content, at, size) for at in struct.unpack_from("<109I", content, 76) if at < LAST_SECTOR)
    fat = struct.unpack(f"<{len(table) // 4}I", table[: len(table) // 4 * 4])
    entries = _chain(content, _long(content, 48), fat, size)
    found = {}
    for at in range(0, len(entries) - 127, 128):
        name = entries[at : at + 64].decode("utf-16-le", "replace").partition("\0")[0]
        found[name] = (_long(entries, at + 116), _long(entries, at + 120))
    first, length = found.get("Workbook") or found.get("Book") or (LAST_SECTOR, 0)
    if length >= _long(content, 56):
        return _chain(content, first, fat, size)[:length]
    small = _chain(content, found.get("Root Entry", (LAST_SECTOR, 0))[0], fat, size)
    links = _chain(content, _long(content, 60), fat, size)
    pieces = struct.unpack(f"<{len(links) // 4}I", links[: len(links) // 4 * 4])
    return _chain(bytes(SMALL_SECTOR) + small, first, pieces, SMALL_SECTOR)[:length]


def _chain(content: bytes, first: int, links: Sequence[int], size: int) -> bytes:
    found = []
    while first < len(links) and len(found) <= len(links):
        found.append(_sector(content, first, size))
        first = links[first]
    return b"".join(found)


def _sector(content: bytes, number: int, size: int) -> bytes:
    """Sector 0 stands behind a header of one sector."""
    return content[(number + 1) * size : (number + 2) * size]


def failures_of_xls(stream: bytes) -> Iterator[Failure]:
    """The cells of an xls whose value is an error (MS-XLS: BoundSheet8, BoolErr, Formula)."""
    names: dict[int, str] = {}
    current, at = "", 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        data = stream[at + 4 : at + 4 + length]
        if kind == BOUND_SHEET and len(data) > 8:  # noqa: PLR2004
            names[_long(data, 0)] = data[8:].decode("utf-16-le" if data[7] & 1 else "latin-1", "replace")
        elif kind == BOF:
            current = names.get(at, current)
        elif kind == BOOL_OR_ERROR and len(data) >= 8 and data[7]:  # noqa: PLR2004
            yield current, _short(data, 0), _short(data, 2), ERRORS.get(data[6], "#N/A")
        elif kind == FORMULA_CELL and data[12:14] == b"\xff\xff" and data[6] == ERROR_RESULT:
            yield current, _short(data, 0), _short(data, 2), ERRORS.get(data[8], "#N/A")
        at += 4 + length


def _short(content: bytes, at: int) -> int:
    return int.from_bytes(content[at : at + 2], "little")


def _long(content: bytes, at: int) -> int:
    return int.from_bytes(content[at : at + 4], "little")


def frozen(value: Any) -> Any:
    """A date as JSON holds it (reading.py thaws it)."""
    if isinstance(value, dt.timedelta | dt.time):
        return str(value)
    return {"d": value.isoformat()}


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), "failed" in sys.argv[3:]))
