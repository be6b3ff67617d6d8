"""Stations, sites, brands, outposts and duty posts over the API; closing and reopening are done on the pages."""

from typing import Any

from django.core.exceptions import ValidationError as WrongValues
from rest_framework.exceptions import ValidationError

from outreach.filters import places as filters
from outreach.models import Brand, DutyPost, Outpost, Site, Station
from outreach.services.places import check_place, parents_for
from portal.kit import saving
from portal.kit.api import CheckedSerializer, ScopedViewSet
from portal.kit.forms import check_no_numbers

PLACED = ["id", "version", "name", "area", "unit", "since", "until"]
HOSTED = [*PLACED, "organization", "fields_of_work", "address", "note"]
READ_ONLY = ["version", "until"]


class PlacedSerializer(CheckedSerializer):
    """No telephone or card numbers in a text, as on the pages."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        refuse_numbers(attrs)
        return super().validate(attrs)


def refuse_numbers(attrs: dict[str, Any]) -> None:
    """Refuse texts that hold a telephone or card number, each under its field; a credit code is one itself."""
    wrong = {}
    for name, value in attrs.items():
        try:
            if isinstance(value, str) and name != "credit_code":
                check_no_numbers(value)
        except WrongValues as error:
            wrong[name] = error.messages
    if wrong:
        raise ValidationError(wrong)


class PlacedViewSet(ScopedViewSet):
    def write(self, obj: Any, expected: int | None) -> Any:
        check_place(obj)
        return saving.save(obj, by=self.request.user, expected=expected)


class StationSerializer(PlacedSerializer):
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


class SiteSerializer(PlacedSerializer):
    class Meta:
        model = Site
        fields = [*HOSTED, "kind", "platform", "award", "award_year", "awarded_by"]
        read_only_fields = READ_ONLY


class SiteViewSet(PlacedViewSet):
    """阵地：查询、新增、修改；停用和恢复在页面上办理。"""

    queryset = Site.objects.select_related("area", "unit")
    serializer_class = SiteSerializer
    filterset_class = filters.SiteFilterSet


class BrandSerializer(PlacedSerializer):
    class Meta:
        model = Brand
        fields = [*HOSTED, "goal", "carrier", "results", "features"]
        read_only_fields = READ_ONLY


class BrandViewSet(PlacedViewSet):
    """服务品牌：查询、新增、修改；停用和恢复在页面上办理。"""

    queryset = Brand.objects.select_related("area", "unit")
    serializer_class = BrandSerializer
    filterset_class = filters.BrandFilterSet


class OutpostSerializer(PlacedSerializer):
    class Meta:
        model = Outpost
        fields = [*PLACED, "kind", "leader", "doer", "duties"]
        read_only_fields = READ_ONLY


class OutpostViewSet(PlacedViewSet):
    """三区一企：查询、新增、修改；停用和恢复在页面上办理。"""

    queryset = Outpost.objects.select_related("area", "unit")
    serializer_class = OutpostSerializer
    filterset_class = filters.OutpostFilterSet


class DutyPostSerializer(PlacedSerializer):
    class Meta:
        model = DutyPost
        fields = ["id", "version", "area", "unit", "network", "post", "official", "position", "since", "until"]
        read_only_fields = READ_ONLY


class DutyPostViewSet(PlacedViewSet):
    """责任岗位：查询、新增、修改；换人、离任在页面上办理。"""

    queryset = DutyPost.objects.select_related("area", "unit")
    serializer_class = DutyPostSerializer
    filterset_class = filters.DutyPostFilterSet
