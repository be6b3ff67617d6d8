"""Pasted text of a roster into rows for a preview; every line ends in a row or is named as ignored."""

import re
from collections.abc import Iterator, Sequence

from organizations.roster_text import grid
from organizations.roster_text.drafts import Draft, Ignored, ParsedRoster, finished
from organizations.roster_text.people import POSTS, accepted, assembled, joined, nameless
from organizations.roster_text.tokens import Segment, segments
from organizations.roster_text.values import INVISIBLE, mask, narrow
from organizations.roster_text.words import DEFAULT_POSTS, PostWords, is_text, post_words

BLANK, NUMBER, HEADING, SECTION = "空行", "序号", "表头", "职务标题，用于以下各行"
VACANT, REMARK, TITLE, UNKNOWN = "职务空缺", "附注或填报信息，不是成员", "标题或说明文字", "未识别出姓名，未录入"
MOST_JOINED = 6  # physical lines that one person's words may be broken into

_REMARK = re.compile(
    r"\W*(?:(?:填报|填表|制表|报送|审核|审批|经办|统计|汇总|录入|主管)(?:人|单位|日期|时间|领导)"
    r"|(?:注|备注|说明|附注|附|联系人)\d?[:.、 ]|单位(?:名称)?[(:]|(?:日期|时间|地点):)"
)
_CHAT_HEAD = re.compile(r"[^0-9]{0,20}[-0-9/年月日. 上下午星期一二三四五六]{0,24}\d{1,2}:\d\d(?::\d\d)?", re.ASCII)
_VACANT = re.compile("[暂空]缺|待定|出缺")
_HEAD_WORD = re.compile("序号|编号|姓名|职务|联系电话|电话|手机号?码?|任职(?:时间|日期)|备注|性别")
_PHONE_START = re.compile(r"(?<!\d)1[3-9]\d[\d -]{0,9}$", re.ASCII)
_PHONE_REST = re.compile(r" {0,4}(\d[\d -]{0,9})(?!\d)", re.ASCII)


def parse_roster(text: str, posts: Sequence[str] = DEFAULT_POSTS) -> ParsedRoster:
    """Turn pasted text into rows for a person to correct; never raises.

    posts: the posts known here; another one is kept as typed, with a doubt. Of a person only name, post, phone and
    date of taking office are read; identity and card numbers are left out of every text returned. A row's `text` is the
    pasted line with whatever else it says: for the preview alone, not to be stored.
    """
    lines = [mask(INVISIBLE.sub("", line)) for line in text.splitlines()]
    reader = _Reader(lines, post_words(tuple(posts)))
    for number, line in _whole_lines(lines, reader.posts):
        reader.read(number, line)
    return reader.result()


def _whole_lines(lines: Sequence[str], posts: PostWords) -> Iterator[tuple[int, str]]:
    """(number of the first, text) of lines after mending those broken in odd places."""
    at = 0
    while at < len(lines):
        end = at + 1
        while (
            end < len(lines) and end - at < MOST_JOINED and _goes_on(narrow(lines[end - 1]), narrow(lines[end]), posts)
        ):
            end += 1
        yield at + 1, "\n".join(lines[at:end])
        at = end


def _goes_on(line: str, following: str, posts: PostWords) -> bool:
    """Whether a line is broken inside a phone, a bracket, a cell, a post or a list of names."""
    line, following = line.rstrip(), following.lstrip()
    if not line or not following:
        return False
    if line.rfind("(") > line.rfind(")") and 0 <= following.find(")") < (following.find("(") % (len(following) + 1)):
        return True
    if "\t" in line + following and (line.count('"') % 2):
        return True
    return line[-1] == "、" or _broken_phone(line, following) or _broken_post(line, following, posts)


def _broken_phone(line: str, following: str) -> bool:
    start, rest = _PHONE_START.search(line[-13:]), _PHONE_REST.match(following)
    if not start or not rest:
        return False
    return sum(char.isdecimal() for char in start[0] + rest[1]) == 11 > sum(map(str.isdecimal, start[0]))


def _broken_post(line: str, following: str, posts: PostWords) -> bool:
    """副 / 会长, but not 副会长 / 会长."""
    end = next((line[-size:] for size in (2, 1) if line[-size:] in {"副", "常务", "名誉", "秘书"}), "")
    return bool(end) and posts.head.match(end + following[:4]) is not None


