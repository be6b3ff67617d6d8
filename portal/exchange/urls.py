from django.urls import path

from portal.exchange import report_views, views

app_name = "exchange"
urlpatterns = [
    path("", views.home, name="home"),
    path("templates/<slug:name>/", views.template, name="template"),
    path("import/<slug:name>/", views.import_create, name="import_create"),
    path("reports/", report_views.report_list, name="report_list"),
    path("reports/<slug:name>/", report_views.report_make, name="report_make"),
    path("batches/", views.BatchListView.as_view(), name="batch_list"),
    path("batches/<int:pk>/", views.batch_detail, name="batch_detail"),
    path("batches/<int:pk>/columns/", views.batch_columns, name="batch_columns"),
    path("batches/<int:pk>/plan/", views.batch_replan, name="batch_replan"),
    path("batches/<int:pk>/answer/", views.batch_answer, name="batch_answer"),
    path("batches/<int:pk>/write/", views.batch_write, name="batch_write"),
    path("batches/<int:pk>/undo/", views.batch_undo, name="batch_undo"),
    path("batches/<int:pk>/drop/", views.batch_drop, name="batch_drop"),
    path("batches/<int:pk>/returned/", views.batch_returned, name="batch_returned"),
    path("jobs/", views.JobListView.as_view(), name="job_list"),
    path("jobs/<int:pk>/", views.job_detail, name="job_detail"),
    path("jobs/<int:pk>/restart/", views.job_restart, name="job_restart"),
    path("jobs/<int:pk>/file/", views.job_file, name="job_file"),
]
