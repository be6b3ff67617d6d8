"""Rosters (花名册): a whole roster saved in one step, confirmed without change, carried into a new term (换届)."""

import csv
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from organizations.models import Area, Membership, Organization, Person, RequiredPost, RosterConfirmation
from organizations.roster_text.values import read_date
from portal.audit.models import Act, Action, record, record_many, snapshot
from portal.audit.models import differences as audit_differences
from portal.kit import saving
from portal.kit.forms import check_words
from portal.kit.secrets import PhoneField

DAY = dt.timedelta(days=1)
FIXTURE = Path(settings.BASE_DIR) / "fixtures" / "required_posts.csv"
MOST_ROWS = 500
NOBODY = 0  # Line.person: none of the known records
STALE, UNSAID = "stale", "unsaid"  # codes of refusals that a person decides
LABELS = {"name": "姓名", "post": "职务", "phone": "联系电话", "since": "任职日期", "until": "离任日期"}
YES = {"是", "√", "✓", "1", "true", "True"}
PHONE = PhoneField(required=False)


class Rename(StrEnum):
    """What another name over a stored line means; nothing is guessed."""

    UNSAID = ""
    CORRECT = "correct"  # the same person, whose name was mistyped
    SUCCEED = "succeed"  # somebody else in that post: the line ends, another begins


@dataclass(frozen=True)
class Line:
    """One line of a roster as it was typed.

    phone: None leaves the stored number. person: links a known record; NOBODY makes a new one even where names are alike.
    """

    row: int
    name: str
    post: str
    id: int | None = None
    version: int | None = None
    in_charge: bool = False
    phone: str | None = None
    since: str = ""
    until: str = ""
    person: int | None = None
    rename: Rename = Rename.UNSAID

    @classmethod
    def read(cls, row: int, values: Mapping[str, Any]) -> "Line":
        """A line out of JSON or a form; missing texts are empty."""
        texts = {name: str(values.get(name) or "").strip() for name in ("name", "post", "since", "until")}
        phone = values.get("phone")
        return cls(
            row, **texts, id=_whole(values.get("id")), version=_whole(values.get("version")), person=_whole(values.get("person")),
            in_charge=values.get("in_charge") is True or str(values.get("in_charge") or "").strip() in YES,
            phone=None if phone is None or "•" in str(phone) else str(phone).strip(), rename=_rename(values.get("rename")),
        )  # fmt: skip

    @property
    def is_empty(self) -> bool:
        return not (self.id or self.name or self.post or self.phone)


@dataclass(frozen=True)
class Refusal:
    """A line that is not saved: which, in which field, why.

    theirs: the stored line where somebody was faster. asks: the stored name where a `Rename` has to be chosen first.
    """

    row: int
    field: str
    message: str
    theirs: Membership | None = None
    asks: str = ""


@dataclass
class Outcome:
    new: list[Membership] = field(default_factory=list)
    changed: list[Membership] = field(default_factory=list)
    kept: list[Membership] = field(default_factory=list)
    leaving: list[Membership] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    warnings: list[tuple[int, str]] = field(default_factory=list)
    rows: dict[int, Membership] = field(default_factory=dict)  # line → what it became
    renamed: int = 0  # names that were corrected


def default_required_posts(county: Area, *, since: dt.date, by: Any = None) -> list[RequiredPost]:
    """The posts that every organization of a kind must have filled (fixtures/required_posts.csv)."""
    with FIXTURE.open(encoding="utf-8") as file:
        rows = [RequiredPost(area=county, since=since, **row) for row in csv.DictReader(file)]
    made = RequiredPost.objects.bulk_create(rows)
    record_many(by, [Act(Action.CREATED, row) for row in made])
    return made


