"""A whole quarter in a real browser: plan, self-report, review by two people, publish, read."""

import datetime as dt
import io
from decimal import Decimal

import openpyxl
import pytest
from django.test import override_settings
from django.utils import timezone
from playwright.sync_api import expect

from assessments.models import (
    BonusTier,
    ClassAssignment,
    Indicator,
    Publication,
    Scheme,
    Score,
    SelfReport,
    SelfReportItem,
)
from assessments.scoring import plain
from organizations.models import Unit
from portal.accounts.roles import Role
from tests.factories import PASSWORD, make_county, make_township, make_unit, make_user

pytestmark = pytest.mark.django_db(transaction=True)
UNITS, TASKS = 15, 20


@pytest.fixture
def cast():
    """A county with 15 townships in class Ⅰ and a draft scheme of 20 indicators of 5 points."""
    county = make_county(name="测试县")
    users = {
        "staff": make_user(role=Role.STAFF, area=county, username="staff", name="张某甲"),
        "staff2": make_user(role=Role.STAFF, area=county, username="staff2", name="王某乙"),
        "leader": make_user(role=Role.LEADER, area=county, username="leader", name="李某丙"),
    }
    today = timezone.localdate()
    due = today - dt.timedelta(days=2)
    scheme = Scheme.objects.create(area=county, year=due.year, name="年度考核方案", note_over=5)
    BonusTier.objects.create(scheme=scheme, days_before=5, points=Decimal("0.1"))
    for number in range(1, TASKS + 1):
        Indicator.objects.create(
            scheme=scheme, number=number, category="组织建设" if number <= 10 else "活动品牌", name=f"任务{number}",
            criteria="按要求完成", points_1=5,
        )  # fmt: skip
    for number in range(1, UNITS + 1):
        area = make_township(parent=county, name=f"甲{number}镇")
        unit = make_unit(area=area, kind=Unit.Kind.TOWNSHIP, name=area.name, number=number)
        ClassAssignment.objects.create(scheme=scheme, unit=unit, unit_class="1")
        if number <= 3:
            make_user(role=Role.COMMITTEE, area=area, username=f"unit{number}", name=f"赵某{number}")
    return {"county": county, "scheme": scheme, "today": today, "due": due, **users}


@pytest.fixture
def desk(browser, browser_context_args, live_server):
    """Opens the portal as somebody: each person has a browser window of their own."""

    def open_desk(username):
        page = browser.new_context(base_url=live_server.url, **browser_context_args).new_page()
        page.goto("/accounts/login/")
        page.get_by_label("账号").fill(username)
        page.get_by_label("密码").fill(PASSWORD)
        page.get_by_role("button", name="登录").click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("我的工作台")
        return page

    return open_desk


def plan(page, cast):
    """The staff carries the scheme out, plans the quarter and opens it for self-report."""
    page.goto(cast["scheme"].get_absolute_url())
    page.get_by_role("button", name="开始执行").click()
    page.get_by_role("link", name="建立季度").click()
    number = (cast["due"].month - 1) // 3 + 1
    page.get_by_label("季度").select_option(str(number))
    page.get_by_label("自评开始日期").fill(str(cast["due"] - dt.timedelta(days=20)))
    page.get_by_label("自评截止日期").fill(str(cast["due"]))
    page.get_by_label("评审截止日期").fill(str(cast["today"] + dt.timedelta(days=5)))
    page.get_by_role("button", name="保存").click()
    page.get_by_role("button", name="开始自评").click()
    expect(page.locator(".messages")).to_contain_text("自评已开始")
    return cast["scheme"].quarters.get()


def report(page, done_on, points, *, leave_out=0):
    """A unit fills its page in; `leave_out` tasks at the end stay blank."""
    page.goto("/assessments/reports/")
    items = page.locator("[data-item]")
    expect(items).to_have_count(TASKS)
    for number in range(TASKS - leave_out):
        item = items.nth(number)
        item.get_by_label("完成日期").fill(str(done_on))
        item.get_by_label("自评得分").fill(points)
    expect(page.locator("[data-save-state]")).to_contain_text("已自动保存", timeout=20_000)
    page.get_by_role("button", name="提交自评").click()


