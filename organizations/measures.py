"""The registry of measures (design.md, decision 6): what the registers know of an area or a unit on a day.

A measure turns a ledger into items: the areas, bodies or register rows that are counted, each with how many it has
and how many it needs. Figures on dashboards, coverage goals and `measured` indicators are these items counted, so that
a number on a screen is as long as its list.
"""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from django.conf import settings

from organizations.ledger import Fact, Ledger, Place
from organizations.models import Area, Level, Organization, Unit

ORGANIZATIONS = "organizations.organization"


class Item(NamedTuple):
    """One thing that is counted: an area, a body or a row of a register; `area_id` is where it stands."""

    register: str  # "organizations.area", "organizations.unit" or the row's own model
    pk: int
    name: str
    code: str
    area_id: int
    have: int
    needed: int
    note: str = ""
    unit_id: int | None = None  # the county-level body that keeps it

    @property
    def has(self) -> bool:
        return self.have >= self.needed


@dataclass(frozen=True)
class Scope:
    """Which areas and bodies a measure is asked for; a goal narrows it."""

    townships: bool = False
    villages: bool = False
    bodies: bool = False
    kinds: frozenset[str] = frozenset()
    minimum: int = 1


Counts = tuple[Counter, Counter]  # by area id, by unit id


class Tally(NamedTuple):
    """How many things are counted at each area, and how many of them lack it: the items, without their words.

    of: what is counted; measures that count the same things share it, and their sums.
    """

    of: Hashable
    asked: Counter
    lacking: Counter


class Condition(NamedTuple):
    """Whether a row lacks what is asked of it, and what it lacks in words (asked only of those that do)."""

    lacks: Callable[[Fact], bool]
    words: Callable[[Fact], str]


@dataclass(frozen=True)
class Measure:
    """Areas or bodies that have at least so many of something.

    counts: what stands at each area and each body on a day. deep: a township has what its villages have.
    """

    name: str
    label: str
    counted_in: str
    counts: Callable[[Ledger, dt.date], Counts]
    scope: Scope
    deep: bool = False
    group: str = "组织"
    needs: str = ""  # the permission without which nobody is told
    rows: str = ""  # the measure that lists what is counted, where an area needs more than one

    def _counted(self, ledger: Ledger, on: dt.date) -> Counts:
        """What stands at each area and body; counted once a day, whatever asks for it."""
        if (self.name, on) not in ledger.known:
            by_area, by_unit = self.counts(ledger, on)
            ledger.known[self.name, on] = _summed(by_area, ledger.tree(on)) if self.deep else by_area, by_unit
        return ledger.known[self.name, on]

    def tally(self, ledger: Ledger, on: dt.date, scope: Scope | None = None) -> Tally:
        """Every area and body of the scope, and those that lack it."""
        scope = scope or self.scope
        by_area, by_unit = self._counted(ledger, on)
        units = ledger.units(on) if scope.bodies else []
        of = "places", on, scope.townships, scope.villages, scope.bodies, scope.kinds
        if of not in ledger.known:
            ledger.known[of] = Counter([p.area_id for p in places_in(ledger, on, scope)] + [u.area_id for u in units])
        lacking = [p.area_id for p in places_in(ledger, on, scope) if by_area[p.area_id] < scope.minimum]
        lacking += [unit.area_id for unit in units if by_unit[unit.pk] < scope.minimum]
        return Tally(of, ledger.known[of], Counter(lacking))

    def items(self, ledger: Ledger, on: dt.date, scope: Scope | None = None) -> list[Item]:
        """Every area and body of the scope on `on` with what it has, in the order of the tree."""
        scope = scope or self.scope
        by_area, by_unit = self._counted(ledger, on)
        found = [
            Item("organizations.area", p.area_id, p.name, p.code, p.area_id, by_area[p.area_id], scope.minimum)
            for p in places_in(ledger, on, scope)
        ]
        if scope.bodies:
            found += [
                Item(
                    "organizations.unit",
                    unit.pk,
                    unit.name,
                    "",
                    unit.area_id,
                    by_unit[unit.pk],
                    scope.minimum,
                    "",
                    unit.pk,
                )
                for unit in ledger.units(on)
            ]
        return found


