"""A paper as .docx after GB/T 9704-2012 「党政机关公文格式」; the same paper gives the same bytes.

Fonts are named, never embedded: 方正小标宋简体, 仿宋_GB2312, 楷体_GB2312 and 黑体 stand on an office's machines. Where one is
missing, Word and WPS take the alternates that the font table names (FONTS).
"""

import datetime as dt
import io
import zipfile
from typing import Any, NamedTuple

import docx
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph

from portal.kit.documents.content import (
    HEADINGS,
    Kind,
    Line,
    Paper,
    chinese_date,
    clean,
    lines_of,
    title_lines,
    width_of,
)

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
FONTS = {
    "方正小标宋简体": "FZXiaoBiaoSong-B05S,方正小标宋_GBK,华文中宋,宋体,Noto Serif CJK SC",
    "仿宋_GB2312": "仿宋,FangSong,华文仿宋,Noto Serif CJK SC",
    "楷体_GB2312": "楷体,KaiTi,华文楷体,Noto Serif CJK SC",
    "黑体": "SimHei,华文黑体,Noto Sans CJK SC",
    "宋体": "SimSun,华文宋体,Noto Serif CJK SC",
}
RED = RGBColor(0xE6, 0x00, 0x12)
MOMENT = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
ZIP_MOMENT = (1980, 1, 1, 0, 0, 0)
NOT_KEPT = ("/docProps/thumbnail", "/word/stylesWithEffects", "/customXml")
PITCH = 28.95  # points between the 22 lines of a page: 225 mm / 22
NARROWER = -5  # twentieths of a point off each character: 28 of them in 156 mm
CENTER, LEFT, RIGHT = WD_ALIGN_PARAGRAPH.CENTER, WD_ALIGN_PARAGRAPH.LEFT, WD_ALIGN_PARAGRAPH.RIGHT


class Face(NamedTuple):
    """How a text is set; size in points (二号 22, 三号 16, 四号 14, 小四 12)."""

    font: str
    size: float = 16
    bold: bool = False
    red: bool = False


BODY, TITLE, HEAD = Face("仿宋_GB2312"), Face("方正小标宋简体", 22), Face("方正小标宋简体", 40, red=True)
SMALL, CELL, CELL_HEAD = Face("仿宋_GB2312", 14), Face("仿宋_GB2312", 12), Face("黑体", 12)
PAGE = Face("宋体", 14)
FACES = {
    Kind.FIRST: Face("黑体"), Kind.SECOND: Face("楷体_GB2312"), Kind.THIRD: Face("仿宋_GB2312", bold=True),
    Kind.FOURTH: BODY, Kind.TEXT: BODY,
}  # fmt: skip


def docx_bytes(paper: Paper) -> bytes:
    """The paper as a .docx file."""
    document = docx.Document()
    _page(document)
    _defaults(document)
    _head(document, paper)
    _title(document, paper)
    for line in lines_of(paper.blocks):
        if line.kind == Kind.TABLE:
            _table(document, line)
        else:
            paragraph = _paragraph(document, line.text, FACES[Kind(line.kind)], indent=2)
            paragraph.paragraph_format.keep_with_next = line.kind in HEADINGS or None
    _attachments(document, paper.attachments)
    _signature(document, paper)
    _copy_to(document, paper.copy_to)
    _numbers(document)
    return _fixed(document, paper)


def _page(document: Any) -> None:
    """A4; the type area is 156 mm × 225 mm."""
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.header_distance, section.footer_distance = Mm(15), Mm(24)


def _defaults(document: Any) -> None:
    style = document.styles["Normal"]
    _set_face(style.element.get_or_add_rPr(), BODY)
    style.font.size = Pt(BODY.size)
    shape = style.paragraph_format
    shape.space_before = shape.space_after = Pt(0)
    shape.line_spacing_rule, shape.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(PITCH)
    shape.widow_control = False
    for name in ("w:autoSpaceDE", "w:autoSpaceDN"):  # no gap between characters and figures: 28 a line
        rule = OxmlElement(name)
        rule.set(qn("w:val"), "0")
        style.element.get_or_add_pPr().insert_element_before(rule, "w:spacing", "w:ind", "w:jc")
    for lang in document.styles.element.iter(qn("w:lang")):
        lang.set(qn("w:eastAsia"), "zh-CN")


