"""A village liaison records an activity on a phone: photos in the same form, nothing typed is lost."""

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from organizations.models import Attachment
from outreach.models import Activity
from portal.accounts.roles import Role
from tests.factories import PASSWORD, make_county, make_township, make_user, make_village
from tests.uploads import picture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def phone(browser, browser_context_args, live_server):
    """The form of a new activity on the phone of a village's liaison."""
    village = make_village(parent=make_township(parent=make_county()))
    make_user(role=Role.VILLAGE, area=village, username="village1")
    page = browser.new_context(base_url=live_server.url, **{**browser_context_args, **PHONE}).new_page()
    page.goto("/accounts/login/")
    page.get_by_label("账号").fill("village1")
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").tap()
    page.wait_for_url(f"{live_server.url}/")
    page.goto("/outreach/activities/add/")
    return page


def fill(page, theme):
    page.get_by_text("走访", exact=True).tap()
    page.get_by_label("主题").fill(theme)
    page.get_by_label("参加人数").fill("26")
    page.get_by_label("地点").fill("村文化礼堂")


def upload(name, content):
    return {"name": name, "mimeType": "image/jpeg", "buffer": content}


def test_an_activity_with_a_photo_is_in_the_list(phone):
    fill(phone, "走访返乡乡贤")
    phone.get_by_role("button", name="昨天").tap()
    phone.locator("input[type=file]").set_input_files([upload("现场.jpg", picture())])
    save = phone.get_by_role("button", name="保存")
    expect(save).to_be_in_viewport()  # the action bar stays at the bottom
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390
    save.tap()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("走访返乡乡贤")
    expect(phone.locator("img[src*=thumbnail], .photo img").first).to_be_visible()
    phone.goto("/outreach/activities/")
    expect(phone.get_by_text("共 1 场、26 人次")).to_be_visible()
    expect(phone.get_by_role("link", name="走访返乡乡贤")).to_be_visible()
    assert Activity.objects.get().on == timezone.localdate() - dt.timedelta(1)


def test_a_wrong_photo_keeps_the_activity_and_the_good_one(phone):
    fill(phone, "慰问困难群众")
    phone.locator("input[type=file]").set_input_files([upload("好.jpg", picture()), upload("坏.jpg", b"no picture")])
    phone.get_by_role("button", name="保存").tap()
    expect(phone.get_by_text("坏.jpg").first).to_be_visible()
    activity = Activity.objects.get()
    assert (activity.theme, activity.head_count, activity.place) == ("慰问困难群众", 26, "村文化礼堂")
    assert Attachment.objects.about(activity).get().name == "好.jpg"


def test_a_wrong_number_keeps_what_was_typed(phone):
    fill(phone, "走访企业")
    phone.get_by_label("参加人数").fill("二十六")
    phone.get_by_role("button", name="保存").tap()
    expect(phone.get_by_label("参加人数")).to_have_value("二十六")
    expect(phone.get_by_label("主题")).to_have_value("走访企业")
    expect(phone.get_by_label("走访", exact=True)).to_be_checked()
    assert not Activity.objects.exists()
