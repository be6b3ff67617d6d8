"""Standards, their versions, checks begun from the register and the last answers, finished and frozen; failing items."""

import datetime as dt
import io
import re

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.template import RequestContext, Template
from django.test import RequestFactory, TestCase
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from organizations import measures, standards_facts
from organizations.models import Answer, Attachment, Check, RequiredPost, Standard, StandardVersion
from organizations.services import standards as services
from organizations.services.standards import Given, ItemDraft
from outreach.models import Activity, Site
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from portal.kit.models import StaleVersionError
from tests.factories import (
    FOUNDED,
    make_brand,
    make_county,
    make_membership,
    make_organization,
    make_site,
    make_township,
    make_user,
    make_village,
)
from tests.queries import QueriesAtMost
from tests.uploads import pdf, picture, upload

MET, UNMET, NA = Answer.Verdict.MET, Answer.Verdict.UNMET, Answer.Verdict.NOT_APPLICABLE
PLAN, MONEY, BODY, ROSTER = "有工作计划", "有经费保障", "有组织机构", "有成员名册"
DAY = dt.timedelta(days=1)


def url(name, *args):
    return reverse(f"organizations:{name}", args=args)


def body_of(page):
    """What a page says, without what differs from one request to the next."""
    main = page.text[page.text.index('<div class="page-head">') : page.text.index("</main>")]
    return re.sub(r'(csrfmiddlewaretoken|idempotency_key)" value="[^"]*"', "", main)


class StandardCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county()
        cls.township = make_township(parent=cls.county)
        cls.village = make_village(parent=cls.township)
        cls.staff = make_user(role=Role.STAFF, area=cls.county)
        cls.committee = make_user(role=Role.COMMITTEE, area=cls.township)
        cls.liaison = make_user(role=Role.VILLAGE, area=cls.village)
        cls.leader = make_user(role=Role.LEADER, area=cls.county)
        cls.eight, cls.seven, cls.four = services.default_standards(cls.county, since=FOUNDED)
        cls.organization = make_organization(cls.village)

    def start(self, obj=None, by=None, standard=None):
        return services.start_check(obj or self.organization, standard or self.eight, by=by or self.staff)

    def answer(self, check, by=None, **said):
        """Answer items by their wording; what is not named is left alone."""
        pks = {answer.wording: answer.pk for answer in check.answers.all()}
        given = {pks[wording]: value for wording, value in said.items()}
        return services.answer_items(check, given, by=by or self.staff)

    def finished(self, obj=None, fails=(), by=None):
        """A finished check of an organization about which the register knows nothing, `fails` not met."""
        check = self.start(obj, by)
        said = {
            answer.wording: Given(
                UNMET if answer.wording in fails else MET, "现场看过", [pdf()] if answer.wording == PLAN else []
            )
            for answer in check.answers.all()
        }
        assert not self.answer(check, by, **said)
        return services.finish_check(check, by=by or self.staff)

    def answer_of(self, check, wording):
        return check.answers.get(wording=wording)

    def line_of(self, check, wording):
        return next(line for line in services.lines_of(check) if line.answer.wording == wording)


class DefaultTests(StandardCase):
    def test_the_three_standards_have_eight_seven_and_four_items_and_are_loaded_once(self):
        sizes = [standard.versions.get().items.count() for standard in (self.eight, self.seven, self.four)]
        assert sizes == [8, 7, 4]
        assert [one.code for one in (self.eight, self.seven, self.four)] == ["eight_haves", "seven_haves", "four_haves"]
        assert services.default_standards(self.county, since=FOUNDED) == []

    def test_every_automatic_answer_of_the_defaults_is_one_that_its_register_can_give(self):
        for standard in (self.eight, self.seven, self.four):
            usable = {value for value, _ in standards_facts.sources_for(standard.applies_to)}
            assert {item.source for item in standard.versions.get().items.all()} <= usable

    def test_staff_load_them_from_the_page_of_their_own_county_alone(self):
        other = make_county()
        staff = make_user(role=Role.STAFF, area=other)
        self.client.force_login(staff)
        assert self.client.post(url("standard_defaults"), {"area": self.county.pk}).status_code == 404
        self.client.post(url("standard_defaults"), {"area": other.pk}, follow=True)
        assert Standard.objects.filter(area=other).count() == 3
        assert StandardVersion.objects.get(standard__area=other, standard__code="four_haves").items.count() == 4


