"""Bytes that are compressed and encrypted in the database, such as an upload in which people typed phones."""

import json
import zlib
from base64 import b64decode, b64encode
from typing import Any

from django.db import models
from django.db.models.functions import Substr

from portal.kit.secrets import open_bytes, seal_bytes, writing_key_id

LONGEST_KEY_ID = 64


class SealedField(models.BinaryField):
    """A binary field that is zlib-compressed, then sealed with the keys of FIELD_KEYS and bound to its column."""

    audit_private = True

    @property
    def label(self) -> str:
        """What its values are bound to: "app.model.field"."""
        return f"{self.model._meta.label_lower}.{self.name}"

    def value_to_string(self, obj: Any) -> str:
        """A dump holds what the database holds: sealed."""
        value = self.value_from_object(obj)
        return "" if value is None else b64encode(self._sealed(value)).decode()

    def to_python(self, value: Any) -> Any:
        """Bytes as they are; text is what a dump holds."""
        if not isinstance(value, str):
            return value
        return zlib.decompress(open_bytes(b64decode(value), self.label)) if value else None

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> bytes | None:
        return None if value is None else zlib.decompress(open_bytes(bytes(value), self.label))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        sealed = None if value is None else self._sealed(value)
        return super().get_db_prep_value(sealed, connection, prepared)

    def _sealed(self, value: Any) -> bytes:
        return seal_bytes(zlib.compress(bytes(value), 1), self.label)

    def stale(self) -> list[Any]:
        """The primary keys of the rows that are not written with today's first key."""
        head = Substr(models.F(self.name), 1, LONGEST_KEY_ID, output_field=models.BinaryField())
        rows = self.model._base_manager.exclude(**{f"{self.name}__isnull": True}).annotate(head=head)
        found = rows.order_by("pk").values_list("pk", "head")
        return [pk for pk, start in found if bytes(start).partition(b"$")[0].decode() != writing_key_id()]


class SealedJSONField(SealedField):
    """A JSON value, sealed: such as cells that a person corrected, a phone among them."""

    _pyi_private_set_type: Any  # what django-stubs reads for an attribute's type
    _pyi_private_get_type: Any

    def to_python(self, value: Any) -> Any:
        return json.loads(super().to_python(value)) if isinstance(value, str) and value else value

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        opened = super().from_db_value(value, expression, connection)
        return None if opened is None else json.loads(opened)

    def _sealed(self, value: Any) -> bytes:
        return super()._sealed(json.dumps(value, ensure_ascii=False).encode())
