"""Review (评审): typed cells become scores by the indicator's rule; confirming, returning, measuring."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from assessments import scoring
from assessments.models import Quarter, Score, SelfReport, SelfReportItem, Task, Unlock
from assessments.scoring import BonusRule, Method, ScoringError
from assessments.services.measured import NOTHING_TO_MEASURE
from organizations import measures
from portal.audit.models import Act, Action, AuditHead, Change, record_many
from portal.kit.forms import check_words

NOT_APPLICABLE = "不适用"
YES, NO = {"是", "√", "达标", "✓"}, {"否", "×", "不达标", "✗"}
REASON_LENGTH = 300
INPUTS = ("count", "achieved", "target", "done_on")
WRITTEN = (
    "status", "given", "count", "achieved", "target", "done_on", "reason", "points", "bonus", "steps",
    "needs_reason", "by", "version", "updated_at",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One cell as it was typed: `value` "" clears it, "不适用" takes it out; None leaves the points to the rule."""

    report: int
    task: int
    value: str | None
    version: int | None = None
    reason: str | None = None
    inputs: dict[str, Any] = field(default_factory=dict)  # of INPUTS; missing keys stay as they are
    confirm: bool = False


@dataclass(frozen=True)
class Refusal:
    """One cell that was not saved: code is invalid, conflict, scope or state; `theirs` is the cell as it is stored."""

    entry: Entry
    code: str
    message: str
    theirs: Score | None = None


@dataclass
class Outcome:
    saved: list[Score] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


@dataclass(frozen=True)
class _Rules:
    """What the scheme says of every cell."""

    bonus: BonusRule
    note_over: Decimal

    @classmethod
    def of(cls, quarter: Quarter) -> "_Rules":
        return cls(quarter.scheme.bonus_rule(), quarter.scheme.note_over)


def scoring_closed(quarter: Quarter, now: dt.datetime | None = None) -> tuple[str, set[int] | None]:
    """("" or why no score of the quarter may change now, the reports that a correction is limited to or None)."""
    if quarter.state == Quarter.State.REVIEW:
        return "", None
    if quarter.state == Quarter.State.PUBLISHED:
        unlocks = quarter.unlocks.active(now).filter(purpose=Unlock.Purpose.CORRECTION)
        reports = list(unlocks.values_list("report_id", flat=True))
        if reports:
            return "", None if None in reports else set(reports)
        return f"{quarter}已公布，得分已冻结。需要更正时，请先办理“更正得分”解锁并写明原因。", set()
    return f"{quarter}处于“{quarter.get_state_display()}”，评审中才能打分。", set()


@transaction.atomic
def enter_scores(quarter: Quarter, entries: Sequence[Entry], *, by: Any, dry_run: bool = False) -> Outcome:
    """Save every cell that is right and name every cell that is not; one audit row a saved cell.

    Rule: quarterly assessment, step 4 (domain.md). Costs a fixed number of queries, whatever the number of cells.
    """
    closed, only = scoring_closed(quarter)
    scores = _load(quarter, entries, by)
    items = _items(quarter, entries)
    outcome, acts = Outcome(), []
    rules = _Rules.of(quarter)
    for entry in entries:
        score = scores.get((entry.report, entry.task))
        refusal = _refusal(entry, score, closed, only)
        if refusal is None and score is not None:
            before = cell_text(score)
            try:
                _apply(score, entry, items.get((entry.report, entry.task)), rules)
            except ScoringError as error:
                refusal = Refusal(entry, "invalid", str(error), score)
            else:
                acts.append(_act(score, before, entry))
                _stamp(score, by)
                outcome.saved.append(score)
        if refusal is not None:
            outcome.refused.append(refusal)
    if not dry_run and outcome.saved:
        _write(outcome.saved, acts, by)
    return outcome


