"""What is held on a person is found where it belongs and nowhere else; erased, it stays erased (security.md 15-19)."""

import datetime as dt
import io
import json
import logging
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection, transaction
from django.test import Client, TestCase, TransactionTestCase
from django.urls import reverse
from django.utils import timezone

from outreach.models import Contact, ContactRole, Pairing, Tombstone
from outreach.services import contacts as services
from portal.accounts.models import SavedFilter
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry, verify
from tests.backups import back_up, restore
from tests.factories import (
    make_contact,
    make_county,
    make_enterprise,
    make_membership,
    make_notice,
    make_official,
    make_organization,
    make_pairing,
    make_person,
    make_request,
    make_township,
    make_user,
    make_visit,
)

NAME, PHONE = "鸩某羽", "13912345678"
POST = "鸩羽商行掌柜"


def printed(*command, **options):
    out = io.StringIO()
    call_command(*command, stdout=out, **options)
    return out.getvalue()


class Held:
    """A contact with everything that can hang on one, recorded through the page."""

    def hold(self):
        self.county = make_county()
        self.town, self.other = make_township(self.county), make_township(self.county)
        self.notice = make_notice(self.county)
        self.committee = make_user(Role.COMMITTEE, self.town)
        self.neighbour = make_user(Role.COMMITTEE, self.other)
        self.client.force_login(self.committee)
        url = reverse("outreach:contact_create")
        form = self.client.get(url).context["form"]
        values = {name: form[name].value() for name in form.fields if form[name].value() not in (None, [], False)}
        values |= {"name": NAME, "phone": PHONE, "role": "post_holder", "employer": "鸩羽局", "post": POST, "area": self.town.pk,
                   "purpose": "liaison", "basis": "duty", "notice": self.notice.pk}  # fmt: skip
        assert self.client.post(url, values).status_code == 302
        self.contact = Contact.objects.get(name=NAME)
        self.pairing = make_pairing(make_official(self.county), self.contact)
        self.visit = make_visit(make_enterprise(self.town), contacts=[self.contact])
        self.request = make_request(contact=self.contact)
        return self.contact

    def send(self, name, **values):
        url = reverse(f"outreach:{name}", args=[self.contact.pk])
        form = self.client.get(url).context["form"]
        kept = {field: form[field].value() for field in form.fields if form[field].value() not in (None, [])}
        return self.client.post(url, {**kept, **values})


class CanaryTests(Held, TestCase):
    def setUp(self):
        self.lines = io.StringIO()
        handler = logging.StreamHandler(self.lines)
        logging.getLogger().addHandler(handler)
        self.addCleanup(logging.getLogger().removeHandler, handler)

    def test_a_name_and_a_number_are_on_no_audit_row_no_log_and_no_page_of_another_township(self):
        self.hold()
        self.client.get(reverse("outreach:contact_list") + f"?q={NAME}&export=csv")
        self.send("contact_update", post="", phone="13912345679", reason="换号")
        self.send("contact_restrict", restriction="disputed")
        self.send("contact_lift", reason="已核实")
        self.client.get(reverse("outreach:contact_report", args=[self.contact.pk]))
        said = json.dumps(list(AuditEntry.objects.values()), default=str, ensure_ascii=False)
        assert "联系对象" in said
        for word in (NAME, PHONE, "13912345679", POST, "鸩羽"):
            assert word not in said
            assert word not in self.lines.getvalue()
        other = Client()
        other.force_login(self.neighbour)
        for name in ("contact_list", "official_list", "enterprise_list", "notice_list"):
            assert "鸩" not in other.get(reverse(f"outreach:{name}")).content.decode()
        for name in ("contact_detail", "contact_report", "contact_update", "contact_restrict", "contact_erase"):
            assert other.get(reverse(f"outreach:{name}", args=[self.contact.pk])).status_code == 404

    def test_no_page_of_its_own_township_shows_the_number(self):
        self.hold()
        for name in ("detail", "update", "report", "restrict", "erase", "renew"):
            page = self.client.get(reverse(f"outreach:contact_{name}", args=[self.contact.pk]))
            assert page.status_code == 200
            assert PHONE not in page.content.decode()
        assert PHONE not in self.client.get(reverse("outreach:contact_list")).content.decode()