@transaction.atomic
def save_roster(
    organization: Organization, lines: Iterable[Line], *, by: Any, on: dt.date | None = None, replace: bool = False,
    dry_run: bool = False,
) -> Outcome:  # fmt: skip
    """Save what was typed into a roster: right lines are kept, wrong ones named; one transaction, one audit row a line.

    replace: whoever is not among the lines leaves on the day before `on` (default today); then one wrong line stops it all.
    dry_run: the same, rolled back. A saved roster counts as confirmed on the day.
    """
    organization = Organization.objects.select_for_update(of=("self",)).select_related("area").get(pk=organization.pk)
    on = on or timezone.localdate()
    _must_be_open(organization, on)
    typed = [line for line in lines if not line.is_empty]
    if len(typed) > MOST_ROWS:
        raise ValidationError(f"一次最多保存 {MOST_ROWS} 行，现有 {len(typed)} 行，请分次保存。")
    work = _Saving(organization, by, on, replace=replace)
    for line in typed:
        work.take(line)
    if replace:
        work.let_go()
    if work.outcome.refused and replace:
        transaction.set_rollback(True)
        return work.outcome
    work.write()
    if work.acts:
        _confirm(organization, by, on, unchanged=False)
    if dry_run:
        transaction.set_rollback(True)
    return work.outcome


@transaction.atomic
def confirm_unchanged(organization: Organization, *, by: Any, on: dt.date | None = None) -> RosterConfirmation:
    """本季无变化: somebody stands up for the roster as it is, with name and time."""
    on = on or timezone.localdate()
    organization = Organization.objects.select_for_update(of=("self",)).select_related("area").get(pk=organization.pk)
    _must_be_open(organization, on)
    confirmation = _confirm(organization, by, on, unchanged=True)
    if not RosterConfirmation.objects.permitted(by, "add").filter(pk=confirmation.pk).exists():
        raise PermissionDenied("您的账号不能核实这份花名册。")
    words = f"核实 {organization} 的花名册：本季无变化，在册 {confirmation.members} 人"
    record(by, Action.CONFIRMED, organization, words=words)
    return confirmation


@transaction.atomic
def reelect(
    organization: Organization, lines: Sequence[Line], *, on: dt.date, next_election_on: dt.date | None, by: Any
) -> Outcome:
    """换届: close the old term the day before `on`, open the next one with `lines`, carrying over who stays.

    A line with the id of a membership carries that person over, maybe into another post.
    """
    organization = Organization.objects.select_for_update(of=("self",)).select_related("area").get(pk=organization.pk)
    _must_be_open(organization, on)
    if on > timezone.localdate():
        raise ValidationError({"on": "换届日期不能晚于今天；到了那天再办理。"})
    if organization.term_since and on <= organization.term_since:
        raise ValidationError({"on": f"本届自 {organization.term_since} 起，换届日期应晚于这一天。"})
    if next_election_on and next_election_on <= on:
        raise ValidationError({"next_election_on": "下次换届日期应晚于本次换届日期。"})
    present = {row.pk: row for row in _in_force(organization, on - DAY)}
    late = [row for row in _in_force(organization, on) if row.since >= on]
    if late:
        raise ValidationError(f"{late[0].person}等 {len(late)} 人的任职日期在换届日期当天或之后，请先更正。")
    work = _Saving(organization, by, on, term=organization.term_number + 1)
    for line in lines:
        if not line.is_empty:
            before = present.get(line.id or 0)
            work.take_over(line, before)
    if work.outcome.refused:
        transaction.set_rollback(True)
        return work.outcome
    if not work.outcome.rows:
        raise ValidationError("新一届至少要有一名成员。")
    for row in present.values():
        work.end(row, on - DAY)
    work.write()
    organization.term_number += 1
    organization.term_since, organization.next_election_on = on, next_election_on
    saving.save(organization, by=by, reason=f"换届，第 {organization.term_number} 届")
    _confirm(organization, by, on, unchanged=False)
    return work.outcome


def lacking(organization: Organization, members: Iterable[Membership], on: dt.date) -> list[tuple[str, int]]:
    """(post, how many are missing) of the required posts on a day: 缺配."""
    held = [row.post for row in members if row.holds_on(on)]
    posts = RequiredPost.objects.in_force(on).filter(
        area__tree_code=organization.area.tree_code[:6], kind=organization.kind
    )
    return [(post.post, post.minimum - held.count(post.post)) for post in posts if held.count(post.post) < post.minimum]


