"""Rosters through HTTP: the grid's door, pasted text, confirmation, a new term; people merged and parted."""

import datetime as dt
import json
import uuid

from django.test import TestCase
from django.urls import reverse
from django.utils import timezone

from organizations.coverage import Coverage
from organizations.models import Membership, Organization, Person, PersonMerge, RosterConfirmation
from organizations.services.rosters import default_required_posts
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.factories import make_county, make_township, make_unit, make_user, make_village
from tests.queries import QueriesAtMost

PHONE = "13800001234"


class RosterCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county()
        cls.township = make_township(parent=cls.county, name="水坪镇")
        cls.village = make_village(parent=cls.township)
        cls.organization = Organization.objects.create(
            area=cls.township, kind="township_chamber", name="水坪镇商会", since=dt.date(2022, 3, 1), term_since=dt.date(2022, 3, 1),
        )  # fmt: skip
        default_required_posts(cls.county, since=dt.date(2022, 1, 1))
        cls.keeper = make_user(role=Role.COMMITTEE, area=cls.township, name="王某甲")
        cls.people = [cls.member(f"张某{'甲乙丙'[n]}", post) for n, post in enumerate(["会长", "副会长", "会员"])]

    @classmethod
    def member(cls, name, post, **fields):
        person = Person.objects.create(name=name, area=cls.township, phone=fields.pop("phone", ""))
        values = {
            "since": dt.date(2022, 3, 1),
            "in_charge": post == "会长",
            "number": cls.organization.memberships.count() + 1,
            **fields,
        }
        return Membership.objects.create(organization=cls.organization, person=person, post=post, **values)

    def setUp(self):
        self.client.force_login(self.keeper)

    def url(self, name="roster", organization=None):
        return reverse(f"organizations:{name}", args=[(organization or self.organization).pk])

    def send(self, rows, key=None, **options):
        body = {"key": key or uuid.uuid4().hex, "rows": [{"row": n, **row} for n, row in enumerate(rows)], **options}
        return self.client.post(self.url("roster_rows"), json.dumps(body), content_type="application/json")

    def names(self, on=None):
        return [row.person.name for row in self.organization.memberships.in_force(on).select_related("person")]


