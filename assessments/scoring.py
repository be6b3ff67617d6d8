"""How points come about: pure functions on Decimal that return points and the steps that led to them.

Every rule here is of domain.md, "Quarterly assessment". Nothing in this file knows a model or a request, so that a
published score can be computed again from its frozen inputs years later.
"""

import unicodedata
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

ZERO, HUNDRED = Decimal(0), Decimal(100)
LONGEST = 12  # characters a person may type for one number
FULL_WIDTH = {ord("．"): ".", ord("。"): ".", ord("\u3000"): " ", ord("\xa0"): " "} | {
    0xFF10 + n: str(n) for n in range(10)
}


class Method(StrEnum):
    MANUAL = "manual"
    PASS_FAIL = "pass_fail"
    PER_COUNT = "per_count"
    DEDUCT = "deduct"
    RATIO = "ratio"
    MEASURED = "measured"


class ScoringError(ValueError):
    """What was entered cannot be scored; the message says why and what to do, in the user's words."""


@dataclass(frozen=True)
class Rule:
    """An indicator's method for one class: its maximum and, per event or fault, the points of one."""

    method: str
    maximum: Decimal
    unit_points: Decimal | None = None


@dataclass(frozen=True)
class Facts:
    """What is known of one unit's task. `given` is the reviewer's own points; None leaves it to the rule."""

    given: Decimal | None = None
    count: int | None = None
    achieved: Decimal | None = None
    target: Decimal | None = None
    reason: str = ""


@dataclass(frozen=True)
class Scored:
    """points: what counts (None: blank); proposed: what the rule alone computes (None: facts missing)."""

    points: Decimal | None
    proposed: Decimal | None
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Tier:
    days_before: int
    points: Decimal


@dataclass(frozen=True)
class BonusRule:
    """tiers: at least N days early → +p; late_per_day ≥ 0 is taken off per day down to late_floor ≤ 0; cap per quarter."""

    tiers: tuple[Tier, ...]
    late_per_day: Decimal
    late_floor: Decimal
    cap: Decimal


@dataclass(frozen=True)
class Bonus:
    points: Decimal
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Line:
    """One task of a unit's total."""

    maximum: Decimal
    points: Decimal | None
    bonus: Decimal
    not_applicable: bool


@dataclass(frozen=True)
class Total:
    """points: raw sum; base: maxima that apply; scaled: to 100 where something does not apply; total: None without base."""

    points: Decimal
    base: Decimal
    scaled: Decimal
    bonus: Decimal
    total: Decimal | None
    blanks: int
    steps: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One unit in a ranking; exempt: the reason why it has no rank, or ""."""

    key: Hashable
    total: Decimal | None
    exempt: str = ""


def half_up(value: Decimal, places: int = 1) -> Decimal:
    """`value` rounded half up (away from zero) to `places` decimals."""
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def plain(value: Decimal) -> str:
    """The one way a number is written: no exponent, no trailing zeros, no minus zero."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in {"-0", ""} else text


def parse_points(text: str, maximum: Decimal | None) -> Decimal:
    """The points that a person typed. Full-width digits and spaces are accepted.

    Raises ScoringError in words for anything that is not a plain number of 0 to `maximum` with at most two decimals.
    """
    folded = text.translate(FULL_WIDTH).strip(" \t\r\n")
    if not folded:
        raise ScoringError("没有填写得分。")
    bad = next((char for char in folded if unicodedata.category(char) in {"Cc", "Cf", "Co", "Cs", "Cn"}), None)
    if bad is not None:
        raise ScoringError(f"含有不可见的控制字符（U+{ord(bad):04X}），请删除后重新填写。")
    if len(folded) > LONGEST:
        raise ScoringError(f"内容过长，得分最多 {LONGEST} 个字符。")
    if folded[0] in "-－−﹣":
        raise ScoringError("得分不能是负数，也不要写负号。")
    whole, dot, decimals = folded.partition(".")
    if not _digits(whole) or (dot and not _digits(decimals)):
        raise ScoringError(f"“{folded}”不是数字，请填写 0 到满分之间的数，例如 5.5。")
    if len(decimals) > 2:
        raise ScoringError(f"最多两位小数，“{folded}”有 {len(decimals)} 位。")
    value = Decimal(folded)
    if maximum is not None and value > maximum:
        raise ScoringError(f"满分 {plain(maximum)}，不能填 {plain(value)}。")
    return value


