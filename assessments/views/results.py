"""Publishing, the ranking, a unit's score slip, the year so far."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from assessments.models import Publication, Quarter, Result, ResultLine, UnitClass
from assessments.services.publications import correction_of, publication_checks, publication_problems, publish_quarter
from assessments.services.year import year_table
from assessments.workbooks import rank_change, ranking_sheets
from portal.audit.models import Action, record
from portal.kit.access import permission_required
from portal.kit.forms import KeyedForm
from portal.kit.views import act_once, history_of, permitted_or_404
from portal.kit.workbooks.exports import workbook_response

QUARTERS = Quarter.objects.select_related("scheme__area")
PUBLICATIONS = Publication.objects.select_related("quarter__scheme__area", "by")


@permission_required("assessments.add_publication")
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """The check list, and the button that freezes the quarter."""
    quarter = permitted_or_404(QUARTERS, request.user, "change", pk=pk)
    if request.method == "POST":
        try:
            act_once(request, lambda: publish_quarter(quarter, by=request.user))
        except ValidationError as error:
            for message in error.messages:
                messages.error(request, message)
            return redirect("assessments:publish", pk)
        messages.success(request, f"{quarter}结果已公布并冻结。")
        return redirect(quarter.publications.order_by("-revision").first() or quarter)
    return render(request, "assessments/publish.html", {
        "title": f"{quarter} · 公布", "quarter": quarter, "checks": publication_checks(quarter),
        "problems": publication_problems(quarter), "correction": correction_of(quarter), "form": KeyedForm(),
        "publications": list(quarter.publications.all()),
        "crumbs": [("季度考评", None), (str(quarter), quarter.get_absolute_url()), ("公布", None)],
    })  # fmt: skip


@require_GET
@permission_required("assessments.view_result")
def latest_ranking(request: HttpRequest) -> HttpResponse:
    """The newest published ranking that the user may read, or a page that says there is none yet."""
    newest = Publication.objects.permitted(request.user).first()
    if newest:
        return redirect(newest)
    return render(request, "assessments/ranking_none.html", {"title": "排名与通报", "crumbs": [("季度考评", None)]})


@require_GET
@permission_required("assessments.view_result")
def ranking(request: HttpRequest, pk: int) -> HttpResponse:
    """A published ranking by class; read by the whole county."""
    publication = permitted_or_404(PUBLICATIONS, request.user, pk=pk)
    results = _results(publication, request.user)
    unit_class = _shown_class(request, results)
    revisions = list(publication.quarter.publications.order_by("revision"))
    quarters = Publication.objects.permitted(request.user).filter(quarter__scheme__area=publication.quarter.scheme.area)
    return render(request, "assessments/ranking.html", {
        "title": f"{publication.quarter} · 排名", "publication": publication, "quarter": publication.quarter,
        "crumbs": [("季度考评", None), ("排名与通报", None), (str(publication.quarter), None)],
        "classes": _classes(results, unit_class), "revisions": revisions, "is_latest": revisions[-1] == publication,
        "others": list(quarters.latest().select_related("quarter")[:8]),
        "tabs": [*UnitClass.choices, ("all", "全部类别")], "unit_class": unit_class,
        "slips": _open_slips(publication, request.user),
    })  # fmt: skip


@require_GET
@permission_required("assessments.view_result")
def ranking_workbook(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The ranking as an Excel file: a cover sheet and one sheet a class."""
    publication = permitted_or_404(PUBLICATIONS, request.user, pk=pk)
    results = _results(publication, request.user)
    with transaction.atomic():
        record(request.user, Action.EXPORTED, publication, words=f"导出 {publication}排名（Excel 工作簿）")
    name = f"{publication.quarter.scheme.area}{publication}排名-{timezone.localtime():%Y%m%d-%H%M}"
    return workbook_response(name, ranking_sheets(publication, results, request.user))


