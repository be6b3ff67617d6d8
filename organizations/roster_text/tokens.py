"""Pasted lines cut into tokens: phones, dates, posts, names, separators; each with its place in the line."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from organizations.roster_text.values import DATE, EARLIEST, HIDDEN_MARKS, PHONE, SERIALS, narrow, read_date
from organizations.roster_text.words import COMPOUND_SURNAMES, COURTESY, HAN, SURNAMES, PostWords, is_name, words

_NUMERAL = "一二三四五六七八九十"
_BORN = "出生(?:年月|日期|时间)?|生日|生于|入党(?:时间|日期)?|参加工作(?:时间)?"
_OTHER = "性别|民族|学历|籍贯|家庭住址|住址|地址|工作单位及职务|工作单位|单位|备注|身份证号?码?|证件号码?|政治面貌|年龄|邮箱|微信号?|QQ"
_RANGE_END = rf" ?(?:-+|至|到|~) ?(?:(?:{DATE})|至?今|现在)"
_PATTERNS = {
    "hidden": "|".join(HIDDEN_MARKS),
    "clock": r"(?<!\d)\d{1,2}:\d\d(?::\d\d)?(?!\d)",
    "born": rf"(?:{_BORN})[ :]{{0,3}}(?:{DATE})?|(?:{DATE}) ?(?:出生|生(?![{HAN}]))",
    "date": rf"[自从]?(?:{DATE})(?:{_RANGE_END})?(?: ?(?:任职?|起任?|开始|上任|就任|入会|加入|当选)(?![{HAN}]{{2}}))?",
    "phone": rf"(?:{PHONE})(?:[-转]\d{{1,6}}(?!\d))?",
    "mark": rf"(?<!\d)(?:\(\d{{1,3}}\)|\d{{1,3}}[ ]?[、.)](?!\d)|\([{_NUMERAL}]{{1,3}}\))[、.]?"
    rf"|(?<![{HAN}])[{_NUMERAL}]{{1,3}}[、.)]|[①-⑳⑴-⒛㈠-㈩❶-❿➀-➓]",
    "count": rf"(?:共 ?)?(?<!\d)(?:\d{{1,3}}|[{_NUMERAL}]{{1,3}}) ?[人名位个](?![誉{HAN}])",
    "ask_name": "(?:成员|会员|人员)?(?:姓 {0,4}名|名字) ?:",
    "ask_post": "(?:担任|会内|现任)?(?:职 {0,4}务|职位|岗位) ?:",
    "ask_phone": "(?:联系)?电 {0,4}话(?:号码)?|手机(?:号码?)?|联系方式|移动电话|[Tt][Ee][Ll]",
    "ask_since": "任职(?:时间|日期|年月)|入会(?:时间|日期)|上任时间|任期",
    "other": rf"(?:{_OTHER}) ?: ?[^ \t\n,，、;；:()]{{0,20}}",
    "post": "",
    "apart": rf"(?<![{HAN}])[{HAN}](?: {{1,8}}[{HAN}](?![{HAN}])){{1,7}}",
    "han": rf"[{HAN}·]+",
    "number": r"\d+",
    "stop": "[;。|]",
    "colon": "[:=]",
    "list": "[、/]",
    "open": r"[(\[【]",
    "close": r"[)\]】]",
}
_NAMED = rf"(?<=[{HAN}](?![长事员问任])[{HAN}]{{2}})|(?<=\b[{HAN}]{{2}})"  # 张某甲, 张某; no 会长王
_COURTESY = re.compile(rf"(?:{_NAMED})(?:{'|'.join(COURTESY)})(?![{HAN}])")
_DROPPED_APART = frozenset("男女汉")


class Token(NamedTuple):
    """One piece of a line; start and end are its place there."""

    kind: str
    value: str
    start: int
    end: int


class Segment(NamedTuple):
    """What stands between two full separators of a line."""

    tokens: list[Token]
    start: int
    end: int

    def has(self, *kinds: str) -> bool:
        return any(token.kind in kinds for token in self.tokens)

    def values(self, *kinds: str) -> list[str]:
        return [token.value for token in self.tokens if token.kind in kinds]


@lru_cache(maxsize=32)
def _pattern(alone: str) -> re.Pattern[str]:
    parts = _PATTERNS | {"post": alone}
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in parts.items()), re.ASCII)


def segments(line: str, posts: PostWords) -> Iterator[Segment]:
    """The line's segments; empty ones are left out."""
    kept: list[Token] = []
    start = 0
    for token in _refined(_tokens(_uncourtly(narrow(line)), posts)):
        if token.kind not in {"stop", "mark"}:
            kept.append(token)
            continue
        if kept:
            yield Segment(kept, start, token.start)
        kept, start = [], token.end
    if kept:
        yield Segment(kept, start, len(line))


