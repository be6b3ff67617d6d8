"""What the registers of an area say on given days, read in a fixed number of queries whatever the number of rows.

A figure needs the tree of the day (AreaVersion), the rows in force on the day and where each stood on it (FormerPlace).
All of it is loaded once for all days that a page shows; the days are then counted in memory.
"""

import datetime as dt
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache, cached_property
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import CharField, Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce

from organizations.models import (
    Area,
    AreaSuccession,
    AreaVersion,
    Check,
    FormerPlace,
    Level,
    Membership,
    Organization,
    RequiredPost,
    RosterConfirmation,
    Unit,
)
from portal.accounts.models import Grant
from portal.accounts.roles import Role
from portal.kit.fields import AnyOf
from portal.kit.scope import code_range

ORGANIZATION = "organizations.organization"


class Place(NamedTuple):
    """An area as it was from `since` to `until` (ISO days: text compares as days do, and costs no conversion)."""

    area_id: int
    parent_id: int | None
    tree_code: str
    code: str
    name: str
    level: int
    kind: str
    counted: bool
    since: str
    until: str | None


class Fact(NamedTuple):
    """One row of a register: its life (ISO days), the place where it stands today, and when it is next due.

    due: the next election of an organization, the next yearly review of a title, the last day of a request's answer.
    done: the day on which what was due was done.
    """

    source: str
    pk: int
    area_id: int
    unit_id: int | None
    kind: str
    name: str
    since: str
    until: str | None
    due: str | None = None
    done: str | None = None


# source → every row of a register as facts; the apps above add their own (outreach/measures.py)
SOURCES: dict[str, Callable[[], QuerySet]] = {
    ORGANIZATION: lambda: facts_of(Organization.objects.all(), due=F("next_election_on")),
}
APART: set[str] = set()  # sources read in a query of their own, when they are asked for
# what is held on a day and counted by the quarter; outreach adds its activities and visits
PERIODS: dict[str, Callable[[], QuerySet]] = {}


class Held(NamedTuple):
    """One thing held on a day (ISO), with the place where it stands today."""

    source: str
    pk: int
    area_id: int
    unit_id: int | None
    kind: str
    on: str


@cache
def facts_in(source: str) -> QuerySet:
    """A register's rows as facts, put together once: filtering it copies less than making it anew."""
    return SOURCES[source]()


def facts_of(queryset: QuerySet, **columns: Any) -> QuerySet:
    """A register's rows as facts; `columns` replaces the row's own kind, name, since or until, or says what is due and done."""
    own = {name: F(name) for name in ("kind", "name", "since", "until") if name not in columns}
    chosen = {"due": Value(None, CharField()), "done": Value(None, CharField()), **own, **columns}
    texts = {f"_{name}": Cast(chosen[name], CharField()) for name in Fact._fields[4:]}
    label = Value(queryset.model._meta.label_lower)
    return (
        queryset.order_by().annotate(_source=label, **texts).values_list("_source", "pk", "area_id", "unit_id", *texts)
    )


def held_of(queryset: QuerySet, kind: str) -> QuerySet:
    """What was held as rows of Held; kind: the column that says what it was."""
    texts = {"_kind": Cast(F(kind), CharField()), "_on": Cast(F("on"), CharField())}
    label = Value(queryset.model._meta.label_lower)
    return (
        queryset.order_by().annotate(_source=label, **texts).values_list("_source", "pk", "area_id", "unit_id", *texts)
    )


TRUE = {"1", "true"}  # a passed check as text, as SQLite and PostgreSQL write it: cheaper than a converted value


