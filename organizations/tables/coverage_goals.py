from organizations.measures import MEASURES
from organizations.models import CoverageGoal
from portal.kit.tables import Column, ListTable
from portal.kit.templatetags.kit import whole_percent

LEVELS = [("townships", "乡镇（街道）"), ("villages", "村（社区）"), ("bodies", "市（县）直单位")]


def asked(goal: CoverageGoal) -> str:
    """ "每个乡镇（街道）至少 3 个"."""
    levels = "、".join(label for name, label in LEVELS if getattr(goal, name))
    kinds = CoverageGoal._meta.get_field("kinds").labels(goal.kinds)
    return f"每个{levels}{f'（限{kinds}）' if kinds else ''}至少 {goal.minimum} 个"


def figure(goal: CoverageGoal) -> str:
    """ "275 / 297 93%"; `line` is the view's."""
    return f"{goal.line.achieved} / {goal.line.target}　{whole_percent(goal.line.achieved, goal.line.target)}%"


class GoalTable(ListTable):
    number = Column("序号", numeric=True)
    title = Column("名称", link=lambda goal: goal.edit_url)
    asked = Column("要求", value=asked)
    measure = Column("统计项", value=lambda goal: MEASURES[goal.measure].label)
    figure = Column("当日数据", value=figure, link=lambda goal: goal.items_url)
    since = Column("起始日期")
    until = Column("截止日期")

    class Meta:
        model = CoverageGoal
        fields = ["title", "number", "asked", "measure", "figure", "since", "until"]
