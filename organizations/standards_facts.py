"""What the registers already know answers its item of a check by itself; each app adds its own facts when it starts."""

import datetime as dt
from collections.abc import Callable
from typing import Any, NamedTuple

from django.db.models import Count

from organizations.models import Attachment, Membership, Organization, RequiredPost
from organizations.models.standards import StandardItem

Source = StandardItem.Source
ORGANIZATION = "organizations.organization"


class Known(NamedTuple):
    """Whether the register satisfies an item, and the words that say from what."""

    met: bool
    words: str


Fact = Callable[[Any, dt.date], Known | None]
FACTS: dict[tuple[str, str], Fact] = {}  # (source, register) → what it says of a row on a day


def register(source: str, label: str, fact: Fact) -> None:
    """Answer `source` for the rows of a register (`label`: "organizations.organization")."""
    FACTS[str(source), label] = fact


def known(source: str, obj: Any, on: dt.date) -> Known | None:
    """What the register says of `obj` on `on`; None where the item is for people to look at."""
    fact = FACTS.get((source, obj._meta.label_lower)) if source else None
    return fact(obj, on) if fact else None


def sources_for(label: str) -> list[tuple[str, str]]:
    """(value, label) of the automatic answers that a standard for this register may use."""
    return [choice for choice in Source.choices if not choice[0] or (choice[0], label) in FACTS]


def filled(value: str, words: str) -> Known:
    """A text of the register: there or not; long ones are cut."""
    return Known(bool(value), f"登记册：{words}“{value[:60]}”" if value else f"登记册：没有填写{words}")


def _roster(organization: Organization, on: dt.date) -> Known:
    number = Membership.objects.in_force(on).filter(organization=organization).values("person").distinct().count()
    return Known(number > 0, f"登记册：花名册在册 {number} 人" if number else "登记册：花名册没有在册人员")


def _officers(organization: Organization, on: dt.date) -> Known | None:
    """Nobody said which posts this kind must have: a person looks."""
    posts = RequiredPost.objects.in_force(on).filter(
        area__tree_code=organization.area.tree_code[:6], kind=organization.kind
    )
    required = list(posts)
    if not required:
        return None
    held = Membership.objects.in_force(on).filter(organization=organization, post__in=[post.post for post in required])
    counts = dict(held.order_by().values_list("post").annotate(number=Count("pk")))
    lacking = [post.post for post in required if counts.get(post.post, 0) < post.minimum]
    if lacking:
        return Known(False, f"登记册：缺配{'、'.join(lacking)}"[:200])
    return Known(True, f"登记册：应配职务 {len(required)} 个，全部配齐")


def _charter(organization: Organization, on: dt.date) -> Known:
    day = organization.charter_on
    if day is None or day > on:
        return Known(False, "登记册：没有登记章程通过日期")
    return Known(True, f"登记册：章程于 {day} 通过")


def photos(obj: Any, on: dt.date) -> Known:
    """Photos that belong to a row."""
    number = Attachment.objects.kept().photos().about(obj).count()
    return Known(number > 0, f"登记册：有照片 {number} 张" if number else "登记册：没有照片")


register(Source.ROSTER, ORGANIZATION, _roster)
register(Source.OFFICERS, ORGANIZATION, _officers)
register(Source.CHARTER, ORGANIZATION, _charter)
register(Source.PHOTO, ORGANIZATION, photos)
