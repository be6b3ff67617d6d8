"""A unit's total of a quarter, the ranks within a class, the total of a year."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assessments.scoring import Entry, Line, rank, total, year_total

steady = settings(deadline=None)  # a busy machine is no failure

signed = st.integers(-1000, 1000).map(lambda n: Decimal(n) / 100)
cents = st.integers(0, 10_000).map(lambda n: Decimal(n) / 100)
maxima = st.integers(1, 10_000).map(lambda n: Decimal(n) / 100)
weights = st.integers(1, 10_000).map(lambda n: Decimal(n) / 100)


@st.composite
def lines(draw, may_not_apply=False):
    """A task with points within its maximum, or blank without a bonus, or not applicable."""
    maximum, out = draw(maxima), may_not_apply and draw(st.booleans())
    if out or draw(st.booleans()):
        return Line(maximum, None, Decimal(0), out)
    points = draw(st.integers(0, int(maximum * 100)).map(lambda n: Decimal(n) / 100))
    return Line(maximum, points, draw(signed), False)


applicable = st.lists(lines(), min_size=1, max_size=20)
mixed = st.lists(lines(may_not_apply=True), max_size=20)
# Few totals, so that ties are common; written in two ways, which must tie as well.
totals = st.sampled_from([Decimal(text) for text in ("0", "79.9", "80", "80.0", "80.00", "90.5", "90.50", "100")])
entries = st.lists(st.tuples(st.none() | totals, st.sampled_from(["", "", "", "新设单位"])), max_size=25).map(
    lambda rows: [Entry(key, value, exempt) for key, (value, exempt) in enumerate(rows)]
)


def line(maximum, points, bonus="0", not_applicable=False):
    return Line(Decimal(maximum), None if points is None else Decimal(points), Decimal(bonus), not_applicable)


def ranks(*values, exempt=()):
    """Places of units A, B, C … with these totals."""
    named = zip("ABCDEFGH", values, strict=False)
    found = rank(
        Entry(key, None if value is None else Decimal(value), "挂牌新设" if key in exempt else "")
        for key, value in named
    )
    return [found[key] for key in "ABCDEFGH"[: len(values)]]


@given(applicable, cents)
@steady
def test_the_total_is_the_exact_sum_of_what_the_lines_show(tasks, cap):
    result = total(tasks, cap)
    visible = [task.points for task in tasks if task.points is not None]
    assert result.points == result.scaled == sum(visible)
    assert result.base == sum(task.maximum for task in tasks)
    assert result.total == sum(visible) + min(cap, sum(task.bonus for task in tasks))


@given(mixed, cents)
@steady
def test_a_blank_is_counted_and_never_a_zero(tasks, cap):
    result = total(tasks, cap)
    applying = [task for task in tasks if not task.not_applicable]
    assert result.blanks == sum(task.points is None for task in applying)
    assert result.blanks + sum(task.points is not None for task in tasks) == len(applying)


@given(mixed, cents)
@steady
def test_bonuses_never_pass_the_cap(tasks, cap):
    assert total(tasks, cap).bonus <= cap


@given(mixed.filter(lambda tasks: any(not task.not_applicable for task in tasks)), maxima, cents)
@steady
def test_what_does_not_apply_leaves_the_base_and_the_rest_is_scaled_to_100(tasks, maximum, cap):
    result = total([*tasks, Line(maximum, None, Decimal(0), True)], cap)
    base = sum(Fraction(task.maximum) for task in tasks if not task.not_applicable)
    exact = sum(Fraction(task.points) for task in tasks if task.points is not None) * 100 / base
    assert result.base == base
    assert result.scaled == Decimal((exact * 20 + 1) // 2) / 10
    assert result.total == result.scaled + result.bonus
    assert 0 <= result.scaled <= 100


@given(mixed, cents, st.randoms(use_true_random=False))
@steady
def test_the_order_of_the_lines_makes_no_difference(tasks, cap, random):
    shuffled = list(tasks)
    random.shuffle(shuffled)
    assert total(shuffled, cap) == total(tasks, cap)


@given(st.lists(maxima.map(lambda maximum: Line(maximum, None, Decimal(0), True)), max_size=5), cents)
@steady
def test_where_nothing_applies_there_is_no_total(tasks, cap):
    result = total(tasks, cap)
    assert (result.base, result.total, result.blanks) == (0, None, 0)
    assert result.steps == ("全部任务不适用，不计总分",)


def test_a_plain_total_says_how_it_came_about():
    result = total([line(60, "55.5", "1"), line(40, "38.25", "-0.5")], Decimal(5))
    assert result.total == Decimal("94.25")
    assert result.steps == ("2 项任务得分合计 93.75 分", "时效加分合计 0.5 分", "总分：93.75 + 0.5 = 94.25 分")


def test_a_scaled_and_capped_total_says_how_it_came_about():
    result = total([line(60, "55", "4"), line(25, "21", "3"), line(15, None, not_applicable=True)], Decimal(5))
    assert (result.points, result.base, result.scaled, result.bonus) == (76, 85, Decimal("89.4"), 5)
    assert result.steps == (
        "2 项任务得分合计 76 分",
        "有 1 项不适用，折算：76 ÷ 85 × 100 = 89.4 分",
        "时效加分合计 7 分，每季上限 5 分，计 5 分",
        "总分：89.4 + 5 = 94.4 分",
    )


def test_a_scaled_half_goes_up():
    """7.7 of 80 is 9.625; 7.72 is 9.65, which a banker's rounding would take to 9.6."""
    out = line(20, None, not_applicable=True)
    assert total([line(80, "7.7"), out], Decimal(5)).scaled == Decimal("9.6")
    assert total([line(80, "7.72"), out], Decimal(5)).scaled == Decimal("9.7")


