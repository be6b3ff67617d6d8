"""标准达标: which rows of a register pass a standard, what the others lack, which items fail most."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError

from organizations.ledger import Ledger
from organizations.measures import MEASURES, rows_of
from organizations.models import Answer, Check, Level, Standard
from organizations.services.standards import failures
from portal.exchange.reports.base import AMBER, PERCENT, Params, Report, fraction, place_of, township_of, until
from portal.kit.workbooks.sheets import Chart, Sheet

TOTAL, ABOVE = "合计", "县（市）级"
UNCHECKED = "未核查"
DRAWN = 10  # items in the picture


def build(user: Any, params: Params) -> list[Sheet]:
    area, on = params["area"], params.on
    standards = list(Standard.objects.filter(area__tree_code=area.tree_code[:6]))
    if not standards:
        raise ValidationError("本县（市）还没有标准，请工作人员先在“标准”中载入或新增。")
    ledger = Ledger(area, [on])
    words = until(place_of(ledger, on).name, on)
    checks, lacking = _checks(user, ledger, params)
    found = []
    for standard in standards:
        rows = _rows(standard, ledger, params, checks, lacking)
        found += [
            _list(standard, rows, words),
            _by_township(standard, rows, words),
            _failing(standard, rows, checks, words),
        ]
    return found


Latest = dict[tuple[int, str, int], Check]


def _checks(user: Any, ledger: Ledger, params: Params) -> tuple[Latest, dict[int, list[str]]]:
    """The last finished check of each row by (standard, register, row), and what each of them lacks."""
    here = Check.objects.permitted(user).filter(ledger.here("organizations.check", params.on))
    latest = here.done().latest(params.on).select_related("version_checked")
    found = {(check.version_checked.standard_id, check.register, check.object_id): check for check in latest}
    unmet = Answer.objects.filter(
        inspection__in=latest.order_by().values("pk"), verdict=Answer.Verdict.UNMET, item__must=True
    )
    lacking: dict[int, list[str]] = defaultdict(list)
    for pk, wording in unmet.order_by("item__number", "pk").values_list("inspection", "wording"):
        lacking[pk].append(wording)
    return found, lacking


def _rows(
    standard: Standard, ledger: Ledger, params: Params, checks: Latest, lacking: dict[int, list[str]]
) -> list[list[Any]]:
    """[township, where, name, conclusion, what is lacking, checked on, again on, check] of every row that is asked."""
    tree, rows = ledger.tree(params.on), []
    asked = getattr(MEASURES.get(standard.code), "rows", None) or rows_of(standard.applies_to)
    for fact, area_id in asked(ledger, params.on):
        town = township_of(tree, area_id)
        check = checks.get((standard.pk, fact.source, fact.pk))
        said = UNCHECKED if check is None else "达标" if check.passed else f"还差 {check.missing} 项"
        missing = "、".join(lacking.get(check.pk, ())) if check else ""
        when = (check.on, check.recheck_on) if check else (None, None)
        rows.append([town.name if town else ABOVE, tree[area_id].name, fact.name, said, missing, *when, check])
        rows[-1].append(tree[area_id].code)
    return sorted(rows, key=lambda row: (row[-1], row[2]))


def _list(standard: Standard, rows: Sequence[list[Any]], words: str) -> Sheet:
    head = ["序号", "乡镇", "所在区划", standard.get_applies_to_display(), "结论", "未达到的项", "核查日期", "到期复查"]
    body = [[number, *row[:7]] for number, row in enumerate(rows, 1)]
    passed = sum(row[3] == "达标" for row in rows)
    share = fraction(passed, len(rows))
    notes = [f"达标 {share[0]}" + (f"，{share[1]}%。" if share[1] is not None else "。")]
    return Sheet(
        standard.name, [head, *body], [6, 14, 16, 30, 12, 40, 12, 12], True, f"“{standard.name}”达标情况", words,
        tone=lambda row: "weak" if str(row[4]).startswith("还差") else "", autofilter=True, frozen=4, notes=notes,
    )  # fmt: skip


def _by_township(standard: Standard, rows: Sequence[list[Any]], words: str) -> Sheet:
    every, passed = Counter(row[0] for row in rows), Counter(row[0] for row in rows if row[3] == "达标")
    checked = Counter(row[0] for row in rows if row[3] != UNCHECKED)
    names = list(dict.fromkeys(row[0] for row in rows))
    body = [[name, every[name], checked[name], passed[name], *fraction(passed[name], every[name])] for name in names]
    done = sum(passed.values()), len(rows)
    total = [TOTAL, len(rows), sum(checked.values()), done[0], *fraction(*done)]
    head = ["乡镇", "应核查", "已核查", "达标", "达标 / 应核查", "%"]
    return Sheet(
        f"{standard.name}·各乡镇", [head, *body, total], [18, 10, 10, 10, 16, 8], False, f"各乡镇“{standard.name}”达标率", words,
        formats={5: PERCENT}, below={5: AMBER}, tone=lambda row: "total" if row[0] == TOTAL else "",
        charts=[Chart("bar", f"“{standard.name}”达标率（%）", 0, [5], rows=len(body), top=100)] if body else (),
    )  # fmt: skip


def _failing(standard: Standard, rows: Sequence[list[Any]], checks: Latest, words: str) -> Sheet:
    """The items by how often they fail."""
    latest = Check.objects.filter(pk__in=[row[7].pk for row in rows if row[7]])
    body = [
        [
            number,
            item.wording,
            "必备项" if item.must else "非必备项",
            item.failing,
            *fraction(item.failing, item.checked),
        ]
        for number, item in enumerate(failures(standard, latest), 1)
    ]
    head = ["序号", "要求", "类别", "未达到", "未达到 / 已核查", "%"]
    return Sheet(
        f"{standard.name}·薄弱项", [head, *body], [6, 36, 12, 10, 18, 8], False, f"“{standard.name}”薄弱项排序", words,
        formats={5: PERCENT}, charts=[Chart("bar", "未达到的次数", 1, [3], rows=DRAWN)],
    )  # fmt: skip


REPORT = Report(
    "standards", "标准达标", "八有、七有、四有等标准：逐个对象是否达标、还差哪几项，各乡镇达标率和最薄弱的项。",
    "organizations.view_check", ("area", "on"), build, (Level.COUNTY, Level.TOWNSHIP),
)  # fmt: skip
