"""Jobs of imports: when there is one, what its page says of it, what becomes of it when its worker dies, and whose it is."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from organizations.models import Organization
from portal.accounts.roles import Role
from portal.exchange import tasks, views
from portal.exchange.models import Job
from portal.exchange.services import batches, jobs
from portal.kit.workbooks import imports
from tests.exchange.desk import Desk, Page
from tests.factories import make_county, make_township, make_user

HEAD = "乡镇,类别,名称,成立日期\n"
CSV = f"{HEAD}水坪镇,乡镇商会,第一商会,2020-01-01\n水坪镇,镇级乡贤理事会,第二理事会,2021-03-01\n"
LIMIT = 1  # rows that a page works on itself


@pytest.fixture
def county(db):
    county = make_county(name="测试甲县")
    make_township(parent=county, name="水坪镇")
    return county


@pytest.fixture
def desk(county, settings):
    settings.IMPORT_PAGE_ROWS = LIMIT
    return Desk(make_user(role=Role.STAFF, area=county, name="张某甲"), "organizations")


@pytest.fixture
def no_worker(monkeypatch):
    """Jobs are queued and nobody takes them."""
    monkeypatch.setattr(views, "enqueue", lambda pk: None)


def sent(desk, text=CSV):
    return desk.upload(text.encode(), "组织.csv")


def restart(desk, job):
    return Page(desk.client.post(reverse("exchange:job_restart", args=[job.pk]), follow=True))


def job_page(desk, job):
    return Page(desk.client.get(job.get_absolute_url()))


class TestWhen:
    def test_a_small_file_needs_no_job(self, desk, settings):
        settings.IMPORT_PAGE_ROWS = 2
        assert sent(desk).outcomes == {2: "新增", 3: "新增"}
        assert Job.objects.count() == 0

    def test_a_large_one_is_compared_in_the_background(self, desk, no_worker):
        page = sent(desk)
        assert "排队中" in page.text and "可以离开这一页" in page.text and not page.rows
        jobs.run(Job.objects.get().pk)
        assert desk.page().outcomes == {2: "新增", 3: "新增"}

    def test_while_it_waits_no_second_one_begins_and_nothing_is_written(self, desk, no_worker):
        sent(desk)
        jobs.run(Job.objects.get().pk)
        desk.act("write")
        assert desk.page().button("写入全部 2 行") is None
        for step in ("write", "answer", "replan", "drop"):
            page = desk.act(step, row="组织!2", column="name", value="别的商会")
            assert "正在后台处理" in page.text
        assert desk.batch.answers == {} and desk.batch.state == "preview"
        assert Job.objects.filter(kind="write").count() == 1
        assert Organization.objects.count() == 0

    def test_columns_stay_while_they_are_compared(self, desk, no_worker):
        sent(desk)
        before = desk.batch.columns
        page = desk.act("columns", **{f"column-0-{n}": "" for n in range(4)})
        assert "正在后台处理" in page.text and desk.batch.columns == before

    def test_when_nobody_works_the_page_says_whom_to_ask(self, desk, no_worker, settings):
        page = sent(desk)
        assert "没有运行" not in page.text
        Job.objects.update(alive_at=timezone.now() - dt.timedelta(seconds=settings.JOB_LOST_SECONDS + 1))
        assert "后台处理程序可能没有运行，请联系系统管理员" in desk.page().text


class TestProgress:
    def bar(self, desk):
        return desk.page().tree.xpath("//progress")[0]

    def test_nobody_knows_yet_is_not_all_done(self, desk, no_worker):
        sent(desk)
        assert self.bar(desk).get("value") is None

    def test_it_says_what_is_done_and_never_all_before_the_end(self, desk, no_worker):
        sent(desk)
        Job.objects.update(state="running", done=1, total=4)
        assert self.bar(desk).get("value") == "25" and "已处理 1 / 4 行" in desk.page().text
        Job.objects.update(done=4)
        assert self.bar(desk).get("value") == "99"

    def test_the_page_asks_again_until_it_is_over(self, desk, no_worker):
        sent(desk)
        job = Job.objects.get()
        fragment = desk.client.get(job.get_absolute_url(), headers={"HX-Request": "true"}).content.decode()
        assert 'hx-trigger="every 2s"' in fragment and "<html" not in fragment
        jobs.run(job.pk)
        fragment = desk.client.get(job.get_absolute_url(), headers={"HX-Request": "true"}).content.decode()
        assert "hx-trigger" not in fragment and "核对了 2 行" in fragment

    @pytest.mark.django_db(transaction=True)
    def test_what_it_says_only_grows(self, desk, no_worker, monkeypatch):
        monkeypatch.setattr(jobs, "BETWEEN_WORDS", 0)
        monkeypatch.setattr(imports, "TICK", 2)
        said, plain = [], jobs._telling

        def listening(job):
            tell = plain(job)

            def heard(done, total):
                tell(done, total)
                said.append(Job.objects.values_list("done", "total").get(pk=job.pk))

            return heard

        monkeypatch.setattr(jobs, "_telling", listening)
        sent(desk, HEAD + "".join(f"水坪镇,乡镇商会,第{n}商会,2020-01-01\n" for n in range(7)))
        jobs.run(Job.objects.get().pk)
        assert said == [(2, 7), (4, 7), (6, 7), (7, 7)]


class TestFailures:
    def test_why_it_failed_stands_on_the_job_and_on_the_batch(self, desk):
        sent(desk, CSV + "水坪镇,乡镇商会,第三商会,明年\n")
        desk.act("write")
        job = Job.objects.first()
        assert (job.state, desk.batch.state) == ("failed", "preview")
        for page in (desk.page(), job_page(desk, job)):
            assert "还有" in page.text and "行没有通过" in page.text
        assert Organization.objects.count() == 0

    @pytest.mark.parametrize("late", ["packed", "record"])
    def test_one_that_breaks_halfway_writes_nothing_and_can_be_begun_again(self, desk, monkeypatch, late):
        sent(desk)
        with monkeypatch.context() as broken:
            broken.setattr(batches, late, None)  # what comes after the rows were written
            desk.act("write")
        job = Job.objects.first()
        assert job.state == "failed" and "没有写入任何内容" in desk.page().text
        assert Organization.objects.count() == 0
        restart(desk, job)
        assert (Organization.objects.count(), desk.page().outcomes) == (2, {2: "新增", 3: "新增"})

    def test_the_account_of_a_job_was_closed(self, desk, no_worker):
        sent(desk)
        type(desk.user).objects.update(is_active=False)
        jobs.run(Job.objects.get().pk)
        assert Job.objects.get().words == "账号已停用。"

    def test_a_preview_of_what_has_changed_meanwhile_is_not_kept(self, desk, no_worker, monkeypatch):
        sent(desk)
        plain = batches.planned

        def answered_meanwhile(batch, workbook, progress):
            type(batch).objects.update(version=batch.version + 1)
            return plain(batch, workbook, progress)

        monkeypatch.setattr(batches, "planned", answered_meanwhile)
        jobs.run(Job.objects.get().pk)
        assert Job.objects.get().words == "核对期间这一批又有改动，请重新核对。"
        assert desk.page().rows == {} and desk.batch.lines is None


class TestLostWorkers:
    @pytest.fixture
    def lost(self, desk, no_worker, settings):
        sent(desk)
        silent = timezone.now() - dt.timedelta(seconds=settings.JOB_LOST_SECONDS + 1)
        Job.objects.update(state="running", done=1, total=2, alive_at=silent)
        return Job.objects.get()

    def test_whoever_looks_is_told_and_nothing_is_written(self, desk, lost):
        for page in (desk.page(), job_page(desk, lost)):
            assert "处理中断" in page.text and "没有写入任何内容，可以重新开始" in page.text
            assert page.button("重新开始") is not None
        assert "已中断" in Page(desk.client.get(reverse("exchange:job_list"))).text

    def test_one_that_spoke_a_moment_ago_is_not_lost(self, desk, lost):
        Job.objects.update(alive_at=timezone.now())
        assert "处理中断" not in desk.page().text

    def test_it_is_begun_again(self, desk, lost, monkeypatch):
        desk.page()
        monkeypatch.setattr(views, "enqueue", tasks.enqueue)
        assert restart(desk, lost).outcomes == {2: "新增", 3: "新增"}
        lost.refresh_from_db()
        assert (lost.state, lost.words) == ("done", "核对了 2 行。")
        assert "不用重新开始" in restart(desk, lost).text

    def test_one_that_was_only_slow_is_done_after_all(self, desk, lost):
        """Inside the one transaction of a write nobody hears of it; what it did is said when it ends."""
        desk.page()
        lost.refresh_from_db()
        assert lost.state == "lost"
        jobs._end(lost, "done", "写入完成：新增 2 行，更新 0 行。")
        assert "写入完成" in job_page(desk, lost).text


class TestWhose:
    def test_nobody_else_sees_or_restarts_it(self, desk, county):
        sent(desk)
        job = Job.objects.get()
        other = Desk(make_user(role=Role.STAFF, area=county, name="李某乙"))
        assert other.client.get(job.get_absolute_url()).status_code == 404
        assert other.client.post(reverse("exchange:job_restart", args=[job.pk])).status_code == 404
        for name in ("job_list", "home"):
            assert job.title not in Page(other.client.get(reverse(f"exchange:{name}"))).text
        assert job.title in Page(desk.client.get(reverse("exchange:job_list"))).text

    def test_the_work_is_done_under_the_rights_of_the_day(self, desk, no_worker):
        sent(desk)
        desk.user.grants.all().delete()
        jobs.run(Job.objects.get().pk)
        job = Job.objects.get()
        assert job.state == "failed" and "不能导入" in job.words

    def test_a_batch_that_is_gone_is_said(self, desk):
        with pytest.raises(ValidationError, match="请重新上传文件"):
            tasks.plan(Job(by=desk.user), lambda done, total: None)
