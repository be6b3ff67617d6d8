"""My work: visits that are due and requests that wait, each number as long as the list behind it."""

import datetime as dt
import re
from urllib.parse import urlsplit

from django.test import TestCase
from django.utils import timezone

from organizations.models import Unit
from portal.accounts.roles import Role
from portal.dashboards.work import work_of
from tests.factories import (
    make_county,
    make_enterprise,
    make_official,
    make_pairing,
    make_request,
    make_township,
    make_unit,
    make_user,
    make_visit,
)


class LiaisonWorkTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.today = timezone.localdate()
        cls.county = make_county()
        cls.east, cls.west = make_township(parent=cls.county), make_township(parent=cls.county)
        cls.enterprise, other = make_enterprise(cls.east), make_enterprise(cls.west)
        cls.unit = make_unit(cls.east, kind=Unit.Kind.TOWNSHIP)
        cls.leader, cls.staff = make_user(Role.LEADER, cls.county), make_user(Role.STAFF, cls.county)
        cls.committee = make_user(Role.COMMITTEE, cls.east)
        official = make_official(cls.county, user=cls.leader)
        make_pairing(official, cls.enterprise)
        make_pairing(official, other)
        make_visit(cls.enterprise, [official], on=cls.today - dt.timedelta(5), next_on=cls.today + dt.timedelta(3))
        make_visit(other, [official], on=cls.today - dt.timedelta(500), state="planned")
        make_visit(
            other, [make_official(cls.county)], on=cls.today, state="planned", by=make_user(Role.STAFF, cls.county)
        )
        soon, past = cls.today + dt.timedelta(5), cls.today - dt.timedelta(1)
        make_request(cls.enterprise, due_on=soon, handler=official)
        make_request(cls.enterprise, due_on=past, state="handed_over", unit=cls.unit)
        make_request(other, due_on=past, state="handed_over", unit=make_unit(cls.county))
        make_request(other, due_on=soon, state="answered", answered_on=cls.today, answer="已办")

    def waiting(self, user):
        """{what is to be done: (how many, rows of its list)}."""
        self.client.force_login(user)
        found = {}
        for todo in work_of(user).attention:
            if number := re.search(r"^(.+?) (\d+) [次件名]$", todo.title):
                found[number[1]] = int(number[2]), self.rows(todo.url)
        return found

    def rows(self, url):
        page = self.client.get(url)
        assert page.status_code == 200, url
        return int(re.search(r"共 (\d+) 条", page.text)[1])

    def test_a_leader_sees_own_visits_those_not_seen_and_what_is_overdue(self):
        assert self.waiting(self.leader) == {
            "走访": (2, 2),
            "诉求逾期未答复": (2, 2),
            "牵头的诉求": (1, 1),
            "未结对的干部": (1, 1),
        }
        figure = next(figure for figure in work_of(self.leader).figures if figure.label == "我超期未走访的")
        assert figure.value == 1 == self.rows(figure.url)

    def test_staff_hand_over_and_call_back(self):
        todos = {"诉求逾期未答复": (2, 2), "转办诉求": (1, 1), "回访诉求": (1, 1), "未结对的干部": (1, 1)}
        assert self.waiting(self.staff) == todos

    def test_the_quarter_s_visits_and_pairing_coverage_are_on_the_first_page_of_who_answers_for_the_whole(self):
        make_visit(self.enterprise, [make_official(self.east)], on=self.today)
        for user in (self.staff, self.leader):
            self.client.force_login(user)
            figure = next(figure for figure in work_of(user).figures if figure.label == "本季走访")
            assert (figure.value, figure.note) == (self.rows(figure.url), "干部结对 1 / 2")
            assert figure.value in {1, 2}  # that of five days ago lies in the quarter before while this one is young

    def test_a_township_answers_what_it_was_given(self):
        assert self.waiting(self.committee) == {"诉求逾期未答复": (1, 1), "答复诉求": (1, 1)}

    def test_who_has_nothing_to_do_with_it_is_asked_nothing(self):
        assert self.waiting(make_user(Role.SYSADMIN, self.county)) == {}

    def test_the_first_page_shows_them(self):
        self.client.force_login(self.committee)
        page = self.client.get("/")
        assert "答复诉求 1 件" in page.text
        assert any(urlsplit(todo.url).path == "/outreach/requests/" for todo in page.context["work"].attention)
