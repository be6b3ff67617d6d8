"""All that is held on a person (PIPL 45): for the person who asks, on paper. Numbers stay masked: a report is not a reveal."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.utils import timezone

from organizations.models import Membership, Person
from organizations.services.reveals import reveals_of
from outreach.models import Contact, Pairing, Request, Visit
from portal.audit.models import Action, AuditEntry
from portal.kit.scope import code_range
from portal.kit.secrets import Phone, fingerprint

EXPORTED = "导出 联系对象"


class Section(NamedTuple):
    title: str
    lines: list[str]


def report_on(contact: Contact, user: Any = None) -> list[Section]:
    """What is held on a contact, section by section; of other registers what `user` may see, None for the operator: all."""
    people = same_people(contact.phone_fingerprint, user)
    found = [
        Section("登记内容", list(_facts(contact))),
        Section("公开身份", [_role(row) for row in contact.roles.select_related("enterprise", "organization")]),
        Section("结对联系", [_pairing(row) for row in _of(Pairing, user, contact=contact).select_related("official")]),
        Section("走访", [_visit(row) for row in _of(Visit, user, contacts=contact).prefetch_related("officials")]),
        Section("诉求", [_request(row) for row in _of(Request, user, contact=contact)]),
    ]
    return [*found, *_people(people, user), *_reads(contact, people)]


def found_by(name: str, phone: str) -> tuple[list[Contact], list[Person]]:
    """The records of a name or a number, wherever they stand."""
    same = Q(name=name) if name else Q(pk__in=[])
    if phone:
        same |= Q(phone_fingerprint=fingerprint(Phone(phone).reveal()))
    return list(Contact.objects.kept().filter(same)), list(Person.objects.current().filter(same))


def report_on_people(people: list[Person]) -> list[Section]:
    """What rosters hold on people who are no contacts."""
    return _people(people, None)


def same_people(digest: str, user: Any = None) -> list[Person]:
    """The people on rosters with the same number."""
    return list(_of(Person, user, phone_fingerprint=digest).select_related("area")) if digest else []


def _of(model: Any, user: Any, **lookups: Any) -> QuerySet:
    rows = model.objects.all() if user is None else model.objects.permitted(user)
    return rows.filter(**lookups)


def _facts(contact: Contact) -> Iterator[str]:
    names = ("name", "phone", "area", "unit", "purpose", "basis", "notice", "noticed_on", "consent_on", "review_by")
    for name in (*names, "restricted_on", "restriction"):
        value = getattr(contact, name)
        if value:
            shown = getattr(contact, f"get_{name}_display", lambda value=value: value)()
            field: Any = contact._meta.get_field(name)
            yield f"{field.verbose_name}：{shown}"


def _role(row: Any) -> str:
    return f"{row.since} 至 {row.until or '今'}：{row.get_role_display()} {row.where}".rstrip()


def _pairing(row: Any) -> str:
    return f"{row.since} 至 {row.until or '今'}：{row.official}"


def _visit(row: Any) -> str:
    return f"{row.on}：{'、'.join(str(one) for one in row.officials.all())}（{row.get_state_display()}）"


def _request(row: Any) -> str:
    return f"{row.reference}：{row.get_state_display()}"


def _people(people: list[Person], user: Any) -> list[Section]:
    posts = _of(Membership, user, person__in=people).select_related("organization", "person")
    lines = [
        f"{row.since} 至 {row.until or '今'}：{row.organization} {row.post}（{row.person.phone}）" for row in posts
    ]
    return [Section("花名册任职", lines)]


def _reads(contact: Contact, people: list[Person]) -> list[Section]:
    """Who saw the number, who changed the record, who took it along in a file."""
    rows = [contact, *people]
    return [
        Section("电话查看记录", [line for row in rows for line in _reveals(row)]),
        Section("修改记录", [_entry(entry) for entry in trail_of(rows)]),
        Section("含本人所在列表的导出", [_entry(entry) for entry in _exports(contact)]),
    ]


def trail_of(rows: list[Any]) -> QuerySet[AuditEntry]:
    about = Q(pk__in=[])
    for row in rows:
        about |= Q(model=row._meta.label_lower, object_id=str(row.pk))
    return AuditEntry.objects.filter(about).order_by("sequence")


def _exports(contact: Contact) -> QuerySet[AuditEntry]:
    """Exports of the list by whoever reaches the contact's county, since it was recorded."""
    made = trail_of([contact]).filter(action=Action.CREATED).values_list("at", flat=True).first()
    lo, hi = code_range(contact.area.tree_code[:6])
    exports = AuditEntry.objects.filter(action=Action.EXPORTED, sentence__contains=EXPORTED)
    exports = exports.filter(area_code__gte=lo, area_code__lt=hi).order_by("sequence")
    return exports.filter(at__gte=made) if made else exports


def _entry(entry: AuditEntry) -> str:
    return f"{timezone.localtime(entry.at):%Y-%m-%d %H:%M} {entry.sentence}"


def _reveals(row: Any) -> list[str]:
    return [f"{timezone.localtime(one.at):%Y-%m-%d %H:%M} {one}" for one in reveals_of(row)]
