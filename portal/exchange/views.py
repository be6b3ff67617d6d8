"""Data in and out: registers, the import wizard's four steps, batches, background jobs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from portal.audit.models import Action, record
from portal.exchange.filters import ImportBatchFilterSet
from portal.exchange.forms import UploadForm
from portal.exchange.models import HEAVY, ImportBatch, Job, unpacked
from portal.exchange.registers import WORKBOOKS, find, may_import, readable
from portal.exchange.services import batches, downloads, jobs
from portal.exchange.tables import ImportBatchTable, JobTable
from portal.exchange.tasks import enqueue
from portal.kit import files, views
from portal.kit.access import permission_required
from portal.kit.forms import KeyedForm
from portal.kit.models import StaleVersionError
from portal.kit.views import act_once, history_of, permitted_or_404, reported
from portal.kit.workbooks.cells import date_of, text_of
from portal.kit.workbooks.exports import XLSX
from portal.kit.workbooks.imports import Outcome, Workbook

HOME: tuple[str, str | None] = ("导入导出", "/exchange/")
BATCHES = ImportBatch.objects.select_related("by", "area", "unit")
State = ImportBatch.State
PAGE = 100
FEW_DIGITS = 7  # no phone has fewer
OFFERED = 12  # quarters or standards whose templates a page offers
STEPS = ("选择文件", "列对应", "核对变化", "写入")
TONES = {
    Outcome.NEW: "green", Outcome.CHANGED: "blue", Outcome.UNCHANGED: "grey", Outcome.DUPLICATE: "amber", Outcome.ERROR: "red",
    Outcome.SCOPE: "red", Outcome.SKIPPED: "grey",
}  # fmt: skip
SEE, IMPORT = "exchange.view_importbatch", "exchange.add_importbatch"


@require_GET
@permission_required(SEE)
def home(request: HttpRequest) -> HttpResponse:
    """Every register with its templates, and what was imported last."""
    registers = [
        {
            "name": name,
            "label": WORKBOOKS[name].label,
            "may_import": may_import(request.user, WORKBOOKS[name]),
            "asks": WORKBOOKS[name].asks,
        }
        for name in readable(request.user)
    ]
    return render(request, "exchange/home.html", {
        "title": "导入导出", "crumbs": [("数据与系统", None)], "registers": registers,
        "batches": _batches(request.user).permitted(request.user).defer(*HEAVY)[:5], "jobs": Job.objects.permitted(request.user)[:5],
    })  # fmt: skip


@require_GET
@permission_required(SEE)
def template(request: HttpRequest, name: str) -> HttpResponseBase:
    """A register's template; with ?data=1 filled with what is stored."""
    workbook = _workbook(name)
    with_data = request.GET.get("data") == "1"
    needed = [workbook.view_permission] if with_data else [*workbook.permissions, workbook.view_permission]
    if not any(request.user.has_perm(permission) for permission in needed):
        raise PermissionDenied("您的账号没有这个登记册的权限。")
    try:
        opened = workbook(request.user, request.GET.dict())
    except ValidationError as error:
        messages.error(request, "；".join(error.messages))
        return redirect("exchange:home")
    title = f"{workbook.label}{'更新表' if with_data else '模板'}"
    with transaction.atomic():
        record(request.user, Action.EXPORTED, words=f"下载{title}")
    return downloads.response(
        downloads.template(opened, with_data=with_data), f"{title}-{timezone.localdate()}.xlsx", XLSX
    )


@permission_required(IMPORT)
def import_create(request: HttpRequest, name: str) -> HttpResponse:
    """Step 1: the file."""
    workbook = _workbook(name)
    if not may_import(request.user, workbook):
        raise PermissionDenied(f"您的账号不能导入{workbook.label}。")
    choices = workbook.choices_of(request.user)
    form = UploadForm(request.POST or None, request.FILES or None, choices=choices)
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(_uploaded(request, workbook, form))
        except ValidationError as error:
            form.add_error("file", error)
    return render(request, "exchange/import.html", {
        "title": f"导入{workbook.label}", "crumbs": [HOME], "form": form, "register": workbook, "steps": _steps(0),
        "words": workbook.words, "offers": [(str(row), f"{key}={row.pk}") for key, rows in choices.items() for row in rows[:OFFERED]],
    }, status=422 if form.errors else 200)  # fmt: skip


