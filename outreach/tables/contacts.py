"""The list of contacts; the phone as its last two digits."""

import datetime as dt
from typing import Any

from django.utils import timezone

from outreach.models import Contact
from outreach.tables.places import place
from portal.kit.tables import Column, Table


def roles_of(row: Any) -> str:
    """ "企业（协会）负责人 示例公司 董事长；…"; `shown_roles` is loaded."""
    return "；".join(f"{role.get_role_display()} {role.where}".strip() for role in row.shown_roles)


def standing(row: Any) -> str:
    """已删除, 限制处理, or the day until which it is kept."""
    if row.erased_at:
        return "已删除"
    return "限制处理" if row.restricted_on else str(row.review_by)


def urgency(row: Any) -> str:
    if row.erased_at or row.restricted_on:
        return "grey"
    days = (row.review_by - timezone.localdate()) / dt.timedelta(days=1)
    return "red" if days < 8 else "amber" if days < 31 else ""  # noqa: PLR2004


class ContactTable(Table):
    name = Column("姓名", order_by="pinyin", link=True, value=str)
    roles = Column("公开身份", value=roles_of)
    area = Column("所在区划", order_by="area__tree_code", value=place)
    phone = Column("工作电话", value=lambda row: str(row.phone))
    purpose = Column("处理目的", order_by="purpose")
    paired = Column(
        "结对", value=lambda row: "已结对" if row.paired else "未结对",
        tone=lambda row: "green" if row.paired else "amber",
    )  # fmt: skip
    review_by = Column("保存期限", order_by="review_by", value=standing, tone=urgency)

    class Meta:
        model = Contact
        fields = ["name", "roles", "area", "phone", "purpose", "paired", "review_by"]
