"""The register of organizations: list, page, founding, changing, dissolving, restoring."""

import datetime as dt
import io

import openpyxl
import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, transaction
from django.test import TestCase, override_settings
from django.urls import reverse
from django.utils import timezone

from organizations.forms.organizations import area_kinds
from organizations.models import (
    Answer,
    Check,
    Membership,
    Organization,
    RequiredPost,
    RosterConfirmation,
    Standard,
    StandardVersion,
)
from organizations.services.attachments import attach
from organizations.services.organizations import dissolve, lacking_posts, restore, similar_to
from organizations.services.placing import move_registers
from organizations.services.timelines import KINDS
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry, Change, record
from portal.kit.models import StaleVersionError
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
from tests.uploads import pdf, picture, upload

LIST = reverse("organizations:organization_list")
CREATE = reverse("organizations:organization_create")
API = "/api/organizations/"
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def own_files(tmp_path):
    with override_settings(FILES_ROOT=tmp_path):
        yield


class OrganizationCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county()
        cls.north, cls.south = make_township(parent=cls.county), make_township(parent=cls.county)
        cls.village, cls.foreign = make_village(parent=cls.north), make_village(parent=cls.south)
        cls.staff = make_user(role=Role.STAFF, area=cls.county)
        cls.committee = make_user(role=Role.COMMITTEE, area=cls.north)
        cls.liaison = make_user(role=Role.VILLAGE, area=cls.village)
        cls.leader = make_user(role=Role.LEADER, area=cls.county)
        cls.ours = make_organization(area=cls.village, name="北村乡贤联谊会", fields_of_work=["talent"])
        cls.theirs = make_organization(area=cls.foreign, name="南村乡贤联谊会")

    def setUp(self):
        self.client.force_login(self.committee)

    def names(self, **query):
        table = self.client.get(LIST, query).context["table"]
        return [obj.name for obj in table.queryset]

    def confirm(self, organization, days_ago, **fields):
        on = timezone.localdate() - days_ago * DAY
        return RosterConfirmation.objects.create(organization=organization, on=on, by=self.staff, **fields)

    def url(self, name, obj=None):
        return reverse(f"organizations:organization_{name}", args=[(obj or self.ours).pk])

    def filled(self, form, **values):
        """What a browser would post for an opened form."""
        found = {}
        for bound in form:
            value = bound.value()
            if isinstance(value, list):
                found[bound.html_name] = value
            elif value not in (None, ""):
                found[bound.html_name] = str(value)
        return {**found, **values}