def _uploaded(request: HttpRequest, workbook: type[Workbook], form: UploadForm) -> ImportBatch:
    upload, chosen = form.cleaned_data["file"], form.cleaned_data
    parameters = {name: chosen[name].pk for name in form.fields if hasattr(chosen.get(name), "pk")}
    content = upload.read(settings.UPLOAD_MAX_BYTES + 1)
    batch = batches.upload(workbook.name, upload.name, content, by=request.user, parameters=parameters)
    missing = batches.lacking(batch, workbook(request.user, parameters))
    if not batches.unclear(batch) and not missing:
        _plan(request, batch)
    for problem in missing:
        messages.error(request, f"{problem.words}请在下面选择哪一列是它；文件里没有的，请补上后重新上传。")
    return batch


class BatchListView(views.ListView):
    model = ImportBatch
    queryset = BATCHES.defer(*HEAVY)
    table_class = ImportBatchTable
    filterset_class = ImportBatchFilterSet
    crumbs = [HOME]
    empty_title = "还没有导入过"
    empty_hint = "在“导入导出”页选择登记册，下载模板填写后上传。"

    def get_title(self) -> str:
        return "导入批次"

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(workbook__in=readable(self.request.user))


@require_GET
@permission_required(SEE)
def batch_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Where a batch is on its road: its columns, its preview, what was written."""
    jobs.reap()
    batch = permitted_or_404(_batches(request.user), request.user, pk=pk)
    job = batch.jobs.first()
    context = {"batch": batch, "register": find(batch.workbook), "crumbs": [HOME, ("导入批次", reverse("exchange:batch_list"))],
               "form": KeyedForm(), "job": job, "may_change": request.user.has_perm("exchange.change_importbatch", batch)}  # fmt: skip
    if job and job.is_open:
        return render(request, "exchange/batch_waiting.html", context | {
            "title": batch.file_name, "steps": _steps(2 if job.kind == Job.Kind.PLAN else 3), "nobody": jobs.waits_for_nobody(job),
        })  # fmt: skip
    context["twin"] = _twin(batch, request.user)
    if batch.state == State.COLUMNS and batch.blocks:
        return render(request, "exchange/batch_columns.html", context | _columns_context(batch, request.user))
    preview = Preview(batch, request)
    title = f"导入{context['register'].label}：{batch.file_name}"
    context |= {"title": title, "preview": preview, "steps": _steps(2 if batch.state == State.PREVIEW else 4)}
    return render(request, "exchange/batch_detail.html", context | {"history": history_of(batch)})


def _columns_context(batch: ImportBatch, user: Any) -> dict[str, Any]:
    """Each heading with three of its cells and the columns it may be."""
    workbook = batches.workbook_of(batch, user)
    choices = [
        ("", "不导入这一列"),
        *[(c.name, f"{c.label}{'（必填）' if c.required else ''}") for c in workbook.columns],
    ]
    blocks = []
    for number, (block, names) in enumerate(zip(batches.book_of(batch).blocks, batch.columns, strict=True)):
        heads = [
            {"key": f"column-{number}-{index}", "head": head, "chosen": name, "unclear": name is None,
             "samples": "、".join(filter(None, (_sample(row.cells[index]) for row in block.rows[:3])))}
            for index, (head, name) in enumerate(zip(block.heads, names, strict=True))
        ]  # fmt: skip
        blocks.append({"sheet": block.sheet, "heads": heads, "rows": len(block.rows)})
    return {"title": f"列对应：{batch.file_name}", "blocks": blocks, "choices": choices, "steps": _steps(1)}


def _sample(cell: Any) -> str:
    """What a cell begins with; of what may be a phone the last two digits."""
    text = text_of(cell)
    if sum(char.isdigit() for char in text) < FEW_DIGITS:
        return text[:12]
    try:
        return str(date_of(cell))
    except ValidationError:
        return f"…{text[-2:]}"


@require_POST
@permission_required(IMPORT)
def batch_columns(request: HttpRequest, pk: int) -> HttpResponse:
    """Step 2: what each heading means."""
    batch = permitted_or_404(_batches(request.user), request.user, "change", pk=pk)
    chosen: list[list[str | None]] = [
        [request.POST.get(f"column-{number}-{index}") for index in range(len(names))]
        for number, names in enumerate(batch.columns)
    ]
    try:
        _refuse_busy(batch)
        batch = batches.choose_columns(batch, chosen, by=request.user)
        if batches.unclear(batch):
            messages.error(request, "还有列没有选择对应关系：请为每一列选择，或选“不导入这一列”。")
        else:
            _plan(request, batch)
    except ValidationError as error:
        for words in error.messages:
            messages.error(request, words)
    return redirect(batch)


@require_POST
@permission_required(IMPORT)
def batch_replan(request: HttpRequest, pk: int) -> HttpResponse:
    """Compare again: after a change of the registers, or to begin with."""
    batch = permitted_or_404(_batches(request.user), request.user, "change", pk=pk)
    try:
        _plan(request, batch)
    except ValidationError as error:
        messages.error(request, "；".join(error.messages))
    return redirect(batch)


@require_POST
@permission_required(IMPORT)
def batch_answer(request: HttpRequest, pk: int) -> HttpResponse:
    """Step 3: a suggestion taken, a cell corrected, a possible duplicate decided."""
    batch = permitted_or_404(_batches(request.user), request.user, "change", pk=pk)
    key, column = request.POST.get("row", ""), request.POST.get("column", "")
    value = request.POST.get("value", "")[:200]
    if key.rpartition("!")[2].isdigit():
        with reported(request, "已按您的选择重新核对。"):
            _refuse_busy(batch)
            answers = (
                batches.same_cells(batch, key, column, value) if request.POST.get("all") else {key: {column: value}}
            )
            _plan(request, batches.answer(batch, answers, by=request.user))
    query = request.POST.get("query", "")
    return redirect(f"{batch.get_absolute_url()}?{query}" if query else batch.get_absolute_url())


@require_POST
@permission_required(IMPORT)
def batch_write(request: HttpRequest, pk: int) -> HttpResponse:
    """Step 4: all, or the rows that are right."""
    batch = permitted_or_404(_batches(request.user), request.user, "change", pk=pk)
    version = int(request.POST.get("version") or 0) if request.POST.get("version", "").isdigit() else 0
    only_right = request.POST.get("only_right") == "1"
    try:
        act_once(request, lambda: _write(request, batch, version, only_right))
    except StaleVersionError:
        messages.error(request, "预览已被重新生成，请核对后再写入。")
    except ValidationError as error:
        messages.error(request, "；".join(error.messages))
        if error.code == "changed":
            _plan(request, batch)
    return redirect(batch)


def _write(request: HttpRequest, batch: ImportBatch, version: int, only_right: bool) -> None:
    if _is_large(batch):
        _start(request, Job.Kind.WRITE, "写入", batch, version=version, only_right=only_right)
        return
    written = batches.write(batch, by=request.user, expected=version, only_right=only_right)
    counts = written.counts
    messages.success(request, f"写入完成：新增 {counts['new']} 行，更新 {counts['changed']} 行。")


@require_POST
@permission_required(IMPORT)
def batch_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a written batch back while nobody touched its rows."""
    batch = permitted_or_404(_batches(request.user), request.user, "change", pk=pk)
    try:
        refused = act_once(request, lambda: _undo(request, batch))
    except ValidationError as error:
        messages.error(request, "；".join(error.messages))
        return redirect(batch)
    if isinstance(refused, Job):
        return redirect(batch)
    if refused:
        title = f"不能撤销：{batch.file_name}"
        context = {"title": title, "batch": batch, "refused": refused[:PAGE], "total": len(refused), "crumbs": [HOME]}
        return render(request, "exchange/batch_refused.html", context, status=409)
    messages.success(request, "已撤销：这一批写入的内容已全部复原。")
    return redirect(batch)


