"""覆盖情况表: the goals by area, the blind spots of each; the figures of organizations.coverage."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError

from organizations.coverage import Coverage
from organizations.ledger import Place
from organizations.measures import MEASURES, may_ask
from organizations.models import Level
from portal.exchange.reports.base import AMBER, PERCENT, Params, Report, below, fraction, place_of, township_of, until
from portal.kit.workbooks.sheets import Chart, Sheet

TOTAL = "合计"
OWN = {Level.COUNTY: "县（市）直单位", Level.TOWNSHIP: "乡镇（街道）本级"}
CORNER = {Level.COUNTY: "乡镇", Level.TOWNSHIP: "村（社区）"}
Share = tuple[str, int, int]  # name, achieved, target


def build(user: Any, params: Params) -> list[Sheet]:
    return CoverageBook(Coverage(params["area"], [params.on]), params.on, user).sheets()


class CoverageBook:
    """The sheets of one area on one day."""

    def __init__(self, coverage: Coverage, on: dt.date, user: Any):
        self.coverage, self.on, self.user, self.level = coverage, on, user, Level(coverage.area.level)
        self.place = place_of(coverage.ledger, on)
        self.below = below(coverage.ledger, on)
        frozen = "按公布时冻结的数据" if coverage.is_frozen(on) else ""
        self.words = until(self.place.name, on, frozen)
        self.keys = [f"goal-{goal.pk}" for goal in coverage.goals(on)]
        if not self.keys:
            raise ValidationError(f"{self.place.name}在 {on} 没有覆盖目标，请工作人员先在“覆盖目标”中设置。")

    def sheets(self) -> list[Sheet]:
        goals = [sheet for key in self.keys for sheet in (self.goal(key), self.blind_spots(key))]
        return [self.overview(), self.measures(), *goals]

    def shares(self, key: str) -> list[Share]:
        """Of every area below, of what stands at the area itself, and the whole."""
        found = [(place.name, *self.coverage.share(key, self.on, place.area_id)) for place in self.below]
        own = [item for item in self.coverage.items(key, self.on) if item.area_id == self.place.area_id]
        if own:
            found.append((OWN[self.level], sum(item.has for item in own), len(own)))
        return [*found, (TOTAL, *self.coverage.share(key, self.on))]

    def overview(self) -> Sheet:
        """Areas × goals."""
        titles = [self.coverage.title_of(key) for key in self.keys]
        by_goal = [{name: (done, target) for name, done, target in self.shares(key)} for key in self.keys]
        names = list(dict.fromkeys([*(place.name for place in self.below), *(n for goal in by_goal for n in goal)]))
        names.sort(key=lambda name: (name == TOTAL, name == OWN[self.level]))
        corner = CORNER[self.level]
        head = [[corner], [corner]]
        for title in titles:
            head[0] += [title, title]
            head[1] += ["已有 / 应有", "%"]
        percents = range(2, 2 * len(titles) + 1, 2)
        return Sheet(
            "总表", [*head, *(self._row(name, by_goal) for name in names)], [16, *[12, 7] * len(titles)], True,
            f"{self.place.name}统战工作覆盖情况表", self.words, 2, dict.fromkeys(percents, PERCENT),
            dict.fromkeys(percents, AMBER), _total, notes=[f"百分比四舍五入取整；低于 {AMBER}% 的以浅红标出。"],
        )  # fmt: skip

    def _row(self, name: str, by_goal: Sequence[dict[str, tuple[int, int]]]) -> list[Any]:
        row: list[Any] = [name]
        for goal in by_goal:
            row += fraction(*goal[name]) if goal.get(name, (0, 0))[1] else (None, None)
        return row

    def measures(self) -> Sheet:
        """What else the registers count, as `manage.py coverage --measures` says it."""
        rows: list[list[Any]] = [["类别", "指标", "已有", "应有", "已有 / 应有", "%", "计数单位"]]
        for key, measure in MEASURES.items():
            if not may_ask(self.user, key):
                continue
            done, target = self.coverage.share(key, self.on)
            rows.append([measure.group, measure.label, done, target, *fraction(done, target), measure.counted_in])
        title = f"{self.place.name}登记数据一览"
        return Sheet(
            "指标一览", rows, [12, 30, 9, 9, 14, 8, 14], False, title, self.words, formats={5: PERCENT}, frozen=2
        )

    def goal(self, key: str) -> Sheet:
        """One goal by area, with its picture."""
        title = self.coverage.title_of(key)
        rows: list[list[Any]] = [[CORNER[self.level], "已有", "应有", "已有 / 应有", "百分比", "缺", "说明"]]
        for name, done, target in self.shares(key):
            rows.append([name, done, target, *fraction(done, target), target - done, self._note(key, name)])
        return Sheet(
            title, rows, [18, 8, 8, 14, 10, 8, 24], False, f"{self.place.name}{title}情况", self.words,
            formats={4: PERCENT}, below={4: AMBER}, tone=_total, autofilter=True,
            charts=[Chart("bar", f"{title}（%）", 0, [4], rows=len(rows) - 2, top=100)],
        )  # fmt: skip

    def _note(self, key: str, name: str) -> str:
        """How many an area has, where it must have several."""
        if self.coverage.minimum_of(key) < 2:
            return ""
        counts = {item.name: (item.have, item.needed) for item in self.coverage.items(key, self.on)}
        return "现有 {} 处，应有 {} 处".format(*counts[name]) if name in counts else ""

    def blind_spots(self, key: str) -> Sheet:
        """The areas and bodies that lack it."""
        title, tree = self.coverage.title_of(key), self.coverage.ledger.tree(self.on)
        rows: list[list[Any]] = [["序号", "乡镇", "名称", "代码", "已有", "应有", "说明"]]
        for number, item in enumerate(self.coverage.line(key, self.on).figure.lack, 1):
            rows.append([number, _name(township_of(tree, item.area_id)), *item[2:4], item.have, item.needed, item.note])
        notes = [f"共 {len(rows) - 1} 处。" if len(rows) > 1 else "没有盲点，已经全部覆盖。"]
        return Sheet(
            f"{title}·盲点", rows, [6, 16, 24, 16, 8, 8, 24], False, f"{self.place.name}{title}盲点清单", self.words,
            autofilter=True, notes=notes,
        )  # fmt: skip


def _total(row: Sequence[Any]) -> str:
    return "total" if row[0] == TOTAL else ""


def _name(place: Place | None) -> str:
    return place.name if place else ""


REPORT = Report(
    "coverage", "覆盖情况表", "各覆盖目标在各乡镇（村）的完成情况、百分比图和盲点清单，与覆盖总览同一数据。",
    "organizations.view_coveragegoal", ("area", "on"), build, (Level.COUNTY, Level.TOWNSHIP),
)  # fmt: skip
