"""The coverage pages: every number opens exactly as many rows, for every role; days, scope, budgets."""

import datetime as dt
import io
import re
from html import unescape

from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from assessments.services.publications import publish_quarter
from organizations.coverage import freeze
from organizations.models import CoverageGoal, Organization, RosterConfirmation
from organizations.services.areas import merge_areas, rename_area
from outreach.models import Activity, Demonstration, Site, Station
from portal.accounts.roles import Role
from tests.factories import (
    make_enterprise,
    make_official,
    make_pairing,
    make_quarter,
    make_request,
    make_scheme,
    make_township,
    make_training_plan,
    make_unit,
    make_user,
    make_village,
    make_visit,
)
from tests.organizations.test_coverage import World
from tests.queries import QueriesAtMost

NUMBER = re.compile(r'<a (?:class="[^"]*" )?href="([^"]+)" data-number="(\d+)"')
TOTAL = re.compile(r"<span data-total>(\d+)</span>|<p class=\"muted\">共 (\d+) 条")


class Rich(World):
    """The two townships with some of everything, with gaps; more than one page of villages."""

    MORE = 60

    @classmethod
    def setUpTestData(cls):
        super().setUpTestData()
        cls.today = timezone.localdate()
        cls.villages += [make_village(parent=cls.east, since=dt.date(2022, 1, 1)) for _ in range(cls.MORE)]
        for number, village in enumerate(cls.villages[4:40]):
            cls.organization(
                village,
                "village_fellowship",
                f"{village.name}乡贤联谊会{number}",
                next_election_on=cls.today - dt.timedelta(number - 18),
            )
        organizations = list(Organization.objects.all())
        for number, organization in enumerate(organizations):
            if number % 3:
                RosterConfirmation.objects.create(
                    organization=organization, on=cls.today - dt.timedelta(days=number * 9), by=cls.staff
                )
        for village in cls.villages[::4]:
            Activity.objects.create(area=village, kind="study", theme="学习", on=cls.today)
            Station.objects.create(kind="point", area=village, name=f"{village.name}联络点", since=SINCE)
        sites = [
            Site.objects.create(kind="room", area=v, name=f"{v.name}活动室二", since=SINCE) for v in cls.villages[::5]
        ]
        for site in sites[:4]:
            Demonstration.objects.create(
                site=site, area=site.area, state="named", named_on=dt.date(2023, 1, 1), next_review_on=cls.today - dt.timedelta(1)
            )  # fmt: skip
        make_unit(area=cls.county, since=dt.date(2022, 1, 1))
        cls.liaison()
        cls.users = {
            "staff": cls.staff, "leader": make_user(role=Role.LEADER, area=cls.county), "lead": make_user(role=Role.LEADER, area=cls.east),
            "committee": make_user(role=Role.COMMITTEE, area=cls.east), "village": make_user(role=Role.VILLAGE, area=cls.villages[0]),
        }  # fmt: skip

    def numbers(self, url):
        page = self.client.get(url, follow=True)
        assert page.status_code == 200, url
        return {unescape(link): int(number) for link, number in NUMBER.findall(page.text)}

    def rows(self, url):
        page = self.client.get(url)
        assert page.status_code == 200, url
        found = TOTAL.search(page.text)
        total, body = int(found[1] or found[2]), page.text.partition("<tbody")[2].partition("</tbody>")[0]
        assert total > 50 or body.count("<tr") == total, url
        return total

    @classmethod
    def liaison(cls):
        """Three leaders, two of them paired; visits this quarter and before; requests answered, waiting, overdue."""
        leaders = [make_official(cls.county) for _ in range(3)]
        here = [make_enterprise(area) for area in (cls.east, cls.villages[0], cls.west)]
        for leader, enterprise in zip(leaders[:2], here, strict=False):
            make_pairing(leader, enterprise)
        for enterprise, days in zip([*here, here[0]], (0, 0, 0, 400), strict=False):
            make_visit(enterprise, leaders[:2], on=cls.today - dt.timedelta(days=days))
        make_request(here[0], due_on=cls.today, state="handed_over")
        make_request(here[1], due_on=cls.today - dt.timedelta(1))
        make_request(
            here[2], due_on=cls.today - dt.timedelta(2), answered_on=cls.today, answer="已答复", state="answered"
        )
        make_training_plan(cls.county, year=cls.today.year)


