from typing import Any

from outreach.models import Activity, Demonstration
from portal.kit.tables import Column, Table

TONES = {"applied": "grey", "building": "amber", "inspected": "blue", "named": "green", "withdrawn": "red"}


def where(activity: Any) -> str:
    """Where an activity was held: its station, site or organization, else the place as it was typed."""
    return str(activity.station or activity.site or activity.organization or activity.place or activity.area)


class ActivityTable(Table):
    on = Column("日期", order_by="on")
    theme = Column("主题", order_by="theme", link=True)
    kind = Column("类别", order_by="kind")
    area = Column("区划", order_by="area__tree_code")
    where = Column("地点", value=where)
    head_count = Column("人数", order_by="head_count", numeric=True)
    photos = Column("照片", order_by="photos", numeric=True)

    class Meta:
        model = Activity
        fields = ["theme", "on", "kind", "area", "where", "head_count", "photos"]


class DemonstrationTable(Table):
    subject = Column("对象", link=True)
    area = Column("所在区划", order_by="area__tree_code")
    award = Column("级别", order_by="award")
    state = Column("状态", order_by="state", tone=lambda row: TONES[row.state])
    applied_on = Column("申报日期", order_by="applied_on")
    named_on = Column("命名日期", order_by="named_on")
    next_review_on = Column("下次复查", order_by="next_review_on")

    class Meta:
        model = Demonstration
        fields = ["subject", "area", "award", "state", "applied_on", "named_on", "next_review_on"]
