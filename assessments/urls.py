from django.urls import path

from assessments.views import planning, reports, results, reviews

app_name = "assessments"
urlpatterns = [
    # Plans
    path("schemes/", planning.SchemeListView.as_view(), name="scheme_list"),
    path("schemes/add/", planning.SchemeCreateView.as_view(), name="scheme_create"),
    path("schemes/<int:pk>/", planning.SchemeDetailView.as_view(), name="scheme_detail"),
    path("schemes/<int:pk>/edit/", planning.SchemeUpdateView.as_view(), name="scheme_update"),
    path("schemes/<int:pk>/delete/", planning.SchemeDeleteView.as_view(), name="scheme_delete"),
    path("schemes/<int:pk>/open/", planning.scheme_open, name="scheme_open"),
    path("schemes/<int:pk>/copy/", planning.scheme_copy, name="scheme_copy"),
    path("schemes/<int:pk>/revise/", planning.scheme_revise, name="scheme_revise"),
    path("schemes/<int:pk>/difference/", planning.scheme_difference, name="scheme_difference"),
    path("schemes/<int:pk>/classes/", planning.scheme_classes, name="scheme_classes"),
    path("schemes/<int:pk>/tiers/", planning.scheme_tiers, name="scheme_tiers"),
    path("schemes/<int:pk>/indicators/add/", planning.IndicatorCreateView.as_view(), name="indicator_create"),
    path("indicators/<int:pk>/edit/", planning.IndicatorUpdateView.as_view(), name="indicator_update"),
    path("indicators/<int:pk>/delete/", planning.IndicatorDeleteView.as_view(), name="indicator_delete"),
    # Quarters
    path("schemes/<int:pk>/quarters/add/", planning.QuarterCreateView.as_view(), name="quarter_create"),
    path("quarters/", planning.QuarterListView.as_view(), name="quarter_list"),
    path("quarters/<int:pk>/", planning.QuarterDetailView.as_view(), name="quarter_detail"),
    path("quarters/<int:pk>/edit/", planning.QuarterUpdateView.as_view(), name="quarter_update"),
    path("quarters/<int:pk>/open/", planning.quarter_open, name="quarter_open"),
    path("quarters/<int:pk>/start-review/", planning.quarter_start_review, name="quarter_start_review"),
    path("quarters/<int:pk>/close/", planning.quarter_close, name="quarter_close"),
    path("quarters/<int:pk>/unlock/", planning.unlock_create, name="unlock_create"),
    path("quarters/<int:pk>/tasks/add/", planning.task_create, name="task_create"),
    path("tasks/<int:pk>/edit/", planning.TaskUpdateView.as_view(), name="task_update"),
    path("tasks/<int:pk>/delete/", planning.TaskDeleteView.as_view(), name="task_delete"),
    # Self-reports
    path("quarters/<int:pk>/reports/", reports.ReportListView.as_view(), name="report_list"),
    path("reports/", reports.report_latest, name="report_latest"),
    path("reports/<int:pk>/", reports.report_detail, name="report_detail"),
    path("reports/<int:pk>/submit/", reports.report_submit, name="report_submit"),
    path("reports/<int:pk>/<int:task>/", reports.report_item, name="report_item"),
    path("reports/<int:pk>/<int:task>/evidence/", reports.evidence_add, name="evidence_add"),
    path("evidence/<uuid:key>/", reports.evidence_download, name="evidence_download"),
    path("evidence/<uuid:key>/remove/", reports.evidence_remove, name="evidence_remove"),
    # Review
    path("review/", reviews.review_latest, name="review_latest"),
    path("quarters/<int:pk>/review/", reviews.review, name="review"),
    path("quarters/<int:pk>/review/measure/", reviews.review_measure, name="review_measure"),
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
