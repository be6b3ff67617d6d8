"""Files as people upload them, right ones and bad ones."""

import io
import zipfile

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
TYPES = {
    "pdf": "application/pdf", "jpg": "image/jpeg", "png": "image/png",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip


def upload(name, content, content_type=None):
    return SimpleUploadedFile(name, content, content_type or TYPES.get(name.rpartition(".")[2].lower(), "text/plain"))


def pdf(name="会议记录.pdf", content=PDF):
    return upload(name, content)


def picture(kind="JPEG", size=(40, 20), exif=None):
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, kind, **({"exif": exif} if exif else {}))
    return out.getvalue()


def package(kind="docx", **parts):
    """A small docx or xlsx; more parts by their path with `/` as `__`."""
    main = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}[kind]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        file.writestr(main, "<document/>")
        for name, content in parts.items():
            file.writestr(name.replace("__", "/"), content)
    return out.getvalue()
