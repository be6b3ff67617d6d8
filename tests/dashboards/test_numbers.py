"""Every number on every first page and dashboard is walked, for every role, today, on a day before and on a frozen day."""

import datetime as dt
import json
import re
from io import StringIO

from django.core.management import call_command
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from organizations.coverage import freeze
from organizations.models import Check, Organization, Standard, StandardVersion
from portal.accounts.roles import Role
from portal.audit.models import record
from tests.dashboards.test_coverage import Rich
from tests.factories import make_enterprise, make_official, make_quarter, make_scheme, make_unit, make_user, make_visit

PAST, FROZEN = dt.date(2022, 12, 31), dt.date(2023, 3, 31)
# a link to a list that says no number: the tabs and files of a list, an area's page
LISTS = re.compile(r'<a [^>]*href="(?:/coverage/list/|/assessments/quarters/\d+/reports/\?)[^>]*>')


class World(Rich):
    """The two townships with a quarter that is being filled in, checks to repeat, visits to make, grants to confirm."""

    MORE = 8

    @classmethod
    def setUpTestData(cls):
        super().setUpTestData()
        freeze(cls.county, FROZEN, by=cls.staff, basis="2023年第一季度公布")
        Organization.objects.filter(pk=cls.fellowships[1].pk).update(since=dt.date(2024, 1, 1))  # a correction since
        cls._quarter()
        cls._checks()
        me = make_official(cls.county)
        me.user = cls.users["leader"]
        me.save()
        make_visit(make_enterprise(cls.west), [me], on=cls.today - dt.timedelta(days=500), next_on=cls.today)
        roles = {role: make_user(role=role, area=cls.county) for role in (Role.SYSADMIN, Role.SECADMIN, Role.AUDITOR)}
        body = make_unit(area=cls.county, since=dt.date(2022, 1, 1))
        cls.users |= roles | {"body": make_user(role=Role.COMMITTEE, unit=body), "nobody": make_user()}
        make_user(role=Role.STAFF, area=cls.county, confirmed=False)
        make_user(name="李某新", line="business", area=cls.county)
        record(cls.users["village"], "refused", body)

    @classmethod
    def _quarter(cls):
        scheme = make_scheme(county=cls.county, status="open", units=2)
        for township in (cls.east, cls.west):
            unit = make_unit(area=township, kind="township", since=dt.date(2022, 1, 1))
            scheme.assignments.create(unit=unit, unit_class="1")
        reports = list(make_quarter(scheme).reports.order_by("pk"))
        for report, status in zip(reports, ("submitted", "returned", "submitted"), strict=False):
            type(report).objects.filter(pk=report.pk).update(status=status)

    @classmethod
    def _checks(cls):
        standard = Standard.objects.create(
            area=cls.county, code="eight_haves", name="八有", applies_to="organizations.organization"
        )
        version = StandardVersion.objects.create(standard=standard, since=dt.date(2022, 1, 1))
        for number, row in enumerate((cls.chamber, *cls.fellowships)):
            check = Check(
                version_checked=version, object_name=row.name, on=dt.date(2022, 6, 1), by=cls.staff, status="done",
                passed=bool(number % 2), recheck_on=dt.date(2023, 6, 1),
            )  # fmt: skip
            check.attach_to(row)
            check.save()


