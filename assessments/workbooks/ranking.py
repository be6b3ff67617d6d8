"""The ranking as a workbook: a cover sheet, then one sheet a class; the numbers are the screen's."""

from typing import Any

from django.utils import timezone

from assessments.models import Publication, Result, UnitClass
from portal.kit.workbooks.exports import Sheet

HEAD = ["名次", "考核对象", "任务得分", "适用满分", "折算得分", "时效加分", "总分", "上季名次", "名次变化", "备注"]


def rank_change(result: Result) -> int | None:
    """Places gained since the quarter before; None where either has no rank."""
    if result.rank is None or result.previous_rank is None:
        return None
    return result.previous_rank - result.rank


def ranking_sheets(publication: Publication, results: list[Result], user: Any) -> list[Sheet]:
    """Cover and classes of one published revision."""
    members = {value: [result for result in results if result.unit_class == value] for value in UnitClass.values}
    stamp = timezone.localtime()
    cover = [
        ["项目", "内容"],
        ["名称", f"{publication.quarter.scheme.area} {publication}"],
        ["公布时间", f"{timezone.localtime(publication.at):%Y-%m-%d %H:%M}"],
        ["版次", f"第{publication.revision}版" + (f"，更正原因：{publication.reason}" if publication.reason else "")],
        ["校验值", publication.digest],
        ["筛选条件", "全部类别"],
        ["导出时间", f"{stamp:%Y-%m-%d %H:%M:%S}"],
        ["导出人", str(user)],
        *[[f"{UnitClass(value).label}行数", len(rows)] for value, rows in members.items()],
        ["数据行数", len(results)],
        ["排名规则", publication.rules["ties"]],
    ]
    return [
        Sheet("说明", cover, [16, 70]),
        *[
            Sheet(
                UnitClass(value).label,
                [HEAD, *map(_row, rows)],
                [8, 30, 10, 10, 10, 10, 10, 10, 10, 40],
                landscape=True,
            )
            for value, rows in members.items()
        ],
    ]


def _row(result: Result) -> list[Any]:
    note = f"不参加排名：{result.exempt_reason}" if result.exempt_reason else ""
    return [
        result.rank, result.unit_name, result.points, result.base, result.scaled, result.bonus, result.total,
        result.previous_rank, rank_change(result), note,
    ]  # fmt: skip