class RegisterTests(StandardCase):
    """What the register knows answers its item, in words."""

    def known(self, source, obj=None):
        look = standards_facts.Look(obj or self.organization, timezone.localdate())
        return standards_facts.known(source, look)

    def test_a_roster(self):
        assert self.known("roster") == (False, "登记册：花名册没有在册人员")
        for _ in range(3):
            make_membership(self.organization)
        make_membership(self.organization, until=timezone.localdate() - DAY)
        assert self.known("roster") == (True, "登记册：花名册在册 3 人")

    def test_required_posts_and_nobody_asked_means_a_person_looks(self):
        assert self.known("officers") is None
        RequiredPost.objects.create(area=self.county, kind=self.organization.kind, post="会长", since=FOUNDED)
        assert self.known("officers") == (False, "登记册：缺配会长")
        make_membership(self.organization, post="会长")
        assert self.known("officers").met

    def test_a_charter(self):
        assert not self.known("charter").met
        self.organization.charter_on = dt.date(2024, 5, 1)
        assert self.known("charter") == (True, "登记册：章程于 2024-05-01 通过")

    def test_activities_of_the_last_year(self):
        today = timezone.localdate()
        Activity.objects.create(
            area=self.village, kind="study", theme="旧", on=today - 400 * DAY, organization=self.organization
        )
        assert self.known("activities") == (False, "登记册：近一年没有活动记录")
        Activity.objects.create(area=self.village, kind="study", theme="新", on=today, organization=self.organization)
        assert self.known("activities") == (True, f"登记册：近一年活动 1 场，最近一场 {today}")

    def test_a_venue_of_its_own_or_in_its_area(self):
        assert not self.known("venue").met
        make_site(self.village, kind=Site.Kind.ZONE)
        make_site(self.village, until=FOUNDED + DAY)
        assert not self.known("venue").met
        site = make_site(self.village, name="多贤活动室")
        assert self.known("venue") == (True, "登记册：多贤活动室")
        assert self.known("standing", site).met

    def test_a_brand_by_what_was_written_of_it(self):
        brand = make_brand(self.township, goal="助企")
        assert self.known("goal", brand) == (True, "登记册：目标“助企”")
        assert self.known("results", brand) == (False, "登记册：没有填写成效")


class VersionTests(StandardCase):
    def items(self, *wordings):
        return [ItemDraft(wording) for wording in wordings]

    def revise(self, *wordings, since=None, reason="县委 2026 年 5 号文", **more):
        since = since or timezone.localdate()
        return services.revise_standard(
            self.eight, self.items(*wordings), since=since, reason=reason, by=self.staff, **more
        )

    def test_a_standard_that_nobody_used_is_edited_in_place(self):
        version = self.revise("甲", "乙", reason="")
        assert (version.number, list(version.items.values_list("wording", flat=True))) == (1, ["甲", "乙"])
        assert self.eight.versions.count() == 1

    def test_one_that_was_used_gets_a_new_version_from_a_day(self):
        self.start()
        version = self.revise("甲", "乙")
        before = self.eight.versions.get(number=1)
        assert (version.number, version.since, before.until) == (2, timezone.localdate(), timezone.localdate() - DAY)
        assert before.items.count() == 8
        assert "甲" in AuditEntry.objects.filter(action="updated").first().sentence

    def test_a_new_version_needs_a_reason_and_a_day_to_come(self):
        self.start()
        for wrong in ({"reason": ""}, {"since": timezone.localdate() - DAY}, {"since": FOUNDED}):
            with pytest.raises(ValidationError):
                self.revise("甲", **wrong)
        assert self.eight.versions.count() == 1

    def test_what_makes_no_standard_is_refused(self):
        for items in ([], self.items("甲", "甲"), [ItemDraft("甲", must=False)], [ItemDraft("甲", source="goal")]):
            with pytest.raises(ValidationError):
                services.revise_standard(self.eight, items, since=timezone.localdate(), reason="依据", by=self.staff)

    def test_another_countys_staff_change_nothing(self):
        with pytest.raises(PermissionDenied):
            services.revise_standard(
                self.eight,
                self.items("甲"),
                since=timezone.localdate(),
                reason="",
                by=make_user(role=Role.STAFF, area=make_county()),
            )

    def test_an_old_check_prints_exactly_as_before_and_a_new_one_asks_the_new_wording(self):
        check = self.finished(fails=[MONEY])
        self.client.force_login(self.staff)
        before = body_of(self.client.get(check.get_absolute_url()))
        assert f"还差 1 项：{MONEY}" in before
        self.revise(PLAN, "有专门经费")
        assert body_of(self.client.get(check.get_absolute_url())) == before
        again = self.start()
        assert [answer.wording for answer in again.answers.all()] == [PLAN, "有专门经费"]
        assert self.answer_of(again, PLAN).verdict == MET  # the same wording begins from the last answer
        assert self.answer_of(again, "有专门经费").verdict == ""


