"""The coverage pages on a phone: nothing is wider than the screen, and a number opens its list."""

import re

import pytest
from playwright.sync_api import expect

from organizations.coverage import default_goals
from organizations.models import CoverageGoal, Organization
from portal.accounts.roles import Role
from tests.browser.test_pages import log_in
from tests.factories import make_county, make_township, make_user, make_village

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
START = "2022-01-01"


def test_the_pages_are_not_wider_than_a_phone(browser, browser_context_args, live_server):
    county = make_county(name="试点县", since=START)
    CoverageGoal.objects.bulk_create(default_goals(county, since=START))
    township = make_township(parent=county, name="水坪镇", since=START)
    villages = [make_village(parent=township, since=START) for _ in range(4)]
    Organization.objects.create(area=villages[0], kind="village_fellowship", name="甲村联谊会", since=START)
    size = {"width": 390, "height": 844}
    page = browser.new_context(base_url=live_server.url, **{**browser_context_args, "viewport": size}).new_page()
    log_in(page, make_user(role=Role.LEADER, area=county))
    addresses = [f"/coverage/{area.pk}/" for area in (county, township, villages[0])]
    addresses += [f"{addresses[0]}?mode=meeting", f"{addresses[0]}?compare=2022-06-30"]
    for address in [*addresses, f"/coverage/list/?measure=village_organization&area={county.pk}&show=lack"]:
        page.goto(address)
        assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1"), address
    page.goto(addresses[0])
    page.locator("a[data-number='3']").first.click()
    expect(page.locator("main")).to_contain_text(re.compile("缺"))
    expect(page.locator("main table tbody tr")).to_have_count(3)
