"""Tables in pasted text: which column holds what, by the heading row or by what most cells look like."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from organizations.roster_text.drafts import Draft
from organizations.roster_text.values import EARLIEST, PHONE, narrow, read_date
from organizations.roster_text.words import HAN, PostWords, is_name, is_text

DELIMITERS = tuple(map(re.compile, (r"\t", r"\|", r",", r" {2,}", r" +")))
_FIELDS = {
    "other": "单位|社会|公司|工作|所在|村别|出生|生日|年龄|入党|性别|民族|身份证|证件|政治|党派|学历|籍贯|地址|住址"
    "|备注|序号|编号|^号$|邮箱|微信|QQ|照片|签[名字]|行业|类别",
    "name": "^(?:成员|会员|人员|乡贤|本人)?姓?名(?:字|称)?$",
    "phone": "电话|手机|联系方式|号码",
    "since": "任职.*(?:时间|日期|年月|起)|入会|任期|[上就到]任|当选|加入|任命",
    "inner": "(?:会内|会中|本会|协会|商会|联谊会|理事会|组织|拟任|担任|所任|内)职务",
    "post": "职务|职位|岗位|任职|职$",
}
_HEADING = {name: re.compile(pattern) for name, pattern in _FIELDS.items()}
_BRACKETS = re.compile(r"[(\[【][^)\]】]{0,20}[)\]】]?")
_PHONE = re.compile(PHONE, re.ASCII)
_SEVERAL = re.compile("[、,;/\n]+| {2,}")
SHORTEST_PHONE = 7
MOST_COLUMNS = 40
_NO_NAME = re.compile("[暂空]缺|待定|缺|无|[-/]*")


@dataclass(frozen=True)
class Table:
    """Columns by field; more than one group when a line holds several people side by side."""

    delimiter: re.Pattern[str]
    groups: tuple[dict[str, int], ...]
    width: int

    def cells(self, line: str) -> list[str] | None:
        """The line's cells, or None if the line does not have the table's shape."""
        cells = split(line, self.delimiter)
        if not self._is_row(cells) or len(cells) > self.width + 2:
            return None
        if self.delimiter.pattern.startswith(" ") and len(cells) != self.width:
            return None
        return cells + [""] * (self.width - len(cells))

    def _is_row(self, cells: Sequence[str]) -> bool:
        """Two filled cells, or a name alone in its column."""
        filled = [number for number, cell in enumerate(cells) if cell]
        return len(filled) > 1 or any(
            group["name"] in filled and is_name(cells[group["name"]]) for group in self.groups
        )


def split(line: str, delimiter: re.Pattern[str]) -> list[str]:
    """Cells without outer spaces and quotes; pipes may frame the line."""
    line = narrow(line)
    line = line.strip().strip("|") if delimiter.pattern == r"\|" else line.strip(" \n")
    return [cell.strip().strip('"').strip() for cell in delimiter.split(line)]


def field_of(cell: str) -> str:
    """The field that a heading names: name, phone, since, inner, post, other, or "" if it is no heading."""
    word = _BRACKETS.sub("", cell).replace(" ", "").replace("\n", "").rstrip(":")
    if not 1 <= len(word) <= 12:
        return ""
    return next((name for name, pattern in _HEADING.items() if pattern.search(word)), "")


def heading(line: str) -> Table | None:
    """The table that a heading row opens, if the line is one."""
    if len(line) > 300:
        return None
    for delimiter in DELIMITERS:
        if not delimiter.search(narrow(line).strip()):
            continue
        fields = [field_of(cell) for cell in split(line, delimiter)]
        if "name" in fields and len([name for name in fields if name]) >= max(2, len(fields) / 2):
            return Table(delimiter, _groups(fields), len(fields))
    return None


def _groups(fields: Sequence[str]) -> tuple[dict[str, int], ...]:
    """The n-th column of each field goes to the n-th person of a line; of two posts the one in the organization counts."""
    columns: dict[str, list[int]] = {}
    for number, name in enumerate(fields):
        columns.setdefault(name, []).append(number)
    columns["post"] = columns.get("inner") or columns.get("post") or []
    wanted = ("name", "post", "phone", "since")
    people = range(len(columns["name"]))
    return tuple(
        {name: columns[name][person] for name in wanted if len(columns.get(name, ())) > person} for person in people
    )


def guessed(lines: Iterable[str], posts: PostWords) -> Table | None:
    """The table behind tabbed lines without a heading; None if names stand in no single column."""
    rows = [split(line, DELIMITERS[0]) for line in lines if "\t" in line]
    rows = [row for row in rows if sum(map(bool, row)) >= 2]
    if len(rows) < 2 or len(rows[0]) > MOST_COLUMNS:
        return None
    kinds = [Counter(kind for row in rows if (kind := _kind(row, number, posts))) for number in range(len(rows[0]))]
    names = [number for number, counts in enumerate(kinds) if counts["name"] * 5 >= len(rows) * 3]
    if len(names) != 1 or any(len(row) > len(kinds) + 2 for row in rows):
        return None
    best = {name: max(range(len(kinds)), key=lambda column: kinds[column][name]) for name in ("post", "phone", "since")}
    found = {name: column for name, column in best.items() if kinds[column][name] and column != names[0]}
    return Table(DELIMITERS[0], ({"name": names[0], **found},), len(kinds))


def _kind(row: Sequence[str], number: int, posts: PostWords) -> str:
    """What one cell looks like."""
    cell = re.sub(r"[ \n]", "", row[number]) if number < len(row) else ""
    if not cell or len(cell) > 40:
        return ""
    if posts.knows(cell):
        return "post"
    if is_name(_BRACKETS.sub("", cell)):
        return "name"
    if _PHONE.fullmatch(row[number]):
        return "phone"
    day, _ = read_date(row[number])
    return "since" if day and day.year >= EARLIEST else ""


def people(cells: Sequence[str], table: Table) -> list[Draft]:
    """The people of one line of a table."""
    return [draft for group in table.groups for draft in _group_people(cells, group)]


def _group_people(cells: Sequence[str], group: dict[str, int]) -> list[Draft]:
    cell = {name: cells[column] for name, column in group.items()}
    names = _names(cell["name"])
    phones = [phone for phone in [cell.get("phone", "")] if phone]
    if not names and sum(map(str.isdecimal, "".join(phones))) < SHORTEST_PHONE:
        return []
    dates = [date for date in [cell.get("since", "")] if date]
    post = re.sub(r"\s", "", cell.get("post", ""))
    numbers = _PHONE.findall(phones[0]) if phones else []
    shared = [[number] for number in numbers] if len(numbers) == len(names) > 1 else [phones] * max(1, len(names))
    return [Draft(name, post, list(own), list(dates)) for name, own in zip(names or [""], shared, strict=True)]


def _names(cell: str) -> list[str]:
    """The names in one cell; spaces inside a name go, and so does what stands in brackets."""
    cell = _BRACKETS.sub(" ", cell).strip()
    parts = [part.strip() for part in _SEVERAL.split(cell) if part.strip()]
    words = cell.split()
    if len(words) > 1 and all(map(is_name, words)):
        return words
    if len(parts) > 1 and not any(len(part) == 1 for part in parts):
        return [part.replace(" ", "") for part in parts]
    name = re.sub(rf"(?<=[{HAN}])\s+(?=[{HAN}])", "", cell)
    return [] if _NO_NAME.fullmatch(name) or is_text(name) else [name]


def fill_merged(drafts: Sequence[Draft]) -> None:
    """Give empty posts the one above where the table's posts were merged cells: an empty run between two posts."""
    filled = [number for number, draft in enumerate(drafts) if draft.post or draft.carried]
    merged = any(after - before > 1 for before, after in zip(filled, filled[1:], strict=False))
    if not merged:
        return
    above = ""
    for draft in drafts:
        above = draft.post or above
        if not draft.post and not draft.carried:
            draft.carried = above
