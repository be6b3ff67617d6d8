"""A paper as PDF by WeasyPrint. It asks for nothing from outside: no font, picture or style leaves or enters the machine."""

from functools import lru_cache
from typing import Any

from django.contrib.staticfiles import finders
from django.core.exceptions import ValidationError
from django.template.loader import render_to_string

from portal.kit.documents.content import Paper, chinese_date, lines_of, title_lines

try:
    import weasyprint
except (ImportError, OSError):  # Pango or HarfBuzz is not on this machine: the portal starts without PDF
    weasyprint = None

NO_PDF = (
    "这台服务器没有安装 PDF 组件（Pango、HarfBuzz），暂时不能生成 PDF，请下载 Word 版本，或请运维人员按运维手册安装。"
)


def has_pdf() -> bool:
    """Whether this machine can make a PDF."""
    return weasyprint is not None


@lru_cache(maxsize=8)
def pdf_bytes(paper: Paper) -> bytes:
    """The paper as a PDF file; ValidationError where the machine has no PDF library. The same paper is drawn once."""
    if weasyprint is None:
        raise ValidationError(NO_PDF)
    refuse = weasyprint.urls.URLFetcher(allowed_protocols=())  # a paper is made of its own words alone
    html = weasyprint.HTML(string=page_of(paper), url_fetcher=refuse)
    style = weasyprint.CSS(filename=finders.find("css/paper.css"), url_fetcher=refuse)
    return html.write_pdf(stylesheets=[style], presentational_hints=True)  # the columns' widths


def page_of(paper: Paper) -> str:
    """The paper as the HTML that PDF is made of."""
    return render_to_string("documents/paper.html", drawn(paper))


def drawn(paper: Paper) -> dict[str, Any]:
    """What `documents/_paper.html` shows."""
    return {
        "paper": paper, "title_lines": title_lines(paper.title), "lines": list(lines_of(paper.blocks)),
        "date": chinese_date(paper.dated) if paper.dated else "",
    }  # fmt: skip
