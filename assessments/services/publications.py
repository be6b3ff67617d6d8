"""Publishing (公布): check, freeze, revise; and recompute what was frozen."""

import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from assessments import scoring
from assessments.grid import Board
from assessments.models import (
    Publication,
    Quarter,
    Result,
    ResultLine,
    Score,
    SelfReport,
    SelfReportItem,
    Task,
    UnitClass,
    Unlock,
)
from assessments.scoring import BonusRule, Entry, Facts, Line, Rule, Tier
from assessments.services.reviews import refresh_measured
from organizations.coverage import freeze
from portal.audit.models import Action, record
from portal.kit.scope import require


@dataclass(frozen=True)
class Check:
    """One line of the list before publishing: what, how many, where to mend it; `blocks` forbids publishing."""

    label: str
    count: int
    blocks: bool
    unit_class: str = ""
    detail: str = ""


def publication_checks(quarter: Quarter) -> list[Check]:
    """What to look at before publishing: blanks, returned items, missing explanations, reports not submitted, appeals."""
    scores = Score.objects.filter(report__quarter=quarter)
    items = SelfReportItem.objects.filter(report__quarter=quarter, status=SelfReportItem.Status.RETURNED)
    checks = []
    for unit_class, label in UnitClass.choices:
        mine = scores.filter(report__unit_class=unit_class)
        blank = mine.filter(status=Score.Status.BLANK, report__exempt_reason="").count()
        checks.append(
            Check(f"{label}未填的得分", blank, bool(blank), unit_class, "打分表中补齐；确实不考核的填“不适用”。")
        )
        silent = mine.filter(needs_reason=True).count()
        checks.append(
            Check(f"{label}缺评分说明", silent, bool(silent), unit_class, "与自评或测算不一致的得分须写明原因。")
        )
        returned = items.filter(report__unit_class=unit_class).count()
        checks.append(Check(f"{label}退回未补充", returned, bool(returned), unit_class, "等单位补充，或直接给出得分。"))
    reports = SelfReport.objects.filter(quarter=quarter, exempt_reason="").exclude(status=SelfReport.Status.SUBMITTED)
    checks.append(Check("未提交自评的单位", reports.count(), False, "", "不影响公布，但应在通报中说明。"))
    checks.append(
        Check("公布后的复核申诉期（天）", quarter.appeal_days, False, "", "期满前如有申诉成立，将公布更正版。")
    )
    return checks


def publication_problems(quarter: Quarter) -> list[str]:
    """Why the quarter cannot be published now; empty when it can."""
    problems = [f"{check.label} {check.count} 项" for check in publication_checks(quarter) if check.blocks]
    if quarter.state == Quarter.State.PUBLISHED:
        if correction_of(quarter) is None:
            problems.insert(0, "这个季度已公布；更正须先办理“更正得分”解锁并写明原因")
    elif quarter.state != Quarter.State.REVIEW:
        problems.insert(0, f"{quarter}处于“{quarter.get_state_display()}”，评审结束后才能公布")
    return problems


def correction_of(quarter: Quarter) -> Unlock | None:
    """The correction that is open now, whose reason a new revision carries."""
    return quarter.unlocks.active().filter(purpose=Unlock.Purpose.CORRECTION).order_by("-at").first()


@transaction.atomic
def publish_quarter(quarter: Quarter, *, by: Any, reason: str = "", at: dt.datetime | None = None) -> Publication:
    """Freeze scores, names, classes, rules and ranks as the next revision; nothing published before changes.

    Rule: quarterly assessment, step 5 (domain.md). `at` is for the demonstration's past quarters.
    """
    quarter = Quarter.objects.select_for_update(of=("self",)).select_related("scheme__area").get(pk=quarter.pk)
    if quarter.state == Quarter.State.REVIEW:
        refresh_measured(quarter, by=by)
    problems = publication_problems(quarter)
    if problems:
        raise ValidationError([f"不能公布：{problem}。" for problem in problems])
    revision = quarter.publications.count() + 1
    correction = correction_of(quarter)
    reason = reason.strip() or (correction.reason if revision > 1 and correction else "")
    frozen = [_freeze(board, _previous_ranks(quarter)) for board in _boards(quarter, by)]
    rules = _rules(quarter)
    results = [pair for board in frozen for pair in board]
    publication = Publication(
        quarter=quarter, revision=revision, reason=reason, at=at or timezone.now(), by=by, rules=rules,
        digest=digest(rules, results),
    )  # fmt: skip
    publication.save()
    require(by, "add", publication)
    _store(publication, results)
    if revision == 1:
        freeze(quarter.scheme.area, quarter.last_day, by=by, basis=str(publication))
    if correction:
        quarter.unlocks.active().filter(purpose=Unlock.Purpose.CORRECTION).update(ends_at=timezone.now())
    quarter.state = Quarter.State.PUBLISHED
    quarter.version += 1
    quarter.save(update_fields=["state", "version", "updated_at"])
    record(
        by, Action.PUBLISHED, publication, reason=reason, words=f"公布 {publication}，校验值 {publication.digest[:12]}"
    )
    return publication


