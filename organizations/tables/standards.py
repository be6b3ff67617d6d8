from typing import Any

from django.utils import timezone

from organizations.models import Check, Standard
from portal.kit.tables import Column, Table


class StandardTable(Table):
    name = Column("名称", order_by="name", link=True)
    area = Column("县（市）", order_by="area__tree_code")
    applies_to = Column("适用于", order_by="applies_to")
    version = Column("现行版本", value=lambda standard: f"第 {standard.number} 版" if standard.number else "")
    since = Column("起始日期", value=lambda standard: standard.present_since)
    items = Column("项数", numeric=True, value=lambda standard: standard.items)
    recheck_months = Column("复查间隔（月）", order_by="recheck_months", numeric=True)

    class Meta:
        model = Standard
        fields = ["name", "area", "applies_to", "version", "since", "items", "recheck_months"]


def due(check: Check) -> str:
    """Amber once the day to look again has come."""
    return "amber" if check.recheck_on and check.recheck_on <= timezone.localdate() else ""


def conclusion(check: Check) -> str:
    """达标 or 未达标 of a finished check; one that is being filled in has none yet."""
    if check.status == Check.Status.DRAFT:
        return "填写中"
    return "达标" if check.passed else "未达标"


TONES = {"填写中": "grey", "达标": "green", "未达标": "red"}


class CheckTable(Table):
    object_name = Column("核查对象", order_by="object_name", link=True)
    area = Column("区划", order_by="area__tree_code")
    standard = Column("标准", "version_checked", order_by="version_checked__standard__name")
    on = Column("核查日期", order_by="on")
    conclusion = Column(
        "结论", value=conclusion, tone=lambda check: TONES[conclusion(check)], order_by=["status", "passed"]
    )
    missing = Column("还差", order_by="missing", numeric=True, value=lambda check: _done(check, check.missing))
    lacking = Column("缺哪些", value=lambda check: _done(check, "、".join(a.wording for a in check.lacking)))
    by = Column("核查人", "by.name", order_by="by__name")
    recheck_on = Column("到期复查", order_by="recheck_on", tone=due)

    class Meta:
        model = Check
        fields = ["object_name", "area", "standard", "on", "conclusion", "missing", "lacking", "by", "recheck_on"]


def _done(check: Check, value: Any) -> Any:
    return value if check.status == Check.Status.DONE else None
