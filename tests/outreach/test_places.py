"""Stations, sites, brands, outposts through the doors that users take: pages, workbook, API."""

import csv
import datetime as dt
import io

import openpyxl
import pytest
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from organizations.models import Check, FormerPlace, Standard
from organizations.services.standards import (
    Given,
    ItemDraft,
    answer_items,
    create_standard,
    finish_check,
    start_check,
)
from outreach.models import Brand, Outpost, Site, Station
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from portal.kit.forms import check_no_numbers
from tests.factories import (
    make_activity,
    make_brand,
    make_county,
    make_organization,
    make_outpost,
    make_site,
    make_station,
    make_township,
    make_unit,
    make_user,
    make_village,
)
from tests.queries import QueriesAtMost

NAMES = ["station", "site", "brand", "outpost"]
MAKERS = {"station": make_station, "site": make_site, "brand": make_brand, "outpost": make_outpost}
MODELS = {"station": Station, "site": Site, "brand": Brand, "outpost": Outpost}


class PlaceCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county(name="测试县")
        cls.town, cls.other = make_township(cls.county, name="甲镇"), make_township(cls.county, name="乙镇")
        cls.village, cls.second = make_village(cls.town, name="甲一村"), make_village(cls.town, name="甲二村")
        cls.far = make_village(cls.other, name="乙一村")
        cls.body = make_unit(area=cls.county, name="教育局")
        cls.staff = make_user(Role.STAFF, cls.county)
        cls.committee = make_user(Role.COMMITTEE, cls.town)
        cls.liaison = make_user(Role.VILLAGE, cls.village)
        cls.keeper = make_user(Role.COMMITTEE, unit=cls.body)
        cls.leader = make_user(Role.LEADER, cls.county)

    def as_(self, user):
        self.client.force_login(user)
        return self.client

    def names(self, name, query=""):
        page = self.client.get(f"{reverse(f'outreach:{name}_list')}?{query}")
        return [row.obj.name for row in page.context["table"].rows]

    def form(self, url):
        """What a page's form holds when it is opened."""
        form = self.client.get(url).context["form"]
        return {name: form[name].value() for name in form.fields if form[name].value() not in (None, [])}


class ListTests(PlaceCase):
    def test_every_list_costs_the_same_whatever_its_length(self):
        for name in NAMES:
            for number in range(30):
                area = make_village(self.town) if name != "station" else make_township(self.county)
                MAKERS[name](area, organization=make_organization(self.village), name=f"{name}{number}") if name in {
                    "site", "brand"} else MAKERS[name](area, unit=self.body)  # fmt: skip
            self.as_(self.staff)
            with QueriesAtMost(12):
                page = self.client.get(reverse(f"outreach:{name}_list"))
            assert page.context["total"] == 30
            assert "三区一企" in page.text

    def test_a_day_takes_the_list_back_to_its_rows_and_their_places(self):
        make_site(self.village, name="老站", since=dt.date(2022, 1, 1), until=dt.date(2024, 12, 31))
        moved = make_site(self.far, name="搬家", since=dt.date(2022, 1, 1))
        FormerPlace.objects.create(
            register="outreach.site", object_id=moved.pk, area=self.village, since=dt.date(2022, 1, 1), until=dt.date(2023, 12, 31)
        )  # fmt: skip
        self.as_(self.staff)
        assert self.names("site") == ["搬家"]
        assert set(self.names("site", "closed=on")) == {"搬家", "老站"}
        assert set(self.names("site", f"on=2023-06-01&area={self.town.pk}")) == {"搬家", "老站"}
        then = self.client.get(f"{reverse('outreach:site_list')}?on=2023-06-01").text
        assert "甲镇 甲一村" in then
        assert "乙镇 乙一村</td>" not in then
        assert self.names("site", f"on=2024-06-01&area={self.town.pk}") == ["老站"]
        assert self.names("site", f"area={self.other.pk}") == ["搬家"]
        assert self.names("site", "on=2021-01-01&closed=on") == []

    def test_kind_field_of_work_pinyin_and_completeness_filter(self):
        make_station(self.town, name="水坪联络站", fields_of_work=["enterprise"])
        make_station(self.village, name="村联络点", fields_of_work=["unity", "overseas"])
        make_outpost(self.village, name="全的", leader="甲", doer="乙", duties="一")
        make_outpost(self.village, name="缺的", leader="甲")
        make_brand(self.village, name="缺牌")
        self.as_(self.staff)
        assert self.names("station", "kind=station") == ["水坪联络站"]
        assert self.names("station", "field=overseas") == ["村联络点"]
        assert self.names("station", "q=sp") == ["水坪联络站"]
        assert self.names("outpost", "complete=yes") == ["全的"]
        assert self.names("outpost", "complete=no") == ["缺的"]
        assert self.names("brand", "complete=yes") == []
        assert "缺落实人员、职责清单" in self.client.get(reverse("outreach:outpost_list")).text

    def test_the_export_is_the_list(self):
        make_site(
            self.village,
            name="教育基地",
            kind="platform",
            platform="education",
            award="county",
            fields_of_work=["unity"],
        )
        make_site(self.far, name="=1+1")
        self.as_(self.staff)
        url = reverse("outreach:site_list")
        book = openpyxl.load_workbook(io.BytesIO(b"".join(self.client.get(f"{url}?export=xlsx").streaming_content)))
        rows = [[cell.value for cell in row] for row in book.worksheets[1].iter_rows()]
        assert rows[0][:4] == ["名称", "类别", "平台名目", "所在区划"]
        first = next(row for row in rows if row[0] == "教育基地")
        assert first[1:4] == ["平台阵地", "教育基地", "甲镇 甲一村"]
        assert "民族团结进步" in first
        text = b"".join(self.client.get(f"{url}?export=csv&area={self.town.pk}").streaming_content).decode("utf-8-sig")
        assert [row[0] for row in csv.reader(io.StringIO(text))] == ["名称", "教育基地"]

    def test_a_wrong_date_says_so_and_an_empty_list_offers_the_next_step(self):
        page = self.as_(self.committee).get(reverse("outreach:brand_list") + "?on=abc")
        assert page.status_code == 200
        assert reverse("outreach:brand_create") in page.text


