"""What is handed out: templates, update tables, the returned upload."""

from contextlib import suppress
from typing import Any
from urllib.parse import quote

from django.core.exceptions import ValidationError
from django.http import FileResponse

from portal.exchange.models import ImportBatch, unpacked
from portal.exchange.services import batches
from portal.kit.workbooks.imports import Outcome, Workbook
from portal.kit.workbooks.returned import NotEditable, Rejected, returned_rows, returned_workbook
from portal.kit.workbooks.templates import template_workbook

WRONG = {Outcome.ERROR, Outcome.SCOPE, Outcome.DUPLICATE}


def template(workbook: Workbook, *, with_data: bool, area: Any = None) -> Any:
    """A register's template as a temporary file, filled with the user's rows (of `area`) where asked."""
    rows = workbook.present(area) if with_data else ()
    return template_workbook(workbook.label, workbook.columns, workbook.options, rows, workbook.words)


def response(made: Any, name: str, content_type: str) -> FileResponse:
    answer = FileResponse(made, content_type=content_type)
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return answer


def returned(batch: ImportBatch) -> Any:
    """The user's own file with red cells; a file that is no xlsx comes back as a new one."""
    if batch.content is None:
        raise ValidationError("这个文件的内容已过保存期，请重新上传。")
    book = batches.book_of(batch)
    where = {
        block.sheet: dict(zip(names, block.columns, strict=True))
        for block, names in zip(book.blocks, batch.columns, strict=True)
    }
    problems: dict[tuple[str, int], dict[int | None, str]] = {}
    for sheet, number, outcome, _, found, *_ in unpacked(batch.lines) or []:
        if outcome in WRONG:
            said = problems.setdefault((sheet, number), {})
            for column, words, _ in found:
                index = where[sheet].get(column)
                said[index] = f"{said[index]}；{words}" if index in said else words
    headings = {block.sheet: (block.head_row, max(block.columns) + 1) for block in book.blocks}
    with suppress(NotEditable):
        if bytes(batch.content[:2]) == b"PK":
            return returned_workbook(bytes(batch.content), problems, headings)
    read = [Rejected(b.sheet, b.heads, [(row.number, row.cells) for row in b.rows], b.columns) for b in book.blocks]
    return returned_rows(read, problems)
