"""A quarter's road and who may take which step; unlocking; its pages."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from assessments.models import Indicator, Publication, Quarter, Score, SelfReport, Task
from assessments.services import quarters, reports
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.clock import at, moment
from tests.factories import make_county, make_quarter, make_scheme, make_user
from tests.queries import QueriesAtMost

State = Quarter.State


class QuarterCase(TestCase):
    state = "planned"

    @classmethod
    def setUpTestData(cls):
        cls.county = make_county(name="甲县")
        cls.staff = make_user(role=Role.STAFF, area=cls.county)
        cls.scheme = make_scheme(cls.county, status="open")
        cls.quarter = make_quarter(cls.scheme, cls.state)

    def setUp(self):
        self.client.force_login(self.staff)

    def url(self, name, *args):
        return reverse(f"assessments:{name}", args=args or [self.quarter.pk])

    def put(self, state):
        Quarter.objects.filter(pk=self.quarter.pk).update(state=state)
        self.quarter.refresh_from_db()

    def draft(self, **fields):
        days = {
            "opens_on": dt.date(2026, 10, 1),
            "report_due_on": dt.date(2026, 12, 20),
            "review_due_on": dt.date(2026, 12, 31),
        }
        return Quarter(**{"scheme": self.scheme, "number": 4, **days, **fields})


class PlanTests(QuarterCase):
    def test_a_planned_quarter_gets_a_task_for_each_indicator_with_last_quarters_words(self):
        self.quarter.tasks.filter(indicator__number=1).update(requirement="开一次会", points_1=30)
        made = quarters.plan_quarter(self.draft(), by=self.staff, copy_from=self.quarter)
        first = made.tasks.get(indicator__number=1)
        assert (first.requirement, first.points_1, first.due_on) == ("开一次会", 30, dt.date(2026, 12, 20))
        assert made.tasks.count() == 4 and made.year == 2026
        with self.assertRaisesMessage(ValidationError, "已经建立"):
            quarters.plan_quarter(self.draft(), by=self.staff)

    def test_points_of_another_scheme_are_not_carried_over(self):
        Task.objects.filter(quarter=self.quarter).update(requirement="去年的要求", points_1=1)
        scheme = make_scheme(self.county, status="open", year=2027)
        made = quarters.plan_quarter(self.draft(scheme=scheme, number=1), by=self.staff, copy_from=self.quarter)
        assert {(t.requirement, t.points_1) for t in made.tasks.all()} == {("去年的要求", 25)}

    def test_a_quarter_of_a_draft_scheme_is_refused(self):
        draft = make_scheme(self.county, year=2028)
        with self.assertRaisesMessage(ValidationError, "开始执行后才能建立季度"):
            quarters.plan_quarter(self.draft(scheme=draft), by=self.staff)

    def test_the_page_plans_with_the_quarter_before_and_shows_what_differs(self):
        self.quarter.tasks.filter(indicator__number=2).update(requirement="每季两场")
        data = {
            "number": 4,
            "opens_on": "2026-10-01",
            "report_due_on": "2026-12-20",
            "review_due_on": "2026-12-31",
            "appeal_days": 5,
        }
        late = data | {"report_due_on": "2027-01-20"}
        answer = self.client.post(self.url("quarter_create", self.scheme.pk), late)
        self.assertContains(answer, "日期次序应为", status_code=422)
        self.client.post(self.url("quarter_create", self.scheme.pk), data)
        made = Quarter.objects.get(number=4)
        assert made.tasks.get(indicator__number=2).requirement == "每季两场"
        self.assertContains(self.client.get(made.get_absolute_url()), "任务、分值和要求都与2026年第三季度相同")
        made.tasks.filter(indicator__number=2).update(points_1=Decimal("24.5"))
        page = self.client.get(made.get_absolute_url())
        self.assertContains(page, "24.5")
        self.assertContains(page, "Ⅰ类的分值合计 99.5，应为 100")
        self.assertNotContains(page, "开始自评</button>")

    def test_a_task_left_out_can_be_put_back(self):
        task = self.quarter.tasks.get(indicator__number=1)
        self.client.post(self.url("task_delete", task.pk))
        assert "Ⅰ类的分值合计 75，应为 100" in quarters.quarter_problems(self.quarter)
        self.client.post(self.url("task_create"), {"indicator": task.indicator_id})
        assert quarters.quarter_problems(self.quarter) == []
        other = Indicator.objects.create(
            scheme=make_scheme(make_county()), number=9, category="甲", name="外县指标", criteria="按要求", points_1=1
        )
        assert self.client.post(self.url("task_create"), {"indicator": other.pk}).status_code == 422
        with self.assertRaisesMessage(ValidationError, "不属于这个季度的考核方案"):
            quarters.add_task(self.quarter, other, by=self.staff)

    def test_due_dates_lie_inside_the_quarters_own(self):
        self.quarter.tasks.filter(indicator__number=1).update(due_on=dt.date(2026, 6, 30))
        self.quarter.tasks.filter(indicator__number=2).update(due_on=dt.date(2026, 10, 11))
        assert quarters.quarter_problems(self.quarter) == [
            "1 项任务的完成期限早于自评开始日期", "1 项任务的完成期限晚于评审截止日期",
        ]  # fmt: skip


class OpenTests(QuarterCase):
    def test_opening_makes_a_report_a_unit_and_a_blank_score_a_cell_that_applies(self):
        self.quarter.tasks.filter(indicator__number=1).update(points_3=None)
        self.quarter.tasks.filter(indicator__number=2).update(points_3=50)
        opened = quarters.open_quarter(self.quarter, by=self.staff)
        assert opened.state == State.OPEN
        assert SelfReport.objects.count() == 3 and Score.objects.count() == 4 + 4 + 3
        assert set(Score.objects.values_list("status", flat=True)) == {"blank"}
        assert AuditEntry.objects.filter(model="assessments.quarter", action="opened").count() == 1
        with self.assertRaisesMessage(ValidationError, "自评中"):
            quarters.open_quarter(self.quarter, by=self.staff)

    def test_a_wrong_total_keeps_it_closed(self):
        self.quarter.tasks.filter(indicator__number=1).update(points_2=26)
        with self.assertRaisesMessage(ValidationError, "不能开始自评：Ⅱ类的分值合计 101，应为 100。"):
            quarters.open_quarter(self.quarter, by=self.staff)
        assert not SelfReport.objects.exists()

    def test_a_unit_keeps_the_class_of_the_day_the_quarter_opened(self):
        quarters.open_quarter(self.quarter, by=self.staff)
        report = SelfReport.objects.filter(unit_class="1").get()
        self.scheme.assignments.filter(unit=report.unit).update(unit_class="2")
        report.refresh_from_db()
        assert report.unit_class == "1"

    def test_sixty_units_and_twenty_tasks_are_opened_with_twelve_queries(self):
        scheme = make_scheme(make_county(), status="open", units=20)
        scheme.indicators.all().delete()
        for number in range(1, 21):
            points = {f"points_{n}": 5 for n in "123"}
            Indicator.objects.create(
                scheme=scheme, number=number, category="甲", name=f"任务{number}", criteria="按要求", **points
            )
        quarter = make_quarter(scheme, "planned")
        staff = make_user(role=Role.STAFF, area=scheme.area)
        staff.has_perm("assessments.change_quarter")
        with QueriesAtMost(12 + 4):  # four savepoints, which a request's outermost transaction has not
            quarters.open_quarter(quarter, by=staff)
        assert Score.objects.filter(report__quarter=quarter).count() == 1200


ROAD = {  # state → the steps that the staff may take in it
    "planned": {"quarter_open"}, "open": {"quarter_start_review"}, "review": set(), "published": {"quarter_close"}, "closed": set(),
}  # fmt: skip
AFTER = {"quarter_open": "open", "quarter_start_review": "review", "quarter_close": "closed"}


class StateTests(QuarterCase):
    def publish(self):
        Publication.objects.create(
            quarter=self.quarter, revision=1, at=timezone.now() - dt.timedelta(days=10), by=self.staff, digest="0"
        )

    def test_each_state_allows_its_own_steps_and_no_others(self):
        self.publish()
        for state, allowed in ROAD.items():
            for step, after in AFTER.items():
                with self.subTest(state=state, step=step):
                    self.put(state)
                    Score.objects.all().delete()
                    SelfReport.objects.all().delete()
                    self.client.post(self.url(step))
                    self.quarter.refresh_from_db()
                    assert self.quarter.state == (after if step in allowed else state)

    def test_nobody_but_the_countys_staff_takes_a_step(self):
        unit = self.scheme.assignments.first().unit
        cast = {
            404: [make_user(role=Role.STAFF, area=make_county())],
            403: [
                make_user(role=Role.LEADER, area=self.county), make_user(role=Role.COMMITTEE, unit=unit),
                make_user(role=Role.SYSADMIN, area=self.county), make_user(),
            ],
        }  # fmt: skip
        for state, steps in ROAD.items():
            self.put(state)
            for step in steps:
                for status, users in cast.items():
                    for user in users:
                        self.client.force_login(user)
                        with self.subTest(state=state, step=step, role=str(user)):
                            assert self.client.post(self.url(step)).status_code in {status, 404}
                            self.quarter.refresh_from_db()
                            assert self.quarter.state == state

    def test_a_service_refuses_a_stranger_and_takes_everything_back(self):
        with self.assertRaises(PermissionDenied):
            quarters.open_quarter(self.quarter, by=make_user(role=Role.STAFF, area=make_county()))
        self.quarter.refresh_from_db()
        assert self.quarter.state == "planned" and not SelfReport.objects.exists()

    def test_a_get_takes_no_step(self):
        for step in AFTER:
            assert self.client.get(self.url(step)).status_code == 405

    def test_the_task_list_freezes_when_the_quarter_opens(self):
        task = self.quarter.tasks.first()
        self.put("open")
        form = self.client.get(self.url("task_update", task.pk)).context["form"]
        data = {name: form[name].value() or "" for name in form.fields} | {"points_1": "26"}
        answer = self.client.post(self.url("task_update", task.pk), data)
        self.assertContains(answer, "任务清单已冻结", status_code=422)
        assert self.client.post(self.url("task_delete", task.pk)).status_code == 404
        with self.assertRaisesMessage(ValidationError, "任务清单已冻结"):
            quarters.add_task(self.quarter, task.indicator, by=self.staff)
        task.refresh_from_db()
        assert task.points_1 == 25

    def test_dates_move_until_publication_and_not_after(self):
        for state, status in [("open", 200), ("review", 200), ("published", 404), ("closed", 404)]:
            self.put(state)
            with self.subTest(state):
                assert self.client.get(self.url("quarter_update")).status_code == status

    def test_it_is_put_on_file_when_the_appeals_are_over_and_not_a_second_earlier(self):
        self.put("published")
        Publication.objects.create(
            quarter=self.quarter, revision=1, at=moment("2026-10-12 17:00"), by=self.staff, digest="0"
        )
        with at("2026-10-17 23:59:59"), self.assertRaisesMessage(ValidationError, "2026-10-17 为止"):
            quarters.close_quarter(self.quarter, by=self.staff)
        with at("2026-10-18 00:00:00"):
            assert quarters.close_quarter(self.quarter, by=self.staff).state == "closed"


class UnlockTests(QuarterCase):
    state = "open"

    def unlock(self, purpose="report", hours=24, **fields):
        values = {
            "reason": "台风停电，延期补报",
            "report": None,
            "ends_at": timezone.now() + dt.timedelta(hours=hours),
            **fields,
        }
        return quarters.unlock(self.quarter, purpose=purpose, by=self.staff, **values)

    def test_each_purpose_has_its_state(self):
        for state, words in [("open", "评审中才能解锁"), ("published", "评审中才能解锁"), ("closed", "评审中才能解锁")]:
            self.put(state)
            with self.subTest(state), self.assertRaisesMessage(ValidationError, words):
                self.unlock()
        for state in ("open", "review", "closed"):
            self.put(state)
            with self.subTest(state), self.assertRaisesMessage(ValidationError, "公布以后才能解锁"):
                self.unlock("correction")

    def test_it_needs_a_reason_and_an_end_within_thirty_days(self):
        self.put("review")
        with self.assertRaisesMessage(ValidationError, "解锁必须写明原因"):
            self.unlock(reason=" ")
        for hours in (-1, 0, 24 * 30 + 1):
            with self.subTest(hours), self.assertRaisesMessage(ValidationError, "30 天以内"):
                self.unlock(hours=hours)
        stranger = make_quarter(make_scheme(make_county(), status="open"), "review").reports.first()
        with self.assertRaisesMessage(ValidationError, "不在这个季度"):
            self.unlock(report=stranger)

    def test_it_locks_again_by_itself_at_the_second(self):
        self.put("review")
        report, other = self.quarter.reports.all()[:2]
        with at("2026-10-05 09:00"):
            self.unlock(report=report, ends_at=moment("2026-10-05 18:00"))
        for text, closed in [("2026-10-05 17:59:59", False), ("2026-10-05 18:00:00", True)]:
            with self.subTest(text), at(text):
                assert bool(reports.why_closed(report)) is closed
                assert reports.why_closed(other), "another unit stays locked"
                assert bool(reports.why_closed(report, moment(text))) is closed

    def test_one_for_all_units_opens_every_report(self):
        self.put("review")
        self.unlock()
        assert [reports.why_closed(report) for report in self.quarter.reports.all()] == ["", "", ""]

    def test_the_page_unlocks_and_the_quarter_lists_who_why_and_until_when(self):
        self.put("review")
        report = self.quarter.reports.select_related("unit").first()
        ends = timezone.localtime() + dt.timedelta(days=2)
        data = {
            "purpose": "report",
            "report": report.pk,
            "reason": "停电补报",
            "ends_at": ends.strftime("%Y-%m-%dT%H:%M"),
        }
        assert self.client.post(self.url("unlock_create"), data | {"reason": ""}).status_code == 422
        self.assertContains(
            self.client.post(self.url("unlock_create"), data | {"ends_at": "2020-01-01T00:00"}),
            "30 天以内",
            status_code=422,
        )
        self.client.post(self.url("unlock_create"), data)
        page = self.client.get(self.url("quarter_detail"))
        for words in (report.unit.name, "停电补报", ends.strftime("%Y-%m-%d %H:%M"), self.staff.name):
            self.assertContains(page, words)
        assert AuditEntry.objects.filter(action="unlocked", reason="停电补报").count() == 2

    def test_only_staff_unlocks_and_others_do_not_read_the_reasons(self):
        self.put("review")
        self.unlock()
        unit = self.quarter.reports.first().unit
        self.client.force_login(make_user(role=Role.COMMITTEE, unit=unit))
        assert self.client.get(self.url("unlock_create")).status_code in {403, 404}
        self.assertNotContains(self.client.get(self.url("quarter_detail")), "台风停电")


class PageTests(QuarterCase):
    state = "open"

    def test_a_planned_quarter_is_hidden_from_units_and_an_open_one_is_not(self):
        self.client.force_login(make_user(role=Role.COMMITTEE, unit=self.quarter.reports.first().unit))
        assert self.client.get(self.url("quarter_detail")).status_code == 200
        self.put("planned")
        assert self.client.get(self.url("quarter_detail")).status_code == 404

    def test_progress_counts_submitted_reports_per_class(self):
        self.quarter.reports.filter(unit_class="2").update(status="submitted")
        progress = self.client.get(self.url("quarter_detail")).context["progress"]
        assert progress == [("Ⅰ类", 0, 1), ("Ⅱ类", 1, 1), ("Ⅲ类", 0, 1)]

    def test_list_and_page_ask_a_fixed_number_of_queries(self):
        for name, args in [
            ("quarter_list", None),
            ("quarter_detail", [self.quarter.pk]),
            ("report_list", [self.quarter.pk]),
        ]:
            url = reverse(f"assessments:{name}", args=args)
            self.client.get(url)
            with self.subTest(name), QueriesAtMost(12):
                self.client.get(url)


@pytest.mark.parametrize(
    ("number", "first", "last"),
    [
        (1, "2026-01-01", "2026-03-31"),
        (2, "2026-04-01", "2026-06-30"),
        (3, "2026-07-01", "2026-09-30"),
        (4, "2026-10-01", "2026-12-31"),
    ],
)
def test_a_quarter_knows_its_first_and_last_day(number, first, last):
    quarter = Quarter(year=2026, number=number)
    assert (str(quarter.first_day), str(quarter.last_day)) == (first, last)
