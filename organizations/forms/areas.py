"""Forms of areas' changes and of units."""

from typing import Any

from django import forms
from django.utils import timezone

from organizations.models import Area, Kind, Level, Unit
from portal.kit.filters import DateInput
from portal.kit.forms import KeyedForm, ModelForm

TOWNSHIP_KINDS = [(kind.value, kind.label) for kind in (Kind.TOWN, Kind.TOWNSHIP, Kind.STREET, Kind.OTHER)]
VILLAGE_KINDS = [(kind.value, kind.label) for kind in (Kind.VILLAGE, Kind.COMMUNITY)]
COUNTY_KINDS = [(kind.value, kind.label) for kind in (Kind.COUNTY, Kind.CITY)]
KINDS_AT = {Level.COUNTY: COUNTY_KINDS, Level.TOWNSHIP: TOWNSHIP_KINDS, Level.VILLAGE: VILLAGE_KINDS}


class ChangeForm(KeyedForm):
    """What every change of an area asks: from which day, on what basis."""

    on = forms.DateField(
        label="生效日期",
        initial=timezone.localdate,
        widget=DateInput,
        help_text="从这一天起按新情况统计，之前的数据不变",
    )
    reason = forms.CharField(label="依据", max_length=300, help_text="例如批复文号")

    def __init__(self, *args: Any, area: Area, user: Any, **kwargs: Any):
        self.area, self.user = area, user
        super().__init__(*args, **kwargs)
        self.adapt()

    def adapt(self) -> None:
        """Narrow the choices to the area."""

    @property
    def options(self) -> dict[str, Any]:
        """What the service takes besides day and reason."""
        return {
            name: value for name, value in self.cleaned_data.items() if name not in {"on", "reason", "idempotency_key"}
        }

    def siblings(self) -> Any:
        county = Area.objects.get(tree_code=self.area.tree_code[:6])
        found = Area.objects.permitted(self.user).existing().filter(level=self.area.level, parent__isnull=False)
        return found.in_area(county).exclude(pk=self.area.pk)


class RenameForm(ChangeForm):
    name = forms.CharField(label="新名称", max_length=60)
    kind = forms.ChoiceField(label="类别", choices=[], help_text="乡改镇、村改社区时一并改；类别录错也在这里更正")

    def adapt(self) -> None:
        self.fields["name"].initial = self.area.name
        self.fields["kind"].choices = KINDS_AT[self.area.level]
        self.fields["kind"].initial = self.area.kind


class MoveForm(ChangeForm):
    parent = forms.ModelChoiceField(Area.objects.none(), label="新的上级")

    def adapt(self) -> None:
        parents = Area.objects.permitted(self.user).existing().filter(level=self.area.level - 1)
        self.fields["parent"].queryset = parents.exclude(pk=self.area.parent_id)


class MergeForm(ChangeForm):
    others = forms.ModelMultipleChoiceField(
        Area.objects.none(), label="并入本区划的", widget=forms.CheckboxSelectMultiple
    )
    name = forms.CharField(label="合并后名称", max_length=60, required=False, help_text="不填则沿用本区划名称")

    def adapt(self) -> None:
        found = self.siblings()
        self.fields["others"].queryset = (
            found.filter(parent=self.area.parent) if self.area.level == Level.VILLAGE else found
        )


class SplitForm(ChangeForm):
    name = forms.CharField(label="新设乡镇名称", max_length=60)
    code = forms.RegexField(
        r"^\d{9}(000)?$", label="新设乡镇代码", error_messages={"invalid": "代码应为 9 位或 12 位数字。"}
    )
    kind = forms.ChoiceField(label="类别", choices=TOWNSHIP_KINDS)
    villages = forms.ModelMultipleChoiceField(
        Area.objects.none(), label="划出的村（社区）", widget=forms.CheckboxSelectMultiple
    )

    def adapt(self) -> None:
        self.fields["villages"].queryset = Area.objects.permitted(self.user).existing().filter(parent=self.area)


class CloseForm(ChangeForm):
    successor = forms.ModelChoiceField(Area.objects.none(), label="承接的区划", required=False)

    def adapt(self) -> None:
        self.fields["successor"].queryset = self.siblings()


class CreateForm(ChangeForm):
    name = forms.CharField(label="名称", max_length=60)
    code = forms.RegexField(r"^\d{9}(\d{3})?$", label="代码", error_messages={"invalid": "代码应为 9 位或 12 位数字。"})
    kind = forms.ChoiceField(label="类别", choices=[])

    def adapt(self) -> None:
        self.fields["kind"].choices = TOWNSHIP_KINDS if self.area.level == Level.COUNTY else VILLAGE_KINDS


class CountForm(ChangeForm):
    counted = forms.TypedChoiceField(
        label="统计口径", choices=[("yes", "计入统计"), ("no", "不计入统计")], coerce=lambda value: value == "yes"
    )


class UnitForm(ModelForm):
    class Meta:
        model = Unit
        fields = ["area", "kind", "name", "number", "since", "until"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["area"].queryset = self.fields["area"].queryset.existing().exclude(level=Level.VILLAGE)


class BodiesForm(KeyedForm):
    """A pasted list of county bodies."""

    area = forms.ModelChoiceField(Area.objects.none(), label="县（市）")
    since = forms.DateField(label="起始日期", initial=timezone.localdate, widget=DateInput)
    names = forms.CharField(
        label="单位名称", widget=forms.Textarea({"rows": 14}), max_length=40_000, required=False, strip=False,
        help_text="每行一个，可从 Excel 或 WPS 复制一列直接粘贴；已有的不会重复新增",
    )  # fmt: skip

    def __init__(self, *args: Any, user: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        counties = Area.objects.permitted(user).existing().filter(level=Level.COUNTY)
        self.fields["area"].queryset = counties
        self.fields["area"].initial = counties.first()
