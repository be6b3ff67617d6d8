"""The year so far: quarters side by side with their weights (domain.md, quarterly assessment, step 6)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from assessments import scoring
from assessments.models import Publication, Quarter, Result, UnitClass
from assessments.scoring import Entry


@dataclass
class YearRow:
    """One unit: its results by quarter (None: not published), the weighted value so far, its rank in the class."""

    unit_id: int
    unit_name: str
    unit_class: str
    quarters: list[Result | None]
    value: Decimal | None
    steps: tuple[str, ...]
    rank: int | None = None


@dataclass
class YearTable:
    """The year of a county: the latest publications and a row a unit, by class."""

    year: int
    publications: dict[int, Publication]
    weights: list[Decimal]
    classes: list[tuple[str, str, list[YearRow]]]


def year_table(area: Any, year: int, *, user: Any) -> YearTable:
    """The latest revisions of `year` in `area` that `user` may view; a unit stands in the class of its last quarter."""
    publications = {
        publication.quarter.number: publication
        for publication in Publication.objects.permitted(user)
        .filter(quarter__scheme__area=area, quarter__year=year)
        .latest()
        .select_related("quarter__scheme")
    }
    results = Result.objects.permitted(user).filter(publication__in=publications.values()).select_related("publication")
    by_unit: dict[int, dict[int, Result]] = {}
    numbers = {publication.pk: number for number, publication in publications.items()}
    for result in results:
        by_unit.setdefault(result.unit_id, {})[numbers[result.publication_id]] = result
    weights = [_weight(publications, number) for number in range(1, 5)]
    rows = [_row(unit_id, found, weights) for unit_id, found in by_unit.items()]
    return YearTable(year, publications, weights, [_class(value, label, rows) for value, label in UnitClass.choices])


def _weight(publications: dict[int, Publication], number: int) -> Decimal:
    """The weight as published; for a quarter still to come, that of the latest scheme at hand."""
    if number in publications:
        return Decimal(publications[number].rules["weight"])
    latest = publications[max(publications)].quarter if publications else None
    return latest.scheme.weight(number) if isinstance(latest, Quarter) else Decimal(25)


def _row(unit_id: int, found: dict[int, Result], weights: list[Decimal]) -> YearRow:
    quarters = [found.get(number) for number in range(1, 5)]
    pairs = [(weight, result.total if result else None) for weight, result in zip(weights, quarters, strict=True)]
    value, steps = scoring.year_total(pairs)
    last = found[max(found)]
    return YearRow(unit_id, last.unit_name, last.unit_class, quarters, value, steps)


def _class(value: str, label: str, rows: list[YearRow]) -> tuple[str, str, list[YearRow]]:
    members = [row for row in rows if row.unit_class == value]
    ranks = scoring.rank(Entry(row.unit_id, row.value, "") for row in members)
    for row in members:
        row.rank = ranks[row.unit_id]
    members.sort(key=lambda row: (row.rank is None, row.rank or 0, row.unit_name))
    return value, label, members
