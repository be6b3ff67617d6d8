"""Requests: a number, a term in working days, every step by whom it concerns, escalation, the monthly list."""

import datetime as dt
import io
from concurrent.futures import ThreadPoolExecutor

import openpyxl
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import TestCase, TransactionTestCase
from django.urls import reverse
from django.utils import timezone

from organizations.models import Unit
from outreach.models import Holiday, Request, Support
from outreach.services.requests import accept_request, add_working_days
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.factories import (
    make_contact,
    make_county,
    make_enterprise,
    make_official,
    make_request,
    make_township,
    make_unit,
    make_user,
)
from tests.queries import QueriesAtMost

LIST, ADD, MONTHLY = (reverse(f"outreach:request_{name}") for name in ("list", "create", "monthly"))
STEPS = ("hand_over", "answer", "call_back", "close", "reopen")
DAY = dt.timedelta(1)


class RequestCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.today = timezone.localdate()
        cls.county = make_county(name="测试县")
        cls.town, cls.other = make_township(cls.county, name="甲镇"), make_township(cls.county, name="乙镇")
        cls.bureau = make_unit(cls.county, name="县经信局")
        cls.court = make_unit(cls.county, name="县司法局")
        cls.staff = make_user(Role.STAFF, cls.county)
        cls.leader = make_user(Role.LEADER, cls.county)
        cls.lead = make_user(Role.LEADER, cls.town, name="包某甲")
        cls.committee = make_user(Role.COMMITTEE, cls.town)
        cls.stranger = make_user(Role.COMMITTEE, cls.other)
        cls.body = make_user(Role.COMMITTEE, unit=cls.bureau)
        cls.wrong_body = make_user(Role.COMMITTEE, unit=cls.court)
        cls.mill = make_enterprise(cls.town, name="红星纺织公司")
        cls.quarry = make_enterprise(cls.other, name="青山采石公司")
        cls.head = make_contact(cls.town, cls.mill, name="王某丙")

    def as_(self, user):
        self.client.force_login(user)
        return self.client

    def form(self, url):
        form = self.client.get(url).context["form"]
        return {name: form[name].value() for name in form.fields if form[name].value() is not None}

    def take_in(self, **values):
        wanted = {"sides": [f"enterprise-{self.mill.pk}"], "matter": "finance", "subject": "咨询贷款贴息", **values}
        return self.client.post(ADD, {**self.form(ADD), **wanted})

    def url(self, row, step):
        return reverse(f"outreach:request_{step}", args=[row.pk])

    def do(self, row, step, **values):
        answer = self.client.get(self.url(row, step))
        assert answer.status_code == 200, (step, answer.status_code)
        form = answer.context["form"]
        shown = {name: form[name].value() for name in form.fields if form[name].value() is not None}
        answer = self.client.post(self.url(row, step), {**shown, **values})
        row.refresh_from_db()
        return answer

    def wrong(self, answer):
        assert answer.status_code == 422, answer.status_code
        return answer.context["form"].errors

    def buttons(self, row):
        return {action["label"] for action in self.client.get(row.get_absolute_url()).context["actions"]}

    def sheet_rows(self, url, **query):
        file = self.client.get(url, {**query, "export": "xlsx"})
        book = openpyxl.load_workbook(io.BytesIO(b"".join(file.streaming_content)))
        return [row for sheet in book for row in sheet.iter_rows(values_only=True)]

    def total(self, **query):
        return self.client.get(LIST, query).context["total"]

    def answered(self, **fields):
        values = {"unit": self.bureau, "state": "answered", "answered_on": self.today, "answer": "已协调银行", **fields}
        return make_request(self.mill, **values)


class WorkingDayTests(RequestCase):
    def test_a_year_that_the_notice_covers(self):
        # 2026: the holidays of the National Day are 1 to 7 October, 10 October is worked
        assert add_working_days(self.town, dt.date(2026, 9, 30), 1) == dt.date(2026, 10, 8)
        assert add_working_days(self.town, dt.date(2026, 9, 30), 3) == dt.date(2026, 10, 10)

    def test_a_year_that_nobody_has_announced_has_weekends(self):
        assert add_working_days(self.town, dt.date(2040, 1, 5), 2) == dt.date(2040, 1, 9)

    def test_the_county_s_own_days_stand_above_both(self):
        Holiday.objects.create(area=self.county, on=dt.date(2026, 10, 8), works=False, name="县里放假")
        Holiday.objects.create(area=self.county, on=dt.date(2040, 1, 7), works=True, name="调休上班")
        Holiday.objects.create(area=make_county(), on=dt.date(2026, 10, 9), works=False, name="外县放假")
        assert add_working_days(self.town, dt.date(2026, 9, 30), 1) == dt.date(2026, 10, 9)
        assert add_working_days(self.town, dt.date(2040, 1, 5), 2) == dt.date(2040, 1, 7)


