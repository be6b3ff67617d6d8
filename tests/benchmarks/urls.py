"""The portal's routes and one empty page behind log-in, the measure of all others."""

from django.shortcuts import render
from django.urls import path

from portal.kit.access import any_user
from portal.urls import *  # noqa: F403
from portal.urls import urlpatterns as portal_patterns

urlpatterns = [*portal_patterns, path("empty/", any_user(lambda request: render(request, "base.html")), name="empty")]
