"""Files and photos of any register row: kept once, scoped by the row they belong to."""

import uuid
from typing import Any, Self

from django.apps import apps
from django.conf import settings
from django.db import models
from django.urls import reverse

from organizations.models.placed import Placed, PlacedQuerySet


class AboutQuerySet(PlacedQuerySet):
    def about(self, obj: models.Model) -> Self:
        """The rows that belong to `obj`."""
        return self.filter(register=obj._meta.label_lower, object_id=obj.pk)


class About(Placed):
    """A row that belongs to one row of any register and stands where that row stands."""

    register = models.CharField("登记册", max_length=60, editable=False)
    object_id = models.PositiveBigIntegerField("记录编号", editable=False)

    objects = AboutQuerySet.as_manager()

    class Meta:
        abstract = True
        indexes = [models.Index(fields=["register", "object_id"])]

    def attach_to(self, obj: Any) -> None:
        """Belong to `obj`: a Placed row, or a row whose `placed` names one."""
        host = obj if isinstance(obj, Placed) else obj.placed
        self.register, self.object_id = obj._meta.label_lower, obj.pk
        self.area, self.unit = host.area, host.unit

    def owner(self) -> Any:
        """The row that this belongs to."""
        return apps.get_model(self.register)._default_manager.get(pk=self.object_id)


class AttachmentQuerySet(AboutQuerySet):
    def kept(self) -> Self:
        return self.filter(removed_at=None)

    def photos(self) -> Self:
        return self.filter(is_photo=True)


class Attachment(About):
    """A file or a photo of a register row. A removed one leaves the page and stays in the history."""

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    thumbnail = models.UUIDField("缩略图", null=True, editable=False)
    name = models.CharField("文件名", max_length=150)
    caption = models.CharField("说明", max_length=100, blank=True)
    content_type = models.CharField("类型", max_length=100)
    is_photo = models.BooleanField("照片", default=False)
    size = models.PositiveIntegerField("大小（字节）")
    digest = models.CharField("SHA-256", max_length=64)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="attachments", verbose_name="上传人")
    at = models.DateTimeField("上传时间", auto_now_add=True)
    removed_at = models.DateTimeField("移除时间", null=True, editable=False)

    objects = AttachmentQuerySet.as_manager()

    class Meta(About.Meta):
        ordering = ["pk"]
        verbose_name = verbose_name_plural = "附件"

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("organizations:attachment_download", args=[self.key])

    def get_thumbnail_url(self):
        return reverse("organizations:attachment_thumbnail", args=[self.key])
