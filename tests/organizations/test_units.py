"""Assessed units: made from areas in one step, pasted, looked at and changed by role."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import TestCase
from django.urls import reverse

from organizations.models import Unit
from organizations.services.units import MOST, import_bodies, make_township_units, read_names
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.factories import make_county, make_township, make_unit, make_user
from tests.queries import QueriesAtMost

SINCE = dt.date(2025, 1, 1)


class UnitCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county()
        cls.townships = [make_township(parent=cls.county) for _ in range(3)]
        cls.staff = make_user(role=Role.STAFF, area=cls.county)
        cls.leader = make_user(role=Role.LEADER, area=cls.county)


class ServiceTests(UnitCase):
    def test_every_counted_township_gets_one_and_the_second_run_makes_none(self):
        make_township(parent=self.county, counted=False, not_counted_reason="单独管理")
        made = make_township_units(self.county, since=SINCE, by=self.staff)
        assert [unit.area for unit in made] == self.townships
        assert make_township_units(self.county, since=SINCE, by=self.staff) == []
        assert AuditEntry.objects.filter(action="created").count() == 3

    def test_a_closed_unit_does_not_stand_in_for_a_present_one(self):
        make_unit(area=self.townships[0], kind=Unit.Kind.TOWNSHIP, until=dt.date(2024, 12, 31))
        assert len(make_township_units(self.county, since=SINCE, by=self.staff)) == 3

    def test_a_stranger_makes_nothing(self):
        other = make_user(role=Role.STAFF, area=make_county())
        with pytest.raises(PermissionDenied):
            make_township_units(self.county, since=SINCE, by=other)
        assert not Unit.objects.exists()

    def test_each_line_of_a_pasted_list_is_judged(self):
        make_unit(area=self.county, name="教育局")
        text = f"教育局\n\n财政局\t张某\n财政局\n{'长' * 61}\n民政\u202e局\n"
        found = [(line.number, line.known, bool(line.problem)) for line in read_names(self.county, text)]
        assert found == [
            (1, True, False), (3, False, False), (4, False, True), (5, False, True), (6, False, True),
        ]  # fmt: skip

    def test_a_list_is_written_whole_or_not_at_all(self):
        with pytest.raises(ValidationError, match="第 2 行"):
            import_bodies(self.county, "财政局\n财政局", since=SINCE, by=self.staff)
        with pytest.raises(ValidationError, match="每行一个"):
            import_bodies(self.county, "\n".join(f"{n}局" for n in range(MOST + 1)), since=SINCE, by=self.staff)
        assert not Unit.objects.exists()

    def test_known_names_are_left_alone(self):
        import_bodies(self.county, "财政局", since=SINCE, by=self.staff)
        assert [unit.name for unit in import_bodies(self.county, "财政局\n审计局", since=SINCE, by=self.staff)] == [
            "审计局"
        ]
        assert list(Unit.objects.order_by("number").values_list("number", flat=True)) == [1, 2]


class PageTests(UnitCase):
    def test_the_list_costs_the_same_whatever_its_length(self):
        self.client.force_login(self.staff)
        for _ in range(40):
            make_unit(area=self.county)
        with QueriesAtMost(12):
            page = self.client.get(reverse("organizations:unit_list"))
        assert "粘贴名单" in page.text

    def test_a_reader_sees_units_and_no_way_to_change_them(self):
        unit = make_unit(area=self.county, name="审计局")
        self.client.force_login(self.leader)
        page = self.client.get(unit.get_absolute_url())
        assert page.status_code == 200
        assert reverse("organizations:unit_update", args=[unit.pk]) not in page.text
        assert self.client.get(reverse("organizations:unit_create")).status_code == 403
        assert self.client.post(reverse("organizations:units_from_areas", args=[self.county.pk])).status_code == 403

    def test_another_county_does_not_exist(self):
        foreign = make_unit()
        self.client.force_login(self.staff)
        assert self.client.get(foreign.get_absolute_url()).status_code == 404
        assert self.client.post(reverse("organizations:units_from_areas", args=[foreign.area.pk])).status_code == 404

    def test_the_townships_without_a_unit_are_named(self):
        make_unit(area=self.townships[0], kind=Unit.Kind.TOWNSHIP)
        self.client.force_login(self.staff)
        page = self.client.get(reverse("organizations:unit_from_areas"))
        assert self.townships[1].name in page.text
        assert self.townships[0].name not in page.text
        assert "一次生成 2 个" in page.text
