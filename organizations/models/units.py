"""Assessed units (考核对象/责任单位): a township's party committee, or a county-level body."""

from django.db import models
from django.db.models import Q
from django.urls import reverse

from organizations.models.areas import Area
from portal.kit.models import Dated, DatedQuerySet, Versioned


class UnitQuerySet(DatedQuerySet):
    """Units; a grant on one unit reaches exactly that unit."""

    unit_lookup = "pk"


class Unit(Versioned, Dated):
    class Kind(models.TextChoices):
        TOWNSHIP = "township", "乡镇"
        BODY = "body", "市（县）直单位"

    area = models.ForeignKey(Area, models.PROTECT, related_name="units", verbose_name="所属区划")
    kind = models.CharField("类别", max_length=10, choices=Kind)
    name = models.CharField("名称", max_length=60)
    number = models.PositiveIntegerField("排列序号", default=0, help_text="列表和打分表中的先后次序")

    objects = UnitQuerySet.as_manager()

    class Meta(Dated.Meta):
        ordering = ["-kind", "number", "pk"]
        verbose_name = verbose_name_plural = "考核对象"
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(
                fields=["area", "name"],
                condition=Q(until=None),
                name="unit_name_once",
                violation_error_message="本区划下已有同名的考核对象。",
            ),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("organizations:unit_detail", args=[self.pk])
