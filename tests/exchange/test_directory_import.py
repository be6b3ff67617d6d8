"""A directory comes in with purpose and notice per row, phones go out masked, what is stored is corrected on its page."""

import io
import zipfile

import openpyxl
import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext

from outreach.models import Contact, ContactRole, Enterprise
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from portal.exchange.models import ImportBatch
from portal.exchange.registers import WORKBOOKS
from portal.exchange.services import batches, downloads
from tests.factories import make_contact, make_county, make_enterprise, make_notice, make_township, make_user

pytestmark = pytest.mark.django_db
NOTICE, NUMBER = "告知书 2026 年第 1 版", "13866661234"
HEADS = [
    "乡镇",
    "姓名",
    "工作电话",
    "公开身份",
    "企业或协会",
    "任职起始日期",
    "处理目的",
    "处理依据",
    "告知书",
    "告知日期",
]
ROW = [
    "甲镇",
    "周某甲",
    NUMBER,
    "企业（协会）负责人",
    "石桥茶业公司",
    "2024-01-01",
    "服务企业",
    "履行法定职责所必需",
    NOTICE,
    "2026-09-01",
]


@pytest.fixture
def town():
    county = make_county(name="测试县")
    make_notice(county, name=NOTICE)
    town = make_township(county, name="甲镇")
    make_enterprise(town, name="石桥茶业公司")
    return town


@pytest.fixture
def staff(town):
    return make_user(Role.STAFF, town.parent)


def book(*rows, heads=HEADS):
    sheet = openpyxl.Workbook()
    for row in (heads, *rows):
        sheet.active.append(row)
    sheet.save(file := io.BytesIO())
    return file.getvalue()


def planned(name, content, user):
    batch = batches.upload(name, "表.xlsx", content, by=user, parameters={})
    lines = batches.plan(batch, by=user)
    batch.refresh_from_db()
    return batch, lines


def row(**changed):
    return [changed.get(head, value) for head, value in zip(HEADS, ROW, strict=True)]


def said(lines):
    return [problem.words for line in lines for problem in line.problems]


def test_a_contact_comes_in_with_its_role_and_the_same_file_again_changes_nothing(staff, town):
    batch, lines = planned("contacts", book(ROW), staff)
    assert batch.counts["new"] == 1, said(lines)
    batches.write(batch, by=staff, expected=batch.version)
    contact = Contact.objects.get(name="周某甲")
    assert contact.phone.reveal() == NUMBER and contact.notice.name == NOTICE and contact.review_by
    assert [(role.role, role.enterprise.name) for role in contact.roles.all()] == [("enterprise_head", "石桥茶业公司")]
    again, lines = planned("contacts", book(ROW), staff)
    assert again.counts["unchanged"] == 1, said(lines)


def test_its_trail_holds_neither_name_nor_number_and_a_file_going_out_only_two_digits(staff, town):
    batch, _ = planned("contacts", book(ROW), staff)
    batches.write(batch, by=staff, expected=batch.version)
    entries = AuditEntry.objects.filter(model__in=["outreach.contact", "outreach.contactrole"])
    assert {entry.action for entry in entries} == {"created"} and entries.count() == 2
    for entry in AuditEntry.objects.all():
        assert "周某甲" not in entry.sentence and NUMBER not in str(entry.changes)
    content = downloads.template(WORKBOOKS["contacts"](staff, {}), with_data=True).read()
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        text = "".join(package.read(name).decode(errors="replace") for name in package.namelist())
    assert "周某甲" in text and "•34" in text and NUMBER[:7] not in text


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"处理目的": ""}, "请填写处理目的"), ({"告知书": ""}, "请填写告知书"), ({"告知书": "没有的告知书"}, "找不到告知书"),
        ({"告知日期": "2099-01-01"}, "告知日期不能晚于今天"), ({"处理依据": "本人同意"}, "请填写同意日期"),
        ({"公开身份": "台胞服务登记人"}, "请填写同意日期"), ({"企业或协会": ""}, "请选择企业或协会"), ({"公开身份": "群众"}, "不在可选范围内"),
        ({"工作电话": "•••34"}, "请填写完整号码"), ({"工作电话": "12345"}, "手机号应为 11 位"), ({"乡镇": "乙镇"}, "乙镇"),
    ],
)  # fmt: skip
def test_what_a_row_lacks_is_said_and_nothing_is_saved(staff, town, changed, words):
    batch, lines = planned("contacts", book(row(**changed)), staff)
    assert batch.counts["new"] == 0 and any(words in one for one in said(lines)), said(lines)
    with pytest.raises(ValidationError):
        batches.write(batch, by=staff, expected=batch.version)
    assert not Contact.objects.exists()


def test_what_is_stored_is_corrected_on_its_page(staff, town):
    mill = Enterprise.objects.get()
    notice = mill.area.parent.notices.get()
    make_contact(town, mill, name="周某甲", phone=NUMBER, notice=notice)
    ContactRole.objects.update(employer="", post="")
    _, lines = planned("contacts", book(row(处理目的="联谊和日常联系")), staff)
    assert any("处理目的" in one and "更正请在联系对象的页面办理" in one for one in said(lines))
    _, lines = planned("contacts", book(row(公开身份="任职干部", 企业或协会="")), staff)
    assert any("没有这个公开身份" in one for one in said(lines))
    batch, lines = planned("contacts", book(row(工作电话="13900001111")), staff)
    assert batch.counts["duplicate"] == 1 and NUMBER[:7] not in said(lines)[0]


def test_one_person_twice_in_a_file_is_refused_once(staff, town):
    batch, lines = planned("contacts", book(ROW, row(公开身份="任职干部")), staff)
    assert batch.counts["new"] == 1 and any("是同一人" in one for one in said(lines))


def test_an_import_is_taken_back_with_its_roles(staff, town):
    batch, _ = planned("contacts", book(ROW), staff)
    batches.write(batch, by=staff, expected=batch.version)
    assert batches.take_back(ImportBatch.objects.get(pk=batch.pk), by=staff) == []
    assert not Contact.objects.exists() and not ContactRole.objects.exists()


def test_a_township_brings_in_its_own_alone(town):
    other = make_user(Role.COMMITTEE, make_township(town.parent, name="乙镇"))
    batch, _ = planned("contacts", book(ROW), other)
    assert batch.counts["new"] == 0


def test_a_county_of_enterprises_comes_in_with_as_many_queries_as_ten(staff, town):
    def queries(first, count):
        rows = [["甲镇", "企业", f"示例{number}号茶业公司", "2022-03-01"] for number in range(first, first + count)]
        with CaptureQueriesContext(
            connection,
        ) as made:
            batch, lines = planned("enterprises", book(*rows, heads=["乡镇", "类别", "名称", "登记日期"]), staff)
            assert batch.counts["new"] == count, said(lines)[:3]
            batches.write(batch, by=staff, expected=batch.version)
        return len(made)

    few = queries(0, 10)
    assert queries(10, 1783) <= few + 25  # written in batches of 500
    assert Enterprise.objects.count() == 1794
