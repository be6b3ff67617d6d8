"""The files themselves, read back: GB/T 9704 in Word, the same words in PDF, nothing asked from outside."""

import datetime as dt
import io
import re
import subprocess
from unittest.mock import patch

import docx
import pytest
from django.core.exceptions import ValidationError
from docx.enum.text import WD_LINE_SPACING
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from portal.kit import documents
from portal.kit.documents import Block, Line, Paper, content, pdf
from tests.papers.case import PaperCase, parts_of

PAPER = Paper(
    "关于2026年第三季度统一战线工作考评情况的通报",
    (
        Block("h1", "考评结果"), Block("h2", "一类单位"), Block("text", "共60个单位。\n第二段。"), Block("h3", "抓整改"),
        Block("h4", "细目"), Block("table", "名次 | 单位\n1 | 甲\\|乙镇\n2"), Block("h1", "下一步"), Block("h2", "其一"),
    ),
    head="中共测试县委统战部文件", document_number="统通〔2026〕1号", addressee="各乡镇党委：", attachments=("名单", "得分表"),
    signature="中共测试县委统战部", dated=dt.date(2026, 1, 9), copy_to="县纪委",
)  # fmt: skip
SENTENCE = "为深入贯彻落实党的统一战线工作部署推动全县各乡镇和县直有关单位认真履行主体责任"


def opened(paper=PAPER):
    return docx.Document(io.BytesIO(documents.docx_bytes(paper)))


def paragraph_of(document, text):
    return next(paragraph for paragraph in document.paragraphs if text in paragraph.text)


def face(paragraph):
    """(East Asian font, points, bold) of a paragraph's first run."""
    run = paragraph.runs[0]
    return run._element.rPr.rFonts.get(qn("w:eastAsia")), run.font.size.pt, bool(run.font.bold)


def pdf_text(data):
    """The text of each page, without spaces."""
    said = subprocess.run(
        ["pdftotext", "-layout", "-", "-"], input=data, capture_output=True, check=True
    ).stdout.decode()
    return [re.sub(r"\s+", "", page) for page in said.split("\f")]


class TestWord:
    def test_the_page_is_a4_with_a_type_area_of_156_by_225_mm(self):
        section = opened().sections[0]
        width, height, top, bottom, left, right = (
            round(length.mm) for length in (
                section.page_width, section.page_height, section.top_margin, section.bottom_margin, section.left_margin,
                section.right_margin,
            )
        )  # fmt: skip
        assert (width, height, top, left) == (210, 297, 37, 28)
        assert (width - left - right, height - top - bottom) == (156, 225)

    def test_each_part_has_its_font_and_size(self):
        document = opened()
        assert face(paragraph_of(document, "中共测试县委统战部文件"))[0] == "方正小标宋简体"
        assert face(paragraph_of(document, "统一战线工作考评情况的通报"))[:2] == ("方正小标宋简体", 22)
        for text, expected in (
            ("共60个单位", ("仿宋_GB2312", 16, False)), ("一、考评结果", ("黑体", 16, False)),
            ("（一）一类单位", ("楷体_GB2312", 16, False)), ("1.抓整改", ("仿宋_GB2312", 16, True)),
            ("（1）细目", ("仿宋_GB2312", 16, False)), ("各乡镇党委：", ("仿宋_GB2312", 16, False)),
        ):  # fmt: skip
            assert face(paragraph_of(document, text)) == expected, text

    def test_22_lines_a_page_28_characters_a_line(self):
        paragraph = paragraph_of(opened(), "共60个单位")
        shape = paragraph.paragraph_format
        assert shape.line_spacing_rule == WD_LINE_SPACING.EXACTLY
        assert Pt(28) <= shape.line_spacing <= Pt(29)
        assert 22 * shape.line_spacing.pt <= Mm(225).pt + 0.1
        assert paragraph._element.pPr.ind.get(qn("w:firstLineChars")) == "200"
        spacing = int(paragraph.runs[0]._element.rPr.find(qn("w:spacing")).get(qn("w:val"))) / 20
        assert 28 * (16 + spacing) <= Mm(156).pt < 29 * (16 + spacing)

    def test_the_levels_are_numbered_and_begin_again_below_a_new_one(self):
        texts = [paragraph.text for paragraph in opened().paragraphs]
        assert [text for text in texts if re.match(r"[一二]、|（[一二1]）|1\.", text)] == [
            "一、考评结果", "（一）一类单位", "1.抓整改", "（1）细目", "二、下一步", "（一）其一",
        ]  # fmt: skip

    def test_the_head_is_red_with_a_red_line_and_can_be_left_out(self):
        with_head, without = documents.docx_bytes(PAPER), documents.docx_bytes(Paper("标题", PAPER.blocks))
        assert b"E60012" in parts_of(with_head)["word/document.xml"]
        assert b"E60012" not in parts_of(without)["word/document.xml"]

    def test_a_table_keeps_its_cells_and_repeats_its_head(self):
        table = opened().tables[0]
        assert [[cell.text for cell in row.cells] for row in table.rows] == [
            ["名次", "单位"],
            ["1", "甲|乙镇"],
            ["2", ""],
        ]
        assert table.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None

    def test_signature_date_attachments_and_page_numbers(self):
        document = opened()
        texts = [paragraph.text for paragraph in document.paragraphs]
        assert "2026年1月9日" in texts
        assert "附件：1. 名单" in texts and "　　　2. 得分表" in texts and "抄送：县纪委" in texts
        footers = document.sections[0].footer, document.sections[0].even_page_footer
        for footer in footers:
            assert re.fullmatch("— ?1 ?—", footer.paragraphs[0].text.strip())
            assert "PAGE" in footer._element.xml

    def test_the_same_paper_gives_the_same_bytes_and_names_nobody(self):
        assert documents.docx_bytes(PAPER) == documents.docx_bytes(PAPER)
        core = parts_of(documents.docx_bytes(PAPER))["docProps/core.xml"].decode()
        assert "python-docx" not in core
        assert not [name for name in parts_of(documents.docx_bytes(PAPER)) if "thumbnail" in name]

    def test_what_no_xml_may_hold_is_left_out(self):
        paper = Paper("标\x00题\ufffe", (Block("text", "甲\x0b乙\ud800丙"),), signature="丁\x1f")
        document = opened(paper)
        assert paragraph_of(document, "标题").text == "标题"
        assert paragraph_of(document, "甲乙丙")
        assert pdf_text(documents.pdf_bytes(paper))[0].startswith("标题甲乙丙丁")

    def test_an_empty_paper_is_a_document_too(self):
        assert opened(Paper("")).paragraphs
        assert documents.pdf_bytes(Paper("")).startswith(b"%PDF")
        assert opened(Paper("题", (Block("table", ""), Block("h1", "")))).tables == []


