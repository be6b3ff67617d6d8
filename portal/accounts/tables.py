from portal.accounts.models import AuditTrail, Grant, User
from portal.kit.tables import Column, Table


class UserTable(Table):
    username = Column("账号", order_by="username", link=True)
    name = Column("姓名", order_by="name")
    line = Column("账号类别", order_by="line")
    area = Column("所属区划")
    is_active = Column("启用", order_by="is_active", tone=lambda user: "green" if user.is_active else "grey")

    class Meta:
        model = User
        fields = ["username", "name", "line", "area", "is_active"]


class GrantTable(Table):
    user = Column("账号", link=True)
    role = Column("角色", order_by="role")
    place = Column("范围", value=lambda grant: str(grant.area or grant.unit or "全部"))
    since = Column("起始日期", order_by="since")
    until = Column("截止日期", order_by="until")
    state = Column(
        "状态",
        value=lambda grant: "已生效" if grant.confirmed_at else "待复核",
        tone=lambda grant: "green" if grant.confirmed_at else "amber",
    )

    class Meta:
        model = Grant
        fields = ["user", "role", "place", "since", "until", "state"]


class AuditTable(Table):
    sequence = Column("序号", link=True, order_by="sequence")
    at = Column("时间", order_by="at")
    user_name = Column("操作人", order_by="user_name")
    action = Column("动作", order_by="action")
    sentence = Column("内容")
    address = Column("地址")

    class Meta:
        model = AuditTrail
        fields = ["sequence", "at", "user_name", "action", "sentence", "address"]
