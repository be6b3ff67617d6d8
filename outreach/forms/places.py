"""Forms of stations, sites, brands, outposts and duty posts: narrowed to the place that the user keeps."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from organizations.filters.organizations import area_words
from organizations.models import Area, Level, Organization
from organizations.services.places import areas_for, units_for
from outreach.models import Brand, DutyPost, Outpost, Site, Station
from outreach.services.places import check_place, open_points, parents_for
from portal.kit.filters import DateInput
from portal.kit.forms import ModelForm
from portal.kit.scope import permission_for

HOST = ["kind", "name", "area", "unit"]
LAST = ["organization", "fields_of_work", "address"]
NO_AREA = "请选择所在区划；由市（县）直单位主管的，也可以只选主管单位。"


class PlacedForm(ModelForm):
    """Who records where: area and body from the user's grants, a single choice filled in and hidden."""

    labels: ClassVar[dict[str, str]] = {"since": "启用日期"}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.permission = permission_for(self._meta.model, "change" if self.instance.pk else "add")
        for name, label in self.labels.items():
            self.fields[name].label = label
        if not self.instance.pk:
            self.initial.setdefault("since", timezone.localdate())
        areas = self.narrow_areas()
        self.narrow_units(areas)
        if "organization" in self.fields:
            self.narrow_organizations()
        self.narrow(areas)

    def narrow(self, areas: list[Area]) -> None:
        """What else follows from the areas to choose from."""

    def narrow_areas(self) -> list[Area]:
        field: Any = self.fields["area"]
        field.queryset = areas_for(self.user, self.permission)
        if self.instance.pk:
            field.queryset |= Area.objects.filter(pk=self.instance.area_id).select_related("parent")
        areas = list(field.queryset)
        field.choices = [("", "请选择"), *[(area.pk, area_words(area)) for area in areas]]
        if len(areas) < 2:
            self._settle("area", areas)
        return areas

    def narrow_units(self, areas: list[Area]) -> None:
        field: Any = self.fields["unit"]
        field.queryset = units_for(self.user, self.permission)
        if self.instance.unit_id:
            field.queryset |= type(self.instance.unit).objects.filter(pk=self.instance.unit_id).select_related("area")
        units = list(field.queryset)
        field.choices = [("", "无"), *[(unit.pk, str(unit)) for unit in units]]
        if not units and areas:
            del self.fields["unit"]
            return
        self.fields["area"].required = False
        if not areas:
            field.required = True
            if len(units) == 1:
                self._settle("unit", units)

    def narrow_organizations(self) -> None:
        field: Any = self.fields["organization"]
        held = Organization.objects.permitted(self.user).in_force()
        field.queryset = held | Organization.objects.filter(pk=self.instance.organization_id or 0)
        field.empty_label = "无"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if not cleaned.get("area") and "area" not in self.errors:
            if cleaned.get("unit"):
                cleaned["area"] = cleaned["unit"].area
            elif "unit" not in self.errors:
                self.add_error("area", NO_AREA)
        return cleaned

    def _get_validation_exclusions(self) -> set[str]:
        """`until` decides whether a name is taken: without it the model's unique constraints are not asked."""
        return super()._get_validation_exclusions() - {"until"}  # type: ignore[misc]

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if not self.errors:
            try:
                check_place(self.instance)
            except ValidationError as error:
                self._update_errors(error)

    def _update_errors(self, errors: ValidationError) -> None:
        """What the model says of a field that is hidden or left out is said where the user can change something."""
        said = getattr(errors, "error_dict", {})
        for name in ("area", "unit"):
            if name in said and (name not in self.fields or self[name].is_hidden):
                self._move(said, name)
        super()._update_errors(errors)  # type: ignore[misc]

    def _move(self, said: dict[str, list], name: str) -> None:
        target = next((other for other in ("kind", "area") if other != name and other in self.fields), "name")
        said[target if not self[target].is_hidden else "name"] = said.pop(name)

    def _settle(self, name: str, found: list[Any]) -> None:
        """A field with one choice or none is not asked."""
        self.fields[name].widget = forms.HiddenInput()
        if found:
            self.initial[name] = found[0].pk
        else:
            self.fields[name].required = False