class IntakeTests(RequestCase):
    def test_a_typed_name_is_enough_and_the_term_is_set(self):
        self.as_(self.committee)
        with QueriesAtMost(12):
            self.client.get(ADD)
        answer = self.take_in(sides=[], whom="红星纺织公司", days="5")
        row = Request.objects.get()
        assert answer.url == row.get_absolute_url()
        assert (row.enterprise, row.area, row.unit, row.state, row.year) == (
            self.mill,
            self.town,
            None,
            "accepted",
            self.today.year,
        )
        assert row.due_on == add_working_days(self.town, self.today, 5)
        assert row.reference == f"诉求〔{self.today.year}〕1号"
        assert [step.act for step in row.steps.all()] == ["accepted"]

    def test_the_usual_term_is_ten_working_days(self):
        self.as_(self.staff)
        self.take_in()
        assert Request.objects.get().due_on == add_working_days(self.town, self.today, 10)

    def test_numbers_run_on_by_county_and_year(self):
        make_request(make_enterprise(make_township(make_county())), number=40, year=self.today.year)
        make_request(self.mill, number=7, year=self.today.year - 1)
        self.as_(self.staff)
        self.take_in()
        self.take_in(sides=[f"enterprise-{self.quarry.pk}"])
        self.take_in(sides=[f"contact-{self.head.pk}"], accepted_on=dt.date(self.today.year - 1, 12, 30))
        mine = Request.objects.in_area(self.county).values_list("year", "number")
        last = self.today.year - 1
        assert set(mine) == {(self.today.year, 1), (self.today.year, 2), (last, 7), (last, 8)}

    def test_what_is_refused(self):
        self.as_(self.staff)
        both = [f"enterprise-{self.mill.pk}", f"enterprise-{self.quarry.pk}"]
        foreign = make_official(make_county(), name="外县干部")
        cases = [
            ({"sides": []}, "sides", "请选择一家企业"), ({"sides": both}, "sides", "且只选一个"),
            ({"subject": "电话13800138000"}, "subject", "电话号码"), ({"details": "身份证 110101199003071234"}, "details", "身份证"),
            ({"accepted_on": self.today + DAY}, "accepted_on", "不能晚于今天"), ({"days": "0"}, "days", ""), ({"days": "61"}, "days", ""),
            ({"handler": foreign.pk}, "handler", ""), ({"matter": ""}, "matter", ""),
        ]  # fmt: skip
        for values, field, words in cases:
            errors = self.wrong(self.take_in(**values))
            assert words in str(errors[field]), (field, errors)
        assert not Request.objects.exists()

    def test_a_township_finds_and_takes_in_its_own_alone(self):
        self.as_(self.committee)
        assert "重新选择" in str(self.wrong(self.take_in(sides=[f"enterprise-{self.quarry.pk}"])))
        assert "没有找到" in str(self.wrong(self.take_in(sides=[], whom="青山采石公司")))

    def test_a_restricted_contact_is_not_taken_in(self):
        self.head.restricted_on, self.head.restriction = self.today, "objected"
        self.head.save()
        self.as_(self.staff)
        assert "重新选择" in str(self.wrong(self.take_in(sides=[f"contact-{self.head.pk}"])))

    def test_a_body_takes_in_of_its_own_enterprise_and_keeps_seeing_it(self):
        own = make_enterprise(self.county, name="园区平台公司", unit=self.bureau)
        self.as_(self.body)
        self.take_in(sides=[f"enterprise-{own.pk}"])
        row = Request.objects.get()
        assert row.unit == self.bureau
        assert self.client.get(row.get_absolute_url()).status_code == 200

    def test_the_same_form_twice_makes_one(self):
        self.as_(self.staff)
        values = {**self.form(ADD), "sides": [f"enterprise-{self.mill.pk}"], "matter": "land", "subject": "用地"}
        first, second = (self.client.post(ADD, values) for _ in range(2))
        assert first.url == second.url
        assert Request.objects.count() == 1


