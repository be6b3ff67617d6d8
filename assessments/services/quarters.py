"""A quarter's road: planned → open for self-report → in review → published → closed."""

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, prefetch_related_objects
from django.utils import timezone

from assessments.models import Indicator, Quarter, Scheme, Score, SelfReport, Task, Unlock
from assessments.services.reviews import refresh_measured
from assessments.services.schemes import field_changes, points_problems
from portal.audit.models import Act, Action, record, record_many
from portal.kit import saving
from portal.kit.forms import check_words
from portal.kit.scope import require

LONGEST_UNLOCK = dt.timedelta(days=30)
State = Quarter.State
STEPS: dict[str, frozenset[str]] = {  # what may be done with a quarter in each state, by whoever may change it
    State.PLANNED: frozenset({"tasks", "dates", "open"}),
    State.OPEN: frozenset({"dates", "start_review"}),
    State.REVIEW: frozenset({"dates", "score", "publish", "unlock_report"}),
    State.PUBLISHED: frozenset({"publish", "unlock_correction", "close"}),
    State.CLOSED: frozenset(),
}
TASK_FIELDS = ("points_1", "points_2", "points_3", "requirement")


def allows(quarter: Quarter, step: str) -> bool:
    """Whether `step` belongs to the quarter's state."""
    return step in STEPS[quarter.state]


@transaction.atomic
def plan_quarter(quarter: Quarter, *, by: Any, copy_from: Quarter | None = None) -> Quarter:
    """Save a planned quarter with a task for each indicator, with the points and words of `copy_from` where it has them."""
    scheme = quarter.scheme
    if scheme.status != Scheme.Status.OPEN:
        raise ValidationError("考核方案开始执行后才能建立季度。")
    quarter.year = scheme.year
    if Quarter.objects.filter(scheme__area=scheme.area, year=scheme.year, number=quarter.number).exists():
        raise ValidationError(f"{quarter}已经建立。")
    saving.save(quarter, by=by)
    last = {task.indicator.name: task for task in copy_from.tasks.select_related("indicator")} if copy_from else {}
    Task.objects.bulk_create(
        _task(quarter, indicator, last.get(indicator.name)) for indicator in scheme.indicators.all()
    )
    return quarter


def quarter_problems(quarter: Quarter) -> list[str]:
    """Why the quarter cannot be opened yet; empty when it can."""
    if quarter.state != State.PLANNED:
        return [f"{quarter}处于“{quarter.get_state_display()}”"]
    tasks = list(quarter.tasks.all())
    assigned = set(quarter.scheme.assignments.values_list("unit_class", flat=True))
    problems = [] if tasks else ["还没有任务"]
    problems += points_problems(tasks, assigned)
    early = sum(task.due_on < quarter.opens_on for task in tasks)
    late = sum(task.due_on > quarter.review_due_on for task in tasks)
    problems += [f"{early} 项任务的完成期限早于自评开始日期"] if early else []
    return problems + ([f"{late} 项任务的完成期限晚于评审截止日期"] if late else [])


@transaction.atomic
def add_task(quarter: Quarter, indicator: Indicator, *, by: Any) -> Task:
    """Put an indicator that was left out on the list of a planned quarter, with the scheme's points."""
    quarter = _locked(quarter)
    require_planned(quarter)
    if indicator.scheme_id != quarter.scheme_id:
        raise ValidationError("所选指标不属于这个季度的考核方案。")
    if quarter.tasks.filter(indicator=indicator).exists():
        raise ValidationError("本季度已有这项任务。")
    return saving.save(_task(quarter, indicator, None), by=by)


def quarter_before(quarter: Quarter) -> Quarter | None:
    """The county's quarter before this one, whichever scheme it followed."""
    scheme = quarter.scheme
    earlier = Q(year__lt=scheme.year) | Q(year=scheme.year, number__lt=quarter.number)
    return Quarter.objects.filter(earlier, scheme__area_id=scheme.area_id).order_by("-year", "-number", "pk").first()


def quarter_difference(old: Quarter, new: Quarter) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """[(task, [(field, before, after)])] of the tasks that differ from an earlier quarter's; dates aside."""
    before = {task.indicator.name: task for task in old.tasks.select_related("indicator")}
    after = {task.indicator.name: task for task in new.tasks.select_related("indicator")}
    changes = []
    for name in [*after, *(name for name in before if name not in after)]:
        sign = "" if name in before and name in after else "新增：" if name in after else "移除："
        changes.append((f"{sign}{name}", field_changes(before.get(name), after.get(name), TASK_FIELDS)))
    return [change for change in changes if change[1]]