def verify_publication(publication: Publication) -> str:
    """Recompute a published revision from its frozen inputs: "" or the first difference."""
    results = [(result, list(result.lines.all())) for result in publication.results.prefetch_related("lines")]
    bonus_rule = _bonus_rule(publication.rules)
    for result, lines in results:
        for line in lines:
            problem = _verify_line(line, bonus_rule)
            if problem:
                return f"{publication}·{result.unit_name}·{line.name}：{problem}"
        problem = _verify_total(result, lines, bonus_rule.cap)
        if problem:
            return f"{publication}·{result.unit_name}：{problem}"
    for unit_class in UnitClass.values:
        members = [result for result, _ in results if result.unit_class == unit_class]
        ranks = scoring.rank(Entry(result.pk, result.total, result.exempt_reason) for result in members)
        wrong = next((result for result in members if ranks[result.pk] != result.rank), None)
        if wrong:
            return f"{publication}·{wrong.unit_name}：名次应为 {ranks[wrong.pk]}，存为 {wrong.rank}"
    return "" if digest(publication.rules, results) == publication.digest else f"{publication}：校验值不符"


def digest(rules: dict, results: list[tuple[Result, list[ResultLine]]]) -> str:
    """SHA-256 over everything a publication froze, in an order of its own."""
    content = [
        [_plain_row(result, RESULT_FIELDS), sorted(_plain_row(line, LINE_FIELDS) for line in lines)]
        for result, lines in results
    ]
    text = json.dumps([rules, sorted(content)], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


RESULT_FIELDS = (
    "unit_class", "unit_number", "unit_id", "unit_name", "area_code", "exempt_reason", "rank", "previous_rank",
    "points", "base", "scaled", "bonus", "total", "steps",
)  # fmt: skip
LINE_FIELDS = (
    "number", "task_id", "category", "name", "criteria", "method", "maximum", "inputs", "due_on", "done_on",
    "not_applicable", "points", "bonus", "reason", "steps",
)  # fmt: skip


def _plain_row(row: Any, names: tuple[str, ...]) -> list[str]:
    return [_plain(getattr(row, name)) for name in names]


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return scoring.plain(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return "" if value is None else str(value)


def _boards(quarter: Quarter, by: Any) -> list[Board]:
    return [Board.load(quarter, unit_class, by, steps=True) for unit_class in UnitClass.values]


def _freeze(board: Board, previous: dict[int, int | None]) -> list[tuple[Result, list[ResultLine]]]:
    """Unsaved results of one class, each with its unsaved lines."""
    totals = {report.pk: board.total(report) for report in board.reports}
    ranks = scoring.rank(Entry(report.pk, totals[report.pk].total, report.exempt_reason) for report in board.reports)
    frozen = []
    for report in board.reports:
        total = totals[report.pk]
        result = Result(
            unit=report.unit, unit_name=report.unit.name, unit_number=report.unit.number,
            area_code=board.quarter.scheme.area.tree_code, unit_class=report.unit_class,
            exempt_reason=report.exempt_reason, rank=ranks[report.pk], previous_rank=previous.get(report.unit_id),
            points=total.points, base=total.base, scaled=total.scaled, bonus=total.bonus, total=total.total,
            steps=list(total.steps),
        )  # fmt: skip
        lines = [_line(board, report, task) for task in board.tasks if (report.pk, task.pk) in board.scores]
        frozen.append((result, lines))
    return frozen


def _line(board: Board, report: SelfReport, task: Task) -> ResultLine:
    score = board.scores[report.pk, task.pk]
    indicator = task.indicator
    return ResultLine(
        task=task, number=indicator.number, category=indicator.category, name=indicator.name,
        criteria=task.requirement or indicator.criteria, method=indicator.method,
        maximum=task.points_for(report.unit_class) or Decimal(0),
        inputs={
            "given": _text(score.given), "count": score.count, "achieved": _text(score.achieved),
            "target": _text(score.target), "unit_points": _text(indicator.unit_points), "status": score.status,
        },
        due_on=task.due_on, done_on=score.done_on, not_applicable=score.status == Score.Status.NOT_APPLICABLE,
        points=score.points, bonus=score.bonus, reason=score.reason, steps=score.steps,
    )  # fmt: skip


def _text(value: Decimal | None) -> str | None:
    return None if value is None else scoring.plain(value)


def _number(value: str | None) -> Decimal | None:
    return None if value is None else Decimal(value)


def _store(publication: Publication, results: list[tuple[Result, list[ResultLine]]]) -> None:
    for result, _ in results:
        result.publication = publication
    Result.objects.bulk_create([result for result, _ in results], batch_size=500)
    for result, lines in results:
        for line in lines:
            line.result = result
    ResultLine.objects.bulk_create([line for _, lines in results for line in lines], batch_size=500)


def _previous_ranks(quarter: Quarter) -> dict[int, int | None]:
    """Unit → rank in the latest revision of the quarter before, within the same county."""
    year, number = (quarter.year, quarter.number - 1) if quarter.number > 1 else (quarter.year - 1, 4)
    before = (
        Publication.objects.filter(
            quarter__scheme__area=quarter.scheme.area, quarter__year=year, quarter__number=number
        )
        .order_by("-revision")
        .first()
    )
    return dict(before.results.values_list("unit_id", "rank")) if before else {}


def _rules(quarter: Quarter) -> dict[str, Any]:
    """The scheme's rules in words and numbers, as they were."""
    scheme = quarter.scheme
    return {
        "scheme": str(scheme), "year": quarter.year, "quarter": quarter.number,
        "tiers": [[tier.days_before, scoring.plain(tier.points)] for tier in scheme.tiers.all()],
        "late_per_day": scoring.plain(scheme.late_per_day), "late_floor": scoring.plain(scheme.late_floor),
        "bonus_cap": scoring.plain(scheme.bonus_cap), "weight": scoring.plain(scheme.weight(quarter.number)),
        "ties": "同分同名次，其后名次跳过（1、2、2、4）",
    }  # fmt: skip


def _bonus_rule(rules: dict[str, Any]) -> BonusRule:
    tiers = tuple(Tier(days, Decimal(points)) for days, points in rules["tiers"])
    return BonusRule(tiers, *(Decimal(rules[name]) for name in ("late_per_day", "late_floor", "bonus_cap")))


def _verify_line(line: ResultLine, bonus_rule: BonusRule) -> str:
    if line.not_applicable:
        return "" if line.points is None and not line.bonus else "不适用的事项不应有分"
    inputs = line.inputs
    if inputs["status"] == Score.Status.BLANK:
        return "" if line.points is None else "未填的事项不应有分"
    facts = Facts(
        _number(inputs["given"]), inputs["count"], _number(inputs["achieved"]), _number(inputs["target"]), line.reason
    )
    scored = scoring.score(Rule(line.method, line.maximum, _number(inputs["unit_points"])), facts)
    bonus = scoring.bonus(bonus_rule, line.due_on, line.done_on)
    if scored.points != line.points:
        return f"得分应为 {scored.points}，存为 {line.points}"
    return "" if bonus.points == line.bonus else f"时效加分应为 {bonus.points}，存为 {line.bonus}"


def _verify_total(result: Result, lines: list[ResultLine], cap: Decimal) -> str:
    total = scoring.total([Line(line.maximum, line.points, line.bonus, line.not_applicable) for line in lines], cap)
    expected = (total.points, total.base, total.scaled, total.bonus, total.total)
    stored = (result.points, result.base, result.scaled, result.bonus, result.total)
    return "" if expected == stored else f"合计应为 {total.total}，存为 {result.total}"
