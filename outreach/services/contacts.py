"""Contacts: recorded with a first public role, renewed, restricted, erased (security.md 16-19, PIPL 13-19, 44-47).

Erasing empties the row and takes away what hangs on it; what it held is written nowhere, neither in the tombstone, nor on the
trail, nor in the list of erasures from which a restored backup is brought up to date.
"""

import calendar
import datetime as dt
import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.dispatch import Signal
from django.utils import timezone

from outreach.models import SERVICE_ROLES, Contact, ContactRole, Pairing, Tombstone, Visit
from outreach.models.directory import LONGEST_KEPT_YEARS
from outreach.services.places import check_place
from portal.accounts.models import SavedFilter
from portal.audit.models import Action, AuditEntry, record
from portal.kit import saving
from portal.kit.models import in_force
from portal.kit.scope import require
from portal.kit.secrets import SecretError, fingerprint

MOST = 5
REGISTER = Contact._meta.label_lower
contact_erased = Signal()  # before a record is emptied: `name`, `number`, for whoever keeps copies of rows
NAMED_REASON = "原因会长期保存在修改记录里，请不要写本人姓名。"


def years_after(day: dt.date, years: int) -> dt.date:
    """The same day so many years later; 29 February becomes the 28th."""
    last = calendar.monthrange(day.year + years, day.month)[1]
    return day.replace(year=day.year + years, day=min(day.day, last))


def default_review(day: dt.date | None = None) -> dt.date:
    """A year from `day`: how long a record is kept unless somebody says otherwise."""
    return years_after(day or timezone.localdate(), 1)


def latest_review(day: dt.date | None = None) -> dt.date:
    return years_after(day or timezone.localdate(), LONGEST_KEPT_YEARS)


def similar_contacts(user: Any, name: str, phone: str = "", *, but: int | None = None) -> QuerySet[Contact]:
    """Records that may be the same person, within scope: the same name, or the same number (its digits)."""
    same = Q(name=name.strip()) if name.strip() else Q(pk__in=[])
    if phone:
        same |= Q(phone_fingerprint=fingerprint(phone))
    return Contact.objects.permitted(user).kept().filter(same).exclude(pk=but or 0).select_related("area")[:MOST]


def check_contact(contact: Contact, roles: Iterable[str] = ()) -> None:
    """What must hold besides the model: the term, the notice, the consent that `roles` ask for; ValidationError by field."""
    check_place(contact)
    today, problems = timezone.localdate(), {}
    if contact.noticed_on > today:
        problems["noticed_on"] = "告知日期不能晚于今天；先告知，再登记。"
    if contact.consent_on and contact.consent_on > today:
        problems["consent_on"] = "同意日期不能晚于今天。"
    if contact.consent_on is None and (contact.basis == Contact.Basis.CONSENT or set(roles) & set(SERVICE_ROLES)):
        problems["consent_on"] = "处理依据为本人同意的、台胞和侨务服务登记人，请填写同意日期。"
    problems |= _term_problem(contact.review_by, today) | _notice_problem(contact)
    if problems:
        raise ValidationError(problems)


def check_role(role: ContactRole) -> None:
    """What must hold between a role, its contact and where it is held; ValidationError by field."""
    problems = {}
    if role.since > timezone.localdate():
        problems["since"] = "起始日期不能晚于今天。"
    county = role.contact.area.tree_code[:6]
    for name in ("enterprise", "organization"):
        place = getattr(role, name)
        if place and place.area.tree_code[:6] != county:
            problems[name] = f"{place}不在同一个县（市）。"
    if role.role in SERVICE_ROLES and role.contact.consent_on is None:
        problems["role"] = "台胞和侨务服务登记人须本人同意；请先在联系对象里填写同意日期。"
    if problems:
        raise ValidationError(problems)


def refuse_restricted(contact: Contact) -> None:
    """Nothing is done with a record whose processing somebody asked to restrict, or that is erased."""
    if contact.erased_at:
        raise ValidationError("这个联系对象已删除，不能再办理。")
    if contact.restricted_on:
        raise ValidationError(f"已于 {contact.restricted_on} 限制处理，请先解除限制再办理。")


def refuse_named(contact: Contact, reason: str) -> None:
    """A reason stays on the trail for good: the name of who may ask to be erased does not belong there."""
    if contact.name and contact.name in reason:
        raise ValidationError({"reason": NAMED_REASON})


@transaction.atomic
def add_contact(contact: Contact, role: ContactRole, *, by: Any) -> Contact:
    """Record a contact together with the first public role."""
    check_contact(contact, [role.role])
    role.contact = contact
    check_role(role)
    saving.save(contact, by=by)
    role.contact = contact
    role.full_clean()
    saving.save(role, by=by)
    return contact


