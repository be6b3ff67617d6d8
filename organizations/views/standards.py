"""Standards with their versions, checks of one row, which items fail most."""

from typing import Any

from django.apps import apps
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, OuterRef, Prefetch, Subquery
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from organizations.filters.standards import CheckFilterSet, StandardFilterSet
from organizations.forms import standards as forms
from organizations.models import Answer, Area, Check, Level, Standard, StandardItem, StandardVersion
from organizations.services import standards as services
from organizations.tables.standards import CheckTable, StandardTable
from portal.kit import views
from portal.kit.access import permission_required
from portal.kit.forms import KeyedForm
from portal.kit.models import StaleVersionError
from portal.kit.views import act_once, history_of, permitted_or_404, reported

STANDARDS, CHECK_LIST = ("标准", "/organizations/standards/"), ("标准核查", "/organizations/checks/")
CHECKS = Check.objects.select_related("version_checked__standard", "area", "by")
LACKING = Prefetch(
    "answers",
    Answer.objects.filter(verdict=Answer.Verdict.UNMET, item__must=True).order_by("item__number"),
    to_attr="lacking",
)


class StandardListView(views.ListView):
    model = Standard
    table_class = StandardTable
    filterset_class = StandardFilterSet
    crumbs = [("组织与阵地", None)]
    empty_title = "还没有标准"
    empty_hint = "点“载入默认标准”得到八有、七有、四有三项标准，再按本地要求修改。"

    def get_queryset(self) -> Any:
        present = StandardVersion.objects.filter(standard=OuterRef("pk"), until=None)
        items = StandardItem.objects.filter(version__standard=OuterRef("pk"), version__until=None).order_by()
        return super().get_queryset().select_related("area").annotate(
            number=Subquery(present.values("number")[:1]), present_since=Subquery(present.values("since")[:1]),
            items=Subquery(items.values("version__standard").annotate(n=Count("pk")).values("n")),
        )  # fmt: skip

    def get_actions(self) -> list[views.Button]:
        if not self.may("add"):
            return []
        return [
            {"label": "载入默认标准", "url": reverse("organizations:standard_defaults")},
            {"label": "新增标准", "url": reverse("organizations:standard_create"), "primary": True},
        ]


class StandardDetailView(views.DetailView):
    """The wording in force, earlier versions, how often it was checked."""

    model = Standard
    queryset = Standard.objects.select_related("area")
    template_name = "organizations/standard_detail.html"
    fields = ("name", "code", "area", "applies_to", "recheck_months")
    crumbs = [STANDARDS]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        checks = Check.objects.permitted(self.request.user).filter(version_checked__standard=self.object).order_by()
        used = dict(checks.values_list("version_checked").annotate(Count("pk")))
        versions = list(self.object.versions.prefetch_related("items").order_by("-number"))
        return super().get_context_data(versions=[(one, used.get(one.pk, 0)) for one in versions], **kwargs)

    def get_actions(self) -> list[views.Button]:
        args = [self.object.pk]
        found = [{"label": "哪些项最常不达标", "url": reverse("organizations:standard_failures", args=args)}]
        if self.may("change", self.object):
            found.append({"label": "修改", "url": reverse("organizations:standard_update", args=args), "primary": True})
        return found


class StandardCreateView(views.CreateView):
    model = Standard
    form_class = forms.NewStandardForm
    template_name = "organizations/standard_form.html"
    crumbs = [STANDARDS]

    def perform(self, form: Any) -> Standard:
        since = form.cleaned_data["since"]
        return services.create_standard(form.instance, form.items.drafts, since=since, by=self.request.user)


class StandardUpdateView(views.UpdateView):
    model = Standard
    form_class = forms.StandardForm
    template_name = "organizations/standard_form.html"
    crumbs = [STANDARDS]

    def perform(self, form: Any) -> Standard:
        values = form.cleaned_data
        services.revise_standard(
            form.instance, form.items.drafts, since=values["since"], reason=values["reason"], by=self.request.user,
            expected=values.get("version") or 0,
        )  # fmt: skip
        return form.instance

    def conflict(self, form: Any, stored: Any) -> HttpResponse:
        """409: the page as I typed it, with what they saved above it."""
        form.data = form.data.copy()
        form.data["version"] = stored.version
        theirs = services.drafts_of(stored.versions.get(until=None))
        context = self.get_context_data(form=form, theirs=theirs, last=next(iter(history_of(stored, 1)), None))
        return self.render_to_response(context, status=409)


