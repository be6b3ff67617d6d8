"""Training plans, sessions, posts of cadres, support funds."""

from django.urls import path

from outreach.views import support, training

urlpatterns: list = [
    path("training-plans/", training.TrainingPlanListView.as_view(), name="trainingplan_list"),
    path("training-plans/add/", training.TrainingPlanCreateView.as_view(), name="trainingplan_create"),
    path("training-plans/<int:pk>/", training.TrainingPlanDetailView.as_view(), name="trainingplan_detail"),
    path("training-plans/<int:pk>/edit/", training.TrainingPlanUpdateView.as_view(), name="trainingplan_update"),
    path("training-plans/<int:pk>/delete/", training.TrainingPlanDeleteView.as_view(), name="trainingplan_delete"),
    path("training-plans/<int:pk>/sessions/add/", training.TrainingSessionCreateView.as_view(), name="trainingsession_create"),
    path("training-plans/<int:pk>/posts/add/", training.CadrePostCreateView.as_view(), name="cadrepost_create"),
    path("training-sessions/<int:pk>/", training.TrainingSessionDetailView.as_view(), name="trainingsession_detail"),
    path("training-sessions/<int:pk>/edit/", training.TrainingSessionUpdateView.as_view(), name="trainingsession_update"),
    path("training-sessions/<int:pk>/delete/", training.TrainingSessionDeleteView.as_view(), name="trainingsession_delete"),
    path("cadre-posts/<int:pk>/edit/", training.CadrePostUpdateView.as_view(), name="cadrepost_update"),
    path("cadre-posts/<int:pk>/delete/", training.CadrePostDeleteView.as_view(), name="cadrepost_delete"),
    path("activities/officers/", training.activity_officers, name="activity_officers"),
    path("supports/", support.SupportListView.as_view(), name="support_list"),
    path("supports/add/", support.SupportCreateView.as_view(), name="support_create"),
    path("supports/<int:pk>/", support.SupportDetailView.as_view(), name="support_detail"),
    path("supports/<int:pk>/edit/", support.SupportUpdateView.as_view(), name="support_update"),
    path("supports/<int:pk>/delete/", support.SupportDeleteView.as_view(), name="support_delete"),
]  # fmt: skip
