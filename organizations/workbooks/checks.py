"""Standards checks as a workbook: a checked row a line, an item of the standard a column.

What the register answers by itself is no column. An item that wants material can be marked here, but its check is finished on
its page, where the material is added; until then it stays 填写中.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from django.apps import apps
from django.core.exceptions import ValidationError

from organizations.models import Answer, Check, Standard, StandardItem
from organizations.services.standards import Given, answer_items, drop_check, finish_check, lines_of, start_check
from organizations.workbooks.places import TOWNSHIP, VILLAGE, Places, place_cells, place_columns
from portal.kit.scope import permission_for
from portal.kit.workbooks.cells import plain
from portal.kit.workbooks.columns import Column, Kind
from portal.kit.workbooks.imports import Difference, Line, Outcome, RefusedCell, Workbook, closest
from portal.kit.workbooks.writing import Trace, Used

NAME, REASON = "name", "reason"
VERDICTS = [(value, label) for value, label in Answer.Verdict.choices if value]


class CheckWorkbook(Workbook):
    name, label = "checks", "标准核查"
    permissions = ("organizations.add_check",)
    view_permission = "organizations.view_check"
    asks = "standard"
    words: ClassVar[tuple[str, ...]] = (
        "一行核查一个对象；各项填“达到”“未达到”或“不适用”，空着的沿用上次的结论。",
        "填“不适用”须在“说明”一列写明原因。登记册能自动核查的项目不用填。",
        "须附材料的项目导入后，请在核查页面上传材料再完成核查。",
    )

    def __init__(self, user: Any, parameters: Mapping[str, Any] | None = None):
        super().__init__(user, parameters)
        standards = Standard.objects.permitted(user)
        self.standard = standards.filter(pk=self.asked).first()
        if self.standard is None:
            raise ValidationError("请选择标准。")
        self.model = apps.get_model(self.standard.applies_to)
        self.places = Places(user, permission_for(self.model, "change"), self.label)
        self.seen: dict[int, Line] = {}

    @classmethod
    def choices_of(cls, user: Any) -> dict[str, Any]:
        return {"standard": Standard.objects.permitted(user)}

    @cached_property
    def items(self) -> dict[str, StandardItem]:
        version = self.standard.versions.in_force().first()
        rows = version.items.filter(source="") if version else StandardItem.objects.none()
        return {f"item-{item.number}": item for item in rows}

    @cached_property
    def columns(self) -> Sequence[Column]:  # type: ignore[override]
        subject = Column(
            NAME, "核查对象", Kind.REFERENCE, required=True, synonyms=("名称", "对象", "组织名称", "阵地名称"), width=26
        )
        own = [Column(name, item.wording, Kind.CHOICE, choices=VERDICTS, width=14) for name, item in self.items.items()]
        return [*place_columns(), subject, *own, Column(REASON, "说明", synonyms=("原因", "备注"), width=30)]

    @cached_property
    def rows(self) -> dict[tuple[int, str], Any]:
        rows = self.model._default_manager.permitted(self.user, "change").in_force().select_related("area__parent")
        rows = rows.in_area(self.standard.area)
        return {(row.area_id, plain(row.name)): row for row in rows}

    @cached_property
    def last(self) -> dict[int, dict[str, tuple[str, str]]]:
        """Row id → wording → (verdict, reason) of its last finished check."""
        found: dict[int, dict[str, tuple[str, str]]] = {}
        latest = Check.objects.latest().filter(
            register=self.standard.applies_to, version_checked__standard=self.standard, object_id__in=[r.pk for r in self.rows.values()]
        )  # fmt: skip
        answers = Answer.objects.filter(inspection__in=latest.order_by().values("pk"))
        for pk, *rest in answers.values_list("inspection__object_id", "wording", "verdict", "reason"):
            found.setdefault(pk, {})[rest[0]] = (rest[1], rest[2])
        return found

    @property
    def options(self) -> dict[str, Any]:
        return {**self.places.options, NAME: [row.name for row in self.rows.values()]}

    def present(self, area: Any = None) -> Iterator[list[Any]]:
        labels = dict(VERDICTS)
        for row in sorted(self.rows.values(), key=lambda row: (row.area.tree_code, row.name)):
            if area is None or row.area.tree_code.startswith(area.tree_code):
                place, last = place_cells(row.area), self.last.get(row.pk, {})
                given = [last.get(item.wording, ("", "")) for item in self.items.values()]
                reasons = "；".join(sorted({reason for _, reason in given if reason}))
                yield [
                    place[TOWNSHIP],
                    place[VILLAGE],
                    row.name,
                    *[labels.get(verdict, "") for verdict, _ in given],
                    reasons,
                ]

    def take(self, line: Line, values: dict[str, Any]) -> None:
        row = self._row(values)
        if row.pk in self.seen:
            raise RefusedCell(NAME, f"与第 {self.seen[row.pk].number} 行是同一个对象，请删去一行。")
        self.seen[row.pk] = line
        given = {name: values[name] for name in self.items if values.get(name)}
        lacking = [
            name
            for name, verdict in given.items()
            if verdict == Answer.Verdict.NOT_APPLICABLE and not values.get(REASON)
        ]
        if lacking:
            raise RefusedCell(REASON, f"“{self.items[lacking[0]].wording}”填了不适用，请在“说明”一列写明原因。")
        last, labels = self.last.get(row.pk, {}), dict(VERDICTS)
        line.changes = [
            Difference(name, self.items[name].wording, str(labels.get(last.get(self.items[name].wording, ("", ""))[0], "")), str(labels[verdict]))
            for name, verdict in given.items()
            if verdict != last.get(self.items[name].wording, ("", ""))[0]
        ]  # fmt: skip
        line.target = (row, given, values.get(REASON, ""))
        line.outcome = Outcome.UNCHANGED if not line.changes else Outcome.CHANGED if last else Outcome.NEW

    def write(self, lines: Iterable[Line]) -> list[Trace]:
        return [self._write(line) for line in lines]

    def take_back(self, traces: Sequence[Trace], words: str, used: Used) -> list[tuple[Trace, str]]:
        """Drafts are dropped; a finished check is kept for good, and what it says is changed by another check."""
        checks = Check.objects.permitted(self.user, "change").in_bulk([trace.pk for trace in traces])
        done = [(trace, "核查已完成，结论长期保存；有误的请重新核查") for trace in traces
                if trace.pk not in checks or checks[trace.pk].status == Check.Status.DONE]  # fmt: skip
        if not done:
            for trace in traces:
                drop_check(checks[trace.pk], by=self.user)
        return done

    def _write(self, line: Line) -> Trace:
        row, given, reason = line.target
        check = start_check(row, self.standard, by=self.user)
        by_wording = {self.items[name].wording: verdict for name, verdict in given.items()}
        said = {}
        for found in lines_of(check):
            verdict = by_wording.get(found.answer.wording)
            if verdict:
                said[found.answer.pk] = Given(
                    verdict, found.answer.reason if verdict == found.answer.verdict else reason
                )
        answer_items(check, said, by=self.user)
        check.refresh_from_db()
        open_items = [found for found in lines_of(check) if not found.verdict or found.lacks_evidence]
        if not open_items:
            check = finish_check(check, by=self.user)
        return Trace("organizations.check", check.pk, check.version, None, line.sheet, line.number)

    def _row(self, values: dict[str, Any]) -> Any:
        name = values[NAME]
        place = None
        if values.get(TOWNSHIP) or values.get(VILLAGE):
            place = self.places.find(values.get(TOWNSHIP, ""), values.get(VILLAGE, ""), None)
        found = [
            row
            for (area_id, key), row in self.rows.items()
            if key == plain(name) and place in {None, row.area, row.area.parent}
        ]
        if len(found) == 1:
            return found[0]
        if found:
            raise RefusedCell(NAME, f"有 {len(found)} 个“{name}”，请填写乡镇和村（社区）。")
        meant = closest(name, [row.name for row in self.rows.values()])
        words = f"找不到核查对象“{name}”" + (f"，是否为“{meant}”？" if meant else "，请先登记。")
        raise RefusedCell(NAME, words, meant)
