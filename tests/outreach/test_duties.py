"""Duty posts: who answers here, what is vacant, a change of holder in one step."""

import datetime as dt

from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from organizations.coverage import Coverage
from organizations.models import FormerPlace
from outreach.models import DutyPost
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.factories import make_county, make_duty_post, make_township, make_unit, make_user, make_village
from tests.queries import QueriesAtMost

NETWORK = reverse("outreach:dutypost_network")


class DutyCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county(name="测试县")
        cls.town, cls.other = make_township(cls.county, name="甲镇"), make_township(cls.county, name="乙镇")
        cls.village, cls.second = make_village(cls.town, name="甲一村"), make_village(cls.town, name="甲二村")
        cls.body = make_unit(area=cls.county, name="民宗局")
        cls.staff = make_user(Role.STAFF, cls.county)
        cls.committee = make_user(Role.COMMITTEE, cls.town)
        cls.liaison = make_user(Role.VILLAGE, cls.village)
        cls.leader = make_user(Role.LEADER, cls.county)
        cls.high = make_duty_post(cls.county, post="第一责任人", official="县领导甲")
        cls.middle = make_duty_post(cls.town, post="统战委员", official="镇干部甲")
        cls.low = make_duty_post(cls.village, post="联络员", official="村干部甲")
        cls.strange = make_duty_post(cls.other, official="外镇干部")

    def as_(self, user):
        self.client.force_login(user)
        return self.client

    def form(self, url):
        form = self.client.get(url).context["form"]
        return {name: form[name].value() for name in form.fields if form[name].value() is not None}


class NetworkTests(DutyCase):
    def test_a_village_reads_who_answers_up_to_the_county_and_opens_its_own(self):
        page = self.as_(self.liaison).get(NETWORK)
        for name in ("县领导甲", "镇干部甲", "村干部甲"):
            assert name in page.text
        assert "外镇干部" not in page.text
        assert self.low.get_absolute_url() in page.text
        assert self.middle.get_absolute_url() not in page.text
        assert self.client.get(self.middle.get_absolute_url()).status_code == 404

    def test_a_township_sees_its_villages_and_what_is_vacant(self):
        page = self.as_(self.committee).get(NETWORK, {"area": self.town.pk})
        vacant = {label: [area.name for area in areas] for _, label, areas, _ in page.context["vacant"]}
        assert vacant == {"统战工作网络": ["甲二村"], "民族宗教工作网络": ["甲镇", "甲一村", "甲二村"]}
        url = f"{reverse('outreach:dutypost_create')}?area={self.second.pk}&amp;network=affairs"
        assert url in page.text
        assert self.client.get(NETWORK, {"area": self.other.pk}).context["area"] == self.town

    def test_a_county_goes_down_to_its_townships_and_counts_vacant_villages(self):
        page = self.as_(self.leader).get(NETWORK, {"area": self.county.pk})
        assert [line.area.name for line, _ in page.context["lines"]] == ["测试县", "甲镇", "乙镇"]
        assert [len(areas) for _, _, areas, _ in page.context["vacant"]] == [1, 5]

    def test_a_day_shows_who_answered_then_and_where(self):
        gone = make_duty_post(self.town, official="前任", until=dt.date(2024, 12, 31))
        FormerPlace.objects.create(
            register="outreach.dutypost", object_id=self.strange.pk, area=self.second, since=dt.date(2020, 1, 1),
            until=dt.date(2023, 12, 31),
        )  # fmt: skip
        self.as_(self.staff)
        assert "前任" not in self.client.get(NETWORK, {"area": self.town.pk}).text
        then = self.client.get(NETWORK, {"area": self.town.pk, "on": "2023-06-01"})
        lines = {line.area.name: [p.official for p in line.posts["united_front"]] for line, _ in then.context["lines"]}
        assert lines["甲二村"] == ["外镇干部"]
        assert gone.official in lines["甲镇"]
        assert "日期的写法" in self.client.get(NETWORK, {"on": "昨天"}).text

    def test_a_body_reads_the_county_and_nothing_below(self):
        keeper = make_user(Role.COMMITTEE, unit=self.body)
        make_duty_post(self.county, unit=self.body, official="局干部")
        page = self.as_(keeper).get(NETWORK)
        assert "局干部" in page.text
        assert "镇干部甲" not in page.text
        assert page.context["vacant"] == []

    def test_who_stands_below_reads_the_countys_own_posts_not_those_of_its_bodies(self):
        body = make_unit(area=self.county, name="教育局")
        make_duty_post(self.county, official="钱某乙", unit=body)
        assert "钱某乙" not in self.as_(self.liaison).get(NETWORK).text
        assert "钱某乙" in self.as_(self.staff).get(NETWORK, {"area": self.county.pk}).text

    def test_each_network_is_a_measure_whose_gaps_are_the_vacant_areas(self):
        self.client.force_login(self.staff)
        today = timezone.localdate()
        page = self.client.get(reverse("outreach:dutypost_network"), {"area": self.county.pk})
        coverage = Coverage(self.county, [today])
        for network, _, areas, _ in page.context["vacant"]:
            lacking = {item.area_id for item in coverage.line(f"{network}_posts", today).figure.lack}
            assert lacking == {area.area_id for area in areas} - {self.county.pk}, network

    def test_the_page_costs_the_same_whatever_it_holds(self):
        for _ in range(20):
            make_duty_post(make_village(self.town))
        self.as_(self.staff)
        for area in (self.county, self.town, self.village):
            with QueriesAtMost(12):
                assert self.client.get(NETWORK, {"area": area.pk}).status_code == 200


