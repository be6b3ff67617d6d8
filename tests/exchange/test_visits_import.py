"""A year's visits come in from the list that was kept by hand: several officials in a cell, namesakes, notes, the same file twice."""

import datetime as dt

import pytest

from outreach.models import Visit
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from portal.exchange.models import ImportBatch
from portal.exchange.registers import WORKBOOKS, open_to, readable
from portal.exchange.services import batches, downloads
from tests.exchange.test_directory_import import book, planned, said
from tests.factories import (
    make_contact,
    make_county,
    make_enterprise,
    make_notice,
    make_official,
    make_organization,
    make_township,
    make_user,
)

pytestmark = pytest.mark.django_db
HEADS = ["走访时间", "走访领导", "企业名称", "组织", "联系对象", "事项", "反映情况", "下次走访"]
ROW = ["2026-03-05", "李某甲、赵某乙", "石桥茶业公司", "", "", "融资贷款", "反映融资难", "2026-12-01"]


@pytest.fixture
def town():
    county = make_county(name="测试县")
    make_official(county, name="李某甲", position="副县长")
    make_official(county, name="赵某乙", position="局长")
    town = make_township(county, name="甲镇")
    make_enterprise(town, name="石桥茶业公司")
    make_organization(town, name="石桥商会")
    return town


@pytest.fixture
def staff(town):
    return make_user(Role.STAFF, town.parent)


def row(**changed):
    return [changed.get(head, value) for head, value in zip(HEADS, ROW, strict=True)]


def test_a_joint_visit_is_one_row_and_the_same_file_again_changes_nothing(staff, town):
    batch, lines = planned("visits", book(ROW, heads=HEADS), staff)
    assert batch.counts["new"] == 1, said(lines)
    batches.write(batch, by=staff, expected=batch.version)
    visit = Visit.objects.get()
    assert (visit.on, visit.state, visit.matter, visit.area) == (dt.date(2026, 3, 5), "done", "finance", town)
    assert sorted(visit.officials.values_list("name", flat=True)) == ["李某甲", "赵某乙"]
    assert [e.name for e in visit.enterprises.all()] == ["石桥茶业公司"] and visit.raised == "反映融资难"
    assert visit.by == staff and visit.next_on == dt.date(2026, 12, 1)
    again, lines = planned("visits", book(row(走访领导="赵某乙,李某甲"), heads=HEADS), staff)
    assert again.counts["unchanged"] == 1, said(lines)
    assert "反映融资难" not in " ".join(AuditEntry.objects.values_list("sentence", flat=True))


def test_sides_in_two_townships_stand_in_the_county(staff, town):
    make_enterprise(make_township(town.parent, name="乙镇"), name="河口面业公司")
    batch, lines = planned(
        "visits", book(row(企业名称="石桥茶业公司；河口面业公司", 组织="石桥商会"), heads=HEADS), staff
    )
    assert batch.counts["new"] == 1, said(lines)
    batches.write(batch, by=staff, expected=batch.version)
    visit = Visit.objects.get()
    assert visit.area == town.parent and visit.enterprises.count() == 2 and visit.organizations.count() == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"走访领导": "李某丙"}, "找不到“李某丙”，是否为“李某甲"), ({"走访领导": ""}, "请填写走访干部"), ({"企业名称": ""}, "请选择走访的企业"),
        ({"走访时间": "2099-01-01", "下次走访": ""}, "走访日期不能晚于今天"), ({"下次走访": "2026-03-01"}, "下次走访日期应晚于"),
        ({"事项": "家庭情况"}, "不在可选范围内"),
        ({"反映情况": "电话13866661234"}, "号码"), ({"联系对象": "周某戊"}, "找不到“周某戊”，请先登记"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_by_column_and_nothing_is_saved(staff, changed, words):
    batch, lines = planned("visits", book(row(**changed), heads=HEADS), staff)
    assert batch.counts["error"] == 1 and any(words in one for one in said(lines)), said(lines)
    assert not Visit.objects.exists()


def test_namesakes_are_told_apart_and_a_contact_alone_has_no_notes(staff, town):
    notice = make_notice(town.parent)
    for number in ("13800000011", "13800000012"):
        make_contact(town, name="周某甲", phone=number, notice=notice)
    _, lines = planned("visits", book(row(企业名称="", 联系对象="周某甲"), heads=HEADS), staff)
    [words] = said(lines)
    assert "有 2 个“周某甲”" in words and "1380000" not in words
    example = words.split("写成“")[1].split("”")[0]
    _, lines = planned("visits", book(row(企业名称="", 联系对象=example), heads=HEADS), staff)
    assert any("不记录个人谈话内容" in one for one in said(lines))
    batch, lines = planned("visits", book(row(企业名称="", 联系对象=example, 反映情况=""), heads=HEADS), staff)
    assert batch.counts["new"] == 1, said(lines)


def test_a_planned_visit_is_made_done_on_its_page(staff):
    plan = row(走访时间="2099-01-01", 反映情况="", 下次走访="")
    batch, lines = planned("visits", book([*plan, "计划"], heads=[*HEADS, "状态"]), staff)
    assert batch.counts["new"] == 1, said(lines)
    batches.write(batch, by=staff, expected=batch.version)
    Visit.objects.update(on=dt.date(2026, 3, 5))
    _, lines = planned("visits", book(ROW, heads=HEADS), staff)
    assert any("已登记为“计划”" in one for one in said(lines))


def test_an_import_is_taken_back_whole(staff):
    batch, _ = planned("visits", book(ROW, heads=HEADS), staff)
    batches.write(batch, by=staff, expected=batch.version)
    assert batches.take_back(ImportBatch.objects.get(pk=batch.pk), by=staff) == []
    assert not Visit.objects.exists() and not Visit.officials.through.objects.exists()


def test_a_township_imports_its_own_alone_and_who_may_not_read_notes_gets_none(staff, town):
    batch, _ = planned("visits", book(ROW, heads=HEADS), staff)
    batches.write(batch, by=staff, expected=batch.version)
    other = make_user(Role.COMMITTEE, make_township(town.parent, name="丙镇"))
    _, lines = planned("visits", book(ROW, heads=HEADS), other)
    assert any("找不到“石桥茶业公司”，请先登记" in one for one in said(lines))
    own = make_user(Role.COMMITTEE, town)
    content = downloads.template(WORKBOOKS["visits"](own, {}), with_data=True).read()
    again, lines = planned("visits", content, own)
    assert again.counts["unchanged"] == 1, said(lines)
    assert all(line.cells["raised"] != "反映融资难" for line in lines)
    _, lines = planned("visits", book(row(走访时间="2026-03-06"), heads=HEADS), own)
    assert any("不在您的权限范围内" in one for one in said(lines))


def test_who_has_no_right_to_visits_does_not_find_the_register(town):
    auditor = make_user(Role.AUDIT, town.parent) if hasattr(Role, "AUDIT") else make_user(Role.SYSADMIN, town.parent)
    assert "visits" not in [workbook.name for workbook in open_to(auditor)] and "visits" not in readable(auditor)
