"""Figures by the county's goals on a day: what counts, the list behind it, before and after the map changes."""

import datetime as dt
import json
from io import StringIO

from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.test import TestCase
from django.utils import timezone

from organizations.coverage import Coverage, changes_between, default_goals, freeze, quarter_ends
from organizations.measures import MEASURES
from organizations.models import (
    Area,
    AreaVersion,
    Check,
    CoverageGoal,
    FormerPlace,
    FrozenFigures,
    Organization,
    Standard,
    StandardVersion,
    registers,
)
from organizations.services.areas import merge_areas, sight
from outreach.models import Activity, Demonstration, DutyPost, Site, Station
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.factories import make_county, make_township, make_unit, make_user, make_village
from tests.queries import QueriesAtMost

DAY = dt.date(2022, 12, 31)
SINCE = dt.date(2022, 3, 1)


class World:
    """Two townships with three villages each; what stands where is named in the tests."""

    @classmethod
    def setUpTestData(cls):
        cls.county = make_county(since=dt.date(2022, 1, 1))
        start = {"since": dt.date(2022, 1, 1)}
        cls.east, cls.west = (make_township(parent=cls.county, name=name, **start) for name in ("东镇", "西镇"))
        cls.villages = [
            make_village(parent=township, name=f"{township.name}{n}村", **start)
            for township in (cls.east, cls.west) for n in "甲乙丙"
        ]  # fmt: skip
        CoverageGoal.objects.bulk_create(default_goals(cls.county, since=dt.date(2022, 1, 1)))
        cls.staff = make_user(role=Role.STAFF, area=cls.county)
        cls.chamber = cls.organization(cls.east, "township_chamber", "东镇商会")
        cls.fellowships = [cls.organization(v, "village_fellowship", f"{v.name}乡贤联谊会") for v in cls.villages[:4]]
        cls.room = Site.objects.create(kind="room", area=cls.villages[0], name="东镇甲村活动室", since=SINCE)
        for n in range(2):
            Site.objects.create(kind="venue", area=cls.east, name=f"东镇场所{n}", since=SINCE)
        Site.objects.create(kind="venue", area=cls.villages[1], name="乙村场所", since=SINCE)
        cls.station = Station.objects.create(kind="station", area=cls.east, name="东镇联络站", since=SINCE)
        DutyPost.objects.create(
            area=cls.east, network="united_front", post="第一责任人", official="张某甲", since=SINCE
        )

    @classmethod
    def organization(cls, area, kind, name, **fields):
        return Organization.objects.create(area=area, kind=kind, name=name, **{"since": SINCE, **fields})

    def goal(self, title, on=DAY, area=None):
        goal = CoverageGoal.objects.get(area=self.county, title=title)
        line = Coverage(area or self.county, [on]).line(f"goal-{goal.pk}", on)
        return line.achieved, line.target


