"""Visits: entered once for several people and sides, notes shown to whom they concern, what is due, who was not seen."""

import datetime as dt
import io

import openpyxl
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from outreach.models import Official, Rhythm, Visit
from outreach.services.visits import NOT_SHOWN, before, due_visits, months_between, not_seen
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.factories import (
    make_contact,
    make_county,
    make_enterprise,
    make_official,
    make_organization,
    make_pairing,
    make_township,
    make_user,
    make_visit,
)
from tests.queries import QueriesAtMost

LIST, ADD, UNSEEN = (reverse(f"outreach:visit_{name}") for name in ("list", "create", "unseen"))
SECRET = "反映厂房漏水的情况"


class VisitCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county(name="测试县")
        cls.town, cls.other = make_township(cls.county, name="甲镇"), make_township(cls.county, name="乙镇")
        cls.staff = make_user(Role.STAFF, cls.county)
        cls.second = make_user(Role.STAFF, cls.county)
        cls.leader = make_user(Role.LEADER, cls.county)
        cls.committee = make_user(Role.COMMITTEE, cls.town)
        cls.stranger = make_user(Role.COMMITTEE, cls.other)
        cls.vice = make_official(cls.county, name="李某甲", user=cls.leader)
        cls.clerk = make_official(cls.town, name="赵某乙")
        cls.mill = make_enterprise(cls.town, name="红星纺织公司")
        cls.quarry = make_enterprise(cls.other, name="青山采石公司")
        cls.head = make_contact(cls.town, cls.mill, name="王某丙")

    def as_(self, user):
        self.client.force_login(user)
        return self.client

    def form(self, url=ADD):
        form = self.client.get(url).context["form"]
        return {name: form[name].value() for name in form.fields if form[name].value() is not None}

    def enter(self, url=ADD, **values):
        return self.client.post(url, {**self.form(url), **values})

    def wrong(self, answer):
        assert answer.status_code == 422, answer.status_code
        return answer.context["form"].errors


