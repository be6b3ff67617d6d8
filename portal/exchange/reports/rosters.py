"""花名册: who holds which post in which organization, one sheet a township."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from organizations.ledger import ORGANIZATION, Ledger, Place
from organizations.models import Level, Membership, Organization
from portal.exchange.reports.base import Params, Report, place_of, township_of, until
from portal.kit.workbooks.sheets import Sheet

HEAD = ["序号", "组织", "职务", "姓名", "联系电话", "任职日期", "届次", "负责人"]
WIDTHS = [6, 34, 14, 12, 16, 12, 9, 9]
GROUP = ""  # what stands in the first column of an organization's own row


def build(user: Any, params: Params) -> list[Sheet]:
    ledger, on = Ledger(params["area"], [params.on]), params.on
    place_of(ledger, on)
    by_township: dict[Place | None, list[Organization]] = defaultdict(list)
    where = {fact.pk: area_id for fact, area_id in ledger.standing(ORGANIZATION, on)}
    organizations = Organization.objects.permitted(user).filter(ledger.here(ORGANIZATION, on)).in_force(on)
    for organization in organizations.select_related("area"):
        by_township[township_of(ledger.tree(on), where[organization.pk])].append(organization)
    members = _members(user, ledger, params)
    order = sorted(by_township, key=lambda place: place.tree_code if place else "")
    return [_sheet(place or None, by_township[place], members, params) for place in order] or [
        _sheet(None, [], members, params)
    ]


def _members(user: Any, ledger: Ledger, params: Params) -> dict[int, list[Membership]]:
    """Organization id → its roster on the day, in its order."""
    organizations = Organization.objects.filter(ledger.here(ORGANIZATION, params.on)).in_force(params.on)
    rows = Membership.objects.permitted(user).in_force(params.on)
    found: dict[int, list[Membership]] = defaultdict(list)
    for row in rows.filter(organization__in=organizations.order_by().values("pk")).select_related("person"):
        found[row.organization_id].append(row)
    return found


def _sheet(
    place: Place | None, organizations: Sequence[Organization], members: dict[int, list[Membership]], params: Params
) -> Sheet:
    name = place.name if place else "县（市）级组织" if organizations else str(params.area)
    rows: list[list[Any]] = [HEAD]
    for organization in organizations:
        roster = members.get(organization.pk, [])
        rows.append([GROUP, organization.name, organization.get_kind_display(), f"在册 {len(roster)} 人", *[None] * 4])
        rows += [_line(number, organization, row) for number, row in enumerate(roster, 1)]
    people = sum(len(members.get(organization.pk, [])) for organization in organizations)
    notes = [f"共 {len(organizations)} 个组织、{people} 条任职。联系电话按规定遮挡，需要时在系统中逐人查看。"]
    return Sheet(
        name, rows, WIDTHS, True, f"{name}基层统战组织花名册", until(str(params.area), params.on),
        tone=lambda row: "group" if row[0] == GROUP else "", frozen=2, notes=notes,
    )  # fmt: skip


def _line(number: int, organization: Organization, row: Membership) -> list[Any]:
    phone = str(row.person.phone) if row.person.phone else ""
    charge = "是" if row.in_charge else ""
    return [number, organization.name, row.post, row.person.name, phone, row.since, f"第 {row.term_number} 届", charge]


REPORT = Report(
    "rosters", "花名册", "各组织在册人员的职务、姓名、任职日期，每个乡镇一张表；联系电话遮挡。",
    "organizations.view_membership", ("area", "on"), build, (Level.COUNTY, Level.TOWNSHIP, Level.VILLAGE),
)  # fmt: skip
