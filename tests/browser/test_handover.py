"""A leader leaves: staff hand all pairings and open work over in one step and print the paper; the successor finds it waiting."""

import datetime as dt
import io

import pytest
from django.utils import timezone
from docx import Document
from playwright.sync_api import expect

from outreach.models import Pairing
from portal.accounts.roles import Role
from tests.browser.test_pages import PHONE, sound
from tests.factories import (
    make_county,
    make_enterprise,
    make_official,
    make_pairing,
    make_request,
    make_township,
    make_user,
    make_visit,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def test_everything_goes_in_one_step_with_its_paper(opened):
    county = make_county(name="测试县")
    town = make_township(county, name="甲镇")
    staff, taker = make_user(Role.STAFF, county), make_user(Role.LEADER, county, name="孙某乙")
    old = make_official(county, name="李某甲")
    new = make_official(county, name="孙某乙", user=taker)
    mill, quarry = (make_enterprise(town, name=name) for name in ("红星纺织公司", "青山采石公司"))
    make_pairing(old, mill)
    make_pairing(old, quarry)
    make_visit(mill, [old], state="planned", on=timezone.localdate() + dt.timedelta(1))
    make_request(quarry, handler=old)

    desk = opened(staff)
    desk.goto(old.get_absolute_url())
    desk.get_by_role("link", name="移交").first.click()
    expect(desk.get_by_role("heading", name="将要移交的（4 项）")).to_be_visible()
    sound(desk)
    desk.get_by_role("button", name="移交", exact=True).click()
    expect(desk.locator(".error").first).to_be_visible()  # to whom was not said
    desk.get_by_label("接收人").select_option(label=str(new))
    desk.get_by_role("button", name="移交", exact=True).click()
    expect(desk.get_by_text("工作已移交")).to_be_visible()
    sound(desk)
    with desk.expect_download() as download:
        desk.get_by_role("link", name="Word").click()
    paper = Document(io.BytesIO(download.value.path().read_bytes()))
    text = "".join(cell.text for table in paper.tables for row in table.rows for cell in row.cells)
    assert "红星纺织公司" in text and "青山采石公司" in text
    assert list(Pairing.objects.in_force().values_list("official", flat=True)) == [new.pk, new.pk]

    phone = opened(taker, **PHONE)
    expect(phone.get_by_text("走访 1 次")).to_be_visible()
    phone.goto(new.get_absolute_url())
    for name in ("红星纺织公司", "青山采石公司"):
        expect(phone.get_by_role("link", name=name).first).to_be_visible()
    sound(phone)
