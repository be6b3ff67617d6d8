"""What an official paper says, apart from how it is drawn: plain data, no engine, no database."""

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

BLANK = "＿＿＿＿"  # to be filled in by hand
DIGITS = "〇一二三四五六七八九"
NOT_IN_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
TITLE_WIDTH, TITLE_BREAKS = 20, re.compile("季度|年度|工作|情况|会议|委员会|单位")
LINE_CELLS = 36.0  # characters of a table's size in one line of 156 mm
CELL = re.compile(r"(?<!\\)[|｜]")


class Kind(StrEnum):
    """What a block is; the four headings are numbered 一、（一）1.（1）."""

    FIRST = "h1"
    SECOND = "h2"
    THIRD = "h3"
    FOURTH = "h4"
    TEXT = "text"
    TABLE = "table"


HEADINGS = (Kind.FIRST, Kind.SECOND, Kind.THIRD, Kind.FOURTH)


@dataclass(frozen=True)
class Source:
    """Where a figure can be looked up: an address of the portal."""

    label: str
    url: str


@dataclass(frozen=True)
class Block:
    """A heading, some paragraphs (one a line) or a table (one row a line, cells between "|", the first row is the head).

    `key`, `sources` and `drafted` (the text as it came from the data) are for the editor; they are not printed.
    """

    kind: str
    text: str
    key: str = ""
    sources: tuple[Source, ...] = ()
    drafted: str = ""

    @property
    def is_changed(self) -> bool:
        """Whether a text that was drafted says something else now."""
        return bool(self.drafted) and self.text != self.drafted

    @property
    def is_added(self) -> bool:
        """Whether a person wrote it, not the draft."""
        return not self.drafted


@dataclass(frozen=True)
class Paper:
    """One official paper. Empty parts are left out; `head` is the red head's organisation."""

    title: str
    blocks: tuple[Block, ...] = ()
    head: str = ""
    document_number: str = ""
    addressee: str = ""
    attachments: tuple[str, ...] = ()
    signature: str = ""
    dated: dt.date | None = None
    copy_to: str = ""


@dataclass(frozen=True)
class Line:
    """What an engine draws: a numbered heading, one paragraph, or a table's rows."""

    kind: str
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()

    @property
    def shares(self) -> list[int]:
        """The columns' widths in hundredths."""
        return column_shares(self.rows) if self.rows else []


def lines_of(blocks: Iterable[Block]) -> Iterator[Line]:
    """The blocks with their headings numbered by level and their texts split into paragraphs."""
    counts = [0, 0, 0, 0]
    for block in blocks:
        text = clean(block.text)
        if block.kind == Kind.TABLE:
            yield Line(Kind.TABLE, rows=rows_of(text))
        elif block.kind in HEADINGS:
            level = HEADINGS.index(Kind(block.kind))
            counts = [*counts[:level], counts[level] + 1, *[0] * (3 - level)]
            yield Line(block.kind, f"{number(level, counts[level])}{' '.join(text.split())}")
        else:
            yield from (Line(Kind.TEXT, line.strip()) for line in text.splitlines() if line.strip())


def number(level: int, count: int) -> str:
    """The number before a heading: 一、（一）1.（1）."""
    return (f"{chinese(count)}、", f"（{chinese(count)}）", f"{count}.", f"（{count}）")[level]


def chinese(value: int) -> str:
    """1 to 99 in Chinese numerals."""
    tens, ones = divmod(value, 10)
    return ("" if tens == 0 else "十" if tens == 1 else f"{DIGITS[tens]}十") + (
        DIGITS[ones] if ones or not tens else ""
    )


def title_lines(title: str) -> list[str]:
    """A title too long for one line, broken after a word near its middle."""
    title = clean(title)
    if width_of(title) <= TITLE_WIDTH:
        return [title]
    places = [found.end() for found in TITLE_BREAKS.finditer(title)]
    fitting = [place for place in places if max(width_of(title[:place]), width_of(title[place:])) <= TITLE_WIDTH]
    best = min(fitting, key=lambda place: abs(width_of(title[:place]) - width_of(title[place:])), default=None)
    return [title[:best], title[best:]] if best else [title]


def width_of(text: str) -> float:
    """How many characters' room a text takes; letters and figures take half."""
    return sum(0.5 if char.isascii() else 1 for char in text)


def chinese_date(day: dt.date) -> str:
    """2026年11月23日: no zero before a month or a day."""
    return f"{day.year}年{day.month}月{day.day}日"


def rows_of(text: str) -> tuple[tuple[str, ...], ...]:
    """The cells of a table's text; short rows are filled up."""
    rows = [[_cell(cell) for cell in CELL.split(line)] for line in text.splitlines() if line.strip()]
    width = max(map(len, rows), default=0)
    return tuple((*row, *[""] * (width - len(row))) for row in rows)


def table_text(rows: Iterable[Sequence[str]]) -> str:
    """A table as its text: `rows_of` gives the same cells again."""
    return "\n".join(" | ".join(map(_quoted, row)).strip() for row in rows)


def _quoted(cell: str) -> str:
    return re.sub(r"([|｜])", r"\\\1", " ".join(cell.split()))


def column_shares(rows: Sequence[Sequence[str]]) -> list[int]:
    """How many hundredths of the line each column takes: short columns what they need, the long ones the rest evenly."""
    needed = [max(4.0, *(width_of(row[column]) + 2 for row in rows)) for column in range(len(rows[0]))]
    left, most = LINE_CELLS, 0.0
    for rank, need in enumerate(sorted(needed)):
        most = left / (len(needed) - rank)
        if need > most:
            break
        left -= need
    given = [min(need, most) for need in needed] if sum(needed) > LINE_CELLS else needed
    shares = [int(100 * width / sum(given)) for width in given]
    shares[shares.index(max(shares))] += 100 - sum(shares)
    return shares


def _cell(text: str) -> str:
    return re.sub(r"\\([|｜])", r"\1", text.strip())


def clean(text: str) -> str:
    """`text` without what no XML file may hold."""
    return NOT_IN_XML.sub("", text)


def plain_paper(paper: Paper) -> dict[str, Any]:
    """`paper` as it is stored in JSON."""
    return {**asdict(paper), "dated": paper.dated.isoformat() if paper.dated else None}


def paper_from(stored: Mapping[str, Any]) -> Paper:
    """The paper that `plain_paper` stored."""
    values = {name: value for name, value in stored.items() if name in Paper.__dataclass_fields__}
    values["blocks"] = tuple(_block(block) for block in values.get("blocks", ()))
    values["attachments"] = tuple(values.get("attachments", ()))
    values["dated"] = dt.date.fromisoformat(values["dated"]) if values.get("dated") else None
    return Paper(**{"title": "", **values})


def _block(stored: Mapping[str, Any]) -> Block:
    return Block(**{**stored, "sources": tuple(Source(**source) for source in stored.get("sources", ()))})
