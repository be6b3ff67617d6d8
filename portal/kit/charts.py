"""What the server-rendered charts draw: the shapes that pages hand over, and the arithmetic behind the pictures.

Percentages are whole, half rounded up. Every plot starts at zero. Colour is a class and never the only sign.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from portal.kit.templatetags.kit import whole_percent

Number = int | float | Decimal
Shown = TypeVar("Shown")

SMALL = 10  # a target below this is told as "2 / 3", not in per cent
GREEN, AMBER, WEAK = 95, 80, 70  # whole per cent from which a share is no longer amber, red, weakest
LEGEND = [("h1", "不足 70%"), ("h2", "70–79%"), ("h3", "80–94%"), ("h4", "95% 以上"), ("h5", "全部达到")]
MAX_SERIES = 3
TOP, HEIGHT = 24, 120  # pixels above the plot of a trend, and of the plot
LINE = 14  # pixels from label to label
NARROW = 250  # pixels that the plot is wide on a phone
SHAPES = ["M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z", "M-3.5-3.5h7v7h-7z", "M0-4.8L4.6 3.6H-4.6z"]  # circle, square, triangle


class Cell(NamedTuple):
    """One goal in one area: `achieved` of `target` things (whole numbers), and the list behind it.

    `words` stand in the title after the fraction; by default how many are missing. `rows` is how many rows the list has,
    where that is not what is missing.
    """

    achieved: int
    target: int
    url: str = ""
    words: str = ""
    rows: int | None = None

    @property
    def number(self) -> int:
        """How many rows the list behind the cell has."""
        return self.target - self.achieved if self.rows is None else self.rows

    @property
    def percent(self) -> int:
        return whole_percent(self.achieved, self.target)

    @property
    def fraction(self) -> str:
        return f"{self.achieved} / {self.target}"

    @property
    def is_small(self) -> bool:
        return self.target < SMALL

    @property
    def text(self) -> str:
        """What stands in the cell: "75%", "2 / 3" for a small target, "—" where there is nothing to reach."""
        return "—" if not self.target else self.fraction if self.is_small else f"{self.percent}%"

    @property
    def summary(self) -> str:
        """ "9 / 12，缺 3", for the title."""
        missing = self.target - self.achieved
        words = self.words or (f"缺 {missing}" if missing > 0 else "全部达到")
        return f"{self.fraction}，{words}" if self.target else "没有应覆盖的对象"

    @property
    def is_plain(self) -> bool:
        """Whether its text and head say all there is: nothing is missing."""
        return bool(self.target) and self.achieved >= self.target and not self.words

    @property
    def tint(self) -> str:
        """The class of its colour, h1 (weakest) to h5 (nothing missing); h0 where there is nothing to reach."""
        if not self.target:
            return "h0"
        if self.achieved >= self.target:
            return "h5"
        return (
            "h4" if self.percent >= GREEN else "h3" if self.percent >= AMBER else "h2" if self.percent >= WEAK else "h1"
        )

    @property
    def tone(self) -> str:
        """The colour of its bar."""
        return "green" if self.percent >= GREEN else "amber" if self.percent >= AMBER else "red"


@dataclass(frozen=True)
class Row:
    """An area's line in a matrix: one cell a column, and what is missing in words ("缺 3 村组织"; "" for nothing).

    `gaps_number` is how many rows the list of what is missing has.
    """

    label: str
    url: str = ""
    note: str = ""
    cells: Sequence[Cell] = ()
    gaps: str = ""
    gaps_url: str = ""
    gaps_number: int = 0


@dataclass(frozen=True)
class Matrix:
    """Areas by goals. `columns` are (label, url or ""); `gaps_label` "" leaves the last column out."""

    columns: Sequence[tuple[str, str]]
    rows: Sequence[Row]
    corner: str = "乡镇"
    gaps_label: str = "断点盲点"
    caption: str = "各乡镇的覆盖情况"

    def lines(self) -> Iterator[tuple[Row, SafeString]]:
        """Each row with its cells drawn. Raises ValueError where there are more or fewer cells than columns."""
        labels = [escape(label) for label, _ in self.columns]
        for row in self.rows:
            name = escape(row.label)
            cells = [drawn(cell, f"{name} · {label}") for label, cell in zip(labels, row.cells, strict=True)]
            yield row, mark_safe("".join(cells))


def drawn(cell: Cell, where: SafeString | str) -> str:
    """A cell of a matrix as HTML; `where` is escaped. Written here: a county has hundreds, a template takes eight times as long."""
    title = "" if cell.is_plain else f' title="{where}：{escape(cell.summary)}"'
    if cell.target and cell.url:
        inner = f'<a href="{escape(cell.url)}" data-number="{cell.number}"{title}>{cell.text}</a>'
    else:
        inner = f"<span{title}>{cell.text}</span>"
    fraction = "" if cell.is_small else f"<small>{cell.fraction}</small>"
    return f'<td class="{cell.tint}">{inner}{fraction}</td>'


@dataclass(frozen=True)
class Tile:
    """A township on the map of tiles: its name and the chosen measure there."""

    label: str
    cell: Cell

    def drawn(self, measure: str) -> str:
        """The tile as HTML, coloured by the measure called so."""
        cell, name = self.cell, escape(self.label)
        share = f"{cell.percent}%" if cell.target else "—"
        if cell.target == 1:
            share = "达到" if cell.achieved else "未达到"
        words = f"{name}<strong>{share}</strong><small>{cell.fraction if cell.target else cell.summary}</small>"
        title = "" if cell.is_plain else f' title="{name} · {escape(measure)}：{escape(cell.summary)}"'
        if not cell.url:
            return f'<li class="{cell.tint}"><span{title}>{words}</span></li>'
        link = f'href="{escape(cell.url)}" data-number="{cell.number}"'
        return f'<li class="{cell.tint}"><a {link}{title}>{words}</a></li>'


@dataclass(frozen=True)
class Change:
    """By how many things or places something moved; upwards is better."""

    size: int

    @property
    def amount(self) -> int:
        return abs(self.size)

    def drawn(self, unit: str = "", gap: str = "") -> SafeString:
        """Its arrow and amount as HTML, with the word for who cannot see the arrow; "" for no change."""
        if not self.size:
            return mark_safe("")
        tone, arrow, words = ("up", "▲", "上升") if self.size > 0 else ("down", "▼", "下降")
        amount = f"{gap}{self.amount}" + (f" {escape(unit)}" if unit else "")
        said = f'<span aria-hidden="true">{arrow}</span><span class="visually-hidden">{words}</span>'
        return mark_safe(f'<span class="{tone}">{said}{amount}</span>')


@dataclass(frozen=True)
class Bar:
    """A line of a ranking: `value` out of `maximum` in the same unit (0 or more), places gained since last time.

    `text` is the number as it is written; `change` None says nothing (no earlier rank); `note` is a badge.
    """

    label: str
    value: Number
    maximum: Number = 100
    rank: int | None = None
    text: str = ""
    url: str = ""
    change: int | None = None
    note: str = ""
    note_tone: str = "amber"

    @property
    def number(self) -> str:
        return self.text or number_text(self.value)

    def drawn(self, css: str = "") -> SafeString:
        """The line as HTML. Written here, as a matrix's cells are: paper has every unit of the county."""
        label, number = escape(self.label), str(escape(self.number))
        note = f' <span class="badge badge-{escape(self.note_tone)}">{escape(self.note)}</span>' if self.note else ""
        if self.url:
            number = f'<a href="{escape(self.url)}" aria-label="{label}：{number}">{number}</a>'
        still = '<span class="muted" aria-hidden="true">—</span><span class="visually-hidden">持平</span>'
        move = "" if self.change is None else Change(self.change).drawn() or still
        rank = "" if self.rank is None else self.rank
        meter = f'min="0" max="{number_text(self.maximum)}" value="{number_text(self.value)}"'
        return mark_safe(
            f'<li class="{css}"><span class="rank">{rank}</span> <span>{label}{note}</span> '
            f'<meter class="bar" {meter} aria-hidden="true"></meter> '
            f'<strong class="num">{number}</strong> <span>{move}</span></li>'
        )


