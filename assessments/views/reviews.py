"""The review grid, its cells as JSON, the panel beside it, and the plain form per unit for a browser without script."""

import json
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_POST

from assessments import scoring
from assessments.grid import Board, cursor, editors
from assessments.models import Quarter, Score, SelfReport, SelfReportItem, UnitClass
from assessments.scoring import Method
from assessments.services.measured import list_url, registers_changed
from assessments.services.reviews import (
    Entry,
    Outcome,
    cell_text,
    confirm_scores,
    enter_scores,
    refresh_measured,
    return_items,
    scoring_closed,
)
from portal.audit.models import claim
from portal.kit.access import permission_required
from portal.kit.forms import KeyedForm
from portal.kit.views import act_once, act_whole, history_of, permitted_or_404, reported, submission_key

QUARTERS = Quarter.objects.select_related("scheme__area")


@require_GET
@permission_required("assessments.view_score")
def review_latest(request: HttpRequest) -> HttpResponse:
    """The grid of the quarter that is in review, or else of the newest one that has scores."""
    begun = Quarter.objects.permitted(request.user).exclude(state=Quarter.State.PLANNED)
    newest = begun.filter(state=Quarter.State.REVIEW).first() or begun.first()
    return redirect("assessments:review", newest.pk) if newest else redirect("assessments:quarter_list")


@require_GET
@permission_required("assessments.view_score")
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """The grid of one class, with its progress."""
    quarter = permitted_or_404(QUARTERS, request.user, pk=pk)
    unit_class = _asked_class(request.GET.get("class"))
    board = Board.load(quarter, unit_class, request.user)
    closed, _ = scoring_closed(quarter)
    editable = not closed and request.user.has_perm("assessments.change_score")
    counts = dict.fromkeys(UnitClass.values, 0)
    for value in (
        SelfReport.objects.permitted(request.user).filter(quarter=quarter).values_list("unit_class", flat=True)
    ):
        counts[value] += 1
    return render(request, "assessments/review.html", {
        "title": f"{quarter} · 打分", "quarter": quarter, "unit_class": unit_class, "board": board,
        "crumbs": [("季度考评", None), (str(quarter), quarter.get_absolute_url()), ("打分", None)],
        "grid": board.payload(editable), "progress": board.progress(), "closed": closed, "editable": editable,
        "tabs": [(value, label, counts[value]) for value, label in UnitClass.choices],
        "confirm_form": KeyedForm(), "registers_changed": editable and registers_changed(quarter),
    })  # fmt: skip


@require_POST
@permission_required("assessments.change_score")
def review_measure(request: HttpRequest, pk: int) -> HttpResponse:
    """Read the registers again for the measured cells of a quarter in review."""
    quarter = permitted_or_404(QUARTERS, request.user, "change", pk=pk)
    closed, _ = scoring_closed(quarter)
    if closed or quarter.state != Quarter.State.REVIEW:
        messages.error(request, closed or "已公布的季度不再按登记册重新测算。")
    else:
        changed = refresh_measured(quarter, by=request.user)
        messages.success(
            request,
            f"已按登记册重新测算，{changed} 格得分有变化。" if changed else "已按登记册重新测算，得分没有变化。",
        )
    return redirect(f"{reverse('assessments:review', args=[pk])}?class={_asked_class(request.POST.get('class'))}")


@require_POST
@permission_required("assessments.change_score")
def review_cells(request: HttpRequest, pk: int) -> JsonResponse:
    """Save typed cells: the right ones are saved, the wrong ones named; the same key again gives the same answer."""
    quarter = permitted_or_404(QUARTERS, request.user, pk=pk)
    try:
        key, dry_run, entries = _read_cells(request)
    except ValidationError as error:
        return JsonResponse({"message": error.messages[0]}, status=400)
    if dry_run:
        return JsonResponse(
            _answer(quarter, enter_scores(quarter, entries, by=request.user, dry_run=True), request.user)
        )
    with transaction.atomic():
        submission, first = claim(request.user, submission_key(request, key))
        if first:
            outcome = enter_scores(quarter, entries, by=request.user)
            submission.answer = _answer(quarter, outcome, request.user)
            submission.save(update_fields=["answer"])
    return JsonResponse(submission.answer)


