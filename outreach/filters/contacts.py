"""What the list of contacts can be asked; restricted and erased ones only when asked for by name."""

import datetime as dt
from typing import Any

import django_filters
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from organizations.filters.organizations import AreaFilter
from organizations.models import Area
from outreach.filters.directory import PAIRED
from outreach.models import Contact, ContactRole, PublicRole
from outreach.services.directory import with_paired
from portal.kit.filters import DateInput, FilterSet
from portal.kit.models import in_force

SOON = dt.timedelta(days=30)
STATES = [("due", "30 天内到期"), ("restricted", "限制处理"), ("ended", "公开身份已结束"), ("erased", "已删除")]


class ContactFilterSet(FilterSet):
    """Without a state: who holds a public role on the day and whose record may be used."""

    search_fields = ("name", "pinyin")
    role = django_filters.ChoiceFilter(choices=PublicRole.choices, label="公开身份", method="by_role")
    paired = django_filters.ChoiceFilter(choices=PAIRED, label="结对情况", method="by_pairing")
    area = AreaFilter(queryset=Area.objects.select_related("parent"), label="所在区划", method="standing_in")
    state = django_filters.ChoiceFilter(choices=STATES, label="状态", empty_label="在用", method="untouched")
    on = django_filters.DateFilter(label="统计日期", method="untouched", widget=DateInput)

    class Meta:
        model = Contact
        fields = ["role", "purpose", "paired", "area", "state", "on"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        user = self.request.user if self.request is not None else None
        reach = user.reach("organizations.view_area") if user is not None and user.is_authenticated else None
        if reach is not None and not (reach.everything or reach.codes):
            self.filters.pop("area")

    @property
    def day(self) -> dt.date:
        return self.form.cleaned_data.get("on") or timezone.localdate()

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        return self.in_state(super().filter_queryset(queryset), self.form.cleaned_data.get("state") or "")

    def in_state(self, queryset: Any, state: str) -> QuerySet:
        if state == "erased":
            return queryset.exclude(erased_at=None)
        if state == "restricted":
            return queryset.kept().exclude(restricted_on=None)
        held = Exists(self.roles())
        if state == "ended":
            return queryset.usable().exclude(held)
        found = queryset.usable().filter(held)
        return found.review_due(self.day + SOON) if state == "due" else found

    def roles(self) -> QuerySet:
        """The roles that the row's contact held on the day."""
        return ContactRole.objects.filter(in_force(self.day), contact=OuterRef("pk"))

    def by_role(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(Exists(self.roles().filter(role=value)))

    def by_pairing(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return with_paired(queryset, self.day).filter(paired=value == "yes")

    def standing_in(self, queryset: Any, name: str, value: Area) -> QuerySet:
        return queryset.in_area(value) if self.day == timezone.localdate() else queryset.standing_in(value, self.day)

    def untouched(self, queryset: QuerySet, name: str, value: Any) -> QuerySet:
        return queryset
