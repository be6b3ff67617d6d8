import django_filters

from organizations.models import Area, Level, Unit
from portal.kit.filters import FilterSet


class UnitFilterSet(FilterSet):
    search_fields = ("name", "area__name")
    area = django_filters.ModelChoiceFilter(
        queryset=Area.objects.exclude(level=Level.VILLAGE), label="所属区划", method="in_area"
    )

    class Meta:
        model = Unit
        fields = ["kind", "area"]

    def in_area(self, queryset, name, value):
        return queryset.in_area(value)
