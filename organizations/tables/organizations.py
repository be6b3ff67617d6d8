import datetime as dt
from typing import Any

from django.conf import settings

from organizations.filters.organizations import area_words
from organizations.models import Organization
from portal.kit.tables import Column, Table

NEVER_CONFIRMED = "从未核实"
STALENESS = {"green": "按期核实", "amber": "待核实", "red": "逾期未核实"}
ELECTION = {"": "", "amber": "临近换届", "red": "逾期未换届"}


def staleness(last: dt.date | None, on: dt.date) -> str:
    """green, amber or red: how long ago the roster was confirmed."""
    days = (on - last).days if last else settings.ROSTER_RED_DAYS + 1
    return "red" if days > settings.ROSTER_RED_DAYS else "amber" if days > settings.ROSTER_AMBER_DAYS else "green"


def election_tone(due: dt.date | None, on: dt.date) -> str:
    """red: overdue; amber: within the days of notice."""
    if due is None:
        return ""
    days = (due - on).days
    return "red" if days < 0 else "amber" if days <= settings.ELECTION_NOTICE_DAYS else ""


def _state(obj: Any) -> str:
    return f"{obj.until} 撤销" if obj.until and obj.until < obj.as_of else "在册"


class OrganizationTable(Table):
    """Rows that `services.organizations.described` has described."""

    name = Column("名称", order_by=["area__tree_code", "name"], link=True)
    kind = Column("类别", order_by="kind")
    area = Column("所在区划", order_by="area__tree_code", value=lambda obj: area_words(obj.area))
    heads = Column("负责人")
    members = Column("在册人数", order_by="members", numeric=True)
    verified_on = Column(
        "最近核实", order_by="verified_key", value=lambda obj: obj.verified_on or NEVER_CONFIRMED,
        tone=lambda obj: staleness(obj.verified_on, obj.as_of),
    )  # fmt: skip
    next_election_on = Column(
        "下次换届", order_by="next_election_on", tone=lambda obj: election_tone(obj.next_election_on, obj.as_of)
    )
    state = Column("状态", order_by="until", value=_state, tone=lambda obj: "" if _state(obj) == "在册" else "grey")

    class Meta:
        model = Organization
        fields = ["name", "kind", "area", "heads", "members", "verified_on", "next_election_on", "state"]
