"""`measured` cells: what the registers say of a unit on the quarter's last day, and where the list behind it lies."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from assessments import scoring
from assessments.models import Quarter, SelfReport, Task
from assessments.scoring import Method
from organizations.measures import MEASURES, readings
from organizations.models import Unit
from portal.audit.models import AuditEntry
from portal.kit.scope import code_range

NOTHING_TO_MEASURE = "登记册中没有应统计的对象"
REGISTERS = r"^(organizations|outreach)\."


@dataclass(frozen=True)
class Reading:
    """achieved of target as the registers have it, the points that follow from it, and the address of the list."""

    achieved: int
    target: int
    points: Decimal | None
    url: str
    counted_in: str

    @property
    def is_nothing(self) -> bool:
        return not self.target


def list_url(task: Task, unit: Unit, quarter: Quarter) -> str:
    """The list behind a measured cell: exactly the rows that the figure counts."""
    asked = {"measure": task.indicator.measure, "area": unit.area_id, "on": quarter.last_day.isoformat()}
    if unit.kind == Unit.Kind.BODY:
        asked["unit"] = unit.pk
    return f"{reverse('dashboards:coverage_list')}?{urlencode(asked)}"


def readings_of(report: SelfReport, tasks: Sequence[Task]) -> dict[int, Reading]:
    """Task id → what the registers say of the report's unit; before the quarter ends, of today."""
    measured = [task for task in tasks if task.indicator.method == Method.MEASURED]
    if not measured:
        return {}
    quarter, unit = report.quarter, report.unit
    on = min(quarter.last_day, timezone.localdate())
    found = readings({task.indicator.measure for task in measured}, [unit], on)
    return {task.pk: _reading(task, report, *found[task.indicator.measure][unit.pk]) for task in measured}


def _reading(task: Task, report: SelfReport, achieved: int, target: int) -> Reading:
    maximum = task.points_for(report.unit_class) or Decimal(0)
    points = None
    if target:
        facts = scoring.Facts(achieved=Decimal(achieved), target=Decimal(target))
        points = scoring.score(task.indicator.rule(maximum), facts).proposed
    url = list_url(task, report.unit, report.quarter)
    return Reading(achieved, target, points, url, MEASURES[task.indicator.measure].counted_in)


def registers_changed(quarter: Quarter) -> bool:
    """Whether a register of the county was written since the quarter's cells were measured."""
    if quarter.state != Quarter.State.REVIEW:
        return False
    lo, hi = code_range(quarter.scheme.area.tree_code)
    newer = AuditEntry.objects.filter(area_code__gte=lo, area_code__lt=hi, sequence__gt=quarter.measured_at_sequence)
    return newer.filter(model__regex=REGISTERS).exists()
