"""The append-only trail: what was done, by whom, to what, in words a person can read.

Every act that changes something calls `record` inside its own transaction; if the row cannot be
written, the act does not happen. The rows form a hash chain, and database triggers refuse UPDATE and DELETE.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal
from typing import Any, NamedTuple

from django.conf import settings
from django.db import IntegrityError, models, transaction
from django.utils import timezone

CHAIN_START = "0" * 64
PRIVATE = "（已隐去）"
PRIVATE_CHANGED = "（已隐去，已更改）"


class Action(models.TextChoices):
    CREATED = "created", "新增"
    UPDATED = "updated", "修改"
    DELETED = "deleted", "删除"
    OPENED = "opened", "开启"
    SUBMITTED = "submitted", "提交"
    RETURNED = "returned", "退回"
    SCORED = "scored", "评分"
    CONFIRMED = "confirmed", "确认"
    PUBLISHED = "published", "公布"
    CLOSED = "closed", "关闭"
    UNLOCKED = "unlocked", "解锁"
    GRANTED = "granted", "授权"
    REVOKED = "revoked", "撤销授权"
    AREA_CHANGED = "area_changed", "区划变更"
    IMPORTED = "imported", "导入"
    EXPORTED = "exported", "导出"
    DOWNLOADED = "downloaded", "下载"
    REVEALED = "revealed", "查看电话"
    LOGGED_IN = "logged_in", "登录"
    LOGGED_OUT = "logged_out", "退出登录"
    LOG_IN_FAILED = "log_in_failed", "登录失败"
    PASSWORD_CHANGED = "password_changed", "修改密码"
    REFUSED = "refused", "越权被拒"


CHANGING = {Action.UPDATED, Action.SCORED, Action.CONFIRMED}


class Origin(NamedTuple):
    """Where an act came from: the request's id and address; hung on `user.origin` by the middleware."""

    request_id: str = ""
    address: str = ""


class Hidden(str):
    """`PRIVATE` in every text; in memory it still knows the value, so that a change is seen without being shown."""

    value: Any

    def __new__(cls, value: Any) -> "Hidden":
        hidden = super().__new__(cls, PRIVATE)
        hidden.value = value
        return hidden


class Change(NamedTuple):
    """One field's change, both values as text that a person can read."""

    name: str
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Act:
    """One thing that was done, before it becomes a row."""

    action: str
    obj: models.Model | None = None
    changes: Iterable[Change] = field(default_factory=tuple)
    reason: str = ""
    words: str = ""
    area_code: str | None = None


class AuditHead(models.Model):
    """The end of the chain: one row, locked by whoever appends."""

    sequence = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, default=CHAIN_START)

    def __str__(self) -> str:
        return f"{self.sequence}"


