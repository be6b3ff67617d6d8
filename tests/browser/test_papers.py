"""A letter from the slip to its issue in a real browser, on a desk and on a phone; its pages are sound."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from assessments.services.publications import publish_quarter
from portal.papers.models import IssuedPaper, Paper
from tests.assessments.boards import make_board
from tests.assessments.test_publications import fill
from tests.browser.test_pages import SERIOUS, log_in

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def publication():
    board = make_board()
    fill(board)
    return publish_quarter(board.quarter, by=board.staff)


@pytest.fixture
def page(browser, browser_context_args, live_server, publication):
    page = browser.new_context(base_url=live_server.url, **browser_context_args).new_page()
    page.said = []
    page.on("console", lambda message: page.said.append(message.text) if message.type == "error" else None)
    log_in(page, publication.by)
    return page


def faults(page):
    """What axe-core calls serious, and what is wider than a phone."""
    found = [v["id"] for v in Axe().run(page).response["violations"] if v["impact"] in SERIOUS]
    page.set_viewport_size({"width": 390, "height": 844})
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1"):
        found.append("wider than a phone")
    page.set_viewport_size({"width": 1366, "height": 768})
    return found


def test_a_letter_is_drafted_from_the_slip_edited_and_issued(page, publication):
    page.goto(publication.results.get(rank=3).get_absolute_url())
    page.get_by_role("link", name="起草提醒函").click()
    page.get_by_role("button", name="起草").click()
    expect(page.get_by_text("初稿已按数据写好")).to_be_visible()
    page.get_by_role("link", name="修改", exact=True).click()
    assert faults(page) == []

    last = page.locator("textarea[name=block-text]").last
    last.fill(last.input_value().replace("＿＿＿＿", "10月31日"))
    number = page.locator("textarea[name=block-text]").count()
    page.get_by_role("button", name="在后面加一段").last.click()
    expect(page.get_by_text("段落已调整")).to_be_visible()
    added = page.locator("textarea[name=block-text]").nth(number)
    added.fill("特此函告。")
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("特此函告。")).to_be_visible()
    expect(page.get_by_text("手工修改或增加 2 段")).to_be_visible()

    page.get_by_role("link", name="印发", exact=True).click()
    assert faults(page) == []
    page.get_by_role("button", name="印发", exact=True).click()
    issued = IssuedPaper.objects.get()
    expect(page.get_by_text(issued.digest)).to_be_visible()
    assert faults(page) == []
    with page.expect_download() as download:
        page.get_by_role("link", name="下载 Word").click()
    assert download.value.suggested_filename == f"{issued.title}.docx"
    assert download.value.path().read_bytes() == bytes(issued.docx)
    assert page.said == []


def test_the_pages_of_papers_are_sound(page, publication):
    page.goto(f"{reverse('papers:paper_create')}?kind=bulletin")
    page.get_by_role("button", name="起草").click()
    paper = Paper.objects.get()
    addresses = [
        reverse("papers:issuedpaper_list"), reverse("papers:paper_list"), reverse("papers:paper_create"),
        *(f"{reverse('papers:paper_create')}?kind={kind}" for kind in ("letter", "talk", "notice")),
        paper.get_absolute_url(), *(reverse(f"papers:paper_{name}", args=[paper.pk]) for name in ("update", "redraft", "issue")),
        f"{reverse('papers:paper_basis', args=[publication.pk])}?indicator=任务4",
    ]  # fmt: skip
    wrong = []
    for address in addresses:
        assert page.goto(address).status == 200, address
        wrong += [(address, fault) for fault in faults(page)]
        assert page.pdf(format="A4").startswith(b"%PDF"), address
    assert wrong == []
    assert page.said == []
