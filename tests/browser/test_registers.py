"""The registers in a real browser: a roster by paste and by keyboard, an activity on a phone, three clicks to a village, other days."""

import datetime as dt
import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from assessments.services.publications import publish_quarter
from organizations.coverage import default_goals
from organizations.models import Attachment, CoverageGoal, Membership, Organization, Person
from outreach.models import Activity, Site
from portal.accounts.roles import Role
from tests.browser.test_pages import log_in
from tests.browser.test_quarter import cell, paste
from tests.factories import make_county, make_quarter, make_scheme, make_township, make_user, make_village
from tests.uploads import picture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
SINCE = dt.date(2022, 3, 1)
NAMES = [f"{surname}某{stem}" for surname in "赵钱孙李周" for stem in "甲乙丙丁"]


@pytest.fixture
def county():
    county = make_county(name="试点县", since=dt.date(2022, 1, 1))
    CoverageGoal.objects.bulk_create(default_goals(county, since=dt.date(2022, 1, 1)))
    return county


@pytest.fixture
def township(county):
    return make_township(parent=county, name="水坪镇", since=dt.date(2022, 1, 1))


@pytest.fixture
def village(township):
    return make_village(parent=township, name="大兴村", since=dt.date(2022, 1, 1))


@pytest.fixture
def organization(township):
    organization = Organization.objects.create(area=township, kind="township_chamber", name="水坪镇商会", since=SINCE)
    for n in range(5):
        person = Person.objects.create(name=f"旧某{'甲乙丙丁戊'[n]}", area=township)
        Membership.objects.create(organization=organization, person=person, post="会员", number=n, since=SINCE)
    return organization


@pytest.fixture
def opened(browser, browser_context_args, live_server):
    """A page logged in as a user, of a desk or of a phone."""

    def open_as(user, **options):
        page = browser.new_context(base_url=live_server.url, **{**browser_context_args, **options}).new_page()
        log_in(page, user)
        return page

    return open_as


def in_force(organization):
    return sorted(organization.memberships.in_force().values_list("person__name", flat=True))


def test_a_roster_of_twenty_is_replaced_by_one_paste(opened, township, organization):
    page = opened(make_user(role=Role.COMMITTEE, area=township))
    page.goto(f"/organizations/organizations/{organization.pk}/roster/")
    cell(page, 0, 0).click()
    block = [
        [name, "会长" if n == 0 else "会员", "是" if n == 0 else "", f"138000012{n:02d}", "2024.3.1"]
        for n, name in enumerate(NAMES)
    ]
    block[3][1] = ""
    for row in range(5):  # whoever was there gives up the line
        cell(page, row, 0).click()
        page.keyboard.press("Delete")
    cell(page, 5, 0).click()
    paste(page, block)
    expect(page.locator("[data-roster-state]")).to_contain_text("行未保存")
    page.get_by_role("button", name="整份替换…").click()
    expect(page.locator("[data-roster-message]")).to_contain_text("请填写职务")
    assert len(in_force(organization)) == 5, "a wrong line stops a replacement, and nothing typed is lost"
    cell(page, 8, 1).click()
    page.keyboard.type("会员")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="整份替换…").click()
    expect(page.get_by_role("dialog")).to_contain_text("新增 20 人")
    expect(page.get_by_role("dialog")).to_contain_text("离任 5 人")
    page.get_by_role("button", name="确认替换").click()
    expect(page.locator("table.grid tbody tr").first.locator("td").first).to_have_text(NAMES[0])
    assert in_force(organization) == sorted(NAMES)
    assert Person.objects.get(name=NAMES[4]).phone.reveal() == "13800001204"
    expect(page.locator("table.grid")).not_to_contain_text("13800001204")


