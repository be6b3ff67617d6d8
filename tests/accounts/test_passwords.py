"""The two password policies, the history, expiry, first passwords."""

import datetime as dt

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from portal.accounts import services
from portal.accounts.models import OneTimeCode, User
from portal.accounts.passwords import has_expired
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.factories import PASSWORD, make_county, make_township, make_user

GOOD = "Chuntian-Hua7"
pytestmark = pytest.mark.django_db


@pytest.fixture
def user():
    county = make_county(name="水坪县")
    return make_user(Role.COMMITTEE, make_township(county, name="金铜岭乡"), username="wangwei8", name="王卫国")


@pytest.mark.parametrize("password", [GOOD, "云山苍苍Aa1，江水泱泱云山"])
def test_djbh_takes_a_long_mixed_password(user, settings, password):
    settings.PASSWORD_POLICY = "djbh"
    validate_password(password, user)


@pytest.mark.parametrize(
    "password",
    [
        "Short-Hua7",
        "chuntianhuahua7",
        "Wangwei8-Hua77",
        "Wangweiguo-777",
        "Shuiping-Hua77",
        "Jintongling-H7",
        "Chuntian@12377",
        "Chuntian-1234h",
        "Password-Hua77",
        PASSWORD,
    ],
)
def test_djbh_refuses_short_plain_guessable_and_present_ones(user, settings, password):
    settings.PASSWORD_POLICY = "djbh"
    with pytest.raises(ValidationError):
        validate_password(password, user)


def test_asvs_asks_for_length_not_for_classes(user, settings):
    settings.PASSWORD_POLICY = "asvs"
    validate_password("chuntianhuahuahua", user)
    for password in (GOOD, "shuipingxianhuahua"):
        with pytest.raises(ValidationError):
            validate_password(password, user)


def test_the_last_five_are_refused_and_the_sixth_is_forgotten(user, settings):
    settings.PASSWORD_POLICY = "djbh"
    used = [f"Chuntian-Hua{number}" for number in range(20, 26)]
    for password in used:
        services.change_password(user, password, by=user)
    for password in used[1:]:
        with pytest.raises(ValidationError, match="最近 5 次"):
            validate_password(password, user)
    services.change_password(user, "Qiutian-Yue66", by=user)
    validate_password(used[0], user)


@pytest.mark.parametrize(("policy", "days", "expired"), [("djbh", 91, True), ("djbh", 89, False), ("asvs", 900, False)])
def test_expiry_follows_the_policy(user, settings, policy, days, expired):
    settings.PASSWORD_POLICY = policy
    user.password_changed_at = timezone.now() - dt.timedelta(days=days)
    assert has_expired(user) is expired


def test_an_expired_password_is_changed_before_anything_else(user, client):
    User.objects.filter(pk=user.pk).update(must_change_password=True)
    answer = client.post("/accounts/login/", {"username": user.username, "password": PASSWORD})
    assert answer["Location"] == "/accounts/password/"
    for path in ("/", "/accounts/me/", "/organizations/areas/", "/no-such-page/"):
        assert client.get(path)["Location"] == "/accounts/password/", path
    assert client.get("/api/areas/").status_code == 403
    client.post("/accounts/password/", {"old_password": PASSWORD, "new_password": GOOD, "again": GOOD})
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(("policy", "stopped"), [("djbh", True), ("asvs", False)])
def test_a_password_that_ran_out_stops_pages_interface_and_tokens_alike(user, client, settings, policy, stopped):
    settings.PASSWORD_POLICY = policy
    token = services.make_token(user, "报表")
    User.objects.filter(pk=user.pk).update(password_changed_at=timezone.now() - dt.timedelta(days=91))
    client.force_login(user)
    assert client.get("/accounts/me/").status_code == (302 if stopped else 200)
    assert client.get("/api/areas/").status_code == (403 if stopped else 200)
    answer = Client().get("/api/areas/", headers={"authorization": f"Token {token}"})
    assert (answer.status_code in {401, 403}) is stopped


def test_a_change_asks_for_the_present_password_and_for_the_new_one_twice(user, client):
    client.force_login(user)
    for values in (
        {"old_password": "wrong", "new_password": GOOD, "again": GOOD},
        {"old_password": PASSWORD, "new_password": GOOD, "again": f"{GOOD}x"},
        {"old_password": PASSWORD, "new_password": "short", "again": "short"},
    ):
        assert client.post("/accounts/password/", values).status_code == 422
    user.refresh_from_db()
    assert user.check_password(PASSWORD)


def test_a_change_keeps_what_others_changed_meanwhile(user):
    stale = User.objects.get(pk=user.pk)
    User.objects.filter(pk=user.pk).update(is_active=False)
    services.change_password(stale, GOOD, by=stale)
    user.refresh_from_db()
    assert not user.is_active


class TestFirstPassword:
    address = "/accounts/activate/"

    def give(self, client, user, code):
        return client.post(self.address, {"username": user.username, "code": code})

    def choose(self, client, password=GOOD):
        return client.post(self.address, {"new_password": password, "again": password})

    def test_a_code_opens_the_page_once(self, user, client):
        code = services.issue_code(user, by=None)
        assert code not in OneTimeCode.objects.get().digest
        assert self.give(client, user, code).status_code == 302
        assert self.choose(client, "short").status_code == 422
        assert self.choose(client)["Location"] == "/accounts/login/"
        user.refresh_from_db()
        assert user.check_password(GOOD)
        assert self.give(client, user, code).status_code == 422

    def test_an_old_foreign_or_replaced_code_does_nothing(self, user, client):
        first = services.issue_code(user, by=None)
        second = services.issue_code(user, by=None)
        other = make_user(Role.STAFF, make_county())
        assert self.give(client, user, first).status_code == 422
        assert self.give(client, other, second).status_code == 422
        OneTimeCode.objects.update(expires_at=timezone.now())
        assert self.give(client, user, second).status_code == 422

    def test_a_code_replaced_after_it_was_shown_sets_no_password(self, user, client):
        self.give(client, user, services.issue_code(user, by=None))
        services.issue_code(user, by=None)
        self.choose(client)
        user.refresh_from_db()
        assert not user.has_usable_password()

    def test_wrong_codes_are_counted(self, user, client):
        code = services.issue_code(user, by=None)
        for _ in range(5):
            self.give(client, user, "000000")
        answer = self.give(client, user, code)
        assert answer.status_code == 422
        assert "分钟后再试" in answer.text

    def test_a_code_ends_the_old_password_and_its_sessions(self, user, client):
        client.force_login(user)
        services.issue_code(user, by=None)
        assert client.get("/accounts/me/").status_code == 302


def test_neither_codes_nor_passwords_enter_the_trail(user, client):
    sysadmin = make_user(Role.SYSADMIN)
    client.force_login(sysadmin)
    page = client.post(reverse("accounts:user_reset", args=[user.pk]), {"idempotency_key": "k1"}, follow=True)
    code = client.session.get(f"code-{user.pk}", "") or page.context["code"]
    assert code in page.text
    assert code not in client.get(reverse("accounts:user_detail", args=[user.pk])).text
    for entry in AuditEntry.objects.all():
        assert code not in f"{entry.sentence}{entry.changes}"
        assert "md5$" not in f"{entry.sentence}{entry.changes}"