@dataclass(frozen=True)
class Skipped:
    """A line of a ranking that stands for `count` lines left out on the screen; paper has them: `rows`."""

    count: int
    unit: str = "家"
    rows: Sequence[Any] = field(default=(), compare=False)

    def drawn(self) -> SafeString:
        dots = '<span aria-hidden="true">· · ·</span>'
        line = f'<li class="bars-skip muted">{dots} 其余 {self.count} {escape(self.unit)} {dots}</li>'
        return mark_safe("".join([line, *(row.drawn("bars-rest") for row in self.rows)]))


@dataclass(frozen=True)
class Point:
    """A quarter's value in the chart's unit, 0 or more; None where there is none.

    `note` is what the value is made of ("275 / 297"). Under the plot stands `short` ("三季"; by default the label), and
    below it `group` ("2026") where a new one begins. `rows` is how many rows the list behind it has.
    """

    label: str
    value: Number | None
    url: str = ""
    note: str = ""
    short: str = ""
    group: str = ""
    rows: int = 0


@dataclass(frozen=True)
class Series:
    """A line of a trend: its points, oldest first, the same quarters in every series of a chart."""

    label: str
    points: Sequence[Point] = ()

    @property
    def known(self) -> list[Point]:
        return [point for point in self.points if point.value is not None]


