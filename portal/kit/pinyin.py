"""Pinyin of names, for search: 水坪镇 is found by 水坪, shuiping and sp."""

from pypinyin import Style, lazy_pinyin


def initials(name: str) -> str:
    """First letters of the pinyin: 水坪镇 → spz; other characters stay."""
    return "".join(lazy_pinyin(name, style=Style.FIRST_LETTER, errors=lambda text: text.lower()))[:60]


def spelling(name: str) -> str:
    """Whole pinyin and initials: 水坪镇 → "shuipingzhen spz"."""
    whole = "".join(lazy_pinyin(name, errors=lambda text: text.lower()))
    return f"{whole} {initials(name)}"[:200]
