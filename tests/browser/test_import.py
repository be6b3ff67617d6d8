"""The import wizard in a real browser: a file of each outcome, undo, a job that is watched, and a worker that is killed mid-write."""

import os
import signal
import subprocess
import sys

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings as portal_settings
from playwright.sync_api import expect

from organizations.models import Membership, Person
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry, verify
from portal.exchange.models import ImportBatch, Job
from tests.browser.test_killed_server import database_url
from tests.browser.test_pages import SERIOUS, log_in
from tests.exchange.desk import xlsx
from tests.exchange.test_wizard import MIXED, make_registered
from tests.factories import make_county, make_township, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1366, "height": 768}
KEYS = "test:" + "dA" * 21 + "c=,fp:" + "Zn" * 21 + "A="  # the tests' own, see settings.field_keys
ROWS = 40
HALFWAY = """
import os, signal, sys, django
django.setup()
from django.core.management import call_command
from portal.exchange.services import batches
def stop(*args, **kwargs):  # the rows are written, the transaction is open
    print("halfway", flush=True)
    signal.pause()
batches.record = stop
call_command("db_worker", startup_delay=False, interval=0.1, reload=False)
"""


@pytest.fixture
def township(db):
    return make_township(parent=make_county(name="测试甲县"), name="水坪镇")


@pytest.fixture
def page(browser, browser_context_args, live_server, township):
    page = browser.new_context(base_url=live_server.url, **browser_context_args).new_page()
    make_registered(township)
    page.said = []
    page.on("console", lambda message: page.said.append(message.text) if message.type == "error" else None)
    log_in(page, make_user(role=Role.COMMITTEE, area=township, name="李某乙"))
    yield page
    page.context.close()  # before the database goes, of which it may be asking


def faults(page):
    """What axe-core calls serious, and what is wider than a phone."""
    found = [v["id"] for v in Axe().run(page).response["violations"] if v["impact"] in SERIOUS]
    page.set_viewport_size(PHONE)
    if page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1"):
        found.append("wider than a phone")
    page.set_viewport_size(DESK)
    return found


def send(page, label, content, name):
    page.goto("/exchange/")
    page.get_by_role("row", name=label).get_by_role("link", name="导入").click()
    assert faults(page) == []
    page.get_by_label("文件").set_input_files({"name": name, "mimeType": "application/octet-stream", "buffer": content})
    page.get_by_role("button", name="上传并核对").click()


def row(page, number):
    return page.locator("table.preview tbody tr").filter(has=page.locator(f"td[data-label=行]:text-is('{number}')"))


def test_a_file_of_each_outcome_from_the_upload_to_the_undo(page):
    table = [[*MIXED[0], "党派"], *[[*line, ""] for line in MIXED[1:]]]
    send(page, "成员花名册", xlsx(table), "花名册-水坪镇.xlsx")
    unclear = page.get_by_label("“党派”对应的列")
    expect(unclear).to_be_visible()
    assert faults(page) == []
    unclear.select_option(label="不导入这一列")
    page.get_by_role("button", name="核对变化").click()

    outcomes = page.locator("table.preview td[data-label=结果]")
    expect(outcomes).to_have_text(["新增", "更新", "无变化", "错误", "错误", "越权", "疑似重复"])
    expect(row(page, 3).locator("del")).to_contain_text("03")
    assert faults(page) == []
    row(page, 5).get_by_role("button", name="采用建议").click()
    expect(row(page, 5).locator("td[data-label=结果]")).to_have_text("新增")
    row(page, 8).get_by_role("button", name="不是同一人，仍然新增").click()
    expect(row(page, 8).locator("td[data-label=结果]")).to_have_text("新增")
    expect(page.get_by_role("button", name="写入全部")).to_be_disabled()
    page.get_by_role("link", name="错误 1", exact=True).click()
    expect(outcomes).to_have_text(["错误"])
    with page.expect_download() as download:
        page.get_by_role("link", name="下载标红的错误表").click()
    assert download.value.suggested_filename == "花名册-水坪镇-错误说明.xlsx"
    assert (Membership.objects.count(), Person.objects.count()) == (2, 3)

    page.get_by_role("button", name="只写入 4 行通过的").click()
    expect(page.get_by_text("写入完成：新增 3 行，更新 1 行。")).to_be_visible()
    assert faults(page) == []
    assert (Membership.objects.count(), Person.objects.count()) == (5, 6)
    page.get_by_role("button", name="撤销这一批").click()
    expect(page.get_by_text("写入的内容已全部复原").first).to_be_visible()
    assert (Membership.objects.count(), Person.objects.count()) == (2, 3)
    assert page.said == []


@pytest.fixture
def worker_environment():
    """How a worker finds this test's database, its keys and its queue."""
    return {
        **os.environ, "DATABASE_URL": database_url(), "DATA_DIR": str(portal_settings.DATA_DIR), "FIELD_KEYS": KEYS, "DEMO": "true",
        "DEBUG": "true", "DJANGO_SETTINGS_MODULE": "portal.settings",
    }  # fmt: skip


@pytest.fixture
def queue(settings):
    """Jobs wait for a worker of their own process, as on a real server; every upload is a large one."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
    settings.IMPORT_PAGE_ROWS = 1


def work(environment):
    """A worker that does what waits, then ends."""
    command = [sys.executable, "manage.py", "db_worker", "--batch", "--no-startup-delay", "--no-reload"]
    done = subprocess.run(
        command, check=False, cwd=portal_settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


def killed_halfway(environment):
    """A worker that dies by SIGKILL when the rows are written and not yet committed."""
    process = subprocess.Popen(
        [sys.executable, "-c", HALFWAY],
        cwd=portal_settings.BASE_DIR,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert "halfway\n" in process.stdout  # reads until it comes
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


def stored():
    """Members, people and lines of the trail about members."""
    return (
        Membership.objects.count(),
        Person.objects.count(),
        AuditEntry.objects.filter(model="organizations.membership").count(),
    )


def test_a_killed_worker_leaves_nothing_half_written(page, queue, worker_environment, settings):
    rows = [
        ["水坪镇", "水坪镇商会", f"张某{chr(0x4E00 + 97 * n)}", "会员", f"138000001{n:02}", "2026-03-12"]
        for n in range(ROWS)
    ]
    send(page, "成员花名册", xlsx([MIXED[0], *rows]), "花名册.xlsx")
    expect(page.get_by_text("正在等待处理")).to_be_visible()
    assert faults(page) == []
    work(worker_environment)
    expect(page.get_by_text(f"核对了 {ROWS} 行。")).to_be_visible()  # the page asks by itself
    page.get_by_role("link", name="查看这一批").click()
    page.get_by_role("button", name=f"写入全部 {ROWS} 行").click()
    expect(page.get_by_text("正在等待处理")).to_be_visible()

    before = stored()
    killed_halfway(worker_environment)
    assert stored() == before
    assert (Job.objects.first().state, ImportBatch.objects.get().state) == ("running", "preview")
    settings.JOB_LOST_SECONDS = 0
    expect(page.get_by_text("处理中断（后台程序被终止），没有写入任何内容，可以重新开始。")).to_be_visible()
    assert faults(page) == []
    settings.JOB_LOST_SECONDS = 60
    page.get_by_role("button", name="重新开始").click()
    expect(page.get_by_text("正在等待处理")).to_be_visible()
    work(worker_environment)
    expect(page.get_by_text(f"写入完成：新增 {ROWS} 行，更新 0 行。")).to_be_visible()
    assert stored() == tuple(number + ROWS for number in before)
    assert verify()[1] == ""
    assert page.said == []