class TestPdf:
    def test_it_says_what_the_word_file_says_on_numbered_a4_pages(self):
        long = Paper(PAPER.title, PAPER.blocks + (Block("text", "\n".join([SENTENCE] * 30)),), head=PAPER.head)
        data = documents.pdf_bytes(long)
        pages = [page for page in pdf_text(data) if page]
        assert "一、考评结果（一）一类单位共60个单位。第二段。1.抓整改（1）细目" in pages[0]
        assert [page[-3:] for page in pages] == [f"—{number}—" for number in range(1, len(pages) + 1)]
        assert len(pages) >= 3
        info = subprocess.run(["pdfinfo", "-"], input=data, capture_output=True, check=True).stdout.decode()
        assert "595.2" in info and "841.8" in info

    def test_a_line_takes_28_characters(self):
        data = documents.pdf_bytes(Paper("题", (Block("text", SENTENCE * 3),)))
        said = subprocess.run(["pdftotext", "-layout", "-", "-"], input=data, capture_output=True, check=True)
        lines = [line.strip() for line in said.stdout.decode().splitlines() if line.strip()]
        assert [len(line) for line in lines[1:4]] == [26, 28, 28]

    def test_nothing_is_asked_from_outside(self):
        hostile = '<img src="http://127.0.0.1:9/x.png"><link rel="stylesheet" href="file:///etc/passwd">'
        documents.pdf_bytes.cache_clear()
        assert "<imgsrc=" in pdf_text(documents.pdf_bytes(Paper("题", (Block("text", hostile),))))[0]
        documents.pdf_bytes.cache_clear()
        opened_ = "socket.socket.connect", "urllib.request.OpenerDirector.open"
        with (
            patch.object(pdf, "page_of", return_value=hostile),
            patch(opened_[0]) as connect,
            patch(opened_[1]) as asked,
        ):
            documents.pdf_bytes(PAPER)
        documents.pdf_bytes.cache_clear()
        assert not connect.called and not asked.called

    def test_a_machine_without_the_library_says_so(self):
        documents.pdf_bytes.cache_clear()
        with patch.object(pdf, "weasyprint", None):
            assert not documents.has_pdf()
            with pytest.raises(ValidationError, match="没有安装 PDF 组件"):
                documents.pdf_bytes(PAPER)


class TestContent:
    def test_a_paper_is_stored_and_read_back(self):
        assert content.paper_from(content.plain_paper(PAPER)) == PAPER
        assert content.paper_from({}) == Paper("")

    def test_a_table_s_text_and_its_cells_are_the_same(self):
        rows = (("名|次", "单 位", ""), ("1", "", "｜"))
        assert content.rows_of(content.table_text(rows)) == rows

    def test_chinese_numerals(self):
        assert [content.chinese(n) for n in (1, 10, 11, 20, 21, 99)] == ["一", "十", "十一", "二十", "二十一", "九十九"]

    def test_wide_columns_share_what_short_ones_leave(self):
        shares = Line("table", rows=(("名次", "甲" * 30, "乙" * 60), ("1", "", ""))).shares
        assert sum(shares) == 100
        assert shares[0] < 15 and abs(shares[1] - shares[2]) < 3

    def test_a_long_title_breaks_after_a_word(self):
        assert content.title_lines(PAPER.title) == ["关于2026年第三季度", "统一战线工作考评情况的通报"]
        assert content.title_lines("短标题") == ["短标题"]


class DownloadTests(PaperCase):
    def test_the_files_hold_what_was_typed(self):
        paper = self.draft("bulletin")
        self.edit(
            paper,
            texts={paper.composed.blocks[0].key: "手工写的开头。"},
            attachments="名单\n\n得分表",
            copy_to="县纪委",
        )
        response = self.client.get(self.url("paper_word", paper))
        assert response["Content-Type"] == documents.DOCX
        assert response["Cache-Control"] == "no-store"
        said = self.words(response)
        assert "手工写的开头。" in said and "附件：1. 名单" in said and "抄送：县纪委" in said
        pages = pdf_text(self.client.get(self.url("paper_pdf", paper)).content)
        assert "手工写的开头。" in pages[0]

    def test_without_the_pdf_library_the_page_has_no_button_and_the_address_says_why(self):
        paper = self.draft("letter")
        documents.pdf_bytes.cache_clear()
        with patch.object(pdf, "weasyprint", None):
            assert "下载 PDF" not in self.client.get(self.url("paper_detail", paper)).text
            page = self.client.get(self.url("paper_pdf", paper), follow=True)
            assert "请下载 Word 版本" in page.text
