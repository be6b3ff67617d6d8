"""Stations, sites, brands and outposts: five lists under one heading, a page each, closing and reopening."""

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Model, Q
from django.forms import modelform_factory
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse

from organizations.filters.organizations import area_words
from organizations.models import Attachment, Standard
from organizations.services.standards import standings
from outreach.filters import places as filters
from outreach.forms import places as forms
from outreach.models import Activity, Brand, Demonstration, Outpost, Site, Station
from outreach.services.places import (
    LINKS,
    MOST_MOVES,
    close_place,
    covers,
    delete_place,
    four_haves,
    missing_parts,
    reopen_place,
    uses_of,
    with_former_places,
    with_last_demonstration,
)
from outreach.tables import places as tables
from outreach.tables.activities import TONES
from portal.kit import views
from portal.kit.scope import permission_for

KINDS = [Station, Site, Brand, Outpost]
SHOWN_ACTIVITIES = 10
LEFT_OUT = {"unit", "parent", "platform", "award_year", "awarded_by", "until", "note"}  # where there is nothing to say
STARTING = ("area", "unit", "kind", "parent", "network", "post", "organization")


def route(model: Any, name: str) -> str:
    """The name of a model's route: ("outreach:station_list")."""
    return f"outreach:{model._meta.model_name}_{name}"


def url_or_none(name: str, *args: Any, **options: Any) -> str | None:
    """An address of a page of another app's feature, None where that feature is not there."""
    try:
        return reverse(name, args=args, **options)
    except NoReverseMatch:
        return None


class PlaceListView(views.ListView):
    template_name = "outreach/place_list.html"
    crumbs = [("组织与阵地", None)]
    empty_hint = "请放宽筛选条件，或新增一条登记。"

    def get_actions(self) -> list[views.Button]:
        label = f"新增{self.model._meta.verbose_name}"
        return (
            [{"label": label, "url": reverse(route(self.model, "create")), "primary": True}] if self.may("add") else []
        )

    def get_empty_action(self) -> tuple[str, str] | None:
        action = next(iter(self.get_actions()), None)
        return (action["label"], action["url"]) if action else None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(tabs=self.get_tabs(), **kwargs)

    def get_tabs(self) -> list[tuple[str, str, bool]]:
        """(label, address, is this page) of the lists that stand together."""
        found = [model for model in KINDS if self.request.user.has_perm(permission_for(model, "view"))]
        return [
            (str(model._meta.verbose_name_plural), reverse(route(model, "list")), model is self.model)
            for model in found
        ]  # fmt: skip


