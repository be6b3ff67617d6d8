"""Filters: one FilterSet a model, for page, export and API; only what it declares can be asked."""

from typing import Any, ClassVar

import django_filters
from django import forms
from django.core.validators import MaxValueValidator
from django.db.models import Q, QuerySet

LARGEST_ID = 2**63 - 1  # what a key of a row can be on both databases


class FilterSet(django_filters.FilterSet):
    """A FilterSet with one search box over `search_fields` and choices narrowed to the user."""

    search_fields: ClassVar[tuple[str, ...]] = ()
    q = django_filters.CharFilter(method="search", label="搜索", max_length=50)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if not self.search_fields:
            self.filters.pop("q", None)
        for filter_ in self.filters.values():
            queryset = getattr(filter_, "queryset", None)
            if hasattr(queryset, "permitted") and self.request is not None:
                filter_.queryset = queryset.permitted(self.request.user)

    def search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Rows in which one of `search_fields` contains every word of `value`."""
        for word in value.split():
            found = Q()
            for lookup in self.search_fields:
                found |= Q(**{f"{lookup}__icontains": word})
            queryset = queryset.filter(found)
        return queryset


class IdFilter(django_filters.NumberFilter):
    """A related row by its number, as links and the API name it; a number that no row can have is refused in words."""

    field_class = forms.IntegerField

    def get_max_validator(self) -> MaxValueValidator:
        return MaxValueValidator(LARGEST_ID)


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self, attrs: dict | None = None):
        super().__init__(attrs, format="%Y-%m-%d")
