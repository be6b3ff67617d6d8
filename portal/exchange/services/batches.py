"""A batch on its road: uploaded, matched, looked at, written in one transaction, taken back."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from organizations.models import Area, Unit
from portal.audit.models import Action, record
from portal.exchange.models import ColumnChoice, ImportBatch, packed, purgeable, unpacked
from portal.exchange.registers import WORKBOOKS, find, may_import
from portal.exchange.services.used import used_rows
from portal.kit.files import check_name
from portal.kit.models import StaleVersionError
from portal.kit.scope import require
from portal.kit.workbooks import matching
from portal.kit.workbooks.blocks import Block, Book, Row
from portal.kit.workbooks.imports import Line, Outcome, Workbook, counts_of
from portal.kit.workbooks.reading import read_workbook
from portal.kit.workbooks.returned import ERROR_HEADING, ROW_HEADING
from portal.kit.workbooks.templates import is_sample
from portal.kit.workbooks.writing import Trace

State = ImportBatch.State
OWN_HEADINGS = {ERROR_HEADING, ROW_HEADING}
Progress = Callable[[int, int], None]


def silent(done: int, total: int) -> None:
    """Nobody watches."""


@transaction.atomic
def upload(
    name: str, file_name: str, content: bytes, *, by: Any, parameters: Mapping[str, Any] | None = None
) -> ImportBatch:
    """Take a file in: read it, match its columns. Raises ValidationError in the user's words, PermissionDenied."""
    workbook = opened(name, by, parameters)
    book = read_workbook(content, file_name, workbook.columns)
    matched = _matched(book, workbook, by)
    batch = ImportBatch(
        workbook=name, file_name=check_name(file_name), digest=book.digest, by=by, parameters=dict(parameters or {}),
        content=content, blocks=packed_book(book), columns=matched, **_home(by, workbook),
    )  # fmt: skip
    batch.save()
    require(by, "add", batch)
    words = f"上传 {workbook.label}：{batch.file_name}，{sum(len(b.rows) for b in book.blocks)} 行"
    record(by, Action.IMPORTED, batch, words=words)
    return batch


def opened(name: str, user: Any, parameters: Mapping[str, Any] | None = None) -> Workbook:
    """A register's workbook for a user who may import into it."""
    workbook = find(name)
    if not may_import(user, workbook):
        raise PermissionDenied(f"您的账号不能导入{workbook.label}。")
    return workbook(user, parameters)


def workbook_of(batch: ImportBatch, user: Any) -> Workbook:
    return opened(batch.workbook, user, batch.parameters)


def book_of(batch: ImportBatch) -> Book:
    """What was read from the upload. Raises ValidationError once it is gone."""
    stored = unpacked(batch.blocks)
    if stored is None:
        raise ValidationError("这个文件的内容已过保存期，请重新上传。")
    once: dict[Any, Any] = {}
    blocks = [
        Block(sheet, head_row, heads, columns, [Row(sheet, number, _thawed(cells, once)) for number, cells in rows], hidden)
        for sheet, head_row, heads, columns, hidden, rows in stored["blocks"]
    ]  # fmt: skip
    return Book(digest=batch.digest, blocks=blocks, notes=stored["notes"])


@transaction.atomic
def choose_columns(batch: ImportBatch, chosen: Sequence[Sequence[str | None]], *, by: Any) -> ImportBatch:
    """Say what each heading means ("" for 不导入), and remember it for the user's next file."""
    batch = _locked(batch, by, State.COLUMNS, State.PREVIEW)
    book, workbook = book_of(batch), workbook_of(batch, by)
    names = {column.name for column in workbook.columns}
    batch.columns = [[name if name in names or name == "" else None for name in block] for block in chosen]
    _refuse_doubled(book, batch.columns, workbook)
    if not unclear(batch) and (missing := lacking(batch, workbook)):
        raise ValidationError([problem.words for problem in missing])
    _remember(book, batch, by)
    batch.state, batch.lines, batch.version = State.COLUMNS, None, batch.version + 1
    batch.save()
    return batch


def unclear(batch: ImportBatch) -> bool:
    """Whether a heading still waits for somebody to say what it means."""
    return any(name is None for block in batch.columns for name in block)


class HeadProblem(NamedTuple):
    """What is wrong with a table's headings."""

    sheet: str
    row: int
    column: str
    words: str


