"""What the registers already know answers its item of a check by itself; each app adds its own facts when it starts."""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

from django.db.models import F, Value

from organizations.models import Attachment, Membership, RequiredPost
from organizations.models.standards import StandardItem

Source = StandardItem.Source
ORGANIZATION = "organizations.organization"


class Known(NamedTuple):
    """Whether the register satisfies an item, and the words that say from what."""

    met: bool
    words: str


class Look:
    """One row looked at on a day; what several facts need is read once."""

    def __init__(self, obj: Any, on: dt.date):
        self.obj, self.on = obj, on

    @cached_property
    def roster(self) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
        """((person id, post) of those in office, (minimum, post) of the posts that the kind must have); one query."""
        members = Membership.objects.in_force(self.on).filter(organization=self.obj)
        code = self.obj.area.tree_code[:6]
        required = RequiredPost.objects.in_force(self.on).filter(area__tree_code=code, kind=self.obj.kind)
        rows = (
            members.order_by()
            .annotate(_of=Value("member"), _number=F("person_id"), _row=F("pk"))
            .values_list("_of", "_number", "post", "_row")
            .union(
                required.order_by()
                .annotate(_of=Value("required"), _number=F("minimum"), _row=F("pk"))
                .values_list("_of", "_number", "post", "_row"),
                all=True,
            )
        )
        found: dict[str, list[tuple[int, str]]] = {"member": [], "required": []}
        for kind, number, post, _ in sorted(rows, key=lambda row: row[3]):
            found[kind].append((number, post))
        return found["member"], found["required"]


Fact = Callable[[Look], Known | None]
FACTS: dict[tuple[str, str], Fact] = {}  # (source, register) → what it says of a row on a day


def register(source: str, label: str, fact: Fact) -> None:
    """Answer `source` for the rows of a register (`label`: "organizations.organization")."""
    FACTS[str(source), label] = fact


def known(source: str, look: Look) -> Known | None:
    """What the register says of a row on a day; None where the item is for people to look at."""
    fact = FACTS.get((source, look.obj._meta.label_lower)) if source else None
    return fact(look) if fact else None


def sources_for(label: str) -> list[tuple[str, str]]:
    """(value, label) of the automatic answers that a standard for this register may use."""
    return [choice for choice in Source.choices if not choice[0] or (choice[0], label) in FACTS]


def filled(value: str, words: str) -> Known:
    """A text of the register: there or not; long ones are cut."""
    return Known(bool(value), f"登记册：{words}“{value[:60]}”" if value else f"登记册：没有填写{words}")


def _roster(look: Look) -> Known:
    members, _ = look.roster
    number = len({person for person, _ in members})
    return Known(number > 0, f"登记册：花名册在册 {number} 人" if number else "登记册：花名册没有在册人员")


def _officers(look: Look) -> Known | None:
    """Nobody said which posts this kind must have: a person looks."""
    members, required = look.roster
    if not required:
        return None
    held = Counter(post for _, post in members)
    lacking = [post for minimum, post in required if held[post] < minimum]
    if lacking:
        return Known(False, f"登记册：缺配{'、'.join(lacking)}"[:200])
    return Known(True, f"登记册：应配职务 {len(required)} 个，全部配齐")


def _charter(look: Look) -> Known:
    day = look.obj.charter_on
    if day is None or day > look.on:
        return Known(False, "登记册：没有登记章程通过日期")
    return Known(True, f"登记册：章程于 {day} 通过")


def photos(look: Look) -> Known:
    """Photos that belong to a row."""
    number = Attachment.objects.kept().photos().about(look.obj).count()
    return Known(number > 0, f"登记册：有照片 {number} 张" if number else "登记册：没有照片")


register(Source.ROSTER, ORGANIZATION, _roster)
register(Source.OFFICERS, ORGANIZATION, _officers)
register(Source.CHARTER, ORGANIZATION, _charter)
register(Source.PHOTO, ORGANIZATION, photos)
