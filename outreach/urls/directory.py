"""Enterprises and associations, officials, contacts, notices."""

urlpatterns: list = []
