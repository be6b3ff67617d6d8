"""The workbook of a model whose row is one line: read, compared, written and undone in bulk."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, ClassVar, cast

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from portal.audit.models import Act, Action, Change
from portal.kit.fields import ChoicesField
from portal.kit.forms import check_text, check_words
from portal.kit.tables import as_text
from portal.kit.workbooks.cells import plain
from portal.kit.workbooks.columns import Column, Kind
from portal.kit.workbooks.imports import (
    AS_NEW,
    SKIP,
    Difference,
    Line,
    Outcome,
    Problem,
    RefusedCell,
    Workbook,
    refuse_all,
)
from portal.kit.workbooks.rules import check_constraints, refuse_broken, unique_constraints
from portal.kit.workbooks.writing import BATCH, Trace, derived, prepare, record_all, require_all, update

KINDS: list[tuple[type[models.Field], Kind]] = [
    (ChoicesField, Kind.CHOICES), (models.DateField, Kind.DATE), (models.BooleanField, Kind.YES_NO),
    (models.IntegerField, Kind.NUMBER), (models.DecimalField, Kind.DECIMAL), (models.ForeignKey, Kind.REFERENCE),
]  # fmt: skip


def column_for(model_field: models.Field, **changed: Any) -> Column:
    """A model field as a column: its words, whether it must be filled, its dictionary."""
    kind = next((kind for cls, kind in KINDS if isinstance(model_field, cls)), Kind.TEXT)
    choices = [(value, str(label)) for value, label in model_field.flatchoices]
    if choices and kind is Kind.TEXT:
        kind = Kind.CHOICE
    words: dict[str, Any] = {
        "label": str(model_field.verbose_name), "help": str(model_field.help_text), "kind": kind, "choices": choices,
        "required": not model_field.blank and not model_field.null and not model_field.has_default(),
    }  # fmt: skip
    return Column(model_field.name, **{**words, **changed})


class ModelWorkbook(Workbook):
    """Rows of one model, told apart by a natural key of columns.

    fields: model fields in the order of the sheet. declared: what a column says otherwise. key: attributes that name a row
    among those in force. A free text holds no telephone, identity-card or bank-card number; a column of codes may look like one.
    """

    model: ClassVar[Any]
    fields: ClassVar[tuple[str, ...]]
    key: ClassVar[tuple[str, ...]]
    declared: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def __init_subclass__(cls) -> None:
        if "model" in vars(cls):
            label = cls.model._meta.label_lower.split(".")
            cls.permissions = (f"{label[0]}.add_{label[1]}", f"{label[0]}.change_{label[1]}")
            cls.view_permission = f"{label[0]}.view_{label[1]}"

    def __init__(self, user: Any, parameters: Mapping[str, Any] | None = None):
        super().__init__(user, parameters)
        self.stored: dict[Any, Any] = {}
        self.seen: dict[Any, Line] = {}
        self.checks = check_constraints(self.model)
        self.uniques = unique_constraints(self.model)
        self._fields: dict[str, models.Field] = {}
        self._form_fields: dict[str, Any] = {}

    @property
    def columns(self) -> Sequence[Column]:
        if not hasattr(self, "_columns"):
            self._columns = [*self.places(), *self._own_columns()]
        return self._columns

    def places(self) -> list[Column]:
        """Columns that are no fields: where the row stands."""
        return []

    def _own_columns(self) -> list[Column]:
        return [column_for(self._field(name), **self.declared.get(name, {})) for name in self.fields]

    def _field(self, name: str) -> models.Field:
        if name not in self._fields:
            self._fields[name] = cast(models.Field, self.model._meta.get_field(name))
        return self._fields[name]

    # reading

    def clean(self, column: Column, value: Any) -> Any:
        """The model field's own form field decides, then what no text may hold."""
        if column.kind in {Kind.REFERENCE, Kind.PHONE} or column.name not in self.fields:
            return value
        if column.name not in self._form_fields:
            self._form_fields[column.name] = self._field(column.name).formfield(required=False)
        cleaned = self._form_fields[column.name].clean(value)
        if isinstance(cleaned, str) and cleaned:
            (check_text if column.kind == Kind.CODE else check_words)(cleaned)
        return cleaned

    def resolved(self, line: Line, values: dict[str, Any]) -> dict[str, Any]:
        """Model field → value: names become rows. Raises RefusedCell."""
        found: dict[str, Any] = {}
        self.refer([name for name in self.fields if name in values], line, values, found)
        return found

    def refer(self, names: Iterable[str], line: Line, values: dict[str, Any], found: dict[str, Any]) -> None:
        """Put the values of fields into `found`, names as rows; every name that is unknown is said."""
        refused = []
        for name in names:
            try:
                value = values[name]
                found[name] = self.reference(name, value, line, found) if self._field(name).is_relation else value
            except RefusedCell as error:
                refused.append(error)
        refuse_all(line, refused)

    def look_further(self, line: Line, values: dict[str, Any]) -> None:
        self.resolved(line, values)

    def reference(self, name: str, text: str, line: Line, found: dict[str, Any]) -> Any:
        """The row that a name means; None for an empty cell."""
        raise NotImplementedError

    # comparing

    def rows_to_compare(self, lines: Sequence[Line]) -> Iterable[Any]:
        """The stored rows that a line may be."""
        rows = self.model._default_manager.permitted(self.user, "change")
        return rows.in_force() if hasattr(rows, "in_force") else rows

    def load(self, lines: Sequence[Line]) -> None:
        for row in self.rows_to_compare(lines):
            self.stored[self.key_of(row)] = row
            for unique in self.uniques:
                unique.add(row)

    def key_of(self, obj: Any) -> Any:
        """Names are compared without spaces and width: 商会（城关） is 商会(城关)."""
        return _compared(getattr(obj, name) for name in self.key)

    def key_in(self, found: Mapping[str, Any]) -> Any:
        """The key of values that are no row yet, and need not become one where they only are compared."""
        values = (found.get(name.removesuffix("_id")) for name in self.key)
        return _compared(getattr(value, "pk", value) for value in values)

    def take(self, line: Line, values: dict[str, Any]) -> None:
        found = self.resolved(line, values)
        key = self.key_in(found)
        if key in self.seen:
            other = self.seen[key]
            raise RefusedCell("", f"与工作表“{other.sheet}”第 {other.number} 行重复，请删去一行。")
        stored = self.stored.get(key)
        if stored is None and line.answer not in {"", AS_NEW}:
            stored = next((row for row in self.stored.values() if str(row.pk) == line.answer), None)
        if stored is None:
            self._new(line, self.model(**{**self.defaults(), **found}))
        else:
            self._change(line, stored, found)
        self.seen[key] = line

    def defaults(self) -> dict[str, Any]:
        """What a new row has that the sheet does not ask."""
        return {}

    def check(self, obj: Any) -> None:
        """What the service asks of a row besides the model; ValidationError by field."""

    def alike(self, obj: Any) -> list[Any]:
        """Stored rows that a new one may be."""
        return []

    def _new(self, line: Line, fresh: Any) -> None:
        self._refuse_wrong(fresh)
        doubles = [] if line.answer == AS_NEW else self.alike(fresh)
        line.target = fresh
        if doubles:
            line.outcome = Outcome.DUPLICATE
            line.problems.append(Problem("", f"与现有的“{doubles[0]}”可能是同一条，请选择。"))
            line.choices = [(str(row.pk), f"就是“{row}”，更新它") for row in doubles[:3]]
            line.choices += [(AS_NEW, "不是同一条，仍然新增"), (SKIP, "这一行不导入")]
        else:
            line.outcome = Outcome.NEW
            for unique in self.uniques:
                unique.add(fresh)

    def _change(self, line: Line, stored: Any, found: dict[str, Any]) -> None:
        before = {self._field(name).attname: getattr(stored, self._field(name).attname) for name in found}
        line.changes = self._differences(stored, found)
        if not line.changes:
            line.outcome, line.target = Outcome.UNCHANGED, stored
            return
        for unique in self.uniques:
            unique.remove(stored)
        for name, value in found.items():
            setattr(stored, name, value)
        try:
            self._refuse_wrong(stored)
        except (RefusedCell, ValidationError):
            for attname, value in before.items():
                setattr(stored, attname, value)
            raise
        finally:
            for unique in self.uniques:
                unique.add(stored)
        line.outcome, line.target = Outcome.CHANGED, stored
        stored.before_import = {
            difference.column: before[self._field(difference.column).attname] for difference in line.changes
        }

    def _differences(self, stored: Any, found: dict[str, Any]) -> list[Difference]:
        changes = []
        for name, value in found.items():
            model_field = self._field(name)
            old = getattr(stored, model_field.attname)
            new = getattr(value, "pk", None) if model_field.is_relation else value
            if old != new:
                changes.append(
                    Difference(name, self._label(name), self.shown(stored, name), self.shown_value(name, value))
                )
        return changes

    def _label(self, name: str) -> str:
        return next((c.label for c in self.columns if c.name == name), str(self._field(name).verbose_name))

    def _refuse_wrong(self, obj: Any) -> None:
        """The model's own rules and the service's, without a query."""
        obj.clean()
        refuse_broken(obj, self.checks)
        for unique in self.uniques:
            if unique.refuses(obj):
                raise ValidationError(unique.words)
        self.check(obj)

    # showing

    def shown(self, obj: Any, name: str) -> str:
        """A stored field as a cell of a text column."""
        model_field = self._field(name)
        if model_field.is_relation:
            related = getattr(obj, name)
            return "" if related is None else self.name_of(related)
        return self.shown_value(name, getattr(obj, name))

    def shown_value(self, name: str, value: Any) -> str:
        model_field = self._field(name)
        if isinstance(value, list):
            return cast(ChoicesField, model_field).labels(value)
        if model_field.flatchoices and value not in {None, ""}:
            return str(dict(model_field.flatchoices).get(value, value))
        return (
            ""
            if value in {None, ""}
            else as_text(value)
            if not isinstance(value, models.Model)
            else self.name_of(value)
        )

    def name_of(self, related: Any) -> str:
        return str(related)

    def present(self, area: Any = None) -> Iterator[list[Any]]:
        rows = self.model._default_manager.permitted(self.user)
        rows = rows.in_force() if hasattr(rows, "in_force") else rows
        rows = rows.in_area(area) if area is not None else rows
        for obj in self.related(rows).iterator(chunk_size=2000):
            yield [self.cell(obj, column) for column in self.columns]

    def related(self, rows: Any) -> Any:
        """With what `cell` reads of each row."""
        return rows

    def cell(self, obj: Any, column: Column) -> Any:
        """A stored row's cell as the template wants it: dates and numbers stay what they are."""
        if column.kind in {Kind.DATE, Kind.NUMBER, Kind.DECIMAL}:
            return getattr(obj, column.name)
        return self.shown(obj, column.name)

    # writing

    def write(self, lines: Iterable[Line]) -> list[Trace]:
        chosen = list(lines)
        new = [line for line in chosen if line.outcome == Outcome.NEW]
        changed = [line for line in chosen if line.outcome == Outcome.CHANGED]
        self.create([line.target for line in new])
        now = timezone.now()
        for line in changed:
            line.target.version += 1
            line.target.updated_at = now
            prepare(line.target)
        names = {difference.column for line in changed for difference in line.changes}
        update(self.model, [line.target for line in changed], names | derived(self.model))
        self._record(new, changed)
        require_all(self.model, [line.target.pk for line in (*new, *changed)], self.user)
        return [self._trace(line) for line in (*new, *changed)]

    def create(self, rows: Sequence[Any]) -> None:
        for row in rows:
            prepare(row)
        self.model._default_manager.bulk_create(rows, batch_size=BATCH)

    def _record(self, new: Sequence[Line], changed: Sequence[Line]) -> None:
        acts = chain(
            (Act(Action.CREATED, line.target) for line in new),
            (Act(Action.UPDATED, line.target, changes_of(line)) for line in changed),
        )
        record_all(self.user, acts)

    def _trace(self, line: Line) -> Trace:
        obj, before = line.target, None
        if line.outcome == Outcome.CHANGED:
            before = {name: _kept(self._field(name).get_prep_value(value)) for name, value in obj.before_import.items()}
        return Trace(self.model._meta.label_lower, obj.pk, obj.version, before, line.sheet, line.number)


def _kept(value: Any) -> Any:
    """As JSON holds it and the field's `to_python` reads it back."""
    return value if value is None or isinstance(value, str | int | list) else str(value)


def _compared(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(plain(value) if isinstance(value, str) else value for value in values)


def changes_of(line: Line) -> list[Change]:
    return [Change(d.column, d.label, d.before, d.after) for d in line.changes]
