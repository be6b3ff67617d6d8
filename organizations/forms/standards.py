"""Forms of a standard with its items, and of a check with its answers."""

from typing import Any

from django import forms
from django.core import signing
from django.utils import timezone

from organizations.models import Answer, Area, Check, Level, Standard, StandardItem
from organizations.services.standards import DAY, Given, ItemDraft, Line, drafts_of, is_answered
from organizations.standards_facts import sources_for
from portal.kit.forms import CleanForm, KeyedForm, ModelForm

SPARE_ROWS, MOST_ITEMS = 3, 40
SALT = "organizations.check"


class ItemForm(CleanForm):
    """One line of a standard; a line without wording is left out."""

    number = forms.IntegerField(label="序号", min_value=1, max_value=999, required=False)
    wording = forms.CharField(label="要求", max_length=100, required=False)
    must = forms.BooleanField(label="必备", required=False, initial=True)
    evidence_required = forms.BooleanField(label="须附材料", required=False)
    source = forms.ChoiceField(label="自动核查", choices=StandardItem.Source, required=False)

    def __init__(self, *args: Any, applies_to: str = "", **kwargs: Any):
        super().__init__(*args, **kwargs)
        if applies_to:
            self.fields["source"].choices = sources_for(applies_to)
        for field in self.fields.values():
            field.widget.attrs["aria-label"] = field.label
        self.fields["number"].widget.attrs["size"] = 3
        self.fields["wording"].widget.attrs["size"] = 36