class CheckTests(StandardCase):
    def test_it_begins_with_what_the_register_knows_and_follows_it_until_it_is_finished(self):
        check = self.start()
        assert (self.answer_of(check, ROSTER).verdict, self.answer_of(check, ROSTER).automatic) == (UNMET, True)
        make_membership(self.organization)
        assert self.line_of(check, ROSTER).verdict == MET
        assert "登记册：花名册在册 1 人" in self.line_of(check, ROSTER).words

    def test_what_the_register_denies_is_overridden_with_a_reason_alone(self):
        check = self.start()
        problems = self.answer(check, **{ROSTER: Given(MET)})
        assert "改为“达到”须写明原因" in next(iter(problems.values()))[0]
        assert not self.answer(check, **{ROSTER: Given(MET, "纸质名册在镇里")})
        answer = self.answer_of(check, ROSTER)
        assert (answer.verdict, answer.automatic) == (MET, False)
        assert not self.answer(check, **{ROSTER: Given("", "")})
        assert self.answer_of(check, ROSTER).automatic

    def test_met_without_a_file_is_refused_where_material_is_asked(self):
        check = self.start()
        assert "须附材料" in next(iter(self.answer(check, **{PLAN: Given(MET)}).values()))[0]
        assert self.answer_of(check, PLAN).verdict == ""
        assert not self.answer(check, **{PLAN: Given(MET, files=[pdf()])})
        assert Attachment.objects.about(self.answer_of(check, PLAN)).get().area == self.village
        assert not self.answer(check, **{PLAN: Given(UNMET)})

    def test_a_bad_file_is_named_and_not_kept(self):
        check = self.start()
        problems = self.answer(check, **{PLAN: Given(MET, files=[upload("计划.exe", b"MZ")])})
        assert "只能上传" in next(iter(problems.values()))[0]
        assert not Attachment.objects.exists()

    def test_not_applicable_needs_a_reason_and_counts_as_met(self):
        check = self.start()
        assert "不适用" in next(iter(self.answer(check, **{MONEY: Given(NA)}).values()))[0]
        said = {answer.wording: Given(NA, "刚成立") for answer in check.answers.all()}
        assert not self.answer(check, **said)
        done = services.finish_check(check, by=self.staff)
        assert (done.passed, done.missing) == (True, 0)

    def test_right_answers_are_saved_beside_wrong_ones(self):
        check = self.start()
        assert len(self.answer(check, **{MONEY: Given(NA), BODY: Given(MET)})) == 1
        assert self.answer_of(check, BODY).verdict == MET

    def test_finishing_asks_for_every_item_then_freezes(self):
        check = self.start()
        with pytest.raises(ValidationError, match="还有 4 项没有核查：有组织机构、有班子队伍、有工作计划、有经费保障"):
            services.finish_check(check, by=self.staff)
        check = self.finished(fails=[PLAN, MONEY])
        today = timezone.localdate()
        assert (check.status, check.missing, check.passed, check.on) == ("done", 2, False, today)
        assert check.recheck_on == services.add_months(today, 12)
        with pytest.raises(ValidationError, match="已经完成"):
            self.answer(check, **{MONEY: Given(MET)})
        make_membership(self.organization)
        assert self.line_of(check, ROSTER).words == "登记册：花名册没有在册人员"

    def test_an_automatic_item_for_which_material_is_asked_is_not_finished_without_it(self):
        services.revise_standard(
            self.eight, [ItemDraft(ROSTER, True, True, "roster")], since=timezone.localdate(), reason="", by=self.staff
        )
        make_membership(self.organization)
        check = self.start()
        with pytest.raises(ValidationError, match=f"须附材料才能算达到：{ROSTER}"):
            services.finish_check(check, by=self.staff)
        assert not self.answer(check, **{ROSTER: Given(files=[upload("a.jpg", picture())])})
        assert services.finish_check(check, by=self.staff).passed

    def test_an_item_that_need_not_be_met_does_not_decide(self):
        items = [ItemDraft("甲"), ItemDraft("乙", must=False)]
        services.revise_standard(self.eight, items, since=timezone.localdate(), reason="", by=self.staff)
        check = self.start()
        self.answer(check, 甲=Given(MET), 乙=Given(UNMET))
        done = services.finish_check(check, by=self.staff)
        assert (done.passed, done.missing) == (True, 0)

    def test_the_next_check_begins_from_the_last_answers_and_says_what_differs(self):
        self.finished(fails=[MONEY])
        again = self.start()
        assert self.answer_of(again, MONEY).verdict == UNMET
        assert self.answer_of(again, BODY).reason == "现场看过"
        self.answer(again, **{MONEY: Given(MET, "已拨付")})
        differing = [line.answer.wording for line in services.lines_of(again) if line.differs]
        assert MONEY in differing
        assert BODY not in differing

    def test_two_who_begin_find_one_check_and_a_stranger_begins_none(self):
        assert self.start() == self.start(by=self.committee)
        other = make_user(role=Role.COMMITTEE, area=make_township(parent=self.county))
        with pytest.raises(PermissionDenied):
            services.start_check(make_organization(self.village), self.eight, by=other)

    def test_a_standard_of_something_else_or_a_closed_row_is_refused(self):
        with pytest.raises(ValidationError, match="不适用"):
            self.start(standard=self.four)
        with pytest.raises(ValidationError, match="不在册"):
            self.start(make_organization(self.village, until=timezone.localdate() - DAY))

    def test_an_old_page_is_told_and_a_finished_check_is_not_deleted(self):
        check = self.start()
        with pytest.raises(StaleVersionError):
            services.answer_items(check, {}, by=self.staff, expected=check.version - 1)
        services.drop_check(check, by=self.staff)
        assert not Check.objects.exists()
        done = self.finished()
        with pytest.raises(ValidationError):
            services.drop_check(done, by=self.staff)

    def test_the_row_stands_by_its_last_check(self):
        self.finished(fails=[MONEY])
        draft = self.start()
        with QueriesAtMost(3):
            (standing,) = services.standings(self.organization)
        assert (standing.lacking, standing.draft) == ([MONEY], draft)

    def test_what_was_taken_over_stands_and_lacks_its_material_until_a_new_file_is_there(self):
        self.finished()
        again = self.start()
        assert self.answer_of(again, PLAN).verdict == MET
        assert not self.answer(again, **{PLAN: Given(MET, "现场看过")})
        assert PLAN in [line.answer.wording for line in services.lacking(services.lines_of(again))]
        with pytest.raises(ValidationError, match=f"须附材料才能算达到：{PLAN}"):
            services.finish_check(again, by=self.staff)

    def test_months_end_with_the_month(self):
        assert services.add_months(dt.date(2026, 8, 31), 6) == dt.date(2027, 2, 28)
        assert services.add_months(dt.date(2026, 12, 15), 12) == dt.date(2027, 12, 15)
        assert services.add_months(dt.date(2026, 11, 30), 1) == dt.date(2026, 12, 30)