class EntryTests(VisitCase):
    def test_the_form_knows_who_and_when_and_takes_a_typed_name(self):
        self.as_(self.leader)
        values = self.form()
        assert values["officials"] == [self.vice.pk]
        assert values["on"] == timezone.localdate()
        answer = self.enter(whom="红星纺织公司", raised=SECRET)
        visit = Visit.objects.get()
        assert answer.url == visit.get_absolute_url()
        assert list(visit.enterprises.all()) == [self.mill]
        assert (visit.state, visit.by, visit.area, visit.raised) == ("done", self.leader, self.town, SECRET)

    def test_the_last_used_officials_are_preset_for_who_is_none(self):
        make_visit(self.mill, [self.clerk], by=self.committee)
        self.as_(self.committee)
        assert self.form()["officials"] == [self.clerk.pk]

    def test_a_joint_visit_is_one_row_and_counts_once_for_each(self):
        council = make_organization(self.town, name="甲镇商会")
        self.as_(self.staff)
        sides = [f"enterprise-{self.mill.pk}", f"enterprise-{self.quarry.pk}", f"organization-{council.pk}"]
        self.enter(officials=[self.vice.pk, self.clerk.pk], sides=sides)
        visit = Visit.objects.get()
        assert visit.area == self.county
        for query in (f"official={self.vice.pk}", f"official={self.clerk.pk}", f"enterprise={self.mill.pk}", "q=公司"):
            assert self.client.get(f"{LIST}?{query}").context["total"] == 1, query

    def test_a_name_that_fits_several_asks_which_and_finds_by_pinyin_without_scripts(self):
        make_enterprise(self.town, name="红星食品公司")
        self.as_(self.committee)
        answer = self.enter(whom="红星", officials=[self.clerk.pk])
        assert "有 2 个" in str(self.wrong(answer))
        assert "红星食品公司" in answer.text
        page = self.client.post(ADD, {**self.form(), "whom": "hongxing", "find": "1", "raised": SECRET})
        assert page.status_code == 200
        assert {name for _, name, _, _ in page.context["form"].choices} == {"红星纺织公司", "红星食品公司"}
        assert SECRET in page.text
        assert not Visit.objects.exists()

    def test_nobody_of_another_township_is_found_or_taken(self):
        self.as_(self.committee)
        assert "没有找到" in self.client.get(reverse("outreach:visit_whom"), {"whom": "青山"}).text
        answer = self.enter(officials=[self.clerk.pk], sides=[f"enterprise-{self.quarry.pk}"])
        assert "重新选择" in str(self.wrong(answer))
        assert "红星纺织公司" in self.client.get(reverse("outreach:visit_whom"), {"whom": "红星"}).text

    def test_what_is_refused(self):
        self.as_(self.staff)
        mine = {"officials": [self.clerk.pk], "sides": [f"enterprise-{self.mill.pk}"]}
        tomorrow = timezone.localdate() + dt.timedelta(1)
        alone = {**mine, "sides": [f"contact-{self.head.pk}"]}
        cases = [
            ({"sides": mine["sides"], "officials": []}, "officials", "请选择走访干部"),
            ({"officials": mine["officials"]}, "sides", "请选择走访的"),
            ({**mine, "on": tomorrow}, "on", "不能晚于今天"),
            ({**mine, "raised": "电话13800138000"}, "raised", "电话号码"),
            ({**mine, "promised": "x", "state": "planned", "on": tomorrow}, "promised", "走访以后再填写"),
            ({**alone, "raised": "个人困难"}, "raised", "不记录个人谈话内容"),
            ({**mine, "next_on": timezone.localdate()}, "next_on", "晚于这次走访"),
        ]
        for values, field, words in cases:
            errors = self.wrong(self.enter(**values))
            assert words in str(errors[field]), (field, errors)
        assert not Visit.objects.exists()
        assert self.enter(**alone).status_code == 302
        both = {**mine, "sides": [*mine["sides"], *alone["sides"]], "raised": "厂房漏水"}
        assert self.enter(**both).status_code == 302

    def test_a_restricted_contact_cannot_be_chosen(self):
        self.head.restricted_on, self.head.restriction = timezone.localdate(), "objected"
        self.head.save()
        self.as_(self.staff)
        assert "没有找到" in self.client.get(reverse("outreach:visit_whom"), {"whom": "王某丙"}).text
        answer = self.enter(officials=[self.clerk.pk], sides=[f"contact-{self.head.pk}"])
        assert "重新选择" in str(self.wrong(answer))

    def test_a_planned_visit_is_done_in_one_step_or_cancelled(self):
        tomorrow = timezone.localdate() + dt.timedelta(1)
        planned = make_visit(self.mill, [self.clerk], state="planned", on=tomorrow, by=self.committee)
        self.as_(self.committee)
        url = reverse("outreach:visit_done", args=[planned.pk])
        assert self.enter(url, raised=SECRET, sides=[f"enterprise-{self.mill.pk}"]).status_code == 302
        planned.refresh_from_db()
        assert (planned.state, planned.on, planned.raised) == ("done", timezone.localdate(), SECRET)
        assert self.client.get(url).status_code == 404
        other = make_visit(self.mill, [self.clerk], state="planned", on=tomorrow)
        self.enter(reverse("outreach:visit_cancel", args=[other.pk]), reason="企业停产检修")
        other.refresh_from_db()
        assert other.state == "cancelled"

    def test_the_trail_says_who_was_added_and_names_no_contact(self):
        visit = make_visit(self.mill, [self.clerk], by=self.staff)
        self.as_(self.staff)
        url = reverse("outreach:visit_update", args=[visit.pk])
        sides = [f"enterprise-{self.mill.pk}", f"contact-{self.head.pk}"]
        self.enter(url, officials=[self.clerk.pk, self.vice.pk], sides=sides, raised=SECRET)
        entry = AuditEntry.objects.filter(model="outreach.visit").first()
        assert "李某甲" in entry.sentence
        assert f"联系对象 {self.head.pk} 号" in entry.sentence
        assert "王某丙" not in f"{entry.sentence}{entry.changes}"
        assert SECRET not in f"{entry.sentence}{entry.changes}"

    def test_a_stale_page_changes_nothing(self):
        visit = make_visit(self.mill, [self.clerk], by=self.staff)
        self.as_(self.staff)
        url = reverse("outreach:visit_update", args=[visit.pk])
        first = {**self.form(url), "sides": [f"enterprise-{self.mill.pk}"]}
        assert self.client.post(url, {**first, "matter": "land", "idempotency_key": "a"}).status_code == 302
        answer = self.client.post(url, {**first, "officials": [self.vice.pk], "idempotency_key": "b"})
        assert answer.status_code == 409
        assert list(visit.officials.all()) == [self.clerk]


