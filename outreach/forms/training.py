"""Forms of training plans, sessions and the posts of cadres."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.utils import timezone

from outreach.forms.officers import OfficersMixin
from outreach.forms.places import PlacedForm
from outreach.models import CadrePost, TrainingPlan, TrainingSession
from outreach.services.training import check_plan, check_post, check_session
from portal.kit.forms import ModelForm


class TrainingPlanForm(PlacedForm):
    labels: ClassVar[dict[str, str]] = {}

    class Meta:
        model = TrainingPlan
        fields = ["year", "name", "audience", "area", "unit", "planned_people"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("year", timezone.localdate().year)
        if "unit" in self.fields:
            self.fields["unit"].help_text = "由市（县）直单位举办的，在这里选该单位"

    def _post_clean(self) -> None:
        super()._post_clean()
        refuse(self, check_plan)


class OfPlanForm(ModelForm):
    """A row of a plan: the plan is known before the form is opened, and what is asked of both is asked."""

    def _get_validation_exclusions(self) -> set[str]:
        return super()._get_validation_exclusions() - {"plan"}  # type: ignore[misc]


class TrainingSessionForm(OfficersMixin, OfPlanForm):
    class Meta:
        model = TrainingSession
        fields = ["title", "on", "place", "days", "planned", "attended"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.add_officers("attended")

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        refuse(self, lambda session: check_session(session, list(self.cleaned_data["officers"])))


class CadrePostForm(OfPlanForm):
    class Meta:
        model = CadrePost
        fields = ["post", "holders", "in_plan", "trained", "recommended"]

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        refuse(self, check_post)


def refuse(form: Any, check: Any) -> None:
    """Put what a service says against the row on the form, where nothing else is wrong yet."""
    if form.errors:
        return
    try:
        check(form.instance)
    except ValidationError as error:
        form._update_errors(error)
