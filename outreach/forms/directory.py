"""Forms of enterprises and associations, officials and notices."""

from typing import Any, ClassVar

from django import forms
from django.utils import timezone

from organizations.models import Area, Level
from organizations.services.places import below
from outreach.forms.places import CloseForm, PlacedForm
from outreach.models import Enterprise, Notice, Official
from portal.accounts.models import User
from portal.accounts.roles import Line
from portal.kit.forms import ModelForm


class EnterpriseForm(PlacedForm):
    numbers_belong = frozenset({"credit_code"})

    labels: ClassVar[dict[str, str]] = {"since": "登记日期"}

    class Meta:
        model = Enterprise
        fields = ["kind", "name", "credit_code", "industry", "area", "unit", "address", "since", "note"]

    def clean_credit_code(self) -> str:
        return self.cleaned_data["credit_code"].strip().upper()


class OfficialForm(PlacedForm):
    labels: ClassVar[dict[str, str]] = {"since": "开始联系日期"}

    class Meta:
        model = Official
        fields = ["name", "kind", "position", "area", "unit", "user", "since"]

    def narrow(self, areas: list[Area]) -> None:
        """Business accounts of the user's own areas that are nobody else's."""
        self.fields["name"].label = "姓名"
        field: Any = self.fields["user"]
        reach = self.user.reach(self.permission)
        accounts = User.objects.filter(line=Line.BUSINESS, is_active=True, official=None)
        accounts = accounts if reach.everything else accounts.filter(below(reach.codes, "area__tree_code"))
        field.queryset = accounts | User.objects.filter(pk=self.instance.user_id or 0)
        field.empty_label = "没有账号"


class EnterpriseCloseForm(CloseForm):
    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["until"].label = "注销或迁出日期"


class OfficialCloseForm(CloseForm):
    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["until"].label = "离任日期"


class NoticeForm(ModelForm):
    numbers_belong = frozenset({"text"})  # how the office is reached (PIPL 17)

    class Meta:
        model = Notice
        fields = ["area", "name", "text", "since"]
        widgets = {"text": forms.Textarea({"rows": 14})}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["since"].label = "启用日期"
        counties = Area.objects.permitted(self.user).existing().filter(level=Level.COUNTY)
        self.fields["area"].queryset = counties | Area.objects.filter(pk=self.instance.area_id or 0)
        self.initial.setdefault("area", counties.first())
        self.initial.setdefault("since", timezone.localdate())


class NoticeCloseForm(ModelForm):
    reason = forms.CharField(label="原因", max_length=200, help_text="会写进修改记录")

    class Meta:
        model = Notice
        fields = ["until"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["until"].required, self.fields["until"].label = True, "停用日期"
        self.initial["until"] = self.initial.get("until") or timezone.localdate()
