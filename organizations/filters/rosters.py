"""What rosters and people on them can be asked; the same words for page, workbook and API."""

import datetime as dt
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone

from organizations.models import Area, Level, Membership, Organization, Person, RequiredPost
from portal.kit.filters import DateInput, FilterSet


class MembershipFilterSet(FilterSet):
    """Lines of rosters in force on a day (default today)."""

    search_fields = ("person__name", "person__pinyin", "post", "organization__name")
    area = django_filters.ModelChoiceFilter(
        queryset=Area.objects.filter(level__lt=Level.VILLAGE), label="区划", method="in_area"
    )
    kind = django_filters.ChoiceFilter(
        choices=Organization.Kind.choices, label="组织类别", field_name="organization__kind"
    )
    post = django_filters.CharFilter(label="职务", lookup_expr="icontains")
    in_charge = django_filters.ChoiceFilter(choices=[("yes", "只看负责人")], label="负责人", method="heads")
    on = django_filters.DateFilter(label="截至日期", widget=DateInput, method="as_of")

    class Meta:
        model = Membership
        fields = ["area", "kind", "post", "in_charge", "on"]

    @property
    def day(self) -> dt.date:
        return self.form.cleaned_data.get("on") or timezone.localdate()

    def filter_queryset(self, queryset: Any) -> QuerySet:
        return super().filter_queryset(queryset).in_force(self.day)

    def as_of(self, queryset: Any, name: str, value: dt.date) -> QuerySet:
        return queryset

    def in_area(self, queryset: Any, name: str, value: Area) -> QuerySet:
        return queryset.in_area(value)

    def heads(self, queryset: Any, name: str, value: str) -> QuerySet:
        return queryset.filter(in_charge=True)


class PersonFilterSet(FilterSet):
    search_fields = ("name", "pinyin")
    area = django_filters.ModelChoiceFilter(
        queryset=Area.objects.filter(level__lt=Level.VILLAGE), label="区划", method="in_area"
    )

    class Meta:
        model = Person
        fields = ["area"]

    def in_area(self, queryset: Any, name: str, value: Area) -> QuerySet:
        return queryset.in_area(value)


class RequiredPostFilterSet(FilterSet):
    class Meta:
        model = RequiredPost
        fields = ["kind"]
