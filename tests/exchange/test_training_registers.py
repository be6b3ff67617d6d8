"""Training and support funds filled in by hand: what comes in, what is said of wrong rows, the same file twice, taken back."""

import datetime as dt
import io
from decimal import Decimal

import openpyxl
import pytest

from outreach.models import Activity, CadrePost, Support, TrainingPlan, TrainingSession
from portal.accounts.roles import Role
from portal.exchange.models import ImportBatch
from portal.exchange.registers import WORKBOOKS, open_to, readable
from portal.exchange.services import batches, downloads
from tests.factories import (
    make_activity,
    make_county,
    make_enterprise,
    make_membership,
    make_organization,
    make_request,
    make_support,
    make_township,
    make_training_plan,
    make_training_session,
    make_user,
    make_village,
)


@pytest.fixture
def county(db):
    return make_county(name="测试甲县")


@pytest.fixture
def town(county):
    return make_township(county, name="水坪镇")


@pytest.fixture
def staff(county):
    return make_user(Role.STAFF, county)


def filed(head, *rows):
    book = openpyxl.Workbook()
    for row in (head, *rows):
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def planned(name, user, content):
    batch = batches.upload(name, "填好的表.xlsx", content, by=user, parameters={})
    assert not batches.unclear(batch), batch.columns
    lines = batches.plan(batch, by=user)
    return ImportBatch.objects.get(pk=batch.pk), lines


def taken(name, user, content):
    """Written, and the same file once more: nothing new, nothing changed."""
    batch, lines = planned(name, user, content)
    assert [line.problems for line in lines if line.problems] == []
    batches.write(batch, by=user, expected=batch.version)
    again, _ = planned(name, user, content)
    assert (again.counts["new"], again.counts["changed"], again.counts["unchanged"]) == (0, 0, len(lines))
    return ImportBatch.objects.get(pk=batch.pk)


def said(name, user, content):
    _, lines = planned(name, user, content)
    return ["；".join(problem.words for problem in line.problems) for line in lines]


PLANS = ["乡镇", "年份", "计划名称", "培训对象", "计划培训人数"]
SESSIONS = ["计划年份", "培训计划", "计划所在区划", "班次和内容", "日期", "天数", "计划人数", "实到人数"]
POSTS = ["计划年份", "培训计划", "岗位名称", "任职人数", "列入培养计划人数", "已参训人数", "推荐任用人数"]
SUPPORTS = ["乡镇", "企业或协会", "项目名称", "金额（元）", "到位日期", "相关诉求"]


def test_a_plan_its_sessions_and_posts_from_empty_templates(county, town, staff):
    taken(
        "training_plans",
        staff,
        filed(
            PLANS,
            ["测试甲县", 2026, "任职干部培训", "任职干部", 60],
            ["水坪镇", 2026, "商会负责人培训", "基层统战组织负责人", 20],
        ),
    )
    plan = TrainingPlan.objects.get(area=county)
    assert (plan.audience, plan.planned_people) == ("cadres", 60)
    rows = (
        [2026, "任职干部培训", "", "第一期", dt.date(2026, 6, 18), 2.5, 30, 28],
        [2026, "商会负责人培训", "水坪镇", "第一期", "2026-07-01", "", 10, ""],
    )
    taken("training_sessions", staff, filed(SESSIONS, *rows))
    first, second = TrainingSession.objects.order_by("on")
    assert (first.plan, first.days, first.attended) == (plan, Decimal("2.5"), 28)
    assert (second.plan.area, second.days, second.attended) == (town, Decimal(1), None)
    batch = taken("cadre_posts", staff, filed(POSTS, [2026, "任职干部培训", "乡镇副职", 21, 6, 3, ""]))
    post = CadrePost.objects.get()
    assert (post.holders, post.trained, post.recommended) == (21, 3, 0)
    assert batches.take_back(batch, by=staff) == [] and not CadrePost.objects.exists()


def test_wrong_rows_of_plans_sessions_and_posts_are_said(county, town, staff):
    plan = make_training_plan(county, name="任职干部培训")
    for area in (county, town):
        make_training_plan(area, name="同名培训")
    officer = make_membership(make_organization(town), in_charge=True)
    make_training_session(plan, [officer], title="第一期")
    assert "年份应在" in said("training_plans", staff, filed(PLANS, ["测试甲县", 1990, "旧计划", "任职干部", 1]))[0]
    ok = [2026, "任职干部培训", "", "第二期", "2026-06-18", 1, 30, 28]
    cases = [
        ({1: "任职干部陪训"}, "是否为“任职干部培训”"), ({0: 2025}, "找不到 2025 年的培训计划"), ({1: "同名培训"}, "请填写计划所在区划"),
        ({2: "水坪镇"}, "不在“水坪镇”"), ({4: "2099-01-01"}, "办班以后"), ({5: 0}, "天数应大于 0"), ({7: "许多"}, "不是整数"),
        ({3: "第一期", 7: 0}, "不能少于 1 人"), ({3: "致电13800000001"}, "电话号码"), ({6: ""}, "请填写计划人数"),
    ]  # fmt: skip
    found = said(
        "training_sessions",
        staff,
        filed(SESSIONS, *([change.get(n, cell) for n, cell in enumerate(ok)] for change, _ in cases)),
    )
    for words, (change, expected) in zip(found, cases, strict=True):
        assert expected in words, (change, words)
    assert "不能超过任职人数" in said("cadre_posts", staff, filed(POSTS, [2026, "任职干部培训", "副职", 2, 3, 0, 0]))[0]


