"""A request from intake to closing in a real browser: a township takes it in, the office hands it over, a body answers, the office closes;
a leader reads it to the end and has no step to take."""

import pytest
from playwright.sync_api import expect

from outreach.models import Request
from portal.accounts.roles import Role
from tests.browser.test_pages import PHONE, sound
from tests.factories import make_county, make_enterprise, make_township, make_unit, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def step(page, name, **filled):
    """Open a step by its button, fill it in, send it."""
    page.get_by_role("link", name=name, exact=True).click()
    for label, text in filled.items():
        page.get_by_label(label).fill(text)
    sound(page)


def test_from_intake_to_closing_across_three_roles(opened):
    county = make_county(name="测试县")
    town = make_township(county, name="甲镇")
    bureau = make_unit(county, name="县经信局")
    make_enterprise(town, name="红星纺织公司")
    committee = make_user(Role.COMMITTEE, town, name="李某甲")
    office = make_user(Role.STAFF, county, name="张某甲")
    body = make_user(Role.COMMITTEE, unit=bureau, name="王某乙")
    lead = make_user(Role.LEADER, town, name="包某甲")

    phone = opened(committee, **PHONE)
    phone.goto("/outreach/requests/")
    phone.get_by_role("link", name="受理诉求").first.click()
    phone.get_by_label("查找企业、协会、组织或联系对象").press_sequentially("红星")
    phone.get_by_label("红星纺织公司").check()
    phone.get_by_label("线上").check()
    phone.get_by_label("事项").select_option(label="融资贷款")
    phone.get_by_label("诉求内容").fill("咨询技改贷款贴息")
    sound(phone)
    phone.get_by_role("button", name="受理").tap()
    expect(phone.get_by_role("heading", level=1)).to_contain_text("咨询技改贷款贴息")
    sound(phone)
    row = Request.objects.get()
    url = row.get_absolute_url()

    desk = opened(office)
    desk.goto("/outreach/requests/?state=accepted")
    sound(desk)
    desk.get_by_role("link", name=row.reference).click()
    step(desk, "转办", 转办意见="请协调银行，五日内答复")
    desk.get_by_label("承办单位").select_option(label="县经信局")
    desk.get_by_role("button", name="转办").click()
    expect(desk.get_by_text("县（市）委统战部 → 县经信局")).to_be_visible()

    bureau_page = opened(body)
    bureau_page.goto("/outreach/requests/")
    bureau_page.get_by_role("link", name=row.reference).click()
    expect(bureau_page.get_by_role("link", name="转办", exact=True)).to_have_count(0)
    step(bureau_page, "答复", 答复内容="已协调银行受理，贴息按季拨付")
    bureau_page.get_by_role("button", name="答复").click()
    expect(bureau_page.get_by_role("link", name="答复", exact=True)).to_have_count(0)
    sound(bureau_page)

    desk.goto(url)
    step(desk, "回访")
    desk.get_by_label("满意", exact=True).check()
    desk.get_by_role("button", name="保存回访").click()
    step(desk, "办结")
    desk.get_by_label("办理结果").select_option(label="已解决")
    desk.get_by_role("button", name="办结").click()
    expect(desk.get_by_role("link", name="重新办理")).to_be_visible()
    sound(desk)
    row.refresh_from_db()
    assert (row.state, row.satisfaction, row.outcome, row.unit, row.channel) == (
        "closed",
        "satisfied",
        "solved",
        bureau,
        "online",
    )
    acts = [(one.get_act_display(), one.by) for one in row.steps.all()]
    assert acts == [("受理", committee), ("转办", office), ("答复", body), ("回访", office), ("办结", office)]

    car = opened(lead, **PHONE)
    car.goto("/outreach/requests/?state=closed")
    car.get_by_role("link", name=row.reference).click()
    expect(car.get_by_role("listitem").filter(has_text="已解决").first).to_be_visible()
    for name in ("转办", "答复", "回访", "办结", "重新办理", "修改"):
        expect(car.get_by_role("link", name=name, exact=True)).to_have_count(0)
    sound(car)

    desk.goto("/outreach/requests/monthly/")
    sound(desk)
    line = desk.get_by_role("row").filter(has_text="县经信局")
    line.get_by_role("link").first.click()
    expect(desk.get_by_text("共 1 条")).to_be_visible()
    phone.goto("/outreach/requests/monthly/")
    sound(phone)
