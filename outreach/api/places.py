"""Stations, sites, brands, outposts and duty posts over the API; closing and reopening are done on the pages."""

from typing import Any

from outreach.filters import places as filters
from outreach.models import Brand, DutyPost, Outpost, Site, Station
from outreach.services.places import check_place, parents_for
from portal.kit import saving
from portal.kit.api import CheckedSerializer, ScopedViewSet

PLACED = ["id", "version", "name", "area", "unit", "since", "until"]
HOSTED = [*PLACED, "organization", "fields_of_work", "address", "note"]
READ_ONLY = ["version", "until"]


class PlacedViewSet(ScopedViewSet):
    def write(self, obj: Any, expected: int | None) -> Any:
        check_place(obj)
        return saving.save(obj, by=self.request.user, expected=expected)


class StationSerializer(CheckedSerializer):
    class Meta:
        model = Station
        fields = [*HOSTED, "kind", "parent", "opening_hours", "on_duty"]
        read_only_fields = READ_ONLY

    def get_fields(self) -> dict[str, Any]:
        """A point's own township has its station, even where the village does not reach it."""
        fields = super().get_fields()
        request = self.context.get("request")
        if request is not None and request.user.is_authenticated:
            fields["parent"].queryset = parents_for(request.user, "outreach.view_station")
        return fields


class StationViewSet(PlacedViewSet):
    """联络站点：查询、新增、修改；停用和恢复在页面上办理。"""

    queryset = Station.objects.select_related("area", "unit", "parent__area")
    serializer_class = StationSerializer
    filterset_class = filters.StationFilterSet


class SiteSerializer(CheckedSerializer):
    class Meta:
        model = Site
        fields = [*HOSTED, "kind", "platform", "award", "award_year", "awarded_by"]
        read_only_fields = READ_ONLY


class SiteViewSet(PlacedViewSet):
    """阵地：查询、新增、修改；停用和恢复在页面上办理。"""

    queryset = Site.objects.select_related("area", "unit")
    serializer_class = SiteSerializer
    filterset_class = filters.SiteFilterSet


class BrandSerializer(CheckedSerializer):
    class Meta:
        model = Brand
        fields = [*HOSTED, "goal", "carrier", "results", "features"]
        read_only_fields = READ_ONLY


class BrandViewSet(PlacedViewSet):
    """服务品牌：查询、新增、修改；停用和恢复在页面上办理。"""

    queryset = Brand.objects.select_related("area", "unit")
    serializer_class = BrandSerializer
    filterset_class = filters.BrandFilterSet


class OutpostSerializer(CheckedSerializer):
    class Meta:
        model = Outpost
        fields = [*PLACED, "kind", "leader", "doer", "duties"]
        read_only_fields = READ_ONLY


class OutpostViewSet(PlacedViewSet):
    """三区一企：查询、新增、修改；停用和恢复在页面上办理。"""

    queryset = Outpost.objects.select_related("area", "unit")
    serializer_class = OutpostSerializer
    filterset_class = filters.OutpostFilterSet


class DutyPostSerializer(CheckedSerializer):
    class Meta:
        model = DutyPost
        fields = ["id", "version", "area", "unit", "network", "post", "official", "position", "since", "until"]
        read_only_fields = READ_ONLY


class DutyPostViewSet(PlacedViewSet):
    """责任岗位：查询、新增、修改；换人、离任在页面上办理。"""

    queryset = DutyPost.objects.select_related("area", "unit")
    serializer_class = DutyPostSerializer
    filterset_class = filters.DutyPostFilterSet
