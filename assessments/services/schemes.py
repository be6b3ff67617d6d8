"""The plan of a year: what must hold to open it, copying it, changing it by a new version."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from assessments import scoring
from assessments.models import BonusTier, ClassAssignment, Indicator, Quarter, Scheme, Task, UnitClass
from organizations.models import Unit
from portal.audit.models import Act, Action, Change, record, record_many
from portal.kit.models import StaleVersionError
from portal.kit.scope import require

FULL = Decimal(100)
RULE_FIELDS = (
    "weight_1", "weight_2", "weight_3", "weight_4", "late_per_day", "late_floor", "bonus_cap", "note_over",
    "follow_up_last", "follow_up_running",
)  # fmt: skip
INDICATOR_FIELDS = (
    "category", "number", "name", "criteria", "evidence_wanted", "evidence_required", "method", "unit_points",
    "measure", "points_1", "points_2", "points_3",
)  # fmt: skip


def class_totals(rows: Any) -> dict[str, Decimal]:
    """Class → points in all, of indicators or tasks."""
    rows = list(rows)
    return {value: sum((row.points_for(value) or Decimal(0) for row in rows), Decimal(0)) for value in UnitClass.values}


def points_problems(rows: Any, assigned: set[str]) -> list[str]:
    """Classes whose points do not total 100."""
    return [
        f"{UnitClass(value).label}的分值合计 {scoring.plain(total)}，应为 100"
        for value, total in class_totals(rows).items()
        if value in assigned and total != FULL
    ]


def scheme_problems(scheme: Scheme) -> list[str]:
    """Why the scheme cannot be opened yet; empty when it can."""
    if scheme.status != Scheme.Status.DRAFT:
        return [f"方案处于“{scheme.get_status_display()}”，不能再开始执行"]
    assigned = {assignment.unit_class for assignment in scheme.assignments.all()}
    problems = [] if assigned else ["还没有给考核对象分类"]
    return problems + points_problems(scheme.indicators.all(), assigned)


def require_draft(scheme: Scheme) -> None:
    """Refuse to change a scheme that is being carried out."""
    if scheme.status != Scheme.Status.DRAFT:
        raise ValidationError("方案已经执行，内容已冻结。需要调整时请“改版”，写明原因后修改新版。")


@transaction.atomic
def open_scheme(scheme: Scheme, *, by: Any) -> Scheme:
    """Freeze a draft and carry it out; the version that it replaces is superseded, planned quarters move over."""
    scheme = Scheme.objects.select_for_update(of=("self",)).select_related("replaces", "area").get(pk=scheme.pk)
    problems = scheme_problems(scheme)
    if problems:
        raise ValidationError([f"不能开始执行：{problem}。" for problem in problems])
    scheme.status = Scheme.Status.OPEN
    scheme.version += 1
    scheme.save()
    require(by, "change", scheme)
    record(by, Action.OPENED, scheme, reason=scheme.reason, words=f"开始执行 {scheme}")
    if scheme.replaces:
        _supersede(scheme.replaces, scheme, by)
    return scheme


@transaction.atomic
def copy_scheme(source: Scheme, *, year: int, by: Any) -> Scheme:
    """A draft for another year with the same rules, indicators and classes."""
    if Scheme.objects.filter(area=source.area, year=year).exists():
        raise ValidationError(f"{year}年度已有考核方案，请打开它修改或改版。")
    copy = Scheme(area=source.area, year=year, name=f"{year}年度{_plain_name(source)}")
    return _copy(source, copy, by, f"由 {source} 复制出 {year} 年度方案")


@transaction.atomic
def revise_scheme(scheme: Scheme, *, reason: str, by: Any) -> Scheme:
    """A draft of the next version, with the reason; it takes effect when it is opened."""
    reason = reason.strip()
    if scheme.status != Scheme.Status.OPEN:
        raise ValidationError("只有执行中的方案可以改版。")
    if not reason:
        raise ValidationError("改版必须写明原因。")
    if Scheme.objects.filter(replaces=scheme).exists():
        raise ValidationError("这个方案已有一个新版在拟定，请打开新版继续修改。")
    last = Scheme.objects.filter(area=scheme.area, year=scheme.year).aggregate(last=Max("number"))["last"]
    copy = Scheme(
        area=scheme.area, year=scheme.year, name=scheme.name, number=last + 1, replaces=scheme, reason=reason[:300]
    )
    return _copy(scheme, copy, by, f"{scheme} 改版")


def scheme_difference(old: Scheme, new: Scheme) -> list[tuple[str, list[tuple[str, str, str]]]]:
    """[(what, [(field, before, after)])]: rules, then indicators by name: added, removed, changed."""
    changes = [("规则", field_changes(old, new, RULE_FIELDS))]
    before = {indicator.name: indicator for indicator in old.indicators.all()}
    after = {indicator.name: indicator for indicator in new.indicators.all()}
    for name in [*after, *(name for name in before if name not in after)]:
        if name not in before:
            changes.append((f"新增指标：{name}", field_changes(None, after[name], INDICATOR_FIELDS)))
        elif name not in after:
            changes.append((f"删去指标：{name}", field_changes(before[name], None, INDICATOR_FIELDS)))
        else:
            changes.append((f"指标：{name}", field_changes(before[name], after[name], INDICATOR_FIELDS)))
    tiers = [{t.days_before: t.points for t in scheme.tiers.all()} for scheme in (old, new)]
    if tiers[0] != tiers[1]:
        words = [
            "；".join(f"提前 {d} 天 +{scoring.plain(p)}" for d, p in sorted(t.items(), reverse=True)) for t in tiers
        ]
        changes.append(("时效加分档", [("档次", words[0], words[1])]))
    return [change for change in changes if change[1]]


def field_changes(old: Any, new: Any, names: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """(label, before, after) of the fields in which two rows differ; None: the row is not there."""
    model = (new or old)._meta.model
    found = []
    for name in names:
        before, after = (_shown(row, name) if row is not None else "" for row in (old, new))
        if before != after:
            found.append((str(model._meta.get_field(name).verbose_name), before, after))
    return found


@transaction.atomic
def assign_classes(scheme: Scheme, classes: dict[int, tuple[str, str]], *, by: Any, expected: int | None = None) -> int:
    """Put units into classes: unit id → (class or "", reason for no rank); how many changed.

    expected: the scheme's version that the page was made from. Raises StaleVersionError.
    """
    scheme = _draft(scheme, expected)
    stored = {assignment.unit_id: assignment for assignment in scheme.assignments.select_related("unit")}
    units = Unit.objects.in_area(scheme.area).in_bulk(list(classes))
    changes: list[Change] = []
    for pk, (unit_class, exempt) in classes.items():
        assignment = stored.get(pk)
        if pk not in units or (unit_class and unit_class not in UnitClass.values):
            raise ValidationError("名单中有不属于本县的考核对象，没有保存。")
        before = (assignment.unit_class, assignment.exempt_reason) if assignment else ("", "")
        if before == (unit_class, exempt):
            continue
        if not unit_class and assignment:
            assignment.delete()
        else:
            values = {"unit_class": unit_class, "exempt_reason": exempt}
            ClassAssignment.objects.update_or_create(scheme=scheme, unit=units[pk], defaults=values)
        changes.append(Change(str(pk), units[pk].name, class_words(*before), class_words(unit_class, exempt)))
    if changes:
        _touch(scheme)
        require(by, "change", scheme)
        record(by, Action.UPDATED, scheme, changes=changes)
    return len(changes)


@transaction.atomic
def set_tiers(scheme: Scheme, tiers: list[tuple[int, Decimal]], *, by: Any, expected: int | None = None) -> None:
    """Replace the bonus table. Raises StaleVersionError where the scheme is no longer as `expected`."""
    scheme = _draft(scheme, expected)
    if len({days for days, _ in tiers}) != len(tiers):
        raise ValidationError("同一提前天数只能有一档。")
    before = "；".join(map(str, scheme.tiers.all()))
    scheme.tiers.all().delete()
    BonusTier.objects.bulk_create(BonusTier(scheme=scheme, days_before=days, points=points) for days, points in tiers)
    after = "；".join(map(str, scheme.tiers.all()))
    require(by, "change", scheme)
    if before != after:
        _touch(scheme)
        record(by, Action.UPDATED, scheme, changes=[Change("tiers", "时效加分档", before, after)])


def class_words(unit_class: str, exempt: str) -> str:
    """ "Ⅰ类（不排名：新成立）", "不考核"."""
    label = UnitClass(unit_class).label if unit_class else "不考核"
    return f"{label}（不排名：{exempt}）" if exempt else label


def _draft(scheme: Scheme, expected: int | None) -> Scheme:
    """The scheme as it is now, held until the transaction ends; refused once it is carried out or was changed."""
    stored = Scheme.objects.select_for_update(of=("self",)).select_related("area").get(pk=scheme.pk)
    require_draft(stored)
    if expected is not None and expected != stored.version:
        raise StaleVersionError(stored)
    return stored


def _touch(scheme: Scheme) -> None:
    scheme.version += 1
    scheme.save(update_fields=["version", "updated_at"])


def _supersede(old: Scheme, new: Scheme, by: Any) -> None:
    old.status = Scheme.Status.SUPERSEDED
    old.version += 1
    old.save(update_fields=["status", "version", "updated_at"])
    acts = [Act(Action.CLOSED, old, words=f"{old} 由 {new} 替代")]
    for quarter in Quarter.objects.filter(scheme=old, state=Quarter.State.PLANNED):
        words = _move_over(quarter, new)
        acts.append(Act(Action.UPDATED, quarter, words=f"将 {quarter} 转到 {new}{words}"))
    record_many(by, acts)


def _move_over(quarter: Quarter, new: Scheme) -> str:
    """Bring a planned quarter's tasks under the new version, indicators matched by name; what came and went, in words."""
    left = {indicator.name: indicator for indicator in new.indicators.all()}
    gone = []
    for task in quarter.tasks.select_related("indicator"):
        before, after = task.indicator, left.pop(task.indicator.name, None)
        if after is None:
            gone.append(before.name)
            task.delete()
            continue
        for name in ("points_1", "points_2", "points_3"):
            if getattr(task, name) == getattr(before, name):
                setattr(task, name, getattr(after, name))
        task.indicator = after
        task.version += 1
        task.save()
    Task.objects.bulk_create(
        Task(quarter=quarter, indicator=indicator, due_on=min(quarter.last_day, quarter.report_due_on),
             points_1=indicator.points_1, points_2=indicator.points_2, points_3=indicator.points_3)
        for indicator in left.values()
    )  # fmt: skip
    quarter.scheme = new
    quarter.version += 1
    quarter.save()
    came = f"，新增任务：{'、'.join(left)}" if left else ""
    return came + (f"，移除任务：{'、'.join(gone)}" if gone else "")


