"""The tree of areas under the keyboard: type to narrow, arrows to walk."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from organizations.models import Area
from portal.accounts.roles import Role
from portal.kit.pinyin import spelling
from tests.factories import PASSWORD, make_county, make_township, make_user, make_village

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def tree(page, live_server):
    """The tree's page, open in front of a county's staff."""
    county = make_county(name="甲县")
    for name in ("水坪镇", "中峰镇"):
        make_village(parent=make_township(parent=county, name=name), name=f"{name[0]}东村")
    for area in Area.objects.all():
        Area.objects.filter(pk=area.pk).update(pinyin=spelling(area.name))
    user = make_user(role=Role.STAFF, area=county)
    page.goto(f"{live_server.url}{reverse('accounts:login')}")
    page.fill("[name=username]", user.username)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{live_server.url}/")
    page.goto(f"{live_server.url}{reverse('organizations:area_tree')}")
    return page


def test_typing_narrows_the_tree_and_opens_the_way(tree):
    box, found = tree.locator("[data-tree-search]"), tree.locator("[data-tree]")
    expect(found.get_by_text("水东村")).to_be_hidden()  # townships are closed at first
    box.press_sequentially("sdc")
    expect(found.get_by_text("水东村")).to_be_visible()
    expect(found.get_by_text("中峰镇")).to_be_hidden()
    expect(tree.locator("[data-tree-status]")).to_have_text("找到 1 个")
    box.fill("")
    expect(found.get_by_text("中峰镇")).to_be_visible()
    expect(found.get_by_text("水东村")).to_be_hidden()


def test_arrow_keys_walk_open_and_close(tree):
    def focused():
        return tree.evaluate("document.activeElement.textContent")

    tree.locator("[data-tree-search]").focus()
    walked = []
    for key in ("ArrowDown", "ArrowDown", "ArrowRight", "ArrowRight", "ArrowLeft", "ArrowLeft", "ArrowDown", "Home"):
        tree.keyboard.press(key)
        walked.append(focused())
    assert walked == ["甲县", "水坪镇", "水坪镇", "水东村", "水坪镇", "水坪镇", "中峰镇", "甲县"]
    tree.keyboard.press("End")
    tree.keyboard.press("Enter")
    expect(tree.get_by_role("heading", name="中峰镇", level=1)).to_be_visible()