class PlaceDetailView(views.DetailView):
    template_name = "outreach/place_detail.html"

    def get_queryset(self) -> Any:
        rows = with_former_places(super().get_queryset())
        return with_last_demonstration(rows) if self.model in (Station, Site) else rows

    def get_crumbs(self) -> list[views.Crumb]:
        return [(str(self.model._meta.verbose_name_plural), reverse(route(self.model, "list")))]

    def get_fields(self) -> Iterator[tuple[str, Any, str | None]]:
        """The fields, with links to what the user may open; where the row stands in words."""
        for name in self.fields:
            value = getattr(self.object, name)
            if name in LEFT_OUT and value in (None, ""):
                continue
            linked = isinstance(value, Model) and covers(self.request.user, value)
            shown = area_words(value) if name == "area" else self._shown(name, value)
            label = str(self.model._meta.get_field(name).verbose_name)
            yield self.words.get(label, label), shown, value.get_absolute_url() if linked else None
        yield from self.get_more_fields()

    words = {"起始日期": "启用日期", "截止日期": "停用日期"}
    closed_word = "停用"

    def _shown(self, name: str, value: Any) -> Any:
        display = getattr(self.object, f"get_{name}_display", None)
        return display() if display and value else value

    def get_more_fields(self) -> Iterator[tuple[str, Any, str | None]]:
        yield from ()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        obj = self.object
        former = [text for n in range(MOST_MOVES) if (text := getattr(obj, f"former_{n}"))]
        return super().get_context_data(
            closed_words=f"已于 {obj.until} {self.closed_word}，下面是当时的登记。", former=former,
            can_change=covers(self.request.user, obj, "change"), **self.get_files(), **self.get_checks(),
            **self.get_activities(), **self.get_demonstrations(), **kwargs,
        )  # fmt: skip

    def get_files(self) -> dict[str, Any]:
        return {"attachments": list(Attachment.objects.kept().about(self.object))}

    def get_checks(self) -> dict[str, Any]:
        """How the row stands by each standard of its kind."""
        if self.model._meta.label_lower not in Standard.AppliesTo.values:
            return {}
        return {"has_checks": True, "standings": standings(self.object)}

    def get_activities(self) -> dict[str, Any]:
        """The last activities that name the row."""
        link = LINKS.get(self.model)
        if link is None:
            return {}
        rows = Activity.objects.permitted(self.request.user).filter(**{link: self.object}).order_by("-on", "-pk")
        found = list(rows[: SHOWN_ACTIVITIES + 1])
        return {
            "has_activities": True, "activities": [(row, url_or_none("outreach:activity_detail", row.pk)) for row in found[:SHOWN_ACTIVITIES]],
            "more": len(found) > SHOWN_ACTIVITIES,
            "activity_list": url_or_none("outreach:activity_list", query={link: self.object.pk}),
            "activity_create": self._activity_create(link),
        }  # fmt: skip

    def get_demonstrations(self) -> dict[str, Any]:
        """How far the row has come as a demonstration at its last attempt, and the way to apply."""
        obj, user = self.object, self.request.user
        if not isinstance(obj, Station | Site) or not user.has_perm("outreach.view_demonstration"):
            return {}
        last = obj.last_demonstration
        running = last is not None and last["state"] != Demonstration.State.WITHDRAWN
        may = obj.until is None and not running and user.has_perm("outreach.add_demonstration")
        query = {LINKS[type(obj)]: obj.pk}
        apply_url = reverse("outreach:demonstration_create", query=query) if may and covers(user, obj, "change") else ""
        return {
            "has_demonstrations": True, "demonstration": last, "demonstration_create": apply_url,
            "demonstration_tone": TONES[last["state"]] if last else "",
        }  # fmt: skip

    def _activity_create(self, link: str) -> str | None:
        if self.object.until or not self.request.user.has_perm("outreach.add_activity"):
            return None
        return url_or_none("outreach:activity_create", query={link: self.object.pk})

    def get_actions(self) -> list[views.Button]:
        """What may be done with the row; asked of the database once, the other rights follow from the same reach."""
        found = []
        if covers(self.request.user, self.object, "change"):
            found.append(self._button("update", "修改", primary=True))
            found += self.get_steps()
        if covers(self.request.user, self.object, "delete"):
            found.append(self._button("delete", "删除"))
        return found

    def get_steps(self) -> list[views.Button]:
        return [self._button("close", "停用") if self.object.until is None else self._button("reopen", "恢复使用")]

    def _button(self, name: str, label: str, *, primary: bool = False) -> views.Button:
        return {"label": label, "url": reverse(route(self.model, name), args=[self.object.pk]), "primary": primary}


class PlaceFormMixin:
    model: Any
    template_name = "outreach/place_form.html"

    def get_crumbs(self) -> list[views.Crumb]:
        return [(str(self.model._meta.verbose_name_plural), reverse(route(self.model, "list")))]


class PlaceCreateView(PlaceFormMixin, views.CreateView):
    def get_initial(self) -> dict[str, Any]:
        """What the page before already knew: `?area=12&kind=point`."""
        return {name: self.request.GET[name] for name in STARTING if self.request.GET.get(name)}

    def get_cancel_url(self) -> str:
        return reverse(route(self.model, "list"))