class GoalTests(World, TestCase):
    def test_the_default_six_count_areas_of_their_level(self):
        titles = ["镇级组织全覆盖", "商会全覆盖", "村级组织全覆盖", "联络站点全覆盖", "活动场所全覆盖", "活动室全覆盖"]
        found = {title: self.goal(title) for title in titles}
        assert found == {
            "镇级组织全覆盖": (0, 2), "商会全覆盖": (1, 2), "村级组织全覆盖": (4, 6), "联络站点全覆盖": (1, 8), "活动场所全覆盖": (1, 2),
            "活动室全覆盖": (1, 6),
        }  # fmt: skip

    def test_a_row_counts_from_its_first_day_to_its_last(self):
        Organization.objects.filter(pk=self.fellowships[0].pk).update(until=dt.date(2023, 5, 31))
        found = [
            self.goal("村级组织全覆盖", day)
            for day in (SINCE - dt.timedelta(1), SINCE, dt.date(2023, 5, 31), dt.date(2023, 6, 1))
        ]
        assert found == [(0, 6), (4, 6), (4, 6), (3, 6)]

    def test_areas_that_are_not_counted_are_in_neither_number(self):
        village = make_village(
            parent=self.east, counted=False, not_counted_reason="农场分场", since=dt.date(2022, 1, 1)
        )
        self.organization(village, "village_fellowship", "分场联谊会")
        assert self.goal("村级组织全覆盖") == (4, 6)

    def test_a_body_needs_a_station_of_its_own_and_gives_none_to_the_township(self):
        body = make_unit(area=self.county, name="县某局", since=dt.date(2022, 1, 1))
        assert self.goal("联络站点全覆盖") == (1, 9)
        Station.objects.create(kind="station", area=self.county, unit=body, name="某局联络站", since=SINCE)
        assert self.goal("联络站点全覆盖") == (2, 9)

    def test_a_goal_may_be_limited_to_kinds(self):
        CoverageGoal.objects.filter(title="村级组织全覆盖").update(kinds=["community"])
        assert self.goal("村级组织全覆盖") == (0, 0)

    def test_the_list_is_as_long_as_the_number(self):
        for name in MEASURES:
            line = Coverage(self.county, [DAY]).line(name, DAY)
            assert len(line.figure.have) + len(line.figure.lack) == line.target, name
            assert len(line.figure.have) == line.achieved, name

    def test_queries_do_not_grow_with_goals_days_or_rows(self):
        days = [*quarter_ends(DAY, 3), DAY]
        with QueriesAtMost(
            36
        ):  # for each day: who is short of officers, who is stale and the words of both, who was not visited,
            # the year's training plans
            coverage = Coverage(self.county, days)
            for day in days:
                coverage.lines(day)
                for name in MEASURES:
                    coverage.line(name, day)

    def test_activities_count_by_the_quarter(self):
        Activity.objects.create(area=self.villages[0], kind="study", theme="学习", on=dt.date(2022, 11, 5))
        found = {day: Coverage(self.county, [day]).line("village_activities", day).achieved
                 for day in (dt.date(2022, 9, 30), dt.date(2022, 11, 4), dt.date(2022, 11, 5), DAY, dt.date(2023, 1, 1))}  # fmt: skip
        assert list(found.values()) == [0, 0, 1, 1, 0]

    def test_a_title_ends_on_the_day_it_is_withdrawn(self):
        Demonstration.objects.create(
            site=self.room, area=self.room.area, state="named", named_on=dt.date(2022, 6, 1), withdrawn_on=dt.date(2022, 9, 1),
            withdrawn_reason="复查不合格",
        )  # fmt: skip
        days = [dt.date(2022, 5, 31), dt.date(2022, 6, 1), dt.date(2022, 8, 31), dt.date(2022, 9, 1)]
        coverage = Coverage(self.county, days)
        assert [coverage.line("demonstration_sites", day).achieved for day in days] == [0, 1, 1, 0]

    def test_a_title_does_not_outlive_what_holds_it(self):
        for held in ({"site": self.room}, {"station": self.station}, {"organization": self.chamber}):
            (row,) = held.values()
            Demonstration.objects.create(**held, area=row.area, state="named", named_on=dt.date(2022, 6, 1))
            type(row).objects.filter(pk=row.pk).update(until=dt.date(2022, 9, 1))
        days = [dt.date(2022, 9, 1), dt.date(2022, 9, 2)]
        coverage = Coverage(self.county, days)
        for name, before in (("demonstration_sites", 2), ("demonstration_organizations", 1), ("reviews_in_time", 3)):
            assert [coverage.share(name, day) for day in days] == [(before, before), (0, 0)], name


