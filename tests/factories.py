"""Rows for tests: each `make_*` fills every field that the test did not name. People look invented."""

import datetime as dt
import itertools

from django.utils import timezone

from organizations.models import Area, AreaVersion, Kind, Level, Unit
from portal.accounts.models import Grant, User
from portal.accounts.roles import Role

COUNTER = itertools.count(1)
FOUNDED = dt.date(2020, 1, 1)
PASSWORD = "Ceshi@Mima-2026"
LENGTHS = {Level.COUNTY: 6, Level.TOWNSHIP: 9, Level.VILLAGE: 12}


def make_area(level, parent=None, **fields):
    """An area with its first version."""
    number = next(COUNTER)
    prefix = parent.tree_code if parent else ""
    suffix = f"{400000 + number}" if parent is None else f"{number % 1000:03d}"
    tree_code = prefix + suffix
    values = {
        "level": level, "parent": parent, "tree_code": tree_code, "code": tree_code.ljust(12, "0"),
        "name": f"测试{number}", "kind": Kind.VILLAGE, "series": "nbs", "counted": True, "not_counted_reason": "", **fields,
    }  # fmt: skip
    since = values.pop("since", FOUNDED)
    area = Area.objects.create(since=since, **values)
    AreaVersion.objects.create(area=area, since=since, **values)
    return area


def make_county(**fields):
    return make_area(Level.COUNTY, **{"kind": Kind.COUNTY, "name": f"测试{next(COUNTER)}县", **fields})


def make_township(parent=None, **fields):
    parent = parent or make_county()
    return make_area(Level.TOWNSHIP, parent, **{"kind": Kind.TOWN, "name": f"测试{next(COUNTER)}镇", **fields})


def make_village(parent=None, **fields):
    parent = parent or make_township()
    return make_area(Level.VILLAGE, parent, **{"kind": Kind.VILLAGE, "name": f"测试{next(COUNTER)}村", **fields})


def make_unit(area=None, **fields):
    number = next(COUNTER)
    values = {"kind": Unit.Kind.BODY, "name": f"县第{number}局", "number": number, "since": FOUNDED, **fields}
    return Unit.objects.create(area=area or make_county(), **values)


def make_user(role=None, area=None, unit=None, confirmed=True, **fields):
    """An account of the role's line with one grant; `role=None` has none."""
    number = next(COUNTER)
    line = Role(role).line if role else "business"
    home = area or (unit.area if unit else None)
    values = {"name": f"张某{number}", "line": line, "area": home, "password_changed_at": timezone.now(), **fields}
    user = User.objects.create_user(values.pop("username", f"user{number}"), PASSWORD, **values)
    if role:
        Grant.objects.create(
            user=user, role=role, area=area, unit=unit, since=FOUNDED, reason="测试",
            confirmed_at=timezone.now() if confirmed else None,
        )  # fmt: skip
    return user
