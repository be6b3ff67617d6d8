"""Charts without script or inline style; a page that draws one links css/charts.css. Shapes: `portal.kit.charts`."""

from collections.abc import Sequence
from typing import Any

from django import template
from django.utils.safestring import mark_safe

from portal.kit.charts import (
    LEGEND,
    Bar,
    Cell,
    Change,
    Matrix,
    Number,
    Series,
    Skipped,
    Tile,
    number_text,
    spark_of,
    trend_of,
)

register = template.Library()
HINT = "请先登记或导入数据，或者换一个季度、区划再看。"


@register.inclusion_tag("components/charts/coverage_figure.html")
def coverage_figure(
    label: str, achieved: int, target: int | None = None, change: int | None = None, url: str = "", note: str = "",
    unit: str = "",
) -> dict[str, Any]:  # fmt: skip
    """A figure card: "275 / 297", "93% · 较上季 ▲ 9 个村" (`unit` "个村"), a bar; without a target only the number."""
    return {
        "label": label, "achieved": achieved, "target": target, "url": url, "note": note, "change": change,
        "cell": Cell(achieved, target or 0), "move": Change(change or 0).drawn(unit, " "),
    }  # fmt: skip


@register.inclusion_tag("components/charts/heat_matrix.html")
def heat_matrix(matrix: Matrix, hint: str = HINT) -> dict[str, Any]:
    """Townships by goals; every cell opens its list."""
    return {"matrix": matrix, "lines": list(matrix.lines()), "legend": LEGEND, "hint": hint}


@register.inclusion_tag("components/charts/tile_map.html")
def tile_map(tiles: Sequence[Tile], label: str, hint: str = HINT) -> dict[str, Any]:
    """Townships as tiles coloured by the measure called `label`."""
    drawn = mark_safe("".join(tile.drawn(label) for tile in tiles))
    return {"tiles": drawn, "label": label, "legend": LEGEND, "hint": hint}


@register.inclusion_tag("components/charts/trend.html")
def trend(series: Sequence[Series], label: str, unit: str = "%", hint: str = HINT) -> dict[str, Any]:
    """Lines over some eight quarters, from zero, with their table behind; at most three series."""
    return {**trend_of(series, label, unit), "hint": hint}


@register.inclusion_tag("components/charts/bars.html")
def bars(rows: Sequence[Bar | Skipped], hint: str = HINT) -> dict[str, Any]:
    """A ranking with its bars, numbers and arrows of change."""
    return {"rows": rows, "hint": hint}


@register.inclusion_tag("components/charts/sparkline.html")
def sparkline(values: Sequence[Number | None], label: str = "", url: str = "", unit: str = "") -> dict[str, Any]:
    """A small line within a row, with its last value; `label` says what it shows."""
    return {**spark_of(values, unit), "label": label, "url": url}


@register.filter
def with_unit(value: Number, unit: str = "") -> str:
    """A number as charts write it: "93%", "96.5"."""
    return number_text(value, unit)
