"""The plan of a year (考核方案): classes, indicators, weights, the rules of bonus and follow-up."""

from decimal import Decimal
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse

from assessments.scoring import BonusRule, Method, Rule, Tier
from organizations.models import Area, Unit
from portal.kit.models import Versioned
from portal.kit.scope import ScopedQuerySet

POINTS: dict[str, Any] = {"max_digits": 6, "decimal_places": 2, "validators": [MinValueValidator(Decimal(0))]}


class UnitClass(models.TextChoices):
    FIRST = "1", "Ⅰ类"
    SECOND = "2", "Ⅱ类"
    THIRD = "3", "Ⅲ类"


class ClassPoints(models.Model):
    """Points that differ by class; empty: the item does not apply to that class."""

    points_1 = models.DecimalField("Ⅰ类满分", null=True, blank=True, **POINTS)
    points_2 = models.DecimalField("Ⅱ类满分", null=True, blank=True, **POINTS)
    points_3 = models.DecimalField("Ⅲ类满分", null=True, blank=True, **POINTS)

    class Meta:
        abstract = True

    def points_for(self, unit_class: str) -> Decimal | None:
        """The maximum for a class, None where the item does not apply to it."""
        return getattr(self, f"points_{unit_class}")


class SchemeQuerySet(ScopedQuerySet):
    shared_down = ~Q(status="draft")


class Scheme(Versioned):
    class Status(models.TextChoices):
        DRAFT = "draft", "拟定中"
        OPEN = "open", "执行中"
        SUPERSEDED = "superseded", "已被新版替代"

    area = models.ForeignKey(Area, models.PROTECT, related_name="schemes", verbose_name="县（市）")
    year = models.PositiveSmallIntegerField("年度", validators=[MinValueValidator(2000), MaxValueValidator(2100)])
    number = models.PositiveSmallIntegerField("版次", default=1, editable=False)
    name = models.CharField("方案名称", max_length=100)
    status = models.CharField("状态", max_length=10, choices=Status, default=Status.DRAFT, editable=False)
    replaces = models.OneToOneField(
        "self", models.PROTECT, null=True, editable=False, related_name="replaced_by", verbose_name="替代的版次"
    )
    reason = models.CharField("改版原因", max_length=300, blank=True)
    weight_1 = models.DecimalField("一季度权重（%）", default=Decimal(25), **POINTS)
    weight_2 = models.DecimalField("二季度权重（%）", default=Decimal(25), **POINTS)
    weight_3 = models.DecimalField("三季度权重（%）", default=Decimal(25), **POINTS)
    weight_4 = models.DecimalField("四季度权重（%）", default=Decimal(25), **POINTS)
    late_per_day = models.DecimalField("逾期每天扣分", default=Decimal("0.1"), **POINTS)
    late_floor = models.DecimalField(
        "逾期扣分下限", default=Decimal(-1), max_digits=6, decimal_places=2, validators=[MaxValueValidator(Decimal(0))],
        help_text="负数或 0，例如 -1 表示每项最多扣 1 分",
    )  # fmt: skip
    bonus_cap = models.DecimalField("每季时效加分上限", default=Decimal(5), **POINTS)
    note_over = models.DecimalField(
        "改分超过多少须说明", default=Decimal(0), help_text="评审得分与自动计算或自评相差超过此数，须写明原因", **POINTS
    )
    follow_up_last = models.PositiveSmallIntegerField("每类末几名跟进", default=2)
    follow_up_running = models.PositiveSmallIntegerField("连续几季末位列入重点管理", default=2)

    objects = SchemeQuerySet.as_manager()

    class Meta:
        ordering = ["-year", "-number", "pk"]
        verbose_name = verbose_name_plural = "考核方案"
        constraints = [
            models.UniqueConstraint(
                fields=["area", "year", "number"], name="scheme_version_once",
                violation_error_message="这一年度已有考核方案，请打开它修改或改版。",
            ),
            models.CheckConstraint(
                condition=Q(weight_1=Decimal(100) - F("weight_2") - F("weight_3") - F("weight_4")),
                name="scheme_weights_total_100",
                violation_error_message="四个季度的权重合计必须是 100。",
            ),
            models.CheckConstraint(condition=Q(late_floor__lte=0), name="scheme_late_floor_not_positive"),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.name}（第{self.number}版）" if self.number > 1 else self.name

    def get_absolute_url(self):
        return reverse("assessments:scheme_detail", args=[self.pk])

    def weight(self, quarter: int) -> Decimal:
        """The weight of a quarter (1 to 4), in percent."""
        return getattr(self, f"weight_{quarter}")

    def bonus_rule(self) -> BonusRule:
        """The timeliness rule, with its tiers (prefetch `tiers` where several schemes are read)."""
        tiers = tuple(Tier(tier.days_before, tier.points) for tier in self.tiers.all())
        return BonusRule(tiers, self.late_per_day, self.late_floor, self.bonus_cap)


