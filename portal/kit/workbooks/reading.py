"""From the bytes of an upload to tables with heads: xlsx, xls and CSV as people really send them."""

import csv
import datetime as dt
import hashlib
import io
import json
import re
import subprocess  # noqa: S404 - our own reader, with limits
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError

from portal.kit.workbooks import child
from portal.kit.workbooks.blocks import Block, Book, Row, nameless
from portal.kit.workbooks.cells import text_of
from portal.kit.workbooks.columns import Column
from portal.kit.workbooks.guard import MOST_COLUMNS, RESAVE, check_package
from portal.kit.workbooks.matching import known_heads, plain_head

ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_XLS = re.compile(rb"\x09\x08\x10\x00\x00\x06\x05\x00.{12}\x2f\x00", re.DOTALL)  # BOF, then FILEPASS
READER = Path(child.__file__)
WALL_SECONDS = 30
HEAD_ROWS = 20  # how far down a head is looked for
ENOUGH = 2  # headings that make a head
TOTALS = {"合计", "总计", "小计", "共计", "总数"}
GUIDES = {"填写说明", "选项"}
MERGED_CELLS = 500_000
FOOT = re.compile(
    r"(?:注|备注|说明|附注|填表|填报|制表|审核|复核|单位负责人|负责人签字|联系人|统计时间|数据来源)[^:：]{0,8}[:：]"
)
FILLED_IN = re.compile(r"[:：].")  # 填报单位：泉溪镇 is a line of a form
SECTION = re.compile(r"[（(]?[一二三四五六七八九十]{1,3}[)）]?[、.．]")
LONGEST = 20  # characters that a note quotes
FEW = 3  # columns whose numbers make a row of column numbers
END = "\x1e"  # a last record of our own: an open quote would swallow it
MAGIC = {
    b"%PDF": "这是 PDF 文件", b"\x89PNG": "这是图片", b"\xff\xd8\xff": "这是图片", b"Rar!": "这是压缩包，请先解压，再上传里面的表格",
    b"7z\xbc\xaf": "这是压缩包，请先解压，再上传里面的表格", b"\x1f\x8b": "这是压缩包，请先解压，再上传里面的表格", b"{\\rtf": "这是 Word 文档",
}  # fmt: skip
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
        yield from _parsed(content, book, check_package(content))
    elif content.startswith(OLE):
        _check_ole(content)
        yield from _parsed(content, book, False)
    else:
        yield Path(name).stem[:31] or "CSV", _csv(content, name), []


def _check_ole(content: bytes) -> None:
    if "EncryptedPackage".encode("utf-16-le") in content or ENCRYPTED_XLS.search(content):
        raise ValidationError("文件加了密码，不能读取。请取消密码后再上传。")
    if "_VBA_PROJECT".encode("utf-16-le") in content:
        raise ValidationError("文件含有宏，不能导入。请另存为 xlsx 再上传。")


def _parsed(content: bytes, book: Book, failed: bool) -> Iterator[tuple[str, Grid, list[Any]]]:
    for name, visible, grid, merged in _asked_child(content, failed):
        if not visible:
            book.notes.append(f"工作表“{name}”是隐藏的，未读取。")
        elif name not in GUIDES:
            _fill_merged(grid, merged)
            yield name, grid, merged


