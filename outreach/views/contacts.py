"""Contacts: the list, one with its roles and what was done, corrections, and the rights of the person (PIPL 44-47)."""

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django.db import transaction
from django.db.models import Prefetch
from django.urls import reverse
from django.utils import timezone

from organizations.filters.organizations import area_words
from organizations.services.reveals import reveals_of
from organizations.views.reveals import RevealView
from outreach.filters.contacts import ContactFilterSet
from outreach.forms import contacts as forms
from outreach.models import Contact, ContactRole, Pairing, Request, Visit
from outreach.services import contacts as services
from outreach.services.directory import with_paired
from outreach.services.personal_data import report_on
from outreach.services.places import covers
from outreach.services.visits import token_of
from outreach.tables.contacts import ContactTable
from outreach.views import places
from outreach.views.directory import HEADING, SHOWN, DirectoryListView
from portal.audit.models import Action, record
from portal.kit import views
from portal.kit.models import in_force
from portal.kit.views import permitted_or_404

CONTACTS = Contact.objects.select_related("area__parent", "unit__area", "notice")
LIST = ("联系对象", "/outreach/contacts/")


class ContactListView(DirectoryListView):
    model = Contact
    table_class = ContactTable
    filterset_class = ContactFilterSet
    empty_hint = "请放宽筛选条件；限制处理和已删除的在“状态”里选择。"

    def get_queryset(self) -> Any:
        roles = ContactRole.objects.filter(in_force()).select_related("enterprise", "organization")
        rows = with_paired(super().get_queryset()).select_related("area__parent", "unit")
        if self.request.GET.get("export"):
            rows = rows.usable()  # what is restricted or erased leaves in no file
        return rows.prefetch_related(Prefetch("roles", roles, to_attr="shown_roles"))

    def filter_words(self, filterset: Any, *, searched: bool = False) -> str:
        """A name that was searched for goes neither on the trail nor into a file's head."""
        return super().filter_words(filterset, searched=False)


class ContactDetailView(places.PlaceDetailView):
    model = Contact
    queryset = CONTACTS
    template_name = "outreach/contact_detail.html"
    fields = ("name", "phone", "area", "unit", "purpose", "basis", "notice", "noticed_on", "consent_on", "review_by")
    crumbs = [*HEADING, LIST]

    def get_crumbs(self) -> list[views.Crumb]:
        return [*HEADING, LIST]

    def get_fields(self) -> Iterator[tuple[str, Any, str | None]]:
        if self.object.erased_at:
            yield "所在区划", area_words(self.object.area), None
            yield "删除时间", self.object.erased_at, None
            return
        yield from super().get_fields()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user, obj = self.request.user, self.object
        roles = list(obj.roles.select_related("enterprise", "organization", "contact"))
        pairings = Pairing.objects.permitted(user).filter(contact=obj).select_related("official")
        visits = Visit.objects.permitted(user).filter(contacts=obj).order_by("-on", "-pk")
        requests = Request.objects.permitted(user).filter(contact=obj).order_by("-accepted_on", "-pk")
        return views.DetailView.get_context_data(
            self, roles=[row for row in roles if row.holds_on()], former=[row for row in roles if not row.holds_on()],
            pairings=list(pairings[:SHOWN]), visits=list(visits[:SHOWN]), requests=list(requests[:SHOWN]),
            token=token_of(obj), open=self.open, renew=self._renew_form(), reveals=reveals_of(obj)[:SHOWN] if obj.phone else None, **kwargs,
        )  # fmt: skip

    @cached_property
    def open(self) -> bool:
        """Whether the user may change the record as it stands."""
        return self.object.may_reveal() and covers(self.request.user, self.object, "change")

    def _renew_form(self) -> Any:
        return forms.RenewForm(instance=self.object, user=self.request.user) if self.open else None

    def get_actions(self) -> list[views.Button]:
        obj, user = self.object, self.request.user
        found = [self._button("update", "更正", primary=True)] if self.open else []
        if obj.phone and obj.may_reveal() and covers(user, obj, "reveal"):
            found.append(self._button("reveal", "查看电话"))
        if obj.erased_at is None and covers(user, obj, "report"):
            found.append(self._button("report", "个人信息查询报告"))
        if obj.erased_at is None and covers(user, obj, "erase"):
            found.append(
                self._button("lift", "解除限制") if obj.restricted_on else self._button("restrict", "限制处理")
            )
            found.append(self._button("erase", "删除"))
        return found


class ContactRevealView(RevealView):
    model = Contact
    queryset = Contact.objects.kept().select_related("area")

    def get_crumbs(self) -> list[views.Crumb]:
        return [*HEADING, LIST, *super().get_crumbs()]


class ContactFormMixin(places.PlaceFormMixin):
    def get_crumbs(self) -> list[views.Crumb]:
        return [*HEADING, LIST]


class ContactCreateView(ContactFormMixin, views.CreateView):
    model = Contact
    form_class = forms.ContactCreateForm

    def get_initial(self) -> dict[str, Any]:
        """What the page before already knew: `?enterprise=12&role=enterprise_head`."""
        names = ("area", "role", "enterprise", "organization")
        return {name: self.request.GET[name] for name in names if self.request.GET.get(name)}

    def perform(self, form: Any) -> Contact:
        return services.add_contact(form.instance, form.role_row, by=self.request.user)

    def get_cancel_url(self) -> str:
        return reverse("outreach:contact_list")


