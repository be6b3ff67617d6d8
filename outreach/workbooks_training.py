"""The workbooks of training plans, their sessions, the posts of cadres and support funds."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from django.db.models import Count

from organizations.filters.organizations import area_words
from organizations.workbooks.places import TOWNSHIP, VILLAGE, place_cells
from outreach.models import CadrePost, Enterprise, Request, Support, TrainingPlan, TrainingSession
from outreach.services.support import check_support, stand_with
from outreach.services.training import check_plan, check_post, check_session
from outreach.workbooks import Declared, RegisterWorkbook
from portal.kit.workbooks.cells import plain
from portal.kit.workbooks.columns import Column, Kind
from portal.kit.workbooks.imports import Line, RefusedCell, closest
from portal.kit.workbooks.registers import ModelWorkbook

PLACE, YEAR, PLAN = "plan_place", "plan_year", "plan_name"


class TrainingPlanWorkbook(RegisterWorkbook):
    name, label, model = "training_plans", "培训计划", TrainingPlan
    fields = ("year", "name", "audience", "unit", "planned_people")
    key = ("area_id", "year", "name")
    declared: ClassVar[Declared] = {
        "year": {"synonyms": ("年度",), "sample": "2026", "width": 10},
        "name": {"synonyms": ("培训计划", "培训名称"), "sample": "示例培训计划", "width": 28},
        "audience": {"synonyms": ("对象", "培训对象类别"), "sample": "任职干部", "width": 20},
        "unit": {"synonyms": ("举办单位", "主办单位"), "width": 18},
        "planned_people": {"synonyms": ("计划人数", "培训人数"), "sample": "60"},
    }

    def check(self, obj: Any) -> None:
        check_plan(obj)


class OfPlanWorkbook(ModelWorkbook):
    """Rows of a plan, which is told by its year and its name, and by its place where two have the same."""

    @cached_property
    def plans(self) -> Mapping[tuple[int, str], list[TrainingPlan]]:
        found: dict[tuple[int, str], list[TrainingPlan]] = defaultdict(list)
        rows = TrainingPlan.objects.permitted(self.user, "change").select_related("area__parent", "unit__area")
        for plan in rows:
            found[plan.year, plain(plan.name)].append(plan)
        return found

    @property
    def options(self) -> dict[str, Any]:
        rows = [plan for plans in self.plans.values() for plan in plans]
        places = dict.fromkeys(area_words(plan.area) for plan in rows)
        return {PLACE: list(places), PLAN: list(dict.fromkeys(plan.name for plan in rows))}

    def places(self) -> list[Column]:
        return [
            Column(YEAR, "计划年份", Kind.NUMBER, required=True, synonyms=("年份", "年度"), width=10, sample="2026"),
            Column(PLAN, "培训计划", Kind.REFERENCE, required=True, synonyms=("计划名称",), width=28, sample="示例培训计划"),
            Column(PLACE, "计划所在区划", Kind.REFERENCE, synonyms=("所在区划", "区划", "乡镇"), width=16,
                   help="同一年有几个同名计划的才要填写"),
        ]  # fmt: skip

    def resolved(self, line: Line, values: dict[str, Any]) -> dict[str, Any]:
        """The plan, and what a row of it has; an empty cell of a field that has a usual value means that value."""
        found: dict[str, Any] = {"plan": self._plan(values)}
        for name in self.fields:
            if name in values:
                field = self._field(name)
                usual = values[name] is None and not field.null and field.has_default()
                found[name] = field.get_default() if usual else values[name]
        return found

    def _plan(self, values: dict[str, Any]) -> TrainingPlan:
        year, name, place = values[YEAR], values[PLAN], plain(values.get(PLACE) or "")
        named = self.plans.get((year, plain(name)), [])
        near = [plan for plan in named if not place or plain(area_words(plan.area)) == place]
        if len(near) == 1:
            return near[0]
        if near:
            raise RefusedCell(PLACE, f"{year} 年有 {len(near)} 个“{name}”，请填写计划所在区划。")
        if named:
            raise RefusedCell(PLACE, f"“{name}”不在“{values[PLACE]}”，请核对计划所在区划。")
        meant = closest(plain(name), [key for of_year, key in self.plans if of_year == year])
        words = f"找不到 {year} 年的培训计划“{name}”" + (f"，是否为“{meant}”？" if meant else "，请先登记计划。")
        raise RefusedCell(PLAN, words, meant)

    def rows_to_compare(self, lines: Sequence[Line]) -> Any:
        return super().rows_to_compare(lines).select_related("plan__area__parent")  # type: ignore[attr-defined]

    def related(self, rows: Any) -> Any:
        return rows.select_related("plan__area__parent")

    def cell(self, obj: Any, column: Column) -> Any:
        plan = obj.plan
        own = {YEAR: plan.year, PLAN: plan.name, PLACE: area_words(plan.area)}
        return own[column.name] if column.name in own else super().cell(obj, column)


class TrainingSessionWorkbook(OfPlanWorkbook):
    name, label, model = "training_sessions", "培训班次", TrainingSession
    words: ClassVar[tuple[str, ...]] = ("只填人数；参加的组织负责人在班次的页面上从花名册选择。",)
    fields = ("title", "on", "place", "days", "planned", "attended")
    key = ("plan_id", "on", "title")
    declared: ClassVar[Declared] = {
        "title": {"synonyms": ("班次", "培训内容", "班次名称"), "sample": "示例培训班", "width": 28},
        "on": {"synonyms": ("办班日期", "培训日期", "开班日期"), "sample": "2026-06-18"},
        "place": {"synonyms": ("培训地点",), "width": 22},
        "days": {"sample": "2.5", "width": 10},
        "planned": {"synonyms": ("计划参训人数",), "sample": "30"},
        "attended": {"synonyms": ("参训人数", "实到", "到课人数")},
    }

    def rows_to_compare(self, lines: Sequence[Line]) -> Any:
        return super().rows_to_compare(lines).annotate(officers_named=Count("officers"))

    def check(self, obj: Any) -> None:
        check_session(obj, getattr(obj, "officers_named", 0))


class CadrePostWorkbook(OfPlanWorkbook):
    name, label, model = "cadre_posts", "培养岗位", CadrePost
    words: ClassVar[tuple[str, ...]] = ("只填岗位和人数，不填姓名。",)
    fields = ("post", "holders", "in_plan", "trained", "recommended")
    key = ("plan_id", "post")
    declared: ClassVar[Declared] = {
        "post": {"synonyms": ("岗位", "职务层次"), "sample": "乡镇副职", "width": 24},
        "holders": {"synonyms": ("在岗人数",), "sample": "21"},
        "in_plan": {"synonyms": ("列入计划人数",)},
        "trained": {"synonyms": ("参训人数",)},
        "recommended": {"synonyms": ("推荐人数",)},
    }

    def check(self, obj: Any) -> None:
        check_post(obj)


class SupportWorkbook(RegisterWorkbook):
    """A support stands where its enterprise stands: the place in the sheet only tells enterprises of one name apart."""

    name, label, model = "supports", "扶持资金", Support
    fields = ("enterprise", "programme", "amount", "on", "request")
    key = ("enterprise_id", "programme", "on")
    declared: ClassVar[Declared] = {
        "enterprise": {"required": True, "synonyms": ("企业", "企业名称", "单位名称"), "sample": "示例企业公司", "width": 28},
        "programme": {"synonyms": ("项目", "扶持项目", "资金名称"), "sample": "示例专项资金", "width": 26},
        "amount": {"synonyms": ("金额", "资金（元）"), "sample": "50000.00", "help": "单位：元，最多两位小数"},
        "on": {"required": True, "synonyms": ("日期", "拨付日期", "到账日期"), "sample": "2026-05-20"},
        "request": {"synonyms": ("诉求", "诉求编号"), "width": 20, "help": "这家企业的诉求编号，例如 诉求〔2026〕12号"},
    }  # fmt: skip

    @property
    def beside(self) -> list[str]:
        return ["enterprise__area__parent", "enterprise__unit", "request__area"]

    @property
    def options(self) -> dict[str, Any]:
        here = [row.name for rows in self._enterprises.values() for row in rows if row.until is None]
        return {**self.area_places.options, "enterprise": here}

    @cached_property
    def _enterprises(self) -> Mapping[str, list[Enterprise]]:
        """With those that are closed: what they were given stays in the register."""
        found: dict[str, list[Enterprise]] = defaultdict(list)
        for row in Enterprise.objects.permitted(self.user).select_related("area__parent", "unit"):
            found[plain(row.name)].append(row)
        return found

    @cached_property
    def _requests(self) -> Mapping[tuple[int, str], Request]:
        rows = Request.objects.permitted(self.user).filter(enterprise__isnull=False).select_related("area")
        return {(row.enterprise_id or 0, plain(row.reference)): row for row in rows}

    def resolved(self, line: Line, values: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        township, village = values.get(TOWNSHIP, ""), values.get(VILLAGE, "")
        self.area = self.area_places.find(township, village, None) if township or village else None
        self.refer([name for name in self.fields if name in values], line, values, found)
        return found

    def reference(self, name: str, text: str, line: Line, found: dict[str, Any]) -> Any:
        return self._enterprise(text) if name == "enterprise" else self._request(text, found.get("enterprise"))

    def _enterprise(self, text: str) -> Enterprise:
        named = self._enterprises.get(plain(text), [])
        area = self.area
        near = [row for row in named if area is None or row.area.tree_code.startswith(area.tree_code)]
        near = [row for row in near if area is None or row.area_id == area.pk] or near
        near = [row for row in near if row.until is None] or near
        if len(near) == 1:
            return near[0]
        if near:
            raise RefusedCell("enterprise", f"有 {len(near)} 家“{text}”，请填写它所在的乡镇和村（社区）。")
        if named:
            raise RefusedCell("enterprise", f"“{text}”登记在{area_words(named[0].area)}，请核对乡镇。")
        meant = closest(text, [row.name for rows in self._enterprises.values() for row in rows])
        words = f"找不到企业（协会）“{text}”" + (f"，是否为“{meant}”？" if meant else "，请先登记。")
        raise RefusedCell("enterprise", words, meant)

    def _request(self, text: str, enterprise: Enterprise | None) -> Request | None:
        if not text or enterprise is None:
            return None
        known = self._requests.get((enterprise.pk, plain(text)))
        if known is None:
            raise RefusedCell("request", f"{enterprise}没有“{text}”这件诉求，请核对编号，例如 诉求〔2026〕12号。")
        return known

    def check(self, obj: Any) -> None:
        check_support(obj)

    def _new(self, line: Line, fresh: Any) -> None:
        stand_with(fresh)
        super()._new(line, fresh)

    def name_of(self, related: Any) -> str:
        return related.reference if isinstance(related, Request) else str(related)

    def cell(self, obj: Any, column: Column) -> Any:
        if column.name in {TOWNSHIP, VILLAGE}:
            return place_cells(obj.enterprise.area)[column.name]
        return super().cell(obj, column)
