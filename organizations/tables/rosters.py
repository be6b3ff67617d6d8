from organizations.models import Membership, Person, PersonMerge, RequiredPost
from portal.kit.tables import Column, Table


class MembershipTable(Table):
    """花名册: phones always masked."""

    person = Column("姓名", order_by="person__pinyin", link=lambda row: row.person.get_absolute_url())
    post = Column("职务", order_by="post")
    in_charge = Column("负责人", order_by="in_charge")
    phone = Column("联系电话", value=lambda row: str(row.person.phone or ""))
    organization = Column("组织", order_by="organization__name", link=lambda row: row.get_absolute_url())
    area = Column("所在区划", "organization.area", order_by="organization__area__tree_code")
    since = Column("任职日期", order_by="since")
    until = Column("离任日期", order_by="until")
    term_number = Column("届次", order_by="term_number", numeric=True)

    class Meta:
        model = Membership
        fields = ["person", "post", "in_charge", "phone", "organization", "area", "since", "until", "term_number"]


class PersonTable(Table):
    name = Column("姓名", order_by="pinyin", link=True)
    phone = Column("联系电话", value=lambda row: str(row.phone or ""))
    area = Column("登记区划", order_by="area__tree_code")

    class Meta:
        model = Person
        fields = ["name", "phone", "area"]


class PersonMergeTable(Table):
    """Who made one record of which two, and until when it can be taken back."""

    dropped = Column("并入的记录", order_by="dropped__name", link=True)
    kept = Column("保留的记录", order_by="kept__name")
    moved = Column("随同任职", numeric=True, value=lambda merge: len(merge.moved))
    by = Column("合并人", "by.name", order_by="by__name")
    at = Column("合并时间", order_by="at")
    undo_until = Column("可撤销至", order_by="at")
    state = Column("状态", tone=lambda merge: "blue" if merge.can_be_undone else "grey")

    class Meta:
        model = PersonMerge
        fields = ["dropped", "kept", "moved", "by", "at", "undo_until", "state"]


class RequiredPostTable(Table):
    kind = Column("组织类别", order_by="kind", link=lambda row: f"/organizations/required-posts/{row.pk}/edit/")
    post = Column("职务", order_by="post")
    minimum = Column("至少人数", order_by="minimum", numeric=True)
    since = Column("起始日期", order_by="since")
    until = Column("截止日期", order_by="until")

    class Meta:
        model = RequiredPost
        fields = ["kind", "post", "minimum", "since", "until"]
