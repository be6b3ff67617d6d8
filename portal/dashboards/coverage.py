"""The coverage pages put together: figures, matrix, tiles, trend, ranking, what needs attention; every number a link."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, cached_property
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import Count, Q
from django.urls import reverse
from django.utils import timezone

from assessments.models import Publication, Quarter, Result, SelfReport, UnitClass
from assessments.scoring import plain
from organizations.coverage import Coverage, quarter_ends
from organizations.ledger import Place
from organizations.measures import MEASURES, Item, Measure, may_ask
from organizations.models import Area, Level
from portal.kit.charts import Bar, Cell, Matrix, Point, Row, Series, Skipped, Tile, ends
from portal.kit.templatetags.kit import whole_percent

QUARTERS = 8
CHINESE = "一二三四"
# key, what the change is counted in ("": more is no better), whether there is a target
COUNTY_FIGURES = [
    ("village_organization", "个村", True), ("village_site", "个村", True), ("township_chamber", "个乡镇", True),
    ("demonstration_sites", "个", False), ("village_activities", "个村", True), ("officials_paired", "人", True),
    ("visits_made", "次", False), ("requests_waiting", "", False),
]  # fmt: skip
TOWNSHIP_FIGURES = [
    ("village_organization", "个村", True), ("village_site", "个村", True), ("activity_room", "个村", True),
    ("organizations", "个", False), ("demonstration_sites", "个", False), ("village_activities", "个村", True),
    ("visits_made", "次", False), ("requests_waiting", "", False),
]  # fmt: skip
STANDARDS = ("eight_haves", "seven_haves")
OFFERED = ("village_organization", "village_site", "village_activities", *STANDARDS, "officials_paired", "enterprises_paired",
           "enterprises_visited", "requests_in_time")  # fmt: skip  # for tiles and trend, above the goals
# badge, tone, measure, what is said of those that lack it (show=lack) or have it (show=have)
ATTENTION = [
    ("换届", "red", "elections_in_time", "lack", "个组织已到期未换届"), ("换届", "amber", "elections_near", "have", "个组织临近换届"),
    ("核实", "red", "roster_fresh", "lack", "份花名册逾期未核实"), ("缺配", "amber", "roster_complete", "lack", "个组织应配职务未配齐"),
    ("未达标", "amber", "eight_haves", "lack", "个组织“八有”未达标"), ("未达标", "amber", "seven_haves", "lack", "处示范区、平台“七有”未达标"),
    ("诉求", "red", "requests_overdue", "have", "件诉求逾期未答复"), ("结对", "amber", "officials_paired", "lack", "名干部没有结对"),
    ("复查", "red", "reviews_in_time", "lack", "个示范逾期未复查"), ("无活动", "amber", "village_activities", "lack", "个村（社区）本季没有活动"),
]  # fmt: skip


@dataclass(frozen=True)
class Figure:
    """A card: achieved of target (None: a plain number), the change against the last quarter's end."""

    label: str
    achieved: int
    target: int | None
    change: int | None
    url: str
    note: str = ""
    unit: str = ""


@dataclass(frozen=True)
class Notice:
    """One line of 需要关注: so many of something, and the list of exactly so many rows."""

    badge: str
    tone: str
    number: int
    words: str
    url: str


def list_url(key: str, area_id: int, on: dt.date, show: str = "all") -> str:
    """The list behind a number: a goal ("goal-<pk>") or a measure, in an area, on a day; have, lack or all.

    Written plainly: a county's page has hundreds of them, and none of their parts needs quoting.
    """
    asked = f"goal={key.removeprefix('goal-')}" if key.startswith("goal-") else f"measure={key}"
    return f"{_list_page()}?{asked}&area={area_id}&on={on}&show={show}"


@cache
def _list_page() -> str:
    return reverse("dashboards:coverage_list")


class Ranked(NamedTuple):
    """What a ranking shows of a result."""

    pk: int
    unit_class: str
    unit_name: str
    rank: int
    total: Decimal | None
    previous_rank: int | None
    publication: int
    publication__quarter__year: int
    publication__quarter__number: int


