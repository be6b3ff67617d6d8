"""All routes, by app; each says who may come in (portal/kit/access.py)."""

from django.urls import include, path

urlpatterns = [
    path("", include("portal.dashboards.urls")),
    path("accounts/", include("portal.accounts.urls")),
    path("organizations/", include("organizations.urls")),
    path("outreach/", include("outreach.urls")),
    path("assessments/", include("assessments.urls")),
    path("exchange/", include("portal.exchange.urls")),
    path("papers/", include("portal.papers.urls")),
    path("api/", include("portal.dashboards.api_urls")),
]
