"""Copies of a contact in uploads and exported files: they leave when the contact is erased (PIPL 47)."""

from collections.abc import Iterator
from functools import partial
from typing import Any
from urllib.parse import quote

from django.db import transaction
from django.db.models.fields.json import KT

from portal.exchange.models import ImportBatch, Job
from portal.exchange.registers import WORKBOOKS
from portal.kit import files


def forget_contact(sender: Any, *, name: str, number: str, **kwargs: Any) -> None:
    """Empty the uploads that name the contact, remove the exported lists of registers in which it stands."""
    for pk in list(_uploads_naming([word for word in (name, number) if word])):
        ImportBatch.objects.filter(pk=pk).update(content=None, blocks=None, lines=None, answers={})
    _drop_exports(name)


def _uploads_naming(words: list[str]) -> Iterator[int]:
    names = [name for name, workbook in WORKBOOKS.items() if workbook.names_contacts]
    rows = ImportBatch.objects.filter(workbook__in=names).exclude(blocks=None, lines=None)
    for batch in rows.only("pk", "blocks", "lines", "answers").iterator(chunk_size=1):
        kept = (bytes(batch.blocks or b"") + bytes(batch.lines or b"")).decode() + str(batch.answers)
        if any(word in kept for word in words):
            yield batch.pk


def _drop_exports(name: str) -> None:
    """A list of the service side may hold the contact; whoever needs it exports it again."""
    made = Job.objects.filter(kind=Job.Kind.EXPORT).annotate(asked=KT("parameters__query"), path=KT("parameters__path"))
    searched = made.filter(asked__contains=quote(name))
    listed = made.filter(path__startswith="/outreach/")
    keys = [key for key in (searched | listed).values_list("file_key", flat=True) if key]
    Job.objects.filter(file_key__in=keys).update(file_key=None)
    searched.delete()
    for key in keys:
        transaction.on_commit(partial(files.path_of(key).unlink, missing_ok=True))
