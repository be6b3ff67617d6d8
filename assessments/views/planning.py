"""The plan of a year and its quarters."""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from assessments import scoring
from assessments.filters import QuarterFilterSet, SchemeFilterSet
from assessments.forms import (
    IndicatorForm,
    QuarterForm,
    ReasonForm,
    SchemeForm,
    TaskAddForm,
    TaskForm,
    UnlockForm,
    YearForm,
)
from assessments.models import ClassAssignment, Indicator, Quarter, Scheme, SelfReport, Task, UnitClass
from assessments.services import quarters as quarter_services
from assessments.services import schemes as scheme_services
from assessments.tables import QuarterTable, SchemeTable
from organizations.models import Unit
from portal.kit import views
from portal.kit.access import permission_required
from portal.kit.forms import KeyedForm
from portal.kit.models import StaleVersionError
from portal.kit.views import act_once, permitted_or_404, reported

SCHEMES = [("考核方案", "/assessments/schemes/")]
QUARTERS = [("季度与任务", "/assessments/quarters/")]


class SchemeListView(views.ListView):
    model = Scheme
    queryset = Scheme.objects.select_related("area")
    table_class = SchemeTable
    filterset_class = SchemeFilterSet
    crumbs = [("季度考评", None)]

    def get_actions(self) -> list[views.Button]:
        add = {"label": "新建考核方案", "url": reverse("assessments:scheme_create"), "primary": True}
        return [add] if self.may("add") else []


class SchemeDetailView(views.DetailView):
    model = Scheme
    queryset = Scheme.objects.select_related("area", "replaces")
    template_name = "assessments/scheme_detail.html"
    crumbs = SCHEMES

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        scheme = self.object
        prefetch_related_objects([scheme], "indicators", "assignments")
        indicators = list(scheme.indicators.all())
        may_change = self.may("change", scheme)
        counts = Counter(assignment.unit_class for assignment in scheme.assignments.all())
        context = super().get_context_data(
            groups=_by_category(indicators), totals=scheme_services.class_totals(indicators), tiers=list(scheme.tiers.all()),
            classes=[(value, label, counts[value]) for value, label in UnitClass.choices],
            quarters=list(scheme.quarters.all()), may_change=may_change, draft=scheme.status == Scheme.Status.DRAFT,
            problems=scheme_services.scheme_problems(scheme) if may_change and scheme.status == Scheme.Status.DRAFT else [],
            form=KeyedForm(), **kwargs,
        )  # fmt: skip
        return context if may_change else context | {"history": []}  # it names other units


class SchemeCreateView(views.CreateView):
    model = Scheme
    form_class = SchemeForm
    crumbs = SCHEMES


class SchemeUpdateView(views.UpdateView):
    model = Scheme
    form_class = SchemeForm
    crumbs = SCHEMES


class SchemeDeleteView(views.DeleteView):
    model = Scheme
    queryset = Scheme.objects.filter(status=Scheme.Status.DRAFT)
    crumbs = SCHEMES

    def get_consequences(self) -> list[str]:
        return [f"一并删除 {self.object.indicators.count()} 个指标和考核分类。"]

    def get_success_url(self) -> str:
        return reverse("assessments:scheme_list")


def _scheme(request: HttpRequest, pk: int) -> Scheme:
    return permitted_or_404(Scheme.objects.select_related("area"), request.user, "change", pk=pk)


@require_POST
@permission_required("assessments.change_scheme")
def scheme_open(request: HttpRequest, pk: int) -> HttpResponse:
    scheme = _scheme(request, pk)
    with reported(request, f"{scheme}已开始执行，内容冻结。"):
        act_once(request, lambda: scheme_services.open_scheme(scheme, by=request.user))
    return redirect(scheme)


def _form_step(request: HttpRequest, title: str, form: Any, crumbs: Any, act: Callable[[], Any]) -> HttpResponse:
    """A step that asks for a form: show it, act once, go to what came of it."""
    if request.method == "POST" and form.is_valid():
        try:
            made = act_once(request, act)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{title}：已办理。")
            return redirect(made or crumbs[-1][1])
    context = {"title": title, "form": form, "crumbs": crumbs, "submit_label": "确定", "cancel_url": crumbs[-1][1]}
    return render(request, "generic/form.html", context, status=422 if form.errors else 200)


