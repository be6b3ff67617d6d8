"""Register rows move with their area: a merger carries them over from its day, the days before stay as they were."""

import datetime as dt
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from organizations.models import About, Area, FormerPlace, Person, registers

DAY = dt.timedelta(days=1)


def move_registers(area: Area, successor: Area, on: dt.date) -> int:
    """Put every row that stands in `area` into `successor` from `on`; the number of rows moved.

    A figure of a day before `on` finds the row where it stood (FormerPlace). Rows that ended before `on` keep their
    place in history and follow in scope, so that whoever keeps the successor can read them.
    """
    moved = 0
    for model in registers():
        label = model._meta.label_lower
        rows = model._default_manager.filter(area=area)
        pks = list(rows.values_list("pk", flat=True))
        if not issubclass(model, About):
            starts = _starts(label, pks, area)
            FormerPlace.objects.bulk_create(
                (FormerPlace(register=label, object_id=pk, area=area, since=starts[pk], until=on - DAY) for pk in pks),
                batch_size=500,
            )
            moved += len(pks)
        _place(rows, successor)
    Person.objects.filter(area=area).update(area=successor)
    return moved


def standing_rows(areas: Sequence[Area]) -> list[tuple[str, int]]:
    """(label, number) of the register rows that stand in `areas`; what hangs on a row is not counted apart."""
    found = [
        (str(model._meta.verbose_name), model._default_manager.filter(area__in=areas).count())
        for model in registers()
        if not issubclass(model, About)
    ]
    return [pair for pair in found if pair[1]]


def _place(rows: QuerySet, successor: Area) -> None:
    try:
        with transaction.atomic():
            rows.update(area=successor)
    except IntegrityError as error:
        label = rows.model._meta.verbose_name
        raise ValidationError(f"{successor}已有同名的{label}，请先给其中一个改名，再办理这项变更。") from error


def _starts(label: str, pks: list[int], area: Area) -> dict[int, dt.date]:
    """Row id → the day after its last move, or the day its area was set up."""
    last = {}
    former = FormerPlace.objects.filter(register=label, object_id__in=pks, until__isnull=False)
    for pk, until in former.values_list("object_id", "until"):
        last[pk] = max(until + DAY, last.get(pk, until + DAY))  # type: ignore[operator]  # filtered above
    return {pk: last.get(pk, area.since) for pk in pks}
