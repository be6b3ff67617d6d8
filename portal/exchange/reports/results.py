"""季度排名与得分明细, 年度汇总: what was published, as it was frozen."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from assessments import scoring
from assessments.models import Publication, Result, ResultLine, UnitClass
from assessments.services.year import YearRow, YearTable, year_table
from assessments.workbooks.ranking import rank_change
from organizations.models import Level
from portal.exchange.reports.base import Params, Report
from portal.kit.workbooks.sheets import Chart, Sheet

POINTS = "0.##"
GROUP = None  # what stands in the first column of a class's own row
RANKING = ["名次", "考核对象", "任务得分", "适用满分", "折算得分", "时效加分", "总分", "上季名次", "名次变化", "备注"]
QUARTERS = ("一季度", "二季度", "三季度", "四季度")
NOT_APPLICABLE = "不适用"


def build_quarter(user: Any, params: Params) -> list[Sheet]:
    quarter = params["quarter"]
    published = Publication.objects.permitted(user).filter(quarter=quarter).latest()
    publication = published.select_related("quarter__scheme__area").first()
    if publication is None:
        raise ValidationError(f"{quarter}还没有公布结果，公布后才能生成排名。")
    words = _published(publication)
    results = list(Result.objects.permitted(user).filter(publication=publication).defer("steps"))
    classes = [(label, [row for row in results if row.unit_class == value]) for value, label in UnitClass.choices]
    rankings = [_ranking(publication, label, rows, words) for label, rows in classes if rows]
    lines = _lines(user, publication)
    return [*rankings, _details(publication, classes, lines, words)] if lines else rankings


def _published(publication: Publication) -> str:
    """When it was published, and why anew."""
    at = timezone.localtime(publication.at)
    reason = f"　　更正原因：{publication.reason}" if publication.reason else ""
    return f"{publication.quarter.scheme.area}　　{at:%Y-%m-%d} 公布　　第 {publication.revision} 版{reason}"


def _ranking(publication: Publication, label: str, rows: Sequence[Result], words: str) -> Sheet:
    body = [
        [row.rank, row.unit_name, row.points, row.base, row.scaled, row.bonus, row.total, row.previous_rank, rank_change(row),
         f"不参加排名：{row.exempt_reason}" if row.exempt_reason else ""]
        for row in rows
    ]  # fmt: skip
    return Sheet(
        label, [RANKING, *body], [7, 26, 10, 10, 10, 10, 10, 10, 10, 24], True, f"{publication.quarter}考评排名（{label}）", words,
        formats=dict.fromkeys(range(2, 7), POINTS) | {8: "+0;-0;0"}, autofilter=True, frozen=2,
        charts=[Chart("bar", f"{label}总分", 1, [6])], notes=[f"排名规则：{publication.rules['ties']}。"],
    )  # fmt: skip


def _lines(user: Any, publication: Publication) -> dict[int, list[ResultLine]]:
    """Result id → the lines behind its total that the user may read."""
    found: dict[int, list[ResultLine]] = defaultdict(list)
    rows = ResultLine.objects.permitted(user).filter(result__publication=publication)
    for line in rows.only("result_id", "task_id", "number", "name", "maximum", "points", "bonus", "not_applicable"):
        found[line.result_id].append(line)
    return found


def _details(
    publication: Publication,
    classes: Sequence[tuple[str, Sequence[Result]]],
    lines: dict[int, list[ResultLine]],
    words: str,
) -> Sheet:
    """Units × indicators; the points of a row add up to its 任务得分."""
    names = {line.task_id: (line.number, line.name) for found in lines.values() for line in found}
    tasks = sorted(names, key=lambda task: names[task])
    head = ["名次", "考核对象", *(names[task][1] for task in tasks), "任务得分", "折算得分", "时效加分", "总分"]
    rows: list[list[Any]] = [head]
    for label, results in classes:
        shown = [result for result in results if result.pk in lines]
        if shown:
            most = {line.task_id: line.maximum for result in shown for line in lines[result.pk]}
            rows.append(
                [GROUP, f"{label}（满分）", *(most.get(task) for task in tasks), sum(most.values()), *[None] * 3]
            )
        for result in shown:
            points = {line.task_id: _points(line) for line in lines[result.pk]}
            scores = [result.points, result.scaled, result.bonus, result.total]
            rows.append([result.rank, result.unit_name, *(points.get(task) for task in tasks), *scores])
    notes = [
        "任务得分为各项指标得分之和；有不适用指标的折算为百分制；总分 = 折算得分 + 时效加分。“—”表示该类单位不考核。"
    ]
    return Sheet(
        "得分明细", _dashed(rows), [7, 22, *[9] * len(tasks), *[10] * 4], True, f"{publication.quarter}考评得分明细", words,
        formats=dict.fromkeys(range(2, len(head)), POINTS), tone=lambda row: "group" if row[0] is GROUP and "（满分）" in row[1] else "",
        frozen=2, notes=notes,
    )  # fmt: skip


def _points(line: ResultLine) -> Any:
    return NOT_APPLICABLE if line.not_applicable else "未填" if line.points is None else line.points


def _dashed(rows: Sequence[list[Any]]) -> list[list[Any]]:
    """Indicators that a class is not scored on, as a dash."""
    last = len(rows[0]) - 4
    return [[("—" if value is None and 1 < n < last else value) for n, value in enumerate(row)] for row in rows]


def build_year(user: Any, params: Params) -> list[Sheet]:
    area, year = params["area"], params["year"]
    table = year_table(area, year, user=user)
    if not table.publications:
        raise ValidationError(f"{area}{year}年度还没有公布的季度结果。")
    return [_year(area, label, rows, table) for _, label, rows in table.classes if rows]


def _year(area: Any, label: str, rows: Sequence[YearRow], table: YearTable) -> Sheet:
    head: list[list[Any]] = [["名次", "考核对象"], ["名次", "考核对象"]]
    for name, weight in zip(QUARTERS, table.weights, strict=True):
        head[0] += [f"{name}（权重 {scoring.plain(weight)}%）"] * 2
        head[1] += ["总分", "季度名次"]
    head[0] += ["年度累计", "怎么算的"]
    head[1] += ["年度累计", "怎么算的"]
    body = [[row.rank, row.unit_name, *_quarters(row), row.value, "；".join(row.steps)] for row in rows]
    known = "、".join(QUARTERS[number - 1] for number in sorted(table.publications))
    words = f"{area}　　已公布：{known}"
    return Sheet(
        label, [*head, *body], [7, 24, *[9, 9] * 4, 12, 60], True, f"{table.year}年度考评汇总（{label}）", words, 2,
        dict.fromkeys((2, 4, 6, 8, 10), POINTS), frozen=2, charts=[Chart("bar", f"{label}年度累计", 1, [10])],
        notes=["年度累计按已公布季度的权重折算；述职评议和年度加减分尚未计入。"],
    )  # fmt: skip


def _quarters(row: YearRow) -> list[Decimal | int | None]:
    return [value for result in row.quarters for value in ((result.total, result.rank) if result else (None, None))]


QUARTER = Report(
    "quarter", "季度排名与得分明细", "一个季度公布的排名（每类一张表）和各单位逐项得分；得分明细以您有权查看的单位为限。",
    "assessments.view_result", ("quarter",), build_quarter,
)  # fmt: skip
YEAR = Report(
    "year", "年度汇总", "各单位四个季度的总分、名次、权重和年度累计，每类一张表。",
    "assessments.view_result", ("area", "year"), build_year, (Level.COUNTY,),
)  # fmt: skip
