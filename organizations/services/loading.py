"""Loading a table of areas: compare with what is stored, load what is clear, ask about what is not."""

import csv
import datetime as dt
import io
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from organizations.area_files import AreaFile, Problem, Row, core, read
from organizations.models import Area, AreaChange, AreaVersion, Level
from organizations.services.areas import add_version, tree_code_for
from portal.audit.models import Action, record
from portal.kit.pinyin import spelling


@dataclass
class LoadReport:
    """What a load does or would do. questions are for a person: the load guesses nothing."""

    new: int = 0
    changed: int = 0
    unchanged: int = 0
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)
    questions: list[dict[str, Any]] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return {
            "new": self.new, "changed": self.changed, "unchanged": self.unchanged,
            "errors": [problem.as_dict() for problem in self.errors],
            "warnings": [problem.as_dict() for problem in self.warnings], "questions": self.questions,
        }  # fmt: skip


def load_areas(
    contents: Iterable[bytes],
    *,
    on: dt.date,
    by: Any = None,
    dry_run: bool = False,
    series: str = "nbs",
    county: str = "",
    not_counted: bytes = b"",
) -> LoadReport:
    """Load area files as they are on `on`, all rows or none; the same files again change nothing.

    not_counted: a CSV of code, name, reason of areas that do not count in coverage.
    """
    with transaction.atomic():
        known = {area.code: area for area in Area.objects.filter(series=series, until=None).select_related("parent")}
        found = read(contents, county=county, stored=known)
        reasons = _reasons(not_counted, found)
        report = LoadReport(errors=found.errors, warnings=found.warnings)
        if not found.errors and found.rows:
            _compare_and_load(found, known, reasons, report, on, by, series)
        if dry_run or report.errors:
            transaction.set_rollback(True)
    return report


def _compare_and_load(
    found: AreaFile,
    known: dict[str, Area],
    reasons: dict[str, str],
    report: LoadReport,
    on: dt.date,
    by: Any,
    series: str,
) -> None:
    code = found.rows[0].code[:6]
    stored = {c: area for c, area in known.items() if c.startswith(code)}
    fresh = [row for row in found.rows if row.code not in stored]
    held = _ask_about_the_missing(found, stored, fresh, report)
    renamed = _ask_about_the_changed(found, stored, reasons, report, on)
    fresh = [row for row in fresh if row.code not in held]
    _refuse_taken_names(fresh, renamed, stored, report)
    _refuse_older_than_parent(fresh, stored, report, on)
    if report.errors:
        return
    if fresh or renamed:
        _write(fresh, renamed, stored, reasons, report, on, by, series)
    report.new, report.changed = len(fresh), len(renamed)


def _ask_about_the_missing(found: AreaFile, stored: dict[str, Area], fresh: list[Row], report: LoadReport) -> set[str]:
    """Questions on stored areas that the file no longer has; returns the new codes that may be one of them re-coded.

    Only where the file holds all of the parent, or the parent is gone too: a missing row of a partial file is no
    retirement. What lies below a new code that is held back is held back with it.
    """
    in_file = {row.code for row in found.rows}
    whole = {row.parent_code for row in found.rows if row.parent_code in in_file}
    by_name: dict[tuple[int, str], list[Row]] = defaultdict(list)
    for row in fresh:
        by_name[row.level, core(row.name)].append(row)
    held: set[str] = set()
    for code, area in sorted(stored.items()):
        parent = area.parent.code if area.parent else None
        if code in in_file or parent not in whole:
            continue
        whole.add(code)
        twins = by_name.get((area.level, core(area.name)), [])
        held |= {row.code for row in twins}
        kind = "recode" if twins else "gone"
        words = (
            f"{area.name}（{code}）不见了，文件中有同名的 {'、'.join(f'{r.name}（{r.code}）' for r in twins)}：是否代码变更？"
            if twins
            else f"{area.name}（{code}）不在文件中：是撤销还是并入了别处？请在区划页面办理，并指明承接的区划。"
        )
        candidates = [row.code for row in twins]
        report.questions.append(
            {"kind": kind, "code": code, "name": area.name, "message": words, "candidates": candidates}
        )
    return held | {row.code for row in fresh if row.parent_code in held}


def _refuse_taken_names(
    fresh: list[Row], renamed: list[tuple[Area, dict[str, Any]]], stored: dict[str, Area], report: LoadReport
) -> None:
    """An error for each name that a stored sibling, which keeps it, carries already."""
    renaming = {area.code for area, fields in renamed if "name" in fields}
    kept = {
        (area.parent.code, area.name): code for code, area in stored.items() if area.parent and code not in renaming
    }
    names = [(row.number, row.parent_code, row.name) for row in fresh]
    names += [
        (fields["row"], area.parent.code if area.parent else None, fields["name"])
        for area, fields in renamed
        if "name" in fields
    ]
    for number, parent, name in names:
        if taken := kept.get((parent or "", name)):
            words = f"同一上级下已有“{name}”（{taken}）：是代码变更还是重名？请载入整个乡镇的表，或先办理更名。"
            report.errors.append(Problem(number, "name", words))


