"""Registers of a synthetic county, as large as features.md says: 2,000 organizations, 12,000 roster rows, 500 villages."""

import datetime as dt
from typing import Any

from django.utils import timezone

from organizations.coverage import default_goals
from organizations.models import (
    Area,
    Check,
    CoverageGoal,
    Level,
    Membership,
    Organization,
    Person,
    RosterConfirmation,
    StandardVersion,
    Unit,
)
from organizations.services.rosters import default_required_posts
from organizations.services.standards import default_standards
from outreach.models import Activity, Demonstration, DutyPost, Site, Station
from portal.dashboards.demo.scale_liaison import fill_liaison

SINCE = dt.date(2022, 1, 1)
BATCH = 1000
POSTS = ["会长", "副会长", "秘书长", "会员", "会员", "会员"]
A_VILLAGE = 3  # organizations a village
AT_COUNTY = 440


def fill_county(county: Area, staff: Any) -> None:
    """Every register of the first synthetic county; the others are copies of it."""
    CoverageGoal.objects.bulk_create(default_goals(county, since=SINCE))
    default_required_posts(county, since=SINCE)
    default_standards(county, since=SINCE)
    areas = list(Area.objects.in_area(county).exclude(pk=county.pk))
    villages = [area for area in areas if area.level == Level.VILLAGE]
    townships = [area for area in areas if area.level == Level.TOWNSHIP]
    organizations = _organizations(county, townships, villages)
    _rosters(organizations, staff)
    _places(county, townships, villages)
    _checks(county, organizations, staff)
    fill_liaison(county, [*townships, *villages], staff)


def _organizations(county: Area, townships: list[Area], villages: list[Area]) -> list[Organization]:
    rows = [_organization("industry_chamber", county, f"行业商会{n}") for n in range(AT_COUNTY)]
    rows += [_organization("township_chamber", area, f"{area.name}商会") for area in townships]
    rows += [_organization("township_council", area, f"{area.name}乡贤理事会") for area in townships]
    rows += [
        _organization("village_fellowship", area, f"{area.name}乡贤联谊会{n}")
        for area in villages for n in range(A_VILLAGE) if area.pk % 12
    ]  # fmt: skip
    for row in rows:
        row.prepare()
    return Organization.objects.bulk_create(rows, batch_size=BATCH)


def _organization(kind: str, area: Area, name: str) -> Organization:
    return Organization(
        kind=kind, area=area, name=name, since=SINCE, term_since=SINCE, next_election_on=dt.date(2027, 1, 1)
    )


def _rosters(organizations: list[Organization], staff: Any) -> None:
    people = [
        Person(name=f"张某{n}", area=row.area, pinyin=f"zhangmou{n} zm{n}")
        for row in organizations
        for n in range(len(POSTS))
    ]
    Person.objects.bulk_create(people, batch_size=BATCH)
    Membership.objects.bulk_create(
        (
            Membership(organization=organizations[n // len(POSTS)], person=someone, post=POSTS[n % len(POSTS)],
                       number=n % len(POSTS), in_charge=n % len(POSTS) == 0, since=SINCE)
            for n, someone in enumerate(people)
        ),
        batch_size=BATCH,
    )  # fmt: skip
    today = timezone.localdate()
    RosterConfirmation.objects.bulk_create(
        (RosterConfirmation(organization=row, on=today - dt.timedelta(days=ago + row.pk % 90), by=staff)
         for row in organizations for ago in (10, 101, 192)), batch_size=BATCH,
    )  # fmt: skip


def _places(county: Area, townships: list[Area], villages: list[Area]) -> None:
    stations = [Station(kind="station", area=area, name=f"{area.name}联络站", since=SINCE) for area in townships]
    stations += [
        Station(kind="point", area=area, name=f"{area.name}联络点", since=SINCE) for area in villages if area.pk % 9
    ]
    stations += [
        Station(kind="station", area=county, unit=unit, name=f"{unit.name}联络站", since=SINCE)
        for unit in Unit.objects.in_area(county).filter(kind=Unit.Kind.BODY)
    ]
    sites = [Site(kind="room", area=area, name=f"{area.name}活动室", since=SINCE) for area in villages if area.pk % 7]
    sites += [
        Site(kind="venue", area=area, name=f"{area.name}活动场所{n}", since=SINCE)
        for area in townships
        for n in range(3)
    ]
    for row in (*stations, *sites):
        row.prepare()
    Station.objects.bulk_create(stations, batch_size=BATCH)
    sites = Site.objects.bulk_create(sites, batch_size=BATCH)
    Demonstration.objects.bulk_create(
        Demonstration(site=site, area=site.area, state="named", named_on=dt.date(2023, 1, 1), applied_on=SINCE)
        for site in sites[:15]
    )
    DutyPost.objects.bulk_create(
        (DutyPost(area=area, network=network, post="责任人", official="张某甲", since=SINCE)
         for area in (*townships, *villages) for network in DutyPost.Network.values), batch_size=BATCH,
    )  # fmt: skip
    today = timezone.localdate()
    Activity.objects.bulk_create(
        (Activity(area=area, kind="study", theme=f"{area.name}学习", on=today - dt.timedelta(days=91 * n + area.pk % 60), head_count=20)
         for area in (*townships, *villages) for n in range(8)), batch_size=BATCH,
    )  # fmt: skip


def _checks(county: Area, organizations: list[Organization], staff: Any) -> None:
    version = StandardVersion.objects.get(standard__area=county, standard__code="eight_haves")
    checks = []
    for row in organizations:
        check = Check(version_checked=version, object_name=row.name, on=dt.date(2026, 3, 1), by=staff, status="done",
                      passed=bool(row.pk % 5), missing=0 if row.pk % 5 else 1)  # fmt: skip
        check.attach_to(row)
        checks.append(check)
    Check.objects.bulk_create(checks, batch_size=BATCH)
