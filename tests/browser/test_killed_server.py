"""Kill −9 of the server while cells are being entered: what was acknowledged is stored, once, with its audit row."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from http.cookiejar import CookieJar

import pytest
from django.conf import settings
from django.db import connection

from assessments.models import Score
from portal.audit.models import AuditEntry, verify
from tests.assessments.boards import make_board
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db(transaction=True)
ACKNOWLEDGED_AT_LEAST = 30
BOOT_SECONDS = 40


def database_url():
    """The address under which a second process finds this test's database."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    host = urllib.parse.quote(str(values["HOST"]), safe="")
    return f"postgresql://{values['USER']}@/{values['NAME']}?host={host}"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Desk:
    """A reviewer's browser, as plain HTTP."""

    def __init__(self, base):
        self.base = base
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def open(self, path, data=None, headers=None):
        request = urllib.request.Request(self.base + path, data, headers or {})
        with self.opener.open(request, timeout=20) as answer:
            return answer.read().decode()

    def log_in(self, username):
        page = self.open("/accounts/login/")
        token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page).group(1)
        form = {"username": username, "password": PASSWORD, "csrfmiddlewaretoken": token, "next": "/accounts/me/"}
        page = self.open("/accounts/login/", urllib.parse.urlencode(form).encode(), {"Referer": self.base})
        self.token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page).group(1)

    def save(self, path, cell):
        body = json.dumps({"key": uuid.uuid4().hex, "cells": [cell]}).encode()
        headers = {"Content-Type": "application/json", "X-CSRFToken": self.token, "Referer": self.base}
        return json.loads(self.open(path, body, headers))["saved"]


@pytest.fixture
def server():
    """The portal in a process of its own, on this test's database; (address, process)."""
    port = free_port()
    environment = {
        **os.environ, "DATABASE_URL": database_url(), "DEMO": "true", "DEBUG": "true", "DATA_DIR": str(settings.DATA_DIR),
        "DJANGO_SETTINGS_MODULE": "portal.settings", "ALLOWED_HOSTS": "127.0.0.1",
    }  # fmt: skip
    command = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        command, cwd=settings.BASE_DIR, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    base = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(f"{base}/accounts/login/", timeout=5).close()
            break
        except (urllib.error.URLError, ConnectionError):
            assert process.poll() is None, "the server did not start"
    yield base, process
    process.kill()
    process.wait()


def test_no_acknowledged_cell_is_lost(server):
    base, process = server
    board = make_board(15, 20)
    type(board.staff).objects.filter(pk=board.staff.pk).update(password=argon2_of_the_test_password())
    desk = Desk(base)
    desk.log_in(board.staff.username)
    path = f"/assessments/quarters/{board.quarter.pk}/review/cells/"
    acknowledged = set()
    try:
        for number in range(300):
            row, column = divmod(number, 20)
            for saved in desk.save(path, board.cell(row, column, "4.5")):
                acknowledged.add((saved["report"], saved["task"]))
            if len(acknowledged) == ACKNOWLEDGED_AT_LEAST:
                os.kill(process.pid, signal.SIGKILL)  # and go on typing into the dead server
    except (urllib.error.URLError, ConnectionError, OSError):
        pass
    process.wait()
    stored = set(Score.objects.filter(status="scored").values_list("report_id", "task_id"))
    assert len(acknowledged) >= ACKNOWLEDGED_AT_LEAST
    assert acknowledged <= stored
    assert len(stored - acknowledged) <= 1  # the one in doubt
    assert AuditEntry.objects.filter(model="assessments.score").count() == len(stored)
    assert verify()[1] == ""


def argon2_of_the_test_password():
    """The server runs with its own hashers, not with the tests' fast one."""
    from django.contrib.auth.hashers import make_password

    return make_password(PASSWORD, hasher="argon2")
