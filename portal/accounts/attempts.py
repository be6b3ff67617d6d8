"""Wrong tries counted per account and place, in the database, before the try is looked at (security.md 3)."""

import datetime as dt
import math

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from portal.accounts.models import LoginAttempt


def reserve(name: str, address: str) -> bool:
    """Count one try; False where the limit is reached and the lock still holds."""
    now = timezone.now()
    until = now + dt.timedelta(minutes=settings.LOGIN_LOCK_MINUTES)
    with transaction.atomic():
        LoginAttempt.objects.get_or_create(username=name, address=address)
        mine = LoginAttempt.objects.filter(username=name, address=address)
        mine.filter(locked_until__lte=now).update(failures=0, locked_until=None)
        taken = mine.filter(failures__lt=settings.LOGIN_ATTEMPTS).update(failures=F("failures") + 1, locked_until=until)
    return bool(taken)


def minutes_left(name: str, address: str) -> int:
    """Minutes until the lock lifts by itself, at least 1."""
    until = LoginAttempt.objects.filter(username=name, address=address).values_list("locked_until", flat=True).first()
    return max(1, math.ceil((until - timezone.now()).total_seconds() / 60)) if until else 1