def test_a_roster_is_kept_by_keyboard_alone_and_two_people_at_once_lose_nothing(opened, township, organization):
    page = opened(make_user(role=Role.COMMITTEE, area=township))
    page.goto(f"/organizations/organizations/{organization.pk}/roster/")
    cell(page, 5, 0).click()
    for n in range(15):
        page.keyboard.type(NAMES[n])
        page.keyboard.press("Tab")
        page.keyboard.type("会员")
        page.keyboard.press("Enter")
        page.keyboard.press("ArrowLeft")
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+y")
    page.keyboard.press("Control+s")
    expect(page.locator("[data-roster-state]")).to_have_text("已全部保存")
    assert len(in_force(organization)) == 20
    first = organization.memberships.order_by("number", "pk").first()
    Membership.objects.filter(pk=first.pk).update(post="顾问", version=2)
    cell(page, 0, 1).click()
    page.keyboard.type("监事")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+s")
    expect(page.locator("[data-roster-message]")).to_contain_text("别人改过")
    expect(page.locator("[data-roster-message]")).to_contain_text("顾问")
    expect(cell(page, 0, 1)).to_have_text("监事")
    page.keyboard.press("Control+s")
    expect(page.locator("[data-roster-state]")).to_have_text("已全部保存")
    assert Membership.objects.get(pk=first.pk).post == "监事"


def test_a_mistyped_name_and_a_successor_are_told_apart_and_a_long_list_fits(opened, township, organization):
    page = opened(make_user(role=Role.COMMITTEE, area=township))
    page.goto(f"/organizations/organizations/{organization.pk}/roster/")
    cell(page, 0, 0).click()
    page.keyboard.type("旧某佳")
    page.keyboard.press("Enter")
    page.keyboard.type("新某乙")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+s")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("旧某甲 → 旧某佳")
    assert in_force(organization) == sorted(f"旧某{stem}" for stem in "甲乙丙丁戊"), "nothing is guessed"
    dialog.get_by_role("group", name="第 1 行").get_by_label("改正写错的姓名").check()
    dialog.get_by_role("group", name="第 2 行").get_by_label("换了人").check()
    dialog.get_by_role("button", name="确定并保存").click()
    expect(cell(page, 1, 4)).to_have_text(str(timezone.localdate()))
    assert in_force(organization) == sorted(["旧某佳", "新某乙", "旧某丙", "旧某丁", "旧某戊"])
    assert not Person.objects.filter(name="旧某甲").exists() and Person.objects.filter(name="旧某乙").exists()
    cell(page, 5, 0).click()
    paste(page, [[f"成某{chr(0x4E00 + n)}", "会员"] for n in range(60)])
    page.keyboard.press("Control+s")
    expect(page.locator("[data-roster-state]")).to_have_text("已全部保存")
    assert len(in_force(organization)) == 65


def test_what_is_typed_while_a_roster_is_being_saved_stays(opened, township, organization):
    page = opened(make_user(role=Role.COMMITTEE, area=township))
    page.goto(f"/organizations/organizations/{organization.pk}/roster/")
    held = []

    def hold(route):
        held.append(route)

    page.route("**/roster/rows/", hold, times=1)
    cell(page, 0, 1).click()
    page.keyboard.type("监事")
    page.keyboard.press("Enter")
    page.keyboard.press("Control+s")
    expect(page.locator("[data-roster-state]")).to_have_text("正在保存……")
    cell(page, 0, 1).click()
    page.keyboard.type("顾问")
    page.keyboard.press("Control+s")  # waits for the first one: it is no conflict with oneself
    held.pop().continue_()
    expect(page.locator("[data-roster-state]")).to_have_text("已全部保存")
    assert organization.memberships.order_by("number").first().post == "顾问"