class PlaceUpdateView(PlaceFormMixin, views.UpdateView):
    pass


class StepView(PlaceFormMixin, views.UpdateView):
    """A step of a row's life: a form that a service carries out, refused where the row is not at that step."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        refusal = self.refusal(self.get_object())
        if refusal:
            messages.warning(request, refusal)
            return redirect(self.get_object())
        return super().get(request, *args, **kwargs)

    def refusal(self, obj: Any) -> str:
        return ""


class PlaceCloseView(StepView):
    submit_label = "停用"
    success_message = "已停用。"

    def refusal(self, obj: Any) -> str:
        return f"已于 {obj.until} 停用，不用再办。" if obj.until else ""

    def get_form_class(self) -> Any:
        return modelform_factory(self.model, form=forms.CloseForm, fields=["until"])

    def get_title(self) -> str:
        return f"停用{self.object}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        return {**context, "consequences": self.get_consequences(context["form"])}

    def get_consequences(self, form: Any) -> list[str]:
        """What closing does, before it is done."""
        found = [
            "从停用日期的第二天起，不再出现在列表和统计里；停用日期及以前的统计不变。",
            "登记、附件、核查和活动记录都保留，可以恢复使用。",
        ]
        if form.points:
            names = "、".join(str(point) for point in form.points[:10]) + ("等" if len(form.points) > 10 else "")
            found.append(f"所属的 {len(form.points)} 个联络点（{names}）改由下面选择的联络站接管。")
        return found

    def perform(self, form: Any) -> Any:
        values = form.cleaned_data
        return close_place(
            self.object, until=values["until"], reason=values["reason"], heir=values.get("heir"), by=self.request.user,
            expected=values.get("version") or 0,
        )  # fmt: skip


class PlaceReopenView(StepView):
    submit_label = "恢复使用"
    success_message = "已恢复使用。"

    def refusal(self, obj: Any) -> str:
        return "" if obj.until else "正在使用，不用恢复。"

    def get_form_class(self) -> Any:
        return modelform_factory(self.model, form=forms.ReopenForm, fields=[])

    def get_title(self) -> str:
        return f"恢复使用{self.object}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        words = f"取消停用日期 {self.object.until}；从启用日期到今天都重新计入统计。"
        return super().get_context_data(consequences=[words], **kwargs)

    def perform(self, form: Any) -> Any:
        values = form.cleaned_data
        expected = values.get("version") or 0
        return reopen_place(self.object, reason=values["reason"], by=self.request.user, expected=expected)


class PlaceDeleteView(PlaceFormMixin, views.DeleteView):
    """Removes a row that nothing uses; a row in use goes back to its page with the reason."""

    template_name = "generic/confirm_delete.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        used = uses_of(self.object)
        if used:
            messages.error(request, f"不能删除：这条记录已有 {'、'.join(used)}。不再使用时请办理“停用”，记录会保留。")
            return redirect(self.object)
        return self.render_to_response(self.get_context_data(object=self.object))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        obj = self.get_object()
        try:
            delete_place(obj, by=request.user)
        except ValidationError as error:
            messages.error(request, "；".join(error.messages))
            return redirect(obj)
        messages.success(request, self.success_message)
        return redirect(route(self.model, "list"))

    def get_consequences(self) -> list[str]:
        return ["没有活动、核查、附件使用它；只有登记有误的才删除，不再使用的请办理“停用”。"]


PLACED = ("area__parent", "unit__area", "organization__area")


class StationListView(PlaceListView):
    model = Station
    queryset = Station.objects.select_related("area__parent", "unit", "parent")
    table_class = tables.StationTable
    filterset_class = filters.StationFilterSet


class StationDetailView(PlaceDetailView):
    model = Station
    queryset = Station.objects.select_related(*PLACED, "parent__area")
    fields = ("kind", "area", "unit", "parent", "organization", "fields_of_work", "address", "opening_hours", "on_duty",
              "since", "until", "note")  # fmt: skip

    def get_object(self, queryset: Any = None) -> Station:
        """The row and, in the same query, the points that belong to it."""
        pk = self.kwargs["pk"]
        rows = {row.pk: row for row in self.get_queryset().filter(Q(pk=pk) | Q(parent=pk, until=None))}
        if pk not in rows:
            raise Http404
        self.points = [row for row in rows.values() if row.pk != pk]
        return rows[pk]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        points = self.points if self.object.kind == Station.Kind.STATION else None
        return super().get_context_data(points=points, **kwargs)


class StationCreateView(PlaceCreateView):
    model = Station
    form_class = forms.StationForm


class StationUpdateView(PlaceUpdateView):
    model = Station
    form_class = forms.StationForm


class StationCloseView(PlaceCloseView):
    model = Station


class StationReopenView(PlaceReopenView):
    model = Station


class StationDeleteView(PlaceDeleteView):
    model = Station


class SiteListView(PlaceListView):
    model = Site
    queryset = Site.objects.select_related("area__parent", "unit", "organization")
    table_class = tables.SiteTable
    filterset_class = filters.SiteFilterSet


class SiteDetailView(PlaceDetailView):
    model = Site
    queryset = Site.objects.select_related(*PLACED)
    fields = ("kind", "platform", "area", "unit", "organization", "fields_of_work", "address", "award", "award_year",
              "awarded_by", "since", "until", "note")  # fmt: skip


class SiteCreateView(PlaceCreateView):
    model = Site
    form_class = forms.SiteForm


class SiteUpdateView(PlaceUpdateView):
    model = Site
    form_class = forms.SiteForm


class SiteCloseView(PlaceCloseView):
    model = Site


class SiteReopenView(PlaceReopenView):
    model = Site


class SiteDeleteView(PlaceDeleteView):
    model = Site


class BrandListView(PlaceListView):
    model = Brand
    queryset = Brand.objects.select_related("area__parent", "unit", "organization")
    table_class = tables.BrandTable
    filterset_class = filters.BrandFilterSet


class BrandDetailView(PlaceDetailView):
    model = Brand
    queryset = Brand.objects.select_related(*PLACED)
    fields = ("area", "unit", "organization", "fields_of_work", "goal", "carrier", "results", "features", "address",
              "since", "until", "note")  # fmt: skip

    def get_more_fields(self) -> Iterator[tuple[str, Any, str | None]]:
        yield "四有", four_haves(self.object), None


class BrandCreateView(PlaceCreateView):
    model = Brand
    form_class = forms.BrandForm


class BrandUpdateView(PlaceUpdateView):
    model = Brand
    form_class = forms.BrandForm


class BrandCloseView(PlaceCloseView):
    model = Brand


class BrandReopenView(PlaceReopenView):
    model = Brand


class BrandDeleteView(PlaceDeleteView):
    model = Brand


class OutpostListView(PlaceListView):
    model = Outpost
    queryset = Outpost.objects.select_related("area__parent", "unit")
    table_class = tables.OutpostTable
    filterset_class = filters.OutpostFilterSet


class OutpostDetailView(PlaceDetailView):
    model = Outpost
    queryset = Outpost.objects.select_related("area__parent", "unit__area")
    fields = ("kind", "area", "unit", "leader", "doer", "duties", "since", "until")

    def get_more_fields(self) -> Iterator[tuple[str, Any, str | None]]:
        yield "三项", missing_parts(self.object), None


class OutpostCreateView(PlaceCreateView):
    model = Outpost
    form_class = forms.OutpostForm


class OutpostUpdateView(PlaceUpdateView):
    model = Outpost
    form_class = forms.OutpostForm


class OutpostCloseView(PlaceCloseView):
    model = Outpost


class OutpostReopenView(PlaceReopenView):
    model = Outpost


class OutpostDeleteView(PlaceDeleteView):
    model = Outpost
