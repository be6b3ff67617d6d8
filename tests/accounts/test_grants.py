"""Grants take effect after a second person; the three administrators stay apart, in the database too."""

import datetime as dt

import pytest
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from portal.accounts import services
from portal.accounts.models import Grant, User
from portal.accounts.roles import PERMISSIONS, Line, Role
from portal.audit.models import Action, AuditEntry
from tests.factories import make_county, make_township, make_unit, make_user

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


def fresh(user):
    return User.objects.get(pk=user.pk)


def may(user, permission="assessments.view_score"):
    return fresh(user).has_perm(permission)


def post(client, user, name, *args, **values):
    client.force_login(user)
    return client.post(reverse(f"accounts:{name}", args=args), values)


@pytest.fixture
def county():
    return make_county()


@pytest.fixture
def secadmin():
    return make_user(Role.SECADMIN)


@pytest.fixture
def sysadmin():
    return make_user(Role.SYSADMIN)


@pytest.fixture
def person(county):
    return make_user(None, county)


@pytest.fixture
def waiting(client, secadmin, person, county):
    values = {
        "role": "staff",
        "area": county.pk,
        "since": TODAY(),
        "reason": "统战部〔2026〕3号",
        "idempotency_key": "g1",
    }
    assert post(client, secadmin, "grant_create", person.pk, **values).status_code == 302
    return Grant.objects.get(user=person)


def test_every_right_of_a_role_exists():
    names = {f"{app}.{name}" for app, name in Permission.objects.values_list("content_type__app_label", "codename")}
    assert set().union(*PERMISSIONS.values()) - names == set()
    assert set(PERMISSIONS) == set(Role)


def test_the_three_administrators_share_no_writing_right_with_the_business():
    business = set().union(*(PERMISSIONS[role] for role in Role if role.line == Line.BUSINESS))
    scores = {name for name in business if name.startswith("assessments.")}
    for role in (Role.SYSADMIN, Role.SECADMIN, Role.AUDITOR):
        assert not PERMISSIONS[role] & scores
    writing = {name for name in PERMISSIONS[Role.AUDITOR] if not name.split(".")[1].startswith("view_")}
    assert writing == {"exchange.add_job"}  # his own long exports


def test_a_grant_holds_only_after_a_second_person(client, waiting, person, sysadmin):
    assert not may(person)
    page = client.get(reverse("accounts:user_detail", args=[person.pk]))
    assert "待另一人复核" in page.text
    post(client, sysadmin, "grant_confirm", waiting.pk)
    assert may(person)
    acts = AuditEntry.objects.filter(model="accounts.grant").order_by("sequence")
    assert [(act.action, act.user) for act in acts] == [
        (Action.GRANTED, waiting.granted_by),
        (Action.GRANTED, sysadmin),
    ]


def test_whoever_granted_cannot_confirm(client, waiting, person, secadmin):
    post(client, secadmin, "grant_confirm", waiting.pk)
    assert not may(person)
    with pytest.raises(IntegrityError), transaction.atomic():
        Grant.objects.filter(pk=waiting.pk).update(confirmed_by=secadmin, confirmed_at=timezone.now())


def test_a_holder_cannot_grant_or_confirm_for_oneself(client, secadmin, sysadmin):
    values = {"role": "secadmin", "since": TODAY(), "reason": "自授", "idempotency_key": "g2"}
    assert post(client, secadmin, "grant_create", secadmin.pk, **values).status_code == 422
    own = Grant.objects.create(user=sysadmin, role="sysadmin", since=TODAY(), reason="x", granted_by=secadmin)
    with pytest.raises(ValidationError, match="授予自己"):
        services.confirm_grant(own, by=sysadmin)
    with pytest.raises(IntegrityError), transaction.atomic():
        Grant.objects.filter(pk=own.pk).update(confirmed_by=sysadmin)


@pytest.mark.parametrize("role", [Role.STAFF, Role.COMMITTEE, Role.LEADER, Role.VILLAGE, Role.AUDITOR])
def test_others_can_neither_grant_nor_confirm(client, waiting, person, county, role):
    stranger = make_user(role, None if role == Role.AUDITOR else county)
    values = {"role": "staff", "area": county.pk, "since": TODAY(), "reason": "x"}
    assert post(client, stranger, "grant_create", person.pk, **values).status_code == 403
    assert post(client, stranger, "grant_confirm", waiting.pk).status_code == 403
    assert post(client, stranger, "grant_revoke", waiting.pk).status_code == 403
    assert not may(person)
    with pytest.raises(PermissionDenied):
        services.confirm_grant(waiting, by=stranger)
    waiting.refresh_from_db()
    assert waiting.confirmed_at is None


