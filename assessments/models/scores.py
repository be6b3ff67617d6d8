"""Scores (得分): one cell of the review grid. Blank, 0 and not applicable are three different things."""

from decimal import Decimal

from django.db import models
from django.db.models import F, Q

from assessments.models.quarters import Task
from assessments.models.reports import QUANTITY, SelfReport
from assessments.models.schemes import POINTS
from assessments.scoring import Facts
from portal.kit.models import Versioned
from portal.kit.scope import ScopedQuerySet


class ScoreQuerySet(ScopedQuerySet):
    area_lookup = "report__unit__area"
    unit_lookup = "report__unit"


class Score(Versioned):
    """Made blank for every unit and task when the quarter opens.

    `given` is what the reviewer typed; `points` is what counts, by the indicator's rule; `steps` say how.
    """

    class Status(models.TextChoices):
        BLANK = "blank", "未填"
        SCORED = "scored", "已评分"
        CONFIRMED = "confirmed", "已确认"
        NOT_APPLICABLE = "na", "不适用"

    report = models.ForeignKey(SelfReport, models.PROTECT, related_name="scores", verbose_name="考核对象")
    task = models.ForeignKey(Task, models.PROTECT, related_name="scores", verbose_name="季度任务")
    status = models.CharField("状态", max_length=10, choices=Status, default=Status.BLANK)
    given = models.DecimalField("评审给分", null=True, blank=True, **POINTS)
    count = models.PositiveIntegerField("次（处）数", null=True, blank=True)
    achieved = models.DecimalField("完成数", null=True, blank=True, **QUANTITY)
    target = models.DecimalField("应完成数", null=True, blank=True, **QUANTITY)
    done_on = models.DateField("完成日期", null=True, blank=True)
    reason = models.CharField("评分说明", max_length=300, blank=True)
    points = models.DecimalField("得分", null=True, blank=True, **POINTS)
    bonus = models.DecimalField("时效加分", default=Decimal(0), max_digits=6, decimal_places=2)
    steps = models.JSONField("怎么算的", default=list, blank=True)
    needs_reason = models.BooleanField("缺评分说明", default=False)
    by = models.ForeignKey(
        "accounts.User", models.PROTECT, null=True, blank=True, related_name="scores", verbose_name="评审人"
    )

    objects = ScoreQuerySet.as_manager()
    audit_skip = frozenset({"steps", "needs_reason", "by"})

    class Meta:
        ordering = ["report", "task", "pk"]
        verbose_name = verbose_name_plural = "得分"
        constraints = [
            models.UniqueConstraint(fields=["report", "task"], name="score_once"),
            models.CheckConstraint(
                condition=Q(status__in=["scored", "confirmed"], points__isnull=False, points__gte=0)
                | Q(status__in=["blank", "na"], points=None),
                name="score_points_follow_status",
            ),
            models.CheckConstraint(
                condition=~Q(status="na") | ~Q(reason=""),
                name="score_not_applicable_has_a_reason",
                violation_error_message="不适用必须写明原因。",
            ),
        ]
        indexes = [models.Index(F("updated_at"), name="score_updated_at")]

    def __str__(self):
        return f"{self.report.unit}·{self.task}"

    def facts(self) -> Facts:
        """What the indicator's rule is applied to."""
        return Facts(self.given, self.count, self.achieved, self.target, self.reason)
