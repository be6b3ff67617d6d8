"""Activities (read and write) and demonstrations (read) over the API."""

from typing import Any

from outreach.api.places import PlacedSerializer
from outreach.filters.activities import ActivityFilterSet
from outreach.filters.demonstrations import DemonstrationFilterSet
from outreach.models import Activity, Demonstration
from outreach.services.activities import save_activity
from portal.kit.api import CheckedSerializer, ReadOnlyViewSet, ScopedViewSet


class ActivitySerializer(PlacedSerializer):
    class Meta:
        model = Activity
        fields = ["id", "version", "kind", "theme", "on", "area", "unit", "station", "site", "organization", "brand", "place",
                  "head_count", "summary"]  # fmt: skip
        read_only_fields = ["version"]


class ActivityViewSet(ScopedViewSet):
    """活动与会议：查询、新增、修改；照片在页面上传。"""

    queryset = Activity.objects.select_related("area", "unit__area", "station", "site", "organization", "brand")
    serializer_class = ActivitySerializer
    filterset_class = ActivityFilterSet

    def write(self, obj: Any, expected: int | None) -> Any:
        return save_activity(obj, by=self.request.user, expected=expected)


class DemonstrationSerializer(CheckedSerializer):
    class Meta:
        model = Demonstration
        fields = ["id", "area", "unit", "site", "station", "organization", "award", "state", "applied_on", "named_on", "named_by",
                  "withdrawn_on", "withdrawn_reason", "next_review_on"]  # fmt: skip


class DemonstrationViewSet(ReadOnlyViewSet):
    """示范创建：查询。"""

    queryset = Demonstration.objects.all()
    serializer_class = DemonstrationSerializer
    filterset_class = DemonstrationFilterSet
