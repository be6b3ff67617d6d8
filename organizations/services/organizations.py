"""Grassroots organizations: what a list says of them, how they are saved, dissolved and brought back."""

import datetime as dt
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Case, CharField, Count, DateField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import Coalesce, JSONObject
from django.utils import timezone

from organizations.models import Area, Membership, Organization, RequiredPost, RosterConfirmation, Unit
from organizations.services.attachments import follow
from portal.audit.models import Act, Action, AuditEntry, Change, record_many
from portal.kit import saving
from portal.kit.forms import check_no_numbers
from portal.kit.models import StaleVersionError
from portal.kit.scope import code_range, require

NEVER = dt.date(1900, 1, 1)  # stands for "never" where rows are sorted by the day of their last confirmation
ALIKE = 0.75  # how much two names in one area have in common to be taken for the same organization
Kind = Organization.Kind
ALONE = {kind for kind in Kind if kind not in {Kind.INDUSTRY_CHAMBER, Kind.REGIONAL_CHAMBER}}  # one in an area
LABEL, ROSTER_LABEL = Organization._meta.label_lower, Membership._meta.label_lower


def described(queryset: QuerySet, on: dt.date) -> QuerySet:
    """With `as_of`, `members` in post, `heads` (the first in charge), `verified_on` and `verified_key`, as of `on`."""
    roster = Membership.objects.in_force(on).filter(organization=OuterRef("pk")).order_by()
    people = roster.values("organization").annotate(number=Count("person", distinct=True)).values("number")
    heads = roster.filter(in_charge=True).order_by("number", "pk").values("person__name")
    confirmed = RosterConfirmation.objects.filter(organization=OuterRef("pk"), on__lte=on).order_by("-on", "-pk")
    return queryset.annotate(
        as_of=Value(on, output_field=DateField()), members=Coalesce(Subquery(people), 0), heads=Subquery(heads[:1]),
        verified_on=Subquery(confirmed.values("on")[:1]),
        verified_key=Coalesce(Subquery(confirmed.values("on")[:1]), Value(NEVER, output_field=DateField())),
    )  # fmt: skip


def titles(on: dt.date) -> QuerySet:
    """The demonstration titles that were held on `on`: a register of the app above, reached by its link to organizations."""
    model: Any = Organization._meta.get_field("demonstrations").related_model
    return model.objects.named(on).order_by("-named_on")


def with_title(queryset: QuerySet, on: dt.date) -> QuerySet:
    """With `title_held`: {"award", "on", "by", "pk"} of the newest title held on `on`, None for none."""
    held = titles(on).filter(organization=OuterRef("pk"))
    awards = held.model._meta.get_field("award").flatchoices
    label = Case(*(When(award=value, then=Value(label)) for value, label in awards), output_field=CharField())
    said = JSONObject(award=label, on="named_on", by="named_by", pk="pk")
    return queryset.annotate(title_held=Subquery(held.values(said=said)[:1]))


def lacking_posts(on: dt.date) -> Q:
    """The condition "a required post is not filled on `on`" for organizations."""
    lacking = Q(pk__in=[])
    for post in RequiredPost.objects.in_force(on).select_related("area"):
        held = Membership.objects.in_force(on).filter(organization=OuterRef("pk"), post=post.post)
        number = held.order_by().values("organization").annotate(number=Count("pk")).values("number")
        kind = Organization.objects.in_area(post.area).filter(kind=post.kind)
        short = kind.annotate(held=Coalesce(Subquery(number), 0)).filter(held__lt=post.minimum)
        lacking |= Q(pk__in=short.order_by().values("pk"))
    return lacking


def similar_to(organization: Organization) -> list[Organization]:
    """The organizations in being that this new one may be: of a kind that an area has once, or of nearly its name."""
    known = Organization.objects.in_force().filter(area=organization.area).exclude(pk=organization.pk)
    return [other for other in known if is_alike(organization, other)]


def is_alike(one: Organization, other: Organization) -> bool:
    """Whether two organizations of one area are probably the same."""
    if one.kind == other.kind and one.kind in ALONE:
        return True
    place = str(one.area)
    mine, theirs = (name.replace(place, "").replace(" ", "") for name in (one.name, other.name))
    return mine == theirs or SequenceMatcher(None, mine, theirs).ratio() >= ALIKE


