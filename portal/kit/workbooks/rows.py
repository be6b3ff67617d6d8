"""The rows of a sheet as XML, beside XlsxWriter's own road for cells.

That road costs several times as much, takes a text like "<r>…</r>" for markup and silently cuts what is too long. XlsxWriter
keeps what it does well: the package, styles, print set-up, charts. What is used here of its inside (`row_data_fh`,
`_check_dimensions`, `_get_xf_index`) is tested by reading the files back.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.utils import timezone
from xlsxwriter.utility import xl_col_to_name

from portal.kit.tables import as_text

LONGEST = 32_767  # UTF-16 units that a cell holds; no character takes more than two
SHORT = LONGEST // 2
EXACT_DIGITS = 15  # of a number; a longer one is kept as a text
EXACT = 10**EXACT_DIGITS
EPOCH = dt.date(1899, 12, 30).toordinal()
FIRST_DAY = 61  # 1900-03-01; before it Excel counts a day that never was
WHITE = " \t\n"
ODD = re.compile("[&<>_\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]").search
ESCAPED_LIKE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
REFUSED: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(32) if chr(code) not in WHITE},  # ␀, ␁ … : shown, not lost
    **dict.fromkeys((*range(0xD800, 0xE000), 0xFFFE, 0xFFFF), "\ufffd"),
    0x7F: "␡", ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;",
}  # fmt: skip
KEPT = ' xml:space="preserve"'
INLINE = '" t="inlineStr"><is><t'
END_TEXT, END = "</t></is></c>", "</v></c>"


@dataclass(frozen=True)
class Look:
    """The XlsxWriter formats of a column's cells by what stands in them; `ruled`: an empty cell is drawn too."""

    text: Any = None
    code: Any = None  # digits alone: stays a text when somebody types over it
    number: Any = None
    day: Any = None
    moment: Any = None
    ruled: bool = False


class Opening(NamedTuple):
    """What precedes a value in one column, with the row number between `ref` and the rest."""

    ref: str
    text: str
    code: str
    number: str
    day: str
    moment: str
    blank: str
    place: int


class Spill(NamedTuple):
    """A text that is too long for a cell, and the cells at the end of its row where it goes on."""

    label: str
    row: int
    cells: str


def openings(looks: Iterable[Look]) -> list[Opening]:
    """The columns of a sheet, from A on."""
    return [_opening(index, look) for index, look in enumerate(looks)]


class RowWriter:
    """Writes the rows of one worksheet of a constant-memory workbook, one after the other."""

    def __init__(self, page: Any):
        self.page, self.number, self.width = page, 0, 0
        self.spills: list[Spill] = []
        self.labels: Sequence[Any] = ()

    def write(self, rows: Iterable[Sequence[Any]], columns: Sequence[Opening], height: float = 0) -> None:
        """Append rows; None and "" leave a cell empty."""
        put = self.page.row_data_fh.write
        tall = f' ht="{height}" customHeight="1"' if height else ""
        for row in rows:
            self.number += 1
            put(f'<row r="{self.number}"{tall}>{self._cells(row, columns)}</row>')
        self.width = max(self.width, len(columns))

    def close(self) -> None:
        """Tell XlsxWriter how far the rows reach; a sheet without that counts as empty."""
        if self.number:
            self.page._check_dimensions(0, 0)
            self.page._check_dimensions(self.number - 1, max(self.width, 1) - 1)

    def _cells(self, row: Sequence[Any], columns: Sequence[Opening]) -> str:
        number, parts = self.number, []
        rest: list[tuple[int, list[str]]] = []
        for column, value in zip(columns, row, strict=False):
            kind = value.__class__
            if kind is str and value and len(value) <= SHORT and not ODD(value) and not _ends_white(value):
                opening = column.code if value.isdigit() else column.text
                parts.append(f"{column.ref}{number}{opening}{value}{END_TEXT}")
            elif kind is dt.date and (serial := value.toordinal() - EPOCH) >= FIRST_DAY:
                parts.append(f"{column.ref}{number}{column.day}{serial}{END}")
            elif kind is int and -EXACT < value < EXACT:
                parts.append(f"{column.ref}{number}{column.number}{value}{END}")
            elif value is not None and value != "":
                parts.append(self._slow(column, value, rest))
            elif column.blank:
                parts.append(f"{column.ref}{number}{column.blank}")
        return "".join(parts) + (self._spilled(rest, len(columns)) if rest else "")

    def _slow(self, column: Opening, value: Any, rest: list[tuple[int, list[str]]]) -> str:
        """A cell that is no plain text, day or whole number."""
        name, text = figure(value)
        if name != "text":
            return f"{column.ref}{self.number}{getattr(column, name)}{text}{END}"
        if units(text) > LONGEST:
            text, *more = pieces(text)
            rest.append((column.place, more))
        opening = column.code if text.isdigit() else column.text
        return f"{column.ref}{self.number}{opening[:-1]}{KEPT}>{xml_text(text)}{END_TEXT}" if text else ""

    def _spilled(self, rest: list[tuple[int, list[str]]], first: int) -> str:
        """The cells behind the last column that hold what the row's own cells could not."""
        parts = []
        for index, texts in rest:
            names = [f"{xl_col_to_name(first + n)}{self.number}" for n in range(len(texts))]
            label = str(self.labels[index]) if index < len(self.labels) else ""
            self.spills.append(Spill(label, self.number, "、".join(names)))
            pairs = zip(names, texts, strict=True)
            parts += [f'<c r="{name}{INLINE}{KEPT}>{xml_text(text)}{END_TEXT}' for name, text in pairs]
            first += len(texts)
        self.width = max(self.width, first)
        return "".join(parts)


