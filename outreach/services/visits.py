"""Pairings and visits: who looks after whom, what a visit may say, what is due, who has not been seen."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Case, Count, Exists, F, Max, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone

from organizations.models import Area, Level, Organization
from outreach.models import Contact, ContactRole, Enterprise, Official, Pairing, Rhythm, Visit, Whom
from portal.kit import saving
from portal.kit.scope import ancestor_codes

PAIRED_KINDS = (Official.Kind.LEADER, Official.Kind.HEAD)  # of whom each has somebody to look after (domain.md)
SIDES = ("enterprises", "organizations", "contacts")
MEMBERS = ("officials", *SIDES)
NOTES = ("raised", "promised")
NOT_SHOWN = "仅记录人、走访干部和领导可见"
TARGETS: dict[str, Any] = {"enterprise": Enterprise, "organization": Organization, "contact": Contact}
Wanted = dict[tuple[str, str], int]  # (county's tree code, kind) → months
LastOn = dt.date | None
DIGITS = 18  # more make no key
COUNTY = 6  # digits of a county's tree code
DEFAULT_MONTHS: dict[str, int] = {
    Whom.ENTERPRISE: 6, Whom.ASSOCIATION: 3, Whom.ORGANIZATION_OFFICER: 6, Whom.ENTERPRISE_HEAD: 6, Whom.POST_HOLDER: 12,
    Whom.SERVICE_TAIWAN: 12, Whom.SERVICE_OVERSEAS: 12,
}  # fmt: skip  # where a county has set nothing
LABELS = {whom.value: str(whom.label) for whom in Whom}


# pairings


def unpaired_enterprises(user: Any, on: dt.date) -> QuerySet[Enterprise]:
    """Enterprises and associations of `user`'s areas that no official was paired with on `on`."""
    paired = Pairing.objects.in_force(on).filter(enterprise=OuterRef("pk")).order_by()
    return Enterprise.objects.permitted(user).in_force(on).filter(~Exists(paired))


def unpaired_officials(user: Any, on: dt.date) -> QuerySet[Official]:
    """County leaders and heads of county bodies in `user`'s areas who were paired with nobody on `on`."""
    paired = Pairing.objects.in_force(on).filter(official=OuterRef("pk")).order_by()
    return Official.objects.permitted(user).in_force(on).filter(~Exists(paired), kind__in=PAIRED_KINDS)


def officials_by_pairing(user: Any, on: dt.date) -> dict[str, int]:
    """ "all" leaders and heads in office in `user`'s areas on `on`, and how many of them are "unpaired"."""
    paired = Pairing.objects.in_force(on).filter(official=OuterRef("pk")).order_by()
    rows = Official.objects.permitted(user).in_force(on).filter(kind__in=PAIRED_KINDS).order_by()
    return rows.aggregate(all=Count("pk"), unpaired=Count("pk", filter=~Exists(paired)))


@transaction.atomic
def pair(official: Official, targets: Sequence[Any], *, since: dt.date, by: Any) -> list[Pairing]:
    """Pair an official with enterprises and contacts from `since`; all of them or none."""
    if not targets:
        raise ValidationError({"sides": "请至少选择一家企业（协会）或一名联系对象。"})
    if since > timezone.localdate():
        raise ValidationError({"since": "结对日期不能晚于今天；到了那天再登记。"})
    return [saving.save(_pairing(official, target, since), by=by) for target in targets]


def _pairing(official: Official, target: Any, since: dt.date) -> Pairing:
    side = {"contact": target} if isinstance(target, Contact) else {"enterprise": target}
    pairing = Pairing(official=official, area=target.area, unit=target.unit, since=since, **side)
    check_pairing(pairing)
    try:
        pairing.full_clean()
    except ValidationError as error:
        raise ValidationError([f"{target}：{words}" for words in error.messages]) from error
    return pairing


