"""Every route × method × role × (own, sibling's, foreign, missing) against a reviewed table (security.md 11).

A route that the table does not know, or a line that no route answers to, fails. After a deliberate change:
`WRITE_MATRIX=true .venv/bin/python -m pytest -n0 tests/security/test_matrix.py`, then read the difference.
"""

import csv
import os
import re
from http.cookies import SimpleCookie
from pathlib import Path

from django.db import transaction
from django.test import TestCase
from django.urls import reverse

from portal.kit.checks import routes
from tests.security.world import ROLES, World, kwargs_of

TABLE = Path(__file__).with_name("matrix.csv")
COLUMNS = ["anonymous", "nobody", *ROLES]
PLACES = ["own", "sibling", "foreign", "missing"]
MISSING = {
    "pk": 999_999,
    "report": 999_999,
    "task": 999_999,
    "key": "00000000-0000-4000-8000-000000000000",
    "name": "nothing",
    "register": "organizations.organization",
    "object_id": 999_999,
}


def all_routes():
    """(name, parameters) of every route."""
    found = {name: re.findall(r"<(?:\w+:)?(\w+)>", path) for path, name, _ in routes()}
    return sorted(found.items())


class MatrixTests(TestCase):
    maxDiff = None

    @classmethod
    def setUpTestData(cls):
        cls.world = World()

    def statuses(self, name, parameters, method):
        """ "200/200/404/404": what each place answers; one status where the address names no row."""
        places = PLACES if parameters else ["own"]
        return "/".join(str(self.status(name, parameters, method, place)) for place in places)

    def status(self, name, parameters, method, place):
        chosen = (
            {p: MISSING[p] for p in parameters}
            if place == "missing"
            else kwargs_of(name, parameters, self.world.places()[place])
        )
        url = reverse(name, kwargs=chosen)
        cookies = self.client.cookies.copy()
        with transaction.atomic():
            response = getattr(self.client, method.lower())(url)
            if response.streaming:
                list(response.streaming_content)
            transaction.set_rollback(True)
        self.client.cookies = SimpleCookie(cookies)
        return response.status_code

    def answers(self, role):
        self.client.logout()
        if role in self.world.users:
            self.client.force_login(self.world.users[role])
        return {
            (name, method): self.statuses(name, parameters, method)
            for name, parameters in all_routes()
            for method in ("GET", "POST")
        }

    def check(self, role):
        found = self.answers(role)
        stored = {(row["route"], row["method"]): row[role] for row in read_table()}
        self.assertEqual(found, stored)


def read_table():
    with TABLE.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_table(answers):
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["route", "method", *COLUMNS])
        for name, _ in all_routes():
            for method in ("GET", "POST"):
                writer.writerow([name, method, *(answers[role][name, method] for role in COLUMNS)])


if os.environ.get("WRITE_MATRIX"):
    MatrixTests.test_write = lambda self: write_table({role: self.answers(role) for role in COLUMNS})
else:
    for column in COLUMNS:
        setattr(MatrixTests, f"test_{column}", lambda self, role=column: self.check(role))