class MergerTests(World, TestCase):
    ON = dt.date(2023, 7, 1)

    def figures(self, on):
        coverage = Coverage(self.county, [on])
        tree = coverage.ledger.tree(on)
        keys = [f"goal-{goal.pk}" for goal in coverage.goals(on)] + list(MEASURES)
        places = [self.county.pk, *[place.area_id for place in tree.values() if place.level == 2]]
        return {(tree[pk].name, key): coverage.line(key, on, pk).figure.items for key in keys for pk in places}

    def merge(self, **options):
        return merge_areas(self.west, on=self.ON, reason="省政府批复", by=None, others=[self.east], **options)

    def test_every_figure_of_the_day_before_is_unchanged_and_the_day_after_follows_the_new_tree(self):
        before = {day: self.figures(day) for day in (DAY, self.ON - dt.timedelta(1))}
        rows = {model: model._default_manager.count() for model in registers()}
        self.merge()
        assert {day: self.figures(day) for day in before} == before
        assert {model: model._default_manager.count() for model in registers()} == rows
        assert self.goal("商会全覆盖", self.ON) == (1, 1)
        assert self.goal("村级组织全覆盖", self.ON) == (4, 6)
        west = Coverage(self.west, [self.ON])
        assert west.line("village_organization", self.ON).target == 6
        assert west.line("chambers", self.ON).achieved == 1

    def test_every_areas_own_page_of_the_day_before_is_unchanged_too(self):
        areas, on = [self.county, self.east, self.west, *self.villages], self.ON - dt.timedelta(1)
        make_user(role=Role.VILLAGE, area=self.villages[0]).grants.update(since=SINCE)
        version = StandardVersion.objects.create(
            standard=Standard.objects.create(
                area=self.county, code="eight_haves", name="八有", applies_to="organizations.organization"
            ),
            since=SINCE,
        )
        for row in (self.chamber, *self.fellowships):
            check = Check(
                version_checked=version, object_name=row.name, on=SINCE, by=self.staff, status="done", passed=True
            )
            check.attach_to(row)
            check.save()

        def own():
            found = {}
            for area in areas:
                coverage = Coverage(Area.objects.get(pk=area.pk), [on])
                for key in [f"goal-{goal.pk}" for goal in coverage.goals(on)] + list(MEASURES):
                    found[str(area), key] = sorted(coverage.line(key, on).figure.items), coverage.share(key, on)
            return found

        before = own()
        self.merge()
        after = own()
        assert {key: after[key] for key in before if after[key] != before[key]} == {}

    def test_the_closed_townships_own_page_of_a_day_before_still_has_its_figures(self):
        self.merge()
        on = self.ON - dt.timedelta(1)
        east = Coverage(Area.objects.get(pk=self.east.pk), [on])
        assert (east.line("chambers", on).achieved, east.line("village_organization", on).target) == (1, 3)

    def test_rows_move_with_their_place_kept_and_two_moves_keep_both(self):
        self.merge()
        third = make_township(parent=self.county, name="南镇", since=dt.date(2022, 1, 1))
        merge_areas(
            third, on=dt.date(2024, 1, 1), reason="再次合并", by=None, others=[Area.objects.get(pk=self.west.pk)]
        )
        places = FormerPlace.objects.filter(register="organizations.organization", object_id=self.chamber.pk)
        assert list(places.values_list("area__name", "until")) == [
            ("东镇", dt.date(2023, 6, 30)),
            ("西镇", dt.date(2023, 12, 31)),
        ]
        self.chamber.refresh_from_db()
        assert self.chamber.area == third
        found = [
            Organization.objects.standing_in(area, on).filter(pk=self.chamber.pk).exists()
            for area, on in ((self.east, DAY), (self.west, DAY), (self.west, self.ON), (third, self.ON), (third, dt.date(2024, 1, 1)))
        ]  # fmt: skip
        assert found == [True, False, True, False, True]

    def test_who_gains_and_loses_sight_equals_a_recomputation(self):
        gains = make_user(role=Role.COMMITTEE, area=self.west, name="王某甲")
        make_user(role=Role.COMMITTEE, area=self.east, name="李某乙")
        before = sight(self.county)
        report = self.merge()
        after = sight(self.county)
        changed = {user[1]: len(after.get(user, set()) - before.get(user, set())) for user in before}
        assert dict(report.gaining) == {name: number for name, number in changed.items() if number} == {gains.name: 3}
        assert [name for name, _ in report.losing] == ["李某乙"]
        assert ("划转的基层统战组织", 1) in report.counts

    def test_the_keeper_of_the_successor_sees_what_came(self):
        keeper = make_user(role=Role.COMMITTEE, area=self.west)
        assert not Organization.objects.permitted(keeper).filter(pk=self.chamber.pk).exists()
        self.merge()
        assert Organization.objects.permitted(keeper, "change").filter(pk=self.chamber.pk).exists()

    def test_two_rows_of_one_name_stop_the_merger_in_words(self):
        self.organization(self.west, "township_chamber", "东镇商会")
        with self.assertRaisesMessage(ValidationError, "西镇已有同名的基层统战组织"):
            self.merge()
        assert Area.objects.get(pk=self.east.pk).until is None

    def test_what_changed_between_two_days(self):
        self.merge()
        found = {title: (new, gone) for title, new, gone in changes_between(self.county, DAY, self.ON)}
        assert found["行政区划"] == ([], ["东镇"])
        assert found["行政区划合并、承接"] == (["东镇 → 西镇"], [])


