"""The form of an activity: a phone's screen first."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from outreach.forms.officers import OfficersMixin
from outreach.forms.places import PlacedForm
from outreach.models import Activity
from outreach.services.activities import check_activity, kinds_at, similar_to

HOSTS = ("station", "site", "organization", "brand")


class PhotosInput(forms.ClearableFileInput):
    allow_multiple_selected = True

    def __init__(self) -> None:
        super().__init__({"multiple": True, "accept": "image/jpeg,image/png"})


class PhotosField(forms.FileField):
    """Several photos; each is checked where it is kept."""

    def __init__(self, **kwargs: Any):
        super().__init__(widget=PhotosInput(), required=False, **kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        return [upload for upload in (data if isinstance(data, list | tuple) else [data]) if upload]


class ActivityForm(OfficersMixin, PlacedForm):
    labels: ClassVar[dict[str, str]] = {}
    photos = PhotosField(label="照片", help_text="可以选多张，也可以直接拍照；jpg 或 png，每张不超过 10 MB")
    same_on_purpose = forms.BooleanField(label="确认是另一场活动，继续保存", required=False)

    class Meta:
        model = Activity
        fields = [
            "kind",
            "theme",
            "on",
            "area",
            "unit",
            "head_count",
            "station",
            "site",
            "organization",
            "place",
            "brand",
            "summary",
        ]
        widgets = {"kind": forms.RadioSelect, "summary": forms.Textarea({"rows": 4})}

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.initial.setdefault("on", timezone.localdate())
            self.initial.setdefault("kind", Activity.Kind.STUDY)
            self.initial["head_count"] = self.initial.get("head_count") or ""
        if "unit" in self.fields:
            self.fields["unit"].help_text = "由市（县）直单位举办的，在这里选该单位"
        self.fields["head_count"].widget.attrs["inputmode"] = "numeric"
        self.add_officers("head_count")
        self.alike: list[Activity] = []
        if not self.data.get("same_on_purpose") and "alike" not in self.data:
            self.fields["same_on_purpose"].widget = forms.HiddenInput()

    def narrow(self, areas: list[Any]) -> None:
        """Places and hosts of the user's own areas that are in use; what there is none of is not asked."""
        kinds = kinds_at({area.level for area in areas}, of_body="unit" in self.fields)
        stored = [(value, label) for value, label in Activity.Kind.choices if value == self.instance.kind]
        self.fields["kind"].choices = kinds + [choice for choice in stored if choice not in kinds]
        for name in HOSTS:
            field: Any = self.fields[name]
            held = field.queryset.model.objects.permitted(self.user).in_force()
            field.queryset = held | field.queryset.model.objects.filter(pk=getattr(self.instance, f"{name}_id") or 0)
            rows = [(row.pk, str(row)) for row in field.queryset]
            field.choices = [("", "无"), *rows]
            if not rows:
                del self.fields[name]

    def narrow_organizations(self) -> None:
        """Narrowed with the other hosts."""

    def _post_clean(self) -> None:
        super()._post_clean()
        if self.errors:
            return
        try:
            check_activity(self.instance, list(self.cleaned_data["officers"]))
        except ValidationError as error:
            self._update_errors(error)
            return
        self.alike = [] if self.cleaned_data.get("same_on_purpose") else similar_to(self.instance)
        if self.alike and not self.instance.pk:
            self.fields["same_on_purpose"].widget = forms.CheckboxInput()
            other = self.alike[0]
            self.add_error(
                "same_on_purpose", f"同一天已登记“{other.theme}”（{other.head_count} 人）。是另一场请勾选后再保存。"
            )