class ScopeTests(PlaceCase):
    def test_another_township_does_not_exist_and_a_reader_changes_nothing(self):
        for name in NAMES:
            here = MAKERS[name](self.village if name != "station" else self.town)
            there = MAKERS[name](self.far)
            steps = ["detail", "update", "close", "reopen", "delete"]
            self.as_(self.committee)
            assert self.names(name) == [here.name]
            for step in steps:
                url = reverse(f"outreach:{name}_{step}", args=[there.pk])
                assert self.client.get(url).status_code == 404, url
                assert self.client.post(url).status_code in {404, 405}, url
            self.as_(self.leader)
            page = self.client.get(here.get_absolute_url())
            assert page.status_code == 200
            for step in steps[1:]:
                assert reverse(f"outreach:{name}_{step}", args=[here.pk]) not in page.text
                assert self.client.get(reverse(f"outreach:{name}_{step}", args=[here.pk])).status_code == 403
            assert self.client.get(reverse(f"outreach:{name}_create")).status_code == 403

    def test_a_village_names_the_station_of_its_township_without_opening_it(self):
        station = make_station(self.town, name="甲镇联络站")
        make_station(self.other, name="乙镇联络站")
        self.as_(self.liaison)
        page = self.client.get(reverse("outreach:station_create"))
        assert "甲镇联络站" in page.text
        assert "乙镇联络站" not in page.text
        assert self.form(reverse("outreach:station_create"))["parent"] == station.pk
        assert self.client.get(station.get_absolute_url()).status_code == 404
        point = make_station(self.village, parent=station)
        page = self.client.get(point.get_absolute_url())
        assert "甲镇联络站" in page.text
        assert station.get_absolute_url() not in page.text