class _Saving:
    """Lines checked one by one against what the roster will be, then written with a fixed number of queries."""

    def __init__(
        self, organization: Organization, by: Any, on: dt.date, *, term: int | None = None, replace: bool = False
    ):
        self.organization, self.by, self.on, self.replace = organization, by, on, replace
        self.term = term or organization.term_number
        rows = organization.memberships.select_for_update(of=("self",)).select_related("person__area")
        self.stored = {row.pk: row for row in rows}
        shared: dict[int, Person] = {}
        for row in self.stored.values():  # one person, one object, whatever the number of posts
            row.person = shared.setdefault(row.person_id, row.person)
        self.before = {pk: (snapshot(row), snapshot(row.person)) for pk, row in self.stored.items()}
        self.open = {_post_of(row): row for row in self.stored.values() if row.until is None}
        self.number = max((row.number for row in self.stored.values()), default=0)
        self.outcome = Outcome()
        self.acts: list[Act] = []
        self.people: list[Person] = []
        self.linked: dict[int, tuple[Person, dict[str, str]]] = {}  # known people who got a number, with what they were
        self.made: list[Membership] = []
        self.dirty: dict[int, Membership] = {}
        self.known: dict[str, list[Person]] | None = None
        self.own: set[int] | None = None
        self.names = {row.person_id: row.person.name for row in self.stored.values()}

    def take(self, line: Line) -> None:
        """Check a line and put it into what will be written; a wrong one is refused."""
        try:
            values = _checked(line)
            row = self._stored(line, values)
            if row is None:
                self._add(line, values)
            elif self._is_another(row, values) and line.rename != Rename.CORRECT:
                self._succeed(row, line, values)
            else:
                self._change(row, line, values)
        except ValidationError as error:
            self._refuse(line, error)

    def take_over(self, line: Line, before: Membership | None) -> None:
        """A line of the next term: whoever stays keeps the same record of the person."""
        try:
            values = {**_checked(line), "since": self.on, "until": None}
            if before is None and line.id is not None:
                raise ValidationError({"name": "这个人已经不在花名册里，请刷新后再办理。"})
            person = before.person if before is not None else self._person(line, values)
            self._make(line, person, values, also_open=before)
        except ValidationError as error:
            self._refuse(line, error)

    def let_go(self) -> None:
        """Whoever is in force and not among the lines leaves on the day before."""
        staying = {row.pk for row in self.outcome.rows.values() if row.pk}
        for row in self.stored.values():
            if row.pk not in staying and row.until is None and row.since <= self.on:
                self.end(row, max(self.on - DAY, row.since))

    def end(self, row: Membership, last: dt.date) -> None:
        row.until = last
        self.open.pop(_post_of(row), None)
        self.dirty[row.pk] = row
        self.outcome.leaving.append(row)

    def write(self) -> None:
        """People first, then memberships; every changed line has its row on the trail."""
        for someone in self.people:
            someone.prepare()
        Person.objects.bulk_create(self.people)
        for row in self.made:
            row.person = row.person  # takes up the key that it was given just now
        self._write_changes()  # posts that end make room for those that begin
        Membership.objects.bulk_create(self.made)
        self.acts += [Act(Action.CREATED, someone) for someone in self.people]
        self.acts += [Act(Action.CREATED, row, words=f"登记 {row}") for row in self.made]
        self._require()
        record_many(self.by, self.acts)

    def _write_changes(self) -> None:
        people = dict(self.linked)
        for row in self.dirty.values():
            before, person_before = self.before[row.pk]
            people.setdefault(row.person_id, (row.person, person_before))
            if changes := audit_differences(before, row):
                row.version += 1
                self.acts.append(Act(Action.UPDATED, row, changes))
        changed = []
        for person, before in people.values():
            if changes := audit_differences(before, person):
                person.version += 1
                person.prepare()
                self.acts.append(Act(Action.UPDATED, person, changes))
                changed.append(person)
        now = timezone.now()
        for touched in (*changed, *self.dirty.values()):
            touched.updated_at = now
        Person.objects.bulk_update(changed, ["name", "pinyin", "phone", "phone_fingerprint", "version", "updated_at"])
        fields = ["post", "in_charge", "since", "until", "number", "version", "updated_at"]
        Membership.objects.bulk_update(self.dirty.values(), fields)

    def _require(self) -> None:
        """Every line that was written must be the user's to write, after the fact."""
        touched = {row.pk for row in (*self.made, *self.dirty.values())}
        if Membership.objects.permitted(self.by, "change").filter(pk__in=touched).count() != len(touched):
            raise PermissionDenied("这份花名册不在您的权限范围内，已全部撤回。")

    def _stored(self, line: Line, values: dict[str, Any]) -> Membership | None:
        """The stored line that this one is about; none for a new one. Another name over it has to say what it means."""
        if line.id is None:
            return None
        row = self.stored.get(line.id)
        if row is None:
            raise ValidationError({"name": "这一行已经不在花名册里，请刷新后再改。"})
        if line.version is not None and line.version != row.version:
            raise ValidationError({"name": ValidationError("这一行刚被别人改过，请先看对方改了什么。", code=STALE)})
        if self._is_another(row, values) and not (line.rename or self.replace):
            others = self._elsewhere.get(row.person_id, [])
            known = f"（还在{'、'.join(others[:3])}任职，改正会一并更正）" if others else ""
            words = f"这一行原是{row.person.name}{known}，请选择是改正写错的姓名，还是换了人。"
            raise ValidationError({"name": ValidationError(words, code=UNSAID)})
        return row

    def _is_another(self, row: Membership, values: dict[str, Any]) -> bool:
        """Whether a line names somebody else than the stored one; a name corrected in another line is no other."""
        return values["name"] not in (row.person.name, self.names[row.person_id])

    def _succeed(self, row: Membership, line: Line, values: dict[str, Any]) -> None:
        """Somebody else takes over a line: what still stands in it of the one before does not become the new one's."""
        if row.until is not None and row.until < self.on:
            raise ValidationError(
                {"name": f"{row.person.name}已经离任，这一行不能换人；新任的人请在今天的花名册里登记。"}
            )
        if line.since == str(row.since):
            values["since"] = None
        if values["until"] == row.until:
            values["until"] = None
        self._add(line, values)
        new = self.outcome.rows[line.row]
        if new.pk is None:
            new.number = row.number  # the place on the list goes with the line
        if row.until is None and not self.replace:  # a replaced roster lets go whoever is not in it
            self.end(row, max(self.on - DAY, row.since))

    def _corrected(self, person: Person, name: str, line: Line) -> None:
        """The person's name as it should have been written, wherever he or she holds a post."""
        if person.pk not in self._own_people():
            raise ValidationError({"name": f"{person.name}的记录由{person.area}登记，姓名请由登记单位更正。"})
        if any(other.pk != person.pk for other in self._known(name)):
            self.outcome.warnings.append((line.row, f"已有同名的{name}；是同一个人的，请在人员页面合并。"))
        person.name = name
        self.outcome.renamed += 1

    def _change(self, row: Membership, line: Line, values: dict[str, Any], *, in_charge: bool | None = None) -> None:
        fresh = {
            name: values[name] for name in ("post", "since", "until") if values[name] is not None or name == "until"
        }
        fresh["in_charge"] = line.in_charge if in_charge is None else in_charge
        if fresh["until"] and fresh["until"] < fresh.get("since", row.since):
            raise ValidationError({"until": "离任日期不能早于任职日期。"})
        if fresh.get("since", row.since) != row.since and fresh["since"] < self.organization.since:
            raise ValidationError({"since": f"任职日期不能早于组织成立日期 {self.organization.since}。"})
        phone = self._new_phone(row.person, values["phone"])
        renamed = line.rename == Rename.CORRECT and self._is_another(row, values)
        other = self.open.get((row.person_id, fresh["post"]))
        if fresh["until"] is None and other not in (None, row):
            raise ValidationError({"post": f"{row.person}已担任{fresh['post']}，不用再填一行。"})
        if renamed:
            self._corrected(row.person, values["name"], line)
        self.outcome.rows[line.row] = row
        if phone is None and not renamed and all(getattr(row, name) == value for name, value in fresh.items()):
            self.outcome.kept.append(row)
            return
        if self.open.get(_post_of(row)) is row:
            del self.open[_post_of(row)]
        for name, value in fresh.items():
            setattr(row, name, value)
        if phone is not None:
            row.person.phone = phone
        if row.until is None:
            self.open[_post_of(row)] = row
        self.dirty[row.pk] = row
        self.outcome.changed.append(row)

    def _add(self, line: Line, values: dict[str, Any]) -> None:
        person = self._person(line, values)
        known = self.open.get((_key(person), values["post"])) if values["until"] is None else None
        if known is not None and known.pk:
            self._change(known, line, {**values, "until": known.until}, in_charge=line.in_charge or known.in_charge)
        else:
            self._make(line, person, values)

    def _make(self, line: Line, person: Person, values: dict[str, Any], *, also_open: Membership | None = None) -> None:
        since = values["since"] or self.on
        if values["until"] and values["until"] < since:
            raise ValidationError({"until": "离任日期不能早于任职日期。"})
        if since < self.organization.since:
            raise ValidationError({"since": f"任职日期不能早于组织成立日期 {self.organization.since}。"})
        key = (_key(person), values["post"])
        if (
            values["until"] is None
            and self.open.get(key) not in (None, also_open)
            and not self._ends(self.open.get(key))
        ):
            raise ValidationError({"name": f"{person.name}（{values['post']}）重复了。"})
        self.number += 1
        row = Membership(
            organization=self.organization, person=person, post=values["post"], number=self.number, in_charge=line.in_charge,
            since=since, until=values["until"], term_number=self.term,
        )  # fmt: skip
        self.made.append(row)
        if row.until is None:
            self.open[key] = row
        self.outcome.new.append(row)
        self.outcome.rows[line.row] = row

    def _ends(self, row: Membership | None) -> bool:
        """Whether a stored line ends with the old term anyway."""
        return self.term != self.organization.term_number and row is not None and row.pk is not None

    def _person(self, line: Line, values: dict[str, Any]) -> Person:
        """The record that was chosen, or one that is surely the same person, or a new one."""
        phone = values["phone"]
        if line.person == NOBODY:
            return self._new_person(values["name"], phone)
        if line.person is not None:
            chosen = self._chosen(line.person)
            if chosen is None:
                raise ValidationError({"name": "选择的人员记录找不到了，请重新选择或留空新建。"})
            return self._linked(chosen, phone, surely=True)
        namesakes = self._known(values["name"])
        alike = [someone for someone in namesakes if is_same(someone, phone)]
        if len(alike) > 1 and not phone:
            self.outcome.warnings.append(
                (line.row, f"有 {len(alike)} 个同名的{values['name']}，用了先登记的一条，请核对。")
            )
        if alike:
            return self._linked(alike[0], phone)
        if namesakes:
            self.outcome.warnings.append((line.row, f"已有同名的{values['name']}，电话不同，按另一人登记。"))
        return self._new_person(values["name"], phone)

    def _new_person(self, name: str, phone: Any) -> Person:
        someone = Person(name=name, area=self.organization.area, phone=phone or "")
        self.people.append(someone)
        self._known(name).append(someone)
        return someone

    def _chosen(self, pk: int) -> Person | None:
        """The record that a person chose: the one object of it where it is on the roster already."""
        here = next((row.person for row in self.stored.values() if row.person_id == pk), None)
        return here or Person.objects.permitted(self.by).current().select_related("area").filter(pk=pk).first()

    def _linked(self, person: Person, phone: Any, *, surely: bool = False) -> Person:
        """A known record; a number that was typed is kept where it has none, and where a person said that it is his."""
        if person.pk and phone and (surely or not person.phone) and self._new_phone(person, phone) is not None:
            self.linked.setdefault(person.pk, (person, snapshot(person)))
            person.phone = phone
        return person

    def _new_phone(self, person: Person, phone: Any) -> Any:
        """The number that changes the person's record; None where it stays. Refused where the record is another area's."""
        if phone is None or phone == person.phone:
            return None
        if person.pk and person.pk not in self._own_people():
            raise ValidationError({"phone": f"{person.name}的记录由{person.area}登记，电话请由登记单位更正。"})
        return phone

    @cached_property
    def _elsewhere(self) -> dict[int, list[str]]:
        """Person id → the names of the other organizations in which people of this roster hold posts."""
        people = {row.person_id for row in self.stored.values()}
        rows = Membership.objects.permitted(self.by).in_force(self.on).filter(person__in=people)
        rows = rows.exclude(organization=self.organization)
        found: dict[int, list[str]] = {}
        for person, name in rows.order_by("pk").values_list("person_id", "organization__name"):
            if name not in found.setdefault(person, []):
                found[person].append(name)
        return found

    def _own_people(self) -> set[int]:
        if self.own is None:
            here = [row.person_id for row in self.stored.values()]
            rows = Person.objects.permitted(self.by, "change")
            self.own = set(rows.filter(Q(pk__in=here) | Q(area=self.organization.area)).values_list("pk", flat=True))
        return self.own

    def _known(self, name: str) -> list[Person]:
        """People of that name in the organization's area or on its roster."""
        if self.known is None:
            self.known = {}
            present = {row.person_id: row.person for row in self.stored.values() if row.person.merged_into_id is None}
            others = (
                Person.objects.current()
                .filter(area=self.organization.area)
                .exclude(pk__in=present)
                .select_related("area")
            )
            for someone in (*present.values(), *others):
                self.known.setdefault(someone.name, []).append(someone)
        return self.known.setdefault(name, [])

    def _refuse(self, line: Line, error: ValidationError) -> None:
        stored = self.stored.get(line.id or 0)
        found = getattr(error, "error_dict", {"name": [error]})
        for name, errors in found.items():
            for one in ValidationError(errors).error_list:
                theirs = stored if one.code == STALE else None
                asks = stored.person.name if stored and one.code == UNSAID else ""
                self.outcome.refused.append(Refusal(line.row, name, one.messages[0], theirs, asks))


