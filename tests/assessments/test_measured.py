"""`measured` cells: filled by the registers, following corrections until the quarter is published, and not after."""

import datetime as dt
from decimal import Decimal

from django.test import TestCase
from django.urls import reverse

from assessments.models import Indicator, Score, Task
from assessments.services.publications import publish_quarter, verify_publication
from assessments.services.quarters import start_review
from assessments.services.reviews import Entry, enter_scores, refresh_measured
from organizations.coverage import Coverage
from organizations.measures import MEASURES
from organizations.models import FrozenFigures, Organization, Unit
from outreach.models import Activity
from portal.accounts.roles import Role
from portal.kit import saving
from tests.factories import (
    FOUNDED,
    make_enterprise,
    make_official,
    make_pairing,
    make_quarter,
    make_request,
    make_scheme,
    make_training_plan,
    make_user,
    make_village,
    make_visit,
)
from tests.queries import QueriesAtMost


class MeasuredCase(TestCase):
    """A quarter of 2025 whose fourth indicator is the villages' organizations; township 1 has two of four."""

    @classmethod
    def setUpTestData(cls):
        scheme = make_scheme(status="open", year=2025)
        Indicator.objects.filter(scheme=scheme, method="measured").update(measure="village_organization")
        cls.quarter = make_quarter(scheme, state="open")
        cls.county = scheme.area
        cls.staff = make_user(role=Role.STAFF, area=cls.county)
        cls.unit = Unit.objects.filter(area__parent=cls.county).order_by("pk").first()
        cls.villages = [make_village(parent=cls.unit.area) for _ in range(4)]
        cls.rows = [cls.organization(village) for village in cls.villages[:2]]
        cls.report = cls.quarter.reports.get(unit=cls.unit)
        cls.task = Task.objects.get(quarter=cls.quarter, indicator__method="measured")
        cls.committee = make_user(role=Role.COMMITTEE, area=cls.unit.area)

    @classmethod
    def organization(cls, village):
        return Organization.objects.create(
            area=village, kind="village_fellowship", name=f"{village.name}联谊会", since=dt.date(2024, 1, 1)
        )

    def cell(self):
        return Score.objects.get(report=self.report, task=self.task)

    def score_the_rest(self):
        entries = [
            Entry(score.report_id, score.task_id, "20", score.version, "评分")
            for score in Score.objects.filter(report__quarter=self.quarter).exclude(task=self.task)
        ]
        assert not enter_scores(self.quarter, entries, by=self.staff).refused


class FlowTests(MeasuredCase):
    def test_the_review_begins_with_what_the_registers_say_on_the_last_day(self):
        self.quarter = start_review(self.quarter, by=self.staff)
        cell = self.cell()
        assert (cell.achieved, cell.target, cell.points) == (2, 4, Decimal("12.5"))
        assert any("2" in step and "4" in step for step in cell.steps)

    def test_a_unit_with_nothing_to_measure_is_not_applicable_until_there_is_something(self):
        self.quarter = start_review(self.quarter, by=self.staff)
        other = (
            Score.objects.filter(task=self.task)
            .exclude(report=self.report)
            .select_related("report__unit__area")
            .first()
        )
        assert other.status == Score.Status.NOT_APPLICABLE and other.steps == ["不适用，原因：登记册中没有应统计的对象"]
        self.organization(make_village(parent=other.report.unit.area))
        refresh_measured(self.quarter, by=self.staff)
        other.refresh_from_db()
        assert (other.status, other.points, other.reason) == (Score.Status.CONFIRMED, Decimal(25), "")

    def test_what_a_reviewer_took_out_stays_out(self):
        self.quarter = start_review(self.quarter, by=self.staff)
        cell = self.cell()
        enter_scores(
            self.quarter, [Entry(cell.report_id, cell.task_id, "不适用", cell.version, "整村搬迁")], by=self.staff
        )
        refresh_measured(self.quarter, by=self.staff)
        assert self.cell().reason == "整村搬迁"

    def test_a_correction_before_publication_flows_in_and_one_after_it_does_not(self):
        self.quarter = quarter = start_review(self.quarter, by=self.staff)
        self.score_the_rest()
        self.organization(self.villages[2])
        publication = publish_quarter(quarter, by=self.staff)
        cell = self.cell()
        assert (cell.achieved, cell.points) == (3, Decimal("18.8"))
        frozen = FrozenFigures.objects.get(area=self.county, on=quarter.last_day)
        assert frozen.summary["village_organization"][str(self.unit.area_id)] == [3, 4]
        self.organization(self.villages[3])
        quarter.refresh_from_db()
        assert self.cell().points == Decimal("18.8")
        assert Coverage(self.county, [quarter.last_day]).share("village_organization", quarter.last_day)[0] == 3
        assert verify_publication(publication) == ""

    def test_the_grid_says_when_the_registers_changed_and_measures_again_on_request(self):
        self.quarter = start_review(self.quarter, by=self.staff)
        self.client.force_login(self.staff)
        url = reverse("assessments:review", args=[self.quarter.pk])
        assert "重新测算" not in self.client.get(url).text
        row = Organization(
            area=self.villages[2], kind="village_fellowship", name="补登联谊会", since=dt.date(2025, 1, 1)
        )
        saving.save(row, by=self.staff)
        page = self.client.get(url)
        assert "重新测算" in page.text and '"2/4"' in page.text
        answer = self.client.post(
            reverse("assessments:review_measure", args=[self.quarter.pk]), {"class": "1"}, follow=True
        )
        assert "1 格得分有变化" in answer.text and '"3/4"' in answer.text and "重新测算</button>" not in answer.text