def _asked_child(content: bytes, failed: bool) -> list[Any]:
    rows, columns = settings.IMPORT_MAX_ROWS, MOST_COLUMNS
    command = [sys.executable, "-I", str(READER), str(rows), str(columns), *(["failed"] if failed else [])]
    try:
        done = subprocess.run(command, input=content, capture_output=True, timeout=WALL_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise ValidationError(f"文件太复杂，读取超时。{RESAVE}") from error
    if done.returncode == child.PASSWORD:
        raise ValidationError("文件加了密码，不能读取。请取消密码后再上传。")
    if done.returncode == child.TOO_LARGE:
        raise ValidationError(
            f"工作表超过 {rows} 行、{columns} 列，或者文字过多。请删去多余的内容，或拆成几个文件再上传。"
        )
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
    opening = text[:2000].lower()
    if "<html" in opening or "<table" in opening or text.lstrip()[:5] == "<?xml":
        raise ValidationError(f"这是网页或 XML 文件，不是表格。{RESAVE}")
    if "\x00" in text or name.lower().endswith((".xlsx", ".xls", ".xlsm", ".et", ".ods", ".pdf", ".docx")):
        raise ValidationError(f"文件已损坏，或不是 Excel 工作簿。{RESAVE}")
    grid = [[RISKY.sub("", cell, count=1) if cell[:1] == "'" else cell for cell in row] for row in _records(text)]
    if len(grid) > settings.IMPORT_MAX_ROWS or any(len(row) > MOST_COLUMNS for row in grid):
        raise ValidationError(f"CSV 文件超过 {settings.IMPORT_MAX_ROWS} 行或 {MOST_COLUMNS} 列，请拆成几个文件再上传。")
    return grid


def _records(text: str) -> Grid:
    separator = max("\t;,", key=text[:5000].count)
    try:
        records: Grid = list(csv.reader(io.StringIO(f"{text}\n{END}", newline=""), delimiter=separator))
        if records.pop() == [END]:
            return records
    except csv.Error:
        pass
    raise ValidationError("CSV 文件读不下去：请检查引号是否成对、单元格是否过长，或另存为 xlsx 再上传。")


def _decoded(content: bytes) -> str:
    for magic, words in MAGIC.items():
        if content.startswith(magic):
            raise ValidationError(f"{words}，不能导入。{RESAVE}")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise ValidationError("文件不是 UTF-8 或 GBK 编码的文本，也不是 Excel 工作簿。请另存为 xlsx 再上传。")


def _block(sheet: str, grid: Grid, merged: Sequence[Any], columns: Sequence[Column], book: Book) -> Block | None:
    head = _head(grid, merged, columns)
    if head is None:
        if any(text_of(cell) for row in grid for cell in row):
            book.notes.append(f"工作表“{sheet}”没有找到表头，未读取。")
        return None
    rows, heads = grid[head.last :], head.heads
    heads += [""] * (max(map(len, rows), default=0) - len(heads))
    kept = [index for index, words in enumerate(heads) if words or any(_at(row, index) for row in rows)]
    block = Block(sheet, head.last, [heads[index] or nameless(index) for index in kept], kept, [])
    wide = {top for (top, left), (_, right) in merged if right > left}
    for number, row in enumerate(rows, head.last + 1):
        cells = [_at(row, index) for index in kept]
        filled = [cell for cell in cells if cell is not None]
        if filled and not head.is_again(cells):
            if said := _no_data(cells, filled, number - 1 in wide, number == head.last + 1):
                book.notes.append(f"工作表“{sheet}”第 {number} 行{said}，未读取。")
            else:
                block.rows.append(Row(sheet, number, cells))
    return block


def _at(row: Sequence[Any], index: int) -> Any:
    """The cell; None where there is nothing to see."""
    cell = row[index] if index < len(row) else None
    return None if cell == "" or (isinstance(cell, str) and cell.isspace()) else cell


def _no_data(cells: Sequence[Any], filled: Sequence[Any], wide: bool, first: bool) -> str:
    """What a row below the head is that is no row of data: a sum, a section's title, a remark, column numbers; "" else."""
    texts = [text for text in map(text_of, cells[:3]) if text]
    opening = texts[0] if texts else text_of(filled[0])
    if opening.replace(" ", "").rstrip(":：") in TOTALS:
        return f"是{opening}"
    alone = len(filled) == 1 or (wide and all(cell == filled[0] for cell in filled))
    if (alone and (wide or SECTION.match(opening))) or FOOT.match(opening):
        return f"“{opening[:LONGEST]}”不是数据"
    if first and len(cells) >= FEW and _counts(cells):
        return "是栏次"
    return ""


def _counts(cells: Sequence[Any]) -> bool:
    """甲 乙 1 2 3"""
    texts = list(map(text_of, cells))
    numbers = [text for text in texts if text not in set("甲乙丙丁戊")]
    return len(numbers) > 1 and numbers == [str(number) for number in range(1, len(numbers) + 1)]


@dataclass
class Head:
    """The number of its last row, its headings, and its rows as they stand there."""

    last: int
    heads: list[str]
    rows: list[list[str]]

    def is_again(self, cells: Sequence[Any]) -> bool:
        """Whether a row repeats the head, as on every printed page."""
        first = text_of(cells[0]).replace("\n", "")
        return any(row[:1] == [first] and row == [text for text in _texts(cells) if text] for row in self.rows)


def _head(grid: Grid, merged: Sequence[Any], columns: Sequence[Column]) -> Head | None:
    """The row, or the two rows, that name most columns."""
    known = known_heads(columns)
    best, found = 0, None
    for index in range(min(HEAD_ROWS, len(grid))):
        for head in _candidates(grid, index, merged, known):
            score = len({known[plain] for words in head.heads for plain in _readings(words) if plain in known})
            if score > best:
                best, found = score, head
    return found if best >= min(ENOUGH, len(columns)) else None


def _candidates(grid: Grid, index: int, merged: Sequence[Any], known: Mapping[str, str]) -> Iterator[Head]:
    upper = _texts(grid[index])
    yield Head(index + 1, upper, [[text for text in upper if text]])
    if index + 1 < len(grid):
        lower = _texts(grid[index + 1])
        pairs = list(zip_longest(upper, lower, fillvalue=""))
        if _are_two(index, pairs, merged, known):
            heads = [
                above if above == below or not below else f"{above} / {below}".removeprefix(" / ")
                for above, below in pairs
            ]
            yield Head(index + 2, heads, [[text for text in row if text] for row in (upper, lower)])


def _are_two(index: int, pairs: Sequence[tuple[str, str]], merged: Sequence[Any], known: Mapping[str, str]) -> bool:
    """Whether the upper row names groups of the lower one: it is no title, and the lower one holds headings, no data."""
    groups = [(left, right) for (top, left), (bottom, right) in merged if top == bottom == index and right > left]
    tall = any(top == index and bottom == index + 1 for (top, _), (bottom, _) in merged)
    names = {above for above, _ in pairs if above}
    first = next((above for above, below in pairs if above or below), "")
    if any(FILLED_IN.search(name) for name in names) or (len(names) == 1 and first):
        return False
    grouped = {column for left, right in groups for column in range(left, right + 1)}
    for column, (above, below) in enumerate(pairs):
        if plain_head(above) in known and below not in {"", above} and column not in grouped:
            return False
    return bool(groups or tall or any(plain_head(name) in known for name in names))


def _texts(row: Sequence[Any]) -> list[str]:
    return [text_of(cell).replace("\n", "") for cell in row]


def _readings(head: str) -> list[str]:
    """A joined head is known by its whole, its lower or its upper part."""
    return [plain_head(part) for part in (head, *reversed(head.split(" / ")))]