@require_GET
@permission_required("assessments.view_score")
def review_changes(request: HttpRequest, pk: int) -> JsonResponse:
    """What changed since the cursor, for the other reviewer's screen."""
    quarter = permitted_or_404(QUARTERS, request.user, pk=pk)
    since = parse_datetime(request.GET.get("since", ""))
    if since is None or since.tzinfo is None:
        return JsonResponse({"message": "缺少时间游标，请刷新页面。"}, status=400)
    answer: dict[str, Any] = {"cursor": cursor(), "cells": [], "totals": {}, "editors": editors(quarter, request.user)}
    recent = Score.objects.permitted(request.user).filter(report__quarter=quarter, updated_at__gte=since)
    found = recent.select_related("report", "by").defer("steps")
    for unit_class in sorted({score.report.unit_class for score in found}):
        board = Board.load(quarter, unit_class, request.user)
        answer["cells"] += [
            {
                "report": score.report_id, "task": score.task_id, "cell": board.cell(score.report_id, score.task_id),
                "by": score.by.name if score.by else "",
            }
            for score in found
            if score.report.unit_class == unit_class
        ]  # fmt: skip
        answer["totals"].update(board.totals())
        if unit_class == request.GET.get("class"):
            answer["progress"] = board.progress()
    return JsonResponse(answer)


class PanelForm(KeyedForm):
    """One cell: the points or nothing where the rule computes them, what the rule needs, and why."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    value = forms.CharField(label="得分", required=False, max_length=20)
    count = forms.IntegerField(label="次（处）数", required=False, min_value=0, max_value=9999)
    achieved = forms.DecimalField(label="完成数", required=False, min_value=Decimal(0), max_digits=9, decimal_places=2)
    target = forms.DecimalField(label="应完成数", required=False, min_value=Decimal(0), max_digits=9, decimal_places=2)
    done_on = forms.DateField(label="完成日期", required=False)
    reason = forms.CharField(label="评分说明", required=False, max_length=300, widget=forms.Textarea({"rows": 3}))

    INPUTS = {
        "per_count": ["count"], "deduct": ["count"], "ratio": ["achieved", "target"], "measured": [],
        "manual": [], "pass_fail": [],
    }  # fmt: skip

    def __init__(self, *args: Any, method: str, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.inputs = [*self.INPUTS[method], "done_on"]
        for name in {"count", "achieved", "target"} - set(self.inputs):
            del self.fields[name]
        if method == "deduct":
            self.fields["count"].label = "扣分处数"


@permission_required("assessments.view_score")
def review_panel(request: HttpRequest, pk: int, report: int, task: int) -> HttpResponse:
    """Everything about one cell: self-report, evidence, how it was computed, history; saving one cell."""
    quarter = permitted_or_404(QUARTERS, request.user, pk=pk)
    scores = Score.objects.select_related("report__unit__area", "task__indicator", "by")
    score = permitted_or_404(scores, request.user, report=report, task=task, report__quarter=quarter)
    form = PanelForm(request.POST or None, method=score.task.indicator.method, initial=_panel_initial(score))
    headers, status = {}, 200
    if request.method == "POST":
        permitted_or_404(Score.objects.all(), request.user, "change", pk=score.pk)
        if form.is_valid():
            outcome = act_whole(request, lambda: enter_scores(quarter, [_panel_entry(score, form)], by=request.user))
            refused = outcome.refused if outcome else []
            for refusal in refused:
                form.add_error(None, refusal.message)
            if not refused:
                score.refresh_from_db()
                form = PanelForm(method=score.task.indicator.method, initial=_panel_initial(score))
                headers = {"X-Cell": json.dumps(_cell_answer(quarter, score, request.user))}
        status = 422 if form.errors else 200
        if not form.errors and not request.headers.get("X-Requested-With"):
            return redirect(request.path)
    response = render(request, _panel_template(request), _panel_context(quarter, score, form), status=status)
    for name, value in headers.items():
        response[name] = value
    return response


@permission_required("assessments.view_score")
def review_unit(request: HttpRequest, pk: int, report: int) -> HttpResponse:
    """The plain form of one unit, for a browser without script: every task with points and explanation."""
    quarter = permitted_or_404(QUARTERS, request.user, pk=pk)
    found = permitted_or_404(SelfReport.objects.select_related("unit"), request.user, pk=report, quarter=quarter)
    scores = list(
        Score.objects.permitted(request.user).filter(report=found).select_related("task__indicator").order_by(
            "task__indicator__number", "pk"
        )
    )  # fmt: skip
    problems: dict[int, str] = {}
    if request.method == "POST":
        entries = [entry for score in scores if (entry := _plain_entry(request, score))]
        outcome = act_once(request, lambda: enter_scores(quarter, entries, by=request.user)) or Outcome()
        problems = {refusal.entry.task: refusal.message for refusal in outcome.refused}
        if not problems:
            messages.success(request, f"已保存 {len(outcome.saved)} 项得分。")
            return redirect(request.path)
    rows = [
        (score, score.task.points_for(found.unit_class), cell_text(score), _typed_or_stored(request, score),
         problems.get(score.task_id))
        for score in scores
    ]  # fmt: skip
    return render(request, "assessments/review_unit.html", {
        "title": f"{found.unit} · {quarter}打分", "quarter": quarter, "report": found, "rows": rows, "form": KeyedForm(),
        "crumbs": [("季度考评", None), (str(quarter), quarter.get_absolute_url()), (found.unit.name, None)],
        "problems": problems, "closed": scoring_closed(quarter)[0],
    }, status=422 if problems else 200)  # fmt: skip


@require_POST
@permission_required("assessments.change_score")
def review_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm in bulk what the units reported or the rules computed, for a class or for chosen units."""
    quarter = permitted_or_404(QUARTERS, request.user, pk=pk)
    unit_class = _asked_class(request.POST.get("class"))
    chosen = SelfReport.objects.permitted(request.user).filter(quarter=quarter, unit_class=unit_class)
    wanted = [int(value) for value in request.POST.getlist("report") if value.isdecimal()]
    if wanted:
        chosen = chosen.filter(pk__in=wanted)
    reports = list(chosen.values_list("pk", flat=True))
    outcome = act_once(request, lambda: confirm_scores(quarter, by=request.user, reports=reports)) or Outcome()
    words = f"已按自评和测算确认 {len(outcome.saved)} 项得分。"
    if outcome.refused:
        words += f"另有 {len(outcome.refused)} 项未确认：{outcome.refused[0].message}"
    messages.success(request, words)
    return redirect(f"{_review_url(quarter)}?class={unit_class}")