class FormTests(PlaceCase):
    def test_a_village_is_asked_neither_where_nor_what_kind(self):
        self.as_(self.liaison)
        url = reverse("outreach:station_create")
        form = self.client.get(url).context["form"]
        assert {name for name in form.fields if form[name].is_hidden} >= {"area", "kind"}
        assert "unit" not in form.fields
        values = self.form(url) | {"name": "甲一村联络点", "on_duty": "张某甲 支部书记"}
        answer = self.client.post(url, values)
        made = Station.objects.get()
        assert answer.headers["Location"] == made.get_absolute_url()
        assert (made.area, made.kind, made.since) == (self.village, "point", timezone.localdate())
        assert AuditEntry.objects.filter(model="outreach.station", action="created").count() == 1
        assert self.client.post(url, values).headers["Location"] == made.get_absolute_url()
        assert Station.objects.count() == 1

    def test_a_body_records_for_itself(self):
        self.as_(self.keeper)
        for name in NAMES:
            url = reverse(f"outreach:{name}_create")
            values = {"kind": {"site": "zone", "outpost": "campus"}.get(name, "station"), "name": f"教育局{name}"}
            answer = self.client.post(url, self.form(url) | values)
            made = MODELS[name].objects.get()
            assert answer.headers["Location"] == made.get_absolute_url()
            assert (made.unit, made.area) == (self.body, self.county)
            assert self.client.get(made.get_absolute_url()).status_code == 200
            assert self.names(name) == [f"教育局{name}"]

    def test_a_township_cannot_record_for_another_one(self):
        self.as_(self.committee)
        url = reverse("outreach:site_create")
        values = self.form(url) | {"kind": "room", "name": "越界", "area": self.far.pk}
        assert self.client.post(url, values).status_code == 422
        assert not Site.objects.exists()

    def test_level_rules_stand_beside_their_field_and_what_was_typed_stays(self):
        self.as_(self.staff)
        url = reverse("outreach:station_create")
        page = self.client.post(url, self.form(url) | {"kind": "point", "name": "错层级", "area": self.town.pk})
        assert page.status_code == 422
        assert "联络点设在村（社区）" in page.context["form"].errors["area"][0]
        assert "错层级" in page.text
        page = self.client.post(url, self.form(url) | {"kind": "station", "name": "县站", "area": self.county.pk})
        assert "主管单位" in page.context["form"].errors["unit"][0]
        strange = make_station(self.other, name="乙站")
        page = self.client.post(
            url, self.form(url) | {"kind": "point", "name": "点", "area": self.village.pk, "parent": strange.pk}
        )
        assert "本乡镇" in page.context["form"].errors["parent"][0]
        page = self.client.post(url, self.form(url) | {"kind": "point", "name": "无处"})
        assert "请选择所在区划" in page.context["form"].errors["area"][0]

    def test_platform_and_award_belong_together(self):
        self.as_(self.staff)
        url = reverse("outreach:site_create")
        base = self.form(url) | {"name": "阵地", "area": self.village.pk}
        wrong = [
            ({"kind": "room", "platform": "home"}, "platform"), ({"kind": "platform"}, "platform"),
            ({"kind": "room", "award_year": "2022"}, "award"),
            ({"kind": "room", "award": "county", "award_year": "2099"}, "award_year"),
        ]  # fmt: skip
        for values, field in wrong:
            page = self.client.post(url, base | values)
            assert list(page.context["form"].errors) == [field], values
        values = {"kind": "platform", "platform": "home", "award": "county", "award_year": "2022", "awarded_by": "县委"}
        assert self.client.post(url, base | values).status_code == 302

    def test_no_telephone_or_card_numbers_in_any_text(self):
        self.as_(self.staff)
        url = reverse("outreach:station_create")
        base = self.form(url) | {"kind": "station", "name": "站", "area": self.town.pk}
        page = self.client.post(url, base | {"on_duty": "张某甲 13800138000"})
        assert page.context["form"].errors["on_duty"] == ["不要在这里写电话号码，请删除后再保存。"]
        page = self.client.post(url, base | {"note": "身份证 420324199001011234"})
        assert "身份证号码" in page.context["form"].errors["note"][0]
        assert not Station.objects.exists()

    def test_two_people_at_once_get_the_comparison(self):
        station = make_station(self.town, fields_of_work=["unity"])
        self.as_(self.staff)
        url = reverse("outreach:station_update", args=[station.pk])
        values = self.form(url)
        assert self.client.post(url, self.form(url) | {"address": "先改的"}).status_code == 302
        page = self.client.post(url, values | {"address": "后改的"})
        assert page.status_code == 409
        assert "先改的" in page.text
        assert "后改的" in page.text
        station.refresh_from_db()
        assert (station.address, station.fields_of_work) == ("先改的", ["unity"])

    def test_forms_and_pages_keep_within_their_queries(self):
        for name in NAMES:
            row = MAKERS[name](self.village if name != "station" else self.town)
            for _ in range(15):
                make_organization(self.village)
                make_unit(area=self.county)
            self.as_(self.staff)
            for url in (
                reverse(f"outreach:{name}_create"), reverse(f"outreach:{name}_update", args=[row.pk]),
                reverse(f"outreach:{name}_close", args=[row.pk]), row.get_absolute_url(),
            ):  # fmt: skip
                with QueriesAtMost(12):
                    assert self.client.get(url).status_code == 200

    def test_a_station_with_everything_keeps_within_its_queries(self):
        station = make_station(self.town)
        for _ in range(20):
            make_station(make_village(self.town), parent=station)
            make_activity(self.village, station=station)
        standard = Standard(area=self.county, code="s", name="联络站标准", applies_to=Standard.AppliesTo.STATION)
        create_standard(standard, [ItemDraft("有牌子"), ItemDraft("有照片")], since=dt.date(2025, 1, 1), by=self.staff)
        check = start_check(station, standard, by=self.staff)
        answer_items(check, {answer.pk: Given("unmet", "没有") for answer in check.answers.all()}, by=self.staff)
        finish_check(Check.objects.get(), by=self.staff)
        for user in (self.staff, self.committee):
            self.as_(user)
            with QueriesAtMost(12):
                page = self.client.get(station.get_absolute_url())
        assert "还差 2 项" in page.text
        assert len(page.context["points"]) == 20


