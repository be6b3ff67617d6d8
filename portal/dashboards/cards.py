"""What a first page shows: figures, things to do, lines beside them, a unit's own score."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from assessments.models import Publication, Result, ResultLine
from organizations.models import Area

SHORT = 15  # villages on a first page, the weakest of all


@dataclass(frozen=True)
class Todo:
    """One thing to do: until when, what, a second line, where and what the button says.

    number: how many rows the list behind it has, where it is a list.
    """

    due: dt.date | None
    title: str
    hint: str
    url: str
    action: str = "去办理"
    urgent: bool = True
    number: int | None = None


@dataclass(frozen=True)
class Figure:
    """A card; number: how many rows the list behind it has, where it is a list."""

    label: str
    value: Any
    note: str = ""
    tone: str = "grey"
    url: str = ""
    total: Any = ""
    number: int | None = None


@dataclass(frozen=True)
class Line:
    """One line of the card beside the things to do."""

    label: str
    note: str
    url: str = ""


@dataclass(frozen=True)
class VillageRow:
    """A village with what it has; missing: items of 八有 (None: never checked), days: since its rosters were confirmed."""

    name: str
    url: str
    counted: bool
    organization: bool
    point: bool
    room: bool
    missing: int | None
    days: int | None

    @property
    def lacks(self) -> int:
        """Of what every village is to have; one that does not count in coverage is asked for nothing."""
        return self.counted * sum(not has for has in (self.organization, self.point, self.room))

    @property
    def tone(self) -> str:
        """The colour of the confirmation: amber and red after the settings' days."""
        if self.days is None or self.days > settings.ROSTER_RED_DAYS:
            return "red"
        return "amber" if self.days > settings.ROSTER_AMBER_DAYS else "green"

    @property
    def age(self) -> str:
        return f"{self.days} 天"

    @property
    def gap(self) -> str:
        return f"差 {self.missing} 项"

    @property
    def is_sound(self) -> bool:
        """Nothing is to be done here."""
        return not self.lacks and self.missing == 0 and self.tone == "green"


@dataclass(frozen=True)
class Villages:
    """The villages that a person keeps, the weakest first; area: the place of the grant, where it is one."""

    rows: list[VillageRow]
    area: Area | None

    @property
    def shown(self) -> list[VillageRow]:
        return self.rows[:SHORT]

    @property
    def rest(self) -> int:
        """How many more there are."""
        return len(self.rows) - len(self.shown)

    @property
    def sound(self) -> int:
        """In how many nothing is to be done."""
        return sum(row.is_sound for row in self.rows)


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
    villages: Villages | None = None
    led: Sequence[Area] = ()  # the townships that a lead answers for


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
