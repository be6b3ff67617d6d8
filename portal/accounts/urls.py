from django.urls import path

from portal.accounts import factor_views, views

app_name = "accounts"
urlpatterns = [
    path("login/", views.login_page, name="login"),
    path("logout/", views.logout_page, name="logout"),
    path("activate/", views.activate, name="activate"),
    path("password/", views.password_change, name="password_change"),
    path("me/", views.me, name="me"),
    path("factors/check/", factor_views.factor_check, name="factor_check"),
    path("factors/setup/", factor_views.factor_setup, name="factor_setup"),
    path("factors/owner/", factor_views.factor_owner, name="factor_owner"),
    path("factors/codes/", factor_views.factor_codes, name="factor_codes"),
    path("factors/codes/new/", factor_views.factor_codes_new, name="factor_codes_new"),
    path("factors/<int:pk>/remove/", factor_views.factor_remove, name="factor_remove"),
    path("tokens/add/", views.token_create, name="token_create"),
    path("tokens/<int:pk>/revoke/", views.token_revoke, name="token_revoke"),
    path("filters/add/", views.saved_filter_create, name="saved_filter_create"),
    path("filters/<int:pk>/delete/", views.saved_filter_delete, name="saved_filter_delete"),
    path("users/", views.UserListView.as_view(), name="user_list"),
    path("users/add/", views.UserCreateView.as_view(), name="user_create"),
    path("users/<int:pk>/", views.UserDetailView.as_view(), name="user_detail"),
    path("users/<int:pk>/edit/", views.UserUpdateView.as_view(), name="user_update"),
    path("users/<int:pk>/reset/", views.user_reset, name="user_reset"),
    path("users/<int:pk>/factors/reset/", factor_views.user_factors_reset, name="user_factors_reset"),
    path("users/<int:pk>/unlock/", views.user_unlock, name="user_unlock"),
    path("users/<int:pk>/grants/add/", views.GrantCreateView.as_view(), name="grant_create"),
    path("grants/", views.GrantListView.as_view(), name="grant_list"),
    path("grants/<int:pk>/confirm/", views.grant_confirm, name="grant_confirm"),
    path("grants/<int:pk>/revoke/", views.grant_revoke, name="grant_revoke"),
    path("audit/", views.AuditListView.as_view(), name="audit_list"),
    path("audit/<int:pk>/", views.AuditDetailView.as_view(), name="audit_detail"),
]
