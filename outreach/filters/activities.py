"""What activities can be asked: kind, area with all below it, days, where they were held."""

import datetime as dt
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils import timezone

from organizations.models import Area, Level
from outreach.models import Activity
from portal.kit.filters import DateInput, FilterSet, IdFilter

QUARTERS = 8  # quarters offered, the running one first


def quarters() -> list[tuple[str, str]]:
    """(2026-4, 2026 年第 4 季度) of the running quarter and those before it."""
    today = timezone.localdate()
    running = today.year * 4 + (today.month - 1) // 3
    past = [divmod(number, 4) for number in range(running, running - QUARTERS, -1)]
    return [(f"{year}-{part + 1}", f"{year} 年第 {part + 1} 季度") for year, part in past]


class ActivityFilterSet(FilterSet):
    search_fields = ("theme", "place", "summary")
    kind = django_filters.ChoiceFilter(choices=Activity.Kind.choices, label="类别")
    meetings = django_filters.ChoiceFilter(choices=[("yes", "只看会议")], label="会议", method="only_meetings")
    area = django_filters.ModelChoiceFilter(
        queryset=Area.objects.filter(level__lt=Level.VILLAGE), label="区划", method="in_area"
    )
    quarter = django_filters.ChoiceFilter(choices=quarters, label="季度", method="in_quarter")
    since = django_filters.DateFilter(field_name="on", lookup_expr="gte", label="从", widget=DateInput)
    until = django_filters.DateFilter(field_name="on", lookup_expr="lte", label="到", widget=DateInput)
    station = IdFilter(label="联络站点")
    site = IdFilter(label="阵地")
    organization = IdFilter(label="组织")
    brand = IdFilter(label="服务品牌")
    HIDDEN = ("station", "site", "organization", "brand")

    class Meta:
        model = Activity
        fields = ["kind", "meetings", "area", "quarter", "since", "until", "station", "site", "organization", "brand"]

    @property
    def form(self) -> Any:
        """Hosts come by link: their fields are hidden, and kept while the others are changed."""
        form = super().form
        for name in self.HIDDEN:
            form.fields[name].widget = form.fields[name].hidden_widget()
        return form

    def only_meetings(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(kind__in=Activity.MEETINGS)

    def in_area(self, queryset: Any, name: str, value: Area) -> QuerySet:
        return queryset.in_area(value)

    def in_quarter(self, queryset: Any, name: str, value: str) -> QuerySet:
        year, part = (int(number) for number in value.split("-"))
        first = dt.date(year, 3 * part - 2, 1)
        after = dt.date(year + part // 4, 3 * part % 12 + 1, 1)
        return queryset.within(first, after - dt.timedelta(1))
