"""Pinyin of names, for search: 水坪镇 is found by 水坪, shuiping and sp."""

from pypinyin import lazy_pinyin

OTHER = "\0"  # before what is no Chinese character


def spelling(name: str) -> str:
    """Whole pinyin and initials: 水坪镇 → "shuipingzhen spz"."""
    syllables = lazy_pinyin(name, errors=lambda text: f"{OTHER}{text.lower()}")
    first = "".join(part[1:] if part.startswith(OTHER) else part[:1] for part in syllables)
    return f"{''.join(syllables).replace(OTHER, '')} {first[:60]}"[:200]
