"""Organizations over the API, read and written; the people on their rosters, read only and without phone numbers."""

from typing import Any

from rest_framework import serializers

from organizations.filters.organizations import MembershipApiFilterSet, OrganizationFilterSet, PersonApiFilterSet
from organizations.models import Membership, Organization, Person
from organizations.services.organizations import save_organization
from portal.kit.api import CheckedSerializer, ReadOnlyViewSet, ScopedViewSet


class OrganizationSerializer(CheckedSerializer):
    class Meta:
        model = Organization
        fields = [
            "id", "version", "name", "kind", "area", "unit", "since", "until", "registration_number", "registered_on",
            "fields_of_work", "term_number", "term_since", "next_election_on", "charter_on", "note",
        ]  # fmt: skip
        read_only_fields = ["version", "until"]


class OrganizationViewSet(ScopedViewSet):
    """基层统战组织：查询、新增、修改；撤销和恢复在页面上办理。"""

    queryset = Organization.objects.select_related("area", "unit")
    serializer_class = OrganizationSerializer
    filterset_class = OrganizationFilterSet

    def write(self, obj: Any, expected: int | None) -> Any:
        return save_organization(obj, by=self.request.user, expected=expected)


class PersonSerializer(serializers.ModelSerializer):
    """The phone as the pages show it: its last two digits."""

    phone = serializers.SerializerMethodField(label="联系电话（已隐去）")

    class Meta:
        model = Person
        fields = ["id", "version", "name", "area", "phone"]

    def get_phone(self, obj: Any) -> str:
        return str(obj.phone) if obj.phone else ""


class PersonViewSet(ReadOnlyViewSet):
    """花名册人员：姓名和登记区划；电话只显示末两位。"""

    queryset = Person.objects.current()
    serializer_class = PersonSerializer
    filterset_class = PersonApiFilterSet


class MembershipSerializer(serializers.ModelSerializer):
    person_name = serializers.CharField(source="person.name", read_only=True, label="姓名")

    class Meta:
        model = Membership
        fields = [
            "id", "version", "organization", "person", "person_name", "post", "number", "in_charge", "term_number",
            "since", "until",
        ]  # fmt: skip


class MembershipViewSet(ReadOnlyViewSet):
    """花名册：谁从哪天到哪天在哪个组织任什么职务。"""

    queryset = Membership.objects.select_related("person")
    serializer_class = MembershipSerializer
    filterset_class = MembershipApiFilterSet
