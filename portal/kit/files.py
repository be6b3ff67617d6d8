"""Uploads: what may come in, how it is kept, how it goes out (security.md 22).

pdf, jpg, png, docx and xlsx whose ending, content and declared type agree; at most settings.UPLOAD_MAX_BYTES; images
are drawn anew, so that what they carried besides the picture (EXIF, places) is gone.
"""

import hashlib
import io
import os
import re
import struct
import tempfile
import uuid
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import FileResponse
from PIL import Image, ImageOps

from portal.kit.forms import check_text, without_numbers

TYPES = {
    "pdf": ("application/pdf", b"%PDF-"),
    "jpg": ("image/jpeg", b"\xff\xd8\xff"),
    "jpeg": ("image/jpeg", b"\xff\xd8\xff"),
    "png": ("image/png", b"\x89PNG\r\n\x1a\n"),
    "docx": ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"PK\x03\x04"),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", b"PK\x03\x04"),
}
PARTS = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}
LOOSE = {"", "application/octet-stream", "application/zip", "application/x-zip-compressed", "image/jpg", "image/pjpeg"}
MOST_ENTRIES, MOST_UNZIPPED, MOST_PIXELS = 200, 30 * 1024 * 1024, 50_000_000
LONGEST_NAME, PDF_TAIL = 150, 1024
BAD_ZIP = (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError, ValueError)
BAD_IMAGE = (OSError, SyntaxError, ValueError, TypeError, KeyError, struct.error, Image.DecompressionBombError)


@dataclass(frozen=True)
class Checked:
    """A file that may be kept."""

    name: str
    content_type: str
    content: bytes

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def check_name(name: str) -> str:
    """A file's own name, without folders and personal numbers; ValidationError where it holds control characters."""
    return without_numbers(check_text(Path(name.replace("\\", "/")).name))[-LONGEST_NAME:]


def check(upload: Any) -> Checked:
    """The upload as it may be kept; ValidationError says what is wrong with it and what to do."""
    name = check_name(upload.name)
    ending = name.rpartition(".")[2].lower()
    if ending not in TYPES:
        raise ValidationError(f"{name}：只能上传 pdf、jpg、png、docx、xlsx 文件。")
    if upload.size > settings.UPLOAD_MAX_BYTES:
        most = settings.UPLOAD_MAX_BYTES // 1024 // 1024
        raise ValidationError(f"{name}：文件 {upload.size / 1024 / 1024:.1f} MB，超过 {most} MB，请压缩或拆分后再传。")
    content = upload.read()
    expected, magic = TYPES[ending]
    if not content.startswith(magic):
        raise ValidationError(f"{name}：内容不是 {ending} 文件，可能改过扩展名，请用原来的程序另存后再传。")
    if (upload.content_type or "") not in LOOSE | {expected}:
        raise ValidationError(f"{name}：文件类型（{upload.content_type}）与扩展名不符。")
    if ending in PARTS:
        _check_package(name, ending, content)
    if expected.startswith("image/"):
        content = _redraw(name, content, expected)
    if ending == "pdf":
        _check_pdf(name, content)
    return Checked(name, expected, content)


def store(key: uuid.UUID, content: bytes) -> None:
    """Write a file whole or not at all, on the disk before the caller commits."""
    target = path_of(key)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).replace(target)


@contextmanager
def writing(key: uuid.UUID) -> Iterator[Path]:
    """A path to write a file of any size to; it stands under its key when the block ends well, else not at all."""
    target = path_of(key)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def path_of(key: uuid.UUID) -> Path:
    """Where a file lies: by its own random key, in two levels of folders."""
    return Path(settings.FILES_ROOT) / key.hex[:2] / key.hex[2:4] / key.hex


def download(key: uuid.UUID, name: str, content_type: str) -> FileResponse:
    """A kept file as an attachment that no browser runs or guesses at."""
    response = FileResponse(path_of(key).open("rb"), content_type=content_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response["Cache-Control"] = "no-store"
    return response


def _check_pdf(name: str, content: bytes) -> None:
    if b"%%EOF" not in content[-PDF_TAIL:]:
        raise ValidationError(f"{name}：不是完整的 PDF，或后面夹带了其他内容，请重新打印为 PDF 后再传。")
    if any(word in content for word in (b"/JavaScript", b"/Launch", b"/EmbeddedFile")):
        raise ValidationError(f"{name}：含有脚本或附件，不能上传。请重新打印为 PDF 后再传。")


def _check_package(name: str, ending: str, content: bytes) -> None:
    try:
        package = zipfile.ZipFile(io.BytesIO(content))
    except (zipfile.BadZipFile, ValueError) as error:
        raise ValidationError(f"{name}：文件已损坏，打不开，请重新保存后再传。") from error
    entries = package.infolist()
    names = {entry.filename for entry in entries}
    if len(entries) > MOST_ENTRIES or sum(entry.file_size for entry in entries) > MOST_UNZIPPED:
        raise ValidationError(f"{name}：展开后过大，请减少图片或内容后再传。")
    if PARTS[ending] not in names:
        raise ValidationError(f"{name}：内容不是 {ending} 文件，请用原来的程序另存后再传。")
    if any(word in entry.lower() for entry in names for word in ("vbaproject", "activex", "embeddings/")):
        raise ValidationError(f"{name}：含有宏、控件或嵌入的文件，不能上传。请删除后另存，或另存为 PDF。")
    try:
        links = any(_links_out(package.read(entry)) for entry in entries if entry.filename.lower().endswith(".rels"))
        damaged = package.testzip()
    except BAD_ZIP as error:
        raise ValidationError(f"{name}：文件已损坏或加了密码，打不开，请重新保存后再传。") from error
    if damaged:
        raise ValidationError(f"{name}：文件已损坏，打不开，请重新保存后再传。")
    if links or any("externallink" in entry.lower() for entry in names):
        raise ValidationError(f"{name}：链接了其他文件，请断开链接（粘贴为数值）后再传。")


def _links_out(relations: bytes) -> bool:
    """Whether a part draws on something outside the file; a plain hyperlink does not."""
    found = re.findall(rb"<(?:\w+:)?Relationship\b[^>]*>", relations)
    outside = [tag for tag in found if re.search(rb"TargetMode\s*=\s*[\"']External", tag)]
    return any(not re.search(rb"Type\s*=\s*[\"'][^\"']*/hyperlink[\"']", tag) for tag in outside)


def _redraw(name: str, content: bytes, content_type: str) -> bytes:
    """The picture alone, upright, without what the camera wrote beside it."""
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG" if content_type == "image/jpeg" else "PNG"]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise ValidationError(f"{name}：图片 {image.width}×{image.height}，过大，请缩小后再传。")
            upright = ImageOps.exif_transpose(image)
            drawn = upright.convert("RGB") if content_type == "image/jpeg" else upright.convert("RGBA")
            out = io.BytesIO()
            drawn.save(out, "JPEG" if content_type == "image/jpeg" else "PNG", quality=88)
    except BAD_IMAGE as error:
        raise ValidationError(f"{name}：图片已损坏，打不开，请重新拍照或另存后再传。") from error
    return out.getvalue()
