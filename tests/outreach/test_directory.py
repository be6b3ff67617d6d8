"""Enterprises and associations, officials, notices through the doors that users take."""

import csv
import datetime as dt
import io

from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from outreach.models import ContactRole, Enterprise, Notice, Official, Pairing
from portal.accounts.roles import Role
from tests.factories import (
    make_contact,
    make_county,
    make_enterprise,
    make_notice,
    make_official,
    make_pairing,
    make_request,
    make_township,
    make_user,
    make_visit,
)
from tests.queries import QueriesAtMost

CODE, DIGITS = "91420324MA4900002D", "914203240000000014"


def check_sign(stem):
    """The code whose last sign is right (GB 32100-2015)."""
    from outreach.models.directory import CODE_SIGNS, CODE_WEIGHTS

    total = sum(CODE_SIGNS.index(sign) * weight for sign, weight in zip(stem, CODE_WEIGHTS, strict=True))
    return stem + CODE_SIGNS[-total % 31]


class DirectoryCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county(name="测试县")
        cls.town, cls.other = make_township(cls.county, name="甲镇"), make_township(cls.county, name="乙镇")
        cls.staff = make_user(Role.STAFF, cls.county)
        cls.committee = make_user(Role.COMMITTEE, cls.town)
        cls.village = make_user(Role.VILLAGE, cls.town)
        cls.leader = make_user(Role.LEADER, cls.county)

    def as_(self, user):
        self.client.force_login(user)
        return self.client

    def form(self, url):
        """What a page's form holds when it is opened."""
        form = self.client.get(url).context["form"]
        return {name: form[name].value() for name in form.fields if form[name].value() not in (None, [])}

    def send(self, url, **values):
        return self.client.post(url, {**self.form(url), **values})

    def names(self, name, query=""):
        page = self.client.get(f"{reverse(f'outreach:{name}_list')}?{query}")
        return sorted(row.obj.name for row in page.context["table"].rows)


class EnterpriseTests(DirectoryCase):
    def test_a_long_list_costs_the_same_and_is_exported_as_it_stands(self):
        for number in range(40):
            make_enterprise(self.town, name=f"示例{number}公司")
        make_pairing(make_official(self.county), Enterprise.objects.first())
        self.as_(self.staff)
        with QueriesAtMost(12):
            page = self.client.get(reverse("outreach:enterprise_list"))
        assert page.context["total"] == 40
        assert page.text.count("未结对") >= 39
        rows = self.client.get(reverse("outreach:enterprise_list") + "?export=csv").getvalue().decode("utf-8-sig")
        assert len([row for row in csv.reader(io.StringIO(rows)) if row and row[0].startswith("示例")]) == 40

    def test_kind_industry_pairing_pinyin_and_the_end_of_the_code_find(self):
        code = check_sign("91420324MA490001X")
        tea = make_enterprise(self.town, name="云雾茶业公司", industry="farming", credit_code=code)
        make_enterprise(self.other, name="石材公司", industry="mining")
        make_enterprise(self.town, name="建材协会", kind="association")
        make_enterprise(self.town, name="关门公司", until=dt.date(2024, 12, 31))
        make_pairing(make_official(self.county), tea)
        self.as_(self.staff)
        assert self.names("enterprise", "industry=farming") == ["云雾茶业公司"]
        assert self.names("enterprise", "kind=association") == ["建材协会"]
        assert self.names("enterprise", "paired=yes") == ["云雾茶业公司"]
        assert self.names("enterprise", "paired=no") == ["建材协会", "石材公司"]
        assert self.names("enterprise", "q=ywcy") == ["云雾茶业公司"]
        assert self.names("enterprise", f"q={code[-4:]}") == ["云雾茶业公司"]
        assert self.names("enterprise", f"area={self.other.pk}") == ["石材公司"]
        assert "关门公司" in self.names("enterprise", "closed=on")
        assert "关门公司" in self.names("enterprise", "on=2024-06-01")

    def test_who_keeps_the_township_records_there_and_nowhere_else(self):
        self.as_(self.committee)
        url, code = reverse("outreach:enterprise_create"), check_sign("91420324000000001")
        page = self.send(url, name="新公司", credit_code=code.lower(), industry="trade")
        made = Enterprise.objects.get(name="新公司")
        assert page["Location"] == made.get_absolute_url()
        assert (made.area, made.credit_code) == (self.town, code)
        assert self.send(url, name="新公司").status_code == 422
        assert "校验位不对" in self.send(url, name="另一家", credit_code=code[:-1] + "X").text
        assert "电话号码" in self.send(url, name="第三家", note="联系 13800000001").text
        theirs = make_enterprise(self.other)
        assert self.client.get(theirs.get_absolute_url()).status_code == 404
        self.as_(self.village)
        assert self.client.get(reverse("outreach:enterprise_list")).status_code == 403

    def test_what_is_done_for_it_stands_on_its_page(self):
        contact = make_contact(self.town, phone="13800000001", name="王某甲")
        enterprise = contact.roles.get().enterprise
        make_pairing(make_official(self.county, name="李某领"), enterprise)
        make_visit(enterprise, matter="finance")
        request = make_request(enterprise)
        self.as_(self.leader)
        with QueriesAtMost(12):
            page = self.client.get(enterprise.get_absolute_url())
        for words in ("王某甲", "李某领", "融资贷款", request.reference):
            assert words in page.text
        assert "13800000001" not in page.text

    def test_closing_ends_its_pairings_and_the_role_of_its_head(self):
        contact = make_contact(self.town)
        enterprise = contact.roles.get().enterprise
        pairing = make_pairing(make_official(self.county), enterprise)
        self.as_(self.committee)
        url, today = reverse("outreach:enterprise_close", args=[enterprise.pk]), timezone.localdate()
        assert "结对联系" in self.client.get(url).text
        assert self.send(url, until=today, reason="已注销").status_code == 302
        enterprise.refresh_from_db()
        pairing.refresh_from_db()
        assert enterprise.until == pairing.until == ContactRole.objects.get(contact=contact).until == today
        assert pairing.end == Pairing.End.CLOSED
        again = reverse("outreach:enterprise_reopen", args=[enterprise.pk])
        assert self.send(again, reason="登记有误").status_code == 302
        enterprise.refresh_from_db()
        assert enterprise.until is None