def _set_face(properties: Any, face: Face) -> None:
    fonts = properties.get_or_add_rFonts()
    for name in list(fonts.attrib):
        del fonts.attrib[name]
    for name in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
        fonts.set(qn(name), face.font)


def _run(paragraph: Paragraph, text: str, face: Face) -> Any:
    run = paragraph.add_run(clean(text))
    _set_face(run._element.get_or_add_rPr(), face)
    run.font.size, run.font.bold = Pt(face.size), face.bold
    if face.red:
        run.font.color.rgb = RED
    if face.size == BODY.size:
        spacing = OxmlElement("w:spacing")
        spacing.set(qn("w:val"), str(NARROWER))
        run._element.rPr.insert_element_before(spacing, "w:w", "w:kern", "w:position", "w:sz", "w:szCs")
    return run


def _paragraph(
    document: Any, text: str = "", face: Face = BODY, *, align: Any = None, indent: int = 0, pitch: float = PITCH
) -> Paragraph:
    """A paragraph in fixed line spacing; `indent` is the first line's, in characters."""
    paragraph = document.add_paragraph()
    paragraph.alignment = align
    paragraph.paragraph_format.line_spacing = Pt(pitch)
    if indent:
        _indent(paragraph, "firstLine", indent, face)
    if text:
        _run(paragraph, text, face)
    return paragraph


def _indent(paragraph: Paragraph, side: str, characters: float, face: Face = BODY) -> None:
    """Indent by characters, and by points for programs that do not count characters."""
    indent = paragraph._element.get_or_add_pPr().get_or_add_ind()
    indent.set(qn(f"w:{side}Chars"), str(round(characters * 100)))
    indent.set(qn(f"w:{side}"), str(round(characters * face.size * 20)))


def _head(document: Any, paper: Paper) -> None:
    """The red head, the document number, the red line."""
    if paper.head:
        _paragraph(document, paper.head, _fitting(paper.head), align=CENTER, pitch=56)
        _paragraph(document)
    number = _paragraph(document, paper.document_number, align=CENTER) if paper.head or paper.document_number else None
    if paper.head and number is not None:
        _rule(number, "bottom", "E60012", 18)
    if number is not None:
        _paragraph(document)


def _fitting(text: str) -> Face:
    """The head's letters as large as one line of 156 mm takes."""
    return HEAD._replace(size=max(22, min(HEAD.size, int(440 / max(1, len(text))))))


def _title(document: Any, paper: Paper) -> None:
    for line in title_lines(paper.title):
        _paragraph(document, line, TITLE, align=CENTER, pitch=35)
    _paragraph(document)
    if paper.addressee:
        _paragraph(document, paper.addressee)


def _table(document: Any, line: Line) -> None:
    """Ruled, its head repeated on every page; a row is never torn."""
    rows = line.rows
    if not rows:
        return
    _paragraph(document, pitch=6)
    table = document.add_table(rows=0, cols=len(rows[0]))
    table.style = "Table Grid"
    table.alignment = 1
    for index, cells in enumerate(rows):
        row = table.add_row()
        _row_rule(row, "w:cantSplit")
        if index == 0:
            _row_rule(row, "w:tblHeader")
        for column, text in enumerate(cells):
            _fill(row.cells[column], text, CELL if index else CELL_HEAD)
    _widths(table, line.shares)
    _paragraph(document, pitch=12)


def _row_rule(row: Any, name: str) -> None:
    row._tr.get_or_add_trPr().append(OxmlElement(name))


def _fill(cell: Any, text: str, face: Face) -> None:
    cell.vertical_alignment = 1
    paragraph = cell.paragraphs[0]
    paragraph.alignment = LEFT if face is CELL and width_of(text) > 12 else CENTER
    paragraph.paragraph_format.line_spacing = Pt(18)
    _run(paragraph, text, face)


def _widths(table: Any, shares: list[int]) -> None:
    table.autofit = False
    for column, share in enumerate(shares):
        for cell in table.columns[column].cells:
            cell.width = Mm(round(1.56 * share, 1))
        table.columns[column].width = Mm(round(1.56 * share, 1))


def _attachments(document: Any, names: tuple[str, ...]) -> None:
    if not names:
        return
    _paragraph(document)
    for index, name in enumerate(names, 1):
        label = "附件：" if index == 1 else "　　　"
        _paragraph(document, f"{label}{f'{index}. ' if len(names) > 1 else ''}{name}", indent=2)


