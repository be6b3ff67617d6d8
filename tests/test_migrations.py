"""A fresh installation: every migration from zero, back to zero, and forth again, on the database of this run."""

import os
import subprocess
import sys
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

OWN_APPS = ["assessments", "organizations", "accounts", "audit"]


@pytest.fixture
def empty_database(transactional_db, tmp_path):
    """The environment of a command that finds an empty database."""
    environment = {**os.environ, "DEBUG": "true", "DATA_DIR": str(tmp_path)}
    if connection.vendor == "sqlite":
        yield environment
        return
    name = f"{connection.settings_dict['NAME']}_zero"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}"')
    yield {**environment, "DATABASE_URL": urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()}
    with connection.cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}"')


def test_migrations_run_from_zero_and_back(empty_database):
    def manage(*arguments):
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            check=False,
            cwd=settings.BASE_DIR,
            env=empty_database,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    manage("migrate", "--noinput")
    for app in OWN_APPS:
        manage("migrate", app, "zero")
    manage("migrate", "--noinput")
    manage("migrate", "--check")
