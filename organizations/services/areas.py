"""Changes of the map: each closes versions and opens new ones; nothing is deleted, and the days before stay as they were.

Every change can be tried first (`dry_run`): it is carried out, reported and rolled back.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from organizations.models import Area, AreaChange, AreaSuccession, AreaVersion, Kind, Level, Series, Unit
from organizations.services.placing import move_registers, standing_rows
from portal.accounts.models import Grant
from portal.audit.models import Action, record
from portal.kit.pinyin import spelling
from portal.kit.scope import LEVEL_LENGTHS, code_range, require

DAY = dt.timedelta(days=1)
Sight = dict[tuple[int, str], frozenset[int]]  # (user id, name) → the areas in reach


@dataclass
class ChangeReport:
    """What a change does: in words, in counts, and who sees more or less of the map after it."""

    summary: str
    change: AreaChange | None = None
    counts: list[tuple[str, int]] = field(default_factory=list)
    gaining: list[tuple[str, int]] = field(default_factory=list)
    losing: list[tuple[str, int]] = field(default_factory=list)


def sight(county: Area) -> Sight:
    """(user id, name) → the areas of the county that the user's grants in force reach today."""
    lo, hi = code_range(county.tree_code)
    areas = list(Area.objects.filter(tree_code__gte=lo, tree_code__lt=hi, until=None).values_list("pk", "tree_code"))
    reached: dict[tuple[int, str], set[int]] = {}
    grants = Grant.objects.effective().filter(area__tree_code__gte=lo, area__tree_code__lt=hi)
    for user_id, name, code in grants.values_list("user_id", "user__name", "area__tree_code"):
        reached.setdefault((user_id, name), set()).update(pk for pk, tree in areas if tree.startswith(code))
    return {user: frozenset(pks) for user, pks in reached.items()}


def _change(service: Callable[..., ChangeReport]) -> Callable[..., ChangeReport]:
    """Run a change in one transaction, compare who sees what before and after, roll back a trial."""

    @wraps(service)
    def run(area: Area, *, on: dt.date, reason: str, by: Any, dry_run: bool = False, **options: Any) -> ChangeReport:
        with transaction.atomic():
            area = Area.objects.select_for_update().get(pk=area.pk)
            if by is not None:
                require(by, "change", area)
            _must_exist(area)
            if not reason.strip():
                raise ValidationError("请写明变更依据，例如批复文号。")
            if on > timezone.localdate():
                raise ValidationError("生效日期不能晚于今天；到生效那天再办理。")
            county = _county(area)
            before = sight(county)
            report = service(area, on=on, reason=reason.strip(), by=by, **options)
            _require_all(by, report.change)
            after = sight(county)
            existing = set(Area.objects.in_area(county).filter(until=None).values_list("pk", flat=True))
            report.gaining, report.losing = _compare(before, after, existing)
            report.counts += [("涉及账号", len(report.gaining) + len(report.losing))]
            record(by, Action.AREA_CHANGED, report.change, reason=reason, words=f"办理区划变更：{report.summary}")
            if dry_run:
                transaction.set_rollback(True)
        return report

    return run


@_change
def rename_area(area: Area, *, on: dt.date, reason: str, by: Any, name: str, kind: str = "") -> ChangeReport:
    """Give an area another name from `on`, and another kind where one is named: 乡改镇, 村改社区, or a correction."""
    kind = kind or area.kind
    if (name, kind) == (area.name, area.kind):
        raise ValidationError("新名称与现名称相同。")
    words = f"{area.name}更名为{name}" if name != area.name else area.name
    words += f"，类别由{area.get_kind_display()}改为{Kind(kind).label}" if kind != area.kind else ""
    return _done(
        AreaChange.Type.RENAME, area, on, reason, by, words, lambda c: add_version(area, on, c, name=name, kind=kind)
    )


