"""A list declared once, for the screen and for the workbook."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partialmethod
from inspect import getattr_static
from operator import attrgetter
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from django.db.models.fields.related_descriptors import ForwardManyToOneDescriptor
from django.db.models.query_utils import DeferredAttribute
from django.http import QueryDict
from django.utils import timezone
from django.utils.formats import date_format


class Column:
    """One column: where its value comes from and how it is shown, sorted and linked."""

    def __init__(
        self,
        label: str = "",
        accessor: str = "",
        *,
        order_by: str | Sequence[str] | None = None,
        link: bool | Callable[[Any], str | None] = False,
        numeric: bool = False,
        tone: Callable[[Any], str] | None = None,
        value: Callable[[Any], Any] | None = None,
    ):
        self.label, self.accessor, self.numeric, self.tone = label, accessor, numeric, tone
        self.order_by = [order_by] if isinstance(order_by, str) else order_by
        self.link = (lambda obj: obj.get_absolute_url()) if link is True else link or None
        self._value = value
        self.name = ""

    def value(self, obj: Any) -> Any:
        """The raw value, as a workbook stores it."""
        return self.reader(obj.__class__)(obj)

    def reader(self, cls: type) -> Callable[[Any], Any]:
        """What gives the raw value of objects of `cls`, looked up once for all rows."""
        return self._value or reader_of(cls, self.accessor)

    def text(self, obj: Any) -> str:
        """The value as a person reads it."""
        return as_text(self.value(obj))


@lru_cache(maxsize=4096)
def reader_of(cls: type, accessor: str) -> Callable[[Any], Any]:
    """What reads "area.name" of objects of `cls`: a choice as its label, a method called, a row as its words."""
    first, _, rest = accessor.partition(".")
    step = _step(cls, first)
    if isinstance(getattr_static(cls, first, None), DeferredAttribute) and not rest:
        return step

    def read(obj: Any) -> Any:
        value = step(obj)
        if rest and value is not None:
            return reader_of(value.__class__, rest)(value)
        return str(value) if isinstance(value, Model) else value

    return read


def _step(cls: type, name: str) -> Callable[[Any], Any]:
    """One attribute of an object of `cls`."""
    display = f"get_{name}_display"
    known = getattr_static(cls, display, None)
    if isinstance(known, partialmethod) and known.func is Model._get_FIELD_display:  # type: ignore[attr-defined]
        return _label(cls, name)
    if known is not None:
        return lambda obj: getattr(obj, display)()
    if isinstance(getattr_static(cls, name, None), DeferredAttribute | ForwardManyToOneDescriptor):
        return attrgetter(name)

    def read(obj: Any) -> Any:
        value = getattr(obj, name)
        return value() if callable(value) else value

    return read


def _label(cls: Any, name: str) -> Callable[[Any], Any]:
    """A field with choices: Django's own display makes a dictionary of them for every cell."""
    labels = {value: str(label) for value, label in cls._meta.get_field(name).flatchoices}
    get = attrgetter(name)

    def read(obj: Any) -> Any:
        value = get(obj)
        return labels.get(value, value)

    return read


