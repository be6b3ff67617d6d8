"""An upload compared with what is stored: what is new, changed, unchanged, doubtful or wrong; then written in one transaction.

A register declares a `Workbook`. Its rows go through the road of every other door: the field's own `clean`, the model's
constraints (asked in memory, see rules.py), the service's check, the scope after the write, one audit row a saved row.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

from django.core.exceptions import ValidationError

from portal.kit.workbooks import cells
from portal.kit.workbooks.columns import Column, Kind
from portal.kit.workbooks.writing import Trace, Used, take_back

READERS: dict[Kind, Callable[[Any], Any]] = {
    Kind.TEXT: cells.text_of, Kind.CODE: cells.code_of, Kind.PHONE: cells.phone_text_of, Kind.DATE: cells.date_of,
    Kind.NUMBER: cells.number_of, Kind.DECIMAL: cells.decimal_of, Kind.YES_NO: cells.yes_no_of, Kind.REFERENCE: cells.text_of,
}  # fmt: skip
EMPTY = (None, "", [])
TICK = 500  # rows between two words on how far it is
CLOSE = 0.6
LONGEST, ENDS, DOTS = 60, 2, "•" * 9
Progress = Callable[[int, int], None]


class Outcome(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    DUPLICATE = "duplicate"
    ERROR = "error"
    SCOPE = "scope"
    SKIPPED = "skipped"

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS = {
    Outcome.NEW: "新增", Outcome.CHANGED: "更新", Outcome.UNCHANGED: "无变化", Outcome.DUPLICATE: "疑似重复", Outcome.ERROR: "错误",
    Outcome.SCOPE: "越权", Outcome.SKIPPED: "不导入",
}  # fmt: skip
WRITTEN = {Outcome.NEW, Outcome.CHANGED}
SKIP, AS_NEW = "skip", "new"  # what a person may say to a possible duplicate, besides the id of the row that it is


class Problem(NamedTuple):
    """What is wrong in which column ("" for the whole row), and a value that one click takes."""

    column: str
    words: str
    suggestion: str = ""


class Difference(NamedTuple):
    """One field before and after, as a person reads it."""

    column: str
    label: str
    before: str
    after: str


class RefusedCell(Exception):
    """A cell that cannot be taken; `outcome` tells an error from a row that is somebody else's."""

    def __init__(self, column: str, words: str, suggestion: str = "", outcome: Outcome = Outcome.ERROR):
        super().__init__(words)
        self.problem, self.outcome = Problem(column, words, suggestion), outcome


@dataclass(slots=True)
class Line:
    """One row on its way: raw cells by column, and what became of them."""

    sheet: str
    number: int
    cells: dict[str, Any]
    answer: str = ""
    outcome: str = ""
    problems: list[Problem] = field(default_factory=list)
    changes: list[Difference] = field(default_factory=list)
    choices: list[tuple[str, str]] = field(default_factory=list)  # (answer, words) for a possible duplicate
    target: Any = None  # what will be written

    def refuse(self, problem: Problem, outcome: Outcome = Outcome.ERROR) -> None:
        self.problems.append(problem)
        if self.outcome != Outcome.ERROR:
            self.outcome = outcome


