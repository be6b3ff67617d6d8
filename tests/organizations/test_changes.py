"""Changes of the map: what follows the new tree, what stays as it was, who gains or loses sight."""

import datetime as dt
import json

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from organizations.models import Area, AreaSuccession, AreaVersion, Unit
from organizations.services import areas as services
from portal.accounts.roles import Role
from tests.factories import make_county, make_township, make_unit, make_user, make_village
from tests.queries import QueriesAtMost

ON = dt.date(2025, 7, 1)
BEFORE = ON - dt.timedelta(days=1)


class ChangeCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county()
        cls.east, cls.west = (make_township(parent=cls.county, name=name) for name in ("东镇", "西镇"))
        cls.villages = [make_village(parent=cls.east, name=f"东{n}村") for n in range(3)]
        cls.others = [make_village(parent=cls.west, name=f"西{n}村") for n in range(2)]
        cls.unit = make_unit(area=cls.west, kind=Unit.Kind.TOWNSHIP, name="西镇")
        cls.admin = make_user(role=Role.SYSADMIN, area=cls.county)
        cls.committee = make_user(role=Role.COMMITTEE, area=cls.east, name="东镇委员")
        cls.loser = make_user(role=Role.COMMITTEE, area=cls.west, name="西镇委员")

    def figures(self, on):
        return json.dumps(services.figures(self.county, on), ensure_ascii=False).encode()

    def change(self, service, area, **options):
        before = self.figures(BEFORE)
        report = service(area, on=ON, reason="县政发〔2025〕1号", by=self.admin, **options)
        assert self.figures(BEFORE) == before  # to the byte
        return report


class ServiceTests(ChangeCase):
    def test_rename(self):
        self.change(services.rename_area, self.east, name="东新镇")
        assert [v.name for v in self.east.versions.order_by("since")] == ["东镇", "东新镇"]
        assert "东新镇" in self.figures(ON).decode()

    def test_merge_moves_villages_closes_the_other_and_keeps_the_succession(self):
        report = self.change(services.merge_areas, self.east, others=[self.west])
        self.west.refresh_from_db()
        self.unit.refresh_from_db()
        assert (self.west.until, self.unit.until) == (BEFORE, BEFORE)
        assert Area.objects.filter(parent=self.east, until=None).count() == 5
        assert AreaSuccession.objects.get().successor == self.east
        assert report.gaining == [("东镇委员", 2)]
        assert report.losing == [("西镇委员", 2)]
        assert AreaVersion.objects.in_force(ON).filter(parent=self.east).count() == 5

    def test_who_gains_and_loses_sight_equals_a_recomputation(self):
        before = services.sight(self.county)
        trial = self.change(services.merge_areas, self.east, others=[self.west], dry_run=True)
        assert services.sight(self.county) == before  # a trial changes nothing
        self.change(services.merge_areas, self.east, others=[self.west])
        after = services.sight(self.county)
        gained = {name: len(after[pk, name] - seen) for (pk, name), seen in before.items() if after[pk, name] - seen}
        assert dict(trial.gaining) == gained

    def test_move_gives_a_free_place_in_the_tree(self):
        self.change(services.move_area, self.villages[0], parent=self.west)
        self.villages[0].refresh_from_db()
        assert self.villages[0].tree_code.startswith(self.west.tree_code)
        assert Area.objects.in_area(self.west).count() == 4

    def test_split_takes_the_chosen_villages(self):
        values = {"name": "新镇", "code": f"{self.county.code[:6]}199", "kind": "town", "villages": self.villages[:2]}
        self.change(services.split_area, self.east, **values)
        made = Area.objects.get(name="新镇")
        assert made.children.count() == 2
        assert self.east.children.filter(until=None).count() == 1

    def test_close_is_refused_while_something_is_below(self):
        with pytest.raises(ValidationError, match="之下还有村"):
            self.change(services.close_area, self.east)
        self.change(services.close_area, self.villages[0], successor=self.villages[1])
        assert AreaSuccession.objects.get().predecessor == self.villages[0]

    def test_not_counted_keeps_its_reason(self):
        self.change(services.set_counted, self.villages[0], counted=False)
        assert services.figures(self.county, ON)[0]["counted_villages"] == 2
        self.villages[0].refresh_from_db()
        assert self.villages[0].not_counted_reason == "县政发〔2025〕1号"

    def test_bad_changes_are_refused_in_words(self):
        tomorrow = timezone.localdate() + dt.timedelta(days=1)
        cases = [
            (services.rename_area, {"name": "东镇"}, "相同"), (services.rename_area, {"name": "新", "on": tomorrow}, "不能晚于今天"),
            (services.rename_area, {"name": "新", "reason": " "}, "依据"),
            (services.rename_area, {"name": "新", "on": dt.date(2019, 1, 1)}, "须晚于"),
            (services.merge_areas, {"others": [self.villages[0]]}, "同一层级"), (services.move_area, {"parent": self.west}, "上级"),
            (services.merge_areas, {"others": []}, "请选择"),
        ]  # fmt: skip
        for service, options, words in cases:
            with self.subTest(words=words), pytest.raises(ValidationError, match=words), transaction.atomic():
                service(self.east, **{"on": ON, "reason": "文号", "by": self.admin, **options})

    def test_the_database_refuses_overlapping_versions(self):
        version = self.east.versions.get()
        copy = AreaVersion(
            area=self.east, since=ON, until=None, **{name: getattr(version, name) for name in Area.MIRRORED}
        )
        with pytest.raises(DatabaseError), transaction.atomic():
            copy.save()


