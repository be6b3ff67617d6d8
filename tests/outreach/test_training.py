"""Training: plans with their reach, sessions with numbers and named officers, posts of cadres as counts."""

import datetime as dt
import io

import openpyxl
from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from outreach.models import CadrePost, TrainingPlan, TrainingSession
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.factories import (
    make_cadre_post,
    make_county,
    make_membership,
    make_organization,
    make_person,
    make_township,
    make_training_plan,
    make_training_session,
    make_unit,
    make_user,
)
from tests.queries import QueriesAtMost

LIST, ADD = reverse("outreach:trainingplan_list"), reverse("outreach:trainingplan_create")


class TrainingCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county(name="测试县")
        cls.town, cls.other = make_township(cls.county, name="甲镇"), make_township(cls.county, name="乙镇")
        cls.staff = make_user(Role.STAFF, cls.county)
        cls.leader = make_user(Role.LEADER, cls.county)
        cls.committee = make_user(Role.COMMITTEE, cls.town)
        cls.plan = make_training_plan(cls.county, name="任职干部教育培训计划", planned_people=60)
        cls.town_plan = make_training_plan(cls.town, name="商会负责人培训", audience="officers", planned_people=20)
        chamber = make_organization(cls.town, name="甲镇商会")
        cls.head = make_membership(chamber, make_person(cls.town, name="张某甲"), post="会长", in_charge=True)
        cls.member = make_membership(chamber, make_person(cls.town, name="李某乙"), post="会员")
        cls.former = make_membership(
            chamber, make_person(cls.town, name="王某丙"), post="会长", in_charge=True, until=dt.date(2024, 1, 1)
        )
        abroad = make_organization(cls.other, name="乙镇商会")
        cls.far = make_membership(abroad, make_person(cls.other, name="赵某丁"), post="会长", in_charge=True)
        cls.today = timezone.localdate()

    def setUp(self):
        self.client.force_login(self.staff)

    def url(self, name, row):
        return reverse(f"outreach:{name}", args=[row.pk])

    def session(self, **changed):
        return {"title": "第一期培训班", "on": "2026-06-18", "place": "县委党校", "days": "2.5", "planned": "30",
                "attended": "28", **changed}  # fmt: skip


