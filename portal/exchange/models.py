"""What came in and what goes out: batches of imported rows, and jobs that work in the background."""

import datetime as dt
import json
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from organizations.models import PlacedQuerySet
from portal.kit.models import Versioned
from portal.kit.scope import ScopedQuerySet
from portal.kit.sealed import SealedField, SealedJSONField


class ImportBatch(Versioned):
    """One upload on its way: matched, looked at, written, maybe undone. Its content is encrypted and leaves after a time."""

    class State(models.TextChoices):
        COLUMNS = "columns", "列对应"
        PREVIEW = "preview", "核对变化"
        WRITTEN = "written", "已写入"
        UNDONE = "undone", "已撤销"
        DROPPED = "dropped", "已放弃"

    area = models.ForeignKey(
        "organizations.Area", models.PROTECT, related_name="import_batches", verbose_name="所属区划"
    )
    unit = models.ForeignKey(
        "organizations.Unit", models.PROTECT, null=True, related_name="import_batches", verbose_name="所属单位"
    )
    workbook = models.CharField("登记册", max_length=30)
    file_name = models.CharField("文件名", max_length=150)
    digest = models.CharField("文件校验值", max_length=64)
    state = models.CharField("状态", max_length=8, choices=State, default=State.COLUMNS)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="import_batches", verbose_name="导入人"
    )
    at = models.DateTimeField("上传时间", auto_now_add=True)
    parameters = models.JSONField("参数", default=dict)
    columns = models.JSONField("列对应", default=list)  # one list a block: column name, "" not imported, None unclear
    answers = SealedJSONField(default=dict)  # "sheet!row" → {column: text, "": new | skip | id}
    counts = models.JSONField("行数", default=dict)
    content = SealedField(null=True)  # the upload
    blocks = SealedField(null=True)  # what was read from it
    lines = SealedField(null=True)  # the preview; once written, every row's outcome
    written = SealedField(null=True)  # what undo needs
    written_at = models.DateTimeField("写入时间", null=True)
    undone_at = models.DateTimeField("撤销时间", null=True)

    objects = PlacedQuerySet.as_manager()
    audit_skip = frozenset({"columns", "answers", "content", "blocks", "lines", "written", "parameters"})

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ("view", "add", "change")
        verbose_name = verbose_name_plural = "导入批次"
        indexes = [models.Index(fields=["area", "-at"])]

    def __str__(self):
        return f"{self.file_name}（第 {self.pk} 批）"

    def get_absolute_url(self):
        return reverse("exchange:batch_detail", args=[self.pk])

    @property
    def undo_until(self) -> dt.datetime | None:
        return self.written_at + dt.timedelta(days=settings.IMPORT_UNDO_DAYS) if self.written_at else None

    @property
    def may_be_undone(self) -> bool:
        return self.state == self.State.WRITTEN and self.undo_until is not None and timezone.now() <= self.undo_until


HEAVY = ("content", "blocks", "lines", "answers", "written")  # what no list reads


def packed(value: Any) -> bytes:
    """JSON as it is kept in a SealedField."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def unpacked(content: bytes | memoryview | None) -> Any:
    return json.loads(bytes(content)) if content else None


class OwnQuerySet(ScopedQuerySet):
    """Rows of the user who made them, and of nobody else."""

    area_lookup = "area"

    def permitted(self, user: Any, action: str = "view") -> "OwnQuerySet":
        return super().permitted(user, action).filter(by=user)


class Job(Versioned):
    """Work that takes longer than a page: what it does, how far it is, whether it still lives, the file it made."""

    class Kind(models.TextChoices):
        PLAN = "plan", "核对导入"
        WRITE = "write", "写入导入"
        UNDO = "undo", "撤销导入"
        EXPORT = "export", "导出"

    class State(models.TextChoices):
        QUEUED = "queued", "排队中"
        RUNNING = "running", "进行中"
        DONE = "done", "已完成"
        FAILED = "failed", "没有完成"
        LOST = "lost", "已中断"

    area = models.ForeignKey(
        "organizations.Area", models.PROTECT, null=True, related_name="jobs", verbose_name="所属区划"
    )
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="jobs", verbose_name="发起人")
    kind = models.CharField("类别", max_length=8, choices=Kind)
    title = models.CharField("内容", max_length=150)
    state = models.CharField("状态", max_length=8, choices=State, default=State.QUEUED)
    batch = models.ForeignKey(ImportBatch, models.CASCADE, null=True, related_name="jobs", verbose_name="导入批次")
    parameters = models.JSONField("参数", default=dict)
    done = models.PositiveIntegerField("已处理", default=0)
    total = models.PositiveIntegerField("总数", default=0)
    words = models.CharField("说明", max_length=300, blank=True)
    at = models.DateTimeField("发起时间", auto_now_add=True)
    alive_at = models.DateTimeField("最近活动", default=timezone.now)
    finished_at = models.DateTimeField("完成时间", null=True)
    file_key = models.UUIDField("文件", null=True)
    file_name = models.CharField("文件名", max_length=150, blank=True)
    rows = models.PositiveIntegerField("数据行数", default=0)
    reach = models.CharField("权限校验值", max_length=64, blank=True)

    objects = OwnQuerySet.as_manager()
    audit_skip = frozenset({"parameters", "alive_at", "done", "total", "reach"})

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ("view", "add")
        verbose_name = verbose_name_plural = "后台任务"
        indexes = [models.Index(fields=["by", "-at"])]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("exchange:job_detail", args=[self.pk])

    @property
    def is_open(self) -> bool:
        return self.state in {self.State.QUEUED, self.State.RUNNING}

    @property
    def expires_at(self) -> dt.datetime | None:
        return self.finished_at + dt.timedelta(hours=settings.EXPORT_KEEP_HOURS) if self.finished_at else None

    @property
    def percent(self) -> int:
        """100 only once it is done; 0 where nobody can tell yet."""
        if self.state == self.State.DONE:
            return 100
        return min(99, self.done * 100 // self.total) if self.total else 0


class ColumnChoice(models.Model):
    """What a user once said a heading means, so that it is not asked again. An empty column means 不导入."""

    unscoped = "asked by its own user alone"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="column_choices")
    workbook = models.CharField(max_length=30)
    heading = models.CharField(max_length=200)
    column = models.CharField(max_length=40, blank=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "workbook", "heading"], name="column_choice_once")]

    def __str__(self):
        return f"{self.heading} → {self.column}"


def purgeable(now: dt.datetime | None = None) -> Q:
    """Batches whose content is not needed any more."""
    limit = (now or timezone.now()) - dt.timedelta(days=settings.IMPORT_UNDO_DAYS)
    return Q(at__lt=limit) & ~Q(content=None)
