"""The tree of areas on any day, an area with its history, the changes of the map; assessed units."""

import datetime as dt
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST
from django.views.generic import View

from organizations.filters.units import UnitFilterSet
from organizations.forms import areas as forms
from organizations.models import Area, AreaSuccession, AreaVersion, Level, Unit
from organizations.services import areas as services
from organizations.services.units import import_bodies, make_township_units, read_names
from organizations.tables.units import UnitTable
from portal.kit import views
from portal.kit.access import permission_required
from portal.kit.forms import KeyedForm
from portal.kit.pinyin import spelling
from portal.kit.views import act_once, permitted_or_404, reported

TREE = ("行政区划", "/organizations/areas/")


@require_GET
@permission_required("organizations.view_area")
def area_tree(request: HttpRequest) -> HttpResponse:
    """The tree as it was on a day, found by name, pinyin initials or code; one query."""
    on, wrong = _day(request.GET.get("on", ""))
    words = request.GET.get("q", "").strip().lower()[:50]
    reach = Area.objects.permitted(request.user).values("pk")
    versions = AreaVersion.objects.in_force(on).filter(area__in=reach)
    found = list(versions.select_related("area").order_by("tree_code", "pk"))
    return render(request, "organizations/area_tree.html", {
        "title": "行政区划", "crumbs": [("组织与阵地", None)], "on": on, "today": timezone.localdate(), "wrong": wrong, "q": words,
        "roots": _nest(found), "total": len(found),
        "matches": [version for version in found if words and _matches(version, words)],
        "townships": sum(v.level == Level.TOWNSHIP and v.counted for v in found),
        "villages": sum(v.level == Level.VILLAGE for v in found),
        "counted": sum(v.level == Level.VILLAGE and v.counted for v in found),
    })  # fmt: skip


class AreaDetailView(views.DetailView):
    model = Area
    queryset = Area.objects.select_related("parent")
    template_name = "organizations/area_detail.html"
    fields = ("code", "series", "level", "kind", "parent", "counted", "not_counted_reason", "since", "until")
    crumbs = [TREE]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        area = self.object
        on, _ = _day(self.request.GET.get("on", ""))
        pairs = AreaSuccession.objects.filter(Q(predecessor=area) | Q(successor=area))
        pairs = pairs.select_related("successor", "predecessor", "change")
        return super().get_context_data(
            versions=list(area.versions.select_related("parent", "change").order_by("-since")), on=on,
            successors=[pair for pair in pairs if pair.predecessor_id == area.pk],
            predecessors=[pair for pair in pairs if pair.successor_id == area.pk],
            children=list(area.children.existing().permitted(self.request.user)), units=list(area.units.in_force()),
            figures=services.figures(area, on) if area.level == Level.COUNTY else [], **kwargs,
        )  # fmt: skip

    def get_actions(self) -> list[views.Button]:
        if self.object.until or not self.may("change", self.object):
            return []
        return [
            {"label": label, "url": reverse(f"organizations:{name}", args=[self.object.pk])}
            for name, label, levels in CHANGES
            if self.object.level in levels
        ]


CHANGES = [
    ("area_rename", "更名", {1, 2, 3}), ("area_move", "调整隶属", {3}), ("area_merge", "合并", {2, 3}),
    ("area_split", "拆分", {2}), ("area_create", "新设下级", {1, 2}), ("area_close", "撤销", {2, 3}),
    ("area_count", "统计口径", {2, 3}),
]  # fmt: skip


class ChangeView(views.ScopedMixin, View):
    """A change of the map: form, then what it would do, then done."""

    model = Area
    action = "change"
    form_class: type[forms.ChangeForm]
    service: Callable[..., services.ChangeReport]
    label = ""

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        area = self.area(pk)
        return self.show(area, self.form_class(area=area, user=request.user))

    def post(self, request: HttpRequest, pk: int) -> HttpResponse:
        area = self.area(pk)
        form = self.form_class(request.POST, area=area, user=request.user)
        if not form.is_valid():
            return self.show(area, form, status=422)
        values = {
            "on": form.cleaned_data["on"],
            "reason": form.cleaned_data["reason"],
            "by": request.user,
            **form.options,
        }
        try:
            if not request.POST.get("confirmed"):
                return self.show(area, form, report=type(self).service(area, dry_run=True, **values))
            report = act_once(request, lambda: type(self).service(area, **values))
        except ValidationError as error:
            form.add_error(None, error)
            return self.show(area, form, status=422)
        messages.success(request, report.summary if report else "这项变更已经办理。")
        return redirect(area)

    def area(self, pk: int) -> Area:
        return permitted_or_404(Area.objects.existing(), self.request.user, "change", pk=pk)

    def show(self, area: Area, form: Any, *, report: Any = None, status: int = 200) -> HttpResponse:
        context = {
            "title": f"{area} · {self.label}", "crumbs": [TREE, (area.name, area.get_absolute_url())], "form": form,
            "report": report, "submit_label": "下一步：看看会改变什么", "cancel_url": area.get_absolute_url(),
        }  # fmt: skip
        return render(self.request, "organizations/area_change.html", context, status=status)


class RenameView(ChangeView):
    form_class, service, label = forms.RenameForm, services.rename_area, "更名"


class MoveView(ChangeView):
    form_class, service, label = forms.MoveForm, services.move_area, "调整隶属"


