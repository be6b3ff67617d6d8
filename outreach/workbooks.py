"""The workbooks of stations, sites, brands, outposts, activities and duty posts."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any, ClassVar

from django.db.models import Count

from organizations.models import Level, Organization
from organizations.workbooks.places import PlacedWorkbook
from outreach.models import Activity, Brand, DutyPost, Outpost, Site, Station
from outreach.services.activities import ALIKE, check_activity
from outreach.services.places import check_place, parents_for
from portal.kit.scope import permission_for
from portal.kit.workbooks.cells import plain
from portal.kit.workbooks.imports import Line, RefusedCell, closest

Declared = Mapping[str, Mapping[str, Any]]
COMMON: Declared = {
    "unit": {"synonyms": ("主管部门", "业务主管单位"), "width": 18},
    "organization": {"synonyms": ("主办单位", "所属组织"), "width": 24},
    "fields_of_work": {"synonyms": ("领域",), "width": 22, "help": "可以填几个，用顿号隔开"},
    "address": {"synonyms": ("详细地址", "地点", "位置"), "width": 24},
    "since": {
        "label": "启用日期",
        "synonyms": ("启用时间", "成立日期", "建成时间", "起始日期"),
        "sample": "2022-03-01",
    },
    "note": {"synonyms": ("说明", "备考"), "width": 24},
}


class RegisterWorkbook(PlacedWorkbook):
    """Rows that may name an organization or another row of the same county."""

    @property
    def beside(self) -> list[str]:
        return sorted({*super().beside, *(f"{name}__area" for name in self.fields if self._field(name).is_relation)})

    def reference(self, name: str, text: str, line: Line, found: dict[str, Any]) -> Any:
        if not text:
            return None
        named = self._named(name).get(plain(text), [])
        area = found["area"]
        near = [row for row in named if row.area_id in {area.pk, area.parent_id}] or named
        if len(near) == 1:
            return near[0]
        label = self._label(name)
        if near:
            raise RefusedCell(name, f"有 {len(near)} 个“{text}”，请在页面上为这一行选择{label}。")
        meant = closest(text, [row.name for rows in self._named(name).values() for row in rows])
        raise RefusedCell(name, f"找不到{label}“{text}”" + (f"，是否为“{meant}”？" if meant else "，请先登记。"), meant)

    def _named(self, name: str) -> Mapping[str, list[Any]]:
        if name not in self._references:
            rows: dict[str, list[Any]] = defaultdict(list)
            for row in self._candidates(name):
                rows[plain(row.name)].append(row)
            self._references[name] = rows
        return self._references[name]

    @cached_property
    def _references(self) -> dict[str, Mapping[str, list[Any]]]:
        return {}

    def _candidates(self, name: str) -> Any:
        model = Organization if name == "organization" else self._field(name).related_model
        return model.objects.permitted(self.user).in_force().select_related("area")

    @property
    def options(self) -> dict[str, Any]:
        own = [n for n in self.fields if self._field(n).is_relation and n != "unit"]
        return {**super().options, **{name: [row.name for row in self._candidates(name)] for name in own}}

    def check(self, obj: Any) -> None:
        check_place(obj)


class StationWorkbook(RegisterWorkbook):
    name, label, model = "stations", "联络站点", Station
    fields = (
        "kind", "name", "unit", "parent", "organization", "fields_of_work", "address", "opening_hours", "on_duty", "since", "note",
    )  # fmt: skip
    key = ("area_id", "name")
    declared: ClassVar[Declared] = {
        **COMMON,
        "kind": {"synonyms": ("站点类别", "类型"), "sample": "联络站"},
        "name": {
            "synonyms": ("站点名称", "联络站名称", "联络点名称", "联络站点"),
            "sample": "示例镇统战联络站",
            "width": 26,
        },
        "parent": {"synonyms": ("上级站", "所属站"), "width": 24},
        "opening_hours": {"synonyms": ("开放时段", "服务时间"), "width": 22},
        "on_duty": {"synonyms": ("值班人", "联络员"), "width": 22},
    }

    def _candidates(self, name: str) -> Any:
        if name == "parent":
            return parents_for(self.user, permission_for(Station, "add"))
        return super()._candidates(name)

    def reference(self, name: str, text: str, line: Line, found: dict[str, Any]) -> Any:
        if name == "parent" and text and (fresh := self._fresh_station(text, found["area"])):
            return fresh
        return super().reference(name, text, line, found)

    def load(self, lines: Sequence[Line]) -> None:
        super().load(lines)
        points = (
            Station.objects.filter(until=None)
            .exclude(parent=None)
            .filter(parent__in=Station.objects.permitted(self.user, "change"))
        )
        self.with_points = set(points.values_list("parent_id", flat=True))

    def check(self, obj: Any) -> None:
        check_place(obj, has_points=obj.pk in self.with_points)

    def _fresh_station(self, text: str, area: Any) -> Station | None:
        """A station of the same file, which its points may name before it is stored."""
        above = area.parent_id if area.level == Level.VILLAGE else area.pk
        line = self.seen.get((above, plain(text)))
        return line.target if line and line.target.pk is None and line.target.kind == Station.Kind.STATION else None

    def create(self, rows: Sequence[Any]) -> None:
        """Stations before the points that belong to them."""
        super().create([row for row in rows if row.kind == Station.Kind.STATION])
        points = [row for row in rows if row.kind == Station.Kind.POINT]
        for point in points:
            point.parent = point.parent
        super().create(points)


class SiteWorkbook(RegisterWorkbook):
    name, label, model = "sites", "阵地", Site
    fields = (
        "kind", "platform", "name", "unit", "organization", "fields_of_work", "address", "award", "award_year", "awarded_by",
        "since", "note",
    )  # fmt: skip
    key = ("area_id", "name")
    declared: ClassVar[Declared] = {
        **COMMON,
        "kind": {"synonyms": ("阵地类别", "类型"), "sample": "活动场所"},
        "platform": {"synonyms": ("平台", "平台类别"), "width": 22},
        "name": {"synonyms": ("阵地名称", "场所名称", "活动室名称"), "sample": "示例镇统战之家", "width": 26},
        "award": {"synonyms": ("级别", "命名等级")},
        "award_year": {"synonyms": ("年份", "命名时间")},
        "awarded_by": {"synonyms": ("授牌单位",), "width": 18},
    }


class BrandWorkbook(RegisterWorkbook):
    name, label, model = "brands", "服务品牌", Brand
    fields = (
        "name", "unit", "organization", "fields_of_work", "goal", "carrier", "results", "features", "address", "since", "note",
    )  # fmt: skip
    key = ("area_id", "name")
    declared: ClassVar[Declared] = {
        **COMMON,
        "name": {"synonyms": ("品牌名称",), "sample": "示例品牌", "width": 24},
        **{name: {"width": 28} for name in ("goal", "carrier", "results", "features")},
    }


class OutpostWorkbook(RegisterWorkbook):
    name, label, model = "outposts", "三区一企", Outpost
    fields = ("kind", "name", "unit", "leader", "doer", "duties", "since")
    key = ("area_id", "name")
    declared: ClassVar[Declared] = {
        **COMMON,
        "kind": {"synonyms": ("类型",), "sample": "园区"},
        "name": {"synonyms": ("单位名称",), "sample": "示例园区", "width": 24},
        "leader": {"synonyms": ("领导分管", "分管负责人"), "width": 18},
        "doer": {"synonyms": ("有人落实", "具体负责人"), "width": 18},
        "duties": {"synonyms": ("清单明责", "职责"), "width": 30},
    }


class DutyPostWorkbook(RegisterWorkbook):
    name, label, model = "duty_posts", "责任岗位", DutyPost
    fields = ("network", "unit", "post", "official", "position", "since")
    key = ("area_id", "network", "post", "official")
    declared: ClassVar[Declared] = {
        **COMMON,
        "network": {"synonyms": ("责任网络", "网络类别"), "sample": "统战工作网络", "width": 18},
        "post": {"synonyms": ("岗位", "责任人类别"), "sample": "第一责任人", "width": 16},
        "official": {"synonyms": ("干部姓名", "责任人"), "sample": "李某甲"},
        "position": {"synonyms": ("职务",), "width": 18},
        "since": {"label": "任岗日期", "synonyms": ("任岗时间", "任职日期"), "sample": "2024-01-01"},
    }


class ActivityWorkbook(RegisterWorkbook):
    name, label, model = "activities", "活动与会议", Activity
    fields = (
        "kind", "theme", "on", "unit", "head_count", "station", "site", "organization", "place", "brand", "summary",
    )  # fmt: skip
    key = ("area_id", "unit_id", "on", "theme")
    declared: ClassVar[Declared] = {
        "unit": {"synonyms": ("举办单位", "主办单位"), "width": 18},
        "kind": {"synonyms": ("活动类别", "活动类型", "类型"), "sample": "联谊"},
        "theme": {"synonyms": ("活动主题", "活动名称", "会议名称", "内容"), "sample": "示例主题活动", "width": 28},
        "on": {"label": "日期", "required": True, "synonyms": ("活动日期", "活动时间", "时间", "举办日期"), "sample": "2026-05-01"},
        "head_count": {"synonyms": ("人数", "参加人数", "参会人数", "参与人数"), "sample": "30"},
        "station": {"width": 22}, "site": {"width": 22}, "brand": {"width": 18},
        "organization": {"synonyms": ("主办组织", "组织"), "width": 22},
        "place": {"synonyms": ("活动地点", "地点"), "width": 22},
        "summary": {"synonyms": ("活动内容", "小结", "简介"), "width": 36},
    }  # fmt: skip

    def rows_to_compare(self, lines: Sequence[Line]) -> Any:
        days = [day for line in lines if hasattr(day := self._day(line), "year")]
        rows = super().rows_to_compare(lines)
        return rows.filter(on__gte=min(days), on__lte=max(days)) if days else rows.none()

    def _day(self, line: Line) -> Any:
        column = next(column for column in self.columns if column.name == "on")
        return self._value(column, line.cells.get("on"))

    def check(self, obj: Any) -> None:
        check_activity(obj, self._named_officers.get(obj.pk, 0))
        check_place(obj)

    def alike(self, obj: Any) -> list[Any]:
        """Activities of the same day and host with nearly the same theme."""
        same_day = self._of_day.get((obj.area_id, obj.unit_id, obj.on), [])
        return [other for other in same_day if SequenceMatcher(None, other.theme, obj.theme).ratio() >= ALIKE]

    @cached_property
    def _named_officers(self) -> dict[int, int]:
        """Activity id → how many officers are named: fewer people than that cannot have come."""
        named = Activity.objects.permitted(self.user, "change").filter(officers__isnull=False)
        return dict(named.order_by().values_list("pk").annotate(n=Count("officers")))

    @cached_property
    def _of_day(self) -> dict[tuple, list[Any]]:
        found: dict[tuple, list[Any]] = defaultdict(list)
        for row in self.stored.values():
            found[row.area_id, row.unit_id, row.on].append(row)
        return found
