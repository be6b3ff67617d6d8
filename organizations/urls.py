from django.urls import path

from organizations.views import areas, coverage_goals, standards

app_name = "organizations"
urlpatterns = [
    path("areas/", areas.area_tree, name="area_tree"),
    path("areas/<int:pk>/", areas.AreaDetailView.as_view(), name="area_detail"),
    path("areas/<int:pk>/rename/", areas.RenameView.as_view(), name="area_rename"),
    path("areas/<int:pk>/move/", areas.MoveView.as_view(), name="area_move"),
    path("areas/<int:pk>/merge/", areas.MergeView.as_view(), name="area_merge"),
    path("areas/<int:pk>/split/", areas.SplitView.as_view(), name="area_split"),
    path("areas/<int:pk>/close/", areas.CloseView.as_view(), name="area_close"),
    path("areas/<int:pk>/create/", areas.CreateView.as_view(), name="area_create"),
    path("areas/<int:pk>/count/", areas.CountView.as_view(), name="area_count"),
    path("areas/<int:pk>/units/", areas.units_from_areas, name="units_from_areas"),
    path("units/", areas.UnitListView.as_view(), name="unit_list"),
    path("units/add/", areas.UnitCreateView.as_view(), name="unit_create"),
    path("units/from-areas/", areas.unit_from_areas, name="unit_from_areas"),
    path("units/import/", areas.unit_import, name="unit_import"),
    path("units/<int:pk>/", areas.UnitDetailView.as_view(), name="unit_detail"),
    path("units/<int:pk>/edit/", areas.UnitUpdateView.as_view(), name="unit_update"),
    path("standards/", standards.StandardListView.as_view(), name="standard_list"),
    path("standards/add/", standards.StandardCreateView.as_view(), name="standard_create"),
    path("standards/defaults/", standards.standard_defaults, name="standard_defaults"),
    path("standards/<int:pk>/", standards.StandardDetailView.as_view(), name="standard_detail"),
    path("standards/<int:pk>/edit/", standards.StandardUpdateView.as_view(), name="standard_update"),
    path("standards/<int:pk>/failures/", standards.standard_failures, name="standard_failures"),
    path("checks/", standards.CheckListView.as_view(), name="check_list"),
    path("checks/add/", standards.check_create, name="check_create"),
    path("checks/<int:pk>/", standards.check_detail, name="check_detail"),
    path("checks/<int:pk>/answers/", standards.check_update, name="check_update"),
    path("checks/<int:pk>/delete/", standards.check_delete, name="check_delete"),
    path("goals/", coverage_goals.CoverageGoalListView.as_view(), name="coveragegoal_list"),
    path("goals/add/", coverage_goals.CoverageGoalCreateView.as_view(), name="coveragegoal_create"),
    path("goals/defaults/", coverage_goals.coveragegoal_defaults, name="coveragegoal_defaults"),
    path("goals/<int:pk>/edit/", coverage_goals.CoverageGoalUpdateView.as_view(), name="coveragegoal_update"),
    path("goals/<int:pk>/end/", coverage_goals.CoverageGoalEndView.as_view(), name="coveragegoal_end"),
]
