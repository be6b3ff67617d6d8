"""Holidays and days worked in their place, above what the library of working days knows."""

from typing import Any

from django.urls import reverse

from outreach.filters.requests import HolidayFilterSet
from outreach.forms.requests import HolidayForm
from outreach.models import Holiday
from outreach.services.places import covers
from outreach.tables.requests import HolidayTable
from outreach.views.visits import SECTION, button
from portal.kit import views

HOLIDAYS = ("节假日安排", "/outreach/holidays/")


class HolidayListView(views.ListView):
    model = Holiday
    queryset = Holiday.objects.select_related("area")
    table_class = HolidayTable
    filterset_class = HolidayFilterSet
    template_name = "outreach/holiday_list.html"
    crumbs = [SECTION]
    empty_title = "没有另外登记的节假日"
    empty_hint = "系统已知的年份按国务院通知计算工作日；新的通知发布后，在这里逐日登记。"

    def get_actions(self) -> list[views.Button]:
        return [button("登记一天", "holiday_create", primary=True)] if self.may("add") else []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        for row in context["table"].objects:
            if covers(self.request.user, row, "change"):
                row.update_url = reverse("outreach:holiday_update", args=[row.pk])
        return context


class HolidayCreateView(views.CreateView):
    model = Holiday
    form_class = HolidayForm
    title = "登记节假日"
    crumbs = [SECTION, HOLIDAYS]

    def get_cancel_url(self) -> str:
        return HOLIDAYS[1]


class HolidayUpdateView(views.UpdateView):
    model = Holiday
    queryset = Holiday.objects.select_related("area")
    form_class = HolidayForm
    template_name = "outreach/holiday_form.html"
    crumbs = [SECTION, HOLIDAYS]


class HolidayDeleteView(views.DeleteView):
    model = Holiday
    crumbs = [SECTION, HOLIDAYS]

    def get_consequences(self) -> list[str]:
        return ["这一天改按国务院通知计算；已经受理的诉求，办理期限不变。"]
