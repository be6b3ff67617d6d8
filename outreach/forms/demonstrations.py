from typing import Any

from django import forms
from django.utils import timezone

from outreach.models import Demonstration
from portal.kit.filters import DateInput
from portal.kit.forms import KeyedForm, ModelForm


class DemonstrationForm(ModelForm):
    """One site, station or organization of one's own; where it stands follows from it."""

    class Meta:
        model = Demonstration
        fields = ["site", "station", "organization", "award", "applied_on"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name in ("site", "station", "organization"):
            field: Any = self.fields[name]
            field.queryset = field.queryset.model.objects.permitted(self.user, "change").in_force()
            field.empty_label = "无"
            field.help_text = "" if name != "site" else "阵地、联络站点、组织三项中只选一项"

    def _get_validation_exclusions(self) -> set[str]:
        """The service fills the place and checks the whole row."""
        return {*super()._get_validation_exclusions(), "area", "unit"}


class StepForm(KeyedForm):
    """One step: which, on what day, with what words."""

    state = forms.ChoiceField(label="办理", widget=forms.RadioSelect)
    on = forms.DateField(label="日期", widget=DateInput)
    named_by = forms.CharField(label="命名单位", max_length=60, required=False, help_text="命名时填写")
    words = forms.CharField(
        label="说明", max_length=200, required=False, widget=forms.Textarea({"rows": 2}), help_text="撤销时必须写明原因"
    )
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, steps: list[tuple[str, str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["state"].choices = steps
        if "named" not in dict(steps):
            del self.fields["named_by"]
        self.initial.setdefault("state", steps[0][0] if steps else "")
        self.initial.setdefault("on", timezone.localdate())
