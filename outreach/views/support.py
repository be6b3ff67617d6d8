"""Support funds: the list with its total, one of them, entering and correcting one."""

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest, HttpResponse

from organizations.filters.organizations import area_words
from outreach.filters.support import SupportFilterSet
from outreach.forms.support import SupportForm
from outreach.models import Request, Support
from outreach.services.places import covers
from outreach.services.support import save_support, total_of, yuan
from outreach.tables.support import SupportTable
from outreach.views.places import url_or_none
from outreach.views.training import expected_of
from outreach.views.visits import SECTION, button, found_again, linked
from portal.kit import views

SUPPORTS = ("扶持资金", "/outreach/supports/")
RELATED = ("area__parent", "unit__area", "enterprise__area", "request__area")


class SupportListView(views.ListView):
    model = Support
    queryset = Support.objects.select_related("area__parent", "unit", "enterprise", "request")
    table_class = SupportTable
    filterset_class = SupportFilterSet
    template_name = "outreach/support_list.html"
    crumbs = [SECTION]
    empty_title = "没有符合条件的扶持资金"
    empty_hint = "请放宽筛选条件，或登记一笔到位的资金。"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(amount=yuan(total_of(kwargs["table"].queryset)), **kwargs)

    def get_actions(self) -> list[views.Button]:
        return [button("登记扶持资金", "support_create", primary=True)] if self.may("add") else []

    def get_empty_action(self) -> tuple[str, str] | None:
        action = next(iter(self.get_actions()), None)
        return (action["label"], action["url"]) if action else None


class SupportDetailView(views.DetailView):
    model = Support
    queryset = Support.objects.select_related(*RELATED)
    crumbs = [SECTION, SUPPORTS]

    def get_fields(self) -> Iterator[tuple[str, Any, str | None]]:
        row, user = self.object, self.request.user
        yield linked(user, "企业或协会", row.enterprise)
        yield "项目名称", row.programme, None
        yield "金额（元）", yuan(row.amount), None
        yield "到位日期", row.on, None
        yield "所在区划", area_words(row.area), None
        if row.request:
            seen = covers(user, row.request)
            yield "相关诉求", str(row.request), url_or_none("outreach:request_detail", row.request_id) if seen else None

    def get_actions(self) -> list[views.Button]:
        row, user = self.object, self.request.user
        found = []
        if covers(user, row, "change"):
            found.append(button("修改", "support_update", row.pk, primary=True))
        if covers(user, row, "delete"):
            found.append(button("删除", "support_delete", row.pk))
        return found


class SupportFormMixin:
    model = Support
    queryset = Support.objects.select_related(*RELATED)
    form_class = SupportForm
    template_name = "outreach/pairing_form.html"
    crumbs = [SECTION, SUPPORTS]
    request: Any

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return found_again(self, request) or super().post(request, *args, **kwargs)  # type: ignore[misc]

    def perform(self, form: Any) -> Support:
        return save_support(form.instance, by=self.request.user, expected=expected_of(form))


class SupportCreateView(SupportFormMixin, views.CreateView):
    title = "登记扶持资金"
    success_message = "扶持资金已登记。"

    def get_initial(self) -> dict[str, Any]:
        """What the page before knew: `?enterprise=12`, or the `?request=3` that led to the money."""
        enterprise, asked = self.request.GET.get("enterprise", ""), self.request.GET.get("request", "")
        if asked.isascii() and asked.isdigit() and len(asked) < 18:
            row = Request.objects.permitted(self.request.user).filter(pk=asked, enterprise__isnull=False).first()
            if row is not None:
                return {"sides": [f"enterprise-{row.enterprise_id}"], "request": row.pk}
        return {"sides": [f"enterprise-{enterprise}"]} if enterprise else {}

    def get_cancel_url(self) -> str:
        return SUPPORTS[1]


class SupportUpdateView(SupportFormMixin, views.UpdateView):
    pass


class SupportDeleteView(views.DeleteView):
    model = Support
    crumbs = [SECTION, SUPPORTS]

    def get_consequences(self) -> list[str]:
        return ["这笔资金不再显示，也不再计入合计；只有登记有误的才删除。"]

    def get_success_url(self) -> str:
        return SUPPORTS[1]
