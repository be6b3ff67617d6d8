from assessments.models import Quarter, Scheme, SelfReport
from portal.kit.tables import Column, Table

STATUS_TONES = {"draft": "amber", "submitted": "green", "returned": "red", "open": "green", "superseded": "grey"}
STATE_TONES = {"planned": "grey", "open": "blue", "review": "amber", "published": "green", "closed": "grey"}


class SchemeTable(Table):
    name = Column("方案", value=str, link=True, order_by="name")
    area = Column("县（市）")
    year = Column("年度", order_by="year", numeric=True)
    status = Column("状态", order_by="status", tone=lambda scheme: STATUS_TONES[scheme.status])

    class Meta:
        model = Scheme
        fields = ["name", "area", "year", "status"]


class QuarterTable(Table):
    name = Column("季度", value=str, link=True, order_by=["year", "number"])
    area = Column("县（市）", "scheme.area")
    state = Column("状态", order_by="state", tone=lambda quarter: STATE_TONES[quarter.state])
    opens_on = Column("自评开始", order_by="opens_on")
    report_due_on = Column("自评截止", order_by="report_due_on")
    review_due_on = Column("评审截止", order_by="review_due_on")

    class Meta:
        model = Quarter
        fields = ["name", "area", "state", "opens_on", "report_due_on", "review_due_on"]


class ReportTable(Table):
    unit = Column("考核对象", link=True, order_by="unit__name")
    unit_class = Column("类别", order_by="unit_class")
    status = Column("状态", order_by="status", tone=lambda report: STATUS_TONES[report.status])
    done = Column("已填事项", value=lambda report: f"{report.done} / {report.tasks}", order_by="done", numeric=True)
    submitted_at = Column("提交时间", order_by="submitted_at")
    exempt_reason = Column("不参加排名的原因")

    class Meta:
        model = SelfReport
        fields = ["unit", "unit_class", "status", "done", "submitted_at", "exempt_reason"]
