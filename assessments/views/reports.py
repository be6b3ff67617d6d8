"""Self-reports: the list for the county, the unit's page, one task a screen, evidence."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.views.decorators.http import require_GET, require_POST

from assessments import scoring
from assessments.filters import ReportFilterSet
from assessments.forms import ItemForm
from assessments.models import Evidence, Quarter, Result, SelfReport, SelfReportItem, Task
from assessments.services import reports as services
from assessments.services.measured import Reading, readings_of
from assessments.tables import ReportTable
from portal.audit.models import Action, record
from portal.kit import files, views
from portal.kit.access import permission_required
from portal.kit.forms import KeyedForm
from portal.kit.models import StaleVersionError
from portal.kit.views import act_once, history_of, permitted_or_404, reported

REPORTS = SelfReport.objects.select_related("unit__area", "quarter__scheme__area")


class ReportListView(views.ListView):
    """Who has reported how much, of one quarter."""

    model = SelfReport
    table_class = ReportTable
    filterset_class = ReportFilterSet
    paginate_by = 100
    empty_title = "还没有自评"
    empty_hint = "季度开始自评后，这里列出每个考核对象的进度。"

    @cached_property
    def quarter(self) -> Quarter:
        return permitted_or_404(Quarter.objects.select_related("scheme__area"), self.request.user, pk=self.kwargs["pk"])

    def get_queryset(self) -> Any:
        found = super().get_queryset().filter(quarter=self.quarter)
        return found.select_related("unit", "quarter").with_progress(self.quarter)

    def get_title(self) -> str:
        return f"{self.quarter} · 自评进度"


@require_GET
@permission_required("assessments.view_selfreport")
def report_latest(request: HttpRequest) -> HttpResponse:
    """The user's own newest self-report, or the newest quarter's list."""
    own = REPORTS.permitted(request.user, "change").order_by("-quarter__year", "-quarter__number").first()
    if own:
        return redirect(own)
    newest = Quarter.objects.permitted(request.user).exclude(state=Quarter.State.PLANNED).first()
    return redirect("assessments:report_list", newest.pk) if newest else redirect("assessments:quarter_list")


@permission_required("assessments.view_selfreport")
def report_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """The whole self-report on one page; the draft is saved as typed, or by the button without script."""
    report = permitted_or_404(REPORTS, request.user, pk=pk)
    page = Page(report, request)
    if request.method == "POST":
        permitted_or_404(REPORTS, request.user, "change", pk=pk)
        page.save_all()
        if not page.wrong:
            messages.success(request, "草稿已保存。")
            return redirect(report)
    return render(request, "assessments/report_detail.html", page.context(), status=422 if page.wrong else 200)


@permission_required("assessments.view_selfreport")
def report_item(request: HttpRequest, pk: int, task: int) -> HttpResponse:
    """One task: a screen of its own on a phone, and the door through which the page saves as one types."""
    report = permitted_or_404(REPORTS, request.user, pk=pk)
    page = Page(report, request, only=task)
    if not page.lines:
        raise Http404
    line = page.lines[0]
    if request.method == "POST":
        permitted_or_404(REPORTS, request.user, "change", pk=pk)
        page.save_all()
        if request.headers.get("X-Requested-With"):
            return _saved_answer(line)
        if not page.wrong:
            follower = page.neighbour(task, 1)
            messages.success(request, f"{line.task}已保存。")
            return redirect("assessments:report_item", pk, follower) if follower else redirect(report)
    context = page.context() | {
        "line": line, "position": page.position(task), "total": len(page.tasks),
        "before": page.neighbour(task, -1), "after": page.neighbour(task, 1),
    }  # fmt: skip
    return render(request, "assessments/report_item.html", context, status=422 if page.wrong else 200)


@require_POST
@permission_required("assessments.change_selfreport")
def report_submit(request: HttpRequest, pk: int) -> HttpResponse:
    report = permitted_or_404(REPORTS, request.user, "change", pk=pk)
    page = Page(report, request)
    if any(name.startswith("t") for name in request.POST):
        page.save_all()
    if page.wrong:
        return render(request, "assessments/report_detail.html", page.context(), status=422)
    lacking = services.lacking_now(report)
    if lacking:
        messages.error(request, f"还不能提交：有 {len(lacking)} 项没有填完，已在下面列出；填写的内容都已保存。")
        return redirect(f"{report.get_absolute_url()}?missing=1")
    with reported(request, "自评已提交，等待评审。"):
        act_once(request, lambda: services.submit_report(report, by=request.user))
    return redirect(report)


@require_POST
@permission_required("assessments.add_evidence")
def evidence_add(request: HttpRequest, pk: int, task: int) -> HttpResponse:
    """One or more files for a task; the right ones are kept, the wrong ones named."""
    report = permitted_or_404(REPORTS, request.user, "change", pk=pk)
    found = report.quarter.tasks.for_class(report.unit_class).select_related("indicator").filter(pk=task).first()
    if found is None:
        raise Http404
    uploads = request.FILES.getlist("files")
    if not uploads:
        messages.error(request, "请先选择文件。")
    for upload in uploads:
        with reported(request, f"{upload.name}已上传。"):
            services.attach_evidence(report, found, upload, by=request.user)
    return redirect(_back(request, report, task))


@require_POST
@permission_required("assessments.delete_evidence")
def evidence_remove(request: HttpRequest, key: Any) -> HttpResponse:
    found = Evidence.objects.select_related(
        "item__report__quarter", "item__task__indicator", "item__report__unit__area"
    )
    evidence = permitted_or_404(found, request.user, "delete", key=key)
    with reported(request, f"{evidence.name}已移除。"):
        services.remove_evidence(evidence, by=request.user)
    return redirect(_back(request, evidence.item.report, evidence.item.task_id))


@require_GET
@permission_required("assessments.view_evidence")
def evidence_download(request: HttpRequest, key: Any) -> HttpResponseBase:
    """A file, for whoever may see the self-report; written down before it leaves."""
    evidence = permitted_or_404(
        Evidence.objects.kept().select_related("item__report__unit__area"), request.user, key=key
    )
    if not files.path_of(evidence.key).is_file():
        raise Http404
    record(request.user, Action.DOWNLOADED, evidence, words=f"下载佐证 {evidence.name}")
    return files.download(evidence.key, evidence.name, evidence.content_type)


class Line:
    """One task on the page: its form, what is stored, whether it may be written."""

    def __init__(
        self, report: SelfReport, task: Task, item: SelfReportItem | None, request: HttpRequest, closed: str,
        reading: Reading | None = None,
    ):  # fmt: skip
        self.report, self.task, self.item, self.reading = report, task, item, reading
        self.maximum = task.points_for(report.unit_class)
        self.open = services.is_open(report, item, closed)
        posted = request.method == "POST" and self.open and any(k.startswith(f"t{task.pk}-") for k in request.POST)
        self.posted = posted
        self.form = ItemForm(request.POST if posted else None, task=task, item=item, maximum=self.maximum)
        self.evidence = [file for file in item.evidence.all() if file.removed_at is None] if item else []
        self.theirs: SelfReportItem | None = None
        self.missing = ""

    @property
    def is_filled(self) -> bool:
        return not self.missing

    def save(self, by: Any) -> bool:
        """Save what was posted; what is wrong stays in the form with its error."""
        self.form.is_valid()
        try:
            self.item = self._save(by, self.form.cleaned_data.get("version") or 0)
        except StaleVersionError as error:
            self.theirs = error.stored  # type: ignore[assignment]
            self.form.add_error(None, "这一项刚被别人改过，您填的内容还在，没有覆盖对方的。请核对后再保存一次。")
            self._show_version(self.theirs)
        except ValidationError as error:
            self.form.add_error(None, error)
        else:
            self._show_version(self.item)
        return not self.form.errors

    def _save(self, by: Any, expected: int) -> SelfReportItem:
        """Save what is right of the form; what is wrong gets its error and does not hold up the rest."""
        try:
            return services.save_item(self.report, self.task, self.form.values(), by=by, expected=expected)
        except ValidationError as error:
            if not hasattr(error, "error_dict"):
                raise
            if error.error_dict.keys() - self.form.cleaned_data.keys():
                raise ValidationError(error.messages) from error
            for name, found in error.error_dict.items():
                self.form.add_error(name, found)
            return self._save(by, expected)

    def _show_version(self, item: SelfReportItem | None) -> None:
        self.form.data = self.form.data.copy()
        self.form.data[self.form.add_prefix("version")] = str(item.version if item else 0)


class Page:
    """A unit's self-report as the page needs it; a fixed number of queries."""

    def __init__(self, report: SelfReport, request: HttpRequest, only: int | None = None):
        self.report, self.request = report, request
        self.closed = services.why_closed(report)
        self.may_change = request.user.has_perm("assessments.change_selfreport", report)
        self.tasks = list(report.quarter.tasks.for_class(report.unit_class).select_related("indicator"))
        self.items = {
            item.task_id: item for item in report.items.prefetch_related("evidence").select_related("task__indicator")
        }
        chosen = [task for task in self.tasks if only in {None, task.pk}]
        readings = {} if report.quarter.is_frozen else readings_of(report, chosen)
        self.lines = [
            Line(report, task, self.items.get(task.pk), request, self.closed, readings.get(task.pk)) for task in chosen
        ]
        self._look()

    def save_all(self) -> None:
        for line in self.lines:
            if line.posted and line.form.has_changed():
                line.save(self.request.user)
        self._look()

    def _look(self) -> None:
        """See what is missing."""
        self.lacking = services.missing(self.report, self.tasks, self.items if self.request.method == "GET" else None)
        words = {task.pk: what for task, what in self.lacking}
        for line in self.lines:
            line.missing = words.get(line.task.pk, "")
        self.barring = services.barring(self.lacking, self.items, self.closed)

    @property
    def wrong(self) -> list[Line]:
        return [line for line in self.lines if line.posted and line.form.errors]

    def position(self, task: int) -> int:
        return [found.pk for found in self.tasks].index(task) + 1

    def neighbour(self, task: int, step: int) -> int | None:
        place = self.position(task) - 1 + step
        return self.tasks[place].pk if 0 <= place < len(self.tasks) else None

    def context(self) -> dict[str, Any]:
        report, quarter = self.report, self.report.quarter
        groups: dict[str, list[Line]] = {}
        for line in self.lines:
            groups.setdefault(line.task.indicator.category, []).append(line)
        scores = _published_scores(report) if quarter.is_frozen else None
        return {
            "title": f"{report.unit} · {quarter}自评", "report": report, "quarter": quarter, "groups": list(groups.items()),
            "closed": self.closed, "may_change": self.may_change, "any_open": self.may_change and any(line.open for line in self.lines),
            "done": len(self.tasks) - len(self.lacking), "total_tasks": len(self.tasks), "lacking": self.barring,
            "show_missing": bool(self.request.GET.get("missing")), "wrong": self.wrong, "form": KeyedForm(),
            "crumbs": [("季度考评", None), (str(quarter), quarter.get_absolute_url()), ("自评", None)],
            "returned": [line for line in self.lines if line.item and line.item.status == SelfReportItem.Status.RETURNED],
            "history": history_of(report), "result": scores,
        }  # fmt: skip


