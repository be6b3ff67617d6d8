from typing import Any

import django_filters
from django.db.models import QuerySet

from assessments.models import Quarter, Scheme, SelfReport
from organizations.models import Area, Level
from portal.kit.filters import FilterSet


class SchemeFilterSet(FilterSet):
    search_fields = ("name",)

    class Meta:
        model = Scheme
        fields = ["year", "status"]


class QuarterFilterSet(FilterSet):
    class Meta:
        model = Quarter
        fields = ["year", "number", "state"]


class ReportFilterSet(FilterSet):
    search_fields = ("unit__name",)
    area = django_filters.ModelChoiceFilter(
        queryset=Area.objects.filter(level=Level.TOWNSHIP), label="乡镇", method="in_area"
    )

    class Meta:
        model = SelfReport
        fields = ["unit_class", "status", "area"]

    def in_area(self, queryset: Any, name: str, value: Area) -> QuerySet:
        return queryset.in_area(value)
