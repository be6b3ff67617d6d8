"""Looking at a phone number: reason and second factor in, the trail first, the number out once."""

import json
import logging
import sqlite3
import zipfile
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO, StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.db import connection, transaction
from django.test import TestCase, TransactionTestCase, override_settings
from django.urls import reverse

from organizations.models import Person, PhoneReveal, RevealCount
from organizations.services.reveals import reveal_phone
from portal.accounts.roles import Role
from portal.audit.models import Action, AuditEntry
from tests.accounts.test_factors import code_of, with_app
from tests.backups import back_up, texts
from tests.factories import (
    make_contact,
    make_enterprise,
    make_membership,
    make_organization,
    make_pairing,
    make_person,
    make_request,
    make_township,
    make_user,
    make_visit,
)

CANARY = "13866668888"


class Case(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.township = make_township()
        cls.person = make_person(cls.township, name="张某甲", phone=CANARY)
        cls.keeper = make_user(Role.COMMITTEE, cls.township, name="王某乙")
        cls.secret, cls.codes = with_app(cls.keeper)
        cls.url = reverse("organizations:person_reveal", args=[cls.person.pk])

    def setUp(self):
        self.client.force_login(self.keeper)

    def ask(self, code=None, **values):
        return self.client.post(self.url, {"reason": "activity", "code": code or code_of(self.secret), **values})


class RevealTests(Case):
    def test_the_number_is_shown_once_and_the_look_stands_on_the_persons_page(self):
        assert CANARY not in self.client.get(self.url).text
        shown = self.ask()
        assert shown.status_code == 200 and f"tel:{CANARY}" in shown.text and shown["Cache-Control"] == "no-store"
        page = self.client.get(self.person.get_absolute_url()).text
        assert CANARY not in page and "王某乙" in page and "通知会议和活动" in page
        entry = AuditEntry.objects.get(action=Action.REVEALED)
        assert entry.sentence == "王某乙 查看 张某甲 的电话，事由：通知会议和活动" and CANARY not in str(entry.__dict__)
        again = self.ask(code_of(self.secret))
        assert again.status_code == 422 and CANARY not in again.text  # a code works once

    def test_reason_and_factor_are_asked_and_what_was_chosen_stays(self):
        no_reason = self.client.post(self.url, {"reason": "", "code": self.codes[0]})
        assert no_reason.status_code == 422 and CANARY not in no_reason.text
        wrong = self.ask("000000")
        assert wrong.status_code == 422 and "selected>通知会议和活动" in wrong.text and CANARY not in wrong.text
        assert not PhoneReveal.objects.exists()
        assert self.ask(self.codes[0]).status_code == 200  # the code was not used up by the first try

    def test_without_a_second_factor_one_is_led_to_set_it_up_and_comes_back(self):
        self.client.force_login(make_user(Role.COMMITTEE, self.township))
        assert self.client.get(self.url).url == f"/accounts/factors/setup/?next={self.url.replace('/', '%2F')}"
        assert self.client.post(self.url, {"reason": "own", "code": "123456"}).status_code == 422

    def test_who_may_not(self):
        self.client.force_login(make_user(Role.LEADER, self.township))
        assert self.client.get(self.url).status_code == 403
        self.client.force_login(make_user(Role.COMMITTEE, make_township()))
        assert self.client.get(self.url).status_code == 404
        stranger = make_user(Role.VILLAGE, self.township)
        self.client.force_login(stranger)
        assert self.client.get(self.url).status_code == 403

    def test_no_trail_no_number(self):
        with (
            patch("organizations.services.reveals.record", side_effect=RuntimeError("disk full")),
            pytest.raises(RuntimeError),
        ):
            self.ask()
        assert not PhoneReveal.objects.exists() and not RevealCount.objects.exists()

    @override_settings(PHONE_REVEALS_A_DAY=2)
    def test_the_days_limit_says_what_to_do(self):
        for code in self.codes[:2]:
            assert self.ask(code).status_code == 200
        full = self.ask(self.codes[2])
        assert full.status_code == 422 and "达到每日上限" in full.text and CANARY not in full.text


class ManyAtOnceTests(TransactionTestCase):
    def test_a_hundred_at_once_show_no_more_than_the_limit(self):
        township = make_township()
        people = [make_person(township, phone=CANARY).pk for _ in range(100)]  # one row would make them queue
        user = make_user(Role.COMMITTEE, township)

        def attempt(pk):
            try:
                return reveal_phone(Person.objects.get(pk=pk), reason="liaison", by=user) == CANARY
            except ValidationError:
                return False
            finally:
                connection.close()

        with ThreadPoolExecutor(20) as pool:
            shown = sum(pool.map(attempt, people))
        assert shown == settings.PHONE_REVEALS_A_DAY == PhoneReveal.objects.count()
        assert AuditEntry.objects.filter(action=Action.REVEALED).count() == shown

    def test_inside_a_transaction_no_number_leaves(self):
        person = make_person(make_township(), phone=CANARY)
        with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
            reveal_phone(person, reason="liaison", by=make_user(Role.STAFF, person.area))


class CanaryTests(TransactionTestCase):
    """A planted number is found nowhere but in the reveal's answer."""

    def test_a_persons_is_nowhere_else(self):
        township = make_township()
        organization = make_organization(township)
        person = make_person(township, name="张某甲", phone=CANARY)
        make_membership(organization, person)
        url = reverse("organizations:person_reveal", args=[person.pk])
        self.assert_nowhere_else(township, url, self.pages(person, organization))

    def test_a_contacts_is_nowhere_else(self):
        township = make_township()
        contact = make_contact(township, name="张某甲", phone=CANARY)
        make_pairing(target=contact)
        make_visit(make_enterprise(township), contacts=[contact])
        make_request(contact=contact)
        url = reverse("outreach:contact_reveal", args=[contact.pk])
        self.assert_nowhere_else(township, url, self.pages_of_contact(contact))

    def assert_nowhere_else(self, township, url, pages):
        user = make_user(Role.STAFF, township.parent)
        secret, _ = with_app(user)
        self.client.force_login(user)
        handler = logging.StreamHandler(log := StringIO())
        root = logging.getLogger()
        level = root.level
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        try:
            answer = self.client.post(url, {"reason": "own", "code": code_of(secret)})
            seen = [self.client.get(page) for page in pages]
        finally:
            root.removeHandler(handler)
            root.setLevel(level)
        assert CANARY in answer.text
        for response in seen:
            assert response.status_code == 200, response.request["PATH_INFO"]
            assert not any(CANARY in part for part in parts(response)), response.request["PATH_INFO"]
        assert CANARY not in log.getvalue()
        assert CANARY not in json.dumps(list(AuditEntry.objects.values()), default=str, ensure_ascii=False)
        call_command("dumpdata", stdout=(dump := StringIO()))
        assert "张某甲" in dump.getvalue() and CANARY not in dump.getvalue()
        assert CANARY not in texts()
        assert CANARY.encode() not in raw_database()
        with TemporaryDirectory() as folder:
            assert CANARY.encode() not in back_up(Path(folder) / "backup").read_bytes()
            kept = [
                path for path in Path(settings.DATA_DIR).rglob("*") if path.is_file()
            ]  # the file itself, its log, the uploads
            assert not [path for path in kept if CANARY.encode() in path.read_bytes()]

    @staticmethod
    def pages_of_contact(contact):
        listing, one = reverse("outreach:contact_list"), contact.get_absolute_url()
        yield from (one, f"{one}report/", f"{one}edit/", listing, f"{listing}?export=xlsx", f"{listing}?export=csv")
        yield from (
            "/api/contacts/",
            f"/api/contacts/{contact.pk}/",
            "/api/pairings/",
            "/api/visits/",
            "/api/requests/",
            "/",
        )
        for name in ("pairing", "visit", "request"):
            yield from (reverse(f"outreach:{name}_list"), f"{reverse(f'outreach:{name}_list')}?export=xlsx")
        yield f"{reverse('exchange:template', args=['contacts'])}?data=1"
        yield f"{reverse('outreach:visit_whom')}?whom=张某甲&kind=contact"

    @staticmethod
    def pages(person, organization):
        people, roster = reverse("organizations:person_list"), reverse("organizations:membership_list")
        yield from (person.get_absolute_url(), people, roster, f"{roster}?export=xlsx", f"{people}?export=xlsx")
        yield reverse("organizations:roster", args=[organization.pk])
        yield from ("/api/people/", f"/api/people/{person.pk}/", "/api/memberships/", "/")
        yield f"{reverse('dashboards:search')}?q=张某甲"


def parts(response):
    """The texts of an answer; of a workbook, those of the files inside it; and its headers."""
    content = b"".join(response.streaming_content) if response.streaming else response.content
    yield str(response.headers)
    if content[:2] == b"PK":
        with zipfile.ZipFile(BytesIO(content)) as book:
            yield from (book.read(name).decode("utf-8", "replace") for name in book.namelist())
    else:
        yield content.decode("utf-8", "replace")


def raw_database():
    """Every byte of the database: SQLite's file as a backup writes it, each table of PostgreSQL as COPY writes it."""
    if connection.vendor == "sqlite":
        copy = sqlite3.connect(":memory:")
        connection.ensure_connection()
        connection.connection.backup(copy)
        return copy.serialize()
    found = BytesIO()
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.cursor.copy_expert(f'COPY "{table}" TO STDOUT', found)
    return found.getvalue()