class AuditEntry(models.Model):
    sequence = models.BigIntegerField("序号", primary_key=True)
    at = models.DateTimeField("时间")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="audit_entries", verbose_name="账号"
    )
    user_name = models.CharField("操作人", max_length=100)
    action = models.CharField("动作", max_length=20, choices=Action)
    model = models.CharField("对象类别", max_length=60, blank=True)
    object_id = models.CharField("对象编号", max_length=40, blank=True)
    object_text = models.CharField("对象", max_length=300, blank=True)
    area_code = models.CharField("所属区划", max_length=12, blank=True)
    sentence = models.TextField("内容")
    changes = models.JSONField("变更", default=list)
    reason = models.TextField("原因", blank=True)
    request_id = models.CharField("请求号", max_length=36, blank=True)
    address = models.CharField("地址", max_length=45, blank=True)
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    class Meta:
        ordering = ["-sequence"]
        verbose_name = verbose_name_plural = "审计记录"
        default_permissions = ()
        indexes = [
            models.Index(fields=["model", "object_id", "-sequence"]),
            models.Index(fields=["area_code", "-sequence"]),
            models.Index(fields=["-at"]),
        ]

    def __str__(self) -> str:
        return self.sentence

    def computed_digest(self) -> str:
        """SHA-256 over the row's own values and the digest before it."""
        values = [
            self.previous, self.sequence, self.at.astimezone(UTC).isoformat(),
            self.user_id, self.user_name, self.action, self.model, self.object_id, self.object_text, self.area_code,
            self.sentence, self.changes, self.reason, self.request_id, self.address,
        ]  # fmt: skip
        return hashlib.sha256(json.dumps(values, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


class Submission(models.Model):
    """One form or request that was carried out, by the key that its page was born with.

    The key is unique in the act's own transaction: a double click, a reload or a retry after a lost answer
    finds the first one's answer instead of acting again.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="submissions")
    key = models.CharField(max_length=64)
    at = models.DateTimeField(auto_now_add=True)
    answer = models.JSONField(default=dict)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="submission_once")]

    def __str__(self) -> str:
        return self.key


def claim(user: Any, key: str) -> tuple[Submission, bool]:
    """Take `key` for this act: (submission, is this the first time). Call it first inside the act's transaction."""
    try:
        with transaction.atomic():
            return Submission.objects.create(user=user, key=key), True
    except IntegrityError:
        return Submission.objects.get(user=user, key=key), False


def snapshot(obj: models.Model) -> dict[str, str]:
    """Field name → text of every audited field of `obj`; private fields give `Hidden`, or "" where they are empty."""
    private = getattr(obj, "audit_private", frozenset())
    skipped = getattr(obj, "audit_skip", frozenset()) | {"version", "updated_at", "created_at"}
    texts = {}
    for model_field in obj._meta.concrete_fields:
        if model_field.primary_key or model_field.name in skipped:
            continue
        text = _text(obj, model_field)
        if getattr(model_field, "audit_private", False):  # its text is a mask, which two values may share
            texts[model_field.name] = Hidden(getattr(obj, model_field.attname)) if text else ""
        else:
            texts[model_field.name] = Hidden(text) if text and model_field.name in private else text
    return texts


def named(obj: models.Model) -> str:
    """What the trail calls `obj`: its text, or `audit_text` where its text is a person's who may ask to be erased."""
    return getattr(obj, "audit_text", None) or str(obj)


def differences(before: Mapping[str, str], obj: models.Model) -> list[Change]:
    """What changed between a snapshot taken earlier and `obj` now."""
    texts = [(name, before.get(name, ""), after) for name, after in snapshot(obj).items()]
    return [
        Change(name, str(obj._meta.get_field(name).verbose_name), str(old), _said(old, new))
        for name, old, new in texts
        if _value(old) != _value(new)
    ]


def _value(text: str) -> Any:
    return text.value if isinstance(text, Hidden) else text


def _said(old: str, new: str) -> str:
    return PRIVATE_CHANGED if isinstance(old, Hidden) and isinstance(new, Hidden) else str(new)


def record(
    by: Any,
    action: str,
    obj: models.Model | None = None,
    *,
    changes: Iterable[Change] = (),
    reason: str = "",
    words: str = "",
    area_code: str | None = None,
) -> AuditEntry:
    """Append one act to the trail, in the caller's transaction.

    `by` is a user, or None for the system; `words` replaces the sentence made from `obj` and `changes`.
    """
    return record_many(by, [Act(action, obj, changes, reason, words, area_code)])[0]


@transaction.atomic
def record_many(by: Any, acts: Iterable[Act]) -> list[AuditEntry]:
    """Append many acts with four queries in all."""
    head = AuditHead.objects.select_for_update().get(pk=1)
    now = timezone.now()
    entries = []
    for act in acts:
        head.sequence += 1
        entry = _entry(by, act, head, now)
        head.digest = entry.digest
        entries.append(entry)
    AuditEntry.objects.bulk_create(entries, batch_size=500)
    head.save(update_fields=["sequence", "digest"])
    return entries


def verify() -> tuple[int, str]:
    """Walk the chain: (rows that are right, what is wrong with the first bad row or "")."""
    previous, expected, good = CHAIN_START, 1, 0
    for entry in AuditEntry.objects.order_by("sequence").iterator(chunk_size=2000):
        if entry.sequence != expected:
            return good, f"序号 {expected} 缺失"
        if entry.previous != previous or entry.computed_digest() != entry.digest:
            return good, f"序号 {entry.sequence} 的内容与校验值不符"
        previous, expected, good = entry.digest, expected + 1, good + 1
    head = AuditHead.objects.get(pk=1)
    if (head.sequence, head.digest) != (expected - 1, previous):
        return good, f"末尾缺失：应到序号 {head.sequence}，实到 {expected - 1}"
    return good, ""


def _entry(by: Any, act: Act, head: AuditHead, now: Any) -> AuditEntry:
    origin = getattr(by, "origin", None) or Origin()
    changes = list(act.changes)
    obj_text = named(act.obj)[:300] if act.obj is not None else ""
    entry = AuditEntry(
        sequence=head.sequence,
        at=now,
        user_id=getattr(by, "pk", None),
        user_name=str(by)[:100] if getattr(by, "pk", None) else "系统",
        action=act.action,
        model=act.obj._meta.label_lower if act.obj is not None else "",
        object_id=str(act.obj.pk) if act.obj is not None else "",
        object_text=obj_text,
        area_code=_area_code(by if act.obj is None else act.obj) if act.area_code is None else act.area_code,
        changes=[list(change) for change in changes],
        reason=act.reason,
        request_id=origin.request_id,
        address=origin.address,
        previous=head.digest,
    )
    entry.sentence = _sentence(entry, act, changes)
    entry.digest = entry.computed_digest()
    return entry


def _sentence(entry: AuditEntry, act: Act, changes: list[Change]) -> str:
    """ "张三 将 水坪镇·主题活动 得分 由 6.0 改为 5.5，原因：……" """
    if act.words:
        said = f"{entry.user_name} {act.words}"
    elif changes and act.action in CHANGING:
        said = f"{entry.user_name} 将 {entry.object_text} " + "；".join(
            f"{change.label} 由 {change.before or '空'} 改为 {change.after or '空'}" for change in changes
        )
    else:
        kind = act.obj._meta.verbose_name if act.obj is not None else ""
        said = f"{entry.user_name} {Action(act.action).label}{kind} {entry.object_text}".rstrip()
    return f"{said}，原因：{act.reason}" if act.reason else said


def _area_code(obj: models.Model | None) -> str:
    """The tree code of the area that `obj` belongs to, along its queryset's own `area_lookup`."""
    lookup = getattr(obj._meta.model._default_manager.all(), "area_lookup", None) if obj is not None else None
    if lookup is None:
        return ""
    for name in filter(None, lookup.split("__")):
        obj = getattr(obj, name, None)
    return getattr(obj, "tree_code", "") or ""


def _text(obj: models.Model, model_field: models.Field) -> str:
    if model_field.is_relation:
        related = getattr(obj, model_field.name)
        return "" if related is None else named(related)
    value = getattr(obj, model_field.attname)
    if isinstance(value, list):  # several of a list of choices
        return getattr(obj, f"get_{model_field.name}_display")()
    if model_field.choices:
        value = dict(model_field.flatchoices).get(value, value)
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return timezone.localtime(value).strftime("%Y-%m-%d %H:%M:%S") if hasattr(value, "tzinfo") else str(value)
