"""A quarter (季度): its task list, its dates, the state it is in, and what was unlocked for how long."""

import datetime as dt
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from assessments.models.schemes import ClassPoints, Indicator, Scheme
from portal.kit.models import Versioned
from portal.kit.scope import ScopedQuerySet

CHINESE = {1: "一", 2: "二", 3: "三", 4: "四"}


class QuarterQuerySet(ScopedQuerySet):
    area_lookup = "scheme__area"
    shared_down = ~Q(state="planned")

    def current(self) -> Self:
        """Quarters in which somebody has something to do, newest first."""
        return self.filter(state__in=[Quarter.State.OPEN, Quarter.State.REVIEW]).order_by("-year", "-number", "pk")


class Quarter(Versioned):
    class State(models.TextChoices):
        PLANNED = "planned", "筹备中"
        OPEN = "open", "自评中"
        REVIEW = "review", "评审中"
        PUBLISHED = "published", "已公布"
        CLOSED = "closed", "已归档"

    scheme = models.ForeignKey(Scheme, models.PROTECT, related_name="quarters", verbose_name="考核方案")
    year = models.PositiveSmallIntegerField("年度", editable=False)
    number = models.PositiveSmallIntegerField("季度", choices=[(n, f"{CHINESE[n]}季度") for n in CHINESE])
    state = models.CharField("状态", max_length=10, choices=State, default=State.PLANNED, editable=False)
    opens_on = models.DateField("自评开始日期")
    report_due_on = models.DateField("自评截止日期")
    review_due_on = models.DateField("评审截止日期")
    appeal_days = models.PositiveSmallIntegerField("复核申诉期（天）", default=5, help_text="公布后几天内可以申诉")

    measured_at_sequence = models.BigIntegerField("测算时的审计序号", default=0, editable=False)

    objects = QuarterQuerySet.as_manager()
    audit_skip = frozenset({"measured_at_sequence"})

    class Meta:
        ordering = ["-year", "-number", "pk"]
        verbose_name = verbose_name_plural = "季度考评"
        permissions = []
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "number"], name="quarter_once", violation_error_message="这个季度已建立。"
            ),
            models.CheckConstraint(condition=Q(number__gte=1, number__lte=4), name="quarter_number_1_to_4"),
            models.CheckConstraint(
                condition=Q(report_due_on__gte=F("opens_on"), review_due_on__gte=F("report_due_on")),
                name="quarter_dates_in_order",
                violation_error_message="日期次序应为：自评开始 ≤ 自评截止 ≤ 评审截止。",
            ),
        ]

    def __str__(self):
        return f"{self.year}年第{CHINESE[self.number]}季度"

    def get_absolute_url(self):
        return reverse("assessments:quarter_detail", args=[self.pk])

    @property
    def first_day(self) -> dt.date:
        return dt.date(self.year, 3 * self.number - 2, 1)

    @property
    def last_day(self) -> dt.date:
        """The day on which registers are measured."""
        following = dt.date(self.year + self.number // 4, 3 * self.number % 12 + 1, 1)
        return following - dt.timedelta(days=1)

    @property
    def is_frozen(self) -> bool:
        return self.state in {self.State.PUBLISHED, self.State.CLOSED}


class TaskQuerySet(ScopedQuerySet):
    area_lookup = "quarter__scheme__area"
    shared_down = ~Q(quarter__state="planned")

    def for_class(self, unit_class: str) -> Self:
        """The tasks that a class is scored on."""
        return self.filter(**{f"points_{unit_class}__gt": 0})


class Task(Versioned, ClassPoints):
    """One indicator in one quarter: its points this quarter, its due date."""

    quarter = models.ForeignKey(Quarter, models.CASCADE, related_name="tasks", verbose_name="季度")
    indicator = models.ForeignKey(Indicator, models.PROTECT, related_name="tasks", verbose_name="考核指标")
    due_on = models.DateField("完成期限")
    requirement = models.TextField("本季要求", max_length=1000, blank=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        ordering = ["indicator__number", "pk"]
        verbose_name = verbose_name_plural = "季度任务"
        constraints = [
            models.UniqueConstraint(
                fields=["quarter", "indicator"], name="task_once", violation_error_message="本季度已有这项任务。"
            )
        ]

    def __str__(self):
        return self.indicator.name

    def get_absolute_url(self):
        return f"{self.quarter.get_absolute_url()}#task-{self.pk}"


class UnlockQuerySet(ScopedQuerySet):
    area_lookup = "quarter__scheme__area"

    def active(self, now: dt.datetime | None = None) -> Self:
        """Unlocks that hold now; they lock again by themselves."""
        return self.filter(ends_at__gt=now or timezone.now())


class Unlock(models.Model):
    """A door opened again for a while: a unit's report after the deadline, or scores after publication."""

    class Purpose(models.TextChoices):
        REPORT = "report", "补报自评"
        CORRECTION = "correction", "更正得分"

    quarter = models.ForeignKey(Quarter, models.PROTECT, related_name="unlocks", verbose_name="季度")
    purpose = models.CharField("用途", max_length=10, choices=Purpose)
    report = models.ForeignKey(
        "assessments.SelfReport", models.PROTECT, null=True, blank=True, related_name="unlocks", verbose_name="考核对象",
        help_text="不选表示全部考核对象",
    )  # fmt: skip
    reason = models.CharField("解锁原因", max_length=300)
    ends_at = models.DateTimeField("到期自动锁定时间")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="unlocks", verbose_name="解锁人")
    at = models.DateTimeField("解锁时间", auto_now_add=True)

    objects = UnlockQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = verbose_name_plural = "解锁记录"

    def __str__(self):
        return f"{self.quarter}·{self.get_purpose_display()}"