@permission_required("organizations.add_standard")
def standard_defaults(request: HttpRequest) -> HttpResponse:
    """八有, 七有, 四有 for the user's county; those that are there already are left alone."""
    counties = Area.objects.existing().filter(level=Level.COUNTY)
    found = list(counties.permitted(request.user))
    if request.method == "POST":
        county = permitted_or_404(counties, request.user, pk=_number(request.POST.get("area")))
        with reported(request, f"{county}的默认标准已齐全。"):
            act_once(
                request,
                lambda: services.default_standards(county, since=timezone.localdate(), by=request.user),
            )
        return redirect("organizations:standard_list")
    return render(request, "organizations/defaults.html", {
        "title": "载入默认标准", "crumbs": [STANDARDS], "counties": found, "form": KeyedForm(),
        "words": "默认标准是八有（基层统战组织）、七有（阵地）、四有（服务品牌）。代号已有的标准不会改动，载入后可以修改。",
        "cancel_url": STANDARDS[1],
    })  # fmt: skip


@require_GET
@permission_required("organizations.view_standard")
def standard_failures(request: HttpRequest, pk: int) -> HttpResponse:
    """Which items fail most in the latest checks; each number opens exactly the rows it counts."""
    standard = permitted_or_404(Standard.objects.select_related("area"), request.user, pk=pk)
    chosen = {"standard": standard.pk, "latest": "yes", "area": _number(request.GET.get("area")) or ""}
    filterset = CheckFilterSet(chosen, queryset=Check.objects.permitted(request.user), request=request)
    checks = filterset.qs if filterset.is_valid() else Check.objects.none()
    base = {name: str(value) for name, value in chosen.items() if value}
    rows = [
        (row, _list_url(base, fails=row.wording), _list_url(base, asked=row.wording))
        for row in services.failures(standard, checks)
    ]
    area = filterset.form.cleaned_data.get("area") if filterset.is_valid() else None
    number, failed = checks.count(), checks.filter(passed=False).count()
    return render(request, "organizations/standard_failures.html", {
        "title": f"{standard}：哪些项最常不达标", "crumbs": [STANDARDS, (standard.name, standard.get_absolute_url())],
        "standard": standard, "rows": rows, "form": filterset.form, "area": area, "checked": number, "failed": failed,
        "rows_in_being": _asked_of(standard, area, request.user), "checked_url": _list_url(base),
        "failed_url": _list_url(base, passed="no"),
    })  # fmt: skip


class CheckListView(views.ListView):
    model = Check
    queryset = CHECKS.prefetch_related(LACKING)
    table_class = CheckTable
    filterset_class = CheckFilterSet
    crumbs = [("组织与阵地", None)]
    empty_title = "没有符合条件的核查"
    empty_hint = "核查从组织、阵地、联络站点、服务品牌自己的页面开始：打开它，点“开始核查”。"


@require_POST
@permission_required("organizations.add_check")
def check_create(request: HttpRequest) -> HttpResponse:
    """Begin a check of the row that the posted register and object_id name, or go on with the one that is open."""
    obj = _posted_row(request)
    standards = list(services.standards_for(obj).order_by("pk"))
    asked = _number(request.POST.get("standard"))
    standard = next((one for one in standards if one.pk == asked), None) if asked else next(iter(standards), None)
    if standard is None:
        messages.error(request, f"{obj.area}还没有适用于“{obj._meta.verbose_name}”的标准，请统战部工作人员先新增标准。")
        return redirect(obj)
    try:
        check = services.start_check(obj, standard, by=request.user)
    except ValidationError as error:
        for message in error.messages:
            messages.error(request, message)
        return redirect(obj)
    return redirect(check)


@require_GET
@permission_required("organizations.view_check")
def check_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """A finished check as it was answered; an open one as a form for whoever may fill it in."""
    may_fill = CHECKS.permitted(request.user, "change").filter(pk=pk, status=Check.Status.DRAFT).first()
    check = may_fill or permitted_or_404(CHECKS, request.user, pk=pk)
    lines = services.lines_of(check)
    shown = [line for line in lines if line.differs] if request.GET.get("differs") else lines
    form = forms.CheckForm(check=check, lines=shown) if may_fill else None
    return _show(request, check, lines, form=form, shown=shown)