class ListTests(OrganizationCase):
    def setUp(self):
        self.client.force_login(self.staff)

    def test_a_list_of_any_length_costs_the_same(self):
        for number in range(60):
            organization = make_organization(area=make_village(parent=self.north))
            make_membership(organization=organization, in_charge=True)
            self.confirm(organization, number)
        with QueriesAtMost(12):
            page = self.client.get(LIST)
        assert "共 62 条" in page.text

    def test_each_filter_says_which(self):
        chamber = make_organization(area=self.north, kind="township_chamber", name="北镇商会")
        assert self.names(area=self.north.pk) == ["北镇商会", "北村乡贤联谊会"]
        assert self.names(kind="township_chamber") == ["北镇商会"]
        assert self.names(field="talent") == ["北村乡贤联谊会"]
        assert self.names(q="北村") == ["北村乡贤联谊会"]
        assert set(self.names()) == {chamber.name, self.ours.name, self.theirs.name}

    def test_staleness_is_green_amber_red_or_never(self):
        fresh, stale, old = (make_organization(area=self.village, name=name) for name in ("新", "旧", "陈"))
        for organization, days in ((fresh, 90), (stale, 91), (old, 181)):
            self.confirm(organization, days)
        self.confirm(stale, 300)
        assert self.names(stale="amber") == ["旧"]
        assert set(self.names(stale="red")) == {"陈", self.ours.name, self.theirs.name}
        assert set(self.names(stale="never")) == {self.ours.name, self.theirs.name}
        assert self.names(o="verified_on")[2:] == ["陈", "旧", "新"]
        rows = {row.obj.name: row.cells[5] for row in self.client.get(LIST).context["table"].rows}
        assert [rows[name].tone for name in ("新", "旧", "陈")] == ["green", "amber", "red"]
        assert (rows["北村乡贤联谊会"].value, rows["北村乡贤联谊会"].tone) == ("从未核实", "red")

    def test_elections_are_due_soon_over_or_unknown(self):
        today = timezone.localdate()
        for name, days in (("到期", -1), ("临近", 60), ("还早", 61)):
            make_organization(area=self.village, name=name, next_election_on=today + days * DAY)
        assert self.names(election="soon") == ["临近"]
        assert self.names(election="over") == ["到期"]
        assert set(self.names(election="unknown")) == {self.ours.name, self.theirs.name}

    def test_required_posts_that_nobody_holds(self):
        RequiredPost.objects.create(area=self.county, kind="village_fellowship", post="会长", since=dt.date(2020, 1, 1))
        make_membership(organization=self.ours, post="会长")
        assert self.names(posts="lacking") == [self.theirs.name]
        Membership.objects.update(until=timezone.localdate() - DAY)
        assert set(self.names(posts="lacking")) == {self.ours.name, self.theirs.name}
        elsewhere = make_organization(area=make_village())
        assert not Organization.objects.filter(lacking_posts(timezone.localdate()), pk=elsewhere.pk).exists()

    def test_the_list_of_a_past_day_is_that_days(self):
        gone = make_organization(area=self.village, name="旧会", until=dt.date(2025, 6, 30))
        make_membership(organization=gone, in_charge=True, person=make_person(name="张某甲"), until=gone.until)
        self.confirm(self.ours, 1)
        assert "旧会" not in self.names()
        assert set(self.names(on="2025-06-30")) == {"旧会", self.ours.name, self.theirs.name}
        assert self.names(state="ended") == ["旧会"]
        assert self.names(state="ended", on="2025-06-30") == []
        assert "旧会" in self.names(state="all")
        rows = {row.obj.name: row.cells for row in self.client.get(LIST, {"on": "2025-06-30"}).context["table"].rows}
        assert [cell.value for cell in rows["旧会"][3:5]] == ["张某甲", "1"]
        assert rows[self.ours.name][5].value == "从未核实"

    def test_a_row_that_moved_is_found_where_it_stood(self):
        move_registers(self.village, self.foreign, dt.date(2026, 1, 1))
        assert self.names(area=self.village.pk) == []
        assert self.names(area=self.village.pk, on="2025-12-31") == [self.ours.name]
        assert set(self.names(area=self.foreign.pk)) == {self.ours.name, self.theirs.name}

    def test_a_wrong_day_is_said_and_breaks_nothing(self):
        page = self.client.get(LIST, {"on": "昨天", "stale": "x", "area": "0"})
        assert page.status_code == 200
        assert "有效" in page.text

    def test_the_workbook_holds_what_the_list_shows(self):
        make_membership(organization=self.ours, in_charge=True, person=make_person(name="张某甲"))
        self.confirm(self.ours, 3)
        answer = self.client.get(LIST, {"export": "xlsx", "q": "北村"})
        book = openpyxl.load_workbook(io.BytesIO(answer.getvalue()))
        sheet = next(rows for rows in ([[c.value for c in r] for r in s.rows] for s in book) if rows[0][0] == "名称")
        assert sheet[0] == ["名称", "类别", "所在区划", "负责人", "在册人数", "最近核实", "下次换届", "状态"]
        assert sheet[1][0] == "北村乡贤联谊会"
        assert sheet[1][2:5] == [f"{self.north} {self.village}", "张某甲", 1]
        assert len(sheet) == 2
        assert "北村乡贤联谊会" in self.client.get(LIST, {"export": "csv"}).getvalue().decode("utf-8-sig")

    def test_each_sees_his_own_areas(self):
        for user, number in ((self.committee, 1), (self.liaison, 1), (self.leader, 2)):
            self.client.force_login(user)
            assert self.client.get(LIST).context["total"] == number
        assert "新增组织" not in self.client.get(LIST).text
        self.client.force_login(make_user(role=Role.SYSADMIN))
        assert self.client.get(LIST).status_code == 403

    def test_a_body_sees_what_it_keeps(self):
        unit = make_unit(area=self.county)
        kept = make_organization(area=self.county, unit=unit, name="教育系统知联会")
        self.client.force_login(make_user(role=Role.COMMITTEE, unit=unit))
        assert self.names() == [kept.name]


