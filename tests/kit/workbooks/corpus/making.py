"""How the corpus makes its files: workbooks by openpyxl, and packages part by part where no library writes such a thing."""

import io
import zipfile

import openpyxl

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
DECLARED = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
HEAD = ["乡镇", "名称", "成立日期", "联系电话"]
ROW = ["泉溪镇", "泉溪镇商会", "2024-03-01", "13800000001"]
TYPES = f"""{DECLARED}<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>"""
ROOT = f"""{DECLARED}<Relationships xmlns="{PACKAGE}/relationships">
<Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>"""
BOOK = f"""{DECLARED}<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets><sheet name="Sheet1" sheetId="1" r:id="rId1"/></sheets></workbook>"""
BOOK_RELATIONS = f"""{DECLARED}<Relationships xmlns="{PACKAGE}/relationships">
<Relationship Id="rId1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"""
SHARED_RELATIONS = BOOK_RELATIONS.replace(
    "</Relationships>", f'<Relationship Id="rId2" Type="{RELATIONS}/sharedStrings" Target="sharedStrings.xml"/></Relationships>'
)  # fmt: skip
SHEET_PART = "xl/worksheets/sheet1.xml"


def xlsx(*rows, merged=(), title="Sheet1", change=None):
    """A workbook of one sheet; `change` has the sheet before it is saved."""
    return book({title: rows}, merged, change)


def book(sheets, merged=(), change=None):
    """A workbook of sheets by name, each a list of rows; `merged` on the first."""
    made = openpyxl.Workbook()
    made.remove(made.active)
    for title, rows in sheets.items():
        page = made.create_sheet(title)
        for row in rows:
            page.append(list(row))
    for cells in merged:
        made.worksheets[0].merge_cells(cells)
    if change is not None:
        change(made.worksheets[0])
    return saved(made)


def saved(made):
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def package(parts=None, *, without=(), stored=()):
    """A workbook part by part: `parts` by name, over those of a small one."""
    found = {
        "[Content_Types].xml": TYPES, "_rels/.rels": ROOT, "xl/workbook.xml": BOOK,
        "xl/_rels/workbook.xml.rels": BOOK_RELATIONS, SHEET_PART: sheet(), **(parts or {}),
    }  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in found.items():
            if name not in without:
                kind = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
                file.writestr(name, content, compress_type=kind)
    return out.getvalue()


def sheet(data=None, before="", after=""):
    """A worksheet's XML with `data` as its rows."""
    data = written(HEAD, ROW) if data is None else data
    return f'{DECLARED}<worksheet xmlns="{MAIN}" xmlns:r="{RELATIONS}">{before}<sheetData>{data}</sheetData>{after}</worksheet>'


def written(*rows, first=1):
    """Rows of texts as XML."""
    return "".join(
        f'<row r="{number}">' + "".join(cell("ABCDEFGHIJ"[index], number, text) for index, text in enumerate(row)) + "</row>"
        for number, row in enumerate(rows, first)
    )  # fmt: skip


def cell(letter, number, text):
    return f'<c r="{letter}{number}" t="inlineStr"><is><t>{text}</t></is></c>'
