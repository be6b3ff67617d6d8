"""What hangs on a row without a foreign key of its own: then its import is not taken back."""

from collections.abc import Mapping, Sequence

from django.db import models

from organizations.models import Attachment, Check, FormerPlace


def used_rows(model: type[models.Model], pks: Sequence[int]) -> Mapping[int, str]:
    """Row id → "已有附件与它相连"."""
    found: dict[int, str] = {}
    for users in (Attachment, Check, FormerPlace):
        rows = users._default_manager.filter(register=model._meta.label_lower, object_id__in=pks)
        words = f"已有{users._meta.verbose_name}与它相连"
        found |= dict.fromkeys(rows.values_list("object_id", flat=True), words)
    return found
