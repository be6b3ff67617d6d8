"""Self-reports: drafts kept as typed, what is missing, handing in, what comes back; who sees what and when."""

import datetime as dt
from decimal import Decimal

from django.core.exceptions import PermissionDenied, ValidationError
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from assessments.models import Indicator, Quarter, SelfReportItem, Unlock
from assessments.services import quarters, reports
from assessments.services.reviews import return_items
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from portal.kit.models import StaleVersionError
from tests.assessments.boards import make_board
from tests.clock import at, moment
from tests.factories import make_county, make_quarter, make_scheme, make_user
from tests.queries import QueriesAtMost
from tests.uploads import pdf

DAY = dt.date(2026, 9, 20)
FULL = [
    {"done_on": DAY, "points": Decimal("24.5"), "note": "开会一次"},
    {"done_on": DAY, "count": 2, "points": Decimal(6)},
    {"done_on": DAY, "achieved": Decimal(8), "target": Decimal(10), "points": Decimal(20)},
]


class ReportCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county()
        cls.staff = make_user(role=Role.STAFF, area=cls.county)
        cls.quarter = make_quarter(make_scheme(cls.county, status="open"))
        cls.report, cls.other = cls.quarter.reports.select_related("unit__area", "quarter")[:2]
        cls.tasks = list(cls.quarter.tasks.select_related("indicator"))
        cls.committee = make_user(role=Role.COMMITTEE, unit=cls.report.unit)
        cls.neighbour = make_user(role=Role.COMMITTEE, unit=cls.other.unit)

    def setUp(self):
        self.client.force_login(self.committee)

    def put(self, state):
        Quarter.objects.filter(pk=self.quarter.pk).update(state=state)
        self.report.refresh_from_db()
        self.report.quarter.refresh_from_db()

    def save(self, number, expected=None, **values):
        return reports.save_item(self.report, self.tasks[number], values, by=self.committee, expected=expected)

    def fill(self):
        for number, values in enumerate(FULL):
            self.save(number, **values)

    def submit(self):
        return reports.submit_report(self.report, by=self.committee)

    def item(self, number):
        return SelfReportItem.objects.get(report=self.report, task=self.tasks[number])

    def url(self, name="report_detail", *args):
        return reverse(f"assessments:{name}", args=[self.report.pk, *args])

    def type(self, number, version="", **fields):
        """What the page sends as one types."""
        task = self.tasks[number].pk
        data = {f"t{task}-{name}": value for name, value in {"version": version, **fields}.items()}
        return self.client.post(self.url("report_item", task), data, headers={"X-Requested-With": "fetch"})