def _copy(source: Scheme, copy: Scheme, by: Any, words: str) -> Scheme:
    for name in RULE_FIELDS:
        setattr(copy, name, getattr(source, name))
    copy.save()
    require(by, "add", copy)
    BonusTier.objects.bulk_create(
        BonusTier(scheme=copy, days_before=tier.days_before, points=tier.points) for tier in source.tiers.all()
    )
    Indicator.objects.bulk_create(
        Indicator(scheme=copy, **{name: getattr(indicator, name) for name in INDICATOR_FIELDS})
        for indicator in source.indicators.all()
    )
    ClassAssignment.objects.bulk_create(
        ClassAssignment(scheme=copy, unit_id=a.unit_id, unit_class=a.unit_class, exempt_reason=a.exempt_reason)
        for a in source.assignments.filter(unit__until=None)
    )
    record(by, Action.CREATED, copy, reason=copy.reason, words=words)
    return copy


def _plain_name(scheme: Scheme) -> str:
    return scheme.name.replace(f"{scheme.year}年度", "").replace(f"{scheme.year}年", "")


def _shown(row: Any, name: str) -> str:
    display = getattr(row, f"get_{name}_display", None)
    value = display() if display else getattr(row, name)
    if isinstance(value, bool):
        return "是" if value else "否"
    return scoring.plain(value) if isinstance(value, Decimal) else "" if value is None else str(value)
