"""A list of many rows is written in the background: watched, fetched by its owner alone, gone after its time."""

import datetime as dt
import io

import pytest
import python_calamine
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from portal.accounts.roles import Role
from portal.audit.models import AuditEntry, record
from portal.exchange.models import ImportBatch, Job
from portal.exchange.services import exports, jobs
from portal.kit import files
from tests.factories import make_county, make_organization, make_township, make_unit, make_user

LIST = "/organizations/organizations/"


@pytest.fixture
def county(db):
    return make_county(name="测试甲县")


@pytest.fixture
def township(county):
    return make_township(parent=county, name="水坪镇")


@pytest.fixture
def staff(county):
    return make_user(role=Role.STAFF, area=county, name="张某甲")


@pytest.fixture
def organizations(township):
    return [make_organization(area=township, name=f"第{number}商会") for number in range(4)]


@pytest.fixture(autouse=True)
def long_lists(settings, tmp_path):
    settings.EXPORT_PAGE_ROWS, settings.FILES_ROOT = 3, tmp_path


@pytest.fixture
def log_in(client):
    def log_in(user):
        client.force_login(user)
        return client

    return log_in


def rows_of(response):
    content = b"".join(response.streaming_content)
    book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def exported(client, query="?export=xlsx", url=LIST):
    response = client.get(url + query)
    assert response.status_code == 302
    return Job.objects.get(pk=response["Location"].rstrip("/").rpartition("/")[2])


def test_a_long_list_becomes_a_job_and_its_file_is_what_the_list_shows(log_in, staff, organizations):
    client = log_in(staff)
    job = exported(client, "?q=商会&o=-name&export=xlsx")
    assert (job.state, job.rows, job.words) == ("done", 4, "导出完成，共 4 行。")
    page = client.get(job.get_absolute_url()).content.decode()
    assert f"下载 {job.file_name}" in page and "只有您可以下载" in page
    sheets = rows_of(client.get(reverse("exchange:job_file", args=[job.pk])))
    cover, listed = sheets.values()
    assert [row[0] for row in listed[1:]] == ["第3商会", "第2商会", "第1商会", "第0商会"]
    assert ["筛选条件", "搜索：商会"] in cover and ["导出人", str(staff)] in cover and ["数据行数", 4] in cover


def test_a_short_list_comes_at_once(log_in, staff, organizations):
    response = log_in(staff).get(LIST + "?q=第1商会&export=csv")
    assert response.status_code == 200 and Job.objects.count() == 0
    assert "第1商会" in b"".join(response.streaming_content).decode("utf-8-sig")


def test_csv(log_in, staff, organizations):
    client = log_in(staff)
    job = exported(client, "?export=csv")
    response = client.get(reverse("exchange:job_file", args=[job.pk]))
    assert response["Content-Type"].startswith("text/csv")
    assert b"".join(response.streaming_content).decode("utf-8-sig").count("商会") >= 4


def test_both_steps_stand_on_the_trail(log_in, staff, organizations):
    client = log_in(staff)
    job = exported(client)
    client.get(reverse("exchange:job_file", args=[job.pk]))
    said = [entry.sentence for entry in AuditEntry.objects.filter(user=staff)]
    assert any("导出 基层统战组织（Excel 工作簿）" in words for words in said)
    assert any(f"下载 {job.file_name}（4 行）" in words for words in said)


def test_nobody_else_sees_the_job_or_its_file(log_in, staff, county, organizations):
    job = exported(log_in(staff))
    client = log_in(make_user(role=Role.STAFF, area=county, name="李某乙"))
    for url in (job.get_absolute_url(), reverse("exchange:job_file", args=[job.pk])):
        assert client.get(url).status_code == 404
    assert job.title not in client.get(reverse("exchange:job_list")).content.decode()


def test_a_file_of_other_rights_is_refused_with_the_reason(log_in, staff, township, organizations):
    client = log_in(staff)
    job = exported(client)
    staff.grants.update(area=township)
    response = client.get(reverse("exchange:job_file", args=[job.pk]))
    assert response.status_code in {403, 404}
    assert "水坪镇" not in response.content.decode()


