"""Demonstrations: list, one with its steps and its subject's check, applying, the next step."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from organizations.models import Attachment
from outreach.filters.demonstrations import DemonstrationFilterSet
from outreach.forms.demonstrations import DemonstrationForm, StepForm
from outreach.models import Demonstration, DemonstrationStep
from outreach.services.demonstrations import advance, apply_for, last_check, next_steps
from outreach.services.places import covers
from outreach.tables.activities import DemonstrationTable
from portal.kit import views
from portal.kit.access import permission_required
from portal.kit.models import StaleVersionError
from portal.kit.views import act_once, permitted_or_404

DEMONSTRATIONS = Demonstration.objects.select_related("area__parent", "unit__area", "site", "station", "organization")
LIST = ("示范创建", "/outreach/demonstrations/")
ORDER = ("applied", "building", "inspected", "named")


class DemonstrationListView(views.ListView):
    model = Demonstration
    queryset = DEMONSTRATIONS
    table_class = DemonstrationTable
    filterset_class = DemonstrationFilterSet
    crumbs = [("组织与阵地", None)]
    empty_hint = "请放宽筛选条件；要创建示范的，请申报。"

    def get_actions(self) -> list[views.Button]:
        url = reverse("outreach:demonstration_create")
        return [{"label": "申报示范", "url": url, "primary": True}] if self.may("add") else []


def stages_of(row: Demonstration, taken: list[DemonstrationStep]) -> list[tuple[str, bool, bool]]:
    """(label, behind it, standing there) of each stage; a withdrawn one went as far as its steps say."""
    withdrawn = row.state == Demonstration.State.WITHDRAWN
    reached = max([ORDER.index(step.state) + 1 for step in taken if step.state in ORDER], default=0) if withdrawn else 0
    reached = reached or (ORDER.index(row.state) if row.state in ORDER else 0)
    stages = [
        (Demonstration.State(state).label, number < reached, not withdrawn and number == reached)
        for number, state in enumerate(ORDER)
    ]
    return [*stages, (Demonstration.State.WITHDRAWN.label, False, True)] if withdrawn else stages


class DemonstrationDetailView(views.DetailView):
    model = Demonstration
    queryset = DEMONSTRATIONS
    template_name = "outreach/demonstration_detail.html"
    fields = (
        "award",
        "state",
        "area",
        "unit",
        "applied_on",
        "named_on",
        "named_by",
        "next_review_on",
        "withdrawn_on",
        "withdrawn_reason",
    )
    crumbs = [LIST]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        row, user = self.object, self.request.user
        steps = next_steps(row, user) if covers(user, row, "change") else []
        taken = list(row.steps.select_related("by").order_by("-on", "-pk"))
        photos = Attachment.objects.permitted(user).kept().photos().about(row.subject)
        form = kwargs.pop("form", None) or StepForm(steps=steps, initial={"version": row.version})
        return super().get_context_data(
            steps=taken, form=form if steps else None, stages=stages_of(row, taken),
            check=last_check(row), photos=list(photos[:12]), **kwargs,
        )  # fmt: skip


class DemonstrationCreateView(views.CreateView):
    model = Demonstration
    form_class = DemonstrationForm
    title = "申报示范"
    crumbs = [LIST]
    success_message = "已申报。"

    def get_initial(self) -> dict[str, Any]:
        return {
            name: self.request.GET[name] for name in ("site", "station", "organization") if self.request.GET.get(name)
        }

    def perform(self, form: Any) -> Demonstration:
        return apply_for(form.instance, by=self.request.user)

    def get_cancel_url(self) -> str:
        return LIST[1]


@require_POST
@permission_required("outreach.change_demonstration")
def demonstration_step(request: HttpRequest, pk: int) -> HttpResponse:
    """Take one step; what is wrong with it is said on the page, with what was typed."""
    row = permitted_or_404(DEMONSTRATIONS, request.user, "change", pk=pk)
    form = StepForm(request.POST, steps=next_steps(row, request.user))
    if form.is_valid():
        values = form.cleaned_data
        try:
            act_once(request, lambda: advance(
                row, values["state"], on=values["on"], words=values["words"], named_by=values.get("named_by", ""), by=request.user,
                expected=values["version"] or 0,
            ))  # fmt: skip
        except ValidationError as error:
            for name, errors in getattr(error, "error_dict", {None: error.messages}).items():
                form.add_error(name if name in form.fields else None, ValidationError(errors))
        except StaleVersionError:
            form.add_error(None, "别人刚刚办理过这项示范，请看最新的步骤后再办。")
        else:
            messages.success(request, "已办理。")
            return redirect(row)
    view = DemonstrationDetailView()
    view.setup(request, pk=pk)
    view.object = row
    return view.render_to_response(view.get_context_data(form=form), status=422)
