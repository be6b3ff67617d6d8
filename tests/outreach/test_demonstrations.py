"""示范创建 as a process: order, days, the inspection, who may do what, titles that are counted."""

import datetime as dt

from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from organizations.coverage import Coverage
from organizations.models import Answer, Check, Standard, StandardItem, StandardVersion
from outreach.models import Demonstration, Site
from outreach.services.demonstrations import advance, apply_for
from portal.accounts.roles import Role
from tests.factories import make_county, make_organization, make_township, make_user
from tests.queries import QueriesAtMost


class DemonstrationCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county()
        cls.township = make_township(parent=cls.county)
        cls.site = Site.objects.create(kind="zone", area=cls.township, name="同心示范区", since=dt.date(2024, 1, 1))
        cls.staff = make_user(role=Role.STAFF, area=cls.county)
        cls.keeper = make_user(role=Role.COMMITTEE, area=cls.township)
        standard = Standard.objects.create(area=cls.county, code="seven_haves", name="七有", applies_to="outreach.site")
        cls.version = StandardVersion.objects.create(standard=standard, since=dt.date(2024, 1, 1))
        cls.item = StandardItem.objects.create(version=cls.version, number=1, wording="有统战标识")

    def setUp(self):
        self.client.force_login(self.keeper)

    def check(self, passed, on=dt.date(2025, 6, 1)):
        check = Check(
            version_checked=self.version,
            object_name=self.site.name,
            on=on,
            by=self.staff,
            status="done",
            passed=passed,
            missing=not passed,
        )
        check.attach_to(self.site)
        check.save()
        Answer.objects.create(
            inspection=check, item=self.item, wording=self.item.wording, verdict="met" if passed else "unmet"
        )

    def apply(self):
        form = {"site": self.site.pk, "award": "county", "applied_on": "2025-01-10", "idempotency_key": "a"}
        self.client.post(reverse("outreach:demonstration_create"), form)
        return Demonstration.objects.get()

    def step(self, row, state, on="2025-07-01", **more):
        row.refresh_from_db()
        form = {
            "state": state,
            "on": on,
            "version": row.version,
            "words": "",
            "named_by": "",
            "idempotency_key": f"{state}{on}",
            **more,
        }
        return self.client.post(reverse("outreach:demonstration_step", args=[row.pk]), form)

    def test_from_application_to_withdrawal(self):
        row = self.apply()
        assert row.area == self.township and self.step(row, "building", "2025-02-01").status_code == 302
        self.client.force_login(self.staff)
        assert "还没有“七有”核查" in self.step(row, "inspected").text
        self.check(False)
        assert "还差 1 项：有统战标识" in self.step(row, "inspected").text
        self.check(True, dt.date(2025, 6, 20))
        assert self.step(row, "inspected").status_code == 302
        assert "请填写命名单位" in self.step(row, "named", "2025-08-01").text
        assert self.step(row, "named", "2025-08-01", named_by="县委统战部").status_code == 302
        row.refresh_from_db()
        assert (row.state, str(row.named_on), str(row.next_review_on)) == ("named", "2025-08-01", "2026-08-01")
        assert self.step(row, "reviewed", "2026-08-02", words="保留").status_code == 302
        assert "撤销必须写明原因" in self.step(row, "withdrawn", "2026-10-01").text
        assert self.step(row, "withdrawn", "2026-10-01", words="长期闲置").status_code == 302
        row.refresh_from_db()
        page = self.client.get(row.get_absolute_url()).text
        assert '<li class="done">已命名</li><li aria-current="step">已撤销</li>' in page and "长期闲置" in page
        assert row.withdrawn_reason == "长期闲置" and row.steps.count() == 6
        days = [dt.date(2025, 7, 31), dt.date(2025, 8, 1), dt.date(2026, 9, 30), dt.date(2026, 10, 1)]
        coverage = Coverage(self.township, days)
        assert [coverage.line("demonstration_sites", day).achieved for day in days] == [0, 1, 1, 0]

    def test_an_organization_is_counted_from_its_naming_day(self):
        organization = make_organization(area=self.township, since=dt.date(2024, 1, 1))
        row = apply_for(Demonstration(organization=organization, applied_on=dt.date(2025, 1, 10)), by=self.staff)
        assert row.area == organization.area
        Demonstration.objects.filter(pk=row.pk).update(state="inspected")
        advance(row, "named", on=dt.date(2025, 8, 31), words="", by=self.staff, named_by="县委统战部")
        row.refresh_from_db()
        assert row.next_review_on == dt.date(2026, 8, 31)
        advance(row, "withdrawn", on=dt.date(2025, 12, 1), words="不再活动", by=self.staff)
        days = [dt.date(2025, 8, 30), dt.date(2025, 8, 31), dt.date(2025, 11, 30), dt.date(2025, 12, 1)]
        coverage = Coverage(self.township, days)
        assert [coverage.line("demonstration_organizations", day).achieved for day in days] == [0, 1, 1, 0]

    def test_a_township_applies_and_builds_and_does_not_name(self):
        row = self.apply()
        page = self.client.get(row.get_absolute_url()).text
        assert "创建中" in page and 'value="withdrawn"' not in page
        assert self.step(row, "inspected").status_code == 422
        row.refresh_from_db()
        assert row.state == "applied"

    def test_wrong_order_and_days_are_said(self):
        row = self.apply()
        self.client.force_login(self.staff)
        assert self.step(row, "named").status_code == 422
        assert "不能晚于今天" in self.step(row, "building", "2099-01-01").text
        assert "不能早于上一步" in self.step(row, "building", "2024-12-31").text
        assert "不用再申报" in self.client.post(reverse("outreach:demonstration_create"), {
            "site": self.site.pk, "award": "county", "applied_on": "2025-03-01", "idempotency_key": "b"}).text  # fmt: skip

    def test_two_people_at_once(self):
        row = self.apply()
        self.step(row, "building", "2025-02-01")
        form = {"state": "withdrawn", "on": "2025-03-01", "version": 1, "words": "误报", "idempotency_key": "z"}
        self.client.force_login(self.staff)
        page = self.client.post(reverse("outreach:demonstration_step", args=[row.pk]), form)
        assert page.status_code == 422 and "别人刚刚办理过" in page.text

    def test_scope_list_and_queries(self):
        row = self.apply()
        Demonstration.objects.filter(pk=row.pk).update(
            state="named", named_on="2025-01-01", next_review_on=timezone.localdate() - dt.timedelta(1)
        )
        url = reverse("outreach:demonstration_list")
        with QueriesAtMost(12):
            assert "同心示范区" in self.client.get(f"{url}?review=overdue").text
        with QueriesAtMost(12):
            self.client.get(row.get_absolute_url())
        self.client.force_login(make_user(role=Role.COMMITTEE, area=make_township(parent=self.county)))
        assert self.client.get(row.get_absolute_url()).status_code == 404
        assert self.step(row, "building").status_code == 404
        self.client.force_login(make_user(role=Role.LEADER, area=self.county))
        assert self.step(row, "building").status_code == 403

    def test_over_the_api_it_is_applied_for_and_taken_on(self):
        made = self.client.post(
            "/api/demonstrations/", {"site": self.site.pk, "applied_on": "2025-01-10"}, "application/json"
        )
        assert (made.status_code, made.json()["state"]) == (201, "applied"), made.content
        row = Demonstration.objects.get()
        url = f"/api/demonstrations/{row.pk}/"
        step = {"version": row.version, "step": "building", "on": "2025-02-01"}
        built = self.client.patch(url, step, "application/json")
        assert (built.status_code, built.json()["state"]) == (200, "building"), built.content
        assert self.client.patch(url, step, "application/json").status_code == 409
        named = self.client.patch(url, {"version": built.json()["version"], "step": "named"}, "application/json")
        assert named.status_code in {400, 403} and Demonstration.objects.get().state == "building"
        other = self.client.patch(url, {"version": built.json()["version"], "award": "province"}, "application/json")
        assert other.status_code == 400 and "step" in other.json()

    def test_an_organizations_title_stands_on_its_page_and_in_its_list(self):
        titled, other = make_organization(self.township), make_organization(self.township, name="没有称号的理事会")
        Demonstration.objects.create(
            organization=titled, area=self.township, state="named", named_on=dt.date(2025, 3, 1), named_by="县委统战部"
        )
        assert "县级示范组织（2025-03-01，县委统战部）" in self.client.get(titled.get_absolute_url()).text
        assert "示范组织（" not in self.client.get(other.get_absolute_url()).text
        listing = reverse("organizations:organization_list")
        page = self.client.get(listing, {"title": "named"}).text
        assert titled.name in page and other.name not in page
        assert titled.name not in self.client.get(listing, {"title": "named", "on": "2025-02-01"}).text

    def test_a_sites_page_says_how_far_it_has_come_and_offers_to_apply(self):
        page = self.client.get(self.site.get_absolute_url())
        apply_url = f"{reverse('outreach:demonstration_create')}?site={self.site.pk}"
        assert "还没有申报过示范" in page.text and apply_url in page.text
        assert f'value="{self.site.pk}" selected' in self.client.get(apply_url).text
        row = self.apply()
        page = self.client.get(self.site.get_absolute_url()).text
        assert row.get_absolute_url() in page and "已申报" in page and apply_url not in page
        Demonstration.objects.update(
            state="withdrawn",
            named_on="2025-02-01",
            named_by="县委",
            withdrawn_on="2026-02-01",
            withdrawn_reason="复查不合格",
        )
        page = self.client.get(self.site.get_absolute_url()).text
        assert "2026-02-01 撤销：复查不合格" in page and apply_url in page
        self.client.force_login(make_user(role=Role.LEADER, area=self.county))
        page = self.client.get(self.site.get_absolute_url()).text
        assert "复查不合格" in page and apply_url not in page

    def test_the_list_of_a_day_is_as_long_as_the_figure(self):
        self.apply()
        day, today = dt.timedelta(1), timezone.localdate()
        Demonstration.objects.update(state="named", named_on="2025-01-20", next_review_on=today)
        url = reverse("outreach:demonstration_list")

        def found():
            figure = Coverage(self.county, [today]).share("demonstration_sites", today)[0]
            reviews = Coverage(self.county, [today]).share("reviews_in_time", today)
            listed = self.client.get(url, {"named": str(today)}).context["total"]
            overdue = self.client.get(url, {"review": "overdue"}).context["total"]
            assert (listed, overdue) == (figure, reviews[1] - reviews[0])
            return listed, overdue

        assert found() == (1, 0), "due today is in time"
        Demonstration.objects.update(next_review_on=today - day)
        assert found() == (1, 1)
        Site.objects.filter(pk=self.site.pk).update(until=today - day)
        assert found() == (0, 0), "a title does not outlive its site"

    def test_what_is_withdrawn_is_reviewed_no_more(self):
        row = self.apply()
        self.check(True, dt.date(2025, 2, 1))
        for state, on in (("building", "2025-01-20"), ("inspected", "2025-02-02"), ("named", "2025-03-01")):
            advance(row, state, on=dt.date.fromisoformat(on), words="", named_by="县委统战部", by=self.staff)
        assert Demonstration.objects.get().next_review_on == dt.date(2026, 3, 1)
        advance(row, "withdrawn", on=dt.date(2026, 2, 1), words="已拆除", by=self.staff)
        assert Demonstration.objects.get().next_review_on is None

    def test_a_review_of_today_does_not_mend_a_day_before_it(self):
        row = self.apply()
        row.steps.create(state="named", on=dt.date(2024, 3, 1), by=self.staff)
        row.steps.create(state="reviewed", on=dt.date(2025, 9, 1), by=self.staff)
        Demonstration.objects.update(
            state="named", applied_on="2024-01-10", named_on="2024-03-01", next_review_on="2026-09-01"
        )
        days = [
            dt.date(2025, 3, 1),
            dt.date(2025, 3, 2),
            dt.date(2025, 8, 31),
            dt.date(2025, 9, 1),
            dt.date(2026, 9, 2),
        ]
        coverage = Coverage(self.county, days)
        assert [coverage.share("reviews_in_time", day)[0] for day in days] == [1, 0, 0, 1, 0]
        assert coverage.line("reviews_in_time", days[1]).figure.lack[0].note == "应于 2025-03-01 复查"