class StationForm(PlacedForm):
    class Meta:
        model = Station
        fields = [*HOST, "parent", *LAST, "opening_hours", "on_duty", "since", "note"]

    def narrow(self, areas: list[Area]) -> None:
        self._narrow_kinds(areas)
        field: Any = self.fields["parent"]
        field.widget.attrs["data-shown-for"] = "id_kind=point"
        field.queryset = parents_for(self.user, self.permission).exclude(pk=self.instance.pk or 0)
        if self.instance.parent_id:
            field.queryset |= Station.objects.filter(pk=self.instance.parent_id).select_related("area")
        stations = list(field.queryset)
        field.choices = [("", "无"), *[(row.pk, f"{row}（{row.area}）") for row in stations]]
        nearest = [row.pk for row in stations if areas and row.area_id == areas[0].parent_id]
        if len(areas) == len(nearest) == 1:
            self.initial.setdefault("parent", nearest[0])  # a village's own township has one station
        if len(field.choices) == 1:
            del self.fields["parent"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("kind") == Station.Kind.STATION and cleaned.get("parent"):
            self.add_error("parent", "联络站没有上级站；只有联络点填写所属联络站，请改为“无”。")
        return cleaned

    def _narrow_kinds(self, areas: list[Area]) -> None:
        """Who keeps villages alone records points, who keeps a body alone records its station."""
        levels = {area.level for area in areas}
        kinds = [Station.Kind.POINT] if levels == {Level.VILLAGE} else [] if levels else [Station.Kind.STATION]
        if kinds:
            self.initial["kind"] = kinds[0]
            self.fields["kind"].widget = forms.HiddenInput()


class SiteForm(PlacedForm):
    class Meta:
        model = Site
        fields = [
            "kind",
            "platform",
            "name",
            "area",
            "unit",
            *LAST,
            "award",
            "award_year",
            "awarded_by",
            "since",
            "note",
        ]

    def narrow(self, areas: list[Area]) -> None:
        self.fields["platform"].widget.attrs["data-shown-for"] = "id_kind=platform"
        self.fields["platform"].help_text = "只有平台阵地填写；名单里没有的选“其他平台”"
        for name in ("award_year", "awarded_by"):
            self.fields[name].widget.attrs["data-shown-for"] = "id_award"
        self.fields["awarded_by"].help_text = "例如 市委统战部"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("platform") and cleaned.get("kind") not in {None, Site.Kind.PLATFORM}:
            self.add_error("platform", "只有平台阵地填写平台名目；其他类别请改为空。")
        if (cleaned.get("award_year") or cleaned.get("awarded_by")) and not cleaned.get("award"):
            self.add_error("award", "填写了命名年份或命名单位，请同时选择命名级别。")
        return cleaned


class BrandForm(PlacedForm):
    class Meta:
        model = Brand
        fields = ["name", "area", "unit", "organization", "fields_of_work", "goal", "carrier", "results", "features",
                  "address", "since", "note"]  # fmt: skip
        widgets = dict.fromkeys(("goal", "carrier", "results", "features"), forms.Textarea({"rows": 2}))


class OutpostForm(PlacedForm):
    class Meta:
        model = Outpost
        fields = [*HOST, "leader", "doer", "duties", "since"]
        widgets = {"duties": forms.Textarea({"rows": 6})}


class DutyPostForm(PlacedForm):
    labels: ClassVar[dict[str, str]] = {"since": "任岗日期"}

    class Meta:
        model = DutyPost
        fields = ["network", "area", "unit", "post", "official", "position", "since"]


class ReasonForm(ModelForm):
    """A step that asks why."""

    reason = forms.CharField(label="原因", max_length=200, help_text="会写进修改记录")


class CloseForm(ReasonForm):
    """The last day of a row; for a station with points also who takes them over."""

    field_order = ["until", "heir", "reason"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        until = self.fields["until"]
        until.required, until.label = True, "停用日期" if not isinstance(self.instance, DutyPost) else "离任日期"
        until.help_text = "最后一天；从第二天起不再计入统计"
        self.initial["until"] = self.initial.get("until") or timezone.localdate()
        self.points = list(open_points(self.instance)) if isinstance(self.instance, Station) else []
        if self.points:
            heirs = parents_for(self.user, "outreach.change_station").exclude(pk=self.instance.pk)
            self.fields["heir"] = forms.ModelChoiceField(heirs, label="接管联络点的联络站", empty_label="请选择")
            self.order_fields(self.field_order)


class ReopenForm(ReasonForm):
    pass


class HolderForm(ReasonForm):
    """Who takes a duty post over, from which day."""

    new_official = forms.CharField(label="接任干部", max_length=30, help_text="姓名；只登记干部")
    new_position = forms.CharField(label="现任职务", max_length=60, required=False)
    on = forms.DateField(
        label="接任日期", initial=timezone.localdate, widget=DateInput, help_text="原任干部到前一天为止"
    )
    field_order = ["new_official", "new_position", "on", "reason"]

    class Meta:
        model = DutyPost
        fields: ClassVar[list[str]] = []
