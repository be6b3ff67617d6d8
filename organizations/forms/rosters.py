"""Forms around rosters: a pasted text, a new term, a person, a required post."""

from typing import Any

from django import forms
from django.utils import timezone

from organizations.models import Area, Level, Person, RequiredPost
from portal.kit.filters import DateInput
from portal.kit.forms import KeyedForm, ModelForm


class PasteForm(KeyedForm):
    numbers_belong = frozenset({"text"})  # a list with telephones, which go where they belong

    text = forms.CharField(
        label="名单", widget=forms.Textarea({"rows": 14}), max_length=40_000, strip=False,
        help_text="从 Excel、WPS、Word 或微信复制后直接粘贴，例如：张某甲 会长 138…；李某乙 副会长。先预览，确认后才保存",
    )  # fmt: skip


class ReelectForm(KeyedForm):
    on = forms.DateField(label="换届日期", widget=DateInput, help_text="上一届到前一天为止，新一届从这一天开始")
    next_election_on = forms.DateField(label="下次换届日期", widget=DateInput, required=False)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("on", timezone.localdate())


class PersonForm(ModelForm):
    class Meta:
        model = Person
        fields = ["name", "phone"]


class MergeForm(KeyedForm):
    """Whose name and whose phone the one record takes."""

    name = forms.ChoiceField(label="姓名用", widget=forms.RadioSelect)
    phone = forms.ChoiceField(label="联系电话用", widget=forms.RadioSelect)

    def __init__(self, *args: Any, kept: Person, dropped: Person, **kwargs: Any):
        super().__init__(*args, **kwargs)
        for name in ("name", "phone"):
            words = [str(getattr(person, name) or "未登记") for person in (kept, dropped)]
            self.fields[name].choices = [("kept", words[0]), ("dropped", words[1])]
            self.fields[name].initial = "kept" if getattr(kept, name) or not getattr(dropped, name) else "dropped"


class RequiredPostForm(ModelForm):
    class Meta:
        model = RequiredPost
        fields = ["area", "kind", "post", "minimum", "since", "until"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        counties = Area.objects.permitted(self.user).existing().filter(level=Level.COUNTY)
        self.fields["area"].queryset = counties
        self.initial.setdefault("area", counties.first())
        self.initial.setdefault("since", timezone.localdate())
        self.fields["until"].help_text = "不再要求这个职务时填写最后一天；以前的统计不变"
