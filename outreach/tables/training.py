"""Lists of training plans, and of the sessions and posts of one."""

from typing import Any

from outreach.models import TrainingPlan, TrainingSession
from outreach.tables.places import place
from portal.kit.tables import Column, Table
from portal.kit.templatetags.kit import whole_percent


def reach(plan: Any) -> str:
    """Those who came out of those planned, in percent; more than planned is said as it is."""
    return f"{whole_percent(plan.attended, plan.planned_people)}%"


class TrainingPlanTable(Table):
    name = Column("计划名称", order_by="name", link=True)
    year = Column("年份", order_by="year", numeric=True)
    audience = Column("培训对象", order_by="audience")
    area = Column("所在区划", order_by="area__tree_code", value=place)
    planned_people = Column("计划培训人数", order_by="planned_people", numeric=True)
    held = Column("已办班次", order_by="held", numeric=True)
    attended = Column("实到人数", order_by="attended", numeric=True)
    reach = Column("参训率", value=reach, numeric=True)

    class Meta:
        model = TrainingPlan
        fields = ["name", "year", "audience", "area", "planned_people", "held", "attended", "reach"]


class TrainingSessionTable(Table):
    title = Column("班次和内容", link=True)
    on = Column("日期")
    place = Column("地点")
    days = Column("天数", numeric=True)
    planned = Column("计划人数", numeric=True)
    attended = Column("实到人数", numeric=True)
    officers = Column("其中组织负责人", value=lambda row: row.officers_named, numeric=True)

    class Meta:
        model = TrainingSession
        fields = ["title", "on", "place", "days", "planned", "attended", "officers"]
