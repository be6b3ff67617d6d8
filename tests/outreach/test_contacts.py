"""Contacts through the doors that users take: recorded, corrected, renewed, restricted, their roles ended."""

import csv
import datetime as dt
import io
from urllib.parse import unquote

from django.urls import reverse
from django.utils import timezone

from outreach.models import Contact, ContactRole
from outreach.services.contacts import years_after
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.factories import (
    make_contact,
    make_enterprise,
    make_notice,
    make_official,
    make_organization,
    make_pairing,
    make_request,
    make_user,
    make_village,
    make_visit,
)
from tests.outreach.test_directory import DirectoryCase
from tests.queries import QueriesAtMost

PHONE = "13800000001"
YEAR = dt.timedelta(days=365)


class ContactCase(DirectoryCase):
    @classmethod
    def setUpTestData(cls):
        super().setUpTestData()
        cls.notice = make_notice(cls.county, name="告知书第1版")
        cls.enterprise = make_enterprise(cls.town, name="示例茶业公司")
        cls.create = "/outreach/contacts/add/"

    def values(self, **changed):
        return {
            "name": "王某甲", "phone": PHONE, "role": "enterprise_head", "enterprise": self.enterprise.pk, "post": "董事长",
            "area": self.town.pk, "purpose": "enterprise", "basis": "duty", "notice": self.notice.pk, **changed,
        }  # fmt: skip

    def kept(self, **fields):
        return make_contact(
            self.town, self.enterprise, **{"notice": self.notice, "phone": PHONE, "name": "王某甲", **fields}
        )

    def route(self, name, obj):
        return reverse(f"outreach:{name}", args=[obj.pk])


class RecordingTests(ContactCase):
    def test_a_contact_is_recorded_with_its_first_public_role_in_one_form(self):
        self.as_(self.committee)
        page = self.client.get(f"{self.create}?enterprise={self.enterprise.pk}&role=enterprise_head")
        form = page.context["form"]
        assert (form["enterprise"].value(), form["role"].value()) == (str(self.enterprise.pk), "enterprise_head")
        answer = self.send(self.create, **self.values())
        contact = Contact.objects.get()
        assert answer["Location"] == contact.get_absolute_url()
        assert contact.roles.get().enterprise == self.enterprise
        assert contact.review_by == years_after(timezone.localdate(), 1)
        assert contact.phone.reveal() == PHONE
        text = self.client.get(contact.get_absolute_url()).text
        assert "示例茶业公司" in text
        assert "董事长" in text
        assert PHONE not in text
        assert str(contact.phone) in text

    def test_what_the_basis_and_the_role_ask_for_is_asked(self):
        self.as_(self.staff)
        for changed, words in (
            ({"basis": "consent"}, "同意日期"),
            ({"role": "service_taiwan"}, "同意日期"),
            ({"enterprise": ""}, "请选择企业或协会"),
            ({"role": "post_holder"}, "请填写工作单位和担任职务"),
            ({"review_by": years_after(timezone.localdate(), 3) + dt.timedelta(days=1)}, "最长三年"),
            ({"review_by": timezone.localdate()}, "应晚于今天"),
            ({"noticed_on": timezone.localdate() + dt.timedelta(days=1)}, "不能晚于今天"),
            ({"notice": ""}, "必填"),
            ({"post": "联系 13800000002"}, "电话号码"),
        ):
            page = self.send(self.create, **self.values(**changed))
            assert page.status_code == 422, changed
            assert words in page.text, changed
        assert not Contact.objects.exists()
        day = timezone.localdate() - dt.timedelta(days=3)
        page = self.send(self.create, **self.values(role="service_taiwan", basis="consent", consent_on=day))
        assert page.status_code == 302

    def test_another_countys_notice_and_place_are_no_choice(self):
        self.as_(self.committee)
        for changed in ({"notice": make_notice().pk}, {"area": self.other.pk}, {"enterprise": make_enterprise().pk}):
            assert self.send(self.create, **self.values(**changed)).status_code == 422

    def test_one_who_may_be_recorded_already_is_named_before_being_doubled(self):
        self.kept()
        self.as_(self.committee)
        for changed in ({"phone": ""}, {"name": "王某乙"}):
            page = self.send(self.create, **self.values(**changed))
            assert page.status_code == 422
            assert "可能已经登记过" in page.text
            assert PHONE not in page.content.decode().replace(f'value="{PHONE}"', "")
        assert self.send(self.create, **self.values(another="on")).status_code == 302
        box = 'type="checkbox" name="another"'
        assert box in page.text
        assert (
            box not in self.send(self.create, **self.values(name="周某", phone="123")).text
        )  # nobody alike: not asked
        elsewhere = make_user(Role.COMMITTEE, self.other)
        self.as_(elsewhere)
        there = make_enterprise(self.other)
        assert self.send(self.create, **self.values(area=self.other.pk, enterprise=there.pk)).status_code == 302


