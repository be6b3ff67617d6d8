"""What every writable register of the API does, seen through organizations."""

import datetime as dt
from unittest import mock

from django.db import IntegrityError
from django.test import TestCase
from django.urls import reverse

from organizations.models import Organization
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.factories import make_county, make_organization, make_township, make_user, make_village

LIST = reverse("api:organizations_list")


class ApiCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county()
        cls.north, cls.south = make_township(parent=cls.county), make_township(parent=cls.county)
        cls.village, cls.foreign = make_village(parent=cls.north), make_village(parent=cls.south)
        cls.committee = make_user(role=Role.COMMITTEE, area=cls.north)
        cls.leader = make_user(role=Role.LEADER, area=cls.county)
        cls.ours = make_organization(area=cls.village, name="北村乡贤联谊会")
        cls.theirs = make_organization(area=cls.foreign, name="南村乡贤联谊会")

    def setUp(self):
        self.client.force_login(self.committee)

    def body(self, **values):
        return {
            "name": "新村乡贤联谊会",
            "kind": "village_fellowship",
            "area": self.village.pk,
            "since": "2025-05-01",
            **values,
        }

    def post(self, key="", **values):
        headers = {"Idempotency-Key": key} if key else {}
        return self.client.post(LIST, self.body(**values), content_type="application/json", headers=headers)

    def patch(self, obj, **values):
        url = reverse("api:organizations_detail", args=[obj.pk])
        return self.client.patch(url, values, content_type="application/json")


class CreateTests(ApiCase):
    def test_a_row_is_made_and_put_on_the_trail(self):
        answer = self.post(fields_of_work=["unity", "talent"])
        assert answer.status_code == 201
        made = Organization.objects.get(pk=answer.json()["id"])
        assert answer.json()["fields_of_work"] == made.fields_of_work == ["talent", "unity"]
        entry = AuditEntry.objects.get(action="created", object_id=str(made.pk))
        assert entry.user == self.committee

    def test_a_row_of_another_township_cannot_be_named(self):
        answer = self.post(area=self.foreign.pk)
        assert answer.status_code == 400
        assert "不存在" in answer.json()["area"][0]
        assert self.post(area=999_999_999).json().keys() == answer.json().keys()

    def test_the_model_is_asked_and_answers_by_field(self):
        assert "设在乡镇" in self.post(kind="township_chamber").json()["area"][0]
        assert self.post(name=self.ours.name).json() == {"non_field_errors": ["这个区划下已有同名的组织。"]}
        wrong = self.post(next_election_on="2020-01-01", term_since="2024-01-01")
        assert (wrong.status_code, wrong.json()["non_field_errors"]) == (400, ["下次换届日期应晚于本届起始日期。"])

    def test_nonsense_is_refused_and_never_a_server_error(self):
        for values in (
            {"kind": "club"}, {"since": "明天"}, {"fields_of_work": "unity"}, {"fields_of_work": ["x"]}, {"name": ""},
            {"name": "甲\u202e乙"}, {"name": "甲\u0000"}, {"area": "x"}, {"term_number": -1}, {"term_number": 10**20},
        ):  # fmt: skip
            assert self.post(**values).status_code == 400, values
        assert self.client.post(LIST, "[1]", content_type="application/json").status_code == 400
        assert Organization.objects.count() == 2

    def test_the_same_key_acts_once(self):
        first, second = self.post(key="k1"), self.post(key="k1")
        assert (first.status_code, second.status_code) == (201, 201)
        assert first.json()["id"] == second.json()["id"]
        assert Organization.objects.count() == 3

    def test_a_failed_request_does_not_use_its_key_up(self):
        assert self.post(key="k2", name="").status_code == 400
        assert self.post(key="k2").status_code == 201

    def test_a_reader_may_read_only(self):
        self.client.force_login(self.leader)
        assert self.post().status_code == 403
        assert self.patch(self.ours, version=1, note="x").status_code == 403
        assert self.client.get(LIST).json()["count"] == 2

    def test_two_at_the_same_moment_are_a_conflict(self):
        with mock.patch("portal.kit.saving.save", side_effect=IntegrityError):
            answer = self.post()
        assert (answer.status_code, "同时" in answer.json()["detail"]) == (409, True)


class ChangeTests(ApiCase):
    def test_a_change_raises_the_version_and_is_written_down(self):
        answer = self.patch(self.ours, version=1, note="已备案")
        assert (answer.status_code, answer.json()["version"], answer.json()["note"]) == (200, 2, "已备案")
        assert "备注 由 空 改为 已备案" in AuditEntry.objects.get(action="updated").sentence

    def test_a_stale_version_is_answered_with_the_stored_row(self):
        self.patch(self.ours, version=1, note="先保存的")
        answer = self.patch(self.ours, version=1, note="后保存的")
        assert answer.status_code == 409
        assert (answer.json()["current"]["note"], answer.json()["current"]["version"]) == ("先保存的", 2)
        self.ours.refresh_from_db()
        assert self.ours.note == "先保存的"

    def test_a_version_must_be_given(self):
        for version in (
            {},
            {"version": None},
            {"version": "1"},
            {"version": True},
            {"version": -1},
            {"version": 10**20},
        ):
            answer = self.patch(self.ours, note="x", **version)
            assert (answer.status_code, list(answer.json())) == (400, ["version"]), version

    def test_a_row_of_another_township_does_not_exist(self):
        assert self.patch(self.theirs, version=1, note="x").status_code == 404
        assert self.client.get(reverse("api:organizations_detail", args=[self.theirs.pk])).status_code == 404

    def test_a_row_cannot_be_pushed_out_of_reach(self):
        assert self.patch(self.ours, version=1, area=self.foreign.pk).status_code == 400
        self.ours.refresh_from_db()
        assert self.ours.area == self.village

    def test_what_the_model_refuses_is_400_and_nothing_is_saved(self):
        other = make_organization(area=self.village, name="另一个")
        assert self.patch(other, version=1, name=self.ours.name).status_code == 400
        read_only = self.patch(other, version=1, since="2024-01-01", until="2020-01-01")
        assert (read_only.status_code, read_only.json()["until"]) == (200, None)
        other.refresh_from_db()
        assert (other.until, other.since) == (None, dt.date(2024, 1, 1))

    def test_nothing_is_deleted_over_the_api(self):
        url = reverse("api:organizations_detail", args=[self.ours.pk])
        assert self.client.delete(url).status_code in (403, 405)
