"""The list of support funds."""

from typing import Any

from outreach.models import Support
from outreach.services.support import yuan
from outreach.tables.places import place
from portal.kit.tables import Column, Table


class YuanColumn(Column):
    """An amount: a number in a workbook, with separators on the screen."""

    def text(self, obj: Any) -> str:
        return yuan(self.value(obj))


class SupportTable(Table):
    enterprise = Column("企业或协会", order_by="enterprise__name", link=True, value=lambda row: row.enterprise.name)
    programme = Column("项目名称", order_by="programme")
    amount = YuanColumn("金额（元）", order_by="amount", numeric=True)
    on = Column("到位日期", order_by="on")
    area = Column("所在区划", order_by="area__tree_code", value=place)
    request = Column("相关诉求", value=lambda row: row.request.reference if row.request else "")

    class Meta:
        model = Support
        fields = ["enterprise", "programme", "amount", "on", "area", "request"]