@dataclass(frozen=True)
class RowMeasure:
    """Rows of a register, those that satisfy a condition against all; without a condition it is their number."""

    name: str
    label: str
    counted_in: str
    rows: Callable[[Ledger, dt.date], Sequence[tuple[Fact, int]]]
    holds: Callable[[Ledger, dt.date], Condition] | None = None
    group: str = "组织"
    needs: str = ""  # the permission without which nobody is told

    def tally(self, ledger: Ledger, on: dt.date, scope: Scope | None = None) -> Tally:
        """Every row, and those that do not hold."""
        rows, of = self.rows(ledger, on), ("rows", on, self.rows)
        if of not in ledger.known:
            ledger.known[of] = Counter([area_id for _, area_id in rows])
        lacks = self.holds(ledger, on).lacks if self.holds else None
        lacking = [area_id for fact, area_id in rows if lacks(fact)] if lacks else []
        return Tally(of, ledger.known[of], Counter(lacking))

    def items(self, ledger: Ledger, on: dt.date, scope: Scope | None = None) -> list[Item]:
        condition = self.holds(ledger, on) if self.holds else Condition(lambda fact: False, lambda fact: "")
        tree = ledger.tree(on)
        found = []
        for fact, area_id in self.rows(ledger, on):
            words = condition.words(fact) if condition.lacks(fact) else ""
            code, have = tree[area_id].code, 0 if words else 1
            found.append(Item(fact.source, fact.pk, fact.name, code, area_id, have, 1, words, fact.unit_id))
        return sorted(found, key=lambda item: (item.code, item.name, item.pk))


@dataclass(frozen=True)
class Figure:
    """achieved of target, with the items that have it and those that lack it."""

    items: Sequence[Item]

    @property
    def have(self) -> list[Item]:
        return [item for item in self.items if item.has]

    @property
    def lack(self) -> list[Item]:
        return [item for item in self.items if not item.has]

    @property
    def achieved(self) -> int:
        return sum(item.has for item in self.items)

    @property
    def target(self) -> int:
        return len(self.items)


AnyMeasure = Measure | RowMeasure
MEASURES: dict[str, AnyMeasure] = {}


def register(*measures: AnyMeasure) -> None:
    """Add measures to the registry; outreach adds its own when it starts."""
    MEASURES.update({measure.name: measure for measure in measures})


def choices() -> list[tuple[str, str]]:
    """(name, label) of every measure, for forms."""
    return [(measure.name, measure.label) for measure in MEASURES.values()]


def may_ask(user: Any, name: str) -> bool:
    """Whether a measure's numbers and lists are for `user`: some are asked for by a permission of their register."""
    needs = MEASURES[name].needs
    return not needs or user.has_perm(needs)


Rows = Callable[[Ledger, dt.date], list[tuple[Fact, int]]]


def rows_of(source: str, kinds: Collection[str] = ()) -> Rows:
    """The rows of a register in force on a day, of `kinds` where some are named."""
    return _rows_of(source, frozenset(kinds))


@cache
def _rows_of(source: str, kinds: frozenset[str]) -> Rows:
    """One function for all who ask for the same rows, so that what was counted of them is known by it."""
    if not kinds:
        return lambda ledger, on: ledger.standing(source, on)
    return lambda ledger, on: [pair for pair in ledger.standing(source, on) if pair[0].kind in kinds]


def counted(source: str, kinds: Collection[str] = ()) -> Callable[[Ledger, dt.date], Counts]:
    """How many rows of a register stand at each area and each body, of `kinds` where some are named."""

    def count(ledger: Ledger, on: dt.date) -> Counts:
        by_kind = ledger.counts(source, on)
        chosen = [by_kind[kind] for kind in kinds or by_kind if kind in by_kind]
        if len(chosen) == 1:
            return chosen[0]
        areas, units = Counter[int](), Counter[int]()
        for own, kept in chosen:
            areas.update(own)
            units.update(kept)
        return areas, units

    return count


def figures(name: str, units: Sequence[Unit], on: dt.date) -> dict[int, tuple[int, int]]:
    """Unit id → (achieved, target) of one measure on `on`; see `readings`."""
    return readings([name], units, on)[name]


