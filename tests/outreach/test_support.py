"""Support funds: entered by typing the enterprise's name, added up as they are filtered, shown on the enterprise's page."""

import datetime as dt
import io
from decimal import Decimal

import openpyxl
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from outreach.models import Support
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.factories import make_county, make_enterprise, make_request, make_support, make_township, make_user
from tests.queries import QueriesAtMost

LIST, ADD = reverse("outreach:support_list"), reverse("outreach:support_create")


class SupportCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county(name="测试县")
        cls.town, cls.other = make_township(cls.county, name="甲镇"), make_township(cls.county, name="乙镇")
        cls.staff = make_user(Role.STAFF, cls.county)
        cls.committee = make_user(Role.COMMITTEE, cls.town)
        cls.leader = make_user(Role.LEADER, cls.county)
        cls.mill = make_enterprise(cls.town, name="红星纺织公司")
        cls.quarry = make_enterprise(cls.other, name="青山采石公司")
        cls.asked = make_request(cls.mill)

    def setUp(self):
        self.client.force_login(self.staff)

    def form(self, **changed):
        return {"whom": "红星纺织公司", "programme": "技改贴息", "amount": "1234567.5", "on": "2026-05-20", **changed}

    def url(self, name, row):
        return reverse(f"outreach:support_{name}", args=[row.pk])


class EntryTests(SupportCase):
    def test_by_typing_the_name_it_stands_where_the_enterprise_stands(self):
        answer = self.client.post(ADD, self.form(request=self.asked.pk))
        support = Support.objects.get()
        assert answer.url == support.get_absolute_url()
        assert (support.enterprise, support.area, support.request) == (self.mill, self.town, self.asked)
        with QueriesAtMost(12):
            page = self.client.get(answer.url).text
        assert "1,234,567.50" in page and self.asked.reference in page
        assert AuditEntry.objects.filter(model="outreach.support", action="created").exists()

    def test_wrong_input_is_said_and_what_was_typed_stays(self):
        foreign = make_request(self.quarry)
        cases = [
            ({"whom": "没有的公司"}, "没有找到"), ({"whom": ""}, "请选择企业"), ({"whom": "红星纺织公司、青山采石公司"}, "请只选一家"),
            ({"amount": "0"}, "0"), ({"amount": "12.345"}, "小数"), ({"amount": "五十万"}, "数字"), ({"on": "2099-01-01"}, "不能晚于今天"),
            ({"programme": "联系13800000001"}, "电话号码"), ({"request": foreign.pk}, "不是这家企业"), ({"request": "x"}, "有效"),
        ]  # fmt: skip
        for changed, words in cases:
            page = self.client.post(ADD, self.form(**changed))
            assert page.status_code == 422 and words in page.text, changed
            assert 'value="技改贴息"' in page.text or "programme" in changed
            assert 'value="1234567.5"' in page.text or "amount" in changed
        assert not Support.objects.exists()

    def test_from_the_enterprise_and_from_the_request_what_is_known_is_chosen(self):
        token = f'value="enterprise-{self.mill.pk}" checked'
        page = self.client.get(f"{ADD}?enterprise={self.mill.pk}").text
        assert token in page and self.asked.reference in page
        with QueriesAtMost(12):
            page = self.client.get(f"{ADD}?request={self.asked.pk}").text
        assert token in page and f'value="{self.asked.pk}" selected' in page
        assert "checked" not in self.client.get(f"{ADD}?enterprise=x").text

    def test_search_without_scripts_offers_the_requests_too(self):
        page = self.client.post(ADD, self.form(find="1", whom="红星")).text
        assert f'value="enterprise-{self.mill.pk}"' in page and 'value="技改贴息"' in page
        page = self.client.post(ADD, self.form(find="1", whom="", sides=[f"enterprise-{self.mill.pk}"])).text
        assert self.asked.reference in page

    def test_corrected_even_where_the_enterprise_is_closed_and_a_stale_page_is_a_conflict(self):
        support = make_support(self.mill)
        self.mill.until = timezone.localdate() - dt.timedelta(1)
        self.mill.save()
        assert f'value="enterprise-{self.mill.pk}" checked' in self.client.get(self.url("update", support)).text
        values = self.form(whom="", sides=[f"enterprise-{self.mill.pk}"], amount="60000", version=support.version)
        assert self.client.post(self.url("update", support), values).status_code == 302
        assert self.client.post(self.url("update", support), values).status_code == 409
        support.refresh_from_db()
        assert (support.amount, support.enterprise) == (Decimal("60000.00"), self.mill)

    def test_another_enterprise_takes_it_to_its_own_place(self):
        support = make_support(self.mill)
        values = self.form(whom="", sides=[f"enterprise-{self.quarry.pk}"], version=support.version)
        self.client.post(self.url("update", support), values)
        support.refresh_from_db()
        assert (support.enterprise, support.area) == (self.quarry, self.other)

    def test_deleting_what_was_entered_wrongly(self):
        support = make_support(self.mill)
        assert self.client.get(self.url("delete", support)).status_code == 200
        assert self.client.post(self.url("delete", support)).url == LIST
        assert not Support.objects.exists()