def figure(value: Any) -> tuple[str, str]:
    """(field of Opening, what is written) of a value: a number or a day where Excel keeps it exactly, else its text."""
    if isinstance(value, str | bool):
        return "text", as_text(value) if isinstance(value, bool) else str(value)
    if isinstance(value, int | float | Decimal):
        return _number(value)
    if isinstance(value, dt.datetime):
        return _moment(value)
    if isinstance(value, dt.date) and (serial := value.toordinal() - EPOCH) >= FIRST_DAY:
        return "day", str(serial)
    return "text", as_text(value)


def xml_text(text: str) -> str:
    """A text as XML takes it; control characters are shown by their pictures."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return ESCAPED_LIKE.sub("_x005F_", text.translate(REFUSED))


def units(text: str) -> int:
    """How many UTF-16 units Excel counts."""
    return len(text) + sum(char > "\uffff" for char in text)


def pieces(text: str) -> list[str]:
    """A text in parts that fit a cell each."""
    found, size, start = [], 0, 0
    for index, char in enumerate(text):
        size += 2 if char > "\uffff" else 1
        if size > LONGEST:
            found.append(text[start:index])
            start, size = index, 2 if char > "\uffff" else 1
    return [*found, text[start:]]


def width_of(value: Any) -> int:
    """How many columns of a plain letter a value takes on paper; a Chinese character takes two."""
    text = as_text(value)
    lines = text.splitlines() or [""]
    return max(sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in line) for line in lines)


def _opening(index: int, look: Look) -> Opening:
    text, number = _style(look.text), _style(look.number)
    return Opening(
        f'<c r="{xl_col_to_name(index)}', f'"{text}{INLINE[1:]}>', f'"{_style(look.code)}{INLINE[1:]}>', f'"{number}><v>',
        f'"{_style(look.day)}><v>', f'"{_style(look.moment)}><v>', f'"{text}/>' if look.ruled else "", index,
    )  # fmt: skip


def _style(cell_format: Any) -> str:
    return f' s="{cell_format._get_xf_index()}"' if cell_format else ""


def _ends_white(text: str) -> bool:
    """Whether XML would eat its first or last character."""
    return text[0] in WHITE or text[-1] in WHITE


def _number(value: Any) -> tuple[str, str]:
    """A number, unless Excel would round it or knows no such thing."""
    exact = Decimal(str(value))
    digits = 0 if isinstance(value, float) else len(exact.normalize().as_tuple().digits)
    return "number" if exact.is_finite() and digits <= EXACT_DIGITS else "text", str(value)


def _moment(value: dt.datetime) -> tuple[str, str]:
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    serial = local.toordinal() - EPOCH
    if serial < FIRST_DAY:
        return "text", as_text(value)
    seconds = local.hour * 3600 + local.minute * 60 + local.second
    return "moment", repr(serial + seconds / 86_400)
