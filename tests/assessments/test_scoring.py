"""Points of one task: what a person may type, what each method computes, the timeliness bonus."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from assessments.scoring import (
    BonusRule,
    Facts,
    Method,
    Rule,
    ScoringError,
    Tier,
    bonus,
    half_up,
    parse_points,
    plain,
    score,
)

steady = settings(deadline=None)  # a busy machine is no failure
DUE = date(2026, 9, 30)
COMPUTED = [Method.PER_COUNT, Method.DEDUCT, Method.RATIO, Method.MEASURED]

cents = st.integers(0, 10_000).map(lambda n: Decimal(n) / 100)
maxima = st.integers(1, 10_000).map(lambda n: Decimal(n) / 100)
counts = st.integers(0, 9999)
quantities = st.integers(0, 10**9).map(lambda n: Decimal(n) / 100)
targets = quantities.filter(bool)
tiers = st.lists(st.builds(Tier, st.integers(0, 60), cents), max_size=6, unique_by=lambda tier: tier.days_before)
floors = cents.map(lambda value: -value)
bonus_rules = st.builds(BonusRule, tiers.map(tuple), cents, floors, cents)


def rounded(value: Fraction) -> Decimal:
    """`value` ≥ 0 rounded half up to 0.1, worked out on whole numbers only."""
    return Decimal((value * 20 + 1) // 2) / 10


def kept(value: Fraction, maximum: Decimal) -> Decimal:
    """Rounded once, then kept within 0 and the maximum."""
    return min(rounded(max(value, Fraction(0))), maximum)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**6))
@steady
def test_half_up_agrees_with_arithmetic_on_fractions(value):
    assert half_up(value) == rounded(Fraction(value))


@pytest.mark.parametrize(
    ("value", "places", "expected"),
    [("0.05", 1, "0.1"), ("0.25", 1, "0.3"), ("0.35", 1, "0.4"), ("0.2499", 1, "0.2"), ("-0.25", 1, "-0.3"),
     ("2.5", 0, "3"), ("1.005", 2, "1.01")],
)  # fmt: skip
def test_a_half_goes_up_and_away_from_zero(value, places, expected):
    assert half_up(Decimal(value), places) == Decimal(expected)


@pytest.mark.parametrize(
    ("value", "text"),
    [("5.50", "5.5"), ("10", "10"), ("1E+1", "10"), ("100", "100"), ("0.00", "0"), ("-0", "0"), ("-0.0", "0"),
     ("0E-9", "0"), ("0.05", "0.05"), ("-0.30", "-0.3")],
)  # fmt: skip
def test_a_number_is_written_in_one_way(value, text):
    assert plain(Decimal(value)) == text


@given(cents)
@steady
def test_what_is_written_is_read_again_in_half_width_and_full_width(value):
    text = plain(value)
    wide = text.translate({ord(char): chr(ord(char) + 0xFEE0) for char in "0123456789."})
    assert parse_points(text, None) == parse_points(wide, None) == value
    assert plain(parse_points(wide, None)) == text


@given(st.text(max_size=20), st.none() | maxima)
@steady
def test_any_text_is_points_within_bounds_or_refused_in_words(text, maximum):
    try:
        value = parse_points(text, maximum)
    except ScoringError as error:
        assert str(error).endswith("。")
    else:
        assert value.is_finite() and not value.is_signed() and (maximum is None or value <= maximum)
        assert value == round(value, 2)


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", "5"), ("0", "0"), ("5.5", "5.5"), ("5.50", "5.5"), ("05", "5"), ("５．５", "5.5"), ("5。5", "5.5"),
     (" 5 ", "5"), ("\u30005\u3000", "5"), ("\xa05\xa0", "5"), ("\t5\r\n", "5"), ("10", "10"), ("10.00", "10")],
)  # fmt: skip
def test_accepted_points(text, value):
    assert parse_points(text, Decimal(10)) == Decimal(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "没有填写"), ("  ", "没有填写"), ("\u3000\xa0", "没有填写"),
        ("NaN", "不是数字"), ("sNaN", "不是数字"), ("inf", "不是数字"), ("Infinity", "不是数字"), ("∞", "不是数字"),
        ("1e400", "不是数字"), ("1E1", "不是数字"), ("5e-1", "不是数字"),
        ("-0", "负"), ("-1", "负"), ("－1", "负"), ("−1", "负"), ("-inf", "负"),
        ("+5", "不是数字"), ("5-", "不是数字"), (".5", "不是数字"), ("5.", "不是数字"), (".", "不是数字"),
        ("1.2.3", "不是数字"), ("1,5", "不是数字"), ("1_0", "不是数字"), ("5 5", "不是数字"), ("0x5", "不是数字"),
        ("5分", "不是数字"), ("五", "不是数字"), ("½", "不是数字"), ("5²", "不是数字"), ("=1+1", "不是数字"),
        ("٥", "不是数字"), ("५", "不是数字"), ("𝟓", "不是数字"),
        ("5.555", "最多两位小数"), ("5.500", "最多两位小数"), ("0.001", "最多两位小数"),
        ("\u202e5", "U+202E"), ("5\u200f", "U+200F"), ("5\u200b", "U+200B"), ("\ufeff5", "U+FEFF"),
        ("5\x00", "U+0000"), ("5\x1b", "U+001B"), ("5\n5", "U+000A"), ("\ud800", "U+D800"),
        ("1" * 13, "过长"), ("0" * 5000, "过长"),
    ],
)  # fmt: skip
def test_refused_points(text, words):
    with pytest.raises(ScoringError, match=words.replace("+", r"\+")):
        parse_points(text, Decimal(10))


def test_points_over_the_maximum_name_the_maximum():
    with pytest.raises(ScoringError, match="^满分 5，不能填 101。$"):
        parse_points("101", Decimal("5.00"))


@given(maxima, cents)
@steady
def test_a_reviewer_gives_any_points_up_to_the_maximum(maximum, points):
    rule = Rule(Method.MANUAL, maximum)
    if points > maximum:
        with pytest.raises(ScoringError, match="满分"):
            score(rule, Facts(given=points))
    else:
        assert score(rule, Facts(given=points)).points == points


@pytest.mark.parametrize(
    ("points", "words"),
    [("-0.01", "满分 5"), ("5.01", "满分 5"), ("4.999", "两位小数"), ("NaN", "不是数字"), ("Infinity", "不是数字")],
)
@pytest.mark.parametrize("method", list(Method))
def test_no_method_takes_points_out_of_bounds(method, points, words):
    with pytest.raises(ScoringError, match=words):
        score(Rule(method, Decimal(5), Decimal(1)), Facts(given=Decimal(points)))


@pytest.mark.parametrize("method", list(Method))
def test_where_nothing_is_known_the_cell_is_blank_and_not_zero(method):
    scored = score(Rule(method, Decimal(5), Decimal(1)), Facts())
    assert (scored.points, scored.proposed, scored.steps) == (None, None, ())


@pytest.mark.parametrize(
    ("method", "facts"),
    [
        (Method.MANUAL, Facts(given=Decimal(0))), (Method.PASS_FAIL, Facts(given=Decimal(0))),
        (Method.PER_COUNT, Facts(count=0)), (Method.DEDUCT, Facts(count=99)),
        (Method.RATIO, Facts(achieved=Decimal(0), target=Decimal(3))),
    ],
)  # fmt: skip
def test_zero_is_zero_and_not_blank(method, facts):
    assert score(Rule(method, Decimal(5), Decimal(1)), facts).points == Decimal(0)


def test_pass_or_fail_knows_the_maximum_and_zero_alone():
    rule = Rule(Method.PASS_FAIL, Decimal(5))
    assert score(rule, Facts(given=Decimal(5))).steps == ("达标，得满分 5 分",)
    assert score(rule, Facts(given=Decimal(0))).steps == ("不达标，得 0 分",)
    with pytest.raises(ScoringError, match="不能填 4.99"):
        score(rule, Facts(given=Decimal("4.99")))


@pytest.mark.parametrize(
    ("rule", "facts", "points", "steps"),
    [
        (Rule("per_count", Decimal(10), Decimal(3)), Facts(count=2), "6", ("2 次 × 每次 3 分 = 6 分",)),
        (Rule("per_count", Decimal(5), Decimal(3)), Facts(count=2), "5",
         ("2 次 × 每次 3 分 = 6 分", "封顶：满分 5 分")),
        (Rule("per_count", Decimal(5), Decimal("0.05")), Facts(count=1), "0.1",
         ("1 次 × 每次 0.05 分 = 0.1 分（四舍五入到 0.1）",)),
        (Rule("deduct", Decimal(5), Decimal("0.5")), Facts(count=3), "3.5", ("满分 5 分 − 3 处 × 每处 0.5 分 = 3.5 分",)),
        (Rule("deduct", Decimal(5), Decimal(2)), Facts(count=3), "0",
         ("满分 5 分 − 3 处 × 每处 2 分 = -1 分", "扣完为止：0 分")),
        (Rule("ratio", Decimal(5), None), Facts(achieved=Decimal(2), target=Decimal(3)), "3.3",
         ("满分 5 分 × 完成 2 ÷ 应完成 3 = 3.3 分（四舍五入到 0.1）",)),
        (Rule("measured", Decimal(10), None), Facts(achieved=Decimal(275), target=Decimal(297)), "9.3",
         ("满分 10 分 × 完成 275 ÷ 应完成 297 = 9.3 分（四舍五入到 0.1）",)),
        (Rule("ratio", Decimal("2.25"), None), Facts(achieved=Decimal(3), target=Decimal(3)), "2.25",
         ("满分 2.25 分 × 完成 3 ÷ 应完成 3 = 2.3 分（四舍五入到 0.1）", "封顶：满分 2.25 分")),
    ],
)  # fmt: skip
def test_worked_examples(rule, facts, points, steps):
    scored = score(rule, facts)
    assert (scored.points, scored.steps) == (Decimal(points), steps)
    assert scored.proposed == scored.points


@given(maxima, cents.filter(bool), counts)
@steady
def test_events_and_faults_are_counted_exactly_and_rounded_once(maximum, each, count):
    events = score(Rule(Method.PER_COUNT, maximum, each), Facts(count=count)).points
    faults = score(Rule(Method.DEDUCT, maximum, each), Facts(count=count)).points
    assert events == kept(Fraction(each) * count, maximum)
    assert faults == kept(Fraction(maximum) - Fraction(each) * count, maximum)


@given(st.sampled_from([Method.RATIO, Method.MEASURED]), maxima, quantities, targets)
@steady
def test_a_ratio_is_worked_out_exactly_and_rounded_once(method, maximum, achieved, target):
    points = score(Rule(method, maximum), Facts(achieved=achieved, target=target)).points
    assert points == kept(Fraction(maximum) * Fraction(achieved) / Fraction(target), maximum)


@given(maxima, cents.filter(bool), counts, counts)
@steady
def test_more_events_never_lose_points_and_more_faults_never_gain_any(maximum, each, one, other):
    fewer, more = sorted([one, other])
    events, faults = Rule(Method.PER_COUNT, maximum, each), Rule(Method.DEDUCT, maximum, each)
    assert score(events, Facts(count=fewer)).points <= score(events, Facts(count=more)).points
    assert score(faults, Facts(count=fewer)).points >= score(faults, Facts(count=more)).points


@given(maxima, quantities, quantities, targets)
@steady
def test_achieving_more_never_loses_points_and_a_target_reached_is_the_maximum(maximum, one, other, target):
    rule = Rule(Method.RATIO, maximum)
    less, more = (score(rule, Facts(achieved=value, target=target)).points for value in sorted([one, other]))
    assert less <= more
    reached = score(rule, Facts(achieved=target, target=target)).points
    assert reached == min(maximum, half_up(maximum)) and maximum - reached < Decimal("0.05")


@given(st.sampled_from(COMPUTED), maxima, cents.filter(bool), counts, quantities, targets, st.data())
@steady
def test_a_reviewers_change_replaces_the_rule_and_shows_both(method, maximum, each, count, achieved, target, data):
    points = data.draw(st.integers(0, int(maximum * 100)).map(lambda n: Decimal(n) / 100))
    rule, facts = Rule(method, maximum, each), {"count": count, "achieved": achieved, "target": target}
    alone = score(rule, Facts(**facts))
    assume(points != alone.proposed)
    changed = score(rule, Facts(points, reason="缺照片", **facts))
    assert (changed.points, changed.proposed) == (points, alone.proposed)
    words = f"评审由 {plain(alone.proposed)} 分改为 {plain(points)} 分，原因：缺照片"
    assert changed.steps == (*alone.steps, words)


def test_a_reviewer_who_agrees_with_the_rule_changes_nothing():
    rule = Rule(Method.PER_COUNT, Decimal(10), Decimal(3))
    assert score(rule, Facts(Decimal("6.00"), count=2)) == score(rule, Facts(count=2))


@pytest.mark.parametrize("method", COMPUTED)
def test_a_reviewers_points_stand_where_the_rules_facts_are_missing(method):
    scored = score(Rule(method, Decimal(5), Decimal(1)), Facts(Decimal(4)))
    assert (scored.points, scored.proposed, scored.steps) == (Decimal(4), None, ("评审给 4 分（满分 5 分）",))


@pytest.mark.parametrize("method", [Method.RATIO, Method.MEASURED])
@pytest.mark.parametrize("points", [None, Decimal(3)])
def test_a_target_of_zero_is_refused_with_what_to_do(method, points):
    with pytest.raises(ScoringError, match="应完成数为 0.*请改为“不适用”并写明原因"):
        score(Rule(method, Decimal(5)), Facts(points, achieved=Decimal(1), target=Decimal(0)))


@pytest.mark.parametrize(
    ("rule", "facts", "words"),
    [
        (Rule("per_count", Decimal(5), None), Facts(count=1), "没有设定每次"),
        (Rule("deduct", Decimal(5), Decimal(0)), Facts(count=1), "没有设定每次"),
        (Rule("per_count", Decimal(5), Decimal(1)), Facts(count=-1), "不能是负数"),
        (Rule("deduct", Decimal(5), Decimal(1)), Facts(count=-1), "不能是负数"),
        (Rule("ratio", Decimal(5)), Facts(achieved=Decimal(-1), target=Decimal(3)), "不能是负数"),
        (Rule("ratio", Decimal(5)), Facts(achieved=Decimal(1), target=Decimal(-3)), "不能是负数"),
    ],
)  # fmt: skip
def test_facts_that_cannot_be_scored_are_refused_in_words(rule, facts, words):
    with pytest.raises(ScoringError, match=words):
        score(rule, facts)


COUNTY = BonusRule(
    (Tier(3, Decimal("0.5")), Tier(5, Decimal(1)), Tier(10, Decimal(2))), Decimal("0.1"), Decimal(-1), Decimal(5)
)


@pytest.mark.parametrize(
    ("done_on", "points"),
    [
        (date(2026, 9, 1), "2"), (date(2026, 9, 20), "2"), (date(2026, 9, 21), "1"), (date(2026, 9, 25), "1"),
        (date(2026, 9, 26), "0.5"), (date(2026, 9, 27), "0.5"), (date(2026, 9, 28), "0"), (date(2026, 9, 29), "0"),
        (date(2026, 9, 30), "0"), (date(2026, 10, 1), "-0.1"), (date(2026, 10, 9), "-0.9"),
        (date(2026, 10, 10), "-1"), (date(2026, 10, 11), "-1"), (date(2027, 9, 30), "-1"),
    ],
)  # fmt: skip
def test_each_row_of_the_bonus_table_starts_on_its_day(done_on, points):
    assert bonus(COUNTY, DUE, done_on).points == Decimal(points)


@pytest.mark.parametrize(
    ("done_on", "words"),
    [
        (None, "没有完成日期，不计时效分"),
        (date(2026, 9, 24), "完成 2026-9-24，截止 2026-9-30，提前 6 天：达到“提前 5 天”一档，时效加 1 分"),
        (date(2026, 9, 29), "完成 2026-9-29，截止 2026-9-30，提前 1 天：不加时效分"),
        (DUE, "完成 2026-9-30，截止 2026-9-30，按期完成：不加时效分"),
        (date(2026, 10, 2), "完成 2026-10-2，截止 2026-9-30，逾期 2 天：每天扣 0.1 分，时效 -0.2 分"),
        (date(2026, 10, 30), "完成 2026-10-30，截止 2026-9-30，逾期 30 天：每天扣 0.1 分，最多扣 1 分，时效 -1 分"),
    ],
)
def test_the_bonus_says_how_it_came_about(done_on, words):
    assert bonus(COUNTY, DUE, done_on).steps == (words,)


def test_days_are_counted_over_the_end_of_a_leap_february():
    assert bonus(COUNTY, date(2028, 3, 1), date(2028, 2, 27)).points == Decimal("0.5")
    assert bonus(COUNTY, date(2027, 3, 1), date(2027, 2, 27)).points == Decimal(0)


@given(bonus_rules)
@steady
def test_what_is_not_done_has_no_bonus(rule):
    assert bonus(rule, DUE, None).points == 0


@given(bonus_rules, st.integers(0, 90))
@steady
def test_the_best_row_that_holds_counts(rule, early):
    held = [tier.points for tier in rule.tiers if tier.days_before <= early]
    assert bonus(rule, DUE, DUE - timedelta(early)).points == max(held, default=Decimal(0))


@given(bonus_rules, st.integers(1, 400))
@steady
def test_every_day_late_costs_the_same_down_to_the_floor(rule, late):
    off = (rule.late_per_day * late).quantize(Decimal("0.1"), ROUND_HALF_UP)
    assert bonus(rule, DUE, DUE + timedelta(late)).points == max(-off, rule.late_floor)


@given(bonus_rules, st.integers(-90, 400), st.integers(-90, 400))
@steady
def test_being_earlier_never_loses_points(rule, one, other):
    earlier, later = (bonus(rule, DUE, DUE + timedelta(days)).points for days in sorted([one, other]))
    assert earlier >= later


@given(bonus_rules, st.randoms(use_true_random=False), st.integers(-90, 90))
@steady
def test_the_order_of_the_bonus_table_makes_no_difference(rule, random, days):
    shuffled = list(rule.tiers)
    random.shuffle(shuffled)
    other = BonusRule(tuple(shuffled), rule.late_per_day, rule.late_floor, rule.cap)
    assert bonus(rule, DUE, DUE + timedelta(days)) == bonus(other, DUE, DUE + timedelta(days))
