"""A leader enters a visit on a phone between two meetings: at most 60 seconds of taps and keys (features.md E2)."""

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import expect
from pypinyin import lazy_pinyin

from outreach.models import Visit
from portal.accounts.roles import Role
from tests.browser.test_pages import PHONE, sound
from tests.factories import (
    make_county,
    make_enterprise,
    make_official,
    make_organization,
    make_pairing,
    make_township,
    make_user,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
TAP, KEY = 2.0, 0.3  # seconds that an unhurried thumb takes: finding a place and touching it, one key more


def keys_for(text):
    """The keys of a pinyin keyboard: each letter of each syllable, and one touch that takes the characters found."""
    return sum(len(syllable) + 1 for syllable in lazy_pinyin(text))


class Thumb:
    """Taps and types on a phone, and counts what that would take a person: the script's own steps, no clock."""

    def __init__(self, page):
        self.page, self.seconds = page, 0.0

    def tap(self, place):
        self.seconds += TAP
        place.tap()

    def type(self, place, text):
        self.seconds += TAP + KEY * keys_for(text)
        place.press_sequentially(text)


@pytest.fixture
def town(db):
    return make_township(make_county(name="测试县"), name="甲镇")


@pytest.fixture
def leader(town):
    user = make_user(Role.LEADER, town.parent, name="李某甲")
    official = make_official(town.parent, user=user, name="李某甲")
    make_pairing(official, make_enterprise(town, name="红星纺织公司"))
    make_enterprise(town, name="青山采石公司")
    return user


def test_a_visit_is_entered_within_a_minute_of_thumb_work(opened, leader):
    page = opened(leader, **PHONE)
    thumb = Thumb(page)
    thumb.tap(page.get_by_role("button", name="菜单"))
    thumb.tap(page.get_by_role("link", name="走访", exact=True))
    thumb.tap(page.get_by_role("link", name="登记走访").first)
    page.wait_for_load_state()
    thumb.type(page.get_by_label("查找企业、协会、组织或联系对象"), "qscs")
    thumb.tap(page.get_by_label("青山采石公司"))
    thumb.tap(page.get_by_role("button", name="昨天"))
    thumb.type(page.get_by_label("反映的情况"), "茶季用工不足，希望组织招聘")
    thumb.type(page.get_by_label("承诺办理的事项"), "下周对接劳务公司")
    page.get_by_label("下次走访日期").fill(str(timezone.localdate() + dt.timedelta(days=30)))
    thumb.seconds += 4 * TAP  # the phone's own calendar
    sound(page)
    save = page.get_by_role("button", name="保存")
    expect(save).to_be_in_viewport()  # the action bar stays at the bottom
    thumb.tap(save)
    expect(page.get_by_text("走访已登记")).to_be_visible()
    sound(page)
    visit = Visit.objects.get()
    assert [row.name for row in visit.enterprises.all()] == ["青山采石公司"]
    assert [row.user for row in visit.officials.all()] == [leader]
    assert visit.on == timezone.localdate() - dt.timedelta(1) and visit.raised == "茶季用工不足，希望组织招聘"
    assert thumb.seconds <= 60, thumb.seconds


def test_whom_a_leader_is_paired_with_is_one_tap_away_and_nothing_typed_is_lost(opened, leader):
    page = opened(leader, **PHONE)
    page.goto("/outreach/visits/add/")
    page.get_by_label("红星纺织公司").tap()
    page.get_by_label("反映的情况").fill("请打 13812345678 联系")
    page.get_by_role("button", name="保存").tap()
    expect(page.locator(".error", has_text="号码").first).to_be_visible()
    expect(page.get_by_label("反映的情况")).to_have_value("请打 13812345678 联系")
    expect(page.get_by_label("红星纺织公司")).to_be_checked()
    assert not Visit.objects.exists()


def test_what_is_typed_before_the_scripts_are_here_is_searched_all_the_same(opened, leader, town):
    make_organization(town, name="中心小学党外知识分子联谊会")
    for box, words, role, name in (
        ("查找企业、协会、组织或联系对象", "qscs", "checkbox", "青山采石公司"),
        ("搜索", "zhongxinxiaoxue", "option", "中心小学党外知识分子联谊会"),
    ):
        page, held = opened(leader), []
        page.route("**/*.js", lambda route, _, held=held: held.append(route))
        page.goto("/outreach/visits/add/", wait_until="commit")
        page.get_by_label(box, exact=True).press_sequentially(words)
        found = page.get_by_role(role, name=name)
        assert held and not found.count()
        page.unroute("**/*.js")  # what was held goes on
        expect(found).to_be_visible()
