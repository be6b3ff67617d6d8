"""The ground under the other tests: both databases hold the same rules, also after a flush."""

import pytest
from django.db import DatabaseError, connection, transaction

from portal.audit.models import Action, AuditEntry, record, verify


def test_the_database_is_the_one_asked_for(db, pytestconfig):
    assert connection.vendor == {"sqlite": "sqlite", "postgres": "postgresql"}[pytestconfig.getoption("db")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("turn", ["first", "after a flush"])
def test_the_trail_is_append_only_after_a_flush_too(turn):
    record(None, Action.EXPORTED, words="导出了一份名单")
    for statement in ("UPDATE audit_auditentry SET reason = 'x'", "DELETE FROM audit_auditentry"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert AuditEntry.objects.count() == 1
    assert verify() == (1, "")