class ContactStepView(places.StepView):
    """A step of a record: not for one that is restricted or erased."""

    model: Any = Contact
    queryset = CONTACTS

    def get_crumbs(self) -> list[views.Crumb]:
        return [*HEADING, LIST]

    def refusal(self, obj: Any) -> str:
        if obj.erased_at:
            return "这个联系对象已删除，不能再办理。"
        return f"已于 {obj.restricted_on} 限制处理，请先解除限制再办理。" if obj.restricted_on else ""


class ContactUpdateView(ContactStepView):
    form_class = forms.ContactUpdateForm
    submit_label = "保存更正"
    success_message = "已更正。"

    def get_title(self) -> str:
        return f"更正{self.object}"

    def perform(self, form: Any) -> Contact:
        values = form.cleaned_data
        return services.save_contact(
            form.instance, by=self.request.user, expected=values.get("version") or 0, reason=values["reason"]
        )


class ContactRenewView(ContactStepView):
    form_class = forms.RenewForm
    submit_label = "复核续期"
    success_message = "已复核续期。"

    def get_title(self) -> str:
        return f"{self.object}复核续期"

    def perform(self, form: Any) -> Contact:
        values = form.cleaned_data
        return services.renew_contact(
            self.object, review_by=values["review_by"], by=self.request.user, expected=values.get("version") or 0
        )


class ContactRestrictView(ContactStepView):
    action = "erase"
    form_class = forms.RestrictForm
    submit_label = "限制处理"
    success_message = "已限制处理。"

    def get_title(self) -> str:
        return f"限制处理{self.object}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        words = ["不再出现在列表和导出里，不能查看电话，不能修改；登记保留。", "查清或本人同意以后，可以解除限制。"]
        return super().get_context_data(consequences=words, **kwargs)

    def perform(self, form: Any) -> Contact:
        values = form.cleaned_data
        return services.restrict_contact(
            self.object, restriction=values["restriction"], by=self.request.user, expected=values.get("version") or 0
        )


class ContactLiftView(ContactStepView):
    action = "erase"
    form_class = forms.LiftForm
    submit_label = "解除限制"
    success_message = "已解除限制。"

    def refusal(self, obj: Contact) -> str:
        return "" if obj.restricted_on else "没有限制处理，不用解除。"

    def get_title(self) -> str:
        return f"解除限制{self.object}"

    def perform(self, form: Any) -> Contact:
        values = form.cleaned_data
        return services.lift_restriction(
            self.object, reason=values["reason"], by=self.request.user, expected=values.get("version") or 0
        )


class ContactEraseView(ContactStepView):
    action = "erase"
    form_class = forms.EraseForm
    submit_label = "删除"
    success_message = "已删除。"

    def refusal(self, obj: Contact) -> str:
        return "这个联系对象已经删除，不用再办。" if obj.erased_at else ""

    def get_title(self) -> str:
        return f"删除{self.object}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        words = [
            "姓名、电话和公开身份全部清空，不能恢复；只留下编号、时间和原因。",
            "结对联系结束；走访和诉求记录保留，不再写明是谁。",
            "备份里的旧内容随备份到期删除；恢复旧备份的，由系统管理员按操作手册再次删除。",
        ]
        return super().get_context_data(consequences=words, **kwargs)

    def perform(self, form: Any) -> Contact:
        return services.erase_contact(self.object, form.cleaned_data["why"], self.request.user)


class ContactReportView(views.DetailView):
    """All that is held on a person, to print; giving it out stands on the trail."""

    model = Contact
    queryset = CONTACTS
    action = "report"
    template_name = "outreach/contact_report.html"

    def get_queryset(self) -> Any:
        return super().get_queryset().kept()

    def get_crumbs(self) -> list[views.Crumb]:
        return [*HEADING, LIST, (str(self.object), self.object.get_absolute_url())]

    def get_title(self) -> str:
        return f"个人信息查询报告：{self.object}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user, obj = self.request.user, self.object
        with transaction.atomic():
            record(user, Action.DOWNLOADED, obj, words=f"出具 {obj.audit_text} 的个人信息查询报告")
        sections = report_on(obj, user)
        return super().get_context_data(sections=sections, on=timezone.localdate(), by=user, **kwargs)


class ContactRoleCreateView(ContactFormMixin, views.CreateView):
    model = ContactRole
    form_class = forms.ContactRoleForm
    title = "新增公开身份"
    success_message = "已新增公开身份。"

    def get_form_kwargs(self) -> dict[str, Any]:
        contact = permitted_or_404(CONTACTS, self.request.user, "change", pk=self.kwargs["pk"])
        return {**super().get_form_kwargs(), "instance": ContactRole(contact=contact)}

    def get_title(self) -> str:
        return "新增公开身份"

    def perform(self, form: Any) -> ContactRole:
        return services.add_role(form.instance, by=self.request.user)

    def get_cancel_url(self) -> str:
        return reverse("outreach:contact_detail", args=[self.kwargs["pk"]])


class ContactRoleEndView(ContactStepView):
    model = ContactRole
    queryset = ContactRole.objects.select_related("contact__area", "enterprise", "organization")
    form_class = forms.RoleEndForm
    submit_label = "结束"
    success_message = "这个公开身份已结束，历史保留。"

    def refusal(self, obj: ContactRole) -> str:
        return f"已于 {obj.until} 结束，不用再办。" if obj.until else super().refusal(obj.contact)

    def get_title(self) -> str:
        return f"结束公开身份：{self.object}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        words = [f"从结束日期的第二天起，不再以这个身份列出；今天是 {timezone.localdate()}。"]
        return super().get_context_data(consequences=words, **kwargs)

    def perform(self, form: Any) -> ContactRole:
        values = form.cleaned_data
        return services.end_role(
            self.object, until=values["until"], reason=values["reason"], by=self.request.user,
            expected=values.get("version") or 0,
        )  # fmt: skip