@permission_required("assessments.add_scheme")
def scheme_copy(request: HttpRequest, pk: int) -> HttpResponse:
    scheme = _scheme(request, pk)
    form = YearForm(request.POST or None, initial={"year": scheme.year + 1})
    crumbs = [*SCHEMES, (str(scheme), scheme.get_absolute_url())]
    return _form_step(request, "复制为另一年度的方案", form, crumbs, lambda: scheme_services.copy_scheme(
        scheme, year=form.cleaned_data["year"], by=request.user))  # fmt: skip


@permission_required("assessments.change_scheme")
def scheme_revise(request: HttpRequest, pk: int) -> HttpResponse:
    scheme = _scheme(request, pk)
    form = ReasonForm(request.POST or None)
    crumbs = [*SCHEMES, (str(scheme), scheme.get_absolute_url())]
    return _form_step(request, "改版", form, crumbs, lambda: scheme_services.revise_scheme(
        scheme, reason=form.cleaned_data["reason"], by=request.user))  # fmt: skip


@require_GET
@permission_required("assessments.view_scheme")
def scheme_difference(request: HttpRequest, pk: int) -> HttpResponse:
    """What changed against the version it replaces, or against the year before."""
    scheme = permitted_or_404(Scheme.objects.select_related("area", "replaces"), request.user, pk=pk)
    before = scheme.replaces or (
        Scheme.objects.permitted(request.user)
        .filter(area=scheme.area, year__lt=scheme.year)
        .order_by("-year", "-number")
        .first()
    )
    changes = scheme_services.scheme_difference(before, scheme) if before else []
    context = {"title": f"{scheme} · 与上一版的差别", "before": before, "changes": changes,
               "crumbs": [*SCHEMES, (str(scheme), scheme.get_absolute_url())]}  # fmt: skip
    return render(request, "assessments/difference.html", context)


CHANGED_MEANWHILE = "别人刚刚改过这个方案，您填的内容还在，没有保存。请核对标出的不同之处，再保存一次。"


def _expected(request: HttpRequest) -> int | None:
    version = request.POST.get("version", "")
    return int(version) if version.isdecimal() else None


@permission_required("assessments.change_scheme")
def scheme_classes(request: HttpRequest, pk: int) -> HttpResponse:
    """All units of the county on one page: Ⅰ, Ⅱ, Ⅲ or not assessed."""
    scheme = _scheme(request, pk)
    units = list(Unit.objects.in_area(scheme.area).in_force().select_related("area"))
    stored = {a.unit_id: (a.unit_class, a.exempt_reason) for a in ClassAssignment.objects.filter(scheme=scheme)}
    shown, problem = stored, ""
    if request.method == "POST":
        shown = _posted_classes(request, units)
        try:
            act_once(request, lambda: scheme_services.assign_classes(
                scheme, shown, by=request.user, expected=_expected(request)))  # fmt: skip
        except StaleVersionError:
            problem = CHANGED_MEANWHILE
        except ValidationError as error:
            problem = "；".join(error.messages)
        else:
            messages.success(request, "考核分类已保存。")
            return redirect("assessments:scheme_classes", pk)
    nothing = ("", "")
    rows = [
        {"unit": unit, "unit_class": mine[0], "exempt": mine[1],
         "theirs": scheme_services.class_words(*theirs) if problem == CHANGED_MEANWHILE and mine != theirs else ""}
        for unit in units for mine, theirs in [(shown.get(unit.pk, nothing), stored.get(unit.pk, nothing))]
    ]  # fmt: skip
    return render(request, "assessments/scheme_classes.html", {
        "title": f"{scheme} · 考核分类", "scheme": scheme, "rows": rows, "problem": problem,
        "classes": UnitClass.choices, "form": KeyedForm(), "crumbs": [*SCHEMES, (str(scheme), scheme.get_absolute_url())],
    }, status=_refused(problem))  # fmt: skip


def _posted_classes(request: HttpRequest, units: list[Unit]) -> dict[int, tuple[str, str]]:
    """Unit id → (class, reason for no rank) as posted; one button puts every township into class Ⅰ."""
    townships = request.POST.get("townships")
    classes = {}
    for unit in units:
        unit_class = request.POST.get(f"class-{unit.pk}", "")
        if townships and unit.kind == Unit.Kind.TOWNSHIP:
            unit_class = UnitClass.FIRST.value
        exempt = request.POST.get(f"exempt-{unit.pk}", "").strip()[:200] if unit_class else ""
        classes[unit.pk] = (unit_class, exempt)
    return classes