@require_POST
@permission_required("assessments.review_selfreport")
def review_return(request: HttpRequest, pk: int, report: int) -> HttpResponse:
    """Return chosen tasks to a unit with the reason; only these become editable for it."""
    quarter = permitted_or_404(QUARTERS, request.user, pk=pk)
    reports = SelfReport.objects.select_related("unit__area", "quarter__scheme")
    found = permitted_or_404(reports, request.user, "review", pk=report, quarter=quarter)
    wanted = [int(value) for value in request.POST.getlist("task") if value.isdecimal()]
    tasks = list(quarter.tasks.for_class(found.unit_class).filter(pk__in=wanted).select_related("indicator"))
    with reported(request, f"已退回{found.unit}，该单位补充后会再次出现在待办中。"):
        reason = request.POST.get("reason", "")
        act_once(request, lambda: return_items(found, tasks, reason=reason, by=request.user))
    return redirect(
        request.POST.get("next") if _is_own(request) else f"{_review_url(quarter)}?class={found.unit_class}"
    )


def _is_own(request: HttpRequest) -> bool:
    return request.POST.get("next", "").startswith("/assessments/")


def _review_url(quarter: Quarter) -> str:
    return f"{quarter.get_absolute_url()}review/"


def _asked_class(value: str | None) -> str:
    return value if value in UnitClass.values else UnitClass.FIRST.value


def _read_cells(request: HttpRequest) -> tuple[str, bool, list[Entry]]:
    """The request's key, whether it is a trial, and its entries; ValidationError in words where it is not of that form."""
    try:
        data = json.loads(request.body)
        cells, key = data["cells"], data["key"]
        entries = [
            Entry(int(cell["report"]), int(cell["task"]), _string(cell["value"]), int(cell["version"]),
                  None if cell.get("reason") is None else _string(cell["reason"]))
            for cell in cells
        ]  # fmt: skip
    except RequestDataTooBig as error:
        raise ValidationError("内容过大，没有保存。请分几次粘贴。") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValidationError("提交的数据格式不对，没有保存。请刷新页面后重试。") from error
    if not isinstance(key, str) or not 8 <= len(key) <= 64:
        raise ValidationError("缺少提交编号，没有保存。请刷新页面后重试。")
    if len(entries) > settings.GRID_MAX_CELLS:
        raise ValidationError(f"一次最多保存 {settings.GRID_MAX_CELLS} 格，这次有 {len(entries)} 格。请分几次粘贴。")
    if len({(entry.report, entry.task) for entry in entries}) != len(entries):
        raise ValidationError("同一格出现了两次，没有保存。")
    return key, bool(data.get("dry_run")), entries


