"""Issued papers over the API: what was issued, when, under which number and digest."""

from typing import Any

from rest_framework import serializers

from portal.kit.api import ReadOnlyViewSet
from portal.papers.filters import IssuedPaperFilterSet
from portal.papers.models import IssuedPaper


class IssuedPaperSerializer(serializers.ModelSerializer):
    class Meta:
        model = IssuedPaper
        fields = ["id", "paper", "number", "kind", "title", "document_number", "dated", "area", "unit", "quarter", "digest",
                  "reason", "by", "at"]  # fmt: skip


class IssuedPaperViewSet(ReadOnlyViewSet):
    """已印发公文：查询；文件在页面下载。"""

    queryset: Any = IssuedPaper.objects.defer("content", "docx")
    serializer_class = IssuedPaperSerializer
    filterset_class = IssuedPaperFilterSet
