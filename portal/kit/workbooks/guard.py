"""A look at a package before anything parses it (security.md 23): sizes as really unpacked, no surprises inside.

A 218 KB file cost 80 s of CPU and 789 MB in openpyxl; a 4.6 KB file claims 1,048,576 × 16,384 cells.
"""

import io
import re
import zipfile
from collections.abc import Iterator

from django.conf import settings
from django.core.exceptions import ValidationError

from portal.kit.files import BAD_ZIP

MOST_ENTRIES, MOST_UNZIPPED, MOST_RATIO = 200, 30 * 1024 * 1024, 100
SMALL = 1024 * 1024  # below this unpacked size a high ratio is no bomb
MOST_COLUMNS = 200
CHUNK = 1 << 16
OVERLAP = 64
RESAVE = "请在 Excel 或 WPS 中打开，另存为一个新的 xlsx 文件再上传。"
FORBIDDEN_PARTS = {
    "vbaproject": "含有宏", "activex": "含有控件", "embeddings/": "嵌入了其他文件", "externallink": "链接了其他文件",
    "macrosheets": "含有宏表", "dialogsheets": "含有对话框",
}  # fmt: skip
DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
REFERENCE = re.compile(rb'<(?:\w+:)?c\s[^>]*?\br="([A-Z]{1,7})([0-9]{1,10})"')
ROW = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="([0-9]{1,10})"')
LETTERS = 26


def check_package(content: bytes) -> None:
    """Refuse an xlsx that is too large, damaged, encrypted or carries more than cells. Raises ValidationError."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            _check_names(package.infolist())
            _check_parts(package)
    except BAD_ZIP as error:
        raise ValidationError(f"文件已损坏，打不开。{RESAVE}") from error


def _check_names(entries: list[zipfile.ZipInfo]) -> None:
    names = [entry.filename.replace("\\", "/").lower() for entry in entries]
    if len(entries) > MOST_ENTRIES:
        raise ValidationError(f"文件里有 {len(entries)} 个部分，过多。{RESAVE}")
    if len(set(names)) < len(names) or any(name.startswith("/") or ".." in name.split("/") for name in names):
        raise ValidationError(f"文件结构不正常。{RESAVE}")
    if any(entry.flag_bits & 1 for entry in entries):
        raise ValidationError("文件加了密码，不能读取。请取消密码后再上传。")
    for part, words in FORBIDDEN_PARTS.items():
        if any(part in name for name in names):
            raise ValidationError(f"文件{words}，不能导入。请去掉后另存为 xlsx 再上传。")
    if "xl/workbook.xml" not in names:
        words = "这是 xlsb 格式" if "xl/workbook.bin" in names else "这不是 Excel 工作簿"
        raise ValidationError(f"{words}，不能导入。{RESAVE}")


def _check_parts(package: zipfile.ZipFile) -> None:
    total = 0
    for entry in package.infolist():
        unpacked = 0
        is_sheet = entry.filename.lower().startswith("xl/worksheets/")
        for chunk in _chunks(package, entry):
            unpacked += len(chunk) - OVERLAP
            total += len(chunk) - OVERLAP
            if total > MOST_UNZIPPED or (unpacked > SMALL and unpacked > MOST_RATIO * max(entry.compress_size, 1)):
                raise ValidationError("文件展开后过大，不能导入。请拆成几个文件，或删去多余的内容和格式后另存再上传。")
            if entry.filename.lower().endswith((".xml", ".rels", ".vml")):
                _check_xml(chunk, is_sheet)


def _chunks(package: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The part in pieces, each with the end of the one before, so that nothing hides on a seam."""
    tail = b" " * OVERLAP
    with package.open(entry) as part:
        while piece := part.read(CHUNK):
            yield tail + piece
            tail = piece[-OVERLAP:].rjust(OVERLAP)


def _check_xml(chunk: bytes, is_sheet: bool) -> None:
    if DOCTYPE.search(chunk) or b"\x00" in chunk:
        raise ValidationError(f"文件里含有不允许的定义。{RESAVE}")
    if is_sheet:
        _check_cells(chunk)


def _check_cells(chunk: bytes) -> None:
    rows = [int(number) for number in ROW.findall(chunk)]
    if rows and max(rows) > settings.IMPORT_MAX_ROWS:
        raise ValidationError(
            f"表格第 {max(rows)} 行还有内容或格式，超过 {settings.IMPORT_MAX_ROWS} 行。请删去多余的行，或拆成几个文件再上传。"
        )
    for letters, number in REFERENCE.findall(chunk):
        if len(letters) > 2 or _column(letters) > MOST_COLUMNS or int(number) > settings.IMPORT_MAX_ROWS:  # noqa: PLR2004
            cell = f"{letters.decode()}{number.decode()}"
            raise ValidationError(f"单元格 {cell} 离表格太远。请删去表格右边和下面多余的内容后再上传。")


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * LETTERS + letter - ord("A") + 1
    return number