def test_the_rows_are_those_of_the_owner_when_the_job_runs(log_in, staff, county, organizations):
    """The rights are asked when the list is written, not when it was asked for."""
    other = make_township(parent=make_county(name="测试乙县"), name="别处镇")
    make_organization(area=other, name="别县商会")
    asked = {"path": LIST, "query": "", "kind": "csv"}
    job = Job.objects.create(by=staff, area=county, kind=Job.Kind.EXPORT, title="导出", parameters=asked)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.rows == 4
    staff.grants.all().delete()
    again = Job.objects.create(by=staff, area=county, kind=Job.Kind.EXPORT, title="导出", parameters=asked)
    jobs.run(again.pk)
    again.refresh_from_db()
    assert (again.state, again.file_key) == ("failed", None)
    assert "没有办理这项业务的权限" in again.words


def test_one_that_is_running_is_not_started_twice(log_in, staff, county, organizations):
    asked = {"path": LIST, "query": "export=xlsx", "kind": "xlsx"}
    open_ = Job.objects.create(by=staff, area=county, kind=Job.Kind.EXPORT, title="导出", parameters=asked)
    assert exported(log_in(staff)) == open_
    assert Job.objects.count() == 1


def test_after_its_time_a_file_is_not_offered_and_then_gone(log_in, staff, organizations):
    client = log_in(staff)
    job = exported(client)
    path = files.path_of(job.file_key)
    assert path.exists()
    Job.objects.update(finished_at=timezone.now() - dt.timedelta(hours=25))
    assert client.get(reverse("exchange:job_file", args=[job.pk])).status_code == 404
    call_command("sweep_exchange", verbosity=0)
    assert not path.exists()
    assert Job.objects.get(pk=job.pk).file_key is None
    assert f"下载 {job.file_name}" not in client.get(job.get_absolute_url()).content.decode()


def test_a_list_that_breaks_leaves_no_file(staff, county, organizations, monkeypatch, tmp_path):
    def breaks(*args, **kwargs):
        raise OSError("disk full")

    monkeypatch.setattr(exports, "write_table", breaks)
    asked = {"path": LIST, "query": "", "kind": "xlsx"}
    job = Job.objects.create(by=staff, area=county, kind=Job.Kind.EXPORT, title="导出", parameters=asked)
    with pytest.raises(OSError, match="disk full"):
        jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == "failed" and "请稍后重新开始" in job.words
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_auditors_export_the_trail_too(log_in, county, staff):
    unit = make_unit(area=county, name="某局")
    for _ in range(5):
        record(staff, "updated", unit)
    client = log_in(make_user(role=Role.AUDITOR, area=county, name="王某丙"))
    job = exported(client, "?export=csv", "/accounts/audit/")
    assert job.state == "done"
    assert client.get(job.get_absolute_url()).status_code == 200


def test_contents_of_old_uploads_leave_and_what_was_not_written_is_given_up(staff, county):
    fields = {"area": county, "by": staff, "workbook": "organizations", "file_name": "名册.xlsx", "digest": "0" * 64}
    old = ImportBatch.objects.create(**fields, content=b"rows", blocks=b"[]", state="preview")
    done = ImportBatch.objects.create(
        **fields, content=b"rows", blocks=b"[]", lines=b"[]", written=b"[]", state="written"
    )
    young = ImportBatch.objects.create(**fields, content=b"rows", blocks=b"[]", state="preview")
    ImportBatch.objects.exclude(pk=young.pk).update(at=timezone.now() - dt.timedelta(days=8))
    call_command("sweep_exchange", verbosity=0)
    for batch in (old, done, young):
        batch.refresh_from_db()
    assert (old.state, old.content, old.blocks) == ("dropped", None, None)
    assert (done.state, done.content, done.written, done.lines) == ("written", None, None, b"[]")
    assert (young.state, young.content) == ("preview", b"rows")
