"""Enterprises, officials, notices and contacts over the API; a phone goes in and comes out masked."""

from typing import Any

from django.core.exceptions import ValidationError as WrongValues
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from outreach.api.places import PlacedViewSet
from outreach.filters import directory as filters
from outreach.filters.contacts import ContactFilterSet
from outreach.models import Contact, ContactRole, Enterprise, Notice, Official, PublicRole
from outreach.services.contacts import (
    NAMED_REASON,
    add_contact,
    check_contact,
    check_role,
    default_review,
    roles_now,
    save_contact,
)
from outreach.services.directory import save_notice
from portal.kit.api import CheckedSerializer, ScopedViewSet, by_field, refuse_bad_texts

ROLE = ["role", "enterprise", "organization", "employer", "post"]


class EnterpriseSerializer(CheckedSerializer):
    numbers_belong = frozenset({"credit_code"})

    class Meta:
        model = Enterprise
        fields = [
            "id", "version", "name", "kind", "credit_code", "industry", "area", "unit", "address", "since", "until", "note",
        ]  # fmt: skip
        read_only_fields = ["version", "until"]


class EnterpriseViewSet(PlacedViewSet):
    """企业和协会：查询、新增、修改；注销、迁出和恢复在页面上办理。"""

    queryset = Enterprise.objects.select_related("area", "unit")
    serializer_class = EnterpriseSerializer
    filterset_class = filters.EnterpriseFilterSet


class OfficialSerializer(CheckedSerializer):
    class Meta:
        model = Official
        fields = ["id", "version", "name", "kind", "position", "area", "unit", "since", "until"]
        read_only_fields = ["version", "until"]


class OfficialViewSet(PlacedViewSet):
    """联系干部：查询、新增、修改；离任和恢复在页面上办理。"""

    queryset = Official.objects.select_related("area", "unit")
    serializer_class = OfficialSerializer
    filterset_class = filters.OfficialFilterSet


class NoticeSerializer(CheckedSerializer):
    numbers_belong = frozenset({"text"})  # how the office is reached (PIPL 17)

    class Meta:
        model = Notice
        fields = ["id", "version", "area", "name", "text", "since", "until"]
        read_only_fields = ["version", "until"]


class NoticeViewSet(ScopedViewSet):
    """告知书：查询、新增、修改；停用和恢复在页面上办理。"""

    queryset = Notice.objects.select_related("area")
    serializer_class = NoticeSerializer
    filterset_class = filters.NoticeFilterSet

    def write(self, obj: Any, expected: int | None) -> Any:
        return save_notice(obj, by=self.request.user, expected=expected)


class ContactRoleSerializer(serializers.ModelSerializer):
    """A public role as it is read."""

    class Meta:
        model = ContactRole
        fields = ["id", *ROLE, "since", "until"]
        read_only_fields = fields


class FirstRoleSerializer(CheckedSerializer):
    """The first public role, which a new contact brings along."""

    class Meta:
        model = ContactRole
        fields = [*ROLE, "since"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The contact is not there yet: what it asks of its role is checked with it."""
        refuse_bad_texts(attrs)
        return attrs

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        fields["role"] = serializers.ChoiceField(PublicRole.choices, label="公开身份")
        return fields


class ContactSerializer(CheckedSerializer):
    """`phone` is written in full and never read; `phone_masked` shows its last two digits."""

    phone = serializers.CharField(write_only=True, required=False, allow_blank=True, max_length=40, label="工作电话")
    phone_masked = serializers.SerializerMethodField(label="工作电话（已隐去）")
    roles = ContactRoleSerializer(many=True, read_only=True, label="公开身份")
    first_role = FirstRoleSerializer(write_only=True, required=False, label="第一个公开身份")
    reason = serializers.CharField(write_only=True, required=False, max_length=200, label="更正原因")

    class Meta:
        model = Contact
        fields = [
            "id", "version", "name", "phone", "phone_masked", "area", "unit", "purpose", "basis", "notice", "noticed_on",
            "consent_on", "review_by", "restricted_on", "roles", "first_role", "reason",
        ]  # fmt: skip
        read_only_fields = ["version", "restricted_on"]
        extra_kwargs = {"review_by": {"required": False}}

    def get_phone_masked(self, obj: Any) -> str:
        return str(obj.phone) if obj.phone else ""

    def validate_phone(self, value: str) -> Any:
        field: Any = Contact._meta.get_field("phone")
        try:
            return field.to_python(value)
        except WrongValues as error:
            raise ValidationError(error.messages) from error

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        first, why = attrs.pop("first_role", None), attrs.pop("reason", "")
        self._check_words(first, why)
        if self.instance is None:
            attrs.setdefault("review_by", default_review())
        super().validate({**attrs, "why": why})
        self._check(first)
        return attrs

    def _check_words(self, first: Any, why: str) -> None:
        """A new contact brings its first role, a changed one the reason."""
        if self.instance is None:
            if first is None:
                raise ValidationError({"first_role": ["新增联系对象时请同时填写第一个公开身份。"]})
        elif first is not None:
            raise ValidationError({"first_role": ["已有联系对象的公开身份请在页面上新增和结束。"]})
        elif not why:
            raise ValidationError({"reason": ["请填写更正原因。"]})
        elif self.instance.name and self.instance.name in why:
            raise ValidationError({"reason": [NAMED_REASON]})

    def _check(self, first: dict[str, Any] | None) -> None:
        """What holds between the contact and its roles; the first one is kept beside the candidate until both are saved."""
        contact = self.candidate
        try:
            if first is None:
                check_contact(contact, roles_now(contact))
                return
            check_contact(contact, [first["role"]])
            contact.first_role = ContactRole(contact=contact, **first)
            contact.first_role.full_clean(exclude=["contact"])
            check_role(contact.first_role)
        except WrongValues as error:
            raise ValidationError(by_field(error)) from error


class ContactViewSet(ScopedViewSet):
    """联系对象：查询、新增（带第一个公开身份）、更正；续期、限制、删除和查看电话在页面上办理。"""

    queryset = Contact.objects.kept().select_related("area", "unit", "notice__area").prefetch_related("roles")
    serializer_class = ContactSerializer
    filterset_class = ContactFilterSet

    def write(self, obj: Any, expected: int | None) -> Any:
        if expected is None:
            return add_contact(obj, obj.first_role, by=self.request.user)
        return save_contact(obj, by=self.request.user, expected=expected, reason=obj.why)
