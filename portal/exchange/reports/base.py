"""What a report is, what it is asked for, and the words on its sheets."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from assessments.models import Quarter
from organizations.ledger import Ledger, Place
from organizations.models import Area, Level
from portal.kit.access import refuse_unless
from portal.kit.templatetags.kit import whole_percent
from portal.kit.workbooks.sheets import PERCENT, Sheet

AMBER = 80  # whole per cent below which a share is light red
OUTSIDE = "这个区划不在您的权限范围内，请改选自己负责的区划。"


@dataclass(frozen=True)
class Params:
    """What a report is asked for; each report says in `asks` which of them it needs."""

    area: Area | None = None
    on: dt.date = field(default_factory=timezone.localdate)
    quarter: Quarter | None = None
    year: int | None = None

    def __getitem__(self, name: str) -> Any:
        """One that the report needs. Raises ValidationError where it was not chosen."""
        found = getattr(self, name)
        if found is None:
            raise ValidationError(f"请先选择{ASKED[name]}。")
        return found


@dataclass(frozen=True)
class Report:
    """A workbook that is built of sheets.

    asks: "area" (of one of `levels`), "on", "quarter", "year". permission: must reach the whole area that is asked for.
    """

    name: str
    label: str
    words: str
    permission: str
    asks: tuple[str, ...]
    build: Callable[[Any, Params], list[Sheet]]
    levels: tuple[Level, ...] = ()

    def about(self, params: Params) -> str:
        """What was asked for, in words."""
        asked = [params[name] for name in self.asks]
        return " ".join(
            f"{value}年" if name == "year" else str(value) for name, value in zip(self.asks, asked, strict=True)
        )

    def run(self, user: Any, params: Params) -> list[Sheet]:
        """The sheets. Raises PermissionDenied, and ValidationError where the request does not do."""
        refuse_unless(user, (self.permission,))
        asked = {name: params[name] for name in self.asks}
        area = asked.get("area")
        if area and not user.reach(self.permission).covers(area.tree_code):
            raise PermissionDenied(OUTSIDE)
        if area and area.level not in self.levels:
            names = "或".join(str(Level(level).label) for level in self.levels)
            raise ValidationError(f"{self.label}按{names}生成，请改选区划。")
        return self.build(user, params)


ASKED = {"area": "区划", "on": "日期", "quarter": "季度", "year": "年度"}


def place_of(ledger: Ledger, on: dt.date) -> Place:
    """What the area was on the day. Raises ValidationError where it did not exist."""
    found = ledger.tree(on).get(ledger.area.pk)
    if found is None:
        raise ValidationError(f"{ledger.area}在 {on} 还没有设立或者已经撤销，请改选日期。")
    return found


def below(ledger: Ledger, on: dt.date) -> list[Place]:
    """The counted areas right below, in their order."""
    return [place for place in ledger.tree(on).values() if place.parent_id == ledger.area.pk and place.counted]


def township_of(tree: Mapping[int, Place], area_id: int | None) -> Place | None:
    """The township in which an area lies, itself for one; None for the county."""
    place = tree.get(area_id) if area_id is not None else None
    while place is not None and place.level > Level.TOWNSHIP:
        place = tree.get(place.parent_id) if place.parent_id is not None else None
    return place if place is not None and place.level == Level.TOWNSHIP else None


def until(place: str, on: dt.date, more: str = "") -> str:
    """The words below a title."""
    return f"{place}　　数据截至 {on.year}年{on.month}月{on.day}日" + (f"　　{more}" if more else "")


def fraction(achieved: int, target: int) -> tuple[str, int | None]:
    """("275 / 297", 93), the two cells of a share; no percentage where there is nothing to reach."""
    return f"{achieved} / {target}", whole_percent(achieved, target) if target else None


__all__ = ["AMBER", "PERCENT", "Params", "Report", "below", "fraction", "place_of", "township_of", "until"]
