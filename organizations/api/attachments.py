"""Files and photos of register rows over the API, read only; they are uploaded and removed on the row's page."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers

from organizations.models import Area, Attachment
from organizations.services.attachments import readable
from portal.kit.api import ReadOnlyViewSet
from portal.kit.filters import FilterSet, IdFilter


class AttachmentSerializer(serializers.ModelSerializer):
    url = serializers.CharField(source="get_absolute_url", read_only=True, label="下载地址")
    thumbnail_url = serializers.SerializerMethodField(label="缩略图地址")

    class Meta:
        model = Attachment
        fields = ["id", "register", "object_id", "area", "unit", "name", "caption", "content_type", "is_photo", "size",
                  "digest", "by", "at", "url", "thumbnail_url"]  # fmt: skip

    def get_thumbnail_url(self, row: Attachment) -> str | None:
        return row.get_thumbnail_url() if row.thumbnail else None


class AttachmentApiFilterSet(FilterSet):
    search_fields = ("name", "caption")
    register = django_filters.CharFilter(label="登记册", max_length=60)
    object_id = IdFilter(label="记录编号")
    area = django_filters.ModelChoiceFilter(queryset=Area.objects.all(), label="区划", method="in_area")

    class Meta:
        model = Attachment
        fields = ["register", "object_id", "is_photo", "area"]

    def in_area(self, queryset: Any, name: str, value: Area) -> QuerySet:
        return queryset.in_area(value)


class AttachmentViewSet(ReadOnlyViewSet):
    """文件和照片：有权查看的登记所附的文件；上传、移除在登记的页面上办理。"""

    queryset = Attachment.objects.all()
    serializer_class = AttachmentSerializer
    filterset_class = AttachmentApiFilterSet

    def get_queryset(self) -> Any:
        return readable(self.request.user)
