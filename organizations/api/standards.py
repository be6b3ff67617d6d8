"""Standards, checks and coverage goals over the API, read only; a check is filled in on its page."""

import django_filters
from rest_framework import serializers

from organizations.filters.standards import CheckFilterSet, StandardFilterSet
from organizations.models import Answer, Check, CoverageGoal, Standard, StandardItem, StandardVersion
from portal.kit.api import ReadOnlyViewSet
from portal.kit.filters import FilterSet
from portal.kit.models import in_force


class StandardItemSerializer(serializers.ModelSerializer):
    class Meta:
        model = StandardItem
        fields = ["id", "number", "wording", "must", "evidence_required", "source"]


class StandardVersionSerializer(serializers.ModelSerializer):
    items = StandardItemSerializer(many=True)

    class Meta:
        model = StandardVersion
        fields = ["id", "number", "since", "until", "reason", "items"]


class StandardSerializer(serializers.ModelSerializer):
    versions = StandardVersionSerializer(many=True)

    class Meta:
        model = Standard
        fields = ["id", "area", "code", "name", "applies_to", "recheck_months", "version", "versions"]


class StandardViewSet(ReadOnlyViewSet):
    """标准：各版本的条目原文。"""

    queryset = Standard.objects.prefetch_related("versions__items")
    serializer_class = StandardSerializer
    filterset_class = StandardFilterSet


class AnswerSerializer(serializers.ModelSerializer):
    class Meta:
        model = Answer
        fields = ["id", "item", "wording", "verdict", "reason", "automatic", "words"]


class CheckSerializer(serializers.ModelSerializer):
    standard = serializers.IntegerField(source="version_checked.standard_id")
    answers = AnswerSerializer(many=True)

    class Meta:
        model = Check
        fields = ["id", "standard", "version_checked", "register", "object_id", "object_name", "area", "unit", "on", "by",
                  "status", "missing", "passed", "recheck_on", "version", "answers"]  # fmt: skip


class CheckViewSet(ReadOnlyViewSet):
    """标准核查：每次核查的结论和逐项回答；填写在核查页面办理。"""

    queryset = Check.objects.select_related("version_checked").prefetch_related("answers")
    serializer_class = CheckSerializer
    filterset_class = CheckFilterSet


class GoalSerializer(serializers.ModelSerializer):
    kinds = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = CoverageGoal
        fields = ["id", "area", "number", "title", "townships", "villages", "bodies", "kinds", "measure", "minimum", "since",
                  "until", "version"]  # fmt: skip


class GoalFilterSet(FilterSet):
    search_fields = ("title",)
    on = django_filters.DateFilter(label="在这一天有效", method="in_force")

    class Meta:
        model = CoverageGoal
        fields = ["area", "measure", "on"]

    def in_force(self, queryset, name, value):
        return queryset.filter(in_force(value))


class GoalViewSet(ReadOnlyViewSet):
    """覆盖目标：每个目标及其有效期。"""

    queryset = CoverageGoal.objects.all()
    serializer_class = GoalSerializer
    filterset_class = GoalFilterSet
