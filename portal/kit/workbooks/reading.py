"""From the bytes of an upload to tables with heads: xlsx, xls and CSV as people really send them."""

import csv
import datetime as dt
import hashlib
import io
import json
import re
import subprocess  # noqa: S404 - our own reader, with limits
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from portal.kit.workbooks import child
from portal.kit.workbooks.blocks import Block, Book, Row
from portal.kit.workbooks.cells import text_of
from portal.kit.workbooks.columns import Column
from portal.kit.workbooks.guard import MOST_COLUMNS, RESAVE, check_package
from portal.kit.workbooks.matching import known_heads, plain_head

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
READER = Path(child.__file__)
WALL_SECONDS = 30
HEAD_ROWS = 20  # how far down a head is looked for
ENOUGH = 2  # headings that make a head
TOTALS = {"合计", "总计", "小计", "共计", "总数"}
GUIDES = {"填写说明", "选项"}
MERGED_CELLS = 500_000
RISKY = re.compile(r"'(?=[=+\-@\t\r＝＋－＠])")
Grid = list[list[Any]]


def read_workbook(content: bytes, name: str, columns: Sequence[Column]) -> Book:
    """The tables of an upload. Raises ValidationError that says what is wrong with the file and what to do."""
    if len(content) > settings.UPLOAD_MAX_BYTES:
        most = settings.UPLOAD_MAX_BYTES // 1024 // 1024
        raise ValidationError(f"文件超过 {most} MB。请删去图片和多余的格式，或拆成几个文件再上传。")
    if not content.strip():
        raise ValidationError("文件是空的，请检查后重新上传。")
    book = Book(hashlib.sha256(content).hexdigest(), [])
    for sheet, grid, merged in _sheets(content, name, book):
        block = _block(sheet, grid, merged, columns, book)
        if block is not None:
            book.blocks.append(block)
    if not book.blocks:
        wanted = "、".join(column.label for column in columns if column.required) or columns[0].label
        raise ValidationError(f"没有找到表头：应有一行写着{wanted}等列名。请下载模板对照，或在数据上面加一行列名。")
    if not any(block.rows for block in book.blocks):
        raise ValidationError("表头下面没有数据，请填写后再上传。")
    return book


def _sheets(content: bytes, name: str, book: Book) -> Iterator[tuple[str, Grid, list[Any]]]:
    if content.startswith(ZIP):
        check_package(content)
        yield from _parsed(content, book)
    elif content.startswith(OLE):
        _check_ole(content)
        yield from _parsed(content, book)
    else:
        yield Path(name).stem[:31] or "CSV", _csv(content, name), []


def _check_ole(content: bytes) -> None:
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise ValidationError("文件加了密码，不能读取。请取消密码后再上传。")
    if "_VBA_PROJECT".encode("utf-16-le") in content:
        raise ValidationError("文件含有宏，不能导入。请另存为 xlsx 再上传。")


def _parsed(content: bytes, book: Book) -> Iterator[tuple[str, Grid, list[Any]]]:
    for name, visible, grid, merged in _asked_child(content):
        if not visible:
            book.notes.append(f"工作表“{name}”是隐藏的，未读取。")
        elif name not in GUIDES:
            if len(grid) > settings.IMPORT_MAX_ROWS:
                raise ValidationError(f"工作表“{name}”超过 {settings.IMPORT_MAX_ROWS} 行，请拆成几个文件再上传。")
            _fill_merged(grid, merged)
            yield name, grid, merged


def _asked_child(content: bytes) -> list[Any]:
    command = [sys.executable, "-I", str(READER)]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=WALL_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise ValidationError(f"文件太复杂，读取超时。{RESAVE}") from error
    if done.returncode == child.PASSWORD:
        raise ValidationError("文件加了密码，不能读取。请取消密码后再上传。")
    if done.returncode == child.DAMAGED:
        raise ValidationError(f"文件已损坏，或不是 Excel 工作簿。{RESAVE}")
    if done.returncode:
        raise ValidationError(f"文件内容异常，读取时超出了允许的时间或内存。{RESAVE}")
    return json.loads(done.stdout, object_hook=_thawed)


def _thawed(value: dict[str, str]) -> Any:
    text = value["d"]
    return dt.datetime.fromisoformat(text) if "T" in text else dt.date.fromisoformat(text)


