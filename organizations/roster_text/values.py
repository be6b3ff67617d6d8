"""Phones, dates and numbers that must not be kept, as people type them."""

import datetime as dt
import re

NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | dict.fromkeys(
    [0x3000, 0xA0, 0x202F, 0x205F, *range(0x2000, 0x200B)], " "
)
NARROW |= {ord(mark): "·" for mark in "•・‧∙⋅"} | {ord(mark): "-" for mark in "‐‑‒–—―−"}
INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufe0e\ufe0f]")

GAP = r"[ \n-]{0,2}"
YEAR = r"(?<!\d)(?:19|20)\d\d"
DATE = (
    rf"{YEAR} ?年 ?(?:\d{{1,2}} ?月(?: ?\d{{1,2}} ?[日号])?|度?)"
    rf"|{YEAR} ?[./-] ?\d{{1,2}}(?: ?[./-] ?\d{{1,2}})?(?!\d)"
    rf"|{YEAR}(?:0[1-9]|1[0-2])(?:[0-3]\d)?(?!\d)"
    r"|(?<!\d)\d\d年\d{1,2}月(?:\d{1,2}[日号])?"
    r"|[一二三四五六七八九〇零○]{4}年[一二三四五六七八九十]{1,2}月(?:[一二三四五六七八九十]{1,3}日)?"
)
SCIENTIFIC = r"(?<!\d)\d\.\d{1,17}[Ee]\+?\d\d(?!\d)"
MOBILE = rf"(?<!\d)(?:\+?(?:00)?86{GAP})?1[3-9]\d(?:{GAP}\d){{8}}(?!\d)"
LANDLINE = r"(?<!\d)\(?0\d{2,3}\)?[ -]{0,2}[2-9]\d{6,7}(?!\d)|(?<!\d)[48]00-?\d{3,4}-?\d{3,4}(?!\d)"
STARRED = r"(?<!\d)1[3-9]\d{1,2}\*{2,8}\d{0,4}"
PHONE = rf"{SCIENTIFIC}|{MOBILE}|{LANDLINE}|{STARRED}"

# Longer than any phone: identity numbers (18, before 1999: 15, or starred) and cards (16 to 19 digits).
HIDDEN = re.compile(
    r"(?<!\d)(?P<id>\d{6}[ -]?(?:19|20)\d{6}[ -]?\d{3}[\dXx]|\d{17}[\dXx]|\d{15}|\d{3,10}[*]{4,14}\d{0,4}[\dXx])(?![\dXx])"
    r"|(?<!\d)(?P<card>\d{16,19}|\d{4}(?:[ -]\d{4}){3}(?:[ -]\d{1,3})?)(?!\d)"
    r"|(?P<lossy>\d\.\d{1,17}[Ee]\+?1[4-9])(?!\d)",
    re.ASCII,
)
ID_HIDDEN, CARD_HIDDEN = "身份证号不得录入，已略去", "银行卡号不得录入，已略去"
HIDDEN_MARKS = {"〔身份证号已略去〕": ID_HIDDEN, "〔银行卡号已略去〕": CARD_HIDDEN}

_PHONES = re.compile(PHONE, re.ASCII)
_NOT_HIDDEN = re.compile(rf"{MOBILE}|(?=.{{0,11}}$){STARRED}", re.ASCII)
_DATES = re.compile(DATE, re.ASCII)
_VALID = re.compile(r"1[3-9]\d{9}|0(?:10|2\d)\d{8}|0[3-9]\d{2}\d{7,8}|[48]00\d{7}", re.ASCII)
_NO_PHONE = re.compile(r"[无没有暂缺空/\\\-·.\s]*")
_HAN_DIGITS = {char: number for number, char in enumerate("零一二三四五六七八九")} | {"〇": 0, "○": 0}
SERIALS = range(36526, 54789)  # 2000-01-01 to 2049-12-31 as Excel counts days
EARLIEST = 1990  # what lies before is a birthday, not an office


def narrow(text: str) -> str:
    """Full-width characters in their plain form, one for one, so that positions stay."""
    return text.translate(NARROW)


def mask(text: str) -> str:
    """The text without identity and card numbers, a mark in the place of each."""
    id_mark, card_mark = HIDDEN_MARKS
    parts, at = [], 0
    for found in HIDDEN.finditer(narrow(text)):
        if not _NOT_HIDDEN.fullmatch(found[0]):
            parts += [text[at : found.start()], card_mark if found["card"] else id_mark]
            at = found.end()
    return "".join(parts) + text[at:]


