"""Pairings, visits, those not seen, rhythms."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from organizations.filters.organizations import area_words
from outreach.filters import visits as filters
from outreach.forms import visits as forms
from outreach.models import Enterprise, Official, Pairing, Rhythm, Visit, Whom
from outreach.services.places import covers
from outreach.services.visits import (
    DEFAULT_MONTHS,
    MEMBERS,
    NOT_SHOWN,
    SIDES,
    TARGETS,
    cancel_visit,
    end_pairing,
    find_targets,
    not_seen,
    pair,
    save_visit,
    targets_from,
    token_of,
    unpaired_enterprises,
    unpaired_officials,
    with_last_visit,
)
from outreach.tables import visits as tables
from outreach.views.places import StepView
from portal.kit import views
from portal.kit.access import permission_required

SECTION = ("联谊服务", None)
PAIRINGS = ("结对联系", "/outreach/pairings/")
VISITS = ("走访", "/outreach/visits/")
SHOWN = 10
MEMBER_MODELS = {"officials": Official, **{f"{name}s": model for name, model in TARGETS.items()}}
Fact = tuple[str, Any, str | None]


def linked(user: Any, label: str, row: Any) -> Fact:
    """A row as a fact, with its address where the user may open it."""
    return label, str(row), row.get_absolute_url() if covers(user, row) else None


def button(label: str, name: str, *args: Any, primary: bool = False, **query: Any) -> views.Button:
    return {"label": label, "url": reverse(f"outreach:{name}", args=args, query=query or None), "primary": primary}


class TabbedListView(views.ListView):
    template_name = "outreach/place_list.html"
    crumbs = [SECTION]
    tabs: tuple[tuple[str, str], ...] = ()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        tabs = [(label, reverse(name), reverse(name) == self.request.path) for label, name in self.tabs]
        return super().get_context_data(tabs=tabs, **kwargs)


# pairings


class PairingTabs(TabbedListView):
    tabs = (
        ("结对联系", "outreach:pairing_list"),
        ("未结对的企业和协会", "outreach:pairing_unpaired_enterprises"),
        ("未结对的干部", "outreach:pairing_unpaired_officials"),
    )

    def get_actions(self) -> list[views.Button]:
        may = self.request.user.has_perm("outreach.add_pairing")
        return [button("登记结对", "pairing_create", primary=True)] if may else []

    def get_empty_action(self) -> tuple[str, str] | None:
        action = next(iter(self.get_actions()), None)
        return (action["label"], action["url"]) if action else None


class PairingListView(PairingTabs):
    model = Pairing
    queryset = with_last_visit(
        Pairing.objects.select_related("area__parent", "unit", "official", "enterprise", "contact")
    )
    table_class = tables.PairingTable
    filterset_class = filters.PairingFilterSet
    empty_hint = "请放宽筛选条件，或登记结对。"


class UnpairedView(PairingTabs):
    """Those without a pairing on the day of `?on=`."""

    filterset_class = filters.UnpairedFilterSet
    empty_title = "都已结对"
    empty_hint = "没有未结对的。"

    @property
    def day(self) -> dt.date:
        return day_of(self.request.GET.get("on", ""))


class PairingUnpairedEnterprisesView(UnpairedView):
    model = Enterprise
    title = "未结对的企业和协会"
    table_class = tables.UnpairedEnterpriseTable

    def get_queryset(self) -> Any:
        return unpaired_enterprises(self.request.user, self.day).select_related("area__parent", "unit")


class PairingUnpairedOfficialsView(UnpairedView):
    model = Official
    title = "未结对的干部"
    table_class = tables.UnpairedOfficialTable

    def get_queryset(self) -> Any:
        return unpaired_officials(self.request.user, self.day).select_related("area__parent", "unit")


class PairingDetailView(views.DetailView):
    model = Pairing
    queryset = Pairing.objects.select_related(
        "area__parent", "unit", "official__area", "enterprise__area", "contact__area"
    )
    template_name = "outreach/pairing_detail.html"
    crumbs = [SECTION, PAIRINGS]

    def get_fields(self) -> Iterator[Fact]:
        row, user = self.object, self.request.user
        yield linked(user, "联系干部", row.official)
        yield linked(user, "结对对象", row.target)
        yield "所在区划", area_words(row.area), None
        yield "结对日期", row.since, None
        if row.until:
            yield "结束日期", row.until, None
            yield "结束原因", row.get_end_display(), None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        row, side = self.object, "enterprises" if self.object.enterprise_id else "contacts"
        visits = Visit.objects.permitted(self.request.user).filter(officials=row.official_id, **{side: row.target})
        shown = visits.with_readable_notes(self.request.user)
        return super().get_context_data(
            visits=[(visit, tables.notes(visit)) for visit in shown[:SHOWN]], visit_list=self._visit_list(), **kwargs
        )

    def _visit_list(self) -> str:
        row = self.object
        side = {"enterprise": row.enterprise_id} if row.enterprise_id else {"contact": row.contact_id}
        return reverse("outreach:visit_list", query={"official": row.official_id, **side})

    def get_actions(self) -> list[views.Button]:
        row, user = self.object, self.request.user
        found = []
        if row.until is None and user.has_perm("outreach.add_visit"):
            found.append(
                button("登记走访", "visit_create", primary=True, sides=token_of(row.target), official=row.official_id)
            )
        if row.until is None and covers(user, row, "change"):
            found.append(button("结束结对", "pairing_close", row.pk))
        return found


class PairingCreateView(views.CreateView):
    model = Pairing
    form_class = forms.PairingForm
    title = "登记结对"
    template_name = "outreach/pairing_form.html"
    crumbs = [SECTION, PAIRINGS]
    success_message = "已登记结对。"

    def get_initial(self) -> dict[str, Any]:
        asked = self.request.GET
        return {"official": asked.get("official"), "sides": asked.getlist("sides")}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return found_again(self, request) or super().post(request, *args, **kwargs)

    def perform(self, form: Any) -> Pairing:
        values = form.cleaned_data
        return pair(values["official"], form.targets, since=values["since"], by=self.request.user)[0]

    def get_success_url(self) -> str:
        return reverse("outreach:pairing_list", query={"official": self.object.official_id})

    def get_cancel_url(self) -> str:
        return PAIRINGS[1]


class PairingCloseView(StepView):
    model = Pairing
    queryset = Pairing.objects.select_related("official", "enterprise", "contact")
    form_class = forms.PairingCloseForm
    submit_label = "结束结对"
    success_message = "结对已结束。"

    def get_title(self) -> str:
        return f"结束结对：{self.object}"

    def refusal(self, obj: Any) -> str:
        return f"已于 {obj.until} 结束，不用再办。" if obj.until else ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        words = ["从结束日期的第二天起不再计入结对统计；走访记录都保留。", "换人联系的，请在干部的页面办理工作移交。"]
        return super().get_context_data(consequences=words, **kwargs)

    def perform(self, form: Any) -> Pairing:
        values = form.cleaned_data
        return end_pairing(
            self.object, until=values["until"], end=values["end"], by=self.request.user, expected=values["version"] or 0
        )


# visits


class VisitTabs(TabbedListView):
    tabs = (
        ("走访记录", "outreach:visit_list"), ("超期未走访", "outreach:visit_unseen"), ("走访频次", "outreach:rhythm_list"),
    )  # fmt: skip

    def get_actions(self) -> list[views.Button]:
        may = self.request.user.has_perm("outreach.add_visit")
        return [button("登记走访", "visit_create", primary=True)] if may else []


class VisitListView(VisitTabs):
    model = Visit
    table_class = tables.VisitTable
    filterset_class = filters.VisitFilterSet
    empty_hint = "请放宽筛选条件；走访以后用手机也可以登记。"

    def get_queryset(self) -> Any:
        rows = super().get_queryset().select_related("area__parent", "unit").prefetch_related(*MEMBERS)
        return rows.with_readable_notes(self.request.user)


class VisitUnseenView(VisitTabs):
    """超过 N 个月未走访: enterprises and contacts by the county's rhythm."""

    model = Visit
    title = "超期未走访"
    table_class = tables.UnseenTable
    filterset_class = filters.UnseenFilterSet
    empty_title = "没有超期未走访的"
    empty_hint = "按走访频次都已走访。"

    def get_table(self) -> tuple[Any, Any]:
        filterset = self.filterset_class(self.request.GET, queryset=Visit.objects.none(), request=self.request)
        asked = filterset.form.cleaned_data if filterset.form.is_valid() else {}
        on = asked.get("on") or timezone.localdate()
        rows = not_seen(self.request.user, on, asked.get("official"), int(asked.get("months") or 0) or None)
        if kind := asked.get("kind"):
            rows = [row for row in rows if row.kind == str(Whom(kind).label)]
        if area := asked.get("area"):
            rows = [row for row in rows if row.tree_code.startswith(area.tree_code)]
        return self.table_class(rows, self.request.GET), filterset