class MergeView(ChangeView):
    form_class, service, label = forms.MergeForm, services.merge_areas, "合并"


class SplitView(ChangeView):
    form_class, service, label = forms.SplitForm, services.split_area, "拆分"


class CloseView(ChangeView):
    form_class, service, label = forms.CloseForm, services.close_area, "撤销"


class CreateView(ChangeView):
    form_class, service, label = forms.CreateForm, services.create_area, "新设下级"


class CountView(ChangeView):
    form_class, service, label = forms.CountForm, services.set_counted, "统计口径"


class UnitListView(views.ListView):
    model = Unit
    queryset = Unit.objects.select_related("area")
    table_class = UnitTable
    filterset_class = UnitFilterSet
    paginate_by = 100
    crumbs = [("组织与阵地", None)]

    def get_actions(self) -> list[views.Button]:
        if not self.may("add"):
            return []
        return [
            {"label": "由乡镇生成", "url": reverse("organizations:unit_from_areas")},
            {"label": "粘贴名单", "url": reverse("organizations:unit_import")},
            {"label": "新增考核对象", "url": reverse("organizations:unit_create"), "primary": True},
        ]


class UnitDetailView(views.DetailView):
    model = Unit
    queryset = Unit.objects.select_related("area")
    fields = ("name", "kind", "area", "number", "since", "until")
    crumbs = [("考核对象", "/organizations/units/")]

    def get_actions(self) -> list[views.Button]:
        url = reverse("organizations:unit_update", args=[self.object.pk])
        return [{"label": "修改", "url": url, "primary": True}] if self.may("change") else []


class UnitCreateView(views.CreateView):
    model = Unit
    form_class = forms.UnitForm
    crumbs = [("考核对象", "/organizations/units/")]


class UnitUpdateView(views.UpdateView):
    model = Unit
    form_class = forms.UnitForm
    crumbs = [("考核对象", "/organizations/units/")]


@require_POST
@permission_required("organizations.add_unit")
def units_from_areas(request: HttpRequest, pk: int) -> HttpResponse:
    """A unit for every counted township of the county that has none."""
    county = permitted_or_404(Area.objects.filter(level=Level.COUNTY), request.user, pk=pk)
    with reported(request, f"{county}的乡镇考核对象已齐全。"):
        act_once(request, lambda: make_township_units(county, since=timezone.localdate(), by=request.user))
    return redirect("organizations:unit_list")


@require_GET
@permission_required("organizations.add_unit")
def unit_from_areas(request: HttpRequest) -> HttpResponse:
    """Which townships have no unit yet, and the button that makes them."""
    counties = []
    for county in Area.objects.permitted(request.user).existing().filter(level=Level.COUNTY):
        townships = Area.objects.in_area(county).existing().filter(level=Level.TOWNSHIP, counted=True)
        counties.append((county, list(townships.exclude(units__kind=Unit.Kind.TOWNSHIP, units__until=None))))
    context = {
        "title": "由乡镇生成考核对象",
        "counties": counties,
        "form": KeyedForm(),
        "crumbs": [("考核对象", "/organizations/units/")],
    }
    return render(request, "organizations/unit_from_areas.html", context)


@permission_required("organizations.add_unit")
def unit_import(request: HttpRequest) -> HttpResponse:
    """County bodies from a pasted list: checked line by line, then written, all or none."""
    form = forms.BodiesForm(request.POST or None, user=request.user)
    lines: list[Any] = []
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        lines = read_names(values["area"], values["names"])
        if not lines:
            form.add_error("names", "请粘贴单位名称，每行一个。")
        elif request.POST.get("confirmed"):
            try:
                act_once(
                    request,
                    lambda: import_bodies(values["area"], values["names"], since=values["since"], by=request.user),
                )
            except ValidationError as error:
                form.add_error(None, error)
            else:
                messages.success(request, "名单已写入。")
                return redirect("organizations:unit_list")
    context = {
        "title": "粘贴市（县）直单位名单", "form": form, "lines": lines, "wrong": sum(bool(line.problem) for line in lines),
        "fresh": sum(not line.problem and not line.known for line in lines), "known": sum(line.known for line in lines),
        "crumbs": [("考核对象", "/organizations/units/")],
    }  # fmt: skip
    return render(request, "organizations/unit_import.html", context, status=422 if form.errors else 200)


def _day(text: str) -> tuple[dt.date, str]:
    """The day asked for, or today and why not."""
    if not text:
        return timezone.localdate(), ""
    try:
        return dt.date.fromisoformat(text), ""
    except ValueError:
        return timezone.localdate(), "日期的写法应为 2026-09-30，现在显示的是今天。"


def _matches(version: AreaVersion, words: str) -> bool:
    letters = version.area.pinyin if version.name == version.area.name else spelling(version.name)
    return words in version.name.lower() or words in letters or version.code.startswith(words)


def _nest(versions: list[AreaVersion]) -> list[tuple[AreaVersion, list]]:
    """[(county, [(township, [village, …]), …]), …]; a lone township or village stands at the top."""
    by_parent: dict[int | None, list[AreaVersion]] = {}
    known = {version.area_id for version in versions}
    for version in versions:
        by_parent.setdefault(version.parent_id if version.parent_id in known else None, []).append(version)

    def below(area: int | None) -> list[tuple[AreaVersion, list]]:
        return [(version, below(version.area_id)) for version in by_parent.get(area, [])]

    return below(None)
