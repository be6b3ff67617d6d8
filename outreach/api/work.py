"""Activities and demonstrations over the API."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers

from outreach.api.training import OfficersSerializer
from outreach.filters.activities import ActivityFilterSet
from outreach.filters.demonstrations import DemonstrationFilterSet
from outreach.models import Activity, Demonstration, DemonstrationStep
from outreach.services.activities import save_activity
from outreach.services.demonstrations import LABELS, advance, apply_for
from portal.kit.api import CheckedSerializer, ScopedViewSet

STARTING = ("site", "station", "organization", "award", "applied_on")


class ActivitySerializer(OfficersSerializer):
    class Meta:
        model = Activity
        fields = ["id", "version", "kind", "theme", "on", "area", "unit", "station", "site", "organization", "brand", "place",
                  "head_count", "officers", "summary"]  # fmt: skip
        read_only_fields = ["version"]


class ActivityViewSet(ScopedViewSet):
    """活动与会议：查询、新增、修改；照片在页面上传。"""

    queryset = Activity.objects.select_related(
        "area", "unit__area", "station", "site", "organization", "brand"
    ).prefetch_related("officers")
    serializer_class = ActivitySerializer
    filterset_class = ActivityFilterSet

    def write(self, obj: Any, expected: int | None) -> Any:
        return save_activity(obj, obj.came, by=self.request.user, expected=expected)


class StepSerializer(serializers.ModelSerializer):
    class Meta:
        model = DemonstrationStep
        fields = ["id", "state", "on", "words", "by", "at"]


class DemonstrationSerializer(CheckedSerializer):
    """Applied for with one site, station or organization; `step` takes it on, as the page does."""

    step = serializers.ChoiceField(choices=list(LABELS.items()), write_only=True, required=False, label="办理")
    on = serializers.DateField(write_only=True, required=False, label="办理日期")
    words = serializers.CharField(write_only=True, required=False, allow_blank=True, max_length=200, label="说明")
    named_by = serializers.CharField(required=False, max_length=60, label="命名单位")

    steps = StepSerializer(many=True, read_only=True, label="办理经过")

    class Meta:
        model = Demonstration
        fields = ["id", "version", "area", "unit", "site", "station", "organization", "award", "state", "applied_on", "named_on",
                  "named_by", "withdrawn_on", "withdrawn_reason", "next_review_on", "steps", "step", "on", "words"]  # fmt: skip
        read_only_fields = [
            "version",
            "area",
            "unit",
            "state",
            "named_on",
            "withdrawn_on",
            "withdrawn_reason",
            "next_review_on",
        ]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """An application is checked whole by its service; a step changes nothing but the state."""
        if self.instance is None:
            self.candidate = Demonstration(**{name: attrs[name] for name in STARTING if name in attrs})
        elif "step" in attrs:
            self.candidate = self.instance, attrs
        else:
            raise serializers.ValidationError({"step": ["请说明办理哪一步；申报以后对象和级别不再改。"]})
        return attrs


class DemonstrationViewSet(ScopedViewSet):
    """示范创建：查询、申报、逐步办理。"""

    queryset = Demonstration.objects.select_related("area", "unit", "site", "station", "organization").prefetch_related(
        "steps"
    )
    serializer_class = DemonstrationSerializer
    filterset_class = DemonstrationFilterSet

    def write(self, obj: Any, expected: int | None) -> Any:
        user = self.request.user
        if isinstance(obj, Demonstration):
            return apply_for(obj, by=user)
        row, said = obj
        on, words, named_by = said.get("on") or timezone.localdate(), said.get("words", ""), said.get("named_by", "")
        return advance(row, said["step"], on=on, words=words, named_by=named_by, by=user, expected=expected)
