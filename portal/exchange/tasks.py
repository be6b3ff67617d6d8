"""The work that jobs do, by kind; carried out by `manage.py db_worker`."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django_tasks import task

from portal.exchange.models import ImportBatch, Job
from portal.exchange.services import batches, exports, jobs
from portal.kit.collector import settle
from portal.kit.models import StaleVersionError

NAMED = 5  # rows that a refusal names


@task()
def run_job(pk: int) -> None:
    settle()
    jobs.run(pk)
    sweep()


def sweep() -> tuple[int, int]:
    """Remove what is not kept any longer: (contents of uploads, exported files)."""
    return batches.purge(), exports.purge()


def enqueue(pk: int) -> Any:
    return run_job.enqueue(pk)


def plan(job: Job, progress: jobs.Progress) -> str:
    """Compare an upload with the register."""
    try:
        lines = batches.plan(_batch(job), by=job.by, progress=progress)
    except StaleVersionError as error:
        raise ValidationError("核对期间这一批又有改动，请重新核对。") from error
    return f"核对了 {len(lines)} 行。"


def write(job: Job, progress: jobs.Progress) -> str:
    """Write a batch as it was looked at."""
    asked = job.parameters
    try:
        batch = batches.write(
            _batch(job), by=job.by, expected=asked["version"], only_right=asked["only_right"], progress=progress
        )
    except StaleVersionError as error:
        raise ValidationError("预览已被重新生成，没有写入任何内容，请核对后再写入。") from error
    return f"写入完成：新增 {batch.counts['new']} 行，更新 {batch.counts['changed']} 行。"


def undo(job: Job, progress: jobs.Progress) -> str:
    """Take a batch back; where rows were touched since, the words name the first of them."""
    refused = batches.take_back(_batch(job), by=job.by)
    if refused:
        named = "；".join(f"{trace.sheet} 第 {trace.number} 行{why}" for trace, why in refused[:NAMED])
        raise ValidationError(
            f"有 {len(refused)} 行不能撤销，因此没有撤销任何内容：{named}{'等' if len(refused) > NAMED else ''}。"
        )
    return "已撤销：这一批写入的内容已全部复原。"


def _batch(job: Job) -> ImportBatch:
    if job.batch is None:
        raise ValidationError("导入批次已经不在了，请重新上传文件。")
    return job.batch


jobs.HANDLERS.update({Job.Kind.PLAN: plan, Job.Kind.WRITE: write, Job.Kind.UNDO: undo, Job.Kind.EXPORT: exports.write})


def export_in_background(request: HttpRequest, title: str, kind: str) -> str:
    """settings.LONG_EXPORT: where the export of a long list can be watched."""
    return exports.start(request, title, kind, enqueue).get_absolute_url()
