"""The review grid as data: units × tasks of one class, with what each cell shows, totals and ranks."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.utils import timezone

from assessments import scoring
from assessments.models import Quarter, Score, SelfReport, SelfReportItem, Task
from assessments.scoring import Entry, Line, Method, Total
from assessments.services.reviews import cell_text

STATES = {
    Score.Status.BLANK: "", Score.Status.SCORED: "s", Score.Status.CONFIRMED: "c", Score.Status.NOT_APPLICABLE: "n",
}  # fmt: skip
NO_CELL = ["", 0, "-", "", ""]
OVERLAP = dt.timedelta(seconds=5)
EDITING = dt.timedelta(minutes=2)


@dataclass
class Board:
    """One class of a quarter, read with a fixed number of queries."""

    quarter: Quarter
    unit_class: str
    tasks: list[Task]
    reports: list[SelfReport]
    scores: dict[tuple[int, int], Score]
    items: dict[tuple[int, int], str]
    cap: Decimal

    @cached_property
    def measured(self) -> set[int]:
        """The tasks whose cells the registers fill."""
        return {task.pk for task in self.tasks if task.indicator.method == Method.MEASURED}

    @classmethod
    def load(cls, quarter: Quarter, unit_class: str, user: Any, *, steps: bool = False) -> "Board":
        """Tasks, reports, scores and the status of self-report items of one class that `user` may review.

        steps: read the explanations too, which the grid does not show.
        """
        reports = SelfReport.objects.permitted(user).filter(quarter=quarter, unit_class=unit_class)
        scores = Score.objects.permitted(user).filter(report__quarter=quarter, report__unit_class=unit_class)
        items = SelfReportItem.objects.permitted(user).filter(report__quarter=quarter, report__unit_class=unit_class)
        return cls(
            quarter,
            unit_class,
            list(quarter.tasks.for_class(unit_class).select_related("indicator")),
            list(reports.select_related("unit")),
            {(s.report_id, s.task_id): s for s in (scores if steps else scores.defer("steps"))},
            {(r, t): status for r, t, status in items.values_list("report_id", "task_id", "status")},
            quarter.scheme.bonus_cap,
        )

    def payload(self, editable: bool) -> dict[str, Any]:
        """The grid as the browser gets it (see docs/architecture.md, "The review grid")."""
        totals = self.totals()
        return {
            "cursor": cursor(),
            "editable": editable,
            "columns": [self._column(task) for task in self.tasks],
            "rows": [self._row(report, totals[report.pk]) for report in self.reports],
        }

    def totals(self) -> dict[int, dict[str, Any]]:
        """Report → points, bonus, total (text) and rank, as they stand."""
        sums = {report.pk: self.total(report) for report in self.reports}
        ranks = scoring.rank(Entry(report.pk, sums[report.pk].total, report.exempt_reason) for report in self.reports)
        return {
            pk: {
                "points": scoring.plain(sums[pk].scaled), "bonus": scoring.plain(sums[pk].bonus),
                "total": "" if sums[pk].total is None else scoring.plain(sums[pk].total), "rank": ranks[pk],
            }
            for pk in sums
        }  # fmt: skip

    def total(self, report: SelfReport) -> Total:
        """A unit's total as it stands; blank cells are not counted as 0."""
        return scoring.total([self.line(report, task) for task in self.tasks], self.cap)

    def line(self, report: SelfReport, task: Task) -> Line:
        """One cell as the total sees it."""
        score = self.scores.get((report.pk, task.pk))
        maximum = task.points_for(report.unit_class) or Decimal(0)
        if score is None:
            return Line(maximum, None, Decimal(0), False)
        return Line(maximum, score.points, score.bonus, score.status == Score.Status.NOT_APPLICABLE)

    def progress(self) -> dict[str, int]:
        """Cells done, in all, blank and with the unit again."""
        blank = sum(score.status == Score.Status.BLANK for score in self.scores.values())
        returned = sum(status == SelfReportItem.Status.RETURNED for status in self.items.values())
        total = len(self.scores)
        return {"done": total - blank, "total": total, "blank": blank, "returned": returned}

    def cell(self, report: int, task: int) -> list[Any]:
        """[text, version, state, flags, reading] of one cell; flags: r returned, e explanation missing, o reason, b bonus,
        u item; reading: "9/12" where the registers measured it."""
        score = self.scores.get((report, task))
        if score is None:
            return NO_CELL
        item = self.items.get((report, task))
        flags = [
            ("r", item == SelfReportItem.Status.RETURNED), ("e", score.needs_reason), ("o", bool(score.reason)),
            ("b", bool(score.bonus)), ("u", item is not None),
        ]  # fmt: skip
        texts = [cell_text(score), score.version, STATES[score.status], "".join(flag for flag, on in flags if on)]
        return [*texts, self._reading(score)]

    def _reading(self, score: Score) -> str:
        if score.task_id not in self.measured or score.target is None:
            return ""
        return f"{scoring.plain(score.achieved)}/{scoring.plain(score.target)}"

    def changed_since(self, since: dt.datetime) -> Iterable[Score]:
        return [score for score in self.scores.values() if score.updated_at >= since]

    def _column(self, task: Task) -> dict[str, Any]:
        maximum = task.points_for(self.unit_class) or Decimal(0)
        return {
            "id": task.pk, "category": task.indicator.category, "name": task.indicator.name,
            "max": scoring.plain(maximum), "method": task.indicator.method,
            "auto": task.indicator.method == Method.MEASURED,
        }  # fmt: skip

    def _row(self, report: SelfReport, total: dict[str, Any]) -> dict[str, Any]:
        cells = [self.cell(report.pk, task.pk) for task in self.tasks]
        return {
            "id": report.pk, "unit": report.unit.name, "status": report.status, "exempt": report.exempt_reason,
            "cells": cells, **total,
        }  # fmt: skip


def cursor() -> str:
    """Where the next poll starts: a little before now, since rows commit after they are stamped."""
    return (timezone.now() - OVERLAP).isoformat()


def editors(quarter: Quarter, user: Any) -> list[str]:
    """Who else changed a score of this quarter in the last two minutes: "王某（Ⅱ类）"."""
    recent = Score.objects.permitted(user).filter(report__quarter=quarter, updated_at__gte=timezone.now() - EDITING)
    found = recent.exclude(by=user).exclude(by=None).values_list("by__name", "report__unit_class").distinct()
    return [f"{name}正在编辑{'ⅠⅡⅢ'[int(unit_class) - 1]}类" for name, unit_class in found.order_by("by__name")]
