"""The workbooks of the directory: enterprises and associations, officials, contacts, pairings."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import Prefetch

from outreach.models import Contact, ContactRole, Enterprise, Notice, Official, Pairing
from outreach.services.contacts import check_contact, check_role, default_review
from outreach.services.visits import check_pairing
from outreach.workbooks import COMMON, Declared, RegisterWorkbook
from portal.audit.models import Act, Action
from portal.kit.models import in_force
from portal.kit.secrets import Phone
from portal.kit.workbooks.cells import plain
from portal.kit.workbooks.columns import Column, Kind
from portal.kit.workbooks.imports import AS_NEW, DOTS, SKIP, Line, Outcome, Problem, RefusedCell
from portal.kit.workbooks.registers import column_for
from portal.kit.workbooks.rules import check_constraints, refuse_broken
from portal.kit.workbooks.writing import BATCH, Trace, prepare, record_all, require_all

MASK = DOTS[0]
ROLE = ("role", "enterprise", "organization", "employer", "post", "since")
PLACES = ("enterprise", "organization")


class EnterpriseWorkbook(RegisterWorkbook):
    name, label, model = "enterprises", "企业和协会", Enterprise
    fields = ("kind", "name", "credit_code", "industry", "unit", "address", "since", "note")
    key = ("area_id", "name")
    declared: ClassVar[Declared] = {
        **COMMON,
        "kind": {"synonyms": ("类型", "单位类别"), "sample": "企业"},
        "name": {"synonyms": ("企业名称", "协会名称", "单位名称"), "sample": "示例县某某茶业有限公司", "width": 30},
        "credit_code": {"kind": Kind.CODE, "synonyms": ("信用代码", "社会信用代码"), "width": 22},
        "industry": {"synonyms": ("所属行业", "行业类别"), "width": 20},
        "since": {"label": "登记日期", "synonyms": ("成立日期", "注册日期", "起始日期"), "sample": "2022-03-01"},
    }  # fmt: skip

    def clean(self, column: Column, value: Any) -> Any:
        """A credit code is a long number by itself: its own check alone decides."""
        if column.name == "credit_code":
            return self._field("credit_code").formfield(required=False).clean(value)  # type: ignore[union-attr]
        return super().clean(column, value)


class OfficialWorkbook(RegisterWorkbook):
    name, label, model = "officials", "联系干部", Official
    words: ClassVar[tuple[str, ...]] = ("职务有变化的，请在干部的页面上修改；离任的请先办理工作移交。",)
    fields = ("kind", "name", "position", "unit", "since")
    key = ("area_id", "name", "position")
    declared: ClassVar[Declared] = {
        "kind": {"synonyms": ("干部类别", "类型"), "sample": "县（市）领导", "width": 18},
        "name": {"synonyms": ("干部姓名", "领导姓名"), "sample": "李某甲"},
        "position": {"synonyms": ("现任职务",), "sample": "副县长", "width": 26},
        "unit": {"synonyms": ("所在单位", "主管部门"), "width": 18},
        "since": {"label": "开始联系日期", "synonyms": ("起始日期", "任职日期"), "sample": "2024-01-01"},
    }  # fmt: skip


class PairingWorkbook(RegisterWorkbook):
    """A pairing stands where the enterprise or the contact stands."""

    name, label, model = "pairings", "结对联系", Pairing
    words: ClassVar[tuple[str, ...]] = (
        "企业或协会、联系对象两列只填一列，乡镇、村填它们所在的地方。",
        "结束结对和换人联系请在页面上办理；表里没有的结对不会结束。",
    )
    names_contacts = True
    fields = ("official", "enterprise", "contact", "since")
    key = ("official_id", "enterprise_id", "contact_id")
    declared: ClassVar[Declared] = {
        "official": {"synonyms": ("干部", "干部姓名", "联系领导", "责任人"), "sample": "李某甲（副县长）", "width": 26,
                     "help": "姓名，重名的写成“李某甲（副县长）”"},
        "enterprise": {"synonyms": ("企业", "企业名称", "协会"), "sample": "示例县某某茶业有限公司", "width": 30},
        "contact": {"synonyms": ("联系对象姓名",), "width": 14},
        "since": {"label": "结对日期", "synonyms": ("起始日期", "联系日期"), "sample": "2024-01-01"},
    }  # fmt: skip

    @property
    def beside(self) -> list[str]:
        return ["official__area", "enterprise__area", "contact__area"]

    @property
    def options(self) -> dict[str, Any]:
        """Names of officials and enterprises; a list of people's names goes into no template."""
        officials = [str(row) for row in self._candidates("official")]
        return {**super().options, "official": officials, "contact": []}

    def _candidates(self, name: str) -> Any:
        if name == "contact":
            return Contact.objects.permitted(self.user).usable().select_related("area", "unit")
        return super()._candidates(name).select_related("area", "unit")

    def _named(self, name: str) -> Mapping[str, list[Any]]:
        """An official is known by the name alone too."""
        found = super()._named(name)
        if name == "official" and isinstance(found, defaultdict):
            for rows in list(found.values()):
                for row in rows:
                    if row not in found[plain(str(row))]:
                        found[plain(str(row))].append(row)
            self._references[name] = found = dict(found)
        return found

    def check(self, obj: Any) -> None:
        check_pairing(obj)
        if obj.target and obj.target.area_id != obj.area_id:
            raise ValidationError({"area": f"{obj.target}登记在{obj.target.area}，请核对乡镇、村（社区）。"})

    def _new(self, line: Line, fresh: Any) -> None:
        fresh.unit = getattr(fresh.target, "unit", None)
        super()._new(line, fresh)


