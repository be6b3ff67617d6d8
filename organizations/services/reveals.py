"""Looking at a phone number: counted, written down, then shown (security.md 18)."""

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from organizations.models import Area, PhoneReveal, RevealCount
from portal.audit.models import Action, named, record


def reveal_phone(obj: Any, *, reason: str, by: Any) -> str:
    """The digits of `obj.phone`, after the look was counted and written down and that is committed.

    Raises PermissionDenied where `by` may not; ValidationError where the row refuses or the day's limit is reached.
    Must not run inside a transaction that could still be rolled back: then no number leaves.
    """
    with transaction.atomic(durable=True):
        stored = type(obj)._default_manager.select_for_update(of=("self",)).get(pk=obj.pk)
        if not type(obj)._default_manager.all().permitted(by, "reveal").filter(pk=obj.pk).exists():
            raise PermissionDenied("您的账号没有查看这个电话的权限。")
        if refusal := why_not(stored):
            raise ValidationError(refusal)
        _count(by)
        reveal = _written(stored, reason, by)
        words = f"查看 {named(stored)} 的电话，事由：{reveal.get_reason_display()}"
        record(by, Action.REVEALED, stored, words=words)
    return stored.phone.reveal()


def why_not(obj: Any) -> str:
    """ "" where the number of `obj` may be looked at, else why not, whoever asks."""
    if not obj.phone:
        return "没有登记电话。"
    return "" if getattr(obj, "may_reveal", lambda: True)() else "这条记录已限制处理，不能查看电话。"


def reveals_of(obj: Any) -> QuerySet[PhoneReveal]:
    """Who looked at the number of `obj`, newest first."""
    return PhoneReveal.objects.about(obj).select_related("by")


def left_today(user: Any) -> int:
    """How many numbers the account may still look at today."""
    used = RevealCount.objects.filter(user=user, on=timezone.localdate()).values_list("number", flat=True).first() or 0
    return max(settings.PHONE_REVEALS_A_DAY - used, 0)


def _count(user: Any) -> None:
    today = timezone.localdate()
    RevealCount.objects.get_or_create(user=user, on=today)
    mine = RevealCount.objects.filter(user=user, on=today, number__lt=settings.PHONE_REVEALS_A_DAY)
    if not mine.update(number=F("number") + 1):
        raise ValidationError(
            f"今天已查看 {settings.PHONE_REVEALS_A_DAY} 个电话，达到每日上限；请明天再办，或联系系统管理员。"
        )


def _written(obj: Any, reason: str, by: Any) -> PhoneReveal:
    reveal = PhoneReveal(reason=reason, by=by, register=obj._meta.label_lower, object_id=obj.pk)
    area: Area = obj.area
    reveal.area, reveal.unit = area, getattr(obj, "unit", None)
    reveal.full_clean(exclude=["unit"])
    reveal.save()
    return reveal
