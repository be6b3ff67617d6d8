"""Files and photos of register rows: checked, kept once, removed with a reason, moved with the row they belong to."""

import io
import uuid
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.utils import timezone
from PIL import Image

from organizations.models import About, Answer, Attachment, Check, Placed, registers
from portal.audit.models import Action, record
from portal.kit import files, saving
from portal.kit.forms import check_words
from portal.kit.scope import permission_for, require

MOST_FILES = 100  # kept files of one row
LONGEST_CAPTION = 100
THUMBNAIL = 320  # pixels of a thumbnail's longer side


def owners() -> dict[str, type[models.Model]]:
    """Label → the models whose rows may have files; a person's row has none (security.md 16)."""
    found: list[type[models.Model]] = [
        model for model in registers() if not issubclass(model, About) and getattr(model, "takes_files", True)
    ]
    found.append(Answer)
    return {model._meta.label_lower: model for model in found}


def readable(user: Any) -> Any:
    """The kept files that `user` may fetch: where they stand, and of registers that the user may read at all."""
    labels = [label for label, model in owners().items() if user.has_perm(permission_for(model, "view"))]
    return Attachment.objects.permitted(user).kept().filter(register__in=labels)


@transaction.atomic
def attach(obj: Any, upload: Any, *, by: Any, caption: str = "") -> Attachment:
    """Keep a checked file for a register row or an answer; the same file twice is kept once.

    Raises ValidationError with what is wrong with the file, PermissionDenied unless `by` may change `obj`.
    """
    caption = _short(caption)
    checked = files.check(upload)
    obj = type(obj)._default_manager.select_for_update().get(pk=obj.pk)
    _require_open(obj, by)
    kept = {attachment.digest: attachment for attachment in Attachment.objects.kept().about(obj)}
    if checked.digest in kept:
        return kept[checked.digest]
    if len(kept) >= MOST_FILES:
        raise ValidationError(f"每条记录最多 {MOST_FILES} 个文件，请先移除不需要的。")
    attachment = Attachment(
        name=checked.name, caption=caption, content_type=checked.content_type, size=len(checked.content),
        is_photo=checked.content_type.startswith("image/"), digest=checked.digest, by=by,
    )  # fmt: skip
    attachment.attach_to(obj)
    files.store(attachment.key, checked.content)
    if attachment.is_photo:
        attachment.thumbnail = uuid.uuid4()
        files.store(attachment.thumbnail, thumbnail_of(checked.content))
    saving.save(attachment, by=by)
    record(by, Action.UPDATED, obj, words=f"为 {obj} 上传 {attachment.name}")
    return attachment


@transaction.atomic
def remove(attachment: Attachment, *, by: Any, reason: str) -> Attachment:
    """Take a file off its page; it stays in the history, and the file itself stays on the disk."""
    reason = reason.strip()
    if not reason:
        raise ValidationError("请写明移除的原因。")
    attachment = Attachment.objects.select_for_update().get(pk=attachment.pk)
    if attachment.removed_at is not None:
        raise ValidationError("这个文件已被移除。")
    require(by, "delete", attachment)
    obj = attachment.owner()
    _require_open(obj, by)
    attachment.removed_at = timezone.now()
    saving.save(attachment, by=by, reason=check_words(reason), action=Action.DELETED)
    record(by, Action.UPDATED, obj, reason=reason, words=f"移除 {obj} 的 {attachment.name}")
    return attachment


def follow(obj: Placed) -> None:
    """Put what hangs on a register row where the row stands now; call it after a save that may have moved the row."""
    checks = Check.objects.about(obj)
    answers = Answer.objects.filter(inspection__in=checks).values("pk")
    hanging = [checks, Attachment.objects.about(obj)]
    hanging.append(Attachment.objects.filter(register=Answer._meta.label_lower, object_id__in=answers))
    for rows in hanging:
        rows.update(area=obj.area, unit=obj.unit)


def thumbnail_of(content: bytes) -> bytes:
    """A JPEG of at most THUMBNAIL pixels a side; what is transparent becomes white."""
    with Image.open(io.BytesIO(content)) as image:
        drawn = image.convert("RGBA")
    drawn.thumbnail((THUMBNAIL, THUMBNAIL))
    paper = Image.new("RGB", drawn.size, "white")
    paper.paste(drawn, mask=drawn.getchannel("A"))
    out = io.BytesIO()
    paper.save(out, "JPEG", quality=82)
    return out.getvalue()


def _short(caption: str) -> str:
    caption = check_words(caption.strip())
    if len(caption) > LONGEST_CAPTION:
        raise ValidationError(f"说明最多 {LONGEST_CAPTION} 个字。")
    return caption


def _require_open(obj: Any, by: Any) -> None:
    """The row may be changed, and a finished check keeps the files that it was finished with."""
    require(by, "change", obj)
    if isinstance(obj, Answer) and obj.inspection.status == Check.Status.DONE:
        raise ValidationError("这次核查已经完成，材料不能再增减；有新情况请另做一次核查。")
