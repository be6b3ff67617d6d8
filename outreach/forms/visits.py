"""The forms of pairings, visits and rhythms; a visit is made for a phone's screen."""

import re
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from organizations.filters.organizations import area_words
from organizations.models import Level
from organizations.services.places import areas_for
from outreach.forms.places import ReasonForm
from outreach.models import Official, Pairing, Rhythm, Visit
from outreach.services.visits import (
    NOTES,
    Sides,
    check_visit,
    find_targets,
    may_read_notes,
    own_official,
    targets_from,
    token_of,
)
from portal.kit.forms import ModelForm

SUGGESTED = 6
NAMES = re.compile("[、，,；;\n]")
ENDS = [Pairing.End.ENDED, Pairing.End.CLOSED, Pairing.End.WRONG]


class SidesField(forms.Field):
    """Several targets as tokens; the template draws them as check boxes."""

    widget = forms.SelectMultiple


class WhomForm(ModelForm):
    """Whom: boxes to tick and a search box; a name that was typed and not ticked counts where it means one row alone."""

    kinds: ClassVar[tuple[str, ...]] = ("enterprise", "organization", "contact")
    sides = SidesField(required=False, label="走访谁")
    whom = forms.CharField(required=False, max_length=100, label="查找")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.found: list[Any] = []
        self.targets: list[Any] = []
        if not self.is_bound:
            self.targets = targets_from(self.user, self.initial.get("sides", []), self.kinds)
            self.found = find_targets(self.user, self.initial.get("whom", ""), self.kinds)

    def suggestions(self) -> list[Any]:
        """Those who probably are meant before anything is typed."""
        return []

    @property
    def choices(self) -> list[tuple[str, str, str, bool]]:
        """(token, name, where it is, whether it is ticked): the ticked ones first."""
        ticked = {token_of(row): row for row in self.targets}
        others = {token_of(row): row for row in [*self.found, *self.suggestions()]}
        return choices_of(ticked, others)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        tokens = cleaned.get("sides") or []
        self.targets = [*targets_from(self.user, tokens, self.kinds), *self.kept(tokens)]
        if len(self.targets) < len(set(tokens)):
            self.add_error("sides", "有的选择已经停用、删除或者不在您的权限范围内，请重新选择。")
        self._take_typed(cleaned.get("whom", ""))
        return cleaned

    def kept(self, tokens: list[str]) -> list[Any]:
        """Targets that the row has already and that may not be chosen anew."""
        return []

    def _take_typed(self, typed: str) -> None:
        for name in filter(None, map(str.strip, NAMES.split(typed))):
            if any(name in row.name for row in self.targets):
                continue
            found = find_targets(self.user, name, self.kinds)
            exact = [row for row in found if row.name == name] or found
            if len(exact) == 1:
                self.targets += exact
            else:
                self.found += exact
                words = (
                    f"“{name}”有 {len(exact)} 个，请在下面勾选。"
                    if exact
                    else f"没有找到“{name}”，请核对名称，或者先登记。"
                )
                self.add_error("sides", words)

    def _update_errors(self, errors: ValidationError) -> None:
        """What is said of a field that the form does not show is said of the whole form."""
        said = getattr(errors, "error_dict", {})
        for name in [name for name in said if name not in self.fields and name != "__all__"]:
            said.setdefault("__all__", []).extend(said.pop(name))
        super()._update_errors(errors)  # type: ignore[misc]


