"""The workbook of visits: a year's visits come in from the list that was kept by hand, and go out as the list shows them."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from django.db.models import Prefetch

from outreach.models import Contact, Official, Visit
from outreach.services.visits import MEMBERS, NOT_SHOWN, NOTES, TARGETS, Sides, check_visit, place_visit
from outreach.workbooks import Declared
from portal.kit.workbooks.cells import plain
from portal.kit.workbooks.columns import Column
from portal.kit.workbooks.imports import Line, Outcome, RefusedCell, closest, refuse_all
from portal.kit.workbooks.registers import ModelWorkbook
from portal.kit.workbooks.rules import refuse_broken
from portal.kit.workbooks.writing import BATCH

SEVERAL = 2
SEPARATORS = re.compile("[、，,；;\n]")
MODELS = {"officials": Official, **{f"{name}s": model for name, model in TARGETS.items()}}


class VisitWorkbook(ModelWorkbook):
    """New visits; what stands in the register already is corrected on its page.

    A visit is told by its day, its officials and its sides; it stands in the area that its sides share.
    """

    name, label, model = "visits", "走访", Visit
    words: ClassVar[tuple[str, ...]] = (
        "走访干部、企业和协会、组织、联系对象可以填几个，用顿号隔开；几名干部一起走访的填一行，不要每人一行。",
        "走访情况只写企业、组织的事，不写个人情况，也不写电话、身份证号。",
        "已经登记的不会被更新：更正、取消、登记“已走访”请在走访的页面办理。",
    )
    names_contacts = True
    fields = ("on", "state", "matter", *NOTES, "next_on")
    key = ("on",)
    declared: ClassVar[Declared] = {
        "on": {"label": "走访日期", "required": True, "synonyms": ("日期", "时间", "走访时间"), "sample": "2026-09-01"},
        "state": {"label": "走访状态", "synonyms": ("状态", "是否完成"), "sample": "已走访", "help": "不填的为已走访"},
        "matter": {"label": "走访事项", "synonyms": ("事项", "类别", "走访内容"), "sample": "日常联系", "width": 16, "help": "不填的为日常联系"},
        "raised": {"synonyms": ("反映情况", "存在的问题", "走访情况"), "width": 36},
        "promised": {"synonyms": ("承诺事项", "答复意见"), "width": 30},
        "next_on": {"synonyms": ("下次走访", "下次走访时间")},
    }  # fmt: skip
    members: ClassVar[Declared] = {
        "officials": {"required": True, "synonyms": ("走访人", "走访领导", "联系干部", "干部"), "sample": "李某甲", "width": 20,
                      "help": "重名的写成“李某甲（副县长）”；几个人用顿号隔开"},
        "enterprises": {"synonyms": ("企业", "企业名称", "走访企业", "走访对象"), "sample": "示例县某某茶业有限公司", "width": 30},
        "organizations": {"synonyms": ("组织名称", "走访组织"), "width": 24},
        "contacts": {"synonyms": ("联系对象姓名",), "width": 16},
    }  # fmt: skip

    def __init__(self, user: Any, parameters: Mapping[str, Any] | None = None):
        super().__init__(user, parameters)
        self.same: dict[Any, Any] = {}

    def _own_columns(self) -> list[Column]:
        """When, who, whom; then what came of it."""
        found = super()._own_columns()
        named = [Column(name, str(self._field(name).verbose_name), **words) for name, words in self.members.items()]
        return [found[0], *named, *found[1:]]

    @property
    def options(self) -> dict[str, Any]:
        """Names to choose from; a list of people's names goes into no template."""
        rows = {name: self._rows(name) for name in ("officials", "enterprises", "organizations")}
        return {name: [row.name for row in found if row.until is None] for name, found in rows.items()}

    # reading

    def clean(self, column: Column, value: Any) -> Any:
        if column.name in NOTES and value == NOT_SHOWN:
            return ""
        return value if column.name in MEMBERS else super().clean(column, value)

    def resolved(self, line: Line, values: dict[str, Any]) -> dict[str, Any]:
        """The visit's own values, and under each of MEMBERS the rows that its names mean. Raises RefusedCell."""
        found = {name: values[name] for name in self.fields if values.get(name) not in {None, ""}}
        refused: list[RefusedCell] = []
        for name in MEMBERS:
            found[name] = list(self._several(name, values.get(name) or "", refused))
        refuse_all(line, refused)
        return found

    def _several(self, name: str, text: str, refused: list[RefusedCell]) -> Iterable[Any]:
        """The rows of the names in one cell; a name that itself has a comma is looked up whole first."""
        whole = self._known(name).get(plain(text), [])
        for part in [text] if len(whole) == 1 else dict.fromkeys(filter(None, map(str.strip, SEPARATORS.split(text)))):
            try:
                yield self._one(name, part)
            except RefusedCell as error:
                refused.append(error)

    def _one(self, name: str, text: str) -> Any:
        named = self._known(name).get(plain(text), [])
        near = [row for row in named if getattr(row, "until", None) is None] or named
        if len(near) == 1:
            return near[0]
        label = self._label(name)
        if near:
            raise RefusedCell(name, f"{label}里有 {len(near)} 个“{text}”，请写成“{self._long(name, near[0])}”的样子。")
        meant = closest(plain(text), [] if name == "contacts" else self._known(name))
        words = f"{label}里找不到“{text}”" + (f"，是否为“{meant}”？" if meant else "，请先登记。")
        raise RefusedCell(name, words)

    def _known(self, name: str) -> Mapping[str, list[Any]]:
        """Names as they are compared, short and long → rows."""
        if name not in self._names:
            found: dict[str, list[Any]] = defaultdict(list)
            for row in self._rows(name):
                for called in {plain(row.name), plain(self._long(name, row))}:
                    found[called].append(row)
            self._names[name] = found
        return self._names[name]

    @staticmethod
    def _long(name: str, row: Any) -> str:
        """What tells namesakes apart: an official's position, a contact's last digits, where the others are."""
        if name == "officials":
            return str(row)
        return f"{row.name}（{str(getattr(row, 'phone', '')) or row.area.name}）"

    def _called(self, name: str, row: Any) -> str:
        return row.name if len(self._known(name).get(plain(row.name), [])) < SEVERAL else self._long(name, row)

    @cached_property
    def _names(self) -> dict[str, Mapping[str, list[Any]]]:
        return {}

    def _rows(self, name: str) -> Any:
        """With those that are closed or have left: the visits of past years come in too."""
        rows: Any = MODELS[name].objects.permitted(self.user).select_related("area__parent", "unit")  # type: ignore[attr-defined]
        if name == "officials":  # and the county's who came to visit: they stand in the user's own list of visits
            came = Visit.officials.through.objects.filter(visit__in=Visit.objects.permitted(self.user))
            others = Official.objects.filter(pk__in=came.values("official")).select_related("area__parent", "unit")
            return rows.order_by().union(others.order_by())
        return rows.usable() if name == "contacts" else rows

    @cached_property
    def _own_officials(self) -> set[int]:
        return set(Official.objects.permitted(self.user).values_list("pk", flat=True))

    # comparing

    def load(self, lines: Sequence[Line]) -> None:
        days = {day for line in lines if hasattr(day := self._day(line), "year")}
        for visit in Visit.objects.permitted(self.user).filter(on__in=days).prefetch_related(*MEMBERS):
            if visit.state != Visit.State.CANCELLED:
                self.same[self._told(visit.on, {name: getattr(visit, name).all() for name in MEMBERS})] = visit

    def _day(self, line: Line) -> Any:
        column = next(column for column in self.columns if column.name == "on")
        return self._value(column, line.cells.get("on"))

    @staticmethod
    def _told(on: Any, members: Mapping[str, Iterable[Any]]) -> Any:
        return on, *(frozenset(row.pk for row in members[name]) for name in MEMBERS)

    def take(self, line: Line, values: dict[str, Any]) -> None:
        found = self.resolved(line, values)
        sides = Sides(**{name: found.pop(name) for name in MEMBERS})
        key = self._told(found["on"], sides.members)
        if key in self.seen:
            other = self.seen[key]
            raise RefusedCell("", f"与工作表“{other.sheet}”第 {other.number} 行是同一次走访，请删去一行。")
        visit = Visit(by=self.user, **found)
        self._refuse_wrong_visit(visit, sides)
        self.seen[key] = line
        if key in self.same:
            self._compare(line, self.same[key], visit)
            return
        if others := [row for row in sides.officials if row.pk not in self._own_officials]:
            raise RefusedCell("officials", f"{others[0]}不在您的权限范围内，请由县（市）登记。", outcome=Outcome.SCOPE)
        visit.sides = sides  # type: ignore[attr-defined]
        place_visit(visit, sides)
        line.target, line.outcome = visit, Outcome.NEW

    def _refuse_wrong_visit(self, visit: Visit, sides: Sides) -> None:
        visit.clean()
        refuse_broken(visit, self.checks)
        check_visit(visit, sides)

    def _compare(self, line: Line, stored: Visit, visit: Visit) -> None:
        if stored.state != visit.state:
            words = f"这次走访已登记为“{stored.get_state_display()}”，请在它的页面上登记“{visit.get_state_display()}”。"
            raise RefusedCell("state", words)
        line.outcome, line.target = Outcome.UNCHANGED, stored

    def column_of(self, field_name: str) -> str:
        return "enterprises" if field_name == "sides" else field_name

    # showing

    def present(self, area: Any = None) -> Any:
        rows = Visit.objects.permitted(self.user).with_readable_notes(self.user)
        rows = rows.in_area(area) if area is not None else rows
        usable = Prefetch("contacts", Contact.objects.usable().select_related("area"))  # the others leave in no file
        rows = rows.prefetch_related(usable, *(f"{name}__area" for name in MEMBERS if name != "contacts"))
        for visit in rows.iterator(chunk_size=2000):
            yield [self.cell(visit, column) for column in self.columns]

    def cell(self, obj: Any, column: Column) -> Any:
        if column.name in MEMBERS:
            return "、".join(self._called(column.name, row) for row in getattr(obj, column.name).all())
        if column.name in NOTES and not obj.notes_readable:
            return NOT_SHOWN
        return super().cell(obj, column)

    # writing

    def create(self, rows: Sequence[Any]) -> None:
        """The visits, then who took part in them."""
        super().create(rows)
        for name in MEMBERS:
            through = getattr(Visit, name).through
            other = next(f.name for f in through._meta.fields if f.is_relation and f.name != "visit")
            joins = [through(visit=visit, **{other: row}) for visit in rows for row in visit.sides.members[name]]
            through.objects.bulk_create(joins, batch_size=BATCH)