class VisitDetailView(views.DetailView):
    model = Visit
    queryset = Visit.objects.select_related("area__parent", "unit", "by").prefetch_related(
        *(Prefetch(side, model.objects.select_related("area")) for side, model in MEMBER_MODELS.items())
    )
    template_name = "outreach/visit_detail.html"
    crumbs = [SECTION, VISITS]

    def get_queryset(self) -> Any:
        return super().get_queryset().with_readable_notes(self.request.user)

    def get_fields(self) -> Iterator[Fact]:
        row = self.object
        yield "状态", row.get_state_display(), None
        yield "日期", row.on, None
        yield "事项", row.get_matter_display(), None
        yield "所在区划", area_words(row.area), None
        if row.next_on:
            yield "下次走访日期", row.next_on, None
        yield "记录人", str(row.by or ""), None
        if row.notes_readable:
            yield "反映的情况", row.raised, None
            yield "承诺办理的事项", row.promised, None
        else:
            yield "走访情况", NOT_SHOWN, None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        row, user = self.object, self.request.user
        people = [linked(user, "", one) for one in row.officials.all()]
        sides = [linked(user, str(one._meta.verbose_name), one) for side in SIDES for one in getattr(row, side).all()]
        return super().get_context_data(people=people, sides=sides, **kwargs)

    def get_actions(self) -> list[views.Button]:
        row, user = self.object, self.request.user
        found = []
        if covers(user, row, "change") and row.state == Visit.State.PLANNED:
            found += [button("已走访", "visit_done", row.pk, primary=True), button("取消走访", "visit_cancel", row.pk)]
        if covers(user, row, "change") and row.state != Visit.State.CANCELLED:
            found.append(button("修改", "visit_update", row.pk))
        if covers(user, row, "delete"):
            found.append(button("删除", "visit_delete", row.pk))
        return found


