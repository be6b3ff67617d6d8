"""Columns of a register's workbook: what a template offers, what an upload is matched with, how a cell is read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """How the cells of a column are read and offered."""

    TEXT = "text"
    CODE = "code"  # digits that are a text: area codes, registration numbers
    PHONE = "phone"
    DATE = "date"
    NUMBER = "number"  # a whole number
    DECIMAL = "decimal"
    YES_NO = "yes_no"
    CHOICE = "choice"  # one of a closed list, by its label
    CHOICES = "choices"  # several of a closed list, by their labels, separated by 、
    REFERENCE = "reference"  # one of the user's own rows, by its name


@dataclass(frozen=True)
class Column:
    """One column of a register's workbook.

    name: the form's field. label: the heading. choices: (value, label) of a closed list. within: the column whose value
    narrows this one's drop-down (villages of the township before). looks_like: whether a cell's text reads like one of
    this column, for headings that nobody knows. shown: filled in an update template and by exports, never read back.
    """

    name: str
    label: str
    kind: Kind = Kind.TEXT
    required: bool = False
    synonyms: Sequence[str] = ()
    choices: Sequence[tuple[str, str]] = ()
    within: str = ""
    help: str = ""
    sample: str = ""
    width: int = 14
    looks_like: Callable[[str], bool] | None = field(default=None, compare=False)
    shown: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Every heading by which the column is known."""
        return (self.label, *self.synonyms)