def _signature(document: Any, paper: Paper) -> None:
    """The unit centred over the date, the date four characters from the right edge."""
    date = chinese_date(paper.dated) if paper.dated else ""
    if not (paper.signature or date):
        return
    _paragraph(document)
    _paragraph(document)
    wide, narrow = len(paper.signature), len(date) * 0.62  # figures are half as wide as characters
    for text, width in ((paper.signature, wide), (date, narrow)):
        if text:
            paragraph = _paragraph(document, text, align=RIGHT)
            paragraph.paragraph_format.keep_together = True
            _indent(paragraph, "right", max(2, 4 + (min(narrow, wide or narrow) - width) / 2))


def _copy_to(document: Any, text: str) -> None:
    """抄送 between two rules; it stands under the signature, not at the foot of the last page."""
    if not text:
        return
    _paragraph(document)
    paragraph = _paragraph(document, f"抄送：{text}", SMALL)
    _rule(paragraph, "top", "000000", 8)
    _rule(paragraph, "bottom", "000000", 8)


def _rule(paragraph: Paragraph, side: str, colour: str, eighths: int) -> None:
    """A line above or below a paragraph, `eighths` of a point thick."""
    properties = paragraph._element.get_or_add_pPr()
    borders = properties.find(qn("w:pBdr"))
    if borders is None:
        borders = OxmlElement("w:pBdr")
        properties.insert_element_before(
            borders, "w:shd", "w:tabs", "w:suppressAutoHyphens", "w:spacing", "w:ind", "w:jc", "w:rPr"
        )
    line = OxmlElement(f"w:{side}")
    for name, value in (("val", "single"), ("sz", str(eighths)), ("space", "6"), ("color", colour)):
        line.set(qn(f"w:{name}"), value)
    borders.append(line)


def _numbers(document: Any) -> None:
    """— 1 — at the foot: odd pages right, even pages left, one character from the edge."""
    document.settings.odd_and_even_pages_header_footer = True
    section = document.sections[0]
    for footer, align, side in ((section.footer, RIGHT, "right"), (section.even_page_footer, LEFT, "left")):
        footer.is_linked_to_previous = False
        paragraph = footer.paragraphs[0]
        paragraph.style = document.styles["Normal"]
        paragraph.alignment = align
        _indent(paragraph, side, 1, PAGE)
        _run(paragraph, "— ", PAGE)
        _page_field(paragraph)
        _run(paragraph, " —", PAGE)


def _page_field(paragraph: Paragraph) -> None:
    """The only field of a paper: the number of the page."""
    for kind in ("begin", "PAGE", "separate", "1", "end"):
        run = _run(paragraph, "", PAGE)
        if kind == "1":
            run.text = kind
            continue
        name = "w:instrText" if kind == "PAGE" else "w:fldChar"
        element = OxmlElement(name)
        if kind == "PAGE":
            element.text = kind
        else:
            element.set(qn("w:fldCharType"), kind)
        run._element.append(element)


def _fixed(document: Any, paper: Paper) -> bytes:
    """The file without anything that differs from one run to the next, nor what the template only drags along."""
    core = document.core_properties
    core.title, core.author, core.last_modified_by, core.comments = clean(paper.title)[:200], "", "", ""
    core.created = core.modified = MOMENT
    core.language, core.revision = "zh-CN", 1
    _drop(document.part.package)
    _name_fonts(document)
    made = io.BytesIO()
    document.save(made)
    fixed = io.BytesIO()
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(zipfile.ZipInfo(name, ZIP_MOMENT), source.read(name), zipfile.ZIP_DEFLATED)
    return fixed.getvalue()


def _drop(package: Any) -> None:
    for relations in (package.rels, package.main_document_part.rels):
        for key, relation in list(relations.items()):
            if not relation.is_external and str(relation.target_part.partname).startswith(NOT_KEPT):
                del relations[key]


def _name_fonts(document: Any) -> None:
    """The font table: each font with the alternates to take where it is missing."""
    fonts = "".join(
        f'<w:font w:name="{name}"><w:altName w:val="{others}"/><w:charset w:val="86"/>'
        f'<w:family w:val="{"swiss" if name == "黑体" else "roman"}"/><w:pitch w:val="variable"/></w:font>'
        for name, others in FONTS.items()
    )
    namespace = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    xml = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:fonts xmlns:w="{namespace}">{fonts}</w:fonts>'
    table = next(part for part in document.part.package.iter_parts() if part.partname == "/word/fontTable.xml")
    table._blob = xml.encode()