def quarter_start(on: dt.date) -> dt.date:
    """The first day of the quarter in which `on` lies."""
    return on.replace(month=(on.month + 2) // 3 * 3 - 2, day=1)


# what stands in compiled SQL where an area, its county or a day comes
LOWEST, HIGHEST, COUNTY, NOWHERE = "<lowest code>", "<highest code>", "<county's code>", -1
FIRST, LAST = dt.date(1, 1, 2), dt.date(1, 1, 3)


def _within(path: str, lo: str, hi: str) -> Q:
    areas = AreaVersion.objects.filter(tree_code__gte=lo, tree_code__lt=hi).order_by().values("area")
    return Q(**{f"{path}__in": areas})


def _union(querysets: Iterable[QuerySet]) -> QuerySet:
    first, *others = querysets
    return first.union(*others, all=True) if others else first


Among = Callable[[str], Q]  # the condition "is an area that ever stood here" for the area reached by a path


def _registers(among: Among) -> QuerySet:
    """The registers that pages ask for together."""
    return _union(facts_in(source).filter(among("area")) for source in SOURCES if source not in APART)


def _former_places(among: Among) -> QuerySet:
    """Where the rows stood that ever stood here and have moved, and where those stood that came."""
    came = AreaSuccession.objects.filter(among("successor")).order_by().values("predecessor")
    here = FormerPlace.objects.filter(among("area") | Q(area__in=came)).order_by()
    rows = FormerPlace.objects.filter(among("area") | Q(object_id__in=here.values("object_id")))
    days = (Cast(name, CharField()) for name in ("since", "until"))
    return rows.values_list("register", "object_id", *days, "area_id")


def _done_checks(among: Among, moved: Q | None = None) -> QuerySet:
    """(standard, register, row id, day, passed), oldest first; a check goes where its row goes."""
    rows = Check.objects.done().filter(among("area") | moved if moved else among("area")).order_by("on", "pk")
    day, passed = Cast("on", CharField()), Cast("passed", CharField())
    return rows.values_list("version_checked__standard__code", "register", "object_id", day, passed)


def _versions(where: Q) -> QuerySet:
    """Areas as they were, as rows of Place."""
    days = (Cast(name, CharField()) for name in ("since", "until"))
    rows = AreaVersion.objects.filter(where).order_by("tree_code", "pk")
    return rows.values_list(*Place._fields[:-2], *days)


def _short_of_officers(here: Q, county: str, on: dt.date) -> QuerySet:
    """The organizations in which a required post had too few holders on `on`; most posts are asked for one."""
    held = Membership.objects.filter(organization=OuterRef(OuterRef("pk")), post=OuterRef("post")).in_force(on)
    number = held.order_by().values("organization").annotate(number=Count("pk")).values("number")
    required = RequiredPost.objects.filter(area__tree_code=county, kind=OuterRef("kind")).in_force(on)
    fewer = Q(minimum__gt=1) & Q(minimum__gt=Coalesce(Subquery(number), 0))
    short = required.filter(~Exists(held) | fewer)
    return Organization.objects.filter(here).filter(Exists(short)).order_by().values_list("pk")


def _unconfirmed(here: Q, since: dt.date, on: dt.date) -> QuerySet:
    """The organizations whose roster nobody confirmed from `since` to `on`."""
    lately = RosterConfirmation.objects.filter(organization=OuterRef("pk"), on__gte=since, on__lte=on)
    return Organization.objects.filter(here).filter(~Exists(lately)).order_by().values_list("pk")


def _held_in(periods: Iterable[QuerySet], first: dt.date, last: dt.date) -> QuerySet:
    """What was held from `first` to `last`: one span, which the index of area and day answers."""
    return _union(rows.filter(on__gte=first, on__lte=last) for rows in periods)


# what every page of figures reads
ASKED: dict[str, Callable[[Among], QuerySet]] = {
    "versions": lambda among: _versions(Q(tree_code__gte=LOWEST, tree_code__lt=HIGHEST)),
    "registers": _registers,
    "former": _former_places,
    "checks": _done_checks,
    "short": lambda among: _short_of_officers(among("area"), COUNTY, LAST),
    "held": lambda among: _held_in((period().filter(among("area")) for period in PERIODS.values()), FIRST, LAST),
    "unconfirmed": lambda among: _unconfirmed(among("area"), FIRST, LAST),
}


@cache
def _compiled(name: str, vendor: str) -> tuple[str, tuple]:
    """SQL and parameters of what every page of figures reads: compiling it takes longer than reading the rows."""

    def among(path: str) -> Q:
        return Q(AnyOf(path, [NOWHERE])) if vendor == "postgresql" else _within(path, LOWEST, HIGHEST)

    return ASKED[name](among).query.get_compiler(DEFAULT_DB_ALIAS).as_sql()


class Ledger:
    """The registers of `area` and of everything that ever stood below it, for `days`."""

    def __init__(self, area: Area, days: Iterable[dt.date]):
        self.area, self.days = area, sorted(set(days))
        self._trees: dict[tuple[int, int], dict[int, Place]] = {}
        self._standing: dict[tuple, list[tuple[Fact, int]]] = {}
        self._ends: dict[str, tuple[list[str], list[str]]] = {}
        self._periods: dict[dt.date, dict[str, list[Held]]] = {}
        self._apart: dict[str, list[Fact]] = {}
        self.known: dict[Any, Any] = {}  # what measures worked out for a day and may ask again

    def tree(self, on: dt.date) -> dict[int, Place]:
        """Area id → what it was, for `area` and all below it on `on`; the same object for days between two changes."""
        day = on.isoformat()
        begun, ended = self._turns
        known = bisect_right(begun, day), bisect_left(ended, day)
        if known not in self._trees:
            here = (p for p in self._places if p.since <= day and (p.until is None or p.until >= day))
            self._trees[known] = {place.area_id: place for place in here}
        return self._trees[known]

    def standing(self, source: str, on: dt.date) -> list[tuple[Fact, int]]:
        """(row, area id) of the rows of a register that were in force on `on`, at the place of that day."""
        moment = self._moment(source, on)
        if moment not in self._standing:
            day, tree = on.isoformat(), self.tree(on)
            facts = (f for f in self._facts_of(source) if f.since <= day and (f.until is None or f.until >= day))
            if source in self._moved:
                found = [(fact, self.place_of(source, fact.pk, fact.area_id, on)) for fact in facts]
            else:
                found = [(fact, fact.area_id) for fact in facts]
            self._standing[moment] = [pair for pair in found if pair[1] in tree]
        return self._standing[moment]

    def _moment(self, source: str, on: dt.date) -> tuple:
        """What tells two days apart for a register: days between which nothing began, ended or moved are one moment."""
        if source not in self._ends:
            facts = self._facts_of(source)
            self._ends[source] = sorted({f.since for f in facts}), sorted({f.until for f in facts if f.until})
        day = on.isoformat()
        turns = tuple(
            bisect(days, day)
            for (begun, ended) in (self._ends[source], self._turns)
            for bisect, days in ((bisect_right, begun), (bisect_left, ended))
        )
        return source, turns, on if source in self._moved else None

    def counts(self, source: str, on: dt.date) -> dict[str, tuple[Counter, Counter]]:
        """Kind → how many rows of it stood at each area and at each body on `on`; a body's rows are not its area's."""
        known = "counts", self._moment(source, on)
        if known not in self.known:
            found: dict[str, tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
            for fact, area_id in self.standing(source, on):
                if fact.unit_id is None:
                    found[fact.kind][0].append(area_id)
                else:
                    found[fact.kind][1].append(fact.unit_id)
            self.known[known] = {kind: (Counter(areas), Counter(units)) for kind, (areas, units) in found.items()}
        return self.known[known]

    def place_of(self, source: str, pk: int, today: int, on: dt.date) -> int:
        """Where a row stood on `on`: its place today, unless it has moved since."""
        places = self._former.get((source, pk))
        if places:
            day = on.isoformat()
            for since, until, area_id in places:
                if since <= day <= until:
                    return area_id
        return today

    def units(self, on: dt.date) -> list[Unit]:
        """The county-level bodies in being on `on`; none below the county."""
        if self.area.level != Level.COUNTY:
            return []
        return [unit for unit in self._bodies if unit.holds_on(on)]

    def held(self, period: str, on: dt.date, kinds: Collection[str] = ()) -> tuple[Counter, Counter]:
        """How many were held from the quarter's first day to `on`: by area of that day, by the body that held them."""
        by_area, by_unit = Counter(), Counter()
        for row, area_id in self.rows_held(period, on):
            if not kinds or row.kind in kinds:
                if row.unit_id is not None:
                    by_unit[row.unit_id] += 1
                else:
                    by_area[area_id] += 1
        return by_area, by_unit

    def rows_held(self, period: str, on: dt.date) -> list[tuple[Held, int]]:
        """(what was held from the quarter's first day to `on`, the area in which it stood on its day)."""
        rows = self._held(on).get(period, [])
        if period not in self._moved:
            return [(row, row.area_id) for row in rows]
        return [(row, self.place_of(period, row.pk, row.area_id, dt.date.fromisoformat(row.on))) for row in rows]

    def officers(self, on: dt.date, organizations: Collection[int]) -> dict[tuple[int, str], int]:
        """(organization id, post) → how many held a required post of one of `organizations` on `on`."""
        posts = {post.post for post in self._required}
        rows = Membership.objects.filter(organization__in=organizations, post__in=posts).in_force(on)
        counted = rows.order_by().values_list("organization_id", "post").annotate(number=Count("pk"))
        return {(organization, post): number for organization, post, number in counted}

    def short_of_officers(self, on: dt.date) -> set[int]:
        """The organizations in which a required post had too few holders on `on`: few rows, found by the database."""
        if ORGANIZATION in self._moved:
            rows: Iterable[tuple] = _short_of_officers(self._here(ORGANIZATION), self.area.tree_code[:6], on)
        else:
            rows = self._read("short", last=on)
        return {pk for (pk,) in rows}

    def required(self, on: dt.date) -> dict[str, list[RequiredPost]]:
        """Kind of organization → the posts that had to be filled on `on`."""
        found = defaultdict(list)
        for post in self._required:
            if post.holds_on(on):
                found[post.kind].append(post)
        return found

    def unconfirmed(self, on: dt.date, since: dt.date) -> set[int]:
        """The organizations whose roster nobody confirmed from `since` to `on`."""
        if ORGANIZATION in self._moved:
            rows: Iterable[tuple] = _unconfirmed(self._here(ORGANIZATION), since, on)
        else:
            rows = self._read("unconfirmed", first=since, last=on)
        return {pk for (pk,) in rows}

    def confirmed(self, on: dt.date, organizations: Collection[int]) -> dict[int, str]:
        """Organization id → the last day (ISO) up to `on` on which its roster was confirmed; of `organizations` only."""
        rows = RosterConfirmation.objects.filter(organization__in=organizations, on__lte=on)
        return dict(rows.order_by().values_list("organization_id").annotate(last=Cast(Max("on"), CharField())))

    def liaisons(self, on: dt.date) -> Counter:
        """Area id → how many active accounts held the village liaison's role there on `on`."""
        return Counter(area for area, since, until in self._liaisons if since <= on and (until is None or until >= on))

    def passed(self, standard: str, on: dt.date) -> dict[tuple[str, int], bool]:
        """(register, row id) → whether its last check by a standard up to `on` was passed."""
        limit = on.isoformat()
        rows = self._checks.get(standard, ())  # oldest first
        return {(register, pk): passed in TRUE for _, register, pk, day, passed in rows if day <= limit}

    @cached_property
    def _codes(self) -> tuple[str, str]:
        return code_range(self.area.tree_code)

    @cached_property
    def _places(self) -> list[Place]:
        """A village came under another code whenever its township changed, so it is asked for by itself."""
        rows = _versions(Q(area=self.area)) if self.area.level == Level.VILLAGE else self._read("versions")
        return [Place(*row) for row in rows]

    @cached_property
    def _turns(self) -> tuple[list[str], list[str]]:
        """The days on which a version began, and those on which one ended, in order."""
        begun, ended = {place.since for place in self._places}, {place.until for place in self._places if place.until}
        return sorted(begun), sorted(ended)

    def _among(self, path: str) -> Q:
        """The condition "is an area that ever stood here" for the area reached by `path`.

        As keys on PostgreSQL, which with a subquery reads whole tables of all counties; as a subquery on SQLite, which
        takes the index either way and has less to read.
        """
        if connection.vendor == "postgresql":
            return Q(AnyOf(path, self._areas))
        return _within(path, *self._codes)

    @cached_property
    def _areas(self) -> list[int]:
        return sorted({place.area_id for place in self._places})

    @cached_property
    def _former(self) -> dict[tuple[str, int], list[tuple[str, str, int]]]:
        """(register, row id) → (since, until, area id) of the places where it stood before (ISO days)."""
        found = defaultdict(list)
        for row in self._read("former"):
            found[row[0], row[1]].append(row[2:])
        return dict(found)

    @cached_property
    def _moved(self) -> set[str]:
        """The registers of which a row stood elsewhere once."""
        return {register for register, _ in self._former}

    def here(self, source: str, on: dt.date) -> Q:
        """The condition "stood here on `on`" for rows of a register, for a queryset that reads them whole."""
        tree = self.tree(on)
        moved = {pk for label, pk in self._former if label == source}
        then = [pk for pk in moved if self.place_of(source, pk, 0, on) in tree]
        now = [pk for pk in moved if self.place_of(source, pk, 0, on) == 0]
        here = Q(area__in=list(tree))
        gone = moved - set(now)
        return (here & ~Q(pk__in=gone)) | Q(pk__in=then) if gone else here

    def _here(self, source: str, prefix: str = "") -> Q:
        """The condition "stands or ever stood here" for rows of a register."""
        here = self._among(f"{prefix}area")
        moved = [pk for label, pk in self._former if label == source]
        return here | Q(**{f"{prefix}pk__in": moved}) if moved else here

    def _facts_of(self, source: str) -> Sequence[Fact]:
        """The rows of a register; the small ones come in one query, a large one that few pages ask for in its own."""
        if source in APART:
            if source not in self._apart:
                self._apart[source] = [Fact(*row) for row in facts_in(source).filter(self._here(source))]
            return self._apart[source]
        return self._facts.get(source, ())

    @cached_property
    def _facts(self) -> dict[str, list[Fact]]:
        """The registers that pages ask for together, in one query."""
        together = [source for source in SOURCES if source not in APART]
        if self._moved.isdisjoint(together):
            rows = self._read("registers")
        else:
            rows = _union(facts_in(source).filter(self._here(source)) for source in together)
        found = defaultdict(list)
        for fact in map(Fact._make, rows):
            found[fact.source].append(fact)
        return found

    def _read(self, name: str, first: dt.date | None = None, last: dt.date | None = None) -> list[tuple]:
        """The rows of compiled SQL, with this area and these days where they come."""
        sql, parameters = _compiled(name, connection.vendor)
        lo, hi = self._codes
        meant = {LOWEST: lo, HIGHEST: hi, COUNTY: self.area.tree_code[:6], FIRST: first, LAST: last}
        meant |= {str(FIRST): str(first), str(LAST): str(last)}  # as SQLite takes days
        values = [self._areas if part == [NOWHERE] else meant.get(part, part) for part in parameters]
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall()

    def _held(self, on: dt.date) -> dict[str, list[Held]]:
        """Period → what was held in the quarter of a day up to it, all in one query.

        A page compares its last two days; who asks for more gets all.
        """
        if on not in self._periods:
            days = self.days[-2:] if on in self.days[-2:] else [on]
            if self._periods:
                days = [day for day in {*self.days, on} if day not in self._periods]
            found = [Held(*row) for row in self._held_within(min(map(quarter_start, days)), max(days))]
            for day in days:
                begun, last = quarter_start(day).isoformat(), day.isoformat()
                self._periods[day] = defaultdict(list)
                for row in found:
                    if begun <= row.on <= last:
                        self._periods[day][row.source].append(row)
        return self._periods[on]

    def _held_within(self, first: dt.date, last: dt.date) -> Iterable[tuple]:
        if self._moved.isdisjoint(PERIODS):
            return self._read("held", first, last)
        return _held_in((PERIODS[period]().filter(self._here(period)) for period in PERIODS), first, last)

    @cached_property
    def _bodies(self) -> list[Unit]:
        lo, hi = self._codes
        return list(Unit.objects.filter(area__tree_code__gte=lo, area__tree_code__lt=hi, kind=Unit.Kind.BODY))

    @cached_property
    def _required(self) -> list[RequiredPost]:
        return list(RequiredPost.objects.filter(area__tree_code=self.area.tree_code[:6]))

    @cached_property
    def _liaisons(self) -> list[tuple[int, dt.date, dt.date | None]]:
        grants = Grant.objects.filter(role=Role.VILLAGE, confirmed_at__isnull=False, user__is_active=True)
        held = grants.filter(self._among("area")).order_by()
        return list(held.values_list("area_id", "since", "until"))

    @cached_property
    def _checks(self) -> dict[str, list[tuple[str, str, int, str, str]]]:
        if self._former:
            registers, keys = zip(*self._former, strict=True)
            rows = _done_checks(self._among, Q(register__in=set(registers), object_id__in=keys))
        else:
            rows = self._read("checks")
        found = defaultdict(list)
        for row in rows:
            found[row[0]].append(row)
        return found
