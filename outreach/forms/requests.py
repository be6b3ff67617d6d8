"""The forms of requests: taking in, correcting, one for each step; and of holidays."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from organizations.models import Level, Unit
from organizations.services.places import areas_for
from outreach.forms.places import ReasonForm
from outreach.forms.visits import WhomForm
from outreach.models import Holiday, Matter, Official, Request
from outreach.services.requests import LONGEST_TERM, TERM, check_request, units_to_handle
from outreach.services.visits import own_official
from portal.kit.forms import ModelForm

WORDS = forms.Textarea({"rows": 3})


def narrow(form: Any) -> None:
    """Empty choices in words, the officials whom the user may name."""
    handler, matter = form.fields["handler"], form.fields["matter"]
    handler.queryset, handler.empty_label = officials_for(form.user, form.instance), "无"
    matter.choices = [("", "请选择"), *Matter.choices]


def officials_for(user: Any, request: Request) -> Any:
    """Those in office whom the user may name, and the one who is named already."""
    rows = Official.objects.permitted(user).in_force().select_related("area")
    return rows | Official.objects.filter(pk=request.handler_id or 0).select_related("area")


class RequestForm(WhomForm):
    """Taking in: whose, about what, by when."""

    days = forms.IntegerField(
        min_value=1, max_value=LONGEST_TERM, initial=TERM, label="办理期限（工作日）",
        help_text="从受理的第二天起算，节假日不算",
    )  # fmt: skip
    field_order = ["sides", "whom", "channel", "matter", "subject", "details", "handler", "accepted_on", "days"]

    class Meta:
        model = Request
        fields = ["channel", "matter", "subject", "details", "handler", "accepted_on"]
        widgets = {"details": WORDS, "channel": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["sides"].label = "谁的诉求"
        narrow(self)
        own = own_official(self.user)
        self.initial.setdefault("handler", own.pk if own else None)
        self.initial.setdefault("accepted_on", timezone.localdate())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if "sides" not in self.errors:
            if len(self.targets) == 1:
                target = self.targets[0]
                setattr(self.instance, target._meta.model_name, target)
            else:
                self.add_error("sides", "请选择一家企业（协会）、一个组织或一名联系对象，且只选一个。")
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if not self.errors:
            try:
                check_request(self.instance)
            except ValidationError as error:
                self._update_errors(error)


class RequestUpdateForm(ReasonForm):
    """Corrects what was written down; whose it is, its number and its term stay."""

    field_order = ["channel", "matter", "subject", "details", "handler", "reason"]

    class Meta:
        model = Request
        fields = ["channel", "matter", "subject", "details", "handler"]
        widgets = {"details": WORDS}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        narrow(self)


class StepForm(ModelForm):
    """A step writes through its service; the row's own fields are not asked."""

    class Meta:
        model = Request
        fields: ClassVar[list[str]] = []


class RequestHandOverForm(StepForm):
    unit = forms.ModelChoiceField(Unit.objects.none(), label="承办单位", empty_label="请选择")
    words = forms.CharField(label="转办意见", max_length=1000, required=False, widget=WORDS)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        unit: Any = self.fields["unit"]
        unit.queryset = units_to_handle(self.instance)


class RequestAnswerForm(StepForm):
    answer = forms.CharField(
        label="答复内容", max_length=1000, widget=forms.Textarea({"rows": 5}), help_text="不写电话和证件号码"
    )


class RequestCallBackForm(StepForm):
    satisfaction = forms.ChoiceField(label="满意度", choices=Request.Satisfaction.choices[1:], widget=forms.RadioSelect)
    words = forms.CharField(label="回访情况", max_length=900, required=False, widget=WORDS)


class RequestCloseForm(StepForm):
    outcome = forms.ChoiceField(label="办理结果", choices=[("", "请选择"), *Request.Outcome.choices[1:]])
    words = forms.CharField(label="说明", max_length=900, required=False, widget=WORDS)


class RequestReopenForm(StepForm):
    reason = forms.CharField(label="重新办理的原因", max_length=500, widget=WORDS)


class HolidayForm(ModelForm):
    class Meta:
        model = Holiday
        fields = ["area", "on", "name", "works"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        area: Any = self.fields["area"]
        area.queryset = areas_for(self.user, "outreach.add_holiday").filter(level=Level.COUNTY)
        if len(found := list(area.queryset)) == 1:
            area.widget, self.initial["area"] = forms.HiddenInput(), found[0].pk