def areas_to_found_in(user: Any, also: int | None = None) -> QuerySet:
    """The areas where `user` may found an organization: granted ones with all below them, the county of a granted body.

    also: an area that is offered besides, such as the one where the organization stands.
    """
    reach = user.reach("organizations.add_organization")
    wanted = Q(pk__in=Unit.objects.filter(pk__in=reach.units).values("area"))
    for code in reach.codes:
        lo, hi = code_range(code)
        wanted |= Q(tree_code__gte=lo, tree_code__lt=hi)
    if reach.everything:
        wanted = Q()
    existing = Area.objects.existing().filter(wanted).values("pk")
    return Area.objects.filter(Q(pk__in=existing) | Q(pk=also)).select_related("parent").order_by("tree_code", "pk")


def check_organization(organization: Organization) -> None:
    """What must hold besides the model; ValidationError by field."""
    wrong = {}
    if organization.since > timezone.localdate():
        wrong["since"] = "成立日期不能晚于今天。"
    for name in ("note", "name"):
        try:
            check_no_numbers(getattr(organization, name))
        except ValidationError as error:
            wrong[name] = error.messages[0]
    if wrong:
        raise ValidationError(wrong)


@transaction.atomic
def save_organization(
    organization: Organization, *, by: Any, expected: int | None = None, reason: str = ""
) -> Organization:
    """Found or change an organization; its files and checks go where it goes.

    Raises ValidationError by field, StaleVersionError, PermissionDenied.
    """
    check_organization(organization)
    adding = organization._state.adding
    saving.save(organization, by=by, expected=expected, reason=reason)
    if not adding:
        follow(organization)
    return organization


def ended_by(organization: Organization, on: dt.date) -> QuerySet[Membership]:
    """The lines of the roster that a dissolution on `on` ends."""
    holding = Membership.objects.filter(organization=organization, since__lte=on)
    return holding.filter(Q(until=None) | Q(until__gt=on)).select_related("person").order_by("number", "pk")


@transaction.atomic
def dissolve(
    organization: Organization, *, on: dt.date, reason: str, by: Any, expected: int | None = None
) -> Organization:
    """End an organization and the memberships in force with it. The trail keeps what `restore` needs."""
    organization = _locked(organization, expected)
    if organization.until is not None:
        raise ValidationError(f"{organization}已于 {organization.until} 撤销。")
    _check_reason(reason)
    if on > timezone.localdate():
        raise ValidationError({"on": "撤销日期不能晚于今天；到那天再办理。"})
    if on < organization.since:
        raise ValidationError({"on": f"撤销日期不能早于成立日期（{organization.since}）。"})
    later = Membership.objects.filter(organization=organization, since__gt=on).count()
    if later:
        raise ValidationError({"on": f"有 {later} 条任职从 {on} 以后开始，请先更正花名册，或者改用更晚的撤销日期。"})
    members = list(ended_by(organization, on).select_for_update(of=["self"]))
    _require_roster(members, by)
    acts = [_end(organization, on, f"撤销 {organization}（{on}），{len(members)} 条任职同时结束", reason)]
    acts += [_end(member, on, f"因组织撤销结束任职：{member}", reason) for member in members]
    organization.save()
    Membership.objects.bulk_update(members, ["until", "version", "updated_at"], batch_size=200)
    require(by, "change", organization)
    record_many(by, acts)
    return organization


@transaction.atomic
def restore(organization: Organization, *, reason: str, by: Any, expected: int | None = None) -> Organization:
    """Undo a dissolution and the ends it gave to memberships, while nothing newer hangs on it."""
    organization = _locked(organization, expected)
    if organization.until is None:
        raise ValidationError(f"{organization}没有撤销，不用恢复。")
    _check_reason(reason)
    if organization.area.until is not None:
        raise ValidationError(f"{organization.area}已经撤销，不能在那里恢复组织，请在承接的区划新增。")
    ends = _ends_of(organization)
    members = list(Membership.objects.select_for_update(of=["self"]).filter(pk__in=ends).select_related("person"))
    _refuse_newer(organization, members)
    _require_roster(members, by)
    acts = [_reopen(organization, None, f"恢复 {organization}，{len(members)} 条任职同时恢复", reason)]
    acts += [_reopen(member, ends[member.pk], f"随组织恢复任职：{member}", reason) for member in members]
    _refuse_wrong(organization)
    _refuse_doubled(organization, members)
    organization.save()
    Membership.objects.bulk_update(members, ["until", "version", "updated_at"], batch_size=200)
    require(by, "change", organization)
    record_many(by, acts)
    return organization


