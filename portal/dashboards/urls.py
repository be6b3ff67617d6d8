from django.urls import path

from portal.dashboards.views import coverage, home

app_name = "dashboards"
urlpatterns = [
    path("", home.my_work, name="my_work"),
    path("coverage/", coverage.coverage, name="coverage"),
    path("coverage/list/", coverage.coverage_list, name="coverage_list"),
    path("coverage/<int:pk>/", coverage.coverage_area, name="coverage_area"),
    path("search/", home.search, name="search"),
    path("search/suggest/", home.search_suggest, name="search_suggest"),
    path("help/", home.help_index, name="help"),
    path("help/<slug:name>/", home.help_page, name="help_page"),
]
