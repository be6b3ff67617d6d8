from assessments.models import Quarter, Scheme, SelfReport
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

    class Meta:
        model = SelfReport
        fields = ["unit_class", "status"]