@dataclass
class Line:
    """A series laid out: x in per cent of the plot's width, y in pixels (marks) or per cent of its height (runs)."""

    series: Series
    shape: str
    runs: list[list[tuple[str, str]]]
    marks: list[tuple[str, str, Point]]
    first: dict[str, Any] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)


def ends(
    bars: Sequence[Shown], first: int = 7, last: int = 2, unit: str = "家", *, whole: bool = True
) -> list[Shown | Skipped]:
    """A long ranking's first and last lines, with a line for those left out between them; paper has them all if `whole`."""
    left_out = len(bars) - first - last
    if left_out < 2:
        return list(bars)
    left = len(bars) - last
    return [*bars[:first], Skipped(left_out, unit, bars[first:left] if whole else ()), *bars[left:]]


def number_text(value: Number, unit: str = "") -> str:
    """A number of at most two decimals, without trailing zeros, with its unit: "93%", "96.5"."""
    return f"{value:.2f}".rstrip("0").rstrip(".") + unit


def top_of(values: Sequence[Number], unit: str = "") -> int:
    """Where the axis ends: 100 for percentages, else an even round number not below any value."""
    highest = max([float(value) for value in values], default=0)
    if unit == "%" and highest <= 100:
        return 100
    power = 1
    while power * 10 < highest:
        power *= 10
    return next(step * power for step in (2, 4, 6, 8, 10) if step * power >= highest)


def text_width(text: str) -> int:
    """About how many pixels a label of 11 pixels is wide; a Chinese character is as wide as high."""
    return sum(11 if ord(char) > 0x2E80 else 7 for char in text)


def spread(places: Sequence[float], gap: float = LINE, lowest: float = TOP + HEIGHT) -> list[float]:
    """The places of labels, moved down (and back up from `lowest`) until they stand `gap` apart; in the given order."""
    order = sorted(range(len(places)), key=lambda index: places[index])
    moved = list(places)
    for above, index in pairwise(order):
        moved[index] = max(moved[index], moved[above] + gap)
    limit = lowest
    for index in reversed(order):
        moved[index] = min(moved[index], limit)
        limit = moved[index] - gap
    return moved


