from django.urls import path

from portal.papers import layout_views, views

app_name = "papers"
urlpatterns = [
    path("", views.IssuedPaperListView.as_view(), name="issuedpaper_list"),
    path("<int:pk>/", views.IssuedPaperDetailView.as_view(), name="issuedpaper_detail"),
    path("<int:pk>/word/", views.issuedpaper_word, name="issuedpaper_word"),
    path("<int:pk>/pdf/", views.issuedpaper_pdf, name="issuedpaper_pdf"),
    path("drafts/", views.PaperListView.as_view(), name="paper_list"),
    path("drafts/add/", views.PaperCreateView.as_view(), name="paper_create"),
    path("drafts/<int:pk>/", views.PaperDetailView.as_view(), name="paper_detail"),
    path("drafts/<int:pk>/edit/", views.PaperUpdateView.as_view(), name="paper_update"),
    path("drafts/<int:pk>/delete/", views.PaperDeleteView.as_view(), name="paper_delete"),
    path("drafts/<int:pk>/redraft/", views.paper_redraft, name="paper_redraft"),
    path("drafts/<int:pk>/issue/", views.paper_issue, name="paper_issue"),
    path("drafts/<int:pk>/word/", views.paper_word, name="paper_word"),
    path("drafts/<int:pk>/pdf/", views.paper_pdf, name="paper_pdf"),
    path("layouts/", layout_views.FormLayoutListView.as_view(), name="formlayout_list"),
    path("layouts/add/", layout_views.FormLayoutCreateView.as_view(), name="formlayout_create"),
    path("layouts/samples/<slug:name>/", layout_views.formlayout_sample, name="formlayout_sample"),
    path("layouts/<int:pk>/", layout_views.FormLayoutDetailView.as_view(), name="formlayout_detail"),
    path("layouts/<int:pk>/edit/", layout_views.FormLayoutUpdateView.as_view(), name="formlayout_update"),
    path("layouts/<int:pk>/delete/", layout_views.FormLayoutDeleteView.as_view(), name="formlayout_delete"),
    path("layouts/<int:pk>/filled/", layout_views.formlayout_filled, name="formlayout_filled"),
    path("basis/<int:pk>/", views.paper_basis, name="paper_basis"),
]
