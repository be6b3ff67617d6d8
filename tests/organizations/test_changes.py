"""Changes of the map: what follows the new tree, what stays as it was, who gains or loses sight."""

import datetime as dt
import json

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from organizations.models import Area, AreaChange, AreaSuccession, AreaVersion, Unit
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

    def test_villages_of_one_name_are_told_before_they_meet(self):
        twin = make_village(parent=self.west, name="东0村")
        with pytest.raises(ValidationError, match="东镇下已有“东0村”"):
            self.change(services.merge_areas, self.east, others=[self.west])
        with pytest.raises(ValidationError, match="请先给其中一个更名"):
            self.change(services.move_area, twin, parent=self.east)
        with pytest.raises(ValidationError, match="东镇下已有“东1村”"):
            self.change(services.rename_area, self.villages[0], name="东1村")
        self.change(services.rename_area, twin, name="西东村")
        self.change(services.merge_areas, self.east, others=[self.west])
        assert Area.objects.filter(parent=self.east, until=None).count() == 6

    def test_a_merger_with_the_same_places_taken_keeps_every_place_apart(self):
        for n, village in enumerate(self.others):
            code = self.west.tree_code + self.villages[n].tree_code[-3:]
            village.versions.update(tree_code=code)
            Area.objects.filter(pk=village.pk).update(tree_code=code)
        self.change(services.merge_areas, self.east, others=[self.west])
        codes = Area.objects.in_area(self.east).filter(level=3, until=None).values_list("tree_code", flat=True)
        assert len(set(codes)) == 5

    def test_a_village_that_becomes_a_community_changes_its_kind_with_its_name(self):
        self.change(services.rename_area, self.villages[0], name="东0社区", kind="community")
        row = services.figures(self.county, ON)[0]
        assert (row["counted_villages"], row["counted_communities"]) == (2, 1)
        report = self.change(services.rename_area, self.villages[1], name="东1村", kind="community")
        assert "类别由村改为社区" in report.summary

    def test_nothing_hangs_under_a_parent_that_did_not_exist_yet(self):
        young = make_township(parent=self.county, since=ON + dt.timedelta(days=5))
        with pytest.raises(ValidationError, match="起才设立"):
            self.change(services.move_area, self.villages[0], parent=young)
        with pytest.raises(ValidationError, match="起才设立"):
            self.change(services.create_area, young, name="早村", code=f"{young.code[:9]}201", kind="village")

    def test_a_closed_area_changes_no_more_and_succeeds_nobody(self):
        self.change(services.close_area, self.villages[0], successor=self.villages[1])
        with pytest.raises(ValidationError, match="已于"):
            self.change(services.rename_area, self.villages[0], name="又一村")
        for successor, words in ((self.villages[0], "已于"), (self.west, "同一层级"), (self.villages[2], "它自己")):
            with self.subTest(words=words), pytest.raises(ValidationError, match=words):
                self.change(services.close_area, self.villages[2], successor=successor)

    def test_nobody_changes_what_lies_outside_the_own_areas(self):
        own = make_user(role=Role.SYSADMIN, area=self.east)
        for service, area, options in (
            (services.merge_areas, self.east, {"others": [self.west]}),
            (services.move_area, self.villages[0], {"parent": self.west}),
            (services.close_area, self.villages[0], {"successor": self.others[0]}),
            (services.rename_area, self.west, {"name": "别人的镇"}),
        ):
            with self.subTest(service=service.__name__), pytest.raises(PermissionDenied), transaction.atomic():
                service(area, on=ON, reason="文号", by=own, **options)
        assert not AreaSuccession.objects.exists()

    def test_a_code_is_given_once_for_ever(self):
        self.change(services.close_area, self.villages[0])
        with pytest.raises(ValidationError, match="用过"):
            self.change(services.create_area, self.east, name="新村", code=self.villages[0].code, kind="village")

    def test_the_database_refuses_overlapping_versions(self):
        version = self.east.versions.get()
        copy = AreaVersion(
            area=self.east, since=ON, until=None, **{name: getattr(version, name) for name in Area.MIRRORED}
        )
        with pytest.raises(DatabaseError), transaction.atomic():
            copy.save()


