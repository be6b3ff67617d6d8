"""Duty posts and the page of the two networks: who answers for this here."""

import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from organizations.filters.organizations import area_words
from organizations.models import Area, Level
from organizations.services.places import areas_for
from outreach.filters.places import DutyPostFilterSet
from outreach.forms.places import DutyPostForm, HolderForm
from outreach.models import DutyPost
from outreach.services.duties import may_open, network_of, replace_holder
from outreach.tables.places import DutyPostTable
from outreach.views import places
from portal.kit import views
from portal.kit.access import permission_required


class DutyPostListView(places.PlaceListView):
    model = DutyPost
    queryset = DutyPost.objects.select_related("area__parent", "unit")
    table_class = DutyPostTable
    filterset_class = DutyPostFilterSet

    def get_tabs(self) -> list[tuple[str, str, bool]]:
        return tabs(is_list=True)


class DutyPostDetailView(places.PlaceDetailView):
    model = DutyPost
    queryset = DutyPost.objects.select_related("area__parent", "unit__area")
    fields = ("network", "post", "area", "unit", "official", "position", "since", "until")
    words = {"起始日期": "任岗日期", "截止日期": "离任日期"}
    closed_word = "离任"

    def get_steps(self) -> list[views.Button]:
        if self.object.until:
            return [self._button("reopen", "恢复任岗")]
        return [self._button("replace", "换人"), self._button("close", "离任")]


class DutyPostCreateView(places.PlaceCreateView):
    model = DutyPost
    form_class = DutyPostForm


class DutyPostUpdateView(places.PlaceUpdateView):
    model = DutyPost
    form_class = DutyPostForm


class DutyPostCloseView(places.PlaceCloseView):
    model = DutyPost
    submit_label = "办理离任"
    success_message = "已办理离任。"

    def get_title(self) -> str:
        return f"{self.object.official}离任"

    def get_consequences(self, form: Any) -> list[str]:
        return ["从离任日期的第二天起，这个岗位空缺；有人接任的请改用“换人”。", "任岗记录保留，以前的统计不变。"]


class DutyPostReopenView(places.PlaceReopenView):
    model = DutyPost
    submit_label = success_message = "恢复任岗"

    def get_title(self) -> str:
        return f"恢复{self.object.official}任岗"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "consequences": [f"取消离任日期 {self.object.until}。"]}


class DutyPostReplaceView(places.StepView):
    """换人: the old row ends, a new one begins, in one step."""

    model = DutyPost
    form_class = HolderForm
    submit_label = "换人"
    success_message = "已换人，原任记录保留。"

    def refusal(self, obj: DutyPost) -> str:
        return f"{obj.official}已于 {obj.until} 离任；请直接新增任岗干部。" if obj.until else ""

    def get_title(self) -> str:
        return f"{self.object}换人"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        words = (
            f"{self.object.official}（{self.object.since} 起任岗）到接任日期的前一天为止；从接任日期起由接任干部负责。"
        )
        return super().get_context_data(consequences=[words], **kwargs)

    def perform(self, form: Any) -> DutyPost:
        values = form.cleaned_data
        return replace_holder(
            self.object, official=values["new_official"], position=values["new_position"], on=values["on"],
            reason=values["reason"], by=self.request.user, expected=values.get("version") or 0,
        )  # fmt: skip


class DutyPostDeleteView(places.PlaceDeleteView):
    model = DutyPost

    def get_consequences(self) -> list[str]:
        return ["只有登记有误的才删除；干部离任请办理“离任”或“换人”，记录会保留。"]


@require_GET
@permission_required("outreach.view_dutypost")
def dutypost_network(request: HttpRequest) -> HttpResponse:
    """这里谁负责: both networks of an area, from the county down, and what is vacant."""
    found = list(_areas(request.user))
    area = next((area for area in found if str(area.pk) == request.GET.get("area")), found[0] if found else None)
    on, wrong = _day(request.GET.get("on", ""))
    page = network_of(area, on, user=request.user) if area else None
    context = {
        "title": "责任网络", "crumbs": [("组织与阵地", None)], "tabs": tabs(is_list=False), "area": area, "on": on, "wrong": wrong,
        "areas": [(one.pk, area_words(one)) for one in found], "networks": DutyPost.Network.labels,
        "lines": [(line, _cells(line, request.user)) for line in page.lines] if page else [],
        "vacant": page.vacant if page else [], "may_add": request.user.has_perm("outreach.add_dutypost"),
    }  # fmt: skip
    return render(request, "outreach/dutypost_network.html", context)


def tabs(*, is_list: bool) -> list[tuple[str, str, bool]]:
    return [
        ("这里谁负责", reverse("outreach:dutypost_network"), not is_list),
        ("全部责任岗位", reverse("outreach:dutypost_list"), is_list),
    ]


def _areas(user: Any) -> QuerySet[Area]:
    """The areas to choose from; the county of the unit for a grant on a single unit."""
    reach = user.reach("outreach.view_dutypost")
    if reach.everything or reach.codes:
        return areas_for(user, "outreach.view_dutypost")
    return Area.objects.existing().filter(units__in=reach.units).exclude(level=Level.VILLAGE).select_related("parent")


def _cells(line: Any, user: Any) -> list[tuple[str, str, list[tuple[Any, str | None]]]]:
    """(network, label, its posts with the address of those that the user may open)."""
    return [
        (value, label, [(post, post.get_absolute_url() if may_open(user, post) else None) for post in posts])
        for value, label, posts in line.cells
    ]


def _day(text: str) -> tuple[dt.date, str]:
    """The day asked for, or today and why not."""
    try:
        return (dt.date.fromisoformat(text) if text else timezone.localdate()), ""
    except ValueError:
        return timezone.localdate(), "日期的写法应为 2026-09-30，现在显示的是今天。"
