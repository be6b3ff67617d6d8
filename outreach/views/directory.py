"""Enterprises and associations, officials, notices: lists that stand with the contacts under one heading."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.forms import modelform_factory
from django.urls import reverse
from django.utils import timezone

from organizations.filters.organizations import area_words
from outreach.filters import directory as filters
from outreach.forms import directory as forms
from outreach.models import Contact, Enterprise, Notice, Official, Pairing, Request, Support, Visit
from outreach.services.directory import close_enterprise, close_official, save_notice, with_paired
from outreach.services.places import covers
from outreach.services.support import yuan
from outreach.services.visits import token_of, work_of
from outreach.tables import directory as tables
from outreach.views import places
from outreach.views.places import route, url_or_none
from portal.kit import saving, views
from portal.kit.scope import permission_for

DIRECTORY: list[Any] = [Enterprise, Contact, Official, Notice]
HEADING = [("联谊服务", None)]
SHOWN = 10


def tabs_for(user: Any, here: type) -> list[tuple[str, str, bool]]:
    """(label, address, is this page) of the directory's lists."""
    found = [model for model in DIRECTORY if user.has_perm(permission_for(model, "view"))]
    return [(str(m._meta.verbose_name_plural), reverse(route(m, "list")), m is here) for m in found]


class DirectoryListView(places.PlaceListView):
    crumbs = HEADING

    def get_tabs(self) -> list[tuple[str, str, bool]]:
        return tabs_for(self.request.user, self.model)


class DirectoryDetailView(places.PlaceDetailView):
    """A directory row: no files, no activities; what was done for it instead."""

    def get_actions(self) -> list[views.Button]:
        if not covers(self.request.user, self.object, "change"):
            return []
        return [self._button("update", "修改", primary=True), *self.get_steps()]

    def get_files(self) -> dict[str, Any]:
        return {}


class EnterpriseListView(DirectoryListView):
    model = Enterprise
    queryset = with_paired(Enterprise.objects.select_related("area__parent", "unit"))
    table_class = tables.EnterpriseTable
    filterset_class = filters.EnterpriseFilterSet


