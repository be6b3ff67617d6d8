"""Pairings: several in one step, ended with a reason, those who have none."""

import datetime as dt

from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from outreach.models import Pairing
from outreach.services.visits import unpaired_enterprises, unpaired_officials
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.factories import (
    make_contact,
    make_county,
    make_enterprise,
    make_official,
    make_pairing,
    make_township,
    make_user,
    make_visit,
)
from tests.queries import QueriesAtMost

LIST, ADD = reverse("outreach:pairing_list"), reverse("outreach:pairing_create")
WITHOUT = {name: reverse(f"outreach:pairing_unpaired_{name}") for name in ("enterprises", "officials")}
FIRST = dt.date(2026, 1, 1)


class PairingCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county(name="测试县")
        cls.town, cls.other = make_township(cls.county, name="甲镇"), make_township(cls.county, name="乙镇")
        cls.staff = make_user(Role.STAFF, cls.county)
        cls.leader = make_user(Role.LEADER, cls.county)
        cls.committee = make_user(Role.COMMITTEE, cls.town)
        cls.vice, cls.head = (
            make_official(cls.county, name="李某甲"),
            make_official(cls.county, name="孙某乙", kind="head"),
        )
        cls.clerk = make_official(cls.town, name="赵某丙")
        cls.mill, cls.quarry = (
            make_enterprise(cls.town, name="红星纺织公司"),
            make_enterprise(cls.other, name="青山采石公司"),
        )
        cls.guild = make_enterprise(cls.town, name="示例行业协会", kind="association")

    def as_(self, user):
        self.client.force_login(user)
        return self.client

    def form(self, url=ADD):
        form = self.client.get(url).context["form"]
        return {name: form[name].value() for name in form.fields if form[name].value() is not None}

    def total(self, url, **query):
        return self.client.get(url, query).context["total"]


class CreateTests(PairingCase):
    def test_one_official_with_several_in_one_step(self):
        contact = make_contact(self.town, self.mill, name="王某丁")
        self.as_(self.staff)
        sides = [f"enterprise-{self.mill.pk}", f"enterprise-{self.guild.pk}", f"contact-{contact.pk}"]
        answer = self.client.post(
            ADD, {**self.form(), "official": self.vice.pk, "sides": sides, "whom": "青山采石公司"}
        )
        assert answer.url == f"{LIST}?official={self.vice.pk}"
        rows = Pairing.objects.filter(official=self.vice)
        assert {str(row.target) for row in rows} == {"红星纺织公司", "示例行业协会", "王某丁", "青山采石公司"}
        assert {row.area for row in rows} == {self.town, self.other}
        trail = AuditEntry.objects.filter(model="outreach.pairing")
        assert trail.count() == 4
        assert not any("王某丁" in entry.sentence for entry in trail)

    def test_a_second_time_pairs_nobody(self):
        make_pairing(self.vice, self.guild)
        self.as_(self.staff)
        sides = [f"enterprise-{self.mill.pk}", f"enterprise-{self.guild.pk}"]
        answer = self.client.post(ADD, {**self.form(), "official": self.vice.pk, "sides": sides})
        assert answer.status_code == 422
        assert "示例行业协会：这名干部已经和这家企业（协会）结对。" in answer.text
        assert Pairing.objects.count() == 1

    def test_what_is_refused(self):
        self.as_(self.staff)
        tomorrow = timezone.localdate() + dt.timedelta(1)
        good = {"official": self.vice.pk, "sides": [f"enterprise-{self.mill.pk}"]}
        for values, words in (({**good, "sides": []}, "请至少选择"), ({**good, "since": tomorrow}, "不能晚于今天")):
            answer = self.client.post(ADD, {**self.form(), **values})
            assert answer.status_code == 422
            assert words in answer.text
        self.as_(self.committee)
        answer = self.client.post(ADD, {**self.form(), "official": self.vice.pk, "sides": good["sides"]})
        assert answer.status_code == 422
        assert self.as_(self.leader).get(ADD).status_code == 403
        assert not Pairing.objects.exists()


