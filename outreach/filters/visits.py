"""What pairings, visits and hand-overs can be asked; the same words for page, export and API."""

from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet

from organizations.filters.organizations import AreaFilter
from organizations.models import Area
from outreach.filters.activities import ActivityFilterSet, quarters
from outreach.filters.places import PlacedFilterSet
from outreach.models import Enterprise, Handover, Matter, Official, Pairing, PublicRole, Visit, Whom
from outreach.services.visits import due_visits
from portal.kit.filters import DateInput, FilterSet, IdFilter

MONTHS = [(str(months), f"{months} 个月") for months in (1, 2, 3, 6, 9, 12, 18, 24, 36)]


class PairingFilterSet(PlacedFilterSet):
    search_fields = (
        "official__name", "official__position", "enterprise__name", "enterprise__pinyin", "contact__name", "contact__pinyin",
    )  # fmt: skip
    official = django_filters.ModelChoiceFilter(queryset=Official.objects.select_related("area"), label="联系干部")
    kind = django_filters.ChoiceFilter(
        choices=[*Enterprise.Kind.choices, ("contact", "联系对象")], label="结对对象", method="of_kind"
    )
    closed = django_filters.BooleanFilter(label="含已结束的", method="untouched", widget=forms.CheckboxInput)
    enterprise = IdFilter(label="企业", widget=forms.HiddenInput)
    contact = IdFilter(label="联系对象", widget=forms.HiddenInput)

    class Meta:
        model = Pairing
        fields = ["official", "kind", "area", "on", "closed", "enterprise", "contact"]

    def of_kind(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(contact__isnull=False) if value == "contact" else queryset.filter(enterprise__kind=value)


class UnpairedFilterSet(FilterSet):
    """Rows without a pairing on the day of the list; the day itself is the view's."""

    search_fields = ("name", "pinyin")
    area = AreaFilter(queryset=Area.objects.select_related("parent"), label="所在区划", method="in_area")
    on = django_filters.DateFilter(label="统计日期", method="untouched", widget=DateInput)

    def in_area(self, queryset: Any, name: str, value: Area) -> QuerySet:
        return queryset.in_area(value)

    def untouched(self, queryset: QuerySet, name: str, value: Any) -> QuerySet:
        return queryset


class VisitFilterSet(FilterSet):
    """Without the notes: who may not read them cannot search them either."""

    search_fields = (
        "enterprises__name", "enterprises__pinyin", "organizations__name", "organizations__pinyin", "contacts__name",
        "contacts__pinyin", "officials__name",
    )  # fmt: skip
    quarter = django_filters.ChoiceFilter(choices=quarters, label="季度", method="in_quarter")
    official = django_filters.ModelChoiceFilter(
        queryset=Official.objects.select_related("area"), field_name="officials", label="走访干部"
    )
    kind = django_filters.ChoiceFilter(
        choices=[*Whom.choices, ("organization", "组织")], label="走访对象", method="of_kind"
    )
    state = django_filters.ChoiceFilter(choices=Visit.State.choices, label="状态")
    matter = django_filters.ChoiceFilter(choices=Matter.choices, label="事项")
    area = AreaFilter(queryset=Area.objects.select_related("parent"), label="所在区划", method="in_area")
    since = django_filters.DateFilter(field_name="on", lookup_expr="gte", label="从", widget=DateInput)
    until = django_filters.DateFilter(field_name="on", lookup_expr="lte", label="到", widget=DateInput)
    enterprise = IdFilter(field_name="enterprises", label="企业", widget=forms.HiddenInput)
    organization = IdFilter(field_name="organizations", label="组织", widget=forms.HiddenInput)
    contact = IdFilter(field_name="contacts", label="联系对象", widget=forms.HiddenInput)
    due = django_filters.DateFilter(label="我的待办，截至", method="due_by", widget=forms.HiddenInput)

    class Meta:
        model = Visit
        fields = ["quarter", "official", "kind", "state", "matter", "area", "since", "until", "enterprise", "organization",
                  "contact", "due"]  # fmt: skip

    in_quarter = ActivityFilterSet.in_quarter

    def search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """A visit is one row, however many of its sides fit."""
        found = super().search(Visit.objects.order_by(), name, value)
        return queryset.filter(pk__in=found.values("pk"))

    def in_area(self, queryset: Any, name: str, value: Area) -> QuerySet:
        return queryset.in_area(value)

    def of_kind(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        if value in PublicRole.values:
            found = Q(contacts__roles__role=value)
        elif value in Enterprise.Kind.values:
            found = Q(enterprises__kind=value)
        else:
            found = Q(organizations__isnull=False)
        return queryset.filter(pk__in=Visit.objects.filter(found).order_by().values("pk"))

    def due_by(self, queryset: QuerySet, name: str, value: Any) -> QuerySet:
        return queryset.filter(pk__in=due_visits(self.request.user, value).order_by().values("pk"))


class UnseenFilterSet(FilterSet):
    """The day, the leader and the area of the list of those not seen; its rows are no rows of a table."""

    area = AreaFilter(queryset=Area.objects.select_related("parent"), label="所在区划", method="untouched")
    official = django_filters.ModelChoiceFilter(
        queryset=Official.objects.select_related("area"), label="结对干部", method="untouched"
    )
    kind = django_filters.ChoiceFilter(choices=Whom.choices, label="对象", method="untouched")
    months = django_filters.ChoiceFilter(
        choices=MONTHS, label="超过几个月", empty_label="按走访频次", method="untouched"
    )
    on = django_filters.DateFilter(label="统计日期", method="untouched", widget=DateInput)

    class Meta:
        model = Visit
        fields: list[str] = []

    def untouched(self, queryset: QuerySet, name: str, value: Any) -> QuerySet:
        return queryset


class HandoverFilterSet(FilterSet):
    search_fields = ("from_official__name", "to_official__name")
    since = django_filters.DateFilter(field_name="on", lookup_expr="gte", label="从", widget=DateInput)
    until = django_filters.DateFilter(field_name="on", lookup_expr="lte", label="到", widget=DateInput)

    class Meta:
        model = Handover
        fields = ["since", "until"]