class GridTests(RosterCase):
    def test_new_changed_and_ended_lines_are_saved_in_one_request_with_their_trail(self):
        head, deputy, member = self.people
        answer = self.send([
            {"name": "李某丁", "post": "秘书长", "phone": "138 0000 1234", "since": "2024.3.1"},
            {"id": deputy.pk, "version": 1, "name": "张某乙", "post": "常务副会长", "phone": None, "since": "2022-03-01"},
            {"id": member.pk, "version": 1, "name": "张某丙", "post": "会员", "since": "2022-03-01", "until": "2025-12-31"},
        ]).json()  # fmt: skip
        assert answer["refused"] == [] and answer["counts"] == {"new": 1, "changed": 2, "kept": 0, "leaving": 0}
        secretary = Membership.objects.get(post="秘书长")
        assert secretary.since == dt.date(2024, 3, 1) and secretary.person.phone.reveal() == PHONE
        assert self.names() == ["张某甲", "张某乙", "李某丁"]
        said = " ".join(AuditEntry.objects.values_list("sentence", flat=True))
        assert "常务副会长" in said and "李某丁" in said and PHONE not in said
        assert RosterConfirmation.objects.get().unchanged is False

    def test_wrong_lines_are_named_by_row_and_field_and_right_ones_kept(self):
        answer = self.send([
            {"name": "李某丁", "post": "会员"}, {"name": "", "post": "会员"}, {"name": "赵某戊", "post": "", "phone": "123"},
            {"name": "钱某己", "post": "会员", "since": "2099-01-01"}, {"name": "孙9某", "post": "会员", "since": "昨天"},
            {"name": "周某庚", "post": "会员", "since": "2024-05-01", "until": "2024-04-01"},
        ]).json()  # fmt: skip
        wrong = {(line["row"], line["field"]) for line in answer["refused"]}
        assert wrong == {(1, "name"), (2, "post"), (2, "phone"), (3, "since"), (4, "name"), (4, "since"), (5, "until")}
        assert "李某丁" in self.names() and len(self.names()) == 4

    def test_the_stored_number_never_comes_back_and_an_untouched_cell_keeps_it(self):
        member = self.member("吴某辛", "顾问", phone=PHONE)
        page = self.client.get(self.url())
        assert PHONE not in page.text and "34" in page.text
        answer = self.send(
            [{"id": member.pk, "version": 1, "name": "吴某辛", "post": "名誉会长", "phone": "•••••••••34"}]
        )
        member.person.refresh_from_db()
        assert member.person.phone.reveal() == PHONE and PHONE not in answer.text

    def test_a_stale_line_is_a_conflict_that_shows_theirs(self):
        member = self.people[2]
        self.send([{"id": member.pk, "version": 1, "name": "张某丙", "post": "理事"}])
        answer = self.send([{"id": member.pk, "version": 1, "name": "张某丙", "post": "监事"}]).json()
        assert "别人改过" in answer["refused"][0]["message"] and answer["refused"][0]["theirs"]["cells"][1] == "理事"
        assert Membership.objects.get(pk=member.pk).post == "理事"

    def test_the_same_key_again_acts_once(self):
        for _ in range(2):
            answer = self.send([{"name": "李某丁", "post": "会员"}], key="k1").json()
        assert answer["counts"]["new"] == 1 and self.names().count("李某丁") == 1

    def test_twenty_people_are_replaced_within_thirty_queries_after_a_trial_that_saves_nothing(self):
        rows = [
            {"name": f"新某{n}".translate(str.maketrans("0123456789", "甲乙丙丁戊己庚辛壬癸")), "post": "会员"}
            for n in range(20)
        ]
        trial = self.send(rows, replace=True, dry_run=True).json()
        assert trial["counts"]["new"] == 20 and trial["counts"]["leaving"] == 3 and len(self.names()) == 3
        with QueriesAtMost(30):
            answer = self.send(rows, replace=True).json()
        assert answer["counts"] == trial["counts"]
        assert len(self.names()) == 20 and self.names(timezone.localdate() - dt.timedelta(1)) == [
            "张某甲",
            "张某乙",
            "张某丙",
        ]

    def test_one_wrong_line_stops_a_replacement(self):
        answer = self.send([{"name": "李某丁", "post": "会员"}, {"name": "某", "post": ""}], replace=True).json()
        assert answer["refused"] and self.names() == ["张某甲", "张某乙", "张某丙"]

    def test_a_known_person_is_linked_and_a_namesake_with_another_number_is_not(self):
        known = Person.objects.create(name="郑某壬", area=self.township, phone=PHONE)
        self.send([{"name": "郑某壬", "post": "会员", "phone": PHONE}])
        assert Person.objects.filter(name="郑某壬").count() == 1 and known.memberships.count() == 1
        answer = self.send([{"name": "郑某壬", "post": "顾问", "phone": "13800009999"}]).json()
        assert "同名" in answer["warnings"][0]["message"] and Person.objects.filter(name="郑某壬").count() == 2

    def test_similar_people_are_named_while_typing_within_scope(self):
        Person.objects.create(name="张某甲", area=make_township(parent=self.county), phone=PHONE)
        found = self.client.post(reverse("organizations:person_similar"), {"name": "张某甲", "phone": PHONE}).json()[
            "people"
        ]
        assert [person["id"] for person in found] == [self.people[0].person_id]

    def test_a_number_typed_for_a_known_person_is_kept_and_a_member_typed_again_is_changed(self):
        Person.objects.create(name="郑某壬", area=self.township)
        self.send([{"name": "郑某壬", "post": "会员", "phone": PHONE}])
        assert Person.objects.get(name="郑某壬").phone.reveal() == PHONE
        self.send(
            [{"name": "张某丙", "post": "会员", "in_charge": "是", "phone": "13800004321", "since": "2023-05-01"}]
        )
        member = Membership.objects.select_related("person").get(pk=self.people[2].pk)
        assert (
            member.in_charge and member.since == dt.date(2023, 5, 1) and member.person.phone.reveal() == "13800004321"
        )

    def over(self, *names, **more):
        """Lines that put other names over the stored ones."""
        return [{"id": row.pk, "version": row.version, "name": name, "post": row.post, "phone": "•••••••••34", "since": str(row.since), **more}
                for row, name in zip(self.people, names, strict=False)]  # fmt: skip

    def test_another_name_over_a_stored_line_has_to_say_what_it_means(self):
        elsewhere = Organization.objects.create(
            area=self.township, kind="township_council", name="水坪镇乡贤理事会", since=dt.date(2022, 3, 1)
        )
        person = self.people[0].person
        Membership.objects.create(organization=elsewhere, person=person, post="理事", since=dt.date(2022, 3, 1))
        refused = self.send(self.over("赵某甲", "钱某乙", "孙某丙")).json()["refused"]
        assert [wrong["asks"] for wrong in refused] == ["张某甲", "张某乙", "张某丙"]
        assert "乡贤理事会任职" in refused[0]["message"] and "还在" not in refused[1]["message"]
        assert all(wrong["theirs"] is None for wrong in refused), "nobody was faster"
        assert self.names() == ["张某甲", "张某乙", "张某丙"]

    def test_a_mistyped_name_is_corrected_where_the_member_works(self):
        row = self.people[0]
        answer = self.send(self.over("张某贾", rename="correct")).json()
        assert answer["refused"] == [] and answer["renamed"] == 1 and answer["counts"]["changed"] == 1
        row.person.refresh_from_db()
        assert (row.person.name, row.person.version) == ("张某贾", 2) and row.person.pinyin.startswith("zhang")
        assert self.names() == ["张某贾", "张某乙", "张某丙"] and Person.objects.count() == 3
        assert "姓名" in AuditEntry.objects.filter(model="organizations.person").latest("sequence").sentence
        assert self.client.get(reverse("organizations:person_list"), {"q": "zmj"}).text.count("张某贾") >= 1

    def test_a_corrected_name_that_somebody_has_is_told(self):
        answer = self.send(self.over("张某乙", rename="correct")).json()
        assert "同名" in answer["warnings"][0]["message"] and self.names() == ["张某乙", "张某乙", "张某丙"]

    def test_a_successor_takes_over_the_line_from_today_and_not_from_the_first_ones_day(self):
        answer = self.send(self.over("赵某甲", rename="succeed")).json()
        assert answer["counts"] == {"new": 1, "changed": 0, "kept": 0, "leaving": 1} and answer["renamed"] == 0
        today = timezone.localdate()
        first, new = Membership.objects.get(pk=self.people[0].pk), Membership.objects.get(person__name="赵某甲")
        assert (first.until, new.since, new.post) == (today - dt.timedelta(1), today, first.post)
        assert first.person.name == "张某甲" and not new.person.phone and self.names() == ["赵某甲", "张某乙", "张某丙"]
        wrong = self.send(self.over("", "钱某乙", rename="succeed", post="", version=1)[1:]).json()
        assert wrong["refused"] and Membership.objects.get(pk=self.people[1].pk).until is None

    def test_whoever_replaces_another_in_a_replaced_roster_begins_today(self):
        answer = self.send(self.over("赵某甲", "钱某乙", "孙某丙"), replace=True).json()
        assert answer["counts"] == {"new": 3, "changed": 0, "kept": 0, "leaving": 3}
        assert {"张某甲", "张某乙", "张某丙"} <= set(Person.objects.values_list("name", flat=True))
        assert self.names(timezone.localdate() - dt.timedelta(1)) == ["张某甲", "张某乙", "张某丙"]
        assert set(Membership.objects.in_force().values_list("since", flat=True)) == {timezone.localdate()}

    def test_the_name_of_a_record_that_another_township_keeps_is_not_corrected_here(self):
        person = Person.objects.create(name="冯某辛", area=make_township(parent=self.county))
        row = Membership.objects.create(
            organization=self.organization, person=person, post="顾问", since=dt.date(2022, 3, 1)
        )
        line = {"id": row.pk, "version": 1, "name": "冯某新", "post": "顾问", "rename": "correct"}
        assert "由登记单位更正" in self.send([line]).json()["refused"][0]["message"]
        person.refresh_from_db()
        assert person.name == "冯某辛"

    def test_somebody_else_of_the_same_name_is_a_new_record_when_chosen(self):
        self.send([{"name": "张某乙", "post": "会员", "person": 0}])
        assert Person.objects.filter(name="张某乙").count() == 2
        first = self.people[1].person
        self.send([{"name": "张某乙", "post": "理事", "person": first.pk}])
        assert set(first.memberships.values_list("post", flat=True)) == {"副会长", "理事"}

    def test_a_post_does_not_begin_before_its_organization(self):
        row = self.people[0]
        line = {"id": row.pk, "version": 1, "name": "张某甲", "post": "会长", "since": "2021-01-01"}
        assert "成立日期" in self.send([line]).json()["refused"][0]["message"]
        assert self.send([line | {"name": "", "since": ""}]).json()["refused"][0]["message"].startswith("不再任职")

    def test_a_person_whom_another_township_keeps_is_not_rewritten_here(self):
        person = Person.objects.create(name="冯某辛", area=make_township(parent=self.county))
        row = Membership.objects.create(
            organization=self.organization, person=person, post="顾问", since=dt.date(2022, 3, 1)
        )
        answer = self.send([{"id": row.pk, "version": 1, "name": "冯某辛", "post": "顾问", "phone": PHONE}]).json()
        person.refresh_from_db()
        assert "由登记单位更正" in answer["refused"][0]["message"] and not person.phone

    def test_two_namesakes_are_told_and_no_post_is_held_twice(self):
        for number in (PHONE, "13800009999"):
            Person.objects.create(name="郑某壬", area=self.township, phone=number)
        assert "同名" in self.send([{"name": "郑某壬", "post": "会员"}]).json()["warnings"][0]["message"]
        answer = self.send([{"name": "甲某", "post": "会员"}, {"name": "甲某", "post": "会员"}]).json()
        assert "重复" in answer["refused"][0]["message"]
        first = self.people[0]
        answer = self.send(
            [{"name": "张某甲", "post": "会员"}, {"id": first.pk, "version": 1, "name": "张某甲", "post": "会员"}]
        ).json()
        assert "已担任" in answer["refused"][0]["message"]
        last = self.people[2]
        self.send([{"id": last.pk, "version": 1, "name": "张某丙", "post": "会员", "until": "2025-01-01"}])
        self.send([{"name": "张某丙", "post": "会员"}])
        answer = self.send([{"id": last.pk, "version": 2, "name": "张某丙", "post": "会员", "until": ""}]).json()
        assert "已担任" in answer["refused"][0]["message"]

    def test_bodies_that_are_no_lines_are_refused(self):
        for body in ("[]", "{", '{"key":"a","rows":[1]}', '{"rows":[]}', '{"key":"a","rows":[{"row":"x"}]}'):
            assert self.client.post(self.url("roster_rows"), body, content_type="application/json").status_code == 400