@_change
def move_area(area: Area, *, on: dt.date, reason: str, by: Any, parent: Area) -> ChangeReport:
    """Hang an area under another parent of the same level as its present one."""
    if area.level == Level.COUNTY or parent.level != area.level - 1:
        raise ValidationError("只能调整到同一层级的上级之下。")
    if parent.pk == area.parent_id:
        raise ValidationError(f"{area.name}已经隶属{parent.name}。")
    _must_exist(parent)
    old = area.parent

    def act(change: AreaChange) -> None:
        _hang(area, parent, on, change)

    return _done(
        AreaChange.Type.MOVE,
        area,
        on,
        reason,
        by,
        f"{area.name}由{old}划归{parent}",
        act,
        [("随同调整的村（社区）", _below(area))],
    )


@_change
def merge_areas(
    area: Area, *, on: dt.date, reason: str, by: Any, others: Sequence[Area], name: str = ""
) -> ChangeReport:
    """Merge `others` into `area`: they close on the day before, what is below them moves, the succession is kept."""
    others = list(Area.objects.select_for_update().filter(pk__in=[other.pk for other in others]))
    if not others or area.pk in {other.pk for other in others}:
        raise ValidationError("请选择要并入的其他区划。")
    if (
        any(other.level != area.level or other.code[:6] != area.code[:6] for other in others)
        or area.level == Level.COUNTY
    ):
        raise ValidationError("只能合并同一县内同一层级的乡镇或村（社区）。")
    for other in others:
        _must_exist(other)
    children = list(Area.objects.filter(parent__in=others, until=None).select_for_update())

    def act(change: AreaChange) -> None:
        for child in children:
            _hang(child, area, on, change)
        for other in others:
            move_registers(other, area, on)
            _close(other, on, change)
            AreaSuccession.objects.create(predecessor=other, successor=area, change=change)
        if name and name != area.name:
            add_version(area, on, change, name=name)

    names = "、".join(other.name for other in others)
    summary = f"{names}并入{area.name}" + (f"，更名为{name}" if name and name != area.name else "")
    units = Unit.objects.filter(area__in=others, until=None).count()
    rows = standing_rows(others)
    counts = [("撤销的区划", len(others)), ("划转的村（社区）", len(children)), ("停止考核的单位", units)]
    counts += [(f"划转的{label}", number) for label, number in rows]
    return _done(AreaChange.Type.MERGE, area, on, reason, by, summary, act, counts)


@_change
def split_area(
    area: Area, *, on: dt.date, reason: str, by: Any, name: str, code: str, kind: str, villages: Sequence[Area]
) -> ChangeReport:
    """Make a new township out of chosen villages of `area`; the rest stays."""
    chosen = [village.pk for village in villages]
    villages = list(Area.objects.select_for_update().filter(pk__in=chosen, parent=area, until=None))
    county = area.parent
    if area.level != Level.TOWNSHIP or county is None or not villages:
        raise ValidationError("请选择这个乡镇中要划出的村（社区）。")
    if len(villages) == area.children.filter(until=None).count():
        raise ValidationError("不能划出全部村（社区）；整体变动请用更名或合并。")

    def act(change: AreaChange) -> None:
        made = _make(county, name, code, kind, on, change)
        for village in villages:
            _hang(village, made, on, change)
        AreaSuccession.objects.create(predecessor=area, successor=made, change=change)

    summary = f"{area.name}划出{len(villages)}个村（社区）设立{name}"
    return _done(AreaChange.Type.SPLIT, area, on, reason, by, summary, act, [("划转的村（社区）", len(villages))])


@_change
def close_area(area: Area, *, on: dt.date, reason: str, by: Any, successor: Area | None = None) -> ChangeReport:
    """Close an area that has nothing below it any more."""
    if area.children.filter(until=None).exists():
        raise ValidationError(f"{area.name}之下还有村（社区），请先划转或合并。")
    if successor and (successor.level != area.level or successor.pk == area.pk):
        raise ValidationError("承接的区划应与被撤销的同一层级，且不是它自己。")
    if successor:
        _must_exist(successor)

    def act(change: AreaChange) -> None:
        if successor:
            move_registers(area, successor, on)
        _close(area, on, change)
        if successor:
            AreaSuccession.objects.create(predecessor=area, successor=successor, change=change)

    rows = standing_rows([area])
    if rows and not successor:
        raise ValidationError(f"{area.name}还有{'、'.join(f'{n} 条{label}' for label, n in rows)}，请选择承接的区划。")
    words = f"{area.name}撤销" + (f"，由{successor.name}承接" if successor else "")
    return _done(AreaChange.Type.CLOSE, area, on, reason, by, words, act, [(f"划转的{label}", n) for label, n in rows])


