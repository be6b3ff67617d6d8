from organizations.models import Unit
from portal.kit.tables import Column, Table


class UnitTable(Table):
    name = Column("名称", order_by="name", link=True)
    kind = Column("类别", order_by="kind")
    area = Column("所属区划", order_by="area__tree_code")
    number = Column("排列序号", order_by="number", numeric=True)
    since = Column("起始日期", order_by="since")
    until = Column("截止日期", order_by="until")

    class Meta:
        model = Unit
        fields = ["name", "kind", "area", "number", "since", "until"]
