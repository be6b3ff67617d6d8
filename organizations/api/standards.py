"""Standards, checks and coverage goals over the API; evidence is uploaded on the check's page."""

from collections.abc import Mapping
from typing import Any

import django_filters
from django.apps import apps
from django.core.exceptions import ValidationError as WrongValues
from django.utils import timezone
from rest_framework import serializers

from organizations.filters.standards import CheckFilterSet, StandardFilterSet
from organizations.measures import MEASURES, Measure
from organizations.models import Answer, Check, CoverageGoal, Standard, StandardItem, StandardVersion
from organizations.services.goals import add_goal, change_goal
from organizations.services.standards import (
    Given,
    ItemDraft,
    answer_items,
    create_standard,
    drafts_of,
    finish_check,
    revise_standard,
    start_check,
)
from portal.kit.api import CheckedSerializer, LineSerializer, ScopedViewSet
from portal.kit.filters import FilterSet
from portal.kit.models import in_force


class StandardItemSerializer(LineSerializer):
    class Meta:
        model = StandardItem
        fields = ["id", "number", "wording", "must", "evidence_required", "source"]
        read_only_fields = ["number"]


class StandardVersionSerializer(serializers.ModelSerializer):
    items = StandardItemSerializer(many=True)

    class Meta:
        model = StandardVersion
        fields = ["id", "number", "since", "until", "reason", "items"]


