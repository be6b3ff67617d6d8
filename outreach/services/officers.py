"""Officers of organizations who took part in an activity or a course: the only people who are named there (domain.md)."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from organizations.models import Membership

MOST_FOUND = 20


def officers_for(user: Any) -> QuerySet[Membership]:
    """Those in charge on today's rosters that `user` may read."""
    held: QuerySet[Membership] = Membership.objects.permitted(user).in_force().filter(in_charge=True)
    return with_names(held)


def with_names(memberships: Any) -> Any:
    """With what a line of the choice says of each."""
    return memberships.select_related("organization__area__parent", "person")


def find_officers(user: Any, words: str) -> list[Membership]:
    """Officers whose name, pinyin or organization holds every word."""
    rows = officers_for(user)
    for word in words.split():
        rows = rows.filter(
            Q(person__name__icontains=word) | Q(person__pinyin__icontains=word) | Q(organization__name__icontains=word)
        )
    return list(rows.order_by("organization__name", "number", "pk")[:MOST_FOUND]) if words.split() else []


def check_officers(officers: Sequence[Any] | int, people: int | None, field: str) -> None:
    """Those who are named are among those who are counted; ValidationError under `field`."""
    number = officers if isinstance(officers, int) else len(officers)
    if number and people is None:
        raise ValidationError({field: "选择了参加的组织负责人，请同时填写人数。"})
    if number > (people or 0):
        raise ValidationError({field: f"选择了 {number} 名组织负责人，人数不能少于 {number} 人，请核对。"})