def _key(person: Person) -> int:
    """What tells people apart before the new ones have a key."""
    return person.pk or -id(person)


def _post_of(row: Membership) -> tuple[int, str]:
    return _key(row.person), row.post


def _checked(line: Line) -> dict[str, Any]:
    """A line's values as they are stored; ValidationError by field."""
    errors: dict[str, str] = {}
    values: dict[str, Any] = {"name": line.name, "post": line.post, "phone": None}
    for name in ("name", "post"):
        text = getattr(line, name)
        if not text:
            errors[name] = (
                "不再任职的请填离任日期，这一行不能清空。" if line.id and name == "name" else f"请填写{LABELS[name]}。"
            )
        elif len(text) > 30:
            errors[name] = f"{LABELS[name]}最多 30 个字。"
        else:
            try:
                check_words(text)
            except ValidationError as error:
                errors[name] = error.messages[0]
    if any(char.isdigit() for char in line.name):
        errors["name"] = "姓名里不应有数字。"
    if line.phone is not None:
        try:
            values["phone"] = PHONE.clean(line.phone)
        except ValidationError as error:
            errors["phone"] = error.messages[0]
    for name in ("since", "until"):
        values[name], wrong = _day(getattr(line, name))
        if wrong:
            errors[name] = wrong
    if values.get("since") and values["since"] > timezone.localdate():
        errors["since"] = "任职日期不能晚于今天。"
    if errors:
        raise ValidationError(errors)
    return values