def lacking(batch: ImportBatch, workbook: Workbook) -> list[HeadProblem]:
    """The required columns that a table of the file does not have."""
    needed = [column for column in workbook.columns if column.required]
    return [
        HeadProblem(block.sheet, block.head_row, column.label, f"工作表“{block.sheet}”缺少必填的列：{column.label}。")
        for block, names in zip(book_of(batch).blocks, batch.columns, strict=True)
        for column in needed if column.name not in names
    ]  # fmt: skip


@transaction.atomic
def leave_unclear(batch: ImportBatch, *, by: Any) -> list[HeadProblem]:
    """Leave out the headings that nobody knows, where nobody can be asked, and name them."""
    batch = _locked(batch, by, State.COLUMNS)
    unknown = [
        HeadProblem(block.sheet, block.head_row, head, f"不认识的列“{head}”，没有导入。请改用模板的表头，或删去这一列。")
        for block, names in zip(book_of(batch).blocks, batch.columns, strict=True)
        for head, name in zip(block.heads, names, strict=True) if name is None
    ]  # fmt: skip
    batch.columns = [[name or "" for name in names] for names in batch.columns]
    batch.version += 1
    batch.save()
    return unknown


def plan(batch: ImportBatch, *, by: Any, progress: Progress = silent) -> list[Line]:
    """Compare every row with what is stored and keep the preview with the batch; nothing else is saved."""
    batch = ImportBatch.objects.get(pk=batch.pk)
    if unclear(batch):
        raise ValidationError("还有列没有选择对应关系。")
    workbook = workbook_of(batch, by)
    lines = planned(batch, workbook, progress)
    with transaction.atomic():
        stored = _locked(batch, by, State.COLUMNS, State.PREVIEW)
        if stored.version != batch.version:
            raise StaleVersionError(stored)
        stored.lines, stored.counts = b"".join(preview_of(lines, workbook)), counts_of(lines)
        stored.state, stored.version = State.PREVIEW, stored.version + 1
        stored.save()
    return lines


def planned(batch: ImportBatch, workbook: Workbook, progress: Progress = silent) -> list[Line]:
    """The lines of a batch with their outcomes."""
    lines = list(_lines(batch, book_of(batch), workbook))
    workbook.plan(lines, progress)
    return lines


@transaction.atomic
def answer(batch: ImportBatch, answers: Mapping[str, Mapping[str, str]], *, by: Any) -> ImportBatch:
    """Keep what a person said of rows: "sheet!row" → {column: corrected text, "": new, skip or an id}."""
    batch = _locked(batch, by, State.PREVIEW)
    for key, said in answers.items():
        batch.answers[key] = {**batch.answers.get(key, {}), **said}
    batch.version += 1
    batch.save()
    return batch


@transaction.atomic
def write(
    batch: ImportBatch, *, by: Any, expected: int, only_right: bool = False, progress: Progress = silent
) -> ImportBatch:
    """Write what the preview shows, all of it or the right rows, in one transaction.

    Raises ValidationError where a row is wrong and `only_right` was not chosen, and where the registers changed since the
    preview, so that something else would be written than was looked at.
    """
    batch = _locked(batch, by, State.PREVIEW)
    if batch.version != expected:
        raise StaleVersionError(batch)
    workbook = workbook_of(batch, by)
    lines = planned(batch, workbook, progress)
    if _digest(preview_of(lines, workbook)) != _digest([bytes(batch.lines or b"")]):
        raise ValidationError("预览以后登记册又有变化，请重新核对后再写入。", code="changed")
    _refuse_wrong(batch.counts, only_right)
    traces = workbook.write([line for line in lines if line.outcome in {Outcome.NEW, Outcome.CHANGED}])
    batch.written, batch.written_at = packed(traces), timezone.now()
    batch.state, batch.version = State.WRITTEN, batch.version + 1
    batch.save()
    require(by, "change", batch)
    counts = batch.counts
    words = f"导入 {workbook.label}：新增 {counts['new']} 行，更新 {counts['changed']} 行（{batch.file_name}）"
    record(by, Action.IMPORTED, batch, words=words)
    return batch


