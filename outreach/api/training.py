"""Training plans, their sessions and posts over the API; what is deleted is deleted on the pages."""

from typing import Any

from rest_framework.exceptions import ValidationError

from outreach.filters import training as filters
from outreach.forms.officers import GONE
from outreach.models import CadrePost, TrainingPlan, TrainingSession
from outreach.services.officers import officers_for
from outreach.services.training import check_post, save_plan, save_session
from portal.kit import saving
from portal.kit.api import CheckedSerializer, ScopedViewSet


class TrainingPlanSerializer(CheckedSerializer):
    class Meta:
        model = TrainingPlan
        fields = ["id", "version", "year", "name", "audience", "area", "unit", "planned_people"]
        read_only_fields = ["version"]


class TrainingPlanViewSet(ScopedViewSet):
    """培训计划：查询、新增、修改；删除在页面上办理。"""

    queryset = TrainingPlan.objects.select_related("area", "unit__area")
    serializer_class = TrainingPlanSerializer
    filterset_class = filters.TrainingPlanFilterSet

    def write(self, obj: Any, expected: int | None) -> Any:
        return save_plan(obj, by=self.request.user, expected=expected)


class OfficersSerializer(CheckedSerializer):
    """A row with `officers`: lines of rosters, chosen anew only where they are in charge today."""

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        came = attrs.pop("officers", None)
        super().validate(attrs)
        if came is not None:
            self._refuse_others(came)
        self.candidate.came = came
        return attrs

    def _refuse_others(self, came: list[Any]) -> None:
        stored = {row.pk for row in self.instance.officers.all()} if self.instance is not None else set()
        fresh = {row.pk for row in came} - stored
        known = officers_for(self.context["request"].user).filter(pk__in=fresh).values_list("pk", flat=True)
        if fresh - set(known):
            raise ValidationError({"officers": [GONE]})


class TrainingSessionSerializer(OfficersSerializer):
    class Meta:
        model = TrainingSession
        fields = ["id", "version", "plan", "title", "on", "place", "days", "planned", "attended", "officers"]
        read_only_fields = ["version"]


class TrainingSessionViewSet(ScopedViewSet):
    """培训班次：查询、登记、修改；删除在页面上办理。"""

    queryset = TrainingSession.objects.select_related("plan__area").prefetch_related("officers")
    serializer_class = TrainingSessionSerializer
    filterset_class = filters.TrainingSessionFilterSet

    def write(self, obj: Any, expected: int | None) -> Any:
        return save_session(obj, obj.came, by=self.request.user, expected=expected)


class CadrePostSerializer(CheckedSerializer):
    class Meta:
        model = CadrePost
        fields = ["id", "version", "plan", "post", "holders", "in_plan", "trained", "recommended"]
        read_only_fields = ["version"]


class CadrePostViewSet(ScopedViewSet):
    """培养岗位：查询、新增、修改；只有岗位和人数。"""

    queryset = CadrePost.objects.select_related("plan__area")
    serializer_class = CadrePostSerializer
    filterset_class = filters.CadrePostFilterSet

    def write(self, obj: Any, expected: int | None) -> Any:
        check_post(obj)
        return saving.save(obj, by=self.request.user, expected=expected)
