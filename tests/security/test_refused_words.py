"""No field, label, choice or import heading asks for what is never kept about a person (security.md 16, 17; domain.md)."""

import datetime as dt
from pathlib import Path

from django import forms
from django.apps import apps
from django.db import models
from django.test import TestCase
from django.test.utils import isolate_apps

from organizations.models import Membership, Person, Standard, StandardVersion
from outreach.models import Contact, ContactRole
from portal.accounts.roles import Role
from tests.factories import make_county, make_quarter, make_scheme, make_user
from tests.security import refused_words as words

MANUAL = Path(__file__).parents[2] / "docs" / "manual" / "administrators.md"
ALLOWED = {  # domain.md: name, public role (ContactRole), employer, township, phone; purpose and basis of keeping; review-by date
    "id", "version", "updated_at", "name", "pinyin", "phone", "phone_fingerprint", "area", "unit", "purpose", "basis", "notice",
    "noticed_on", "consent_on", "review_by", "restricted_on", "restriction", "erased_at",
}  # fmt: skip


class WordsTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        county = make_county()
        cls.user = make_user(Role.STAFF, county)
        quarter = make_quarter(make_scheme(county=county, status="open"))
        standard = Standard.objects.create(
            area=county, code="eight_haves", name="八有", applies_to="organizations.organization"
        )
        StandardVersion.objects.create(standard=standard, since=dt.date(2020, 1, 1))
        cls.asked = {"quarter": quarter.pk, "standard": standard.pk}

    def named(self):
        return words.named(self.user, self.asked)

    def found(self):
        return {(where, word) for where, said in self.named() for word in words.hits(said)}

    def test_nothing_that_people_fill_in_or_read_names_what_is_never_kept(self):
        known = words.friends()
        found = self.found()
        assert sorted(found - known.keys()) == []
        assert sorted(known.keys() - found) == [], "these lines of false_friends.txt are about nothing any more"

    def test_everything_is_looked_at(self):
        where = {place.partition(".")[0] for place, _ in self.named()}
        assert {
            "outreach",
            "ContactCreateForm",
            "ContactFilterSet",
            "ContactTable",
            "ContactSerializer",
            "RosterWorkbook",
        } <= where
        assert len(list(self.named())) > 1500

    def test_a_new_field_of_that_kind_is_seen_wherever_it_stands(self):
        class ProbeForm(forms.Form):
            remark = forms.CharField(label="政治面貌")

        ProbeForm.__module__ = "outreach.forms.contacts"
        try:
            assert ("ProbeForm.remark", "政治面貌") in {
                (where.rpartition(">.")[2], word) for where, word in self.found()
            }
        finally:
            ProbeForm.__module__ = __name__

    @isolate_apps("outreach")
    def test_in_a_model_too_by_name_label_help_and_choice(self):
        class Probe(models.Model):
            id_card = models.CharField("编号", max_length=18)
            note = models.CharField("备注", max_length=10, help_text="可写宗教信仰")
            kind = models.CharField("类别", max_length=5, choices=[("a", "重点人员")])

            class Meta:
                app_label = "outreach"

        found = {(where, word) for where, said in words.of_model(Probe) for word in words.hits(said)}
        assert found == {
            ("outreach.Probe.id_card", "idcard"), ("outreach.Probe.note", "宗教"), ("outreach.Probe.note", "信仰"),
            ("outreach.Probe.kind", "重点人"),
        }  # fmt: skip

    def test_the_manual_refuses_each_kind_by_name(self):
        text = MANUAL.read_text(encoding="utf-8")
        assert [kind for kind in words.REFUSED if kind not in text] == []


def forward(start):
    """Every model that can be reached from a model by its own relations."""
    seen, todo = set(), [start]
    while todo:
        model = todo.pop()
        if model not in seen:
            seen.add(model)
            todo += [f.related_model for f in [*model._meta.fields, *model._meta.many_to_many] if f.related_model]
    return seen - {start}


class ContactTests(TestCase):
    def test_a_contact_has_the_fields_of_the_domain_and_no_other(self):
        assert {
            field.name for field in Contact._meta.get_fields() if not field.auto_created or field.name == "id"
        } == ALLOWED
        assert not any(isinstance(field, models.TextField | models.FileField) for field in Contact._meta.fields)
        named = {field.name for field in ContactRole._meta.fields}
        assert named == {"id", "version", "updated_at", "since", "until", "contact", "role", "enterprise", "organization",
                         "employer", "post"}  # fmt: skip

    def test_no_road_leads_from_a_score_to_a_person_or_back(self):
        people = {Contact, ContactRole, Person, Membership}
        for model in apps.get_app_config("assessments").get_models():
            assert not forward(model) & people, model
        for model in people:
            assert not {m for m in forward(model) if m._meta.app_label == "assessments"}, model
