"""Coverage goals: the county's rows in force on a day, each with its figure; changes that keep past figures."""

import datetime as dt
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import cached_property

from organizations.coverage import Coverage
from organizations.forms import coverage_goals as forms
from organizations.models import Area, CoverageGoal, Level
from organizations.services import goals as services
from organizations.tables.coverage_goals import GoalTable
from portal.kit import views
from portal.kit.access import permission_required
from portal.kit.forms import KeyedForm
from portal.kit.views import act_once, permitted_or_404, reported

GOALS = ("覆盖目标", "/organizations/goals/")


class CoverageGoalListView(views.ListView):
    """Of one county on one day (`?area=`, `?on=`)."""

    model = CoverageGoal
    action = "change"
    table_class = GoalTable
    template_name = "organizations/coveragegoal_list.html"
    crumbs = [("组织与阵地", None)]
    empty_title = "这一天没有覆盖目标"
    empty_hint = "点“载入默认目标”得到六个全覆盖，再按本地要求修改；也可以改看别的日期。"

    @cached_property
    def on(self) -> dt.date:
        try:
            return dt.date.fromisoformat(self.request.GET.get("on", ""))
        except ValueError:
            return timezone.localdate()

    @cached_property
    def counties(self) -> list[Area]:
        """The counties whose goals the user keeps."""
        reach = self.request.user.reach("organizations.change_coveragegoal")
        counties = Area.objects.permitted(self.request.user).existing().filter(level=Level.COUNTY)
        return [county for county in counties if reach.covers(county.tree_code)]

    @cached_property
    def county(self) -> Area | None:
        asked = self.request.GET.get("area", "")
        chosen = [county for county in self.counties if str(county.pk) == asked]
        return next(iter(chosen or self.counties), None)

    def get_table(self) -> tuple[Any, Any]:
        """The county's goals, read once together with what their figures need."""
        coverage = Coverage(self.county, [self.on]) if self.county else None
        rows = list(coverage.goals(self.on)) if coverage else []
        for goal in rows:
            goal.line = coverage.line(f"goal-{goal.pk}", self.on)
            goal.items_url = items_url(goal, self.on)
            goal.edit_url = reverse("organizations:coveragegoal_update", args=[goal.pk]) if _open(goal) else None
        return GoalTable(rows, self.request.GET), None

    def get_title(self) -> str:
        return f"{self.county or ''}覆盖目标"

    def get_actions(self) -> list[views.Button]:
        if not self.may("add"):
            return []
        return [
            {"label": "载入默认目标", "url": reverse("organizations:coveragegoal_defaults")},
            {"label": "新增目标", "url": reverse("organizations:coveragegoal_create"), "primary": True},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(on=self.on, counties=self.counties, county=self.county, **kwargs)


class CoverageGoalCreateView(views.CreateView):
    model = CoverageGoal
    form_class = forms.NewGoalForm
    crumbs = [GOALS]

    def perform(self, form: Any) -> CoverageGoal:
        return services.add_goal(form.instance, by=self.request.user)


class CoverageGoalUpdateView(views.UpdateView):
    """A goal that is in force is closed the day before and opened anew, so that past figures stay."""

    model = CoverageGoal
    form_class = forms.GoalForm
    template_name = "organizations/coveragegoal_form.html"
    crumbs = [GOALS]

    def perform(self, form: Any) -> CoverageGoal:
        values = form.cleaned_data
        return services.change_goal(
            form.instance, since=values["from_day"], by=self.request.user, expected=values.get("version") or 0
        )


class CoverageGoalEndView(views.UpdateView):
    model = CoverageGoal
    form_class = forms.EndGoalForm
    submit_label = "停止统计"
    success_message = "这个目标已停止统计，以前的数据保留。"
    crumbs = [GOALS]

    def get_title(self) -> str:
        return f"停止统计：{self.object}"

    def perform(self, form: Any) -> CoverageGoal:
        values = form.cleaned_data
        services.end_goal(
            form.instance, on=values["on"], reason=values["reason"], by=self.request.user,
            expected=values.get("version") or 0,
        )  # fmt: skip
        return form.instance


@permission_required("organizations.add_coveragegoal")
def coveragegoal_defaults(request: HttpRequest) -> HttpResponse:
    """The six default goals for the user's county; a title that is there already is left alone."""
    counties = Area.objects.existing().filter(level=Level.COUNTY)
    if request.method == "POST":
        asked = request.POST.get("area", "")
        county = permitted_or_404(counties, request.user, pk=int(asked) if asked.isdecimal() else None)
        with reported(request, f"{county}的默认覆盖目标已齐全。"):
            act_once(
                request,
                lambda: services.load_default_goals(county, since=timezone.localdate(), by=request.user),
            )
        return redirect("organizations:coveragegoal_list")
    return render(request, "organizations/defaults.html", {
        "title": "载入默认覆盖目标", "crumbs": [GOALS], "counties": list(counties.permitted(request.user)), "form": KeyedForm(),
        "words": "默认目标是六个全覆盖：镇级组织、商会、村级组织、联络站点、活动场所、活动室。已有同名目标的不会改动，载入后可以修改。",
        "cancel_url": GOALS[1],
    })  # fmt: skip


def items_url(goal: CoverageGoal, on: dt.date) -> str | None:
    """The list behind a goal's figure; None while that page is not installed."""
    try:
        return reverse("dashboards:coverage_list", query={"goal": goal.pk, "area": goal.area_id, "on": str(on)})
    except NoReverseMatch:
        return None


def _open(goal: CoverageGoal) -> bool:
    return goal.until is None or goal.until >= timezone.localdate()