class OfficialTests(DirectoryCase):
    def test_an_official_is_recorded_with_an_account_of_the_area(self):
        self.as_(self.staff)
        url = reverse("outreach:official_create")
        stranger = make_user(Role.STAFF, make_county())
        values = {"name": "李某甲", "kind": "leader", "position": "副县长", "area": self.county.pk}
        self.leader.area = self.county
        self.leader.save()
        assert self.send(url, **values, user=stranger.pk).status_code == 422
        assert self.send(url, **values, user=self.leader.pk).status_code == 302
        assert Official.objects.get().user == self.leader
        assert "已经登记" in self.send(url, **values).text
        page = self.client.get(reverse("outreach:official_list") + "?q=lm&kind=leader")
        assert "副县长" in page.text

    def test_one_with_pairings_or_open_work_hands_over_first(self):
        official = make_official(self.county, name="李某甲")
        pairing = make_pairing(official, make_enterprise(self.town))
        self.as_(self.staff)
        url = reverse("outreach:official_close", args=[official.pk])
        refused = self.send(url, until=timezone.localdate(), reason="调离")
        assert refused.status_code == 422
        assert "工作移交" in refused.text
        Pairing.objects.filter(pk=pairing.pk).update(until=timezone.localdate())
        planned = make_visit(pairing.enterprise, [official], state="planned", on=timezone.localdate())
        assert "1 次计划或约定的走访" in self.send(url, until=timezone.localdate(), reason="调离").text
        planned.delete()
        assert self.send(url, until=timezone.localdate(), reason="调离").status_code == 302
        assert self.names("official") == ["李某甲"]
        Official.objects.update(until=dt.date(2024, 1, 1))
        assert self.names("official") == []
        assert self.names("official", "closed=on") == ["李某甲"]


class NoticeTests(DirectoryCase):
    def test_a_given_text_is_not_changed_any_more_and_may_be_closed(self):
        self.as_(self.staff)
        url = reverse("outreach:notice_create")
        values = {"area": self.county.pk, "name": "告知书第1版", "text": "告知目的和期限。"}
        assert self.send(url, **values).status_code == 302
        notice = Notice.objects.get()
        change = reverse("outreach:notice_update", args=[notice.pk])
        assert self.send(change, text="告知目的、期限和权利。").status_code == 302
        make_contact(self.town, notice=notice)
        refused = self.send(change, text="又改了。")
        assert refused.status_code == 422
        assert "另新增一个版本" in refused.text
        close = reverse("outreach:notice_close", args=[notice.pk])
        assert self.send(close, until=timezone.localdate(), reason="有新版").status_code == 302
        assert Notice.objects.get().until == timezone.localdate()

    def test_the_township_reads_the_notice_of_its_county_and_writes_none(self):
        notice = make_notice(self.county, name="县里的告知书")
        self.as_(self.committee)
        assert "县里的告知书" in self.client.get(reverse("outreach:notice_list")).text
        assert self.client.get(notice.get_absolute_url()).status_code == 200
        assert self.client.get(reverse("outreach:notice_create")).status_code == 403