def readings(names: Collection[str], units: Sequence[Unit], on: dt.date) -> dict[str, dict[int, tuple[int, int]]]:
    """Measure → unit id → (achieved, target) on `on`, for `measured` indicators; a fixed number of queries a county.

    A township is measured by its own items: how many of its villages have it, or, where the township itself must
    have at least N, how many it has of N. A body is measured by what it keeps itself.
    """
    ledgers = _ledgers(units, on)
    return {name: {pk: _reading(figure) for pk, figure in _opened(name, ledgers, on).items()} for name in names}


def opened(name: str, units: Sequence[Unit], on: dt.date) -> dict[int, Figure]:
    """Unit id → the figure of its township, or of the body itself, with the items behind it."""
    return _opened(name, _ledgers(units, on), on)


def _ledgers(units: Sequence[Unit], on: dt.date) -> list[tuple[Ledger, list[Unit]]]:
    """One ledger a county with the units of that county."""
    if len(units) == 1:  # one unit's own page reads no more than its township
        return [(Ledger(units[0].area, [on]), list(units))]
    counties: dict[str, list[Unit]] = {}
    for unit in units:
        counties.setdefault(unit.area.tree_code[:6], []).append(unit)
    areas = Area.objects.filter(tree_code__in=counties)
    return [(Ledger(county, [on]), counties[county.tree_code]) for county in areas]


def _opened(name: str, ledgers: Sequence[tuple[Ledger, list[Unit]]], on: dt.date) -> dict[int, Figure]:
    found = {}
    for ledger, units in ledgers:
        items = MEASURES[name].items(ledger, on)
        for unit in units:
            found[unit.pk] = Figure(items_of(items, unit, ledger.tree(on), whole=isinstance(MEASURES[name], Measure)))
    return found


def _reading(figure: Figure) -> tuple[int, int]:
    only = figure.items[0] if len(figure.items) == 1 else None
    if only and only.needed > 1:
        return min(only.have, only.needed), only.needed
    return figure.achieved, figure.target


def items_of(items: Sequence[Item], unit: Unit, tree: dict[int, Place], *, whole: bool) -> list[Item]:
    """The items that a unit answers for; a body that a measure of areas does not name answers for its whole area."""
    if unit.kind == Unit.Kind.BODY:
        bodies = any(item.register == "organizations.unit" for item in items)
        if bodies or not whole:
            return [item for item in items if item.unit_id == unit.pk]
    return [item for item in items if item.unit_id in {None, unit.pk} and _stands_in(item.area_id, unit.area_id, tree)]


def places_in(ledger: Ledger, on: dt.date, scope: Scope) -> list[Place]:
    """The areas of a scope on a day; kept with the ledger, since many measures ask for the same."""
    known: dict = ledger.known
    key = (on, scope.townships, scope.villages, scope.kinds)
    if key not in known:
        known[key] = [place for place in ledger.tree(on).values() if _in_scope(place, scope)]
    return known[key]


def _in_scope(place: Place, scope: Scope) -> bool:
    level = scope.townships if place.level == Level.TOWNSHIP else scope.villages and place.level == Level.VILLAGE
    return level and place.counted and (not scope.kinds or place.kind in scope.kinds)


def _stands_in(area_id: int | None, above: int, tree: dict[int, Place]) -> bool:
    while area_id is not None and area_id != above:
        area_id = tree[area_id].parent_id if area_id in tree else None
    return area_id == above


def _summed(counts: Counter, tree: dict[int, Place]) -> Counter:
    """Each area's own number and that of everything below it."""
    total = Counter(counts)
    for area_id, number in counts.items():
        above = tree[area_id].parent_id if area_id in tree else None
        while above in tree:
            total[above] += number
            above = tree[above].parent_id
    return total


def _liaisons(ledger: Ledger, on: dt.date) -> Counts:
    """Villages in which somebody holds the village liaison's role on the day."""
    return ledger.liaisons(on), Counter()


def _fully_officered(ledger: Ledger, on: dt.date) -> Condition:
    short = ledger.short_of_officers(on)
    officers = cache(lambda: ledger.officers(on, short))  # only a list says which posts

    def words(fact: Fact) -> str:
        required = ledger.required(on).get(fact.kind, ())
        empty = [p.post for p in required if officers().get((fact.pk, p.post), 0) < p.minimum]
        return f"缺配：{'、'.join(empty)}"

    return Condition(lambda fact: fact.pk in short, words)


