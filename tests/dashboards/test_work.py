"""My work: what waits for each role, that its number is its list's length, and what it costs."""

import datetime as dt

import pytest
from django.test import TestCase
from django.utils import timezone
from django.utils.html import strip_tags

from assessments.models import Quarter, Scheme, SelfReport, SelfReportItem
from assessments.services.publications import publish_quarter
from assessments.services.reports import missing
from organizations.coverage import Coverage
from organizations.models import Area, AreaVersion, RosterConfirmation
from outreach.models import Contact
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry, record
from portal.dashboards.frame import Frame
from portal.dashboards.villages import villages_of
from portal.dashboards.work import quick_of, todo_count, work_of
from portal.kit.pinyin import spelling
from tests.clock import at
from tests.factories import (
    make_contact,
    make_county,
    make_enterprise,
    make_organization,
    make_quarter,
    make_scheme,
    make_site,
    make_station,
    make_township,
    make_unit,
    make_user,
    make_village,
)
from tests.queries import QueriesAtMost
from tests.security.world import ROLES, World


class CostTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.world = World()

    def test_no_first_page_runs_more_than_fourteen_queries(self):
        for role in [*ROLES, "nobody"]:
            with self.subTest(role=role), QueriesAtMost(14):
                user = type(self.world.users[role]).objects.get(pk=self.world.users[role].pk)
                work_of(user)

    def test_the_number_in_the_frame_is_the_length_of_the_list(self):
        for role in [*ROLES, "nobody"]:
            with self.subTest(role=role):
                user = self.world.users[role]
                self.assertEqual(todo_count(user), len(work_of(user).todos))

    def test_every_link_of_a_first_page_opens(self):
        for role in ROLES:
            self.client.force_login(self.world.users[role])
            work = work_of(self.world.users[role])
            links = {item.url for item in [*work.figures, *work.todos, *work.attention, *work.lines] if item.url}
            for url in links:
                with self.subTest(role=role, url=url):
                    self.assertEqual(self.client.get(url).status_code, 200)

    def test_an_account_without_a_grant_is_told_what_next(self):
        self.client.force_login(self.world.users["nobody"])
        self.assertContains(self.client.get("/"), "这个账号还没有授权")


class StaffTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.scheme = make_scheme(status="open", units=2)
        cls.staff = make_user(role=Role.STAFF, area=cls.scheme.area)

    def test_units_that_have_not_reported_are_counted_and_named(self):
        quarter = make_quarter(self.scheme, state="open")
        quarter.reports.filter(unit_class="1").update(status="submitted")
        work = work_of(self.staff)
        self.assertEqual((work.figures[0].value, work.figures[0].note), (2, "4 家未交"))
        self.assertIn("2 / 6", work.todos[0].hint)
        self.assertEqual(len(work.lines), 4)

    def test_blank_cells_are_counted_a_class(self):
        quarter = make_quarter(self.scheme, state="review")
        quarter.reports.update(status="submitted")
        [todo] = work_of(self.staff).todos
        self.assertIn("Ⅰ类未填 8 格", todo.title + todo.hint)

    def test_returned_units_are_not_called_silent(self):
        quarter = make_quarter(self.scheme, state="review")
        quarter.reports.update(status="submitted")
        quarter.reports.filter(pk=quarter.reports.first().pk).update(status="returned")
        hint = work_of(self.staff).todos[0].hint
        self.assertIn("1 家待补充退回事项", hint)
        self.assertNotIn("未交", hint)

    def test_things_to_do_stand_in_the_order_of_their_days(self):
        for number, state, due in ((1, "review", 10), (2, "open", 5), (3, "planned", 20)):
            day = dt.date(2026, 9, due)
            make_quarter(self.scheme, state=state, number=number, opens_on=day, report_due_on=day, review_due_on=day)
        days = [todo.due for todo in work_of(self.staff).todos]
        self.assertEqual(days, sorted(days))
        self.assertEqual(len(days), 3)

    def test_the_next_quarter_is_named_when_none_is_prepared(self):
        make_quarter(self.scheme, state="review")
        with at("2026-10-08 09:00:00"):
            [note] = work_of(self.staff).attention
        self.assertEqual(note.title, "建立2026年第四季度")

    def test_nothing_is_to_plan_while_a_quarter_is_open_or_the_year_is_full(self):
        quarter = make_quarter(self.scheme, state="open")
        with at("2026-10-08 09:00:00"):
            self.assertEqual(work_of(self.staff).attention, ())
            Quarter.objects.filter(pk=quarter.pk).update(number=4, state="review")
            self.assertEqual(work_of(self.staff).attention, ())

    def test_another_county_adds_nothing(self):
        make_quarter(make_scheme(status="open"))
        work = work_of(self.staff)
        self.assertEqual((work.todos, work.lines), ([], ()))


class CommitteeTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.quarter = make_quarter(make_scheme(status="open", units=2))
        cls.report = cls.quarter.reports.filter(unit_class="1").first()
        cls.user = make_user(role=Role.COMMITTEE, area=cls.report.unit.area)
        cls.staff = make_user(role=Role.STAFF, area=cls.quarter.scheme.area)

    def item(self, status, reason=""):
        task = self.quarter.tasks.first()
        return SelfReportItem.objects.create(report=self.report, task=task, status=status, return_reason=reason)

    def test_a_report_to_hand_in_says_how_much_is_filled_in(self):
        [todo] = work_of(self.user).todos
        done = 4 - len(missing(self.report))
        self.assertEqual(todo.due, self.quarter.report_due_on)
        self.assertIn(f"已填 {done} / 4 项", todo.hint)

    def test_a_returned_item_is_named_with_its_reason(self):
        Quarter.objects.filter(pk=self.quarter.pk).update(state="review")
        SelfReport.objects.filter(pk=self.report.pk).update(status="returned")
        item = self.item(SelfReportItem.Status.RETURNED, "缺签到表")
        [todo] = work_of(self.user).todos
        self.assertEqual(todo.due, timezone.localdate())
        self.assertEqual(todo.hint, f"{item.task}：缺签到表")

    def test_a_report_handed_in_is_no_longer_to_do(self):
        SelfReport.objects.filter(pk=self.report.pk).update(status="submitted")
        self.assertEqual(work_of(self.user).todos, [])

    def test_the_last_published_score_with_rank_and_points_lost(self):
        for number in (1, 2):
            quarter = make_quarter(self.quarter.scheme, state="review", number=number)
            for place, report in enumerate(quarter.reports.order_by("unit_class", "unit")):
                points = 20 + (place + number) % 2
                report.scores.update(status="scored", given=points, points=points, steps=["评审给分"])
            publish_quarter(quarter, by=self.staff)
        own = work_of(self.user).scores
        self.assertEqual(own.result.publication.quarter.number, 2)
        self.assertEqual(own.members, 2)
        self.assertEqual(abs(own.rise), 1)
        self.assertEqual(own.rise, -own.fall)
        self.assertEqual(len(own.lost), 3)
        self.client.force_login(self.user)
        self.assertContains(self.client.get("/"), "比上季上升 1 名" if own.rise > 0 else "比上季下降 1 名")


