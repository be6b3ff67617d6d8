"""Coverage pages: where one stands, county, township and village on a day, the list behind a number, two days compared."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from organizations.coverage import Coverage, changes_between, quarter_ends
from organizations.ledger import Place
from organizations.measures import MEASURES, Figure, Item, Measure, items_of, may_ask
from organizations.models import Area, Level, Unit
from portal.audit.models import Action, record
from portal.dashboards.coverage import Overview, led_townships, townships_of
from portal.dashboards.village import VillagePage
from portal.kit.access import permission_required
from portal.kit.tables import Column, ListTable
from portal.kit.views import permitted_or_404
from portal.kit.workbooks.exports import EXPORTS, export_response

SEE = "organizations.view_coveragegoal"
SHOWS = {"lack": "缺", "have": "有", "all": "全部"}
PAGE = 50


@require_GET
@permission_required(SEE)
def coverage(request: HttpRequest) -> HttpResponse:
    """One's own area's page; a lead sees the townships he or she answers for, each with its open gaps."""
    led = townships_of(request.user)
    areas = list(Area.objects.permitted(request.user).existing().order_by("level", "tree_code")[:1])
    if led:
        today = timezone.localdate()
        county = areas[0] if areas and areas[0].level == Level.COUNTY else None
        context = {
            "title": "我负责的乡镇",
            "crumbs": [("覆盖总览", None)],
            "led": led_townships(led, today, request.user),
            "on": today,
            "today": today,
            "county": county,
            "now": timezone.localtime(),
        }
        return render(request, "dashboards/coverage_lead.html", context)
    if not areas:
        messages.info(request, "您的账号只负责一个单位，没有可查看的区划；本单位的登记在左侧菜单中。")
        return redirect("dashboards:my_work")
    return redirect("dashboards:coverage_area", areas[0].pk)


@require_GET
@permission_required(SEE)
def coverage_area(request: HttpRequest, pk: int) -> HttpResponse:
    """A county, township or village on a day."""
    area = permitted_or_404(Area.objects.select_related("parent__parent"), request.user, pk=pk)
    on, wrong = asked_day(request.GET.get("on", ""))
    compared, wrong_too = asked_day(request.GET.get("compare", "")) if request.GET.get("compare") else (None, "")
    context = {"area": area, "on": on, "today": timezone.localdate(), "wrong": wrong or wrong_too, "now": timezone.localtime(),
               "crumbs": crumbs_of(area, on, request.user), "quarter_ends": quarter_ends(timezone.localdate(), 4)[::-1]}  # fmt: skip
    if compared:
        first, second = sorted((compared, on))
        changes = changes_between(area, first, second)
        context |= {"title": f"{area.name} · 两个日期之间的变化", "first": first, "second": second, "changes": changes}
        return render(request, "dashboards/coverage_compare.html", context)
    asked = request.GET.get("measure", ""), request.GET.get("sort", "")
    page = (
        VillagePage(area, on, request.user) if area.level == Level.VILLAGE else Overview(area, on, request.user, *asked)
    )
    if page.place is None:
        return render(request, "dashboards/coverage_absent.html", context | {"title": area.name}, status=404)
    if isinstance(page, VillagePage):
        context |= {"title": page.place.name, "page": page, "overview": page}
        return render(request, "dashboards/coverage_village.html", context)
    template = "coverage_meeting" if request.GET.get("mode") == "meeting" else "coverage_area"
    context |= {"title": f"{page.place.name} · 统战工作总览", "overview": page}
    return render(request, f"dashboards/{template}.html", context)


@dataclass(frozen=True)
class ListRow:
    """An item of a figure with its words: where it stands, what it has and needs."""

    item: Item
    township: str
    url: str | None

    @property
    def state(self) -> str:
        return "有" if self.item.has else "缺"


class ItemTable(ListTable):
    name = Column("名称", value=lambda row: row.item.name, order_by="name", link=lambda row: row.url)
    township = Column("乡镇", value=lambda row: row.township, order_by="township")
    code = Column("代码", value=lambda row: row.item.code, order_by="code")
    have = Column("已有", value=lambda row: row.item.have, order_by="have", numeric=True)
    needed = Column("应有", value=lambda row: row.item.needed, numeric=True)
    state = Column("结果", "state", order_by="state", tone=lambda row: "green" if row.item.has else "red")
    note = Column("说明", value=lambda row: row.item.note)


@require_GET
@permission_required(SEE)
def coverage_list(request: HttpRequest) -> HttpResponseBase:
    """The list behind a number: as many rows as the number says."""
    on, wrong = asked_day(request.GET.get("on", ""))
    asked = Asked(request, on)
    show = request.GET.get("show", "all") if request.GET.get("show") in SHOWS else "all"
    words = request.GET.get("q", "").strip()[:50]
    chosen = {"have": asked.figure.have, "lack": asked.figure.lack, "all": list(asked.figure.items)}
    table = ItemTable([asked.row(item) for item in chosen[show] if words in item.name], request.GET)
    title = f"{asked.name} · {asked.label}"
    said = f"{SHOWS[show]}；截至 {on}" + (f"；搜索：{words}" if words else "")
    if request.GET.get("export") in EXPORTS:
        with transaction.atomic():
            record(request.user, Action.EXPORTED, words=f"导出 {title}（{said}）", area_code=asked.area.tree_code)
        return export_response(request.GET["export"], title, table, said, request.user)
    page = Paginator(table.list, PAGE).get_page(request.GET.get("page"))
    table.objects = page.object_list
    tabs = [(label, _with(request, show=value), len(chosen[value]), value == show) for value, label in SHOWS.items()]
    return render(request, "dashboards/coverage_list.html", {
        "title": title, "crumbs": [*crumbs_of(asked.area, on, request.user, whole=True), (asked.label, None)], "table": table,
        "page_obj": page, "total": len(table.list), "tabs": tabs, "on": on, "wrong": wrong, "asked": asked, "q": words, "show": show,
        "exports": [(label, _with(request, export=kind)) for kind, label in EXPORTS.items()],
    })  # fmt: skip


class Asked:
    """What a list was asked for: a goal or a measure, an area or a unit, a day."""

    def __init__(self, request: HttpRequest, on: dt.date):
        self.on, self.user = on, request.user
        unit = _number(request.GET.get("unit"))
        self.unit = permitted_or_404(Unit.objects.select_related("area"), request.user, pk=unit) if unit else None
        self.area = self._area(_number(request.GET.get("area")))
        self.coverage = Coverage(self.area, [on])
        self.key = self._key(request)
        line = self.coverage.line(self.key, on)
        self.label, self.counted_in, self.frozen = line.title, line.counted_in, line.frozen
        self.tree = self.coverage.ledger.tree(on)
        self.figure = Figure(self._items(line.figure.items))
        self.name = (
            self.unit.name
            if self.unit
            else (self.tree[self.area.pk].name if self.area.pk in self.tree else self.area.name)
        )

    def _area(self, pk: int | None) -> Area:
        if self.unit:  # what a body keeps stands in its county
            code = self.unit.area.tree_code
            return Area.objects.get(tree_code=code if self.unit.kind == Unit.Kind.TOWNSHIP else code[:6])
        areas = Area.objects.permitted(self.user).select_related("parent__parent")
        area = areas.filter(pk=pk).first() if pk else areas.existing(self.on).order_by("level", "tree_code").first()
        if area is None:
            raise Http404
        return area

    def _key(self, request: HttpRequest) -> str:
        if (goal := _number(request.GET.get("goal"))) is not None:
            if any(found.pk == goal for found in self.coverage.goals(self.on)):
                return f"goal-{goal}"
            raise Http404
        name = request.GET.get("measure", "village_organization")
        if name not in MEASURES or not may_ask(self.user, name):
            raise Http404
        return name

    def _items(self, items: Any) -> list[Item]:
        if self.unit is None:
            return list(items)
        whole = isinstance(self.coverage.measure_of(self.key), Measure)
        return items_of(items, self.unit, self.tree, whole=whole)

    def row(self, item: Item) -> ListRow:
        return ListRow(item, self._township(item.area_id), _url_of(item, self.on))

    def _township(self, area_id: int) -> str:
        place: Place | None = self.tree.get(area_id)
        while place is not None and place.level > Level.TOWNSHIP and place.parent_id in self.tree:
            place = self.tree[place.parent_id]
        return place.name if place else ""


def asked_day(text: str) -> tuple[dt.date, str]:
    """(the day asked for or today, what is wrong with what was asked)."""
    today = timezone.localdate()
    try:
        day = dt.date.fromisoformat(text) if text else today
    except ValueError:
        return today, "日期的写法应为 2026-09-30，现在显示的是今天。"
    return (today, f"{day} 还没有到，现在显示的是今天。") if day > today else (day, "")


def crumbs_of(area: Area, on: dt.date, user: Any, *, whole: bool = False) -> list[tuple[str, str | None]]:
    """From the county down to the area; links only to what the user may open."""
    chain = [area]
    while chain[0].parent is not None:
        chain.insert(0, chain[0].parent)
    reach = user.reach("organizations.view_area")
    crumbs: list[tuple[str, str | None]] = [("覆盖总览", reverse("dashboards:coverage"))]
    for place in chain:
        link = reach.covers(place.tree_code) and (whole or place != area)
        crumbs.append((place.name, f"{reverse('dashboards:coverage_area', args=[place.pk])}?on={on}" if link else None))
    return crumbs


def _url_of(item: Item, on: dt.date) -> str | None:
    if item.register == "organizations.area":
        return f"{reverse('dashboards:coverage_area', args=[item.pk])}?on={on}"
    app, model = item.register.split(".")
    try:
        return reverse(f"{app}:{model}_detail", args=[item.pk])
    except NoReverseMatch:
        return None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else None


def _with(request: HttpRequest, **values: str) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    for name, value in values.items():
        query[name] = value
    return f"?{query.urlencode()}"
