"""Rosters and their people over the API; a phone comes in and goes out as its last two digits."""

from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError as WrongValues
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from organizations.filters.organizations import MembershipApiFilterSet, PersonApiFilterSet
from organizations.models import Membership, Person
from organizations.services.rosters import Line, Rename, save_roster
from portal.kit.api import CheckedSerializer, ScopedViewSet
from portal.kit.models import StaleVersionError
from portal.kit.secrets import PhoneField


@extend_schema_field(OpenApiTypes.STR)
class PhoneText(serializers.Field):
    """What a form's phone box takes; what comes back is masked."""

    def to_internal_value(self, data: Any) -> Any:
        try:
            return PhoneField(required=False).clean(str(data))
        except WrongValues as error:
            raise serializers.ValidationError(error.messages) from error

    def to_representation(self, value: Any) -> str:
        return str(value) if value else ""


class PersonSerializer(CheckedSerializer):
    phone = PhoneText(required=False, label="联系电话", help_text="返回时只有末两位")

    class Meta:
        model = Person
        fields = ["id", "version", "name", "area", "phone"]
        read_only_fields = ["version", "area"]


class PersonViewSet(ScopedViewSet):
    """花名册人员：查询和更正姓名、电话；电话只显示末两位。新的人员随花名册登记。"""

    queryset = Person.objects.current().select_related("area")
    serializer_class = PersonSerializer
    filterset_class = PersonApiFilterSet


class MembershipSerializer(serializers.ModelSerializer):
    """A line of a roster. `candidate` is the line as somebody would type it into the grid."""

    candidate: Any = None
    person_name = serializers.CharField(source="person.name", read_only=True, label="姓名")
    name = serializers.CharField(write_only=True, required=False, max_length=30, label="姓名", help_text="新成员必填")
    phone = serializers.CharField(write_only=True, required=False, allow_blank=True, max_length=40, label="联系电话")
    rename = serializers.ChoiceField(
        choices=[(Rename.CORRECT, "改正写错的姓名"), (Rename.SUCCEED, "换了人")], write_only=True, required=False,
        label="姓名与原来不同时", help_text="改正写错的姓名（同一个人），或换了人（原任到昨天为止离任）",
    )  # fmt: skip

    class Meta:
        model = Membership
        fields = [
            "id", "version", "organization", "person", "person_name", "name", "phone", "rename", "post", "number", "in_charge",
            "term_number", "since", "until",
        ]  # fmt: skip
        read_only_fields = ["version", "number", "term_number"]
        extra_kwargs = {"since": {"required": False}, "person": {"required": False}}
        validators: list = []

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        request = self.context.get("request")
        for name in ("organization", "person"):
            queryset = getattr(fields[name], "queryset", None)
            if request is not None and queryset is not None:
                fields[name].queryset = queryset.all().permitted(request.user)
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is not None and {"organization", "person"} & set(attrs):
            raise serializers.ValidationError("一条任职不能换组织、换人；请结束这一条，另加一条。")
        if self.instance is None and not {"name", "person"} & set(attrs):
            raise serializers.ValidationError({"name": ["请填写姓名。"]})
        said = {name: str(value) for name, value in attrs.items() if name in {"since", "until"} and value}
        said |= {name: attrs[name] for name in ("name", "post", "phone", "in_charge", "rename") if name in attrs}
        if "person" in attrs:
            said |= {"person": attrs["person"].pk, "name": attrs["person"].name}
        line = replace(self._stored(), **said)
        self.candidate = attrs.get("organization") or self.instance.organization, line
        return attrs

    def _stored(self) -> Line:
        row = self.instance
        if row is None:
            return Line(0, "", "")
        days = {"since": str(row.since), "until": str(row.until or "")}
        return Line(0, row.person.name, row.post, row.pk, row.version, row.in_charge, None, **days)


class MembershipViewSet(ScopedViewSet):
    """花名册：谁从哪天到哪天在哪个组织任什么职务；新增、修改、填写离任日期，整份名单的粘贴和换届在页面上办理。"""

    queryset = Membership.objects.select_related("person", "organization")
    serializer_class = MembershipSerializer
    filterset_class = MembershipApiFilterSet

    def write(self, obj: Any, expected: int | None) -> Any:
        organization, line = obj
        outcome = save_roster(organization, [line], by=self.request.user)
        for refusal in outcome.refused:
            if refusal.theirs is not None and refusal.theirs.version != line.version:
                raise StaleVersionError(refusal.theirs)
            raise WrongValues({refusal.field: refusal.message} if refusal.field else refusal.message)
        return self.queryset.get(pk=outcome.rows[line.row].pk)
