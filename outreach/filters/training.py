"""What training plans, their sessions and their posts can be asked; the same words for page, export and API."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone

from organizations.filters.organizations import AreaFilter
from organizations.models import Area
from outreach.models import CadrePost, TrainingPlan, TrainingSession
from outreach.services.training import FIRST_YEAR
from portal.kit.filters import DateInput, FilterSet, IdFilter


def years() -> list[tuple[int, str]]:
    """The years that a plan may have, the next one first."""
    return [(year, f"{year} 年") for year in range(timezone.localdate().year + 1, FIRST_YEAR - 1, -1)]


class InAreaFilterSet(FilterSet):
    """With the area and all below it; a grant on a single unit has no area to choose."""

    area = AreaFilter(queryset=Area.objects.select_related("parent"), label="所在区划", method="in_area")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        user = self.request.user if self.request is not None else None
        reach = user.reach("organizations.view_area") if user is not None and user.is_authenticated else None
        if reach is not None and not (reach.everything or reach.codes):
            self.filters.pop("area")

    def in_area(self, queryset: Any, name: str, value: Area) -> QuerySet:
        return queryset.in_area(value)


class TrainingPlanFilterSet(InAreaFilterSet):
    search_fields = ("name",)
    year = django_filters.ChoiceFilter(choices=years, label="年份")

    class Meta:
        model = TrainingPlan
        fields = ["year", "audience", "area"]


class TrainingSessionFilterSet(InAreaFilterSet):
    search_fields = ("title", "place", "plan__name")
    year = django_filters.ChoiceFilter(choices=years, field_name="plan__year", label="年份")
    plan = IdFilter(label="培训计划")
    since = django_filters.DateFilter(field_name="on", lookup_expr="gte", label="从", widget=DateInput)
    until = django_filters.DateFilter(field_name="on", lookup_expr="lte", label="到", widget=DateInput)

    class Meta:
        model = TrainingSession
        fields = ["year", "plan", "area", "since", "until"]


class CadrePostFilterSet(InAreaFilterSet):
    search_fields = ("post",)
    year = django_filters.ChoiceFilter(choices=years, field_name="plan__year", label="年份")
    plan = IdFilter(label="培训计划")

    class Meta:
        model = CadrePost
        fields = ["year", "plan", "area"]
