"""The scores of a quarter as a workbook: a unit a row, a task a column; cells go the road of the review grid."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from django.core.exceptions import ValidationError

from assessments.models import Quarter, Score, SelfReport, Task
from assessments.services.reviews import NOT_APPLICABLE, Entry, Refusal, cell_text, enter_scores
from portal.kit.workbooks.columns import Column, Kind
from portal.kit.workbooks.imports import Difference, Line, Outcome, Problem, RefusedCell, Workbook, closest
from portal.kit.workbooks.writing import Trace, Used

UNIT, REASON = "unit", "reason"


class ScoreWorkbook(Workbook):
    name, label = "scores", "季度评分"
    permissions = ("assessments.change_score",)
    view_permission = "assessments.view_score"
    asks = "quarter"
    words: ClassVar[tuple[str, ...]] = (
        "一行一个考核对象，一列一项任务；填分数，或填“不适用”。空着的不改动已有的得分。",
        "改动已有得分、填“不适用”，须在“说明”一列写明原因。",
    )

    def __init__(self, user: Any, parameters: Mapping[str, Any] | None = None):
        super().__init__(user, parameters)
        quarters = Quarter.objects.permitted(user).select_related("scheme__area")
        self.quarter = quarters.filter(pk=self.asked).first()
        if self.quarter is None:
            raise ValidationError("请选择季度。")
        self.seen: dict[int, Line] = {}

    @classmethod
    def choices_of(cls, user: Any) -> dict[str, Any]:
        return {"quarter": Quarter.objects.permitted(user).exclude(state=Quarter.State.PLANNED)}

    @cached_property
    def tasks(self) -> dict[str, Task]:
        return {f"task-{task.pk}": task for task in self.quarter.tasks.select_related("indicator")}

    @cached_property
    def reports(self) -> dict[str, SelfReport]:
        rows = SelfReport.objects.permitted(self.user).filter(quarter=self.quarter).select_related("unit")
        return {report.unit.name: report for report in rows}

    @cached_property
    def scores(self) -> dict[tuple[int, int], Score]:
        rows = Score.objects.permitted(self.user).filter(report__quarter=self.quarter).defer("steps")
        return {(score.report_id, score.task_id): score for score in rows}

    @cached_property
    def columns(self) -> Sequence[Column]:  # type: ignore[override]
        own = [
            Column(name, f"{task.indicator.number} {task.indicator.name}", width=12, synonyms=(task.indicator.name,))
            for name, task in self.tasks.items()
        ]
        unit = Column(UNIT, "考核对象", Kind.REFERENCE, required=True, synonyms=("单位", "单位名称", "乡镇"), width=22)
        return [unit, *own, Column(REASON, "说明", synonyms=("原因", "备注"), width=30)]

    @property
    def options(self) -> dict[str, Any]:
        return {UNIT: list(self.reports)}

    def present(self, area: Any = None) -> Iterator[list[Any]]:
        for report in self.reports.values():
            if area is None or report.unit.area_id == area.pk:
                cells = [self._text(report, task) for task in self.tasks.values()]
                yield [report.unit.name, *cells, ""]

    def take(self, line: Line, values: dict[str, Any]) -> None:
        report = self._report(values[UNIT])
        if report.pk in self.seen:
            raise RefusedCell(UNIT, f"与第 {self.seen[report.pk].number} 行是同一个考核对象，请删去一行。")
        self.seen[report.pk] = line
        entries = list(self._entries(report, values))
        for refusal in enter_scores(self.quarter, entries, by=self.user, dry_run=True).refused:
            line.refuse(self._problem(refusal))
        line.changes = [
            Difference(f"task-{e.task}", self.tasks[f"task-{e.task}"].indicator.name, self._text(report, self.tasks[f"task-{e.task}"]), str(e.value))
            for e in entries
        ]  # fmt: skip
        line.target = entries
        if not line.problems:
            line.outcome = Outcome.CHANGED if entries else Outcome.UNCHANGED

    def write(self, lines: Iterable[Line]) -> list[Trace]:
        chosen = list(lines)
        where = {(entry.report, entry.task): line for line in chosen for entry in line.target}
        before = {key: cell_text(self.scores[key]) for key in where if key in self.scores}
        entries = [entry for line in chosen for entry in line.target]
        outcome = enter_scores(self.quarter, entries, by=self.user)
        if outcome.refused:
            raise ValidationError(outcome.refused[0].message)
        return [
            Trace("assessments.score", score.pk, score.version, {"cell": before[score.report_id, score.task_id]},
                  where[score.report_id, score.task_id].sheet, where[score.report_id, score.task_id].number)
            for score in outcome.saved
        ]  # fmt: skip

    def take_back(self, traces: Sequence[Trace], words: str, used: Used) -> list[tuple[Trace, str]]:
        """The cells as they were, entered again with the reason on the trail."""
        scores = {score.pk: score for score in Score.objects.permitted(self.user).filter(pk__in=[t.pk for t in traces])}
        entries, by_cell = [], {}
        for trace in traces:
            score = scores.get(trace.pk)
            if score is not None:
                cell = (trace.before or {}).get("cell", "")
                entries.append(Entry(score.report_id, score.task_id, cell, trace.version, words))
                by_cell[score.report_id, score.task_id] = trace
        refused = enter_scores(self.quarter, entries, by=self.user).refused
        gone = [(trace, "不在您的权限范围内") for trace in traces if trace.pk not in scores]
        return gone + [(by_cell[r.entry.report, r.entry.task], r.message) for r in refused]

    def _entries(self, report: SelfReport, values: dict[str, Any]) -> Iterator[Entry]:
        """The cells that differ from what is stored; an empty one leaves the score alone."""
        for name, task in self.tasks.items():
            text = values.get(name, "")
            score = self.scores.get((report.pk, task.pk))
            if text and (score is None or not _same(text, cell_text(score))):
                yield Entry(report.pk, task.pk, text, score.version if score else None, values.get(REASON) or None)

    def _report(self, name: str) -> SelfReport:
        if name in self.reports:
            return self.reports[name]
        meant = closest(name, self.reports)
        words = f"本季没有考核对象“{name}”" + (f"，是否为“{meant}”？" if meant else "，或不在您的权限范围内。")
        raise RefusedCell(UNIT, words, meant)

    def _text(self, report: SelfReport, task: Task) -> str:
        score = self.scores.get((report.pk, task.pk))
        return cell_text(score) if score else ""

    def _problem(self, refusal: Refusal) -> Problem:
        return Problem(
            f"task-{refusal.entry.task}",
            f"{self.tasks[f'task-{refusal.entry.task}'].indicator.name}：{refusal.message}",
        )


def _same(typed: str, stored: str) -> bool:
    if NOT_APPLICABLE in {typed, stored} or not stored:
        return typed == stored
    try:
        return float(typed) == float(stored)
    except ValueError:
        return False