@transaction.atomic
def confirm_scores(quarter: Quarter, *, by: Any, reports: Iterable[int], tasks: Iterable[int] | None = None) -> Outcome:
    """Confirm in bulk: what the self-report or the rule proposes becomes the score; what is blank there stays blank."""
    items = SelfReportItem.objects.filter(report__quarter=quarter, report__in=reports).exclude(
        status=SelfReportItem.Status.RETURNED
    )
    scores = Score.objects.filter(report__quarter=quarter, report__in=reports).exclude(
        status__in=[Score.Status.CONFIRMED, Score.Status.NOT_APPLICABLE]
    )
    if tasks is not None:
        items, scores = items.filter(task__in=tasks), scores.filter(task__in=tasks)
    claimed = {(item.report_id, item.task_id): item for item in items}
    entries = [
        Entry(score.report_id, score.task_id, _proposal(score, claimed.get((score.report_id, score.task_id))),
              version=score.version, confirm=True)
        for score in scores.select_related("task__indicator")
        if score.status == Score.Status.SCORED or _has_proposal(score, claimed.get((score.report_id, score.task_id)))
    ]  # fmt: skip
    return enter_scores(quarter, entries, by=by)


@transaction.atomic
def return_items(report: SelfReport, tasks: Sequence[Task], *, reason: str, by: Any) -> list[SelfReportItem]:
    """Send chosen tasks back to the unit with a reason; only these become editable for it."""
    closed, _ = scoring_closed(report.quarter)
    if report.quarter.state != Quarter.State.REVIEW:
        raise ValidationError(closed or "评审中才能退回自评。")
    reason = reason.strip()
    if not reason or not tasks:
        raise ValidationError("请选择要退回的事项，并写明退回原因。")
    if len(reason) > REASON_LENGTH:
        raise ValidationError(f"退回原因不能超过 {REASON_LENGTH} 个字，现有 {len(reason)} 个字。")
    check_words(reason)
    found = {item.task_id: item for item in report.items.select_for_update().filter(task__in=tasks)}
    items = []
    for task in tasks:
        item = found.get(task.pk) or SelfReportItem(report=report, task=task)
        item.status, item.return_reason = SelfReportItem.Status.RETURNED, reason
        item.version = item.version + 1 if item.pk else 1
        item.save()
        items.append(item)
    report.status = SelfReport.Status.RETURNED
    report.version += 1
    report.save(update_fields=["status", "version", "updated_at"])
    names = "、".join(task.indicator.name for task in tasks)
    acts = [Act(Action.RETURNED, item, reason=reason, words=f"退回 {item}") for item in items]
    record_many(by, [*acts, Act(Action.RETURNED, report, reason=reason, words=f"退回 {report}：{names}")])
    return items


@transaction.atomic
def refresh_measured(quarter: Quarter, *, by: Any) -> int:
    """Read the registers again for every `measured` cell, as of the quarter's last day; how many cells changed.

    Where the registers hold nothing that the unit could be measured by, the cell is not applicable until they do.
    """
    scores = list(
        Score.objects.filter(report__quarter=quarter, task__indicator__method=Method.MEASURED)
        .exclude(Q(status=Score.Status.NOT_APPLICABLE) & ~Q(reason=NOTHING_TO_MEASURE))
        .select_for_update(of=("self",))
        .select_related("report__unit__area", "task__indicator")
    )
    units = list({score.report.unit_id: score.report.unit for score in scores}.values())
    found = measures.readings({score.task.indicator.measure for score in scores}, units, quarter.last_day)
    rules, changed, acts = _Rules.of(quarter), [], []
    for score in scores:
        reading = found[score.task.indicator.measure][score.report.unit_id]
        before = cell_text(score)
        if _measure(score, *reading, rules=rules, last_day=quarter.last_day):
            acts.append(
                Act(Action.SCORED, score, [Change("points", "得分", before, cell_text(score))], "按登记数据测算")
            )
            _stamp(score, by)
            changed.append(score)
    if changed:
        _write(changed, acts, by)
    Quarter.objects.filter(pk=quarter.pk).update(measured_at_sequence=AuditHead.objects.get(pk=1).sequence)
    return len(changed)


