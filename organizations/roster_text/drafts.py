"""Rows of a roster while they are being put together, and as the preview gets them."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from organizations.roster_text.values import hidden_doubts, normal_phone, read_date
from organizations.roster_text.words import PostWords, name_doubt

NO_POST = "成员"


@dataclass(frozen=True)
class Doubt:
    """What the user must look at; field: name, post, phone, since, or text for the line as a whole."""

    field: str
    message: str


@dataclass(frozen=True)
class RosterRow:
    """One person as pasted; line counts from 1, text spans `line` and one further line per line break in it."""

    name: str
    post: str
    phone: str
    since: dt.date | None
    line: int
    text: str
    doubts: tuple[Doubt, ...] = ()


class Ignored(NamedTuple):
    """A line that gave no row, and why."""

    line: int
    text: str
    reason: str


@dataclass(frozen=True)
class ParsedRoster:
    """Rows in the order of the text; every line is in a row or in `ignored`."""

    rows: list[RosterRow]
    ignored: list[Ignored]


@dataclass
class Draft:
    """One person while the lines are read; texts as typed.

    carried: the post of the lines above, sure if a heading gave it; weak: perhaps not a name; listed: a list goes on
    after it; led: its post stands before it.
    """

    name: str
    post: str = ""
    phones: list[str] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    line: int = 0
    text: str = ""
    carried: str = ""
    sure: bool = False
    weak: bool = False
    listed: bool = False
    led: bool = False
    start: int = 0

    def add_post(self, post: str) -> None:
        self.post = joined_posts(self.post, post)

    @property
    def last_line(self) -> int:
        return self.line + self.text.count("\n")

    def extend(self, line: int, text: str) -> None:
        """Take over the words of a later line, or of a later part of the same one."""
        self.text += "\n" * (line - self.last_line) + text if line > self.last_line else f"；{text}"


def joined_posts(first: str, second: str) -> str:
    """Two posts of one person: 副会长 and 兼秘书长, or 副会长、秘书长."""
    if not first or second.startswith("兼"):
        return first + second
    return f"{first}、{second}"


def finished(drafts: Iterable[Draft], posts: PostWords) -> list[RosterRow]:
    """Drafts with their values in order and every doubt said; the second of two equal names says so."""
    seen: dict[str, int] = {}
    rows = []
    for draft in drafts:
        row = _row(draft, posts, seen.get(draft.name))
        rows.append(row)
        if draft.name:
            seen.setdefault(draft.name, draft.line)
    return rows


def _row(draft: Draft, posts: PostWords, twin: int | None) -> RosterRow:
    post, post_doubt = _post(draft, posts)
    phone, phone_doubt = _first_phone(draft.phones)
    since, since_doubt = _first_date(draft.dates)
    name_doubts = _name_doubts(draft, posts, twin)
    said = [*(("name", message) for message in name_doubts), ("post", post_doubt), ("phone", phone_doubt)]
    said += [("since", since_doubt), *(("text", message) for message in hidden_doubts(draft.text))]
    doubts = tuple(dict.fromkeys(Doubt(*pair) for pair in said if pair[1]))
    return RosterRow(draft.name, post, phone, since, draft.line, draft.text, doubts)


def _name_doubts(draft: Draft, posts: PostWords, twin: int | None) -> list[str]:
    wrong = name_doubt(draft.name, posts)
    if not wrong and draft.weak:
        wrong = f"“{draft.name}”可能不是姓名，请核对"
    same = f"与第 {twin} 行姓名相同，请核对是否为同一人" if twin else ""
    return [message for message in (wrong, same) if message]


def _post(draft: Draft, posts: PostWords) -> tuple[str, str]:
    """The post and its doubt: own, else from the lines above, else a plain member."""
    if not draft.post and not draft.carried:
        return NO_POST, f"未写职务，暂按“{NO_POST}”填写，请核对"
    post = draft.post or draft.carried
    if not posts.knows(post):
        return post, f"“{post[:20]}”不在常用职务之内，请核对或改选"
    if not draft.post and not draft.sure:
        return post, f"本行未写职务，按上文填为“{post}”，请核对"
    return post, ""


def _first_phone(phones: list[str]) -> tuple[str, str]:
    if not phones:
        return "", ""
    digits, doubt = normal_phone(phones[0])
    several = len({normal_phone(phone)[0] for phone in phones}) > 1
    return digits, doubt or ("有两个号码，只取了第一个，请核对" if several else "")


def _first_date(dates: list[str]) -> tuple[dt.date | None, str]:
    if not dates:
        return None, ""
    since, doubt = read_date(dates[0])
    several = len({read_date(date)[0] for date in dates}) > 1
    if since is None and not doubt and any(char.isdecimal() for char in dates[0]):
        doubt = f"日期“{dates[0][:20]}”不正确，请改正"
    return since, doubt or ("有两个日期，只取了第一个，请核对" if several else "")
