"""The first page: a lead's open gaps come by themselves, a township's villages fit a phone, forms are one tap away."""

import pytest
from playwright.sync_api import expect

from organizations.coverage import default_goals
from organizations.models import CoverageGoal
from portal.accounts.roles import Role
from tests.factories import make_county, make_township, make_user, make_village

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
SINCE = "2022-01-01"


@pytest.fixture
def township(db):
    county = make_county(name="试点县", since=SINCE)
    CoverageGoal.objects.bulk_create(default_goals(county, since=SINCE))
    township = make_township(parent=county, name="水坪镇", since=SINCE)
    for name in ("茶亭子村村民委员会", "纪家山村村民委员会"):
        make_village(parent=township, name=name, since=SINCE)
    return township


def test_a_lead_sees_the_open_gaps_of_each_township_at_once(opened, township):
    page = opened(make_user(role=Role.LEADER, area=township), viewport={"width": 390, "height": 844})
    page.goto("/")
    gaps = page.locator("#led")
    expect(gaps).to_contain_text("2 处未达到“村级组织全覆盖”")
    gaps.get_by_role("link", name="2 处未达到“村级组织全覆盖”").click()
    expect(page.locator("main table tbody tr")).to_have_count(2)


def test_a_township_member_enters_an_activity_one_tap_from_the_first_page(opened, township):
    page = opened(make_user(role=Role.COMMITTEE, area=township), viewport={"width": 390, "height": 844})
    page.goto("/")
    expect(page.get_by_role("row", name="茶亭子村村民委员会 缺 缺 缺")).to_be_visible()
    assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1")
    page.get_by_role("navigation", name="快速登记").get_by_role("link", name="登记活动").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("活动")