def check_pairing(pairing: Pairing) -> None:
    """What must hold besides the model; ValidationError in words."""
    target, official = pairing.target, pairing.official
    if target is None:
        return
    if target.area.tree_code[:COUNTY] != official.area.tree_code[:COUNTY]:
        raise ValidationError(f"{target}和{official}不在同一个县（市），不能结对。")
    if isinstance(target, Contact) and not target.may_reveal():
        raise ValidationError(f"{target}已限制处理或者删除，不能结对。")
    if pairing.since and pairing.since > timezone.localdate():
        raise ValidationError({"since": "结对日期不能晚于今天；到了那天再登记。"})
    if pairing.since and pairing.until is None and (target_until := getattr(target, "until", None)):
        raise ValidationError(f"{target}已于 {target_until} 停用，不能结对。")


@transaction.atomic
def end_pairing(pairing: Pairing, *, until: dt.date, end: str, by: Any, expected: int | None = None) -> Pairing:
    """End a pairing after `until`, its last day."""
    row: Pairing = Pairing.objects.select_for_update().get(pk=pairing.pk)
    if row.until is not None:
        raise ValidationError(f"已于 {row.until} 结束，不用再办。")
    if until > timezone.localdate():
        raise ValidationError({"until": "结束日期不能晚于今天。"})
    if until < row.since:
        raise ValidationError({"until": f"结束日期不能早于结对日期 {row.since}。"})
    row.until, row.end = until, end
    return saving.save(row, by=by, expected=expected)


def with_last_visit(pairings: Any) -> Any:
    """Annotate `last_on`: when the official last visited the other side."""
    done = Visit.objects.done().filter(officials=OuterRef("official")).order_by("-on").values("on")
    enterprise, contact = (done.filter(**{f"{name}s": OuterRef(name)})[:1] for name in ("enterprise", "contact"))
    return pairings.annotate(last_on=Coalesce(Subquery(enterprise), Subquery(contact)))


@dataclass
class OfficialWork:
    """What hangs on an official today, as the official's page and a hand-over show it."""

    pairings: list[Pairing]
    planned: list[Visit]
    promised: list[Visit]  # done, with a next day that no later visit has kept
    requests: list[Any]

    @property
    def total(self) -> int:
        return len(self.pairings) + len(self.planned) + len(self.promised) + len(self.requests)


def work_of(official: Official, user: Any = None) -> OfficialWork:
    """The pairings and the open work of an official: all of it, or what `user` may see."""

    def seen(rows: Any) -> Any:
        return rows if user is None else rows.permitted(user)

    visits = seen(Visit.objects.filter(officials=official))
    open_ones = visits.filter(Q(state=Visit.State.PLANNED) | Q(pk__in=unkept(visits).order_by().values("pk")))
    rows = load_names(open_ones.select_related("area").order_by("on", "pk"))
    pairings = seen(official.pairings.all()).in_force()
    requests = seen(official.requests.open())
    return OfficialWork(
        list(pairings.select_related("area__parent", "enterprise__area", "contact__area", "official__area")),
        [visit for visit in rows if visit.state == Visit.State.PLANNED],
        [visit for visit in rows if visit.state != Visit.State.PLANNED],
        list(requests.select_related("area__parent", "enterprise", "organization", "contact")),
    )


# visits


@dataclass(frozen=True)
class Sides:
    """Who visited, and whom: what a visit links to."""

    officials: Sequence[Official] = ()
    enterprises: Sequence[Enterprise] = ()
    organizations: Sequence[Any] = ()
    contacts: Sequence[Contact] = ()

    @classmethod
    def of(cls, visit: Visit) -> "Sides":
        return cls(*(list(getattr(visit, name).select_related("area")) for name in MEMBERS))

    @property
    def targets(self) -> list[Any]:
        return [*self.enterprises, *self.organizations, *self.contacts]

    @property
    def members(self) -> dict[str, Sequence[Any]]:
        return {name: getattr(self, name) for name in MEMBERS}