class VisitFormMixin:
    model = Visit
    form_class: Any = forms.VisitForm
    template_name = "outreach/visit_form.html"
    crumbs = [SECTION, VISITS]
    request: Any

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return found_again(self, request) or super().post(request, *args, **kwargs)  # type: ignore[misc]

    def perform(self, form: Any) -> Visit:
        expected = form.cleaned_data.get("version") or 0 if form.instance.pk else None
        return save_visit(form.instance, form.chosen(), by=self.request.user, expected=expected)


class VisitCreateView(VisitFormMixin, views.CreateView):
    title = "登记走访"
    success_message = "走访已登记。"

    def get_initial(self) -> dict[str, Any]:
        """What the page before knew: `?sides=enterprise-12&official=3&state=planned`."""
        asked = self.request.GET
        found: dict[str, Any] = {"sides": asked.getlist("sides")}
        if asked.get("state") in Visit.State.values:
            found["state"] = asked["state"]
        if officials := [pk for pk in asked.getlist("official") if pk.isascii() and pk.isdigit()]:
            found["officials"] = officials
        return found

    def get_cancel_url(self) -> str:
        return VISITS[1]


class VisitUpdateView(VisitFormMixin, views.UpdateView):
    queryset = Visit.objects.exclude(state=Visit.State.CANCELLED)


class VisitDoneView(VisitFormMixin, views.UpdateView):
    """A planned visit was made: what was raised is added, and it counts."""

    queryset = Visit.objects.filter(state=Visit.State.PLANNED)
    form_class = forms.VisitDoneForm
    submit_label = "已走访，保存"
    success_message = "走访已登记。"

    def get_title(self) -> str:
        return f"已走访：{self.object}"