class NotesTests(VisitCase):
    @classmethod
    def setUpTestData(cls):
        super().setUpTestData()
        cls.visit = make_visit(cls.mill, [cls.clerk], by=cls.staff, raised=SECRET, promised="请专家查看")
        cls.clerk.user = cls.member = make_user(Role.COMMITTEE, cls.town)
        cls.clerk.save()

    def places(self):
        pk = self.visit.pk
        sheet = openpyxl.load_workbook(
            io.BytesIO(b"".join(self.client.get(LIST, {"export": "xlsx"}).streaming_content))
        )
        cells = " ".join(str(cell.value) for page in sheet for row in page for cell in row)
        pages = [LIST, self.visit.get_absolute_url(), f"/api/visits/{pk}/", "/api/visits/"]
        return [*(self.client.get(url).text for url in pages), cells]

    def test_recorder_visitor_and_leader_read_them_everywhere(self):
        for user in (self.staff, self.member, self.leader):
            self.as_(user)
            for text in self.places():
                assert SECRET in text, user

    def test_others_read_nowhere(self):
        for user in (self.second, self.committee):
            self.as_(user)
            page, detail, one, many, cells = self.places()
            for text in (page, detail, one, many, cells):
                assert SECRET not in text
                assert "请专家查看" not in text
            for text in (page, detail, cells):
                assert NOT_SHOWN in text
            assert self.client.get(f"/api/visits/{self.visit.pk}/").json()["raised"] is None

    def test_others_change_the_rest_and_leave_the_notes(self):
        self.as_(self.second)
        url = reverse("outreach:visit_update", args=[self.visit.pk])
        page = self.client.get(url)
        assert SECRET not in page.text
        self.enter(url, sides=[f"enterprise-{self.mill.pk}"], matter="land", raised="改掉")
        self.visit.refresh_from_db()
        assert (self.visit.matter, self.visit.raised) == ("land", SECRET)
        answer = self.client.patch(
            f"/api/visits/{self.visit.pk}/",
            {"version": self.visit.version, "raised": "改掉"},
            content_type="application/json",
        )
        assert answer.status_code == 400
        assert not self.client.get(f"{LIST}?q=漏水").context["total"]
        assert "改掉" not in self.client.get(self.visit.get_absolute_url()).text

    def test_history_of_a_change_hides_the_words_from_all(self):
        self.as_(self.staff)
        url = reverse("outreach:visit_update", args=[self.visit.pk])
        self.enter(url, sides=[f"enterprise-{self.mill.pk}"], raised="换成别的说法")
        page = self.as_(self.second).get(self.visit.get_absolute_url()).text
        assert "已隐去" in page
        assert SECRET not in page

    def test_another_township_does_not_see_the_visit(self):
        self.as_(self.stranger)
        assert self.client.get(self.visit.get_absolute_url()).status_code == 404
        assert self.client.get(LIST).context["total"] == 0


