"""Pairings, visits, rhythms, hand-overs."""

from django.urls import path

from outreach.views import handovers, visits

urlpatterns: list = [
    path("pairings/", visits.PairingListView.as_view(), name="pairing_list"),
    path("pairings/add/", visits.PairingCreateView.as_view(), name="pairing_create"),
    path("pairings/unpaired/enterprises/", visits.PairingUnpairedEnterprisesView.as_view(), name="pairing_unpaired_enterprises"),
    path("pairings/unpaired/officials/", visits.PairingUnpairedOfficialsView.as_view(), name="pairing_unpaired_officials"),
    path("pairings/<int:pk>/", visits.PairingDetailView.as_view(), name="pairing_detail"),
    path("pairings/<int:pk>/close/", visits.PairingCloseView.as_view(), name="pairing_close"),
    path("visits/", visits.VisitListView.as_view(), name="visit_list"),
    path("visits/add/", visits.VisitCreateView.as_view(), name="visit_create"),
    path("visits/unseen/", visits.VisitUnseenView.as_view(), name="visit_unseen"),
    path("visits/whom/", visits.visit_whom, name="visit_whom"),
    path("visits/<int:pk>/", visits.VisitDetailView.as_view(), name="visit_detail"),
    path("visits/<int:pk>/edit/", visits.VisitUpdateView.as_view(), name="visit_update"),
    path("visits/<int:pk>/done/", visits.VisitDoneView.as_view(), name="visit_done"),
    path("visits/<int:pk>/cancel/", visits.VisitCancelView.as_view(), name="visit_cancel"),
    path("visits/<int:pk>/delete/", visits.VisitDeleteView.as_view(), name="visit_delete"),
    path("rhythms/", visits.RhythmListView.as_view(), name="rhythm_list"),
    path("rhythms/add/", visits.RhythmCreateView.as_view(), name="rhythm_create"),
    path("rhythms/<int:pk>/edit/", visits.RhythmUpdateView.as_view(), name="rhythm_update"),
    path("officials/<int:pk>/handover/", handovers.OfficialHandoverView.as_view(), name="official_handover"),
    path("handovers/", handovers.HandoverListView.as_view(), name="handover_list"),
    path("handovers/<int:pk>/", handovers.HandoverDetailView.as_view(), name="handover_detail"),
    path("handovers/<int:pk>/paper/", handovers.handover_paper, name="handover_paper"),
]  # fmt: skip