def test_support_funds_stand_where_the_enterprise_stands(county, town, staff):
    village = make_village(town, name="石桥村")
    mill = make_enterprise(village, name="红星纺织公司")
    asked = make_request(mill)
    row = ["", "红星纺织公司", "技改贴息", "1,234.50", "2026-05-20", asked.reference]
    batch = taken("supports", staff, filed(SUPPORTS, row))
    support = Support.objects.get()
    assert (support.enterprise, support.area, support.amount, support.request) == (
        mill,
        village,
        Decimal("1234.50"),
        asked,
    )
    taken("supports", staff, filed(SUPPORTS, [*row[:3], 2000, *row[4:]]))
    support.refresh_from_db()
    assert support.amount == 2000
    assert batches.take_back(batch, by=staff) != [], "what was changed since is not taken back"


def test_wrong_support_funds_are_said(county, town, staff):
    other = make_township(county, name="乙镇")
    for area in (town, other):
        make_enterprise(area, name="同名公司")
    mill, quarry = make_enterprise(town, name="红星纺织公司"), make_enterprise(other, name="青山采石公司")
    foreign = make_request(quarry)
    ok = ["水坪镇", mill.name, "技改贴息", 1000, "2026-05-20", ""]
    cases = [
        ({1: "红星纺织厂公司"}, "是否为“红星纺织公司”"), ({0: "", 1: "同名公司"}, "有 2 家"), ({1: quarry.name}, "登记在乙镇"), ({3: 0}, "应大于 0"),
        ({3: "1.234"}, "小数"), ({4: "2099-01-01"}, "不能晚于今天"), ({5: foreign.reference}, "没有“"), ({2: "电13800000001"}, "电话号码"),
    ]  # fmt: skip
    found = said(
        "supports", staff, filed(SUPPORTS, *([change.get(n, cell) for n, cell in enumerate(ok)] for change, _ in cases))
    )
    for words, (change, expected) in zip(found, cases, strict=True):
        assert expected in words, (change, words)
    content = filed(SUPPORTS, ["乙镇", "同名公司", "技改贴息", 1, "2026-05-20", ""])
    taken("supports", staff, content)
    assert Support.objects.get().area == other


def test_who_may_and_whose_rows(county, town, staff):
    committee, village, leader = (make_user(role, town) for role in (Role.COMMITTEE, Role.VILLAGE, Role.LEADER))
    names = {"training_plans", "training_sessions", "cadre_posts", "supports"}
    assert names <= {workbook.name for workbook in open_to(committee)} and names <= set(readable(leader))
    assert not names & {workbook.name for workbook in (*open_to(village), *open_to(leader))} and not names & set(
        readable(village)
    )
    make_training_plan(county, name="县里的计划")
    row = [2026, "县里的计划", "", "第一期", "2026-06-18", 1, 30, 28]
    assert "找不到 2026 年的培训计划" in said("training_sessions", committee, filed(SESSIONS, row))[0]
    make_support(make_enterprise(make_township(county, name="乙镇"), name="别处公司"))
    for name in names:
        book = openpyxl.load_workbook(downloads.template(WORKBOOKS[name](committee, {}), with_data=True))
        cells = {cell for page in book for row in page.values for cell in row}
        assert not cells & {"别处公司", "县里的计划"}, name
    assert (
        "找不到企业" in said("supports", committee, filed(SUPPORTS, ["", "别处公司", "贴息", 1, "2026-05-20", ""]))[0]
    )


def test_an_activity_keeps_as_many_people_as_officers_are_named(town, staff):
    activity = make_activity(town, theme="学习政策", head_count=5)
    activity.officers.add(make_membership(make_organization(town), in_charge=True))
    head = ["乡镇", "类别", "主题", "日期", "参加人数"]
    kind = Activity.Kind(activity.kind).label
    assert "不能少于 1 人" in said("activities", staff, filed(head, ["水坪镇", kind, "学习政策", activity.on, 0]))[0]
