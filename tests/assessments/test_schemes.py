"""The plan of a year: when it may be opened, that it freezes, how a new version takes over; its pages."""

import datetime as dt
from decimal import Decimal

from django.core.exceptions import PermissionDenied, ValidationError
from django.test import TestCase
from django.urls import reverse

from assessments.models import Indicator, Scheme
from assessments.services import schemes
from organizations.models import Unit
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from tests.factories import make_county, make_quarter, make_scheme, make_township, make_unit, make_user
from tests.queries import QueriesAtMost


class SchemeCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.county = make_county(name="甲县")
        cls.staff = make_user(role=Role.STAFF, area=cls.county)
        cls.scheme = make_scheme(cls.county)

    def setUp(self):
        self.client.force_login(self.staff)

    def url(self, name, *args):
        return reverse(f"assessments:{name}", args=args or [self.scheme.pk])

    def open(self, scheme=None):
        return schemes.open_scheme(scheme or self.scheme, by=self.staff)


class ProblemTests(SchemeCase):
    def test_a_right_scheme_has_no_problem(self):
        assert schemes.scheme_problems(self.scheme) == []

    def test_points_of_each_assigned_class_must_total_exactly_100(self):
        Indicator.objects.filter(scheme=self.scheme, number=1).update(points_1=Decimal("24.99"), points_2=None)
        assert schemes.scheme_problems(self.scheme) == [
            "Ⅰ类的分值合计 99.99，应为 100",
            "Ⅱ类的分值合计 75，应为 100",
        ]

    def test_a_class_without_units_needs_no_points(self):
        self.scheme.assignments.filter(unit_class="3").delete()
        Indicator.objects.filter(scheme=self.scheme).update(points_3=None)
        assert schemes.scheme_problems(self.scheme) == []

    def test_a_scheme_without_units_or_indicators_cannot_be_opened(self):
        empty = Scheme.objects.create(area=self.county, year=2027, name="2027年度考核方案")
        assert schemes.scheme_problems(empty) == ["还没有给考核对象分类"]
        unit = make_unit(area=make_township(parent=self.county))
        schemes.assign_classes(empty, {unit.pk: ("2", "")}, by=self.staff)
        with self.assertRaisesMessage(ValidationError, "不能开始执行：Ⅱ类的分值合计 0，应为 100。"):
            self.open(empty)


class FreezeTests(SchemeCase):
    def test_opening_freezes_every_part_and_is_on_the_trail(self):
        self.open()
        self.scheme.refresh_from_db()
        assert (self.scheme.status, self.scheme.version) == ("open", 2)
        assert AuditEntry.objects.filter(action="opened", object_id=str(self.scheme.pk)).count() == 1
        unit = self.scheme.assignments.first().unit
        for act in (
            lambda: schemes.assign_classes(self.scheme, {unit.pk: ("3", "")}, by=self.staff),
            lambda: schemes.set_tiers(self.scheme, [], by=self.staff),
        ):
            with self.assertRaisesMessage(ValidationError, "内容已冻结"):
                act()
        with self.assertRaisesMessage(ValidationError, "不能再开始执行"):
            self.open()

    def test_the_pages_of_a_frozen_scheme_refuse_and_change_nothing(self):
        self.open()
        indicator = self.scheme.indicators.first()
        form = self.client.get(self.url("indicator_update", indicator.pk)).context["form"]
        data = {name: form[name].value() or "" for name in form.fields} | {"points_1": "30"}
        answer = self.client.post(self.url("indicator_update", indicator.pk), data)
        self.assertContains(answer, "内容已冻结", status_code=422)
        form = self.client.get(self.url("scheme_update")).context["form"]
        data = {name: form[name].value() or "" for name in form.fields} | {"bonus_cap": "9"}
        self.assertContains(self.client.post(self.url("scheme_update"), data), "内容已冻结", status_code=422)
        assert self.client.post(self.url("indicator_delete", indicator.pk)).status_code == 404
        assert self.client.post(self.url("scheme_delete")).status_code == 404
        answer = self.client.post(self.url("scheme_tiers"), {"days": ["1"], "points": ["1"]})
        self.assertContains(answer, "内容已冻结", status_code=422)
        indicator.refresh_from_db()
        self.scheme.refresh_from_db()
        assert (indicator.points_1, self.scheme.bonus_cap) == (25, 5)

    def test_only_the_countys_staff_opens_a_scheme(self):
        other = make_user(role=Role.STAFF, area=make_county())
        leader = make_user(role=Role.LEADER, area=self.county)
        with self.assertRaises(PermissionDenied):
            schemes.open_scheme(self.scheme, by=other)
        for user, status in [(other, 404), (leader, 403)]:
            self.client.force_login(user)
            assert self.client.post(self.url("scheme_open")).status_code == status
        self.scheme.refresh_from_db()
        assert self.scheme.status == "draft"

    def test_a_draft_is_nobodys_business_but_the_staffs(self):
        unit = self.scheme.assignments.first().unit
        for role, fields in [(Role.COMMITTEE, {"unit": unit}), (Role.COMMITTEE, {"area": unit.area})]:
            self.client.force_login(make_user(role=role, **fields))
            assert self.client.get(self.url("scheme_detail")).status_code == 404
            self.assertNotContains(self.client.get(reverse("assessments:scheme_list")), self.scheme.name)