@transaction.atomic
def take_back(batch: ImportBatch, *, by: Any) -> list[tuple[Trace, str]]:
    """Undo a written batch; where a row was touched since, nothing is undone and those rows are named."""
    batch = _locked(batch, by, State.WRITTEN)
    if batch.undo_until is None or batch.undo_until < timezone.now():
        raise ValidationError("写入已超过可撤销的期限，请在页面上逐条更正。")
    workbook = workbook_of(batch, by)
    traces = [Trace(*row) for row in unpacked(batch.written)]
    refused = workbook.take_back(traces, f"撤销导入（{batch.file_name}）", used_rows) if traces else []
    if refused:
        transaction.set_rollback(True)
        return refused
    batch.state, batch.undone_at, batch.version = State.UNDONE, timezone.now(), batch.version + 1
    batch.save()
    record(by, Action.IMPORTED, batch, words=f"撤销导入 {batch}：{workbook.label}，{len(traces)} 行复原")
    return []


@transaction.atomic
def drop(batch: ImportBatch, *, by: Any) -> None:
    """Give a batch up before it is written; its content leaves."""
    batch = _locked(batch, by, State.COLUMNS, State.PREVIEW)
    batch.state, batch.content, batch.blocks, batch.lines = State.DROPPED, None, None, None
    batch.answers, batch.version = {}, batch.version + 1
    batch.save()


def same_cells(batch: ImportBatch, key: str, column: str, value: str) -> dict[str, dict[str, str]]:
    """The correction of one cell for every row that has the same wrong text in that column."""
    lines = unpacked(batch.lines) or []
    workbook = find(batch.workbook)(batch.by, batch.parameters)
    index = next((n for n, c in enumerate(workbook.columns) if c.name == column), None)
    own = next((line for line in lines if f"{line[0]}!{line[1]}" == key), None)
    if index is None or own is None:
        return {key: {column: value}}
    alike = [line for line in lines if line[3][index] == own[3][index] and any(p[0] == column for p in line[4])]
    return {f"{line[0]}!{line[1]}": {column: value} for line in alike}


def size(batch: ImportBatch) -> int:
    """How many rows the upload has."""
    stored = unpacked(batch.blocks)
    return sum(len(block[5]) for block in stored["blocks"]) if stored else 0


def page_rows() -> int:
    """Up to so many rows are worked on while the page waits."""
    return settings.IMPORT_PAGE_ROWS


def purge() -> int:
    """Remove the content of old batches; how many. Those that were never written are given up.

    What became of each row stays, but of the rows that name contacts: those are kept in their register alone.
    """
    old = ImportBatch.objects.filter(purgeable())
    old.filter(state__in=[State.COLUMNS, State.PREVIEW]).update(state=State.DROPPED, version=F("version") + 1)
    named = [name for name, workbook in WORKBOOKS.items() if workbook.names_contacts]
    old.filter(workbook__in=named).update(lines=None)
    return old.update(content=None, blocks=None, written=None, answers={})


def preview_of(lines: Iterable[Line], workbook: Workbook) -> Iterator[bytes]:
    """The preview as it is kept, piece by piece: of each line sheet, row, outcome, cells as shown, problems, changes, choices."""
    separator = b"["
    for row in _shown_lines(lines, workbook):
        yield separator + packed(row)
        separator = b","
    yield b"[]" if separator == b"[" else b"]"


def _shown_lines(lines: Iterable[Line], workbook: Workbook) -> Iterator[list[Any]]:
    shown = _Shown(workbook)
    for line in lines:
        yield [
            line.sheet, line.number, line.outcome, [shown(column, line.cells.get(column.name)) for column in workbook.columns],
            line.problems, line.changes, line.choices,
        ]  # fmt: skip


class _Shown:
    """Cells as the preview shows them; equal ones are drawn once."""

    def __init__(self, workbook: Workbook):
        self.workbook, self.drawn = workbook, {}

    def __call__(self, column: Any, raw: Any) -> str:
        key = (column.name, raw.__class__, raw)
        if key not in self.drawn:
            self.drawn[key] = self.workbook.display(column, raw)
        return self.drawn[key]


def _lines(batch: ImportBatch, book: Book, workbook: Workbook) -> Iterable[Line]:
    for block, names in zip(book.blocks, batch.columns, strict=True):
        for row in block.rows:
            if is_sample(_in_order(row, names, workbook), workbook.columns):
                continue
            cells = {name: cell for name, cell in zip(names, row.cells, strict=False) if name}
            said = dict(batch.answers.get(f"{row.sheet}!{row.number}", {}))
            decided = said.pop("", "")
            yield Line(row.sheet, row.number, {**cells, **said}, decided)


