"""Requests, support, training, holidays."""

urlpatterns: list = []
