"""Cells as people write them, read by what their column holds; ValidationError in the user's words.

A raw cell is what a workbook or a CSV file gives: str, int, float, bool, date, datetime or None.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.exceptions import ValidationError

from portal.kit.workbooks.child import UNCOMPUTED

EMPTY = {"", "无", "—", "——", "/", "//", "-", "--", "–", "\\", "空", "暂无", "n/a", "none", "null"}
EPOCH = dt.date(1899, 12, 30)  # day 0 of Excel's serial numbers (after 1900-02-28)
FIRST_SERIAL, LAST_SERIAL = 3654, 73050  # 1910-01-01 to 2099-12-31
OFFERED = 10  # choices that a message spells out
EXACT = 10**15  # from here on a spreadsheet replaces the last digits by zeros
SENSIBLE = range(-30, 16)  # powers of ten; 1E+999999999 would be written out with all its zeros
FAILED = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!)", re.IGNORECASE)
SPACES = re.compile(r"[\s\u3000\xa0]+")
NARROW = {
    code: code - 0xFEE0 for first, last in ("０９", "ＡＺ", "ａｚ") for code in range(ord(first), ord(last) + 1)
} | {0x3000: 0x20}
LONGEST_EMPTY = max(map(len, EMPTY))
INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff\x00-\x08\x0b\x0c\x0e-\x1f]")
YEAR_FIRST = re.compile(r"(\d{4})[-./年](\d{1,2})(?:[-./月](\d{1,2})[日号]?|月)?(?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?")
COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})?")
JANUARY_OR_OCTOBER = re.compile(r"(\d{4})\.1")
SERIAL = re.compile(r"(\d{4,5})(?:\.\d+)?")
SCIENTIFIC = re.compile(r"(\d)(?:\.(\d+))?[eE]\+?(\d{1,3})")
SEPARATORS = re.compile(r"[、,，;；/|\n]+")
YES = {"是", "有", "√", "✓", "✔", "y", "yes", "true", "1", "对"}
NO = {"否", "没有", "×", "✗", "x", "n", "no", "false", "0", "不是"}


def refuse_failed(raw: Any) -> None:
    """Raise ValidationError for the cell of a formula that has no result: it is not an empty cell."""
    if isinstance(raw, str) and raw.startswith("#"):
        if raw == UNCOMPUTED:
            raise ValidationError("公式没有算出结果。请在 Excel 或 WPS 中打开，保存后再上传，或者直接填写内容。")
        if FAILED.fullmatch(raw.strip()):
            raise ValidationError(f"公式结果是错误值 {raw.strip()}，请改正公式，或者直接填写内容。")


def text_of(raw: Any) -> str:
    """The cell as a person reads it: digits and letters of one width, no stray spaces; "" for 无, —, /.

    Punctuation stays as it was typed: （） in a name is the name's own.
    """
    if raw is None:
        return ""
    if not isinstance(raw, str):
        return _written(raw)
    text = raw if raw.isascii() else raw.translate(NARROW)
    text = INVISIBLE.sub("", text).strip()
    if not text.isalnum():
        text = "\n".join(SPACES.sub(" ", line).strip() for line in text.splitlines())
    return "" if len(text) <= LONGEST_EMPTY and unicodedata.normalize("NFKC", text).lower() in EMPTY else text


def _ascii(raw: Any) -> str:
    """The text of a date or a number, its punctuation of one width too."""
    return unicodedata.normalize("NFKC", text_of(raw))


def _written(raw: Any) -> str:
    if isinstance(raw, bool):
        return "是" if raw else "否"
    if isinstance(raw, float):
        return str(int(raw)) if raw.is_integer() and abs(raw) < EXACT else f"{raw:.15g}"
    if isinstance(raw, dt.datetime):
        return raw.date().isoformat() if raw.time() == dt.time() else raw.isoformat(" ", "minutes")
    return raw.isoformat() if isinstance(raw, dt.date) else str(raw)


def code_of(raw: Any) -> str:
    """Digits that are a text. A number that a spreadsheet has rounded is refused, not guessed."""
    return _digits(raw, "代码").replace(" ", "")


def phone_text_of(raw: Any) -> str:
    """A phone as typed; 1.38E+10 only where every digit is still there."""
    return _digits(raw, "电话")


def date_of(raw: Any) -> dt.date | None:
    """2024-03-01, 2024.3.1, 2024年3月 (the first), 20240301, 45352, 2024/3/1 0:00; None for an empty cell."""
    if isinstance(raw, dt.datetime):
        return _in_time(raw.date())
    if isinstance(raw, dt.date):
        return _in_time(raw)
    text = _ascii(raw)
    if not text:
        return None
    if isinstance(raw, float) and (year := JANUARY_OR_OCTOBER.fullmatch(text)):
        raise ValidationError(
            f"“{text}”可能是 {year[1]} 年 1 月，也可能是 10 月，请写成 {year[1]}-01 或 {year[1]}-10。"
        )
    found = YEAR_FIRST.fullmatch(text) or YEAR_FIRST.fullmatch(text.replace(" ", "")) or COMPACT.fullmatch(text)
    if found:
        return _day(text, *(int(part or 1) for part in found.groups()))
    serial = SERIAL.fullmatch(text)
    if serial and FIRST_SERIAL <= int(serial[1]) <= LAST_SERIAL:
        return EPOCH + dt.timedelta(days=int(serial[1]))
    raise ValidationError(f"“{text[:20]}”不是日期，应写成 2024-03-01。")


def number_of(raw: Any) -> int | None:
    """A whole number; "30人" is 30."""
    text = _ascii(raw).replace(",", "").replace(" ", "")
    if not text:
        return None
    found = re.fullmatch(r"[+-]?\d{1,12}(?:\.0+)?(?=[人个名次年届户家场]?$)[人个名次年届户家场]?", text)
    if not found:
        raise ValidationError(f"“{text[:20]}”不是整数，请只填数字。")
    return int(re.sub(r"(\.0+)?[^\d]*$", "", text))


def decimal_of(raw: Any) -> Decimal | None:
    text = _ascii(raw).replace(",", "").replace(" ", "")
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise ValidationError(f"“{text[:20]}”不是数字，请只填数字。") from error
    if not value.is_finite() or value.adjusted() not in SENSIBLE:
        raise ValidationError(f"“{text[:20]}”不是数字，请只填数字。")
    return value


def yes_no_of(raw: Any) -> bool | None:
    if isinstance(raw, str) and plain(raw) == "无":
        return False  # beside 有 it is an answer, not an empty cell
    text = text_of(raw).lower()
    if not text:
        return None
    if text in YES or text in NO:
        return text in YES
    raise ValidationError(f"“{text[:20]}”应填“是”或“否”。")


def choice_of(raw: Any, choices: Sequence[tuple[str, str]]) -> str:
    """The value of a label; "" for an empty cell."""
    text = text_of(raw)
    if not text:
        return ""
    wanted = plain(text)
    for value, label in choices:
        if wanted == plain(label) or wanted == plain(re.sub(r"[(（].*[)）]", "", label)):
            return value
    labels = [str(label) for value, label in choices if value]
    offered = "、".join(labels[:OFFERED]) + ("等" if len(labels) > OFFERED else "")
    raise ValidationError(f"“{text[:20]}”不在可选范围内，应为{offered}。")


def choices_of(raw: Any, choices: Sequence[tuple[str, str]]) -> list[str]:
    """The values of several labels, in the order of the list."""
    chosen = {value for part in SEPARATORS.split(text_of(raw)) for value in _chosen(part, choices)}
    return [value for value, _ in choices if value and value in chosen]


def _chosen(part: str, choices: Sequence[tuple[str, str]]) -> set[str]:
    """The value of one label, or of several that only a space parts."""
    try:
        return {choice_of(part, choices)}
    except ValidationError:
        if len(words := part.split()) > 1:
            return {choice_of(word, choices) for word in words}
        raise


def plain(text: str) -> str:
    """A text as texts are compared: one width, no spaces, no case."""
    return SPACES.sub("", unicodedata.normalize("NFKC", text)).lower()


def _digits(raw: Any, what: str) -> str:
    """The text of a cell of digits; refused where the spreadsheet made something else of it."""
    if isinstance(raw, dt.date):
        raise ValidationError(f"{what}被表格改成了日期。请把这一列设为文本后重新填写。")
    text = _ascii(raw).removeprefix("'")
    found = SCIENTIFIC.fullmatch(text)
    if found and len(found[2] or "") == int(found[3]):
        return found[1] + (found[2] or "")
    if found or (isinstance(raw, int | float) and abs(raw) >= EXACT):
        raise ValidationError(f"{what}被表格改成了科学计数法，已不完整。请把这一列设为文本后重新填写。")
    if isinstance(raw, float) and not raw.is_integer():
        raise ValidationError(f"“{text[:20]}”是小数，不是{what}，请核对。")
    return text


def _day(text: str, year: int, month: int, day: int) -> dt.date:
    try:
        return _in_time(dt.date(year, month, day))
    except ValueError as error:
        raise ValidationError(f"“{text[:20]}”没有这一天，请核对。") from error


def _in_time(day: dt.date) -> dt.date:
    if not 1900 <= day.year <= 2099:  # noqa: PLR2004 - what a register may hold
        raise ValidationError(f"日期 {day} 不在 1900 到 2099 年之间，请核对。")
    return day