class FrozenTests(World, TestCase):
    def test_frozen_figures_do_not_follow_a_later_correction(self):
        freeze(self.county, DAY, by=self.staff, basis="2022年第四季度公布")
        Organization.objects.filter(pk=self.fellowships[0].pk).update(since=dt.date(2023, 1, 1))
        assert self.goal("村级组织全覆盖") == (4, 6)
        assert self.goal("村级组织全覆盖", area=self.east) == (3, 3)
        live = Coverage(self.county, [DAY], live=True)
        assert live.line("village_organization", DAY).achieved == 3
        assert Coverage(self.county, [DAY]).is_frozen(DAY)
        assert "冻结" in AuditEntry.objects.order_by("-sequence").first().sentence

    def test_the_database_refuses_a_change_of_frozen_figures(self):
        frozen = freeze(self.county, DAY, by=self.staff, basis="公布")
        with self.assertRaises(DatabaseError), transaction.atomic():
            FrozenFigures.objects.filter(pk=frozen.pk).update(basis="别的")


class CommandTests(World, TestCase):
    def run_command(self, *args):
        out = StringIO()
        call_command("coverage", *args, stdout=out)
        return out.getvalue()

    def test_one_row_a_goal_with_the_codes_that_are_missing(self):
        rows = json.loads(self.run_command("--area", self.county.code, "--on", "2022-12-31", "--json"))
        villages = next(row for row in rows if row["goal"] == "村级组织全覆盖")
        assert villages == {"goal": "村级组织全覆盖", "achieved": 4, "target": 6, "percent": 67,
                            "missing": [village.code for village in self.villages[4:]]}  # fmt: skip
        assert len(rows) == 6

    def test_by_township_one_block_each_adds_up_to_the_county(self):
        blocks = json.loads(
            self.run_command("--area", self.county.code[:6], "--on", "2022-12-31", "--by", "township", "--json")
        )
        assert [block["name"] for block in blocks] == ["东镇", "西镇"]
        counts = [row["achieved"] for block in blocks for row in block["goals"] if row["goal"] == "村级组织全覆盖"]
        assert counts == [3, 1]

    def test_a_wrong_area_or_day_is_named(self):
        county, village = self.county.code, self.villages[0].code
        wrong = [
            (["--area", "999999"], "No area has the code '999999'"), (["--area", ""], "No area has the code ''"),
            (["--area", county, "--on", "2022-13-01"], "is no day"), (["--area", county, "--on", ""], "is no day"),
            (["--area", county, "--on", "2021-01-01"], "did not exist"), (["--area", county, "--on", "2999-01-01"], "not come"),
            (["--area", village, "--by", "township", "--json"], "is a village"),
        ]  # fmt: skip
        for args, words in wrong:
            with self.assertRaisesMessage(CommandError, words):
                self.run_command(*args)

    def test_a_code_is_that_of_the_day(self):
        old = self.east.code
        later = old[:6] + "999000"
        AreaVersion.objects.filter(area=self.east).update(until=dt.date(2024, 12, 31))
        version = AreaVersion.objects.get(area=self.east)
        version.pk, version.code, version.since, version.until = None, later, dt.date(2025, 1, 1), None
        version.save()
        Area.objects.filter(pk=self.east.pk).update(code=later)
        assert "商会全覆盖：1 / 1" in self.run_command("--area", old[:9], "--on", "2022-12-31")
        assert "商会全覆盖：1 / 1" in self.run_command("--area", later[:9])
        with self.assertRaisesMessage(CommandError, "No area has the code"):
            self.run_command("--area", old[:9])

    def test_without_a_day_it_is_today(self):
        text = self.run_command("--area", self.county.code)
        assert "村级组织全覆盖：4 / 6 67%" in text and timezone.localdate()


class PlaceTests(World, TestCase):
    def test_the_database_holds_an_organization_to_its_level(self):
        with self.assertRaises(DatabaseError), transaction.atomic():
            self.organization(self.villages[0], "township_chamber", "村商会")
        with self.assertRaisesMessage(ValidationError, "乡镇商会设在乡镇（街道）"):
            Organization(area=self.villages[0], kind="township_chamber", name="村商会", since=SINCE).full_clean()


class ShareTests(World, TestCase):
    def test_a_frozen_day_gives_its_sums_without_reading_its_lists(self):
        freeze(self.county, DAY, by=self.staff, basis="公布")
        for area in (self.county, self.east, self.west):
            coverage = Coverage(area, [DAY])
            with self.assertNumQueries(3):  # which days are frozen, one measure's frozen sums, the area's tree
                share = coverage.share("village_organization", DAY), coverage.ledger.tree(DAY)
            live = Coverage(area, [DAY], live=True).line("village_organization", DAY)
            assert share[0] == (live.achieved, live.target)
            assert Coverage(area, [DAY]).line("village_organization", DAY).figure.items == live.figure.items
