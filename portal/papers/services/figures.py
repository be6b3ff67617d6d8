"""The figures of a published quarter as papers tell them; each can be looked up in the ranking, a slip or the basis page."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from assessments.models import Publication, Result, ResultLine, SelfReport, UnitClass
from assessments.scoring import plain

ZERO = Decimal(0)
CENT = Decimal("0.01")


@dataclass
class Share:
    """Points reached of the points that could be reached, and by how many units of how many not in full."""

    name: str
    points: Decimal = ZERO
    maximum: Decimal = ZERO
    units: int = 0
    short: int = 0
    category: str = ""

    def add(self, line: ResultLine) -> None:
        self.points += line.points or ZERO
        self.maximum += line.maximum
        self.units += 1
        self.short += lost(line) > 0

    @property
    def percent(self) -> int:
        """A whole percentage, half rounded up (domain.md)."""
        return int((200 * self.points + self.maximum) // (2 * self.maximum)) if self.maximum else 0

    @property
    def ratio(self) -> Decimal:
        return self.points / self.maximum if self.maximum else ZERO

    @property
    def words(self) -> str:
        """ "93%（1387.5/1500 分）": a percentage stands beside its fraction."""
        return f"{self.percent}%（{plain(self.points)}/{plain(self.maximum)} 分）"

    @property
    def lost(self) -> Decimal:
        return self.maximum - self.points


@dataclass
class ClassFigures:
    """One class: its results by rank, and of those who are ranked the average, the best and the last ones."""

    unit_class: str
    label: str
    results: list[Result]
    ranked: list[Result]
    followed: list[Result]

    @property
    def average(self) -> Decimal | None:
        totals = [result.total for result in self.ranked if result.total is not None]
        return (sum(totals, ZERO) / len(totals)).quantize(CENT, ROUND_HALF_UP) if totals else None


@dataclass
class Figures:
    """All that a paper says of a publication."""

    publication: Publication
    classes: list[ClassFigures]
    lines: dict[int, list[ResultLine]] = field(default_factory=dict)
    silent: list[SelfReport] = field(default_factory=list)

    @property
    def results(self) -> list[Result]:
        return [result for figures in self.classes for result in figures.results]

    @property
    def ranked(self) -> list[Result]:
        return [result for figures in self.classes for result in figures.ranked]

    @property
    def followed(self) -> list[Result]:
        return [result for figures in self.classes for result in figures.followed]

    def class_of(self, result: Result) -> ClassFigures:
        return next(figures for figures in self.classes if figures.unit_class == result.unit_class)

    def by_category(self, unit_class: str = "") -> list[Share]:
        """What the ranked units (of one class) reached in each category, in the order of the indicators."""
        return self._shares(lambda line: line.category, unit_class)

    def by_indicator(self) -> list[Share]:
        """What the ranked units reached in each indicator."""
        return self._shares(lambda line: line.name)

    def on_indicator(self, name: str) -> list[tuple[Result, ResultLine]]:
        """The ranked units with their line of one indicator, most points lost first."""
        pairs = [(result, line) for result in self.ranked for line in self.lines[result.pk] if line.name == name]
        return sorted((pair for pair in pairs if counts(pair[1])), key=lambda pair: (-lost(pair[1]), pair[0].pk))

    def _shares(self, key: Callable[[ResultLine], str], unit_class: str = "") -> list[Share]:
        shares: dict[str, Share] = {}
        chosen = [result for result in self.ranked if unit_class in {"", result.unit_class}]
        lines = [line for result in chosen for line in self.lines[result.pk] if counts(line)]
        for line in sorted(lines, key=lambda line: line.number):
            shares.setdefault(key(line), Share(key(line), category=line.category)).add(line)
        return list(shares.values())


def figures_of(publication: Publication, *, by: Any) -> Figures:
    """The figures of `publication` as far as `by` may see them; three queries."""
    results = list(Result.objects.permitted(by).filter(publication=publication).select_related("unit"))
    lines: dict[int, list[ResultLine]] = {result.pk: [] for result in results}
    for line in ResultLine.objects.permitted(by).filter(result__publication=publication):
        lines[line.result_id].append(line)
    silent = SelfReport.objects.permitted(by).filter(quarter=publication.quarter).ranked()
    silent = silent.exclude(status=SelfReport.Status.SUBMITTED).select_related("unit")
    last = publication.quarter.scheme.follow_up_last
    classes = [_class(value, label, results, last) for value, label in UnitClass.choices]
    return Figures(publication, [found for found in classes if found.results], lines, list(silent))


def _class(value: str, label: str, results: Iterable[Result], last: int) -> ClassFigures:
    members = [result for result in results if result.unit_class == value]
    ranked = [result for result in members if result.rank]
    return ClassFigures(value, label, members, ranked, followed_up(ranked, last))


def followed_up(ranked: list[Result], last: int) -> list[Result]:
    """The last `last` of a class, by the scheme; who ties with one of them is followed up too, the first never is."""
    ranks = sorted((result.rank or 0 for result in ranked), reverse=True)
    if not ranks or not last:
        return []
    least = ranks[min(last, len(ranks)) - 1]
    return [result for result in ranked if (result.rank or 0) >= max(2, least)]


def counts(line: ResultLine) -> bool:
    """Whether a line belongs to the base: what does not apply is out, and nothing published is blank."""
    return not line.not_applicable and line.points is not None


def lost(line: ResultLine) -> Decimal:
    """The points that a task did not bring."""
    return line.maximum - line.points if counts(line) and line.points is not None else ZERO


def lost_lines(lines: Iterable[ResultLine]) -> list[ResultLine]:
    """The tasks that lost points, the most first."""
    return sorted((line for line in lines if lost(line) > 0), key=lambda line: (-lost(line), line.number))
