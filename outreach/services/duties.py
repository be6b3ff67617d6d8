"""Duty networks (责任网络): who answers for what where, the areas without a post, and a change of holder in one step."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from organizations.models import Area, AreaVersion, FormerPlace, Level, PlacedDatedQuerySet
from outreach.models import DutyPost
from outreach.services.places import check_place, covers
from portal.kit import saving
from portal.kit.scope import ancestor_codes, code_range

DAY = dt.timedelta(days=1)
Network = DutyPost.Network


class PostsAboveToo(PlacedDatedQuerySet):  # type: ignore[override]
    """Duty posts as the network page reads them: who answers above me is known to everyone below (shared down)."""

    shared_down = Q()


@dataclass
class Line:
    """An area with the posts of both networks on a day."""

    area: AreaVersion
    posts: dict[str, list[DutyPost]] = field(default_factory=lambda: defaultdict(list))

    @property
    def cells(self) -> list[tuple[str, str, list[DutyPost]]]:
        """(network, label, its posts) in the order of the networks."""
        return [(value, label, self.posts.get(value, [])) for value, label in Network.choices]


@dataclass
class NetworkPage:
    """Who answers here: the lines from the county down, and which counted areas have no post of a network."""

    lines: list[Line]
    vacant: list[tuple[str, str, list[AreaVersion], int]]  # network, label, areas without a post, all counted areas


def network_of(area: Area, on: dt.date, *, user: Any) -> NetworkPage:
    """The two networks of `area` on `on`: the areas above it, itself, and what lies directly below.

    Whoever keeps a single unit sees the posts of its county alone: what lies below is not theirs to judge.
    """
    lo, hi = code_range(area.tree_code)
    wanted = Q(tree_code__in=ancestor_codes(area.tree_code))
    whole = user.reach("outreach.view_dutypost").covers(area.tree_code)
    if whole:
        wanted |= Q(tree_code__gte=lo, tree_code__lt=hi)
    versions = (
        AreaVersion.objects.in_force(on).filter(wanted).select_related("area", "parent").order_by("tree_code", "pk")
    )
    lines = {version.area_id: Line(version) for version in versions}
    places = _former_places(on)
    for post in _posts(area, on, user):
        place = places.get(post.pk, post.area_id)
        if place in lines:
            lines[place].posts[post.network].append(post)
    shown = [line for line in lines.values() if line.area.level <= min(area.level + 1, Level.VILLAGE)]
    return NetworkPage(shown, _vacant(lines, area) if whole else [])


def _posts(area: Area, on: dt.date, user: Any) -> QuerySet[DutyPost]:
    """The posts in `area`, below and above it on `on`, as far as `user` may read them.

    What a county-level body keeps answers for that body: it is read on the county's page, not by everyone below.
    """
    rows = PostsAboveToo(DutyPost).permitted(user).in_force(on)
    above = rows.filter(area__tree_code__in=ancestor_codes(area.tree_code), unit=None)
    return (rows.standing_in(area, on) | above).select_related("area", "unit").order_by("network", "pk")


def _former_places(on: dt.date) -> dict[int, int]:
    """Post id → the area where it stood on `on`, for posts that have moved since."""
    moved = FormerPlace.objects.filter(register=DutyPost._meta.label_lower, since__lte=on, until__gte=on)
    return dict(moved.values_list("object_id", "area_id"))


@transaction.atomic
def replace_holder(
    post: DutyPost, *, official: str, position: str, on: dt.date, reason: str, by: Any, expected: int | None = None
) -> DutyPost:
    """The old holder's row ends the day before `on`, a new row begins on it; both or none."""
    old: DutyPost = DutyPost.objects.select_for_update().get(pk=post.pk)
    if old.until is not None:
        raise ValidationError(f"{old.official}已于 {old.until} 离任；请直接新增任岗干部。")
    if on <= old.since:
        raise ValidationError({"on": f"接任日期应晚于{old.official}的任岗日期 {old.since}。"})
    if on > timezone.localdate():
        raise ValidationError({"on": "接任日期不能晚于今天；到了那天再办。"})
    if official == old.official:
        raise ValidationError({"new_official": "接任的还是同一个人；只改职务请用“修改”。"})
    old.until = on - DAY
    saving.save(old, by=by, expected=expected, reason=reason)
    new = DutyPost(
        area=old.area, unit=old.unit, network=old.network, post=old.post, official=official, position=position, since=on
    )
    try:
        new.full_clean()
        check_place(new)
    except ValidationError as error:
        raise ValidationError(error.messages) from error
    return saving.save(new, by=by, reason=f"接替{old.official}：{reason}")


def may_open(user: Any, post: DutyPost) -> bool:
    """Whether the post's own page opens for `user`; a post above one's place is read on the network page alone."""
    return covers(user, post)


def _vacant(lines: dict[int, Line], area: Area) -> list[tuple[str, str, list[AreaVersion], int]]:
    lo, hi = code_range(area.tree_code)
    counted = [line for line in lines.values() if line.area.counted and lo <= line.area.tree_code < hi]
    counted.sort(key=lambda line: (line.area.level, line.area.tree_code))  # townships first, then villages by township
    return [
        (value, label, [line.area for line in counted if not line.posts.get(value)], len(counted))
        for value, label in Network.choices
    ]


def posts_named(official: Any, user: Any) -> QuerySet[DutyPost]:
    """The posts under the name of `official`, for `user` to look at, since a name may be another's.

    A township's official may hold them down to its villages, one of the county in the county and its townships.
    """
    rows = DutyPost.objects.permitted(user).in_force().filter(official=official.name).in_area(official.area)
    if official.area.level == Level.COUNTY:
        rows = rows.exclude(area__level=Level.VILLAGE)
    return rows.select_related("area__parent")
