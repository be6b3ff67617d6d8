"""Import batches over the API: what came in, how many rows, what state; the rows themselves stand on the page."""

from typing import Any

from rest_framework import serializers

from portal.exchange.filters import ImportBatchFilterSet
from portal.exchange.models import HEAVY, ImportBatch
from portal.exchange.registers import readable
from portal.kit.api import ReadOnlyViewSet


class ImportBatchSerializer(serializers.ModelSerializer):
    counts = serializers.DictField(child=serializers.IntegerField(), read_only=True)

    class Meta:
        model = ImportBatch
        fields = ["id", "version", "workbook", "file_name", "digest", "state", "area", "unit", "by", "at", "counts",
                  "written_at", "undone_at"]  # fmt: skip


class ImportBatchViewSet(ReadOnlyViewSet):
    """导入批次：查询。"""

    queryset: Any = ImportBatch.objects.defer(*HEAVY)
    serializer_class = ImportBatchSerializer
    filterset_class = ImportBatchFilterSet

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(workbook__in=readable(self.request.user))