def _undo(request: HttpRequest, batch: ImportBatch) -> Any:
    """Take back now, or in the background: a job, or the rows that refuse."""
    if sum(batch.counts.get(name, 0) for name in ("new", "changed")) > batches.page_rows():
        return _start(request, Job.Kind.UNDO, "撤销", batch)
    return batches.take_back(batch, by=request.user)


@require_POST
@permission_required(IMPORT)
def batch_drop(request: HttpRequest, pk: int) -> HttpResponse:
    batch = permitted_or_404(_batches(request.user), request.user, "change", pk=pk)
    with reported(request, "已放弃这次导入，没有写入任何内容。"):
        _refuse_busy(batch)
        batches.drop(batch, by=request.user)
    return redirect("exchange:home")


@require_GET
@permission_required(SEE)
def batch_returned(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The upload with red cells and a column 错误说明."""
    batch = permitted_or_404(_batches(request.user), request.user, "change", pk=pk)
    try:
        made = downloads.returned(batch)
    except ValidationError as error:
        messages.error(request, "；".join(error.messages))
        return redirect(batch)
    with transaction.atomic():
        record(request.user, Action.DOWNLOADED, batch, words=f"下载 {batch} 的错误表")
    return downloads.response(made, f"{batch.file_name.rpartition('.')[0]}-错误说明.xlsx", XLSX)


class JobListView(views.ListView):
    model = Job
    queryset = Job.objects.select_related("by")
    table_class = JobTable
    title = "后台任务与文件"
    empty_title = "没有后台任务"
    empty_hint = "行数多的导入和导出在后台进行，进度和文件在这里查看。"

    def get_queryset(self) -> Any:
        jobs.reap()
        return super().get_queryset()

    def get_crumbs(self) -> list[tuple[str, str | None]]:
        return _crumbs(self.request.user)


def _crumbs(user: Any) -> list[tuple[str, str | None]]:
    """Who only exports has no page of imports."""
    return [HOME] if user.has_perm(SEE) else []


@require_GET
@permission_required("exchange.view_job")
def job_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """How far a job is; asked again by the page every two seconds while it runs."""
    jobs.reap()
    job = permitted_or_404(Job.objects.select_related("batch"), request.user, pk=pk)
    context = {"title": job.title, "crumbs": [*_crumbs(request.user), ("后台任务与文件", reverse("exchange:job_list"))], "job": job,
               "nobody": jobs.waits_for_nobody(job), "form": KeyedForm()}  # fmt: skip
    return render(request, "exchange/_job.html" if request.htmx else "exchange/job_detail.html", context)


@require_POST
@permission_required("exchange.add_job")
def job_restart(request: HttpRequest, pk: int) -> HttpResponse:
    job = permitted_or_404(Job.objects.all(), request.user, "add", pk=pk)
    with reported(request, "已重新开始。"):
        act_once(request, lambda: jobs.restart(job, by=request.user, enqueue=enqueue))
    return redirect(job.batch or job)


@require_GET
@permission_required("exchange.view_job")
def job_file(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file of a finished job: for its owner, for 24 hours, under the rights it was made with."""
    job = permitted_or_404(Job.objects.all(), request.user, pk=pk)
    if job.file_key is None or job.expires_at is None or job.expires_at < timezone.now():
        raise Http404
    if job.reach != jobs.reach_of(request.user):
        raise PermissionDenied("您的权限在导出以后有变化，这个文件不能再下载，请重新导出。")
    with transaction.atomic():
        record(request.user, Action.DOWNLOADED, job, words=f"下载 {job.file_name}（{job.rows} 行）")
    content_type = XLSX if job.file_name.endswith(".xlsx") else "text/csv; charset=utf-8"
    return files.download(job.file_key, job.file_name, content_type)


@dataclass(frozen=True)
class Cell:
    label: str
    text: str
    before: str
    changed: bool
    wrong: bool


@dataclass(frozen=True)
class PreviewRow:
    sheet: str
    number: int
    outcome: Outcome
    cells: list[Cell]
    problems: list[list[str]]
    choices: list[tuple[str, str]]

    @property
    def tone(self) -> str:
        return TONES[self.outcome]

    @property
    def key(self) -> str:
        return f"{self.sheet}!{self.number}"

    @property
    def row_class(self) -> str:
        return {"red": "bad", "amber": "warn"}.get(self.tone, "")


class Preview:
    """The kept lines of a batch, one page of one outcome."""

    def __init__(self, batch: ImportBatch, request: HttpRequest):
        self.batch, self.request = batch, request
        self.lines = unpacked(batch.lines) or []
        workbook = find(batch.workbook)(request.user, batch.parameters)
        used = {name for block in batch.columns for name in block if name}
        self.columns = [(index, column) for index, column in enumerate(workbook.columns) if column.name in used]
        self.show = request.GET.get("show", "")
        chosen = [line for line in self.lines if not self.show or line[2] == self.show]
        if self.sorted:
            chosen.sort(key=lambda line: line[2] not in downloads.WRONG)
        self.page = Paginator(chosen, PAGE).get_page(request.GET.get("page"))

    @property
    def heads(self) -> list[str]:
        return [column.label for _, column in self.columns]

    @property
    def rows(self) -> list[PreviewRow]:
        return [self._row(line) for line in self.page.object_list]

    @property
    def tabs(self) -> list[tuple[str, str, int, str, bool]]:
        """(label, query, number, tone, chosen) of each outcome that occurs, and of all."""
        counts = self.batch.counts
        found = [("全部", "?", len(self.lines), "", not self.show)]
        return found + [
            (o.label, f"?show={o.value}", counts[o.value], TONES[o], self.show == o.value)
            for o in Outcome
            if counts.get(o.value)
        ]

    @property
    def sorted(self) -> bool:
        """Whether what has to be looked at comes first, which on one page would only move rows about."""
        return not self.show and len(self.lines) > PAGE and bool(self.wrong)

    @property
    def several_sheets(self) -> bool:
        return len(self.batch.columns) > 1

    @property
    def right(self) -> int:
        return sum(self.batch.counts.get(name, 0) for name in ("new", "changed"))

    @property
    def wrong(self) -> int:
        return sum(self.batch.counts.get(name, 0) for name in ("error", "scope", "duplicate"))

    def _row(self, line: Sequence[Any]) -> PreviewRow:
        sheet, number, outcome, cells, problems, changes, choices = line
        wrong = {problem[0] for problem in problems}
        before = {change[0]: (change[2], change[3]) for change in changes}
        shown = [
            Cell(
                column.label,
                *reversed(before.get(column.name, ("", cells[index]))),
                column.name in before,
                column.name in wrong,
            )
            for index, column in self.columns
        ]
        return PreviewRow(sheet, number, Outcome(outcome), shown, problems, [tuple(c) for c in choices])


def _plan(request: HttpRequest, batch: ImportBatch) -> None:
    """Compare now, or in the background where it takes longer than a page may."""
    if _is_large(batch):
        _start(request, Job.Kind.PLAN, "核对", batch)
    else:
        batches.plan(batch, by=request.user)


def _start(request: HttpRequest, kind: str, verb: str, batch: ImportBatch, **parameters: Any) -> Job:
    """A job on a batch; one at a time."""
    _refuse_busy(batch)
    title = f"{verb} {batch.file_name}"
    return jobs.start(kind, title, by=request.user, batch=batch, enqueue=enqueue, parameters=parameters)


def _refuse_busy(batch: ImportBatch) -> None:
    if batch.jobs.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING]).exists():
        raise ValidationError("这一批正在后台处理，请等它完成以后再办。")


def _is_large(batch: ImportBatch) -> bool:
    return batches.size(batch) > batches.page_rows()


def _steps(current: int) -> list[tuple[str, str]]:
    """(label, "done" | "now" | "") of the four steps."""
    return [(label, "done" if n < current else "now" if n == current else "") for n, label in enumerate(STEPS)]


def _twin(batch: ImportBatch, user: Any) -> ImportBatch | None:
    """The same file, written before: of a batch that waits to be written."""
    if batch.state not in {State.COLUMNS, State.PREVIEW}:
        return None
    same = _batches(user).permitted(user).filter(digest=batch.digest, workbook=batch.workbook, state=State.WRITTEN)
    return same.defer(*HEAVY).first()


def _batches(user: Any) -> Any:
    """Batches of the registers that `user` may see: a preview shows their rows."""
    return BATCHES.filter(workbook__in=readable(user))


def _workbook(name: str) -> type[Workbook]:
    if name not in WORKBOOKS:
        raise Http404
    return WORKBOOKS[name]