def _published_scores(report: SelfReport) -> Result | None:
    newest = report.quarter.publications.order_by("-revision").values("pk")[:1]
    return Result.objects.filter(publication=newest, unit=report.unit).first()


def _saved_answer(line: Line) -> JsonResponse:
    """What the page needs after saving one item as it was typed."""
    version = line.item.version if line.item else 0
    if line.theirs is not None:
        theirs = {name: _plain(getattr(line.theirs, name)) for name in line.form.fields if name != "version"}
        message = "这一项刚被别人改过，您填的内容还在，没有覆盖对方的。"
        return JsonResponse({"message": message, "version": line.theirs.version, "theirs": theirs}, status=409)
    if not line.open:
        return JsonResponse({"message": services.why_closed(line.report)}, status=423)
    if line.form.errors:
        errors = {line.form.add_prefix(name): list(found) for name, found in line.form.errors.items()}
        return JsonResponse({"message": "有内容没有保存，请看提示。", "errors": errors, "version": version}, status=422)
    return JsonResponse({"version": version, "saved_at": timezone.localtime().strftime("%H:%M:%S")})


def _plain(value: Any) -> str:
    return "" if value is None else scoring.plain(value) if hasattr(value, "as_tuple") else str(value)


def _back(request: HttpRequest, report: SelfReport, task: int) -> str:
    if request.POST.get("from") == "item":
        return reverse("assessments:report_item", args=[report.pk, task])
    return f"{report.get_absolute_url()}#task-{task}"