class DueTests(VisitCase):
    def test_planned_and_promised_are_due_until_a_later_visit_keeps_them(self):
        today = timezone.localdate()
        soon = today + dt.timedelta(7)
        past = today - dt.timedelta(30)
        planned = make_visit(self.mill, [self.vice], state="planned", on=soon)
        promised = make_visit(self.quarry, [self.vice], on=past, next_on=soon)
        make_visit(self.mill, [self.clerk], on=past, next_on=soon)
        assert set(due_visits(self.leader, soon)) == {planned, promised}
        assert not due_visits(self.leader, today)
        make_visit(self.quarry, [self.clerk], on=today)
        assert promised in due_visits(self.leader, soon)
        make_visit(self.quarry, [self.vice], on=today)
        assert set(due_visits(self.leader, soon)) == {planned}
        self.as_(self.leader)
        assert self.client.get(f"{LIST}?due={soon}").context["total"] == 1

    def test_a_promise_to_two_is_kept_when_both_have_been_seen(self):
        today = timezone.localdate()
        make_visit(self.mill, [self.vice, self.clerk], on=today - dt.timedelta(9), next_on=today).enterprises.add(
            self.quarry
        )
        for enterprise, official, owed in (
            (self.mill, self.vice, 1),
            (self.mill, self.clerk, 1),
            (self.quarry, self.clerk, 0),
        ):
            make_visit(enterprise, [official], on=today - dt.timedelta(1))
            assert due_visits(self.leader, today).count() == owed, (enterprise, official)

    def test_who_recorded_owes_the_visit_of_an_official_without_an_account(self):
        today = timezone.localdate()
        visit = make_visit(self.mill, [self.clerk], on=today - dt.timedelta(5), next_on=today, by=self.committee)
        assert list(due_visits(self.committee, today)) == [visit]
        assert not due_visits(self.staff, today)


class LeadTests(VisitCase):
    """包片领导: an account of a township or two, an official of the county."""

    def setUp(self):
        self.lead = make_user(Role.LEADER, self.town)
        self.own = make_official(self.town.parent, user=self.lead, name="包某甲")
        make_pairing(self.own, self.mill)

    def test_a_lead_is_ticked_enters_a_visit_and_is_reminded(self):
        self.as_(self.lead)
        form = self.client.get(ADD).context["form"]
        assert form.initial["officials"] == [self.own.pk] and form.suggestions() == [self.mill]
        today = timezone.localdate()
        answer = self.enter(officials=[self.own.pk], sides=[f"enterprise-{self.mill.pk}"],
                           next_on=today + dt.timedelta(3))  # fmt: skip
        assert answer.status_code == 302, answer.text
        assert due_visits(self.lead, today + dt.timedelta(3)).get().officials.get() == self.own
        assert self.client.get(LIST, {"official": self.own.pk}).context["total"] == 1
        assert self.client.get(self.own.get_absolute_url()).status_code == 200

    def test_of_the_county_s_other_officials_a_lead_sees_nobody(self):
        assert set(Official.objects.permitted(self.lead)) == {self.clerk, self.own}
        assert not Official.objects.permitted(self.lead, "change").exists()
        assert not Official.objects.permitted(make_user(Role.VILLAGE, self.town)).exists()


