"""The charts: their arithmetic, and what stands in the page."""

import re
from decimal import Decimal

import pytest
from django.template import Context, Template

from portal.kit.charts import (
    Bar,
    Cell,
    Matrix,
    Point,
    Row,
    Series,
    Skipped,
    Tile,
    axis_of,
    ends,
    number_text,
    runs_of,
    spread,
    top_of,
    trend_of,
)

HINT = "请先登记或导入数据"
URLS = [f"/{number}/" for number in range(1, 9)]
NAME = "<b>泉溪</b>镇"


def draw(tag, **context):
    html = Template("{% load charts %}{% " + tag + " %}").render(Context(context))
    assert "style=" not in html
    assert "<script" not in html
    return html


def text_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", html)).strip()


def links_of(html):
    return {text_of(text): url for url, text in re.findall(r'<a href="([^"]*)"[^>]*>(.*?)</a>', html, re.S)}


def make_matrix(*cells, **fields):
    columns = [(f"目标{number}", f"?sort={number}") for number in range(len(cells))]
    row = Row(fields.pop("label", "泉溪镇"), "/areas/1/", "12 村", cells, "缺 3 村组织", "/gaps/1/")
    return Matrix(columns, [row], **fields)


def make_series(*values, label="村级组织"):
    notes = ["" if value is None else "275 / 297" for value in values]
    points = [Point(f"第{n}季", *pair) for n, pair in enumerate(zip(values, URLS, notes, strict=False), 1)]
    return Series(label, points)


# Shares


@pytest.mark.parametrize(
    ("achieved", "target", "text", "tint", "summary"),
    [
        (9, 12, "75%", "h2", "9 / 12，缺 3"),
        (2, 3, "2 / 3", "h1", "2 / 3，缺 1"),
        (5, 3, "5 / 3", "h5", "5 / 3，全部达到"),
        (275, 297, "93%", "h3", "275 / 297，缺 22"),
        (189, 200, "95%", "h4", "189 / 200，缺 11"),
        (299, 300, "100%", "h4", "299 / 300，缺 1"),
        (12, 12, "100%", "h5", "12 / 12，全部达到"),
        (0, 12, "0%", "h1", "0 / 12，缺 12"),
        (0, 0, "—", "h0", "没有应覆盖的对象"),
    ],
)
def test_a_share_is_written_and_tinted_by_its_whole_percentage(achieved, target, text, tint, summary):
    cell = Cell(achieved, target)
    assert (cell.text, cell.tint, cell.summary) == (text, tint, summary)


@pytest.mark.parametrize(("achieved", "tone"), [(95, "green"), (94, "amber"), (80, "amber"), (79, "red")])
def test_a_bar_is_green_from_95_and_amber_from_80_per_cent(achieved, tone):
    assert Cell(achieved, 100).tone == tone


# Figure


def test_a_figure_tells_number_target_share_and_change():
    html = draw("coverage_figure label 275 297 9 '/list/' '' '个村'", label=NAME)
    assert text_of(html) == "&lt;b&gt;泉溪&lt;/b&gt;镇 275 / 297 93% 较上季 ▲上升 9 个村 93%"
    assert links_of(html) == {"275": "/list/"}
    assert 'class="progress progress-amber" max="297" value="275"' in html


def test_a_figure_without_a_target_is_only_its_number():
    html = draw("coverage_figure '示范阵地' 15 None None '/list/' '七有达标 12 个'")
    assert text_of(html) == "示范阵地 15 七有达标 12 个"
    assert "<progress" not in html


@pytest.mark.parametrize(("change", "words"), [(0, "较上季持平"), (-2, "较上季 ▼下降 2"), (None, "")])
def test_a_figure_says_what_changed_and_nothing_where_that_is_unknown(change, words):
    text = text_of(draw("coverage_figure '商会' 15 15 change", change=change))
    assert words in text
    assert ("较上季" in text) == bool(words)


