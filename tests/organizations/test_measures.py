"""Measures: the number, and the list behind it, on the day asked for."""

import datetime as dt

from django.test import TestCase
from django.utils import timezone

from organizations import measures
from organizations.models import Unit
from portal.accounts.models import Grant
from portal.accounts.roles import Role
from tests.factories import make_county, make_township, make_unit, make_user, make_village
from tests.queries import QueriesAtMost

NAME = "village_liaisons"
DAY = dt.date(2025, 6, 30)


class VillageLiaisonTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county()
        cls.township = make_township(parent=cls.county)
        cls.villages = [make_village(parent=cls.township) for _ in range(4)]
        make_village(parent=cls.township, counted=False, not_counted_reason="农场分场")
        cls.unit = make_unit(area=cls.township, kind=Unit.Kind.TOWNSHIP)
        make_user(role=Role.VILLAGE, area=cls.villages[0])
        make_user(role=Role.VILLAGE, area=cls.villages[0])  # two people, one village

    def figure(self, on=DAY):
        return measures.opened(NAME, [self.unit], on)[self.unit.pk]

    def test_counted_villages_with_a_liaison_over_all_counted(self):
        assert measures.figures(NAME, [self.unit], DAY) == {self.unit.pk: (1, 4)}

    def test_the_number_equals_the_list_behind_it(self):
        figure = self.figure()
        assert [item.area_id for item in figure.have] == [self.villages[0].pk]
        assert {item.area_id for item in figure.lack} == {village.pk for village in self.villages[1:]}

    def test_only_a_confirmed_grant_in_force_of_the_liaisons_role_and_an_active_account_count(self):
        make_user(role=Role.VILLAGE, area=self.villages[1], confirmed=False)
        make_user(role=Role.COMMITTEE, area=self.villages[1])
        make_user(role=Role.VILLAGE, area=self.villages[2], is_active=False)
        make_user(role=Role.VILLAGE, area=self.township)
        late = make_user(role=Role.VILLAGE, area=self.villages[3])
        Grant.objects.filter(user=late).update(since=DAY + dt.timedelta(days=1))
        assert self.figure().achieved == 1
        assert self.figure(DAY + dt.timedelta(days=1)).achieved == 2

    def test_a_county_body_answers_for_the_whole_county_and_nobody_for_another(self):
        body = make_unit(area=self.county)
        elsewhere = make_unit(area=make_township())
        found = measures.figures(NAME, [body, elsewhere], DAY)
        assert found == {body.pk: (1, 4), elsewhere.pk: (0, 0)}

    def test_a_village_that_did_not_exist_yet_is_not_in_the_target(self):
        make_village(parent=self.township, since=timezone.localdate())
        assert self.figure().target == 4

    def test_many_units_cost_three_queries(self):
        units = [make_unit(area=make_township(parent=self.county), kind=Unit.Kind.TOWNSHIP) for _ in range(10)]
        with QueriesAtMost(3):
            measures.figures(NAME, [self.unit, *units], DAY)
