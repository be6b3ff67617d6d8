"""Areas as a workbook: the same road as `load_areas`, with its checks, its questions and its all-or-nothing."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from organizations.area_files import KINDS
from organizations.models import Area
from organizations.services.loading import LoadReport, load_areas
from portal.kit.workbooks.columns import Column, Kind
from portal.kit.workbooks.imports import Difference, Line, Outcome, Problem, Progress, Workbook
from portal.kit.workbooks.writing import Trace, Used

HEAD = ["code", "name", "level", "kind", "parent_code"]


class AreaWorkbook(Workbook):
    name, label = "areas", "行政区划"
    permissions = ("organizations.add_area",)
    view_permission = "organizations.view_area"
    words: ClassVar[tuple[str, ...]] = (
        "一次导入一个县（市）；代码为 6、9 或 12 位数字。导入只新增区划和更正名称，合并、撤销、代码变更请在行政区划页面办理。",
        "从导入当天起生效，以前的统计不变。",
    )

    def __init__(self, user: Any, parameters: Mapping[str, Any] | None = None):
        super().__init__(user, parameters)
        self.known: dict[str, Area] = {}

    @property
    def columns(self) -> Sequence[Column]:
        return COLUMNS

    def present(self, area: Any = None) -> Iterator[list[Any]]:
        rows = Area.objects.permitted(self.user).existing()
        rows = rows.in_area(area) if area is not None else rows
        for row in rows.select_related("parent").order_by("tree_code", "pk").iterator(2000):
            yield [
                row.code,
                row.name,
                row.get_kind_display() if row.parent else "",
                row.parent.code if row.parent else "",
            ]

    def plan(self, lines: Sequence[Line], progress: Progress) -> None:
        """The whole file is checked together; a question of the loader stops the row that it is about."""
        values = [self._values(line) for line in lines]
        right = [(line, found) for line, found in zip(lines, values, strict=True) if not line.problems]
        self.known = {area.code: area for area in Area.objects.permitted(self.user).filter(until=None)}
        for line, found in right:
            self._compare(line, found)
        report = self._load(right, dry_run=True)
        for problem in report.errors:
            self._line(right, problem.row).refuse(Problem(COLUMN_OF.get(problem.column, ""), problem.message))
        for question in report.questions:
            self._ask(
                [line for line, found in right if _code(found) in {question["code"], *question["candidates"]}], question
            )
        progress(len(lines), len(lines))

    def write(self, lines: Iterable[Line]) -> list[Trace]:
        chosen = [(line, line.target) for line in lines]
        self._load(chosen, dry_run=False)
        codes = [_code(found) for _, found in chosen]
        allowed = Area.objects.permitted(self.user, "change").filter(code__in=codes, until=None).count()
        if allowed < len(codes):
            raise PermissionDenied("有区划不在您的权限范围内，已全部撤回。")
        return []

    def take_back(self, traces: Sequence[Trace], words: str, used: Used) -> list[tuple[Trace, str]]:
        return [(Trace("", 0, 0, None, "", 0), "区划的导入不能整批撤销：请在行政区划页面办理更名、撤销或合并")]

    def _compare(self, line: Line, found: dict[str, Any]) -> None:
        stored = self.known.get(_code(found))
        line.target = found
        if stored is None:
            line.outcome = Outcome.NEW
        elif stored.name != found["name"]:
            line.outcome, line.changes = Outcome.CHANGED, [Difference("name", "名称", stored.name, found["name"])]
        else:
            line.outcome = Outcome.UNCHANGED

    def _load(self, rows: Sequence[tuple[Line, dict[str, Any]]], *, dry_run: bool) -> LoadReport:
        text = io.StringIO()
        out = csv.writer(text)
        out.writerow(HEAD)
        for _, found in rows:
            out.writerow([found["code"], found["name"], "", found.get("kind") or "", found.get("parent") or ""])
        content = text.getvalue().encode()
        if not rows:
            return LoadReport()
        return load_areas([content], on=timezone.localdate(), by=self.user, dry_run=dry_run)

    @staticmethod
    def _line(rows: Sequence[tuple[Line, dict[str, Any]]], number: int) -> Line:
        return rows[min(max(number - 2, 0), len(rows) - 1)][0]

    @staticmethod
    def _ask(lines: Sequence[Line], question: dict[str, Any]) -> None:
        for line in lines:
            line.refuse(Problem("code", f"{question['message']}请在行政区划页面办理后再导入。"))


def _code(found: Mapping[str, Any]) -> str:
    return str(found["code"]).ljust(12, "0")


COLUMNS = [
    Column("code", "区划代码", Kind.CODE, required=True, synonyms=("代码", "统计用区划代码", "行政区划代码"), sample="420381199000", width=18),
    Column("name", "名称", required=True, synonyms=("区划名称", "行政区划名称"), sample="示例镇", width=22),
    Column("kind", "类别", Kind.CHOICE, choices=[(word, word) for word in KINDS], synonyms=("类型",), width=12),
    Column("parent", "上级代码", Kind.CODE, synonyms=("上级区划代码", "父级代码"), width=18),
]  # fmt: skip
COLUMN_OF = {"code": "code", "name": "name", "kind": "kind", "parent_code": "parent"}