class DetailTests(OrganizationCase):
    def fill(self):
        people = [
            make_membership(organization=self.ours, number=n, in_charge=n == 0, post="会长" if n == 0 else "会员")
            for n in range(25)
        ]
        make_membership(organization=self.ours, until=dt.date(2024, 6, 30), person=make_person(name="张某旧"))
        RequiredPost.objects.create(
            area=self.county, kind="village_fellowship", post="秘书长", since=dt.date(2020, 1, 1)
        )
        for days in (10, 100):
            self.confirm(self.ours, days, members=25, unchanged=days == 10)
        attach(self.ours, upload("合影.jpg", picture()), by=self.committee, caption="成立大会合影")
        attach(self.ours, pdf(), by=self.committee)
        return people

    def test_one_page_says_it_all_in_twelve_queries(self):
        self.fill()
        for user in (self.committee, self.staff, self.liaison):
            self.client.force_login(user)
            with QueriesAtMost(12):
                page = self.client.get(self.ours.get_absolute_url())
            for words in (
                "缺配",
                "秘书长",
                "成立大会合影",
                "确认花名册本季无变化，在册 25 人",
                "离任：会员 张某旧",
                "标准核查",
            ):
                assert words in page.text, words

    def test_the_page_of_one_with_checks_costs_no_more(self):
        self.fill()
        standard = Standard.objects.create(
            area=self.county, code="x", name="八有", applies_to="organizations.organization"
        )
        version = StandardVersion.objects.create(standard=standard, since=dt.date(2025, 1, 1))
        item = version.items.create(number=1, wording="有牌子")
        check = Check(version_checked=version, object_name="x", by=self.committee, status="done", missing=1)
        check.attach_to(self.ours)
        check.save()
        Answer.objects.create(inspection=check, item=item, wording=item.wording, verdict="unmet")
        self.client.force_login(self.staff)
        with QueriesAtMost(12):
            page = self.client.get(self.ours.get_absolute_url())
        assert "还差 1 项：有牌子" in page.text
        assert "八有核查：未达标，还差 1 项" in page.text

    def test_the_timeline_is_filtered_by_kind(self):
        self.fill()
        url = self.ours.get_absolute_url()
        counts = {kind: len(self.client.get(url, {"kind": kind}).context["events"]) for kind in KINDS}
        assert counts == {"change": 1, "member": 2, "confirmation": 2, "check": 0, "file": 2, "move": 0}
        everything = self.client.get(url, {"kind": "'"}).context["events"]
        assert len(everything) == 7
        assert [event.day for event in everything] == sorted((event.day for event in everything), reverse=True)

    def test_a_long_timeline_begins_with_its_newest(self):
        for days in range(70):
            self.confirm(self.ours, days)
        page = self.client.get(self.ours.get_absolute_url())
        assert (len(page.context["events"]), page.context["hidden_events"]) == (60, 11)
        page = self.client.get(self.ours.get_absolute_url(), {"all": "1"})
        assert len(page.context["events"]) == 71

    def test_it_says_where_it_stood_before(self):
        move_registers(self.village, self.foreign, dt.date(2026, 1, 1))
        self.client.force_login(self.staff)
        page = self.client.get(self.ours.get_absolute_url())
        assert f"{self.village}（至 2025-12-31）" in page.text
        assert "随区划变更转到" in page.text

    def test_a_reader_sees_no_way_to_change_it(self):
        self.client.force_login(self.leader)
        page = self.client.get(self.ours.get_absolute_url())
        assert page.status_code == 200
        for words in (self.url("update"), self.url("dissolve"), "拍照"):
            assert words not in page.text

    def test_another_township_does_not_exist(self):
        for name in ("detail", "update", "dissolve", "restore"):
            assert self.client.get(self.url(name, self.theirs)).status_code == 404

    def test_a_name_is_text_and_never_markup(self):
        evil = make_organization(area=self.village, name="<script>alert(1)</script>")
        assert "<script>alert" not in self.client.get(evil.get_absolute_url()).text