class ListTests(SupportCase):
    def test_the_total_is_that_of_the_filters(self):
        make_support(self.mill, amount=Decimal("300000.50"), programme="技改贴息")
        make_support(self.quarry, amount=Decimal("200000"), on=dt.date(2025, 3, 1))
        for query, amount in (
            ("", "500,000.50"), ("year=2026", "300,000.50"), ("programme=贴息", "300,000.50"), (f"area={self.other.pk}", "200,000.00"),
            ("q=青山", "200,000.00"), (f"enterprise={self.mill.pk}", "300,000.50"), ("q=无", "0.00"),
        ):  # fmt: skip
            with QueriesAtMost(12):
                assert f"合计 {amount} 元" in self.client.get(f"{LIST}?{query}").text, query
        answer = self.client.get(f"{LIST}?export=xlsx&year=2026")
        rows = list(openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).worksheets[1].values)
        assert rows[1][:3] == ("红星纺织公司", "技改贴息", 300000.5)

    def test_on_the_page_of_the_enterprise_with_its_total(self):
        for _ in range(12):
            make_support(self.mill, amount=Decimal(1000))
        with QueriesAtMost(12):
            page = self.client.get(self.mill.get_absolute_url()).text
        assert "合计 12,000.00 元" in page and page.count("1,000.00 元") == 10
        assert f"{ADD}?enterprise={self.mill.pk}" in page
        assert "还没有扶持资金" in self.client.get(self.quarry.get_absolute_url()).text

    def test_who_may(self):
        ours, theirs = make_support(self.mill), make_support(self.quarry)
        self.client.force_login(self.committee)
        assert self.client.get(ours.get_absolute_url()).status_code == 200
        assert self.client.get(theirs.get_absolute_url()).status_code == 404
        assert "没有找到" in self.client.post(ADD, self.form(whom="青山采石公司")).text
        self.client.force_login(self.leader)
        assert self.client.get(theirs.get_absolute_url()).status_code == 200
        assert self.client.get(ADD).status_code == 403 and self.client.get(self.url("update", ours)).status_code == 403
        assert "登记扶持资金" not in self.client.get(self.mill.get_absolute_url()).text
        self.client.force_login(make_user(Role.VILLAGE, self.town))
        assert self.client.get(LIST).status_code == 403


class ApiTests(SupportCase):
    def send(self, method, url, **values):
        return getattr(self.client, method)(url, values, content_type="application/json")

    def test_made_changed_and_listed(self):
        values = {
            "enterprise": self.mill.pk,
            "request": self.asked.pk,
            "programme": "技改贴息",
            "amount": "1000.50",
            "on": "2026-05-20",
        }
        answer = self.send("post", "/api/supports/", **values)
        assert answer.status_code == 201 and answer.json()["area"] == self.town.pk
        url, version = f"/api/supports/{answer.json()['id']}/", answer.json()["version"]
        assert self.send("patch", url, version=version, amount="0").status_code == 400
        refused = self.send("patch", url, version=version, enterprise=self.quarry.pk)
        assert refused.status_code == 400 and "不是这家企业" in refused.content.decode()
        moved = self.send("patch", url, version=version, enterprise=self.quarry.pk, request=None).json()
        assert moved["area"] == self.other.pk
        assert self.client.get("/api/supports/?year=2026").json()["count"] == 1
        self.client.force_login(self.committee)
        assert self.client.get(url).status_code == 404
        assert self.send("post", "/api/supports/", **values | {"enterprise": self.quarry.pk}).status_code == 400