class DraftTests(ReportCase):
    def test_a_draft_keeps_what_was_typed_and_blank_is_never_zero(self):
        item = self.save(0, points=Decimal(0), note="", done_on=None)
        assert (item.points, item.done_on, item.version) == (0, None, 1)
        assert self.save(0, points=None).points is None
        entry = AuditEntry.objects.filter(model="assessments.selfreportitem").first()
        assert "自评得分 由 0 改为 空" in entry.sentence
        assert self.item(0).version == 2

    def test_saving_the_same_again_writes_nothing(self):
        self.save(0, **FULL[0])
        before = AuditEntry.objects.count()
        self.save(0, **FULL[0])
        self.save(1, done_on=None, note="")
        assert AuditEntry.objects.count() == before and self.item(0).version == 1
        assert not SelfReportItem.objects.filter(task=self.tasks[1]).exists()

    def test_only_the_fields_of_the_method_are_taken(self):
        item = self.save(0, points=Decimal(1), count=9, achieved=Decimal(9), status="submitted")
        assert (item.count, item.achieved, item.status) == (None, None, "draft")
        assert self.save(3, points=Decimal(25), note="已核对").points is None, (
            "a measured task is not scored by its unit"
        )

    def test_points_lie_between_0_and_the_tasks_maximum_with_two_decimals(self):
        for value, words in [("25.01", "满分 25"), ("-1", ""), ("1.005", "")]:
            with self.subTest(value), self.assertRaises(ValidationError) as caught:
                self.save(0, points=Decimal(value))
            assert "points" in caught.exception.error_dict and words in str(caught.exception)
        assert self.save(0, points=Decimal("25.00")).points == 25

    def test_the_last_second_of_today_is_today_and_tomorrow_is_not(self):
        tomorrow = dt.date(2026, 9, 21)
        with at("2026-09-20 23:59:59"), self.assertRaisesMessage(ValidationError, "不能晚于今天"):
            self.save(0, done_on=tomorrow)
        with at("2026-09-21 00:00:00"):
            assert self.save(0, done_on=tomorrow).done_on == tomorrow

    def test_a_day_may_lie_a_month_before_the_quarter_and_no_earlier(self):
        assert self.save(0, done_on=dt.date(2026, 5, 31)).done_on == dt.date(2026, 5, 31)
        with self.assertRaisesMessage(ValidationError, "不早于 2026-05-31"):
            self.save(0, done_on=dt.date(2026, 5, 30))

    def test_numbers_and_notes_have_their_bounds(self):
        for number, values, name in [
            (1, {"count": -1}, "count"), (2, {"target": Decimal(0)}, "target"), (2, {"achieved": Decimal(-1)}, "achieved"),
            (0, {"note": "长" * 2001}, "note"), (0, {"note": "倒\u202e序"}, "note"),
        ]:  # fmt: skip
            with self.subTest(name), self.assertRaises(ValidationError) as caught:
                self.save(number, **values)
            assert name in caught.exception.error_dict
        assert len(self.save(0, note="长" * 2000).note) == 2000

    def test_a_task_that_is_not_the_units_own_is_refused(self):
        stranger = make_quarter(make_scheme(make_county(), status="open")).tasks.first()
        with self.assertRaisesMessage(ValidationError, "不适用于本单位"):
            reports.save_item(self.report, stranger, {"note": "甲"}, by=self.committee)
        self.tasks[0].points_1 = None
        self.tasks[0].save()
        with self.assertRaisesMessage(ValidationError, "不适用于本单位"):
            self.save(0, note="甲")

    def test_a_stale_version_is_refused_and_shows_theirs(self):
        self.save(0, expected=0, points=Decimal(20))
        for expected in (0, 2):
            with self.subTest(expected), self.assertRaises(StaleVersionError) as caught:
                self.save(0, expected=expected, points=Decimal(21))
            assert caught.exception.stored.points == 20
        assert self.item(0).points == 20

    def test_a_retry_after_a_lost_answer_is_no_conflict_and_writes_nothing(self):
        self.save(0, expected=0, **FULL[0])
        before = AuditEntry.objects.count()
        assert self.save(0, expected=0, **FULL[0]).version == 1
        assert AuditEntry.objects.count() == before

    def test_nobody_but_the_unit_writes(self):
        for user in (self.neighbour, self.staff, make_user()):
            with self.subTest(str(user)), self.assertRaises(PermissionDenied):
                reports.save_item(self.report, self.tasks[0], {"note": "甲"}, by=user)
        assert not SelfReportItem.objects.exists()


