"""People on rosters: who may be the same person, two records made one, and that taken back within 30 days."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from organizations.models import Membership, Organization, Person, PersonMerge
from organizations.services.rosters import NOBODY, is_same
from portal.audit.models import Act, Action, Change, record, record_many
from portal.kit import saving
from portal.kit.secrets import Phone

CHOICES = ("kept", "dropped")
MOST = 5


def similar_people(user: Any, name: str, phone: Any = "") -> QuerySet[Person]:
    """Records that may be the same person, within scope: the same name, or the same number."""
    same = Q(name=name.strip()) if name.strip() else Q(pk__in=[])
    if phone:
        same |= Q(phone_fingerprint=phone.fingerprint)
    return Person.objects.permitted(user).current().filter(same).select_related("area")[:MOST]


def doubles_of(person: Person, *, user: Any) -> QuerySet[Person]:
    """Other records that may be this person: a name written or spoken the same, or the same number."""
    same = Q(name=person.name) | Q(pinyin=person.pinyin, area=person.area_id)
    if person.phone_fingerprint:
        same |= Q(phone_fingerprint=person.phone_fingerprint)
    rows = Person.objects.permitted(user).current().filter(same)
    return rows.exclude(pk=person.pk).select_related("area").order_by("pk")[:MOST]


@dataclass
class Candidates:
    """Who one line of a pasted list may be. `chosen`: the record that is meant, NOBODY for a new one, None where a person decides."""

    people: list[Person] = field(default_factory=list)
    chosen: int | None = NOBODY
    posts: dict[int, str] = field(default_factory=dict)

    @property
    def choices(self) -> list[tuple[int, str]]:
        """(value, words) of each, told apart by area, last digits and a post; then somebody else."""
        if not self.people:
            return []
        told = [(one.pk, [str(one.area), str(one.phone or ""), self.posts.get(one.pk, "")]) for one in self.people]
        names = {one.pk: one.name for one in self.people}
        words = [(pk, f"是{names[pk]}（{'，'.join(part for part in parts if part)}）") for pk, parts in told]
        return [*words, (NOBODY, "另一个人，新建记录")]


def candidates_for(organization: Organization, lines: Sequence[tuple[str, Any]], *, user: Any) -> list[Candidates]:
    """Who each (name, phone) of a list may be, within scope; three queries for any length.

    Meant without a question is the one record of that name here (in the organization's area or on its roster) whose
    number does not speak against it. Two of them, another number, or the same number under another name is a question.
    """
    names, numbers = {name for name, _ in lines if name}, {phone.fingerprint for _, phone in lines if phone}
    alike = Person.objects.permitted(user).current().filter(Q(name__in=names) | Q(phone_fingerprint__in=numbers))
    known = list(alike.select_related("area").order_by("pk")) if names or numbers else []
    here = set(Membership.objects.filter(organization=organization).values_list("person_id", flat=True))
    here |= {one.pk for one in known if one.area_id == organization.area_id}
    posts = _posts_of(known, user)
    by_name: dict[str, list[Person]] = defaultdict(list)
    by_number: dict[str, list[Person]] = defaultdict(list)
    for one in known:
        by_name[one.name].append(one)
        by_number[one.phone_fingerprint].append(one)
    found = []
    for name, phone in lines:
        namesakes = by_name[name] if name else []
        others = [one for one in by_number[phone.fingerprint] if one not in namesakes] if phone else []
        near = [one for one in namesakes if one.pk in here]
        people = sorted([*namesakes, *others], key=lambda one: (one.pk not in here, one.pk))[:MOST]
        found.append(Candidates(people, _meant(near, others, phone), posts))
    return found


def _meant(near: Sequence[Person], others: Sequence[Person], phone: Any) -> int | None:
    exact = [one for one in near if phone and one.phone == phone]
    sure = exact or [one for one in near if is_same(one, phone)]
    if len(sure) == 1 and not others:
        return sure[0].pk
    return None if near or others else NOBODY


def _posts_of(people: Sequence[Person], user: Any) -> dict[int, str]:
    """Person id → one post that is held now, to tell namesakes apart."""
    rows = Membership.objects.permitted(user).in_force().filter(person__in=people).order_by("-since", "pk")
    found: dict[int, str] = {}
    for person, organization, post in rows.values_list("person_id", "organization__name", "post") if people else ():
        found.setdefault(person, f"{organization}{post}")
    return found


@transaction.atomic
def merge_people(kept: Person, dropped: Person, *, name: str, phone: str, by: Any) -> PersonMerge:
    """Make two records one: `kept` stays, the posts of `dropped` go over to it. name, phone: whose to take (kept, dropped)."""
    if kept.pk == dropped.pk:
        raise ValidationError("请选择两条不同的记录。")
    if {name, phone} - set(CHOICES):
        raise ValidationError("请为姓名和电话各选一条记录的内容。")
    rows = {
        row.pk: row
        for row in Person.objects.select_for_update(of=("self",))
        .select_related("area")
        .filter(pk__in=[kept.pk, dropped.pk])
    }
    kept, dropped = rows[kept.pk], rows[dropped.pk]
    if kept.merged_into_id or dropped.merged_into_id:
        raise ValidationError("其中一条记录已经并入别的记录，请刷新后再办理。")
    moved = list(dropped.memberships.select_for_update())
    held = set(kept.memberships.filter(until=None).values_list("organization_id", "post"))
    doubled = [row for row in moved if row.until is None and (row.organization_id, row.post) in held]
    if doubled:
        raise ValidationError(
            f"两条记录在同一个组织担任同一职务（{doubled[0].organization}·{doubled[0].post}），请先结束其中一条任职。"
        )
    before = {"name": kept.name, "phone": _sealed(kept)}
    merge = PersonMerge.objects.create(
        kept=kept, dropped=dropped, before=before, moved=[row.pk for row in moved], by=by
    )
    kept.name = dropped.name if name == "dropped" else kept.name
    if phone == "dropped":
        kept.phone = dropped.phone
    saving.save(kept, by=by, reason=f"合并{dropped}的记录")
    merge.before["version"] = kept.version
    merge.save(update_fields=["before"])
    _move(merge.moved, kept, by)
    dropped.merged_into = kept
    saving.save(dropped, by=by, reason=f"并入{kept}")
    _require(merge, by)
    record(by, Action.UPDATED, merge, words=f"合并人员：{merge}，随同任职 {len(moved)} 条")
    return merge


@transaction.atomic
def undo_merge(merge: PersonMerge, *, by: Any) -> PersonMerge:
    """Take a merge back: both records and all links as they were; refused after 30 days or where something newer hangs on it."""
    merge = (
        PersonMerge.objects.select_for_update(of=("self",))
        .select_related("kept__area", "dropped__area")
        .get(pk=merge.pk)
    )
    if merge.undone_at:
        raise ValidationError("这次合并已经撤销。")
    if not merge.can_be_undone:
        raise ValidationError(f"合并超过 {PersonMerge.UNDO_DAYS} 天，不能撤销；请另建记录。")
    kept, dropped = merge.kept, merge.dropped
    if kept.merged_into_id or dropped.merged_into_id != kept.pk:
        raise ValidationError("保留的记录后来又并入了别的记录，请先撤销那一次合并。")
    if kept.version == merge.before["version"]:  # what was changed since the merge stays as it is
        kept.name = merge.before["name"]
        kept.phone = _opened(merge)  # type: ignore[assignment]  # the field takes a Phone
        saving.save(kept, by=by, reason=f"撤销与{dropped}的合并")
    _move(Membership.objects.filter(pk__in=merge.moved, person=kept).values_list("pk", flat=True), dropped, by)
    dropped.merged_into = None
    saving.save(dropped, by=by, reason="撤销合并")
    merge.undone_at = timezone.now()
    merge.save(update_fields=["undone_at"])
    _require(merge, by)
    record(by, Action.UPDATED, merge, words=f"撤销合并人员：{merge}")
    return merge


def _move(pks: Iterable[int], person: Person, by: Any) -> None:
    """Posts go over to another record, each with its own row on the trail."""
    rows = list(Membership.objects.filter(pk__in=list(pks)).select_related("organization", "person"))
    acts = [Act(Action.UPDATED, row, [Change("person", "姓名", str(row.person), str(person))]) for row in rows]
    for row in rows:
        row.person, row.version = person, row.version + 1
    Membership.objects.bulk_update(rows, ["person", "version"])
    record_many(by, acts)


def _sealed(person: Person) -> str:
    """The number as ciphertext of its own column: a merge keeps no number in clear."""
    phone: Any = person.phone
    return phone.token_for("organizations.person.phone") if phone else ""


def _opened(merge: PersonMerge) -> Phone | str:
    field: Any = Person._meta.get_field("phone")
    return field.to_python(merge.before["phone"]) if merge.before["phone"] else ""


def _require(merge: PersonMerge, by: Any) -> None:
    """Both records must be the user's to change."""
    reachable = Person.objects.permitted(by, "change").filter(pk__in=[merge.kept_id, merge.dropped_id])
    if reachable.count() != 2:
        raise PermissionDenied("两条记录不都在您的权限范围内，没有合并。")