class FoundTests(OrganizationCase):
    def post(self, **values):
        form = self.client.get(CREATE).context["form"]
        data = {
            "area": self.village.pk,
            "kind": "village_fellowship",
            "name": "新会",
            "since": "2026-05-01",
            "term_number": 1,
        }
        return self.client.post(CREATE, self.filled(form, **{**data, **values}))

    def test_it_is_founded_and_written_down(self):
        answer = self.post(area=self.north.pk, kind="township_council", fields_of_work=["unity"])
        made = Organization.objects.get(name="新会")
        assert answer.url == made.get_absolute_url()
        assert made.fields_of_work == ["unity"]
        assert AuditEntry.objects.get(action="created", object_id=str(made.pk)).user == self.committee

    def test_what_may_be_the_same_is_named_first(self):
        page = self.post()
        assert page.status_code == 422
        assert "可能已经登记过" in page.text
        assert self.ours.name in page.text
        assert 'value="新会"' in page.text
        assert self.post(confirmed="on").status_code == 302

    def test_alike_by_kind_or_by_name(self):
        def alike(kind, name, area):
            return similar_to(Organization(kind=kind, name=name, area=area))

        make_organization(area=self.county, kind="industry_chamber", name="茶叶行业商会")
        make_organization(area=self.county, kind="industry_chamber", name="旧茶叶行业商会", until=dt.date(2024, 1, 1))
        assert alike("industry_chamber", "建筑材料协会", self.county) == []
        assert [o.name for o in alike("industry_chamber", "茶叶行业协会", self.county)] == ["茶叶行业商会"]
        assert alike("village_fellowship", "完全不同", self.village) == [self.ours]

    def test_a_village_user_founds_in_his_village_alone(self):
        self.client.force_login(self.liaison)
        page = self.client.get(CREATE)
        assert list(page.context["form"].fields["area"].queryset) == [self.village]
        assert [key for key, _ in page.context["form"].fields["kind"].choices] == ["", "village_fellowship"]
        assert self.post(area=self.north.pk, kind="township_council").status_code == 422
        assert self.post(confirmed="on").status_code == 302

    def test_each_kind_says_where_it_lives_and_the_server_holds_it(self):
        assert area_kinds("street_association") == "other street"
        assert area_kinds("township_chamber") == "other street town township"
        assert area_kinds("intellectuals") == "city county"
        page = self.client.get(CREATE)
        assert 'data-for="village"' in page.text
        assert 'data-is="village"' in page.text
        answer = self.post(kind="township_council")
        assert "设在乡镇" in answer.text
        assert 'value="新会"' in answer.text

    def test_the_link_from_a_blind_spot_brings_its_area_and_kind(self):
        page = self.client.get(CREATE, {"area": self.north.pk, "kind": "township_chamber"})
        assert f'value="{self.north.pk}" selected data-is="town"' in page.text
        assert self.client.get(CREATE, {"area": "x", "kind": "x"}).status_code == 200

    def test_wrong_values_come_back_with_what_was_typed(self):
        for values, words in (
            ({"since": (timezone.localdate() + DAY).isoformat()}, "不能晚于今天"),
            ({"note": "电话13800000001"}, "不要在这里写电话号码"),
            ({"term_since": "2026-01-01", "next_election_on": "2025-01-01"}, "应晚于本届起始日期"),
            ({"name": "甲\u202e乙"}, "控制字符"),
        ):
            page = self.post(area=self.north.pk, kind="township_council", **values)
            assert (page.status_code, words in page.text) == (422, True), words
            assert next(iter(values.values())) in page.text
        assert Organization.objects.count() == 2

    def test_a_form_sent_twice_founds_one(self):
        form = self.client.get(CREATE).context["form"]
        data = self.filled(
            form, area=self.north.pk, kind="township_council", name="新会", since="2026-05-01", term_number=1
        )
        assert self.client.post(CREATE, data).url == self.client.post(CREATE, data).url
        assert Organization.objects.filter(name="新会").count() == 1

    def test_a_reader_founds_nothing(self):
        self.client.force_login(self.leader)
        assert self.client.get(CREATE).status_code == 403
        assert self.client.post(CREATE, {}).status_code == 403

    def test_a_body_founds_what_it_keeps(self):
        unit = make_unit(area=self.county)
        self.client.force_login(make_user(role=Role.COMMITTEE, unit=unit))
        data = {"area": self.county.pk, "kind": "intellectuals", "name": "知联会"}
        assert "请选择您所在的主管单位" in self.post(**data).text
        assert self.post(**data, unit=unit.pk).status_code == 302

    def test_the_forms_cost_little(self):
        for _ in range(30):
            make_village(parent=self.north)
        for url in (CREATE, self.url("update")):
            with QueriesAtMost(12):
                self.client.get(url)


