"""Synthetic counties for the benchmark: 30 townships, 500 villages, 60 units, 20 tasks, four published quarters."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils import timezone

from assessments.models import ClassAssignment, Indicator, Quarter, Scheme, Score, SelfReport, Task
from assessments.services.publications import publish_quarter
from organizations.models import Area, AreaVersion, Kind, Level, Unit
from portal.accounts.models import Grant, User
from portal.accounts.roles import Role
from portal.dashboards.demo.scale_registers import fill_county
from portal.kit.pinyin import spelling

SINCE = dt.date(2022, 1, 1)
TOWNSHIPS, VILLAGES, UNITS, TASKS = 30, 500, 60, 20
POINTS = Decimal(5)


def make_county(number: int = 1) -> Area:
    """One county with everything in it; four quarters, the last one in review."""
    county = _areas([(f"{900000 + number}", f"虚拟{number}县", None, Kind.COUNTY)])[0]
    code = county.tree_code
    townships = _areas([(f"{code}{100 + n}", f"虚拟{number}县{n}镇", county, Kind.TOWN) for n in range(TOWNSHIPS)])
    _areas([
        (f"{townships[n % TOWNSHIPS].tree_code}{200 + n // TOWNSHIPS}", f"虚拟{n}村", townships[n % TOWNSHIPS], Kind.VILLAGE)
        for n in range(VILLAGES)
    ])  # fmt: skip
    staff = User.objects.create(
        username=f"scale{number}", name=f"虚拟{number}", area=county, password="!", password_changed_at=timezone.now()
    )
    Grant.objects.create(
        user=staff, role=Role.STAFF, area=county, since=SINCE, reason="基准测试", confirmed_at=timezone.now()
    )
    units = Unit.objects.bulk_create(
        Unit(area=townships[n] if n < TOWNSHIPS else county, kind="township" if n < TOWNSHIPS else "body",
             name=f"虚拟{number}县第{n}单位", number=n, since=SINCE)
        for n in range(UNITS)
    )  # fmt: skip
    fill_county(county, staff)
    scheme = Scheme.objects.create(area=county, year=2025, name="2025年度考核方案", status=Scheme.Status.OPEN)
    indicators = Indicator.objects.bulk_create(
        Indicator(scheme=scheme, number=n, category=f"类别{n % 5}", name=f"指标{n}", criteria="按要求完成",
                  points_1=POINTS, points_2=POINTS, points_3=POINTS)
        for n in range(TASKS)
    )  # fmt: skip
    ClassAssignment.objects.bulk_create(
        ClassAssignment(scheme=scheme, unit=unit, unit_class=str(1 + n % 3)) for n, unit in enumerate(units)
    )
    for quarter in (1, 2, 3, 4):
        _quarter(scheme, quarter, indicators, units, staff, publish=quarter < 4)
    return county


def _areas(rows: list[tuple[str, str, Area | None, str]]) -> list[Area]:
    level = {6: Level.COUNTY, 9: Level.TOWNSHIP, 12: Level.VILLAGE}
    areas = Area.objects.bulk_create(
        Area(
            tree_code=code,
            code=code.ljust(12, "0"),
            name=name,
            pinyin=spelling(name),
            parent=parent,
            kind=kind,
            level=level[len(code)],
            since=SINCE,
        )
        for code, name, parent, kind in rows
    )
    AreaVersion.objects.bulk_create(
        AreaVersion(area=area, since=SINCE, **{field: getattr(area, field) for field in Area.MIRRORED})
        for area in areas
    )
    return areas


def _quarter(scheme: Scheme, number: int, indicators: Any, units: Any, staff: User, *, publish: bool) -> None:
    due = dt.date(2025, 3 * number, 25)
    quarter = Quarter.objects.create(
        scheme=scheme, year=2025, number=number, state=Quarter.State.REVIEW, opens_on=due.replace(day=1), report_due_on=due,
        review_due_on=due + dt.timedelta(days=15),
    )  # fmt: skip
    tasks = Task.objects.bulk_create(
        Task(quarter=quarter, indicator=indicator, due_on=due, points_1=POINTS, points_2=POINTS, points_3=POINTS)
        for indicator in indicators
    )
    reports = SelfReport.objects.bulk_create(
        SelfReport(quarter=quarter, unit=unit, unit_class=str(1 + n % 3), status="submitted")
        for n, unit in enumerate(units)
    )
    Score.objects.bulk_create(
        (
            Score(
                report=report,
                task=task,
                status="scored",
                given=points,
                points=points,
                steps=[f"评审给 {points} 分（满分 5 分）"],
                by=staff,
            )
            for n, report in enumerate(reports)
            for m, task in enumerate(tasks)
            for points in [Decimal(30 + (7 * n + 3 * m) % 21) / 10]
        ),
        batch_size=1000,
    )
    if publish:
        publish_quarter(quarter, by=staff)