@require_GET
@permission_required("assessments.view_resultline")
def slip(request: HttpRequest, pk: int) -> HttpResponse:
    """A unit's score slip (得分明细单): every point opens into its steps; prints on A4."""
    results = Result.objects.select_related("publication__quarter__scheme__area", "unit")
    result = permitted_or_404(results, request.user, pk=pk)
    lines = list(ResultLine.objects.permitted(request.user).filter(result=result))
    if not lines:
        raise Http404
    publication = result.publication
    return render(request, "assessments/slip.html", {
        "title": f"{result.unit_name} · 得分明细单", "result": result, "publication": publication, "groups": _groups(lines),
        "quarter": publication.quarter, "change": rank_change(result), "sum_bonus": sum(line.bonus for line in lines),
        "crumbs": [("季度考评", None), (f"{publication.quarter}排名", publication.get_absolute_url()), (result.unit_name, None)],
        "history": history_of(publication, 10),
    })  # fmt: skip


@require_GET
@permission_required("assessments.view_result")
def year(request: HttpRequest) -> HttpResponse:
    """Quarters side by side with their weights, and the weighted value so far."""
    published = Publication.objects.permitted(request.user).select_related("quarter__scheme__area")
    choices = sorted(
        {(p.quarter.scheme.area, p.quarter.year) for p in published}, key=lambda pair: (-pair[1], pair[0].pk)
    )
    asked = (request.GET.get("area", ""), request.GET.get("year", ""))
    chosen = next(
        (pair for pair in choices if (str(pair[0].pk), str(pair[1])) == asked), choices[0] if choices else None
    )
    table = year_table(*chosen, user=request.user) if chosen else None
    return render(request, "assessments/year.html", {
        "title": f"{chosen[0]} · {chosen[1]}年度累计" if chosen else "年度累计", "table": table, "choices": choices,
        "chosen": chosen, "crumbs": [("季度考评", None), ("年度累计", None)],
        "heads": _heads(table) if table else [],
    })  # fmt: skip


def _shown_class(request: HttpRequest, results: list[Result]) -> str:
    """The class asked for; else that of the user's own unit, else the first one."""
    asked = request.GET.get("class", "")
    if asked in {*UnitClass.values, "all"}:
        return asked
    reach = request.user.reach("assessments.view_selfreport")
    own = [r for r in results if r.unit_id in reach.units or reach.covers(r.unit.area.tree_code)]
    return next((result.unit_class for result in own or results), UnitClass.FIRST.value)


def _results(publication: Publication, user: Any) -> list[Result]:
    return list(Result.objects.permitted(user).filter(publication=publication).select_related("unit__area"))


def _classes(results: list[Result], only: str | None) -> list[tuple[str, str, list[tuple[Result, int | None, Any]]]]:
    """(class, label, [(result, change, its total as a share of the highest)])."""
    classes = []
    for value, label in UnitClass.choices:
        members = [result for result in results if result.unit_class == value]
        if members and (only not in UnitClass.values or only == value):
            top = max((result.total for result in members if result.total is not None), default=None) or 1
            shares = [round(100 * (result.total or 0) / top) for result in members]
            classes.append((value, label, [(r, rank_change(r), s) for r, s in zip(members, shares, strict=True)]))
    return classes


def _open_slips(publication: Publication, user: Any) -> set[int]:
    """The results whose lines the user may open: all of the county for its people, its own for a unit."""
    lines = ResultLine.objects.permitted(user).filter(result__publication=publication)
    return set(lines.values_list("result_id", flat=True).distinct())


def _groups(lines: list[ResultLine]) -> list[tuple[str, list[ResultLine]]]:
    groups: dict[str, list[ResultLine]] = {}
    for line in lines:
        groups.setdefault(line.category, []).append(line)
    return list(groups.items())


def _heads(table: Any) -> list[tuple[str, Any, Publication | None]]:
    labels = ("一季度", "二季度", "三季度", "四季度")
    return [(label, table.weights[n], table.publications.get(n + 1)) for n, label in enumerate(labels)]
