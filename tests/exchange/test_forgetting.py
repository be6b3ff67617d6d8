"""Copies of a contact in uploads and exports: sealed while they are there, gone when the contact is erased."""

import datetime as dt
import io

import openpyxl
import pytest
from django.core.management import call_command
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from outreach.models import Contact
from outreach.services.contacts import erase_contact
from portal.accounts.roles import Role
from portal.audit.models import AuditEntry
from portal.exchange.models import ImportBatch, Job, unpacked
from portal.exchange.services import batches, exports
from portal.kit import files
from tests.factories import make_county, make_notice, make_official, make_pairing, make_township, make_user

pytestmark = pytest.mark.django_db
NAME, OTHER, NUMBER = "鸩某羽", "麈某尾", "13866661234"
HEADS = [
    "乡镇",
    "姓名",
    "工作电话",
    "公开身份",
    "工作单位",
    "职务",
    "任职起始日期",
    "处理目的",
    "处理依据",
    "告知书",
    "告知日期",
]


@pytest.fixture
def town():
    county = make_county(name="测试县")
    make_notice(county, name="告知书 2026 年第 1 版")
    return make_township(county, name="甲镇")


@pytest.fixture
def staff(town):
    return make_user(Role.STAFF, town.parent)


def sheet(name, number):
    book = openpyxl.Workbook()
    book.active.append(HEADS)
    notice = "告知书 2026 年第 1 版"
    post = ["任职干部", "示例局", "站长", "2024-01-01", "服务企业", "履行法定职责所必需", notice, "2026-09-01"]
    book.active.append(["甲镇", name, number, *post])
    book.save(file := io.BytesIO())
    return file.getvalue()


def uploaded(staff, name=NAME, number=NUMBER):
    batch = batches.upload("contacts", "表.xlsx", sheet(name, number), by=staff, parameters={})
    batches.plan(batch, by=staff)
    batch.refresh_from_db()
    return batch


def written(staff, name=NAME, number=NUMBER):
    batch = uploaded(staff, name, number)
    return batches.write(batch, by=staff, expected=batch.version)


def raw_bytes():
    with connection.cursor() as cursor:
        cursor.execute("SELECT answers, content, blocks, lines FROM exchange_importbatch")
        return b"".join(bytes(cell) for row in cursor.fetchall() for cell in row if cell is not None)


def test_a_number_corrected_in_the_preview_is_sealed_like_the_upload(client, staff):
    batch = uploaded(staff, number="1386666123")
    client.force_login(staff)
    url = reverse("exchange:batch_answer", args=[batch.pk])
    row = batch_row(batch)
    assert client.post(url, {"row": row, "column": "phone", "value": NUMBER}).status_code == 302
    batch.refresh_from_db()
    assert batch.answers == {row: {"phone": NUMBER}} and batch.counts["new"] == 1
    stored = raw_bytes()
    assert stored and NUMBER.encode() not in stored and NAME.encode() not in stored


def batch_row(batch):
    sheet_name, number, *_ = unpacked(batch.lines)[0]
    return f"{sheet_name}!{number}"


def test_erasing_a_contact_empties_the_uploads_that_name_it_and_no_other(client, staff):
    own, other = written(staff), written(staff, OTHER, "13800000001")
    erase_contact(Contact.objects.get(name=NAME), "requested", staff)
    own.refresh_from_db()
    other.refresh_from_db()
    assert (own.content, own.blocks, own.lines, own.answers) == (None, None, None, {})
    assert other.content and other.lines
    client.force_login(staff)
    page = client.get(own.get_absolute_url())
    assert NAME not in page.text and "已随联系对象删除" in page.text and "新增 1 行" in page.text


def test_erasing_a_contact_removes_exported_lists_of_the_service_side(
    settings, tmp_path, staff, django_capture_on_commit_callbacks
):
    settings.FILES_ROOT = tmp_path
    written(staff)
    job = Job.objects.create(
        kind=Job.Kind.EXPORT, title="导出 联系对象", by=staff, area=staff.held_grants[0].area,
        parameters={"path": reverse("outreach:contact_list"), "query": "", "kind": "xlsx"},
    )  # fmt: skip
    exports.write(job, lambda done, total: None)
    job.save()
    path = files.path_of(job.file_key)
    assert path.exists()
    with django_capture_on_commit_callbacks(execute=True):
        erase_contact(Contact.objects.get(name=NAME), "requested", staff)
    assert not path.exists()
    job.refresh_from_db()
    assert job.file_key is None


def test_what_became_of_rows_about_contacts_leaves_with_the_upload(staff, settings):
    batch = written(staff)
    ImportBatch.objects.update(at=timezone.now() - dt.timedelta(days=settings.IMPORT_UNDO_DAYS + 1))
    call_command("sweep_exchange")
    batch.refresh_from_db()
    assert (batch.content, batch.lines, batch.answers) == (None, None, {}) and batch.counts["new"] == 1


def test_what_was_searched_for_goes_into_no_audit_row(client, staff, town):
    written(staff)
    make_pairing(make_official(town.parent), Contact.objects.get())
    client.force_login(staff)
    for name in ("pairing_list", "visit_list", "request_list"):
        assert client.get(reverse(f"outreach:{name}"), {"q": NAME, "export": "csv"}).status_code == 200
    said = " ".join(AuditEntry.objects.filter(action="exported").values_list("sentence", flat=True))
    assert said.count("搜索：（已隐去）") == 3 and NAME not in said
