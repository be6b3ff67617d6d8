"""A contact's number: reason and second factor, written down, seen on the contact's page; not while restricted."""

from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from organizations.models import PhoneReveal
from outreach.models import Contact
from portal.accounts.roles import Role
from portal.audit.models import Action, AuditEntry
from tests.accounts.test_factors import code_of, with_app
from tests.factories import make_contact, make_township, make_user

NUMBER = "13866667777"


class ContactRevealTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.township = make_township()
        cls.contact = make_contact(cls.township, name="赵某丙", phone=NUMBER)
        cls.keeper = make_user(Role.COMMITTEE, cls.township, name="王某乙")
        cls.secret, _ = with_app(cls.keeper)
        cls.url = reverse("outreach:contact_reveal", args=[cls.contact.pk])

    def setUp(self):
        self.client.force_login(self.keeper)

    def test_the_number_is_shown_once_and_the_look_stands_on_the_contacts_page(self):
        page = self.client.get(self.contact.get_absolute_url())
        assert self.url in page.text and NUMBER not in page.text and "没有人查看过" in page.text
        shown = self.client.post(self.url, {"reason": "liaison", "code": code_of(self.secret)})
        assert NUMBER in shown.text
        after = self.client.get(self.contact.get_absolute_url())
        assert "王某乙" in after.text and "日常联系" in after.text and NUMBER not in after.text
        entry = AuditEntry.objects.get(action=Action.REVEALED)
        assert "赵某丙" not in entry.sentence and f"联系对象 {self.contact.pk} 号" in entry.sentence

    def test_a_wrong_code_shows_nothing_and_writes_no_look(self):
        assert NUMBER not in self.client.post(self.url, {"reason": "liaison", "code": "000000"}).text
        assert not PhoneReveal.objects.exists()

    def test_a_restricted_contact_keeps_its_number_to_itself(self):
        Contact.objects.filter(pk=self.contact.pk).update(restricted_on=timezone.localdate(), restriction="disputed")
        assert self.url not in self.client.get(self.contact.get_absolute_url()).text
        told = self.client.get(self.url, follow=True)
        assert told.redirect_chain[0][0] == self.contact.get_absolute_url() and "限制处理，不能查看" in told.text
        refused = self.client.post(self.url, {"reason": "liaison", "code": code_of(self.secret)})
        assert refused.status_code == 422 and "限制处理" in refused.text and NUMBER not in refused.text

    def test_another_township_does_not_find_it(self):
        stranger = make_user(Role.COMMITTEE, make_township())
        self.client.force_login(stranger)
        assert self.client.get(self.url).status_code == 404