class ListTests(PairingCase):
    def test_the_lists_of_the_unpaired_are_as_long_as_their_measures(self):
        make_pairing(self.vice, self.mill, since=FIRST)
        make_pairing(self.vice, self.quarry, since=FIRST, until=dt.date(2026, 6, 30), end="ended")
        self.as_(self.staff)
        for on, enterprises, officials in (
            (dt.date(2026, 6, 30), 1, 1),
            (dt.date(2026, 7, 1), 2, 1),
            (dt.date(2025, 12, 31), 3, 2),
        ):
            rows = unpaired_enterprises(self.staff, on), unpaired_officials(self.staff, on)
            assert [row.count() for row in rows] == [enterprises, officials]
            assert self.total(WITHOUT["enterprises"], on=on) == enterprises
            assert self.total(WITHOUT["officials"], on=on) == officials
        assert self.total(WITHOUT["enterprises"], area=self.other.pk) == 1
        assert "孙某乙" in self.client.get(WITHOUT["officials"]).text
        self.as_(self.committee)
        assert self.total(WITHOUT["enterprises"]) == 1

    def test_the_list_filters_by_official_area_and_kind(self):
        make_pairing(self.vice, self.mill)
        make_pairing(self.head, self.quarry)
        make_pairing(self.clerk, make_contact(self.town, self.mill, name="王某丁"))
        make_pairing(self.clerk, self.guild, until=dt.date(2026, 6, 30), end="ended")
        make_visit(self.mill, [self.vice], on=dt.date(2026, 9, 1))
        self.as_(self.staff)
        for query, count in (
            ({}, 3), ({"official": self.vice.pk}, 1), ({"area": self.other.pk}, 1), ({"kind": "contact"}, 1),
            ({"kind": "enterprise"}, 2), ({"closed": "on"}, 4), ({"q": "红星"}, 1), ({"q": "孙某"}, 1),
        ):  # fmt: skip
            assert self.total(LIST, **query) == count, query
        assert "2026-09-01" in self.client.get(LIST, {"official": self.vice.pk}).text
        self.as_(self.committee)
        assert self.total(LIST) == 2

    def test_every_page_costs_the_same_whatever_it_holds(self):
        for _ in range(30):
            make_pairing(self.vice, make_enterprise(self.town))
        self.as_(self.staff)
        first = Pairing.objects.first().get_absolute_url()
        for url in (LIST, *WITHOUT.values(), first, ADD):
            with QueriesAtMost(12):
                assert self.client.get(url).status_code == 200


class EndTests(PairingCase):
    def test_a_pairing_ends_with_a_reason_and_keeps_its_visits(self):
        pairing = make_pairing(self.clerk, self.mill, since=FIRST)
        make_visit(self.mill, [self.clerk], on=dt.date(2026, 9, 1), raised="厂房漏水", by=self.staff)
        self.as_(self.committee)
        url = reverse("outreach:pairing_close", args=[pairing.pk])
        answer = self.client.post(url, {**self.form(url), "until": "2025-12-31", "end": "ended"})
        assert "不能早于结对日期" in answer.text
        answer = self.client.post(url, {**self.form(url), "until": "2026-10-31", "end": "ended"})
        pairing.refresh_from_db()
        assert (answer.status_code, pairing.until, pairing.end) == (302, dt.date(2026, 10, 31), "ended")
        page = self.client.get(pairing.get_absolute_url()).text
        assert "结对期满" in page
        assert "2026-09-01" in page
        assert "厂房漏水" not in page
        assert self.client.get(url).status_code == 302
        again = self.client.post(
            ADD, {**self.form(), "official": self.clerk.pk, "sides": [f"enterprise-{self.mill.pk}"]}
        )
        assert again.status_code == 302

    def test_the_api_pairs_and_corrects(self):
        self.as_(self.staff)
        values = {"official": self.vice.pk, "enterprise": self.mill.pk, "since": "2026-01-01"}
        made = self.client.post("/api/pairings/", values, content_type="application/json")
        assert (made.status_code, made.json()["area"]) == (201, self.town.pk), made.text
        url = f"/api/pairings/{made.json()['id']}/"
        changed = self.client.patch(url, {"version": 1, "since": "2026-02-01"}, content_type="application/json")
        assert changed.json()["since"] == "2026-02-01"
        both = self.client.patch(
            url, {"version": 2, "contact": make_contact(self.town).pk}, content_type="application/json"
        )
        assert both.status_code == 400