def hidden_doubts(text: str) -> list[str]:
    """What was left out of a masked text, each once."""
    return [message for mark, message in HIDDEN_MARKS.items() if mark in text]


def normal_phone(text: str) -> tuple[str, str]:
    """Return the digits of the first number in `text`, and what the user must put right ("" if nothing).

    Digits are "" when the number cannot be restored; no text, or a word for none, is no doubt.
    """
    text = narrow(INVISIBLE.sub("", text)).strip()
    masked = mask(text)
    if hidden_doubts(masked):
        return "", hidden_doubts(masked)[0]
    text = text.removesuffix(".0")
    found = [number[0] for number in _PHONES.finditer(text)]
    if not found:
        return _odd_phone(text)
    digits, doubt = _whole_phone(found[0])
    if len(found) > 1:
        return digits, doubt or "有两个号码，只取了第一个，请核对"
    extra = sum(char.isdecimal() for char in text) > sum(char.isdecimal() for char in found[0])
    return digits, doubt or ("号码后面多出的数字未录入，请核对" if extra else "")


def _whole_phone(number: str) -> tuple[str, str]:
    """Digits of one number that has the shape of a phone."""
    if "e" in number.lower():
        return _restored(number)
    if "*" in number:
        return "", "电话有隐去的数字，请补全"
    digits = re.sub(r"[^0-9]", "", number)
    if re.match(r"(?:00)?861[3-9]", digits):
        digits = digits[-11:]
    return digits, "" if _VALID.fullmatch(digits) else "电话号码不正确，请改正"


def _restored(number: str) -> tuple[str, str]:
    """The digits behind 1.3800000001E+10, if none were lost."""
    head, _, power = number.lower().partition("e")
    digits = head.replace(".", "")
    if len(digits) == int(power) + 1 and _VALID.fullmatch(digits):
        return digits, ""
    return "", "电话被表格改成了科学计数，请补全"


def _odd_phone(text: str) -> tuple[str, str]:
    if _NO_PHONE.fullmatch(text):
        return "", ""
    digits = re.sub(r"[^0-9]", "", text)
    if not digits:
        return "", f"电话“{text[:20]}”不是号码，请改正"
    if len(digits) in {7, 8} and digits[0] in "23456789":
        return digits, "固定电话缺少区号，请补全"
    return digits[:20], f"电话有 {len(digits)} 位，位数不对，请改正"


def read_date(text: str) -> tuple[dt.date | None, str]:
    """Return the first date in `text`, a month without a day being its first, and what the user must check."""
    text = narrow(text).strip()
    if re.fullmatch(r"[0-9]{5}(?:\.0)?", text) and int(text[:5]) in SERIALS:
        return dt.date(1899, 12, 30) + dt.timedelta(days=int(text[:5])), ""
    found = _DATES.search(text)
    parts = _parts(found[0]) if found else [int(text)] if re.fullmatch(r"(?:19|20)[0-9]{2}", text) else []
    if not parts:
        return None, ""
    try:
        day = dt.date(*(parts + [1, 1])[:3])
    except ValueError:
        return None, f"日期“{found[0] if found else text}”不正确，请改正"
    return day, "任职日期只有年份，暂按 1 月 1 日填写，请核对" if len(parts) == 1 else ""


def _parts(text: str) -> list[int]:
    """[year, month, day] of one date, as many as it has."""
    if text[0] in _HAN_DIGITS:
        year, _, rest = text.partition("年")
        return [
            int("".join(str(_HAN_DIGITS[char]) for char in year)),
            *map(_han_number, re.findall("[一二三四五六七八九十]+", rest)),
        ]
    numbers = re.findall(r"[0-9]+", text)
    if len(numbers[0]) > 4:
        numbers = [number for number in (numbers[0][:4], numbers[0][4:6], numbers[0][6:]) if number]
    short = int(numbers[0])
    century = 0 if short > 99 else 2000 if short < 50 else 1900
    return [short + century, *map(int, numbers[1:3])]


def _han_number(text: str) -> int:
    """A number below 100 in characters: 二十一 → 21."""
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return _HAN_DIGITS[text[-1]]
    return (_HAN_DIGITS[tens[-1]] if tens and tens[-1] in _HAN_DIGITS else 1) * 10 + (
        _HAN_DIGITS[ones[-1]] if ones else 0
    )
