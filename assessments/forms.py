"""Forms of schemes, indicators, quarters, tasks, unlocks and self-report items."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from assessments import scoring
from assessments.models import Indicator, Quarter, Scheme, SelfReport, SelfReportItem, Task, Unlock
from assessments.scoring import ScoringError
from assessments.services.quarters import require_planned
from assessments.services.reports import FIELDS
from assessments.services.schemes import require_draft
from organizations import measures
from organizations.models import Level
from portal.kit.forms import CleanForm, KeyedForm, ModelForm


class SchemeForm(ModelForm):
    class Meta:
        model = Scheme
        fields = ["area", "year", "name", "weight_1", "weight_2", "weight_3", "weight_4", "late_per_day", "late_floor",
                  "bonus_cap", "note_over", "follow_up_last", "follow_up_running"]  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = self.fields["area"].queryset.existing().filter(level=Level.COUNTY)

    def clean(self) -> dict[str, Any]:
        if self.instance.pk:
            require_draft(self.instance)
        return super().clean()


class IndicatorForm(ModelForm):
    measure = forms.ChoiceField(
        label="测算项", choices=[("", "—"), *measures.choices()], required=False, help_text="只用于“系统自动测算”"
    )

    class Meta:
        model = Indicator
        fields = ["category", "number", "name", "criteria", "evidence_wanted", "evidence_required", "method", "unit_points",
                  "measure", "points_1", "points_2", "points_3"]  # fmt: skip

    def clean(self) -> dict[str, Any]:
        require_draft(self.instance.scheme)
        return super().clean()


class QuarterForm(ModelForm):
    class Meta:
        model = Quarter
        fields = ["number", "opens_on", "report_due_on", "review_due_on", "appeal_days"]


class TaskForm(ModelForm):
    class Meta:
        model = Task
        fields = ["due_on", "points_1", "points_2", "points_3", "requirement"]

    def clean(self) -> dict[str, Any]:
        require_planned(self.instance.quarter)
        return super().clean()


class TaskAddForm(KeyedForm):
    indicator = forms.ModelChoiceField(Indicator.objects.none(), label="考核指标")

    def __init__(self, *args: Any, quarter: Quarter, **kwargs: Any):
        super().__init__(*args, **kwargs)
        left_out = quarter.scheme.indicators.exclude(tasks__quarter=quarter)
        self.fields["indicator"].queryset = left_out


class YearForm(KeyedForm):
    year = forms.IntegerField(label="年度", min_value=2000, max_value=2100)


class ReasonForm(KeyedForm):
    reason = forms.CharField(label="原因", max_length=300, widget=forms.Textarea({"rows": 3}))


class UnlockForm(KeyedForm):
    purpose = forms.ChoiceField(label="用途", choices=Unlock.Purpose)
    report = forms.ModelChoiceField(
        SelfReport.objects.none(), label="考核对象", required=False, empty_label="全部考核对象"
    )
    reason = forms.CharField(label="解锁原因", max_length=300)
    ends_at = forms.DateTimeField(
        label="到期自动锁定时间", widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    )

    def __init__(self, *args: Any, quarter: Quarter, user: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["report"].queryset = (
            SelfReport.objects.permitted(user).filter(quarter=quarter).select_related("unit", "quarter")
        )
        self.fields["report"].label_from_instance = lambda report: report.unit.name
        self.fields["ends_at"].initial = timezone.localtime() + dt.timedelta(days=3)


class PointsField(forms.CharField):
    """Points as a person types them: full-width digits welcome, everything else explained."""

    def __init__(self, **kwargs: Any):
        super().__init__(max_length=20, **kwargs)
        self.maximum: Decimal | None = None
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def clean(self, value: Any) -> Decimal | None:
        value = super().clean(value)
        if not value:
            return None
        try:
            return scoring.parse_points(value, self.maximum)
        except ScoringError as error:
            raise ValidationError(str(error)) from error

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return self.clean(data) != initial
        except ValidationError:
            return True

    def prepare_value(self, value: Any) -> Any:
        return scoring.plain(value) if isinstance(value, Decimal) else value


class ItemForm(CleanForm):
    """One item of a self-report, with the fields that its method needs; all may stay blank in a draft."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    done_on = forms.DateField(label="完成日期", required=False)
    count = forms.IntegerField(label="次（处）数", required=False, min_value=0, max_value=9999)
    achieved = forms.DecimalField(label="完成数", required=False, min_value=Decimal(0), max_digits=9, decimal_places=2)
    target = forms.DecimalField(label="应完成数", required=False, min_value=Decimal(0), max_digits=9, decimal_places=2)
    points = PointsField(label="自评得分", required=False)
    note = forms.CharField(label="情况说明", required=False, max_length=2000, widget=forms.Textarea({"rows": 2}))

    def __init__(self, *args: Any, task: Task, item: SelfReportItem | None, maximum: Decimal, **kwargs: Any):
        names = FIELDS[task.indicator.method]
        initial = {name: getattr(item, name) for name in [*names, "version"]} if item else {}
        super().__init__(*args, initial=initial, prefix=f"t{task.pk}", **kwargs)
        for name in set(self.fields) - {*names, "version"}:
            del self.fields[name]
        if "points" in self.fields:
            self.fields["points"].maximum = maximum

    @property
    def visible(self) -> list[Any]:
        return [bound for bound in self if not bound.is_hidden]

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}