class PlanTests(TrainingCase):
    def form(self, **changed):
        return {"year": "2026", "name": "统战干部培训计划", "audience": "workers", "area": self.county.pk,
                "planned_people": "40", **changed}  # fmt: skip

    def test_made_found_again_changed_and_on_the_trail(self):
        answer = self.client.post(ADD, self.form())
        plan = TrainingPlan.objects.get(name="统战干部培训计划")
        assert answer.url == plan.get_absolute_url()
        values = self.form(planned_people="50", version=plan.version)
        assert self.client.post(self.url("trainingplan_update", plan), values).status_code == 302
        assert self.client.post(self.url("trainingplan_update", plan), values).status_code == 409
        plan.refresh_from_db()
        assert plan.planned_people == 50
        actions = AuditEntry.objects.filter(model="outreach.trainingplan", object_id=str(plan.pk)).values_list(
            "action", flat=True
        )
        assert sorted(actions) == ["created", "updated"]

    def test_wrong_input_is_said_and_what_was_typed_stays(self):
        cases = [
            ({"year": "1026"}, "年份应在"), ({"planned_people": "0"}, "至少 1 人"), ({"name": ""}, "必填"),
            ({"name": "联系13800000001"}, "电话号码"), ({"name": self.plan.name}, "已有同名的培训计划"), ({"planned_people": "很多"}, "整数"),
        ]  # fmt: skip
        for changed, words in cases:
            page = self.client.post(ADD, self.form(**changed))
            assert page.status_code == 422 and words in page.text, changed
            typed = next(iter(changed.values()))
            assert f'value="{typed}"' in page.text or not typed
        assert TrainingPlan.objects.count() == 2

    def test_the_list_shows_reach_by_numbers_beyond_a_hundred_percent_too(self):
        make_training_session(self.plan, attended=30)
        make_training_session(self.plan, attended=42)
        make_training_session(self.plan, attended=None, on=self.today + dt.timedelta(9))
        with QueriesAtMost(12):
            page = self.client.get(LIST).text
        assert "120%" in page and "共 2 个计划，已办 2 个班次；计划培训 80 人，实到 72 人，参训率 90%" in page
        rows = self.client.get(f"{LIST}?export=xlsx&year=2026&audience=cadres")
        sheet = openpyxl.load_workbook(io.BytesIO(b"".join(rows.streaming_content))).worksheets[1]
        head, row = list(sheet.values)
        assert dict(zip(head, row, strict=True))["参训率"] == "120%" and row[0] == self.plan.name

    def test_filters_by_year_audience_and_area(self):
        make_training_plan(self.town, year=2025, name="去年计划")
        for query, total in (
            ("year=2025", 1),
            ("audience=officers", 1),
            (f"area={self.town.pk}", 2),
            ("q=商会", 1),
            ("", 3),
        ):
            assert self.client.get(f"{LIST}?{query}").context["total"] == total, query

    def test_its_page_has_sessions_posts_and_reach(self):
        session = make_training_session(self.plan, attended=72)
        make_cadre_post(self.plan, post="乡镇副职", holders=21)
        with QueriesAtMost(12):
            page = self.client.get(self.plan.get_absolute_url()).text
        assert session.title in page and "乡镇副职" in page and "120%" in page
        assert self.url("cadrepost_update", CadrePost.objects.get()) in page

    def test_a_plan_in_use_is_not_deleted_an_empty_one_is(self):
        make_training_session(self.plan)
        page = self.client.post(self.url("trainingplan_delete", self.plan), follow=True)
        assert "不能删除" in page.text and TrainingPlan.objects.filter(pk=self.plan.pk).exists()
        self.client.post(self.url("trainingplan_delete", self.town_plan))
        assert not TrainingPlan.objects.filter(pk=self.town_plan.pk).exists()

    def test_who_may(self):
        self.client.force_login(self.committee)
        assert self.client.get(self.plan.get_absolute_url()).status_code == 404
        assert self.client.get(self.town_plan.get_absolute_url()).status_code == 200
        assert self.client.post(ADD, self.form(area=self.other.pk)).status_code == 422
        self.client.force_login(self.leader)
        page = self.client.get(self.plan.get_absolute_url())
        assert page.status_code == 200 and "登记班次" not in page.text
        assert self.client.get(ADD).status_code == 403
        for name in ("trainingplan_update", "trainingsession_create", "cadrepost_create"):
            assert self.client.get(self.url(name, self.plan)).status_code == 403, name
        self.client.force_login(make_user(Role.VILLAGE, self.town))
        assert self.client.get(LIST).status_code == 403

    def test_a_county_body_keeps_its_own_plan(self):
        body = make_unit(area=self.county)
        self.client.force_login(make_user(Role.COMMITTEE, unit=body))
        answer = self.client.post(ADD, self.form(area="", unit=body.pk))
        plan = TrainingPlan.objects.get(unit=body)
        assert answer.url == plan.get_absolute_url() and plan.area == self.county
        assert self.client.post(self.url("trainingsession_create", plan), self.session()).status_code == 302


