"""What the registers of this app count, added to the one registry (organizations/measures.py)."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

from django.db.models import Case, CharField, F, Max, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from organizations.ledger import APART, PERIODS, SOURCES, Fact, Ledger, facts_of, held_of
from organizations.measures import (
    TOWNSHIPS,
    VILLAGES,
    Condition,
    Counts,
    Measure,
    RowMeasure,
    Scope,
    counted,
    meets,
    number_of,
    register,
    rows_of,
)
from outreach.models import Activity, Brand, Demonstration, DemonstrationStep, DutyPost, Outpost, Site, Station
from outreach.services.demonstrations import REVIEWED, next_year

STATION, SITE, BRAND, OUTPOST = "outreach.station", "outreach.site", "outreach.brand", "outreach.outpost"
DEMONSTRATION, DUTY, ACTIVITY = "outreach.demonstration", "outreach.dutypost", "outreach.activity"
PLACES = "平台阵地"
YEAR_BEGINS = (Demonstration.State.NAMED, REVIEWED)  # the steps after which the next review is due in a year


def _titles() -> QuerySet:
    """Titles held, from the day of naming to the day before they were withdrawn; kind says of what, done its last day."""
    of = Case(
        When(site__isnull=False, then=F("site__kind")), When(station__isnull=False, then=Value("station")),
        default=Value("organization"), output_field=CharField(),
    )  # fmt: skip
    name = Coalesce("site__name", "station__name", "organization__name")
    last = Coalesce("site__until", "station__until", "organization__until")
    rows = Demonstration.objects.filter(named_on__isnull=False)
    return facts_of(
        rows, kind=of, name=name, since=F("named_on"), until=F("withdrawn_on"), due=F("next_review_on"), done=last
    )


SOURCES.update({
    STATION: lambda: facts_of(Station.objects.all()),
    SITE: lambda: facts_of(Site.objects.all()),
    BRAND: lambda: facts_of(Brand.objects.all(), kind=Value("")),
    OUTPOST: lambda: facts_of(Outpost.objects.all()),
    DUTY: lambda: facts_of(DutyPost.objects.all(), kind=F("network"), name=F("post")),
    DEMONSTRATION: _titles,
})  # fmt: skip
PERIODS[ACTIVITY] = lambda: held_of(Activity.objects.all(), "kind")
APART.update({DUTY, BRAND, OUTPOST})


def _liaison_places(ledger: Ledger, on: dt.date) -> Counts:
    """A township or body has a station, a village a point."""
    return counted(STATION)(ledger, on)


def _held(*kinds: str) -> Callable[[Ledger, dt.date], Counts]:
    """Activities of the quarter up to the day, of `kinds` where some are named."""
    return lambda ledger, on: ledger.held(ACTIVITY, on, kinds)


def _with_title(ledger: Ledger, on: dt.date) -> list[tuple[Fact, int]]:
    """Sites and stations that hold a demonstration title; a title withdrawn that day is gone."""
    return [
        pair for pair in rows_of(DEMONSTRATION)(ledger, on) if pair[0].kind != "organization" and _kept(pair[0], on)
    ]


def _organizations_with_title(ledger: Ledger, on: dt.date) -> list[tuple[Fact, int]]:
    return [pair for pair in rows_of(DEMONSTRATION, ["organization"])(ledger, on) if _kept(pair[0], on)]


def _all_titles(ledger: Ledger, on: dt.date) -> list[tuple[Fact, int]]:
    return [pair for pair in rows_of(DEMONSTRATION)(ledger, on) if _kept(pair[0], on)]


def _kept(fact: Fact, on: dt.date) -> bool:
    """Not withdrawn on the day, and what holds the title is not closed: a title does not outlive its site."""
    day = on.isoformat()
    return (fact.until is None or fact.until > day) and (fact.done is None or fact.done >= day)


def _reviewed(ledger: Ledger, on: dt.date) -> Condition:
    """Whether the yearly review was not overdue on the day; of a past day by the reviews up to it, not by those since."""
    due = {fact.pk: fact.due for fact, _ in _all_titles(ledger, on)}
    if on < timezone.localdate():
        steps = DemonstrationStep.objects.filter(demonstration__in=list(due), state__in=YEAR_BEGINS, on__lte=on)
        last = steps.order_by().values_list("demonstration").annotate(last=Max("on"))
        due |= {pk: next_year(day).isoformat() for pk, day in last}
    late = {pk for pk, day in due.items() if day and day < on.isoformat()}
    return Condition(lambda fact: fact.pk in late, lambda fact: f"应于 {due[fact.pk]} 复查")


def _to_be_inspected(ledger: Ledger, on: dt.date) -> list[tuple[Fact, int]]:
    """七有 is asked of demonstration zones and of sites."""
    return rows_of(SITE, [Site.Kind.ZONE, Site.Kind.PLATFORM])(ledger, on)


Kind, Network = Site.Kind, DutyPost.Network
ASSESSED = Scope(townships=True, bodies=True)

register(
    Measure(
        "liaison_place",
        "联络站点覆盖",
        "处",
        _liaison_places,
        Scope(townships=True, villages=True, bodies=True),
        group=PLACES,
    ),
    Measure("village_site", "村级阵地覆盖", "个村（社区）", counted(SITE), VILLAGES, group=PLACES),
    Measure(
        "venues",
        "活动场所",
        "个乡镇",
        counted(SITE, [Kind.VENUE]),
        Scope(townships=True, minimum=3),
        deep=True,
        group=PLACES,
        rows="venue_sites",
    ),
    Measure("activity_room", "活动室覆盖", "个村（社区）", counted(SITE, [Kind.ROOM]), VILLAGES, group=PLACES),
    Measure("township_activities", "本季开展活动的乡镇", "个乡镇", _held(), TOWNSHIPS, deep=True, group="活动"),
    Measure("village_activities", "本季开展活动的村（社区）", "个村（社区）", _held(), VILLAGES, group="活动"),
    Measure(
        "duty_posts",
        "责任岗位覆盖",
        "个乡镇、村（社区）",
        counted(DUTY),
        Scope(townships=True, villages=True),
        group="责任网络",
    ),
    *(
        Measure(
            f"{network.value}_posts",
            f"{network.label}覆盖",
            "个乡镇、村（社区）",
            counted(DUTY, [network]),
            Scope(townships=True, villages=True),
            group="责任网络",
        )
        for network in Network
    ),
    Measure(
        "activities", "本季主题活动（至少 2 场）", "场", _held(), replace(ASSESSED, minimum=2), deep=True, group="活动"
    ),
    Measure("studies", "本季集中学习", "场", _held(*Activity.STUDIES), ASSESSED, deep=True, group="活动"),
    Measure(
        "special_meetings",
        "本季专题研究统战工作",
        "次",
        _held(*Activity.SPECIAL_MEETINGS),
        ASSESSED,
        group="活动",
    ),
    Measure("assessed_duty_posts", "责任岗位落实", "个", counted(DUTY), ASSESSED, group="责任网络"),
    Measure("assessed_stations", "联络站建立", "个", counted(STATION, [Station.Kind.STATION]), ASSESSED, group=PLACES),
    RowMeasure("seven_haves", "“七有”达标的示范区和平台", "个", _to_be_inspected, meets("seven_haves"), PLACES),
    RowMeasure("four_haves", "“四有”达标的服务品牌", "个", rows_of(BRAND), meets("four_haves"), PLACES),
    RowMeasure("demonstration_sites", "示范阵地", "个", _with_title, group=PLACES),
    RowMeasure("demonstration_organizations", "示范组织", "个", _organizations_with_title),
    RowMeasure("reviews_in_time", "按期复查的示范", "个", _all_titles, _reviewed, PLACES),
    number_of("stations", "联络站", STATION, [Station.Kind.STATION], PLACES),
    number_of("points", "联络点", STATION, [Station.Kind.POINT], PLACES),
    number_of("sites", "阵地", SITE, (), PLACES),
    number_of("venue_sites", "活动场所（处）", SITE, [Kind.VENUE], PLACES),
    number_of("room_sites", "活动室（处）", SITE, [Kind.ROOM], PLACES),
    number_of("zones", "示范区", SITE, [Kind.ZONE], PLACES),
    number_of("platforms", "平台阵地", SITE, [Kind.PLATFORM], PLACES),
    number_of("brands", "服务品牌", BRAND, (), PLACES),
    number_of("outposts", "三区一企", OUTPOST, (), PLACES),
)
