"""Published results: frozen rows (the database refuses to change them); a correction is a new revision."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from assessments.models.quarters import Quarter, Task
from assessments.models.schemes import UnitClass
from organizations.models import Unit
from portal.kit.scope import ScopedQuerySet

DECIMAL = {"max_digits": 7, "decimal_places": 2}


class PublicationQuerySet(ScopedQuerySet):
    area_lookup = "quarter__scheme__area"
    shared_down = Q(revision__gte=1)

    def latest(self) -> "PublicationQuerySet":
        """The revision in force of each quarter."""
        newer = self.model.objects.filter(quarter=models.OuterRef("quarter"), revision__gt=models.OuterRef("revision"))
        return self.filter(~models.Exists(newer))


class Publication(models.Model):
    """One revision of a quarter's results, with the digest over all that it froze."""

    quarter = models.ForeignKey(Quarter, models.PROTECT, related_name="publications", verbose_name="季度")
    revision = models.PositiveSmallIntegerField("版次")
    reason = models.CharField("更正原因", max_length=300, blank=True)
    at = models.DateTimeField("公布时间")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="publications", verbose_name="公布人")
    rules = models.JSONField("规则", default=dict)
    digest = models.CharField("校验值", max_length=64)

    objects = PublicationQuerySet.as_manager()

    class Meta:
        ordering = ["-quarter__year", "-quarter__number", "-revision", "pk"]
        default_permissions = ("view", "add")
        verbose_name = verbose_name_plural = "公布结果"
        constraints = [
            models.UniqueConstraint(fields=["quarter", "revision"], name="publication_revision_once"),
            models.CheckConstraint(
                condition=Q(revision=1) | ~Q(reason=""),
                name="publication_revision_has_a_reason",
                violation_error_message="更正公布必须写明原因。",
            ),
        ]

    def __str__(self):
        return f"{self.quarter}结果" + (f"（第{self.revision}版）" if self.revision > 1 else "")

    def get_absolute_url(self):
        return reverse("assessments:ranking", args=[self.pk])


class ResultQuerySet(ScopedQuerySet):
    """A published ranking is read by the whole county: the declared exception of security.md 11."""

    area_lookup = "publication__quarter__scheme__area"
    shared_down = Q(publication__revision__gte=1)


class Result(models.Model):
    """One unit's published total; names and class as they were."""

    publication = models.ForeignKey(Publication, models.PROTECT, related_name="results", verbose_name="公布结果")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="results", verbose_name="考核对象")
    unit_name = models.CharField("考核对象", max_length=60)
    unit_number = models.PositiveIntegerField("排列序号", default=0)
    area_code = models.CharField("区划代码", max_length=12)
    unit_class = models.CharField("类别", max_length=1, choices=UnitClass)
    exempt_reason = models.CharField("不参加排名的原因", max_length=200, blank=True)
    rank = models.PositiveSmallIntegerField("名次", null=True)
    previous_rank = models.PositiveSmallIntegerField("上季名次", null=True)
    points = models.DecimalField("任务得分", **DECIMAL)
    base = models.DecimalField("适用满分", **DECIMAL)
    scaled = models.DecimalField("折算得分", null=True, **DECIMAL)
    bonus = models.DecimalField("时效加分", **DECIMAL)
    total = models.DecimalField("总分", null=True, **DECIMAL)
    steps = models.JSONField("怎么算的", default=list)

    objects = ResultQuerySet.as_manager()

    class Meta:
        ordering = ["unit_class", F("rank").asc(nulls_last=True), "unit_number", "pk"]
        default_permissions = ("view",)
        verbose_name = verbose_name_plural = "考评结果"
        constraints = [models.UniqueConstraint(fields=["publication", "unit"], name="result_once")]

    def __str__(self):
        return f"{self.unit_name}·{self.publication}"

    def get_absolute_url(self):
        return reverse("assessments:slip", args=[self.pk])


class ResultLineQuerySet(ScopedQuerySet):
    """The lines behind a total: for the county's own people and for the unit itself."""

    area_lookup = "result__unit__area"
    unit_lookup = "result__unit"


class ResultLine(models.Model):
    """One task of one published result: the rule, its inputs, what came out and how."""

    result = models.ForeignKey(Result, models.PROTECT, related_name="lines", verbose_name="考评结果")
    task = models.ForeignKey(Task, models.PROTECT, related_name="result_lines", verbose_name="季度任务")
    number = models.PositiveSmallIntegerField("序号")
    category = models.CharField("类别", max_length=20)
    name = models.CharField("指标名称", max_length=60)
    criteria = models.TextField("评分标准")
    method = models.CharField("计分方式", max_length=10)
    maximum = models.DecimalField("满分", **DECIMAL)
    inputs = models.JSONField("计算依据", default=dict)
    due_on = models.DateField("完成期限")
    done_on = models.DateField("完成日期", null=True)
    not_applicable = models.BooleanField("不适用", default=False)
    points = models.DecimalField("得分", null=True, **DECIMAL)
    bonus = models.DecimalField("时效加分", **DECIMAL)
    reason = models.CharField("评分说明", max_length=300, blank=True)
    steps = models.JSONField("怎么算的", default=list)

    objects = ResultLineQuerySet.as_manager()

    class Meta:
        ordering = ["number", "pk"]
        default_permissions = ("view",)
        verbose_name = verbose_name_plural = "得分明细"
        constraints = [models.UniqueConstraint(fields=["result", "task"], name="result_line_once")]

    def __str__(self):
        return f"{self.result.unit_name}·{self.name}"