class ChangeTests(OrganizationCase):
    def test_a_change_has_its_reason_on_the_trail(self):
        form = self.client.get(self.url("update")).context["form"]
        self.client.post(self.url("update"), self.filled(form, name="北村新联谊会", reason="换届更名"))
        self.ours.refresh_from_db()
        assert self.ours.name == "北村新联谊会"
        entry = AuditEntry.objects.get(object_id=str(self.ours.pk), action="updated")
        assert "由 北村乡贤联谊会 改为 北村新联谊会" in entry.sentence
        assert entry.reason == "换届更名"
        assert "换届更名" in self.client.get(self.ours.get_absolute_url()).text

    def test_two_at_once_the_second_is_asked(self):
        form = self.client.get(self.url("update")).context["form"]
        mine = self.filled(form, note="我写的")
        Organization.objects.filter(pk=self.ours.pk).update(note="别人写的", version=2)
        page = self.client.post(self.url("update"), mine)
        assert page.status_code == 409
        assert "我写的" in page.text
        assert "别人写的" in page.text
        again = {name: value for name, value in mine.items() if name != "idempotency_key"} | {"version": 2}
        assert self.client.post(self.url("update"), again).status_code == 302

    def test_files_go_where_their_organization_goes(self):
        file = attach(self.ours, pdf(), by=self.committee)
        other = make_village(parent=self.north)
        form = self.client.get(self.url("update")).context["form"]
        self.client.post(self.url("update"), self.filled(form, area=other.pk))
        file.refresh_from_db()
        assert file.area == other

    def test_a_correction_keeps_the_kind_in_its_place_while_a_village_that_became_a_community_keeps_its_own(self):
        form = self.client.get(self.url("update")).context["form"]
        wrong = self.client.post(self.url("update"), self.filled(form, kind="community_fellowship"))
        assert wrong.status_code == 422 and "设在社区" in wrong.text
        community = make_village(parent=self.north, kind="community")
        wrong = self.client.post(self.url("update"), self.filled(form, area=community.pk))
        assert wrong.status_code == 422 and "设在村" in wrong.text
        type(self.village).objects.filter(pk=self.village.pk).update(kind="community")
        form = self.client.get(self.url("update")).context["form"]
        assert self.client.post(self.url("update"), self.filled(form, note="由村改社区")).status_code == 302

    def test_it_is_not_pushed_into_another_township(self):
        form = self.client.get(self.url("update")).context["form"]
        assert self.client.post(self.url("update"), self.filled(form, area=self.foreign.pk)).status_code == 422

    def test_a_reader_changes_nothing(self):
        self.client.force_login(self.leader)
        for name in ("update", "dissolve", "restore"):
            assert self.client.post(self.url(name), {"reason": "x"}).status_code == 403


