"""With 1 and with 20 counties of full size: the same number of queries, and plans that read by index alone."""

import json
import re

from django.core.management import call_command
from django.db import connection
from django.test import TestCase
from django.urls import reverse

from organizations.models import Area, Organization
from portal.accounts.models import User
from portal.accounts.roles import Role
from portal.dashboards.coverage import OFFERED
from portal.kit.checks import routes
from tests.benchmarks.run import pages
from tests.factories import make_user

COUNTIES = 20
LARGE = {
    "organizations_organization", "organizations_membership", "organizations_person", "organizations_rosterconfirmation",
    "organizations_check", "organizations_area", "organizations_areaversion", "outreach_station", "outreach_site",
    "outreach_activity", "outreach_dutypost", "outreach_enterprise", "outreach_contact", "outreach_contactrole", "outreach_visit",
    "outreach_visit_enterprises", "outreach_visit_officials", "outreach_request", "assessments_score",
}  # fmt: skip
MOST = {"county": 20, "township": 20, "work": 20, "list": 12, "search": 12, "detail": 12, "page": 12, "base": 12}


def every_page():
    """The benchmark's pages, every list of the portal (a new one comes by itself), the dashboards on other days."""
    found = {name: page for name, page in pages().items() if page[0] != "base"}
    for path, name, _ in routes():
        if name.endswith("_list") and "<" not in path and not name.startswith("api:"):
            found[name] = "list", reverse(name)
    county = Area.objects.filter(level=1).order_by("pk").first()
    for area in (county, Area.objects.filter(parent=county).order_by("pk").first()):
        url = reverse("dashboards:coverage_area", args=[area.pk])
        for tail in ("?on=2025-12-31", "?mode=meeting", *(f"?measure={name}" for name in OFFERED)):
            found[f"dashboard {area.level}{tail}"] = "county", url + tail
    found["tree of areas"] = "list", reverse("organizations:area_tree")
    found["search as one types"] = "search", f"{reverse('dashboards:search_suggest')}?q=xn1"
    return found


class Asked(dict):
    """Page → (kind, its queries); parameters hold what cannot be copied, so a test shares it."""

    def __deepcopy__(self, memo):
        return self


class ScaleTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        call_command("load_scale", counties=1, verbosity=0)
        township = Area.objects.filter(level=2).order_by("pk").first()
        cls.readers = {
            "staff": User.objects.filter(grants__role="staff").order_by("pk").first(),
            "committee": make_user(role=Role.COMMITTEE, area=township),
        }
        cls.one = cls.asked()
        call_command("load_scale", counties=COUNTIES, verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        cls.many = cls.asked()

    @classmethod
    def asked(cls):
        """Page → its SELECTs with their parameters."""
        found = Asked()
        for role, user in cls.readers.items():
            client = cls.client_class()
            client.force_login(user)
            for name, (kind, url) in every_page().items():
                queries = cls.queries_of(client, url)
                if queries is not None:
                    found[f"{role}: {name}"] = kind, queries
        return found

    @classmethod
    def queries_of(cls, client, url):
        """The queries of a page; None where the user has no right to it, or it lies outside the areas."""
        queries = []
        with connection.execute_wrapper(
            lambda run, sql, params, many, context: (queries.append((sql, params)), run(sql, params, many, context))[1]
        ):
            answer = client.get(url)
        assert answer.status_code in {200, 403, 404}, url
        return queries if answer.status_code == 200 else None

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

    def test_the_lists_and_dashboards_of_both_readers_are_among_them(self):
        for role, least in (("staff", 50), ("committee", 35)):
            assert sum(name.startswith(role) for name in self.many) >= least, role

    def test_a_walk_is_noticed(self):
        """Else the tests above would say nothing: a part of a name, a part of a code, an order without a range."""
        code = Area.objects.filter(level=2).first().tree_code
        for queryset, table in (
            (Organization.objects.filter(name__icontains="会").order_by(), "organizations_organization"),
            (Area.objects.filter(tree_code__contains=code).order_by(), "organizations_area"),
            (Organization.objects.order_by("pk"), "organizations_organization"),
        ):
            assert self.walked(*queryset.query.sql_with_params()) == [table], queryset.query

    def test_an_area_with_all_below_it_is_a_range_of_the_index(self):
        township = Area.objects.filter(level=2).order_by("pk").first()
        assert self.walked(*Area.objects.in_area(township).order_by().query.sql_with_params()) == []
        assert self.walked(*Organization.objects.in_area(township).order_by().query.sql_with_params()) == []

    def walked(self, sql, params):
        """The large tables that a plan reads from end to end, as they stand or in the order of an index."""
        names = {alias: table for table, alias in re.findall(r'"(\w+)" (?:AS )?"?([TUVW]\d+)"?', sql)}
        first = re.search(r'FROM ("[a-z_]+")', sql)
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT EXISTS (SELECT 1 FROM {first[1]})")
            if not cursor.fetchone()[0]:
                return []  # a plan for an empty table says nothing
            if connection.vendor == "sqlite":
                cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
                found = [match[1] for row in cursor.fetchall() if (match := re.match(r"SCAN (\w+)", str(row[-1])))]
            else:  # it reads and joins tables of this size whole where it may; asked not to, it needs an index
                for way in ("seqscan", "hashjoin", "mergejoin"):
                    cursor.execute(f"SET LOCAL enable_{way} = off")
                cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
                plan = cursor.fetchone()[0]
                found = list(whole_reads((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))
        return [table for name in found if (table := names.get(name, name)) in LARGE]


def whole_reads(node, first_ones=False):
    """The tables of a PostgreSQL plan that are read from end to end: without an index, or along one without a condition.

    first_ones: only the first rows are asked for, so that walking along an index in its order ends soon.
    """
    scan = node["Node Type"]
    along = scan in {"Index Scan", "Index Only Scan"} and "Index Cond" not in node
    if scan == "Seq Scan" or (along and not first_ones):
        yield node["Relation Name"]
    ordered = scan == "Limit" or (first_ones and scan in {"Nested Loop", "Incremental Sort", "Memoize"})
    for place, below in enumerate(node.get("Plans", ())):
        yield from whole_reads(below, ordered and place == 0)
