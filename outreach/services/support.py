"""Support funds obtained for enterprises: what must hold, saving, totals. Amounts in yuan."""

from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone

from outreach.models import Support
from portal.kit import saving


def yuan(amount: Decimal | None) -> str:
    """ "500,000.00": yuan with two decimals."""
    return f"{amount or Decimal(0):,.2f}"


def total_of(supports: QuerySet) -> Decimal:
    """The amounts of `supports` together."""
    return supports.order_by().aggregate(yuan=Sum("amount"))["yuan"] or Decimal(0)


def check_support(support: Support) -> None:
    """What must hold besides the model; ValidationError by field."""
    problems: dict[str, str] = {}
    if support.on and support.on > timezone.localdate():
        problems["on"] = "到位日期不能晚于今天；资金到位以后再登记。"
    if support.amount is not None and support.amount <= 0:
        problems["amount"] = "金额应大于 0。"
    if support.request is not None and support.request.enterprise_id != support.enterprise_id:
        problems["request"] = "这件诉求不是这家企业（协会）的，请重新选择。"
    if problems:
        raise ValidationError(problems)


@transaction.atomic
def save_support(support: Support, *, by: Any, expected: int | None = None) -> Support:
    """Save a support; it stands where its enterprise stands when it is entered or goes to another one."""
    check_support(support)
    stored = Support.objects.filter(pk=support.pk).values_list("enterprise_id", flat=True).first()
    if stored != support.enterprise_id:
        stand_with(support)
    return saving.save(support, by=by, expected=expected)


def stand_with(support: Support) -> None:
    """Put a support where its enterprise stands."""
    support.area, support.unit = support.enterprise.area, support.enterprise.unit
