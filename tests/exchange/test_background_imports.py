"""Many rows: compared, written and taken back by jobs, whose words say what came of it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from organizations.models import Organization
from portal.accounts.roles import Role
from portal.exchange.models import ImportBatch, Job
from tests.factories import make_county, make_township, make_user

CSV = "乡镇,类别,名称,成立日期\n水坪镇,乡镇商会,水坪商会,2020-01-01\n水坪镇,镇级乡贤理事会,水坪乡贤理事会,2021.3.1\n"


@pytest.fixture
def staff(db):
    county = make_county(name="测试甲县")
    make_township(parent=county, name="水坪镇")
    return make_user(role=Role.STAFF, area=county, name="张某甲")


@pytest.fixture
def desk(client, staff, settings):
    settings.IMPORT_PAGE_ROWS = 0
    client.force_login(staff)
    return client


def uploaded(desk, text=CSV):
    file = SimpleUploadedFile("组织.csv", text.encode(), "text/csv")
    response = desk.post(reverse("exchange:import_create", args=["organizations"]), {"file": file})
    assert response.status_code == 302, response.context["form"].errors
    return ImportBatch.objects.get()


def act(desk, batch, step, **fields):
    batch.refresh_from_db()
    desk.post(reverse(f"exchange:batch_{step}", args=[batch.pk]), {"version": batch.version, **fields})
    batch.refresh_from_db()
    return Job.objects.first()


def test_each_step_is_a_job_of_its_own(desk):
    batch = uploaded(desk)
    assert batch.counts["new"] == 2, batch.lines
    job = act(desk, batch, "write")
    assert (job.kind, job.state, job.words) == ("write", "done", "写入完成：新增 2 行，更新 0 行。")
    assert Organization.objects.count() == 2
    job = act(desk, batch, "undo")
    assert (job.kind, job.state, batch.state) == ("undo", "done", "undone")
    assert Organization.objects.count() == 0
    assert [job.kind for job in Job.objects.order_by("pk")] == ["plan", "write", "undo"]


def test_an_undo_that_is_refused_names_the_rows_and_changes_nothing(desk):
    batch = uploaded(desk)
    act(desk, batch, "write")
    touched = Organization.objects.get(name="水坪商会")
    touched.note, touched.version = "又有人改过", touched.version + 1
    touched.save()
    job = act(desk, batch, "undo")
    assert (job.state, batch.state) == ("failed", "written")
    assert "有 1 行不能撤销，因此没有撤销任何内容" in job.words and "第 2 行写入以后又有人改过" in job.words
    assert Organization.objects.count() == 2
    assert job.words in desk.get(batch.get_absolute_url()).content.decode()


def test_pressed_twice_it_is_done_once(desk):
    batch = uploaded(desk)
    act(desk, batch, "write", idempotency_key="a" * 32)
    act(desk, batch, "write", idempotency_key="a" * 32)
    assert Job.objects.filter(kind="write").count() == 1


def test_the_same_file_is_recognized_by_its_digest(desk):
    first = uploaded(desk)
    assert "同一个文件" not in desk.get(first.get_absolute_url()).content.decode()
    act(desk, first, "write")
    file = SimpleUploadedFile("另一个名字.csv", CSV.encode(), "text/csv")
    desk.post(reverse("exchange:import_create", args=["organizations"]), {"file": file})
    again = ImportBatch.objects.exclude(pk=first.pk).get()
    assert again.digest == first.digest and (again.counts["new"], again.counts["changed"]) == (0, 0)
    page = desk.get(again.get_absolute_url()).content.decode()
    assert "同一个文件已由 张某甲" in page and first.get_absolute_url() in page
