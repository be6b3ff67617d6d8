"""Measures of pairings, visits, requests and training: figures by day, their lists, and what a unit answers for."""

import datetime as dt

from django.test import TestCase
from django.urls import reverse

from organizations.coverage import Coverage, freeze
from organizations.measures import MEASURES, readings
from organizations.models import FrozenFigures, Unit
from outreach.models import Visit
from outreach.services.visits import Sides, save_visit
from portal.accounts.roles import Role
from tests.factories import (
    make_contact,
    make_county,
    make_enterprise,
    make_official,
    make_pairing,
    make_request,
    make_township,
    make_training_plan,
    make_unit,
    make_user,
    make_village,
    make_visit,
)

DAY = dt.date(2026, 9, 30)
BEFORE = dt.date(2026, 6, 30)


class LiaisonCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county()
        cls.east, cls.west = (
            make_township(parent=cls.county, name="东镇"),
            make_township(parent=cls.county, name="西镇"),
        )
        cls.body = make_unit(cls.county, name="县工商联")
        cls.leader = make_official(cls.county, name="李某甲")
        cls.head = make_official(cls.county, kind="head", unit=cls.body, position="主席", name="李某乙")
        cls.here, cls.there = make_enterprise(cls.east), make_enterprise(cls.west)

    def share(self, name, on=DAY, area=None):
        return Coverage(self.county, [on]).share(name, on, area and area.pk)

    def lacking(self, name, on=DAY):
        return {item.name: item.note for item in Coverage(self.county, [on]).line(name, on).figure.lack}


class PairingCoverageTests(LiaisonCase):
    def test_leaders_and_heads_count_from_the_day_of_their_pairing(self):
        make_official(self.east)  # an official of a township need not have one
        make_pairing(self.leader, self.here, since=dt.date(2026, 8, 1))
        make_pairing(self.head, self.there, since=dt.date(2026, 1, 1), until=DAY)
        assert [self.share("officials_paired", on) for on in (BEFORE, DAY, DAY + dt.timedelta(1))] == [
            (1, 2),
            (2, 2),
            (1, 2),
        ]
        assert self.lacking("officials_paired", BEFORE) == {"李某甲（副县长）": "没有结对"}

    def test_enterprises_by_township_with_those_nobody_looks_after(self):
        make_pairing(self.leader, self.here)
        assert self.share("enterprises_paired") == (1, 2)
        assert self.share("enterprises_paired", area=self.east) == (1, 1)
        assert self.lacking("enterprises_paired") == {self.there.name: "没有干部联系"}

    def test_an_official_of_a_township_may_look_after_one_elsewhere(self):
        mayor = make_official(self.east, kind="head", position="镇长")
        make_pairing(mayor, self.there)
        assert Coverage(self.east, [DAY]).share("officials_paired", DAY) == (1, 1)


class VisitMeasureTests(LiaisonCase):
    def test_a_joint_visit_is_one_visit_of_the_township_and_one_of_each_body(self):
        make_visit(self.here, [self.leader, self.head], on=dt.date(2026, 7, 2))
        make_visit(self.here, [self.head], on=dt.date(2026, 9, 30))
        make_visit(self.here, [self.head], on=BEFORE)
        make_visit(self.here, [self.head], on=DAY, state="planned")
        assert self.share("visits_made") == (2, 2)
        assert self.share("visits_made", BEFORE) == (1, 1)
        township = make_unit(self.east, kind=Unit.Kind.TOWNSHIP)
        found = readings(["visits"], [township, self.body], DAY)["visits"]
        assert found == {township.pk: (1, 1), self.body.pk: (1, 1)}

    def test_a_visit_to_two_townships_is_one_of_each_and_one_of_the_county(self):
        contact = make_contact(make_village(parent=self.west), enterprise=self.there)
        sides = Sides([self.leader], [self.here, self.there], [], [contact])
        save_visit(Visit(on=DAY), sides, by=make_user(Role.STAFF, self.county))
        townships = [make_unit(area, kind=Unit.Kind.TOWNSHIP) for area in (self.east, self.west)]
        assert self.share("visits_made") == (1, 1)
        for asked in (townships, townships[1:]):
            assert readings(["visits"], asked, DAY)["visits"] == {unit.pk: (1, 1) for unit in asked}
        assert readings(["visits"], townships, BEFORE)["visits"] == {unit.pk: (0, 1) for unit in townships}

    def test_enterprises_seen_by_the_countys_rhythm(self):
        make_visit(self.here, [self.leader], on=dt.date(2026, 4, 1))
        assert self.share("enterprises_visited") == (1, 2)
        assert self.share("enterprises_visited", dt.date(2026, 10, 2)) == (0, 2)
        assert self.lacking("enterprises_visited") == {self.there.name: "登记后还没有走访"}


