"""Requests over the API: read, taken in, corrected; the steps are done on the pages and are read here."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from outreach.filters.requests import RequestFilterSet
from outreach.models import Request, RequestStep
from outreach.services.requests import LONGEST_TERM, SOURCES, TERM, accept_request, correct_request
from portal.kit.api import CheckedSerializer, ScopedViewSet, refuse_bad_texts

FIXED = (*SOURCES, "accepted_on", "days")  # once it is taken in
OURS = ("days", "reason")  # what is asked besides the model's fields


class RequestStepSerializer(serializers.ModelSerializer):
    class Meta:
        model = RequestStep
        fields = ["act", "on", "from_unit", "to_unit", "words", "at"]
        read_only_fields = fields


class RequestSerializer(CheckedSerializer):
    days = serializers.IntegerField(
        min_value=1, max_value=LONGEST_TERM, required=False, write_only=True, label="办理期限（工作日），新增时可填"
    )
    reason = serializers.CharField(max_length=200, required=False, write_only=True, label="修改原因，修改时必填")
    reference = serializers.CharField(read_only=True, label="编号")
    steps = RequestStepSerializer(many=True, read_only=True, label="办理经过")

    class Meta:
        model = Request
        fields = [
            "id", "version", "reference", "year", "number", "area", "unit", "channel", *SOURCES, "matter", "subject", "details", "handler",
            "accepted_on", "due_on", "state", "answered_on", "answer", "called_back_on", "satisfaction", "outcome", "closed_on", "reopened",
            "escalated_on", "steps", "days", "reason",
        ]  # fmt: skip
        read_only_fields = [
            "version", "year", "number", "area", "unit", "due_on", "state", "answered_on", "answer", "called_back_on", "satisfaction",
            "outcome", "closed_on", "reopened", "escalated_on",
        ]  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        refuse_bad_texts(attrs)
        self.asked = {name: attrs.pop(name) for name in OURS if name in attrs}
        if self.instance is not None:
            self._refuse_fixed({**attrs, **self.asked})
        return super().validate(attrs)

    def _refuse_fixed(self, said: dict[str, Any]) -> None:
        wrong = dict.fromkeys([name for name in FIXED if name in said], ["受理以后不能更改。"])
        if not said.get("reason"):
            wrong["reason"] = ["请填写修改原因。"]
        if wrong:
            raise ValidationError(wrong)

    def complete(self, obj: Any) -> None:
        """A request stands where its source stands; what was asked goes along to the service."""
        obj.asked = self.asked
        if obj._state.adding and obj.source is not None:
            obj.area = obj.source.area


class RequestViewSet(ScopedViewSet):
    """诉求：查询、受理、修改；转办、答复、回访、办结和重新办理在页面上办理。"""

    queryset = Request.objects.select_related(
        "area", "unit", "enterprise__area", "organization__area", "contact__area", "handler__area"
    ).prefetch_related("steps")
    serializer_class = RequestSerializer
    filterset_class = RequestFilterSet

    def write(self, obj: Any, expected: int | None) -> Any:
        asked, user = obj.asked, self.request.user
        if obj._state.adding:
            return accept_request(obj, by=user, days=asked.get("days", TERM))
        return correct_request(obj, reason=asked["reason"], by=user, expected=expected)
