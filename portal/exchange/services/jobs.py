"""Background jobs: started with the request's own transaction, carried out by a worker, honest about how far they are.

A task of django-tasks only names the job; what the page shows is the Job row. A killed worker leaves its task RUNNING for
ever (libraries.md 5), so a job that said nothing for JOB_LOST_SECONDS is called lost by whoever looks, and may be started again.
"""

import datetime as dt
import hashlib
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from portal.audit.models import Action, record
from portal.exchange.models import ImportBatch, Job

logger = logging.getLogger(__name__)
State = Job.State
Progress = Callable[[int, int], None]
Handler = Callable[[Job, Progress], str]
BETWEEN_WORDS = 0.5  # seconds between two words on how far a job is
HANDLERS: dict[str, Handler] = {}  # kind → what it does; filled by portal/exchange/tasks.py


@transaction.atomic
def start(
    kind: str, title: str, *, by: Any, enqueue: Callable[[int], Any], batch: ImportBatch | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Job:  # fmt: skip
    """Queue a job for `by`; it is there exactly when the caller's transaction is."""
    job = Job.objects.create(
        kind=kind, title=title[:150], by=by, batch=batch, parameters=dict(parameters or {}), area=home_of(by), reach=reach_of(by)
    )  # fmt: skip
    record(by, Action.CREATED, job, words=f"发起后台任务：{job.title}")
    enqueue(job.pk)
    return job


def run(pk: int) -> None:
    """Carry a queued job out; what goes wrong is written on the job in words that a person can use."""
    if not Job.objects.filter(pk=pk, state=State.QUEUED).update(state=State.RUNNING, alive_at=timezone.now()):
        return
    job = Job.objects.select_related("by", "batch").get(pk=pk)
    try:
        if not job.by.is_active:
            raise PermissionDenied("账号已停用。")
        words = HANDLERS[job.kind](job, _telling(job))
    except (ValidationError, PermissionDenied) as error:
        _end(job, State.FAILED, "；".join(getattr(error, "messages", [str(error)])))
    except Exception:
        logger.exception("Job %s failed", pk)
        _end(job, State.FAILED, "程序出错，没有写入任何内容。请稍后重新开始；仍不行的请联系系统管理员。")
        raise
    else:
        _end(job, State.DONE, words)


def reap(now: dt.datetime | None = None) -> int:
    """Call jobs lost whose worker fell silent; how many."""
    silent = (now or timezone.now()) - dt.timedelta(seconds=settings.JOB_LOST_SECONDS)
    words = "处理中断（后台程序被终止），没有写入任何内容，可以重新开始。"
    return Job.objects.filter(state=State.RUNNING, alive_at__lt=silent).update(
        state=State.LOST, words=words, version=F("version") + 1
    )


@transaction.atomic
def restart(job: Job, *, by: Any, enqueue: Callable[[int], Any]) -> Job:
    """Queue a job again that was lost or failed."""
    job = Job.objects.select_for_update(of=("self",)).get(pk=job.pk)
    if job.is_open or job.state == State.DONE:
        raise ValidationError(f"任务{job.get_state_display()}，不用重新开始。")
    job.state, job.words, job.done, job.version = State.QUEUED, "", 0, job.version + 1
    job.alive_at, job.reach = timezone.now(), reach_of(by)
    job.save()
    record(by, Action.OPENED, job, words=f"重新开始后台任务：{job.title}")
    enqueue(job.pk)
    return job


def waits_for_nobody(job: Job, now: dt.datetime | None = None) -> bool:
    """Whether a job has waited so long that no worker seems to run."""
    silent = (now or timezone.now()) - dt.timedelta(seconds=settings.JOB_LOST_SECONDS)
    return job.state == State.QUEUED and job.alive_at < silent


def expired_files(now: dt.datetime | None = None) -> Q:
    limit = (now or timezone.now()) - dt.timedelta(hours=settings.EXPORT_KEEP_HOURS)
    return Q(finished_at__lt=limit) & ~Q(file_key=None)


def reach_of(user: Any) -> str:
    """What tells one set of rights from another: a file is handed out only under the rights it was made with."""
    held = sorted(f"{g.role}:{g.area_id}:{g.unit_id}" for g in user.held_grants)
    return hashlib.sha256(";".join(held).encode()).hexdigest()


def home_of(user: Any) -> Any:
    """The area under which a user's own jobs stand."""
    grants = [grant for grant in user.held_grants if grant.area or grant.unit]
    return (grants[0].area or grants[0].unit.area) if grants else None


def _telling(job: Job) -> Progress:
    last = 0.0

    def tell(done: int, total: int) -> None:
        nonlocal last
        if transaction.get_connection().in_atomic_block or time.monotonic() - last < BETWEEN_WORDS:
            return  # inside a transaction nobody could read it
        last = time.monotonic()
        Job.objects.filter(pk=job.pk).update(done=done, total=total, alive_at=timezone.now())

    return tell


def _end(job: Job, state: str, words: str) -> None:
    now = timezone.now()
    fields = {"state": state, "words": words[:300], "finished_at": now, "alive_at": now, "version": F("version") + 1}
    if job.file_key:
        fields |= {"file_key": job.file_key, "file_name": job.file_name, "rows": job.rows}
    ours = {State.RUNNING, State.LOST}  # lost: it was slow and silent, not dead
    Job.objects.filter(pk=job.pk, state__in=ours).update(**fields)
