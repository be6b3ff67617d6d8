"""Self-reporting: drafts saved as they are typed, what is missing, submitting; the evidence."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from assessments import scoring
from assessments.models import Evidence, Quarter, SelfReport, SelfReportItem, Task, Unlock
from assessments.scoring import Method, ScoringError
from portal.audit.models import Act, Action, differences, record, record_many, snapshot
from portal.kit import files
from portal.kit.forms import check_words
from portal.kit.models import StaleVersionError
from portal.kit.scope import require

FIELDS = {
    Method.MANUAL: ["done_on", "points", "note"],
    Method.PASS_FAIL: ["done_on", "points", "note"],
    Method.PER_COUNT: ["done_on", "count", "points", "note"],
    Method.DEDUCT: ["done_on", "count", "points", "note"],
    Method.RATIO: ["done_on", "achieved", "target", "points", "note"],
    Method.MEASURED: ["note"],
}
LABELS = {
    "done_on": "完成日期",
    "points": "自评得分",
    "count": "次（处）数",
    "achieved": "完成数",
    "target": "应完成数",
}
MOST_FILES, LONGEST_NOTE = 10, 2000
BEFORE = dt.timedelta(days=31)


def why_closed(report: SelfReport, now: dt.datetime | None = None) -> str:
    """ "" where the unit may report everything now; else why it may not (returned items stay open in review)."""
    quarter = report.quarter
    if quarter.state == Quarter.State.OPEN:
        return (
            ""
            if report.status != SelfReport.Status.SUBMITTED
            else "自评已提交，等待评审。需要补充时请联系县统战部退回。"
        )
    if quarter.state == Quarter.State.REVIEW:
        unlocks = quarter.unlocks.active(now).filter(purpose=Unlock.Purpose.REPORT)
        if any(unlock.report_id in {None, report.pk} for unlock in unlocks):
            return ""
        return "自评已截止，正在评审；只能补充被退回的事项。确需补报时，请联系县统战部解锁。"
    return f"{quarter}{quarter.get_state_display()}，自评不能再修改。"


def is_open(report: SelfReport, item: SelfReportItem | None, closed: str) -> bool:
    """Whether one item may be written; `closed` is what `why_closed` said."""
    returned = item is not None and item.status == SelfReportItem.Status.RETURNED
    return not closed or (returned and report.quarter.state == Quarter.State.REVIEW)


@transaction.atomic
def save_item(
    report: SelfReport, task: Task, values: dict[str, Any], *, by: Any, expected: int | None = None
) -> SelfReportItem:
    """Save what was typed for one task; empty is blank, never 0. Raises StaleVersionError, ValidationError.

    expected: the version the page was made from, 0 where there was no item yet; None for a step of a service.
    A stale save of what is stored already (a retry after a lost answer) changes nothing and is no conflict.
    """
    report = _locked(report)
    item = report.items.select_for_update(of=("self",)).select_related("task__indicator").filter(task=task).first()
    closed = why_closed(report)
    if not is_open(report, item, closed):
        raise ValidationError(closed)
    maximum = task.points_for(report.unit_class)
    if not maximum or task.quarter_id != report.quarter_id:
        raise ValidationError("这项任务不适用于本单位。")
    adding = item is None
    item = item or SelfReportItem(report=report, task=task, version=0)
    item.report = report
    before, stored = {} if adding else snapshot(item), item.version
    for name in FIELDS[Method(task.indicator.method)]:
        if name in values:
            setattr(item, name, values[name])
    changes = [] if adding and not _filled(item) else differences(before, item)
    if expected is not None and expected != stored and changes:
        raise StaleVersionError(report.items.get(task=task) if not adding else item)
    _check(item, maximum)
    if not changes:
        return item
    item.version += 1
    item.save()
    require(by, "change", item)
    record(
        by,
        Action.UPDATED,
        item,
        changes=[change for change in changes if change.name in LABELS or change.name == "note"],
    )
    return item


def missing(
    report: SelfReport, tasks: list[Task] | None = None, items: dict[int, SelfReportItem] | None = None
) -> list[tuple[Task, str]]:
    """What a submission still lacks: (task, what), in the order of the page; `tasks` and `items` where already read."""
    if items is None:
        items = {item.task_id: item for item in report.items.prefetch_related("evidence")}
    if tasks is None:
        tasks = list(report.quarter.tasks.for_class(report.unit_class).select_related("indicator"))
    lacking = []
    for task in tasks:
        names = [name for name in FIELDS[Method(task.indicator.method)] if name != "note"]
        item = items.get(task.pk)
        absent = [LABELS[name] for name in names if item is None or getattr(item, name) is None]
        kept = [file for file in item.evidence.all() if file.removed_at is None] if item else []
        if task.indicator.evidence_required and not kept:
            absent.append("佐证材料")
        if absent:
            lacking.append((task, "、".join(absent)))
    return lacking


def lacking_now(report: SelfReport) -> list[tuple[Task, str]]:
    """What must be filled in before handing in now: all of it, or in review the returned items alone."""
    return barring(missing(report), {item.task_id: item for item in report.items.all()}, why_closed(report))


def barring(lacking: list[tuple[Task, str]], items: dict[int, SelfReportItem], closed: str) -> list[tuple[Task, str]]:
    """The part of what is missing that its unit may still fill in."""
    returned = {pk for pk, item in items.items() if item.status == SelfReportItem.Status.RETURNED}
    return [(task, what) for task, what in lacking if not closed or task.pk in returned]


@transaction.atomic
def submit_report(report: SelfReport, *, by: Any) -> SelfReport:
    """Hand the self-report in; refused with the list of what is missing. Returned items go back to review."""
    report = _locked(report)
    closed = why_closed(report)
    again = report.status == SelfReport.Status.RETURNED and report.quarter.state == Quarter.State.REVIEW
    if closed and not again:
        raise ValidationError(closed)
    lacking = lacking_now(report)
    if lacking:
        raise ValidationError([f"{task.indicator.name}：缺{what}" for task, what in lacking])
    waiting = [SelfReportItem.Status.RETURNED] if closed else SelfReportItem.Status.values
    report.items.filter(status__in=waiting).update(status=SelfReportItem.Status.SUBMITTED)
    report.status, report.submitted_at, report.submitted_by = SelfReport.Status.SUBMITTED, timezone.now(), by
    report.version += 1
    report.save()
    require(by, "change", report)
    record(by, Action.SUBMITTED, report, words=f"提交 {report}")
    return report


def attach_evidence(report: SelfReport, task: Task, upload: Any, *, by: Any) -> Evidence:
    """Keep a checked file for a task, once; the file lies on the disk before its row is committed."""
    checked = files.check(upload)
    with transaction.atomic():
        report = _locked(report)
        item = report.items.select_for_update().filter(task=task).first()
        closed = why_closed(report)
        if not is_open(report, item, closed):
            raise ValidationError(closed)
        if item is None:
            item = SelfReportItem.objects.create(report=report, task=task)
        kept = {evidence.digest: evidence for evidence in item.evidence.kept()}
        if checked.digest in kept:
            return kept[checked.digest]
        if len(kept) >= MOST_FILES:
            raise ValidationError(f"每项最多 {MOST_FILES} 个佐证材料，请合并后再传。")
        evidence = Evidence(
            item=item,
            name=checked.name,
            content_type=checked.content_type,
            size=len(checked.content),
            digest=checked.digest,
            by=by,
        )
        files.store(evidence.key, checked.content)
        evidence.save()
        require(by, "add", evidence)
        words = f"为 {item} 上传佐证 {evidence.name}"
        record_many(by, [Act(Action.CREATED, evidence, words=words), Act(Action.UPDATED, item, words=words)])
    return evidence


@transaction.atomic
def remove_evidence(evidence: Evidence, *, by: Any) -> None:
    """Take a file off the page; it stays in the history."""
    item = SelfReportItem.objects.select_related("task__indicator").get(pk=evidence.item_id)
    item.report = _locked(evidence.item.report)
    closed = why_closed(item.report)
    if not is_open(item.report, item, closed):
        raise ValidationError(closed)
    if evidence.removed_at is not None:
        return
    evidence.removed_at = timezone.now()
    evidence.save(update_fields=["removed_at"])
    require(by, "delete", evidence)
    words = f"移除 {item} 的佐证 {evidence.name}"
    record_many(by, [Act(Action.DELETED, evidence, words=words), Act(Action.UPDATED, item, words=words)])


def _locked(report: SelfReport) -> SelfReport:
    """The report as it is now, held until the transaction ends, so that nobody closes it meanwhile."""
    found = SelfReport.objects.select_for_update(of=("self",)).select_related("unit__area", "quarter__scheme__area")
    return found.get(pk=report.pk)


def _check(item: SelfReportItem, maximum: Decimal) -> None:
    errors: dict[str, str] = {}
    quarter, today = item.report.quarter, timezone.localdate()
    if item.points is not None:
        try:
            scoring.parse_points(str(item.points), maximum)
        except ScoringError as error:
            errors["points"] = str(error)
    if item.done_on is not None and item.done_on > today:
        errors["done_on"] = "完成日期不能晚于今天。"
    elif item.done_on is not None and item.done_on < quarter.first_day - BEFORE:
        errors["done_on"] = f"完成日期应在本季度内，不早于 {quarter.first_day - BEFORE}。"
    if item.target is not None and item.target == 0:
        errors["target"] = "应完成数不能为 0；没有这项任务时请在说明中写明，由评审改为不适用。"
    for name in ("count", "achieved", "target"):
        if (getattr(item, name) or 0) < 0:
            errors[name] = f"{LABELS[name]}不能小于 0。"
    if len(item.note) > LONGEST_NOTE:
        errors["note"] = f"情况说明不能超过 {LONGEST_NOTE} 个字，现有 {len(item.note)} 个字。"
    try:
        check_words(item.note)
    except ValidationError as error:
        errors["note"] = error.messages[0]
    if errors:
        raise ValidationError(errors)


def _filled(item: SelfReportItem) -> bool:
    return any(
        getattr(item, name) not in (None, "") for name in ("done_on", "points", "count", "achieved", "target", "note")
    )
