"""Forms of contacts: the record with its first public role, a role more, and the steps of its life."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from organizations.models import Area, Organization
from outreach.forms.places import PlacedForm, ReasonForm
from outreach.models import Contact, ContactRole, Enterprise, Notice, PublicRole, Tombstone
from outreach.services.contacts import check_role, default_review, latest_review, similar_contacts
from outreach.services.directory import notices_for
from portal.kit.filters import DateInput
from portal.kit.forms import ModelForm

ROLE_FIELDS = ("role", "enterprise", "organization", "employer", "post")
SHOWN_FOR = {"enterprise": "enterprise_head", "organization": "organization_officer", "employer": "post_holder"}


class ContactForm(PlacedForm):
    """A record about a person: who, for what purpose, on what basis, told when, kept until when."""

    labels: ClassVar[dict[str, str]] = {}

    class Meta:
        model = Contact
        fields = [
            "name", "phone", "area", "unit", "purpose", "basis", "notice", "noticed_on", "consent_on", "review_by",
        ]  # fmt: skip

    def narrow(self, areas: list[Area]) -> None:
        notice: Any = self.fields["notice"]
        notice.queryset = notices_for(self.user) | Notice.objects.filter(pk=self.instance.notice_id or 0)
        self.fields["area"].help_text = "只登记到乡镇（街道）或村（社区）"
        self.initial.setdefault("review_by", default_review())
        self.fields["review_by"].help_text = f"默认一年，最迟 {latest_review()}；到期没有复核续期的当晚自动删除"
        if not self.instance.pk:
            latest = notice.queryset.order_by("-since", "-pk").first()
            self.initial.setdefault("notice", latest)


class ContactCreateForm(ContactForm):
    """The record with its first public role; one that may be recorded already is named before it is doubled."""

    role = forms.ChoiceField(label="公开身份", choices=[("", "请选择"), *PublicRole.choices])
    enterprise = forms.ModelChoiceField(Enterprise.objects.none(), label="企业或协会", required=False)
    organization = forms.ModelChoiceField(Organization.objects.none(), label="组织", required=False)
    employer = forms.CharField(label="工作单位", max_length=60, required=False)
    post = forms.CharField(label="担任职务", max_length=30, required=False)
    since = forms.DateField(label="任职起始日期", widget=DateInput)
    another = forms.BooleanField(label="不是同一人，仍然登记", required=False)
    field_order = ["name", "phone", *ROLE_FIELDS, "since", "area", "unit"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        narrow_role(self)
        if self.data.get("another") != "on":  # asked only where somebody alike was found
            self.fields["another"].widget = forms.HiddenInput()

    def narrow_organizations(self) -> None:
        """The choices stand in `narrow_role`."""

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        phone: Any = cleaned.get("phone")
        digits = phone.reveal() if phone else ""  # typed on this page a moment ago
        self.alike = list(similar_contacts(self.user, cleaned.get("name", ""), digits))
        if self.alike and not cleaned.get("another"):
            names = "；".join(f"{row.name}（{row.area}，{row.phone or '没有电话'}）" for row in self.alike)
            self.fields["another"].widget = forms.CheckboxInput()
            self.add_error(
                "another", f"可能已经登记过：{names}。是同一人的，请到原记录上新增公开身份；不是的，请勾选。"
            )
        return cleaned

    def _post_clean(self) -> None:
        super()._post_clean()
        if not self.errors:
            self._check_role()

    def _check_role(self) -> None:
        values = {name: self.cleaned_data.get(name) for name in ROLE_FIELDS}
        self.role_row = ContactRole(contact=self.instance, since=self.cleaned_data["since"], **values)
        try:
            self.role_row.full_clean(exclude=["contact"])
            check_role(self.role_row)
        except ValidationError as error:
            for name, errors in getattr(error, "error_dict", {None: error.messages}).items():
                self.add_error(name if name in self.fields else None, ValidationError(errors))


class ContactUpdateForm(ContactForm):
    """更正: what was wrong is put right, and why."""

    reason = forms.CharField(label="更正原因", max_length=200, help_text="会写进修改记录，请不要写本人姓名")


class ContactRoleForm(ModelForm):
    class Meta:
        model = ContactRole
        fields = [*ROLE_FIELDS, "since"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        narrow_role(self)


class RoleEndForm(ReasonForm):
    field_order = ["until", "reason"]

    class Meta:
        model = ContactRole
        fields = ["until"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["until"].required, self.fields["until"].label = True, "结束日期"
        self.initial["until"] = self.initial.get("until") or timezone.localdate()


class RenewForm(ModelForm):
    class Meta:
        model = Contact
        fields = ["review_by"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        field = self.fields["review_by"]
        field.label, field.help_text = "续期到", f"最迟 {latest_review()}"
        self.initial["review_by"] = default_review()


class RestrictForm(ModelForm):
    restriction = forms.ChoiceField(label="限制处理原因", choices=Contact.Restriction.choices[1:])

    class Meta:
        model = Contact
        fields: ClassVar[list[str]] = []


class LiftForm(ReasonForm):
    class Meta:
        model = Contact
        fields: ClassVar[list[str]] = []


class EraseForm(ModelForm):
    why = forms.ChoiceField(label="删除原因", choices=[("", "请选择"), *Tombstone.Reason.choices])
    sure = forms.BooleanField(label="我知道删除以后不能恢复")

    class Meta:
        model = Contact
        fields: ClassVar[list[str]] = []


def narrow_role(form: Any) -> None:
    """Enterprises and organizations that the user may see; each is asked only for its role."""
    held: dict[str, QuerySet] = {
        "enterprise": Enterprise.objects.permitted(form.user).in_force(),
        "organization": Organization.objects.permitted(form.user).in_force(),
    }
    for name, queryset in held.items():
        form.fields[name].queryset = queryset
        form.fields[name].empty_label = "请选择"
    for name, role in SHOWN_FOR.items():
        form.fields[name].widget.attrs["data-shown-for"] = f"id_role={role}"
    form.initial["since"] = form.initial.get("since") or timezone.localdate()