class RoadTests(RequestCase):
    def test_from_intake_to_closing(self):
        self.as_(self.committee)
        self.take_in()
        row = Request.objects.get()
        assert self.buttons(row) == {"答复", "修改"}
        self.as_(self.staff)
        assert self.buttons(row) == {"转办", "答复", "修改"}
        self.do(row, "hand_over", unit=self.bureau.pk, words="请协调银行")
        assert (row.state, row.unit) == ("handed_over", self.bureau)
        self.as_(self.body)
        assert self.total() == 1
        with QueriesAtMost(12):
            self.client.get(row.get_absolute_url())
        assert self.buttons(row) == {"答复"}
        self.do(row, "answer", answer="已协调银行受理贴息")
        assert (row.state, row.answered_on) == ("answered", self.today)
        self.as_(self.staff)
        assert self.buttons(row) == {"回访", "重新办理", "修改"}
        self.do(row, "call_back", satisfaction="satisfied", words="企业表示感谢")
        self.do(row, "close", outcome="solved")
        assert (row.state, row.satisfaction, row.outcome, row.closed_on) == (
            "closed",
            "satisfied",
            "solved",
            self.today,
        )
        assert self.buttons(row) == {"重新办理"}
        steps = [(step.act, step.by, step.from_unit, step.to_unit) for step in row.steps.all()]
        assert steps == [
            ("accepted", self.committee, None, None), ("handed_over", self.staff, None, self.bureau),
            ("answered", self.body, self.bureau, None), ("called_back", self.staff, None, None), ("closed", self.staff, None, None),
        ]  # fmt: skip
        page = self.client.get(row.get_absolute_url()).text
        for words in ("请协调银行", "已协调银行受理贴息", "满意：企业表示感谢", "县经信局"):
            assert words in page
        trail = AuditEntry.objects.filter(model="outreach.request", object_id=str(row.pk))
        assert trail.count() == 5

    def test_a_body_hands_nothing_over_and_another_body_sees_nothing(self):
        row = make_request(self.mill, unit=self.bureau, state="handed_over")
        self.as_(self.body)
        assert self.client.get(self.url(row, "hand_over")).status_code == 403
        self.as_(self.wrong_body)
        assert self.client.get(row.get_absolute_url()).status_code == 404
        assert self.client.post(self.url(row, "answer"), {"answer": "x"}).status_code == 404
        assert self.total() == 0

    def test_a_body_does_not_rewrite_what_it_was_given(self):
        row = make_request(self.mill, unit=self.bureau, state="handed_over")
        self.as_(self.body)
        assert "由受理单位修改" in self.client.get(self.url(row, "update"), follow=True).text
        shown = {"channel": "online", "matter": "land", "subject": "改写", "reason": "x", "version": row.version}
        assert self.client.post(self.url(row, "update"), shown).status_code == 422
        patched = self.client.patch(f"/api/requests/{row.pk}/", shown, content_type="application/json")
        assert patched.status_code == 400
        assert Request.objects.get().subject == row.subject

    def test_handed_over_again_it_leaves_the_first_body(self):
        row = make_request(self.mill, unit=self.bureau, state="handed_over")
        self.as_(self.staff)
        assert self.bureau not in self.client.get(self.url(row, "hand_over")).context["form"].fields["unit"].queryset
        self.do(row, "hand_over", unit=self.court.pk)
        step = row.steps.last()
        assert (step.from_unit, step.to_unit) == (self.bureau, self.court)
        self.as_(self.body)
        assert self.client.get(row.get_absolute_url()).status_code == 404
        self.as_(self.wrong_body)
        assert self.client.get(row.get_absolute_url()).status_code == 200

    def test_it_goes_only_to_who_can_see_it(self):
        row = make_request(self.mill)
        own = make_unit(self.town, kind=Unit.Kind.TOWNSHIP, name="甲镇党委")
        far = make_unit(self.other, kind=Unit.Kind.TOWNSHIP, name="乙镇党委")
        foreign = make_unit(make_county(), name="外县工商联")
        self.as_(self.staff)
        offered = self.client.get(self.url(row, "hand_over")).context["form"].fields["unit"].queryset
        assert set(offered) == {self.bureau, self.court, own}
        for unit in (far, foreign):
            assert "unit" in self.wrong(self.do(row, "hand_over", unit=unit.pk))
        self.do(row, "hand_over", unit=own.pk)
        self.as_(self.committee)
        assert self.do(row, "answer", answer="已上门解决").status_code == 302

    def test_a_township_does_not_answer_for_the_body(self):
        row = make_request(self.mill, unit=self.bureau, state="handed_over")
        self.as_(self.committee)
        assert "答复" not in self.buttons(row)
        page = self.client.get(self.url(row, "answer"), follow=True)
        assert "由县经信局答复" in page.text
        answer = self.client.post(self.url(row, "answer"), {"answer": "我来答复", "version": row.version})
        assert answer.status_code == 422
        assert Request.objects.get().state == "handed_over"
        self.as_(self.staff)
        assert self.do(row, "answer", answer="部里代为答复").status_code == 302

    def test_a_step_in_the_wrong_state_is_refused_with_the_reason(self):
        values = {"hand_over": {"unit": self.court.pk}, "answer": {"answer": "x"}, "call_back": {"satisfaction": "not"},
                  "close": {"outcome": "solved"}, "reopen": {"reason": "x"}}  # fmt: skip
        allowed = {
            "accepted": {"hand_over", "answer"}, "handed_over": {"hand_over", "answer"}, "answered": {"call_back", "reopen"},
            "called_back": {"close", "reopen"}, "closed": {"reopen"},
        }  # fmt: skip
        self.as_(self.staff)
        for state, steps in allowed.items():
            row = self.answered(state=state, outcome="solved", closed_on=self.today)
            for step in set(STEPS) - steps:
                page = self.client.get(self.url(row, step))
                assert page.url == row.get_absolute_url(), (state, step)
                answer = self.client.post(self.url(row, step), {**values[step], "version": row.version})
                assert answer.status_code == 422, (state, step)
                assert "现在不能" in answer.text
            assert self.client.get(self.url(row, "update")).status_code == (302 if state == "closed" else 200)
            row.refresh_from_db()
            assert (row.state, row.steps.count()) == (state, 0)

    def test_what_a_step_refuses(self):
        cases = [
            (make_request(self.mill), "hand_over", {"words": "致电13800138000"}, "words"), (make_request(self.mill), "answer", {}, "answer"),
            (make_request(self.mill), "answer", {"answer": "请拨13800138000"}, "answer"), (self.answered(), "call_back", {}, "satisfaction"),
            (self.answered(), "reopen", {"reason": " "}, "reason"), (self.answered(state="called_back"), "close", {}, "outcome"),
            (make_request(self.mill), "update", {"subject": "改"}, "reason"),
            (make_request(self.mill), "update", {"reason": "x", "subject": "找13800138000"}, "subject"),
        ]  # fmt: skip
        self.as_(self.staff)
        for row, step, values, field in cases:
            state = row.state
            answer = self.do(row, step, **values)
            assert field in self.wrong(answer), (step, answer.context["form"].errors)
            assert row.state == state

    def test_a_stale_page_changes_nothing(self):
        row = self.answered(state="called_back")
        self.as_(self.staff)
        for step, values in (
            ("close", {"outcome": "solved"}),
            ("reopen", {"reason": "不满意"}),
            ("update", {"reason": "x"}),
        ):
            shown = self.form(self.url(row, step))
            answer = self.client.post(self.url(row, step), {**shown, **values, "version": row.version + 5})
            assert answer.status_code == 409, step
            del shown["version"]
            assert self.client.post(self.url(row, step), {**shown, **values, "idempotency_key": "b"}).status_code == 409
        row.refresh_from_db()
        assert (row.state, row.steps.count()) == ("called_back", 0)

    def test_reopening_keeps_the_clock_and_the_unit(self):
        due = self.today - 5 * DAY
        row = self.answered(state="closed", due_on=due, outcome="solved", closed_on=self.today, satisfaction="not")
        self.as_(self.staff)
        self.do(row, "reopen", reason="企业反映没有落实")
        assert (row.state, row.unit, row.due_on, row.reopened) == ("handed_over", self.bureau, due, 1)
        assert (row.answered_on, row.answer, row.satisfaction, row.outcome, row.closed_on) == (None, "", "", "", None)
        assert self.total(overdue="yes") == 1
        alone = self.answered(unit=None)
        self.do(alone, "reopen", reason="再问一次")
        assert alone.state == "accepted"

    def test_a_correction_asks_why_and_leaves_number_and_term(self):
        row = make_request(self.mill)
        number, due = row.number, row.due_on
        self.as_(self.committee)
        assert self.do(row, "update", subject="咨询技改补助", matter="policy", reason="事项写错").status_code == 302
        assert (row.subject, row.matter, row.number, row.due_on) == ("咨询技改补助", "policy", number, due)
        assert AuditEntry.objects.first().reason == "事项写错"

    def test_who_may_do_what(self):
        readers = {self.leader: 200, self.lead: 200, self.committee: 200, self.stranger: 404, self.staff: 200}
        row = make_request(contact=self.head)
        for user, status in readers.items():
            self.as_(user)
            assert self.client.get(row.get_absolute_url()).status_code == status, user
            assert self.total() == (status == 200)
            assert self.client.get(f"/api/requests/{row.pk}/").status_code == status
            assert ("王某丙" in self.client.get(LIST).text) == (status == 200)
        for user in (self.leader, self.lead):
            self.as_(user)
            assert self.buttons(row) == set()
            for step in STEPS:
                assert self.client.get(self.url(row, step)).status_code == 403, step
        for role in (Role.VILLAGE, Role.SYSADMIN, Role.SECADMIN, Role.AUDITOR):
            self.as_(make_user(role, self.county))
            for url in (LIST, ADD, MONTHLY, row.get_absolute_url(), reverse("outreach:holiday_list")):
                assert self.client.get(url).status_code == 403, (role, url)
        self.as_(self.committee)
        for step in ("hand_over", "call_back", "close", "reopen"):
            assert self.client.get(self.url(row, step)).status_code == 403, step

    def test_every_page_says_whose_account_it_is(self):
        self.as_(self.staff)
        row = make_request(self.mill)
        pages = [
            LIST,
            ADD,
            MONTHLY,
            row.get_absolute_url(),
            *(self.url(row, step) for step in ("hand_over", "answer", "update")),
        ]
        for url in pages:
            assert f"我的账号：{self.staff.name}" in self.client.get(url).text, url
        wrong = self.client.post(self.url(row, "answer"), {"answer": ""})
        assert f"我的账号：{self.staff.name}" in wrong.text

    def test_support_that_came_of_it_stands_on_the_page(self):
        row = self.answered()
        Support.objects.create(enterprise=self.mill, area=self.town, request=row, programme="技改补助", amount=50000)
        self.as_(self.staff)
        assert "技改补助" in self.client.get(row.get_absolute_url()).text


