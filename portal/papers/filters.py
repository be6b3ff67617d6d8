"""What the lists of papers can be asked."""

from typing import Any

import django_filters

from assessments.models import Quarter
from portal.kit.filters import FilterSet
from portal.papers.models import FormLayout, IssuedPaper, Kind, Paper


class PaperFilterSet(FilterSet):
    search_fields = ("title", "document_number", "unit__name")
    kind = django_filters.ChoiceFilter(label="种类", choices=Kind.choices)
    state = django_filters.ChoiceFilter(label="状态", choices=Paper.State.choices)
    quarter = django_filters.ModelChoiceFilter(label="季度", queryset=Quarter.objects.all())

    class Meta:
        model = Paper
        fields: list[Any] = []


class IssuedPaperFilterSet(FilterSet):
    search_fields = ("title", "document_number", "unit__name")
    kind = django_filters.ChoiceFilter(label="种类", choices=Kind.choices)
    quarter = django_filters.ModelChoiceFilter(label="季度", queryset=Quarter.objects.all())

    class Meta:
        model = IssuedPaper
        fields: list[Any] = []


class FormLayoutFilterSet(FilterSet):
    search_fields = ("name", "file_name")
    subject = django_filters.ChoiceFilter(label="填写对象", choices=FormLayout.Subject.choices)

    class Meta:
        model = FormLayout
        fields: list[Any] = []