def _measure(score: Score, achieved: int, target: int, *, rules: _Rules, last_day: dt.date) -> bool:
    """Put what the registers say into a cell; whether that changed it."""
    if not target:
        if score.status == Score.Status.NOT_APPLICABLE:
            return False
        _clear(score)
        score.status, score.reason, score.steps = (
            Score.Status.NOT_APPLICABLE, NOTHING_TO_MEASURE, [f"不适用，原因：{NOTHING_TO_MEASURE}"],
        )  # fmt: skip
        return True
    if (score.achieved, score.target) == (achieved, target):
        return False
    if score.status == Score.Status.NOT_APPLICABLE:
        _clear(score)
        score.reason = ""
    score.achieved, score.target = Decimal(achieved), Decimal(target)
    score.done_on = score.done_on or min(last_day, score.task.due_on)
    _score(score, None, rules)
    score.status = Score.Status.CONFIRMED
    return True


def cell_text(score: Score) -> str:
    """What a cell shows: "" blank, "0", "5.5", 不适用."""
    if score.status == Score.Status.NOT_APPLICABLE:
        return NOT_APPLICABLE
    return "" if score.points is None else scoring.plain(score.points)


def _load(quarter: Quarter, entries: Sequence[Entry], by: Any) -> dict[tuple[int, int], Score]:
    wanted = {(entry.report, entry.task) for entry in entries}
    found = (
        Score.objects.permitted(by, "change")
        .filter(report__quarter=quarter, report__in={r for r, _ in wanted}, task__in={t for _, t in wanted})
        .select_for_update(of=("self",))
        .select_related("report__unit__area", "task__indicator", "by")
        .order_by("pk")
    )
    return {key: score for score in found if (key := (score.report_id, score.task_id)) in wanted}


def _items(quarter: Quarter, entries: Sequence[Entry]) -> dict[tuple[int, int], SelfReportItem]:
    reports = {entry.report for entry in entries}
    items = SelfReportItem.objects.filter(report__quarter=quarter, report__in=reports)
    return {(item.report_id, item.task_id): item for item in items}


def _refusal(entry: Entry, score: Score | None, closed: str, only: set[int] | None) -> Refusal | None:
    if score is None:
        return Refusal(entry, "scope", "找不到这一格：它不在您的权限范围内，或不适用于这类单位。")
    if closed:
        return Refusal(entry, "state", closed, score)
    if only is not None and entry.report not in only:
        return Refusal(entry, "state", "这次更正只限已解锁的单位，这个单位的得分仍然冻结。", score)
    if entry.version is not None and entry.version != score.version:
        who = score.by.name if score.by else "别人"
        return Refusal(entry, "conflict", f"{who}刚刚改过这一格，现为 {cell_text(score) or '未填'}。", score)
    return None


def _apply(score: Score, entry: Entry, item: SelfReportItem | None, rules: _Rules) -> None:
    """Put what was typed into the score and let the rule compute; raises ScoringError, then nothing is changed."""
    value = (entry.value or "").strip()
    reason = _checked_reason(entry.reason) if entry.reason is not None else score.reason
    maximum = _maximum(score)
    if value == NOT_APPLICABLE:
        if not reason:
            raise ScoringError("不适用必须写明原因。")
        _clear(score)
        score.status, score.reason, score.steps = Score.Status.NOT_APPLICABLE, reason, [f"不适用，原因：{reason}"]
        return
    if entry.value is not None and value == "":
        _clear(score)
        return
    given = None if entry.value is None else _typed(value, score.task.indicator.method, maximum)
    inputs = _checked_inputs(entry.inputs)
    if item is not None:
        inputs = {**{name: getattr(item, name) for name in INPUTS if getattr(score, name) is None}, **inputs}
    fresh: dict[str, Any] = {name: inputs.get(name, getattr(score, name)) for name in INPUTS}
    known = {name: fresh[name] for name in INPUTS if name != "done_on"}
    indicator = score.task.indicator
    if given is not None and indicator.method not in {Method.MANUAL, Method.PASS_FAIL}:
        alone = scoring.score(indicator.rule(maximum), scoring.Facts(**known))
        given = None if alone.proposed == given else given
    scoring.score(indicator.rule(maximum), scoring.Facts(given, reason=reason, **known))
    for name, fresh_value in fresh.items():
        setattr(score, name, fresh_value)
    score.given, score.reason = given, reason
    _score(score, item, rules)
    if entry.confirm and not score.needs_reason:
        score.status = Score.Status.CONFIRMED


