"""Accounts as the system administrator keeps them; one name, one account; tokens; the commands."""

import datetime as dt
import io
import re

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from portal.accounts import services
from portal.accounts.models import ApiToken, Grant, SavedFilter, User
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.factories import PASSWORD, make_county, make_user

pytestmark = pytest.mark.django_db
ADD = "/accounts/users/add/"


@pytest.fixture
def county():
    return make_county()


@pytest.fixture
def as_sysadmin(client):
    client.force_login(make_user(Role.SYSADMIN))
    return client


def values(county, **more):
    return {"username": "lihua", "name": "李华", "line": "business", "area": county.pk, "is_active": "on", **more}


def test_a_new_account_has_a_code_shown_once_and_no_password(as_sysadmin, county):
    page = as_sysadmin.post(ADD, values(county, idempotency_key="u1"), follow=True)
    code = re.search(r"data-code>([0-9a-f]{12})<", page.text)[1]
    user = User.objects.get(username="lihua")
    assert not user.has_usable_password()
    assert code not in as_sysadmin.get(user.get_absolute_url()).text
    assert services.activate("lihua", code, "10.0.0.1").user == user


@pytest.mark.parametrize("name", ["LIHUA", " lihua ", "ｌｉｈｕａ", "Ｌihua"])
def test_a_name_is_one_account_in_every_width_and_case(as_sysadmin, county, name):
    User.objects.create_user("lihua", PASSWORD, name="李华")
    answer = as_sysadmin.post(ADD, values(county, username=name))
    assert answer.status_code == 422
    assert User.objects.filter(name="李华").count() == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user(name, PASSWORD, name="李华二")


def test_the_form_has_no_password_and_no_second_line(as_sysadmin, county):
    user = make_user(Role.STAFF, county)
    form = as_sysadmin.get(reverse("accounts:user_update", args=[user.pk])).context["form"]
    assert set(form.fields) >= {"username", "name", "area", "is_active"}
    assert not [name for name in form.fields if "password" in name or "grant" in name]
    page = values(county, username=user.username, line="auditor", version=user.version)
    as_sysadmin.post(reverse("accounts:user_update", args=[user.pk]), page)
    user.refresh_from_db()
    assert user.line == "business"


def test_disabling_is_on_the_trail_field_by_field(as_sysadmin, county):
    user = make_user(Role.STAFF, county)
    page = values(county, username=user.username, name=user.name, version=user.version)
    del page["is_active"]
    as_sysadmin.post(reverse("accounts:user_update", args=[user.pk]), page)
    entry = AuditEntry.objects.filter(model="accounts.user").first()
    assert entry.changes == [["is_active", "启用", "是", "否"]]