class Workbook:
    """One register's workbook: its columns, what they may hold for a user, how rows are compared and written."""

    name: ClassVar[str]
    label: ClassVar[str]
    permissions: ClassVar[tuple[str, ...]]  # one of them opens the import
    view_permission: ClassVar[str]  # opens templates with data and exports
    asks: ClassVar[str] = ""  # a parameter that must be chosen first, such as "quarter"
    words: ClassVar[tuple[str, ...]] = ()
    names_contacts: ClassVar[bool] = False  # its rows may name a contact: erasing one empties the uploads that do
    do_not_call_in_templates = True

    def __init__(self, user: Any, parameters: Mapping[str, Any] | None = None):
        self.user, self.parameters = user, dict(parameters or {})
        self._memo: dict[str, dict[Any, Any]] = {}

    @classmethod
    def choices_of(cls, user: Any) -> dict[str, Any]:
        """What must be chosen before a file: parameter → the rows to choose from."""
        return {}

    @property
    def asked(self) -> int:
        """The key that was chosen for `asks`; 0 for none, or for what is no key."""
        text = str(self.parameters.get(self.asks) or "")
        return int(text) if text.isdecimal() else 0

    @property
    def columns(self) -> Sequence[Column]:
        raise NotImplementedError

    @property
    def options(self) -> Mapping[str, Any]:
        """The user's own choices for the reference columns of a template."""
        return {}

    def present(self, area: Any = None) -> Iterator[list[Any]]:
        """What is stored, in the order of `columns`: the rows of an update template and of an export."""
        raise NotImplementedError

    def plan(self, lines: Sequence[Line], progress: Progress) -> None:
        """Give every line its outcome; nothing is saved."""
        self.load(lines)
        for count, line in enumerate(lines, 1):
            if line.answer == SKIP:
                line.outcome = Outcome.SKIPPED
            else:
                self._take(line)
            if count % TICK == 0:
                progress(count, len(lines))
        progress(len(lines), len(lines))

    def load(self, lines: Sequence[Line]) -> None:
        """Read what the lines are compared with, in a fixed number of queries."""

    def take(self, line: Line, values: dict[str, Any]) -> None:
        """Compare one row whose cells are right; raise RefusedCell or ValidationError (by field) where it cannot be."""
        raise NotImplementedError

    def look_further(self, line: Line, values: dict[str, Any]) -> None:
        """Find what else is wrong with a row that has wrong cells, so that a file is corrected in one pass."""

    def write(self, lines: Iterable[Line]) -> list[Trace]:
        """Save new and changed lines with their audit rows; called inside a transaction."""
        raise NotImplementedError

    def take_back(self, traces: Sequence[Trace], words: str, used: Used) -> list[tuple[Trace, str]]:
        """Undo what `write` wrote; inside a transaction, which is rolled back where rows are refused."""
        return take_back(traces, self.user, words, used)

    def display(self, column: Column, raw: Any) -> str:
        """A cell as the preview shows it: short, a phone by its last two digits."""
        text = cells.text_of(self._understood(column, raw))
        if column.kind == Kind.PHONE and len(text) > ENDS:
            return f"{DOTS}{text[-ENDS:]}"
        return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"

    @staticmethod
    def _understood(column: Column, raw: Any) -> Any:
        """A day as it was read of 45352 or 2024年3月, so that a person can tell whether that was meant."""
        if column.kind != Kind.DATE:
            return raw
        try:
            return cells.date_of(raw)
        except ValidationError:
            return raw

    def _take(self, line: Line) -> None:
        values = self._values(line)
        try:
            if line.problems:
                self.look_further(line, values)
            else:
                self.take(line, values)
        except RefusedCell as refused:
            line.refuse(refused.problem, refused.outcome)
        except ValidationError as error:
            for problem in self._said(error):
                line.refuse(problem)

    def _values(self, line: Line) -> dict[str, Any]:
        """Column name → clean value of the columns that the file has; what is wrong goes to the line."""
        values = {}
        for column in self.columns:
            if column.name in line.cells and not column.shown:
                value = self._value(column, line.cells[column.name])
                if isinstance(value, Problem):
                    line.refuse(value)
                    continue
                values[column.name] = value
            if column.required and values.get(column.name) in EMPTY:
                line.refuse(Problem(column.name, f"请填写{column.label}。"))
        return values

    def _value(self, column: Column, raw: Any) -> Any:
        """The clean value or a Problem; equal cells are read once."""
        memo = self._memo.setdefault(column.name, {})
        key = (raw.__class__, raw)
        if key not in memo:
            memo[key] = self._read(column, raw)
        return memo[key]

    def _read(self, column: Column, raw: Any) -> Any:
        try:
            cells.refuse_failed(raw)
            if column.kind == Kind.CHOICE:
                return self._chosen(column, raw)
            if column.kind == Kind.CHOICES:
                return cells.choices_of(raw, column.choices)
            return self.clean(column, READERS[column.kind](raw))
        except ValidationError as error:
            return Problem(column.name, "；".join(error.messages))

    def clean(self, column: Column, value: Any) -> Any:
        """What the form's field says to a value that was read."""
        return value

    def _chosen(self, column: Column, raw: Any) -> Any:
        try:
            return cells.choice_of(raw, column.choices)
        except ValidationError as error:
            labels = [str(label) for value, label in column.choices if value]
            return Problem(column.name, "；".join(error.messages), closest(cells.text_of(raw), labels))

    def _said(self, error: ValidationError) -> Iterator[Problem]:
        """A ValidationError as problems of columns; a field that has no column is said of the row."""
        names = {column.name for column in self.columns}
        for name, errors in getattr(error, "error_dict", {"": [error]}).items():
            for words in ValidationError(errors).messages:
                yield Problem(self.column_of(name) if self.column_of(name) in names else "", words)

    def column_of(self, field_name: str) -> str:
        """The column in which a person corrects a field."""
        return field_name


def closest(text: str, names: Iterable[str]) -> str:
    """The name that was probably meant, "" for none."""
    found = difflib.get_close_matches(text, list(names), n=1, cutoff=CLOSE)
    return found[0] if found else ""


def refuse_all(line: Line, refused: Sequence[RefusedCell]) -> None:
    """Say all of them; the last as an exception."""
    for one in refused[:-1]:
        line.refuse(one.problem, one.outcome)
    if refused:
        raise refused[-1]


def counts_of(lines: Iterable[Line]) -> dict[str, int]:
    """Outcome → number of lines."""
    found = {outcome.value: 0 for outcome in Outcome}
    for line in lines:
        found[line.outcome] += 1
    return found
