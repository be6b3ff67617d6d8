"""Coverage goals (覆盖目标) as rows that staff edit, and the figures frozen when a quarter is published."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from organizations.models.areas import Area, Kind
from portal.kit.fields import ChoicesField
from portal.kit.models import Dated, DatedQuerySet, Versioned
from portal.kit.scope import ScopedQuerySet


class CoverageGoalQuerySet(DatedQuerySet):
    shared_down = Q()


class CoverageGoal(Versioned, Dated):
    """ "Every area of this level and kind has at least N of that"; 六个全覆盖 are six of them."""

    area = models.ForeignKey(Area, models.PROTECT, related_name="coverage_goals", verbose_name="县（市）")
    number = models.PositiveSmallIntegerField("序号", default=1)
    title = models.CharField("名称", max_length=30)
    townships = models.BooleanField("每个乡镇（街道）", default=False)
    villages = models.BooleanField("每个村（社区）", default=False)
    bodies = models.BooleanField("每个市（县）直单位", default=False)
    kinds = ChoicesField(
        "限于类别", choices=[(k.value, k.label) for k in Kind if k not in {Kind.COUNTY, Kind.CITY}],
        help_text="不选则该层级的都算",
    )  # fmt: skip
    measure = models.CharField("统计项", max_length=40)
    minimum = models.PositiveSmallIntegerField("至少数量", default=1)

    objects = CoverageGoalQuerySet.as_manager()

    class Meta(Dated.Meta):
        ordering = ["area", "number", "pk"]
        verbose_name = verbose_name_plural = "覆盖目标"
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(
                condition=Q(townships=True) | Q(villages=True) | Q(bodies=True), name="goal_has_a_level",
                violation_error_message="请至少选择一个层级。",
            ),
            models.CheckConstraint(
                condition=Q(minimum__gte=1), name="goal_minimum_at_least_one", violation_error_message="至少数量不能小于 1。"
            ),
            models.UniqueConstraint(
                fields=["area", "title"], condition=Q(until=None), name="goal_title_once",
                violation_error_message="已有同名的覆盖目标。",
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("organizations:coveragegoal_list")


class FrozenFigures(models.Model):
    """A county's figures as they were counted when a quarter was published; never changed, a revision adds another."""

    area = models.ForeignKey(Area, models.PROTECT, related_name="frozen_figures", verbose_name="县（市）")
    on = models.DateField("统计日期")
    taken_at = models.DateTimeField("冻结时间", auto_now_add=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="操作人")
    basis = models.CharField("依据", max_length=100)
    summary = models.JSONField("合计", default=dict)
    items = models.JSONField("名单", default=dict)
    digest = models.CharField("SHA-256", max_length=64)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ["area", "-on", "-pk"]
        default_permissions = ("view",)
        verbose_name = verbose_name_plural = "已冻结的覆盖数据"
        indexes = [models.Index(fields=["area", "on"])]

    def __str__(self):
        return f"{self.area} {self.on}"
