"""Holidays: who writes them, and that a term follows them."""

import datetime as dt

from django.test import TestCase
from django.urls import reverse

from outreach.models import Holiday, Request
from outreach.services.requests import add_working_days
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.factories import make_county, make_enterprise, make_request, make_township, make_user
from tests.queries import QueriesAtMost

LIST, ADD = (reverse(f"outreach:holiday_{name}") for name in ("list", "create"))
DAY = dt.date(2040, 1, 6)  # a Friday of a year that nobody has announced


class HolidayTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county(name="测试县")
        cls.town = make_township(cls.county)
        cls.staff = make_user(Role.STAFF, cls.county)
        cls.committee = make_user(Role.COMMITTEE, cls.town)

    def as_(self, user):
        self.client.force_login(user)

    def send(self, url, **values):
        form = self.client.get(url).context["form"]
        shown = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
        return self.client.post(url, {**shown, **values})

    def test_a_day_is_written_changed_and_taken_back_and_terms_follow(self):
        self.as_(self.staff)
        assert self.send(ADD, on=DAY, name="县庆").url == LIST
        row = Holiday.objects.get()
        assert (row.area, row.works) == (self.county, False)
        assert add_working_days(self.town, DAY - dt.timedelta(1), 1) == dt.date(2040, 1, 9)
        url = reverse("outreach:holiday_update", args=[row.pk])
        with QueriesAtMost(12):
            page = self.client.get(LIST)
        assert url in page.text
        self.send(url, works="on", name="调休上班")
        assert add_working_days(self.town, DAY - dt.timedelta(1), 1) == DAY
        assert self.client.post(reverse("outreach:holiday_delete", args=[row.pk])).url == LIST
        assert not Holiday.objects.exists()
        assert AuditEntry.objects.filter(model="outreach.holiday").count() == 3

    def test_a_request_that_is_running_keeps_its_day(self):
        row = make_request(make_enterprise(self.town))
        self.as_(self.staff)
        self.send(ADD, on=row.due_on, name="放假")
        assert Request.objects.get().due_on == row.due_on

    def test_a_day_twice_and_a_number_in_the_name_are_refused(self):
        self.as_(self.staff)
        self.send(ADD, on=DAY, name="县庆")
        assert "这一天已经安排" in self.send(ADD, on=DAY, name="县庆").text
        assert "电话号码" in self.send(ADD, on=DAY + dt.timedelta(1), name="找13800138000").text
        assert Holiday.objects.count() == 1

    def test_a_stale_page_changes_nothing(self):
        row = Holiday.objects.create(area=self.county, on=DAY, name="县庆")
        self.as_(self.staff)
        url = reverse("outreach:holiday_update", args=[row.pk])
        assert self.send(url, name="别的", version=row.version + 1).status_code == 409

    def test_a_township_reads_its_county_s_days_and_writes_none(self):
        row = Holiday.objects.create(area=self.county, on=DAY, name="县庆")
        foreign = Holiday.objects.create(area=make_county(), on=DAY, name="外县县庆")
        self.as_(self.committee)
        page = self.client.get(LIST)
        update = reverse("outreach:holiday_update", args=[row.pk])
        assert "县庆" in page.text
        assert "外县县庆" not in page.text
        assert update not in page.text
        for url in (ADD, update, reverse("outreach:holiday_delete", args=[row.pk])):
            assert self.client.get(url).status_code == 403
        self.as_(self.staff)
        assert self.client.get(reverse("outreach:holiday_update", args=[foreign.pk])).status_code == 404