class ListTests(ContactCase):
    def test_a_long_list_costs_the_same(self):
        for number in range(40):
            make_contact(self.town, self.enterprise, notice=self.notice, name=f"王某{number}")
        self.as_(self.staff)
        with QueriesAtMost(12):
            page = self.client.get(reverse("outreach:contact_list"))
        assert page.context["total"] == 40

    def test_role_state_pairing_area_and_pinyin_find(self):
        head = self.kept(name="王某领")
        holder = make_contact(make_village(self.other), role="post_holder", notice=self.notice, name="赵某任")
        ended = self.kept(name="钱某离", phone="")
        ended.roles.update(until=dt.date(2025, 6, 30))
        due = self.kept(name="孙某期", phone="", review_by=timezone.localdate() + dt.timedelta(days=5))
        self.kept(name="周某限", phone="", restricted_on=timezone.localdate(), restriction="objected")
        make_pairing(make_official(self.county), head)
        self.as_(self.staff)
        everyone = sorted([head.name, holder.name, due.name])
        assert self.names("contact") == everyone
        assert self.names("contact", "role=post_holder") == ["赵某任"]
        assert self.names("contact", "state=ended") == ["钱某离"]
        assert self.names("contact", "on=2025-06-01") == sorted([*everyone, "钱某离"])
        assert self.names("contact", "state=due") == ["孙某期"]
        assert self.names("contact", "state=restricted") == ["周某限"]
        assert self.names("contact", "paired=yes") == ["王某领"]
        assert self.names("contact", f"area={self.other.pk}") == ["赵某任"]
        assert self.names("contact", "q=wml") == ["王某领"]

    def test_an_export_masks_the_phone_leaves_out_the_restricted_and_tells_the_trail_no_name(self):
        self.kept()
        self.kept(name="周某限", phone="", restricted_on=timezone.localdate(), restriction="objected")
        self.as_(self.staff)
        for query in ("", "&state=restricted", "&q=王某甲"):
            answer = self.client.get(f"{reverse('outreach:contact_list')}?export=csv{query}")
            assert unquote(answer["Content-Disposition"]).endswith(f"-{self.staff}.csv")  # a csv says it in its name
            file = answer.getvalue()
            text = file.decode("utf-8-sig")
            assert PHONE not in text
            assert "周某限" not in text
            assert len([row for row in csv.reader(io.StringIO(text)) if row and row[0] == "王某甲"]) == (
                not query.startswith("&s")
            )
        said = [entry.sentence for entry in AuditEntry.objects.filter(action="exported")]
        assert len(said) == 3
        assert not [sentence for sentence in said if "王某甲" in sentence]


