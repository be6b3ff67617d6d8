"""What activities can be asked: kind, area with all below it, days, where they were held."""

from typing import Any

import django_filters
from django.db.models import QuerySet

from organizations.models import Area, Level
from outreach.models import Activity
from portal.kit.filters import DateInput, FilterSet


class ActivityFilterSet(FilterSet):
    search_fields = ("theme", "place", "summary")
    kind = django_filters.ChoiceFilter(choices=Activity.Kind.choices, label="类别")
    meetings = django_filters.ChoiceFilter(choices=[("yes", "只看会议")], label="会议", method="only_meetings")
    area = django_filters.ModelChoiceFilter(
        queryset=Area.objects.filter(level__lt=Level.VILLAGE), label="区划", method="in_area"
    )
    since = django_filters.DateFilter(field_name="on", lookup_expr="gte", label="从", widget=DateInput)
    until = django_filters.DateFilter(field_name="on", lookup_expr="lte", label="到", widget=DateInput)
    station = django_filters.NumberFilter(label="联络站点")
    site = django_filters.NumberFilter(label="阵地")
    organization = django_filters.NumberFilter(label="组织")
    brand = django_filters.NumberFilter(label="服务品牌")
    HIDDEN = ("station", "site", "organization", "brand")

    class Meta:
        model = Activity
        fields = ["kind", "meetings", "area", "since", "until", "station", "site", "organization", "brand"]

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
