"""A quarter in review, made straight from rows: units × tasks of one class, every cell blank."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal

from assessments.models import BonusTier, ClassAssignment, Indicator, Quarter, Scheme, Score, SelfReport, Task
from assessments.scoring import Method
from organizations.models import Unit
from portal.accounts.roles import Role
from tests.factories import make_county, make_township, make_unit, make_user


@dataclass
class Board:
    county: object
    staff: object
    quarter: Quarter
    tasks: list[Task]
    reports: list[SelfReport]

    def score(self, row: int, column: int) -> Score:
        return Score.objects.get(report=self.reports[row], task=self.tasks[column])

    def cell(self, row: int, column: int, value: str, version: int = 1, reason: str | None = None) -> dict:
        """One cell as the browser sends it."""
        cell = {"report": self.reports[row].pk, "task": self.tasks[column].pk, "value": value, "version": version}
        return cell if reason is None else {**cell, "reason": reason}


def make_board(
    units: int = 3, tasks: int = 4, *, methods: list[str] | None = None, state=Quarter.State.REVIEW
) -> Board:
    """`units` townships of class Ⅰ, `tasks` indicators of equal points that total 100; methods: one a task, else manual."""
    county = make_county()
    staff = make_user(role=Role.STAFF, area=county)
    scheme = Scheme.objects.create(area=county, year=2026, name="2026年度考核方案", status=Scheme.Status.OPEN)
    BonusTier.objects.create(scheme=scheme, days_before=3, points=Decimal("0.5"))
    quarter = Quarter.objects.create(
        scheme=scheme, year=2026, number=3, state=state, opens_on=dt.date(2026, 7, 1),
        report_due_on=dt.date(2026, 9, 30), review_due_on=dt.date(2026, 10, 10),
    )  # fmt: skip
    points = Decimal(100) / tasks
    made = []
    for number in range(1, tasks + 1):
        method = (methods or [])[number - 1] if methods and number <= len(methods) else Method.MANUAL
        indicator = Indicator.objects.create(
            scheme=scheme, number=number, category="活动品牌", name=f"任务{number}", criteria="按要求完成", method=method,
            points_1=points, unit_points=Decimal(3) if method in {Method.PER_COUNT, Method.DEDUCT} else None,
            measure="village_liaisons" if method == Method.MEASURED else "",
        )  # fmt: skip
        made.append(
            Task.objects.create(quarter=quarter, indicator=indicator, due_on=dt.date(2026, 9, 30), points_1=points)
        )
    reports = []
    for number in range(1, units + 1):
        unit = make_unit(
            area=make_township(parent=county), kind=Unit.Kind.TOWNSHIP, name=f"甲{number}镇", number=number
        )
        ClassAssignment.objects.create(scheme=scheme, unit=unit, unit_class="1")
        reports.append(SelfReport.objects.create(quarter=quarter, unit=unit, unit_class="1"))
    Score.objects.bulk_create(Score(report=report, task=task) for report in reports for task in made)
    return Board(county, staff, quarter, made, reports)