class PageTests(RosterCase):
    def test_the_roster_of_a_past_day_and_missing_posts(self):
        page = self.client.get(self.url())
        assert "缺配" in page.text and "秘书长" in page.text and "从未" in page.text
        self.people[2].until = dt.date(2024, 1, 1)
        self.people[2].save()
        assert "张某丙" in self.client.get(f"{self.url()}?on=2023-01-01").text
        assert "张某丙" not in self.client.get(self.url()).text

    def test_a_wrong_day_of_leaving_is_corrected_on_an_earlier_roster(self):
        last, yesterday = self.people[2], timezone.localdate() - dt.timedelta(1)
        self.send([{"id": last.pk, "version": 1, "name": "张某丙", "post": "会员", "until": str(yesterday)}])
        assert "张某丙" not in self.client.get(self.url()).text
        page = self.client.get(f"{self.url()}?on={yesterday}")
        assert page.context["grid"]["blank"] == 0 and page.context["grid"]["rows"][2]["cells"][0] == "张某丙"
        assert "整份替换" not in page.text and "换届</a>" not in page.text and "以前的花名册" in page.text
        line = {"id": last.pk, "version": 2, "name": "张某丙", "post": "会员", "since": "2022-03-01", "until": ""}
        wrong = self.send([line | {"name": "李某丁", "until": str(yesterday), "rename": "succeed"}]).json()
        assert "已经离任" in wrong["refused"][0]["message"]
        assert self.send([line]).json()["counts"]["changed"] == 1 and "张某丙" in self.names()
        assert self.client.get(f"{self.url()}?on=2021-01-01").context["grid"] is None, "no lines, nothing to correct"

    def test_an_earlier_day_tells_what_was_known_then(self):
        RosterConfirmation.objects.create(organization=self.organization, on=dt.date(2023, 1, 5), by=self.keeper)
        self.client.post(self.url("roster_confirm"), {"idempotency_key": "a"})
        Membership.objects.update(until=dt.date(2024, 1, 1))
        self.member("李某丁", "会长", since=dt.date(2024, 1, 2), term_number=2)
        Organization.objects.update(term_number=2, next_election_on=dt.date(2099, 1, 1))
        now, then = self.client.get(self.url()), self.client.get(f"{self.url()}?on=2023-02-01")
        assert (
            "第 2 届" in now.text
            and "2099-01-01" in now.text
            and "第 1 届" in then.text
            and "2099-01-01" not in then.text
        )
        assert "2023-01-05" in then.text and "按期核实" in then.text and "2023-01-05" not in now.text

    def test_queries_of_the_page_and_the_lists(self):
        for n in range(30):
            self.member(f"某{n}", "会员")
        for url in (self.url(), reverse("organizations:membership_list"), reverse("organizations:person_list"),
                    reverse("organizations:person_detail", args=[self.people[0].person_id])):  # fmt: skip
            with QueriesAtMost(12):
                assert self.client.get(url).status_code == 200

    def test_nothing_changed_is_one_click_with_name_and_time(self):
        page = self.client.post(self.url("roster_confirm"), {"idempotency_key": "a"}, follow=True)
        self.client.post(self.url("roster_confirm"), {"idempotency_key": "a"})
        confirmation = RosterConfirmation.objects.get()
        assert (confirmation.unchanged, confirmation.by, confirmation.members) == (True, self.keeper, 3)
        assert "王某甲" in page.text and "按期核实" in page.text

    def test_rights(self):
        leader = make_user(role=Role.LEADER, area=self.county)
        self.client.force_login(leader)
        assert "data-roster-save" not in self.client.get(self.url()).text
        assert self.send([{"name": "李某", "post": "会员"}]).status_code == 403
        self.client.force_login(make_user(role=Role.COMMITTEE, area=make_township(parent=self.county)))
        assert self.client.get(self.url()).status_code == 404
        assert self.send([{"name": "李某", "post": "会员"}]).status_code == 404
        body = make_unit(area=self.county)
        own = Organization.objects.create(
            area=self.county, unit=body, kind="industry_chamber", name="行业协会", since=dt.date(2022, 1, 1)
        )
        self.client.force_login(make_user(role=Role.COMMITTEE, unit=body))
        assert self.client.get(self.url(organization=own)).status_code == 200

    def test_a_pasted_list_is_previewed_with_doubts_and_written_when_confirmed(self):
        page = self.client.post(
            self.url("roster_paste"),
            {"text": "会长：李某丁 13800001234；秘书长 王某戊\n身份证 420324199001011234 赵某己 会员"},
        )
        assert "李某丁" in page.text and "420324199001011234" not in page.text and Person.objects.count() == 3
        form = {"step": "write", "idempotency_key": "p", "row": ["1", "2"], "keep-1": "1", "name-1": "李某丁", "post-1": "会长", "phone-1": PHONE,
                "keep-2": "1", "name-2": "王某戊", "post-2": ""}  # fmt: skip
        page = self.client.post(self.url("roster_paste"), form)
        assert page.status_code == 422 and "请填写职务" in page.text and 'value="王某戊"' in page.text
        assert "李某丁" in self.names() and "王某戊" not in self.names()

    def pasted(self, *rows, **more):
        """Post previewed lines of (name, post, phone, person)."""
        form = {"step": "write", "idempotency_key": uuid.uuid4().hex, "row": [str(n) for n in range(len(rows))], **more}
        for n, values in enumerate(rows):
            form |= {f"keep-{n}": "1"} | {
                f"{name}-{n}": value for name, value in zip(("name", "post", "phone", "person"), values, strict=False)
            }
        return self.client.post(self.url("roster_paste"), form)

    def test_a_pasted_name_that_several_have_is_chosen_in_the_preview(self):
        twins = [Person.objects.create(name="郑某壬", area=self.township, phone=f"1380000{n}{n}{n}{n}") for n in (1, 2)]
        stranger = Person.objects.create(name="郑某壬", area=make_township(parent=self.county))
        with QueriesAtMost(20):
            page = self.client.post(self.url("roster_paste"), {"text": "郑某壬 会员\n张某乙 理事\n何某癸 会员"})
        assert page.text.count("请选择是哪一个</option>") == 1 and "可能是已有的人员" in page.text
        assert (
            all(f'<option value="{twin.pk}"' in page.text for twin in twins)
            and f'value="{stranger.pk}"' not in page.text
        )
        known = self.people[1].person_id
        assert f'<option value="{known}" selected>是张某乙（水坪镇，水坪镇商会副会长）' in page.text
        page = self.pasted(("郑某壬", "会员", "", ""), ("张某乙", "理事", "", known))
        assert page.status_code == 422 and "请选择是哪一个" in page.text and "已保存 1 行" in page.text
        assert "郑某壬" not in self.names()
        self.pasted(("郑某壬", "会员", "", twins[1].pk))
        assert Membership.objects.get(post="会员", person__name="郑某壬").person == twins[1]
        self.pasted(("郑某壬", "理事", "", "0"))
        assert Membership.objects.get(post="理事", person__name="郑某壬").person not in twins

    def test_another_number_or_the_same_number_under_another_name_is_a_question(self):
        Person.objects.create(name="郑某壬", area=self.township, phone=PHONE)
        for pasted in ("郑某壬 会员 13800009999", f"郑某仁 会员 {PHONE}"):
            page = self.client.post(self.url("roster_paste"), {"text": pasted})
            assert "请选择是哪一个" in page.text and PHONE[:9] not in page.text.replace(pasted, "").replace(
                f'value="{PHONE}"', ""
            )
        page = self.client.post(self.url("roster_paste"), {"text": f"郑某壬 会员 {PHONE}"})
        assert "请选择是哪一个" not in page.text

    def test_a_new_number_of_somebody_who_was_chosen_is_kept(self):
        member = self.member("吴某辛", "顾问", phone=PHONE)
        self.pasted(
            ("吴某辛", "顾问", "13800009999", member.person_id), ("吴某辛", "监事", "13800009999", member.person_id)
        )
        member.person.refresh_from_db()
        assert member.person.phone.reveal() == "13800009999" and Person.objects.filter(name="吴某辛").count() == 1
        assert member.person.memberships.filter(until=None).count() == 2

    def test_a_choice_made_for_another_name_does_not_count(self):
        self.pasted(("张某贾", "理事", "", self.people[0].person_id))
        assert Membership.objects.get(post="理事").person.name == "张某贾"

    def test_a_question_stops_a_replacement_which_says_before_who_would_leave(self):
        page = self.client.post(self.url("roster_paste"), {"text": "会长：张某甲\n会员：何某癸"})
        assert "整份替换时 2 人离任" in page.text and "张某乙（副会长）、张某丙（会员）" in page.text
        for n in (1, 2):
            Person.objects.create(name="郑某壬", area=self.township, phone=f"1380000{n}{n}{n}{n}")
        page = self.pasted(("郑某壬", "会员", "", ""), ("何某癸", "会员"), replace="yes")
        assert (
            page.status_code == 422 and self.names() == ["张某甲", "张某乙", "张某丙"] and 'value="何某癸"' in page.text
        )

    def test_measures_follow(self):
        today = timezone.localdate()

        def share(name):
            return Coverage(self.township, [today]).share(name, today)

        assert share("roster_complete") == (0, 1) and share("roster_fresh") == (0, 1)
        self.send([{"name": "李某丁", "post": "秘书长"}])
        assert share("roster_complete") == (1, 1) and share("roster_fresh") == (1, 1)


