"""What each heading of an upload means: by name, by synonym, by what was chosen last time, by content."""

import difflib
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.kit.workbooks.blocks import NAMELESS, Block
from portal.kit.workbooks.cells import text_of
from portal.kit.workbooks.columns import Column, Kind

COUNTS = {"序号": "序号", "编号": "编号", "no": "编号", "no.": "编号"}
NEAR = 0.75
LOOKED_AT = 50  # rows whose content is looked at
MOSTLY = 0.8
NOISE = re.compile(r"[\s*＊:：]|[(（](?:必填|选填|可不填|人|个|元|年|盖章)[)）]|(?:必填项?|选填)$")


@dataclass(frozen=True)
class Match:
    """The column that a heading means; `sure` where nobody need be asked. column "" means 不导入."""

    column: str | None
    sure: bool
    how: str = ""


def plain_head(head: str) -> str:
    """A heading as headings are compared: 姓　名（必填）* is 姓名."""
    return NOISE.sub("", unicodedata.normalize("NFKC", head)).lower()


def known_heads(columns: Sequence[Column]) -> dict[str, str]:
    """Plain heading → column name; labels win over synonyms of other columns, a synonym of two columns is nobody's."""
    claims: dict[str, set[str]] = defaultdict(set)
    for column in columns:
        for name in column.names:
            claims[plain_head(name)].add(column.name)
    found = {head: next(iter(names)) for head, names in claims.items() if len(names) == 1}
    return found | {plain_head(column.label): column.name for column in columns}


def match(block: Block, columns: Sequence[Column], remembered: Mapping[str, str]) -> list[Match]:
    """One match a heading. A column is given away once: the surest heading takes it, the others are asked about."""
    known = known_heads(columns)
    names = {"", *(column.name for column in columns)}
    told = {head: name for head, name in remembered.items() if name in names and not head.endswith(NAMELESS)}
    found = [_by_name(head, known, told) for head in block.heads]
    taken: set[str | None] = {one.column for one in found if one.column and one.sure}
    for index, one in enumerate(found):
        if one.how == "编号" and not _is_count(block, index):
            found[index] = Match(None, False)
        if one.how == "近似" and one.column in taken:
            found[index] = Match(None, False)
        if found[index].column is None:
            found[index] = _by_content(block, index, [c for c in columns if c.name not in taken])
        taken.add(found[index].column)
    counts = Counter(one.column for one in found if one.column and one.sure)
    return [_unless_doubled(one, counts, index, found) for index, one in enumerate(found)]


def _by_name(head: str, known: Mapping[str, str], remembered: Mapping[str, str]) -> Match:
    if head in remembered:
        return Match(remembered[head], True, "上次选择")
    for part in (head, *reversed(head.split(" / "))):
        if plain_head(part) in known:
            return Match(known[plain_head(part)], True, "同名")
    if plain_head(head) in COUNTS:
        return Match("", True, COUNTS[plain_head(head)])
    near = difflib.get_close_matches(plain_head(head), list(known), n=1, cutoff=NEAR)
    return Match(known[near[0]], False, "近似") if near else Match(None, False)


def _is_count(block: Block, index: int) -> bool:
    """Whether a column holds running numbers, which nobody would miss."""
    texts = [text_of(row.cells[index]) for row in block.rows]
    numbers = [int(text) for text in texts if text.isdecimal()]
    return len(numbers) == len([text for text in texts if text]) and numbers == sorted(set(numbers))


def _by_content(block: Block, index: int, columns: Sequence[Column]) -> Match:
    """A heading that nobody knows: what its cells look like is a proposal, never a decision."""
    texts = [text for row in block.rows[:LOOKED_AT] if (text := text_of(row.cells[index]))]
    if not texts:
        return Match(None, False)
    for column in columns:
        if sum(_looks_like(column, text) for text in texts) >= MOSTLY * len(texts):
            return Match(column.name, False, "按内容")
    return Match(None, False)


def _looks_like(column: Column, text: str) -> bool:
    if column.looks_like is not None:
        return column.looks_like(text)
    return column.kind == Kind.CHOICE and text in {str(label) for _, label in column.choices}


def _unless_doubled(one: Match, counts: Mapping[str, int], index: int, found: Sequence[Match]) -> Match:
    doubled = one.column and one.sure and counts[one.column] > 1
    first = next((n for n, other in enumerate(found) if other.column == one.column and other.sure), index)
    return Match(None, False, "重复") if doubled and first != index else one
