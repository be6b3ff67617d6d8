"""The one road to a saved row: its version, the right to it, its audit row."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import models, transaction

from portal.audit.models import Action, Change, differences, named, record, snapshot
from portal.kit.models import StaleVersionError
from portal.kit.scope import require


@transaction.atomic
def save(
    obj: Any,
    *,
    by: Any,
    expected: int | None = None,
    reason: str = "",
    action: str | None = None,
    members: Mapping[str, Iterable[Any]] | None = None,
) -> Any:
    """Write `obj` for `by`, refuse a stale version or a row that leaves its user's scope, and put it on the trail.

    expected: the version that the page was made from; None for a new row or a step of a service.
    members: many-to-many field → its rows from now on; on the trail as lists of names.
    Raises StaleVersionError, PermissionDenied; then nothing is saved.
    """
    before: dict[str, str] = {}
    adding = obj._state.adding
    if not adding:
        stored = type(obj)._default_manager.select_for_update().get(pk=obj.pk)
        if expected is not None and stored.version != expected:
            raise StaleVersionError(stored)
        before = snapshot(stored)
        if hasattr(obj, "version"):
            obj.version = stored.version + 1
    obj.save()
    joined = [change for name, rows in (members or {}).items() for change in _joined(obj, name, list(rows))]
    require(by, "add" if adding else "change", obj)
    changes = [*differences(before, obj), *joined]
    if adding or changes or action:
        record(by, action or (Action.CREATED if adding else Action.UPDATED), obj, changes=changes, reason=reason)
    return obj


def _joined(obj: Any, name: str, rows: list[Any]) -> list[Change]:
    """Set a many-to-many field; the change as the trail says it, none where nothing changed."""
    manager = getattr(obj, name)
    before = list(manager.all())
    if {row.pk for row in before} == {row.pk for row in rows}:
        return []
    manager.set(rows)
    label = str(obj._meta.get_field(name).verbose_name)
    return [Change(name, label, "、".join(map(named, before)), "、".join(map(named, rows)))]


@transaction.atomic
def delete(obj: models.Model, *, by: Any, reason: str = "") -> None:
    """Remove a draft row for `by` and put what it held on the trail."""
    require(by, "delete", obj)
    before = snapshot(obj)
    changes = [
        Change(name, str(obj._meta.get_field(name).verbose_name), text, "") for name, text in before.items() if text
    ]
    record(by, Action.DELETED, obj, changes=changes, reason=reason)
    obj.delete()