def test_namesakes_are_named_while_typing_and_one_is_chosen(opened, township, organization):
    twins = [Person.objects.create(name="郑某壬", area=township, phone=f"1380000{n}{n}{n}{n}") for n in (1, 2)]
    page = opened(make_user(role=Role.COMMITTEE, area=township))
    page.goto(f"/organizations/organizations/{organization.pk}/roster/")
    cell(page, 5, 0).click()
    page.keyboard.type("郑某壬")
    page.keyboard.press("Tab")
    page.keyboard.type("会员")
    page.keyboard.press("Enter")
    message = page.locator("[data-roster-message]")
    cell(page, 5, 0).click()
    expect(message).to_contain_text("22")
    expect(message).to_be_in_viewport()
    message.get_by_role("button", name="是同一人", exact=True).click()
    page.keyboard.press("Control+s")
    expect(page.locator("[data-roster-state]")).to_have_text("已全部保存")
    assert Membership.objects.get(person__name="郑某壬").person == twins[1]


def test_a_pasted_chat_list_is_previewed_and_written(opened, township, organization):
    page = opened(make_user(role=Role.COMMITTEE, area=township))
    page.goto(f"/organizations/organizations/{organization.pk}/roster/")
    page.get_by_role("link", name="粘贴名单").click()
    page.get_by_label("名单").fill("会长：赵某甲 13800001234；副会长：钱某乙、孙某丙\n秘书长-李某丁（13800004321）")
    page.get_by_role("button", name="预览").click()
    expect(page.locator("input[name^=name-]")).to_have_count(4)
    page.get_by_role("button", name="写入花名册").click()
    expect(page.locator(".messages")).to_contain_text("新增 4 人")
    assert len(in_force(organization)) == 9


def test_a_village_liaison_adds_an_activity_with_a_photo_on_a_phone(opened, village):
    Site.objects.create(kind="room", area=village, name="大兴村活动室", since=SINCE)
    page = opened(make_user(role=Role.VILLAGE, area=village), viewport={"width": 390, "height": 844}, has_touch=True)
    page.goto("/outreach/activities/add/")
    page.get_by_label("联谊").tap()
    page.get_by_label("主题").fill("中秋乡贤座谈")
    page.get_by_role("button", name="昨天").tap()
    page.get_by_label("参加人数").fill("许多")
    page.get_by_label("照片").set_input_files([
        {"name": "现场.jpg", "mimeType": "image/jpeg", "buffer": picture()}, {"name": "坏.jpg", "mimeType": "image/jpeg", "buffer": b"x"},
    ])  # fmt: skip
    page.get_by_role("button", name="保存").tap()
    expect(page.locator(".error").first).to_be_visible()
    expect(page.get_by_label("主题")).to_have_value("中秋乡贤座谈")
    expect(page.locator("main")).to_contain_text("2 个文件还在，不用重选")
    assert page.get_by_label("照片").evaluate("input => Array.from(input.files, file => file.name)") == [
        "现场.jpg",
        "坏.jpg",
    ]
    page.get_by_label("参加人数").fill("18")
    page.get_by_role("button", name="保存").tap()
    expect(page.locator(".messages")).to_contain_text("坏.jpg")
    activity = Activity.objects.get()
    assert (activity.head_count, activity.kind, activity.on) == (
        18,
        "fellowship",
        timezone.localdate() - dt.timedelta(1),
    )
    assert Attachment.objects.about(activity).count() == 1
    expect(page.locator(".photo img")).to_be_visible()
    page.goto("/outreach/activities/")
    expect(page.locator("main")).to_contain_text("中秋乡贤座谈")
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1")