@_change
def create_area(area: Area, *, on: dt.date, reason: str, by: Any, name: str, code: str, kind: str) -> ChangeReport:
    """Make a new area below `area`."""
    if area.level == Level.VILLAGE:
        raise ValidationError("村（社区）之下不能再设区划。")

    def act(change: AreaChange) -> None:
        _make(area, name, code, kind, on, change)

    return _done(AreaChange.Type.CREATE, area, on, reason, by, f"{area.name}新设{name}", act)


@_change
def set_counted(area: Area, *, on: dt.date, reason: str, by: Any, counted: bool) -> ChangeReport:
    """Count an area in coverage or not, with the reason."""
    if counted == area.counted:
        raise ValidationError("统计口径没有变化。")
    words = f"{area.name}{'计入' if counted else '不计入'}统计"
    fields = {"counted": counted, "not_counted_reason": "" if counted else reason}
    return _done(AreaChange.Type.COUNT, area, on, reason, by, words, lambda c: add_version(area, on, c, **fields))


def figures(county: Area, on: dt.date) -> list[dict[str, Any]]:
    """What existed on `on`, by township: name, code, kinds, counted and all villages; the same for ever after."""
    lo, hi = code_range(county.tree_code)
    versions = list(
        AreaVersion.objects.in_force(on).filter(tree_code__gte=lo, tree_code__lt=hi).order_by("tree_code", "pk")
    )
    rows = []
    for township in (version for version in versions if version.level == Level.TOWNSHIP):
        below = [v for v in versions if v.level == Level.VILLAGE and v.parent_id == township.area_id]
        rows.append({
            "code": township.code, "name": township.name, "kind": township.get_kind_display(),
            "counted": township.counted, "villages": len(below),
            "counted_villages": sum(v.counted for v in below if v.kind == "village"),
            "counted_communities": sum(v.counted for v in below if v.kind == "community"),
        })  # fmt: skip
    return rows


def add_version(area: Area, on: dt.date, change: AreaChange | None, **fields: Any) -> AreaVersion:
    """End the present version on the day before `on`, open one with `fields` changed, mirror it on the area."""
    current = area.versions.get(until=None)
    if on < current.since:
        raise ValidationError(f"{area.name}自 {current.since} 起为现状，生效日期须晚于这一天。")
    if on == current.since:
        version = current
    else:
        AreaVersion.objects.filter(pk=current.pk).update(until=on - DAY)
        version = AreaVersion(area=area, since=on, **{name: getattr(current, name) for name in Area.MIRRORED})
    for name, value in fields.items():
        setattr(version, name, value)
    _must_fit(version, area.pk, on)
    version.change = change
    version.save()
    for name in Area.MIRRORED:
        setattr(area, name, getattr(version, name))
    area.pinyin = spelling(area.name)
    area.version += 1
    area.save()
    return version


def tree_code_for(parent: Area | None, code: str, level: int) -> str:
    """The parent's tree code and the own three digits of the official code (six for a county)."""
    lengths = dict(zip(Level, LEVEL_LENGTHS, strict=True))
    return (parent.tree_code if parent else "") + code[
        lengths[Level(level)] - (3 if parent else 6) : lengths[Level(level)]
    ]


def _done(
    type_: str, area: Area, on: dt.date, reason: str, by: Any, summary: str, act: Callable[[AreaChange], Any],
    counts: Sequence[tuple[str, int]] = (),
) -> ChangeReport:  # fmt: skip
    change = AreaChange.objects.create(area=area, type=type_, on=on, reason=reason, summary=summary, by=by)
    act(change)
    return ChangeReport(f"{on} 起，{summary}", change, list(counts))