def _day(text: str) -> tuple[dt.date | None, str]:
    if not text:
        return None, ""
    day, doubt = read_date(text)
    return (day, "") if day is not None else (None, doubt or "日期的写法应为 2024-03-01。")


def is_same(someone: Person, phone: Any) -> bool:
    """Of the same name: the same number, or one of the two has none."""
    return not phone or not someone.phone or someone.phone == phone


def _in_force(organization: Organization, on: dt.date) -> list[Membership]:
    return list(organization.memberships.in_force(on).select_related("person__area"))


def _confirm(organization: Organization, by: Any, on: dt.date, *, unchanged: bool) -> RosterConfirmation:
    members = organization.memberships.in_force(on).values("person").distinct().count()
    return RosterConfirmation.objects.create(
        organization=organization, on=on, unchanged=unchanged, members=members, by=by
    )


def _must_be_open(organization: Organization, on: dt.date) -> None:
    if not organization.holds_on(on):
        ended = f"，{organization.until} 撤销" if organization.until else ""
        raise ValidationError(f"{organization}在 {on} 不在册（{organization.since} 成立{ended}）。")


def _whole(value: Any) -> int | None:
    return (
        int(value)
        if isinstance(value, int) or (isinstance(value, str) and value.isascii() and value.isdigit())
        else None
    )


def _rename(value: Any) -> Rename:
    return Rename(value) if value in list(Rename) else Rename.UNSAID
