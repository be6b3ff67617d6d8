"""Lists of requests, the monthly list by handling unit, holidays."""

from django.urls import reverse
from django.utils import timezone

from organizations.filters.organizations import area_words
from outreach.models import Holiday, Request
from outreach.services.requests import FIGURES, FUNDS, UnitLine
from outreach.tables.support import YuanColumn
from portal.kit.tables import Column, ListTable, Table

State = Request.State
TONES = {
    State.ACCEPTED: "amber", State.HANDED_OVER: "blue", State.ANSWERED: "blue", State.CALLED_BACK: "blue", State.CLOSED: "green",
}  # fmt: skip
SOON = 3  # days before the last one


def is_overdue(request: Request) -> bool:
    return request.state in {State.ACCEPTED, State.HANDED_OVER} and request.due_on < timezone.localdate()


def term(request: Request) -> str:
    """The last day, and how it stands to it."""
    if request.answered_on:
        return f"{request.due_on} {'按期答复' if request.answered_on <= request.due_on else '逾期答复'}"
    left = (request.due_on - timezone.localdate()).days
    return f"{request.due_on} " + (f"逾期 {-left} 天" if left < 0 else f"还有 {left} 天" if left else "今天到期")


def urgency(request: Request) -> str:
    if request.answered_on:
        return "" if request.answered_on <= request.due_on else "amber"
    left = (request.due_on - timezone.localdate()).days
    return "red" if left < 0 else "amber" if left < SOON else ""


def result(request: Request) -> str:
    """ "已解决，满意": the outcome and what the source said of it, as far as they are known."""
    words = (
        request.get_outcome_display() if request.outcome else "",
        request.get_satisfaction_display() if request.satisfaction else "",
    )
    return "，".join(filter(None, words))


class RequestTable(Table):
    reference = Column("编号", order_by=["year", "number"], link=True, value=lambda row: row.reference)
    subject = Column("诉求内容")
    source = Column("诉求人", value=lambda row: str(row.source))
    matter = Column("事项", order_by="matter")
    channel = Column("渠道", order_by="channel")
    state = Column("状态", order_by="state", tone=lambda row: TONES[row.state])
    unit = Column("承办单位", order_by="unit__number", value=lambda row: str(row.unit) if row.unit_id else "")
    due_on = Column("办理期限", order_by="due_on", value=term, tone=urgency)
    result = Column("办理结果", order_by=["outcome", "satisfaction"], value=result)
    area = Column("所在区划", order_by="area__tree_code", value=lambda row: area_words(row.area))
    accepted_on = Column("受理日期", order_by="accepted_on", numeric=True)

    class Meta:
        model = Request
        fields = [
            "reference", "subject", "source", "matter", "channel", "state", "unit", "due_on", "result", "area", "accepted_on",
        ]  # fmt: skip


def figure(name: str, label: str) -> Column:
    """A figure of the monthly list; the number opens the same rows in the list."""
    return Column(label, value=lambda line: line.figures[name], link=lambda line: line.urls[name], numeric=True)


class RequestMonthlyTable(ListTable):
    label = Column("承办单位", value=lambda line: line.label)
    accepted = figure("accepted", "受理")
    in_time = figure("in_time", "按期答复")
    late = figure("late", "逾期答复")
    open = figure("open", "未办结")
    overdue = figure("overdue", "逾期未答复")
    solved = figure("solved", "已解决")
    satisfied = figure("satisfied", "满意")
    funds = YuanColumn(
        "扶持资金（元）", value=lambda line: line.figures[FUNDS], link=lambda line: line.urls[FUNDS], numeric=True
    )

    class Meta:
        model = Request
        fields = ["label", *FIGURES]


class LinkedLine:
    """A line of the monthly list with the addresses of its figures; a zero has none."""

    def __init__(self, line: UnitLine, asked: dict[str, str]):
        self.label, self.figures = line.label, line.figures
        unit = {"unit": line.unit} if line.unit else {}
        self.urls = {
            name: reverse("outreach:request_list", query={**asked, **unit, **query}) if line.figures[name] else None
            for name, query in FIGURES.items()
        }


class HolidayTable(Table):
    on = Column("日期", order_by="on", link=lambda row: getattr(row, "update_url", None))
    name = Column("名称", order_by="name")
    works = Column("安排", order_by="works", value=lambda row: "上班" if row.works else "放假",
                   tone=lambda row: "amber" if row.works else "green")  # fmt: skip
    area = Column("县（市）", order_by="area__tree_code", value=lambda row: str(row.area))

    class Meta:
        model = Holiday
        fields = ["on", "name", "works", "area"]