@transaction.atomic
def open_quarter(quarter: Quarter, *, by: Any) -> Quarter:
    """Freeze the task list and make a self-report for each unit and a blank score for each cell."""
    quarter = _locked(quarter)
    prefetch_related_objects([quarter], "tasks")
    problems = quarter_problems(quarter)
    if problems:
        raise ValidationError([f"不能开始自评：{problem}。" for problem in problems])
    assignments = quarter.scheme.assignments.select_related("unit").filter(unit__until=None)
    reports = SelfReport.objects.bulk_create(
        SelfReport(quarter=quarter, unit=a.unit, unit_class=a.unit_class, exempt_reason=a.exempt_reason)
        for a in assignments
    )
    tasks = list(quarter.tasks.all())
    cells = (Score(report=r, task=task) for r in reports for task in tasks if task.points_for(r.unit_class))
    Score.objects.bulk_create(cells, batch_size=1000)
    _step(quarter, State.OPEN, by, f"开启 {quarter} 自评，考核对象 {len(reports)} 个，任务 {len(tasks)} 项")
    return quarter


@transaction.atomic
def start_review(quarter: Quarter, *, by: Any) -> Quarter:
    """Close self-reporting and begin the review; measured cells are read from the registers."""
    quarter = _locked(quarter)
    if not allows(quarter, "start_review"):
        raise ValidationError(f"{quarter}处于“{quarter.get_state_display()}”，自评中才能转入评审。")
    _step(quarter, State.REVIEW, by, f"{quarter} 转入评审")
    refresh_measured(quarter, by=by)
    return quarter


@transaction.atomic
def close_quarter(quarter: Quarter, *, by: Any) -> Quarter:
    """Put a published quarter on file once its appeals are over."""
    quarter = _locked(quarter)
    if not allows(quarter, "close"):
        raise ValidationError("公布以后才能归档。")
    published = timezone.localdate(quarter.publications.latest().get().at)
    last = published + dt.timedelta(days=quarter.appeal_days)
    if timezone.localdate() <= last:
        raise ValidationError(f"复核申诉期到 {last} 为止，期满后才能归档。")
    _step(quarter, State.CLOSED, by, f"{quarter} 归档")
    return quarter


@transaction.atomic
def unlock(
    quarter: Quarter, *, purpose: str, reason: str, ends_at: dt.datetime, by: Any, report: SelfReport | None = None
) -> Unlock:
    """Open a door again for a while, with the reason; it locks again by itself."""
    reason = check_words(reason.strip())
    quarter = _locked(quarter)
    if not allows(quarter, f"unlock_{Unlock.Purpose(purpose).value}"):
        words = "评审中才能解锁补报自评。" if purpose == Unlock.Purpose.REPORT else "公布以后才能解锁更正得分。"
        raise ValidationError(words)
    if not reason:
        raise ValidationError("解锁必须写明原因。")
    if not timezone.now() < ends_at <= timezone.now() + LONGEST_UNLOCK:
        raise ValidationError("自动锁定时间应在现在以后、30 天以内。")
    if report is not None and report.quarter_id != quarter.pk:
        raise ValidationError("所选考核对象不在这个季度。")
    made = Unlock.objects.create(quarter=quarter, purpose=purpose, report=report, reason=reason, ends_at=ends_at, by=by)
    require(by, "add", made)
    whom = report.unit.name if report else "全部考核对象"
    until = timezone.localtime(ends_at).strftime("%Y-%m-%d %H:%M")
    words = f"解锁 {quarter} {whom} {made.get_purpose_display()}，至 {until}"
    acts = [
        Act(Action.UNLOCKED, made, reason=reason, words=words),
        Act(Action.UNLOCKED, quarter, reason=reason, words=words),
    ]
    record_many(by, acts)
    return made


def require_planned(quarter: Quarter) -> None:
    """Refuse to change tasks of a quarter that has begun."""
    if not allows(quarter, "tasks"):
        raise ValidationError(f"{quarter}已开始，任务清单已冻结。")


def _locked(quarter: Quarter) -> Quarter:
    return Quarter.objects.select_for_update(of=("self",)).select_related("scheme__area").get(pk=quarter.pk)


def _step(quarter: Quarter, state: str, by: Any, words: str) -> None:
    quarter.state = state
    quarter.version += 1
    quarter.save(update_fields=["state", "version", "updated_at"])
    require(by, "change", quarter)
    record(by, Action.CLOSED if state == State.CLOSED else Action.OPENED, quarter, words=words)


def _task(quarter: Quarter, indicator: Indicator, last: Task | None) -> Task:
    """A task as the indicator says; last quarter's words, and its points where they came from the same scheme."""
    same = last is not None and last.indicator_id == indicator.pk
    points = {f"points_{n}": getattr(last if same else indicator, f"points_{n}") for n in "123"}
    return Task(
        quarter=quarter, indicator=indicator, due_on=min(quarter.last_day, quarter.report_due_on),
        requirement=last.requirement if last else "", **points,
    )  # fmt: skip
