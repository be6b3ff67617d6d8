"""Activities: entered on a phone with photos, listed with totals, counted by the quarter."""

import datetime as dt
import io
from itertools import product

import openpyxl
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from organizations.coverage import Coverage
from organizations.models import Attachment
from outreach.models import Activity, Site, Station
from portal.accounts.roles import Role
from tests.factories import (
    make_county,
    make_membership,
    make_organization,
    make_person,
    make_township,
    make_unit,
    make_user,
    make_village,
)
from tests.queries import QueriesAtMost


def photo(name="现场.jpg", size=(900, 600)):
    out = io.BytesIO()
    Image.new("RGB", size, "#aa3344").save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue(), "image/jpeg")


class ActivityCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county()
        cls.township = make_township(parent=cls.county)
        cls.village = make_village(parent=cls.township)
        cls.liaison = make_user(role=Role.VILLAGE, area=cls.village)
        cls.keeper = make_user(role=Role.COMMITTEE, area=cls.township)
        cls.site = Site.objects.create(kind="room", area=cls.village, name="活动室", since=dt.date(2022, 1, 1))
        cls.today = timezone.localdate()

    def setUp(self):
        self.client.force_login(self.liaison)

    def form(self, **changed):
        return {"kind": "study", "theme": "学习政策", "on": str(self.today), "area": self.village.pk, "head_count": "12", "place": "",
                "summary": "", "idempotency_key": "a1", **changed}  # fmt: skip

    def post(self, **changed):
        return self.client.post(reverse("outreach:activity_create"), self.form(**changed))


class EntryTests(ActivityCase):
    def test_a_village_asks_for_no_place_and_knows_its_day(self):
        page = self.client.get(reverse("outreach:activity_create")).text
        assert f'name="area" value="{self.village.pk}"' in page and 'type="hidden" name="area"' in page
        assert 'name="site"' in page and 'name="station"' not in page, "what a village has none of is not asked"
        assert (
            str(self.today) in page and 'type="radio"' in page and 'inputmode="numeric"' in page and "multiple" in page
        )

    def test_with_photos_of_which_a_bad_one_is_named_and_nothing_else_lost(self):
        bad = SimpleUploadedFile("坏.jpg", b"no picture", "image/jpeg")
        answer = self.client.post(
            reverse("outreach:activity_create"), {**self.form(), "photos": [photo(), bad]}, follow=True
        )
        activity = Activity.objects.get()
        kept = Attachment.objects.about(activity).get()
        assert kept.is_photo and kept.thumbnail and "坏.jpg" in answer.text and "活动已登记" in answer.text
        assert self.client.get(kept.get_thumbnail_url()).status_code == 200
        listed = self.client.get(reverse("outreach:activity_list")).text
        assert "共 1 场、12 人次" in listed and "学习政策" in listed

    def test_wrong_input_is_said_where_it_is_and_kept(self):
        cases = [
            ({"on": "2099-01-01"}, "不能晚于今天"), ({"on": "2001-01-01"}, "起设立"), ({"head_count": ""}, "必填"),
            ({"summary": "联系 13800001234"}, "号码"), ({"theme": ""}, "必填"), ({"head_count": "-3"}, "0"),
        ]  # fmt: skip
        for changed, words in cases:
            page = self.post(**changed)
            assert page.status_code == 422 and words in page.text, changed
            assert 'value="学习政策"' in page.text or "theme" in changed
        assert not Activity.objects.exists()

    def test_the_same_form_twice_makes_one_and_a_likely_double_asks_first(self):
        self.post()
        self.post()
        assert Activity.objects.count() == 1
        page = self.post(idempotency_key="a2")
        assert page.status_code == 422 and "是另一场请勾选" in page.text
        assert (
            self.post(idempotency_key="a3", same_on_purpose="on").status_code == 302 and Activity.objects.count() == 2
        )

    def test_once_more_copies_all_but_the_day(self):
        activity = Activity.objects.create(
            area=self.village, kind="visit", theme="走访乡贤", on=dt.date(2026, 1, 5), head_count=9, site=self.site
        )
        page = self.client.get(f"{reverse('outreach:activity_create')}?again={activity.pk}").text
        assert "走访乡贤" in page and f'value="{self.today}"' in page and 'value="2026-01-05"' not in page

    def test_a_member_of_a_body_records_for_the_body(self):
        body = make_unit(area=self.county)
        self.client.force_login(make_user(role=Role.COMMITTEE, unit=body))
        answer = self.client.post(reverse("outreach:activity_create"), self.form(area="", unit=body.pk))
        assert answer.status_code == 302
        activity = Activity.objects.get()
        assert (activity.unit, activity.area) == (body, self.county)

    def test_changing_and_deleting_leave_a_trail_and_a_stale_page_is_a_conflict(self):
        self.post()
        activity = Activity.objects.get()
        url = reverse("outreach:activity_update", args=[activity.pk])
        assert (
            self.client.post(url, self.form(version=activity.version, head_count="15", idempotency_key="b")).status_code
            == 302
        )
        assert (
            self.client.post(url, self.form(version=activity.version, head_count="18", idempotency_key="c")).status_code
            == 409
        )
        self.client.post(reverse("outreach:activity_delete", args=[activity.pk]))
        assert not Activity.objects.exists()