class LifeTests(ContactCase):
    def test_a_correction_keeps_an_empty_phone_and_says_why(self):
        contact = self.kept()
        self.as_(self.committee)
        url = self.route("contact_update", contact)
        assert PHONE not in self.client.get(url).text
        assert self.send(url, name="王某乙", reason="登记时写错").status_code == 302
        contact.refresh_from_db()
        assert (contact.name, contact.phone.reveal()) == ("王某乙", PHONE)
        assert "写错" in self.client.get(contact.get_absolute_url()).text
        named = self.send(url, name="王某丙", reason="王某乙改名")
        assert named.status_code == 422
        assert "不要写本人姓名" in named.text

    def test_a_renewal_is_one_click_and_ends_within_three_years(self):
        contact = self.kept(review_by=timezone.localdate() + dt.timedelta(days=3))
        self.as_(self.committee)
        form = self.client.get(contact.get_absolute_url()).context["renew"]
        values = {name: form[name].value() or "" for name in form.fields}
        url = self.route("contact_renew", contact)
        assert self.client.post(url, values).status_code == 302
        contact.refresh_from_db()
        assert contact.review_by == years_after(timezone.localdate(), 1)
        late = years_after(timezone.localdate(), 4)
        assert "最长三年" in self.send(url, review_by=late).text

    def test_a_restricted_record_leaves_the_list_and_is_not_edited_until_it_is_freed(self):
        contact = self.kept()
        self.as_(self.committee)
        assert self.send(self.route("contact_restrict", contact), restriction="disputed").status_code == 302
        assert self.names("contact") == []
        assert "限制处理" in self.client.get(contact.get_absolute_url()).text
        for name in ("contact_update", "contact_renew"):
            assert self.client.get(self.route(name, contact))["Location"] == contact.get_absolute_url()
            assert (
                self.client.post(
                    self.route(name, contact), {"version": 2, "reason": "改", "review_by": "2027-01-01"}
                ).status_code
                == 422
            )
        role = {"role": "post_holder", "employer": "示例局", "post": "科长", "since": "2026-01-01"}
        assert self.client.post(self.route("contactrole_create", contact), role).status_code == 422
        assert self.send(self.route("contact_lift", contact), reason="已核实").status_code == 302
        assert self.names("contact") == ["王某甲"]

    def test_roles_are_added_and_ended_on_its_page(self):
        contact = self.kept()
        organization = make_organization(self.town, name="示例商会")
        self.as_(self.committee)
        url = self.route("contactrole_create", contact)
        assert self.send(url, role="organization_officer", organization=organization.pk, post="会长").status_code == 302
        assert "已经登记" in self.send(url, role="organization_officer", organization=organization.pk, post="会长").text
        old = contact.roles.get(role="enterprise_head")
        today = timezone.localdate()
        assert self.send(self.route("contactrole_end", old), until=today - YEAR, reason="卸任").status_code == 302
        page = self.client.get(contact.get_absolute_url())
        assert [row.role for row in page.context["roles"]] == ["organization_officer"]
        assert [row.role for row in page.context["former"]] == ["enterprise_head"]
        shown = self.client.get(reverse("outreach:contact_list")).text
        assert "示例商会" in shown
        assert "示例茶业公司" not in shown
        new = ContactRole.objects.get(role="organization_officer")
        assert (
            self.send(self.route("contactrole_end", new), until=today - dt.timedelta(days=0), reason="换届").status_code
            == 302
        )

    def test_its_page_shows_what_was_done_and_costs_little(self):
        contact = self.kept()
        make_pairing(make_official(self.county, name="李某领"), contact)
        make_visit(self.enterprise, contacts=[contact], matter="finance")
        request = make_request(contact=contact)
        self.as_(self.leader)
        with QueriesAtMost(12):
            page = self.client.get(contact.get_absolute_url())
        for words in ("李某领", "融资贷款", request.reference):
            assert words in page.text
        assert "更正" not in [action["label"] for action in page.context["actions"]]

    def test_who_keeps_another_township_finds_nothing(self):
        contact = self.kept()
        self.as_(make_user(Role.COMMITTEE, self.other))
        assert self.names("contact") == []
        for name in ("contact_detail", "contact_update", "contact_erase", "contact_report", "contactrole_create"):
            assert self.client.get(self.route(name, contact)).status_code == 404
        self.as_(self.leader)
        assert self.client.get(self.route("contact_erase", contact)).status_code == 403


