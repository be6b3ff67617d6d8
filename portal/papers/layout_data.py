"""What a form can be filled with: for each subject its rows, the placeholders by name, and the lists of it."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from assessments.models import Result, ResultLine
from organizations.models import Area, Level, Membership, Organization
from organizations.services.organizations import described
from outreach.models import Activity, Site, Station

Row = dict[str, Any]
Filler = Callable[[Any, Any], Row]  # (row, user) → placeholder → value
Lister = Callable[[Any, Any], dict[str, list[Row]]]


@dataclass(frozen=True)
class Subject:
    """One kind of thing that forms are made for.

    names: placeholder → what it says. lists: list → its placeholders. rows: those that a user may choose.
    """

    label: str
    permission: str
    names: Mapping[str, str]
    lists: Mapping[str, Mapping[str, str]]
    rows: Callable[[Any], Any]
    search: str
    fill: Filler
    list: Lister

    @property
    def known(self) -> dict[str, str]:
        """Every placeholder with its words."""
        listed = {f"{name}.{key}": words for name, keys in self.lists.items() for key, words in keys.items()}
        return {**COMMON, **self.names, **listed}

    def values(self, row: Any, user: Any) -> Row:
        return {"填表日期": timezone.localdate(), "填表人": user.name, **self.fill(row, user)}


COMMON = {"填表日期": "今天的日期", "填表人": "下载的人的姓名"}
NUMBER = {"序号": "从 1 起编号"}


def _numbered(rows: Any) -> list[Row]:
    return [{"序号": number, **row} for number, row in enumerate(rows, 1)]


def _place(area: Any) -> Row:
    village = area.level == Level.VILLAGE
    township = area.parent if village else area if area.level == Level.TOWNSHIP else None
    county = township.parent if township else area
    return {
        "县（市）": county.name, "乡镇": township.name if township else "", "村（社区）": area.name if village else "",
    }  # fmt: skip


def _organizations(user: Any) -> Any:
    today = timezone.localdate()
    rows = Organization.objects.permitted(user).in_force(today).select_related("area__parent__parent", "unit")
    return described(rows, today).order_by("area__tree_code", "name", "pk")


def _organization(row: Any, user: Any) -> Row:
    return {
        **_place(row.area), "组织名称": row.name, "类别": row.get_kind_display(), "成立日期": row.since, "主管部门": row.unit or "",
        "登记证号": row.registration_number, "登记日期": row.registered_on, "工作领域": row.get_fields_of_work_display(),
        "届次": f"第 {row.term_number} 届", "本届起始日期": row.term_since, "下次换届日期": row.next_election_on,
        "主要负责人": row.heads or "", "在册人数": row.members, "备注": row.note,
    }  # fmt: skip


def _roster(row: Any, user: Any) -> dict[str, list[Row]]:
    held = Membership.objects.permitted(user).in_force(timezone.localdate()).filter(organization=row)
    return {"成员": _numbered(
        {"姓名": member.person.name, "职务": member.post, "联系电话": str(member.person.phone) if member.person.phone else "",
         "任职日期": member.since, "负责人": "是" if member.in_charge else ""}
        for member in held.select_related("person").order_by("number", "pk")
    )}  # fmt: skip


def _townships(user: Any) -> Any:
    return (
        Area.objects.permitted(user)
        .existing()
        .filter(level=Level.TOWNSHIP)
        .select_related("parent")
        .order_by("tree_code")
    )


def _standing(model: Any, area: Any, user: Any) -> Any:
    rows = model.objects.permitted(user).in_area(area)
    return rows.in_force(timezone.localdate()) if hasattr(rows, "in_force") else rows


def _year() -> dt.date:
    return timezone.localdate().replace(month=1, day=1)


def _township(row: Any, user: Any) -> Row:
    villages = Area.objects.existing().in_area(row).filter(level=Level.VILLAGE, counted=True)
    return {
        "县（市）": row.parent.name, "乡镇": row.name, "村（社区）数": villages.count(),
        "组织数": _standing(Organization, row, user).count(), "联络站点数": _standing(Station, row, user).count(),
        "阵地数": _standing(Site, row, user).count(),
        "本年活动数": _standing(Activity, row, user).filter(on__gte=_year()).count(),
    }  # fmt: skip


def _ledger(row: Any, user: Any) -> dict[str, list[Row]]:
    today = timezone.localdate()
    organizations = (
        described(_standing(Organization, row, user), today).select_related("area").order_by("area__tree_code", "name")
    )
    places = {name: _standing(model, row, user).select_related("area").order_by("area__tree_code", "name")
              for name, model in (("站点", Station), ("阵地", Site))}  # fmt: skip
    held = _standing(Activity, row, user).filter(on__gte=_year()).select_related("area").order_by("on", "pk")
    return {
        "组织": _numbered({"名称": one.name, "类别": one.get_kind_display(), "所在地": one.area.name, "成立日期": one.since,
                           "主要负责人": one.heads or "", "在册人数": one.members} for one in organizations),
        **{name: _numbered({"名称": one.name, "类别": one.get_kind_display(), "所在地": one.area.name, "地址": one.address,
                            "启用日期": one.since} for one in rows) for name, rows in places.items()},
        "活动": _numbered({"日期": one.on, "主题": one.theme, "类别": one.get_kind_display(), "所在地": one.area.name,
                           "人数": one.head_count} for one in held),
    }  # fmt: skip


def _results(user: Any) -> Any:
    rows = Result.objects.permitted(user).select_related("publication__quarter__scheme__area", "unit")
    return rows.defer("steps").order_by(
        "-publication__quarter__year", "-publication__quarter__number", "-publication", "unit_number", "pk"
    )


def _result(row: Any, user: Any) -> Row:
    quarter = row.publication.quarter
    return {
        "县（市）": quarter.scheme.area.name, "考核对象": row.unit_name, "季度": str(quarter), "类别": row.get_unit_class_display(),
        "名次": row.rank, "上季名次": row.previous_rank, "任务得分": row.points, "适用满分": row.base, "折算得分": row.scaled,
        "时效加分": row.bonus, "总分": row.total, "版次": f"第 {row.publication.revision} 版",
    }  # fmt: skip


def _lines(row: Any, user: Any) -> dict[str, list[Row]]:
    found = ResultLine.objects.permitted(user).filter(result=row).order_by("number", "pk")
    return {"项目": _numbered(
        {"类别": line.category, "名称": line.name, "满分": line.maximum, "得分": "不适用" if line.not_applicable else line.points,
         "加分": line.bonus, "完成日期": line.done_on, "说明": line.reason}
        for line in found
    )}  # fmt: skip


PLACE = {"县（市）": "县（市）名称", "乡镇": "乡镇名称", "村（社区）": "村（社区）名称，设在乡镇的为空"}
HELD = {**NUMBER, "名称": "名称", "类别": "类别", "所在地": "所在村或乡镇", "地址": "地址", "启用日期": "启用日期"}
SUBJECTS: dict[str, Subject] = {
    "organization": Subject(
        "基层统战组织", "organizations.view_organization",
        {**PLACE, "组织名称": "组织全称", "类别": "组织类别", "成立日期": "成立日期", "主管部门": "主管部门", "登记证号": "登记证号",
         "登记日期": "登记日期", "工作领域": "工作领域", "届次": "第几届", "本届起始日期": "本届起始日期", "下次换届日期": "下次换届日期",
         "主要负责人": "排在最前的负责人", "在册人数": "今天在册的人数", "备注": "备注"},
        {"成员": {**NUMBER, "姓名": "姓名", "职务": "职务", "联系电话": "只显示末两位", "任职日期": "任职日期", "负责人": "是负责人的写“是”"}},
        _organizations, "name", _organization, _roster,
    ),
    "township": Subject(
        "乡镇（街道）台账", "organizations.view_area",
        {"县（市）": "县（市）名称", "乡镇": "乡镇名称", "村（社区）数": "计入统计的村（社区）", "组织数": "在册的组织",
         "联络站点数": "在用的联络站点", "阵地数": "在用的阵地", "本年活动数": "今年以来的活动"},
        {"组织": {**NUMBER, "名称": "名称", "类别": "类别", "所在地": "所在村或乡镇", "成立日期": "成立日期", "主要负责人": "主要负责人",
                  "在册人数": "在册人数"},
         "站点": HELD, "阵地": HELD,
         "活动": {**NUMBER, "日期": "日期", "主题": "主题", "类别": "类别", "所在地": "所在村或乡镇", "人数": "参加人数"}},
        _townships, "name", _township, _ledger,
    ),
    "result": Subject(
        "考核对象季度得分", "assessments.view_result",
        {"县（市）": "县（市）名称", "考核对象": "考核对象", "季度": "季度", "类别": "考核分类", "名次": "名次", "上季名次": "上季名次",
         "任务得分": "任务得分", "适用满分": "适用满分", "折算得分": "折算得分", "时效加分": "时效加分", "总分": "总分", "版次": "公布的版次"},
        {"项目": {**NUMBER, "类别": "类别", "名称": "指标名称", "满分": "满分", "得分": "得分", "加分": "时效加分",
                  "完成日期": "完成日期", "说明": "评分说明"}},
        _results, "unit_name", _result, _lines,
    ),
}  # fmt: skip