class PageTests(ChangeCase):
    def test_the_tree_of_a_day_and_finding_in_it(self):
        self.client.force_login(self.admin)
        self.change(services.rename_area, self.east, name="东新镇")
        page = self.client.get(reverse("organizations:area_tree"), {"on": str(BEFORE), "q": "dz"})
        assert "东镇" in page.text
        assert "东新镇" not in page.text
        assert "日期的写法" in self.client.get(reverse("organizations:area_tree"), {"on": "明天"}).text

    def test_the_tree_costs_a_fixed_number_of_queries(self):
        self.client.force_login(self.admin)
        with QueriesAtMost(10):
            self.client.get(reverse("organizations:area_tree"))
        for n in range(30):
            make_village(parent=self.east, name=f"加{n}村")
        with QueriesAtMost(10):
            self.client.get(reverse("organizations:area_tree"))

    def test_a_change_is_tried_then_confirmed_once(self):
        self.client.force_login(self.admin)
        url = reverse("organizations:area_merge", args=[self.east.pk])
        data = {"on": str(ON), "reason": "文号", "others": [self.west.pk], "idempotency_key": "k" * 32}
        preview = self.client.post(url, data)
        assert "东镇委员（+2）" in preview.text
        assert Area.objects.filter(until=None, name="西镇").exists()
        for _ in range(2):
            self.client.post(url, data | {"confirmed": "1"})
        assert AreaSuccession.objects.count() == 1
        assert "西镇" in self.client.get(self.west.get_absolute_url()).text

    def test_units_from_areas_and_from_a_pasted_list(self):
        self.client.force_login(self.admin)
        self.client.post(reverse("organizations:units_from_areas", args=[self.county.pk]))
        assert Unit.objects.filter(kind="township").count() == 2
        url = reverse("organizations:unit_import")
        data = {"area": self.county.pk, "since": "2025-01-01", "names": "教育局\n\n教育局\n财政局\t备注"}
        assert "在名单中重复" in self.client.post(url, data).text
        data["names"] = "教育局\n财政局"
        self.client.post(url, data | {"confirmed": "1", "idempotency_key": "x" * 32})
        assert list(Unit.objects.filter(kind="body").values_list("name", flat=True)) == ["教育局", "财政局"]
