"""Lists of papers and of what was issued."""

from portal.kit.tables import Column, Table
from portal.papers.models import FormLayout, IssuedPaper, Paper


class PaperTable(Table):
    title = Column("标题", "title", link=True, order_by="title")
    kind = Column("种类", "kind", order_by="kind")
    quarter = Column("季度", "quarter", order_by=["quarter__year", "quarter__number"])
    unit = Column("考核对象", "unit", order_by="unit__number")
    state = Column(
        "状态", "state", tone=lambda p: "green" if p.state == Paper.State.ISSUED else "amber", order_by="state"
    )
    by = Column("起草人", "by.name", order_by="by__name")
    updated_at = Column("更新时间", "updated_at", order_by="updated_at")

    class Meta:
        model = Paper
        fields = ["title", "kind", "quarter", "unit", "state", "by", "updated_at"]


class IssuedPaperTable(Table):
    title = Column("标题", "title", link=True, order_by="title")
    kind = Column("种类", "kind", order_by="kind")
    document_number = Column("发文字号", "document_number", order_by="document_number")
    quarter = Column("季度", "quarter", order_by=["quarter__year", "quarter__number"])
    unit = Column("考核对象", "unit", order_by="unit__number")
    dated = Column("成文日期", "dated", order_by="dated")
    number = Column("版次", value=lambda issued: f"第{issued.number}版", order_by="number")
    at = Column("印发时间", "at", order_by="at")

    class Meta:
        model = IssuedPaper
        fields = ["title", "kind", "document_number", "quarter", "unit", "dated", "number", "at"]


class FormLayoutTable(Table):
    name = Column("名称", "name", link=True, order_by="name")
    subject = Column("填写对象", "subject", order_by="subject")
    ending = Column("格式", "ending", order_by="ending")
    area = Column("县（市）", "area", order_by="area__tree_code")
    updated_at = Column("更新时间", "updated_at", order_by="updated_at")

    class Meta:
        model = FormLayout
        fields = ["name", "subject", "ending", "area", "updated_at"]