class OverdueTests(RequestCase):
    def setUp(self):
        self.late = make_request(self.mill, unit=self.bureau, state="handed_over", due_on=self.today - 3 * DAY)
        self.today_s = make_request(self.mill, due_on=self.today)
        self.done = self.answered(due_on=self.today - 3 * DAY)

    def escalate(self, *args):
        out = io.StringIO()
        call_command("escalate_requests", *args, stdout=out)
        return out.getvalue()

    def test_the_overdue_come_before_the_lead_once(self):
        assert "1 requests escalated" in self.escalate()
        self.late.refresh_from_db()
        assert self.late.escalated_on == self.today
        step = self.late.steps.get()
        assert (step.act, step.by, step.words) == ("escalated", None, "逾期 3 天未答复，提请包片领导包某甲督办")
        entry = AuditEntry.objects.filter(model="outreach.request").first()
        assert "逾期 3 天未答复" in entry.sentence
        assert "0 requests escalated" in self.escalate()
        assert (self.late.steps.count(), self.done.steps.count(), self.today_s.steps.count()) == (1, 0, 0)

    def test_one_that_was_reopened_comes_before_the_lead_again(self):
        self.escalate()
        self.as_(self.body)
        self.do(self.late, "answer", answer="已办")
        self.as_(self.staff)
        self.do(self.late, "reopen", reason="没有落实")
        assert "1 requests escalated" in self.escalate()
        acts = list(self.late.steps.values_list("act", flat=True))
        assert acts == ["escalated", "answered", "reopened", "escalated"]

    def test_the_lead_sees_it_and_a_lead_elsewhere_does_not(self):
        self.escalate()
        self.as_(self.lead)
        assert self.total(escalated="yes") == 1
        assert "提请包片领导包某甲督办" in self.client.get(self.late.get_absolute_url()).text
        self.as_(make_user(Role.LEADER, self.other))
        assert self.total(escalated="yes") == 0

    def test_where_no_lead_has_the_township_the_county_s_leader_is_named(self):
        row = make_request(self.quarry, due_on=self.today - DAY)
        self.escalate()
        assert self.leader.name in row.steps.get().words

    def test_a_day_in_the_future_is_refused(self):
        with pytest.raises(CommandError, match="future"):
            self.escalate("--on", str(self.today + DAY))
        assert not Request.objects.filter(escalated_on__isnull=False).exists()

    def test_the_page_open_since_before_is_stale(self):
        self.as_(self.body)
        shown = self.form(self.url(self.late, "answer"))
        self.escalate()
        assert self.client.post(self.url(self.late, "answer"), {**shown, "answer": "已办"}).status_code == 409

    def test_overdue_is_red_in_the_list(self):
        self.as_(self.staff)
        table = self.client.get(LIST, {"overdue": "yes"}).context["table"]
        cells = {cell.label: cell for cell in next(table.rows).cells}
        assert (cells["办理期限"].tone, cells["办理期限"].value) == ("red", f"{self.late.due_on} 逾期 3 天")
        assert "已超过办理期限" in self.client.get(self.late.get_absolute_url()).text


