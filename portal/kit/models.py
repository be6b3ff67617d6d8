"""Abstract models that every editable or dated row is made of. They own no table."""

import datetime as dt
from typing import Any, Self

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from portal.kit.scope import ScopedQuerySet


class StaleVersionError(Exception):
    """Somebody else saved the row since this page was opened; `stored` is the row as it is now."""

    def __init__(self, stored: models.Model):
        super().__init__("这条记录已被别人修改。")
        self.stored = stored


class Versioned(models.Model):
    """A row with an integer version: a save that was made from an older one is refused."""

    version = models.PositiveIntegerField("版本", default=1, editable=False)
    updated_at = models.DateTimeField("更新时间", auto_now=True)

    class Meta:
        abstract = True


class DatedQuerySet(ScopedQuerySet):
    """Rows that hold from `since` to `until`, both days included."""

    def in_force(self, on: dt.date | None = None) -> Self:
        """The rows that hold on `on` (default: today in Shanghai)."""
        return self.filter(in_force(on))


class Dated(models.Model):
    """A row that holds from `since` to `until`, both days included; an empty `until` means it still holds."""

    since = models.DateField("起始日期")
    until = models.DateField("截止日期", null=True, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(until=None) | Q(until__gte=F("since")),
                name="%(app_label)s_%(class)s_until_after_since",
                violation_error_message="截止日期不能早于起始日期。",
            )
        ]

    def holds_on(self, on: dt.date | None = None) -> bool:
        """Whether the row holds on `on` (default: today)."""
        on = on or timezone.localdate()
        return self.since <= on and (self.until is None or self.until >= on)


def in_force(on: dt.date | None = None, prefix: str = "") -> Q:
    """The condition "holds on `on`" for a dated row reached by `prefix` (such as "versions__")."""
    on = on or timezone.localdate()
    day: dict[str, Any] = {f"{prefix}since__lte": on}
    return Q(**day) & (Q(**{f"{prefix}until": None}) | Q(**{f"{prefix}until__gte": on}))