class SessionTests(TrainingCase):
    def test_held_with_officers_from_the_rosters(self):
        url = self.url("trainingsession_create", self.plan)
        self.client.post(url, self.session(officers=[self.head.pk, self.far.pk]))
        session = TrainingSession.objects.get()
        assert (session.plan, session.attended, str(session.days)) == (self.plan, 28, "2.5")
        page = self.client.get(session.get_absolute_url())
        assert "张某甲" in page.text and "赵某丁" in page.text
        assert "张某甲" in str(AuditEntry.objects.filter(model="outreach.trainingsession").first().changes)

    def test_planned_first_and_the_number_afterwards(self):
        tomorrow = self.today + dt.timedelta(1)
        self.client.post(self.url("trainingsession_create", self.plan), self.session(on=str(tomorrow), attended=""))
        session = TrainingSession.objects.get()
        assert session.attended is None
        url = self.url("trainingsession_update", session)
        page = self.client.post(url, self.session(on=str(tomorrow), attended="28", version=session.version))
        assert page.status_code == 422 and "办班以后再填写" in page.text and 'value="28"' in page.text
        assert self.client.post(url, self.session(version=session.version)).status_code == 302
        session.refresh_from_db()
        assert session.attended == 28

    def test_what_is_refused_and_what_was_typed_stays(self):
        url = self.url("trainingsession_create", self.plan)
        cases = [
            ({"attended": "1", "officers": [self.head.pk, self.far.pk]}, "选择了 2 名组织负责人"),
            ({"attended": "", "officers": [self.head.pk]}, "请同时填写人数"), ({"officers": [self.member.pk]}, "不是负责人"),
            ({"officers": [self.former.pk]}, "已离任"), ({"officers": ["x"]}, "请重新选择"), ({"days": "0"}, "天数应大于 0"),
            ({"planned": "0"}, "至少 1 人"), ({"attended": "999999"}, "人数过大"), ({"place": "致电13800000001"}, "电话号码"),
        ]  # fmt: skip
        for changed, words in cases:
            page = self.client.post(url, self.session(**changed))
            assert page.status_code == 422 and words in page.text, changed
            assert 'value="第一期培训班"' in page.text and 'value="2.5"' in page.text or "days" in changed
        assert (
            f'value="{self.head.pk}" checked'
            in self.client.post(url, self.session(attended="", officers=[self.head.pk])).text
        )
        assert not TrainingSession.objects.exists()

    def test_officers_of_another_township_are_no_choice_of_a_township(self):
        self.client.force_login(self.committee)
        url = self.url("trainingsession_create", self.town_plan)
        assert self.client.post(url, self.session(officers=[self.far.pk])).status_code == 422
        found = self.client.get(
            reverse("outreach:activity_officers"), {"officer_name": "商会", "officers": [self.far.pk]}
        ).text
        assert "张某甲" in found and "赵某丁" not in found and "李某乙" not in found
        assert self.client.post(url, self.session(officers=[self.head.pk])).status_code == 302

    def test_who_was_there_stays_when_out_of_office_or_out_of_reach(self):
        session = make_training_session(self.town_plan, [self.former, self.far])
        self.client.force_login(self.committee)
        url = self.url("trainingsession_update", session)
        page = self.client.get(url).text
        assert f'value="{self.former.pk}" checked' in page
        values = self.session(version=session.version, officers=[self.former.pk, self.far.pk, self.head.pk])
        assert self.client.post(url, values).status_code == 302
        assert set(session.officers.all()) == {self.former, self.far, self.head}

    def test_search_without_scripts_keeps_what_was_typed(self):
        url = self.url("trainingsession_create", self.plan)
        page = self.client.post(
            url, self.session(find="1", officer_name="张某甲", title="改过的班次", officers=[self.far.pk])
        )
        assert page.status_code == 200 and 'value="改过的班次"' in page.text
        assert f'value="{self.head.pk}">' in page.text and f'value="{self.far.pk}" checked' in page.text
        assert "没有找到" in self.client.get(reverse("outreach:activity_officers"), {"officer_name": "无此人"}).text
        session = make_training_session(self.plan, [self.head])
        page = self.client.post(self.url("trainingsession_update", session), self.session(find="1", officer_name="赵"))
        assert f'value="{self.far.pk}">' in page.text

    def test_pages_stay_within_their_queries(self):
        session, post = make_training_session(self.plan, [self.head, self.far]), make_cadre_post(self.plan)
        new = [self.url(name, self.plan) for name in ("trainingsession_create", "cadrepost_create")]
        known = [self.url("trainingsession_update", session), self.url("cadrepost_update", post)]
        for url in (*new, *known, ADD, self.url("trainingplan_update", self.plan), session.get_absolute_url()):
            with QueriesAtMost(12):
                assert self.client.get(url).status_code == 200

    def test_deleting_leaves_a_trail_and_goes_back_to_the_plan(self):
        session = make_training_session(self.plan, [self.head])
        assert self.client.get(self.url("trainingsession_delete", session)).status_code == 200
        answer = self.client.post(self.url("trainingsession_delete", session))
        assert answer.url == self.plan.get_absolute_url() and not TrainingSession.objects.exists()
        assert AuditEntry.objects.filter(model="outreach.trainingsession", action="deleted").exists()


