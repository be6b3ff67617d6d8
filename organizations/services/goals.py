"""Coverage goals: a change holds from a day on, so that figures of days before it stay as they were."""

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from organizations.coverage import default_goals
from organizations.models import Area, CoverageGoal
from portal.audit.models import Action
from portal.kit import saving
from portal.kit.models import StaleVersionError

DAY = dt.timedelta(days=1)
SAID = ("number", "title", "townships", "villages", "bodies", "kinds", "measure", "minimum")


@transaction.atomic
def add_goal(goal: CoverageGoal, *, by: Any) -> CoverageGoal:
    """A new goal; it may begin on a past day, since no figure of it exists yet."""
    goal.full_clean()
    return saving.save(goal, by=by)


@transaction.atomic
def change_goal(goal: CoverageGoal, *, since: dt.date, by: Any, expected: int | None = None) -> CoverageGoal:
    """Store the changed `goal`: in place where it begins today or later, else closed and opened anew from `since`.

    Raises StaleVersionError; ValidationError where the day lies in the past or the goal has ended.
    """
    stored = _locked(goal, expected)
    if stored.since >= timezone.localdate():
        goal.full_clean()
        return saving.save(goal, by=by)
    if all(getattr(goal, name) == getattr(stored, name) for name in SAID):
        return stored
    if since < timezone.localdate():
        raise ValidationError({"from_day": "只能从今天或以后起变更，以前的数据不变。"})
    stored.until = since - DAY
    saving.save(stored, by=by, reason=f"自 {since} 起按新的口径统计")
    fresh = CoverageGoal(area=stored.area, since=since, **{name: getattr(goal, name) for name in SAID})
    fresh.full_clean()
    return saving.save(fresh, by=by)


@transaction.atomic
def end_goal(goal: CoverageGoal, *, on: dt.date, reason: str, by: Any, expected: int | None = None) -> None:
    """Count a goal for the last time on `on`; one that has not begun before that is removed."""
    stored = _locked(goal, expected)
    if on < timezone.localdate() - DAY:
        raise ValidationError({"on": "最后统计日期不能早于昨天，以前的数据不变。"})
    if on < stored.since:
        saving.delete(stored, by=by, reason=reason)
        return
    stored.until = on
    saving.save(stored, by=by, reason=reason, action=Action.UPDATED)


@transaction.atomic
def load_default_goals(county: Area, *, since: dt.date, by: Any) -> list[CoverageGoal]:
    """The six default goals; those whose title is held already are left alone."""
    held = set(CoverageGoal.objects.filter(area=county, until=None).values_list("title", flat=True))
    return [add_goal(goal, by=by) for goal in default_goals(county, since=since) if goal.title not in held]


def _locked(goal: CoverageGoal, expected: int | None) -> CoverageGoal:
    stored = CoverageGoal.objects.select_for_update().get(pk=goal.pk)
    if expected is not None and stored.version != expected:
        raise StaleVersionError(stored)
    if stored.until is not None and stored.until < timezone.localdate():
        raise ValidationError("这个目标已经停止统计，不能再改；需要时请新增一个。")
    return stored