def test_a_figure_with_nothing_to_reach_has_no_percentage():
    html = draw("coverage_figure '开发区' 0 0")
    assert text_of(html) == "开发区 0 / 0 没有应覆盖的对象"
    assert "<progress" not in html


# Matrix and tiles


def test_every_cell_of_a_matrix_opens_its_list():
    html = draw("heat_matrix matrix", matrix=make_matrix(Cell(9, 12, "/list/1/"), Cell(2, 3, "/list/2/")))
    assert links_of(html) == {
        "目标0": "?sort=0", "目标1": "?sort=1", "泉溪镇": "/areas/1/", "75%": "/list/1/", "2 / 3": "/list/2/",
        "缺 3 村组织": "/gaps/1/",
    }  # fmt: skip
    assert 'title="泉溪镇 · 目标0：9 / 12，缺 3"' in html
    assert "<small>9 / 12</small>" in html


def test_a_matrix_says_words_of_its_own_and_nothing_for_no_target():
    html = draw("heat_matrix m", m=make_matrix(Cell(0, 0, "/list/1/"), Cell(9, 12, "/list/2/", "3 个村待换届")))
    assert 'title="泉溪镇 · 目标1：9 / 12，3 个村待换届"' in html
    assert '<td class="h0"><span title="泉溪镇 · 目标0：没有应覆盖的对象">—</span>' in html
    assert "/list/1/" not in html


def test_a_matrix_may_leave_the_gaps_out():
    assert "断点盲点" not in draw("heat_matrix matrix", matrix=make_matrix(Cell(9, 12), gaps_label=""))


def test_a_row_has_as_many_cells_as_there_are_columns():
    matrix = Matrix([("组织", ""), ("阵地", "")], [Row("泉溪镇", cells=[Cell(9, 12)])])
    with pytest.raises(ValueError, match="shorter"):
        list(matrix.lines())


def test_a_tile_holds_name_percentage_and_fraction():
    html = draw("tile_map tiles '组织覆盖'", tiles=[Tile("泉溪镇", Cell(2, 3, "/list/")), Tile("城关镇", Cell(0, 0))])
    assert links_of(html) == {"泉溪镇67%2 / 3": "/list/"}
    assert 'title="泉溪镇 · 组织覆盖：2 / 3，缺 1"' in html
    assert "城关镇—没有应覆盖的对象" in text_of(html)
    assert "不足 70%" in html


# Trend


def test_a_trend_has_titles_and_the_table_behind_it():
    html = draw("trend series '组织覆盖率'", series=[make_series(86, None, Decimal("92.50"))])
    assert "<title>村级组织 · 第1季：86%（275 / 297）</title>" in html
    assert 'aria-label="组织覆盖率；村级组织：从 86% 到 92.5%"' in html
    assert links_of(html) == {"86%": "/1/", "92.5%": "/3/"}
    assert '<td class="num">—</td>' in html


def test_a_trend_starts_at_zero():
    assert runs_of(make_series(0, 50, 100).points, 100) == [
        [("16.67", "100.00"), ("50.00", "50.00"), ("83.33", "0.00")]
    ]


def test_a_missing_quarter_breaks_the_line():
    runs = runs_of(make_series(80, 82, None, 85, None, 90, 91).points, 100)
    assert [len(run) for run in runs] == [2, 2]


@pytest.mark.parametrize(
    ("values", "unit", "top"),
    [
        ([93], "%", 100),
        ([120], "%", 200),
        ([96.5], "分", 100),
        ([7], "", 8),
        ([297], "", 400),
        ([0], "", 2),
        ([], "", 2),
    ],
)
def test_an_axis_ends_at_an_even_round_number(values, unit, top):
    assert top_of(values, unit) == top


def test_labels_do_not_overlap():
    assert spread([50, 52, 90]) == [50, 64, 90]
    assert spread([144, 140, 30]) == [144, 130, 30]