class PostTests(TrainingCase):
    def form(self, **changed):
        return {"post": "乡镇副职", "holders": "21", "in_plan": "6", "trained": "3", "recommended": "2", **changed}

    def test_counts_and_posts_made_changed_and_removed(self):
        answer = self.client.post(self.url("cadrepost_create", self.plan), self.form())
        post = CadrePost.objects.get()
        assert answer.url == self.plan.get_absolute_url() and post.plan == self.plan
        values = self.form(trained="5", version=post.version)
        assert self.client.post(self.url("cadrepost_update", post), values).status_code == 302
        assert CadrePost.objects.get().trained == 5
        assert self.client.get(self.url("cadrepost_delete", post)).status_code == 200
        assert self.client.post(self.url("cadrepost_delete", post)).url == self.plan.get_absolute_url()
        assert not CadrePost.objects.exists()

    def test_what_is_refused(self):
        make_cadre_post(self.plan, post="县直中层")
        cases = [({"trained": "22"}, "不能超过任职人数"), ({"post": "县直中层"}, "已在清单中"), ({"post": "13800000001"}, "电话号码"),
                 ({"holders": ""}, "必填"), ({"holders": "1000000"}, "人数过大")]  # fmt: skip
        for changed, words in cases:
            page = self.client.post(self.url("cadrepost_create", self.plan), self.form(**changed))
            assert page.status_code == 422 and words in page.text, changed
        assert CadrePost.objects.count() == 1


class ApiTests(TrainingCase):
    def send(self, method, url, **values):
        return getattr(self.client, method)(url, values, content_type="application/json")

    def test_a_plan_a_session_and_a_post_made_and_changed(self):
        values = {
            "year": 2026,
            "name": "统战干部培训",
            "audience": "workers",
            "area": self.county.pk,
            "planned_people": 10,
        }
        plan = self.send("post", "/api/training-plans/", **values).json()
        values = {
            "plan": plan["id"],
            "title": "第一期",
            "on": "2026-06-18",
            "planned": 10,
            "attended": 9,
            "officers": [self.head.pk],
        }
        answer = self.send("post", "/api/training-sessions/", **values)
        assert answer.status_code == 201 and answer.json()["officers"] == [self.head.pk]
        session = answer.json()
        url = f"/api/training-sessions/{session['id']}/"
        changed = self.send("patch", url, version=session["version"], attended=8).json()
        assert (changed["attended"], changed["officers"]) == (8, [self.head.pk])
        assert self.send("patch", url, version=session["version"], attended=7).status_code == 409
        answer = self.send("post", "/api/cadre-posts/", plan=plan["id"], post="乡镇副职", holders=5, trained=2)
        assert answer.status_code == 201
        answer = self.send(
            "patch", f"/api/cadre-posts/{answer.json()['id']}/", version=answer.json()["version"], trained=6
        )
        assert answer.status_code == 400 and "不能超过任职人数" in answer.content.decode()
        assert self.client.get("/api/training-plans/?audience=workers").json()["count"] == 1
        assert self.client.get(f"/api/training-sessions/?plan={plan['id']}").json()["count"] == 1

    def test_what_the_pages_refuse_is_refused(self):
        session = {"plan": self.plan.pk, "title": "第一期", "on": "2026-06-18", "planned": 10, "attended": 1}
        cases = [
            ("training-sessions", session | {"on": "2099-01-01"}, "办班以后"),
            ("training-sessions", session | {"officers": [self.member.pk]}, "不是负责人"),
            ("training-sessions", session | {"officers": [self.head.pk, self.far.pk]}, "选择了 2 名"),
            ("training-sessions", session | {"plan": 0}, "plan"),
            ("cadre-posts", {"plan": self.plan.pk, "post": "13800000001", "holders": 1}, "电话号码"),
            ("training-plans", {"year": 1990, "name": "x", "audience": "cadres", "area": self.county.pk, "planned_people": 1}, "年份应在"),
        ]  # fmt: skip
        for name, values, words in cases:
            answer = self.send("post", f"/api/{name}/", **values)
            assert answer.status_code == 400 and words in answer.content.decode(), (values, answer.content.decode())

    def test_out_of_reach(self):
        session = make_training_session(self.plan)
        self.client.force_login(self.committee)
        assert self.client.get(f"/api/training-sessions/{session.pk}/").status_code == 404
        values = {"plan": self.plan.pk, "title": "第一期", "on": "2026-06-18", "planned": 10}
        assert self.send("post", "/api/training-sessions/", **values).status_code == 400
        self.client.force_login(self.leader)
        assert self.client.get(f"/api/training-sessions/{session.pk}/").status_code == 200
        assert self.send("patch", f"/api/training-sessions/{session.pk}/", version=1, attended=1).status_code == 403
