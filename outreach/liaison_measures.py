"""What the liaison registers count: pairings, visits, requests, training (domain.md, "Contacts and service").

No item names a contact: figures are frozen for good, and a person's record is not.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from django.db.models import CharField, Count, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, Concat

from organizations.ledger import APART, PERIODS, SOURCES, Fact, Ledger, Place, facts_of, held_of, quarter_start
from organizations.measures import Condition, Counts, Measure, RowMeasure, Scope, register, rows_of
from organizations.models import Level
from outreach.measures import ACTIVITY
from outreach.models import Activity, Enterprise, Matter, Official, Pairing, Request, TrainingPlan, Visit
from outreach.services.visits import COUNTY, PAIRED_KINDS, SIDES, TARGETS, late_on

OFFICIAL, PAIRING, ENTERPRISE = "outreach.official", "outreach.pairing", "outreach.enterprise"
REQUEST, VISIT, PLAN = "outreach.request", "outreach.visit", "outreach.trainingplan"
GROUP = "联谊服务"
Rows = list[tuple[Fact, int]]
Asked, Holds = Callable[[Ledger, dt.date], Rows], Callable[[Ledger, dt.date], Condition]


def _requests() -> QuerySet:
    """Requests by their number alone: what is asked for may be about a contact. They stand for good, due and done."""
    reference = Concat(Value("诉求〔"), F("year"), Value("〕"), F("number"), Value("号"), output_field=CharField())
    columns = {"kind": F("matter"), "name": reference, "since": F("accepted_on"), "until": Value(None, CharField())}
    return facts_of(Request.objects.all(), **columns, due=F("due_on"), done=F("answered_on"))


SOURCES.update({
    OFFICIAL: lambda: facts_of(
        Official.objects.all(), name=Concat(F("name"), Value("（"), F("position"), Value("）"), output_field=CharField())
    ),
    PAIRING: lambda: facts_of(Pairing.objects.all(), kind=F("official"), name=Coalesce(F("enterprise"), 0)),  # their ids
    ENTERPRISE: lambda: facts_of(Enterprise.objects.all()),
    REQUEST: _requests,
})  # fmt: skip
PERIODS[VISIT] = lambda: held_of(Visit.objects.done(), "matter")
APART.add(ENTERPRISE)


def _has_pairing(ledger: Ledger, on: dt.date) -> Condition:
    """Whether an official had somebody to look after; a township's official may look after one elsewhere."""
    if ledger.area.level == Level.COUNTY:
        paired = {fact.kind for fact, _ in ledger.standing(PAIRING, on)}
    else:
        officials = [fact.pk for fact, _ in ledger.standing(OFFICIAL, on)]
        rows = Pairing.objects.in_force(on).filter(official__in=officials) if officials else Pairing.objects.none()
        paired = {str(pk) for pk in rows.order_by().values_list("official", flat=True)}
    return Condition(lambda fact: str(fact.pk) not in paired, lambda fact: "没有结对")


def _is_paired(ledger: Ledger, on: dt.date) -> Condition:
    """Whether somebody looked after an enterprise: a pairing stands where its enterprise stands."""
    paired = {fact.name for fact, _ in ledger.standing(PAIRING, on)}
    return Condition(lambda fact: str(fact.pk) not in paired, lambda fact: "没有干部联系")


def _is_visited(ledger: Ledger, on: dt.date) -> Condition:
    """Whether the last visit is no longer ago than the county's rhythm wants."""
    if "late" not in ledger.known:
        days = {*ledger.days, on}
        ledger.known["late"] = late_on(
            lambda day: Enterprise.objects.filter(ledger.here(ENTERPRISE, day)), days, ledger.area
        )
    late = ledger.known["late"][on]

    def words(fact: Fact) -> str:
        last = late[fact.pk]
        return f"上次走访 {last}" if last else "登记后还没有走访"

    return Condition(lambda fact: fact.pk in late, words)


def _visits_made(ledger: Ledger, on: dt.date) -> Rows:
    """The visits of the quarter up to the day; a joint visit is one."""
    tree = ledger.tree(on)
    return [
        (Fact(VISIT, row.pk, area_id, row.unit_id, row.kind, f"{row.on} {Matter(row.kind).label}", row.on, None), area_id)
        for row, area_id in ledger.rows_held(VISIT, on) if area_id in tree
    ]  # fmt: skip


def _across(ledger: Ledger, on: dt.date) -> Counter:
    """Township → the quarter's visits that stand in the county because their sides lie apart; once for each township."""
    tree, county = ledger.tree(on), ledger.area.tree_code[:COUNTY]
    rows = Visit.objects.done().within(quarter_start(on), on).filter(area__tree_code=county).order_by()
    parts = [rows.filter(**{f"{side}__isnull": False}) for side in SIDES]
    labels = [Value(TARGETS[side[:-1]]._meta.label_lower) for side in SIDES]
    links = [part.annotate(of=label).values_list("pk", "of", side, f"{side}__area")
             for part, label, side in zip(parts, labels, SIDES, strict=True)]  # fmt: skip
    places = ((visit, ledger.place_of(of, pk, area_id, on)) for visit, of, pk, area_id in links[0].union(*links[1:]))
    return Counter(
        area_id for _, area_id in {(visit, _township(area_id, tree)) for visit, area_id in places} if area_id
    )