class UnseenTests(VisitCase):
    ON = dt.date(2026, 8, 31)

    def targets(self, user=None, **kwargs):
        return {str(row.target) for row in not_seen(user or self.staff, self.ON, **kwargs)}

    def test_months(self):
        assert before(dt.date(2026, 8, 31), 6) == dt.date(2026, 2, 28)
        assert before(dt.date(2026, 1, 15), 13) == dt.date(2024, 12, 15)
        assert months_between(dt.date(2026, 2, 28), dt.date(2026, 8, 27)) == 5

    def test_the_usual_rhythm_and_the_countys_own(self):
        assert self.targets() == {"红星纺织公司", "青山采石公司", "王某丙"}
        make_visit(self.mill, [self.clerk], contacts=[self.head], on=dt.date(2026, 2, 28))
        make_visit(self.quarry, [self.clerk], on=dt.date(2026, 2, 27))
        make_visit(self.quarry, [self.clerk], on=dt.date(2026, 8, 1), state="cancelled")
        assert self.targets() == {"青山采石公司"}
        Rhythm.objects.create(area=self.county, whom="enterprise", months=3)
        assert self.targets() == {"红星纺织公司", "青山采石公司"}
        assert self.targets(self.committee) == {"红星纺织公司"}
        row = next(row for row in not_seen(self.committee, self.ON))
        assert (row.months, row.last_on, row.wanted) == (6, dt.date(2026, 2, 28), 3)

    def test_a_leader_answers_for_the_paired_alone_and_by_own_visits(self):
        make_pairing(self.vice, self.mill)
        make_visit(self.mill, [self.clerk], on=dt.date(2026, 8, 1))
        assert self.targets(official=self.vice) == {"红星纺织公司"}
        make_visit(self.mill, [self.vice], on=dt.date(2026, 8, 2))
        assert self.targets(official=self.vice) == set()

    def test_a_number_of_months_of_one_s_own_stands_above_the_rhythm(self):
        make_visit(self.mill, [self.clerk], on=dt.date(2026, 5, 20))
        make_visit(self.quarry, [self.vice], on=dt.date(2025, 12, 20), contacts=[self.head])
        assert self.targets() == {"青山采石公司", "王某丙"}
        assert self.targets(months=3) == {"红星纺织公司", "青山采石公司", "王某丙"} and self.targets(months=9) == set()
        self.as_(self.staff)
        for query, total in (({"months": "3"}, 3), ({"months": "9"}, 0), ({"months": ""}, 2)):
            assert self.client.get(UNSEEN, {"on": self.ON, **query}).context["total"] == total

    def test_a_restricted_contact_is_not_asked_for(self):
        self.head.restricted_on, self.head.restriction = self.ON, "objected"
        self.head.save()
        assert "王某丙" not in self.targets()

    def test_the_page_pages_exports_and_costs_the_same(self):
        for _ in range(60):
            make_enterprise(self.town)
        self.as_(self.staff)
        with QueriesAtMost(12):
            page = self.client.get(UNSEEN, {"on": self.ON})
        assert page.context["total"] == len(not_seen(self.staff, self.ON)) == 63
        assert len(list(page.context["table"].rows)) == 50
        assert self.client.get(UNSEEN, {"on": self.ON, "area": self.other.pk}).context["total"] == 1
        sheet = openpyxl.load_workbook(
            io.BytesIO(b"".join(self.client.get(UNSEEN, {"on": self.ON, "export": "xlsx"}).streaming_content))
        )
        assert "青山采石公司" in {cell.value for page in sheet for row in page for cell in row}

    def test_staff_set_the_rhythm(self):
        self.as_(self.staff)
        page = self.client.get(reverse("outreach:rhythm_list"))
        assert "默认" in page.text
        url = f"{reverse('outreach:rhythm_create')}?whom=association"
        assert self.enter(url, months="2").status_code == 302
        row = Rhythm.objects.get()
        assert (row.area, row.whom, row.months) == (self.county, "association", 2)
        self.enter(reverse("outreach:rhythm_update", args=[row.pk]), months="4")
        assert "4" in self.client.get(reverse("outreach:rhythm_list")).text
        assert self.as_(self.committee).get(url).status_code == 403


class ListTests(VisitCase):
    def test_filters_and_costs(self):
        for _ in range(30):
            make_visit(make_enterprise(self.town), [self.clerk], on=dt.date(2026, 9, 1), contacts=[self.head])
        make_visit(self.quarry, [self.vice], on=dt.date(2026, 11, 2), matter="land", state="planned")
        self.as_(self.staff)
        with QueriesAtMost(12):
            assert self.client.get(LIST).context["total"] == 31
        for query, count in (
            ("quarter=2026-3", 30), ("state=planned", 1), ("matter=land", 1), (f"area={self.town.pk}", 30),
            ("kind=enterprise_head", 30), ("kind=organization", 0), (f"contact={self.head.pk}", 30),
        ):  # fmt: skip
            assert self.client.get(f"{LIST}?{query}").context["total"] == count, query
        with QueriesAtMost(12):
            self.client.get(Visit.objects.first().get_absolute_url())
        with QueriesAtMost(12):
            self.client.get(ADD)

    def test_the_api_writes_a_visit(self):
        self.as_(self.committee)
        values = {"on": "2026-09-01", "officials": [self.clerk.pk], "enterprises": [self.mill.pk], "raised": SECRET}
        answer = self.client.post("/api/visits/", values, content_type="application/json")
        assert answer.status_code == 201, answer.text
        assert (answer.json()["area"], answer.json()["raised"]) == (self.town.pk, SECRET)
        patched = {"version": 1, "enterprises": [], "contacts": [self.head.pk]}
        url = f"/api/visits/{answer.json()['id']}/"
        refused = self.client.patch(url, patched, content_type="application/json")
        assert (refused.status_code, "不记录个人谈话" in refused.text) == (400, True)
        abroad = self.client.patch(
            url, {"version": 1, "enterprises": [self.quarry.pk]}, content_type="application/json"
        )
        assert abroad.status_code == 400
