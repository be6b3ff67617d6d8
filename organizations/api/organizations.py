"""Organizations over the API, read and written."""

from typing import Any

from organizations.filters.organizations import OrganizationFilterSet
from organizations.models import Organization
from organizations.services.organizations import save_organization
from portal.kit.api import CheckedSerializer, ScopedViewSet


class OrganizationSerializer(CheckedSerializer):
    numbers_belong = frozenset({"registration_number"})

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