class ServiceTests(MeasuredCase):
    """Pairings, visits, requests and training feed an indicator from the register to the published score."""

    @classmethod
    def setUpTestData(cls):
        super().setUpTestData()
        town, day = cls.unit.area, dt.date(2025, 9, 30)
        cls.mill, quarry = make_enterprise(town, since=FOUNDED), make_enterprise(town, since=FOUNDED)
        clerk = make_official(town, kind="head", since=FOUNDED)
        make_official(town, kind="head", since=FOUNDED)
        make_pairing(clerk, cls.mill, since=FOUNDED)
        make_visit(cls.mill, [clerk], on=day)
        asked = {
            "accepted_on": dt.date(2025, 9, 1),
            "due_on": dt.date(2025, 9, 14),
            "state": "answered",
            "answer": "已办",
        }
        make_request(cls.mill, answered_on=dt.date(2025, 9, 14), **asked)
        cls.late = make_request(quarry, answered_on=dt.date(2025, 9, 15), **asked)
        for people in (60, 30):
            plan = make_training_plan(town, year=2025, planned_people=people)
            plan.sessions.create(on=day, title="班次", planned=30, attended=30)

    def measure(self, name):
        Indicator.objects.filter(scheme=self.quarter.scheme, method="measured").update(measure=name)

    def test_the_self_report_shows_each_and_lists_what_is_lacking(self):
        self.client.force_login(self.committee)
        for name in (
            "officials_paired",
            "enterprises_paired",
            "enterprises_visited",
            "requests_in_time",
            "plans_reached",
        ):
            self.measure(name)
            page = self.client.get(self.report.get_absolute_url())
            readings = [line.reading for _, group in page.context["groups"] for line in group if line.reading]
            assert [(reading.achieved, reading.target) for reading in readings] == [(1, 2)], name
            query = {
                "measure": name,
                "area": self.unit.area_id,
                "on": "2025-09-30",
                "unit": self.unit.pk,
                "show": "lack",
            }
            assert "共 <span data-total>1" in self.client.get(reverse("dashboards:coverage_list"), query).text, name

    def test_requests_in_time_are_scored_and_stay_as_published(self):
        self.measure("requests_in_time")
        self.quarter = start_review(self.quarter, by=self.staff)
        assert (self.cell().achieved, self.cell().target, self.cell().points) == (1, 2, Decimal("12.5"))
        self.score_the_rest()
        publication = publish_quarter(self.quarter, by=self.staff)
        type(self.late).objects.filter(pk=self.late.pk).update(answered_on=dt.date(2025, 9, 14))
        assert self.cell().points == Decimal("12.5") and verify_publication(publication) == ""
        frozen = FrozenFigures.objects.get(area=self.county, on=self.quarter.last_day)
        assert frozen.summary["requests_in_time"][str(self.unit.area_id)] == [1, 2]


class PageTests(MeasuredCase):
    def test_the_self_report_arrives_filled_in_with_its_list(self):
        self.client.force_login(self.committee)
        page = self.client.get(self.report.get_absolute_url())
        assert "登记册" in page.text and "12.5" in page.text
        link = f"{reverse('dashboards:coverage_list')}?measure=village_organization"
        assert link in page.text
        listed = self.client.get(f"{link}&area={self.unit.area_id}&on=2025-09-30&unit={self.unit.pk}&show=lack")
        assert self.villages[2].name in listed.text and "共 <span data-total>2" in listed.text

    def test_a_report_of_measures_alone_asks_each_register_once(self):
        scheme = make_scheme(status="open", year=2025)
        measured = {"scheme": scheme, "category": "甲", "criteria": "按登记册", "points_1": 1, "method": "measured"}
        for number, measure in enumerate(MEASURES, start=5):
            Indicator.objects.create(number=number, name=f"任务{number}", measure=measure, **measured)
        report = make_quarter(scheme, state="open").reports.filter(unit_class="1").first()
        self.client.force_login(make_user(role=Role.COMMITTEE, unit=report.unit))
        with QueriesAtMost(
            26
        ):  # the registers together, those that few pages ask for one by one, visits across townships
            page = self.client.get(report.get_absolute_url())
        read = [line for _, group in page.context["groups"] for line in group if line.reading]
        assert len(read) == len(MEASURES) + 1

    def test_the_panel_shows_the_reading_and_opens_its_list(self):
        self.quarter = start_review(self.quarter, by=self.staff)
        self.client.force_login(self.staff)
        panel = self.client.get(
            reverse("assessments:review_panel", args=[self.quarter.pk, self.report.pk, self.task.pk])
        )
        assert "2 / 4" in panel.text and "看名单" in panel.text

    def test_a_body_is_measured_by_what_it_keeps_itself(self):
        Indicator.objects.filter(scheme=self.quarter.scheme, method="measured").update(measure="activities")
        self.unit.kind = Unit.Kind.BODY
        Unit.objects.filter(pk=self.unit.pk).update(kind="body", area=self.county)
        Activity.objects.create(area=self.county, unit=self.unit, kind="study", theme="学习", on=dt.date(2025, 8, 1))
        Activity.objects.create(area=self.county, kind="study", theme="别人的", on=dt.date(2025, 8, 1))
        self.quarter = start_review(self.quarter, by=self.staff)
        assert (self.cell().achieved, self.cell().target) == (1, 2)