def _confirmed_lately(ledger: Ledger, on: dt.date) -> Condition:
    stale = ledger.unconfirmed(on, on - dt.timedelta(days=settings.ROSTER_RED_DAYS))
    confirmed = cache(lambda: ledger.confirmed(on, stale))

    def words(fact: Fact) -> str:
        last = confirmed().get(fact.pk)
        return f"{(on - dt.date.fromisoformat(last)).days} 天未核实" if last else "从未核实"

    return Condition(lambda fact: fact.pk in stale, words)


def in_time(act: str) -> Callable[[Ledger, dt.date], Condition]:
    """Whether what is due of a row (an election, a yearly review) was not due before the day."""

    def holds(ledger: Ledger, on: dt.date) -> Condition:
        day = on.isoformat()
        return Condition(lambda fact: bool(fact.due and fact.due < day), lambda fact: f"应于 {fact.due} {act}")

    return holds


def _election_near(ledger: Ledger, on: dt.date) -> list[tuple[Fact, int]]:
    """Organizations whose election is due within settings.ELECTION_NOTICE_DAYS."""
    first, last = on.isoformat(), (on + dt.timedelta(days=settings.ELECTION_NOTICE_DAYS)).isoformat()
    return [pair for pair in ledger.standing(ORGANIZATIONS, on) if pair[0].due and first <= pair[0].due <= last]


def meets(standard: str) -> Callable[[Ledger, dt.date], Condition]:
    """Whether a row's last check by a standard was passed."""

    def holds(ledger: Ledger, on: dt.date) -> Condition:
        passed = ledger.passed(standard, on)
        return Condition(
            lambda fact: not passed.get((fact.source, fact.pk)),
            lambda fact: "未达标" if (fact.source, fact.pk) in passed else "未核查",
        )

    return holds


def number_of(name: str, label: str, source: str, kinds: Collection[str] = (), group: str = "组织") -> RowMeasure:
    """A plain number of register rows, such as 31 示范区."""
    return RowMeasure(name, label, "个", rows_of(source, kinds), group=group)


VILLAGES, TOWNSHIPS = Scope(villages=True), Scope(townships=True)
Kind = Organization.Kind

register(
    Measure("village_organization", "村级组织覆盖", "个村（社区）", counted(ORGANIZATIONS), VILLAGES),
    Measure("township_council", "镇级组织覆盖", "个乡镇", counted(ORGANIZATIONS, Organization.COUNCILS), TOWNSHIPS),
    Measure("township_chamber", "乡镇商会覆盖", "个乡镇", counted(ORGANIZATIONS, [Kind.TOWNSHIP_CHAMBER]), TOWNSHIPS),
    Measure("village_liaisons", "有联络员账号的村（社区）", "个村（社区）", _liaisons, VILLAGES),
    RowMeasure("roster_complete", "应配职务配齐的组织", "个组织", rows_of(ORGANIZATIONS), _fully_officered),
    RowMeasure("roster_fresh", "花名册按期核实的组织", "个组织", rows_of(ORGANIZATIONS), _confirmed_lately),
    RowMeasure("eight_haves", "“八有”达标的组织", "个组织", rows_of(ORGANIZATIONS), meets("eight_haves")),
    RowMeasure("elections_in_time", "按期换届的组织", "个组织", rows_of(ORGANIZATIONS), in_time("换届")),
    RowMeasure("elections_near", "临近换届的组织", "个组织", _election_near),
    number_of("organizations", "基层统战组织", ORGANIZATIONS),
    number_of("chambers", "基层商会、协会", ORGANIZATIONS, Organization.CHAMBERS),
    number_of("township_councils", "镇级乡贤理事会", ORGANIZATIONS, [Kind.TOWNSHIP_COUNCIL]),
    number_of("street_associations", "街道统战人士协会", ORGANIZATIONS, [Kind.STREET_ASSOCIATION]),
    number_of("village_fellowships", "村乡贤联谊会", ORGANIZATIONS, [Kind.VILLAGE_FELLOWSHIP]),
    number_of("community_fellowships", "社区统战人士联谊会", ORGANIZATIONS, [Kind.COMMUNITY_FELLOWSHIP]),
)
