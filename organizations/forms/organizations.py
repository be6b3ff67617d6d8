"""Founding, changing, dissolving and restoring an organization."""

from typing import Any

from django import forms
from django.utils import timezone

from organizations.filters.organizations import area_words
from organizations.models import Kind, Level, Organization, Unit
from organizations.services.organizations import areas_to_found_in, similar_to
from portal.kit.filters import DateInput
from portal.kit.forms import ModelForm

KINDS_OF_LEVEL = {
    Level.COUNTY: {Kind.COUNTY, Kind.CITY},
    Level.TOWNSHIP: {Kind.TOWN, Kind.TOWNSHIP, Kind.STREET, Kind.OTHER},
    Level.VILLAGE: {Kind.VILLAGE, Kind.COMMUNITY},
}


def area_kinds(kind: str) -> str:
    """The kinds of area in which a kind of organization is founded: "town township other"."""
    member = Organization.Kind(kind)
    level = KINDS_OF_LEVEL[Organization.LEVELS[member]]
    return " ".join(sorted(Organization.AREA_KINDS.get(member, {str(kind) for kind in level})))


class AreaSelect(forms.Select):
    """Each area says its kind, so that fit-options.js can narrow the kinds of organization to it."""

    def create_option(self, name: Any, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if value and getattr(value, "instance", None):
            option["attrs"]["data-is"] = value.instance.kind
        return option


class KindSelect(forms.Select):
    def create_option(self, name: Any, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        if value:
            option["attrs"]["data-for"] = area_kinds(str(value))
        return option


class AreaField(forms.ModelChoiceField):
    widget = AreaSelect

    def label_from_instance(self, obj: Any) -> str:
        return area_words(obj)


class OrganizationForm(ModelForm):
    numbers_belong = frozenset({"registration_number"})

    class Meta:
        model = Organization
        fields = [
            "area", "kind", "name", "unit", "since", "registration_number", "registered_on", "fields_of_work",
            "term_number", "term_since", "next_election_on", "charter_on", "note",
        ]  # fmt: skip
        field_classes = {"area": AreaField}
        widgets = {"kind": KindSelect(attrs={"data-fits": "id_area"})}
        labels = {"since": "成立日期"}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        places = fields["area"].queryset = areas_to_found_in(self.user, also=self.instance.area_id)
        found = list(places[:2])
        if len(found) == 1:
            self.initial.setdefault("area", found[0].pk)
            kinds = [choice for choice in Organization.Kind.choices if found[0].kind in area_kinds(choice[0]).split()]
            fields["kind"].choices = [("", "---------"), *kinds]
        fields["unit"].queryset = fields["unit"].queryset.in_force().filter(kind=Unit.Kind.BODY)
        if not fields["unit"].queryset.exists() and not self.instance.unit_id:
            del fields["unit"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        area, unit = cleaned.get("area"), cleaned.get("unit")
        reach = self.user.reach("organizations.change_organization")
        if area and not reach.covers(area.tree_code) and (unit is None or unit.pk not in reach.units):
            self.add_error("unit" if "unit" in self.fields else "area", "请选择您所在的主管单位。")
        return cleaned


class FoundForm(OrganizationForm):
    """Names what may be the same organization before a second one is made of it."""

    confirmed = forms.BooleanField(label="不是同一个组织，仍要新增", required=False)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.similar: list[Organization] = []

    def _post_clean(self) -> None:
        """After the model's own checks: only a row that could be saved is compared."""
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        self.similar = similar_to(self.instance)
        if self.similar and not self.cleaned_data.get("confirmed"):
            self.add_error("confirmed", "请先核对上面列出的组织。")


class ChangeForm(OrganizationForm):
    reason = forms.CharField(label="修改说明", max_length=200, required=False, help_text="写入修改记录，可以不填")

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["area"].help_text = "登记错了才改；村镇合并、拆分时由系统随区划一并转移"


class DissolveForm(ModelForm):
    on = forms.DateField(label="撤销日期", initial=timezone.localdate, widget=DateInput, help_text="这一天仍算在册")
    reason = forms.CharField(label="原因", max_length=200, help_text="例如会议决定或批复文号")

    class Meta:
        model = Organization
        fields: list[str] = []


class RestoreForm(ModelForm):
    reason = forms.CharField(label="原因", max_length=200, help_text="例如撤销登记有误")

    class Meta:
        model = Organization
        fields: list[str] = []