class ErasureTests(Held, TestCase):
    def setUp(self):
        self.list = Path(settings.DATA_DIR) / "erasures.jsonl"
        self.list.unlink(missing_ok=True)
        self.addCleanup(self.list.unlink, missing_ok=True)

    def erase(self):
        with self.captureOnCommitCallbacks(execute=True):
            answer = self.send("contact_erase", why="requested", sure="on")
        assert answer.status_code == 302
        self.contact.refresh_from_db()

    def test_erasing_empties_the_record_and_what_hangs_on_it(self):
        self.hold()
        SavedFilter.objects.create(
            user=self.committee,
            path=reverse("outreach:contact_list"),
            name="常用",
            query="q=%E9%B8%A9%E6%9F%90%E7%BE%BD",
        )
        self.erase()
        contact, tomb = self.contact, Tombstone.objects.get()
        assert (contact.name, contact.pinyin, str(contact.phone), contact.phone_fingerprint) == ("", "", "", "")
        assert not ContactRole.objects.exists()
        assert Pairing.objects.get().end == Pairing.End.ERASED
        assert not self.visit.contacts.exists()
        self.request.refresh_from_db()
        assert self.request.contact == contact
        assert (tomb.object_id, tomb.reason, tomb.by) == (contact.pk, "requested", self.committee)
        page = self.client.get(contact.get_absolute_url())
        assert "已删除" in page.text
        assert "已删除" in self.client.get(reverse("outreach:contact_list") + "?state=erased").text
        assert not SavedFilter.objects.exists()
        assert verify()[1] == ""

    def test_the_list_of_erasures_has_a_line_without_a_name_for_the_owner_alone(self):
        self.hold()
        self.erase()
        line = json.loads(self.list.read_text())
        assert set(line) == {"register", "object_id", "reason", "at"}
        assert line["object_id"] == self.contact.pk
        assert self.list.stat().st_mode & 0o777 == 0o600

    def test_what_did_not_happen_is_not_listed(self):
        self.hold()
        with self.captureOnCommitCallbacks(execute=True), pytest.raises(RuntimeError), transaction.atomic():
            services.erase_contact(self.contact, "requested", self.committee)
            raise RuntimeError
        assert not self.list.exists()
        self.contact.refresh_from_db()
        assert self.contact.name == NAME

    def test_what_is_erased_takes_no_more_steps_and_a_court_case_is_kept(self):
        self.hold()
        self.send("contact_restrict", restriction="litigation")
        assert "依法留存备查" in self.send("contact_erase", why="requested", sure="on").text
        self.send("contact_lift", reason="已结案")
        self.erase()
        for name in ("contact_update", "contact_renew", "contact_restrict", "contact_lift", "contact_erase"):
            assert self.client.get(reverse(f"outreach:{name}", args=[self.contact.pk])).status_code == 302
        assert self.client.get(reverse("outreach:contact_report", args=[self.contact.pk])).status_code == 404

    def test_the_nightly_job_erases_what_nobody_renewed_and_nothing_twice(self):
        today = timezone.localdate()
        self.hold()
        due = make_contact(self.town, notice=self.notice, name="到期某", review_by=today - dt.timedelta(days=1))
        court = make_contact(
            self.town,
            notice=self.notice,
            review_by=today - dt.timedelta(days=9),
            restricted_on=today,
            restriction="litigation",
        )
        last = make_contact(self.town, notice=self.notice, review_by=today)
        said = printed("retention")
        assert f"1 contacts erased (numbers {due.pk}); 1 past" in said
        assert "到期某" not in said
        assert "0 contacts erased; 1 past" in printed("retention", on=today)
        assert Contact.objects.kept().filter(pk__in=[self.contact.pk, court.pk, last.pk]).count() == 3
        with pytest.raises(CommandError, match="future"):
            call_command("retention", on=today + dt.timedelta(days=1))

    def test_a_replay_erases_what_is_there_again_and_nobody_else(self):
        self.hold()
        backup = dict(Contact.objects.filter(pk=self.contact.pk).values().get())
        self.erase()
        assert "1 erasures read, 0 records erased again" in printed("replay_erasures")
        Contact.objects.filter(pk=self.contact.pk).update(**{**backup, "phone": ""})
        assert "1 erasures read, 1 records erased again" in printed("replay_erasures")
        self.contact.refresh_from_db()
        assert self.contact.name == ""
        assert "0 records erased again" in printed("replay_erasures", file=self.list)
        assert len(self.list.read_text().splitlines()) == 1
        assert verify()[1] == ""

    def test_a_number_given_anew_after_the_restore_is_somebody_else(self):
        self.hold()
        line = {"register": "outreach.contact", "object_id": self.contact.pk, "reason": "requested",
                "at": (timezone.now() - dt.timedelta(days=1)).isoformat()}  # fmt: skip
        self.list.write_text(json.dumps(line) + "\n")
        assert "0 records erased again" in printed("replay_erasures")
        self.list.write_text("{}\n")
        with pytest.raises(CommandError, match="第 1 行"):
            call_command("replay_erasures")