def check_visit(visit: Visit, sides: Sides) -> None:
    """What must hold besides the model; ValidationError by field."""
    problems: dict[str, str] = {}
    if not sides.officials:
        problems["officials"] = "请选择走访干部。"
    if not sides.targets:
        problems["sides"] = "请选择走访的企业（协会）、组织或联系对象。"
    problems |= _day_problems(visit) | _side_problems(sides) | _note_problems(visit, sides)
    if problems:
        raise ValidationError(problems)


def _day_problems(visit: Visit) -> dict[str, str]:
    if visit.on and visit.state == Visit.State.DONE and visit.on > timezone.localdate():
        return {"on": "走访日期不能晚于今天；还没有走访的请选“计划”。"}
    return {}


def _side_problems(sides: Sides) -> dict[str, str]:
    rows = [*sides.officials, *sides.targets]
    if len({row.area.tree_code[:COUNTY] for row in rows}) > 1:
        return {"sides": "走访干部和走访对象应在同一个县（市）。"}
    gone = [contact for contact in sides.contacts if not contact.may_reveal()]
    return {"sides": f"{gone[0]}已限制处理或者删除，不能登记走访。"} if gone else {}


def _note_problems(visit: Visit, sides: Sides) -> dict[str, str]:
    """What was raised and promised belongs to an enterprise or an organization, and to a visit that was made."""
    written = [name for name in NOTES if getattr(visit, name)]
    if visit.state == Visit.State.PLANNED:
        return dict.fromkeys(written, "计划的走访还没有情况可写；走访以后再填写。")
    if sides.contacts and not (sides.enterprises or sides.organizations):
        words = "只走访联系对象的，不记录个人谈话内容；是企业、组织的事，请同时选择该企业或组织。"
        return dict.fromkeys(written, words)
    return {}


@transaction.atomic
def save_visit(visit: Visit, sides: Sides, *, by: Any, expected: int | None = None, reason: str = "") -> Visit:
    """Save a visit with its officials and sides; it stands in the area that all its sides lie in."""
    check_visit(visit, sides)
    place_visit(visit, sides)
    if visit._state.adding:
        visit.by = by
    return saving.save(visit, by=by, expected=expected, reason=reason, members=sides.members)


def place_visit(visit: Visit, sides: Sides) -> None:
    """Set where a visit stands: in the area, and with the body, that all its sides share."""
    visit.area = common_area([target.area for target in sides.targets])
    units = {target.unit_id for target in sides.targets}
    visit.unit_id = units.pop() if len(units) == 1 else None


def common_area(areas: Sequence[Area]) -> Area:
    """The lowest area in which all of `areas` lie."""
    shared = set.intersection(*(set(ancestor_codes(area.tree_code)) for area in areas))
    code = max(shared, key=len)
    return next((area for area in areas if area.tree_code == code), None) or Area.objects.get(
        tree_code=code, until=None
    )


@transaction.atomic
def cancel_visit(visit: Visit, *, reason: str, by: Any, expected: int | None = None) -> Visit:
    """Take a planned visit back; it stays in the list as cancelled."""
    row: Visit = Visit.objects.select_for_update().get(pk=visit.pk)
    if row.state != Visit.State.PLANNED:
        raise ValidationError("只有计划的走访可以取消；登记有误的走访请修改或者删除。")
    row.state = Visit.State.CANCELLED
    return saving.save(row, by=by, expected=expected, reason=reason)


def unkept(visits: Any) -> Any:
    """The done visits among `visits` with a next day, one of whose sides no later visit of the same official has gone to."""
    open_sides = [Exists(_not_seen_again(side)) for side in SIDES]
    return visits.done().filter(next_on__isnull=False).filter(open_sides[0] | open_sides[1] | open_sides[2])


