"""Coverage goals: the county's rows with their figures, changes that keep past figures, who may."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from organizations.coverage import Coverage
from organizations.models import CoverageGoal
from organizations.services import goals as services
from portal.accounts.roles import Role
from portal.kit.models import StaleVersionError
from tests.factories import FOUNDED, make_county, make_organization, make_township, make_user, make_village
from tests.queries import QueriesAtMost

DAY = dt.timedelta(days=1)


def url(name, *args):
    return reverse(f"organizations:coveragegoal_{name}", args=args)


class GoalCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.today = timezone.localdate()
        cls.county = make_county()
        cls.township = make_township(parent=cls.county)
        cls.villages = [make_village(parent=cls.township) for _ in range(3)]
        make_organization(cls.villages[0])
        cls.staff = make_user(role=Role.STAFF, area=cls.county)
        cls.goal = cls.make(title="村级组织全覆盖", measure="village_organization", villages=True)

    @classmethod
    def make(cls, **fields):
        return CoverageGoal.objects.create(**{"area": cls.county, "number": 1, "since": FOUNDED, **fields})

    def figures(self, on):
        return [(line.title, line.achieved, line.target) for line in Coverage(self.county, [on]).lines(on)]


class ServiceTests(GoalCase):
    def change(self, goal, since=None, expected=None, **fields):
        stored = CoverageGoal.objects.get(pk=goal.pk)
        for name, value in fields.items():
            setattr(stored, name, value)
        return services.change_goal(stored, since=since or self.today, by=self.staff, expected=expected)

    def test_a_change_closes_the_row_and_opens_a_new_one_so_that_past_figures_stay(self):
        fresh = self.change(self.goal, minimum=2)
        self.goal.refresh_from_db()
        assert (self.goal.until, fresh.since, fresh.pk != self.goal.pk) == (self.today - DAY, self.today, True)
        assert self.figures(self.today - DAY) == [("村级组织全覆盖", 1, 3)]
        assert self.figures(self.today) == [("村级组织全覆盖", 0, 3)]

    def test_a_change_for_a_day_to_come_leaves_today_alone(self):
        self.change(self.goal, since=self.today + DAY, minimum=2)
        assert self.figures(self.today) == [("村级组织全覆盖", 1, 3)]
        assert self.figures(self.today + DAY) == [("村级组织全覆盖", 0, 3)]

    def test_a_goal_that_begins_today_is_changed_in_place(self):
        fresh = self.change(self.goal, minimum=2)
        assert self.change(fresh, title="每村两个") == fresh
        assert CoverageGoal.objects.count() == 2

    def test_nothing_changed_nothing_closed(self):
        self.change(self.goal)
        assert CoverageGoal.objects.get() == self.goal

    def test_the_past_is_not_changed(self):
        with pytest.raises(ValidationError):
            self.change(self.goal, since=self.today - DAY, minimum=2)
        with pytest.raises(ValidationError):
            services.end_goal(self.goal, on=self.today - 2 * DAY, reason="停", by=self.staff)
        with pytest.raises(StaleVersionError):
            self.change(self.goal, expected=7, minimum=2)

    def test_an_ended_goal_keeps_its_past_and_is_not_changed_again(self):
        services.end_goal(self.goal, on=self.today - DAY, reason="已完成", by=self.staff)
        assert self.figures(self.today) == []
        assert self.figures(self.today - DAY) == [("村级组织全覆盖", 1, 3)]
        with pytest.raises(ValidationError):
            self.change(self.goal, minimum=2)

    def test_one_that_has_not_begun_is_removed(self):
        goal = self.make(title="下月起", measure="venues", townships=True, since=self.today + DAY)
        services.end_goal(goal, on=self.today, reason="不做了", by=self.staff)
        assert CoverageGoal.objects.get() == self.goal

    def test_the_six_defaults_are_loaded_once(self):
        assert len(services.load_default_goals(self.county, since=self.today, by=self.staff)) == 5
        assert services.load_default_goals(self.county, since=self.today, by=self.staff) == []


class PageTests(GoalCase):
    def form(self, goal, **more):
        form = self.client.get(url("update", goal.pk)).context["form"]
        data = {name: form[name].value() for name in form.fields}
        return {name: value for name, value in data.items() if value not in (None, False)} | more

    def test_each_row_shows_its_figure_on_the_day_asked_for(self):
        self.client.force_login(self.staff)
        services.load_default_goals(self.county, since=self.today, by=self.staff)
        with QueriesAtMost(12):
            page = self.client.get(url("list"))
        assert "1 / 3　33%" in page.text
        assert "每个村（社区）至少 1 个" in page.text
        assert page.context["total"] == 6
        page = self.client.get(url("list"), {"on": str(self.today - DAY)})
        assert page.context["total"] == 1
        assert self.client.get(url("list"), {"on": "昨天"}).status_code == 200
        assert self.client.get(url("list"), {"on": "2010-01-01"}).context["total"] == 0

    def test_the_workbook_holds_the_figures(self):
        self.client.force_login(self.staff)
        response = self.client.get(url("list"), {"export": "csv"})
        content = b"".join(response.streaming_content) if response.streaming else response.content
        assert "1 / 3" in content.decode("utf-8-sig")

    def test_a_change_from_a_day(self):
        self.client.force_login(self.staff)
        data = self.form(self.goal, minimum=2, from_day=str(self.today))
        assert self.client.post(url("update", self.goal.pk), data).status_code == 302
        assert CoverageGoal.objects.filter(until=None).get().minimum == 2
        assert CoverageGoal.objects.count() == 2

    def test_wrong_input_keeps_what_was_typed(self):
        self.client.force_login(self.staff)
        wrong = [{"from_day": "2020-02-01", "minimum": 5}, {"minimum": "0", "title": "打错了"}, {"measure": "stations"}]
        for more in wrong:
            page = self.client.post(url("update", self.goal.pk), self.form(self.goal, **more))
            assert page.status_code == 422
        data = {name: value for name, value in self.form(self.goal, title="没有层级").items() if name != "villages"}
        page = self.client.post(url("update", self.goal.pk), data)
        assert page.status_code == 422
        assert "请至少选择一个层级" in page.text
        assert "没有层级" in page.text

    def test_two_people_at_once(self):
        self.client.force_login(self.staff)
        goal = self.make(title="今天起", measure="venues", townships=True, since=self.today)
        mine = self.form(goal, title="我写的")
        goal.title = "别人写的"
        services.change_goal(goal, since=self.today, by=self.staff)
        page = self.client.post(url("update", goal.pk), mine)
        assert page.status_code == 409
        assert "别人写的" in page.text

    def test_a_new_goal_and_the_same_title_twice(self):
        self.client.force_login(self.staff)
        data = {"area": self.county.pk, "number": 2, "title": "每镇三场所", "townships": "on", "measure": "venues", "minimum": 3,
                "since": "2026-01-01", "kinds": ["town"]}  # fmt: skip
        assert self.client.post(url("create"), data).status_code == 302
        assert CoverageGoal.objects.get(title="每镇三场所").kinds == ["town"]
        page = self.client.post(url("create"), data)
        assert page.status_code == 422
        assert "已有同名的覆盖目标" in page.text

    def test_a_goal_is_ended_with_a_reason(self):
        self.client.force_login(self.staff)
        page = self.client.get(url("end", self.goal.pk))
        form = page.context["form"]
        data = {name: form[name].value() for name in ("version", "idempotency_key")} | {"on": str(self.today)}
        assert self.client.post(url("end", self.goal.pk), data).status_code == 422
        assert self.client.post(url("end", self.goal.pk), data | {"reason": "已完成"}).status_code == 302
        self.goal.refresh_from_db()
        assert self.goal.until == self.today

    def test_only_measures_of_areas_and_bodies_are_offered(self):
        self.client.force_login(self.staff)
        page = self.client.get(url("create"))
        names = {name for _, group in page.context["form"].fields["measure"].choices for name, _ in group}
        assert {"village_organization", "liaison_place", "venues"} <= names
        assert not {"eight_haves", "stations"} & names

    def test_staff_alone_and_in_their_own_county(self):
        for role, area in (
            (Role.COMMITTEE, self.township),
            (Role.LEADER, self.county),
            (Role.VILLAGE, self.villages[0]),
        ):
            self.client.force_login(make_user(role=role, area=area))
            for address in (
                url("list"),
                url("create"),
                url("update", self.goal.pk),
                url("end", self.goal.pk),
                url("defaults"),
            ):
                assert self.client.get(address).status_code == 403, address
        self.client.force_login(make_user(role=Role.STAFF, area=make_county()))
        assert self.client.get(url("list")).context["total"] == 0
        assert self.client.get(url("update", self.goal.pk)).status_code == 404
        assert self.client.post(url("end", self.goal.pk)).status_code == 404
        assert self.client.post(url("defaults"), {"area": self.county.pk}).status_code == 404

    def test_the_defaults_from_the_page(self):
        self.client.force_login(self.staff)
        self.client.get(url("defaults"))
        self.client.post(url("defaults"), {"area": self.county.pk})
        assert CoverageGoal.objects.in_force().count() == 6

    def test_the_api_reads_goals_of_ones_own_county(self):
        self.client.force_login(make_user(role=Role.COMMITTEE, area=self.township))
        found = self.client.get(reverse("api:goals_list"), {"on": str(self.today)}).json()
        assert [row["title"] for row in found["results"]] == ["村级组织全覆盖"]
        assert self.client.get(reverse("api:goals_detail", args=[self.goal.pk])).status_code == 200
        self.client.force_login(make_user(role=Role.STAFF, area=make_county()))
        assert self.client.get(reverse("api:goals_detail", args=[self.goal.pk])).status_code == 404
