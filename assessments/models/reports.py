"""Self-reports (自评): one a unit a quarter, one item a task, with the evidence for it."""

import uuid
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Case, Count, Q, Value, When
from django.urls import reverse

from assessments.models.quarters import Quarter, Task
from assessments.models.schemes import POINTS, UnitClass
from assessments.scoring import Method
from organizations.models import Unit
from portal.kit.models import Versioned
from portal.kit.scope import ScopedQuerySet

QUANTITY = {"max_digits": 9, "decimal_places": 2, "validators": [MinValueValidator(Decimal(0))]}


class SelfReportQuerySet(ScopedQuerySet):
    area_lookup = "unit__area"
    unit_lookup = "unit"

    def ranked(self) -> Self:
        return self.filter(exempt_reason="")

    def with_progress(self, quarter: Quarter) -> Self:
        """Reports of one quarter with `done` of `tasks` that the unit answers itself (measured ones are not asked)."""
        asked = quarter.tasks.exclude(indicator__method=Method.MEASURED)
        counts = asked.aggregate(
            **{f"n{value}": Count("pk", filter=Q(**{f"points_{value}__gt": 0})) for value in UnitClass.values}
        )
        cases = [When(unit_class=value, then=Value(counts[f"n{value}"])) for value in UnitClass.values]
        done = Count("items", filter=Q(items__points__isnull=False))
        tasks = Case(*cases, default=Value(0), output_field=models.IntegerField())
        return self.annotate(done=done, tasks=tasks).order_by(*self.model._meta.ordering)


class SelfReport(Versioned):
    """A unit's part in a quarter; made for every assigned unit when the quarter opens, so it keeps that day's class."""

    class Status(models.TextChoices):
        DRAFT = "draft", "填报中"
        SUBMITTED = "submitted", "已提交"
        RETURNED = "returned", "退回补充"

    quarter = models.ForeignKey(Quarter, models.PROTECT, related_name="reports", verbose_name="季度")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="reports", verbose_name="考核对象")
    unit_class = models.CharField("类别", max_length=1, choices=UnitClass)
    exempt_reason = models.CharField("不参加排名的原因", max_length=200, blank=True)
    status = models.CharField("状态", max_length=10, choices=Status, default=Status.DRAFT)
    submitted_at = models.DateTimeField("提交时间", null=True)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="submitted_reports", verbose_name="提交人"
    )

    objects = SelfReportQuerySet.as_manager()

    class Meta:
        ordering = ["unit_class", "unit__number", "pk"]
        verbose_name = verbose_name_plural = "自评"
        permissions = [("review_selfreport", "可以评审、退回自评")]
        constraints = [models.UniqueConstraint(fields=["quarter", "unit"], name="self_report_once")]

    def __str__(self):
        return f"{self.unit}·{self.quarter}自评"

    def get_absolute_url(self):
        return reverse("assessments:report_detail", args=[self.pk])


class SelfReportItemQuerySet(ScopedQuerySet):
    area_lookup = "report__unit__area"
    unit_lookup = "report__unit"


class SelfReportItem(Versioned):
    """What a unit says of one task. Made when it is first typed; empty fields are blank, never 0."""

    class Status(models.TextChoices):
        DRAFT = "draft", "草稿"
        SUBMITTED = "submitted", "已提交"
        RETURNED = "returned", "退回补充"

    report = models.ForeignKey(SelfReport, models.PROTECT, related_name="items", verbose_name="自评")
    task = models.ForeignKey(Task, models.PROTECT, related_name="items", verbose_name="季度任务")
    done_on = models.DateField("完成日期", null=True, blank=True)
    points = models.DecimalField("自评得分", null=True, blank=True, **POINTS)
    count = models.PositiveIntegerField("次（处）数", null=True, blank=True)
    achieved = models.DecimalField("完成数", null=True, blank=True, **QUANTITY)
    target = models.DecimalField("应完成数", null=True, blank=True, **QUANTITY)
    note = models.TextField("情况说明", max_length=2000, blank=True)
    status = models.CharField("状态", max_length=10, choices=Status, default=Status.DRAFT, editable=False)
    return_reason = models.CharField("退回原因", max_length=300, blank=True, editable=False)

    objects = SelfReportItemQuerySet.as_manager()

    class Meta:
        ordering = ["task__indicator__number", "pk"]
        verbose_name = verbose_name_plural = "自评事项"
        constraints = [models.UniqueConstraint(fields=["report", "task"], name="self_report_item_once")]

    def __str__(self):
        return f"{self.report.unit}·{self.task}"

    def get_absolute_url(self):
        return reverse("assessments:report_item", args=[self.report_id, self.task_id])


class EvidenceQuerySet(ScopedQuerySet):
    area_lookup = "item__report__unit__area"
    unit_lookup = "item__report__unit"

    def kept(self) -> Self:
        return self.filter(removed_at=None)


class Evidence(models.Model):
    """A file that shows what a self-report says. A removed one leaves the page and stays in the history."""

    item = models.ForeignKey(SelfReportItem, models.PROTECT, related_name="evidence", verbose_name="自评事项")
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField("文件名", max_length=150)
    content_type = models.CharField("类型", max_length=100)
    size = models.PositiveIntegerField("大小（字节）")
    digest = models.CharField("SHA-256", max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="evidence", verbose_name="上传人")
    at = models.DateTimeField("上传时间", auto_now_add=True)
    removed_at = models.DateTimeField("移除时间", null=True)

    objects = EvidenceQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        verbose_name = verbose_name_plural = "佐证材料"
        constraints = [models.CheckConstraint(condition=Q(size__gt=0), name="evidence_not_empty")]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("assessments:evidence_download", args=[self.key])