SINCE = dt.date(2022, 3, 1)


class NumberTests(Rich, TestCase):
    def test_self_reports_too_those_not_handed_in_and_those_returned(self):
        quarter = make_quarter(make_scheme(county=self.county, status="open", units=3))
        reports = list(quarter.reports.all())
        quarter.reports.filter(pk__in=[report.pk for report in reports[:4]]).update(status="submitted")
        quarter.reports.filter(pk=reports[4].pk).update(status="returned")
        for role in ("staff", "leader"):
            self.client.force_login(self.users[role])
            found = self.numbers(reverse("dashboards:coverage_area", args=[self.county.pk]))
            reported = {url: number for url, number in found.items() if "/reports/" in url}
            assert sorted(reported.values()) == [1, 4, 4]
            for url, number in reported.items():
                assert self.rows(url) == number, (role, url)

    def test_the_list_gives_each_row_its_page_township_and_reason_and_its_file_the_same_rows(self):
        self.client.force_login(self.staff)
        url = f"{reverse('dashboards:coverage_list')}?measure=roster_fresh&area={self.county.pk}&show=lack"
        page = self.client.get(url)
        assert "从未核实" in page.text and "东镇" in page.text
        assert re.search(r'href="/organizations/organizations/\d+/"', page.text)
        book = load_workbook(io.BytesIO(b"".join(self.client.get(f"{url}&export=xlsx").streaming_content)))
        assert book.worksheets[-1].max_row - 1 == self.rows(url)

    def test_a_list_is_searched_and_sorted(self):
        self.client.force_login(self.staff)
        url = f"{reverse('dashboards:coverage_list')}?measure=village_organization&area={self.county.pk}"
        assert self.rows(f"{url}&q=西镇乙村") == 1
        first = re.search(
            r'<td data-label="名称" class="primary"><a[^>]*>([^<]+)', self.client.get(f"{url}&o=-code").text
        )
        assert first[1] == "西镇丙村"


