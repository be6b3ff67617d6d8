"""Official papers (公文) as .docx and PDF, laid out after GB/T 9704-2012. The engines are imported here alone."""

from portal.kit.documents.content import (
    BLANK,
    CELL,
    HEADINGS,
    Block,
    Kind,
    Line,
    Paper,
    Source,
    chinese_date,
    lines_of,
    paper_from,
    plain_paper,
    rows_of,
    table_text,
)
from portal.kit.documents.pdf import drawn, has_pdf, pdf_bytes
from portal.kit.documents.word import DOCX, docx_bytes

__all__ = [
    "BLANK", "CELL", "DOCX", "HEADINGS", "Block", "Kind", "Line", "Paper", "Source", "chinese_date", "docx_bytes", "drawn", "has_pdf",
    "lines_of", "paper_from", "pdf_bytes", "plain_paper", "rows_of", "table_text",
]  # fmt: skip
