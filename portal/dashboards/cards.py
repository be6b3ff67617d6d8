"""What a first page shows: figures, things to do, lines beside them, a unit's own score."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from assessments.models import Publication, Result, ResultLine


@dataclass(frozen=True)
class Todo:
    """One thing to do: until when, what, a second line, where and what the button says."""

    due: dt.date | None
    title: str
    hint: str
    url: str
    action: str = "去办理"
    urgent: bool = True


@dataclass(frozen=True)
class Figure:
    label: str
    value: Any
    note: str = ""
    tone: str = "grey"
    url: str = ""
    total: Any = ""


@dataclass(frozen=True)
class Line:
    """One line of the card beside the things to do."""

    label: str
    note: str
    url: str = ""


@dataclass(frozen=True)
class Work:
    """A person's first page: figures, things to do, a card beside them, the last published score where there is one."""

    figures: list[Figure]
    todos: list[Todo]
    attention: tuple[Todo, ...] = ()
    aside: str = ""
    lines: tuple[Line, ...] = ()
    scores: "OwnScore | None" = None
    ranking: list[Result] | None = None
    publication: Publication | None = None


@dataclass(frozen=True)
class OwnScore:
    """A unit's last published result with the tasks that cost it most."""

    result: Result
    members: int
    lost: list[tuple[ResultLine, Any]]

    @property
    def rise(self) -> int | None:
        """By how many ranks the unit rose since the quarter before; below 0 it fell, None: nothing to compare."""
        result = self.result
        return result.previous_rank - result.rank if result.previous_rank and result.rank else None

    @property
    def fall(self) -> int:
        return -(self.rise or 0)
