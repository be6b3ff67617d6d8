"""Two townships become one, with a row of every model in both: nothing is lost, and who sees what is said exactly."""

import datetime as dt
from collections import Counter

from django.apps import apps
from django.db import connection
from django.test import TestCase

from organizations.models import Area, registers
from organizations.services.areas import merge_areas
from portal.accounts.models import User
from portal.accounts.roles import Role
from tests.factories import make_user
from tests.security.world import World

ON = dt.date(2025, 6, 1)
# what a merger writes: its own record, the new versions of the villages, where rows stood before, the audit trail
WRITTEN = {"organizations.areachange", "organizations.areaversion", "organizations.areasuccession", "organizations.formerplace",
           "audit.auditentry"}  # fmt: skip


def references():
    """(model, its relation) → how many rows refer by it, for every foreign key there is; ("model", "rows") → all of them."""
    found = Counter()
    for model in apps.get_models(include_auto_created=True):
        label = model._meta.label_lower
        if model._meta.managed and not model._meta.proxy:
            found[label, "rows"] = model._base_manager.count()
            for field in model._meta.concrete_fields:
                if field.is_relation:
                    found[label, field.name] = model._base_manager.exclude(**{field.attname: None}).count()
    return found


class MergerTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.world = World()
        own, sibling = cls.world.own, cls.world.sibling
        for place, word in ((own, "甲"), (sibling, "乙")):
            for role, area in (
                (Role.COMMITTEE, place.township),
                (Role.LEADER, place.township),
                (Role.VILLAGE, place.village),
            ):
                make_user(role=role, area=area, name=f"{word}{role.label}")

    def merge(self):
        report = merge_areas(
            self.world.own.township, on=ON, reason="省政府批复", by=self.world.users["sysadmin"],
            others=[self.world.sibling.township],
        )  # fmt: skip
        connection.check_constraints()
        return report

    def test_no_record_and_no_reference_is_lost(self):
        before = references()
        self.merge()
        after = references()
        assert {key: after[key] - number for key, number in before.items() if after[key] < number} == {}
        assert {label for label, _ in before if after[label, "rows"] != before[label, "rows"]} <= WRITTEN
        assert {key for key in before if after[key] != before[key] and key[0] not in WRITTEN} == set()
        assert len(before) > 250

    def test_whatever_stood_in_the_one_stands_in_the_other(self):
        own, sibling = self.world.own.township, self.world.sibling.township
        standing = {m: set(m._base_manager.filter(area=sibling).values_list("pk", flat=True)) for m in registers()}
        assert sum(bool(rows) for rows in standing.values()) > 15
        self.merge()
        for model, rows in standing.items():
            assert not model._base_manager.filter(area=sibling).exists(), model
            assert model._base_manager.filter(area=own, pk__in=rows).count() == len(rows), model

    def test_who_gains_and_who_loses_sight_is_what_the_scope_rule_says(self):
        """Recomputed through permitted(), user by user, not by what the change itself counts with."""

        def seen():
            users = User.objects.filter(grants__confirmed_at__isnull=False).distinct()
            found = {user: set(Area.objects.permitted(user).values_list("pk", flat=True)) for user in users}
            return {user.name: areas for user, areas in found.items()}

        before = seen()
        report = self.merge()
        after, existing = seen(), set(Area.objects.existing().values_list("pk", flat=True))
        gains = {name: len(after[name] - areas) for name, areas in before.items() if after[name] - areas}
        losses = {name: n for name, areas in before.items() if (n := len((areas - after[name]) & existing))}
        assert dict(report.gaining) == gains == {"甲统战委员": 1, "甲领导": 1, "某committee": 1}
        assert dict(report.losing) == losses == {"乙统战委员": 1, "乙领导": 1}