def runs_of(points: Sequence[Point], top: Number) -> list[list[tuple[str, str]]]:
    """The unbroken stretches of a line, as (x, y) in per cent of the plot; a missing quarter breaks it."""
    runs: list[list[tuple[str, str]]] = [[]]
    for index, point in enumerate(points):
        if point.value is None:
            runs.append([])
        else:
            runs[-1].append((x_of(index, len(points)), f"{100 - 100 * float(point.value) / float(top):.2f}"))
    return [run for run in runs if len(run) > 1]


def x_of(index: int, count: int) -> str:
    """The middle of a quarter's band, in per cent of the plot's width."""
    return f"{100 * (index + 0.5) / count:.2f}"


def y_of(value: Number, top: Number) -> float:
    """Pixels from the top of the picture."""
    return TOP + HEIGHT * (1 - float(value) / float(top))


def line_of(series: Series, shape: str, top: Number) -> Line:
    count = len(series.points)
    marks = [
        (x_of(index, count), f"{y_of(point.value, top):.1f}", point)
        for index, point in enumerate(series.points)
        if point.value is not None
    ]
    return Line(series, shape, runs_of(series.points, top), marks)


def label_lines(lines: Sequence[Line], unit: str) -> None:
    """Write the first and the last value beside their points, apart from one another."""
    known = [line for line in lines if line.marks]
    for name, index in (("first", 0), ("last", -1)):
        heights = spread([float(line.marks[index][1]) + 4 for line in known])
        for line, height in zip(known, heights, strict=True):
            x, _, point = line.marks[index]
            setattr(line, name, {"x": x, "y": f"{height:.1f}", "text": number_text(point.value or 0, unit)})


def axis_of(points: Sequence[Point]) -> list[dict[str, Any]]:
    """The labels under the plot; only the first and the last where they would touch on a phone."""
    labels = [point.short or point.label for point in points]
    fits = max((text_width(label) + 6 for label in labels), default=0) * len(labels) <= NARROW
    groups = ["", *(point.group for point in points)]
    return [
        {"x": x_of(index, len(points)), "text": label, "group": point.group if point.group != groups[index] else ""}
        for index, (label, point) in enumerate(zip(labels, points, strict=True))
        if fits or index in (0, len(labels) - 1)
    ]


def trend_of(series: Sequence[Series], label: str, unit: str = "%") -> dict[str, Any]:
    """A trend laid out for its template. Raises ValueError for more than three series, or for differing quarters."""
    if len(series) > MAX_SERIES:
        raise ValueError(f"A trend takes at most {MAX_SERIES} series, not {len(series)}.")
    values = [point.value for one in series for point in one.known if point.value is not None]
    top = top_of(values, unit)
    lines = [line_of(one, shape, top) for one, shape in zip(series, SHAPES, strict=False)]
    label_lines(lines, unit)
    points = series[0].points if series else ()
    return {
        "label": label, "unit": unit, "series": series, "lines": lines if values else [], "axis": axis_of(points),
        "ticks": [(f"{y_of(top * half / 2, top):g}", number_text(top * half / 2, unit)) for half in range(3)],
        "base": TOP + HEIGHT, "start": TOP, "tall": HEIGHT,
        "rows": list(zip(*(one.points for one in series), strict=True)),
    }  # fmt: skip


def spark_of(values: Sequence[Number | None], unit: str = "", width: int = 84, height: int = 20) -> dict[str, Any]:
    """A sparkline laid out in pixels, from zero (the grey line) to its highest value; the last known value is written beside it."""
    known = [value for value in values if value is not None]
    top = float(max([*known, 1]))
    step = (width - 6) / max(len(values) - 1, 1)
    places = [
        (f"{3 + index * step:.1f}", f"{3 + (height - 4) * (1 - float(value) / top):.1f}")
        for index, value in enumerate(values)
        if value is not None
    ]
    return {
        "places": places, "base": height - 1, "end": places[-1] if places else None, "width": width, "height": height,
        "last": number_text(known[-1], unit) if known else "", "all": "，".join(number_text(value, unit) for value in known),
    }  # fmt: skip