class ApiTests(ContactCase):
    def post(self, url, **values):
        return self.client.post(url, values, content_type="application/json")

    def body(self, **changed):
        first = {"role": "enterprise_head", "enterprise": self.enterprise.pk, "post": "董事长", "since": "2024-01-01"}
        values = {"name": "王某甲", "phone": PHONE, "area": self.town.pk, "purpose": "enterprise", "basis": "duty",
                  "notice": self.notice.pk, "first_role": first}  # fmt: skip
        return {**values, **changed}

    def test_a_phone_goes_in_and_comes_out_masked(self):
        self.as_(self.committee)
        made = self.post("/api/contacts/", **self.body())
        assert made.status_code == 201, made.content
        contact = Contact.objects.get()
        assert contact.phone.reveal() == PHONE
        assert contact.roles.get().enterprise == self.enterprise
        url = f"/api/contacts/{contact.pk}/"
        for answer in (made, self.client.get(url), self.client.get("/api/contacts/")):
            assert PHONE not in answer.content.decode()
            assert str(contact.phone) in answer.content.decode()
        row = self.client.get(url).json()
        assert "phone" not in row
        assert row["roles"][0]["post"] == "董事长"
        changed = {"version": row["version"], "name": "王某乙", "reason": "写错"}
        answer = self.client.patch(url, changed, content_type="application/json")
        assert answer.json()["name"] == "王某乙"
        contact.refresh_from_db()
        assert contact.phone.reveal() == PHONE

    def test_it_asks_what_the_form_asks(self):
        self.as_(self.committee)
        for changed, field in (
            ({"first_role": None}, "first_role"), ({"basis": "consent"}, "consent_on"), ({"phone": "123"}, "phone"),
            ({"review_by": "2099-01-01"}, "review_by"), ({"notice": make_notice().pk}, "notice"),
            ({"first_role": {"role": "service_taiwan", "since": "2024-01-01"}}, "consent_on"),
            ({"first_role": {"role": "post_holder", "employer": "13800000002", "post": "科长", "since": "2024-01-01"}}, "first_role"),
        ):  # fmt: skip
            body = {name: value for name, value in self.body(**changed).items() if value is not None}
            answer = self.post("/api/contacts/", **body)
            assert answer.status_code == 400, changed
            assert field in answer.json() or "non_field_errors" in answer.json(), answer.json()
        contact = self.kept()
        url = f"/api/contacts/{contact.pk}/"
        for words in ("", "王某甲改名", "电话 13800000002"):
            answer = self.client.patch(
                url, {"version": 1, "name": "丁", "reason": words}, content_type="application/json"
            )
            assert "reason" in answer.json() or "why" in answer.json()
        Contact.objects.update(restricted_on=timezone.localdate(), restriction="objected")
        answer = self.client.patch(url, {"version": 1, "name": "丁", "reason": "更正"}, content_type="application/json")
        assert answer.status_code == 400
        assert self.client.get("/api/contacts/").json()["results"] == []

    def test_enterprises_officials_and_notices_are_written_too(self):
        self.as_(self.staff)
        values = {"name": "新公司", "area": self.town.pk, "since": "2024-01-01"}
        assert self.post("/api/enterprises/", **values).status_code == 201
        assert self.post("/api/enterprises/", **values).status_code == 400
        assert self.post("/api/enterprises/", **{**values, "name": "丙", "note": "13800000002"}).status_code == 400
        official = {
            "name": "李某甲",
            "kind": "leader",
            "position": "副县长",
            "area": self.county.pk,
            "since": "2024-01-01",
        }
        assert self.post("/api/officials/", **official).status_code == 201
        notice = {"area": self.county.pk, "name": "第2版", "text": "告知。", "since": "2024-01-01"}
        assert self.post("/api/notices/", **notice).status_code == 201
        assert self.post("/api/notices/", **{**notice, "name": "第3版", "area": self.town.pk}).status_code == 400
