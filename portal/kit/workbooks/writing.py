"""What an import writes in bulk, and how it is taken back."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple, cast

from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.db import models
from django.db.models import ProtectedError
from django.utils import timezone

from portal.audit.models import Act, Action, named, record_many

BATCH, CHUNK, RECORDED = 500, 5000, 1000
STAMPS = ("version", "updated_at")
Used = Callable[[type[models.Model], Sequence[int]], Mapping[int, str]]  # row id → what uses it


class Trace(NamedTuple):
    """What was written, for undo: a row's model, key and version after it; `before` of a changed row, None of a new one."""

    model: str
    pk: int
    version: int
    before: dict[str, Any] | None
    sheet: str
    number: int


def prepare(obj: Any) -> None:
    """The derived columns that `save` would fill."""
    if hasattr(obj, "prepare"):
        obj.prepare()


def update(model: type[models.Model], rows: Sequence[Any], names: Iterable[str]) -> None:
    """Write fields of many rows: an upsert by key, since Django's bulk_update grows with rows × fields."""
    if rows:
        fields = sorted({*names, *STAMPS})
        model._default_manager.bulk_create(
            rows, batch_size=BATCH, update_conflicts=True, unique_fields=["pk"], update_fields=fields
        )


def record_all(by: Any, acts: Iterable[Act]) -> None:
    """Append any number of acts to the trail without holding all of its rows in memory."""
    waiting = iter(acts)
    while some := list(islice(waiting, RECORDED)):
        record_many(by, some)


def require_all(model: type[models.Model], pks: Sequence[int], user: Any) -> None:
    """Every row that was written is the user's to write, after the fact; else all is rolled back."""
    rows: Any = model._default_manager
    allowed = sum(rows.permitted(user, "change").filter(pk__in=part).count() for part in _parts(pks))
    if allowed != len(pks):
        raise PermissionDenied(f"有 {len(pks) - allowed} 行写入后不在您的权限范围内，已全部撤回。")


def take_back(traces: Sequence[Trace], user: Any, words: str, used: Used) -> list[tuple[Trace, str]]:
    """Take back what was written, or say of each row why not; then nothing is changed.

    Called inside a transaction. A row that was saved again since, or that something uses, is not taken back.
    """
    by_model: dict[str, list[Trace]] = {}
    for trace in traces:
        by_model.setdefault(trace.model, []).append(trace)
    refused: list[tuple[Trace, str]] = []
    for label in reversed(by_model):  # what was written last hangs on what was written first
        model = apps.get_model(label)
        refused += _refused(model, by_model[label], used) or _undo(model, by_model[label], user, words)
    return refused


def _refused(model: type[models.Model], traces: Sequence[Trace], used: Used) -> list[tuple[Trace, str]]:
    made = [trace.pk for trace in traces if trace.before is None]
    users = used(model, made)
    rows = _rows(model, traces)
    said = [(trace, _touched(rows.get(trace.pk), trace) or users.get(trace.pk, "")) for trace in traces]
    return [pair for pair in said if pair[1]]


def _rows(model: type[models.Model], traces: Sequence[Trace]) -> dict[int, Any]:
    rows: dict[int, Any] = {}
    for part in _parts([trace.pk for trace in traces]):
        rows |= {row.pk: row for row in model._default_manager.select_for_update(of=("self",)).filter(pk__in=part)}
    return rows


def _touched(row: Any, trace: Trace) -> str:
    if row is None:
        return "已被删除"
    return "" if row.version == trace.version else "写入以后又有人改过"


def _undo(model: type[models.Model], traces: Sequence[Trace], user: Any, words: str) -> list[tuple[Trace, str]]:
    rows = _rows(model, traces)
    require_all(model, list(rows), user)
    record_all(user, (_act(rows[trace.pk], trace, words) for trace in traces))
    _restore(model, [(rows[trace.pk], trace) for trace in traces if trace.before is not None])
    made = [trace for trace in traces if trace.before is None]
    try:
        for part in _parts([trace.pk for trace in made]):
            model._default_manager.filter(pk__in=part).delete()
    except ProtectedError as error:
        users = "、".join(sorted({str(obj._meta.verbose_name) for obj in error.protected_objects}))
        return [(trace, f"已有{users}与它相连") for trace in made]
    return []


def _act(row: Any, trace: Trace, words: str) -> Act:
    return Act(Action.UPDATED if trace.before is not None else Action.DELETED, row, words=f"{words}：{named(row)}")


def _restore(model: type[models.Model], pairs: Sequence[tuple[Any, Trace]]) -> None:
    names: set[str] = set()
    now = timezone.now()
    for row, trace in pairs:
        for name, value in (trace.before or {}).items():
            model_field = cast(models.Field, model._meta.get_field(name))
            setattr(row, model_field.attname, value if model_field.is_relation else model_field.to_python(value))
            names.add(name)
        row.version += 1
        row.updated_at = now
        prepare(row)
    update(model, [row for row, _ in pairs], names | derived(model))


def derived(model: type[models.Model]) -> set[str]:
    """The columns that `prepare` fills."""
    own = {model_field.name for model_field in model._meta.concrete_fields}
    return own & {"pinyin", "phone_fingerprint"}


def _parts(pks: Sequence[int]) -> list[Sequence[int]]:
    return [pks[start : start + CHUNK] for start in range(0, len(pks), CHUNK)]
