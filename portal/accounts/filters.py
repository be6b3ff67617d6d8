from typing import Any

import django_filters
from django import forms
from django.db.models import QuerySet

from portal.accounts.models import AuditTrail, Grant, User
from portal.audit.models import Action
from portal.kit.filters import DateInput, FilterSet


class UserFilterSet(FilterSet):
    search_fields = ("username", "name")
    bare = django_filters.BooleanFilter(
        label="尚未授权", method="by_grants", widget=forms.Select(choices=[("", "全部"), ("true", "是")])
    )

    class Meta:
        model = User
        fields = ["line", "is_active", "bare"]

    def by_grants(self, queryset: Any, name: str, value: bool) -> QuerySet:
        return queryset.bare() if value else queryset


class GrantFilterSet(FilterSet):
    search_fields = ("user__username", "user__name")
    waiting = django_filters.BooleanFilter(
        field_name="confirmed_at",
        lookup_expr="isnull",
        label="待复核",
        widget=forms.Select(choices=[("", "全部"), ("true", "是"), ("false", "否")]),
    )

    class Meta:
        model = Grant
        fields = ["role"]


class AuditFilterSet(FilterSet):
    search_fields = ("sentence", "user_name", "object_text")
    action = django_filters.ChoiceFilter(choices=Action, label="动作")
    since = django_filters.DateFilter(field_name="at", lookup_expr="date__gte", label="从", widget=DateInput)
    until = django_filters.DateFilter(field_name="at", lookup_expr="date__lte", label="到", widget=DateInput)
    user_name = django_filters.CharFilter(lookup_expr="icontains", label="操作人", max_length=50)
    object_id = django_filters.CharFilter(label="对象编号", max_length=40)

    class Meta:
        model = AuditTrail
        fields = ["action", "user_name", "object_id"]
