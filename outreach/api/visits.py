"""Pairings and visits over the API; ending a pairing, hand-overs and the steps of a visit are done on the pages."""

from typing import Any

from django.core.exceptions import ValidationError as WrongValues
from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from outreach.filters.visits import PairingFilterSet, VisitFilterSet
from outreach.models import Pairing, Visit
from outreach.services.visits import MEMBERS, NOTES, Sides, check_pairing, common_area, may_read_notes, save_visit
from portal.kit import saving
from portal.kit.api import CheckedSerializer, ScopedViewSet, by_field


class PairingSerializer(CheckedSerializer):
    class Meta:
        model = Pairing
        fields = ["id", "version", "area", "unit", "official", "enterprise", "contact", "since", "until", "end"]
        read_only_fields = ["version", "area", "unit", "until", "end"]

    def complete(self, obj: Any) -> None:
        """A pairing stands where its other side stands."""
        if obj.target is not None:
            obj.area, obj.unit = obj.target.area, obj.target.unit


class PairingViewSet(ScopedViewSet):
    """结对联系：查询、新增、更正；结束结对和移交在页面上办理。"""

    queryset = Pairing.objects.select_related("area", "unit", "official__area", "enterprise__area", "contact__area")
    serializer_class = PairingSerializer
    filterset_class = PairingFilterSet

    def write(self, obj: Any, expected: int | None) -> Any:
        check_pairing(obj)
        return saving.save(obj, by=self.request.user, expected=expected)


class VisitSerializer(CheckedSerializer):
    """The notes are null for who may not read them, and cannot be written by them."""

    notes_readable = serializers.SerializerMethodField(label="可以查看走访情况")

    class Meta:
        model = Visit
        fields = [
            "id",
            "version",
            "area",
            "unit",
            "state",
            "on",
            *MEMBERS,
            "matter",
            *NOTES,
            "next_on",
            "notes_readable",
        ]
        read_only_fields = ["version", "area", "unit"]

    def get_notes_readable(self, visit: Visit) -> bool:
        annotated = getattr(visit, "notes_readable", None)
        return may_read_notes(self.context["request"].user, visit) if annotated is None else annotated

    def to_representation(self, instance: Any) -> dict[str, Any]:
        found = super().to_representation(instance)
        return found if found["notes_readable"] else {**found, **dict.fromkeys(NOTES)}

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        members = {name: attrs.pop(name) for name in MEMBERS if name in attrs}
        self._refuse_notes(attrs)
        stored = Sides.of(self.instance) if self.instance is not None else Sides()
        self.sides = Sides(**{**stored.members, **members})
        return super().validate(attrs)

    def complete(self, obj: Any) -> None:
        """A visit stands where its sides stand."""
        obj.sides = self.sides
        if self.sides.targets:
            obj.area = common_area([target.area for target in self.sides.targets])

    def _refuse_notes(self, attrs: dict[str, Any]) -> None:
        said = set(NOTES) & set(attrs)
        if said and self.instance is not None and not may_read_notes(self.context["request"].user, self.instance):
            raise ValidationError(dict.fromkeys(said, ["走访情况仅记录人、走访干部和领导可以修改。"]))


class VisitViewSet(ScopedViewSet):
    """走访：查询、登记、修改；取消和删除在页面上办理。"""

    queryset = Visit.objects.select_related("area", "unit").prefetch_related(*MEMBERS)
    serializer_class = VisitSerializer
    filterset_class = VisitFilterSet

    def get_queryset(self) -> Any:
        return super().get_queryset().with_readable_notes(self.request.user)

    def write(self, obj: Any, expected: int | None) -> Any:
        try:
            return save_visit(obj, obj.sides, by=self.request.user, expected=expected)
        except WrongValues as error:
            wrong = by_field(error)
            raise ValidationError(
                {"non_field_errors" if name == "sides" else name: said for name, said in wrong.items()}
            ) from error