class ReportTests(Held, TestCase):
    def test_one_command_and_one_page_say_all_that_is_held(self):
        contact = self.hold()
        person = make_person(self.town, name=NAME, phone=PHONE)
        make_membership(make_organization(self.town, name="示例商会"), person, post="会长")
        self.client.get(reverse("outreach:contact_list") + "?export=xlsx")
        page = self.client.get(reverse("outreach:contact_report", args=[contact.pk])).text
        text = printed("personal_data", contact=contact.pk)
        wanted = (
            NAME, POST, "示例商会 会长", str(self.pairing.official), str(self.visit.on), self.request.reference, "新增联系对象",
            "导出 联系对象",
        )  # fmt: skip
        for words in wanted:
            assert words in text
            assert words in page
        for found in (text, page, printed("personal_data", name=NAME, phone=PHONE)):
            assert NAME in found
            assert PHONE not in found
        assert "查询报告" in AuditEntry.objects.filter(object_id=str(contact.pk)).first().sentence
        with pytest.raises(CommandError, match="Nothing"):
            call_command("personal_data", name="无此人")

    def test_the_report_has_a_right_of_its_own(self):
        contact = self.hold()
        self.client.force_login(make_user(Role.LEADER, self.county))
        assert self.client.get(reverse("outreach:contact_report", args=[contact.pk])).status_code == 403


def dumped() -> str:
    """Every stored value of the database, as a logical dump has it."""
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
        found = []
        for name in names:
            cursor.execute(f'SELECT * FROM "{name}"')  # noqa: S608
            found.append(repr(cursor.fetchall()))
    return "\n".join(found)


class RestoreTests(Held, TransactionTestCase):
    """On committed rows: the database's own file, and yesterday's copy of its rows put back."""

    def setUp(self):
        self.list = Path(settings.DATA_DIR) / "erasures.jsonl"
        self.list.unlink(missing_ok=True)
        self.addCleanup(self.list.unlink, missing_ok=True)
        self.addCleanup(Tombstone.objects.all().delete)

    def test_erased_it_is_in_no_row_and_no_byte_of_the_file_and_a_restored_backup_is_erased_again(self):
        self.hold()
        other = make_contact(self.town, notice=self.notice, name="留某存")
        assert NAME in dumped()
        sealed = self.sealed()
        with TemporaryDirectory() as folder:
            yesterday = back_up(Path(folder) / "yesterday")
            assert NAME.encode() in yesterday.read_bytes()
            assert PHONE.encode() not in yesterday.read_bytes()
            assert self.send("contact_erase", why="withdrawn", sure="on").status_code == 302
            self.gone(sealed)
            restore(yesterday)
        assert NAME in dumped()
        assert not Tombstone.objects.exists()
        assert "1 records erased again" in printed("replay_erasures")
        self.gone(sealed)
        self.contact.refresh_from_db()
        assert self.contact.erased_at == Tombstone.objects.get().at
        other.refresh_from_db()
        assert other.name == "留某存"
        assert verify()[1] == ""
        assert "0 records erased again" in printed("replay_erasures")
        for statement in ("UPDATE", "DELETE FROM"):  # the restored trail is append-only as before
            rest = "SET sentence = ''" if statement == "UPDATE" else ""
            with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"{statement} audit_auditentry {rest}")  # noqa: S608

    def test_the_nightly_job_completes_the_list_that_a_restore_replays(self):
        self.hold()
        with TemporaryDirectory() as folder:
            yesterday = back_up(Path(folder) / "yesterday")
            with patch(
                "outreach.services.contacts._list_erasure"
            ):  # broken off after the commit, or on another machine
                self.send("contact_erase", why="requested", sure="on")
            assert not self.list.exists()
            assert "1 earlier erasures added" in printed("retention")
            assert "added" not in printed("retention")
            restore(yesterday)
        assert "1 records erased again" in printed("replay_erasures")
        assert NAME not in dumped()

    def sealed(self):
        with connection.cursor() as cursor:
            cursor.execute("SELECT phone FROM outreach_contact WHERE name = %s", [NAME])
            return cursor.fetchone()[0]

    def gone(self, sealed):
        text = dumped()
        for word in (NAME, POST, PHONE, sealed):
            assert word not in text
        if connection.vendor == "sqlite":
            file = Path(connection.settings_dict["NAME"])
            assert sqlite3.connect(file).execute("PRAGMA integrity_check").fetchone() == ("ok",)
            beside = file.with_name(f"{file.name}-wal")
            content = file.read_bytes() + (beside.read_bytes() if beside.exists() else b"")
            for word in (NAME, POST, PHONE, sealed):
                assert word.encode() not in content
