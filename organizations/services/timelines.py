"""What happened to an organization, from every register that says so, as one line of days; three queries in all."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from django.db.models import BooleanField, CharField, F, QuerySet, Value
from django.db.models.functions import TruncDate
from django.utils import timezone

from organizations.models import (
    Attachment,
    Check,
    FormerPlace,
    Membership,
    Organization,
    RequiredPost,
    RosterConfirmation,
)
from portal.audit.models import Action, AuditEntry

KINDS = {
    "change": "登记变更", "member": "任职和换届", "confirmation": "花名册核实", "check": "标准核查", "file": "文件和照片",
    "move": "随区划转移",
}  # fmt: skip
REQUIRED = "required"
NAMES = 8  # people named in one line


class Event(NamedTuple):
    """One thing that happened on a day; `order` sorts those of one day."""

    day: dt.date
    order: int
    kind: str
    words: str
    by: str = ""

    @property
    def label(self) -> str:
        return KINDS[self.kind]


class Known(NamedTuple):
    """One row of any register, in the columns that all of them have."""

    source: str
    day: dt.date
    number: int
    flag: bool
    words: str
    by: str


class OrganizationRecord:
    """An organization's roster, files and events, loaded once for its page."""

    def __init__(self, organization: Organization, today: dt.date | None = None):
        self.organization, self.today = organization, today or timezone.localdate()
        self.on = min(self.today, organization.until or self.today)
        everyone = Membership.objects.filter(organization=organization).select_related("person")
        self.memberships = list(everyone.order_by("-in_charge", "number", "pk"))
        self.attachments = list(Attachment.objects.about(organization).select_related("by"))
        self.known = [Known(*row) for row in _known(organization, self.on)]

    @property
    def roster(self) -> list[Membership]:
        """Those in post today; of a dissolved organization, on its last day."""
        return [member for member in self.memberships if member.holds_on(self.on)]

    @property
    def kept(self) -> list[Attachment]:
        return [attachment for attachment in self.attachments if attachment.removed_at is None]

    @property
    def members(self) -> int:
        return len({member.person_id for member in self.roster})

    @property
    def heads(self) -> str:
        return "、".join(dict.fromkeys(str(member.person) for member in self.roster if member.in_charge))

    @property
    def verified_on(self) -> dt.date | None:
        return max((row.day for row in self.known if row.source == "confirmation"), default=None)

    @property
    def former_places(self) -> list[str]:
        """ "双桥村（至 2026-05-31）" for each place where it stood before."""
        return [f"{row.words}（至 {row.day}）" for row in self.known if row.source == "move"]

    @property
    def required(self) -> list[tuple[str, int, int]]:
        """(post, how many hold it, how many must) of each required post."""
        held = [member.post for member in self.roster]
        return [(row.words, held.count(row.words), row.number) for row in self.known if row.source == REQUIRED]

    @property
    def lacking(self) -> list[str]:
        return [post for post, have, needed in self.required if have < needed]

    def events(self, kind: str = "") -> list[Event]:
        """Newest first; of one kind, or all."""
        found = [*self._own_events(), *self._known_events(), *self._member_events(), *self._file_events()]
        return sorted((e for e in found if kind in ("", e.kind)), key=lambda event: event[:2], reverse=True)

    def _own_events(self) -> Iterator[Event]:
        yield Event(self.organization.since, -2, "change", "成立")
        if self.organization.until:
            yield Event(self.organization.until, -2, "change", "最后在册的一天")

    def _known_events(self) -> Iterator[Event]:
        for row in self.known:
            if row.source == "change":
                yield Event(row.day, row.number, row.source, row.words)
            elif row.source == "confirmation":
                done = "确认花名册本季无变化" if row.flag else "核实花名册"
                yield Event(row.day, 0, row.source, f"{done}，在册 {row.number} 人", row.by)
            elif row.source == "check":
                result = "达标" if row.flag else f"未达标，还差 {row.number} 项"
                yield Event(row.day, 0, row.source, f"{row.words}核查：{result}", row.by)
            elif row.source == "move":
                yield Event(row.day, 0, row.source, f"此前在{row.words}，随区划变更转到{self.organization.area}")

    def _member_events(self) -> Iterator[Event]:
        joined, left = defaultdict(list), defaultdict(list)
        for member in self.memberships:
            joined[member.since, member.term_number].append(member)
            if member.until is not None and member.until <= self.today:
                left[member.until].append(member)
        for (day, term), members in joined.items():
            yield Event(day, 0, "member", f"第 {term} 届任职：{_names(members)}")
        for day, members in left.items():
            yield Event(day, -1, "member", f"离任：{_names(members)}")

    def _file_events(self) -> Iterator[Event]:
        for file in self.attachments:
            words = f"{file.caption}（{file.name}）" if file.caption else file.name
            yield Event(timezone.localdate(file.at), file.pk, "file", f"上传{words}", file.by.name)
            if file.removed_at:
                yield Event(timezone.localdate(file.removed_at), file.pk, "file", f"移除{words}")


def _names(members: Iterable[Membership]) -> str:
    names = [f"{member.post} {member.person}" for member in members]
    more = f" 等 {len(names)} 条" if len(names) > NAMES else ""
    return "、".join(names[:NAMES]) + more


def _known(organization: Organization, on: dt.date) -> QuerySet:
    """Acts on the trail, confirmations, finished checks, former places, required posts: one query."""
    label, pk = organization._meta.label_lower, organization.pk
    acts = AuditEntry.objects.filter(model=label, object_id=str(pk)).exclude(action=Action.UPDATED, changes=[])
    checks = Check.objects.done().about(organization)
    former = FormerPlace.objects.filter(register=label, object_id=pk, until__isnull=False)
    county = organization.area.tree_code[:6]
    posts = RequiredPost.objects.in_force(on).filter(area__tree_code=county, kind=organization.kind)
    no = Value(False, output_field=BooleanField())
    return _row(RosterConfirmation.objects.filter(organization=organization), "confirmation", F("on"), F("members"),
                F("unchanged"), F("by__name"), F("by__name")).union(
        _row(acts, "change", TruncDate("at"), F("sequence"), no, F("sentence"), F("user_name")),
        _row(checks, "check", F("on"), F("missing"), F("passed"), F("version_checked__standard__name"), F("by__name")),
        _row(former, "move", F("until"), F("area_id"), no, F("area__name"), Value("")),
        _row(posts, REQUIRED, F("since"), F("minimum"), no, F("post"), Value("")),
        all=True,
    )  # fmt: skip


def _row(queryset: Any, source: str, *columns: Any) -> QuerySet:
    names = ("_day", "_number", "_flag", "_words", "_by")
    chosen = dict(zip(names, columns, strict=True))
    marked = queryset.order_by().annotate(_source=Value(source, output_field=CharField()), **chosen)
    return marked.values_list("_source", *names)
