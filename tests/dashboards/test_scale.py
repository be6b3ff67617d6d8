"""With 1 and with 20 counties of full size: the same number of queries, and plans that read by index alone."""

import re

from django.core.management import call_command
from django.db import connection
from django.test import TestCase

from portal.accounts.models import User
from tests.benchmarks.run import pages

COUNTIES = 20
LARGE = {
    "organizations_organization", "organizations_membership", "organizations_person", "organizations_rosterconfirmation",
    "organizations_check", "organizations_area", "organizations_areaversion", "outreach_station", "outreach_site",
    "outreach_activity", "outreach_dutypost", "outreach_enterprise", "outreach_contact", "outreach_contactrole", "outreach_visit",
    "outreach_visit_enterprises", "outreach_visit_officials", "outreach_request", "assessments_score",
}  # fmt: skip
MOST = {"county": 20, "township": 20, "work": 20, "list": 12, "search": 12, "detail": 12, "page": 12, "base": 12}
SEARCHED = {"search"}  # looks for a part of a word within the user's areas


class Asked(dict):
    """Page → (kind, its queries); parameters hold what cannot be copied, so a test shares it."""

    def __deepcopy__(self, memo):
        return self


class ScaleTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        call_command("load_scale", counties=1, verbosity=0)
        cls.one = cls.asked()
        call_command("load_scale", counties=COUNTIES, verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        cls.many = cls.asked()

    @classmethod
    def asked(cls):
        """Page → its SELECTs with their parameters."""
        client = cls.client_class()
        client.force_login(User.objects.filter(grants__role="staff").order_by("pk").first())
        found = Asked()
        for name, (kind, url) in pages().items():
            if kind == "base":
                continue
            queries = []
            with connection.execute_wrapper(
                lambda run, sql, params, many, context, q=queries: (
                    q.append((sql, params)),
                    run(sql, params, many, context),
                )[1]
            ):
                answer = client.get(url)
                assert answer.status_code == 200, url
            found[name] = kind, queries
        return found

    def test_pages_ask_no_more_with_twenty_counties_than_with_one(self):
        for name, (kind, queries) in self.many.items():
            with self.subTest(name):
                assert len(queries) <= MOST[kind]
                assert len(queries) == len(self.one[name][1])

    def test_no_plan_walks_through_a_large_table(self):
        for name, (_, queries) in self.many.items():
            for sql, params in queries:
                if sql.lstrip("( ").startswith("SELECT"):
                    with self.subTest(name, sql=sql[:120]):
                        assert self.walked(sql, params) == []

    def walked(self, sql, params):
        """The large tables that a plan reads from end to end."""
        with connection.cursor() as cursor:
            if (
                connection.vendor == "postgresql"
            ):  # it reads tables of this size whole where it may; asked not to, it needs an index
                cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{sql}", params)
            lines = [str(row[-1]) for row in cursor.fetchall()]
        pattern = r"^SCAN (\w+)" if connection.vendor == "sqlite" else r"Seq Scan on (\w+)"
        aliases = dict(re.findall(r'"(\w+)" (?:AS )?"?([TUVW]\d+)"?', sql))
        names = {alias: table for table, alias in aliases.items()}
        walked = [match[1] for line in lines if (match := re.search(pattern, line))]
        return [table for name in walked if (table := names.get(name, name)) in LARGE]