class VisitCancelView(StepView):
    model = Visit
    form_class = forms.VisitCancelForm
    submit_label = "取消走访"
    success_message = "走访已取消。"

    def get_title(self) -> str:
        return f"取消走访：{self.object}"

    def refusal(self, obj: Any) -> str:
        return "" if obj.state == Visit.State.PLANNED else "只有计划的走访可以取消。"

    def perform(self, form: Any) -> Visit:
        values = form.cleaned_data
        return cancel_visit(self.object, reason=values["reason"], by=self.request.user, expected=values["version"] or 0)


class VisitDeleteView(views.DeleteView):
    model = Visit
    crumbs = [SECTION, VISITS]

    def get_consequences(self) -> list[str]:
        return [
            "这次走访不再显示，也不再计入统计；删除会留在审计日志里。",
            "只有登记有误的才删除；计划不去了的请办理“取消走访”。",
        ]

    def get_success_url(self) -> str:
        return VISITS[1]


def found_again(view: Any, request: HttpRequest) -> HttpResponse | None:
    """“查找” without scripts: the form again with what was typed and the rows that were found, nothing checked or saved."""
    if "find" not in request.POST:
        return None
    view.object = view.get_object() if isinstance(view, views.UpdateView) else None
    typed = {
        name: request.POST.getlist(name) if name in {"sides", "officials", "officers"} else value
        for name, value in request.POST.items()
    }
    kwargs = {name: value for name, value in view.get_form_kwargs().items() if name not in {"data", "files"}}
    form = view.get_form_class()(**{**kwargs, "initial": {**kwargs["initial"], **typed}})
    return view.render_to_response(view.get_context_data(form=form))


@require_GET
@permission_required("outreach.add_visit", "outreach.add_pairing")
def visit_whom(request: HttpRequest) -> HttpResponse:
    """The boxes of the search as one types: the ticked ones and what was found."""
    kinds = [kind for kind in request.GET.getlist("kind") if kind in TARGETS] or list(TARGETS)
    ticked = targets_from(request.user, request.GET.getlist("sides"), kinds)
    found = find_targets(request.user, request.GET.get("whom", "")[:100], kinds)
    choices = forms.choices_of({token_of(row): row for row in ticked}, {token_of(row): row for row in found})
    searched = bool(request.GET.get("whom", "").strip())
    return render(request, "outreach/_whom.html", {"choices": choices, "searched": searched and not found})


# rhythms


@dataclass(frozen=True)
class RhythmLine:
    label: str
    months: int
    source: str
    url: str | None


class RhythmListView(VisitTabs):
    """Every kind with its months: the county's own, or the usual ones."""

    model = Rhythm
    table_class = tables.RhythmTable

    def get_table(self) -> tuple[Any, Any]:
        rows = {row.whom: row for row in self.get_queryset()}
        return self.table_class([self._line(whom, rows.get(whom)) for whom in Whom], self.request.GET), None

    def _line(self, whom: Whom, row: Rhythm | None) -> RhythmLine:
        if row is None:
            url = reverse("outreach:rhythm_create", query={"whom": whom}) if self.may("add") else None
            return RhythmLine(str(whom.label), DEFAULT_MONTHS[whom], "默认", url)
        url = reverse("outreach:rhythm_update", args=[row.pk]) if covers(self.request.user, row, "change") else None
        return RhythmLine(str(whom.label), row.months, "本县（市）设定", url)


class RhythmCreateView(views.CreateView):
    model = Rhythm
    form_class = forms.RhythmForm
    title = "设定走访频次"
    crumbs = [SECTION, VISITS, ("走访频次", "/outreach/rhythms/")]

    def get_initial(self) -> dict[str, Any]:
        return {"whom": self.request.GET.get("whom", "")}

    def get_cancel_url(self) -> str:
        return "/outreach/rhythms/"


class RhythmUpdateView(views.UpdateView):
    model = Rhythm
    queryset = Rhythm.objects.select_related("area")
    form_class = forms.RhythmForm
    crumbs = [SECTION, VISITS, ("走访频次", "/outreach/rhythms/")]


def day_of(text: str) -> dt.date:
    """The day of an address; today where there is none."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return timezone.localdate()