class MeasureTests(StandardCase):
    def figure(self, on):
        coverage = measures.Ledger(self.county, [on])
        items = measures.MEASURES["eight_haves"].items(coverage, on)
        return [(item.has, item.note) for item in items]

    def test_a_finished_check_counts_from_its_day_and_not_the_day_before(self):
        today = timezone.localdate()
        self.start()
        assert self.figure(today) == [(False, "未核查")]
        self.finished()
        assert self.figure(today) == [(True, "")]
        assert self.figure(today - DAY) == [(False, "未核查")]

    def test_a_check_begun_last_month_counts_from_the_day_it_is_finished(self):
        check = self.start()
        Check.objects.filter(pk=check.pk).update(on=timezone.localdate() - 30 * DAY)
        self.finished()
        assert self.figure(timezone.localdate() - DAY) == [(False, "未核查")]


class CheckPageTests(StandardCase):
    def post_start(self, obj=None, label="organizations.organization"):
        obj = obj or self.organization
        return self.client.post(url("check_create"), {"register": label, "object_id": obj.pk})

    def data(self, check, **more):
        page = self.client.get(check.get_absolute_url())
        form = page.context["form"]
        return {name: form[name].value() for name in ("version", "base", "idempotency_key")} | more

    def said(self, check, wording, verdict, reason=""):
        pk = self.answer_of(check, wording).pk
        return {f"verdict_{pk}": verdict, f"reason_{pk}": reason}

    def test_a_liaison_checks_the_organization_of_the_village_from_beginning_to_end(self):
        for _ in range(2):
            make_membership(self.organization)
        self.client.force_login(self.liaison)
        response = self.post_start()
        check = Check.objects.get()
        assert response.url == check.get_absolute_url()
        page = self.client.get(check.get_absolute_url())
        assert "登记册：花名册在册 2 人" in page.text
        assert "还差 7 项" in page.text
        data = self.data(check, finish="1")
        for answer in check.answers.exclude(wording=ROSTER):
            data |= self.said(check, answer.wording, "met", "现场看过")
        data[f"files_{self.answer_of(check, PLAN).pk}"] = pdf()
        page = self.client.post(url("check_update", check.pk), data, follow=True)
        assert "核查已完成" in page.text
        check.refresh_from_db()
        assert (check.passed, check.by) == (True, self.liaison)
        assert "会议记录.pdf" in page.text
        assert "重新核查" in page.text

    def test_what_was_typed_stays_where_it_is_wrong_and_the_rest_is_saved(self):
        self.client.force_login(self.staff)
        check = self.start()
        data = self.data(check) | self.said(check, PLAN, "met", "计划在县里") | self.said(check, MONEY, "met")
        page = self.client.post(url("check_update", check.pk), data)
        assert page.status_code == 422
        assert "须附材料" in page.text
        assert "计划在县里" in page.text
        assert self.answer_of(check, MONEY).verdict == MET
        form = page.context["form"]
        again = {name: form[name].value() for name in ("version", "base", "idempotency_key")}
        again |= self.said(check, PLAN, "met", "计划在县里") | {f"files_{self.answer_of(check, PLAN).pk}": pdf()}
        assert self.client.post(url("check_update", check.pk), again).status_code == 302
        assert self.answer_of(check, PLAN).verdict == MET

    def test_a_long_reason_and_a_strange_verdict_are_refused(self):
        self.client.force_login(self.staff)
        check = self.start()
        for said in (self.said(check, MONEY, "met", "长" * 201), self.said(check, MONEY, "great")):
            assert self.client.post(url("check_update", check.pk), self.data(check) | said).status_code == 422
        assert self.answer_of(check, MONEY).verdict == ""

    def test_two_people_at_once(self):
        self.client.force_login(self.staff)
        check = self.start()
        mine = self.data(check) | self.said(check, MONEY, "unmet", "我写的")
        self.answer(check, self.committee, **{MONEY: Given(MET, "别人写的")})
        page = self.client.post(url("check_update", check.pk), mine)
        assert page.status_code == 409
        assert "我写的" in page.text
        assert "别人写的" in page.text
        assert self.answer_of(check, MONEY).reason == "别人写的"
        mine["version"] = page.context["current_version"]
        assert self.client.post(url("check_update", check.pk), mine).status_code == 302
        assert self.answer_of(check, MONEY).reason == "我写的"

    def test_the_same_form_twice_keeps_one_file(self):
        self.client.force_login(self.staff)
        check = self.start()
        data = self.data(check) | self.said(check, PLAN, "met")
        name = f"files_{self.answer_of(check, PLAN).pk}"
        for _ in range(2):
            assert self.client.post(url("check_update", check.pk), data | {name: pdf()}).status_code == 302
        assert Attachment.objects.count() == 1

    def test_a_file_is_removed_on_the_page_and_then_its_item_is_not_finished(self):
        self.client.force_login(self.staff)
        check = self.start()
        said = {answer.wording: Given(MET, "现场看过") for answer in check.answers.all()}
        self.answer(check, **said | {PLAN: Given(MET, files=[upload("计划.png", picture("PNG"))])})
        file = Attachment.objects.get()
        page = self.client.get(check.get_absolute_url())
        assert file.get_thumbnail_url() in page.text and "缺材料" not in page.text
        self.client.post(url("attachment_remove", file.key), {"reason": "传错了"})
        page = self.client.post(url("check_update", check.pk), self.data(check, finish="1"), follow=True)
        assert f"以下各项须附材料才能算达到：{PLAN}" in page.text and "缺材料" in page.text
        check.refresh_from_db()
        assert check.status == Check.Status.DRAFT

    def test_a_finished_check_takes_no_more_files_through_any_door(self):
        self.client.force_login(self.staff)
        answer = self.answer_of(self.finished(), MONEY)
        self.client.post(url("attachment_add", "organizations.answer", answer.pk), {"files": pdf("后补.pdf")})
        assert not Attachment.objects.about(answer).exists()

    def test_a_check_that_is_open_is_deleted_and_a_finished_one_is_kept(self):
        self.client.force_login(self.liaison)
        check = self.start(by=self.liaison)
        self.client.post(url("check_delete", check.pk))
        assert not Check.objects.exists()
        check = self.finished()
        self.client.post(url("check_delete", check.pk))
        self.client.post(url("check_update", check.pk), {"finish": "1"})
        assert Check.objects.get().version == check.version

    def test_only_what_differs_is_shown_and_saving_it_leaves_the_rest(self):
        self.finished(fails=[MONEY])
        check = self.start()
        self.answer(check, **{MONEY: Given(MET, "已拨付")})
        self.client.force_login(self.staff)
        page = self.client.get(check.get_absolute_url(), {"differs": "1"})
        assert MONEY in [line.answer.wording for line in page.context["lines"]]
        assert BODY not in page.text
        said = self.said(check, MONEY, "na")
        page = self.client.post(url("check_update", check.pk), self.data(check) | said)
        assert page.status_code == 422
        form = page.context["form"]
        pk = self.answer_of(check, BODY).pk
        assert (form[f"verdict_{pk}"].value(), form[f"reason_{pk}"].value()) == ("met", "现场看过")

    def test_the_rows_page_shows_how_it_stands(self):
        self.finished(fails=[MONEY])
        request = RequestFactory().get("/")
        request.user = self.staff
        page = Template("{% load standards %}{% checks_of object %}")
        text = page.render(RequestContext(request, {"object": self.organization}))
        assert f"还差 1 项：{MONEY}" in text
        assert "重新核查" in text

    def test_who_may_not_and_where_not(self):
        check = self.start()
        self.client.force_login(self.leader)
        assert self.post_start().status_code == 403
        assert self.client.get(check.get_absolute_url()).status_code == 200
        assert self.client.post(url("check_update", check.pk)).status_code == 403
        self.client.force_login(make_user(role=Role.COMMITTEE, area=make_township(parent=self.county)))
        assert self.post_start().status_code == 404
        assert self.client.get(check.get_absolute_url()).status_code == 404
        assert self.client.post(url("check_update", check.pk)).status_code == 404
        assert self.client.post(url("check_delete", check.pk)).status_code == 404
        self.client.force_login(self.staff)
        for label in ("accounts.user", "organizations.area", "", "x.y"):
            assert self.post_start(label=label).status_code == 404

    def test_a_county_without_the_standard_says_so_on_the_rows_page(self):
        Standard.objects.filter(pk=self.eight.pk).update(applies_to="outreach.station")
        self.client.force_login(self.staff)
        self.post_start()
        assert not Check.objects.exists()

    def test_the_page_costs_the_same_whatever_the_history(self):
        for _ in range(3):
            self.finished()
        check = self.start()
        self.answer(check, **{PLAN: Given(MET, files=[pdf(), pdf()])})
        self.client.force_login(self.staff)
        for one in (check, Check.objects.done().first()):
            with QueriesAtMost(12):
                self.client.get(one.get_absolute_url())