class RequestMeasureTests(LiaisonCase):
    def test_waiting_overdue_and_in_time_by_the_day(self):
        make_request(self.here, accepted_on=dt.date(2026, 8, 1), due_on=dt.date(2026, 8, 14), answered_on=dt.date(2026, 8, 14),
                     answer="已办", state="answered")  # fmt: skip
        late = make_request(self.here, accepted_on=dt.date(2026, 8, 1), due_on=dt.date(2026, 8, 14), answered_on=dt.date(2026, 9, 10),
                            answer="已办", state="answered")  # fmt: skip
        assert self.share("requests_in_time") == (1, 2)
        assert self.lacking("requests_in_time") == {late.reference: "期限 2026-08-14，2026-09-10 答复"}
        days = [dt.date(2026, 8, 13), dt.date(2026, 8, 14), dt.date(2026, 8, 15), dt.date(2026, 9, 10)]
        assert [self.share("requests_waiting", on)[0] for on in days] == [2, 1, 1, 0]
        assert [self.share("requests_overdue", on)[0] for on in days] == [0, 0, 1, 0]

    def test_a_handling_body_answers_for_its_own(self):
        make_request(self.here, unit=self.body, due_on=dt.date(2026, 9, 10))
        township = make_unit(self.east, kind=Unit.Kind.TOWNSHIP)
        found = readings(["requests_in_time"], [township, self.body], DAY)["requests_in_time"]
        assert found == {township.pk: (0, 0), self.body.pk: (0, 1)}


class TrainingMeasureTests(LiaisonCase):
    def test_a_plan_is_reached_when_as_many_have_come(self):
        plan = make_training_plan(self.county, planned_people=60, name="任职干部培训")
        for on, people in ((dt.date(2026, 5, 1), 33), (dt.date(2026, 9, 30), 27)):
            plan.sessions.create(on=on, title="班次", planned=30, attended=people)
        assert self.share("plans_reached", BEFORE) == (0, 1)
        assert self.lacking("plans_reached", BEFORE) == {"任职干部培训": "计划 60 人，已训 33 人"}
        assert self.share("plans_reached") == (1, 1)


class PrivacyTests(LiaisonCase):
    def test_frozen_figures_hold_no_contact(self):
        contact = make_contact(self.east, enterprise=self.here, name="鸩某羽", phone="13800000001")
        make_pairing(self.leader, contact)
        make_visit(self.here, [self.leader], [contact], on=DAY)
        make_request(contact=contact, subject="鸩某羽的事", due_on=DAY)
        freeze(self.county, DAY, by=make_user(Role.STAFF, self.county), basis="测试")
        frozen = FrozenFigures.objects.get()
        assert "鸩" not in str(frozen.items) and "requests_waiting" in frozen.items

    def test_numbers_of_a_register_are_for_those_who_may_see_it(self):
        village = make_village(parent=self.east)
        self.client.force_login(make_user(Role.VILLAGE, village))
        for name, measure in MEASURES.items():
            url = reverse("dashboards:coverage_list", query={"measure": name, "area": village.pk, "on": DAY})
            assert self.client.get(url).status_code == (404 if measure.needs else 200), name
