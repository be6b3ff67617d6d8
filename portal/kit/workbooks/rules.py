"""A model's constraints asked of rows in memory, so that 20,000 rows need no 20,000 queries.

Django's own `Model.full_clean` asks the database for every constraint of every row. The conditions are the model's own
(`Meta.constraints`), compiled once; what cannot be compiled raises NotImplementedError when the workbook is declared.
"""

import operator
from collections.abc import Callable, Hashable, Iterable
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

Test = Callable[[Any], bool | None]
LOOKUPS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le,
    "in": lambda value, several: value in several,
}  # fmt: skip


def compiled(condition: Q, model: type[models.Model]) -> Test:
    """`condition` as a function of an instance: True, False, or None where SQL would say NULL (which does not refuse)."""
    parts: list[Any] = condition.children
    tests = [compiled(part, model) if isinstance(part, Q) else _look_up(part, model) for part in parts]
    joined = _any(tests) if condition.connector == Q.OR else _all(tests)
    return (lambda obj: _negated(joined(obj))) if condition.negated else joined


def check_constraints(model: type[models.Model]) -> list[tuple[Test, str]]:
    """(test, words of the refusal) of each check constraint of a model."""
    checks = [c for c in model._meta.constraints if isinstance(c, models.CheckConstraint)]
    return [(compiled(c.condition, model), str(c.get_violation_error_message())) for c in checks]  # type: ignore[arg-type]


def refuse_broken(obj: Any, checks: Iterable[tuple[Test, str]]) -> None:
    """Raise ValidationError with the words of every check constraint that `obj` breaks."""
    broken = [words for test, words in checks if test(obj) is False]
    if broken:
        raise ValidationError(broken)


class Unique:
    """A unique constraint over the rows that are stored and those that came before in the same file."""

    def __init__(self, model: type[models.Model], constraint: models.UniqueConstraint):
        self.names = [model._meta.get_field(name).attname for name in constraint.fields]  # type: ignore[union-attr]
        self.holds: Test = compiled(constraint.condition, model) if constraint.condition else lambda obj: True
        self.words = str(constraint.get_violation_error_message())
        self.taken: dict[Hashable, Any] = {}

    def key(self, obj: Any) -> Hashable | None:
        """What may be there once; None where the constraint does not ask about `obj`."""
        key = tuple(getattr(obj, name) for name in self.names)
        return None if None in key or not self.holds(obj) else key

    def add(self, obj: Any) -> None:
        key = self.key(obj)
        if key is not None:
            self.taken[key] = obj

    def remove(self, obj: Any) -> None:
        key = self.key(obj)
        if key is not None and self.taken.get(key) is obj:
            del self.taken[key]

    def refuses(self, obj: Any) -> bool:
        return self.taken.get(self.key(obj), obj) is not obj


def unique_constraints(model: type[models.Model]) -> list[Unique]:
    """The plain unique constraints of a model; those over expressions stay the database's."""
    found = [c for c in model._meta.constraints if isinstance(c, models.UniqueConstraint) and c.fields]
    return [Unique(model, constraint) for constraint in found]


def _look_up(lookup_and_value: tuple[str, Any], model: type[models.Model]) -> Test:
    path, wanted = lookup_and_value
    name, _, lookup = path.partition("__")
    attname = model._meta.get_field(name).attname
    if lookup in {"", "exact"}:
        return _is_null(attname) if wanted is None else _compare(attname, operator.eq, _value(wanted, model))
    if lookup == "isnull":
        return lambda obj: (getattr(obj, attname) is None) is wanted
    if lookup in LOOKUPS:
        return _compare(attname, LOOKUPS[lookup], _value(wanted, model))
    raise NotImplementedError(f"{model.__name__}: the condition {path} is not known to workbooks.")


def _value(wanted: Any, model: type[models.Model]) -> Callable[[Any], Any]:
    if isinstance(wanted, F):
        attname = model._meta.get_field(cast(Any, wanted).name).attname
        return lambda obj: getattr(obj, attname)
    return lambda obj: wanted


def _is_null(attname: str) -> Test:
    return lambda obj: getattr(obj, attname) is None


def _compare(attname: str, test: Callable[[Any, Any], bool], wanted: Callable[[Any], Any]) -> Test:
    def compare(obj: Any) -> bool | None:
        mine, other = getattr(obj, attname), wanted(obj)
        return None if mine is None or other is None else test(mine, other)

    return compare


def _negated(value: bool | None) -> bool | None:
    return None if value is None else not value


def _any(tests: list[Test]) -> Test:
    def either(obj: Any) -> bool | None:
        unknown = False
        for test in tests:
            found = test(obj)
            if found:
                return True
            unknown = unknown or found is None
        return None if unknown else False

    return either


def _all(tests: list[Test]) -> Test:
    def every(obj: Any) -> bool | None:
        unknown = False
        for test in tests:
            found = test(obj)
            if found is False:
                return False
            unknown = unknown or found is None
        return None if unknown else True

    return every
