"""The villages that a person keeps, on one list: what each has, and how long ago its rosters were confirmed."""

import datetime as dt
from typing import Any

from django.db.models import Exists, Min, OuterRef, Q, Subquery
from django.urls import reverse

from organizations.models import Area, Check, Level, Organization
from outreach.models import Site, Station
from portal.accounts.roles import Role
from portal.dashboards.cards import Figure, VillageRow, Villages
from portal.dashboards.coverage import list_url

EIGHT_HAVES = "eight_haves"
UNCHECKED, NEVER = 1, 100_000  # how weak it is not to know: one item of 八有, all days
KEEPERS = {Role.COMMITTEE, Role.VILLAGE}


def organized(villages: Villages | None, today: dt.date) -> list[Figure]:
    """How many villages of a township have an organization, as its coverage page counts them."""
    if villages is None or villages.area is None or villages.area.level != Level.TOWNSHIP:
        return []
    counted = [row for row in villages.rows if row.counted]
    have = sum(row.organization for row in counted)
    note, tone = (f"缺 {len(counted) - have} 村", "red") if have < len(counted) else ("全覆盖", "green")
    url = list_url("village_organization", villages.area.pk, today, "have")
    return [Figure("组织覆盖", have, note, tone, url, f"{len(counted)} 村", have)]


def villages_of(user: Any, today: dt.date) -> Villages | None:
    """The villages in which `user` keeps the registers for a township or a village; one query. None: nobody's keeper."""
    places = [grant.area for grant in user.held_grants if grant.role in KEEPERS and grant.area]
    if not places:
        return None
    here = {"area": OuterRef("pk"), "unit": None}  # what a county-level body keeps here is the body's
    organizations = Organization.objects.permitted(user).in_force(today).filter(**here)
    stations = Station.objects.permitted(user).in_force(today).filter(**here)
    rooms = Site.objects.permitted(user).in_force(today).filter(**here, kind=Site.Kind.ROOM)
    oldest = organizations.with_verified().order_by().values("area").annotate(oldest=Min("verified_on"))
    silent = organizations.with_verified().filter(verified_on=None)
    checks = Check.objects.permitted(user).done().filter(
        area=OuterRef("pk"), register=Organization._meta.label_lower, version_checked__standard__code=EIGHT_HAVES, on__lte=today
    )  # fmt: skip
    standing = Q(pk__in=[])
    for place in places:
        standing |= Q(tree_code__gte=place.code_range()[0], tree_code__lt=place.code_range()[1])
    areas = Area.objects.permitted(user).existing(today).at(Level.VILLAGE).filter(standing).annotate(
        has_organization=Exists(organizations), has_point=Exists(stations), has_room=Exists(rooms), silent=Exists(silent),
        oldest=Subquery(oldest.values("oldest")), missing=Subquery(checks.order_by("-on", "-pk").values("missing")[:1]),
    )  # fmt: skip
    rows = [_row(area, today) for area in areas.order_by("tree_code")]
    rows.sort(key=_weakness)
    return Villages(rows, places[0] if len(places) == 1 else None)


def _row(area: Any, today: dt.date) -> VillageRow:
    days = (today - area.oldest).days if area.oldest and not area.silent else None
    url = reverse("dashboards:coverage_area", args=[area.pk])
    return VillageRow(
        area.name, url, area.counted, area.has_organization, area.has_point, area.has_room, area.missing, days
    )


def _weakness(row: VillageRow) -> tuple[bool, int, int, int]:
    """The weakest first; those that do not count in coverage last."""
    missing = UNCHECKED if row.missing is None else row.missing
    return not row.counted, -row.lacks, -missing, -(NEVER if row.days is None else row.days)
