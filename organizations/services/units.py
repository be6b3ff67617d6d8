"""Assessed units: township units from areas in one step, county bodies from a pasted list of names."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from organizations.models import Area, Level, Unit
from portal.audit.models import Act, Action, record_many
from portal.kit.forms import check_text
from portal.kit.scope import require

LONGEST, MOST = 60, 500


@dataclass(frozen=True)
class Line:
    """One line of a pasted list: new, known (已有) or wrong, with the reason."""

    number: int
    name: str
    problem: str = ""
    known: bool = False


@transaction.atomic
def make_township_units(county: Area, *, since: dt.date, by: Any) -> list[Unit]:
    """A unit for every counted township of `county` that has none; again, it makes none."""
    townships = Area.objects.in_area(county).existing().filter(level=Level.TOWNSHIP, counted=True)
    missing = townships.exclude(units__kind=Unit.Kind.TOWNSHIP, units__until=None)
    start = _last_number(county)
    units = [
        Unit(area=area, kind=Unit.Kind.TOWNSHIP, name=area.name, since=since, number=start + number)
        for number, area in enumerate(missing, start=1)
    ]
    return _save(units, by)


def read_names(county: Area, text: str) -> list[Line]:
    """Check a pasted list of county bodies, one a line, against itself and what is stored."""
    stored = set(Unit.objects.filter(area=county, until=None).values_list("name", flat=True))
    lines, seen = [], set()
    for number, raw in enumerate(text.splitlines(), start=1):
        name = raw.split("\t")[0].strip().strip("\u3000")
        if not name:
            continue
        problem = _problem(name, seen)
        seen.add(name)
        lines.append(Line(number, name, problem, not problem and name in stored))
    return lines


@transaction.atomic
def import_bodies(county: Area, text: str, *, since: dt.date, by: Any) -> list[Unit]:
    """Add the bodies of a list, all or none; names that are known already are left as they are."""
    lines = read_names(county, text)
    wrong = [f"第 {line.number} 行：{line.problem}" for line in lines if line.problem]
    if wrong:
        raise ValidationError(wrong)
    if not lines or len(lines) > MOST:
        raise ValidationError(f"请粘贴 1 至 {MOST} 个单位名称，每行一个。")
    start = _last_number(county)
    fresh = [line.name for line in lines if not line.known]
    units = [
        Unit(area=county, kind=Unit.Kind.BODY, name=name, since=since, number=start + number)
        for number, name in enumerate(fresh, start=1)
    ]
    return _save(units, by)


def _save(units: list[Unit], by: Any) -> list[Unit]:
    Unit.objects.bulk_create(units)
    for unit in units:
        if by is not None:
            require(by, "add", unit)
    if units:
        record_many(by, [Act(Action.CREATED, unit) for unit in units])
    return units


def _last_number(county: Area) -> int:
    return Unit.objects.in_area(county).aggregate(last=Max("number"))["last"] or 0


def _problem(name: str, seen: set[str]) -> str:
    if len(name) > LONGEST:
        return f"名称超过 {LONGEST} 个字。"
    if name in seen:
        return f"“{name}”在名单中重复。"
    try:
        check_text(name)
    except ValidationError as error:
        return f"“{name}”{error.message}"
    return ""