def choices_of(ticked: dict[str, Any], others: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    """What `_whom.html` draws."""
    shown = {**ticked, **{token: row for token, row in others.items() if token not in ticked}}
    return [(token, str(row), _where(row), token in ticked) for token, row in shown.items()]


def _where(row: Any) -> str:
    kind = row.get_kind_display() if hasattr(row, "get_kind_display") else row._meta.verbose_name
    return f"{kind} · {area_words(row.area)}"


class VisitForm(WhomForm):
    officials = forms.ModelMultipleChoiceField(
        Official.objects.all(), widget=forms.CheckboxSelectMultiple, label="走访干部", required=False
    )
    field_order = ["state", "officials", "sides", "whom", "on", "matter", *NOTES, "next_on"]

    class Meta:
        model = Visit
        fields = ["state", "on", "matter", *NOTES, "next_on"]
        widgets = {
            "state": forms.RadioSelect, "raised": forms.Textarea({"rows": 3}), "promised": forms.Textarea({"rows": 2}),
        }  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["state"].choices = [(s.value, s.label) for s in (Visit.State.DONE, Visit.State.PLANNED)]
        self.own = own_official(self.user)
        self.stored = Sides.of(self.instance) if self.instance.pk else Sides()
        self._narrow_officials()
        if self.instance.pk and not may_read_notes(self.user, self.instance):
            for name in NOTES:
                del self.fields[name]
        if self.instance.pk and not self.is_bound:
            self.targets = self.targets or self.stored.targets
        self.initial.setdefault("on", timezone.localdate())

    def _narrow_officials(self) -> None:
        field: Any = self.fields["officials"]
        field.queryset = Official.objects.permitted(self.user).in_force().select_related("area")
        stored = [official.pk for official in self.stored.officials]
        field.queryset |= Official.objects.filter(pk__in=stored).select_related("area")
        preset = stored or ([self.own.pk] if self.own else self._last_used())
        self.initial.setdefault("officials", preset)

    def _last_used(self) -> list[int]:
        last = Visit.objects.filter(by=self.user.pk).order_by("-pk").first()
        return list(last.officials.values_list("pk", flat=True)) if last else []

    @property
    def people(self) -> tuple[list[Any], list[Any]]:
        """(the ticked officials, the others): a phone shows the first, and the second on a touch."""
        ticked, others = [], []
        for box in self["officials"]:
            (ticked if box.data["selected"] else others).append(box)
        return ticked, others

    def suggestions(self) -> list[Any]:
        if self.found or self.own is None:
            return []
        pairs = self.own.pairings.in_force().select_related("enterprise__area__parent", "contact__area__parent")
        return [pair.target for pair in pairs[:SUGGESTED]]

    def kept(self, tokens: list[str]) -> list[Any]:
        ready = {token_of(row) for row in self.targets} | set(self.ticked_now)
        return [row for row in self.stored.targets if token_of(row) in tokens and token_of(row) not in ready]

    @property
    def ticked_now(self) -> list[str]:
        """Tokens that can be chosen anew."""
        return [token_of(row) for row in targets_from(self.user, self.cleaned_data.get("sides") or [], self.kinds)]

    def chosen(self) -> Sides:
        by_kind: dict[str, list[Any]] = {"enterprise": [], "organization": [], "contact": []}
        for row in self.targets:
            by_kind[row._meta.model_name].append(row)
        officials = list(self.cleaned_data.get("officials") or [])
        return Sides(officials, by_kind["enterprise"], by_kind["organization"], by_kind["contact"])

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if not self.errors:
            try:
                check_visit(self.instance, self.chosen())
            except ValidationError as error:
                self._update_errors(error)


class VisitDoneForm(VisitForm):
    """A planned visit that was made: the same form, the day is today where the planned one is still to come."""

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial["state"] = Visit.State.DONE
        self.initial["on"] = min(self.instance.on, timezone.localdate())


class VisitCancelForm(ReasonForm):
    class Meta:
        model = Visit
        fields: ClassVar[list[str]] = []


class PairingForm(WhomForm):
    """One official, several enterprises or contacts in one step."""

    kinds = ("enterprise", "contact")
    field_order = ["official", "sides", "whom", "since"]

    class Meta:
        model = Pairing
        fields = ["official", "since"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["sides"].label = "联系谁"
        official: Any = self.fields["official"]
        official.queryset = Official.objects.permitted(self.user).in_force().select_related("area")
        self.fields["since"].label = "结对日期"
        self.initial.setdefault("since", timezone.localdate())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not self.targets and "sides" not in self.errors:
            self.add_error("sides", "请至少选择一家企业（协会）或一名联系对象。")
        return cleaned


class PairingCloseForm(ModelForm):
    end = forms.ChoiceField(label="结束原因", choices=[("", "请选择"), *[(end.value, end.label) for end in ENDS]])
    field_order = ["until", "end"]

    class Meta:
        model = Pairing
        fields = ["until"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        until = self.fields["until"]
        until.required, until.label, until.help_text = True, "结束日期", "最后一天"
        self.initial["until"] = timezone.localdate()


class RhythmForm(ModelForm):
    class Meta:
        model = Rhythm
        fields = ["area", "whom", "months"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        area: Any = self.fields["area"]
        counties = areas_for(self.user, "outreach.add_rhythm").filter(level=Level.COUNTY)
        area.queryset = counties
        if len(found := list(counties)) == 1:
            area.widget, self.initial["area"] = forms.HiddenInput(), found[0].pk
        if self.instance.pk:
            del self.fields["whom"]


class HandoverForm(ModelForm):
    """To whom and from which day; the page shows what goes before it is done."""

    to_official = forms.ModelChoiceField(Official.objects.all(), label="接收人", empty_label="请选择")
    on = forms.DateField(
        label="移交日期",
        initial=timezone.localdate,
        help_text="从这一天起由接收人负责，移交人到前一天为止；不能晚于今天",
    )

    class Meta:
        model = Official
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        field: Any = self.fields["to_official"]
        others = Official.objects.permitted(self.user).in_force().exclude(pk=self.instance.pk)
        field.queryset = others.select_related("area")

    def _get_validation_exclusions(self) -> set[str]:
        """The official itself is not changed, and not asked anew."""
        return {field.name for field in Official._meta.fields}

    def validate_unique(self) -> None:
        pass
