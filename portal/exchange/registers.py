"""Every register that comes in and goes out as a workbook: the one table that pages, commands and tests read."""

from typing import Any

from django.core.exceptions import ValidationError

from assessments.workbooks.scores import ScoreWorkbook
from organizations.workbooks.areas import AreaWorkbook
from organizations.workbooks.checks import CheckWorkbook
from organizations.workbooks.registers import OrganizationWorkbook, UnitWorkbook
from organizations.workbooks.rosters import RosterWorkbook
from outreach.workbooks import (
    ActivityWorkbook,
    BrandWorkbook,
    DutyPostWorkbook,
    OutpostWorkbook,
    SiteWorkbook,
    StationWorkbook,
)
from outreach.workbooks_directory import ContactWorkbook, EnterpriseWorkbook, OfficialWorkbook, PairingWorkbook
from outreach.workbooks_requests import RequestWorkbook
from outreach.workbooks_training import (
    CadrePostWorkbook,
    SupportWorkbook,
    TrainingPlanWorkbook,
    TrainingSessionWorkbook,
)
from outreach.workbooks_visits import VisitWorkbook
from portal.kit.workbooks.imports import Workbook

WORKBOOKS: dict[str, type[Workbook]] = {
    workbook.name: workbook
    for workbook in (
        AreaWorkbook, UnitWorkbook, OrganizationWorkbook, RosterWorkbook, StationWorkbook, SiteWorkbook, BrandWorkbook, OutpostWorkbook,
        ActivityWorkbook, DutyPostWorkbook, CheckWorkbook, ScoreWorkbook,
        EnterpriseWorkbook, OfficialWorkbook, ContactWorkbook, PairingWorkbook, VisitWorkbook, RequestWorkbook,
        TrainingPlanWorkbook, TrainingSessionWorkbook, CadrePostWorkbook, SupportWorkbook,
    )
}  # fmt: skip


def find(name: str) -> type[Workbook]:
    """The workbook of a register. Raises ValidationError."""
    if name not in WORKBOOKS:
        raise ValidationError(f"没有“{name}”这个登记册。可以用的有：{'、'.join(WORKBOOKS)}。")
    return WORKBOOKS[name]


def open_to(user: Any) -> list[type[Workbook]]:
    """The registers that a user may import into."""
    return [workbook for workbook in WORKBOOKS.values() if may_import(user, workbook)]


def readable(user: Any) -> list[str]:
    """The names of the registers whose rows a user may see, and so the batches of them."""
    return [
        name
        for name, workbook in WORKBOOKS.items()
        if user.has_perm(workbook.view_permission) or may_import(user, workbook)
    ]


def may_import(user: Any, workbook: type[Workbook]) -> bool:
    return any(user.has_perm(permission) for permission in workbook.permissions)