def _string(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _answer(quarter: Quarter, outcome: Outcome, user: Any) -> dict[str, Any]:
    """What the browser shows after a save: cells, refusals, totals and ranks of the classes touched, progress."""
    touched = {score.report.unit_class for score in outcome.saved}
    touched |= {refusal.theirs.report.unit_class for refusal in outcome.refused if refusal.theirs}
    boards = {unit_class: Board.load(quarter, unit_class, user) for unit_class in sorted(touched)}
    cells = {key: board for board in boards.values() for key in board.scores}
    totals: dict[int, Any] = {}
    for board in boards.values():
        totals.update(board.totals())
    return {
        "saved": [
            {"report": score.report_id, "task": score.task_id,
             "cell": cells[score.report_id, score.task_id].cell(score.report_id, score.task_id)}
            for score in outcome.saved
        ],
        "refused": [
            {"report": refusal.entry.report, "task": refusal.entry.task, "code": refusal.code,
             "message": refusal.message, "theirs": _theirs(refusal, cells),
             "by": refusal.theirs.by.name if refusal.theirs and refusal.theirs.by else ""}
            for refusal in outcome.refused
        ],
        "totals": totals,
        "progress": boards[min(boards)].progress() if boards else {},
    }  # fmt: skip


def _theirs(refusal: Any, cells: dict[tuple[int, int], Board]) -> list[Any] | None:
    score = refusal.theirs
    return cells[score.report_id, score.task_id].cell(score.report_id, score.task_id) if score else None


def _cell_answer(quarter: Quarter, score: Score, user: Any) -> dict[str, Any]:
    board = Board.load(quarter, score.report.unit_class, user)
    cell = board.cell(score.report_id, score.task_id)
    return {"report": score.report_id, "task": score.task_id, "cell": cell, "totals": board.totals()}


def _panel_initial(score: Score) -> dict[str, Any]:
    value = "不适用" if score.status == Score.Status.NOT_APPLICABLE else score.given
    names = ("count", "achieved", "target", "done_on", "reason", "version")
    typed = scoring.plain(value) if isinstance(value, Decimal) else value
    return {"value": typed, **{name: getattr(score, name) for name in names}}


def _panel_entry(score: Score, form: PanelForm) -> Entry:
    """What the panel says: an empty value lets the rule compute, or clears a cell that has no rule."""
    value = form.cleaned_data["value"].strip()
    computed = score.task.indicator.method not in {"manual", "pass_fail"}
    inputs = {name: form.cleaned_data[name] for name in form.inputs}
    return Entry(
        score.report_id, score.task_id, None if not value and computed else value, form.cleaned_data["version"],
        form.cleaned_data["reason"], inputs, confirm=bool(form.data.get("confirm")),
    )  # fmt: skip


def _panel_template(request: HttpRequest) -> str:
    return "assessments/_panel.html" if request.headers.get("X-Requested-With") else "assessments/panel.html"


def _panel_context(quarter: Quarter, score: Score, form: PanelForm) -> dict[str, Any]:
    item = SelfReportItem.objects.filter(report=score.report_id, task=score.task_id).first()
    last = (
        Score.objects.filter(
            report__unit=score.report.unit_id, task__indicator__name=score.task.indicator.name,
            report__quarter__scheme__area=quarter.scheme.area_id, report__quarter__state__in=["published", "closed"],
        ).order_by("-report__quarter__year", "-report__quarter__number", "pk").select_related("report__quarter").first()
    )  # fmt: skip
    closed, _ = scoring_closed(quarter)
    return {
        "title": f"{score.report.unit} · {score.task.indicator}", "quarter": quarter, "score": score, "form": form,
        "crumbs": [("季度考评", None), (str(quarter), quarter.get_absolute_url()),
                   ("打分", f"{_review_url(quarter)}?class={score.report.unit_class}"), (str(score), None)],
        "item": item, "evidence": list(item.evidence.kept()) if item else [], "last": last, "closed": closed,
        "maximum": score.task.points_for(score.report.unit_class), "history": history_of(score, 10),
        "return_form": KeyedForm(),
        "list_url": list_url(score.task, score.report.unit, quarter) if score.task.indicator.method == Method.MEASURED else "",
    }  # fmt: skip


def _plain_entry(request: HttpRequest, score: Score) -> Entry | None:
    """A task's fields of the plain form, None where nothing was changed."""
    typed = request.POST.get(f"value-{score.task_id}", "").strip()
    reason = request.POST.get(f"reason-{score.task_id}", "").strip()
    version = request.POST.get(f"version-{score.task_id}", "")
    from_page = (request.POST.get(f"was-{score.task_id}", ""), request.POST.get(f"was-reason-{score.task_id}", ""))
    if (typed, reason) == from_page or not version.isdecimal():
        return None
    return Entry(score.report_id, score.task_id, typed, int(version), reason)


def _typed_or_stored(request: HttpRequest, score: Score) -> tuple[str, str]:
    """(points, reason) to show: what was typed stays after a refusal."""
    typed = request.POST.get(f"value-{score.task_id}", cell_text(score))
    return typed, request.POST.get(f"reason-{score.task_id}", score.reason)
