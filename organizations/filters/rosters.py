"""What rosters and people on them can be asked; the same words for page, workbook and API."""

import datetime as dt
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone

from organizations.models import Area, Level, Membership, Organization, Person, PersonMerge, RequiredPost
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


class PersonMergeFilterSet(FilterSet):
    search_fields = ("kept__name", "kept__pinyin", "dropped__name", "dropped__pinyin", "by__name")
    state = django_filters.ChoiceFilter(
        choices=[("open", "可以撤销"), ("undone", "已撤销"), ("over", "已满 30 天")], label="状态", method="by_state"
    )

    class Meta:
        model = PersonMerge
        fields = ["state"]

    def by_state(self, queryset: Any, name: str, value: str) -> QuerySet:
        if value == "undone":
            return queryset.filter(undone_at__isnull=False)
        limit = timezone.now() - dt.timedelta(days=PersonMerge.UNDO_DAYS)
        return queryset.filter(undone_at=None, **{"at__gt" if value == "open" else "at__lte": limit})


class RequiredPostFilterSet(FilterSet):
    class Meta:
        model = RequiredPost
        fields = ["kind"]
