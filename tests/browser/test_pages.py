"""Every kind of page: nothing serious for axe-core, nothing wider than a phone, prints on A4, no error in the console."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.urls import reverse
from playwright.sync_api import expect

from portal.accounts.roles import Role
from tests.factories import PASSWORD
from tests.security.world import World

pytestmark = pytest.mark.django_db(transaction=True)
SERIOUS = {"serious", "critical"}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture
def world():
    return World()


def pages_of(world, role):
    """Addresses of what a role works with."""
    rows = world.own.rows
    common = ["/", "/accounts/me/", "/accounts/password/", "/help/", "/help/staff/", "/search/?q=甲"]
    network = [reverse("organizations:area_tree"), world.own.township.get_absolute_url(), reverse("organizations:unit_list"),
               world.own.unit.get_absolute_url()]  # fmt: skip
    results = [rows["publication"].get_absolute_url(), rows["result"].get_absolute_url(), reverse("assessments:year")]
    plans = [reverse("assessments:scheme_list"), rows["scheme"].get_absolute_url(), reverse("assessments:quarter_list"),
             rows["quarter"].get_absolute_url()]  # fmt: skip
    report = [
        rows["report"].get_absolute_url(),
        reverse("assessments:report_item", args=[rows["report"].pk, rows["task"].pk]),
    ]
    quarter = rows["quarter"].pk
    row = {model: rows[model] for model in rows if "." in model}
    organization = row["organizations.organization"]
    registers = [
        "/coverage/", *(reverse("dashboards:coverage_area", args=[area.pk]) for area in (world.own.township, world.own.village)),
        reverse("dashboards:coverage_list"), reverse("organizations:organization_list"), organization.get_absolute_url(),
        reverse("organizations:roster", args=[organization.pk]), reverse("organizations:roster_paste", args=[organization.pk]),
        reverse("organizations:roster_reelect", args=[organization.pk]), reverse("organizations:membership_list"),
        row["organizations.person"].get_absolute_url(), reverse("organizations:check_list"), row["organizations.check"].get_absolute_url(),
        *(reverse(f"outreach:{name}_list") for name in ("station", "site", "brand", "outpost", "dutypost", "activity", "demonstration")),
        *(reverse(f"outreach:{name}_create") for name in ("station", "site", "activity", "demonstration")),
        *(row[f"outreach.{name}"].get_absolute_url() for name in ("station", "site", "brand", "activity", "demonstration", "dutypost")),
        reverse("outreach:dutypost_network"),
    ]  # fmt: skip
    county = [reverse("dashboards:coverage_area", args=[world.own.county.pk]),
              reverse("dashboards:coverage_area", args=[world.own.county.pk]) + "?mode=meeting", reverse("organizations:standard_list"),
              row["organizations.standard"].get_absolute_url(), reverse("organizations:standard_failures", args=[row["organizations.standard"].pk]),
              reverse("organizations:coveragegoal_list"), reverse("organizations:requiredpost_list")]  # fmt: skip
    return {
        Role.STAFF: [*common, *network, *county, *results, *plans, *report, rows["draft"].get_absolute_url(),
                     *(reverse(f"assessments:{name}", args=[rows["draft"].pk])
                       for name in ("scheme_update", "scheme_classes", "scheme_tiers", "indicator_create", "scheme_delete")),
                     reverse("assessments:review", args=[quarter]), reverse("assessments:publish", args=[quarter]),
                     reverse("assessments:review_unit", args=[quarter, rows["report"].pk]),
                     reverse("assessments:review_panel", args=[quarter, rows["report"].pk, rows["task"].pk]),
                     reverse("assessments:report_list", args=[quarter]), reverse("assessments:unlock_create", args=[quarter]),
                     reverse("organizations:unit_import"), reverse("organizations:unit_from_areas")],
        Role.COMMITTEE: [*common, *network, *registers, *results, *plans, *report],
        Role.LEADER: [*common, *results, *county[:2], *registers[:3],
                      reverse("dashboards:coverage_area", args=[world.own.county.pk]) + "?compare=2025-01-01"],
        Role.SYSADMIN: [*common, reverse("accounts:user_list"), rows["user"].get_absolute_url(), reverse("accounts:user_create"),
                        reverse("organizations:area_merge", args=[world.own.township.pk])],
        Role.SECADMIN: ["/", reverse("accounts:grant_list"), reverse("accounts:grant_create", args=[rows["user"].pk])],
        Role.AUDITOR: ["/", reverse("accounts:audit_list"), reverse("accounts:audit_detail", args=[rows["entry"].pk])],
    }[role]  # fmt: skip


def log_in(page, user):
    page.goto("/accounts/login/")
    page.get_by_label("账号").fill(user.username)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("工作台")


def sound(page):
    """Nothing serious for axe-core, nothing wider than the screen."""
    violations = [one for one in Axe().run(page).response["violations"] if one["impact"] in SERIOUS]
    assert [(one["id"], [node["html"] for node in one["nodes"]][:3]) for one in violations] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]


@pytest.mark.parametrize("role", [Role.STAFF, Role.COMMITTEE, Role.LEADER, Role.SYSADMIN, Role.SECADMIN, Role.AUDITOR])
def test_pages_are_sound(world, browser, browser_context_args, live_server, role):
    page = browser.new_context(base_url=live_server.url, **browser_context_args).new_page()
    said = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    log_in(page, world.users[role])
    wrong = []
    for url in pages_of(world, role):
        page.set_viewport_size({"width": 1366, "height": 768})
        answer = page.goto(url)
        assert answer.status == 200, url
        found = [v["id"] for v in Axe().run(page).response["violations"] if v["impact"] in SERIOUS]
        if found:
            wrong.append((url, found))
        page.set_viewport_size({"width": 390, "height": 844})
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1"):
            wrong.append((url, "wider than a phone"))
        assert page.pdf(format="A4").startswith(b"%PDF"), url
    assert wrong == []
    assert said == []