class VersionTests(SchemeCase):
    def revise(self, reason="上级调整指标"):
        return schemes.revise_scheme(self.scheme, reason=reason, by=self.staff)

    def test_a_new_version_needs_an_open_scheme_and_a_reason_and_is_made_once(self):
        with self.assertRaisesMessage(ValidationError, "只有执行中的方案可以改版"):
            self.revise()
        self.scheme = self.open()
        with self.assertRaisesMessage(ValidationError, "改版必须写明原因"):
            self.revise("  ")
        new = self.revise()
        assert (new.status, new.number, new.replaces_id) == ("draft", 2, self.scheme.pk)
        assert new.indicators.count() == 4 and new.assignments.count() == 3 and new.tiers.count() == 1
        with self.assertRaisesMessage(ValidationError, "已有一个新版在拟定"):
            self.revise()

    def test_opening_it_supersedes_the_old_one_and_moves_planned_quarters_by_indicator_name(self):
        self.scheme = self.open()
        running = make_quarter(self.scheme, number=2)
        planned = make_quarter(self.scheme, "planned", number=4)
        planned.tasks.filter(indicator__number=2).update(points_1=20)
        new = self.revise()
        new.indicators.filter(number=1).update(name="新指标")
        new.indicators.filter(number=2).update(points_2=30)
        new.indicators.filter(number=3).update(points_2=20)
        self.open(new)
        self.scheme.refresh_from_db()
        running.refresh_from_db()
        planned.refresh_from_db()
        assert self.scheme.status == "superseded"
        assert running.scheme == self.scheme, "a quarter that began keeps the version it began with"
        assert planned.scheme == new
        points = {t.indicator.name: (t.indicator.scheme_id, t.points_1, t.points_2) for t in planned.tasks.all()}
        assert points == {
            "新指标": (new.pk, 25, 25), "指标2": (new.pk, 20, 30), "指标3": (new.pk, 25, 20), "指标4": (new.pk, 25, 25),
        }  # fmt: skip
        entry = AuditEntry.objects.get(model="assessments.quarter", object_id=str(planned.pk))
        assert "新增任务：新指标" in entry.sentence and "移除任务：指标1" in entry.sentence

    def test_the_difference_names_what_was_added_removed_and_changed(self):
        self.scheme = self.open()
        new = self.revise()
        assert schemes.scheme_difference(self.scheme, new) == []
        new.indicators.filter(number=1).update(points_1=Decimal("20.5"), evidence_required=True)
        new.indicators.filter(number=4).update(name="活动品牌创建")
        Scheme.objects.filter(pk=new.pk).update(bonus_cap=6)
        schemes.set_tiers(new, [(3, Decimal("0.5")), (7, Decimal(1))], by=self.staff)
        new.refresh_from_db()
        changes = dict(schemes.scheme_difference(self.scheme, new))
        assert changes["规则"] == [("每季时效加分上限", "5", "6")]
        assert changes["指标：指标1"] == [("须附佐证材料", "否", "是"), ("Ⅰ类满分", "25", "20.5")]
        assert {"新增指标：活动品牌创建", "删去指标：指标4"} < set(changes)
        assert changes["时效加分档"] == [("档次", "提前 3 天 +0.5", "提前 7 天 +1；提前 3 天 +0.5")]
        page = self.client.get(self.url("scheme_difference", new.pk))
        for words in ("新增指标：活动品牌创建", "删去指标：指标4", "20.5"):
            self.assertContains(page, words)

    def test_copying_to_another_year_takes_rules_indicators_and_units_that_still_exist(self):
        gone = self.scheme.assignments.filter(unit_class="3").first().unit
        Unit.objects.filter(pk=gone.pk).update(until=dt.date(2026, 6, 30))
        copy = schemes.copy_scheme(self.scheme, year=2027, by=self.staff)
        assert (copy.name, copy.year, copy.number, copy.status) == ("2027年度考核方案", 2027, 1, "draft")
        assert copy.indicators.count() == 4 and copy.assignments.count() == 2
        with self.assertRaisesMessage(ValidationError, "2027年度已有考核方案"):
            schemes.copy_scheme(self.scheme, year=2027, by=self.staff)

    def test_copy_and_revise_pages_act_once_for_one_form(self):
        form = self.client.get(self.url("scheme_copy")).context["form"]
        data = {"idempotency_key": form["idempotency_key"].value(), "year": "2027"}
        for _ in range(2):
            assert self.client.post(self.url("scheme_copy"), data).status_code == 302
        assert Scheme.objects.filter(year=2027).count() == 1
        self.open()
        answer = self.client.post(self.url("scheme_revise"), {"reason": ""})
        assert answer.status_code == 422
        self.client.post(self.url("scheme_revise"), {"reason": "调整权重"})
        assert Scheme.objects.get(number=2).reason == "调整权重"


