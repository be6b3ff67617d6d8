"""The roster's workbook: a person in a post of an organization, a row each; people are recognised, never doubled silently."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.utils import timezone

from organizations.models import Membership, Organization, Person, RosterConfirmation
from organizations.workbooks.places import TOWNSHIP, VILLAGE, Places, place_cells, place_columns
from portal.audit.models import Act, Action, Change, snapshot
from portal.audit.models import differences as audit_differences
from portal.kit.forms import check_words
from portal.kit.secrets import Phone
from portal.kit.workbooks.cells import plain
from portal.kit.workbooks.columns import Column, Kind
from portal.kit.workbooks.imports import (
    AS_NEW,
    SKIP,
    Difference,
    Line,
    Outcome,
    Problem,
    RefusedCell,
    Workbook,
    closest,
)
from portal.kit.workbooks.writing import BATCH, Trace, prepare, record_all, require_all, update

MASK = "•"
LONGEST = 30


class RosterWorkbook(Workbook):
    name, label = "rosters", "成员花名册"
    permissions = ("organizations.add_membership", "organizations.change_membership")
    view_permission = "organizations.view_membership"
    words: ClassVar[tuple[str, ...]] = (
        "同一组织里姓名、职务都相同的，认定为同一条任职，导入会更新它；表里没有的人不会被删除或离任。",
        "电话只显示末两位；更新表里带“•”的电话原样保留，表示不改。",
        "有人离任，请填写离任日期；换届请在组织页面办理。",
    )

    def __init__(self, user: Any, parameters: Mapping[str, Any] | None = None):
        super().__init__(user, parameters)
        self.places = Places(user, "organizations.add_membership", self.label)
        self.open: dict[tuple[int, str, str], list[Membership]] = defaultdict(list)
        self.left: set[tuple[int, str, str, Any]] = set()  # organization, name, post, day of those who left
        self.taken: dict[int, Line] = {}  # stored line → the line of the file that means it
        self.added: dict[tuple[int, str, str], list[tuple[Phone, Line]]] = defaultdict(list)
        self.fresh: dict[tuple[int, str], list[Person]] = defaultdict(list)
        self.linked: dict[int, tuple[Person, dict[str, str]]] = {}

    @property
    def columns(self) -> Sequence[Column]:
        return COLUMNS

    @property
    def options(self) -> dict[str, Any]:
        names = [organization.name for organization in self._own]
        return {**self.places.options, "organization": names}

    # comparing

    def load(self, lines: Sequence[Line]) -> None:
        ids = {organization.pk for organization in self._own}
        rows = Membership.objects.filter(until=None, organization__in=ids).select_related("person")
        for row in rows:
            self.open[row.organization_id, row.person.name, row.post].append(row)
        ended = Membership.objects.filter(until__isnull=False, organization__in=ids)
        self.left = set(ended.values_list("organization", "person__name", "post", "until"))
        self.last = dict.fromkeys(ids, 0)
        for organization, number in Membership.objects.filter(organization__in=ids).values_list(
            "organization", "number"
        ):
            self.last[organization] = max(self.last[organization], number)

    def take(self, line: Line, values: dict[str, Any]) -> None:
        organization = self._organization(values)
        self._check(organization, values)
        key = (organization.pk, values["name"], values["post"])
        phone = values.get("phone")
        masked, values["phone"] = (phone, None) if isinstance(phone, str) else ("", phone)
        stored = self._meant(self.open.get(key, []), values["phone"], masked)
        if stored is None and (*key, values.get("until")) in self.left:
            line.outcome = Outcome.UNCHANGED
        elif stored is None:
            self._refuse_twice(line, self.added[key], values["phone"] or Phone())
            self._new(line, organization, values)
        elif stored.pk in self.taken:
            raise _twice(self.taken[stored.pk])
        else:
            self.taken[stored.pk] = line
            self._change(line, stored, values)

    def look_further(self, line: Line, values: dict[str, Any]) -> None:
        wrong = {problem.column for problem in line.problems}
        if not wrong & {TOWNSHIP, VILLAGE, "organization"}:
            self._check(self._organization(values), values)

    def _meant(self, rows: list[Membership], phone: Phone | None, masked: str) -> Membership | None:
        """The stored line of that name and post; namesakes are told apart by their phones."""
        if len(rows) < 2:  # noqa: PLR2004
            return rows[0] if rows else None
        if phone or masked:
            alike = [r for r in rows if r.person.phone == phone or (masked and str(r.person.phone).endswith(masked))]
        else:
            alike = [r for r in rows if not r.person.phone]
        free = [row for row in alike if row.pk not in self.taken] or alike
        if free:
            return free[0]
        raise RefusedCell("name", f"这个组织有 {len(rows)} 个同名同职务的，电话对不上，请在花名册页面更正。")

    @staticmethod
    def _refuse_twice(line: Line, others: list[tuple[Phone, Line]], phone: Phone) -> None:
        """Two new lines of one name and post are two people only where their phones say so."""
        for other, earlier in others:
            if not phone or not other or phone == other:
                raise _twice(earlier)
        others.append((phone, line))

    def clean(self, column: Column, value: Any) -> Any:
        if column.kind == Kind.PHONE:
            return value.strip(MASK) if MASK in value else Phone(value)
        if isinstance(value, str) and value:
            check_words(value)
            if column.name in {"name", "post"} and len(value) > LONGEST:
                raise ValidationError(f"{column.label}最多 {LONGEST} 个字。")
        if column.name == "name" and any(char.isdigit() for char in value):
            raise ValidationError("姓名里不应有数字。")
        return value

    def _check(self, organization: Organization, values: dict[str, Any]) -> None:
        since, until = values.get("since"), values.get("until")
        today = timezone.localdate()
        if since and since > today:
            raise RefusedCell("since", "任职日期不能晚于今天。")
        if since and since < organization.since:
            raise RefusedCell("since", f"任职日期不能早于组织成立日期 {organization.since}。")
        if since and until and until < since:
            raise RefusedCell("until", "离任日期不能早于任职日期。")

    def _change(self, line: Line, row: Membership, values: dict[str, Any]) -> None:
        fresh = {name: values[name] for name in ("since", "until", "in_charge") if values.get(name) is not None}
        if fresh.get("until") and fresh["until"] < fresh.get("since", row.since):
            raise RefusedCell("until", f"离任日期不能早于任职日期 {row.since}。")
        changed = {name: value for name, value in fresh.items() if getattr(row, name) != value}
        phone = values.get("phone")
        if phone and phone != row.person.phone:
            self._own_person(row.person)
            line.changes.append(Difference("phone", "联系电话", str(row.person.phone or "空"), str(phone)))
        for name, value in changed.items():
            label = LABELS[name]
            line.changes.append(Difference(name, label, _words(getattr(row, name)), _words(value)))
        line.outcome = Outcome.CHANGED if line.changes else Outcome.UNCHANGED
        line.target = (row, changed, phone if phone and phone != row.person.phone else None)

    def _new(self, line: Line, organization: Organization, values: dict[str, Any]) -> None:
        since, phone = values.get("since") or timezone.localdate(), values.get("phone") or Phone()
        if values.get("until"):
            raise RefusedCell(
                "until", f"{organization.name}的花名册里没有{values['name']}（{values['post']}），不能办理离任。"
            )
        person = self._person(line, organization, values["name"], phone)
        line.target = (
            Membership(
                organization=organization, person=person, post=values["post"], since=since,
                in_charge=bool(values.get("in_charge")), term_number=organization.term_number,
            ),
            phone,
        )  # fmt: skip
        if line.choices:
            line.outcome = Outcome.DUPLICATE
            return
        line.outcome = Outcome.NEW
        if person.pk is None and person not in self.fresh[organization.area_id, person.name]:
            self.fresh[organization.area_id, person.name].append(person)

    def _person(self, line: Line, organization: Organization, name: str, phone: Phone) -> Person:
        """Surely the same person, a new one, or a question: the same number under another name, another number."""
        near = [*self._people.get((organization.area_id, name), []), *self.fresh[organization.area_id, name]]
        if line.answer and line.answer not in {AS_NEW, SKIP}:
            chosen = next((p for p in self._everyone if str(p.pk) == line.answer), None)
            if chosen is None:
                raise RefusedCell("name", "选择的人员记录找不到了，请重新选择。")
            return chosen
        if line.answer != AS_NEW:
            same = [p for p in near if p.phone == phone or not p.phone or not phone]
            if same:
                return same[0]
            doubles = near + [p for p in self._by_phone(phone) if p not in near]
            if doubles:
                self._ask(line, doubles, phone)
        return Person(name=name, area=organization.area, phone=phone)

    def _ask(self, line: Line, doubles: Sequence[Person], phone: Phone) -> None:
        other = doubles[0]
        why = "电话相同" if other.phone == phone else "姓名相同、电话不同"
        line.problems.append(Problem("name", f"与现有人员“{other}”{why}，请选择。"))
        known = [p for p in doubles if p.pk]
        line.choices = [(str(p.pk), f"就是“{p}”（{p.phone or '没有电话'}）") for p in known[:3]]
        line.choices += [(AS_NEW, "不是同一人，仍然新增"), (SKIP, "这一行不导入")]

    def _own_person(self, person: Person) -> None:
        if person.pk not in self._changeable:
            raise RefusedCell("phone", f"{person.name}的记录由{person.area}登记，电话请由登记单位更正。")

    def _by_phone(self, phone: Phone) -> list[Person]:
        return self._phones.get(phone.fingerprint, []) if phone else []

    # what is known

    @cached_property
    def _own(self) -> list[Organization]:
        rows = Organization.objects.permitted(self.user, "change").in_force()
        return list(rows.select_related("area__parent"))

    @cached_property
    def _by_name(self) -> dict[str, list[Organization]]:
        found: dict[str, list[Organization]] = defaultdict(list)
        for organization in self._own:
            found[plain(organization.name)].append(organization)
        return found

    @cached_property
    def _everyone(self) -> list[Person]:
        return list(Person.objects.permitted(self.user).current().select_related("area"))

    @cached_property
    def _changeable(self) -> set[int]:
        return set(Person.objects.permitted(self.user, "change").values_list("pk", flat=True))

    @cached_property
    def _people(self) -> dict[tuple[int, str], list[Person]]:
        found: dict[tuple[int, str], list[Person]] = defaultdict(list)
        for person in self._everyone:
            found[person.area_id, person.name].append(person)
        return found

    @cached_property
    def _phones(self) -> dict[str, list[Person]]:
        found: dict[str, list[Person]] = defaultdict(list)
        for person in self._everyone:
            if person.phone_fingerprint:
                found[person.phone_fingerprint].append(person)
        return found

    def _organization(self, values: dict[str, Any]) -> Organization:
        name = values["organization"]
        place = self._place(values)
        found = self._by_name.get(plain(name), [])
        here = [o for o in found if place is None or place.pk in {o.area_id, o.area.parent_id}]
        if len(here) == 1:
            return here[0]
        if len(here) > 1:
            raise RefusedCell("organization", f"有 {len(here)} 个“{name}”，请填写乡镇和村（社区）。")
        near = [o.name for o in self._own if place is None or place.pk in {o.area_id, o.area.parent_id}]
        meant = closest(name, near)
        words = f"找不到组织“{name}”" + (f"，是否为“{meant}”？" if meant else "，请先登记这个组织。")
        raise RefusedCell("organization", words, meant)

    def _place(self, values: dict[str, Any]) -> Any:
        township, village = values.get(TOWNSHIP, ""), values.get(VILLAGE, "")
        return self.places.find(township, village, None) if township or village else None

    # showing

    def present(self, area: Any = None) -> Iterator[list[Any]]:
        rows = Membership.objects.permitted(self.user).in_force().filter(until=None)
        rows = rows.in_area(area) if area is not None else rows
        related = rows.select_related("organization__area__parent", "person")
        for row in related.order_by("organization__area__tree_code", "organization", "number", "pk").iterator(2000):
            place = place_cells(row.organization.area)
            yield [
                place[TOWNSHIP], place[VILLAGE], row.organization.name, row.person.name, row.post, str(row.person.phone),
                row.since, row.until, "是" if row.in_charge else "否",
            ]  # fmt: skip

    # writing

    def write(self, lines: Iterable[Line]) -> list[Trace]:
        chosen = list(lines)
        new = [line for line in chosen if line.outcome == Outcome.NEW]
        changed = [line for line in chosen if line.outcome == Outcome.CHANGED]
        traces = self._write_people(new, changed)
        acts = self._write_new(new) + self._write_changed(changed)
        record_all(self.user, [*self.people_acts, *acts])
        require_all(Membership, [self._row(line).pk for line in chosen], self.user)
        self._confirm(chosen)
        return traces + [self._trace(line) for line in chosen]

    def _write_people(self, new: Sequence[Line], changed: Sequence[Line]) -> list[Trace]:
        people: dict[int, Person] = {}
        given: dict[int, tuple[Person, dict[str, str], str, Line]] = {}
        for line in new:
            row, phone = line.target
            if row.person.pk is None:
                people[id(row.person)] = row.person
                row.person.phone = row.person.phone or phone
            elif phone and not row.person.phone:
                self._give(given, row.person, phone, line)
        for line in changed:
            row, _, phone = line.target
            if phone:
                self._give(given, row.person, phone, line)
        made = list(people.values())
        for person in made:
            prepare(person)
        Person.objects.bulk_create(made, batch_size=BATCH)
        self.people_acts = [Act(Action.CREATED, person) for person in made]
        traces = [Trace("organizations.person", person.pk, person.version, None, "", 0) for person in made]
        for person, before, token, line in given.values():
            self.people_acts.append(Act(Action.UPDATED, person, audit_differences(before, person)))
            person.version += 1
            person.updated_at = timezone.now()
            prepare(person)
            old = {"phone": token}
            traces.append(Trace("organizations.person", person.pk, person.version, old, line.sheet, line.number))
        update(Person, [entry[0] for entry in given.values()], {"phone", "phone_fingerprint"})
        return traces

    @staticmethod
    def _give(given: dict[int, Any], person: Person, phone: Phone, line: Line) -> None:
        if person.pk not in given:
            token = Person._meta.get_field("phone").get_prep_value(person.phone)
            given[person.pk] = (person, snapshot(person), token, line)
            person.phone = phone

    def _write_new(self, new: Sequence[Line]) -> list[Act]:
        rows = []
        for line in new:
            row = self._row(line)
            row.person = row.person  # takes up the key that it was given just now
            self.last[row.organization_id] += 1
            row.number = self.last[row.organization_id]
            rows.append(row)
        Membership.objects.bulk_create(rows, batch_size=BATCH)
        return [Act(Action.CREATED, row, words=f"登记 {row}") for row in rows]

    def _write_changed(self, changed: Sequence[Line]) -> list[Act]:
        acts, rows, now = [], [], timezone.now()
        for line in changed:
            row, values, _ = line.target
            if not values:
                continue
            row.before_import = {name: getattr(row, name) for name in values}
            for name, value in values.items():
                setattr(row, name, value)
            row.version += 1
            row.updated_at = now
            own = [d for d in line.changes if d.column != "phone"]
            acts.append(Act(Action.UPDATED, row, [Change(d.column, d.label, d.before, d.after) for d in own]))
            rows.append(row)
        update(Membership, rows, {"since", "until", "in_charge"})
        return acts

    def _confirm(self, lines: Sequence[Line]) -> None:
        """A roster that was imported counts as looked at on the day."""
        touched = {self._row(line).organization_id for line in lines}
        people: dict[int, set[int]] = defaultdict(set)
        rows = Membership.objects.filter(organization__in=touched).in_force()
        for organization, person in rows.values_list("organization", "person"):
            people[organization].add(person)
        RosterConfirmation.objects.bulk_create(
            [RosterConfirmation(organization_id=pk, members=len(people[pk]), by=self.user) for pk in sorted(touched)],
            batch_size=BATCH,
        )

    @staticmethod
    def _row(line: Line) -> Membership:
        return line.target[0]

    def _trace(self, line: Line) -> Trace:
        row, before = self._row(line), None
        if line.outcome == Outcome.CHANGED:
            kept = getattr(row, "before_import", {})
            before = {name: _stored(value) for name, value in kept.items()}
        return Trace("organizations.membership", row.pk, row.version, before, line.sheet, line.number)


def _twice(line: Line) -> RefusedCell:
    return RefusedCell("", f"与工作表“{line.sheet}”第 {line.number} 行重复，请删去一行。")


def _words(value: Any) -> str:
    return {True: "是", False: "否", None: "空"}.get(value) or str(value)


def _stored(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


COLUMNS = [
    *place_columns(),
    Column("organization", "组织", Kind.REFERENCE, required=True, width=26, sample="示例镇商会",
           synonyms=("组织名称", "所在组织", "所属组织", "商会名称", "协会名称")),
    Column("name", "姓名", required=True, synonyms=("成员姓名", "人员", "名字"), sample="张某甲", width=12),
    Column("post", "职务", required=True, synonyms=("担任职务", "会内职务", "岗位"), sample="会长", width=14),
    Column("phone", "联系电话", Kind.PHONE, synonyms=("电话", "手机", "手机号", "手机号码", "联系方式", "电话号码"), width=16,
           sample="13800000001", looks_like=lambda text: len(text) == 11 and text.isdigit() and text.startswith("1"),
           help="只显示末两位；带“•”的表示不改"),
    Column("since", "任职日期", Kind.DATE, synonyms=("任职时间", "入会日期", "入会时间", "起始日期"), sample="2024-03-01",
           help="不填的按导入当天"),
    Column("until", "离任日期", Kind.DATE, synonyms=("离任时间", "退会日期"), help="在任的不填"),
    Column("in_charge", "负责人", Kind.YES_NO, synonyms=("是否负责人", "主要负责人"), choices=(("1", "是"), ("0", "否"))),
]  # fmt: skip
LABELS = {column.name: column.label for column in COLUMNS}