def _in_order(row: Row, names: Sequence[str | None], workbook: Workbook) -> list[Any]:
    by_name = {name: cell for name, cell in zip(names, row.cells, strict=False) if name}
    return [by_name.get(column.name) for column in workbook.columns]


def _matched(book: Book, workbook: Workbook, user: Any) -> list[list[str | None]]:
    known = dict(ColumnChoice.objects.filter(user=user, workbook=workbook.name).values_list("heading", "column"))
    found = []
    for block in book.blocks:
        matches = matching.match(block, workbook.columns, known)
        found.append([
            "" if head.strip() in OWN_HEADINGS else match.column if match.sure else None
            for head, match in zip(block.heads, matches, strict=True)
        ])  # fmt: skip
    return found


def _refuse_doubled(book: Book, columns: Sequence[Sequence[str | None]], workbook: Workbook) -> None:
    labels = {column.name: column.label for column in workbook.columns}
    for block, names in zip(book.blocks, columns, strict=True):
        used = [name for name in names if name]
        twice = {labels[name] for name in used if used.count(name) > 1}
        if twice:
            raise ValidationError(f"工作表“{block.sheet}”有两列都对应“{'、'.join(sorted(twice))}”，请只保留一列。")


def _remember(book: Book, batch: ImportBatch, user: Any) -> None:
    rows = [
        ColumnChoice(user=user, workbook=batch.workbook, heading=head[:200], column=name)
        for block, names in zip(book.blocks, batch.columns, strict=True)
        for head, name in zip(block.heads, names, strict=True)
        if name is not None and head.strip() not in OWN_HEADINGS
    ]
    once = list({row.heading: row for row in rows}.values())
    ColumnChoice.objects.bulk_create(
        once, update_conflicts=True, unique_fields=["user", "workbook", "heading"], update_fields=["column"]
    )


def _refuse_wrong(counts: Mapping[str, int], only_right: bool) -> None:
    wrong = counts["error"] + counts["scope"] + counts["duplicate"]
    if not only_right and wrong:
        raise ValidationError(f"还有 {wrong} 行没有通过。请先更正，或者选择“只写入通过的行”。")
    if not counts["new"] + counts["changed"]:
        raise ValidationError("没有要写入的行：通过的行都与登记册一致。")


def _home(user: Any, workbook: Workbook) -> dict[str, Any]:
    """Where the batch belongs: the first place of the user's that the import is for."""
    reach = user.reach("exchange.add_importbatch")
    areas = Area.objects.existing().order_by("level", "tree_code")
    if reach.everything:
        return {"area": areas.first()}
    for code in reach.codes:
        if area := areas.filter(tree_code=code).first():
            return {"area": area}
    unit = Unit.objects.select_related("area").filter(pk__in=reach.units).first()
    if unit is None:
        raise PermissionDenied("您的账号没有导入的权限。")
    return {"area": unit.area, "unit": unit}


def _locked(batch: ImportBatch, user: Any, *states: str) -> ImportBatch:
    stored = ImportBatch.objects.select_for_update(of=("self",)).get(pk=batch.pk)
    require(user, "change", stored)
    if stored.state not in states:
        raise ValidationError(f"这个批次{stored.get_state_display()}，不能再办这一步。")
    return stored


def packed_book(book: Book) -> bytes:
    return packed({
        "notes": book.notes,
        "blocks": [
            [b.sheet, b.head_row, b.heads, b.columns, b.hidden_rows, [[r.number, [_frozen(c) for c in r.cells]] for r in b.rows]]
            for b in book.blocks
        ],
    })  # fmt: skip


def _frozen(cell: Any) -> Any:
    return {"d": cell.isoformat()} if hasattr(cell, "isoformat") else cell


def _thawed(cells: list[Any], once: dict[Any, Any]) -> list[Any]:
    """The cells of a row in place; equal texts become one, since a column mostly repeats a few."""
    for index, cell in enumerate(cells):
        if isinstance(cell, str):
            cells[index] = once.setdefault(cell, cell)
        elif isinstance(cell, dict):
            moment = cell["d"]
            cells[index] = dt.datetime.fromisoformat(moment) if "T" in moment else dt.date.fromisoformat(moment)
    return cells


def _digest(pieces: Iterable[bytes]) -> str:
    whole = hashlib.sha256()
    for piece in pieces:
        whole.update(piece)
    return whole.hexdigest()