def test_points_off_are_not_stopped_by_the_cap():
    result = total([line(100, "90", "-3"), line(100, "80", "-4")], Decimal(5))
    assert (result.bonus, result.total) == (-7, 163)
    assert result.steps[-1] == "总分：170 − 7 = 163 分"


def test_a_unit_without_any_score_has_blanks_and_nothing_made_up():
    result = total([line(60, None), line(40, None)], Decimal(5))
    assert (result.points, result.blanks, result.base) == (0, 2, 100)


def test_equal_totals_share_a_rank_and_the_next_is_skipped():
    assert ranks("95", "90", "90", "80") == [1, 2, 2, 4]
    assert ranks("80", "90", "95", "90") == [4, 2, 1, 2]
    assert ranks("90", "90", "90", "80") == [1, 1, 1, 4]
    assert ranks("90", "90.00", "80", "80.0", "70") == [1, 1, 3, 3, 5]


def test_an_exempt_unit_or_one_without_a_total_has_no_rank_and_takes_none():
    assert ranks("95", "90", None, "80", exempt="A") == [None, 1, None, 2]
    assert ranks(None, "90", exempt="B") == [None, None]
    assert ranks() == []


def test_zero_and_less_have_a_rank():
    assert ranks("0", "-1.5", "0") == [1, 3, 1]


@given(entries)
@steady
def test_a_rank_is_one_more_than_the_number_of_better_units(units):
    found = rank(units)
    ranked = [unit for unit in units if unit.total is not None and not unit.exempt]
    assert set(found) == {unit.key for unit in units}
    assert all(found[unit.key] is None for unit in units if unit not in ranked)
    for unit in ranked:
        assert found[unit.key] == 1 + sum(other.total > unit.total for other in ranked)


@given(entries, st.randoms(use_true_random=False))
@steady
def test_the_order_of_the_units_makes_no_difference(units, random):
    shuffled = list(units)
    random.shuffle(shuffled)
    assert rank(iter(shuffled)) == rank(units)


@given(st.lists(st.tuples(weights, st.none() | cents), min_size=1, max_size=4))
@steady
def test_a_year_is_the_weighted_mean_of_the_quarters_that_have_a_total(quarters):
    value, steps = year_total(quarters)
    known = [(Fraction(weight), Fraction(points)) for weight, points in quarters if points is not None]
    if not known:
        assert (value, steps) == (None, ("还没有可以累计的季度",))
        return
    mean = sum(weight * points for weight, points in known) / sum(weight for weight, _ in known)
    assert value == Decimal((mean * 20 + 1) // 2) / 10
    assert min(points for _, points in known) - Fraction(1, 20) <= value <= max(p for _, p in known) + Fraction(1, 20)


@pytest.mark.parametrize(
    ("quarters", "value", "steps"),
    [
        ([("25", "90"), ("25", "80"), ("25", "85"), ("25", "95")], "87.5",
         "（90 × 25% + 80 × 25% + 85 × 25% + 95 × 25%） ÷ 100% = 87.5 分"),
        ([("20", "90"), ("30", "80.05"), ("50", None), ("0", "60")], "84",
         "（90 × 20% + 80.05 × 30%） ÷ 50% = 84 分"),
        ([("25", "90"), ("25", "90.1"), ("25", None), ("25", None)], "90.1", "（90 × 25% + 90.1 × 25%） ÷ 50% = 90.1 分"),
        ([("100", "0")], "0", "（0 × 100%） ÷ 100% = 0 分"),
    ],
)  # fmt: skip
def test_a_year_says_how_it_came_about(quarters, value, steps):
    pairs = [(Decimal(weight), None if points is None else Decimal(points)) for weight, points in quarters]
    assert year_total(pairs) == (Decimal(value), (steps,))


@pytest.mark.parametrize("quarters", [[], [(Decimal(25), None)], [(Decimal(0), Decimal(90))]])
def test_a_year_without_a_quarter_that_counts_has_no_total(quarters):
    assert year_total(quarters) == (None, ("还没有可以累计的季度",))
