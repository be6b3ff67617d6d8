"""What support funds can be asked."""

import django_filters
from django import forms

from outreach.filters.training import InAreaFilterSet, years
from outreach.models import Support
from portal.kit.filters import IdFilter


class SupportFilterSet(InAreaFilterSet):
    search_fields = ("enterprise__name", "enterprise__pinyin", "programme")
    year = django_filters.ChoiceFilter(choices=years, field_name="on", lookup_expr="year", label="年份")
    programme = django_filters.CharFilter(lookup_expr="icontains", label="项目名称", max_length=100)
    enterprise = IdFilter(label="企业", widget=forms.HiddenInput)

    class Meta:
        model = Support
        fields = ["year", "programme", "area", "enterprise"]
