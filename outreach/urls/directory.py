"""Enterprises and associations, officials, contacts, notices."""

from django.urls import path

from outreach.views import directory

urlpatterns: list = [
    path("enterprises/", directory.EnterpriseListView.as_view(), name="enterprise_list"),
    path("enterprises/add/", directory.EnterpriseCreateView.as_view(), name="enterprise_create"),
    path("enterprises/<int:pk>/", directory.EnterpriseDetailView.as_view(), name="enterprise_detail"),
    path("enterprises/<int:pk>/edit/", directory.EnterpriseUpdateView.as_view(), name="enterprise_update"),
    path("enterprises/<int:pk>/close/", directory.EnterpriseCloseView.as_view(), name="enterprise_close"),
    path("enterprises/<int:pk>/reopen/", directory.EnterpriseReopenView.as_view(), name="enterprise_reopen"),
    path("officials/", directory.OfficialListView.as_view(), name="official_list"),
    path("officials/add/", directory.OfficialCreateView.as_view(), name="official_create"),
    path("officials/<int:pk>/", directory.OfficialDetailView.as_view(), name="official_detail"),
    path("officials/<int:pk>/edit/", directory.OfficialUpdateView.as_view(), name="official_update"),
    path("officials/<int:pk>/close/", directory.OfficialCloseView.as_view(), name="official_close"),
    path("officials/<int:pk>/reopen/", directory.OfficialReopenView.as_view(), name="official_reopen"),
    path("notices/", directory.NoticeListView.as_view(), name="notice_list"),
    path("notices/add/", directory.NoticeCreateView.as_view(), name="notice_create"),
    path("notices/<int:pk>/", directory.NoticeDetailView.as_view(), name="notice_detail"),
    path("notices/<int:pk>/edit/", directory.NoticeUpdateView.as_view(), name="notice_update"),
    path("notices/<int:pk>/close/", directory.NoticeCloseView.as_view(), name="notice_close"),
    path("notices/<int:pk>/reopen/", directory.NoticeReopenView.as_view(), name="notice_reopen"),
]