class BonusTier(models.Model):
    """One row of the bonus table: at least N days before the due date → +p."""

    scheme = models.ForeignKey(Scheme, models.CASCADE, related_name="tiers")
    days_before = models.PositiveSmallIntegerField("至少提前（天）")
    points = models.DecimalField("加分", **POINTS)

    class TierQuerySet(ScopedQuerySet):
        area_lookup = "scheme__area"

    objects = TierQuerySet.as_manager()

    class Meta:
        ordering = ["-days_before", "pk"]
        default_permissions = ()
        verbose_name = verbose_name_plural = "时效加分档"
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "days_before"],
                name="bonus_tier_once",
                violation_error_message="同一提前天数只能有一档。",
            )
        ]

    def __str__(self):
        return f"提前 {self.days_before} 天以上 +{self.points}"


class IndicatorQuerySet(ScopedQuerySet):
    area_lookup = "scheme__area"
    shared_down = ~Q(scheme__status="draft")


class Indicator(Versioned, ClassPoints):
    METHODS = [
        (Method.MANUAL, "评审打分"), (Method.PASS_FAIL, "达标得满分"), (Method.PER_COUNT, "按次计分"),
        (Method.DEDUCT, "扣分制"), (Method.RATIO, "按比例计分"), (Method.MEASURED, "系统自动测算"),
    ]  # fmt: skip

    scheme = models.ForeignKey(Scheme, models.CASCADE, related_name="indicators", verbose_name="考核方案")
    category = models.CharField("类别", max_length=20)
    number = models.PositiveSmallIntegerField("序号")
    name = models.CharField("指标名称", max_length=60)
    criteria = models.TextField("评分标准", max_length=1000)
    evidence_wanted = models.CharField("所需佐证材料", max_length=300, blank=True)
    evidence_required = models.BooleanField("须附佐证材料", default=False)
    method = models.CharField("计分方式", max_length=10, choices=METHODS, default=Method.MANUAL)
    unit_points = models.DecimalField(
        "每次（处）分值", null=True, blank=True, help_text="按次计分：每次得几分；扣分制：每处扣几分", **POINTS
    )
    measure = models.CharField("测算项", max_length=40, blank=True, help_text="系统自动测算时读取的登记数据")

    objects = IndicatorQuerySet.as_manager()

    class Meta:
        ordering = ["number", "pk"]
        verbose_name = verbose_name_plural = "考核指标"
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "name"], name="indicator_name_once", violation_error_message="本方案已有同名指标。"
            ),
            models.CheckConstraint(
                condition=~Q(method__in=[Method.PER_COUNT, Method.DEDUCT])
                | Q(unit_points__isnull=False, unit_points__gt=0),
                name="indicator_unit_points_given",
                violation_error_message="按次计分和扣分制必须填写每次（处）分值，且大于 0。",
            ),
            models.CheckConstraint(
                condition=~Q(method=Method.MEASURED) | ~Q(measure=""),
                name="indicator_measure_given",
                violation_error_message="系统自动测算的指标必须选择测算项。",
            ),
            models.CheckConstraint(
                condition=Q(points_1__isnull=False, points_1__gt=0)
                | Q(points_2__isnull=False, points_2__gt=0)
                | Q(points_3__isnull=False, points_3__gt=0),
                name="indicator_applies_somewhere",
                violation_error_message="三类单位至少有一类须填写满分。",
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return f"{self.scheme.get_absolute_url()}#indicator-{self.pk}"

    def rule(self, maximum: Decimal) -> Rule:
        """How points come about, for a class whose maximum is `maximum`."""
        return Rule(self.method, maximum, self.unit_points)


class ClassAssignment(models.Model):
    """Which class a unit is in this year; an exempt unit is listed without a rank, with the reason."""

    scheme = models.ForeignKey(Scheme, models.CASCADE, related_name="assignments", verbose_name="考核方案")
    unit = models.ForeignKey(Unit, models.PROTECT, related_name="class_assignments", verbose_name="考核对象")
    unit_class = models.CharField("类别", max_length=1, choices=UnitClass)
    exempt_reason = models.CharField("不参加排名的原因", max_length=200, blank=True)

    class AssignmentQuerySet(ScopedQuerySet):
        area_lookup = "scheme__area"
        unit_lookup = "unit"

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ["unit_class", "unit__number", "pk"]
        default_permissions = ()
        verbose_name = verbose_name_plural = "考核分类"
        constraints = [
            models.UniqueConstraint(
                fields=["scheme", "unit"], name="class_assignment_once", violation_error_message="这个单位已分类。"
            )
        ]

    def __str__(self):
        return f"{self.unit}·{self.get_unit_class_display()}"
