"""The trail: written with the act or not at all, in words; nothing is changed or removed; tampering is found."""

import io
from unittest.mock import patch

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from organizations.models import Unit
from portal.accounts.models import AuditTrail
from portal.accounts.roles import Role
from portal.audit.models import Act, Action, AuditEntry, AuditHead, record, record_many, verify
from portal.kit import saving
from tests.factories import make_county, make_township, make_unit, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def county():
    return make_county()


@pytest.fixture
def staff(county):
    return make_user(Role.STAFF, county, name="张三")


@pytest.fixture
def unit(county):
    return make_unit(area=county, name="文旅局")


def rename(unit, staff, name):
    unit.name = name
    return saving.save(unit, by=staff)


def tamper(sql, *values):
    """Change the trail as somebody with the database's own password could."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for event in ("update", "delete"):
                cursor.execute(f"DROP TRIGGER audit_auditentry_no_{event}")
        else:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("ALTER TABLE audit_auditentry DISABLE TRIGGER USER")
        cursor.execute(sql, values)


def verified():
    out = io.StringIO()
    call_command("audit_verify", stdout=out)
    return out.getvalue()


def test_a_change_is_a_sentence_with_both_values(unit, staff, county):
    rename(unit, staff, "文化和旅游局")
    entry = AuditEntry.objects.first()
    assert entry.sentence == "张三 将 文化和旅游局 名称 由 文旅局 改为 文化和旅游局"
    assert entry.changes == [["name", "名称", "文旅局", "文化和旅游局"]]
    assert (entry.model, entry.object_id, entry.area_code) == ("organizations.unit", str(unit.pk), county.tree_code)


def test_a_save_that_changes_nothing_is_no_act(unit, staff):
    rename(unit, staff, "文旅局")
    assert not AuditEntry.objects.exists()


def test_without_its_row_the_act_does_not_happen(unit, staff):
    with (
        patch("portal.audit.models.AuditEntry.objects.bulk_create", side_effect=DatabaseError),
        pytest.raises(DatabaseError),
    ):
        rename(unit, staff, "别名局")
    unit.refresh_from_db()
    assert unit.name == "文旅局"
    assert (AuditHead.objects.get().sequence, verify()) == (0, (0, ""))


def test_a_rolled_back_act_leaves_no_gap(unit, staff):
    rename(unit, staff, "甲局")
    with pytest.raises(RuntimeError), transaction.atomic():
        rename(unit, staff, "乙局")
        raise RuntimeError
    rename(unit, staff, "丙局")
    assert list(AuditEntry.objects.order_by("sequence").values_list("sequence", flat=True)) == [1, 2]
    assert verify() == (2, "")


def test_many_acts_cost_few_queries(staff, django_assert_max_num_queries):
    with django_assert_max_num_queries(6):
        record_many(staff, [Act(Action.IMPORTED, words=f"第{number}行") for number in range(300)])
    assert verify() == (300, "")


@pytest.mark.parametrize("event", ["UPDATE", "DELETE", "REPLACE"])
def test_the_database_refuses_to_change_the_trail(staff, event):
    record(staff, Action.LOGGED_IN, words="登录")
    if event == "REPLACE" and connection.vendor != "sqlite":
        event = "DELETE"
    statement = {
        "UPDATE": "UPDATE audit_auditentry SET sentence = 'x'",
        "DELETE": "DELETE FROM audit_auditentry",
        "REPLACE": "INSERT OR REPLACE INTO audit_auditentry SELECT * FROM audit_auditentry",
    }[event]
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert verify() == (1, "")


def test_the_triggers_that_the_rules_rest_on_exist():
    wanted = {
        "audit_auditentry_no_update", "audit_auditentry_no_delete",
        "grant_line_on_insert", "grant_line_on_update", "user_line_on_update",
        "papers_issuedpaper_no_update", "papers_issuedpaper_no_delete",
    }  # fmt: skip
    table = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled = 'O'",
    }[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(table)
        assert wanted - {name for (name,) in cursor.fetchall()} == set()


class TestVerify:
    @pytest.fixture(autouse=True)
    def acts(self, staff):
        for number in range(1, 6):
            record(staff, Action.IMPORTED, words=f"第{number}行")

    def test_a_whole_chain(self):
        assert verified() == "5 rows, chain unbroken.\n"

    @pytest.mark.parametrize(
        ("sql", "words"),
        [
            ("UPDATE audit_auditentry SET sentence = '没有的事' WHERE sequence = 3", "序号 3 的内容与校验值不符"),
            ("UPDATE audit_auditentry SET user_name = '李四' WHERE sequence = 3", "序号 3 的内容与校验值不符"),
            ("UPDATE audit_auditentry SET address = '10.9.9.9' WHERE sequence = 3", "序号 3 的内容与校验值不符"),
            ("DELETE FROM audit_auditentry WHERE sequence = 3", "序号 3 缺失"),
            ("DELETE FROM audit_auditentry WHERE sequence = 5", "末尾缺失"),
        ],
    )
    def test_the_first_bad_row_is_named(self, sql, words):
        tamper(sql)
        with pytest.raises(CommandError, match=words):
            verified()


class TestPages:
    @pytest.fixture
    def auditor(self, client):
        auditor = make_user(Role.AUDITOR, name="赵审")
        client.force_login(auditor)
        return auditor

    def test_the_auditor_filters_by_who_what_object_day_and_words(self, client, auditor, unit, staff):
        rename(unit, staff, "甲局")
        record(auditor, Action.EXPORTED, words="导出 名单")
        for query, count in [
            ("", 2), ("user_name=张三", 1), ("action=exported", 1), (f"object_id={unit.pk}", 1), ("q=甲局", 1),
            ("q=没有", 0), ("since=2099-01-01", 0), ("until=2000-01-01", 0), ("since=2020-01-01", 2),
        ]:  # fmt: skip
            assert client.get(f"/accounts/audit/?{query}").context["total"] == count, query

    def test_a_row_shows_each_field_before_and_after(self, client, auditor, unit, staff):
        entry_url = reverse("accounts:audit_detail", args=[1])
        rename(unit, staff, "甲局")
        text = client.get(entry_url).text
        for word in ("名称", "文旅局", "甲局", "张三"):
            assert word in text

    def test_an_export_is_itself_on_the_trail(self, client, auditor):
        client.get("/accounts/audit/?export=csv&q=无")
        entry = AuditEntry.objects.first()
        assert (entry.action, entry.user) == (Action.EXPORTED, auditor)
        assert "搜索：（已隐去）" in entry.sentence  # what was searched may be a name that must be erased

    def test_only_the_auditor_reads_it(self, client, county):
        for role in Role:
            if role != Role.AUDITOR:
                client.force_login(make_user(role, county if role.line == "business" else None))
                assert client.get("/accounts/audit/").status_code == 403, role

    def test_an_auditor_of_one_county_reads_that_countys_rows(self, staff, unit):
        elsewhere = make_unit(area=make_county())
        record(staff, Action.UPDATED, unit)
        record(staff, Action.UPDATED, elsewhere)
        auditor = make_user(Role.AUDITOR, unit.area)
        assert [row.object_id for row in AuditTrail.objects.permitted(auditor)] == [str(unit.pk)]


def test_a_refused_try_is_on_the_trail(client, county, staff):
    client.force_login(staff)
    client.get("/accounts/users/")
    entry = AuditEntry.objects.first()
    assert (entry.action, entry.user) == (Action.REFUSED, staff)
    assert "/accounts/users/" in entry.sentence


def test_a_row_that_leaves_its_users_area_is_not_saved(county, staff, unit):
    own = make_user(Role.STAFF, make_township(county))
    unit.area = make_county()
    with pytest.raises(Exception, match="权限范围"):
        saving.save(unit, by=staff)
    assert Unit.objects.get(pk=unit.pk).area == county
    assert not AuditEntry.objects.exists()
    with pytest.raises(Exception, match="权限范围"):
        saving.save(Unit.objects.get(pk=unit.pk), by=own)