class TestTokens:
    def ask(self, client, token):
        return client.get("/api/areas/", headers={"authorization": f"Token {token}"})

    @pytest.fixture
    def staff(self, county):
        return make_user(Role.STAFF, county)

    def test_a_token_is_shown_once_kept_as_a_digest_and_acts_as_its_owner(self, client, staff, county):
        make_county()
        client.force_login(staff)
        page = client.post("/accounts/tokens/add/", {"name": "报表", "idempotency_key": "t1"}, follow=True)
        token = page.context["fresh_token"]
        assert token in page.text
        assert token not in client.get("/accounts/me/").text
        assert token not in ApiToken.objects.get().digest
        client.logout()
        assert [row["id"] for row in self.ask(client, token).json()["results"]] == [county.pk]

    def test_a_token_ends_with_its_term_revocation_account_or_password(self, client, staff):
        token = services.make_token(staff, "报表")
        assert self.ask(client, token).status_code == 200
        for model, change, back in [
            (ApiToken, {"expires_on": timezone.localdate() - dt.timedelta(days=1)}, {"expires_on": "2099-01-01"}),
            (ApiToken, {"revoked_at": timezone.now()}, {"revoked_at": None}),
            (User, {"is_active": False}, {"is_active": True}),
            (User, {"must_change_password": True}, {"must_change_password": False}),
            (Grant, {"confirmed_at": None}, {"confirmed_at": timezone.now()}),
        ]:
            rows = model.objects.filter(**({"pk": staff.pk} if model is User else {"user": staff}))
            rows.update(**change)
            assert self.ask(client, token).status_code in {401, 403}, change
            rows.update(**back)
            assert self.ask(client, token).status_code == 200, back

    def test_a_guess_is_refused_and_a_token_opens_no_page(self, client, staff):
        assert self.ask(client, "x" * 43).status_code == 401
        assert self.ask(client, "").status_code == 401
        token = services.make_token(staff, "报表")
        assert client.get("/", headers={"authorization": f"Token {token}"}).status_code == 302

    def test_a_token_is_revoked_by_its_owner_only(self, client, staff, county):
        services.make_token(staff, "报表")
        token = ApiToken.objects.get()
        address = reverse("accounts:token_revoke", args=[token.pk])
        client.force_login(make_user(Role.STAFF, county))
        assert client.post(address).status_code == 404
        client.force_login(staff)
        assert client.post(address).status_code == 302
        assert not ApiToken.objects.get().is_valid

    def test_one_form_makes_one_token(self, client, staff):
        client.force_login(staff)
        for _ in range(2):
            client.post("/accounts/tokens/add/", {"name": "报表", "idempotency_key": "t1"})
        assert ApiToken.objects.count() == 1


class TestSavedFilters:
    add = "/accounts/filters/add/"

    @pytest.fixture
    def owner(self, client, county):
        owner = make_user(Role.STAFF, county)
        client.force_login(owner)
        return owner

    def test_a_filter_is_kept_under_a_name_for_its_owner(self, client, owner, county):
        page = {"path": "/organizations/units/", "query": "kind=body&o=-name", "name": "县直"}
        answer = client.post(self.add, page)
        assert answer["Location"] == "/organizations/units/?kind=body&o=-name"
        assert 'href="?kind=body&amp;o=-name"' in client.get("/organizations/units/").text
        client.force_login(make_user(Role.STAFF, county))
        assert "县直" not in client.get("/organizations/units/").text
        address = reverse("accounts:saved_filter_delete", args=[SavedFilter.objects.get().pk])
        assert client.post(address).status_code == 404
        client.force_login(owner)
        assert client.post(address)["Location"] == "/organizations/units/"
        assert not SavedFilter.objects.exists()

    def test_a_name_is_used_once_a_list(self, client, owner):
        page = {"path": "/organizations/units/", "query": "kind=body", "name": "县直"}
        for _ in range(2):
            assert client.post(self.add, page).status_code == 302
        assert SavedFilter.objects.count() == 1

    @pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example/x", "/\\evil.example", "evil"])
    def test_it_leads_to_no_other_site(self, client, owner, path):
        answer = client.post(self.add, {"path": path, "query": "a=1", "name": "外"})
        assert answer["Location"] == "/?a=1"
        assert not SavedFilter.objects.filter(path=path).exists()


class TestCreateAdmin:
    def make(self, *args):
        out = io.StringIO()
        call_command("create_admin", *args, stdout=out)
        return out.getvalue()

    def test_it_prints_a_code_that_sets_the_first_password(self):
        assert not User.objects.exists()
        text = self.make("ANQUAN", "--name", "李安", "--role", "secadmin")
        code = re.search(r"one-time code (\w{12})", text)[1]
        user = User.objects.get()
        assert (user.username, user.line, user.has_usable_password()) == ("anquan", "secadmin", False)
        assert services.activate("anquan", code, "").user == user
        assert user.has_perm("accounts.add_grant")

    def test_it_takes_administrators_and_free_names_only(self):
        self.make("anquan", "--name", "李安", "--role", "secadmin")
        for args in [("anquan", "--name", "x", "--role", "auditor"), ("b", "--name", "x", "--role", "staff")]:
            with pytest.raises(CommandError):
                self.make(*args)
        assert User.objects.count() == 1