def _refused(problem: str) -> int:
    return 409 if problem == CHANGED_MEANWHILE else 422 if problem else 200


@permission_required("assessments.change_scheme")
def scheme_tiers(request: HttpRequest, pk: int) -> HttpResponse:
    """The bonus table, five rows at most."""
    scheme = _scheme(request, pk)
    stored = [(str(t.days_before), scoring.plain(t.points)) for t in scheme.tiers.all()]
    rows, problem = stored, ""
    if request.method == "POST":
        rows = list(zip(request.POST.getlist("days"), request.POST.getlist("points"), strict=False))
        try:
            tiers = [(int(days), Decimal(points)) for days, points in rows if days.strip() or points.strip()]
            if any(not 0 <= days <= 90 or not points.is_finite() or not 0 <= points <= 20 for days, points in tiers):
                raise ValidationError("提前天数应为 0 至 90，加分应为 0 至 20。")
            act_once(request, lambda: scheme_services.set_tiers(
                scheme, tiers, by=request.user, expected=_expected(request)))  # fmt: skip
        except (ValueError, InvalidOperation):
            problem = "每一行的提前天数应为整数，加分应为数字；不用的行请两格都留空。"
        except StaleVersionError:
            problem = CHANGED_MEANWHILE
        except ValidationError as error:
            problem = "；".join(error.messages)
        else:
            messages.success(request, "时效加分档已保存。")
            return redirect(scheme)
    return render(request, "assessments/scheme_tiers.html", {
        "title": f"{scheme} · 时效加分档", "scheme": scheme, "rows": (rows + [("", "")] * 5)[:5], "problem": problem,
        "theirs": stored if problem == CHANGED_MEANWHILE else [],
        "form": KeyedForm(), "crumbs": [*SCHEMES, (str(scheme), scheme.get_absolute_url())],
    }, status=_refused(problem))  # fmt: skip


class IndicatorCreateView(views.CreateView):
    model = Indicator
    form_class = IndicatorForm
    crumbs = SCHEMES

    def get_form_kwargs(self) -> dict[str, Any]:
        scheme = _scheme(self.request, self.kwargs["pk"])
        number = scheme.indicators.count() + 1
        return {**super().get_form_kwargs(), "instance": Indicator(scheme=scheme, number=number)}

    def get_cancel_url(self) -> str:
        return reverse("assessments:scheme_detail", args=[self.kwargs["pk"]])


class IndicatorUpdateView(views.UpdateView):
    model = Indicator
    queryset = Indicator.objects.select_related("scheme__area")
    form_class = IndicatorForm
    crumbs = SCHEMES


class IndicatorDeleteView(views.DeleteView):
    model = Indicator
    queryset = Indicator.objects.filter(scheme__status=Scheme.Status.DRAFT).select_related("scheme__area")
    crumbs = SCHEMES

    def get_success_url(self) -> str:
        return self.object.scheme.get_absolute_url()


class QuarterListView(views.ListView):
    model = Quarter
    queryset = Quarter.objects.select_related("scheme__area")
    table_class = QuarterTable
    filterset_class = QuarterFilterSet
    title = "季度与任务"
    crumbs = [("季度考评", None)]


class QuarterCreateView(views.CreateView):
    """A quarter of an open scheme; its tasks come from the indicators, with the words of the quarter before."""

    model = Quarter
    form_class = QuarterForm
    crumbs = SCHEMES

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "instance": Quarter(scheme=_scheme(self.request, self.kwargs["pk"]))}

    def perform(self, form: Any) -> Quarter:
        quarter = form.instance
        before = quarter_services.quarter_before(quarter)
        return quarter_services.plan_quarter(quarter, by=self.request.user, copy_from=before)

    def get_cancel_url(self) -> str:
        return reverse("assessments:scheme_detail", args=[self.kwargs["pk"]])


class QuarterUpdateView(views.UpdateView):
    model = Quarter
    queryset = Quarter.objects.select_related("scheme__area").exclude(state__in=["published", "closed"])
    form_class = QuarterForm
    crumbs = QUARTERS

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)
        form.fields["number"].disabled = True
        return form


