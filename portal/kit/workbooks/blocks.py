"""What is read of an upload: tables with their heads and rows."""

from dataclasses import dataclass, field
from typing import Any

NAMELESS = "（没有列名）"


@dataclass(slots=True)
class Row:
    """One data row: `number` as the spreadsheet shows it, raw cells in the order of the block's heads."""

    sheet: str
    number: int
    cells: list[Any]


@dataclass
class Block:
    """One table: heads (a two-row head joined), the sheet's column (from 0) of each, the rows below it."""

    sheet: str
    head_row: int
    heads: list[str]
    columns: list[int]
    rows: list[Row]
    hidden_rows: int = 0


@dataclass
class Book:
    """What was read of a file, and what was left out."""

    digest: str
    blocks: list[Block]
    notes: list[str] = field(default_factory=list)


def nameless(index: int) -> str:
    """What a column without a heading is called: E 列（没有列名）."""
    letters, number = "", index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters} 列{NAMELESS}"