class DayTests(Rich, TestCase):
    def setUp(self):
        self.client.force_login(self.staff)
        self.url = reverse("dashboards:coverage_area", args=[self.county.pk])

    def test_a_day_before_shows_the_figures_of_that_day(self):
        found = self.numbers(f"{self.url}?on=2022-02-01")
        assert any(number == 0 for number in found.values())

    def test_a_day_to_come_or_a_wrong_one_is_said_and_today_shown(self):
        assert "还没有到" in self.client.get(f"{self.url}?on=2099-01-01").text
        assert "日期的写法应为" in self.client.get(f"{self.url}?on=1月1日").text

    def test_a_frozen_day_says_so_and_keeps_its_numbers(self):
        day = dt.date(2022, 12, 31)
        freeze(self.county, day, by=self.staff, basis="公布")
        before = self.of_the_day(day)
        Organization.objects.filter(pk=self.fellowships[0].pk).update(since=dt.date(2024, 1, 1))
        assert "已冻结" in self.client.get(f"{self.url}?on={day}").text and self.of_the_day(day) == before
        for link, number in before.items():
            assert self.rows(link) == number, link

    def of_the_day(self, day):
        """The page's numbers without those that the trend has of earlier quarters."""
        return {url: number for url, number in self.numbers(f"{self.url}?on={day}").items() if f"on={day}" in url}

    def test_an_area_that_was_not_there_yet_says_so(self):
        late = make_township(parent=self.county, since=dt.date(2025, 1, 1), name="新镇")
        page = self.client.get(f"{reverse('dashboards:coverage_area', args=[late.pk])}?on=2022-12-31")
        assert page.status_code == 404 and "这一天没有这个区划" in page.text

    def test_a_village_that_was_not_there_yet_says_so_and_one_that_was_has_its_name_of_the_day(self):
        late = make_village(parent=self.east, since=dt.date(2025, 1, 1), name="新村")
        page = self.client.get(f"{reverse('dashboards:coverage_area', args=[late.pk])}?on=2022-12-31")
        assert page.status_code == 404 and "这一天没有这个区划" in page.text
        rename_area(self.villages[0], on=dt.date(2024, 1, 1), reason="批复", by=None, name="东方红村")
        url = reverse("dashboards:coverage_area", args=[self.villages[0].pk])
        assert "<h1>东镇甲村</h1>" in self.client.get(f"{url}?on=2022-12-31").text
        assert "<h1>东方红村</h1>" in self.client.get(url).text

    def test_the_ranking_is_the_one_that_was_the_newest_on_the_day(self):
        scheme = make_scheme(county=self.county, status="open", year=2025, units=2)
        for number in (1, 2):
            quarter = make_quarter(scheme, state="review", number=number)
            for report in quarter.reports.all():
                report.scores.update(status="scored", given=20, points=20, steps=["评审给分"])
            publish_quarter(quarter, by=self.staff)
        for on, words in (
            ("2025-07-01", "第二季度"),
            ("2025-06-30", "第二季度"),
            ("2025-06-29", "第一季度"),
            ("", "第二季度"),
        ):
            overview = self.client.get(f"{self.url}?on={on}").context["overview"]
            assert words in str(overview.publication.quarter), on
        assert self.client.get(f"{self.url}?on=2025-03-30").context["overview"].ranking == []

    def test_another_day_keeps_what_was_chosen(self):
        page = self.client.get(f"{self.url}?measure=village_site&sort=code").text
        ends = re.findall(r'<a href="(\?[^"]*on=\d{4}-\d\d-\d\d[^"]*)">\d{4}-\d\d-\d\d</a>', page)
        assert len(ends) == 4 and all("measure=village_site" in url and "sort=code" in url for url in ends)
        form = page[page.index("asof") : page.index("</form>", page.index("asof"))]
        assert 'name="measure" value="village_site"' in form and 'name="sort" value="code"' in form
        assert 'href="?measure=village_site">按最薄弱排序' in page

    def test_two_days_compared_on_the_page_of_who_took_another_one_over(self):
        merge_areas(self.west, on=dt.date(2023, 7, 1), reason="批复", by=None, others=[self.east])
        url = reverse("dashboards:coverage_area", args=[self.west.pk])
        assert "东镇 → 西镇" in self.client.get(f"{url}?on=2023-12-31&compare=2023-01-15").text

    def test_two_days_compared(self):
        merge_areas(self.west, on=dt.date(2023, 7, 1), reason="批复", by=None, others=[self.east])
        page = self.client.get(f"{self.url}?on=2023-12-31&compare=2022-01-15")
        assert "东镇" in page.text and "新增" in page.text and "西镇联络站" not in page.text