class ListTests(RequestCase):
    def test_filters_stand_in_the_address(self):
        row = make_request(self.mill, number=12, channel="online", matter="land", subject="厂房用地", unit=self.bureau, state="handed_over",
                           accepted_on=dt.date(2026, 3, 2))  # fmt: skip
        make_request(self.quarry, number=13, accepted_on=dt.date(2026, 4, 2))
        self.as_(self.staff)
        queries = [
            {"state": "handed_over"}, {"unit": self.bureau.pk}, {"channel": "online"}, {"matter": "land"}, {"year": 2026, "month": 3},
            {"area": self.town.pk}, {"q": "厂房"}, {"q": "诉求〔2026〕12号"}, {"q": "hongxing"}, {"enterprise": self.mill.pk},
        ]  # fmt: skip
        for query in queries:
            with QueriesAtMost(12):
                page = self.client.get(LIST, query)
            assert page.context["total"] == 1, query
            assert row.reference in page.text
        assert self.total() == 2
        assert self.total(unit="null") == 1
        assert self.total(escalated="yes") == 0

    def test_the_export_is_what_the_list_shows(self):
        make_request(self.mill, subject="厂房用地")
        make_request(self.quarry)
        self.as_(self.committee)
        text = str(self.sheet_rows(LIST))
        assert "厂房用地" in text
        assert "红星纺织公司" in text
        assert "青山采石公司" not in text


