from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Method(StrEnum):
    MANUAL = "manual"
    PASS_FAIL = "pass_fail"
    PER_COUNT = "per_count"
    DEDUCT = "deduct"
    RATIO = "ratio"
    MEASURED = "measured"


@dataclass(frozen=True)
class Rule:
    method: str
    maximum: Decimal
    unit_points: Decimal | None = None


@dataclass(frozen=True)
class Facts:
    given: Decimal | None = None
    count: int | None = None
    achieved: Decimal | None = None
    target: Decimal | None = None
    reason: str = ""


@dataclass(frozen=True)
class Tier:
    days_before: int
    points: Decimal


@dataclass(frozen=True)
class BonusRule:
    tiers: tuple
    late_per_day: Decimal
    late_floor: Decimal
    cap: Decimal