class SubmitTests(ReportCase):
    def test_what_is_missing_is_listed_in_the_order_of_the_page(self):
        self.save(0, done_on=DAY)
        Indicator.objects.filter(number=2).update(evidence_required=True)
        words = {task.indicator.name: what for task, what in reports.missing(self.report)}
        assert list(words.items()) == [
            ("指标1", "自评得分"), ("指标2", "完成日期、次（处）数、自评得分、佐证材料"), ("指标3", "完成日期、完成数、应完成数、自评得分"),
        ]  # fmt: skip
        with self.assertRaises(ValidationError) as caught:
            self.submit()
        assert caught.exception.messages[0] == "指标1：缺自评得分"

    def test_a_required_file_that_was_removed_is_missing_again(self):
        Indicator.objects.filter(number=1).update(evidence_required=True)
        self.fill()
        evidence = reports.attach_evidence(self.report, self.tasks[0], pdf(), by=self.committee)
        assert reports.missing(self.report) == []
        reports.remove_evidence(evidence, by=self.committee)
        assert [what for _, what in reports.missing(self.report)] == ["佐证材料"]

    def test_handing_in_locks_every_item(self):
        self.fill()
        report = self.submit()
        assert (report.status, report.submitted_by) == ("submitted", self.committee)
        assert set(report.items.values_list("status", flat=True)) == {"submitted"}
        with self.assertRaisesMessage(ValidationError, "自评已提交"):
            self.save(0, note="再改")
        with self.assertRaisesMessage(ValidationError, "自评已提交"):
            self.submit()

    def test_each_state_lets_in_what_it_should(self):
        self.fill()
        for state, words in [("review", "自评已截止"), ("published", "自评不能再修改"), ("closed", "自评不能再修改")]:
            self.put(state)
            for act in (self.submit, lambda: self.save(0, note="再改")):
                with self.subTest(state), self.assertRaisesMessage(ValidationError, words):
                    act()

    def test_in_review_only_returned_items_open_and_only_they_are_asked_for(self):
        self.fill()
        self.save(2, achieved=None)  # never finished, and the deadline came
        self.put("review")
        return_items(self.report, [self.tasks[0]], reason="缺签到表", by=self.staff)
        self.report.refresh_from_db()
        with self.assertRaisesMessage(ValidationError, "自评已截止"):
            self.save(2, achieved=Decimal(8))
        self.save(0, points=None)
        with self.assertRaises(ValidationError) as caught:
            self.submit()
        assert caught.exception.messages == ["指标1：缺自评得分"]
        self.save(0, points=Decimal(20), note="已补签到表")
        assert self.submit().status == "submitted"
        assert (self.item(0).status, self.item(2).status) == ("submitted", "draft")
        with self.assertRaisesMessage(ValidationError, "自评已截止"):
            self.save(0, note="再改")

    def test_a_returned_report_cannot_be_handed_in_after_publication(self):
        self.fill()
        self.put("review")
        return_items(self.report, [self.tasks[0]], reason="缺签到表", by=self.staff)
        self.put("published")
        for act in (self.submit, lambda: self.save(0, note="再改")):
            with self.assertRaisesMessage(ValidationError, "自评不能再修改"):
                act()

    def test_an_unlock_opens_the_whole_report_until_its_end(self):
        self.fill()
        self.put("review")
        with at("2026-10-05 09:00"):
            quarters.unlock(
                self.report.quarter, purpose=Unlock.Purpose.REPORT, report=self.report, reason="停电",
                ends_at=moment("2026-10-05 18:00"), by=self.staff,
            )  # fmt: skip
        with at("2026-10-05 17:59:59"):
            self.save(0, note="补报")
            assert self.submit().status == "submitted"
        with at("2026-10-05 18:00:00"), self.assertRaisesMessage(ValidationError, "自评已截止"):
            self.save(0, note="再补")

    def test_a_page_opened_before_the_deadline_does_not_get_past_it(self):
        stale = self.report
        assert stale.quarter.state == "open"
        Quarter.objects.filter(pk=self.quarter.pk).update(state="review")
        with self.assertRaisesMessage(ValidationError, "自评已截止"):
            reports.save_item(stale, self.tasks[0], {"note": "甲"}, by=self.committee)


class TypedTests(ReportCase):
    def test_typing_is_saved_and_answered_with_version_and_time(self):
        answer = self.type(0, points="５．５", note="开会")
        assert answer.status_code == 200
        data = answer.json()
        assert data["version"] == 1 and len(data["saved_at"]) == 8
        assert self.type(0, "1", points="6", note="开会").json()["version"] == 2
        assert (self.item(0).points, self.item(0).note) == (6, "开会")

    def test_what_is_right_is_kept_beside_what_is_wrong(self):
        answer = self.type(0, points="三十", done_on="2026-09-20", note="开会一次")
        task = self.tasks[0].pk
        assert answer.status_code == 422
        assert list(answer.json()["errors"]) == [f"t{task}-points"] and answer.json()["version"] == 1
        assert (self.item(0).note, self.item(0).done_on, self.item(0).points) == ("开会一次", DAY, None)
        answer = self.type(0, "1", points="20", done_on="2030-01-01", note="开会两次")
        assert list(answer.json()["errors"]) == [f"t{task}-done_on"]
        assert (self.item(0).note, self.item(0).points, self.item(0).done_on) == ("开会两次", 20, DAY)

    def test_a_conflict_shows_both_values_and_overwrites_nothing(self):
        self.type(0, points="20", note="甲")
        answer = self.type(0, points="21", note="乙")
        assert answer.status_code == 409
        data = answer.json()
        assert data["theirs"]["points"] == "20" and data["theirs"]["note"] == "甲" and data["version"] == 1
        assert self.item(0).points == 20
        assert self.type(0, "1", points="21", note="乙").status_code == 200, "saved again knowingly, mine counts"

    def test_a_closed_report_answers_with_the_reason(self):
        self.put("review")
        answer = self.type(0, note="甲")
        assert answer.status_code == 423 and "自评已截止" in answer.json()["message"]

    def test_an_expired_log_in_is_answered_and_the_text_can_be_sent_again(self):
        self.client.logout()
        assert self.type(0, note="甲").status_code in {302, 401, 403}
        self.client.force_login(self.committee)
        assert self.type(0, note="甲").status_code == 200


