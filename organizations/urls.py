from django.urls import path

from organizations import views

app_name = "organizations"
urlpatterns = [
    path("areas/", views.area_tree, name="area_tree"),
    path("areas/<int:pk>/", views.AreaDetailView.as_view(), name="area_detail"),
    path("areas/<int:pk>/rename/", views.RenameView.as_view(), name="area_rename"),
    path("areas/<int:pk>/move/", views.MoveView.as_view(), name="area_move"),
    path("areas/<int:pk>/merge/", views.MergeView.as_view(), name="area_merge"),
    path("areas/<int:pk>/split/", views.SplitView.as_view(), name="area_split"),
    path("areas/<int:pk>/close/", views.CloseView.as_view(), name="area_close"),
    path("areas/<int:pk>/create/", views.CreateView.as_view(), name="area_create"),
    path("areas/<int:pk>/count/", views.CountView.as_view(), name="area_count"),
    path("areas/<int:pk>/units/", views.units_from_areas, name="units_from_areas"),
    path("units/", views.UnitListView.as_view(), name="unit_list"),
    path("units/add/", views.UnitCreateView.as_view(), name="unit_create"),
    path("units/from-areas/", views.unit_from_areas, name="unit_from_areas"),
    path("units/import/", views.unit_import, name="unit_import"),
    path("units/<int:pk>/", views.UnitDetailView.as_view(), name="unit_detail"),
    path("units/<int:pk>/edit/", views.UnitUpdateView.as_view(), name="unit_update"),
]