def _not_seen_again(side: str) -> QuerySet:
    """The links of the outer visit to a side that no later visit of one of its officials has gone to."""
    later = Visit.objects.exclude(state=Visit.State.CANCELLED).filter(
        **{side: OuterRef(f"{side[:-1]}_id")}, on__gt=OuterRef("visit__on"), officials__visits=OuterRef("visit_id")
    )
    links = getattr(Visit, side).through.objects.filter(visit=OuterRef("pk"))
    return links.filter(~Exists(later.order_by())).order_by()


def due_visits(user: Any, until: dt.date) -> QuerySet[Visit]:
    """The visits that `user` owes up to `until`: planned ones, and next days that were not kept.

    They are those of the user's own official; of an official without an account, those that the user recorded.
    """
    rows = Visit.objects.permitted(user)
    through = Visit.officials.through.objects.filter(visit=OuterRef("pk")).order_by()
    own, others = through.filter(official__user=user.pk), through.filter(official__user__isnull=False)
    mine = rows.filter(Exists(own) | (Q(by=user.pk) & ~Exists(others)))
    planned = mine.filter(state=Visit.State.PLANNED, on__lte=until)
    promised = unkept(mine).filter(next_on__lte=until)
    return mine.filter(pk__in=planned.order_by().values("pk").union(promised.order_by().values("pk")))


def may_read_notes(user: Any, visit: Visit) -> bool:
    """Whether `user` may read what was raised and promised."""
    return Visit.objects.filter(pk=visit.pk).with_readable_notes(user).filter(Q(notes_readable=True)).exists()


def own_official(user: Any) -> Official | None:
    """The user's own row among the officials, None where there is none in office."""
    return Official.objects.permitted(user).filter(user=user.pk).in_force().select_related("area").first()


# who has not been seen


class Late(NamedTuple):
    """An enterprise or a contact's role that was not visited in time: words alone, a county has a thousand of them."""

    pk: int  # of the enterprise or the contact
    name: str
    whom: str
    since: dt.date
    tree_code: str
    level: int
    area: str
    above: str
    last_on: dt.date | None = None


class Unseen(NamedTuple):
    """What the list says of one whose last visit is longer ago than the rhythm wants."""

    token: str
    target: str
    kind: str
    tree_code: str
    place: str
    months: int  # whole months since the last visit, or since the registration where there was none
    last_on: dt.date | None
    wanted: int
    officials: str

    @property
    def visit_url(self) -> str:
        """Where this visit is entered."""
        return reverse("outreach:visit_create", query={"sides": self.token})


def not_seen(user: Any, on: dt.date, official: Official | None = None, months: int | None = None) -> list[Unseen]:
    """Whom nobody of the office has visited for longer than the county's rhythm; the longest first.

    official: only those this official is paired with, and only this official's visits count.
    months: instead of the rhythm, the same for every kind.
    """
    wanted, names = months_wanted(user), _names_of_paired(user, on)
    enterprises, roles = Enterprise.objects.permitted(user), ContactRole.objects.permitted(user)
    if official is not None:
        pairings = official.pairings.in_force(on).order_by()
        enterprises = enterprises.filter(pk__in=pairings.values("enterprise"))
        roles = roles.filter(contact__in=pairings.values("contact"))
    found = [("enterprise", row) for row in late_enterprises(enterprises, on, wanted, official, months)]
    found += [("contact", row) for row in late_roles(roles, on, wanted, official, months)]
    rows = [_unseen(side, row, on, wanted, names) for side, row in found]
    return sorted(rows, key=lambda row: (-row.months, row.tree_code, row.token))


def late_enterprises(
    rows: Any, on: dt.date, wanted: Wanted, official: Official | None = None, months: int | None = None
) -> list[Late]:
    """Those of `rows` in force on `on` that were last visited longer ago than `wanted` says."""
    return _late(rows.in_force(on), "", "kind", on, wanted, official, months)


