"""Pairings, visits, rhythms, hand-overs."""

urlpatterns: list = []
