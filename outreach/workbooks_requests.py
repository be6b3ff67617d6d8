"""The workbook of requests: out with where each stands, in as new ones that get the county's next numbers."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.core.exceptions import ValidationError

from outreach.models import Request
from outreach.services.requests import SOURCES, check_request, note_acceptance, number_request
from outreach.services.visits import TARGETS
from outreach.workbooks import Declared, RegisterWorkbook
from portal.kit.workbooks.columns import Column, Kind

STANDING = [
    Column("reference", "编号", shown=True, width=20), Column("unit", "承办单位", shown=True, width=18),
    Column("due_on", "办理期限", Kind.DATE, shown=True), Column("state", "状态", shown=True, width=14),
    Column("answered_on", "答复日期", Kind.DATE, shown=True), Column("satisfaction", "满意度", shown=True),
    Column("outcome", "办理结果", shown=True, width=14),
]  # fmt: skip  # where a request stands is written by its steps alone


class RequestWorkbook(RegisterWorkbook):
    name, label, model = "requests", "诉求", Request
    names_contacts = True
    fields = (*SOURCES, "accepted_on", "channel", "matter", "subject", "details")
    key = ("area_id", "accepted_on", "subject", "enterprise_id", "organization_id", "contact_id")
    declared: ClassVar[Declared] = {
        "enterprise": {"synonyms": ("企业", "企业名称", "协会"), "width": 26, "sample": "示例企业公司",
                       "help": "企业（协会）、组织、联系对象三列只填一列"},
        "organization": {"synonyms": ("组织名称",), "width": 24},
        "contact": {"synonyms": ("联系对象姓名",), "width": 14},
        "accepted_on": {"required": True, "synonyms": ("受理时间", "登记日期"), "sample": "2026-09-01"},
        "channel": {"synonyms": ("受理渠道",), "sample": "线下"},
        "matter": {"synonyms": ("事项类别", "诉求类别"), "sample": "融资贷款", "width": 16},
        "subject": {"synonyms": ("内容", "诉求", "主要诉求"), "sample": "咨询贷款贴息政策", "width": 36},
        "details": {"synonyms": ("详细情况",), "width": 36},
    }  # fmt: skip

    @property
    def columns(self) -> Sequence[Column]:
        return [*super().columns, *STANDING]

    def _candidates(self, name: str) -> Any:
        """Closed ones too, whose requests go out and come in again; an erased contact is called by its number."""
        rows = TARGETS[name].objects.permitted(self.user).select_related("area").order_by("pk")
        for row in (found := list(rows)):
            row.name = str(row)
        return found

    @property
    def options(self) -> dict[str, Any]:
        return {name: rows for name, rows in super().options.items() if name != "contact"}

    def cell(self, obj: Any, column: Column) -> Any:
        if column.name == "reference":
            return obj.reference
        return super().cell(obj, column)

    def check(self, obj: Any) -> None:
        check_request(obj)
        if not obj._state.adding and obj.state == Request.State.CLOSED:
            raise ValidationError("这件诉求已办结，不能修改。")
        if obj.source.area_id != obj.area_id:
            raise ValidationError({"area": f"{obj.source}在{obj.source.area}，请核对乡镇、村（社区）。"})

    def create(self, rows: Sequence[Any]) -> None:
        """One after the other: each takes the next number."""
        for row in rows:
            number_request(row, by=self.user)
            super().create([row])
            note_acceptance(row, self.user)

    def column_of(self, field_name: str) -> str:
        return "enterprise" if field_name == "sides" else super().column_of(field_name)
