"""The registry of measures (design.md, decision 6): what the registers know, counted for a unit on a day.

Dashboards, coverage goals and `measured` indicators read figures from here, and each figure can name the areas
behind it, so that a number on a screen is as long as its list.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from organizations.models import AreaVersion, Level, Unit
from portal.accounts.models import Grant
from portal.accounts.roles import Role

Areas = dict[int, AreaVersion]  # area id → its version of the day


@dataclass(frozen=True)
class Measure:
    """One thing that is counted: in Chinese, in what unit, and which of the areas have it on a day."""

    name: str
    label: str
    counted_in: str
    having: Callable[[Areas, dt.date], set[int]]


@dataclass(frozen=True)
class Figure:
    """achieved of target, with the areas that have it and those that lack it."""

    have: list[AreaVersion]
    lack: list[AreaVersion]

    @property
    def achieved(self) -> int:
        return len(self.have)

    @property
    def target(self) -> int:
        return len(self.have) + len(self.lack)


def _villages_with_liaison(areas: Areas, on: dt.date) -> set[int]:
    """Villages in which somebody holds the village liaison's role on the day."""
    grants = Grant.objects.effective(on).filter(role=Role.VILLAGE, user__is_active=True, area__in=areas)
    return set(grants.values_list("area_id", flat=True))


MEASURES = {
    measure.name: measure
    for measure in [Measure("village_liaisons", "有联络员账号的村（社区）", "个村（社区）", _villages_with_liaison)]
}
CHOICES = [(measure.name, measure.label) for measure in MEASURES.values()]


def figures(name: str, units: Sequence[Unit], on: dt.date) -> dict[int, tuple[int, int]]:
    """Unit id → (achieved, target) on `on`; two queries, whatever the number of units."""
    return {unit_id: (figure.achieved, figure.target) for unit_id, figure in opened(name, units, on).items()}


def opened(name: str, units: Sequence[Unit], on: dt.date) -> dict[int, Figure]:
    """Unit id → the figure with the villages behind it: the counted villages of the unit's area on `on`."""
    codes = {unit.pk: unit.area.tree_code for unit in units}
    low = min(codes.values(), default="0")[:6]
    villages = list(
        AreaVersion.objects.in_force(on)
        .filter(level=Level.VILLAGE, counted=True, tree_code__gte=low)
        .filter(tree_code__lt=str(int(max(codes.values(), default="0")[:6]) + 1))
    )
    having = MEASURES[name].having({village.area_id: village for village in villages}, on)
    found = {}
    for unit_id, code in codes.items():
        own = [village for village in villages if village.tree_code.startswith(code)]
        found[unit_id] = Figure(
            [village for village in own if village.area_id in having],
            [village for village in own if village.area_id not in having],
        )
    return found