@transaction.atomic
def save_contact(contact: Contact, *, by: Any, expected: int | None = None, reason: str = "") -> Contact:
    """Correct a record (PIPL 46)."""
    stored = Contact.objects.select_for_update().get(pk=contact.pk)
    refuse_restricted(stored)
    refuse_named(stored, reason)
    refuse_named(contact, reason)
    check_contact(contact, roles_now(contact))
    return saving.save(contact, by=by, expected=expected, reason=reason)


@transaction.atomic
def renew_contact(contact: Contact, *, review_by: dt.date, by: Any, expected: int | None = None) -> Contact:
    """复核续期: the record was looked at and is kept until `review_by`, three years at most."""
    row = Contact.objects.select_for_update().get(pk=contact.pk)
    refuse_restricted(row)
    if problem := _term_problem(review_by, timezone.localdate()):
        raise ValidationError(problem)
    row.review_by = review_by
    return saving.save(row, by=by, expected=expected, reason="复核续期", action=Action.CONFIRMED)


@transaction.atomic
def restrict_contact(contact: Contact, *, restriction: str, by: Any, expected: int | None = None) -> Contact:
    """限制处理: the record is kept and not used until the restriction is lifted."""
    row = Contact.objects.select_for_update().get(pk=contact.pk)
    require(by, "erase", row)
    refuse_restricted(row)
    row.restricted_on, row.restriction = timezone.localdate(), restriction
    return saving.save(row, by=by, expected=expected)


@transaction.atomic
def lift_restriction(contact: Contact, *, reason: str, by: Any, expected: int | None = None) -> Contact:
    row = Contact.objects.select_for_update().get(pk=contact.pk)
    require(by, "erase", row)
    if row.restricted_on is None:
        raise ValidationError("没有限制处理，不用解除。")
    refuse_named(row, reason)
    row.restricted_on, row.restriction = None, ""
    return saving.save(row, by=by, expected=expected, reason=reason)


@transaction.atomic
def add_role(role: ContactRole, *, by: Any) -> ContactRole:
    contact = Contact.objects.select_for_update().get(pk=role.contact_id)
    refuse_restricted(contact)
    held = ContactRole.objects.filter(
        in_force(), contact=contact, role=role.role, enterprise=role.enterprise, organization=role.organization
    )
    if held.filter(employer=role.employer, post=role.post).exists():
        raise ValidationError("这个公开身份已经登记。")
    check_role(role)
    return saving.save(role, by=by)


@transaction.atomic
def end_role(role: ContactRole, *, until: dt.date, reason: str, by: Any, expected: int | None = None) -> ContactRole:
    """End a role after `until`; it leaves the lists and stays in the page's history."""
    row = ContactRole.objects.select_for_update().get(pk=role.pk)
    refuse_restricted(row.contact)
    refuse_named(row.contact, reason)
    if row.until is not None:
        raise ValidationError(f"已于 {row.until} 结束，不用再办。")
    if until > timezone.localdate():
        raise ValidationError({"until": "结束日期不能晚于今天。"})
    if until < row.since:
        raise ValidationError({"until": f"结束日期不能早于起始日期 {row.since}。"})
    row.until = until
    return saving.save(row, by=by, expected=expected, reason=reason)


@transaction.atomic
def erase_contact(
    contact: Contact, reason: str, by: Any = None, *, at: dt.datetime | None = None, listed: bool = True
) -> Contact:
    """Empty a record for good and leave a tombstone. by: None for the nightly job and for a replay.

    at: when it was erased first, where a restored backup is erased again; such a line already stands in the list
    (`listed` False). Raises ValidationError where it is erased already or must be kept for a court.
    """
    row = Contact.objects.select_for_update().select_related("area").get(pk=contact.pk)
    if by is not None:
        require(by, "erase", row)
    if row.erased_at:
        raise ValidationError("这个联系对象已经删除，不用再办。")
    if row.restriction == Contact.Restriction.LITIGATION:
        raise ValidationError("这个联系对象依法留存备查，解除限制以后才能删除。")
    at = at or timezone.now()
    contact_erased.send(Contact, name=row.name, number=_number(row))
    _forget_searches(row.name)
    _take_apart(row, at, by)
    _empty(row, at)
    tomb = {"area": row.area, "reason": reason, "by": by, "at": at}
    Tombstone.objects.get_or_create(register=REGISTER, object_id=row.pk, defaults=tomb)
    words = f"删除 {row.audit_text}，{Tombstone.Reason(reason).label}"
    record(by, Action.DELETED, row, words=words)
    if listed:
        transaction.on_commit(lambda: _list_erasure(row.pk, reason, at))
    transaction.on_commit(overwrite)
    return row


def expire_contacts(on: dt.date) -> tuple[list[int], int]:
    """Erase what nobody renewed by the day before `on`: (numbers erased, records kept for a court)."""
    passed = Contact.objects.kept().filter(review_by__lt=on)
    kept = passed.filter(restriction=Contact.Restriction.LITIGATION)
    erased = []
    for contact in passed.exclude(pk__in=kept.values("pk")).order_by("pk"):
        erase_contact(contact, Tombstone.Reason.EXPIRED)
        erased.append(contact.pk)
    return erased, kept.count()