def score(rule: Rule, facts: Facts) -> Scored:
    """Points of one task. Rule: quarterly assessment, step 4.

    What a rule computes is rounded half up to 0.1 once, at its end, then kept within 0 and the maximum. A reviewer's
    own points replace what the rule computed; the steps show both. Raises ScoringError for points out of bounds.
    """
    if facts.given is not None:
        _check_given(rule, facts.given)
    proposed, steps = _COMPUTE[Method(rule.method)](rule, facts)
    if facts.given is None:
        return Scored(proposed, proposed, steps)
    if proposed is None:
        words = f"评审给 {plain(facts.given)} 分（满分 {plain(rule.maximum)} 分）"
        return Scored(facts.given, None, (words,) if Method(rule.method) != Method.PASS_FAIL else steps or (words,))
    if proposed == facts.given:
        return Scored(proposed, proposed, steps)
    why = f"，原因：{facts.reason}" if facts.reason else ""
    return Scored(facts.given, proposed, (*steps, f"评审由 {plain(proposed)} 分改为 {plain(facts.given)} 分{why}"))


def bonus(rule: BonusRule, due_on: date, done_on: date | None) -> Bonus:
    """The timeliness bonus of one task: the best tier that holds, or points off per day late down to the floor.

    Rule: quarterly assessment, step 4 ("时效加分"). Days are calendar days of Asia/Shanghai.
    """
    if done_on is None:
        return Bonus(ZERO, ("没有完成日期，不计时效分",))
    days = (due_on - done_on).days
    dates = f"完成 {_day(done_on)}，截止 {_day(due_on)}"
    if days < 0:
        points = max(half_up(rule.late_per_day * days), rule.late_floor)
        floor = f"，最多扣 {plain(-rule.late_floor)} 分" if points == rule.late_floor and rule.late_per_day else ""
        return Bonus(
            points, (f"{dates}，逾期 {-days} 天：每天扣 {plain(rule.late_per_day)} 分{floor}，时效 {plain(points)} 分",)
        )
    held = [tier for tier in rule.tiers if days >= tier.days_before]
    if not held:
        return Bonus(ZERO, (f"{dates}，{f'提前 {days} 天' if days else '按期完成'}：不加时效分",))
    best = max(held, key=lambda tier: (tier.points, tier.days_before))
    words = f"{dates}，提前 {days} 天：达到“提前 {best.days_before} 天”一档，时效加 {plain(best.points)} 分"
    return Bonus(best.points, (words,))


def total(lines: Iterable[Line], cap: Decimal) -> Total:
    """A unit's total of a quarter: the exact sum; scaled to 100 (rounded half up to 0.1) where a task does not apply.

    A blank is never 0: it is counted in `blanks` and added nowhere. Where nothing applies there is no total.
    """
    lines = list(lines)
    applicable = [line for line in lines if not line.not_applicable]
    known = [line.points for line in applicable if line.points is not None]
    points, base = sum(known, ZERO), sum((line.maximum for line in applicable), ZERO)
    raw_bonus = sum((line.bonus for line in applicable), ZERO)
    capped = min(raw_bonus, cap)
    steps = [f"{len(known)} 项任务得分合计 {plain(points)} 分"]
    if not base:
        return Total(points, base, ZERO, ZERO, None, len(applicable) - len(known), ("全部任务不适用，不计总分",))
    scaled = points
    if len(applicable) < len(lines):
        scaled = half_up(points * HUNDRED / base)
        steps.append(
            f"有 {len(lines) - len(applicable)} 项不适用，折算：{plain(points)} ÷ {plain(base)} × 100 = {plain(scaled)} 分"
        )
    words = f"时效加分合计 {plain(raw_bonus)} 分"
    steps.append(f"{words}，每季上限 {plain(cap)} 分，计 {plain(capped)} 分" if capped != raw_bonus else words)
    steps.append(
        f"总分：{plain(scaled)} {'−' if capped < 0 else '+'} {plain(abs(capped))} = {plain(scaled + capped)} 分"
    )
    return Total(points, base, scaled, capped, scaled + capped, len(applicable) - len(known), tuple(steps))


def rank(entries: Iterable[Entry]) -> dict[Hashable, int | None]:
    """Ranks within one class: equal totals share a rank and the next is skipped (1, 2, 2, 4); exempt units have none.

    Rule: quarterly assessment, step 5. The order of `entries` makes no difference.
    """
    entries = list(entries)
    totals = sorted((e.total for e in entries if e.total is not None and not e.exempt), reverse=True)
    first = {value: place for place, value in reversed(list(enumerate(totals, start=1)))}
    return {e.key: None if e.exempt or e.total is None else first[e.total] for e in entries}