def as_text(value: Any) -> str:
    """A value as the screen and a CSV file show it: 是/否, 2026-09-30, an empty string for None."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value), "Y-m-d H:i")
    return str(value)


@dataclass(frozen=True)
class Head:
    name: str
    label: str
    numeric: bool
    sortable: bool
    sort_url: str | None
    sorted: str


@dataclass(frozen=True)
class Cell:
    label: str
    value: str
    url: str | None
    tone: str
    numeric: bool
    primary: bool


@dataclass(frozen=True)
class Row:
    obj: Any
    url: str | None
    cells: list[Cell]


class Table:
    """Columns over a queryset. `?o=name` or `?o=-name` sorts by a column that allows it; anything else changes nothing."""

    base_columns: ClassVar[dict[str, Column]] = {}

    class Meta:
        model: type[Model]
        fields: Sequence[str] = ()

    def __init_subclass__(cls) -> None:
        declared = {name: value for name, value in vars(cls).items() if isinstance(value, Column)}
        names = list(getattr(cls.Meta, "fields", ())) or list(declared)
        cls.base_columns = {name: declared.get(name) or _model_column(cls.Meta.model, name) for name in names}
        for name, column in cls.base_columns.items():
            column.name = name
            column.accessor = column.accessor or name
            column.label = column.label or str(cls.Meta.model._meta.get_field(name).verbose_name)

    def __init__(self, queryset: QuerySet, query: QueryDict | None = None):
        self.query = query if query is not None else QueryDict()
        self.order = self._order()
        self.queryset = self._sorted(queryset)
        self.objects: Iterable[Any] = self.queryset

    @property
    def whole(self) -> Any:
        """All rows in their order."""
        return self.queryset

    @property
    def total(self) -> int:
        """How many rows the whole list has."""
        return self.queryset.count()

    @property
    def columns(self) -> list[Head]:
        return [self._head(column) for column in self.base_columns.values()]

    @property
    def rows(self) -> Iterator[Row]:
        for obj in self.objects:
            cells = [self._cell(obj, column, index == 0) for index, column in enumerate(self.base_columns.values())]
            yield Row(obj, cells[0].url, cells)

    def as_values(self) -> Iterator[list[Any]]:
        """The heading row and every row of the whole queryset, raw, in order; streams."""
        columns = list(self.base_columns.values())
        yield [column.label for column in columns]
        readers = [column.reader(self.queryset.model) for column in columns]
        for obj in shared(self.queryset).iterator(chunk_size=2000):
            yield [read(obj) for read in readers]

    def _order(self) -> str:
        asked = self.query.get("o", "")
        column = self.base_columns.get(asked.removeprefix("-"))
        return asked if column and column.order_by else ""

    def _sorted(self, queryset: QuerySet) -> QuerySet:
        if not self.order:
            return queryset
        sign = "-" if self.order.startswith("-") else ""
        lookups = self.base_columns[self.order.removeprefix("-")].order_by or []
        return queryset.order_by(*[f"{sign}{lookup}" for lookup in lookups], "pk")

    def _head(self, column: Column) -> Head:
        direction = {column.name: "asc", f"-{column.name}": "desc"}.get(self.order, "")
        query = self.query.copy()
        query.pop("page", None)
        query["o"] = f"-{column.name}" if direction == "asc" else column.name
        sortable = bool(column.order_by)
        url = f"?{query.urlencode()}" if sortable else None
        return Head(column.name, column.label, column.numeric, sortable, url, direction)

    def _cell(self, obj: Any, column: Column, primary: bool) -> Cell:
        url = column.link(obj) if column.link else None
        tone = column.tone(obj) if column.tone else ""
        return Cell(column.label, column.text(obj), url, tone, column.numeric, primary)


def shared(queryset: QuerySet) -> QuerySet:
    """The same rows, with what `select_related` reads beside each of them read once a chunk: thousands stand in a few areas."""
    beside = queryset.query.select_related
    if not isinstance(beside, dict):
        return queryset
    return queryset.select_related(None).prefetch_related(*_paths(beside))


def _paths(tree: dict[str, Any], start: str = "") -> Iterator[str]:
    """The leaves of {"area": {"parent": {}}} as "area__parent"."""
    for name, below in tree.items():
        yield from _paths(below, f"{start}{name}__") if below else [f"{start}{name}"]


class ListTable(Table):
    """Columns over plain objects in a list; every column with `order_by` sorts by its value."""

    def __init__(self, rows: Sequence[Any], query: QueryDict | None = None):
        self.query = query if query is not None else QueryDict()
        self.order = self._order()
        self.list = self._ordered(list(rows))
        self.objects = self.list

    @property
    def whole(self) -> Any:
        return self.list

    @property
    def total(self) -> int:
        return len(self.list)

    def as_values(self) -> Iterator[list[Any]]:
        columns = list(self.base_columns.values())
        yield [column.label for column in columns]
        for obj in self.list:
            yield [column.value(obj) for column in columns]

    def _ordered(self, rows: list[Any]) -> list[Any]:
        if not self.order:
            return rows
        column = self.base_columns[self.order.removeprefix("-")]
        return sorted(rows, key=column.value, reverse=self.order.startswith("-"))


def _model_column(model: type[Model], name: str) -> Column:
    field = model._meta.get_field(name)
    order_by = [field.name] if not field.is_relation else None
    numeric = field.get_internal_type() in {"DecimalField", "IntegerField", "PositiveIntegerField"}
    return Column(str(field.verbose_name), name, order_by=order_by, numeric=numeric)
