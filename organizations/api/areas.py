"""Areas and units over the API, read only."""

from rest_framework import serializers

from organizations.models import Area, Unit
from portal.kit.api import ReadOnlyViewSet
from portal.kit.filters import FilterSet, IdFilter


class AreaSerializer(serializers.ModelSerializer):
    class Meta:
        model = Area
        fields = ["id", "code", "series", "name", "level", "kind", "parent", "tree_code", "counted",
                  "not_counted_reason", "since", "until"]  # fmt: skip


class AreaApiFilterSet(FilterSet):
    search_fields = ("name", "code", "pinyin")
    parent = IdFilter(label="上级")

    class Meta:
        model = Area
        fields = ["level", "kind", "counted", "parent", "code"]


class AreaViewSet(ReadOnlyViewSet):
    """行政区划：有权查看的区划，按树码排序。"""

    queryset = Area.objects.all()
    serializer_class = AreaSerializer
    filterset_class = AreaApiFilterSet


class UnitSerializer(serializers.ModelSerializer):
    class Meta:
        model = Unit
        fields = ["id", "name", "kind", "area", "number", "since", "until"]


class UnitApiFilterSet(FilterSet):
    search_fields = ("name",)
    area = IdFilter(label="所属区划")

    class Meta:
        model = Unit
        fields = ["kind", "area"]


class UnitViewSet(ReadOnlyViewSet):
    """考核对象：有权查看的责任单位。"""

    queryset = Unit.objects.all()
    serializer_class = UnitSerializer
    filterset_class = UnitApiFilterSet