class PageTests(SchemeCase):
    def test_the_page_groups_indicators_and_shows_totals_against_100(self):
        Indicator.objects.filter(scheme=self.scheme, number=1).update(points_1=20)
        page = self.client.get(self.url("scheme_detail"))
        for words in ("组织建设", "活动品牌", "Ⅰ类的分值合计 95，应为 100", "指标4"):
            self.assertContains(page, words)
        self.assertNotContains(page, "开始执行</button>")

    def test_a_scheme_and_its_indicators_are_made_through_the_pages(self):
        data = {"area": self.county.pk, "year": 2028, "name": "2028年度考核方案", "late_per_day": "0.1", "late_floor": "-1",
                "bonus_cap": "5", "note_over": "0", "follow_up_last": 2, "follow_up_running": 2}  # fmt: skip
        weights = {f"weight_{n}": "25" for n in "1234"}
        answer = self.client.post(reverse("assessments:scheme_create"), data | weights | {"weight_4": "24"})
        self.assertContains(answer, "四个季度的权重合计必须是 100", status_code=422)
        self.client.post(reverse("assessments:scheme_create"), data | weights)
        scheme = Scheme.objects.get(year=2028)
        url = self.url("indicator_create", scheme.pk)
        data = {
            "category": "党委主责",
            "number": 1,
            "name": "专题研究",
            "criteria": "每季一次",
            "method": "per_count",
            "points_1": "100",
        }
        self.assertContains(self.client.post(url, data), "必须填写每次（处）分值", status_code=422)
        self.assertRedirects(
            self.client.post(url, data | {"unit_points": "50"}),
            scheme.indicators.get().get_absolute_url(), fetch_redirect_response=False,
        )  # fmt: skip
        self.client.post(self.url("indicator_delete", scheme.indicators.get().pk))
        assert not scheme.indicators.exists()

    def test_units_are_put_into_classes_on_one_page_and_all_townships_in_one_step(self):
        body = make_unit(area=self.county, name="县教育局")
        townships = [a.unit for a in self.scheme.assignments.select_related("unit")]
        data = {f"class-{body.pk}": "2", f"exempt-{body.pk}": "新成立"}
        self.client.post(self.url("scheme_classes"), data | {"townships": "1"})
        stored = {a.unit_id: (a.unit_class, a.exempt_reason) for a in self.scheme.assignments.all()}
        assert stored == {body.pk: ("2", "新成立")} | {unit.pk: ("1", "") for unit in townships}
        self.client.post(self.url("scheme_classes"), {f"class-{body.pk}": ""})
        assert not self.scheme.assignments.exists()

    def test_two_people_on_the_classes_see_both_and_overwrite_nothing(self):
        unit = self.scheme.assignments.select_related("unit").get(unit_class="3").unit
        version = self.scheme.version
        schemes.assign_classes(self.scheme, {unit.pk: ("2", "")}, by=self.staff, expected=version)
        answer = self.client.post(self.url("scheme_classes"), {f"class-{unit.pk}": "1", "version": version})
        self.assertContains(answer, "现在保存的是：Ⅱ类", status_code=409)
        assert self.scheme.assignments.get(unit=unit).unit_class == "2" and self.scheme.assignments.count() == 3
        data = {f"class-{unit.pk}": "1", "version": version + 1}
        assert self.client.post(self.url("scheme_classes"), data).status_code == 302
        assert self.scheme.assignments.get(unit=unit).unit_class == "1"

    def test_two_people_on_the_bonus_table_see_both_and_overwrite_nothing(self):
        version = self.scheme.version
        schemes.set_tiers(self.scheme, [(9, Decimal("0.9"))], by=self.staff, expected=version)
        answer = self.client.post(self.url("scheme_tiers"), {"days": ["5"], "points": ["1"], "version": version})
        self.assertContains(answer, "提前 9 天以上 +0.9", status_code=409)
        self.assertContains(answer, 'value="5"', status_code=409)
        assert self.scheme.tiers.get().days_before == 9

    def test_a_unit_of_another_county_is_never_assigned(self):
        stranger = make_unit()
        with self.assertRaisesMessage(ValidationError, "不属于本县"):
            schemes.assign_classes(self.scheme, {stranger.pk: ("1", "")}, by=self.staff)

    def test_bonus_rows_are_checked_and_kept_as_typed_when_wrong(self):
        answer = self.client.post(self.url("scheme_tiers"), {"days": ["三", ""], "points": ["1", ""]})
        self.assertContains(answer, "提前天数应为整数", status_code=422)
        self.assertContains(answer, 'value="三"', status_code=422)
        self.client.post(self.url("scheme_tiers"), {"days": ["5", "1", ""], "points": ["1", "0.3", ""]})
        assert [(t.days_before, t.points) for t in self.scheme.tiers.all()] == [(5, 1), (1, Decimal("0.3"))]

    def test_the_pages_ask_a_fixed_number_of_queries(self):
        for number in range(5, 21):
            Indicator.objects.create(
                scheme=self.scheme,
                number=number,
                category="活动品牌",
                name=f"指标{number}",
                criteria="按要求",
                points_1=1,
            )
        for name in ("scheme_detail", "scheme_classes", "scheme_tiers"):
            self.client.get(self.url(name))
            with self.subTest(name), QueriesAtMost(12):
                self.client.get(self.url(name))
