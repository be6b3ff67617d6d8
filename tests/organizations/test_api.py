"""The registers of this app written over the API: the same services, versions and scope as on the pages."""

import datetime as dt

from django.test import TestCase
from django.utils import timezone

from organizations.models import Check, CoverageGoal, Membership, Standard
from organizations.services.standards import default_standards
from portal.accounts.roles import Role
from tests.factories import make_membership, make_organization, make_person, make_site, make_township, make_user

PHONE = "13800004321"


class ApiCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.township = make_township(name="水坪镇")
        cls.county = cls.township.parent
        cls.organization = make_organization(cls.township)
        cls.member = make_membership(cls.organization, make_person(cls.township, name="张某甲"))
        cls.staff = make_user(role=Role.STAFF, area=cls.county)
        cls.keeper = make_user(role=Role.COMMITTEE, area=cls.township)

    def setUp(self):
        self.client.force_login(self.keeper)

    def post(self, path, key="", **values):
        headers = {"Idempotency-Key": key} if key else {}
        return self.client.post(f"/api/{path}/", values, content_type="application/json", headers=headers)

    def patch(self, path, row, **values):
        values = {"version": row.version, **values}
        return self.client.patch(f"/api/{path}/{row.pk}/", values, content_type="application/json")


class RosterTests(ApiCase):
    def test_a_member_is_added_once_with_a_masked_phone(self):
        line = {
            "organization": self.organization.pk,
            "name": "李某丁",
            "post": "秘书长",
            "phone": PHONE,
            "since": "2024-03-01",
        }
        answers = [self.post("memberships", key="one", **line) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        said = answers[0].json()
        assert (said["person_name"], said["post"], said["since"], said["until"]) == (
            "李某丁",
            "秘书长",
            "2024-03-01",
            None,
        )
        row = Membership.objects.get(pk=said["id"])
        assert row.person.phone.reveal() == PHONE
        person = self.client.get(f"/api/people/{row.person_id}/").json()
        assert person["phone"].endswith("21") and PHONE not in str(answers[0].content)

    def test_a_post_ends_and_a_stale_version_is_refused(self):
        today = str(timezone.localdate())
        ended = self.patch("memberships", self.member, until=today)
        assert (ended.status_code, ended.json()["until"]) == (200, today), ended.content
        stale = self.patch("memberships", self.member, post="会长")
        assert stale.status_code == 409 and stale.json()["current"]["until"] == today

    def test_wrong_lines_say_the_field(self):
        bad = self.post("memberships", organization=self.organization.pk, name="李某丁", post="会长", phone="12")
        assert bad.status_code == 400 and "phone" in bad.json(), bad.content
        assert "name" in self.post("memberships", organization=self.organization.pk, post="会长").json()
        other = self.patch("memberships", self.member, organization=make_organization(self.township).pk)
        assert other.status_code == 400 and "另加一条" in str(other.json())

    def test_another_townships_roster_does_not_exist(self):
        foreign = make_membership()
        assert self.patch("memberships", foreign, post="会长").status_code == 404
        answer = self.post("memberships", organization=foreign.organization_id, name="李某丁", post="会长")
        assert answer.status_code == 400 and "organization" in answer.json()

    def test_a_persons_name_and_phone_are_corrected(self):
        person = self.member.person
        answer = self.patch("people", person, name="王某丙", phone=PHONE)
        assert answer.status_code == 200 and answer.json()["name"] == "王某丙", answer.content
        person.refresh_from_db()
        assert person.phone.reveal() == PHONE
        kept = self.patch("people", person, name="王某戊")
        person.refresh_from_db()
        assert kept.status_code == 200 and person.phone.reveal() == PHONE

    def test_a_leader_reads_and_does_not_write(self):
        self.client.force_login(make_user(role=Role.LEADER, area=self.county))
        assert self.client.get("/api/memberships/").json()["count"] == 1
        assert self.patch("memberships", self.member, post="会长").status_code == 403


class GoalTests(ApiCase):
    def test_staff_add_a_goal_and_change_it_from_a_day_on(self):
        self.client.force_login(self.staff)
        goal = {
            "area": self.county.pk,
            "title": "村级阵地全覆盖",
            "villages": True,
            "measure": "village_site",
            "since": "2024-01-01",
        }
        made = self.post("goals", **goal)
        assert made.status_code == 201, made.content
        row = CoverageGoal.objects.get(pk=made.json()["id"])
        changed = self.patch("goals", row, title="村级阵地覆盖")
        assert changed.status_code == 200 and changed.json()["id"] != row.pk
        row.refresh_from_db()
        assert row.until == timezone.localdate() - dt.timedelta(1)
        assert "measure" in self.post("goals", **{**goal, "title": "又一个", "measure": "no_such"}).json()

    def test_a_township_may_not(self):
        assert (
            self.post("goals", area=self.county.pk, title="目标", villages=True, measure="village_site").status_code
            == 403
        )


class StandardTests(ApiCase):
    def test_a_standard_is_made_revised_and_answered(self):
        default_standards(self.county, since=dt.date(2022, 1, 1))
        standard = Standard.objects.get(code="eight_haves")
        begun = self.post(
            "checks", standard=standard.pk, register="organizations.organization", object_id=self.organization.pk
        )
        assert begun.status_code == 201, begun.content
        check = Check.objects.get(pk=begun.json()["id"])
        answers = [{"id": row["id"], "verdict": "unmet", "reason": "正在办理"} for row in begun.json()["answers"]]
        done = self.patch("checks", check, answers=answers, finish=True)
        assert done.status_code == 200 and done.json()["status"] == "done", done.content
        assert done.json()["missing"] == sum(row["verdict"] == "unmet" for row in done.json()["answers"]) > 0
        self.client.force_login(self.staff)
        items = [{"wording": "有牌子", "must": True}, {"wording": "有场所", "must": False}]
        revised = self.patch("standards", standard, items=items, since=str(timezone.localdate()), reason="简化")
        assert revised.status_code == 200, revised.content
        assert sorted(len(version["items"]) for version in revised.json()["versions"]) == [2, 8]
        made = self.post(
            "standards", area=self.county.pk, code="three_haves", name="三有", applies_to="outreach.site", items=items
        )
        assert made.status_code == 201, made.content

    def test_a_check_asks_for_a_row_of_its_register_within_reach(self):
        default_standards(self.county, since=dt.date(2022, 1, 1))
        standard = Standard.objects.get(code="eight_haves")
        foreign = self.post(
            "checks", standard=standard.pk, register="organizations.organization", object_id=make_organization().pk
        )
        assert foreign.status_code == 400 and "object_id" in foreign.json()
        wrong = self.post(
            "checks", standard=standard.pk, register="outreach.site", object_id=make_site(self.township).pk
        )
        assert wrong.status_code == 400 and "register" in wrong.json()