class MonthlyTests(RequestCase):
    def setUp(self):
        month = {"accepted_on": dt.date(2026, 3, 2), "due_on": dt.date(2026, 3, 13)}
        self.answered(**month, answered_on=dt.date(2026, 3, 13), satisfaction="satisfied", state="called_back")
        solved = self.answered(
            **month, answered_on=dt.date(2026, 3, 16), state="closed", closed_on=dt.date(2026, 3, 20), outcome="solved"
        )
        for amount in ("150000", "50000.50"):
            Support.objects.create(
                enterprise=self.mill, area=self.town, request=solved, programme="技改补助", amount=amount
            )
        make_request(self.mill, unit=self.bureau, state="handed_over", **month)
        make_request(self.quarry, **month)
        make_request(
            self.mill,
            unit=self.court,
            state="handed_over",
            accepted_on=dt.date(2026, 4, 1),
            due_on=dt.date(2026, 4, 15),
        )
        make_request(
            self.mill,
            unit=self.court,
            state="handed_over",
            accepted_on=dt.date(2025, 3, 1),
            due_on=dt.date(2025, 4, 15),
        )

    def lines(self, **query):
        page = self.client.get(MONTHLY, query)
        return {row.obj.label: [cell.value for cell in row.cells[1:]] for row in page.context["table"].rows}, page

    def test_the_figures(self):
        self.as_(self.staff)
        with QueriesAtMost(12):
            lines, _ = self.lines(year=2026, month=3)
        assert lines == {
            "未转办": ["1", "0", "0", "1", "1", "0", "0", "0.00"],
            "县经信局": ["3", "1", "1", "2", "1", "1", "1", "200,000.50"],
            "合计": ["4", "1", "1", "3", "2", "1", "1", "200,000.50"],
        }

    def test_every_number_opens_a_list_of_as_many(self):
        for user in (self.staff, self.committee, self.body, self.leader):
            self.as_(user)
            for query in (
                {"year": 2026, "month": 3},
                {"year": 2026},
                {"year": "", "month": ""},
                {"year": 2026, "area": self.town.pk},
            ):
                if user == self.body and "area" in query:
                    continue
                _, page = self.lines(**query)
                rows = [row.cells for row in page.context["table"].rows]
                links = [(cell.url, cell.value) for cells in rows for cell in cells[1:-1]]
                links += [
                    (cells[-1].url, "0" if cells[-1].value == "0.00" else "1") for cells in rows
                ]  # of one request
                assert any(url for url, _ in links)
                for url, number in links:
                    assert bool(url) == (number != "0")
                    if url:
                        found = self.client.get(url)
                        assert found.context["total"] == int(number), (user, url)
                        assert not found.context["filterset"].form.errors

    def test_the_running_month_is_shown_first_and_an_empty_one_says_so(self):
        row = make_request(self.mill, accepted_on=self.today, due_on=self.today + 9 * DAY)
        self.as_(self.staff)
        lines, page = self.lines()
        assert lines["合计"][0] == "1"
        assert row.accepted_on.month == int(page.context["filterset"].form["month"].value())
        assert "没有受理诉求" in self.lines(year=2026, month=12)[1].text

    def test_it_is_exported(self):
        self.as_(self.staff)
        rows = [row for row in self.sheet_rows(MONTHLY, year=2026, month=3) if row[0] == "县经信局"]
        assert rows == [("县经信局", 3, 1, 1, 2, 1, 1, 1, 200000.5)]


