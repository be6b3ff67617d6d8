"""Filters of enterprises and associations, officials and notices."""

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.utils import timezone

from outreach.filters.places import PlacedFilterSet
from outreach.models import Enterprise, Notice, Official
from outreach.services.directory import with_paired
from portal.kit.filters import DateInput, FilterSet

PAIRED = [("yes", "已结对"), ("no", "未结对")]


class EnterpriseFilterSet(PlacedFilterSet):
    """Found by name, pinyin, or the last signs of the credit code."""

    search_fields = ("name", "pinyin")
    paired = django_filters.ChoiceFilter(choices=PAIRED, label="结对情况", method="by_pairing")
    closed = django_filters.BooleanFilter(label="含已注销迁出的", method="untouched", widget=forms.CheckboxInput)

    class Meta:
        model = Enterprise
        fields = ["kind", "industry", "paired", "area", "on", "closed"]

    def search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        found = Q(pk__in=super().search(queryset, name, value).order_by().values("pk"))
        return queryset.filter(found | Q(credit_code__iendswith=value.strip()))

    def by_pairing(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        on = self.form.cleaned_data.get("on") or timezone.localdate()
        return with_paired(queryset, on).filter(paired=value == "yes")


class OfficialFilterSet(PlacedFilterSet):
    search_fields = ("name", "pinyin", "position")
    closed = django_filters.BooleanFilter(label="含已离任的", method="untouched", widget=forms.CheckboxInput)

    class Meta:
        model = Official
        fields = ["kind", "area", "on", "closed"]


class NoticeFilterSet(FilterSet):
    search_fields = ("name",)
    on = django_filters.DateFilter(label="在用日期", method="in_force_on", widget=DateInput)

    class Meta:
        model = Notice
        fields = ["on"]

    def in_force_on(self, queryset: QuerySet, name: str, value: object) -> QuerySet:
        return queryset.in_force(value)  # type: ignore[attr-defined]
