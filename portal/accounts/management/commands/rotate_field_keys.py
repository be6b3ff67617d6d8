from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction

from portal.audit.models import Action, record
from portal.kit.sealed import SealedField
from portal.kit.secrets import EncryptedPhoneField, Phone, SecretError, writing_key_id

BATCH = 500


class Command(BaseCommand):
    help = (
        "Write every encrypted field with the first key of FIELD_KEYS, and its fingerprints with the key fp. "
        "Broken off, it goes on where it was; a second run changes nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        self.recorded, self.problems = False, []
        for model, field in encrypted_fields():
            self.rotate(model, field)
        for field in sealed_fields():
            self.reseal(field)
        if self.problems:
            raise CommandError("\n".join(["Some values were left as they are; keep every key.", *self.problems]))
        self.stdout.write(f"All is written with {writing_key_id()}; no other key than it and fp is needed.")

    def rotate(self, model: type[models.Model], field: EncryptedPhoneField) -> None:
        """One field of one model, a transaction for each batch."""
        last, total, changed, again = 0, 0, 0, True
        while again:
            with transaction.atomic():
                queryset = model._base_manager.select_for_update().filter(pk__gt=last).order_by("pk")
                rows = list(queryset.exclude(**{field.name: ""}).only("pk", *columns(model, field))[:BATCH])
                fresh = [row for row in rows if self.renew(row, field)]
                if fresh:
                    self.record_once()
                    model._base_manager.bulk_update(fresh, columns(model, field))
            last, again = rows[-1].pk if rows else last, len(rows) == BATCH
            total, changed = total + len(rows), changed + len(fresh)
        self.stdout.write(f"{field.label}: {total} values, {changed} written anew.")

    def renew(self, row: models.Model, field: EncryptedPhoneField) -> bool:
        """Whether `row` must be written: its key or its fingerprint is not today's."""
        phone, found = getattr(row, field.name), columns(type(row), field)
        try:
            fingerprints = dict.fromkeys(found[1:], phone.fingerprint)
        except SecretError as error:
            self.problems.append(f"{field.label}, row {row.pk}: {error}")
            return False
        stale = phone.key_id != writing_key_id()
        if stale:
            setattr(row, field.name, Phone.of(phone.reveal()))
        stale = stale or any(getattr(row, name) != value for name, value in fingerprints.items())
        for name, value in fingerprints.items():
            setattr(row, name, value)
        return stale

    def reseal(self, field: SealedField) -> None:
        """One field of sealed bytes, a transaction for each row: they are large."""
        changed = 0
        for pk in field.stale():
            try:
                with transaction.atomic():
                    row = field.model._base_manager.select_for_update().only("pk", field.name).get(pk=pk)
                    row.save(update_fields=[field.name])
                    self.record_once()
            except SecretError as error:
                self.problems.append(f"{field.label}, row {pk}: {error}")
            else:
                changed += 1
        self.stdout.write(f"{field.label}: {changed} written anew.")

    def record_once(self) -> None:
        """The run's one line on the trail, in the transaction of its first change."""
        if not self.recorded:
            record(None, Action.UPDATED, words=f"轮换字段密钥：改用密钥 {writing_key_id()}")
            self.recorded = True


def encrypted_fields() -> Iterator[tuple[type[models.Model], EncryptedPhoneField]]:
    for model in apps.get_models():
        for field in model._meta.local_concrete_fields:
            if isinstance(field, EncryptedPhoneField) and model._meta.managed:
                yield model, field


def sealed_fields() -> Iterator[SealedField]:
    for model in apps.get_models():
        yield from (field for field in model._meta.local_concrete_fields if isinstance(field, SealedField))


def columns(model: type[models.Model], field: EncryptedPhoneField) -> list[str]:
    """The field, and the column beside it that keeps its fingerprint."""
    beside = f"{field.name}_fingerprint"
    return [field.name, *(other.name for other in model._meta.local_concrete_fields if other.name == beside)]