class PageTests(ReportCase):
    def data(self, **more):
        """The whole page's form as a browser without script posts it."""
        data = {"idempotency_key": more.pop("key", "k1")}
        for number, values in enumerate([*FULL, {"note": ""}]):
            for name, value in {"version": "", "note": "", **values}.items():
                data[f"t{self.tasks[number].pk}-{name}"] = str(value)
        return data | more

    def test_the_page_works_without_script_from_draft_to_submission(self):
        page = self.client.get(self.url())
        self.assertContains(page, "组织建设")
        self.assertContains(page, "还差 3 项")
        self.assertRedirects(self.client.post(self.url(), self.data()), self.url())
        assert self.item(0).points == Decimal("24.5") and self.item(2).target == 10
        assert self.item(0).version == 1
        page = self.client.get(self.url())
        self.assertContains(page, "已填完，可以提交")
        form = {
            field.html_name: field.value()
            for group in page.context["groups"]
            for line in group[1]
            for field in line.form
        }
        data = {name: "" if value is None else str(value) for name, value in form.items()}
        before = AuditEntry.objects.count()
        self.client.post(self.url(), data)
        assert AuditEntry.objects.count() == before, "a page sent back as it came changes nothing"
        self.assertRedirects(self.client.post(self.url("report_submit"), data), self.url())
        self.report.refresh_from_db()
        assert self.report.status == "submitted"
        self.assertNotContains(self.client.get(self.url()), "保存草稿")

    def test_submitting_saves_first_and_lists_what_is_missing_with_links(self):
        data = self.data(**{f"t{self.tasks[1].pk}-count": ""})
        page = self.client.post(self.url("report_submit"), data, follow=True)
        self.assertContains(page, "还不能提交：有 1 项没有填完")
        self.assertContains(page, f'<a href="#task-{self.tasks[1].pk}">指标2</a>：次（处）数')
        assert self.item(0).points == Decimal("24.5") and self.item(1).points == 6
        self.report.refresh_from_db()
        assert self.report.status == "draft"

    def test_wrong_entries_stay_in_their_fields_and_the_rest_is_saved(self):
        answer = self.client.post(self.url(), self.data(**{f"t{self.tasks[0].pk}-points": "九十"}))
        self.assertContains(answer, 'value="九十"', status_code=422)
        self.assertContains(answer, "有 1 项没有保存", status_code=422)
        assert self.item(0).note == "开会一次" and self.item(1).count == 2

    def test_a_stale_page_shows_theirs_and_keeps_mine(self):
        self.save(0, points=Decimal(3), note="对方的话")
        answer = self.client.post(self.url(), self.data())
        self.assertContains(answer, "对方的话", status_code=422)
        self.assertContains(answer, 'value="24.5"', status_code=422)
        assert self.item(0).points == 3

    def test_one_task_a_screen_walks_through_all_of_them(self):
        first, second, last = self.tasks[0], self.tasks[1], self.tasks[3]
        page = self.client.get(self.url("report_item", first.pk))
        for words in ("第 1 项，共 4 项", "保存，下一项", 'capture="environment"'):
            self.assertContains(page, words)
        self.assertNotContains(page, "上一项")
        data = {f"t{first.pk}-{name}": str(value) for name, value in FULL[0].items()}
        answer = self.client.post(self.url("report_item", first.pk), data)
        self.assertRedirects(answer, self.url("report_item", second.pk))
        self.assertContains(self.client.get(self.url("report_item", second.pk)), self.url("report_item", first.pk))
        page = self.client.get(self.url("report_item", last.pk))
        self.assertContains(page, "保存，回到全部")
        data = {f"t{last.pk}-note": "已核对"}
        self.assertRedirects(self.client.post(self.url("report_item", last.pk), data), self.url())
        assert self.client.get(self.url("report_item", 999999)).status_code == 404

    def test_staff_and_leaders_read_and_do_not_write(self):
        self.save(0, **FULL[0])
        for user in (self.staff, make_user(role=Role.LEADER, area=self.county)):
            self.client.force_login(user)
            page = self.client.get(self.url())
            self.assertContains(page, "24.5")
            self.assertNotContains(page, "<textarea")
            for name in ("report_detail", "report_submit"):
                assert self.client.post(self.url(name), self.data()).status_code == 403
            assert self.type(0, "1", points="1").status_code == 403
        assert self.item(0).points == Decimal("24.5")

    def test_a_neighbour_finds_nothing(self):
        self.client.force_login(self.neighbour)
        for name, args in [("report_detail", []), ("report_item", [self.tasks[0].pk])]:
            assert self.client.get(self.url(name, *args)).status_code == 404
            assert self.client.post(self.url(name, *args), self.data()).status_code == 404
        assert self.client.post(self.url("report_submit")).status_code == 404
        listed = self.client.get(reverse("assessments:report_list", args=[self.quarter.pk]))
        self.assertContains(listed, self.other.unit.name)
        self.assertNotContains(listed, self.report.unit.name)

    def test_scores_are_shown_after_publication_and_not_before(self):
        board = make_board(units=1)
        report = board.reports[0]
        report.scores.update(status="scored", points=Decimal("13.37"), given=Decimal("13.37"))
        self.client.force_login(make_user(role=Role.COMMITTEE, unit=report.unit))
        page = self.client.get(report.get_absolute_url())
        self.assertNotContains(page, "13.37")
        self.assertNotContains(page, "得分明细单")

    def test_returned_items_are_named_with_the_reason_and_alone_can_be_written(self):
        self.fill()
        self.submit()
        self.put("review")
        return_items(self.report, [self.tasks[0]], reason="缺签到表", by=self.staff)
        page = self.client.get(self.url())
        self.assertContains(page, "缺签到表")
        self.assertContains(page, f'name="t{self.tasks[0].pk}-points"')
        self.assertNotContains(page, f'name="t{self.tasks[1].pk}-points"')
        self.client.post(self.url(), self.data())
        assert self.item(1).version == 1, "a field that was not on the page is not taken from a forged form"

    def test_progress_counts_what_the_unit_itself_answers(self):
        self.fill()
        self.client.force_login(self.staff)
        page = self.client.get(reverse("assessments:report_list", args=[self.quarter.pk]))
        self.assertContains(page, "3 / 3")
        self.assertContains(page, "0 / 3")
        page = self.client.get(reverse("assessments:report_list", args=[self.quarter.pk]), {"unit_class": "2"})
        assert [row.pk for row in page.context["page_obj"]] == [self.other.pk]

    def test_the_menus_door_leads_to_ones_own_newest_report(self):
        url = reverse("assessments:report_latest")
        self.assertRedirects(self.client.get(url), self.url())
        self.client.force_login(self.staff)
        self.assertRedirects(self.client.get(url), reverse("assessments:report_list", args=[self.quarter.pk]))


