"""The workbooks of organizations and of units."""

from collections import defaultdict
from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

from django.core.exceptions import ValidationError

from organizations.models import Level, Organization, Unit
from organizations.services.organizations import check_organization, is_alike
from organizations.workbooks.places import PlacedWorkbook, place_columns
from portal.kit.workbooks.columns import Column
from portal.kit.workbooks.columns import Kind as ColumnKind


class OrganizationWorkbook(PlacedWorkbook):
    name, label, model = "organizations", "基层统战组织", Organization
    fields = (
        "kind", "name", "unit", "since", "registration_number", "registered_on", "fields_of_work", "term_number", "term_since",
        "next_election_on", "charter_on", "note",
    )  # fmt: skip
    key = ("area_id", "name")
    declared: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "kind": {"synonyms": ("组织类别", "组织类型", "类型"), "sample": "乡镇商会", "width": 18},
        "name": {"synonyms": ("组织名称", "组织", "名称（全称）"), "sample": "示例镇商会", "width": 26},
        "unit": {"synonyms": ("主管部门", "业务主管单位"), "width": 18},
        "since": {"label": "成立日期", "synonyms": ("成立时间", "起始日期"), "sample": "2022-03-01"},
        "registration_number": {"synonyms": ("登记证号", "社会组织登记证号"), "kind": ColumnKind.CODE, "width": 20},
        "registered_on": {"synonyms": ("登记时间",)},
        "fields_of_work": {"synonyms": ("领域",), "width": 22, "help": "可以填几个，用顿号隔开"},
        "term_number": {"synonyms": ("第几届",)},
        "term_since": {"synonyms": ("本届起始时间", "换届日期")},
        "next_election_on": {"synonyms": ("下次换届时间", "下届换届日期")},
        "charter_on": {"synonyms": ("章程通过时间",)},
        "note": {"synonyms": ("说明", "备考"), "width": 24},
    }
    words = ("组织按“乡镇、村（社区）、名称”认定：三项都相同的就是同一个组织，导入会更新它。",)

    def check(self, obj: Any) -> None:
        check_organization(obj)

    def alike(self, obj: Any) -> list[Any]:
        return [other for other in self._by_area.get(obj.area_id, []) if is_alike(obj, other)]

    @cached_property
    def _by_area(self) -> Mapping[int, list[Organization]]:
        found: dict[int, list[Organization]] = defaultdict(list)
        for row in self.stored.values():
            found[row.area_id].append(row)
        return found


class UnitWorkbook(PlacedWorkbook):
    name, label, model = "units", "考核对象", Unit
    fields = ("kind", "name", "number", "since")
    key = ("area_id", "name")
    declared: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "kind": {"synonyms": ("单位类别", "类型"), "sample": "市（县）直单位"},
        "name": {"synonyms": ("单位名称", "单位", "考核对象"), "sample": "示例局", "width": 26},
        "number": {"synonyms": ("序号", "排序", "排列")},
        "since": {"synonyms": ("起始时间", "纳入日期"), "sample": "2022-01-01"},
    }

    def places(self) -> list[Column]:
        return place_columns(village=False)

    beside = ()

    def check(self, obj: Any) -> None:
        if (obj.kind == Unit.Kind.TOWNSHIP) != (obj.area.level == Level.TOWNSHIP):
            place = "乡镇（街道）" if obj.kind == Unit.Kind.TOWNSHIP else "县（市）"
            raise ValidationError({"area": f"{obj.get_kind_display()}的所属区划应为{place}，请核对“乡镇”一列。"})
