from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone

from organizations.models import Area, Level
from outreach.models import Demonstration
from portal.kit.filters import DateInput, FilterSet


class DemonstrationFilterSet(FilterSet):
    search_fields = ("site__name", "station__name", "organization__name")
    state = django_filters.ChoiceFilter(choices=Demonstration.State.choices, label="状态")
    area = django_filters.ModelChoiceFilter(
        queryset=Area.objects.filter(level__lt=Level.VILLAGE), label="区划", method="in_area"
    )
    review = django_filters.ChoiceFilter(choices=[("overdue", "逾期未复查")], label="复查", method="by_review")
    named = django_filters.DateFilter(label="某日在册的示范", widget=DateInput, method="named_on_day")

    class Meta:
        model = Demonstration
        fields = ["state", "award", "area", "review", "named"]

    def in_area(self, queryset: Any, name: str, value: Area) -> QuerySet:
        return queryset.in_area(value)

    def by_review(self, queryset: Any, name: str, value: str) -> QuerySet:
        return queryset.review_overdue(timezone.localdate())

    def named_on_day(self, queryset: Any, name: str, value: Any) -> QuerySet:
        return queryset.named(value)
