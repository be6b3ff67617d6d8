"""What every test has: a flush past the frozen tables, and Debian's browser as a county's desk sees the portal."""

import os
import shutil
from collections.abc import Iterable
from typing import Any

import pytest
from django.apps import apps
from django.db import transaction
from django.db.backends.sqlite3.base import DatabaseOperations
from django.db.models.signals import post_migrate
from playwright.sync_api import expect

from portal.audit.models import AuditHead

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

LONG = ("tests/security/", "tests/dashboards/", "tests/browser/", "tests/test_migrations.py")

plain_flush = DatabaseOperations.execute_sql_flush


def flush_past_triggers(operations: DatabaseOperations, statements: Iterable[str]) -> None:
    """SQLite flushes with DELETE, which the append-only tables refuse; PostgreSQL truncates, which fires nothing."""
    with transaction.atomic(using=operations.connection.alias), operations.connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
        triggers = cursor.fetchall()
        for name, _ in triggers:
            cursor.execute(f'DROP TRIGGER "{name}"')
        plain_flush(operations, statements)
        for _, statement in triggers:
            cursor.execute(statement)


def start_chain(using: str, **kwargs: Any) -> None:
    """The audit trail's head, which a migration made and a flush took away."""
    AuditHead.objects.using(using).get_or_create(pk=1)


DatabaseOperations.execute_sql_flush = flush_past_triggers
post_migrate.connect(start_chain, sender=apps.get_app_config("audit"))
expect.set_options(timeout=15_000)  # a busy machine with two cores


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first: begun last, one of them leaves the other worker idle for minutes."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    return {**browser_type_launch_args, "executable_path": chromium, "args": CHROMIUM_ARGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return {
        **browser_context_args,
        "locale": "zh-CN",
        "timezone_id": "Asia/Shanghai",
        "viewport": {"width": 1366, "height": 768},
    }