class ListTests(StandardCase):
    @classmethod
    def setUpTestData(cls):
        super().setUpTestData()
        case = cls()
        cls.others = [make_organization(make_village(parent=cls.township)) for _ in range(3)]
        for organization in cls.others:
            case.finished(organization, fails=[MONEY])
        case.finished(cls.others[0])
        case.finished(cls.organization, fails=[MONEY, BODY])
        gone = make_organization(cls.village)
        case.finished(gone, fails=[MONEY])
        gone.until = FOUNDED + DAY
        gone.save()

    def listed(self, **query):
        self.client.force_login(self.staff)
        with QueriesAtMost(12):
            page = self.client.get(url("check_list"), query)
        return [row.obj.object_name for row in page.context["table"].rows]

    def test_filters(self):
        assert len(self.listed()) == 6
        assert len(self.listed(latest="yes")) == 4
        assert len(self.listed(latest="yes", passed="yes")) == 1
        assert len(self.listed(latest="yes", fails=BODY)) == 1
        assert self.listed(due="over") == []
        Check.objects.filter(object_id=self.organization.pk).update(recheck_on=timezone.localdate())
        assert self.listed(due="over") == [self.organization.name]
        assert self.listed(standard=self.four.pk) == []
        assert self.listed(area=make_township(parent=self.county).pk) == []

    def test_the_list_says_which_items_are_lacking_and_the_workbook_says_the_same(self):
        self.client.force_login(self.staff)
        page = self.client.get(url("check_list"), {"q": self.organization.name})
        assert f"{BODY}、{MONEY}" in page.text
        response = self.client.get(url("check_list"), {"q": self.organization.name, "export": "xlsx"})
        content = b"".join(response.streaming_content) if response.streaming else response.content
        sheets = load_workbook(io.BytesIO(content)).worksheets
        text = "\n".join(str(row) for sheet in sheets for row in sheet.iter_rows(values_only=True))
        assert "还差" in text
        assert f"{BODY}、{MONEY}" in text

    def test_each_number_of_the_failing_items_opens_exactly_those_rows(self):
        self.client.force_login(self.staff)
        with QueriesAtMost(12):
            page = self.client.get(url("standard_failures", self.eight.pk))
        rows = page.context["rows"]
        assert [(row.wording, row.failing, row.checked) for row, _, _ in rows[:2]] == [(MONEY, 3, 4), (BODY, 1, 4)]
        for row, failing_url, checked_url in rows:
            assert self.client.get(failing_url).context["total"] == row.failing
            assert self.client.get(checked_url).context["total"] == row.checked
        assert (page.context["checked"], page.context["failed"], page.context["rows_in_being"]) == (4, 3, 4)
        narrow = self.client.get(
            url("standard_failures", self.eight.pk), {"area": make_township(parent=self.county).pk}
        )
        assert narrow.context["rows"] == []
        assert self.client.get(url("standard_failures", self.eight.pk), {"area": "x"}).status_code == 200

    def test_a_township_sees_its_own_and_another_countys_standard_is_not_there(self):
        other = make_county()
        (foreign, *_) = services.default_standards(other, since=FOUNDED)
        self.client.force_login(self.committee)
        assert self.client.get(url("standard_failures", self.eight.pk)).context["checked"] == 4
        assert self.client.get(url("standard_failures", foreign.pk)).status_code == 404
        assert self.client.get(url("standard_detail", foreign.pk)).status_code == 404
        self.client.force_login(make_user(role=Role.COMMITTEE, area=make_township(parent=self.county)))
        assert self.client.get(url("check_list")).context["total"] == 0
        assert self.client.get(url("standard_failures", self.eight.pk)).context["checked"] == 0

    def test_the_api_gives_the_same_rows(self):
        self.client.force_login(self.committee)
        with QueriesAtMost(12):
            found = self.client.get(reverse("api:checks_list"), {"latest": "yes", "fails": MONEY}).json()
        assert found["count"] == 3
        assert len(found["results"][0]["answers"]) == 8
        standards = self.client.get(reverse("api:standards_list")).json()
        assert [len(row["versions"][0]["items"]) for row in standards["results"]] == [8, 7, 4]
        pk = Check.objects.first().pk
        assert self.client.get(reverse("api:checks_detail", args=[pk])).status_code == 200
        self.client.force_login(make_user(role=Role.COMMITTEE, area=make_township(parent=self.county)))
        assert self.client.get(reverse("api:checks_detail", args=[pk])).status_code == 404


