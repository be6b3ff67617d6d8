"""Schemes, quarters, tasks, scores and published results over the API, read only; points are decimal texts."""

import django_filters
from rest_framework import serializers

from assessments.models import Indicator, Quarter, Result, ResultLine, Scheme, Score, Task
from portal.kit.api import ReadOnlyViewSet
from portal.kit.filters import FilterSet, IdFilter


class IndicatorSerializer(serializers.ModelSerializer):
    class Meta:
        model = Indicator
        fields = ["id", "number", "category", "name", "criteria", "evidence_wanted", "evidence_required", "method",
                  "points_1", "points_2", "points_3", "unit_points", "measure"]  # fmt: skip


class SchemeSerializer(serializers.ModelSerializer):
    indicators = IndicatorSerializer(many=True, read_only=True)

    class Meta:
        model = Scheme
        fields = ["id", "area", "year", "number", "name", "status", "weight_1", "weight_2", "weight_3", "weight_4",
                  "late_per_day", "late_floor", "bonus_cap", "note_over", "follow_up_last", "follow_up_running",
                  "indicators"]  # fmt: skip


class SchemeApiFilterSet(FilterSet):
    area = IdFilter(label="县（市）")

    class Meta:
        model = Scheme
        fields = ["area", "year", "status"]


class SchemeViewSet(ReadOnlyViewSet):
    """考核方案及其指标。"""

    queryset = Scheme.objects.prefetch_related("indicators")
    serializer_class = SchemeSerializer
    filterset_class = SchemeApiFilterSet


class QuarterSerializer(serializers.ModelSerializer):
    class Meta:
        model = Quarter
        fields = [
            "id",
            "scheme",
            "year",
            "number",
            "state",
            "opens_on",
            "report_due_on",
            "review_due_on",
            "appeal_days",
        ]


class QuarterApiFilterSet(FilterSet):
    scheme = IdFilter(label="考核方案")

    class Meta:
        model = Quarter
        fields = ["scheme", "year", "number", "state"]


class QuarterViewSet(ReadOnlyViewSet):
    """季度考评。"""

    queryset = Quarter.objects.all()
    serializer_class = QuarterSerializer
    filterset_class = QuarterApiFilterSet


class TaskSerializer(serializers.ModelSerializer):
    name = serializers.CharField(source="indicator.name", read_only=True)
    category = serializers.CharField(source="indicator.category", read_only=True)

    class Meta:
        model = Task
        fields = ["id", "quarter", "indicator", "category", "name", "points_1", "points_2", "points_3", "due_on",
                  "requirement"]  # fmt: skip


class TaskApiFilterSet(FilterSet):
    quarter = IdFilter(label="季度")

    class Meta:
        model = Task
        fields = ["quarter"]


class TaskViewSet(ReadOnlyViewSet):
    """季度任务。"""

    queryset = Task.objects.select_related("indicator")
    serializer_class = TaskSerializer
    filterset_class = TaskApiFilterSet


class ScoreSerializer(serializers.ModelSerializer):
    unit = serializers.IntegerField(source="report.unit_id", read_only=True)
    quarter = serializers.IntegerField(source="report.quarter_id", read_only=True)

    class Meta:
        model = Score
        fields = ["id", "quarter", "unit", "task", "status", "given", "count", "achieved", "target", "done_on", "reason",
                  "points", "bonus", "steps", "version"]  # fmt: skip


class ScoreApiFilterSet(FilterSet):
    quarter = IdFilter(field_name="report__quarter", label="季度")
    unit = IdFilter(field_name="report__unit", label="考核对象")

    class Meta:
        model = Score
        fields = ["quarter", "unit", "task", "status"]


class ScoreViewSet(ReadOnlyViewSet):
    """评审中的得分；只对县级工作人员开放。"""

    queryset = Score.objects.select_related("report").order_by("pk")
    serializer_class = ScoreSerializer
    filterset_class = ScoreApiFilterSet


class ResultSerializer(serializers.ModelSerializer):
    quarter = serializers.IntegerField(source="publication.quarter_id", read_only=True)
    revision = serializers.IntegerField(source="publication.revision", read_only=True)

    class Meta:
        model = Result
        fields = ["id", "quarter", "revision", "unit", "unit_name", "unit_class", "rank", "previous_rank", "points",
                  "base", "scaled", "bonus", "total", "exempt_reason"]  # fmt: skip


class ResultApiFilterSet(FilterSet):
    quarter = IdFilter(field_name="publication__quarter", label="季度")
    revision = django_filters.NumberFilter(field_name="publication__revision", label="版次")
    unit = IdFilter(label="考核对象")

    class Meta:
        model = Result
        fields = ["quarter", "revision", "unit", "unit_class"]


class ResultViewSet(ReadOnlyViewSet):
    """已公布的排名。"""

    queryset = Result.objects.select_related("publication").order_by("-publication", "unit_class", "rank", "pk")
    serializer_class = ResultSerializer
    filterset_class = ResultApiFilterSet


class ResultLineSerializer(serializers.ModelSerializer):
    class Meta:
        model = ResultLine
        fields = ["id", "result", "task", "number", "category", "name", "method", "maximum", "inputs", "due_on",
                  "done_on", "not_applicable", "points", "bonus", "reason", "steps"]  # fmt: skip


class ResultLineApiFilterSet(FilterSet):
    result = IdFilter(label="考评结果")

    class Meta:
        model = ResultLine
        fields = ["result", "category"]


class ResultLineViewSet(ReadOnlyViewSet):
    """已公布结果的得分明细；单位只能看到自己的。"""

    queryset = ResultLine.objects.order_by("result", "number", "pk")
    serializer_class = ResultLineSerializer
    filterset_class = ResultLineApiFilterSet