class ApiTests(RequestCase):
    def send(self, method, url, **values):
        return getattr(self.client, method)(url, values, content_type="application/json")

    def test_create_read_change(self):
        self.as_(self.committee)
        made = self.send("post", "/api/requests/", enterprise=self.mill.pk, matter="land", subject="厂房用地", days=3)
        assert made.status_code == 201, made.json()
        row = Request.objects.get()
        data = made.json()
        assert (data["reference"], data["due_on"]) == (row.reference, str(add_working_days(self.town, self.today, 3)))
        assert [step["act"] for step in data["steps"]] == ["accepted"]
        url = f"/api/requests/{row.pk}/"
        changed = self.send("patch", url, version=row.version, subject="厂房用地手续", reason="更正")
        assert changed.status_code == 200, changed.json()
        assert self.send("patch", url, version=row.version, subject="x", reason="更正").status_code == 409
        row.refresh_from_db()
        assert row.subject == "厂房用地手续"
        assert self.client.get("/api/requests/", {"matter": "land"}).json()["count"] == 1

    def test_what_is_refused(self):
        self.as_(self.committee)
        row = make_request(self.mill)
        url = f"/api/requests/{row.pk}/"
        good = {"enterprise": self.mill.pk, "matter": "land", "subject": "厂房"}
        bad = [
            {**good, "subject": "电话13800138000"}, {**good, "enterprise": self.quarry.pk}, {**good, "contact": self.head.pk},
            {"matter": "land", "subject": "x"},

            {**good, "days": 0}, {**good, "accepted_on": str(self.today + DAY)},
        ]  # fmt: skip
        for values in bad:
            answer = self.send("post", "/api/requests/", **values)
            assert answer.status_code == 400, (values, answer.json())
        assert self.send("patch", url, version=row.version, subject="改").status_code == 400
        assert (
            self.send("patch", url, version=row.version, reason="x", contact=self.head.pk, enterprise=None).status_code
            == 400
        )
        self.send("patch", url, version=row.version, reason="x", state="closed", number=99)
        stored = Request.objects.get()
        assert (stored.state, stored.number, stored.contact) == ("accepted", row.number, None)
        done = self.answered(state="closed", outcome="solved", closed_on=self.today)
        answer = self.send("patch", f"/api/requests/{done.pk}/", version=done.version, reason="x", subject="改")
        assert answer.status_code == 400
        self.as_(self.leader)
        assert self.send("post", "/api/requests/", **good).status_code == 403


class NumberTests(TransactionTestCase):
    def test_eight_at_once_get_eight_numbers_in_a_row(self):
        town = make_township(make_county())
        mill, staff = make_enterprise(town), make_user(Role.STAFF, town.parent)

        def take_in(_):
            try:
                return accept_request(Request(enterprise=mill, matter="land", subject="用地"), by=staff).number
            finally:
                connection.close()

        with ThreadPoolExecutor(8) as pool:
            numbers = sorted(pool.map(take_in, range(8)))
        assert numbers == list(range(1, 9))