def test_a_confirmed_grant_is_confirmed_once(waiting, sysadmin):
    services.confirm_grant(waiting, by=sysadmin)
    with pytest.raises(ValidationError, match="已经复核过"):
        services.confirm_grant(waiting, by=sysadmin)


@pytest.mark.parametrize("days", [0, 1, 40])
def test_a_revoked_grant_is_over_at_once(client, county, secadmin, days):
    person = make_user(Role.STAFF, county)
    grant = person.grants.get()
    Grant.objects.filter(pk=grant.pk).update(since=TODAY() - dt.timedelta(days=days))
    assert may(person)
    post(client, secadmin, "grant_revoke", grant.pk)
    assert not may(person)
    assert AuditEntry.objects.filter(action=Action.REVOKED, user=secadmin).count() == 1
    with pytest.raises(ValidationError, match="已经结束"):
        services.revoke_grant(grant, by=secadmin)


def test_a_grant_holds_from_its_first_to_its_last_day(county):
    person = make_user(Role.STAFF, county)
    today, day = TODAY(), dt.timedelta(days=1)
    for since, until, holds in [
        (today, today, True),
        (today - day, today - day, False),
        (today + day, None, False),
        (today - day, None, True),
    ]:
        person.grants.update(since=since, until=until)
        assert may(person) is holds, (since, until)


@pytest.mark.parametrize(
    ("line", "role"),
    [("business", "sysadmin"), ("sysadmin", "secadmin"), ("secadmin", "auditor"), ("auditor", "staff")],
)
def test_the_database_keeps_the_lines_apart(line, role, county):
    person = make_user(None, county, line=line)
    area = county if role == "staff" else None
    with pytest.raises(DatabaseError), transaction.atomic():
        Grant.objects.create(user=person, role=role, area=area, since=TODAY(), reason="x")


def test_the_database_refuses_a_changed_line_on_either_side(county):
    person = make_user(Role.STAFF, county)
    with pytest.raises(DatabaseError), transaction.atomic():
        User.objects.filter(pk=person.pk).update(line=Line.AUDITOR)
    with pytest.raises(DatabaseError), transaction.atomic():
        person.grants.update(role=Role.AUDITOR, line=Line.AUDITOR)
    with pytest.raises(DatabaseError), transaction.atomic():
        person.grants.update(role=Role.AUDITOR)
    User.objects.filter(pk=make_user(None, county).pk).update(line=Line.AUDITOR)


def test_a_business_role_needs_exactly_one_place(county):
    person = make_user(None, county)
    unit = make_unit(area=county)
    for places in ({}, {"area": county, "unit": unit}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Grant.objects.create(user=person, role=Role.STAFF, since=TODAY(), reason="x", **places)


def test_the_form_offers_roles_of_the_accounts_own_line_and_places_of_its_county(client, secadmin, person, county):
    foreign = make_township(make_county())
    client.force_login(secadmin)
    form = client.get(reverse("accounts:grant_create", args=[person.pk])).context["form"]
    assert {value for value, _ in form.fields["role"].choices} == {"staff", "committee", "village", "leader"}
    body = make_unit(area=county)
    make_unit(area=make_township(county), kind="township")
    assert list(form.fields["unit"].queryset) == [body], "a township's people are granted its area"
    values = {"role": "committee", "area": foreign.pk, "since": TODAY(), "reason": "x"}
    assert post(client, secadmin, "grant_create", person.pk, **values).status_code == 422
    assert not Grant.objects.filter(user=person).exists()


class TestReach:
    def test_a_grant_reaches_its_area_and_all_below(self, county):
        township = make_township(county)
        staff = make_user(Role.STAFF, county)
        reach = staff.reach("organizations.view_area")
        assert reach.covers(township.tree_code)
        assert not reach.covers(make_county().tree_code)

    def test_a_grant_on_a_unit_reaches_that_unit_alone(self, county):
        reach = make_user(Role.COMMITTEE, unit=make_unit(area=county)).reach("organizations.view_unit")
        assert not reach.codes
        assert len(reach.units) == 1

    def test_a_disabled_or_unconfirmed_account_reaches_nothing(self, county):
        assert not make_user(Role.STAFF, county, is_active=False).reach("organizations.view_area")
        assert not make_user(Role.STAFF, county, confirmed=False).reach("organizations.view_area")
        assert not make_user(Role.STAFF, county).reach("accounts.view_user")