class QuarterDetailView(views.DetailView):
    model = Quarter
    queryset = Quarter.objects.select_related("scheme__area")
    template_name = "assessments/quarter_detail.html"
    crumbs = QUARTERS

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        quarter, user = self.object, self.request.user
        tasks = list(quarter.tasks.select_related("indicator"))
        may_change = self.may("change", quarter)
        steps = quarter_services.STEPS[quarter.state] if may_change else frozenset()
        before = quarter_services.quarter_before(quarter) if "tasks" in steps else None
        statuses = list(SelfReport.objects.permitted(user).filter(quarter=quarter).values_list("unit_class", "status"))
        context = super().get_context_data(
            groups=_by_category(tasks, lambda task: task.indicator.category), totals=scheme_services.class_totals(tasks),
            progress=[
                (label, sum(c == value and s == "submitted" for c, s in statuses), sum(c == value for c, _ in statuses))
                for value, label in UnitClass.choices
            ],
            unlocks=list(quarter.unlocks.select_related("report__unit", "by")) if may_change else [],
            problems=quarter_services.quarter_problems(quarter) if "open" in steps else [], steps=steps,
            before=before, changes=quarter_services.quarter_difference(before, quarter) if before else [],
            publication=quarter.publications.order_by("-revision").first(), may_change=may_change, form=KeyedForm(),
            own=SelfReport.objects.permitted(user, "change").filter(quarter=quarter).first(), **kwargs,
        )  # fmt: skip
        return context if may_change else context | {"history": []}  # it names other units


@permission_required("assessments.add_task")
def task_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Put an indicator that was left out on the list of a planned quarter."""
    quarter = permitted_or_404(Quarter.objects.select_related("scheme__area"), request.user, "change", pk=pk)
    form = TaskAddForm(request.POST or None, quarter=quarter)
    crumbs = [*QUARTERS, (str(quarter), quarter.get_absolute_url())]
    return _form_step(request, "新增任务", form, crumbs, lambda: quarter_services.add_task(
        quarter, form.cleaned_data["indicator"], by=request.user))  # fmt: skip


class TaskUpdateView(views.UpdateView):
    model = Task
    queryset = Task.objects.select_related("quarter__scheme__area", "indicator")
    form_class = TaskForm
    crumbs = QUARTERS


class TaskDeleteView(views.DeleteView):
    model = Task
    queryset = Task.objects.filter(quarter__state=Quarter.State.PLANNED).select_related(
        "quarter__scheme__area", "indicator"
    )
    crumbs = QUARTERS

    def get_success_url(self) -> str:
        return self.object.quarter.get_absolute_url()


def _step(request: HttpRequest, pk: int, service: Callable[..., Any], words: str) -> HttpResponse:
    quarter = permitted_or_404(Quarter.objects.select_related("scheme__area"), request.user, "change", pk=pk)
    with reported(request, f"{quarter}{words}"):
        act_once(request, lambda: service(quarter, by=request.user))
    return redirect(quarter)


@require_POST
@permission_required("assessments.change_quarter")
def quarter_open(request: HttpRequest, pk: int) -> HttpResponse:
    return _step(request, pk, quarter_services.open_quarter, "自评已开始，各单位可以填报。")


@require_POST
@permission_required("assessments.change_quarter")
def quarter_start_review(request: HttpRequest, pk: int) -> HttpResponse:
    return _step(request, pk, quarter_services.start_review, "已转入评审，自评截止。")


@require_POST
@permission_required("assessments.change_quarter")
def quarter_close(request: HttpRequest, pk: int) -> HttpResponse:
    return _step(request, pk, quarter_services.close_quarter, "已归档。")


@permission_required("assessments.add_unlock")
def unlock_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Open a door again for a while, with the reason."""
    quarter = permitted_or_404(Quarter.objects.select_related("scheme__area"), request.user, "change", pk=pk)
    form = UnlockForm(request.POST or None, quarter=quarter, user=request.user)
    if quarter.is_frozen:
        form.fields["purpose"].initial = "correction"

    def act() -> Quarter:
        values = {name: form.cleaned_data[name] for name in ("purpose", "report", "reason", "ends_at")}
        quarter_services.unlock(quarter, by=request.user, **values)
        return quarter

    return _form_step(request, "解锁", form, [*QUARTERS, (str(quarter), quarter.get_absolute_url())], act)


def _by_category(
    rows: list[Any], category: Callable[[Any], str] = lambda row: row.category
) -> list[tuple[str, list[Any]]]:
    groups: dict[str, list[Any]] = {}
    for row in rows:
        groups.setdefault(category(row), []).append(row)
    return list(groups.items())
