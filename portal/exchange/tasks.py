"""The work that jobs do, by kind; carried out by `manage.py db_worker`."""

from typing import Any

from django_tasks import task

from portal.exchange.models import Job
from portal.exchange.services import batches, jobs


@task()
def run_job(pk: int) -> None:
    jobs.run(pk)


def enqueue(pk: int) -> Any:
    return run_job.enqueue(pk)


def plan(job: Job, progress: jobs.Progress) -> str:
    """Compare an upload with the register."""
    lines = batches.plan(job.batch, by=job.by, progress=progress)
    return f"核对了 {len(lines)} 行。"


def write(job: Job, progress: jobs.Progress) -> str:
    """Write a batch as it was looked at."""
    asked = job.parameters
    batch = batches.write(
        job.batch, by=job.by, expected=asked["version"], only_right=asked["only_right"], progress=progress
    )
    return f"写入完成：新增 {batch.counts['new']} 行，更新 {batch.counts['changed']} 行。"


jobs.HANDLERS.update({Job.Kind.PLAN: plan, Job.Kind.WRITE: write})