class EnterpriseDetailView(DirectoryDetailView):
    model = Enterprise
    queryset = Enterprise.objects.select_related("area__parent", "unit__area")
    template_name = "outreach/enterprise_detail.html"
    fields = ("kind", "credit_code", "industry", "area", "unit", "address", "since", "until", "note")
    words = {"起始日期": "登记日期", "截止日期": "注销或迁出日期"}
    closed_word = "注销或迁出"

    def get_steps(self) -> list[views.Button]:
        return [self._button("close", "注销或迁出") if self.object.until is None else self._button("reopen", "恢复")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user, obj = self.request.user, self.object
        heads = Contact.objects.permitted(user).usable().filter(roles__enterprise=obj, roles__until=None).distinct()
        pairings = Pairing.objects.permitted(user).filter(enterprise=obj, until=None).select_related("official")
        visits = Visit.objects.permitted(user).filter(enterprises=obj).order_by("-on", "-pk")
        requests = Request.objects.permitted(user).filter(enterprise=obj).order_by("-accepted_on", "-pk")
        return super().get_context_data(
            heads=list(heads[:SHOWN]), pairings=list(pairings[:SHOWN]), visits=list(visits[:SHOWN]),
            requests=list(requests[:SHOWN]), contact_create=self._contact_create(), token=token_of(obj), open=obj.until is None,
            **self._supports(), **kwargs,
        )  # fmt: skip

    def _supports(self) -> dict[str, Any]:
        """The last funds that were obtained for it, and all of them together."""
        user = self.request.user
        rows = list(Support.objects.permitted(user).filter(enterprise=self.object).order_by("-on", "-pk"))
        may_add = user.has_perm("outreach.add_support") and not self.object.until
        query = {"enterprise": self.object.pk}
        return {
            "supports": [(row, yuan(row.amount)) for row in rows[:SHOWN]],
            "support_total": yuan(sum((row.amount for row in rows), Decimal(0))),
            "support_list": reverse("outreach:support_list", query=query),
            "support_create": reverse("outreach:support_create", query=query) if may_add else None,
        }  # fmt: skip

    def _contact_create(self) -> str | None:
        if self.object.until or not self.request.user.has_perm("outreach.add_contact"):
            return None
        query = {"enterprise": self.object.pk, "role": "enterprise_head", "area": self.object.area_id}
        return url_or_none("outreach:contact_create", query=query)


class EnterpriseCreateView(places.PlaceCreateView):
    model = Enterprise
    form_class = forms.EnterpriseForm


class EnterpriseUpdateView(places.PlaceUpdateView):
    model = Enterprise
    form_class = forms.EnterpriseForm


class EnterpriseCloseView(places.PlaceCloseView):
    model = Enterprise
    submit_label = "办理注销或迁出"
    success_message = "已办理，结对和负责人身份同时结束。"

    def get_form_class(self) -> Any:
        return modelform_factory(self.model, form=forms.EnterpriseCloseForm, fields=["until"])

    def get_title(self) -> str:
        return f"{self.object}注销或迁出"

    def get_consequences(self, form: Any) -> list[str]:
        return [
            "从这一天的第二天起，不再出现在列表和统计里；以前的统计不变。",
            "它的结对联系和负责人的公开身份同时结束；走访和诉求记录保留。",
        ]

    def perform(self, form: Any) -> Enterprise:
        values = form.cleaned_data
        return close_enterprise(
            self.object, until=values["until"], reason=values["reason"], by=self.request.user,
            expected=values.get("version") or 0,
        )  # fmt: skip


class EnterpriseReopenView(places.PlaceReopenView):
    model = Enterprise
    submit_label = "恢复"
    success_message = "已恢复；结对和负责人身份请重新登记。"


class OfficialListView(DirectoryListView):
    model = Official
    queryset = Official.objects.select_related("area__parent", "unit")
    table_class = tables.OfficialTable
    filterset_class = filters.OfficialFilterSet


class OfficialDetailView(DirectoryDetailView):
    model = Official
    queryset = Official.objects.select_related("area__parent", "unit__area", "user")
    template_name = "outreach/official_detail.html"
    fields = ("position", "kind", "area", "unit", "since", "until")
    words = {"起始日期": "开始联系日期", "截止日期": "离任日期"}
    closed_word = "离任"

    def get_steps(self) -> list[views.Button]:
        return [self._button("close", "离任") if self.object.until is None else self._button("reopen", "恢复")]

    def get_more_fields(self) -> Iterator[tuple[str, Any, str | None]]:
        yield "本人账号", self.object.user.name if self.object.user else "没有账号", None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user, obj = self.request.user, self.object
        visits = Visit.objects.permitted(user).filter(officials=obj).order_by("-on", "-pk")
        return super().get_context_data(work=work_of(obj, user), visits=list(visits[:SHOWN]), **kwargs)


class OfficialCreateView(places.PlaceCreateView):
    model = Official
    form_class = forms.OfficialForm


class OfficialUpdateView(places.PlaceUpdateView):
    model = Official
    form_class = forms.OfficialForm


class OfficialCloseView(places.PlaceCloseView):
    model = Official
    submit_label = "办理离任"
    success_message = "已办理离任。"

    def get_form_class(self) -> Any:
        return modelform_factory(self.model, form=forms.OfficialCloseForm, fields=["until"])

    def get_title(self) -> str:
        return f"{self.object}离任"

    def get_consequences(self, form: Any) -> list[str]:
        return ["还有结对或未办结诉求的，请先办理工作移交。", "走访和诉求记录保留，以前的统计不变。"]

    def perform(self, form: Any) -> Official:
        values = form.cleaned_data
        return close_official(
            self.object, until=values["until"], reason=values["reason"], by=self.request.user,
            expected=values.get("version") or 0,
        )  # fmt: skip


class OfficialReopenView(places.PlaceReopenView):
    model = Official
    submit_label = "恢复"
    success_message = "已恢复。"


class NoticeListView(views.ListView):
    model = Notice
    queryset = Notice.objects.select_related("area")
    template_name = "outreach/place_list.html"
    table_class = tables.NoticeTable
    filterset_class = filters.NoticeFilterSet
    crumbs = HEADING
    empty_hint = "登记联系对象以前，先由县（市）新增告知书。"

    def get_actions(self) -> list[views.Button]:
        url = reverse("outreach:notice_create")
        return [{"label": "新增告知书", "url": url, "primary": True}] if self.may("add") else []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(tabs=tabs_for(self.request.user, Notice), **kwargs)


class NoticeDetailView(views.DetailView):
    model = Notice
    queryset = Notice.objects.select_related("area")
    fields = ("area", "since", "until", "text")
    crumbs = [*HEADING, ("告知书", "/outreach/notices/")]

    def get_fields(self) -> Iterator[tuple[str, Any, str | None]]:
        yield "县（市）", area_words(self.object.area), None
        yield "启用日期", self.object.since, None
        yield "停用日期", self.object.until, None
        yield "告知内容", self.object.text, None

    def get_actions(self) -> list[views.Button]:
        obj = self.object
        if not self.may("change", obj):
            return []
        buttons = [{"label": "修改", "url": reverse("outreach:notice_update", args=[obj.pk]), "primary": True}]
        name, label = ("close", "停用") if obj.until is None else ("reopen", "恢复使用")
        return [*buttons, {"label": label, "url": reverse(f"outreach:notice_{name}", args=[obj.pk])}]


class NoticeMixin:
    crumbs = [*HEADING, ("告知书", "/outreach/notices/")]

    def perform(self, form: Any) -> Notice:
        expected = form.cleaned_data.get("version") or 0 if form.instance.pk else None
        return save_notice(form.instance, by=self.request.user, expected=expected)  # type: ignore[attr-defined]


class NoticeCreateView(NoticeMixin, views.CreateView):
    model = Notice
    form_class = forms.NoticeForm

    def get_cancel_url(self) -> str:
        return reverse("outreach:notice_list")


class NoticeUpdateView(NoticeMixin, views.UpdateView):
    model = Notice
    form_class = forms.NoticeForm


class NoticeCloseView(places.StepView):
    model = Notice
    form_class = forms.NoticeCloseForm
    submit_label = "停用"
    success_message = "已停用；已按它告知的联系对象不受影响。"

    def refusal(self, obj: Notice) -> str:
        return f"已于 {obj.until} 停用，不用再办。" if obj.until else ""

    def get_title(self) -> str:
        return f"停用{self.object}"

    def perform(self, form: Any) -> Notice:
        values = form.cleaned_data
        return saving.save(
            form.instance, by=self.request.user, expected=values.get("version") or 0, reason=values["reason"]
        )


class NoticeReopenView(places.PlaceReopenView):
    model = Notice

    def perform(self, form: Any) -> Notice:
        values = form.cleaned_data
        form.instance.until = None
        return saving.save(
            form.instance, by=self.request.user, expected=values.get("version") or 0, reason=values["reason"]
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        words = f"取消停用日期 {self.object.until}，从今天（{timezone.localdate()}）起又可以选用。"
        return {**super().get_context_data(**kwargs), "consequences": [words]}