def late_on(rows: Callable[[dt.date], Any], days: Iterable[dt.date], area: Area) -> dict[dt.date, dict[int, LastOn]]:
    """Day → the enterprises that were late on it, with their last visit; all days in one query.

    rows: the enterprises that are asked for on a day, of the county of `area`.
    """
    rhythms = Rhythm.objects.filter(area__tree_code=area.tree_code[:COUNTY]).order_by().values("months")
    months = Case(*(
        When(kind=kind, then=Coalesce(Subquery(rhythms.filter(whom=kind)[:1]), DEFAULT_MONTHS[kind]))
        for kind in Enterprise.Kind.values
    ))  # fmt: skip

    def on_day(day: dt.date) -> QuerySet:
        done = Q(visits__state=Visit.State.DONE, visits__on__lte=day)
        found = rows(day).in_force(day).order_by().values_list(Value(day.isoformat()), "pk", "since", months)
        return found.annotate(last=Max("visits__on", filter=done))

    late: dict[dt.date, dict[int, LastOn]] = {day: {} for day in days}
    first, *others = [on_day(day) for day in late]
    limit = cache(before)
    for text, pk, since, wanted, last in first.union(*others, all=True):
        day = dt.date.fromisoformat(text)
        if (last or since) < limit(day, wanted):
            late[day][pk] = last
    return late


def late_roles(
    rows: Any, on: dt.date, wanted: Wanted, official: Official | None = None, months: int | None = None
) -> list[Late]:
    """The same of public roles, held on `on` by contacts whose processing is not restricted."""
    usable = rows.in_force(on).filter(contact__erased_at=None, contact__restricted_on=None)
    return _late(usable, "contact__", "role", on, wanted, official, months)


def _late(
    rows: Any, path: str, whom: str, on: dt.date, wanted: Wanted, official: Official | None, months: int | None
) -> list[Late]:
    done = Q(**{f"{path}visits__state": Visit.State.DONE, f"{path}visits__on__lte": on})
    if official is not None:
        done &= Q(**{f"{path}visits__officials": official})
    place = (f"{path}area__{name}" for name in ("tree_code", "level", "name", "parent__name"))
    found = rows.order_by().values_list(f"{path}id", f"{path}name", whom, "since", *place)
    found = found.annotate(last=Max(f"{path}visits__on", filter=done))
    first = cache(lambda county, kind: before(on, months or wanted.get((county, kind), DEFAULT_MONTHS[kind])))
    late = (Late(*row) for row in found)
    return [row for row in late if (row.last_on or row.since) < first(row.tree_code[:COUNTY], row.whom)]


def months_wanted(user: Any) -> Wanted:
    """(county's tree code, kind) → months, as the counties have set them."""
    return _months(Rhythm.objects.permitted(user))


def _months(rows: Any) -> Wanted:
    return {(code, whom): months for code, whom, months in rows.values_list("area__tree_code", "whom", "months")}


def before(on: dt.date, months: int) -> dt.date:
    """The same day `months` earlier; the last day of a shorter month."""
    year, month = divmod(on.year * 12 + on.month - 1 - months, 12)
    for day in range(on.day, 0, -1):
        try:
            return dt.date(year, month + 1, day)
        except ValueError:
            continue
    raise AssertionError(on)


def months_between(first: dt.date, last: dt.date) -> int:
    """Whole months from `first` to `last`."""
    return (last.year - first.year) * 12 + last.month - first.month - (last.day < first.day)


def _unseen(side: str, row: Late, on: dt.date, wanted: Wanted, names: dict[tuple[str, int], str]) -> Unseen:
    place = f"{row.above} {row.area}" if row.level == Level.VILLAGE else row.area
    months = wanted.get((row.tree_code[:COUNTY], row.whom), DEFAULT_MONTHS[row.whom])
    return Unseen(
        f"{side}-{row.pk}", row.name, LABELS[row.whom], row.tree_code, place, months_between(row.last_on or row.since, on),
        row.last_on, months, names.get((side, row.pk), ""),
    )  # fmt: skip


