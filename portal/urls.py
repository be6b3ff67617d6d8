from django.urls import include, path

urlpatterns = [
    path("assessments/", include("assessments.urls")),
    path("api/", include("portal.dashboards.api_urls")),
]
