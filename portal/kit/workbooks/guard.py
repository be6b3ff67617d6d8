"""A look at a package before anything parses it (security.md 23): sizes as really unpacked, no surprises inside.

A 218 KB file cost 80 s of CPU and 789 MB in openpyxl; a 4.6 KB file claims 1,048,576 × 16,384 cells.
"""

import io
import re
import stat
import zipfile
from collections.abc import Iterator, Sequence

from django.conf import settings
from django.core.exceptions import ValidationError

from portal.kit.files import BAD_ZIP

MOST_ENTRIES, MOST_UNZIPPED, MOST_RATIO = 200, 30 * 1024 * 1024, 100
SMALL = 1024 * 1024  # below this unpacked size a high ratio is no bomb
MOST_COLUMNS = 200
CHUNK = 1 << 16
OVERLAP = 256
RESAVE = "请在 Excel 或 WPS 中打开，另存为一个新的 xlsx 文件再上传。"
FORBIDDEN_PARTS = {
    "vbaproject": "含有宏", "activex": "含有控件", "embeddings/": "嵌入了其他文件", "externallink": "链接了其他文件",
    "macrosheets": "含有宏表", "dialogsheets": "含有对话框", "xl/connections": "连接了外部数据", "xl/querytables": "连接了外部数据",
}  # fmt: skip
OTHERS = {
    "xl/workbook.bin": "这是 xlsb 格式", "word/document.xml": "这是 Word 文档", "ppt/presentation.xml": "这是演示文稿",
    "content.xml": "这是 ods 格式",
}  # fmt: skip
# Every repetition is bounded: a part of nothing but "<c <c <c" must not cost more than its length.
TAG = rb"<(?:\w{1,20}:)?"
DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
REFERENCE = re.compile(TAG + rb"""c\s[^<>]{0,200}?\br\s?=\s?["']([A-Za-z]{1,7})([0-9]{1,10})["']""")
ROW = re.compile(TAG + rb"""row\s[^<>]{0,200}?\br\s?=\s?["']([0-9]{1,10})["']""")
EMPTY_VALUE = rb"(?:<(?:\w{1,20}:)?v\s?/>|<(?:\w{1,20}:)?v></(?:\w{1,20}:)?v>)?"
FAILED = re.compile(rb"""\bt=["']e["']|</(?:\w{1,20}:)?f>\s?""" + EMPTY_VALUE + rb"\s?</(?:\w{1,20}:)?c>")
OUTSIDE = re.compile(rb"""TargetMode\s?=\s?["']External""", re.IGNORECASE)
RELATION = re.compile(TAG + rb"Relationship\s[^<>]{0,4000}")
HYPERLINK = re.compile(rb"""Type\s?=\s?["'][^"'<>]{0,200}/hyperlink["']""")
MACRO = re.compile(rb"macroEnabled|vbaProject", re.IGNORECASE)
LETTERS, UPPER = 26, 0xDF


def check_package(content: bytes) -> bool:
    """Refuse an xlsx that is too large, damaged, encrypted or carries more than cells. Raises ValidationError.

    Returns whether some cell may be a formula without a result.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            _check_names(package.infolist())
            return _check_parts(package)
    except BAD_ZIP as error:
        raise ValidationError(f"文件已损坏，打不开。{RESAVE}") from error


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename.replace("\\", "/").lower() for entry in entries]
    if len(entries) > MOST_ENTRIES:
        raise ValidationError(f"文件里有 {len(entries)} 个部分，过多。{RESAVE}")
    if len(set(names)) < len(names) or any(name.startswith("/") or ".." in name.split("/") for name in names):
        raise ValidationError(f"文件结构不正常。{RESAVE}")
    if any(stat.S_ISLNK(entry.external_attr >> 16) for entry in entries):
        raise ValidationError(f"文件结构不正常。{RESAVE}")
    if any(entry.flag_bits & 1 for entry in entries):
        raise ValidationError("文件加了密码，不能读取。请取消密码后再上传。")
    for part, words in FORBIDDEN_PARTS.items():
        if any(part in name for name in names):
            raise ValidationError(f"文件{words}，不能导入。请去掉后另存为 xlsx 再上传。")
    if "xl/workbook.xml" not in names:
        raise ValidationError(f"{_other(names)}，不能导入。{RESAVE}")


def _other(names: Sequence[str]) -> str:
    """What a package is that is no xlsx."""
    for part, words in OTHERS.items():
        if part in names:
            return words
    inside = any(name.endswith((".xlsx", ".xls", ".csv", ".et")) for name in names)
    return "这是压缩包，请先解压，再上传里面的表格" if inside else "这不是 Excel 工作簿"


def _check_parts(package: zipfile.ZipFile) -> bool:
    total, failed = 0, False
    for entry in package.infolist():
        unpacked = 0
        for chunk in _chunks(package, entry):
            unpacked += len(chunk) - OVERLAP
            total += len(chunk) - OVERLAP
            if total > MOST_UNZIPPED or (unpacked > SMALL and unpacked > MOST_RATIO * max(entry.compress_size, 1)):
                raise ValidationError("文件展开后过大，不能导入。请拆成几个文件，或删去多余的内容和格式后另存再上传。")
            failed = _check_chunk(entry.filename.lower(), chunk) or failed
    return failed


def _chunks(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part in pieces, each with the end of the one before, so that nothing hides on a seam."""
    tail = b" " * OVERLAP
    with package.open(entry) as part:
        while piece := part.read(CHUNK):
            yield tail + piece
            tail = piece[-OVERLAP:].rjust(OVERLAP)


def _check_chunk(name: str, chunk: bytes) -> bool:
    """Refuse what a part may not hold; whether it has a formula without a result."""
    if not name.endswith((".xml", ".rels", ".vml")):
        return False
    if DOCTYPE.search(chunk) or b"\x00" in chunk:
        raise ValidationError(f"文件里含有不允许的定义。{RESAVE}")
    if name == "[content_types].xml" and MACRO.search(chunk):
        raise ValidationError(f"文件{FORBIDDEN_PARTS['vbaproject']}，不能导入。请去掉后另存为 xlsx 再上传。")
    if name.endswith(".rels") and any(
        OUTSIDE.search(one) and not HYPERLINK.search(one) for one in RELATION.findall(chunk)
    ):
        raise ValidationError("文件链接了其他文件，不能导入。请断开链接（粘贴为数值）后再上传。")
    if not name.startswith("xl/worksheets/"):
        return False
    _check_cells(chunk)
    return (b"f>" in chunk or b'e"' in chunk or b"e'" in chunk) and FAILED.search(chunk) is not None


def _check_cells(chunk: bytes) -> None:
    rows = [int(number) for number in ROW.findall(chunk)]
    if rows and max(rows) > settings.IMPORT_MAX_ROWS:
        raise ValidationError(
            f"表格第 {max(rows)} 行还有内容或格式，超过 {settings.IMPORT_MAX_ROWS} 行。请删去多余的行，或拆成几个文件再上传。"
        )
    for letters, number in REFERENCE.findall(chunk):
        if len(letters) > 2 or _column(letters) > MOST_COLUMNS or int(number) > settings.IMPORT_MAX_ROWS:  # noqa: PLR2004
            cell = f"{letters.decode()}{number.decode()}"
            raise ValidationError(f"单元格 {cell} 离表格太远。请删去表格右边和下面多余的内容和格式后再上传。")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * LETTERS + (letter & UPPER) - ord("A") + 1
    return number