class Overview:
    """A county or a township on a day."""

    def __init__(self, area: Area, on: dt.date, user: Any, measure: str = "", sort: str = ""):
        self.area, self.on, self.user, self.sort = area, on, user, sort
        self.ends = quarter_ends(on + dt.timedelta(days=1), QUARTERS)
        self.previous = self.ends[-1] if self.ends[-1] != on else self.ends[-2]
        self.days = sorted({*self.ends, on})[-QUARTERS:]
        self.coverage = Coverage(area, [*self.ends, on])
        self.measure = measure if measure in dict(self.measures) else "village_organization"
        self.coverage.foreseen = self.measure

    @property
    def place(self) -> Place | None:
        """What the area was on the day; None where it did not exist."""
        return self.coverage.ledger.tree(self.on).get(self.area.pk)

    @property
    def is_frozen(self) -> bool:
        return self.coverage.is_frozen(self.on)

    @cached_property
    def measures(self) -> list[tuple[str, str]]:
        """(key, label) of what the tiles and the trend can show."""
        goals = [(f"goal-{goal.pk}", goal.title) for goal in self.coverage.goals(self.on)]
        names = [name for name in OFFERED if may_ask(self.user, name)]
        return [*((name, MEASURES[name].label) for name in names), *goals]

    @property
    def figures(self) -> list[Figure]:
        wanted = COUNTY_FIGURES if self.area.level == Level.COUNTY else TOWNSHIP_FIGURES
        cards = [self._figure(key, unit, fraction) for key, unit, fraction in wanted if may_ask(self.user, key)]
        return [*cards, *self._reports()] if self.area.level == Level.COUNTY else cards

    def _figure(self, key: str, unit: str, fraction: bool) -> Figure:
        achieved, target = self.coverage.share(key, self.on)
        change = achieved - self.coverage.share(key, self.previous)[0] if unit else None
        url = list_url(key, self.area.pk, self.on, "have")
        return Figure(MEASURES[key].label, achieved, target if fraction else None, change, url, "", unit)

    @cached_property
    def _handed_in(self) -> "HandedIn | None":
        return handed_in([self.area], self.on, self.user).get(self.area.pk)

    def _reports(self) -> list[Figure]:
        found = self._handed_in
        if found is None:
            return []
        total, submitted = sum(found.states.values()), found.states["submitted"]
        label = f"{CHINESE[found.number - 1]}季度自评已交"
        note = f"{total - submitted} 家未交" if total > submitted else ""
        return [Figure(label, submitted, total, None, found.url("submitted"), note)]

    @cached_property
    def matrix(self) -> Matrix:
        """Townships (of a county) or villages (of a township) by the goals and standards, the weakest first."""
        keys = self._columns
        rows = [self._row(place, keys) for place in self._below]
        if self.sort in keys:
            rows.sort(key=lambda row: _share(row.cells[keys.index(self.sort)]))
        elif self.sort != "code":
            rows.sort(key=_weakness)
        heads = [(label, f"?{self._query(sort=key)}") for key, label in zip(keys, self._labels, strict=True)]
        corner = "乡镇" if self.area.level == Level.COUNTY else "村（社区）"
        return Matrix(heads, rows, corner, "断点盲点", f"{self.area.name}各{corner}的覆盖情况")

    @cached_property
    def _columns(self) -> list[str]:
        """The goals, and those standards that something here is asked to meet."""
        goals = [goal for goal in self.coverage.goals(self.on) if self.area.level == Level.COUNTY or goal.villages]
        asked = [name for name in STANDARDS if self.coverage.share(name, self.on)[1]]
        return [f"goal-{goal.pk}" for goal in goals] + asked

    @cached_property
    def _labels(self) -> list[str]:
        return [self.coverage.title_of(key).removesuffix("全覆盖").replace("达标的组织", "").replace(
            "达标的示范区和平台", "").strip("“”") for key in self._columns]  # fmt: skip

    @property
    def _below(self) -> list[Place]:
        tree = self.coverage.ledger.tree(self.on)
        return [place for place in tree.values() if place.parent_id == self.area.pk and place.counted]

    def _row(self, place: Place, keys: Sequence[str]) -> Row:
        cells = [self._cell(key, place) for key in keys]
        gaps, gaps_url, number = self._worst(place, cells)
        villages = self._villages.get(place.area_id, 0)
        return Row(
            place.name, f"{reverse('dashboards:coverage_area', args=[place.area_id])}?on={self.on}",
            f"{villages} 村" if villages else "", cells, gaps, gaps_url, number,
        )  # fmt: skip

    def _worst(self, place: Place, cells: Sequence[Cell]) -> tuple[str, str, int]:
        """What an area lacks most of: in words, the list of it, how many rows that has."""
        lacking = [
            (label, key, cell)
            for label, key, cell in zip(self._labels, self._columns, cells, strict=True)
            if cell.achieved < cell.target
        ]
        if not lacking:
            return "", "", 0
        label, key, cell = max(lacking, key=lambda found: found[2].target - found[2].achieved)
        missing, url = cell.target - cell.achieved, list_url(key, place.area_id, self.on, "lack")
        alone = self._single(key, place) is not None  # the area itself lacks some: 2 of 3 venues
        return (f"{label} {cell.fraction}", url, 1) if alone else (f"{label}缺 {missing}", url, missing)

    @cached_property
    def _villages(self) -> dict[int | None, int]:
        counts: dict[int | None, int] = {}
        for place in self.coverage.ledger.tree(self.on).values():
            if place.level == Level.VILLAGE and place.counted:
                counts[place.parent_id] = counts.get(place.parent_id, 0) + 1
        return counts

    def _cell(self, key: str, place: Place) -> Cell:
        single = self._single(key, place)
        if single:
            measure = self.coverage.measure_of(key)
            rows = measure.rows if isinstance(measure, Measure) else ""
            url = list_url(rows, place.area_id, self.on, "have") if rows else list_url(key, place.area_id, self.on)
            return Cell(single.have, single.needed, url, rows=single.have if rows else 1)
        achieved, target = self.coverage.share(key, self.on, place.area_id)
        return Cell(achieved, target, list_url(key, place.area_id, self.on, "lack"))

    def _single(self, key: str, place: Place) -> Item | None:
        """The one item of an area that must have more than one of something: 2 of 3 venues."""
        measure = self.coverage.measure_of(key)
        if not isinstance(measure, Measure) or self.coverage.minimum_of(key) < 2:
            return None
        items = self.coverage.line(key, self.on, place.area_id).figure.items
        return items[0] if len(items) == 1 else None

    @property
    def tiles(self) -> list[Tile]:
        return [Tile(place.name, self._cell(self.measure, place)) for place in self._below]

    @cached_property
    def trend(self) -> list[Series]:
        """Eight quarters of the chosen measure, in whole per cent; before the area existed there is nothing."""
        return [Series(dict(self.measures)[self.measure], [self._point(day) for day in self.days])]

    def _point(self, day: dt.date) -> Point:
        number = (day.month + 2) // 3
        label = f"{day.year}年第{CHINESE[number - 1]}季度" if day in self.ends else f"{day}"
        known = self.area.pk in self.coverage.ledger.tree(day)
        achieved, target = self.coverage.share(self.measure, day) if known else (0, 0)
        return Point(
            label, whole_percent(achieved, target) if target else None, list_url(self.measure, self.area.pk, day, "have"),
            f"{achieved} / {target}", f"{CHINESE[number - 1]}季" if day in self.ends else "至今", str(day.year), achieved,
        )  # fmt: skip

    @property
    def attention(self) -> list[Notice]:
        late = self._handed_in.notices() if self._handed_in else []
        return _ordered([*open_gaps(self.coverage, self.area.pk, self.on, self.user), *late])

    @cached_property
    def results(self) -> list[Ranked]:
        """The ranked results that the user may read of the county's newest published quarter; of a day before, that day's."""
        published = Publication.objects.permitted(self.user).filter(
            quarter__scheme__area__tree_code=self.area.tree_code[:6]
        )
        if self.on < timezone.localdate():
            [last] = quarter_ends(self.on + dt.timedelta(days=1), 1)
            ended = Q(quarter__year=last.year, quarter__number__lte=last.month // 3)
            published = published.filter(Q(quarter__year__lt=last.year) | ended)
        newest = published.order_by("-quarter__year", "-quarter__number", "-revision").values("pk")[:1]
        found = Result.objects.permitted(self.user).filter(publication=newest, rank__isnull=False)
        return [Ranked(*row) for row in found.values_list(*Ranked._fields)]

    @property
    def publication(self) -> Publication | None:
        """That quarter's publication, as far as a heading needs it."""
        if not self.results:
            return None
        pk, year, number = self.results[0][-3:]
        return Publication(pk=pk, quarter=Quarter(year=year, number=number))

    @property
    def ranking(self) -> list[tuple[str, list[Bar | Skipped]]]:
        """Class → its bars, the first and the last ones."""
        classes = []
        for value, label in UnitClass.choices:
            rows = [_bar(result) for result in self.results if result.unit_class == value]
            if rows:
                classes.append((label, ends(rows, whole=self.area.level == Level.COUNTY)))
        return classes

    def _query(self, **changed: str) -> str:
        return urlencode({"on": self.on, "measure": self.measure, **changed})


def townships_of(user: Any) -> list[Area]:
    """The townships that a lead (包片领导) answers for: leader grants on single townships."""
    return [
        grant.area
        for grant in user.held_grants
        if grant.role == "leader" and grant.area and grant.area.level == Level.TOWNSHIP
    ]


def open_gaps(coverage: Coverage, area_id: int, on: dt.date, user: Any) -> list[Notice]:
    """What the registers say is open in an area on a day, the urgent first."""
    found = []
    for badge, tone, key, show, words in ATTENTION:
        if not may_ask(user, key):
            continue
        achieved, target = coverage.share(key, on, area_id)
        if number := target - achieved if show == "lack" else achieved:
            found.append(Notice(badge, tone, number, words, list_url(key, area_id, on, show)))
    for goal in coverage.goals(on):
        key = f"goal-{goal.pk}"
        achieved, target = coverage.share(key, on, area_id)
        if achieved < target:
            words = f"处未达到“{goal.title}”"
            found.append(Notice("盲点", "red", target - achieved, words, list_url(key, area_id, on, "lack")))
    return _ordered(found)


@dataclass(frozen=True)
class HandedIn:
    """Self-reports of an area by their state, of the quarter that is being filled in or reviewed."""

    area: Area
    quarter: int
    number: int
    states: Counter

    def url(self, state: str) -> str:
        within = f"&area={self.area.pk}" if self.area.level > Level.COUNTY else ""
        return f"{reverse('assessments:report_list', args=[self.quarter])}?status={state}{within}"

    def notices(self) -> list[Notice]:
        said = [("draft", "未报", "amber", "家未提交本季自评"), ("returned", "退回", "red", "家自评退回未补")]
        return [
            Notice(badge, tone, self.states[state], words, self.url(state))
            for state, badge, tone, words in said
            if self.states[state]
        ]


def handed_in(areas: Sequence[Area], on: dt.date, user: Any) -> dict[int, HandedIn]:
    """Area id → its self-reports as they stand now, in one query; of a day before nothing is known."""
    if on != timezone.localdate() or not user.has_perm("assessments.view_selfreport"):
        return {}
    within = Q(pk__in=[])
    for lo, hi in (area.code_range() for area in areas):
        within |= Q(unit__area__tree_code__gte=lo, unit__area__tree_code__lt=hi)
    rows = SelfReport.objects.permitted(user).filter(within, quarter__state__in=["open", "review"])
    by_quarter = rows.values_list("unit__area__tree_code", "status", "quarter", "quarter__number")
    found: dict[int, HandedIn] = {}
    for code, state, quarter, number, count in by_quarter.annotate(number_of=Count("pk")).order_by(
        "-quarter__year", "-quarter__number"
    ):
        for area in areas:
            if code.startswith(area.tree_code):
                reports = found.setdefault(area.pk, HandedIn(area, quarter, number, Counter()))
                reports.states[state] += count if reports.quarter == quarter else 0
    return found


@dataclass(frozen=True)
class LedTownship:
    """A township of a lead: how far its goals are reached, what is open in it."""

    area: Area
    goals: list[tuple[str, Cell]]
    notices: list[Notice]


def led_townships(townships: Iterable[Area], on: dt.date, user: Any) -> list[LedTownship]:
    """Each township with what is open in it; a county is read once, however many of its townships are asked for."""
    chosen = list(townships)
    counties = Area.objects.filter(tree_code__in={area.tree_code[:6] for area in chosen})
    by_code = {county.tree_code: Coverage(county, [on]) for county in counties}
    reports = handed_in(chosen, on, user)
    found = []
    for area in chosen:
        coverage = by_code[area.tree_code[:6]]
        late = reports[area.pk].notices() if area.pk in reports else []
        notices = _ordered([*open_gaps(coverage, area.pk, on, user), *late])
        found.append(LedTownship(area, _goals_of(coverage, area.pk, on), notices))
    return found


def _goals_of(coverage: Coverage, area_id: int, on: dt.date) -> list[tuple[str, Cell]]:
    """Each goal of the county with its share in an area; the number opens those that have it."""
    found = []
    for goal in coverage.goals(on):
        achieved, target = coverage.share(f"goal-{goal.pk}", on, area_id)
        if target:
            url = list_url(f"goal-{goal.pk}", area_id, on, "have")
            found.append((goal.title.removesuffix("全覆盖"), Cell(achieved, target, url, rows=achieved)))
    return found


def _ordered(notices: Iterable[Notice]) -> list[Notice]:
    return sorted(notices, key=lambda notice: (notice.tone != "red", -notice.number))


def _bar(result: Ranked) -> Bar:
    total = result.total or 0
    change = result.previous_rank - result.rank if result.previous_rank else None
    url = reverse("assessments:slip", args=[result.pk])
    return Bar(result.unit_name, total, 100, result.rank, plain(total), url, change)


def _share(cell: Cell) -> float:
    return cell.achieved / cell.target if cell.target else 2


def _weakness(row: Row) -> tuple[float, float]:
    shares = [min(_share(cell), 1) for cell in row.cells if cell.target]
    return (sum(shares) / len(shares) if shares else 2, min(shares, default=2))