class SizeTests(TestCase):
    def test_twenty_tasks_and_sixty_units_ask_a_fixed_number_of_queries(self):
        county = make_county()
        scheme = make_scheme(county, status="open", units=20)
        for number in range(5, 21):
            Indicator.objects.create(
                scheme=scheme, number=number, category="甲", name=f"任务{number}", criteria="按要求", points_1=1
            )
        quarter = make_quarter(scheme)
        report = quarter.reports.select_related("unit__area").filter(unit_class="1").first()
        committee = make_user(role=Role.COMMITTEE, unit=report.unit)
        for task in quarter.tasks.select_related("indicator"):
            reports.save_item(report, task, {"note": "已完成", "done_on": timezone.localdate()}, by=committee)
            reports.attach_evidence(report, task, pdf(), by=committee)
        staff = make_user(role=Role.STAFF, area=county)
        for user, url, limit in [
            # One query above the lists': the quarter's one measured task asks its register.
            (committee, report.get_absolute_url(), 13),
            (committee, reverse("assessments:report_item", args=[report.pk, quarter.tasks.first().pk]), 12),
            (staff, report.get_absolute_url(), 13),
            (staff, reverse("assessments:report_list", args=[quarter.pk]), 12),
        ]:
            self.client.force_login(user)
            self.client.get(url)
            with self.subTest(url=url, user=str(user)), QueriesAtMost(limit):
                assert self.client.get(url).status_code == 200