def _hang(area: Area, parent: Area, on: dt.date, change: AreaChange) -> None:
    """Put `area` and all below it under `parent`; a suffix that is taken there gives way to the next free one."""
    used = _used(parent)
    places = (f"{parent.tree_code}{number:03d}" for number in [int(area.tree_code[-3:]), *range(1, 1000)])
    free = next(place for place in places if place not in used)
    add_version(area, on, change, parent_id=parent.pk, tree_code=free)
    for child in Area.objects.filter(parent=area, until=None):
        _hang(child, area, on, change)


def _used(parent: Area) -> set[str]:
    lo, hi = code_range(parent.tree_code)
    length = len(parent.tree_code) + 3
    return {
        code[:length]
        for code in Area.objects.filter(tree_code__gt=lo, tree_code__lt=hi).values_list("tree_code", flat=True)
    }


def _make(parent: Area, name: str, code: str, kind: str, on: dt.date, change: AreaChange) -> Area:
    code = code.ljust(12, "0")
    if Area.objects.filter(code=code).exists():
        raise ValidationError(f"代码 {code} 用过，不能再给另一个区划。")
    level = parent.level + 1
    used = _used(parent)
    own = tree_code_for(parent, code, level)
    tree = (
        own
        if own not in used
        else next(c for n in range(999, 0, -1) if (c := f"{parent.tree_code}{n:03d}") not in used)
    )
    area = Area(
        code=code, series=Series.LOCAL, name=name, level=level, kind=kind, parent=parent, tree_code=tree, since=on,
        pinyin=spelling(name),
    )  # fmt: skip
    _must_fit(area, 0, on)
    area.full_clean()
    area.save()
    AreaVersion.objects.create(area=area, since=on, change=change, **{n: getattr(area, n) for n in Area.MIRRORED})
    return area


def _close(area: Area, on: dt.date, change: AreaChange) -> None:
    current = area.versions.get(until=None)
    if on <= current.since:
        raise ValidationError(f"{area.name}自 {current.since} 起为现状，生效日期须晚于这一天。")
    AreaVersion.objects.filter(pk=current.pk).update(until=on - DAY)
    Unit.objects.filter(area=area, until=None, since__lt=on).update(until=on - DAY)
    area.until = on - DAY
    area.version += 1
    area.save()


def _county(area: Area) -> Area:
    while area.parent is not None:
        area = area.parent
    return area


def _must_exist(area: Area) -> None:
    until = Area.objects.select_for_update().values_list("until", flat=True).get(pk=area.pk)
    if until is not None:
        raise ValidationError(f"{area.name}已于 {until} 撤销。")


def _must_fit(row: Area | AreaVersion, area_id: int, on: dt.date) -> None:
    """Refuse a name that a sibling carries, and a parent that did not exist yet on `on`."""
    if row.parent is None:
        return
    if row.parent.since > on:
        raise ValidationError(f"{row.parent.name}自 {row.parent.since} 起才设立，生效日期不能早于这一天。")
    if row.parent.children.filter(name=row.name, until=None).exclude(pk=area_id).exists():
        raise ValidationError(f"{row.parent.name}下已有“{row.name}”，请先给其中一个更名，再办理这项变更。")


def _require_all(by: Any, change: AreaChange | None) -> None:
    """Refuse a change that touched an area outside `by`'s reach, as the map stands after it."""
    if by is None or change is None:
        return
    touched = set(change.versions.values_list("area_id", flat=True))
    for pair in change.successions.values_list("predecessor_id", "successor_id"):
        touched |= set(pair)
    if Area.objects.permitted(by, "change").filter(pk__in=touched).count() != len(touched):
        raise PermissionDenied("这项变更涉及您权限范围以外的区划，已全部撤回。")


def _below(area: Area) -> int:
    return Area.objects.in_area(area).filter(until=None).exclude(pk=area.pk).count()


def _compare(before: Sight, after: Sight, existing: set[int]) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Who sees more and who sees less of the areas that still exist, each with the number of areas."""
    users = sorted(set(before) | set(after))
    none: frozenset[int] = frozenset()
    gaining = [(user[1], len(after.get(user, none) - before.get(user, none))) for user in users]
    losing = [(user[1], len((before.get(user, none) - after.get(user, none)) & existing)) for user in users]
    return [pair for pair in gaining if pair[1]], [pair for pair in losing if pair[1]]
