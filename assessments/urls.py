from django.urls import path

from assessments.views import results, reviews

app_name = "assessments"
urlpatterns = [
    # Review
    path("quarters/<int:pk>/review/", reviews.review, name="review"),
    path("quarters/<int:pk>/review/cells/", reviews.review_cells, name="review_cells"),
    path("quarters/<int:pk>/review/changes/", reviews.review_changes, name="review_changes"),
    path("quarters/<int:pk>/review/confirm/", reviews.review_confirm, name="review_confirm"),
    path("quarters/<int:pk>/review/<int:report>/", reviews.review_unit, name="review_unit"),
    path("quarters/<int:pk>/review/<int:report>/return/", reviews.review_return, name="review_return"),
    path("quarters/<int:pk>/review/<int:report>/<int:task>/", reviews.review_panel, name="review_panel"),
    # Publishing and results
    path("quarters/<int:pk>/publish/", results.publish, name="publish"),
    path("rankings/", results.latest_ranking, name="latest_ranking"),
    path("rankings/<int:pk>/", results.ranking, name="ranking"),
    path("rankings/<int:pk>/workbook/", results.ranking_workbook, name="ranking_workbook"),
    path("slips/<int:pk>/", results.slip, name="slip"),
    path("year/", results.year, name="year"),
]