class LifeTests(PlaceCase):
    def close(self, row, **values):
        name = row._meta.model_name
        url = reverse(f"outreach:{name}_close", args=[row.pk])
        return self.client.post(url, self.form(url) | {"reason": "撤并"} | values)

    def test_a_closed_station_hands_its_points_over(self):
        old, new = make_station(self.town, name="老站"), make_station(self.town, name="新站")
        stranger = make_station(self.other, name="外站")
        points = [make_station(area, parent=old) for area in (self.village, self.second)]
        self.as_(self.staff)
        page = self.client.get(reverse("outreach:station_close", args=[old.pk]))
        assert "所属的 2 个联络点" in page.text
        assert self.close(old).status_code == 422
        answer = self.close(old, heir=stranger.pk)
        assert "本乡镇" in answer.context["form"].errors["heir"][0]
        old.refresh_from_db()
        assert old.until is None
        assert self.close(old, heir=new.pk, until="2026-10-31").status_code == 302
        old.refresh_from_db()
        assert old.until == dt.date(2026, 10, 31)
        assert {Station.objects.get(pk=point.pk).parent for point in points} == {new}
        sentence = AuditEntry.objects.filter(model="outreach.station", object_id=str(old.pk)).first().sentence
        assert "撤并" in sentence
        page = self.client.get(old.get_absolute_url())
        assert "2026-10-31 停用" in page.text
        assert self.client.get(reverse("outreach:station_close", args=[old.pk])).status_code == 302

    def test_a_station_with_points_stays_a_station_above_them(self):
        station = make_station(self.town)
        make_station(self.village, parent=station)
        self.as_(self.staff)
        url = reverse("outreach:station_update", args=[station.pk])
        page = self.client.post(url, self.form(url) | {"area": self.other.pk})
        assert "1 个所属联络点" in page.context["form"].errors["area"][0]
        page = self.client.post(url, self.form(url) | {"kind": "point", "area": self.second.pk})
        assert "不能改为联络点" in page.context["form"].errors["kind"][0]

    def test_closing_refuses_wrong_days(self):
        site = make_site(self.village, since=dt.date(2024, 1, 1))
        make_activity(self.village, site=site, on=dt.date(2026, 9, 1))
        self.as_(self.committee)
        for until in ("2023-01-01", "2099-01-01", "2026-08-31", ""):
            answer = self.close(site, until=until)
            assert answer.status_code == 422, until
            assert "until" in answer.context["form"].errors
        assert self.close(site, until="2026-09-01").status_code == 302

    def test_reopening_refuses_where_another_has_the_name(self):
        site = make_site(self.village, name="活动室", until=dt.date(2025, 1, 1))
        twin = make_site(self.village, name="活动室")
        self.as_(self.committee)
        url = reverse("outreach:site_reopen", args=[site.pk])
        answer = self.client.post(url, self.form(url) | {"reason": "误停"})
        assert answer.status_code == 422
        assert "已有同名的阵地" in answer.text
        twin.delete()
        assert self.client.post(url, self.form(url) | {"reason": "误停"}).status_code == 302
        site.refresh_from_db()
        assert site.until is None

    def test_a_stale_page_closes_nothing(self):
        site = make_site(self.village)
        self.as_(self.committee)
        url = reverse("outreach:site_close", args=[site.pk])
        values = self.form(url) | {"reason": "撤并"}
        Site.objects.filter(pk=site.pk).update(version=7)
        assert self.client.post(url, values).status_code == 409
        assert Site.objects.get(pk=site.pk).until is None

    def test_only_what_nothing_uses_is_deleted(self):
        used, free = make_brand(self.town), make_brand(self.town)
        make_activity(self.village, brand=used)
        self.as_(self.committee)
        page = self.client.post(reverse("outreach:brand_delete", args=[used.pk]), follow=True)
        assert "1 条活动记录" in page.text
        assert self.client.get(reverse("outreach:brand_delete", args=[free.pk])).status_code == 200
        assert self.client.post(reverse("outreach:brand_delete", args=[free.pk])).status_code == 302
        assert list(Brand.objects.all()) == [used]

    def test_a_page_shows_points_activities_and_former_places(self):
        station = make_station(self.town)
        point = make_station(self.village, parent=station)
        make_activity(self.village, station=station, theme="重阳座谈")
        FormerPlace.objects.create(
            register="outreach.station", object_id=station.pk, area=self.other, since="2020-01-01", until="2021-12-31"
        )
        page = self.as_(self.committee).get(station.get_absolute_url())
        for words in (point.name, "重阳座谈", "2021-12-31", "乙镇", "标准核查", "文件和照片"):
            assert words in page.text, words