class BaseItemFormSet(forms.BaseFormSet):
    def add_fields(self, form: Any, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["DELETE"].label = "删除"
        form.fields["DELETE"].widget.attrs["aria-label"] = "删除这一项"

    @property
    def drafts(self) -> list[ItemDraft]:
        """The lines that are kept, by number, then in the order of the page."""
        kept = [
            form.cleaned_data
            for form in self.forms
            if form.cleaned_data.get("wording") and not form.cleaned_data.get("DELETE")
        ]
        kept.sort(key=lambda row: row["number"] or 999)
        return [ItemDraft(row["wording"], row["must"], row["evidence_required"], row["source"]) for row in kept]


ItemFormSet = forms.formset_factory(
    ItemForm, BaseItemFormSet, extra=SPARE_ROWS, can_delete=True, max_num=MOST_ITEMS, absolute_max=MOST_ITEMS
)


class StandardForm(ModelForm):
    """A standard and all its items; an edit of one that was used needs a day and a reason."""

    since = forms.DateField(label="新版本起始日期", help_text="这一天以前的核查不变，从这一天起按新的要求核查")
    reason = forms.CharField(label="修订说明", max_length=200, required=False, help_text="例如修订依据的文件")

    class Meta:
        model = Standard
        fields = ["name", "recheck_months"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        present = self.instance.versions.filter(until=None).first()
        self.answered = is_answered(self.instance)
        today = timezone.localdate()
        self.fields["since"].initial = max(today, present.since + DAY) if present else today
        if Check.objects.filter(version_checked__standard=self.instance).exists():
            self.fields["name"].disabled = True  # it stands on the checks' prints
            self.fields["name"].help_text = "已有核查使用，名称不能再改"
        if not self.answered:
            self.fields["since"].widget = self.fields["reason"].widget = forms.HiddenInput()
        rows = (
            [{"number": number, **draft._asdict()} for number, draft in enumerate(drafts_of(present), 1)]
            if present
            else []
        )
        self.items = _items(self, rows, self.instance.applies_to)

    def is_valid(self) -> bool:
        return _both_valid(self, super().is_valid())


class NewStandardForm(ModelForm):
    since = forms.DateField(label="起始日期", initial=timezone.localdate)

    class Meta:
        model = Standard
        fields = ["area", "code", "name", "applies_to", "recheck_months"]
        help_texts = {
            "code": "英文字母、数字和下划线；eight_haves、seven_haves、four_haves 用于统计“八有”“七有”“四有”达标数"
        }

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        counties = Area.objects.permitted(self.user).existing().filter(level=Level.COUNTY)
        self.fields["area"].queryset = counties
        self.fields["area"].initial = counties.first()
        self.items = _items(self, [], "")

    def is_valid(self) -> bool:
        return _both_valid(self, super().is_valid())


def _items(form: Any, rows: list[dict[str, Any]], applies_to: str) -> Any:
    data = form.data if form.is_bound else None
    return ItemFormSet(data, prefix="items", initial=rows, form_kwargs={"applies_to": applies_to})


def _both_valid(form: Any, valid: bool) -> bool:
    if form.items.is_valid():
        return valid
    if not form.errors.get("__all__"):
        words = list(form.items.non_form_errors()) or ["有的要求填写有误，请看下面表格中标红的一行。"]
        form.add_error(None, words)
    return False


class CheckForm(KeyedForm):
    """The answers of one check: a conclusion, a reason and files for each item."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    base = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, check: Check, lines: list[Line], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.lines = lines
        self.initial["version"] = check.version
        self.initial["base"] = signing.dumps({str(line.answer.pk): _shown(line) for line in lines}, salt=SALT)
        for line in lines:
            self._add(line)

    def _add(self, line: Line) -> None:
        pk = line.answer.pk
        self.fields[f"verdict_{pk}"] = forms.ChoiceField(
            label=line.answer.wording, choices=_choices(line), required=False, widget=forms.RadioSelect
        )
        self.fields[f"reason_{pk}"] = forms.CharField(label="说明", max_length=200, required=False)
        self.initial[f"verdict_{pk}"] = "" if line.known and line.answer.automatic else line.answer.verdict
        self.initial[f"reason_{pk}"] = line.answer.reason

    @property
    def rows(self) -> list[tuple[Line, Any, Any]]:
        """(line, conclusion, reason) of each item, for the page."""
        return [(line, self[f"verdict_{line.answer.pk}"], self[f"reason_{line.answer.pk}"]) for line in self.lines]

    @property
    def given(self) -> dict[int, Given]:
        """What was said, by answer id; an item that the page did not send is left alone."""
        return {
            pk: Given(self.cleaned_data[f"verdict_{pk}"], self.cleaned_data[f"reason_{pk}"], self._files(pk))
            for pk in (line.answer.pk for line in self.lines)
            if f"verdict_{pk}" in self.data or f"reason_{pk}" in self.data or self._files(pk)
        }

    def completed(self, posted: Any) -> Any:
        """What was posted, with what is stored for the items that the page did not send."""
        data = posted.copy()
        for line in self.lines:
            for name in (f"verdict_{line.answer.pk}", f"reason_{line.answer.pk}"):
                data.setdefault(name, self.initial[name])
        return data

    def comparison(self, stored: list[Line]) -> list[tuple[str, str, str, str, bool]]:
        """(label, mine, theirs, before, differs) of each item, for the page that shows a version conflict."""
        try:
            before = signing.loads(self.data.get("base", ""), salt=SALT)
        except signing.BadSignature:
            before = {}
        rows = []
        for line in stored:
            pk = line.answer.pk
            said = Given(self.cleaned_data.get(f"verdict_{pk}", ""), self.cleaned_data.get(f"reason_{pk}", ""))
            mine, theirs = _words(said.verdict, said.reason, line), _shown(line)
            rows.append((line.answer.wording, mine, theirs, before.get(str(pk), ""), mine != theirs))
        return rows

    def _files(self, pk: int) -> list[Any]:
        return self.files.getlist(f"files_{pk}") if hasattr(self.files, "getlist") else []


def _choices(line: Line) -> list[tuple[str, str]]:
    """A person's choices; where the register answers, its answer is the first of them."""
    verdicts = [(value, label) for value, label in Answer.Verdict.choices if value]
    if line.known is None:
        return [("", "未核查"), *verdicts]
    says = Answer.Verdict.MET if line.known.met else Answer.Verdict.UNMET
    return [("", f"按登记册：{says.label}"), *[choice for choice in verdicts if choice[0] != says]]


def _words(verdict: str, reason: str, line: Line) -> str:
    label = dict(_choices(line)).get(verdict, "")
    return f"{label}：{reason}" if reason else label


def _shown(line: Line) -> str:
    verdict = "" if line.known and line.answer.automatic else line.answer.verdict
    return _words(verdict, line.answer.reason, line)