class KindTests(ActivityCase):
    """Hearings are the county's, conferences are not held by villages; each record says what it counts for."""

    def kinds(self, user):
        self.client.force_login(user)
        form = self.client.get(reverse("outreach:activity_create")).context["form"]
        return {value for value, _ in form.fields["kind"].choices}

    def test_each_is_offered_the_kinds_of_its_level(self):
        everything = set(Activity.Kind.values)
        body = make_user(role=Role.COMMITTEE, unit=make_unit(area=self.county))
        assert self.kinds(self.liaison) == everything - set(Activity.ABOVE_VILLAGES)
        assert self.kinds(self.keeper) == self.kinds(body) == everything - {"hearing"}
        assert self.kinds(make_user(role=Role.STAFF, area=self.county)) == everything

    def test_a_wrong_one_is_refused_by_every_door(self):
        assert self.post(kind="progress").status_code == 422
        self.client.force_login(make_user(role=Role.STAFF, area=self.county))
        page = self.post(kind="hearing")
        assert page.status_code == 422 and "由县（市）本级登记" in page.text
        page = self.post(kind="on_site", idempotency_key="a2")
        assert page.status_code == 422 and "由乡镇（街道）以上登记" in page.text
        values = {
            "kind": "hearing",
            "theme": "听取汇报",
            "on": str(self.today),
            "area": self.township.pk,
            "head_count": 9,
        }
        answer = self.client.post("/api/activities/", values, content_type="application/json")
        assert answer.status_code == 400 and "由县（市）本级登记" in answer.json()["kind"][0]
        assert self.post(kind="hearing", area=self.county.pk, idempotency_key="a3").status_code == 302

    def test_what_it_counts_for_is_what_the_measures_count(self):
        body = make_unit(area=self.county)
        measured = {
            "activities": "活动场次",
            "studies": "集中学习",
            "special_meetings": "专题研究统战工作",
            "visits": "走访",
        }
        places = [(self.village, None), (self.township, None), (self.county, body), (self.county, None)]
        for (area, unit), (kind, _) in product(places, Activity.Kind.choices):
            row = Activity.objects.create(area=area, unit=unit, kind=kind, theme=kind, on=self.today)
            coverage = Coverage(self.county, [self.today])
            counted = {
                words for name, words in measured.items()
                if any(item.have for item in coverage.items(name, self.today))
            }  # fmt: skip
            said = "、".join(row.counted_as)
            assert {words for words in measured.values() if words in said} == counted, (str(area), unit, kind)
            assert f"{self.today.year} 年第" in row.counts_for[0]
            row.delete()