def _uncourtly(line: str) -> str:
    """The line with 先生, 女士, 同志 behind a name blanked; every other character keeps its place."""
    return _COURTESY.sub(lambda found: " " * len(found[0]), line)


def _tokens(line: str, posts: PostWords) -> Iterator[Token]:
    for found in _pattern(posts.alone).finditer(line):
        kind, text = str(found.lastgroup), found[0]
        if kind in {"han", "apart"}:
            yield from _spoken(found, posts)
        elif kind == "post":
            yield Token("post", re.sub(r"\s", "", text), *found.span())
        elif kind == "number":
            yield Token(_number_kind(text), text, *found.span())
        elif kind != "date" or _office_date(text):
            yield Token(kind, text, *found.span())


def _number_kind(text: str) -> str:
    """Seven to fourteen digits are a phone with something wrong; five may be a date as Excel counts."""
    if len(text) == 5 and int(text) in SERIALS:
        return "date"
    return "phone" if 7 <= len(text) <= 14 else "number"


def _office_date(text: str) -> bool:
    day, doubt = read_date(text)
    return bool(doubt) or (day is not None and day.year >= EARLIEST)


def _spoken(found: re.Match[str], posts: PostWords) -> Iterator[Token]:
    """Tokens of a run of characters, or of characters spaced out."""
    text, at = found[0], 0
    for kind, word in _pieces(text, posts) if found.lastgroup == "apart" else words(text.strip("·"), posts):
        start, at = _stretch(text, word, at)
        yield Token(kind, word, found.start() + start, found.start() + at)


def _stretch(text: str, word: str, at: int) -> tuple[int, int]:
    """Where the characters of a word stand in the text, from `at` on, other ones between them or not."""
    if text.find(word[0], at) < 0 or text.endswith(word, 0, at):
        return max(at - len(word), 0), at
    start = text.find(word[0], at)
    for char in word:
        at = text.find(char, at) + 1
    return start, at


def _pieces(text: str, posts: PostWords) -> list[tuple[str, str]]:
    """Words whose characters are spaced out: 王 某 会 长, 张 某  李 某 甲 by the wider gaps, or pairs 王 某 李 某."""
    run = "".join(char for char in text.split() if char not in _DROPPED_APART)
    found = words(run, posts)
    if any(kind in {"name", "post"} for kind, _ in found):
        return found
    gap = min(map(len, re.findall(" +", text)))
    by_gaps = ["".join(part.split()) for part in re.split(f" {{{gap + 1},}}", text)]
    pairs = [run[at : at + 2] for at in range(0, len(run), 2)]
    names = next((parts for parts in (by_gaps, pairs) if all(map(is_name, parts))), [])
    return [("name", name) for name in names] or found


def _refined(tokens: Iterable[Token]) -> Iterator[Token]:
    """Join a surname with the given name that a space parts from it, and give labelled words their kind."""
    held: Token | None = None
    for token in tokens:
        if held is None:
            held = token
        elif merged := _merged(held, token):
            held = merged
        else:
            yield held
            held = token
    if held:
        yield held


def _merged(first: Token, second: Token) -> Token | None:
    """The two tokens as one, or None."""
    span = (first.start, second.end)
    if first.kind in {"ask_name", "ask_post"} and second.kind in {"name", "weak", "place", "title", "text", "post"}:
        kind = "name" if first.kind == "ask_name" else "post"
        return Token(kind, second.value, *span)
    surname = first.value in SURNAMES or first.value in COMPOUND_SURNAMES
    given = len(second.value) <= 2 and second.kind in {"weak", "text", "name"}
    if surname and first.kind in {"text", "weak"} and given and second.start - first.end <= 6:
        return Token("name", first.value + second.value, *span)
    return None
