"""The API's views: the same scope as the pages, filters from allow-lists."""

from typing import Any

from rest_framework import viewsets


class ReadOnlyViewSet(viewsets.ReadOnlyModelViewSet):
    """List and detail of the rows that the user may view."""

    access = "scoped API"

    def get_queryset(self) -> Any:
        queryset: Any = super().get_queryset()
        return queryset.permitted(self.request.user)