class ReelectionTests(RosterCase):
    def post(self, **changed):
        first, second, third = (row.pk for row in self.people)
        form = {"on": "2026-03-01", "next_election_on": "2029-03-01", "idempotency_key": "r", "member": [first, second, third],
                f"keep-{first}": "1", f"post-{first}": "名誉会长", f"keep-{second}": "1", f"post-{second}": "会长",
                f"in_charge-{second}": "是", "new-name-1": "李某丁", "new-post-1": "秘书长", **changed}  # fmt: skip
        return self.client.post(self.url("roster_reelect"), form)

    def test_one_step_closes_the_old_term_and_opens_the_new_one(self):
        assert self.post().status_code == 302
        self.organization.refresh_from_db()
        assert (self.organization.term_number, str(self.organization.term_since)) == (2, "2026-03-01")
        assert str(self.organization.next_election_on) == "2029-03-01"
        now = {row.person.name: row.post for row in self.organization.memberships.in_force().select_related("person")}
        assert now == {"张某甲": "名誉会长", "张某乙": "会长", "李某丁": "秘书长"}
        assert self.names(dt.date(2026, 2, 28)) == ["张某甲", "张某乙", "张某丙"]
        assert Person.objects.count() == 4

    def test_wrong_days_and_lines_are_said_and_nothing_is_saved_or_lost(self):
        for changed, words in (({"on": "2022-03-01"}, "换届日期应晚于"), ({"on": "2099-01-01"}, "不能晚于今天"),
                               ({"next_election_on": "2026-02-01"}, "下次换届日期应晚于"), ({"new-post-1": ""}, "请填写职务")):  # fmt: skip
            page = self.post(**changed)
            assert page.status_code == 422 and words in page.text and 'value="李某丁"' in page.text
        assert Membership.objects.filter(until=None).count() == 3

    def test_what_was_refused_is_carried_out_once_it_is_put_right(self):
        page = self.post(**{"new-post-1": ""})
        key = page.context["form"]["idempotency_key"].value()
        assert self.post(idempotency_key=key).status_code == 302
        self.organization.refresh_from_db()
        assert self.organization.term_number == 2 and "李某丁" in self.names()
        self.post(idempotency_key=key)
        self.organization.refresh_from_db()
        assert self.organization.term_number == 2

    def test_more_rows_are_added_without_losing_what_was_typed(self):
        page = self.post(more="1", added="8", on="2026-02-28")
        assert page.status_code == 200 and 'name="new-name-16"' in page.text and 'name="new-name-17"' not in page.text
        assert (
            'value="李某丁"' in page.text
            and 'value="2026-02-28"' in page.text
            and Membership.objects.filter(term_number=2).count() == 0
        )
        assert self.post(added="16", **{"new-name-12": "周某庚", "new-post-12": "会员"}).status_code == 302
        assert "周某庚" in self.names()

    def test_a_new_line_without_a_name_is_said_and_namesakes_are_asked(self):
        page = self.post(**{"new-post-2": "会员"})
        assert page.status_code == 422 and "请填写姓名" in page.text
        twins = [Person.objects.create(name="李某丁", area=self.township, phone=f"1380000{n}{n}{n}{n}") for n in (1, 2)]
        page = self.post()
        assert page.status_code == 422 and "请选择是哪一个" in page.text
        assert self.post(**{"new-person-1": str(twins[1].pk)}).status_code == 302
        assert Membership.objects.get(post="秘书长").person == twins[1]

    def test_a_roster_that_changed_meanwhile_is_shown_anew(self):
        Membership.objects.filter(pk=self.people[0].pk).update(until=dt.date(2026, 2, 1))
        page = self.post()
        assert page.status_code == 422 and "有变化" in page.text
        self.organization.refresh_from_db()
        assert self.organization.term_number == 1