class ContactWorkbook(RegisterWorkbook):
    """New contacts, each with its first public role; what is stored is corrected on its page, where the reason is asked."""

    name, label, model = "contacts", "联系对象", Contact
    words: ClassVar[tuple[str, ...]] = (
        "每一行都要填写处理目的和告知书；依据为本人同意的、台胞和侨务服务登记人，还要填写同意日期。",
        "只登记公开身份和工作电话；不登记宗教信仰、民族、政治观点、健康、家庭、身份证号、住址等内容。",
        "已经登记的不会被更新：更正、新增身份、续期请在联系对象的页面办理。电话只显示末两位，带“•”的表示不改。",
    )
    names_contacts = True
    fields = ("name", "phone", "unit", "purpose", "basis", "notice", "noticed_on", "consent_on", "review_by")
    key = ("area_id", "name")
    declared: ClassVar[Declared] = {
        "name": {"synonyms": ("联系对象", "联系人"), "sample": "张某甲"},
        "phone": {"kind": Kind.PHONE, "synonyms": ("电话", "手机", "联系电话"), "sample": "13800000001", "width": 16},
        "unit": {"synonyms": ("主管部门",), "width": 18},
        "purpose": {"required": True, "synonyms": ("目的", "登记目的"), "sample": "服务企业", "width": 18},
        "basis": {"required": True, "synonyms": ("依据", "登记依据"), "sample": "履行法定职责所必需", "width": 22},
        "notice": {"required": True, "synonyms": ("告知书版本",), "sample": "个人信息处理告知书 2026 年第 1 版", "width": 30},
        "noticed_on": {"required": True, "synonyms": ("告知时间",), "sample": "2026-09-01"},
        "consent_on": {"synonyms": ("同意时间",)},
        "review_by": {"synonyms": ("复核日期", "保存到"), "help": "不填的为一年，最长三年", "required": False},
    }  # fmt: skip
    roles: ClassVar[Declared] = {
        "role": {"synonyms": ("身份", "身份类别"), "sample": "企业（协会）负责人", "width": 20},
        "enterprise": {"synonyms": ("企业", "企业名称", "协会"), "sample": "示例县某某茶业有限公司", "width": 30},
        "organization": {"synonyms": ("组织名称", "所属组织"), "width": 24},
        "employer": {"synonyms": ("单位",), "width": 20},
        "post": {"synonyms": ("职务",), "sample": "总经理", "width": 14},
        "since": {"label": "任职起始日期", "required": True, "synonyms": ("任职日期", "任职时间"), "sample": "2024-01-01"},
    }  # fmt: skip

    def __init__(self, user: Any, parameters: Mapping[str, Any] | None = None):
        super().__init__(user, parameters)
        self.role_checks = check_constraints(ContactRole)
        self.kept: dict[tuple[int, str], list[Contact]] = defaultdict(list)
        self.by_phone: dict[str, Contact] = {}

    def _own_columns(self) -> list[Column]:
        """Who, in which public role, and why the record is kept."""
        found = super()._own_columns()
        return [*found[:2], *(column_for(self._role_field(n), **self.roles[n]) for n in ROLE), *found[2:]]

    @staticmethod
    def _role_field(name: str) -> Any:
        return ContactRole._meta.get_field(name)

    def clean(self, column: Column, value: Any) -> Any:
        if column.kind == Kind.PHONE:
            return value.strip(MASK) if MASK in value else Phone(value)
        if column.name in {"employer", "post"}:
            return self._role_field(column.name).formfield(required=False).clean(value or "")
        return super().clean(column, value)

    @property
    def options(self) -> dict[str, Any]:
        named = {
            name: [row.name for row in self._candidates(name)] for name in ("enterprise", "organization", "notice")
        }
        return {**self.area_places.options, **named}

    def _candidates(self, name: str) -> Any:
        if name == "notice":  # with those that are replaced: contacts were told by them
            return Notice.objects.permitted(self.user).select_related("area").order_by("-since")
        if name == "enterprise":
            return Enterprise.objects.permitted(self.user).in_force().select_related("area")
        return super()._candidates(name)

    def _label(self, name: str) -> str:
        return next(column.label for column in self.columns if column.name == name)

    # comparing

    def load(self, lines: Sequence[Line]) -> None:
        rows = Contact.objects.permitted(self.user).kept().select_related("area", "unit", "notice")
        for row in rows.prefetch_related(self._held()):
            self.kept[row.area_id, plain(row.name)].append(row)
            if row.phone_fingerprint:
                self.by_phone.setdefault(row.phone_fingerprint, row)

    @staticmethod
    def _held() -> Prefetch:
        roles = ContactRole.objects.filter(in_force()).select_related("enterprise", "organization").order_by("pk")
        return Prefetch("roles", roles, to_attr="held")

    def resolved(self, line: Line, values: dict[str, Any]) -> dict[str, Any]:
        """The contact's values, and under "role" those of its public role."""
        phone = values.get("phone")
        own = {name: value for name, value in values.items() if name not in ROLE and name != "phone"}
        found = super().resolved(line, own)
        found["phone"] = phone if isinstance(phone, Phone) else Phone()
        found["review_by"] = found.get("review_by") or default_review()
        found["masked"] = phone if isinstance(phone, str) else ""
        found["role"] = {name: values.get(name) for name in ROLE}
        for name in PLACES:
            found["role"][name] = self.reference(name, values.get(name) or "", line, found)
        return found

    def take(self, line: Line, values: dict[str, Any]) -> None:
        found = self.resolved(line, values)
        role, masked = found.pop("role"), found.pop("masked")
        stored = self._meant(found, masked)
        if stored is not None:
            self._compare(line, stored, role, values)
            return
        if masked:
            raise RefusedCell("phone", "带“•”的电话只用于已登记的联系对象；新登记的请填写完整号码，没有的不填。")
        self._refuse_twice(line, found)
        contact = Contact(**found)
        contact.first_role = ContactRole(contact=contact, **{k: v for k, v in role.items() if v is not None})  # type: ignore[attr-defined]
        self._refuse_wrong(contact)
        self._new(line, contact)

    def _meant(self, found: dict[str, Any], masked: str) -> Contact | None:
        """The stored contact of that place and name; namesakes are told apart by their phones."""
        alike = self.kept.get((found["area"].pk, plain(found["name"])), [])
        phone = found["phone"]
        same = [row for row in alike if (row.phone == phone if phone else str(row.phone).endswith(masked))]
        if not phone and not masked:
            same = [row for row in alike if not row.phone]
        if len(same) > 1:
            raise RefusedCell("name", f"已登记 {len(same)} 名同名的联系对象，请在页面上办理。")
        return same[0] if same else None

    def _compare(self, line: Line, stored: Contact, role: dict[str, Any], values: dict[str, Any]) -> None:
        if not any(_same_role(held, role) for held in stored.held):  # type: ignore[attr-defined]
            raise RefusedCell("role", f"{stored}已登记，没有这个公开身份；请在联系对象的页面“新增公开身份”。")
        names = [name for name in self.fields if name in values and name not in {"name", "phone", "unit"}]
        wrong = [
            self._label(name)
            for name in names
            if values[name] and self.shown(stored, name) != _text(self, name, values[name])
        ]
        if wrong:
            raise RefusedCell(
                "", f"{stored}已登记，{'、'.join(wrong)}与登记的不同；更正请在联系对象的页面办理，并写明原因。"
            )
        line.outcome, line.target = Outcome.UNCHANGED, stored

    def _refuse_twice(self, line: Line, found: dict[str, Any]) -> None:
        key = (found["area"].pk, plain(found["name"]), found["phone"].fingerprint if found["phone"] else "")
        if key in self.seen:
            other = self.seen[key]
            words = (
                f"与工作表“{other.sheet}”第 {other.number} 行是同一人；有几个公开身份的先导入一个，其余在页面上新增。"
            )
            raise RefusedCell("name", words)
        self.seen[key] = line

    def _refuse_wrong(self, obj: Any) -> None:
        obj.clean()
        refuse_broken(obj, self.checks)
        role = obj.first_role
        check_contact(obj, [role.role])
        refuse_broken(role, self.role_checks)
        check_role(role)

    def _new(self, line: Line, fresh: Any) -> None:
        line.target, line.outcome = fresh, Outcome.NEW
        doubles = [] if line.answer == AS_NEW else self.alike(fresh)
        if doubles:
            line.outcome = Outcome.DUPLICATE
            line.problems.append(
                Problem(
                    "", f"可能已经登记过：{doubles[0]}（{doubles[0].area}，{doubles[0].phone or '没有电话'}），请选择。"
                )
            )
            line.choices = [(AS_NEW, "不是同一人，仍然新增"), (SKIP, "是同一人，这一行不导入")]

    def alike(self, obj: Any) -> list[Any]:
        named = self.kept.get((obj.area_id, plain(obj.name)), [])
        numbered = (
            [self.by_phone[obj.phone.fingerprint]] if obj.phone and obj.phone.fingerprint in self.by_phone else []
        )
        return [*named, *numbered]

    # showing

    def present(self, area: Any = None) -> Iterator[list[Any]]:
        """One line for each public role that is held; what is restricted or erased leaves in no file."""
        rows = Contact.objects.permitted(self.user).usable()
        rows = rows.in_area(area) if area is not None else rows
        for contact in rows.select_related("area__parent", "unit", "notice").prefetch_related(self._held()):
            for role in contact.held:  # type: ignore[attr-defined]
                yield [self._cell(contact, role, column) for column in self.columns]

    def _cell(self, contact: Contact, role: ContactRole, column: Column) -> Any:
        if column.name not in ROLE:
            return self.cell(contact, column)
        value = getattr(role, column.name)
        if column.name == "role":
            return role.get_role_display()
        return value if column.kind == Kind.DATE else str(value or "")

    # writing

    def create(self, rows: Sequence[Any]) -> None:
        """The contacts, then their roles: both or none."""
        super().create(rows)
        roles = [contact.first_role for contact in rows]
        for contact, role in zip(rows, roles, strict=True):
            role.contact = contact
            prepare(role)
        ContactRole.objects.bulk_create(roles, batch_size=BATCH)

    def write(self, lines: Iterable[Line]) -> list[Trace]:
        chosen = [line for line in lines if line.outcome == Outcome.NEW]
        traces = super().write(chosen)
        roles = [line.target.first_role for line in chosen]
        record_all(self.user, (Act(Action.CREATED, role) for role in roles))
        require_all(ContactRole, [role.pk for role in roles], self.user)
        label = ContactRole._meta.label_lower
        return [
            *traces,
            *(Trace(label, r.pk, r.version, None, ln.sheet, ln.number) for r, ln in zip(roles, chosen, strict=True)),
        ]


def _same_role(held: ContactRole, role: dict[str, Any]) -> bool:
    places = all(getattr(held, f"{name}_id") == (role[name].pk if role[name] else None) for name in PLACES)
    texts = all(plain(getattr(held, name)) == plain(role[name] or "") for name in ("employer", "post"))
    return held.role == role["role"] and places and texts


def _text(workbook: ContactWorkbook, name: str, value: Any) -> str:
    """A cell's value as `shown` writes a stored one."""
    return value if name == "notice" else workbook.shown_value(name, value)
