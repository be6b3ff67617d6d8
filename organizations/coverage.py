"""Coverage of an area by its county's goals on a day: figures, the list behind each, what was frozen, what changed."""

import datetime as dt
import hashlib
import json
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.db.models.fields.json import KeyTransform

from organizations.ledger import Ledger, Place
from organizations.measures import MEASURES, Figure, Item, Scope
from organizations.models import Area, AreaSuccession, CoverageGoal, FrozenFigures, Level
from portal.audit.models import Action, record


@dataclass(frozen=True)
class Line:
    """One goal or measure of an area on a day."""

    key: str  # "goal-3" or a measure's name
    title: str
    counted_in: str
    figure: Figure
    frozen: bool = False

    @property
    def achieved(self) -> int:
        return self.figure.achieved

    @property
    def target(self) -> int:
        return self.figure.target


class Coverage:
    """Figures of `area` for `days`; read once, then asked for any goal, measure and area below.

    A day on which a quarter was published and frozen is answered from what was frozen, not from the registers.
    """

    def __init__(self, area: Area, days: Iterable[dt.date], *, live: bool = False):
        self.area, self.days, self.live = area, sorted(set(days)), live
        self.ledger = Ledger(area, self.days)
        self._items: dict[tuple[str, dt.date], list[Item]] = {}
        self._grouped: dict[tuple[str, dt.date], dict[int | None, list[Item]]] = {}
        self._summaries: dict[str, dict[int, dict[str, list[int]] | None]] = {}
        self._lists: dict[dt.date, dict[str, list]] = {}
        self.foreseen = ""  # what a trend will ask of every day: its frozen sums come along with the days
        self._targets: dict[Hashable, Counter] = {}
        self._counted: dict[tuple, tuple[Counter, Counter]] = {}
        self._known: dict[str, tuple[str, str, Any, Scope | None]] = {}

    def goals(self, on: dt.date) -> list[CoverageGoal]:
        """The county's goals in force on `on`."""
        return [goal for goal in self._goals if goal.holds_on(on)]

    def line(self, key: str, on: dt.date, within: int | None = None) -> Line:
        """A goal ("goal-<pk>") or a measure (its name), whole or for one area (id) below."""
        title, counted_in, _, _ = self._asked(key)
        figure = Figure(self.items(key, on) if within in {None, self.area.pk} else self._below(key, on).get(within, []))
        return Line(key, title, counted_in, figure, frozen=self.is_frozen(on))

    def lines(self, on: dt.date) -> list[Line]:
        """Every goal in force, in its order."""
        return [self.line(f"goal-{goal.pk}", on) for goal in self.goals(on)]

    def share(self, key: str, on: dt.date, within: int | None = None) -> tuple[int, int]:
        """(achieved, target) alone; of a frozen day without its lists, so that a trend over years stays cheap."""
        frozen = self._frozen_sums(key, on) if self.is_frozen(on) else None
        if frozen is not None:
            found = frozen.get(str(within or self.area.pk))
            if found is not None:
                return found[0], found[1]
            line = self.line(key, on, within)
            return line.achieved, line.target
        return self._counts(key, on, within or self.area.pk)

    def _counts(self, key: str, on: dt.date, area_id: int) -> tuple[int, int]:
        """(achieved, target) of one area, from sums that are carried up the tree once a day and measure."""
        _, _, measure, scope = self._asked(key)
        asked = (measure.name, scope, on)
        if asked not in self._counted:
            tally, tree = measure.tally(self.ledger, on, scope), self.ledger.tree(on)
            if tally.of not in self._targets:
                self._targets[tally.of] = _carried(tally.asked, tree)
            self._counted[asked] = self._targets[tally.of], _carried(tally.lacking, tree)
        targets, lacking = self._counted[asked]
        return targets[area_id] - lacking[area_id], targets[area_id]

    def items(self, key: str, on: dt.date) -> list[Item]:
        """The list behind a figure."""
        if (key, on) not in self._items:
            if self.is_frozen(on) and self._frozen_sums(key, on) is not None:
                tree = self.ledger.tree(on)
                items = [Item(*row) for row in self._frozen_items(on)[key]]
                self._items[key, on] = [item for item in items if item.area_id in tree]
            else:
                _, _, measure, scope = self._asked(key)
                self._items[key, on] = measure.items(self.ledger, on, scope)
        return self._items[key, on]

    def _below(self, key: str, on: dt.date) -> dict[int | None, list[Item]]:
        """Area id → the items that stand in it or below it."""
        if (key, on) not in self._grouped:
            grouped: dict[int | None, list[Item]] = {}
            tree = self.ledger.tree(on)
            for item in self.items(key, on):
                above: int | None = item.area_id
                while above in tree:
                    grouped.setdefault(above, []).append(item)
                    above = tree[above].parent_id
            self._grouped[key, on] = grouped
        return self._grouped[key, on]

    def is_frozen(self, on: dt.date) -> bool:
        return not self.live and on in self._frozen

    def title_of(self, key: str) -> str:
        return self._asked(key)[0]

    def minimum_of(self, key: str) -> int:
        """How many of something an area must have."""
        _, _, measure, scope = self._asked(key)
        return (scope or measure.scope).minimum

    def measure_of(self, key: str) -> Any:
        """The measure that a goal or a measure's name counts by."""
        return self._asked(key)[2]

    def _asked(self, key: str) -> tuple[str, str, Any, Scope | None]:
        """Title, unit of count, measure and scope of a goal or a measure."""
        if key not in self._known:
            self._known[key] = self._looked_up(key)
        return self._known[key]

    def _looked_up(self, key: str) -> tuple[str, str, Any, Scope | None]:
        if not key.startswith("goal-"):
            measure = MEASURES[key]
            return measure.label, measure.counted_in, measure, None
        goal = next(goal for goal in self._goals if f"goal-{goal.pk}" == key)
        scope: Scope | None = Scope(goal.townships, goal.villages, goal.bodies, frozenset(goal.kinds), goal.minimum)
        if scope == getattr(MEASURES[goal.measure], "scope", None):
            scope = None
        return goal.title, MEASURES[goal.measure].counted_in, MEASURES[goal.measure], scope

    @cached_property
    def _goals(self) -> list[CoverageGoal]:
        return list(CoverageGoal.objects.filter(area__tree_code=self.area.tree_code[:6]))

    @cached_property
    def _frozen(self) -> dict[dt.date, int]:
        """Day → the last frozen figures of it (id); what they say is read when it is asked."""
        rows = FrozenFigures.objects.filter(area__tree_code=self.area.tree_code[:6], on__in=self.days).order_by("pk")
        if not self.foreseen:
            return dict(rows.values_list("on", "pk"))
        found = list(rows.values_list("on", "pk", KeyTransform(self.foreseen, "summary")))
        self._summaries[self.foreseen] = {pk: sums for _, pk, sums in found}
        return {on: pk for on, pk, _ in found}

    def _frozen_sums(self, key: str, on: dt.date) -> dict[str, list[int]] | None:
        """Area id → [achieved, target] of a frozen day; None where this goal or measure was not frozen.

        A trend asks all days for one key; who asks for a second key is told everything.
        """
        if key not in self._summaries:
            rows = FrozenFigures.objects.filter(pk__in=self._frozen.values()).order_by()
            if self._summaries:
                everything = dict(rows.values_list("pk", "summary"))
                keys = {name for summary in everything.values() for name in summary} | {key}
                self._summaries.update({k: {pk: said.get(k) for pk, said in everything.items()} for k in keys})
            else:
                self._summaries[key] = dict(rows.values_list("pk", KeyTransform(key, "summary")))
        return self._summaries[key][self._frozen[on]]

    def _frozen_items(self, on: dt.date) -> dict[str, list]:
        if on not in self._lists:
            self._lists[on] = FrozenFigures.objects.values_list("items", flat=True).get(pk=self._frozen[on])
        return self._lists[on]