def test_a_leader_reaches_a_village_in_three_clicks_and_comes_back(opened, county, township, village):
    page = opened(make_user(role=Role.LEADER, area=county))
    page.goto("/coverage/")
    expect(page.get_by_role("heading", level=1)).to_contain_text("试点县")
    page.get_by_role("link", name="水坪镇", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("水坪镇")
    page.get_by_role("link", name="大兴村", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("大兴村")
    page.get_by_role("navigation", name="当前位置").get_by_role("link", name="试点县").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("试点县")


def test_another_day_shows_that_days_figures(opened, county, township, village):
    Organization.objects.create(area=village, kind="village_fellowship", name="大兴村联谊会", since=dt.date(2024, 6, 1))
    page = opened(make_user(role=Role.LEADER, area=county))
    page.goto("/coverage/")
    figure = page.locator(".coverage").first
    expect(figure).to_contain_text(re.compile(r"1\s*/ 1"))
    page.get_by_label("数据截至").fill("2023-12-31")
    page.get_by_role("button", name="查看").click()
    expect(figure).to_contain_text(re.compile(r"0\s*/ 1"))
    expect(page.locator("main")).to_contain_text("数据截至 2023-12-31")
    page.goto("/coverage/?")
    page.goto(f"/coverage/{county.pk}/?on={timezone.localdate()}&compare=2023-12-31")
    expect(page.locator("main")).to_contain_text("大兴村联谊会")


def test_meeting_mode_goes_page_by_page(opened, county, township, village):
    page = opened(make_user(role=Role.LEADER, area=county))
    page.goto(f"/coverage/{county.pk}/?mode=meeting")
    expect(page.locator(".slide.shown")).to_contain_text("总体情况")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".slide.shown")).to_contain_text("覆盖情况")
    page.get_by_role("button", name="上一页").click()
    expect(page.locator("[data-slide-number]")).to_have_text("1 / 4")
    for _ in range(4):  # the whole width, nothing beside it, nothing below the screen
        slide = page.locator(".slide.shown").bounding_box()
        assert slide["x"] < 60 and slide["width"] > 1200 and slide["y"] > 40, slide
        assert slide["y"] + slide["height"] <= 768 and page.evaluate("scrollY") == 0
        page.keyboard.press("ArrowRight")
    page.reload()
    expect(page.locator("[data-slide-number]")).to_have_text("4 / 4")
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement !== null")
    expect(page.get_by_role("button", name="退出全屏")).to_be_visible()


def test_a_lead_of_townships_sees_them_first_on_a_phone(opened, county, township, village):
    other = make_township(parent=county, name="泉溪镇", since=dt.date(2022, 1, 1))
    user = make_user(role=Role.LEADER, area=township)
    grant = user.grants.get()
    grant.pk, grant.area, grant._state.adding = None, other, True
    grant.save()
    page = opened(user, viewport={"width": 390, "height": 844})
    page.goto("/coverage/")
    expect(page.get_by_role("heading", level=2)).to_have_text(["水坪镇", "泉溪镇"])
    first = page.locator(".led .card").first
    expect(first.locator(".goals")).to_contain_text(re.compile(r"村级组织\s*0 / 1\s*0%"))
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1")
    first.get_by_role("link", name="1 处未达到“村级组织全覆盖”").click()
    expect(page.locator("main table tbody tr")).to_have_count(1)
    expect(page.locator("main table tbody")).to_contain_text("大兴村")


def test_a_ranking_stays_within_its_card_and_paper_has_all_of_it(opened, county):
    scheme = make_scheme(county=county, status="open", units=12)
    quarter = make_quarter(scheme, state="review")
    for number, report in enumerate(quarter.reports.all()):
        report.scores.update(status="scored", given=20 + number % 5, points=20 + number % 5, steps=["评审给分"])
    publish_quarter(quarter, by=make_user(role=Role.STAFF, area=county))
    page = opened(make_user(role=Role.LEADER, area=county))
    page.goto(f"/coverage/{county.pk}/")
    assert page.evaluate("""() => [...document.querySelectorAll(".card")].every(card =>
        [...card.querySelectorAll(".bars li *")].every(part => part.getBoundingClientRect().right <= card.getBoundingClientRect().right))""")
    expect(page.locator(".bars li:visible")).to_have_count(10)
    page.emulate_media(media="print")
    expect(page.locator(".bars li:visible")).to_have_count(12)


def test_search_is_opened_by_a_key_and_walked_by_arrows(opened, county, township, village):
    page = opened(make_user(role=Role.LEADER, area=county))
    page.goto("/coverage/")
    page.keyboard.press("Control+k")
    page.keyboard.type("水坪")
    expect(page.get_by_role("option").first).to_contain_text("水坪镇")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("水坪镇")