class MergeTests(RosterCase):
    def setUp(self):
        super().setUp()
        self.kept = self.people[0].person
        self.dropped = Person.objects.create(name="张某曱", area=self.township, phone=PHONE)
        self.post = Membership.objects.create(
            organization=self.organization, person=self.dropped, post="顾问", since=dt.date(2023, 1, 1)
        )

    def merge(self):
        url = reverse("organizations:person_merge", args=[self.kept.pk])
        assert "张某曱" in self.client.get(f"{url}?other={self.dropped.pk}").text
        return self.client.post(
            url, {"other": self.dropped.pk, "name": "kept", "phone": "dropped", "idempotency_key": "m"}
        )

    def test_side_by_side_and_back_within_thirty_days(self):
        assert self.merge().status_code == 302
        self.kept.refresh_from_db()
        self.post.refresh_from_db()
        assert self.kept.phone.reveal() == PHONE and self.post.person == self.kept
        merge = PersonMerge.objects.get()
        assert PHONE not in json.dumps(merge.before)
        self.client.post(reverse("organizations:personmerge_undo", args=[merge.pk]), {"idempotency_key": "u"})
        for row in (self.kept, self.dropped, self.post):
            row.refresh_from_db()
        assert not self.kept.phone and self.post.person == self.dropped and self.dropped.merged_into is None

    def test_what_was_changed_since_stays_when_the_merger_is_taken_back(self):
        self.merge()
        person = reverse("organizations:person_update", args=[self.kept.pk])
        self.kept.refresh_from_db()
        self.client.post(
            person,
            {"name": self.kept.name, "phone": "13800007777", "version": self.kept.version, "idempotency_key": "p"},
        )
        self.client.post(
            reverse("organizations:personmerge_undo", args=[PersonMerge.objects.get().pk]), {"idempotency_key": "u"}
        )
        self.kept.refresh_from_db()
        self.post.refresh_from_db()
        assert self.kept.phone.reveal() == "13800007777" and self.post.person == self.dropped

    def test_the_list_of_merges_says_who_merged_what_and_leads_back(self):
        self.merge()
        merge, url = PersonMerge.objects.get(), reverse("organizations:personmerge_list")
        with QueriesAtMost(12):
            page = self.client.get(url)
        assert all(words in page.text for words in ("张某曱", "张某甲", "王某甲", "可以撤销", str(merge.undo_until)))
        assert "张某曱" in self.client.get(url, {"state": "open"}).text
        assert "张某曱" not in self.client.get(url, {"state": "undone"}).text
        assert "张某曱" in self.client.get(url, {"export": "csv"}).getvalue().decode("utf-8-sig")
        detail = self.client.get(merge.get_absolute_url())
        assert "水坪镇商会" in detail.text and reverse("organizations:personmerge_undo", args=[merge.pk]) in detail.text
        self.client.force_login(make_user(role=Role.VILLAGE, area=self.village))
        assert "张某曱" not in self.client.get(url).text
        assert self.client.get(merge.get_absolute_url()).status_code == 404
        self.client.force_login(make_user(role=Role.LEADER, area=self.county))
        assert "撤销合并</button>" not in self.client.get(merge.get_absolute_url()).text
        PersonMerge.objects.update(at=timezone.now() - dt.timedelta(days=31))
        assert "已满 30 天" in self.client.get(url, {"state": "over"}).text

    def test_a_person_page_names_homophones_and_the_same_number(self):
        homophone = Person.objects.create(name="张某佳", area=self.township)
        same = Person.objects.create(name="另某某", area=self.township, phone=PHONE)
        self.kept.phone = PHONE
        self.kept.save()
        page = self.client.get(self.kept.get_absolute_url())
        assert f"other={homophone.pk}" in page.text and f"other={same.pk}" in page.text

    def test_not_after_thirty_days(self):
        self.merge()
        PersonMerge.objects.update(at=timezone.now() - dt.timedelta(days=31))
        page = self.client.post(
            reverse("organizations:personmerge_undo", args=[PersonMerge.objects.get().pk]),
            {"idempotency_key": "u"},
            follow=True,
        )
        assert "超过 30 天" in page.text and Person.objects.get(pk=self.dropped.pk).merged_into == self.kept

    def test_a_record_of_another_township_cannot_be_drawn_in(self):
        other = Person.objects.create(name="张某甲", area=make_township(parent=self.county))
        url = reverse("organizations:person_merge", args=[self.kept.pk])
        assert self.client.get(f"{url}?other={other.pk}").status_code == 404
