"""Areas (行政区划): an identity that lasts, and versions that say what it was called and where it hung on each day."""

import datetime as dt
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact
from django.urls import reverse
from django.utils import timezone

from portal.kit.models import Dated, DatedQuerySet, Versioned
from portal.kit.scope import LEVEL_LENGTHS, ScopedQuerySet, code_range


class Level(models.IntegerChoices):
    COUNTY = 1, "县（市）"
    TOWNSHIP = 2, "乡镇（街道）"
    VILLAGE = 3, "村（社区）"


class Kind(models.TextChoices):
    COUNTY = "county", "县"
    CITY = "city", "市"
    TOWN = "town", "镇"
    TOWNSHIP = "township", "乡"
    STREET = "street", "街道"
    OTHER = "other", "其他（开发区、管理区等）"
    VILLAGE = "village", "村"
    COMMUNITY = "community", "社区"


class Series(models.TextChoices):
    """Whose code it is: the two official series number some townships differently (areas.md)."""

    NBS = "nbs", "统计用区划代码"
    MCA = "mca", "民政区划代码"
    LOCAL = "local", "本地代码"


class AreaFields(models.Model):
    """What a version says of an area, mirrored on the identity for today."""

    code = models.CharField("代码", max_length=12)
    series = models.CharField("代码体系", max_length=5, choices=Series, default=Series.NBS)
    name = models.CharField("名称", max_length=60)
    level = models.PositiveSmallIntegerField("层级", choices=Level)
    kind = models.CharField("类别", max_length=10, choices=Kind)
    tree_code = models.CharField("树码", max_length=12, editable=False)
    counted = models.BooleanField("计入统计", default=True)
    not_counted_reason = models.CharField("不计入的原因", max_length=200, blank=True)

    MIRRORED = ("code", "series", "name", "level", "kind", "parent_id", "tree_code", "counted", "not_counted_reason")

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(counted=True) | ~Q(not_counted_reason=""),
                name="%(class)s_not_counted_has_a_reason",
                violation_error_message="不计入统计必须写明原因。",
            ),
            models.CheckConstraint(
                condition=Q(level=1, parent=None) | (Q(level__in=[2, 3]) & Q(parent__isnull=False)),
                name="%(class)s_three_levels",
                violation_error_message="县级没有上级，乡镇、村必须有上级。",
            ),
            models.CheckConstraint(
                condition=Q(Exact(Length("tree_code"), LEVEL_LENGTHS[0]), level=1)
                | Q(Exact(Length("tree_code"), LEVEL_LENGTHS[1]), level=2)
                | Q(Exact(Length("tree_code"), LEVEL_LENGTHS[2]), level=3),
                name="%(class)s_tree_code_fits_level",
            ),
        ]


class AreaQuerySet(ScopedQuerySet):
    """Areas as they are today."""

    area_lookup = ""

    def existing(self, on: dt.date | None = None) -> Self:
        """Areas that exist on `on` (default: today)."""
        on = on or timezone.localdate()
        return self.filter(Q(until=None) | Q(until__gte=on), since__lte=on)

    def at(self, level: Level) -> Self:
        return self.filter(level=level)


