"""The people of one segment: which words are names, and which post, phone and date belong to whom."""

from collections import deque
from collections.abc import Container, Sequence

from organizations.roster_text.drafts import Draft, joined_posts
from organizations.roster_text.tokens import Segment, Token

POSTS = ("post", "title")


def accepted(segment: Segment) -> set[int]:
    """Places of the tokens taken for names.

    Sure names; a weak one beside them only in a list; without sure ones the first weak one, or a place, if the rest
    of the segment looks like a person.
    """
    kinds = [token.kind for token in segment.tokens]
    sure = {at for at, kind in enumerate(kinds) if kind == "name"}
    weak = [at for at, kind in enumerate(kinds) if kind == "weak"]
    short = {at for at in weak if len(segment.tokens[at].value) <= 3}
    listed = {at for at in weak if "list" in kinds[max(at - 1, 0) : at] + kinds[at + 1 : at + 2]}
    if sure:
        plain_list = "phone" not in kinds and _posts_lead([(t, at in sure) for at, t in enumerate(segment.tokens)])
        return sure | listed | (short if plain_list else set())
    person = segment.has("phone", *POSTS)
    if weak and (person or (len(weak) == len(short) == 1 and "text" not in kinds)):
        return {weak[0]} | (listed if person else set())
    return {kinds.index("place")} if "place" in kinds and "phone" in kinds and segment.has(*POSTS) else set()


def joined(posts: Sequence[str]) -> str:
    """All posts of a segment as one."""
    whole = ""
    for post in posts:
        whole = joined_posts(whole, post)
    return whole


def nameless(segment: Segment) -> Draft:
    """A person whose name is missing."""
    return Draft("", joined(segment.values(*POSTS)), segment.values("phone"), segment.values("date"))


def assembled(segment: Segment, names: Container[int]) -> list[Draft]:
    """Give each name of a segment its post, phone and date."""
    tokens = _without_other_offices(segment.tokens, names)
    assembly = _Assembly(leads=_posts_lead(tokens))
    for token, is_named in tokens:
        assembly.take(token, is_named)
    return assembly.finished()


def _posts_lead(tokens: Sequence[tuple[Token, bool]]) -> bool:
    """Whether posts stand before the names they belong to."""
    return next((not is_named for token, is_named in tokens if is_named or token.kind in POSTS), False)


def _without_other_offices(tokens: Sequence[Token], names: Container[int]) -> list[tuple[Token, bool]]:
    """Tokens and whether each is a name; beside a known post one person's other titles go, and so do those in brackets."""
    known = any(token.kind == "post" for token in tokens)
    single = sum(at in names for at in range(len(tokens))) == 1
    kept, depth = [], 0
    for at, token in enumerate(tokens):
        depth = max(depth + (token.kind == "open") - (token.kind == "close"), 0)
        if not (known and token.kind == "title" and (single or depth)):
            kept.append((token, at in names))
    return kept


class _Assembly:
    """People while the tokens of a segment go by."""

    def __init__(self, *, leads: bool) -> None:
        self.leads = leads
        self.people: list[Draft] = []
        self.waiting: dict[str, deque[str]] = {"phone": deque(), "date": deque()}
        self.lead, self.lead_start, self.lead_open = "", 0, False

    def take(self, token: Token, is_named: bool) -> None:
        if is_named:
            self._begin(token)
        elif token.kind == "list" and self.people:
            self.people[-1].listed = True
        elif token.kind in POSTS:
            self._take_post(token)
        elif token.kind in self.waiting:
            self.waiting[token.kind].append(token.value)
            self._give()

    def _begin(self, token: Token) -> None:
        """A name: the next person, who has the leading post and what stood before the name."""
        start = self.lead_start if self.lead_open else token.start
        self.people.append(Draft(token.value, self.lead, led=self.leads, start=start, weak=token.kind == "weak"))
        self.lead_open = False
        self._give()

    def _take_post(self, token: Token) -> None:
        """A post is for the names to come, or for the last one."""
        if not self.leads or (self.people and token.value.startswith("兼")):
            self.people[-1].add_post(token.value)
        elif self.lead_open:
            self.lead = joined_posts(self.lead, token.value)
        else:
            self.lead, self.lead_start, self.lead_open = token.value, token.start, True

    def _give(self) -> None:
        """The last person takes one phone and one date of those that wait."""
        for kind, values in self.waiting.items():
            own = self._own(kind)
            if own == [] and values:
                own.append(values.popleft())

    def _own(self, kind: str) -> list[str] | None:
        if not self.people:
            return None
        return self.people[-1].phones if kind == "phone" else self.people[-1].dates

    def finished(self) -> list[Draft]:
        """The people, when the last token is taken."""
        self.people[-1].phones += self.waiting["phone"]
        self.people[-1].dates += self.waiting["date"]
        _deal_phones(self.people)
        if not self.leads:
            _share_post(self.people)
        return self.people


def _deal_phones(people: Sequence[Draft]) -> None:
    """Phones after all the names belong to them in turn, if there is one for each."""
    phones = people[-1].phones
    if len(phones) == len(people) and not any(person.phones for person in people[:-1]):
        for person, phone in zip(people, phones, strict=True):
            person.phones = [phone]


def _share_post(people: Sequence[Draft]) -> None:
    """李某、张某 理事: the post after a list is everybody's."""
    for person, following in zip(reversed(people[:-1]), reversed(people[1:]), strict=True):
        if person.listed and not person.post and not person.phones:
            person.post = following.post
