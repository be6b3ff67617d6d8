"""What every register row shares: where it stands, since when, and where it stood before."""

import datetime as dt
from typing import Any, Self

from django.apps import apps
from django.db import models

from organizations.models.areas import Area
from organizations.models.units import Unit
from portal.kit.models import Dated, DatedQuerySet, Versioned
from portal.kit.pinyin import spelling
from portal.kit.scope import ScopedQuerySet, code_range


class FieldOfWork(models.TextChoices):
    """What an organization, a station or a site works on. Of the body, never of a person."""

    TALENT = "talent", "乡贤统战"
    ENTERPRISE = "enterprise", "民营经济统战"
    INTELLECTUAL = "intellectual", "党外知识分子"
    STRATA = "strata", "新的社会阶层人士"
    OVERSEAS = "overseas", "港澳台海外统战和侨务"
    UNITY = "unity", "民族团结进步"
    PARTIES = "parties", "多党合作"
    GENERAL = "general", "综合"


class PlacedQuerySet(ScopedQuerySet):
    """Rows that stand in an area; one that a county-level body keeps is reached by a grant on that body too."""

    unit_lookup = "unit"

    def standing_in(self, area: Area, on: dt.date) -> Self:
        """The rows that stood in `area` or below it on `on`, by the tree and the places of that day."""
        return self.filter(standing_in(self.model, area, on))


class Placed(Versioned):
    """A row of a register that stands in an area. `area` is its place today, FormerPlace says where it stood before."""

    area = models.ForeignKey(Area, models.PROTECT, related_name="%(class)s_set", verbose_name="所在区划")
    unit = models.ForeignKey(
        Unit, models.PROTECT, null=True, blank=True, related_name="%(class)s_set", verbose_name="主管单位",
        help_text="由市（县）直单位建设和管理的，在这里选该单位",
    )  # fmt: skip

    class Meta:
        abstract = True


class Named(models.Model):
    """A row with a name that is found by pinyin too."""

    name = models.CharField("名称", max_length=100)
    pinyin = models.CharField("拼音", max_length=200, blank=True, editable=False)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.prepare()
        super().save(*args, **kwargs)

    def prepare(self) -> None:
        """Fill the derived columns; `bulk_create` asks for it by name, `save` by itself."""
        self.pinyin = spelling(self.name)


class PlacedDatedQuerySet(PlacedQuerySet, DatedQuerySet):
    """Register rows with a life of their own: `in_force(on)` and `standing_in(area, on)` together make a figure."""


class Register(Named, Placed, Dated):
    """A named row of a register, from the day it was set up to the day it was closed."""

    SEARCHED = ("name", "pinyin")

    objects = PlacedDatedQuerySet.as_manager()
    audit_skip = frozenset({"pinyin"})

    class Meta(Dated.Meta):
        abstract = True
        ordering = ["area__tree_code", "name", "pk"]


class FormerPlace(Dated):
    """Where a row of a register stood before it moved with its area (merger, split); written by the move alone."""

    register = models.CharField("登记册", max_length=60)
    object_id = models.PositiveBigIntegerField("记录编号")
    area = models.ForeignKey(Area, models.PROTECT, related_name="former_rows", verbose_name="原所在区划")

    objects = DatedQuerySet.as_manager()

    class Meta(Dated.Meta):
        ordering = ["register", "object_id", "since", "pk"]
        default_permissions = ()
        verbose_name = verbose_name_plural = "原所在区划"
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(condition=models.Q(until__isnull=False), name="former_place_has_ended"),
        ]
        indexes = [models.Index(fields=["register", "object_id"]), models.Index(fields=["area", "until"])]

    def __str__(self):
        return f"{self.register} {self.object_id}"


def registers() -> list[type[Placed]]:
    """Every model of the project whose rows stand in an area and move with it."""
    return [model for model in apps.get_models() if issubclass(model, Placed)]


def standing_in(model: type[models.Model], area: Area, on: dt.date, prefix: str = "") -> models.Q:
    """The condition "stood in `area` or below it on `on`" for a Placed row reached by `prefix`; asks for what has moved."""
    lo, hi = code_range(area.tree_code)
    below = Area.objects.filter(
        models.Q(versions__until=None) | models.Q(versions__until__gte=on),
        versions__since__lte=on, versions__tree_code__gte=lo, versions__tree_code__lt=hi,
    ).order_by().values("pk")  # fmt: skip
    label, county = model._meta.label_lower, code_range(area.tree_code[:6])
    moved = FormerPlace.objects.filter(
        register=label, until__gte=on, area__tree_code__gte=county[0], area__tree_code__lt=county[1]
    )
    rows = list(moved.values_list("object_id", "since", "area_id"))
    here = models.Q(**{f"{prefix}area__in": below})
    if not rows:
        return here
    inside = set(below.values_list("pk", flat=True))
    then = [pk for pk, since, area_id in rows if since <= on and area_id in inside]
    return (here & ~models.Q(**{f"{prefix}pk__in": [pk for pk, _, _ in rows]})) | models.Q(**{f"{prefix}pk__in": then})
