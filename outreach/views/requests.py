"""Requests: the list, the monthly list by unit, a page with its road, a form for each step."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from organizations.filters.organizations import area_words
from outreach.filters import requests as filters
from outreach.forms import requests as forms
from outreach.models import Request, RequestStep
from outreach.services.places import covers
from outreach.services.requests import (
    ACTIONS,
    DEPARTMENT,
    accept_request,
    answer_request,
    call_back_request,
    close_request,
    correct_request,
    correction_refusal,
    figures_by_unit,
    hand_over_request,
    may,
    refusal,
    reopen_request,
)
from outreach.tables import requests as tables
from outreach.views.places import StepView, url_or_none
from outreach.views.visits import SECTION, Fact, TabbedListView, button, found_again, linked
from portal.kit import views

REQUESTS = ("诉求", "/outreach/requests/")
ROWS = Request.objects.select_related("area__parent", "unit__area")
SOURCES = ("enterprise__area", "organization__area", "contact__area")
OBJECT = "appeal"  # the model's own name in a template would hide the request that the page answers
Act = RequestStep.Act
STEPS = {
    Act.HANDED_OVER: ("转办", "request_hand_over"), Act.ANSWERED: ("答复", "request_answer"),
    Act.CALLED_BACK: ("回访", "request_call_back"), Act.CLOSED: ("办结", "request_close"),
    Act.REOPENED: ("重新办理", "request_reopen"),
}  # fmt: skip
STAGES = list(Request.State)


class RequestTabs(TabbedListView):
    tabs = (("诉求登记", "outreach:request_list"), ("按承办单位统计", "outreach:request_monthly"))

    def get_actions(self) -> list[views.Button]:
        may_add = self.request.user.has_perm("outreach.add_request")
        return [button("受理诉求", "request_create", primary=True)] if may_add else []


class RequestListView(RequestTabs):
    model = Request
    queryset = Request.objects.select_related("area__parent", "unit", "enterprise", "organization", "contact")
    table_class = tables.RequestTable
    filterset_class = filters.RequestFilterSet
    empty_hint = "请放宽筛选条件，或受理一件诉求。"
    paginate_by = 40  # its rows are long: a page stays below 60 kB


class RequestMonthlyView(RequestTabs):
    """What each unit did with the requests of a month: every number opens the rows behind it."""

    model = Request
    title = "诉求办理情况统计"
    template_name = "outreach/request_monthly.html"
    table_class = tables.RequestMonthlyTable
    filterset_class = filters.MonthFilterSet
    empty_hint = "这个月没有受理诉求；请选择别的月份。"

    def get_table(self) -> tuple[Any, Any]:
        today = timezone.localdate()
        asked = self.request.GET.copy()
        if not {"year", "month"} & set(asked):
            asked.update({"year": str(today.year), "month": str(today.month)})
        filterset = self.filterset_class(asked, queryset=self.get_queryset(), request=self.request)
        query = {name: asked[name] for name in filterset.filters if asked.get(name)}
        lines = [tables.LinkedLine(line, query) for line in figures_by_unit(filterset.qs, today)]
        return self.table_class(lines, self.request.GET), filterset


class RequestDetailView(views.DetailView):
    model = Request
    queryset = ROWS.select_related(*SOURCES, "handler__area", "area__parent", "unit__area")
    template_name = "outreach/request_detail.html"
    crumbs = [SECTION, REQUESTS]
    context_object_name = OBJECT

    def get_fields(self) -> Iterator[Fact]:
        row, user = self.object, self.request.user
        yield linked(user, "诉求人", row.source)
        yield "事项", row.get_matter_display(), None
        yield "渠道", row.get_channel_display(), None
        if row.details:
            yield "具体情况", row.details, None
        yield "所在区划", area_words(row.area), None
        yield "承办单位", row.unit or f"未转办（{DEPARTMENT}）", None
        if row.handler:
            yield linked(user, "牵头干部", row.handler)
        yield "受理日期", row.accepted_on, None
        yield "办理期限", tables.term(row), None
        yield from self._results()

    def _results(self) -> Iterator[Fact]:
        row = self.object
        if row.answered_on:
            yield "答复", f"{row.answered_on} {row.answer}", None
        if row.satisfaction:
            yield "满意度", row.get_satisfaction_display(), None
        if row.outcome:
            yield "办理结果", row.get_outcome_display(), None
        if row.reopened:
            yield "重新办理次数", row.reopened, None
        if row.escalated_on:
            yield "提请包片领导日期", row.escalated_on, None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        row = self.object
        place = STAGES.index(row.state)
        closed = row.state == Request.State.CLOSED
        stages = [(state.label, n < place or closed, n == place and not closed) for n, state in enumerate(STAGES)]
        return super().get_context_data(
            stages=stages, steps=list(row.steps.select_related("from_unit", "to_unit", "by")), overdue=tables.is_overdue(row),
            supports=list(self._supports()),
            support_create=self._support_create(), department=DEPARTMENT, **kwargs,
        )  # fmt: skip

    def _supports(self) -> Iterator[tuple[Any, str | None]]:
        """The money that came of it; whoever may see the request may know of it."""
        user = self.request.user
        if user.has_perm("outreach.view_support"):
            for one in self.object.supports.select_related("area"):
                yield one, url_or_none("outreach:support_detail", one.pk) if covers(user, one) else None

    def _support_create(self) -> str | None:
        row = self.object
        if not row.enterprise_id or not self.request.user.has_perm("outreach.add_support"):
            return None
        return url_or_none("outreach:support_create", query={"enterprise": row.enterprise_id, "request": row.pk})

    def get_actions(self) -> list[views.Button]:
        """Only what this user may do now; the first of them is the next step."""
        row, user = self.object, self.request.user
        found = [button(label, name, row.pk) for act, (label, name) in STEPS.items() if may(user, row, act)]
        if found:
            found[0]["primary"] = True
        if covers(user, row, "change") and not correction_refusal(row, user):
            found.append(button("修改", "request_update", row.pk))
        return found


class RequestCreateView(views.CreateView):
    model = Request
    form_class = forms.RequestForm
    context_object_name = OBJECT
    title = "受理诉求"
    template_name = "outreach/pairing_form.html"
    crumbs = [SECTION, REQUESTS]
    success_message = "诉求已受理。"
    submit_label = "受理"

    def get_initial(self) -> dict[str, Any]:
        """What the page before knew: `?sides=enterprise-12`."""
        return {"sides": self.request.GET.getlist("sides")}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return found_again(self, request) or super().post(request, *args, **kwargs)

    def perform(self, form: Any) -> Request:
        return accept_request(form.instance, by=self.request.user, days=form.cleaned_data["days"])

    def get_cancel_url(self) -> str:
        return REQUESTS[1]


class RequestStepView(StepView):
    """A step of a request: refused on opening and on sending where the request is not at that step."""

    model = Request
    queryset = ROWS
    context_object_name = OBJECT
    template_name = "outreach/request_step.html"
    act: Any = None
    action = "change"

    def get_crumbs(self) -> list[views.Crumb]:
        return [SECTION, REQUESTS]

    def get_title(self) -> str:
        return f"{STEPS[self.act][0]}：{self.object}"

    def refusal(self, obj: Any) -> str:
        return refusal(obj, self.act, self.request.user)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        row = self.object
        facts: list[Fact] = [
            ("诉求内容", row.subject, None), ("具体情况", row.details, None), ("承办单位", row.unit or f"未转办（{DEPARTMENT}）", None),
            ("办理期限", tables.term(row), None), ("答复内容", row.answer, None),
        ]  # fmt: skip
        return super().get_context_data(fields=[fact for fact in facts if fact[1]], **kwargs)

    def perform(self, form: Any) -> Request:
        said = {name: form.cleaned_data[name] for name in type(form).declared_fields if name in form.cleaned_data}
        values = {name: value for name, value in said.items() if name not in {"version", "idempotency_key", "base"}}
        expected = form.cleaned_data["version"] or 0
        return self.service(**values, by=self.request.user, expected=expected)

    def service(self, **values: Any) -> Request:
        raise NotImplementedError


class RequestHandOverView(RequestStepView):
    act, action = Act.HANDED_OVER, ACTIONS[Act.HANDED_OVER]
    form_class = forms.RequestHandOverForm
    submit_label = "转办"
    success_message = "已转办，承办单位可以看到这件诉求并答复。"

    def service(self, **values: Any) -> Request:
        return hand_over_request(self.object, values.pop("unit"), **values)


class RequestAnswerView(RequestStepView):
    act, action = Act.ANSWERED, ACTIONS[Act.ANSWERED]
    form_class = forms.RequestAnswerForm
    submit_label = "答复"
    success_message = "已答复，等待回访。"

    def service(self, **values: Any) -> Request:
        return answer_request(self.object, **values)


class RequestCallBackView(RequestStepView):
    act, action = Act.CALLED_BACK, ACTIONS[Act.CALLED_BACK]
    form_class = forms.RequestCallBackForm
    submit_label = "保存回访"
    success_message = "回访已登记。满意的请办结，不满意的可以重新办理。"

    def service(self, **values: Any) -> Request:
        return call_back_request(self.object, **values)


class RequestCloseView(RequestStepView):
    act, action = Act.CLOSED, ACTIONS[Act.CLOSED]
    form_class = forms.RequestCloseForm
    submit_label = "办结"
    success_message = "诉求已办结。"

    def service(self, **values: Any) -> Request:
        return close_request(self.object, **values)


class RequestReopenView(RequestStepView):
    act, action = Act.REOPENED, ACTIONS[Act.REOPENED]
    form_class = forms.RequestReopenForm
    submit_label = "重新办理"
    success_message = "已重新办理；办理期限不变。"

    def service(self, **values: Any) -> Request:
        return reopen_request(self.object, **values)


class RequestUpdateView(StepView):
    """Corrects what was written down, with a reason, while the request is open."""

    model = Request
    queryset = ROWS
    form_class = forms.RequestUpdateForm
    context_object_name = OBJECT
    template_name = "generic/form.html"
    success_message = "修改已保存。"

    def get_crumbs(self) -> list[views.Crumb]:
        return [SECTION, REQUESTS]

    def refusal(self, obj: Any) -> str:
        return correction_refusal(obj, self.request.user)

    def perform(self, form: Any) -> Request:
        values = form.cleaned_data
        return correct_request(
            form.instance, reason=values["reason"], by=self.request.user, expected=values["version"] or 0
        )