class StandardPageTests(StandardCase):
    def data(self, standard, **more):
        page = self.client.get(url("standard_update", standard.pk))
        form = page.context["form"]
        found = {name: form[name].value() for name in form.fields}
        for bound in form.items.management_form:
            found[bound.html_name] = bound.value()
        for row in form.items:
            for bound in row:
                found[bound.html_name] = bound.value() or ""
        found["since"] = str(found["since"])
        return {name: value for name, value in found.items() if value is not None and value is not False} | more

    def test_staff_edit_the_items(self):
        self.client.force_login(self.staff)
        more = {
            "items-0-wording": "有健全的组织机构",
            "items-1-DELETE": "on",
            "items-8-wording": "有专人负责",
            "items-8-must": "",
        }
        response = self.client.post(url("standard_update", self.eight.pk), self.data(self.eight, **more))
        assert response.status_code == 302
        items = list(self.eight.versions.get().items.values_list("wording", "must"))
        assert (items[0], items[-1], len(items)) == (("有健全的组织机构", True), ("有专人负责", False), 8)

    def test_after_a_check_the_page_asks_for_a_reason_and_keeps_what_was_typed(self):
        self.start()
        self.client.force_login(self.staff)
        data = self.data(self.eight, **{"items-0-wording": "有健全的组织机构"})
        page = self.client.post(url("standard_update", self.eight.pk), data)
        assert page.status_code == 422
        assert "请写明修订说明" in page.text
        assert "有健全的组织机构" in page.text
        assert self.client.post(url("standard_update", self.eight.pk), data | {"reason": "县委文件"}).status_code == 302
        assert self.eight.versions.count() == 2
        page = self.client.get(self.eight.get_absolute_url())
        assert "第 2 版" in page.text
        assert "县委文件" in page.text

    def test_two_people_at_once(self):
        self.client.force_login(self.staff)
        mine = self.data(self.eight, **{"items-0-wording": "我写的"})
        services.revise_standard(self.eight, [ItemDraft("别人写的")], since=timezone.localdate(), reason="", by=self.staff,
                                 expected=1)  # fmt: skip
        page = self.client.post(url("standard_update", self.eight.pk), mine)
        assert page.status_code == 409
        assert "我写的" in page.text
        assert "别人写的" in page.text
        mine["version"] = page.context["form"]["version"].value()
        assert self.client.post(url("standard_update", self.eight.pk), mine).status_code == 302

    def test_the_name_on_old_prints_stays_even_while_a_version_to_come_is_not_used_yet(self):
        self.start()
        services.revise_standard(
            self.eight, [ItemDraft("甲")], since=timezone.localdate() + DAY, reason="依据", by=self.staff
        )
        self.client.force_login(self.staff)
        response = self.client.post(url("standard_update", self.eight.pk), self.data(self.eight, name="九有"))
        assert response.status_code == 302
        self.eight.refresh_from_db()
        assert self.eight.name == "八有"
        assert self.eight.versions.in_force().get().number == 1

    def test_a_bad_row_is_named_where_it_stands(self):
        self.client.force_login(self.staff)
        page = self.client.post(url("standard_update", self.eight.pk), self.data(self.eight, **{"items-0-number": "x"}))
        assert page.status_code == 422
        page = self.client.post(
            url("standard_update", self.eight.pk), self.data(self.eight, **{"items-0-source": "goal"})
        )
        assert page.status_code == 422

    def test_a_new_standard(self):
        self.client.force_login(self.staff)
        page = self.client.get(url("standard_create"))
        form = page.context["form"]
        data = {"area": self.county.pk, "code": "five", "name": "五有", "applies_to": "outreach.station", "recheck_months": 6,
                "since": "2026-01-01", "idempotency_key": form["idempotency_key"].value(), "items-TOTAL_FORMS": 3,
                "items-INITIAL_FORMS": 0, "items-0-wording": "有牌子", "items-0-must": "on"}  # fmt: skip
        response = self.client.post(url("standard_create"), data)
        assert response.status_code == 302
        made = Standard.objects.get(code="five")
        assert made.versions.get().items.get().wording == "有牌子"
        again = self.client.post(url("standard_create"), data | {"idempotency_key": "other"})
        assert again.status_code == 422
        assert "这个代号已用过" in again.text

    def test_who_may(self):
        for user, status in ((self.committee, 403), (self.leader, 403), (self.staff, 200)):
            self.client.force_login(user)
            assert self.client.get(url("standard_update", self.eight.pk)).status_code == status
            assert self.client.get(url("standard_create")).status_code == status
            assert self.client.get(self.eight.get_absolute_url()).status_code == 200
        (foreign, *_) = services.default_standards(make_county(), since=FOUNDED)
        assert self.client.get(url("standard_update", foreign.pk)).status_code == 404

    def test_a_township_reads_how_often_its_own_rows_were_checked(self):
        self.finished()
        self.finished(make_organization(make_village(parent=make_township(parent=self.county))))
        for user, words in ((self.staff, "核查 2 次"), (self.committee, "核查 1 次")):
            self.client.force_login(user)
            assert words in self.client.get(self.eight.get_absolute_url()).text

    def test_the_pages_cost_little(self):
        self.client.force_login(self.staff)
        for address in (url("standard_list"), self.eight.get_absolute_url(), url("standard_update", self.eight.pk)):
            with QueriesAtMost(12):
                self.client.get(address)