class _Reader:
    """Reads line after line; what a line leaves open is for the next one."""

    def __init__(self, lines: Sequence[str], posts: PostWords) -> None:
        self.lines, self.posts = lines, posts
        self.drafts: list[Draft] = []
        self.in_table: list[Draft] = []
        self.reasons: dict[int, str] = {}
        self.carried, self.sure, self.carried_from, self.line_only = "", False, 0, False
        self.open: Draft | None = None
        headed = any(grid.heading(line) for line in lines)
        self.table = None if headed else grid.guessed(lines, posts)

    def result(self) -> ParsedRoster:
        """Rows, and every line that is in none of them."""
        grid.fill_merged(self.in_table)
        covered = {number for draft in self.drafts for number in range(draft.line, draft.last_line + 1)}
        ignored = [
            Ignored(number, line, self.reasons.get(number, UNKNOWN))
            for number, line in enumerate(self.lines, start=1)
            if number not in covered
        ]
        return ParsedRoster(finished(self.drafts, self.posts), ignored)

    def read(self, number: int, line: str) -> None:
        """Take one mended line."""
        plain = narrow(line).strip()
        if not self.sure and (self.line_only or not plain):
            self.carried = ""
        if not plain:
            self.reasons[number] = BLANK
        elif reason := self._no_people(number, line, plain):
            self.reasons |= dict.fromkeys(range(number, number + line.count("\n") + 1), reason)
            self.open = None
        elif not self._read_cells(number, line):
            for segment in segments(line, self.posts):
                self._read_segment(number, line, segment)

    def _no_people(self, number: int, line: str, plain: str) -> str:
        """Why a whole line holds nobody, "" if it may."""
        if table := grid.heading(line):
            self.table = table
            return HEADING
        if _HEAD_WORD.fullmatch(plain.replace(" ", "")):
            return HEADING
        if _CHAT_HEAD.fullmatch(plain):
            return TITLE
        if plain.isdecimal() and len(plain) <= 3:
            return NUMBER
        return REMARK if _REMARK.match(plain) else ""

    def _read_cells(self, number: int, line: str) -> bool:
        """Read a line of the table at hand; False if it has not its shape."""
        cells = self.table.cells(line) if self.table else None
        people = grid.people(cells, self.table) if cells and self.table else []
        for draft in people:
            draft.line, draft.text = number, line.strip("\n")
            self._carry_to(draft, number)
        self.drafts += people
        self.in_table += people
        self.open = None if people else self.open
        return bool(people)

    def _carry_to(self, draft: Draft, number: int) -> None:
        draft.carried, draft.sure = self.carried, self.sure or self.carried_from == number

    def _read_segment(self, number: int, line: str, segment: Segment) -> None:
        names = accepted(segment)
        first = number + line.count("\n", 0, segment.start + _indent(line, segment))
        text = line[segment.start : segment.end].strip(" \n\t,，、;；")
        if names:
            self._add(assembled(segment, names), number, line, segment)
        elif self._continues(segment):
            self._extend(first, text, segment)
        elif segment.has("phone") and not is_text(text):
            self._add([nameless(segment)], number, line, segment)
        else:
            self.reasons[first] = self._stray(segment, text)

    def _add(self, people: list[Draft], number: int, line: str, segment: Segment) -> None:
        """Keep the people of one segment, each with its own stretch of the line."""
        self._settle(people, number, segment)
        ends = [*(draft.start for draft in people[1:]), segment.end]
        for draft, end in zip(people, ends, strict=True):
            start = draft.start if draft is not people[0] else segment.start
            start += len(line[start:end]) - len(line[start:end].lstrip(" \n\t,，、;；"))
            draft.line, draft.text = number + line.count("\n", 0, start), line[start:end].strip(" \n\t,，、;；")
        self.drafts += people
        self.open = people[0] if len(people) == 1 else None

    def _settle(self, people: list[Draft], number: int, segment: Segment) -> None:
        """Apply the post from above, or remember the one that leads here for the lines below."""
        for draft in people:
            self._carry_to(draft, number)
            if draft.carried and self.sure and not draft.led and not self.posts.head.match(draft.post):
                draft.post = ""
        if people[0].led:
            self.carried, self.sure, self.carried_from = people[-1].post, False, number
            self.line_only = len(people) == 1 and not segment.has("colon")
        elif not self.sure and people[0].post:
            self.carried = ""

    def _continues(self, segment: Segment) -> bool:
        """Whether a segment without a name has only what the last person still lacks."""
        last = self.open
        if last is None or segment.has("text", "weak", "place", "count"):
            return False
        post = segment.has(*POSTS)
        if post and (last.post or last.carried or (segment.has("colon") and not segment.has("phone"))):
            return False
        wanted = [(segment.has("phone"), last.phones), (segment.has("date"), last.dates)]
        return (post or any(here for here, _ in wanted)) and not any(here and there for here, there in wanted)

    def _extend(self, number: int, text: str, segment: Segment) -> None:
        last = self.open
        if last is None or number - last.last_line > 3:
            self.reasons[number] = UNKNOWN
            return
        last.extend(number, text)
        last.phones += segment.values("phone")
        last.dates += segment.values("date")
        for post in segment.values(*POSTS):
            last.add_post(post)

    def _stray(self, segment: Segment, text: str) -> str:
        """Why a segment gave nobody; a post alone holds for the lines below."""
        self.open = None
        posts = segment.values("post") or (segment.values("title") if segment.has("colon") else [])
        if _VACANT.search(text):
            return VACANT
        if posts and not segment.has("date"):
            self.carried, self.sure, self.carried_from, self.line_only = joined(posts), True, 0, False
            return SECTION
        return TITLE if segment.has("text", "weak", "title", "place") else UNKNOWN


def _indent(line: str, segment: Segment) -> int:
    stretch = line[segment.start : segment.end]
    return len(stretch) - len(stretch.lstrip())