def year_total(quarters: Sequence[tuple[Decimal, Decimal | None]]) -> tuple[Decimal | None, tuple[str, ...]]:
    """The weighted mean over the quarters that have a total, rounded half up to 0.1 once, at the end.

    quarters: (weight in percent, total or None) in order. Rule: quarterly assessment, step 6.
    """
    known = [(weight, value) for weight, value in quarters if value is not None and weight > 0]
    weights = sum((weight for weight, _ in known), ZERO)
    if not weights:
        return None, ("还没有可以累计的季度",)
    value = half_up(sum((weight * total for weight, total in known), ZERO) / weights)
    parts = " + ".join(f"{plain(total)} × {plain(weight)}%" for weight, total in known)
    return value, (f"（{parts}） ÷ {plain(weights)}% = {plain(value)} 分",)


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _day(day: date) -> str:
    return f"{day.year}-{day.month}-{day.day}"


def _check_given(rule: Rule, given: Decimal) -> None:
    if not given.is_finite():
        raise ScoringError("得分不是数字。")
    if -int(given.as_tuple().exponent) > 2:
        raise ScoringError("得分最多两位小数。")
    if not ZERO <= given <= rule.maximum:
        raise ScoringError(f"满分 {plain(rule.maximum)}，不能填 {plain(given)}。")
    if rule.method == Method.PASS_FAIL and given not in {ZERO, rule.maximum}:
        raise ScoringError(f"这一项达标得满分 {plain(rule.maximum)} 分，不达标得 0 分，不能填 {plain(given)}。")


def _bounded(value: Decimal, rule: Rule, words: str) -> tuple[Decimal, tuple[str, ...]]:
    """Round once, then keep within 0 and the maximum, saying so."""
    rounded = half_up(value)
    steps = [
        f"{words} = {plain(value if value == rounded else rounded)} 分"
        + ("" if value == rounded else "（四舍五入到 0.1）")
    ]
    if rounded > rule.maximum:
        steps.append(f"封顶：满分 {plain(rule.maximum)} 分")
    if rounded < ZERO:
        steps.append("扣完为止：0 分")
    return max(ZERO, min(rounded, rule.maximum)), tuple(steps)


def _manual(rule: Rule, facts: Facts) -> tuple[Decimal | None, tuple[str, ...]]:
    return None, ()


def _pass_fail(rule: Rule, facts: Facts) -> tuple[Decimal | None, tuple[str, ...]]:
    if facts.given is None:
        return None, ()
    return None, (f"达标，得满分 {plain(rule.maximum)} 分" if facts.given else "不达标，得 0 分",)


def _per_count(rule: Rule, facts: Facts) -> tuple[Decimal | None, tuple[str, ...]]:
    if facts.count is None:
        return None, ()
    each = _each(rule)
    return _bounded(each * _count(facts), rule, f"{facts.count} 次 × 每次 {plain(each)} 分")


def _deduct(rule: Rule, facts: Facts) -> tuple[Decimal | None, tuple[str, ...]]:
    if facts.count is None:
        return None, ()
    each = _each(rule)
    words = f"满分 {plain(rule.maximum)} 分 − {facts.count} 处 × 每处 {plain(each)} 分"
    return _bounded(rule.maximum - each * _count(facts), rule, words)


def _ratio(rule: Rule, facts: Facts) -> tuple[Decimal | None, tuple[str, ...]]:
    if facts.achieved is None or facts.target is None:
        return None, ()
    if facts.achieved < 0 or facts.target < 0:
        raise ScoringError("完成数和应完成数不能是负数。")
    if not facts.target:
        raise ScoringError("应完成数为 0，无法按比例计分；这个单位没有这项任务时，请改为“不适用”并写明原因。")
    words = f"满分 {plain(rule.maximum)} 分 × 完成 {plain(facts.achieved)} ÷ 应完成 {plain(facts.target)}"
    return _bounded(rule.maximum * facts.achieved / facts.target, rule, words)


def _each(rule: Rule) -> Decimal:
    if rule.unit_points is None or rule.unit_points <= 0:
        raise ScoringError("这个指标没有设定每次（处）分值，请先在考核方案中补齐。")
    return rule.unit_points


def _count(facts: Facts) -> int:
    if facts.count is None or facts.count < 0:
        raise ScoringError("次（处）数不能是负数。")
    return facts.count


_COMPUTE = {
    Method.MANUAL: _manual,
    Method.PASS_FAIL: _pass_fail,
    Method.PER_COUNT: _per_count,
    Method.DEDUCT: _deduct,
    Method.RATIO: _ratio,
    Method.MEASURED: _ratio,
}