def default_goals(county: Area, *, since: dt.date) -> list[CoverageGoal]:
    """The six of domain.md ("Coverage and blind spots"), unsaved."""
    rows: Sequence[tuple[str, dict[str, Any]]] = [
        ("镇级组织全覆盖", {"townships": True, "measure": "township_council"}),
        ("商会全覆盖", {"townships": True, "measure": "township_chamber"}),
        ("村级组织全覆盖", {"villages": True, "measure": "village_organization"}),
        ("联络站点全覆盖", {"townships": True, "villages": True, "bodies": True, "measure": "liaison_place"}),
        ("活动场所全覆盖", {"townships": True, "measure": "venues", "minimum": 3}),
        ("活动室全覆盖", {"villages": True, "measure": "activity_room"}),
    ]
    return [
        CoverageGoal(area=county, number=n, title=title, since=since, **rest) for n, (title, rest) in enumerate(rows, 1)
    ]


@transaction.atomic
def freeze(county: Area, on: dt.date, *, by: Any, basis: str) -> FrozenFigures:
    """Keep a county's figures of `on` as they are counted now; called when a quarter is published."""
    if county.level != Level.COUNTY:
        raise ValidationError("只能按县（市）冻结覆盖数据。")
    coverage = Coverage(county, [on], live=True)
    keys = [f"goal-{goal.pk}" for goal in coverage.goals(on)] + list(MEASURES)
    items = {key: [list(item) for item in coverage.items(key, on)] for key in keys}
    summary = {key: _sums(coverage.items(key, on), coverage.ledger.tree(on)) for key in keys}
    text = json.dumps([str(on), items], ensure_ascii=False, sort_keys=True)
    frozen = FrozenFigures.objects.create(
        area=county,
        on=on,
        by=by,
        basis=basis,
        summary=summary,
        items=items,
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )
    record(by, Action.CLOSED, frozen, words=f"冻结 {county} {on} 的覆盖数据，依据：{basis}")
    return frozen