def complete_list() -> int:
    """Add the erasures that the list lacks: made on another machine, or broken off between commit and disk. How many."""
    path = erasures_file()
    listed = {(line["register"], line["object_id"]) for line in _erasures(path)} if path.exists() else set()
    lacking = [tomb for tomb in Tombstone.objects.order_by("pk") if (tomb.register, tomb.object_id) not in listed]
    for tomb in lacking:
        _list_erasure(tomb.object_id, tomb.reason, tomb.at)
    return len(lacking)


def replay_erasures(path: Path) -> tuple[int, int]:
    """Erase again what a restored backup brought back: (lines read, records erased)."""
    lines = list(_erasures(path))
    return len(lines), sum(_erase_again(line) for line in lines)


def erasures_file() -> Path:
    return Path(settings.DATA_DIR) / "erasures.jsonl"


def roles_now(contact: Contact) -> list[str]:
    """The roles that a contact holds today."""
    return list(contact.roles.filter(in_force()).values_list("role", flat=True))


def _term_problem(review_by: dt.date, today: dt.date) -> dict[str, str]:
    if review_by <= today:
        return {"review_by": "保存期限应晚于今天。"}
    latest = latest_review(today)
    return {"review_by": f"保存期限最长三年，不能晚于 {latest}。"} if review_by > latest else {}


def _notice_problem(contact: Contact) -> dict[str, str]:
    notice = contact.notice
    if notice.area.tree_code[:6] != contact.area.tree_code[:6]:
        return {"notice": "请选择本县（市）的告知书。"}
    if not notice.holds_on(contact.noticed_on):
        return {"notice": f"{notice}在告知日期 {contact.noticed_on} 没有启用，请核对告知书和日期。"}
    return {}


def _number(row: Contact) -> str:
    """The digits by which copies are found; "" where the key is lost, which must not stop an erasure."""
    phone: Any = row.phone
    try:
        return phone.reveal() if phone else ""
    except SecretError:
        return ""


def _take_apart(row: Contact, at: dt.datetime, by: Any) -> None:
    """Roles go, pairings end, visits name the person no more."""
    row.roles.all().delete()
    Visit.contacts.through.objects.filter(contact=row).delete()
    for pairing in Pairing.objects.filter(contact=row, until=None):
        pairing.until = max(pairing.since, timezone.localdate(at))
        pairing.end, pairing.version = Pairing.End.ERASED, pairing.version + 1
        pairing.save()
        record(by, Action.UPDATED, pairing, words=f"结束 {row.audit_text} 的结对，因联系对象已删除")


def _empty(row: Contact, at: dt.datetime) -> None:
    row.name, row.phone = "", ""  # type: ignore[assignment]  # the field makes a Phone of it
    row.restricted_on, row.restriction = None, ""
    row.erased_at, row.version = at, row.version + 1
    row.save()


def _forget_searches(name: str) -> None:
    """A saved filter of a list may hold the name that was searched for."""
    SavedFilter.objects.filter(query__contains=quote(name)).delete()


def _list_erasure(pk: int, reason: str, at: dt.datetime) -> None:
    """One line in the list that is kept apart from the database's backups; on the disk before this returns."""
    line = {"register": REGISTER, "object_id": pk, "reason": reason, "at": at.isoformat()}
    file = os.open(erasures_file(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(file, f"{json.dumps(line)}\n".encode())
        os.fsync(file)
    finally:
        os.close(file)


def overwrite() -> None:
    """SQLite overwrites what was deleted (secure_delete); the log beside the file is folded in, so that it keeps no copy."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _erasures(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a list of erasures. Raises ValidationError that names the line."""
    with path.open(encoding="utf-8") as file:
        for number, text in enumerate(file, 1):
            try:
                line = json.loads(text)
                line["at"] = dt.datetime.fromisoformat(line["at"])
                line["reason"] = Tombstone.Reason(line["reason"])
                yield line | {"object_id": int(line["object_id"])}
            except (ValueError, KeyError, TypeError) as error:
                raise ValidationError(f"第 {number} 行不是一条删除记录。") from error


def _erase_again(line: dict[str, Any]) -> bool:
    """Whether the record was there again. One that was made after the erasure is somebody else under the same number."""
    contact = Contact.objects.kept().filter(pk=line["object_id"]).first()
    if line["register"] != REGISTER or contact is None:
        return False
    made = AuditEntry.objects.filter(model=REGISTER, object_id=str(contact.pk), action=Action.CREATED)
    if made.filter(at__gt=line["at"]).exists():
        return False
    if contact.restricted_on:  # the backup's state: what was erased later had been freed before
        Contact.objects.filter(pk=contact.pk).update(restricted_on=None, restriction="")
    erase_contact(contact, line["reason"], at=line["at"], listed=False)
    return True