class PostTests(DutyCase):
    def test_list_scope_search_and_past_holders(self):
        make_duty_post(self.town, official="前任", until=dt.date(2024, 12, 31))
        self.as_(self.committee)
        url = reverse("outreach:dutypost_list")

        def found(query=""):
            return {row.obj.official for row in self.client.get(f"{url}?{query}").context["table"].rows}

        assert found() == {"镇干部甲", "村干部甲"}
        assert found("closed=on") == {"镇干部甲", "村干部甲", "前任"}
        assert found("q=联络员") == {"村干部甲"}
        assert found(f"area={self.village.pk}&network=united_front") == {"村干部甲"}
        with QueriesAtMost(12):
            self.client.get(url)

    def test_a_vacant_area_is_filled_from_its_link(self):
        self.as_(self.committee)
        url = f"{reverse('outreach:dutypost_create')}?area={self.second.pk}&network=affairs"
        values = self.form(url)
        assert (str(values["area"]), values["network"]) == (str(self.second.pk), "affairs")
        answer = self.client.post(url, values | {"post": "专干", "official": "新干部"})
        assert answer.status_code == 302
        page = self.client.post(url, self.form(url) | {"post": "专干", "official": "张某 13800138000"})
        assert "电话号码" in page.context["form"].errors["official"][0]

    def test_a_change_of_holder_ends_one_row_and_begins_another(self):
        self.as_(self.committee)
        url = reverse("outreach:dutypost_replace", args=[self.middle.pk])
        values = self.form(url) | {
            "new_official": "镇干部乙",
            "new_position": "党委委员",
            "on": "2026-10-01",
            "reason": "调整分工",
        }
        answer = self.client.post(url, values)
        new = DutyPost.objects.get(official="镇干部乙")
        assert answer.headers["Location"] == new.get_absolute_url()
        self.middle.refresh_from_db()
        assert self.middle.until == dt.date(2026, 9, 30)
        assert (new.area, new.network, new.post, new.since) == (
            self.town,
            "united_front",
            "统战委员",
            dt.date(2026, 10, 1),
        )
        assert AuditEntry.objects.filter(model="outreach.dutypost", reason__contains="调整分工").count() == 2
        assert self.client.post(url, values).headers["Location"] == new.get_absolute_url()
        assert self.client.get(url).status_code == 302

    def test_a_wrong_change_of_holder_changes_nothing(self):
        self.as_(self.committee)
        url = reverse("outreach:dutypost_replace", args=[self.middle.pk])
        base = self.form(url) | {"new_official": "镇干部乙", "on": "2026-10-01", "reason": "调整"}
        for values, field in [
            ({"on": "2020-01-01"}, "on"),
            ({"on": "2099-01-01"}, "on"),
            ({"new_official": "镇干部甲"}, "new_official"),
        ]:
            page = self.client.post(url, base | values)
            assert page.status_code == 422
            assert field in page.context["form"].errors
        DutyPost.objects.filter(pk=self.middle.pk).update(version=9)
        assert self.client.post(url, base).status_code == 409
        self.middle.refresh_from_db()
        assert self.middle.until is None
        assert DutyPost.objects.filter(area=self.town).count() == 1

    def test_leaving_and_coming_back(self):
        self.as_(self.committee)
        url = reverse("outreach:dutypost_close", args=[self.low.pk])
        assert self.client.post(url, self.form(url) | {"until": "2026-10-31", "reason": "退休"}).status_code == 302
        page = self.client.get(self.low.get_absolute_url())
        assert "2026-10-31 离任" in page.text
        url = reverse("outreach:dutypost_reopen", args=[self.low.pk])
        assert self.client.post(url, self.form(url) | {"reason": "误办"}).status_code == 302
        self.low.refresh_from_db()
        assert self.low.until is None
        assert self.client.post(reverse("outreach:dutypost_delete", args=[self.low.pk])).status_code == 302

    def test_readers_and_strangers(self):
        for step in ("update", "close", "replace", "reopen", "delete"):
            url = reverse(f"outreach:dutypost_{step}", args=[self.strange.pk])
            assert self.as_(self.leader).get(url).status_code == 403
            assert self.as_(self.committee).get(url).status_code == 404
            assert self.client.post(url).status_code == 404

    def test_pages_keep_within_their_queries(self):
        self.as_(self.staff)
        for name in ("detail", "update", "close", "replace"):
            with QueriesAtMost(12):
                assert self.client.get(reverse(f"outreach:dutypost_{name}", args=[self.low.pk])).status_code == 200

    def test_the_api_reads_and_writes(self):
        self.as_(self.committee)
        url = reverse("api:duty_posts_list")
        assert self.client.get(url).json()["count"] == 2
        body = {
            "area": self.second.pk,
            "network": "affairs",
            "post": "专干",
            "official": "新干部",
            "since": "2026-01-01",
        }
        assert self.client.post(url, body, content_type="application/json").status_code == 201
        assert self.client.post(url, body, content_type="application/json").status_code == 400
        foreign = body | {"area": self.other.pk}
        assert self.client.post(url, foreign, content_type="application/json").status_code == 400
