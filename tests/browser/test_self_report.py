"""A unit's own page in a real browser: nothing that was typed is lost."""

import pytest
from playwright.sync_api import expect

from assessments.models import Evidence, SelfReportItem
from assessments.services import reports
from portal.accounts.roles import Role
from tests.factories import PASSWORD, make_quarter, make_user
from tests.uploads import picture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


@pytest.fixture
def quarter():
    return make_quarter()


@pytest.fixture
def report(quarter):
    return quarter.reports.select_related("unit__area", "quarter").first()


@pytest.fixture
def desk(browser, browser_context_args, live_server, report):
    """The page of the unit's committee member, logged in."""
    user = make_user(role=Role.COMMITTEE, unit=report.unit, username="unit1")
    page = browser.new_context(base_url=live_server.url, **browser_context_args).new_page()
    page.goto("/accounts/login/")
    page.get_by_label("账号").fill("unit1")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("我的工作台")
    page.user = user
    page.goto(report.get_absolute_url())
    return page


def first(quarter):
    return quarter.tasks.select_related("indicator").first()


def saved(report, quarter):
    return SelfReportItem.objects.get(report=report, task=first(quarter))


def test_typing_is_kept_within_two_seconds_and_survives_a_killed_tab(desk, quarter, report):
    article = desk.locator(f"#task-{first(quarter).pk}")
    article.get_by_label("情况说明").press_sequentially("开会一次")
    expect(desk.locator("[data-save-state]")).to_contain_text("已自动保存", timeout=2000)
    assert saved(report, quarter).note == "开会一次"
    article.get_by_label("情况说明").fill("开会两次")
    article.get_by_label("自评得分").fill("九十")
    expect(article.locator(".error").first).to_contain_text("不是数字")
    expect(article.get_by_label("自评得分")).to_have_value("九十")
    assert saved(report, quarter).note == "开会两次", "the right part is kept beside the wrong one"
    article.get_by_label("自评得分").fill("24.5")
    expect(desk.locator("[data-save-state]")).to_contain_text("已自动保存")
    context = desk.context
    desk.close(run_before_unload=False)
    page = context.new_page()
    page.goto(report.get_absolute_url())
    expect(page.locator(f"#task-{first(quarter).pk}").get_by_label("自评得分")).to_have_value("24.5")


def test_a_lost_network_keeps_the_text_and_sends_it_again_once(desk, quarter, report):
    article = desk.locator(f"#task-{first(quarter).pk}")
    desk.context.set_offline(True)
    article.get_by_label("情况说明").fill("断网时填写")
    expect(desk.locator("[data-save-state]")).to_contain_text("网络不通，有 1 项未保存")
    article.get_by_label("情况说明").fill("断网时填写，又补一句")
    desk.context.set_offline(False)
    expect(desk.locator("[data-save-state]")).to_contain_text("已自动保存", timeout=10000)
    assert saved(report, quarter).note == "断网时填写，又补一句"


def test_a_lost_answer_makes_no_conflict_with_oneself(desk, quarter, report):
    url = f"**{report.get_absolute_url()}{first(quarter).pk}/"
    answers = []

    def lose_first(route):
        answers.append(route.fetch())
        route.abort() if len(answers) == 1 else route.fulfill(response=answers[-1])

    desk.route(url, lose_first)
    article = desk.locator(f"#task-{first(quarter).pk}")
    article.get_by_label("情况说明").fill("第一句")
    expect(desk.locator("[data-save-state]")).to_contain_text("网络不通")
    article.get_by_label("情况说明").fill("第一句，第二句")
    expect(desk.locator("[data-save-state]")).to_contain_text("已自动保存", timeout=10000)
    assert [answer.status for answer in answers][:2] == [200, 200]
    item = saved(report, quarter)
    assert (item.note, item.version) == ("第一句，第二句", 2)


def test_two_people_on_one_item_see_both_values(desk, quarter, report):
    reports.save_item(report, first(quarter), {"note": "对方的话"}, by=desk.user)
    article = desk.locator(f"#task-{first(quarter).pk}")
    article.get_by_label("情况说明").fill("我的话")
    expect(article).to_contain_text("对方填的是：对方的话")
    expect(article.get_by_label("情况说明")).to_have_value("我的话")
    assert saved(report, quarter).note == "对方的话"
    article.get_by_label("情况说明").fill("我的话，已核对")
    expect(desk.locator("[data-save-state]")).to_contain_text("已自动保存")
    assert saved(report, quarter).note == "我的话，已核对"


def test_an_expired_log_in_says_so_and_keeps_the_text(desk, quarter, report):
    cookies = desk.context.cookies()
    desk.context.clear_cookies(name=next(c["name"] for c in cookies if "session" in c["name"]))
    article = desk.locator(f"#task-{first(quarter).pk}")
    article.get_by_label("情况说明").fill("登录过期时填写")
    expect(desk.locator("[data-save-state]")).to_contain_text("登录已过期")
    expect(article.get_by_label("情况说明")).to_have_value("登录过期时填写")
    desk.context.add_cookies(cookies)
    article.get_by_label("情况说明").fill("登录过期时填写。")
    expect(desk.locator("[data-save-state]")).to_contain_text("已自动保存")
    assert saved(report, quarter).note == "登录过期时填写。"


def test_a_photo_goes_up_at_once_and_takes_the_typed_text_along(desk, quarter, report):
    desk.goto(f"{report.get_absolute_url()}{first(quarter).pk}/")
    desk.get_by_label("情况说明").fill("现场照片一张")
    desk.locator("input[capture]").set_input_files({"name": "照片.jpg", "mimeType": "image/jpeg", "buffer": picture()})
    expect(desk.get_by_role("link", name="照片.jpg")).to_be_visible()
    expect(desk.get_by_label("情况说明")).to_have_value("现场照片一张")
    assert Evidence.objects.kept().count() == 1