class DissolveTests(OrganizationCase):
    def setUp(self):
        super().setUp()
        self.member = make_membership(organization=self.ours, person=make_person(name="张某甲"))
        self.planned = make_membership(organization=self.ours, until=dt.date(2030, 1, 1))
        self.left = make_membership(organization=self.ours, until=dt.date(2025, 10, 31))
        self.on = dt.date(2025, 10, 31)

    def dissolve(self, **values):
        options = {"on": self.on, "reason": "并入镇乡贤会", "by": self.committee, **values}
        return dissolve(self.ours, **options)

    def ends(self):
        found = Membership.objects.filter(organization=self.ours).order_by("pk")
        return list(found.values_list("until", flat=True))

    def test_it_ends_the_roster_and_comes_back_as_it_was(self):
        before = self.ends()
        self.dissolve()
        assert self.ends() == [self.on] * 3
        restored = restore(self.ours, reason="撤销有误", by=self.committee)
        assert (restored.until, self.ends()) == (None, before)
        said = AuditEntry.objects.filter(object_id=str(self.ours.pk), model="organizations.organization")
        assert [entry.action for entry in said] == ["opened", "closed"]
        assert "2 条任职同时结束，原因：并入镇乡贤会" in said[1].sentence

    def test_what_ended_by_another_act_stays_ended(self):
        self.dissolve()
        record(self.committee, "closed", self.left, changes=[Change("until", "截止日期", "", "2025-10-31")])
        restore(self.ours, reason="撤销有误", by=self.committee)
        assert self.ends()[2] == self.on

    def test_it_can_be_dissolved_and_restored_again(self):
        for _ in range(2):
            self.dissolve()
            restore(self.ours, reason="有误", by=self.committee)
        assert self.ends() == [None, dt.date(2030, 1, 1), self.on]

    def test_the_page_names_what_it_will_do(self):
        page = self.client.get(self.url("dissolve"))
        assert "2 条在册任职同时结束" in page.text
        assert "张某甲" in page.text
        with QueriesAtMost(12):
            self.client.get(self.url("dissolve"))
        answer = self.client.post(
            self.url("dissolve"), self.filled(page.context["form"], on="2025-10-31", reason="停办")
        )
        assert answer.url == self.ours.get_absolute_url()
        page = self.client.get(answer.url)
        assert "这个组织已经撤销" in page.text
        assert self.url("restore") in page.text
        form = self.client.get(self.url("restore")).context["form"]
        assert self.client.post(self.url("restore"), self.filled(form, reason="有误")).status_code == 302
        self.ours.refresh_from_db()
        assert self.ours.until is None

    def test_days_and_reasons_that_cannot_be(self):
        tomorrow = timezone.localdate() + DAY
        for values, words in (
            ({"on": tomorrow}, "不能晚于今天"), ({"on": dt.date(2019, 1, 1)}, "不能早于成立日期"), ({"reason": " "}, "写明原因"),
        ):  # fmt: skip
            with pytest.raises(ValidationError, match=words):
                self.dissolve(**values)
        Membership.objects.filter(pk=self.left.pk).update(since=dt.date(2026, 1, 1), until=None)
        with pytest.raises(ValidationError, match="以后开始"):
            self.dissolve()
        form = self.client.get(self.url("dissolve")).context["form"]
        page = self.client.post(self.url("dissolve"), self.filled(form, on=tomorrow.isoformat(), reason="停办"))
        assert (page.status_code, "停办" in page.text) == (422, True)

    def test_twice_or_stale_is_refused(self):
        with pytest.raises(StaleVersionError):
            self.dissolve(expected=9)
        self.dissolve()
        with pytest.raises(ValidationError, match="已于"):
            self.dissolve()
        form = self.client.get(self.url("dissolve")).context["form"]
        page = self.client.post(self.url("dissolve"), self.filled(form, version=1, reason="停办"))
        assert page.status_code == 409

    def test_a_stranger_dissolves_nothing(self):
        other = make_user(role=Role.COMMITTEE, area=self.south)
        with pytest.raises(PermissionDenied):
            self.dissolve(by=other)
        assert self.ends() == [None, dt.date(2030, 1, 1), self.on]

    def test_what_came_after_stands_in_the_way(self):
        self.dissolve()
        cases = [
            (lambda: Membership.objects.filter(pk=self.member.pk).update(until=dt.date(2025, 9, 1)), "张某甲"),
            (lambda: self.confirm(self.ours, 1), "登记过花名册"),
            (lambda: make_organization(area=self.village, since=dt.date(2026, 1, 1), name="新会"), "已经成立新会"),
            (
                lambda: self.village.__class__.objects.filter(pk=self.village.pk).update(until=dt.date(2026, 1, 1)),
                "已经撤销",
            ),
        ]
        for change, words in cases:
            with pytest.raises(ValidationError, match=words), transaction.atomic():
                change()
                restore(self.ours, reason="有误", by=self.staff)

    def test_a_name_given_to_another_since_is_said(self):
        chamber = make_organization(area=self.county, name="茶叶商会")
        dissolve(chamber, on=self.on, reason="停办", by=self.staff)
        make_organization(area=self.county, name="茶叶商会", since=dt.date(2020, 1, 1))
        self.client.force_login(self.staff)
        form = self.client.get(self.url("restore", chamber)).context["form"]
        page = self.client.post(self.url("restore", chamber), self.filled(form, reason="有误"))
        assert (page.status_code, "这个区划下已有同名的组织" in page.text) == (422, True)

    def test_one_that_was_entered_as_dissolved_is_simply_reopened(self):
        gone = make_organization(area=self.north, until=dt.date(2025, 1, 1))
        assert restore(gone, reason="有误", by=self.committee).until is None
        with pytest.raises(ValidationError, match="没有撤销"):
            restore(gone, reason="有误", by=self.committee)