class ScopeTests(Rich, TestCase):
    def test_everyone_lands_on_ones_own_area_and_above_or_beside_it_is_not_found(self):
        places = {"staff": self.county, "leader": self.county, "committee": self.east, "village": self.villages[0]}
        for role, area in places.items():
            self.client.force_login(self.users[role])
            assert self.client.get("/coverage/").url == reverse("dashboards:coverage_area", args=[area.pk])
        for role, area in (
            ("committee", self.county),
            ("committee", self.west),
            ("village", self.east),
            ("lead", self.west),
        ):
            self.client.force_login(self.users[role])
            assert self.client.get(reverse("dashboards:coverage_area", args=[area.pk])).status_code == 404
            assert (
                self.client.get(f"{reverse('dashboards:coverage_list')}?measure=sites&area={area.pk}").status_code
                == 404
            )

    def test_what_another_township_does_changes_nothing_on_a_townships_page(self):
        self.client.force_login(self.users["committee"])
        url = reverse("dashboards:coverage_area", args=[self.east.pk])
        before = self.main(url)
        Site.objects.create(kind="venue", area=self.west, name="西镇场所", since=SINCE)
        self.organization(self.west, "township_chamber", "西镇商会", next_election_on=self.today)
        Organization.objects.filter(area=self.villages[3]).update(until=self.today - dt.timedelta(1))
        Activity.objects.create(area=self.villages[4], kind="study", theme="学习", on=self.today)
        assert self.main(url) == before

    def main(self, url):
        """What stands in the page, without the time and what is new on every load."""
        text = self.client.get(url).text
        text = re.sub(r'value="[A-Za-z0-9-]{32,}"', "", text[text.index("<main") : text.index("</main>")])
        return re.sub(r"\d\d:\d\d", "", text)

    def test_a_lead_sees_the_gaps_of_the_townships_first(self):
        self.client.force_login(self.users["lead"])
        page = self.client.get("/coverage/")
        assert "我负责的乡镇" in page.text and "东镇" in page.text and "西镇" not in page.text

    def test_what_a_township_has_not_handed_in_stands_on_its_page_and_on_its_leads(self):
        scheme = make_scheme(county=self.county, status="open", units=1)
        for area in (self.east, self.west):
            unit = make_unit(area=area, kind="township", since=dt.date(2022, 1, 1))
            scheme.assignments.create(unit=unit, unit_class="1")
        make_quarter(scheme)
        for role, page in (
            ("staff", f"/coverage/{self.east.pk}/"),
            ("committee", "/coverage/"),
            ("lead", "/coverage/"),
        ):
            self.client.force_login(self.users[role])
            found = {url: number for url, number in self.numbers(page).items() if "/reports/" in url}
            assert list(found.values()) == [1], role
            assert all(self.rows(url) == 1 for url in found), role
        assert not any("/reports/" in url for url in self.numbers(f"/coverage/{self.east.pk}/?on=2022-12-31"))

    def test_a_bulletin_is_drafted_from_the_page_by_who_may(self):
        quarter = make_quarter(make_scheme(county=self.county, status="open"), state="review")
        for report in quarter.reports.all():
            report.scores.update(status="scored", given=20, points=20, steps=["评审给分"])
        publish_quarter(quarter, by=self.staff)
        for role, may in (("staff", True), ("leader", False)):
            self.client.force_login(self.users[role])
            assert ("起草通报" in self.client.get(f"/coverage/{self.county.pk}/").text) == may, role

    def test_a_member_of_a_body_is_told_and_a_stranger_refused(self):
        body = make_unit(area=self.county, since=dt.date(2022, 1, 1))
        self.client.force_login(make_user(role=Role.COMMITTEE, unit=body))
        assert "没有可查看的区划" in self.client.get("/coverage/", follow=True).text
        own = self.client.get(f"{reverse('dashboards:coverage_list')}?measure=liaison_place&unit={body.pk}")
        assert own.status_code == 200
        self.client.force_login(make_user(role=Role.AUDITOR))
        assert self.client.get("/coverage/").status_code == 403

    def test_wrong_questions_are_not_found(self):
        self.client.force_login(self.staff)
        for query in (
            "measure=nothing",
            "goal=999999",
            "goal=x",
            "area=0",
            "unit=999999",
            "area=99999999999999999999999",
        ):
            status = self.client.get(f"{reverse('dashboards:coverage_list')}?{query}").status_code
            assert status in {200, 404}, query


class BudgetTests(Rich, TestCase):
    def test_a_dashboard_costs_at_most_20_queries_and_a_list_12(self):
        make_quarter(state="open")
        self.client.force_login(self.staff)
        listing = reverse("dashboards:coverage_list")
        goal = CoverageGoal.objects.filter(area=self.county).first()
        for area in (self.county, self.east, self.villages[0]):
            for tail in ("", "?on=2022-12-31", "?mode=meeting"):
                with QueriesAtMost(20):
                    assert (
                        self.client.get(reverse("dashboards:coverage_area", args=[area.pk]) + tail).status_code == 200
                    )
        for query in (
            f"goal={goal.pk}",
            "measure=roster_complete",
            "measure=eight_haves",
            "measure=village_activities",
        ):
            with QueriesAtMost(12):
                self.client.get(f"{listing}?{query}&area={self.county.pk}")

    def test_a_lead_page_costs_the_same_whatever_the_number_of_townships(self):
        lead = self.users["lead"]
        grant = lead.grants.get()
        for area in (self.west, *(make_township(parent=self.county) for _ in range(3))):
            grant.pk, grant.area, grant._state.adding = None, area, True
            grant.save()
        self.client.force_login(lead)
        with QueriesAtMost(20):
            page = self.client.get("/coverage/")
        found = {unescape(url): int(number) for url, number in NUMBER.findall(page.text)}
        assert len(re.findall(r"需要督办 \d+ 类", page.text)) == 5 and len(found) > 10
        for url, number in found.items():
            assert self.rows(url) == number, url