def _township(area_id: int | None, tree: dict[int, Place]) -> int | None:
    """The township of `tree` in which an area lies."""
    while area_id in tree and tree[area_id].level != Level.TOWNSHIP:
        area_id = tree[area_id].parent_id
    return area_id if area_id in tree else None


def _visits(ledger: Ledger, on: dt.date) -> Counts:
    """A township's visits are those to whom stands in it, a body's those of its officials; older ones are activities."""
    by_area, by_unit = ledger.held(ACTIVITY, on, [Activity.Kind.VISIT])
    by_area = by_area + Counter(area_id for _, area_id in _visits_made(ledger, on)) + _across(ledger, on)
    if ledger.units(on):
        made = Visit.objects.done().filter(on__gte=quarter_start(on), on__lte=on, officials__unit__in=ledger.units(on))
        rows = made.order_by().values_list("officials__unit").annotate(number=Count("pk", distinct=True))
        by_unit = by_unit + Counter(dict(rows))
    return by_area, by_unit


def _unanswered(ledger: Ledger, on: dt.date) -> Rows:
    day = on.isoformat()
    return [pair for pair in ledger.standing(REQUEST, on) if pair[0].done is None or pair[0].done > day]


def _overdue(ledger: Ledger, on: dt.date) -> Rows:
    day = on.isoformat()
    return [pair for pair in _unanswered(ledger, on) if pair[0].due and pair[0].due < day]


def _fell_due(ledger: Ledger, on: dt.date) -> Rows:
    """Requests whose last day lies in the quarter, up to the day."""
    first, last = quarter_start(on).isoformat(), on.isoformat()
    return [pair for pair in ledger.standing(REQUEST, on) if pair[0].due and first <= pair[0].due <= last]


def _answered_in_time(ledger: Ledger, on: dt.date) -> Condition:
    def lacks(fact: Fact) -> bool:
        return fact.done is None or fact.done > (fact.due or "")

    return Condition(lacks, lambda fact: f"期限 {fact.due}，{f'{fact.done} 答复' if fact.done else '还没有答复'}")


class Planned(NamedTuple):
    """A training plan with how many it plans to train and how many had come by the day."""

    fact: Fact
    people: int
    came: int


def _planned(ledger: Ledger, on: dt.date) -> dict[int, Planned]:
    """The training plans of the day's year by their id."""
    if ("plans", on) not in ledger.known:
        rows = TrainingPlan.objects.filter(ledger.here(PLAN, on), year=on.year).order_by()
        came = Coalesce(Sum("sessions__attended", filter=Q(sessions__on__lte=on)), 0)
        found = rows.values_list("pk", "area_id", "unit_id", "audience", "name", "planned_people", came)
        first = str(on.replace(month=1, day=1))
        ledger.known["plans", on] = {
            row[0]: Planned(Fact(PLAN, *row[:5], first, None), *row[5:]) for row in found
        }  # fmt: skip
    return ledger.known["plans", on]


def _plans(ledger: Ledger, on: dt.date) -> Rows:
    return [(plan.fact, plan.fact.area_id) for plan in _planned(ledger, on).values()]


def _reached(ledger: Ledger, on: dt.date) -> Condition:
    """Whether as many had been trained by the day as the plan says."""
    plans = _planned(ledger, on)

    def words(fact: Fact) -> str:
        return f"计划 {plans[fact.pk].people} 人，已训 {plans[fact.pk].came} 人"

    return Condition(lambda fact: plans[fact.pk].came < plans[fact.pk].people, words)


def _row(name: str, label: str, counted_in: str, rows: Asked, holds: Holds | None = None, *, needs: str) -> RowMeasure:
    return RowMeasure(name, label, counted_in, rows, holds, GROUP, f"outreach.view_{needs}")


register(
    _row(
        "officials_paired",
        "干部结对覆盖",
        "名干部",
        rows_of(OFFICIAL, PAIRED_KINDS),
        _has_pairing,
        needs="pairing",
    ),
    _row("enterprises_paired", "企业（协会）结对覆盖", "家", rows_of(ENTERPRISE), _is_paired, needs="pairing"),
    _row("enterprises_visited", "企业（协会）按频次走访", "家", rows_of(ENTERPRISE), _is_visited, needs="visit"),
    _row("visits_made", "本季走访", "次", _visits_made, needs="visit"),
    Measure("visits", "本季走访（考核用）", "次", _visits, Scope(townships=True, bodies=True), deep=True, group=GROUP),
    _row("requests_waiting", "待答复的诉求", "件", _unanswered, needs="request"),
    _row("requests_overdue", "逾期未答复的诉求", "件", _overdue, needs="request"),
    _row("requests_in_time", "本季按期答复的诉求", "件", _fell_due, _answered_in_time, needs="request"),
    _row("plans_reached", "完成年度培训计划", "项计划", _plans, _reached, needs="trainingplan"),
)
