"""Lists of enterprises and associations, officials and notices."""

from outreach.models import Enterprise, Notice, Official
from outreach.tables.places import place
from portal.kit.tables import Column, Table


class EnterpriseTable(Table):
    name = Column("名称", order_by="name", link=True)
    kind = Column("类别", order_by="kind")
    credit_code = Column("统一社会信用代码", order_by="credit_code")
    industry = Column("行业", order_by="industry", value=lambda row: row.get_industry_display() if row.industry else "")
    area = Column("所在区划", order_by="area__tree_code", value=place)
    paired = Column(
        "结对", value=lambda row: "已结对" if row.paired else "未结对",
        tone=lambda row: "green" if row.paired else "amber",
    )  # fmt: skip
    address = Column("经营地址")
    since = Column("登记日期", order_by="since", numeric=True)
    until = Column("注销或迁出日期", order_by="until", numeric=True)

    class Meta:
        model = Enterprise
        fields = ["name", "kind", "credit_code", "industry", "area", "paired", "address", "since", "until"]


class OfficialTable(Table):
    name = Column("姓名", order_by="pinyin", link=True, value=lambda row: row.name)
    position = Column("职务", order_by="position")
    kind = Column("类别", order_by="kind")
    area = Column("所在区划", order_by="area__tree_code", value=place)
    account = Column("本人账号", value=lambda row: "已关联" if row.user_id else "")
    since = Column("开始联系日期", order_by="since", numeric=True)
    until = Column("离任日期", order_by="until", numeric=True)

    class Meta:
        model = Official
        fields = ["name", "position", "kind", "area", "account", "since", "until"]


class NoticeTable(Table):
    name = Column("名称和版本", order_by="name", link=True)
    area = Column("县（市）", order_by="area__tree_code")
    since = Column("启用日期", order_by="since", numeric=True)
    until = Column("停用日期", order_by="until", numeric=True)

    class Meta:
        model = Notice
        fields = ["name", "area", "since", "until"]