def paste(page, rows):
    """Put a block on the clipboard as a spreadsheet does, and paste it into the grid."""
    text = "\r\n".join("\t".join(row) for row in rows)
    page.evaluate(
        """(text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            document.activeElement.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        text,
    )


def cell(page, row, column):
    return page.locator("table.grid tbody tr").nth(row).locator("td").nth(column)


@override_settings(ALLOWED_HOSTS=["*"])
def test_a_quarter_from_plan_to_published_ranking(cast, desk):
    staff = desk("staff")
    quarter = plan(staff, cast)
    early, late = cast["due"] - dt.timedelta(days=6), cast["today"]
    first, second, third = desk("unit1"), desk("unit2"), desk("unit3")
    report(first, early, "5")
    expect(first.locator(".messages")).to_contain_text("自评已提交")
    report(second, late, "4.5")
    expect(second.locator(".messages")).to_contain_text("自评已提交")
    report(third, cast["due"], "4", leave_out=2)
    expect(third.get_by_role("alert")).to_contain_text("任务20：完成日期、自评得分")
    assert SelfReport.objects.filter(status="submitted").count() == 2

    staff.goto(quarter.get_absolute_url())
    staff.get_by_role("button", name="转入评审").click()
    staff.goto(f"{quarter.get_absolute_url()}review/")
    other = desk("staff2")
    other.goto(f"{quarter.get_absolute_url()}review/")
    typed = [[plain(Decimal(30 + (7 * row + 3 * column) % 21) / 10) for column in range(TASKS)] for row in range(UNITS)]
    cell(staff, 0, 0).click()
    paste(staff, typed)
    staff.get_by_role("button", name="写入 300 格").click()
    expect(cell(staff, 14, 19)).to_have_text(typed[14][19])
    expect(staff.locator("[data-progress-done]")).to_have_text("300")
    assert Score.objects.exclude(status="blank").count() == UNITS * TASKS

    cell(staff, 5, 0).click()
    for value in ("3", "4", "5"):
        staff.keyboard.type(value)
        staff.keyboard.press("Enter")
    expect(staff.locator("[data-save-state]")).to_contain_text("已保存")
    expect(cell(staff, 6, 0)).to_have_text("4")

    expect(cell(other, 6, 0)).to_have_text("4", timeout=15_000)  # the second reviewer sees it within seconds
    other.route("**/review/changes/**", lambda route: route.abort())  # from here on the second one looks at an old page
    cell(staff, 7, 1).click()
    with staff.expect_response("**/review/cells/") as saved:
        staff.keyboard.type("2")
        staff.keyboard.press("Enter")
    assert saved.value.json()["refused"] == []
    cell(other, 7, 1).click()
    other.keyboard.type("1")
    other.keyboard.press("Enter")
    expect(other.locator(".grid-conflicts")).to_contain_text("1")
    expect(other.locator(".grid-conflicts")).to_contain_text("2")
    other.get_by_role("button", name="用对方的").click()
    expect(cell(other, 7, 1)).to_have_text("2")
    other.context.close()

    # the incomplete unit is asked for more, and only that
    third_report = SelfReport.objects.get(unit__name="甲3镇")
    cell(staff, 2, 19).click()
    panel = staff.locator("[data-panel]")
    expect(panel).to_contain_text("甲3镇 · 任务20")
    panel.get_by_text("退回补充").click()
    panel.get_by_label("退回原因").fill("缺完成日期和得分")
    panel.get_by_role("button", name="退回这一项").click()
    expect(staff.locator(".messages")).to_contain_text("已退回甲3镇")
    third.goto(third_report.get_absolute_url())
    expect(third.get_by_label("自评得分")).to_have_count(1)
    third.get_by_label("完成日期").fill(str(cast["due"]))
    third.get_by_label("自评得分").fill("4")
    expect(third.locator("[data-save-state]")).to_contain_text("已自动保存")
    third.get_by_role("button", name="提交自评").click()
    expect(third.locator(".messages")).to_contain_text("自评已提交")
    assert SelfReportItem.objects.get(report=third_report, task__indicator__name="任务20").points == 4

    publish(staff, quarter)
    agree(staff, quarter)
    leader(desk("leader"), quarter)


def publish(page, quarter):
    """Nothing blank, nothing returned: publish."""
    page.goto(f"{quarter.get_absolute_url()}publish/")
    page.get_by_role("button", name="公布并冻结").click()
    expect(page.locator(".messages")).to_contain_text("已公布并冻结")


def agree(page, quarter):
    """Ranking, slip and workbook say the same to the last digit."""
    publication = Publication.objects.get()
    stored = [(r.rank, r.unit_name, plain(r.total)) for r in publication.results.all()]
    page.goto(publication.get_absolute_url())
    rows = page.locator("table.ranking tbody tr")
    shown = [
        (
            int(row.locator("td").nth(0).inner_text()),
            row.locator("th").inner_text(),
            row.locator("td").nth(2).inner_text(),
        )
        for row in rows.all()
    ]
    with page.expect_download() as download:
        page.get_by_role("link", name="导出 Excel").click()
    with open(download.value.path(), "rb") as file:
        book = openpyxl.load_workbook(io.BytesIO(file.read()))
    sheet = [
        (row[0], row[1], plain(Decimal(str(row[6])))) for row in book["Ⅰ类"].iter_rows(min_row=2, values_only=True)
    ]
    assert shown == stored == sheet
    page.get_by_role("link", name=stored[0][1], exact=True).click()
    expect(page.locator(".slip .big")).to_have_text(stored[0][2])


def leader(page, quarter):
    """A leader reads the ranking and finds nothing to change."""
    page.goto("/assessments/rankings/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("排名")
    for address in ("review/", "publish/", "edit/"):
        assert page.goto(f"{quarter.get_absolute_url()}{address}").status == 403
    page.goto(quarter.get_absolute_url())
    expect(page.get_by_role("link", name="打分")).to_have_count(0)