def _refuse_older_than_parent(fresh: list[Row], stored: dict[str, Area], report: LoadReport, on: dt.date) -> None:
    for row in fresh:
        parent = stored.get(row.parent_code or "")
        if parent and parent.since > on:
            words = f"{parent.name}自 {parent.since} 起才有记录，{row.name}的生效日期 {on} 不能更早。"
            report.errors.append(Problem(row.number, "code", words))


def _ask_about_the_changed(
    found: AreaFile, stored: dict[str, Area], reasons: dict[str, str], report: LoadReport, on: dt.date
) -> list[tuple[Area, dict[str, Any]]]:
    """(area, changed fields) of renames; a code that now carries another name is asked about."""
    changed = []
    for row in found.rows:
        area = stored.get(row.code)
        if area is None:
            continue
        fields: dict[str, Any] = {}
        if area.name != row.name:
            if core(area.name) != core(row.name):
                words = f"代码 {row.code} 原为“{area.name}”，文件中为“{row.name}”：是更名，还是代码给了另一个区划？"
                report.questions.append(
                    {"kind": "review", "code": row.code, "name": area.name, "message": words, "candidates": [row.code]}
                )
            else:
                fields |= {"row": row.number, "name": row.name, "kind": row.kind}
        elif area.kind != row.kind:
            words = f"{area.name} 的类别在文件中是{row.kind.label}，系统中是{area.get_kind_display()}，没有改动。"
            report.warnings.append(Problem(row.number, "kind", words))
        reason = reasons.get(row.code)
        if reason and area.counted:
            fields |= {"counted": False, "not_counted_reason": reason}
        if fields and on <= area.versions.latest("since").since:
            since = area.versions.latest("since").since
            report.errors.append(
                Problem(row.number, "name", f"{area.name} 自 {since} 起为现状，生效日期 {on} 须晚于这一天。")
            )
        if fields:
            changed.append((area, fields))
        else:
            report.unchanged += 1
    return changed


def _write(
    fresh: list[Row], renamed: list[tuple[Area, dict]], stored: dict[str, Area], reasons: dict[str, str],
    report: LoadReport, on: dt.date, by: Any, series: str,
) -> None:  # fmt: skip
    made: dict[str, Area] = dict(stored)
    change: Any = None
    for level in Level:
        rows = [row for row in fresh if row.level == level]
        areas = [_area(row, made, reasons, on, series) for row in rows]
        Area.objects.bulk_create(areas, batch_size=500)
        made.update({area.code: area for area in areas})
        if change is None:
            county = next(area for area in made.values() if area.level == Level.COUNTY)
            summary = f"载入区划数据：新增 {len(fresh)}，更名或调整 {len(renamed)}"
            change = AreaChange.objects.create(
                area=county, type=AreaChange.Type.LOAD, on=on, reason="载入区划数据", summary=summary, by=by
            )
        AreaVersion.objects.bulk_create([_version(area, change) for area in areas], batch_size=500)
    for area, fields in renamed:
        fields.pop("row", None)
        add_version(area, on, change, **fields)
    record(by, Action.IMPORTED, change, words=f"{change.area}：{change.summary}")


def _area(row: Row, made: dict[str, Area], reasons: dict[str, str], on: dt.date, series: str) -> Area:
    parent = made[row.parent_code] if row.parent_code else None
    reason = reasons.get(row.code, "")
    return Area(
        code=row.code, series=series, name=row.name, level=row.level, kind=row.kind, parent=parent, since=on,
        counted=not reason, not_counted_reason=reason, pinyin=spelling(row.name),
        tree_code=tree_code_for(parent, row.code, row.level),
    )  # fmt: skip


def _version(area: Area, change: AreaChange) -> AreaVersion:
    return AreaVersion(
        area=area, since=area.since, change=change, **{name: getattr(area, name) for name in Area.MIRRORED}
    )


def _reasons(content: bytes, found: AreaFile) -> dict[str, str]:
    """Code → why it does not count, of the rows of this file."""
    if not content:
        return {}
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig", errors="replace")))
    if not {"code", "reason"} <= set(rows.fieldnames or []):
        found.errors.append(Problem(1, "reason", "不计入名单缺少表头，第一行应为 code,name,reason。"))
        return {}
    codes, reasons = {row.code for row in found.rows}, {}
    for row in rows:
        reason = (row["reason"] or "").strip()
        if row["code"] in codes and not 0 < len(reason) <= 200:
            words = f"不计入名单中 {row['code']} 的原因应为 1 至 200 个字。"
            found.errors.append(Problem(rows.line_num, "reason", words))
        elif row["code"] in codes:
            reasons[row["code"]] = reason
    return reasons
