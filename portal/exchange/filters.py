"""What the list of batches can be asked."""

from typing import Any

import django_filters

from portal.exchange.models import ImportBatch
from portal.exchange.registers import WORKBOOKS
from portal.kit.filters import FilterSet


class ImportBatchFilterSet(FilterSet):
    search_fields = ("file_name", "by__name")
    workbook = django_filters.ChoiceFilter(label="登记册", choices=lambda: [(n, w.label) for n, w in WORKBOOKS.items()])
    state = django_filters.ChoiceFilter(label="状态", choices=ImportBatch.State.choices)

    class Meta:
        model = ImportBatch
        fields: list[Any] = []