def _names_of_paired(user: Any, on: dt.date) -> dict[tuple[str, int], str]:
    """(side, target id) → the names of the officials paired with it on `on`."""
    found: dict[tuple[str, int], str] = {}
    pairs = Pairing.objects.permitted(user).in_force(on).order_by("pk")
    for enterprise, contact, name in pairs.values_list("enterprise", "contact", "official__name"):
        key = ("enterprise", enterprise) if enterprise else ("contact", contact)
        found[key] = f"{found[key]}、{name}" if key in found else name
    return found


# finding whom


def find_targets(user: Any, words: str, kinds: Sequence[str], limit: int = 10) -> list[Any]:
    """Enterprises, organizations and contacts in `user`'s areas whose name or pinyin holds every word; the exact ones first."""
    found: list[Any] = []
    for kind in kinds:
        rows = targets_of(user, kind)
        for word in words.split():
            rows = rows.filter(Q(name__icontains=word) | Q(pinyin__icontains=word))
        found += rows.order_by("name", "pk")[:limit] if words.split() else []
    return sorted(found, key=lambda row: row.name != words.strip())[:limit]


def targets_of(user: Any, kind: str) -> Any:
    """The rows of a kind ("enterprise", "organization", "contact") that `user` may visit or pair today."""
    model = TARGETS[kind]
    rows = model.objects.permitted(user).select_related("area__parent", "unit")
    return rows.usable() if model is Contact else rows.in_force()


def token_of(target: Any) -> str:
    """ "enterprise-12": how a form names a target."""
    return f"{target._meta.model_name}-{target.pk}"


def targets_from(user: Any, tokens: Sequence[str], kinds: Sequence[str]) -> list[Any]:
    """The targets that tokens name, in their order; what `user` may not visit is left out."""
    wanted: dict[str, set[int]] = {}
    for token in tokens:
        kind, _, pk = token.partition("-")
        if kind in kinds and pk.isascii() and pk.isdigit() and len(pk) < DIGITS:
            wanted.setdefault(kind, set()).add(int(pk))
    rows = [row for kind, pks in wanted.items() for row in targets_of(user, kind).filter(pk__in=pks)]
    return sorted(rows, key=lambda row: list(tokens).index(token_of(row)))


def load_names(visits: Iterable[Visit]) -> list[Visit]:
    """Set `names` on each visit of a page: side → what its rows are called; one query for all of them."""
    found = {visit.pk: visit for visit in visits}
    for visit in found.values():
        visit.names = {name: [] for name in MEMBERS}  # type: ignore[attr-defined]
    parts = [_links(name, found) for name in MEMBERS]
    for pk, side, row, name in parts[0].union(*parts[1:]).order_by("order", "row"):
        found[pk].names[MEMBERS[side]].append(name or f"已删除的联系对象（{row} 号）")  # type: ignore[attr-defined]
    return list(found.values())


def _links(name: str, visits: Iterable[int]) -> Any:
    through = getattr(Visit, name).through
    other = next(field for field in through._meta.fields if field.is_relation and field.name != "visit").name
    rows = through.objects.filter(visit__in=list(visits)).order_by()
    place = MEMBERS.index(name)
    return rows.annotate(order=Value(place), row=F(f"{other}_id"), called=F(f"{other}__name")).values_list(
        "visit", "order", "row", "called"
    )


def called(visit: Any, side: str) -> list[str]:
    """What the rows of a side are called: loaded for the page at once, or prefetched for an export."""
    if hasattr(visit, "names"):
        return visit.names[side]
    rows = getattr(visit, side).all()
    if side == "contacts":  # what is restricted leaves in no file
        return [row.name if row.may_reveal() else "联系对象（已限制处理）" for row in rows]
    return [row.name for row in rows]


def whom(visit: Any) -> str:
    """The sides of a visit in words."""
    return "、".join(name for side in SIDES for name in called(visit, side))