class StandardSerializer(CheckedSerializer):
    """`items` replaces the lines of the present version; a version that was used is closed and a new one begins on `since`."""

    versions = StandardVersionSerializer(many=True, read_only=True)
    items = StandardItemSerializer(many=True, write_only=True, required=False, label="条目")
    since = serializers.DateField(write_only=True, required=False, label="起始日期")
    reason = serializers.CharField(write_only=True, required=False, max_length=200, label="修订说明")

    class Meta:
        model = Standard
        fields = [
            "id",
            "area",
            "code",
            "name",
            "applies_to",
            "recheck_months",
            "version",
            "versions",
            "items",
            "since",
            "reason",
        ]
        read_only_fields = ["version"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        steps = {name: attrs.pop(name) for name in ("items", "since", "reason") if name in attrs}
        super().validate(attrs)
        self.candidate = self.candidate, steps
        return attrs


class StandardViewSet(ScopedViewSet):
    """标准：各版本的条目原文；新增标准，修订条目（用过的版本保留，从指定日期起用新版本）。"""

    queryset = Standard.objects.prefetch_related("versions__items")
    serializer_class = StandardSerializer
    filterset_class = StandardFilterSet

    def write(self, obj: Any, expected: int | None) -> Any:
        standard, steps = obj
        since, user = steps.get("since") or timezone.localdate(), self.request.user
        items = [ItemDraft(**item) for item in steps.get("items", ())]
        if standard.pk is None:
            create_standard(standard, items, since=since, by=user)
        else:
            items = items or drafts_of(standard.versions.get(until=None))
            reason = steps.get("reason", "")
            revise_standard(standard, items, since=since, reason=reason, by=user, expected=expected)
        return self.queryset.get(pk=standard.pk)


class AnswerSerializer(LineSerializer):
    class Meta:
        model = Answer
        fields = ["id", "item", "wording", "verdict", "reason", "automatic", "words"]
        read_only_fields = ["item", "wording", "automatic", "words"]
        extra_kwargs = {"id": {"read_only": False, "required": True}}


class CheckSerializer(serializers.ModelSerializer):
    """Begun with `standard`, `register` and `object_id`; then `answers` by id, and `finish` to freeze it."""

    candidate: Any = None
    standard = serializers.PrimaryKeyRelatedField(queryset=Standard.objects.all(), source="version_checked.standard")
    answers = AnswerSerializer(many=True, required=False)
    finish = serializers.BooleanField(write_only=True, default=False, label="完成核查")

    class Meta:
        model = Check
        fields = ["id", "standard", "version_checked", "register", "object_id", "object_name", "area", "unit", "on", "by",
                  "status", "missing", "passed", "recheck_on", "version", "answers", "finish"]  # fmt: skip
        read_only_fields = ["version_checked", "object_name", "area", "unit", "on", "by", "status", "missing", "passed", "recheck_on",
                            "version"]  # fmt: skip
        extra_kwargs = {"register": {"read_only": False}, "object_id": {"read_only": False}}

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        request = self.context.get("request")
        if request is not None:
            fields["standard"].queryset = Standard.objects.all().permitted(request.user)
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is None:
            self.candidate = self._subject(attrs), attrs["version_checked"]["standard"]
        else:
            given = {
                row["id"]: Given(row.get("verdict", ""), row.get("reason", "")) for row in attrs.get("answers", ())
            }
            self.candidate = self.instance, given, attrs.get("finish", False)
        return attrs

    def _subject(self, attrs: Mapping[str, Any]) -> Any:
        standard = attrs["version_checked"]["standard"]
        if attrs["register"] != standard.applies_to:
            raise serializers.ValidationError(
                {"register": [f"“{standard}”适用于{standard.get_applies_to_display()}。"]}
            )
        rows = apps.get_model(attrs["register"])._default_manager.all().permitted(self.context["request"].user)
        found = rows.filter(pk=attrs["object_id"]).first()
        if found is None:
            raise serializers.ValidationError({"object_id": ["没有这条记录，或不在您的权限范围内。"]})
        return found


class CheckViewSet(ScopedViewSet):
    """标准核查：开始核查、逐项回答、完成；附件材料在核查页面上传。"""

    queryset = Check.objects.select_related("version_checked").prefetch_related("answers")
    serializer_class = CheckSerializer
    filterset_class = CheckFilterSet

    def write(self, obj: Any, expected: int | None) -> Any:
        subject, *rest = obj
        if isinstance(subject, Check):
            return self._answered(subject, *rest, expected)
        return self._fresh(start_check(subject, rest[0], by=self.request.user))

    def _answered(self, check: Check, given: Mapping[int, Given], finish: bool, expected: int | None) -> Check:
        problems = answer_items(check, given, by=self.request.user, expected=expected)
        if problems:
            raise WrongValues({"answers": [f"{pk}：{words}" for pk, said in problems.items() for words in said]})
        return self._fresh(finish_check(check, by=self.request.user) if finish else check)

    def _fresh(self, check: Check) -> Check:
        return self.queryset.get(pk=check.pk)


class GoalSerializer(CheckedSerializer):
    """A change of a goal that is counted already holds from `from_day` on (default: today)."""

    from_day = serializers.DateField(write_only=True, required=False, label="从哪天起")

    class Meta:
        model = CoverageGoal
        fields = ["id", "area", "number", "title", "townships", "villages", "bodies", "kinds", "measure", "minimum", "since",
                  "until", "version", "from_day"]  # fmt: skip
        read_only_fields = ["until", "version"]

    def validate_measure(self, name: str) -> str:
        if not isinstance(MEASURES.get(name), Measure):
            known = "、".join(measure.name for measure in MEASURES.values() if isinstance(measure, Measure))
            raise serializers.ValidationError(f"没有“{name}”这个统计项。可以用的有：{known}。")
        return name


class GoalFilterSet(FilterSet):
    search_fields = ("title",)
    on = django_filters.DateFilter(label="在这一天有效", method="in_force")

    class Meta:
        model = CoverageGoal
        fields = ["area", "measure", "on"]

    def in_force(self, queryset, name, value):
        return queryset.filter(in_force(value))


class GoalViewSet(ScopedViewSet):
    """覆盖目标：每个目标及其有效期；新增、从某天起变更，停止统计在页面上办理。"""

    queryset = CoverageGoal.objects.select_related("area")
    serializer_class = GoalSerializer
    filterset_class = GoalFilterSet

    def write(self, obj: Any, expected: int | None) -> Any:
        if obj.pk is None:
            return add_goal(obj, by=self.request.user)
        since = getattr(obj, "from_day", None) or timezone.localdate()
        return change_goal(obj, since=since, by=self.request.user, expected=expected)