class LevelTests(OrganizationCase):
    """Every kind at each level: the page's form, the API and the database itself hold the same rule."""

    def setUp(self):
        self.client.force_login(self.staff)
        self.areas = {1: self.county, 2: self.north, 3: make_village(parent=self.north)}

    def test_each_kind_lives_at_its_level_alone_by_every_door(self):
        community = make_village(parent=self.north, kind="community")
        street = make_township(parent=self.county, kind="street")
        homes = {"community_fellowship": community, "street_association": street}
        for n, kind in enumerate(Organization.Kind):
            level = Organization.LEVELS[kind]
            for other, area in self.areas.items():
                if other == level:
                    continue
                values = {"kind": kind.value, "name": f"组织{n}", "since": "2022-03-01", "area": area.pk}
                with self.subTest(kind=kind, level=other):
                    page = self.client.post(CREATE, values | {"term_number": 1, "confirmed": "on"})
                    assert page.status_code == 422 and "设在" in page.text
                    answer = self.client.post(API, values, content_type="application/json")
                    assert answer.status_code == 400 and "area" in answer.json()
                    with self.assertRaises(DatabaseError), transaction.atomic():
                        Organization.objects.bulk_create([Organization(**values | {"area": area})])
            home = homes.get(kind, self.areas[level])
            made = self.client.post(
                API,
                {"kind": kind.value, "name": f"组织{n}", "since": "2022-03-01", "area": home.pk},
                content_type="application/json",
            )
            assert made.status_code == 201, made.content


class ApiTests(OrganizationCase):
    def test_the_list_takes_the_same_filters(self):
        self.client.force_login(self.staff)
        with QueriesAtMost(12):
            answer = self.client.get(reverse("api:organizations_list"), {"area": self.north.pk, "stale": "never"})
        assert [row["name"] for row in answer.json()["results"]] == [self.ours.name]
        assert self.client.get(reverse("api:organizations_list"), {"on": "x"}).status_code == 400

    def test_people_show_two_digits_of_a_phone_and_only_their_own_areas(self):
        make_person(area=self.village, name="张某甲", phone="13800000042")
        make_person(area=self.foreign, name="张某乙", phone="13800000043")
        rows = self.client.get(reverse("api:people_list")).json()["results"]
        assert [row["name"] for row in rows] == ["张某甲"]
        assert rows[0]["phone"].endswith("42")
        assert "1380" not in str(rows)
        assert self.client.post(reverse("api:people_list"), {}).status_code == 405

    def test_rosters_are_read_by_day(self):
        make_membership(organization=self.ours, person=make_person(name="张某甲"), until=dt.date(2024, 12, 31))
        make_membership(organization=self.theirs)
        url = reverse("api:memberships_list")
        assert [row["person_name"] for row in self.client.get(url).json()["results"]] == ["张某甲"]
        assert self.client.get(url, {"on": "2026-01-01"}).json()["count"] == 0
        assert self.client.get(url, {"on": "2024-01-01", "organization": self.ours.pk}).json()["count"] == 1
