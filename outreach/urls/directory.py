"""Enterprises and associations, officials, contacts, notices."""

from django.urls import path

from outreach.views import contacts, directory

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
    path("contacts/", contacts.ContactListView.as_view(), name="contact_list"),
    path("contacts/add/", contacts.ContactCreateView.as_view(), name="contact_create"),
    path("contacts/<int:pk>/", contacts.ContactDetailView.as_view(), name="contact_detail"),
    path("contacts/<int:pk>/edit/", contacts.ContactUpdateView.as_view(), name="contact_update"),
    path("contacts/<int:pk>/renew/", contacts.ContactRenewView.as_view(), name="contact_renew"),
    path("contacts/<int:pk>/restrict/", contacts.ContactRestrictView.as_view(), name="contact_restrict"),
    path("contacts/<int:pk>/lift/", contacts.ContactLiftView.as_view(), name="contact_lift"),
    path("contacts/<int:pk>/erase/", contacts.ContactEraseView.as_view(), name="contact_erase"),
    path("contacts/<int:pk>/reveal/", contacts.ContactRevealView.as_view(), name="contact_reveal"),
    path("contacts/<int:pk>/report/", contacts.ContactReportView.as_view(), name="contact_report"),
    path("contacts/<int:pk>/roles/add/", contacts.ContactRoleCreateView.as_view(), name="contactrole_create"),
    path("contact-roles/<int:pk>/end/", contacts.ContactRoleEndView.as_view(), name="contactrole_end"),
    path("notices/", directory.NoticeListView.as_view(), name="notice_list"),
    path("notices/add/", directory.NoticeCreateView.as_view(), name="notice_create"),
    path("notices/<int:pk>/", directory.NoticeDetailView.as_view(), name="notice_detail"),
    path("notices/<int:pk>/edit/", directory.NoticeUpdateView.as_view(), name="notice_update"),
    path("notices/<int:pk>/close/", directory.NoticeCloseView.as_view(), name="notice_close"),
    path("notices/<int:pk>/reopen/", directory.NoticeReopenView.as_view(), name="notice_reopen"),
]
