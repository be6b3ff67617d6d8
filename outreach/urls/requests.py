"""Requests and holidays."""

from django.urls import path

from outreach.views import holidays, requests

urlpatterns: list = [
    path("requests/", requests.RequestListView.as_view(), name="request_list"),
    path("requests/add/", requests.RequestCreateView.as_view(), name="request_create"),
    path("requests/monthly/", requests.RequestMonthlyView.as_view(), name="request_monthly"),
    path("requests/<int:pk>/", requests.RequestDetailView.as_view(), name="request_detail"),
    path("requests/<int:pk>/edit/", requests.RequestUpdateView.as_view(), name="request_update"),
    path("requests/<int:pk>/hand-over/", requests.RequestHandOverView.as_view(), name="request_hand_over"),
    path("requests/<int:pk>/answer/", requests.RequestAnswerView.as_view(), name="request_answer"),
    path("requests/<int:pk>/call-back/", requests.RequestCallBackView.as_view(), name="request_call_back"),
    path("requests/<int:pk>/close/", requests.RequestCloseView.as_view(), name="request_close"),
    path("requests/<int:pk>/reopen/", requests.RequestReopenView.as_view(), name="request_reopen"),
    path("holidays/", holidays.HolidayListView.as_view(), name="holiday_list"),
    path("holidays/add/", holidays.HolidayCreateView.as_view(), name="holiday_create"),
    path("holidays/<int:pk>/edit/", holidays.HolidayUpdateView.as_view(), name="holiday_update"),
    path("holidays/<int:pk>/delete/", holidays.HolidayDeleteView.as_view(), name="holiday_delete"),
]
