"""What township A sees does not depend on township B: equal bytes, and no canary in any page, file or header."""

import io
import re
import zipfile
from urllib.parse import urljoin, urlsplit

from django.test import TestCase
from django.urls import reverse

from assessments.models import Score, SelfReport, SelfReportItem
from organizations.models import Area, Unit
from portal.accounts.models import AuditTrail
from portal.accounts.roles import Role
from tests.factories import make_unit, make_user, make_village
from tests.security.crawl import ask, steady
from tests.security.fill import fill
from tests.security.test_matrix import all_routes
from tests.security.world import FILLED, World, add_quarter_rows, kwargs_of, make_place

EXPORTS = ("?export=csv",)
RANKINGS = {"assessments:ranking", "assessments:ranking_workbook", "assessments:year", "assessments:latest_ranking",
            "api:results_list", "api:results_detail"}  # fmt: skip  # the declared exception: published rankings


def body(response):
    content = b"".join(response.streaming_content) if response.streaming else response.content
    if content[:4] == b"PK\x03\x04":
        package = zipfile.ZipFile(io.BytesIO(content))
        content = b"\n".join(package.read(name) for name in sorted(package.namelist()))
    return content


class InterferenceTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.world = World()
        cls.committee = cls.world.users["committee"]

    def setUp(self):
        self.client.force_login(self.committee)

    def snapshot(self):
        pages = {}
        for name, parameters in all_routes():
            url = reverse(name, kwargs=kwargs_of(name, parameters, self.world.own))
            for tail in ("", *EXPORTS) if name.endswith("_list") else ("",):
                status, data = ask(self.client, url + tail)  # leaves no trace: a report on a person lists the exports
                pages[name + tail] = (status, steady(data))
        return pages

    def add_another(self, word="癸"):
        """A township with a row of every model, those to come included."""
        plan = {name: row for name, row in self.world.own.rows.items() if "." not in name}
        place = make_place(self.world.own.county, word, plan)
        add_quarter_rows(place, word)
        fill(place, word, FILLED)
        make_user(role=Role.COMMITTEE, area=place.township, name=f"{word}委员")
        make_village(parent=place.township, name=f"{word}二村")
        make_unit(area=self.world.own.county, name=f"{word}局")
        return place

    def test_every_page_of_a_is_the_same_before_and_after_b_exists(self):
        before = self.snapshot()
        self.add_another()
        after = self.snapshot()
        different = [name for name in before if before[name] != after[name] and name not in RANKINGS]
        assert different == []
        assert sum(status == 200 for status, _ in before.values()) > 25

    def test_no_canary_of_b_on_any_page_that_a_can_reach(self):
        canary = "金丝雀麒麟"
        self.add_another(canary)
        word = canary.encode()
        for url, response in self.crawl():
            content = body(response)
            assert word not in content, url
            assert not any(canary in value for value in response.headers.values()), url

    def crawl(self):
        """Every address that A's pages link to, with exports; breadth first."""
        todo, seen = ["/", "/api/", "/assessments/reports/"], set()
        while todo and len(seen) < 400:
            url = todo.pop(0)
            if url in seen:
                continue
            seen.add(url)
            response = self.client.get(url, follow=True)
            yield url, response
            if response.headers.get("Content-Type", "").startswith(("text/html", "application/json")):
                found = re.findall(r'(?:href|src)="([^"]+)"|"(?:http://testserver)?(/api/[^"]*)"', response.text)
                for link in (a or b for a, b in found):
                    target = urlsplit(urljoin(f"http://testserver{url}", link.replace("&amp;", "&")))
                    if target.netloc == "testserver" and not target.path.startswith("/static/"):
                        todo.append(target.path + (f"?{target.query}" if target.query else ""))

    def test_orders_and_filters_outside_the_list_change_nothing(self):
        url = reverse("organizations:unit_list")
        plain = steady(self.client.get(url).content)
        for query in (
            "o=password",
            "o=area__accounts__password",
            "o=-pk",
            "name__regex=.",
            "area__name__startswith=乙",
            "o=__class__",
        ):
            found = steady(self.client.get(f"{url}?{query}").content)
            rows = re.findall(rb'<td data-label="[^"]+">.*?</td>', found)
            assert rows == re.findall(rb'<td data-label="[^"]+">.*?</td>', plain), query


class MutantTests(TestCase):
    """With the scope of one model made a no-op, the comparison above is red."""

    setUpTestData = InterferenceTests.__dict__["setUpTestData"]
    setUp, snapshot, add_another = InterferenceTests.setUp, InterferenceTests.snapshot, InterferenceTests.add_another

    def notices(self, model, word):
        queryset = type(model.objects.all())
        original = queryset.__dict__.get("permitted")
        queryset.permitted = lambda self, user, action="view": self.all()
        try:
            before = self.snapshot()
            self.add_another(word)
            after = self.snapshot()
        finally:
            if original:
                queryset.permitted = original
            else:
                del queryset.permitted
        return any(before[name] != after[name] for name in before if name not in RANKINGS)

    def test_a_mutant_of_each_scoped_model_is_noticed(self):
        for model, word in ((Area, "卯"), (Unit, "辰"), (SelfReport, "巳")):
            with self.subTest(model=model.__name__):
                assert self.notices(model, word)

    def test_models_that_only_staff_reads_are_closed_by_permission(self):
        for model in (Score, AuditTrail):
            assert not model.objects.permitted(self.committee).exists()
        assert SelfReportItem.objects.permitted(self.committee).count() == 1
