"""Forms of coverage goals."""

from typing import Any

from django import forms
from django.utils import timezone

from organizations.measures import MEASURES, Measure
from organizations.models import Area, CoverageGoal, Level
from portal.kit.forms import ModelForm


class NewGoalForm(ModelForm):
    """A goal over one of the measures that count areas and bodies."""

    measure = forms.ChoiceField(label="统计项")

    class Meta:
        model = CoverageGoal
        fields = ["area", "number", "title", "townships", "villages", "bodies", "kinds", "measure", "minimum", "since"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["measure"].choices = measure_choices()
        counties = Area.objects.permitted(self.user).existing().filter(level=Level.COUNTY)
        if "area" in self.fields:
            self.fields["area"].queryset = counties
            self.fields["area"].initial = counties.first()
        if "since" in self.fields:
            self.fields["since"].initial = timezone.localdate


class GoalForm(NewGoalForm):
    """A change of a goal, from a day on."""

    from_day = forms.DateField(label="从哪天起", help_text="这一天以前的数据仍按原来的口径统计")

    class Meta(NewGoalForm.Meta):
        fields = ["number", "title", "townships", "villages", "bodies", "kinds", "measure", "minimum"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["from_day"].initial = max(timezone.localdate(), self.instance.since)


class EndGoalForm(ModelForm):
    on = forms.DateField(
        label="最后统计日期", initial=timezone.localdate, help_text="过了这一天不再统计；以前的数据保留"
    )
    reason = forms.CharField(label="原因", max_length=200)

    class Meta:
        model = CoverageGoal
        fields: list[str] = []


def measure_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """The measures that count areas and bodies, by group."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for measure in MEASURES.values():
        if isinstance(measure, Measure):
            groups.setdefault(measure.group, []).append((measure.name, measure.label))
    return list(groups.items())
