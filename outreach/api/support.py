"""Support funds over the API."""

from typing import Any

from outreach.filters.support import SupportFilterSet
from outreach.models import Support
from outreach.services.support import save_support, stand_with
from portal.kit.api import CheckedSerializer, ScopedViewSet


class SupportSerializer(CheckedSerializer):
    class Meta:
        model = Support
        fields = ["id", "version", "area", "unit", "enterprise", "request", "programme", "amount", "on"]
        read_only_fields = ["version", "area", "unit"]

    def complete(self, obj: Any) -> None:
        """A new support stands where its enterprise stands."""
        if self.instance is None and obj.enterprise_id:
            stand_with(obj)


class SupportViewSet(ScopedViewSet):
    """扶持资金：查询、登记、修改；删除在页面上办理。"""

    queryset = Support.objects.select_related("area", "unit", "enterprise__area", "enterprise__unit", "request")
    serializer_class = SupportSerializer
    filterset_class = SupportFilterSet

    def write(self, obj: Any, expected: int | None) -> Any:
        return save_support(obj, by=self.request.user, expected=expected)
