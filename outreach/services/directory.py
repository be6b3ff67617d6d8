"""Enterprises, officials and notices: what else must hold, and what ends with them."""

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from organizations.models import Level
from outreach.models import ContactRole, Enterprise, Notice, Official, Pairing
from outreach.services.places import close_place
from outreach.services.visits import work_of
from portal.kit import saving
from portal.kit.models import in_force


def with_paired(queryset: QuerySet, on: dt.date | None = None) -> QuerySet:
    """Annotate `paired`: whether an official looks after the row on `on`; for enterprises and contacts."""
    side = str(queryset.model._meta.model_name)
    pairings = Pairing.objects.filter(in_force(on), **{side: OuterRef("pk")})
    return queryset.annotate(paired=Exists(pairings))


@transaction.atomic
def close_enterprise(
    enterprise: Enterprise, *, until: dt.date, reason: str, by: Any, expected: int | None = None
) -> Enterprise:
    """Close an enterprise after `until`; its pairings and the roles of its heads end with it."""
    row = close_place(enterprise, until=until, reason=reason, by=by, expected=expected)
    for pairing in Pairing.objects.filter(enterprise=row, until=None).select_related("official", "enterprise", "area"):
        pairing.until, pairing.end = max(until, pairing.since), Pairing.End.CLOSED
        saving.save(pairing, by=by, reason=reason)
    for role in ContactRole.objects.filter(enterprise=row, until=None).select_related("contact__area", "enterprise"):
        role.until = max(until, role.since)
        saving.save(role, by=by, reason=reason)
    return row


@transaction.atomic
def close_official(
    official: Official, *, until: dt.date, reason: str, by: Any, expected: int | None = None
) -> Official:
    """An official leaves; refused while pairings or open work are theirs: those are handed over first."""
    work, pairings = work_of(official), Pairing.objects.filter(official=official, until=None).count()
    visits, requests = len(work.planned) + len(work.promised), len(work.requests)
    if pairings or visits or requests:
        raise ValidationError(
            f"{official}还有 {pairings} 项结对、{visits} 次计划或约定的走访、{requests} 件未办结的诉求，请先办理工作移交，再办理离任。"
        )
    return close_place(official, until=until, reason=reason, by=by, expected=expected)


@transaction.atomic
def save_notice(notice: Notice, *, by: Any, expected: int | None = None) -> Notice:
    """Keep a notice of a county; a text that somebody was given is not changed any more."""
    if notice.area.level != Level.COUNTY:
        raise ValidationError({"area": "告知书由县（市）统一制定，请选择县（市）。"})
    stored = Notice.objects.filter(pk=notice.pk).first()
    if stored and (stored.text, stored.name) != (notice.text, notice.name) and stored.contacts.exists():
        raise ValidationError({"text": "已有联系对象按这份告知书告知，内容和名称不能再改；请停用它，另新增一个版本。"})
    return saving.save(notice, by=by, expected=expected)


def notices_for(user: Any, on: dt.date | None = None) -> QuerySet[Notice]:
    """The notices that may be given today, of the user's county."""
    return Notice.objects.permitted(user).in_force(on or timezone.localdate()).select_related("area")