def free_code(parent):
    """A code right below `parent` that no factory has given away."""
    taken = set(Area.objects.values_list("tree_code", flat=True))
    return next(code for number in range(999, 0, -1) if (code := f"{parent.tree_code}{number:03}") not in taken)


class PageTests(ChangeCase):
    def values(self):
        """Change page → (area, what its form is filled with, a name that the preview shows)."""
        free, below = (free_code(parent) for parent in (self.county, self.east))
        return {
            "area_rename": (self.east, {"name": "东新镇", "kind": "town"}, "东镇更名为东新镇"),
            "area_move": (self.villages[0], {"parent": self.west.pk}, "由东镇划归西镇"),
            "area_merge": (self.east, {"others": [self.west.pk], "name": ""}, "西镇并入东镇"),
            "area_split": (self.east, {"name": "新镇", "code": free, "kind": "town", "villages": [self.villages[0].pk]},
                           "划出1个村"),
            "area_close": (self.villages[0], {"successor": self.villages[1].pk}, "由东1村承接"),
            "area_create": (self.east, {"name": "新村", "code": below, "kind": "village"}, "新设新村"),
            "area_count": (self.villages[0], {"counted": "no"}, "不计入统计"),
        }  # fmt: skip

    def test_every_change_is_shown_first_and_saves_nothing_until_confirmed(self):
        self.client.force_login(self.admin)
        for number, (name, (area, values, words)) in enumerate(self.values().items()):
            with self.subTest(name=name):
                url = reverse(f"organizations:{name}", args=[area.pk])
                assert self.client.get(url).status_code == 200
                data = {"on": str(ON), "reason": "县政发〔2025〕1号", "idempotency_key": f"{number}" * 32, **values}
                before = AreaVersion.objects.count()
                preview = self.client.post(url, data)
                assert words in preview.text
                assert "确认办理" in preview.text
                assert AreaVersion.objects.count() == before
                spot = transaction.savepoint()
                done = self.client.post(url, data | {"confirmed": "1"}, follow=True)
                assert done.status_code == 200
                assert AreaChange.objects.filter(reason="县政发〔2025〕1号").count() == 1
                transaction.savepoint_rollback(spot)

    def test_a_refused_change_says_why_beside_the_form(self):
        self.client.force_login(self.admin)
        url = reverse("organizations:area_rename", args=[self.east.pk])
        data = {"on": str(ON), "reason": "文号", "name": "西镇", "kind": "town", "idempotency_key": "r" * 32}
        page = self.client.post(url, data)
        assert page.status_code == 422
        assert "下已有“西镇”" in page.text
        assert self.client.post(url, data | {"reason": ""}).status_code == 422

    def test_only_an_administrator_of_the_area_changes_the_map(self):
        for user, status in (
            (self.committee, 403), (make_user(role=Role.STAFF, area=self.county), 403),
            (make_user(role=Role.SYSADMIN, area=make_county()), 404), (make_user(role=Role.AUDITOR), 403),
        ):  # fmt: skip
            self.client.force_login(user)
            for name in self.values():
                with self.subTest(name=name, user=user.username):
                    assert self.client.get(reverse(f"organizations:{name}", args=[self.east.pk])).status_code == status

    def test_an_old_name_is_found_by_its_letters_on_its_day(self):
        self.change(services.rename_area, self.east, name="新城镇")
        self.client.force_login(self.admin)
        url = reverse("organizations:area_tree")
        assert "找到 1 个" in self.client.get(url, {"on": str(BEFORE), "q": "dz"}).text
        assert "找到 0 个" in self.client.get(url, {"q": "dz"}).text
        assert "找到 1 个" in self.client.get(url, {"q": self.west.code}).text

    def test_an_area_of_many_villages_costs_no_more(self):
        self.client.force_login(self.admin)
        for n in range(30):
            make_village(parent=self.east, name=f"多{n}村")
        for area in (self.county, self.east, self.villages[0]):
            with QueriesAtMost(12):
                self.client.get(area.get_absolute_url())

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