@require_POST
@permission_required("organizations.change_check")
def check_update(request: HttpRequest, pk: int) -> HttpResponse:
    """Save the answers, and finish where that button was pressed; wrong answers are named, right ones kept."""
    check = permitted_or_404(CHECKS, request.user, "change", pk=pk)
    if check.status == Check.Status.DONE:
        messages.error(request, "这次核查已经完成，不能再改；情况有变化请重新核查。")
        return redirect(check)
    form = forms.CheckForm(request.POST, request.FILES, check=check, lines=services.lines_of(check))
    if not form.is_valid():
        form.data = form.completed(request.POST)
        return _show(request, check, form.lines, form=form, status=422)
    expected = form.cleaned_data["version"] or 0
    try:
        problems = act_once(
            request, lambda: services.answer_items(check, form.given, by=request.user, expected=expected)
        )
    except StaleVersionError as error:
        return _conflict(request, form, error.stored)
    except ValidationError as error:  # finished by somebody else meanwhile
        for message in error.messages:
            messages.error(request, message)
        return redirect(check)
    if problems:
        return _show_problems(request, check, problems)
    if "finish" in request.POST:
        with reported(request, "核查已完成，结论已计入统计。"):
            services.finish_check(check, by=request.user)
    else:
        messages.success(request, "已保存。")
    return redirect(check)


@require_POST
@permission_required("organizations.delete_check")
def check_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Remove a check that was begun by mistake."""
    check = permitted_or_404(CHECKS, request.user, "delete", pk=pk)
    owner = services.owner_of(check)
    try:
        services.drop_check(check, by=request.user)
    except ValidationError as error:
        for message in error.messages:
            messages.error(request, message)
        return redirect(check)
    messages.success(request, "填写中的核查已删除。")
    return redirect(owner) if owner else redirect("organizations:check_list")


def _show(
    request: HttpRequest,
    check: Check,
    lines: list[Any],
    *,
    form: Any = None,
    shown: Any = None,
    wrong: Any = (),
    status: int = 200,
) -> HttpResponse:
    is_open = check.status == Check.Status.DRAFT
    context = {
        "title": f"{check.object_name} · {check.version_checked.standard}核查", "crumbs": [CHECK_LIST], "check": check,
        "lines": lines if shown is None else shown, "form": form, "wrong": wrong, "owner": services.owner_of(check),
        "last": services.last_check(lines),
        "lacking": services.lacking(lines), "differing": [line for line in lines if line.differs],
        "present": not is_open or check.version_checked.holds_on(), "history": [] if is_open else history_of(check),
    }  # fmt: skip
    return render(request, "organizations/check_detail.html", context, status=status)


def _show_problems(request: HttpRequest, check: Check, problems: dict[int, list[str]]) -> HttpResponse:
    """The page again: what was right is saved, what was wrong stands as it was typed, with the reason."""
    check = CHECKS.get(pk=check.pk)
    fresh = forms.CheckForm(check=check, lines=services.lines_of(check))
    typed = fresh.completed(request.POST)
    for name in ("version", "base", "idempotency_key"):
        typed[name] = fresh[name].value()
    form = forms.CheckForm(typed, check=check, lines=fresh.lines)
    form.is_valid()
    for pk, words in problems.items():
        form.add_error(f"verdict_{pk}", words)
    wrong = [(line, problems[line.answer.pk]) for line in form.lines if line.answer.pk in problems]
    return _show(request, check, form.lines, form=form, wrong=wrong, status=422)


def _conflict(request: HttpRequest, form: Any, stored: Check) -> HttpResponse:
    if request.FILES:
        messages.warning(request, "刚才选择的文件没有上传，请在保存后重新上传。")
    context = {
        "title": "别人刚刚改过这次核查", "crumbs": [CHECK_LIST], "form": form, "object": stored,
        "rows": form.comparison(services.lines_of(stored)), "current_version": stored.version,
        "fresh_url": stored.get_absolute_url(), "last": next(iter(history_of(stored, 1)), None),
    }  # fmt: skip
    return render(request, "generic/conflict.html", context, status=409)


def _posted_row(request: HttpRequest) -> Any:
    """The register row that a form names; 404 outside the user's areas and for anything that has no standard."""
    label = request.POST.get("register", "")
    if label not in Standard.AppliesTo.values:
        raise Http404
    model = apps.get_model(label)
    rows = model._default_manager.select_related("area", "unit")
    return permitted_or_404(rows, request.user, pk=_number(request.POST.get("object_id")))


def _asked_of(standard: Standard, area: Area | None, user: Any) -> int:
    """How many rows in being the standard is asked of."""
    rows = apps.get_model(standard.applies_to)._default_manager.in_force().permitted(user)
    return rows.in_area(area or standard.area).count()


def _list_url(chosen: dict[str, str], **more: str) -> str:
    return reverse("organizations:check_list", query={**chosen, **more})


def _number(text: Any) -> int | None:
    return int(text) if str(text or "").isascii() and str(text or "").isdigit() and len(str(text)) < 16 else None