def _locked(organization: Organization, expected: int | None) -> Organization:
    stored = Organization.objects.select_for_update(of=["self"]).select_related("area").get(pk=organization.pk)
    if expected is not None and stored.version != expected:
        raise StaleVersionError(stored)
    return stored


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise ValidationError({"reason": "请写明原因，例如会议决定或批复文号。"})
    check_no_numbers(reason)


def _require_roster(members: list[Membership], by: Any) -> None:
    pks = [member.pk for member in members]
    if Membership.objects.permitted(by, "change").filter(pk__in=pks).count() != len(pks):
        raise PermissionDenied("您的账号没有修改这个组织花名册的权限。")


def _end(obj: Any, on: dt.date, words: str, reason: str) -> Act:
    """Set the end in memory; the act says what it was before."""
    return _until(obj, on, Action.CLOSED, words, reason)


def _reopen(obj: Any, until: dt.date | None, words: str, reason: str) -> Act:
    return _until(obj, until, Action.OPENED, words, reason)


def _until(obj: Any, until: dt.date | None, action: Action, words: str, reason: str) -> Act:
    change = Change("until", str(obj._meta.get_field("until").verbose_name), _day(obj.until), _day(until))
    obj.until, obj.version, obj.updated_at = until, obj.version + 1, timezone.now()
    return Act(action, obj, [change], reason.strip(), words)


def _day(day: dt.date | None) -> str:
    return day.isoformat() if day else ""


def _ends_of(organization: Organization) -> dict[int, dt.date | None]:
    """Membership id → the end it had before the last dissolution gave it another; from the trail."""
    acts = AuditEntry.objects.filter(model=LABEL, object_id=str(organization.pk), action=Action.CLOSED)
    last = acts.order_by("-sequence").first()
    if last is None:
        return {}
    own = set(Membership.objects.filter(organization=organization).values_list("pk", flat=True))
    ends: dict[int, dt.date | None] = {}
    after = AuditEntry.objects.filter(sequence__gt=last.sequence, model=ROSTER_LABEL, action=Action.CLOSED)
    for entry in after.filter(request_id=last.request_id, at=last.at):
        before = next((change[2] for change in entry.changes if change[0] == "until"), "")
        if int(entry.object_id) in own:
            ends[int(entry.object_id)] = dt.date.fromisoformat(before) if before else None
    return ends


def _refuse_newer(organization: Organization, members: Iterable[Membership]) -> None:
    """What was done to it after it was dissolved would be lost or wrong."""
    changed = [str(member.person) for member in members if member.until != organization.until]
    if changed:
        raise ValidationError(f"撤销以后又改过{'、'.join(changed[:5])}的任职，不能直接恢复，请另行新增组织。")
    newer = Membership.objects.filter(organization=organization, since__gt=organization.until)
    confirmed = RosterConfirmation.objects.filter(organization=organization, on__gt=organization.until)
    if newer.exists() or confirmed.exists():
        raise ValidationError("撤销以后又登记过花名册，不能直接恢复，请先更正花名册。")
    successors = Organization.objects.filter(area=organization.area, kind=organization.kind)
    heir = successors.filter(since__gte=organization.until).exclude(pk=organization.pk).first()
    if heir and organization.kind in ALONE:
        raise ValidationError(f"{organization.area}撤销以后已经成立{heir}，不能再恢复。")


def _refuse_wrong(organization: Organization) -> None:
    """What the model says of the row as it would come back, such as a name that another one has now."""
    try:
        organization.full_clean()
    except ValidationError as error:
        raise ValidationError(error.messages) from error


def _refuse_doubled(organization: Organization, members: Iterable[Membership]) -> None:
    """Two records of one person that were merged since must not come back as two lines of the same post."""
    present = Membership.objects.filter(organization=organization, until=None)
    seen = set(present.values_list("person_id", "post"))
    for member in members:
        if member.until is None and (member.person_id, member.post) in seen:
            raise ValidationError(f"{member.person}的“{member.post}”会重复，请先更正花名册。")
        seen.add((member.person_id, member.post))
