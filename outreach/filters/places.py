"""Filters of stations, sites, brands, outposts and duty posts; `on` takes every list back to a day and its tree."""

from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet
from django.utils import timezone

from organizations.filters.organizations import AreaFilter
from organizations.models import Area, FieldOfWork
from outreach.models import Award, Brand, DutyPost, Outpost, Site, Station
from outreach.services.places import with_place_on
from portal.kit.filters import DateInput, FilterSet

COMPLETE = [("yes", "完整"), ("no", "有缺项")]
OUTPOST_PARTS, BRAND_PARTS = ("leader", "doer", "duties"), ("goal", "carrier", "results", "features")


class PlacedFilterSet(FilterSet):
    """Area with all below it, the day, the closed ones: these three decide together which rows there were."""

    area = AreaFilter(queryset=Area.objects.select_related("parent"), label="所在区划", method="untouched")
    on = django_filters.DateFilter(label="统计日期", method="untouched", widget=DateInput)
    closed = django_filters.BooleanFilter(label="含已停用的", method="untouched", widget=forms.CheckboxInput)
    SHARED = ("area", "on", "closed")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        user = self.request.user if self.request is not None else None
        reach = user.reach("organizations.view_area") if user is not None and user.is_authenticated else None
        if reach is not None and not (reach.everything or reach.codes):
            self.filters.pop("area")  # a grant on a single unit has no area to choose

    def filter_queryset(self, queryset: Any) -> QuerySet:
        values = self.form.cleaned_data
        for name, value in values.items():
            if name not in self.SHARED:
                queryset = self.filters[name].filter(queryset, value)
        on = values.get("on") or timezone.localdate()
        if on < timezone.localdate():
            queryset = with_place_on(queryset, on)
        queryset = queryset.filter(since__lte=on) if values.get("closed") else queryset.in_force(on)
        return queryset.standing_in(values["area"], on) if values.get("area") else queryset

    def untouched(self, queryset: QuerySet, name: str, value: Any) -> QuerySet:
        return queryset


class HostedFilterSet(PlacedFilterSet):
    search_fields = ("name", "pinyin", "address")
    field = django_filters.ChoiceFilter(choices=FieldOfWork.choices, label="工作领域", method="works_on")

    def works_on(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(fields_of_work__icontains=f",{value},")


class StationFilterSet(HostedFilterSet):
    class Meta:
        model = Station
        fields = ["kind", "area", "field", "on", "closed"]


class SiteFilterSet(HostedFilterSet):
    award = django_filters.ChoiceFilter(choices=Award.choices[1:], label="命名级别")

    class Meta:
        model = Site
        fields = ["kind", "platform", "award", "area", "field", "on", "closed"]


class BrandFilterSet(HostedFilterSet):
    complete = django_filters.ChoiceFilter(choices=[("yes", "齐全"), ("no", "有缺项")], label="四有", method="has_all")

    class Meta:
        model = Brand
        fields = ["area", "field", "complete", "on", "closed"]

    def has_all(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return with_parts(queryset, BRAND_PARTS, value)


class OutpostFilterSet(PlacedFilterSet):
    search_fields = ("name", "pinyin", "leader", "doer")
    complete = django_filters.ChoiceFilter(choices=COMPLETE, label="三项是否完整", method="has_all")

    class Meta:
        model = Outpost
        fields = ["kind", "complete", "area", "on", "closed"]

    def has_all(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return with_parts(queryset, OUTPOST_PARTS, value)


class DutyPostFilterSet(PlacedFilterSet):
    search_fields = ("official", "post", "position")
    closed = django_filters.BooleanFilter(label="含已离任的", method="untouched", widget=forms.CheckboxInput)

    class Meta:
        model = DutyPost
        fields = ["network", "area", "on", "closed"]


def with_parts(queryset: QuerySet, parts: tuple[str, ...], value: str) -> QuerySet:
    """The rows whose `parts` are all filled in ("yes"), or not ("no")."""
    filled = queryset.model.objects.exclude(**{parts[0]: ""})
    for name in parts[1:]:
        filled = filled.exclude(**{name: ""})
    pks = filled.order_by().values("pk")
    return queryset.filter(pk__in=pks) if value == "yes" else queryset.exclude(pk__in=pks)
