"""The second factor in a real browser: an authenticator app, a passkey (Chromium's virtual authenticator), a look at a phone."""

import pyotp
import pytest
from playwright.sync_api import expect

from organizations.models import PhoneReveal
from portal.accounts.models import Factor
from portal.accounts.roles import Role
from tests.browser.test_pages import PHONE, log_in, sound
from tests.factories import PASSWORD, make_contact, make_county, make_township, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
NUMBER = "13866665555"


def prove(page):
    """Before a factor is set up, its owner gives the password again."""
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="继续").click()


def set_up_app(page):
    secret = page.locator("[data-secret]").inner_text()
    page.get_by_label("验证码").fill(pyotp.TOTP(secret).now())
    sound(page)
    page.get_by_role("button", name="完成设置").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("恢复码")
    sound(page)
    codes = page.locator("code").all_inner_texts()
    assert len(codes) == 10
    return codes


def test_a_look_at_a_phone_with_an_app_and_a_recovery_code(opened):
    town = make_township(make_county())
    contact = make_contact(town, name="赵某丙", phone=NUMBER)
    page = opened(make_user(Role.COMMITTEE, town, name="王某乙"), **PHONE)
    page.goto(contact.get_absolute_url())
    page.get_by_role("link", name="查看电话").tap()
    prove(page)
    codes = set_up_app(page)
    page.goto(contact.get_absolute_url())
    page.get_by_role("link", name="查看电话").tap()
    page.get_by_label("事由").select_option(label="日常联系")
    page.get_by_label("验证码").fill("000000")
    page.get_by_role("button", name="查看电话").tap()
    expect(page.locator(".error").first).to_be_visible()
    expect(page.get_by_label("事由")).to_have_value("liaison")
    page.get_by_label("验证码").fill(codes[0])
    page.get_by_role("button", name="查看电话").tap()
    expect(page.locator("[data-phone]")).to_have_text(NUMBER)
    sound(page)
    page.get_by_role("link", name="用完了，返回").tap()
    expect(page.get_by_role("heading", level=1)).to_have_text("赵某丙")
    expect(page.get_by_text("王某乙 日常联系").first).to_be_visible()
    assert NUMBER not in page.content()
    assert PhoneReveal.objects.count() == 1


def test_a_passkey_is_made_and_used(browser, browser_context_args, live_server):
    context = browser.new_context(base_url=live_server.url, **browser_context_args)
    page = context.new_page()
    devtools = context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
               "isUserVerified": True, "automaticPresenceSimulation": True}  # fmt: skip
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    town = make_township(make_county())
    contact = make_contact(town, phone=NUMBER)
    log_in(page, make_user(Role.COMMITTEE, town))
    page.goto(f"{contact.get_absolute_url()}reveal/")
    prove(page)
    page.locator("[data-passkey-make]").get_by_label("名称").fill("办公室电脑")
    page.get_by_role("button", name="创建通行密钥").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("恢复码")
    assert Factor.objects.get().kind == "passkey"
    page.goto(f"{contact.get_absolute_url()}reveal/")
    page.get_by_label("事由").select_option(label="日常联系")
    page.get_by_role("button", name="使用通行密钥").click()
    expect(page.locator("[data-phone]")).to_have_text(NUMBER)