def changes_between(area: Area, first: dt.date, second: dt.date) -> list[tuple[str, list[str], list[str]]]:
    """What changed between two days: (title, what is new, what is gone) for the tree and each register."""
    ledger = Ledger(area, [first, second])
    before, after = ledger.tree(first), ledger.tree(second)
    found = [("行政区划", _names(after, before), _names(before, after))]
    renamed = [
        f"{before[pk].name} → {after[pk].name}"
        for pk in before.keys() & after.keys()
        if before[pk].name != after[pk].name
    ]
    found += [("行政区划更名", sorted(renamed), [])] if renamed else []
    merged = _successions(area, first, second)
    found += [("行政区划合并、承接", merged, [])] if merged else []
    for name in ("organizations", "stations", "points", "sites", "demonstration_sites", "demonstration_organizations"):
        measure = MEASURES[name]
        then, now = ({i.pk: i for i in measure.items(ledger, day)} for day in (first, second))
        new = [now[pk].name for pk in now if pk not in then]
        gone = [then[pk].name for pk in then if pk not in now]
        if new or gone:
            found.append((measure.label, new, gone))
    return found


def _successions(area: Area, first: dt.date, second: dt.date) -> list[str]:
    """ "东镇 → 西镇" for every area of the tree that another one took over, or that took one over, between the two days."""
    lo, hi = area.code_range()
    pairs = AreaSuccession.objects.filter(change__on__gt=first, change__on__lte=second)
    ours = pairs.filter(
        Q(predecessor__tree_code__gte=lo, predecessor__tree_code__lt=hi)
        | Q(successor__tree_code__gte=lo, successor__tree_code__lt=hi)
    )
    return [
        f"{pair.predecessor} → {pair.successor}"
        for pair in ours.select_related("predecessor", "successor").order_by("pk")
    ]


def quarter_ends(until: dt.date, count: int) -> list[dt.date]:
    """The last `count` quarter ends before `until`, oldest first."""
    ends, day = [], until.replace(month=(until.month + 2) // 3 * 3 - 2, day=1) - dt.timedelta(days=1)
    while len(ends) < count:
        ends.append(day)
        day = day.replace(month=day.month - 2, day=1) - dt.timedelta(days=1)
    return ends[::-1]


def _sums(items: Sequence[Item], tree: dict[int, Place]) -> dict[str, list[int]]:
    """Area id → [achieved, target] of the county and of each township."""
    sums = {str(place.area_id): [0, 0] for place in tree.values() if place.level < Level.VILLAGE}
    for item in items:
        above: int | None = item.area_id
        while above in tree:
            if str(above) in sums:
                sums[str(above)][0] += item.has
                sums[str(above)][1] += 1
            above = tree[above].parent_id
    return sums


def _carried(counts: Counter, tree: dict[int, Place]) -> Counter:
    """Each area's own count and that of everything below it."""
    total: Counter = Counter()
    here = total.get
    for area_id, number in counts.items():
        above: int | None = area_id
        while above in tree:
            total[above] = here(above, 0) + number  # a Counter's own += asks twice
            above = tree[above].parent_id
    return total


def _names(these: dict, those: dict) -> list[str]:
    return [place.name for pk, place in these.items() if pk not in those]
