from django.urls import path

from organizations.views import areas

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
]
