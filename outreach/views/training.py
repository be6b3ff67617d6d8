"""Training plans with their sessions and posts of cadres."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from organizations.filters.organizations import area_words
from outreach.filters.training import TrainingPlanFilterSet
from outreach.forms import training as forms
from outreach.forms.officers import choices_of
from outreach.models import CadrePost, TrainingPlan, TrainingSession
from outreach.services.officers import find_officers, officers_for, with_names
from outreach.services.places import covers
from outreach.services.training import save_plan, save_session, sessions_of, with_reach
from outreach.tables.training import TrainingPlanTable, TrainingSessionTable
from outreach.views.visits import SECTION, button, found_again, linked
from portal.kit import views
from portal.kit.access import permission_required
from portal.kit.templatetags.kit import whole_percent
from portal.kit.views import permitted_or_404

PLANS = ("培训计划", "/outreach/training-plans/")
PLAN = ("plan__area__parent", "plan__unit__area")
STARTING = ("year", "audience", "area", "unit")


class TrainingPlanListView(views.ListView):
    model = TrainingPlan
    queryset = with_reach(TrainingPlan.objects.select_related("area__parent", "unit"))
    table_class = TrainingPlanTable
    filterset_class = TrainingPlanFilterSet
    template_name = "outreach/trainingplan_list.html"
    crumbs = [SECTION]
    empty_title = "没有符合条件的培训计划"
    empty_hint = "请放宽筛选条件，或新增一个培训计划。"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        names = {
            "plans": Count("pk"),
            "planned": Sum("planned_people"),
            "sessions": Sum("held"),
            "people": Sum("attended"),
        }
        found = kwargs["table"].queryset.order_by().aggregate(**names)
        sums = {name: value or 0 for name, value in found.items()}
        percent = whole_percent(sums["people"], sums["planned"])
        return super().get_context_data(sums={**sums, "percent": percent}, **kwargs)

    def get_actions(self) -> list[views.Button]:
        return [button("新增培训计划", "trainingplan_create", primary=True)] if self.may("add") else []

    def get_empty_action(self) -> tuple[str, str] | None:
        action = next(iter(self.get_actions()), None)
        return (action["label"], action["url"]) if action else None


class TrainingPlanDetailView(views.DetailView):
    model = TrainingPlan
    queryset = with_reach(TrainingPlan.objects.select_related("area__parent", "unit__area"))
    template_name = "outreach/trainingplan_detail.html"
    crumbs = [SECTION, PLANS]

    def get_fields(self) -> Iterator[tuple[str, Any, str | None]]:
        plan = self.object
        yield "年份", plan.year, None
        yield "培训对象", plan.get_audience_display(), None
        yield "所在区划", area_words(plan.area), None
        if plan.unit:
            yield "主管单位", plan.unit, None
        yield "计划培训人数", plan.planned_people, None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        plan, user = self.object, self.request.user
        posts = list(CadrePost.objects.filter(plan=plan).order_by("pk"))
        return super().get_context_data(
            sessions=TrainingSessionTable(sessions_of(plan)), session_count=plan.sessions.count(), posts=posts,
            can_change=covers(user, plan, "change"),
            percent=whole_percent(plan.attended, plan.planned_people), **kwargs,
        )  # fmt: skip

    def get_actions(self) -> list[views.Button]:
        plan, user = self.object, self.request.user
        found = []
        if covers(user, plan, "change"):
            found += [
                button("登记班次", "trainingsession_create", plan.pk, primary=True),
                button("修改", "trainingplan_update", plan.pk),
            ]
        if covers(user, plan, "delete"):
            found.append(button("删除", "trainingplan_delete", plan.pk))
        return found


class TrainingPlanFormMixin:
    model = TrainingPlan
    form_class = forms.TrainingPlanForm
    crumbs = [SECTION, PLANS]
    request: Any

    def perform(self, form: Any) -> TrainingPlan:
        return save_plan(form.instance, by=self.request.user, expected=expected_of(form))


class TrainingPlanCreateView(TrainingPlanFormMixin, views.CreateView):
    def get_initial(self) -> dict[str, Any]:
        return {name: self.request.GET[name] for name in STARTING if self.request.GET.get(name)}

    def get_cancel_url(self) -> str:
        return PLANS[1]


class TrainingPlanUpdateView(TrainingPlanFormMixin, views.UpdateView):
    pass


class TrainingPlanDeleteView(views.DeleteView):
    model = TrainingPlan
    crumbs = [SECTION, PLANS]

    def get_consequences(self) -> list[str]:
        return ["只有登记有误的才删除；已有班次或者培养岗位的计划不能删除。"]

    def get_success_url(self) -> str:
        return PLANS[1]


class OfPlanMixin:
    """A row of a plan: the address of a new one names the plan, one that is there has its own."""

    request: Any
    kwargs: dict[str, Any]
    object: Any
    crumbs = [SECTION, PLANS]
    queryset: Any

    @property
    def plan(self) -> TrainingPlan:
        return self.object.plan if self.object else self.named_plan

    @cached_property
    def named_plan(self) -> TrainingPlan:
        """The plan that the address of a new row names."""
        plans = TrainingPlan.objects.select_related("area__parent", "unit__area")
        return permitted_or_404(plans, self.request.user, "change", pk=self.kwargs["pk"])

    def get_crumbs(self) -> list[views.Crumb]:
        return [SECTION, PLANS, (str(self.plan), self.plan.get_absolute_url())]

    def get_form_kwargs(self) -> dict[str, Any]:
        """A new row belongs to the plan that the address names."""
        kwargs = super().get_form_kwargs()  # type: ignore[misc]
        if self.object is None:
            kwargs["instance"] = self.model(plan=self.plan)  # type: ignore[attr-defined]
        return kwargs

    def get_cancel_url(self) -> str:
        return self.object.get_absolute_url() if self.object else self.plan.get_absolute_url()


class TrainingSessionDetailView(OfPlanMixin, views.DetailView):
    model = TrainingSession
    queryset = TrainingSession.objects.select_related(*PLAN)
    template_name = "outreach/trainingsession_detail.html"
    fields = ("title", "on", "place", "days", "planned", "attended")

    def get_fields(self) -> Iterator[tuple[str, Any, str | None]]:
        yield linked(self.request.user, "培训计划", self.plan)
        yield from super().get_fields()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(officers=officer_lines(self.request.user, self.object), **kwargs)

    def get_actions(self) -> list[views.Button]:
        row, user = self.object, self.request.user
        found = []
        if covers(user, row.plan, "change"):
            label = "修改" if row.attended is not None else "填写实到人数、修改"
            found.append(button(label, "trainingsession_update", row.pk, primary=True))
        if covers(user, row.plan, "delete"):
            found.append(button("删除", "trainingsession_delete", row.pk))
        return found


class TrainingSessionFormMixin(OfPlanMixin):
    model = TrainingSession
    queryset = TrainingSession.objects.select_related(*PLAN)
    form_class = forms.TrainingSessionForm
    template_name = "outreach/trainingsession_form.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return found_again(self, request) or super().post(request, *args, **kwargs)  # type: ignore[misc]

    def perform(self, form: Any) -> TrainingSession:
        officers = list(form.cleaned_data["officers"])
        return save_session(form.instance, officers, by=self.request.user, expected=expected_of(form))


class TrainingSessionCreateView(TrainingSessionFormMixin, views.CreateView):
    title = "登记培训班次"
    success_message = "培训班次已登记。"


class TrainingSessionUpdateView(TrainingSessionFormMixin, views.UpdateView):
    pass


class TrainingSessionDeleteView(OfPlanMixin, views.DeleteView):
    model = TrainingSession
    queryset = TrainingSession.objects.select_related(*PLAN)

    def get_consequences(self) -> list[str]:
        return ["这个班次不再显示，也不再计入参训率；只有登记有误的才删除。"]

    def get_success_url(self) -> str:
        return self.plan.get_absolute_url()


class CadrePostFormMixin(OfPlanMixin):
    model = CadrePost
    queryset = CadrePost.objects.select_related(*PLAN)
    form_class = forms.CadrePostForm
    template_name = "outreach/cadrepost_form.html"


class CadrePostCreateView(CadrePostFormMixin, views.CreateView):
    success_message = "培养岗位已新增。"


class CadrePostUpdateView(CadrePostFormMixin, views.UpdateView):
    pass


class CadrePostDeleteView(OfPlanMixin, views.DeleteView):
    model = CadrePost
    queryset = CadrePost.objects.select_related(*PLAN)

    def get_consequences(self) -> list[str]:
        return ["这个岗位和它的人数不再列在计划里。"]


@require_GET
@permission_required("outreach.add_activity", "outreach.add_trainingsession")
def activity_officers(request: HttpRequest) -> HttpResponse:
    """The boxes of the search as one types: the ticked ones and who was found."""
    words = request.GET.get("officer_name", "")[:50]
    asked = [pk for pk in request.GET.getlist("officers") if pk.isascii() and pk.isdigit() and len(pk) < 18]
    found = find_officers(request.user, words)
    choices = choices_of(list(officers_for(request.user).filter(pk__in=asked)), found)
    return render(request, "outreach/_officers.html", {"choices": choices, "searched": words.strip() and not found})


def officer_lines(user: Any, row: Any) -> list[tuple[str, str | None]]:
    """(who, address) of the officers whom an activity or a session names; linked where `user` may open the roster."""
    rows = with_names(row.officers.all()).order_by("organization__name", "number", "pk")
    return [(str(one), one.get_absolute_url() if covers(user, one.organization) else None) for one in rows]


def expected_of(form: Any) -> int | None:
    """The version that a form was opened with; None for a new row."""
    return form.cleaned_data.get("version") or 0 if form.instance.pk else None
