"""Lists of many rows: written in the background by the same view that shows them, kept 24 hours for who asked."""

import uuid
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.test import RequestFactory
from django.urls import Resolver404, resolve

from portal.exchange.models import Job
from portal.exchange.services import jobs
from portal.kit import files
from portal.kit.access import refuse_unless
from portal.kit.workbooks.exports import EXPORTS, export_name, write_table


def start(request: Any, title: str, kind: str, enqueue: Any) -> Job:
    """The job that writes the list at the request's address; one that is open already is not started twice."""
    asked = {"path": request.path, "query": request.GET.urlencode(), "kind": kind}
    running = Job.objects.filter(by=request.user, kind=Job.Kind.EXPORT, state__in=[Job.State.QUEUED, Job.State.RUNNING])
    found = running.filter(parameters=asked).first()
    return found or jobs.start(
        Job.Kind.EXPORT, f"导出 {title}（{EXPORTS[kind]}）", by=request.user, parameters=asked, enqueue=enqueue
    )


def write(job: Job, progress: jobs.Progress) -> str:
    """Write the list under the rights that its owner has now."""
    view = _view(job)
    table, filterset = view.get_table()
    kind, title = job.parameters["kind"], view.get_title()
    key = uuid.uuid4()
    with files.writing(key) as path:
        job.rows = write_table(path, kind, title, table, view.filter_words(filterset), job.by, progress)
    job.file_key, job.file_name = key, f"{export_name(title, job.by)}.{kind}"
    return f"导出完成，共 {job.rows} 行。"


def purge() -> int:
    """Remove files whose time is over; how many."""
    gone = Job.objects.filter(jobs.expired_files())
    keys = [key for key in gone.values_list("file_key", flat=True) if key]
    for key in keys:
        files.path_of(key).unlink(missing_ok=True)
    return Job.objects.filter(file_key__in=keys).update(file_key=None)


def _view(job: Job) -> Any:
    """The list's view, as the job's owner would open it. Raises ValidationError, PermissionDenied."""
    asked = job.parameters
    try:
        found = resolve(asked["path"])
    except Resolver404 as error:
        raise ValidationError("要导出的列表已经不在了，请从页面重新导出。") from error
    request: Any = RequestFactory().get(asked["path"])
    request.GET, request.user, made = QueryDict(asked["query"]), job.by, cast(Any, found.func)
    view = made.view_class(**made.view_initkwargs)
    view.setup(request, *found.args, **found.kwargs)
    refuse_unless(job.by, type(view).access or ())
    return view