class ApiTests(PlaceCase):
    def test_each_register_is_read_and_written_under_the_same_rules(self):
        make_site(self.far, name="看不见")
        self.as_(self.committee)
        url = reverse("api:sites_list")
        body = {
            "name": "甲活动室",
            "kind": "room",
            "area": self.village.pk,
            "since": "2026-01-01",
            "fields_of_work": ["unity"],
        }
        made = self.client.post(url, body, content_type="application/json")
        assert made.status_code == 201, made.text
        assert [row["name"] for row in self.client.get(url).json()["results"]] == ["甲活动室"]
        one = reverse("api:sites_detail", args=[made.json()["id"]])
        patch = {"address": "村部二楼", "version": 1}
        assert self.client.patch(one, patch, content_type="application/json").status_code == 200
        assert self.client.patch(one, patch, content_type="application/json").status_code == 409
        wrong = [
            (body | {"area": self.far.pk}, "area"), (body | {"name": "x", "platform": "home"}, "non_field_errors"),
            (body | {"name": "y", "note": "13800138000"}, "note"), (body | {"name": "z", "since": "2099-01-01"}, "since"),
            (body, "non_field_errors"),
        ]  # fmt: skip
        for values, field in wrong:
            answer = self.client.post(url, values, content_type="application/json")
            assert answer.status_code == 400, values
            assert field in answer.json(), answer.json()

    def test_every_register_answers_and_refuses_readers(self):
        for name in NAMES:
            MAKERS[name](self.village if name != "station" else self.town)
            url = reverse(f"api:{name}s_list")
            assert self.as_(self.leader).get(url).json()["count"] == 1
            assert self.client.post(url, {}, content_type="application/json").status_code == 403

    def test_a_village_names_its_townships_station(self):
        station = make_station(self.town)
        self.as_(self.liaison)
        body = {"name": "点", "kind": "point", "area": self.village.pk, "since": "2026-01-01", "parent": station.pk}
        answer = self.client.post(reverse("api:stations_list"), body, content_type="application/json")
        assert answer.status_code == 201, answer.text


@pytest.mark.parametrize(
    "text",
    ["13800138000", "138-0013-8000", "+86 138 0013 8000", "0719-2722345", "42032419900101123X", "6222 0202 0011 1122"],
)
def test_numbers_are_found_however_they_are_written(text):
    with pytest.raises(Exception, match="不要在这里写"):
        check_no_numbers(f"张某甲 {text}")


@pytest.mark.parametrize(
    "text", ["周一至周五 8:30-17:30", "2026-11-23 至 2026-12-01", "鄂民社证字第12345678号", "第 3 组 120 人"]
)
def test_days_hours_and_certificates_are_no_numbers(text):
    assert check_no_numbers(text) == text