class Area(Versioned, AreaFields):
    """The identity of an area; its other fields mirror the version of today (or the last one)."""

    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name="上级"
    )
    pinyin = models.CharField("拼音", max_length=200, blank=True, editable=False)
    since = models.DateField("设立日期")
    until = models.DateField("撤销日期", null=True, blank=True)

    objects = AreaQuerySet.as_manager()
    audit_skip = frozenset({"pinyin", "tree_code"})

    class Meta(AreaFields.Meta):
        ordering = ["tree_code", "pk"]
        verbose_name = verbose_name_plural = "行政区划"
        constraints = [
            *AreaFields.Meta.constraints,
            models.UniqueConstraint(fields=["tree_code"], name="area_tree_code_once"),
            models.UniqueConstraint(
                fields=["series", "code"], condition=Q(until=None), name="area_code_once",
                violation_error_message="这个代码已被另一个行政区划使用。",
            ),
            models.UniqueConstraint(
                fields=["parent", "name"], condition=Q(until=None), name="area_name_once_under_parent",
                violation_error_message="同一上级下已有同名的行政区划。",
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("organizations:area_detail", args=[self.pk])

    def code_range(self) -> tuple[str, str]:
        """(lo, hi): lo <= tree_code < hi holds for this area and all below it."""
        return code_range(self.tree_code)


class AreaChange(models.Model):
    """One act that changed the map: a load, a merger, a rename; the versions that it made point to it."""

    class Type(models.TextChoices):
        LOAD = "load", "载入区划数据"
        CREATE = "create", "新设"
        RENAME = "rename", "更名"
        RECODE = "recode", "代码变更"
        MOVE = "move", "调整隶属"
        MERGE = "merge", "合并"
        SPLIT = "split", "拆分"
        CLOSE = "close", "撤销"
        COUNT = "count", "调整统计口径"

    area = models.ForeignKey(Area, models.PROTECT, related_name="changes", verbose_name="区划")
    type = models.CharField("变更类型", max_length=10, choices=Type)
    on = models.DateField("生效日期")
    reason = models.CharField("依据", max_length=300)
    summary = models.CharField("内容", max_length=500)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="area_changes", verbose_name="经办人"
    )
    at = models.DateTimeField("登记时间", auto_now_add=True)

    objects = ScopedQuerySet.as_manager()

    class Meta:
        ordering = ["-on", "-pk"]
        default_permissions = ("view",)
        verbose_name = verbose_name_plural = "区划变更"

    def __str__(self):
        return self.summary


class AreaVersionQuerySet(DatedQuerySet):
    """What areas were on a day; scoped by where the area hangs now."""

    area_lookup = "area"


class AreaVersion(Dated, AreaFields):
    """What an area was from `since` to `until`, both days included. A trigger refuses overlapping versions."""

    area = models.ForeignKey(Area, models.PROTECT, related_name="versions", verbose_name="区划")
    parent = models.ForeignKey(Area, models.PROTECT, null=True, related_name="child_versions", verbose_name="上级")
    change = models.ForeignKey(AreaChange, models.PROTECT, null=True, related_name="versions", verbose_name="变更")

    objects = AreaVersionQuerySet.as_manager()

    class Meta(AreaFields.Meta, Dated.Meta):
        ordering = ["tree_code", "since", "pk"]
        default_permissions = ()
        verbose_name = verbose_name_plural = "区划沿革"
        constraints = [
            *AreaFields.Meta.constraints,
            *Dated.Meta.constraints,
            models.UniqueConstraint(fields=["area", "since"], name="areaversion_one_a_day"),
            models.UniqueConstraint(fields=["area"], condition=Q(until=None), name="areaversion_one_current"),
        ]
        indexes = [models.Index(fields=["tree_code", "since"]), models.Index(fields=["parent", "since"])]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return self.area.get_absolute_url()


class AreaSuccession(models.Model):
    """Which area took over from which: one to one (re-coding), many to one (merger), one to many (split)."""

    predecessor = models.ForeignKey(Area, models.PROTECT, related_name="successions", verbose_name="原区划")
    successor = models.ForeignKey(Area, models.PROTECT, related_name="predecessions", verbose_name="承接区划")
    change = models.ForeignKey(AreaChange, models.PROTECT, related_name="successions", verbose_name="变更")

    class SuccessionQuerySet(ScopedQuerySet):
        area_lookup = "predecessor"

    objects = SuccessionQuerySet.as_manager()

    class Meta:
        ordering = ["change", "pk"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["predecessor", "successor"], name="succession_once")]

    def __str__(self):
        return f"{self.predecessor} → {self.successor}"