def _score(score: Score, item: SelfReportItem | None, rules: _Rules) -> None:
    """Compute points, bonus, steps and whether an explanation is missing."""
    scored = scoring.score(score.task.indicator.rule(_maximum(score)), score.facts())
    if scored.points is None:
        _clear(score)
        return
    bonus = scoring.bonus(rules.bonus, score.task.due_on, score.done_on)
    score.status, score.points, score.bonus = Score.Status.SCORED, scored.points, bonus.points
    score.steps = [*scored.steps, *bonus.steps]
    expected = scored.proposed if scored.proposed is not None else (item.points if item else None)
    score.needs_reason = expected is not None and abs(scored.points - expected) > rules.note_over and not score.reason


def _clear(score: Score) -> None:
    score.status, score.given, score.points, score.bonus = Score.Status.BLANK, None, None, Decimal(0)
    score.count = score.achieved = score.target = score.done_on = None
    score.reason, score.steps, score.needs_reason = "", [], False


def _typed(value: str, method: str, maximum: Decimal) -> Decimal:
    if method == Method.PASS_FAIL and value in YES | NO:
        return maximum if value in YES else Decimal(0)
    return scoring.parse_points(value, maximum)


def _checked_reason(reason: str) -> str:
    reason = reason.strip()
    if len(reason) > REASON_LENGTH:
        raise ScoringError(f"评分说明不能超过 {REASON_LENGTH} 个字，现有 {len(reason)} 个字。")
    try:
        return check_words(reason)
    except ValidationError as error:
        raise ScoringError(f"评分说明：{error.message}") from error


def _checked_inputs(inputs: dict[str, Any]) -> dict[str, Any]:
    done_on = inputs.get("done_on")
    if done_on is not None and done_on > timezone.localdate():
        raise ScoringError("完成日期不能晚于今天。")
    return {name: inputs[name] for name in INPUTS if name in inputs}


def _maximum(score: Score) -> Decimal:
    maximum = score.task.points_for(score.report.unit_class)
    if maximum is None:
        raise ScoringError("这项任务不适用于这类单位。")
    return maximum


def _has_proposal(score: Score, item: SelfReportItem | None) -> bool:
    if item is None:
        return False
    if score.task.indicator.method in {Method.MANUAL, Method.PASS_FAIL}:
        return item.points is not None
    return item.count is not None or item.achieved is not None


def _proposal(score: Score, item: SelfReportItem | None) -> str | None:
    """What confirming means for a cell: its own points, the unit's points, or None for what the rule computes."""
    if score.status == Score.Status.SCORED and score.points is not None:
        return scoring.plain(score.points)
    if item is None or item.points is None or score.task.indicator.method not in {Method.MANUAL, Method.PASS_FAIL}:
        return None
    return scoring.plain(item.points)


def _act(score: Score, before: str, entry: Entry) -> Act:
    action = Action.CONFIRMED if entry.confirm else Action.SCORED
    return Act(action, score, [Change("points", "得分", before, cell_text(score))], score.reason)


def _stamp(score: Score, by: Any) -> None:
    score.by, score.version, score.updated_at = by, score.version + 1, timezone.now()


def _write(scores: list[Score], acts: list[Act], by: Any) -> None:
    Score.objects.bulk_create(
        scores, update_conflicts=True, unique_fields=["id"], update_fields=WRITTEN, batch_size=500
    )  # an upsert of rows that exist: a tenth of what bulk_update's CASE costs
    record_many(by, acts)