class OfficersTests(ActivityCase):
    """Who came is a number; officers of organizations alone are named, from their rosters."""

    @classmethod
    def setUpTestData(cls):
        super().setUpTestData()
        fellowship = make_organization(cls.village, name="乡贤联谊会")
        cls.head = make_membership(fellowship, make_person(cls.village, name="张某甲"), post="会长", in_charge=True)
        cls.member = make_membership(fellowship, make_person(cls.village, name="李某乙"))
        abroad = make_organization(make_village(make_township(cls.county)), name="别处联谊会")
        cls.far = make_membership(abroad, post="会长", in_charge=True)

    def test_named_on_its_page_and_never_more_than_came(self):
        assert self.post(officers=[self.head.pk], head_count="0").status_code == 422
        for stranger in (self.member, self.far):
            page = self.post(officers=[stranger.pk])
            assert page.status_code == 422 and "请重新选择" in page.text
        page = self.client.get(self.post(officers=[self.head.pk]).url)
        assert "张某甲（会长）" in page.text and "李某乙" not in page.text
        activity = Activity.objects.get()
        url = reverse("outreach:activity_update", args=[activity.pk])
        values = self.form(version=activity.version, idempotency_key="b")
        assert f'value="{self.head.pk}" checked' in self.client.get(url).text
        assert self.client.post(url, values).status_code == 302 and not activity.officers.exists()

    def test_found_while_typing_and_without_scripts(self):
        found = self.client.get(reverse("outreach:activity_officers"), {"officer_name": "联谊会"}).text
        assert "张某甲" in found and "李某乙" not in found and "别处" not in found
        page = self.post(find="1", officer_name="张某甲", theme="改过的主题")
        assert page.status_code == 200 and f'value="{self.head.pk}">' in page.text and 'value="改过的主题"' in page.text
        assert not Activity.objects.exists()

    def test_over_the_api(self):
        values = {"kind": "study", "theme": "学习", "on": str(self.today), "area": self.village.pk, "head_count": 3}
        answer = self.client.post(
            "/api/activities/", {**values, "officers": [self.head.pk]}, content_type="application/json"
        )
        assert answer.status_code == 201 and answer.json()["officers"] == [self.head.pk]
        url, version = f"/api/activities/{answer.json()['id']}/", answer.json()["version"]
        answer = self.client.patch(url, {"version": version, "head_count": 0}, content_type="application/json")
        assert answer.status_code == 400 and "不能少于 1 人" in answer.content.decode()


class ListTests(ActivityCase):
    def test_filters_totals_and_queries(self):
        station = Station.objects.create(kind="point", area=self.village, name="联络点", since=dt.date(2022, 1, 1))
        for n in range(30):
            Activity.objects.create(area=self.village, kind="study" if n % 2 else "meeting", theme=f"第{n}次", on=self.today - dt.timedelta(n),
                                    head_count=10, station=station if n < 3 else None)  # fmt: skip
        url = reverse("outreach:activity_list")
        with QueriesAtMost(12):
            assert "共 30 场、300 人次" in self.client.get(url).text
        assert "共 3 场" in self.client.get(f"{url}?station={station.pk}").text
        assert "共 15 场" in self.client.get(f"{url}?meetings=yes").text
        assert "共 2 场" in self.client.get(f"{url}?since={self.today - dt.timedelta(1)}&until={self.today}").text
        Activity.objects.create(area=self.village, kind="study", theme="去年底", on=dt.date(2025, 12, 31), head_count=5)
        Activity.objects.create(area=self.village, kind="study", theme="今年初", on=dt.date(2026, 1, 1), head_count=5)
        winter = self.client.get(f"{url}?quarter=2025-4").text
        assert "共 1 场、5 人次" in winter and "去年底" in winter
        answer = self.client.get(f"{url}?quarter=2026-1&export=xlsx")
        rows = list(openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content))).worksheets[1].values)
        assert [row[0] for row in rows] == ["主题", "今年初"]
        with QueriesAtMost(12):
            self.client.get(Activity.objects.first().get_absolute_url())
        with QueriesAtMost(12):
            self.client.get(reverse("outreach:activity_create"))

    def test_another_township_sees_nothing_and_a_leader_changes_nothing(self):
        activity = Activity.objects.create(area=self.village, kind="study", theme="学习", on=self.today)
        self.client.force_login(make_user(role=Role.COMMITTEE, area=make_township(parent=self.county)))
        assert self.client.get(activity.get_absolute_url()).status_code == 404
        self.client.force_login(make_user(role=Role.LEADER, area=self.county))
        assert self.client.get(activity.get_absolute_url()).status_code == 200
        assert self.client.get(reverse("outreach:activity_update", args=[activity.pk])).status_code == 403

    def test_an_activity_moves_the_figure_of_its_quarter(self):
        before = Coverage(self.township, [self.today]).share("village_activities", self.today)
        self.post()
        after = Coverage(self.township, [self.today]).share("village_activities", self.today)
        assert (before, after) == ((0, 1), (1, 1))

    def test_over_the_api(self):
        def send(on):
            values = {"kind": "study", "theme": "学习", "on": on, "area": self.village.pk, "head_count": 3}
            return self.client.post("/api/activities/", values, content_type="application/json")

        answer = send("2099-01-01")
        assert answer.status_code == 400 and "不能晚于今天" in answer.content.decode()
        assert send(str(self.today)).status_code == 201
        assert self.client.get("/api/activities/").json()["count"] == 1