class EveryNumberTests(World, TestCase):
    def pages(self, role):
        """The first page, the coverage page one lands on, the areas in reach: today, on a day before, on a frozen day."""
        every = [self.county, self.east, self.west, self.villages[0], self.villages[5]]
        areas = {"staff": every, "leader": every, "lead": [self.east, self.villages[0]],
                 "committee": [self.east, self.villages[0]], "village": [self.villages[0]]}.get(role, [])  # fmt: skip
        found = ["/"]
        if areas:
            found += ["/coverage/", *(f"/coverage/{area.pk}/?on={day}" for area in areas for day in (PAST, FROZEN, ""))]
            found += [f"/coverage/{area.pk}/?mode=meeting" for area in areas if area.level < 3]
        return found

    def walk(self, role):
        self.client.force_login(self.users[role])
        found = {url: number for page in self.pages(role) for url, number in self.numbers(page).items()}
        wrong = {url: (number, rows) for url, number in found.items() if (rows := self.rows(url)) != number}
        assert wrong == {}, role
        return len(found)

    def test_no_link_to_a_list_is_without_its_number(self):
        for role in self.users:
            self.client.force_login(self.users[role])
            for page in self.pages(role):
                text = self.client.get(page, follow=True).text
                bare = [link for link in LISTS.findall(text) if "data-number" not in link and "on=" in link]
                assert bare == [], (role, page)

    def test_what_stands_on_the_page_is_the_number_that_was_walked(self):
        self.client.force_login(self.staff)
        for page in self.pages("staff"):
            text = self.client.get(page, follow=True).text
            shown = re.findall(r'class="figure-value[^>]*><a [^>]*data-number="(\d+)"[^>]*>(\d+)</a>', text)
            shown += re.findall(r'data-number="(\d+)">(\d+) [^<]+</a></li>', text)
            assert shown or "/coverage/" in page and "figure-value" not in text, page
            assert all(number == words for number, words in shown), page

    def test_every_measure_that_tiles_and_trend_can_show(self):
        self.client.force_login(self.staff)
        for area in (self.county, self.east):
            url = f"/coverage/{area.pk}/"
            for key, _ in self.client.get(url).context["overview"].measures:
                page = self.client.get(f"{url}?measure={key}")
                overview = page.context["overview"]
                links = [(tile.cell.url, tile.cell.number) for tile in overview.tiles[:4] if tile.cell.target]
                links += [(point.url, point.rows) for point in overview.trend[0].points if point.value is not None]
                for link, number in links:
                    assert self.rows(link) == number, (key, link)


def walked(role, least):
    def test(self):
        assert self.walk(role) >= least

    return test


for name, least in {"staff": 200, "leader": 200, "lead": 100, "committee": 100, "village": 4, Role.SYSADMIN: 1, Role.SECADMIN: 3,
                    Role.AUDITOR: 3, "body": 1, "nobody": 0}.items():  # fmt: skip
    setattr(EveryNumberTests, f"test_every_number_opens_as_many_rows_for_{name}", walked(name, least))


class CommandTests(World, TestCase):
    def said(self, area, on, *more):
        out = StringIO()
        call_command("coverage", "--area", area.code, "--on", str(on), "--json", *more, stdout=out)
        return json.loads(out.getvalue())

    def test_coverage_gives_the_figures_of_the_pages(self):
        self.client.force_login(self.staff)
        for area in (self.county, self.east, self.west):
            for on in (PAST, FROZEN, timezone.localdate()):
                overview = self.client.get(f"/coverage/{area.pk}/?on={on}").context["overview"]
                rows = {row["goal"]: (row["achieved"], row["target"]) for row in self.said(area, on, "--measures")}
                for figure in overview.figures:
                    if "自评" not in figure.label:
                        achieved, target = rows[figure.label]
                        assert (figure.achieved, figure.target or target) == (achieved, target), (area, on, figure)

    def test_coverage_by_township_gives_the_matrix(self):
        self.client.force_login(self.staff)
        for on in (PAST, FROZEN, timezone.localdate()):
            overview = self.client.get(f"/coverage/{self.county.pk}/?on={on}").context["overview"]
            blocks = {block["name"]: block["goals"] for block in self.said(self.county, on, "--by", "township")}
            assert blocks.keys() == {row.label for row in overview.matrix.rows}
            for row in overview.matrix.rows:
                cells = dict(zip([label for label, _ in overview.matrix.columns], row.cells, strict=True))
                for goal in blocks[row.label]:
                    cell = cells[goal["goal"].removesuffix("全覆盖")]
                    if goal["goal"] != "活动场所全覆盖":  # its cell counts the venues of the one township: 2 / 3
                        assert (cell.achieved, cell.target) == (goal["achieved"], goal["target"]), (on, row.label, goal)
                    assert (cell.achieved >= cell.target) == (goal["missing"] == []), (on, row.label, goal)

    def test_the_village_page_says_what_the_command_says_is_missing(self):
        self.client.force_login(self.staff)
        for village in (self.villages[0], self.villages[5], self.villages[-1]):
            missing = {row["goal"] for row in self.said(self.county, PAST) if village.code in row["missing"]}
            page = self.client.get(reverse("dashboards:coverage_area", args=[village.pk]), {"on": PAST}).context["page"]
            assert {title for title, item, _ in page.goals if not item.has} == missing