class VillagesTests(TestCase):
    """The villages on the first page of who keeps them."""

    def setUp(self):
        self.today = timezone.localdate()
        self.county = make_county()
        self.township = make_township(self.county)
        self.whole, self.bare, self.stale, self.apart = (make_village(self.township, name=n) for n in "全缺旧外")
        make_village(make_township(self.county), name="邻村")
        Area.objects.filter(pk=self.apart.pk).update(counted=False, not_counted_reason="示例")
        AreaVersion.objects.filter(area=self.apart).update(counted=False, not_counted_reason="示例")
        self.user = make_user(role=Role.COMMITTEE, area=self.township)
        for village, days in ((self.whole, 10), (self.stale, 200)):
            organization = make_organization(village)
            self.confirm(organization, days)
            make_station(village)
            make_site(village)
        make_site(self.bare, unit=make_unit(self.county))  # a body's room is not the village's

    def confirm(self, organization, days):
        on = self.today - dt.timedelta(days=days)
        RosterConfirmation.objects.create(organization=organization, on=on, unchanged=True, members=1, by=self.user)

    def rows(self):
        return {row.name: row for row in villages_of(self.user, self.today).rows}

    def test_each_village_says_what_it_has_and_the_weakest_is_first(self):
        rows = self.rows()
        self.assertEqual(list(rows), ["缺", "旧", "全", "外"])
        self.assertEqual((rows["缺"].lacks, rows["缺"].days), (3, None))
        self.assertEqual((rows["全"].lacks, rows["全"].days, rows["全"].tone), (0, 10, "green"))
        self.assertEqual((rows["旧"].days, rows["旧"].tone), (200, "red"))
        self.assertEqual(rows["全"].missing, None)
        self.client.force_login(self.user)
        page = self.client.get("/")
        self.assertContains(page, "不计入统计")
        self.assertNotContains(page, "邻村")

    def test_one_roster_never_confirmed_is_older_than_any(self):
        make_organization(self.whole)
        self.assertIsNone(self.rows()["全"].days)

    def test_the_figures_are_those_of_the_coverage_page_and_of_the_list(self):
        coverage = Coverage(self.township, [self.today])
        figures = {figure.label: figure for figure in work_of(self.user).figures}
        organized, fresh = figures["组织覆盖"], figures["花名册核实"]
        self.assertEqual((organized.value, organized.total), (2, "3 村"))
        self.assertEqual(coverage.share("village_organization", self.today), (2, 3))
        self.assertEqual((fresh.value, fresh.total), (1, "2 份"))
        self.assertEqual(coverage.share("roster_fresh", self.today), (1, 2))
        self.client.force_login(self.user)
        for figure in (organized, fresh):
            self.assertIn(f"共 {figure.value} 条", strip_tags(self.client.get(figure.url).text))

    def test_the_rest_of_many_villages_is_a_link(self):
        for _ in range(15):
            make_village(self.township)
        found = villages_of(self.user, self.today)
        self.assertEqual((len(found.shown), found.rest, found.sound), (15, 4, 0))
        self.client.force_login(self.user)
        self.assertContains(self.client.get("/"), "另有 4 个")

    def test_nobody_else_has_such_a_list(self):
        self.assertIsNone(villages_of(make_user(role=Role.STAFF, area=self.county), self.today))
        body = make_user(role=Role.COMMITTEE, unit=make_unit(self.county))
        self.assertIsNone(villages_of(body, self.today))


class OtherRoleTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.world = World()

    def test_a_leader_sees_the_ranking(self):
        work = work_of(self.world.users["leader"])
        names = [result.unit_name for result in work.ranking]
        self.assertEqual(sorted(names), ["乙镇委", "甲镇委"])

    def test_a_lead_is_led_to_the_open_gaps_of_its_townships(self):
        lead = make_user(role=Role.LEADER, area=self.world.own.township)
        self.client.force_login(lead)
        page = self.client.get("/")
        self.assertContains(page, 'hx-get="/coverage/"')
        self.assertContains(page, 'hx-select="#led"')
        self.assertContains(self.client.get("/coverage/"), 'id="led"')
        self.client.force_login(self.world.users["leader"])
        self.assertNotContains(self.client.get("/"), "我负责的乡镇")

    def test_forms_are_offered_to_whom_may_fill_them_in(self):
        offered = {
            "staff": ["登记活动", "登记走访", "受理诉求", "更新花名册"], "committee": ["登记活动", "登记走访", "受理诉求", "更新花名册"],
            "village": ["登记活动", "更新花名册"], "leader": ["登记走访"], "sysadmin": [], "auditor": [],
        }  # fmt: skip
        for role, labels in offered.items():
            with self.subTest(role=role):
                quick = quick_of(self.world.users[role])
                self.assertEqual([label for label, _ in quick], labels)
                self.client.force_login(self.world.users[role])
                for _, url in quick:
                    self.assertEqual(self.client.get(url).status_code, 200, url)

    def test_a_leader_of_one_township_sees_that_township(self):
        leader = make_user(role=Role.LEADER, area=self.world.own.township)
        self.assertEqual([result.unit_name for result in work_of(leader).ranking], ["甲镇委"])

    def test_a_village_sees_itself_and_whom_to_ask(self):
        work = work_of(self.world.users["village"])
        self.assertEqual([figure.value for figure in work.figures], ["甲村", 0])
        notes = [line.note for line in work.lines]
        self.assertEqual(notes[0], "甲镇 统战委员")
        self.assertNotIn("乙镇 统战委员", notes)

    def test_a_grant_waits_for_a_second_person(self):
        county = make_county()
        giver, other = (make_user(role=Role.SECADMIN, area=county) for _ in range(2))
        waiting = make_user(role=Role.STAFF, area=county, confirmed=False).grants.get()
        waiting.granted_by = giver
        waiting.save()
        self.assertEqual(work_of(giver).todos, [])
        self.assertEqual(len(work_of(other).todos), 1)

    def test_an_account_without_a_grant_waits_for_the_security_administrator(self):
        make_user(name="李某新", line="business", area=self.world.own.county)
        titles = [note.title for note in work_of(self.world.users["secadmin"]).attention]
        self.assertIn("给新账号授权：李某新", titles)
        self.assertEqual(work_of(self.world.users["sysadmin"]).attention, ())

    def test_an_auditor_sees_refused_tries_and_the_chain(self):
        record(self.world.users["village"], "refused", self.world.own.unit)
        work = work_of(self.world.users["auditor"])
        self.assertEqual(len(work.attention), 1)
        self.assertEqual(work.lines[0].note, str(AuditEntry.objects.first().sequence))
        self.assertEqual(work.lines[2].note, "逐条校验一致")


class FrameTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.world = World()

    def frame(self, role):
        self.client.force_login(self.world.users[role])
        return self.client.get("/").context["frame"]

    def test_items_by_permission(self):
        registers = {
            "覆盖总览",
            "成员花名册",
            "基层统战组织",
            "联络站点与阵地",
            "示范创建",
            "责任网络",
            "标准核查",
            "活动与会议",
        }
        exchange = {"导入导出"}
        papers = {"公文", "表格式样"}
        quarter = {"考核方案", "季度与任务", "自评填报", "排名与通报", "年度累计"}
        network = {"行政区划", "考核对象"}
        business = (
            network
            | registers
            | quarter
            | exchange
            | papers
            | {"企业和联系对象", "结对联系", "走访", "诉求", "扶持资金", "培训"}
        )
        expected = {
            "staff": business | {"评审打分", "标准", "覆盖目标"}, "committee": business, "leader": business,
            "village": network | registers | exchange | {"表格式样"}, "sysadmin": network | exchange | {"账号", "授权", "数据接口"},
            "secadmin": {"账号", "授权"}, "auditor": {"审计日志"}, "nobody": set(),
        }  # fmt: skip
        for role, labels in expected.items():
            with self.subTest(role=role):
                found = {item["label"] for group in self.frame(role).nav for item in group["items"]}
                self.assertEqual(found, labels | {"工作台"})

    def test_every_item_opens(self):
        for role in ROLES:
            for group in self.frame(role).nav:
                for item in group["items"]:
                    with self.subTest(role=role, item=item["label"]):
                        self.assertEqual(self.client.get(item["url"], follow=True).status_code, 200)

    def test_one_item_is_the_current_one(self):
        for url in (
            "/",
            "/papers/",
            "/papers/layouts/",
            "/exchange/reports/",
            "/outreach/officials/",
            "/outreach/rhythms/",
            "/outreach/pairings/unpaired/officials/",
            "/assessments/quarters/",
            f"/assessments/quarters/{self.world.own.rows['quarter'].pk}/review/",
        ):
            self.client.force_login(self.world.users["staff"])
            nav = self.client.get(url).context["frame"].nav
            self.assertEqual(sum(item["active"] for group in nav for item in group["items"]), 1, url)

    def test_three_queries_besides_the_grants(self):
        self.client.force_login(self.world.users["staff"])
        request = self.client.get("/").wsgi_request
        request.user.held_grants  # noqa: B018 - read once a request
        with QueriesAtMost(3):
            Frame(request)

    def test_a_visitor_has_no_frame(self):
        self.assertNotIn("frame", self.client.get("/accounts/login/").context)

    def test_the_quarter_switch_keeps_the_kind_of_page(self):
        self.client.force_login(self.world.users["staff"])
        url = f"/assessments/quarters/{self.world.own.rows['quarter'].pk}/review/"
        links = [link for _, link in self.client.get(url).context["frame"].quarters]
        self.assertTrue(all(link.endswith("/review/") for link in links), links)


class SearchTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.world = World()
        for area in Area.objects.all():
            Area.objects.filter(pk=area.pk).update(pinyin=spelling(area.name))

    def found(self, role, words):
        self.client.force_login(self.world.users[role])
        return {
            group.label: [hit.title for hit in group.hits]
            for group in self.client.get("/search/", {"q": words}).context["groups"]
        }

    def test_by_name_pinyin_initials_and_code(self):
        area = self.world.own.township
        for words in ("甲镇", "jiazhen", "jz", "ＪＺ", area.code, area.tree_code, area.code[-4:]):
            with self.subTest(words=words):
                self.assertIn("甲镇", self.found("staff", words)["行政区划"])

    def test_every_register_by_its_name(self):
        found = self.found("staff", "甲")
        for label in ("行政区划", "基层统战组织", "人员", "联系对象", "企业和协会", "联络站点", "阵地", "考核对象"):
            self.assertTrue(found.get(label), label)

    def test_contacts_and_enterprises_where_they_are_permitted(self):
        enterprise = make_enterprise(self.world.own.village, name="山茶油脂有限公司")
        contact = make_contact(self.world.own.township, enterprise, name="丁某山")
        for words in ("山茶", "shancha", "scyz"):
            self.assertEqual(self.found("committee", words)["企业和协会"], ["山茶油脂有限公司"])
        for words in ("丁某山", "dingmoushan", "dms"):
            self.assertEqual(self.found("committee", words)["联系对象"], ["丁某山"])
        for role in ("village", "sysadmin", "secadmin", "auditor", "nobody"):
            self.assertEqual(self.found(role, "丁某山"), {}, role)
            self.assertNotIn("企业和协会", self.found(role, "山茶"), role)
        neighbour = make_user(role=Role.COMMITTEE, area=self.world.sibling.township)
        self.world.users["neighbour"] = neighbour
        self.assertEqual(self.found("neighbour", "丁某山"), {})
        Contact.objects.filter(pk=contact.pk).update(restricted_on=timezone.localdate(), restriction="objected")
        self.assertNotIn("联系对象", self.found("committee", "丁某山"))

    def test_more_than_fifty_of_a_kind_are_announced(self):
        for number in range(55):
            make_enterprise(self.world.own.village, name=f"试验企业{number}")
        self.client.force_login(self.world.users["staff"])
        [group] = self.client.get("/search/", {"q": "试验企业"}).context["groups"]
        self.assertEqual((len(group.hits), group.more), (50, True))

    def test_every_word_must_fit_and_the_township_counts(self):
        self.assertEqual(self.found("staff", "甲镇 甲名称").get("基层统战组织"), ["甲名称"])
        self.assertNotIn("基层统战组织", self.found("staff", "甲镇 乙名称"))

    def test_a_townships_unit_by_its_initials(self):
        self.assertIn("甲镇委", self.found("staff", "jz")["考核对象"])

    def test_pages_by_permission(self):
        self.assertEqual(self.found("staff", "hmc")["页面"], ["成员花名册"])
        self.assertNotIn("页面", self.found("auditor", "花名册"))

    def test_nothing_beyond_the_grant(self):
        for role, words, absent in (
            ("committee", "乙", "人员"),
            ("committee", "丙", "行政区划"),
            ("auditor", "镇", "行政区划"),
            ("sysadmin", "甲", "人员"),
        ):
            self.assertNotIn(absent, self.found(role, words))

    def test_odd_words_find_nothing_and_break_nothing(self):
        for words in ("  ", "%", "_", "'", "\x00", "😀", "甲" * 80, "\u202e甲"):
            with self.subTest(words=words):
                found = self.found("staff", words)
                self.assertTrue(words.strip("\u202e") == "甲" or not found)

    def test_as_one_types_and_in_few_queries(self):
        self.client.force_login(self.world.users["staff"])
        with QueriesAtMost(11):
            self.client.get("/search/", {"q": "镇"})
        with QueriesAtMost(9):
            answer = self.client.get("/search/suggest/", {"q": "甲镇"}).json()
        self.assertEqual(answer["groups"][0]["hits"][0]["title"], "甲镇")


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["staff", "committee", "village", "leader", "administrators"])
def test_the_manual_has_a_page_a_role(client, page):
    client.force_login(make_user(role=Role.VILLAGE, area=make_county()))
    assert client.get(f"/help/{page}/").status_code == 200
    assert client.get("/help/nothing/").status_code == 404


@pytest.mark.django_db
def test_a_scheme_that_is_a_draft_has_nothing_to_plan():
    scheme = make_scheme(status="draft", year=timezone.localdate().year)
    staff = make_user(role=Role.STAFF, area=scheme.area)
    assert work_of(staff).attention == ()
    Scheme.objects.filter(pk=scheme.pk).update(status="open")
    assert work_of(staff).attention[0].title.endswith("第一季度")
