"""台账: everything that a township or a village has on a day, register by register."""

from collections.abc import Iterator
from typing import Any

from django.db.models import Prefetch, Q

from organizations.coverage import Coverage
from organizations.models import Answer, Check, Level, Organization
from organizations.services.organizations import described
from organizations.tables.organizations import OrganizationTable
from organizations.tables.standards import CheckTable
from outreach.models import Activity, Brand, Demonstration, DutyPost, Outpost, Site, Station
from outreach.services.places import with_place_on
from outreach.tables.activities import DemonstrationTable, where
from outreach.tables.places import BrandTable, DutyPostTable, OutpostTable, SiteTable, StationTable, place
from portal.exchange.reports.base import PERCENT, Params, Report, fraction, place_of, until
from portal.kit.tables import Column, Table
from portal.kit.workbooks.sheets import Sheet

PLACED = ("area__parent", "unit")
LACKING = Prefetch(
    "answers",
    Answer.objects.filter(verdict=Answer.Verdict.UNMET, item__must=True).order_by("item__number"),
    to_attr="lacking",
)


class HeldTable(Table):
    on = Column("日期")
    theme = Column("主题")
    kind = Column("类别")
    area = Column("所在区划", value=place)
    where = Column("地点", value=where)
    head_count = Column("人数")
    summary = Column("内容摘要")

    class Meta:
        model = Activity
        fields = ["on", "theme", "kind", "area", "where", "head_count", "summary"]


def build(user: Any, params: Params) -> list[Sheet]:
    area, on = params["area"], params.on
    coverage = Coverage(area, [on])
    now = place_of(coverage.ledger, on)
    words, found = until(now.name, on), []
    for label, table in _tables(user, coverage, params):
        rows = list(table.as_values())
        numbered = [["序号", *rows[0]], *([number, *row] for number, row in enumerate(rows[1:], 1))]
        notes = [f"共 {len(rows) - 1} 条。" if len(rows) > 1 else f"没有登记{label}。"]
        title = f"{now.name}{label}台账"
        found.append(Sheet(label, numbered, (), True, title, words, autofilter=True, frozen=2, notes=notes))
    return [_summary(now.name, words, coverage, params, found), *found]


def _tables(user: Any, coverage: Coverage, params: Params) -> Iterator[tuple[str, Table]]:
    """The registers with what stood in the area on the day, as far as the user may read it."""
    on = params.on

    def standing(model: Any) -> Any:
        return model.objects.permitted(user).filter(coverage.ledger.here(model._meta.label_lower, on))

    def placed(model: Any, *related: str) -> Any:
        return with_place_on(standing(model).in_force(on), on).select_related(*PLACED, *related)

    yield (
        "基层统战组织",
        OrganizationTable(described(standing(Organization).in_force(on), on).select_related("area__parent")),
    )
    yield "联络站点", StationTable(placed(Station, "parent"))
    yield "阵地", SiteTable(placed(Site, "organization"))
    yield "服务品牌", BrandTable(placed(Brand, "organization"))
    yield "三区一企", OutpostTable(placed(Outpost))
    yield "责任岗位", DutyPostTable(placed(DutyPost))
    held = with_place_on(standing(Activity).within(on.replace(month=1, day=1), on), on)
    yield "本年活动", HeldTable(held.select_related(*PLACED, "station", "site", "organization").order_by("on", "pk"))
    built = standing(Demonstration).filter(Q(withdrawn_on=None) | Q(withdrawn_on__gt=on), applied_on__lte=on)
    yield "示范创建", DemonstrationTable(built.select_related("area", "site", "station", "organization"))
    checks = standing(Check).done().latest(on).select_related("version_checked__standard", "area", "by")
    yield "标准核查", CheckTable(checks.prefetch_related(LACKING))


def _summary(name: str, words: str, coverage: Coverage, params: Params, sheets: list[Sheet]) -> Sheet:
    """How much there is of everything, and how far each goal is reached."""
    rows: list[list[Any]] = [["类别", "项目", "数量", "已有 / 应有", "%"]]
    rows += [["登记", sheet.name, len(list(sheet.rows)) - 1, None, None] for sheet in sheets]
    for goal in coverage.goals(params.on):
        share = coverage.share(f"goal-{goal.pk}", params.on)
        if share[1]:
            rows.append(["覆盖目标", goal.title, share[0], *fraction(*share)])
    return Sheet(
        "概况", rows, [14, 28, 10, 16, 8], False, f"{name}统战工作台账", words, formats={4: PERCENT}, below={4: 100}
    )


REPORT = Report(
    "ledger", "台账", "一个乡镇或村的全部登记：组织、站点、阵地、品牌、活动、责任岗位、示范和标准核查，一册一张表。",
    "organizations.view_organization", ("area", "on"), build, (Level.TOWNSHIP, Level.VILLAGE),
)  # fmt: skip
