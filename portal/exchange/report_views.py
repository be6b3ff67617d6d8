"""报表: which ones there are, what each is asked, the workbook."""

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.audit.models import Action, record
from portal.exchange.report_forms import ReportForm
from portal.exchange.reports import REPORTS, Params, Report
from portal.kit.access import permission_required
from portal.kit.workbooks.exports import workbook_response

SEE = "exchange.view_importbatch"
HOME = ("导入导出", "/exchange/")


@require_GET
@permission_required(SEE)
def report_list(request: HttpRequest) -> HttpResponse:
    """The reports that the user may make."""
    own = [report for report in REPORTS.values() if request.user.has_perm(report.permission)]
    return render(request, "exchange/report_list.html", {"title": "报表", "crumbs": [HOME], "reports": own})


@require_GET
@permission_required(SEE)
def report_make(request: HttpRequest, name: str) -> HttpResponseBase:
    """A report's questions, filled in from the address; with ?download=1 its workbook."""
    report = _report(name, request.user)
    asked = request.GET.get("download") == "1"
    form = ReportForm(request.GET if asked else None, report, request.user, **request.GET.dict())
    if asked and form.is_valid():
        try:
            return _workbook(report, form.params(), request.user)
        except ValidationError as error:
            form.add_error(None, error)
    crumbs = [HOME, ("报表", reverse("exchange:report_list"))]
    context = {"title": report.label, "crumbs": crumbs, "form": form, "report": report}
    return render(request, "exchange/report_make.html", context, status=422 if form.errors else 200)


def _report(name: str, user: Any) -> Report:
    report = REPORTS.get(name)
    if report is None:
        raise Http404
    if not user.has_perm(report.permission):
        raise PermissionDenied(f"您的账号没有查看{report.label}的权限。")
    return report


def _workbook(report: Report, params: Params, user: Any) -> HttpResponseBase:
    sheets, about = report.run(user, params), report.about(params)
    with transaction.atomic():
        area_code = params.area.tree_code if params.area else None
        record(user, Action.EXPORTED, words=f"生成报表 {report.label}：{about}", area_code=area_code)
    return workbook_response(f"{report.label}-{about}-{timezone.localtime():%Y%m%d-%H%M}", sheets)