def test_quarters_are_labelled_as_far_as_a_phone_has_room():
    points = [Point(f"2025年第{n}季度", 1, short=f"{n}季", group="2025") for n in "一二三四"]
    assert [(label["text"], label["group"]) for label in axis_of(points)][:2] == [("一季", "2025"), ("二季", "")]
    long = [Point(f"2025年第{n}季度", 1) for n in "一二三四"]
    assert [label["text"] for label in axis_of(long)] == ["2025年第一季度", "2025年第四季度"]


def test_a_trend_takes_three_series_of_the_same_quarters():
    with pytest.raises(ValueError, match="at most 3"):
        trend_of([make_series(1)] * 4, "组织")
    with pytest.raises(ValueError, match="zip"):
        trend_of([make_series(1), make_series(1, 2)], "组织")


# Bars and sparklines


def test_a_ranking_has_numbers_arrows_and_notes():
    rows = [
        Bar("城关镇", Decimal("96.5"), 100, 1, url="/slip/1/", change=1),
        Bar("泉溪镇", 77, rank=15, change=-2, note="提醒函"),
    ]
    html = draw(
        "bars rows", rows=[rows[0], Skipped(13), rows[1], Bar("兵营镇", 60, change=0), Bar("新洲镇", 60, text="60.0")]
    )
    assert links_of(html) == {"96.5": "/slip/1/"}
    assert text_of(html).split() == [
        "1", "城关镇", "96.5", "▲上升1", "·", "·", "·", "其余", "13", "家", "·", "·", "·",
        "15", "泉溪镇", "提醒函", "77", "▼下降2", "兵营镇", "60", "—持平", "新洲镇", "60.0",
    ]  # fmt: skip
    assert 'max="100" value="96.5"' in html


def test_a_long_ranking_shows_its_ends():
    bars = [Bar(f"{n}", n) for n in range(15)]
    assert ends(bars) == [*bars[:7], Skipped(6), *bars[13:]]
    assert ends(bars[:10]) == bars[:10]


def test_a_sparkline_writes_its_last_value():
    html = draw("sparkline values '组织覆盖' '/trend/' '%'", values=[71, None, 93])
    assert links_of(html) == {"93%": "/trend/"}
    assert 'aria-label="组织覆盖：71%，93%"' in html
    assert text_of(draw("sparkline values", values=[None])) == "—"


@pytest.mark.parametrize(("value", "text"), [(100, "100"), (Decimal("95.50"), "95.5"), (0, "0"), (96.25, "96.25")])
def test_a_number_has_no_trailing_zeros(value, text):
    assert number_text(value) == text


# All of them


@pytest.mark.parametrize(
    "tag", ["heat_matrix nothing", "tile_map none '组织'", "trend none '组织'", "trend unknown '组织'", "bars none"]
)
def test_a_chart_without_data_says_what_to_do(tag):
    assert HINT in draw(tag, none=[], nothing=Matrix([], []), unknown=[make_series(None)])


def test_a_page_may_say_itself_what_to_do():
    assert "请先结账。" in draw("trend none '组织' hint='请先结账。'", none=[])


@pytest.mark.parametrize(
    "tag",
    [
        "coverage_figure name 1 2 3 '/' name name", "heat_matrix matrix", "tile_map tiles name", "trend series name",
        "bars rows", "sparkline values name",
    ],
)  # fmt: skip
def test_names_are_escaped(tag):
    matrix = Matrix([(NAME, "")], [Row(NAME, "", NAME, [Cell(1, 2, "/", NAME)], NAME)], NAME, NAME, NAME)
    series = [Series(NAME, [Point(NAME, 1, "/", NAME, NAME, NAME)])]
    rows = [Bar(NAME, 1, text=NAME, note=NAME), Skipped(2, NAME)]
    html = draw(
        tag, name=NAME, matrix=matrix, tiles=[Tile(NAME, Cell(1, 2, "/", NAME))], series=series, rows=rows, values=[1]
    )
    assert "<b>" not in html
    assert "&lt;b&gt;" in html