def _fill_merged(grid: Grid, merged: Sequence[Any]) -> None:
    """Every cell of a merged range says what its first cell says."""
    filled = 0
    for (top, left), (bottom, right) in merged:
        filled += (bottom - top + 1) * (right - left + 1)
        if filled > MERGED_CELLS:
            raise ValidationError("合并的单元格太多。请取消合并后再上传。")
        if top < len(grid) and left < len(grid[top]):
            value = grid[top][left]
            for row in grid[top : bottom + 1]:
                row[left : right + 1] = [value] * len(row[left : right + 1])


def _csv(content: bytes, name: str) -> Grid:
    text = _decoded(content)
    if "<html" in text[:2000].lower() or "<table" in text[:2000].lower() or text.lstrip()[:5] == "<?xml":
        raise ValidationError(f"这是网页或 XML 文件，不是表格。{RESAVE}")
    if "\x00" in text or name.lower().endswith((".xlsx", ".xls", ".xlsm", ".et", ".ods", ".pdf", ".docx")):
        raise ValidationError(f"文件已损坏，或不是 Excel 工作簿。{RESAVE}")
    first = text[:5000]
    separator = max("\t;,", key=first.count)
    try:
        grid = [[RISKY.sub("", cell, count=1) if cell[:1] == "'" else cell for cell in row]
                for row in csv.reader(io.StringIO(text, newline=""), delimiter=separator)]  # fmt: skip
    except csv.Error as error:
        raise ValidationError("CSV 文件读不下去：请检查引号是否成对、单元格是否过长，或另存为 xlsx 再上传。") from error
    if len(grid) > settings.IMPORT_MAX_ROWS or any(len(row) > MOST_COLUMNS for row in grid):
        raise ValidationError(f"CSV 文件超过 {settings.IMPORT_MAX_ROWS} 行或 {MOST_COLUMNS} 列，请拆成几个文件再上传。")
    return grid


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValidationError("文件不是 UTF-8 或 GBK 编码的文本，也不是 Excel 工作簿。请另存为 xlsx 再上传。")


def _block(sheet: str, grid: Grid, merged: Sequence[Any], columns: Sequence[Column], book: Book) -> Block | None:
    found = _head(grid, merged, columns)
    if found is None:
        if any(text_of(cell) for row in grid for cell in row):
            book.notes.append(f"工作表“{sheet}”没有找到表头，未读取。")
        return None
    last, heads = found
    used = {index for row in grid[last:] for index, cell in enumerate(row) if cell is not None and cell != ""}
    kept = [index for index, head in enumerate(heads) if head or index in used]
    block = Block(sheet, last, [heads[index] if index < len(heads) else "" for index in kept], kept, [])
    for number, row in enumerate(grid[last:], last + 1):
        cells = [row[index] if index < len(row) else None for index in kept]
        texts = [text for text in map(text_of, cells[:3]) if text]
        if texts and texts[0].replace(" ", "") in TOTALS:
            book.notes.append(f"工作表“{sheet}”第 {number} 行是{texts[0]}，未读取。")
        elif any(cell not in {None, ""} for cell in cells) and [text_of(c) for c in cells] != block.heads:
            block.rows.append(Row(sheet, number, cells))
    return block


def _head(grid: Grid, merged: Sequence[Any], columns: Sequence[Column]) -> tuple[int, list[str]] | None:
    """(number of the head's last row, heads) of the row, or the two rows, that name most columns."""
    known = known_heads(columns)
    best: tuple[float, int, list[str]] = (0, 0, [])
    for index, row in enumerate(grid[:HEAD_ROWS]):
        for last, heads in _candidates(grid, index, row, merged):
            score = len({known[plain] for head in heads for plain in _readings(head) if plain in known})
            if score > best[0]:
                best = (score, last, heads)
    return (best[1], best[2]) if best[0] >= min(ENOUGH, len(columns)) else None


def _candidates(grid: Grid, index: int, row: list[Any], merged: Sequence[Any]) -> Iterator[tuple[int, list[str]]]:
    upper = [text_of(cell).replace("\n", "") for cell in row]
    yield index + 1, upper
    if index + 1 < len(grid) and any(
        top == index and (bottom == index + 1 or right > left) for (top, left), (bottom, right) in merged
    ):
        lower = [text_of(cell).replace("\n", "") for cell in grid[index + 1]]
        width = max(len(upper), len(lower))
        pairs = zip(upper + [""] * (width - len(upper)), lower + [""] * (width - len(lower)), strict=True)
        yield index + 2, [a if a == b or not b else b if not a else f"{a} / {b}" for a, b in pairs]


def _readings(head: str) -> list[str]:
    """A joined head is known by its whole, its lower or its upper part."""
    return [plain_head(part) for part in (head, *reversed(head.split(" / ")))]
