"""Generic screens: a view declares its model, table, filters or form; scope, version, key and audit come from here."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.module_loading import import_string
from django.utils.text import capfirst
from django.views import generic

from portal.audit.models import Action, AuditEntry, Submission, claim, record
from portal.kit import saving
from portal.kit.access import refuse_unless
from portal.kit.filters import FilterSet
from portal.kit.forms import ModelForm
from portal.kit.models import StaleVersionError
from portal.kit.scope import ScopedQuerySet, permission_for
from portal.kit.tables import Table
from portal.kit.workbooks.exports import EXPORTS, export_response

Crumb = tuple[str, str | None]
Button = dict[str, Any]
PAGE_SIZES = (25, 50, 100, 200)
HIDDEN = "（已隐去）"


def history_of(obj: models.Model, limit: int = 30) -> list[AuditEntry]:
    """What happened to `obj`, newest first. Who fetched it stands on the trail alone: another township need not read that."""
    entries = AuditEntry.objects.filter(model=obj._meta.label_lower, object_id=str(obj.pk)).exclude(
        action=Action.DOWNLOADED
    )
    return list(entries.order_by("-sequence")[:limit])


@contextmanager
def reported(request: HttpRequest, success: str) -> Iterator[None]:
    """Show `success`, or the words of the ValidationError that a service raised."""
    try:
        yield
    except ValidationError as error:
        for message in error.messages:
            messages.error(request, message)
    else:
        messages.success(request, success)


class AccessDeclared(type):
    """Gives each view class its `access` from its model and action, so that the start-up check can read it."""

    @property
    def access(cls) -> tuple[str, ...] | None:
        if getattr(cls, "permissions", None):
            return cls.permissions  # type: ignore[attr-defined]
        model = getattr(cls, "model", None)
        return (permission_for(model, cls.action),) if model else None  # type: ignore[attr-defined]


class ScopedMixin(metaclass=AccessDeclared):
    """One permission at the door, the scope rule on every row."""

    action: ClassVar[str] = "view"
    permissions: ClassVar[tuple[str, ...]] = ()
    model: Any = None
    queryset: Any = None
    request: Any
    kwargs: Any
    title = ""
    crumbs: Sequence[Crumb] = ()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        refuse_unless(request.user, type(self).access or ())
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]

    def get_queryset(self) -> ScopedQuerySet:
        queryset = self.queryset if self.queryset is not None else self.model._default_manager.all()
        return queryset.all().permitted(self.request.user, self.action)

    def get_crumbs(self) -> Sequence[Crumb]:
        return self.crumbs

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)  # type: ignore[misc]
        return {"title": self.get_title(), "crumbs": self.get_crumbs(), "actions": self.get_actions(), **context}

    def get_title(self) -> str:
        return self.title or str(self.model._meta.verbose_name)

    def get_actions(self) -> list[Button]:
        """The buttons at the right of the title: {"label", "url", "primary"}."""
        return []

    def may(self, action: str, obj: models.Model | None = None) -> bool:
        return self.request.user.has_perm(permission_for(self.model, action), obj)


class ListView(ScopedMixin, generic.TemplateView):
    """A list with filters, sorting, paging, saved filters and an export of exactly what it shows."""

    template_name = "generic/list.html"
    table_class: type[Table]
    filterset_class: type[FilterSet] | None = None
    paginate_by = 50
    empty_title = "没有符合条件的记录"
    empty_hint = "请放宽筛选条件后再试。"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        table, filterset = self.get_table()
        kind = request.GET.get("export", "")
        if kind in EXPORTS:
            return self.export(kind, table, filterset)
        return self.render_to_response(self.get_context_data(table=table, filterset=filterset))

    def export(self, kind: str, table: Table, filterset: Any) -> HttpResponseBase:
        """The whole list as a file; one of many rows is written in the background, where its progress can be watched."""
        request, title = self.request, self.get_title()
        told = self.filter_words(filterset, searched=False) or "无"
        with transaction.atomic():
            record(request.user, Action.EXPORTED, words=f"导出 {title}（{EXPORTS[kind]}），筛选：{told}")
        if table.total > settings.EXPORT_PAGE_ROWS:
            return redirect(import_string(settings.LONG_EXPORT)(request, title, kind))
        return export_response(kind, title, table, self.filter_words(filterset), request.user)

    def get_table(self) -> tuple[Table, Any]:
        queryset, filterset = self.get_queryset(), None
        if self.filterset_class:
            filterset = self.filterset_class(self.request.GET, queryset=queryset, request=self.request)
            queryset = filterset.qs
        return self.table_class(queryset, self.request.GET), filterset

    def filter_words(self, filterset: Any, *, searched: bool = True) -> str:
        """The filters in use, in words: "状态：在评；搜索：水坪".

        searched: False hides what was searched for, which may be a person's name or number; the trail cannot forget it.
        """
        if filterset is None or not filterset.form.is_valid():
            return ""
        used = {name: filterset.form[name] for name, value in filterset.form.cleaned_data.items() if value}
        shown = {name: HIDDEN if name == "q" and not searched else _chosen(bound) for name, bound in used.items()}
        return "；".join(f"{used[name].label}：{words}" for name, words in shown.items())

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        table = kwargs["table"]
        asked = self.request.GET.get("per_page", "")
        size = int(asked) if asked in map(str, PAGE_SIZES) else self.paginate_by
        page = Paginator(table.whole, size).get_page(self.request.GET.get("page"))
        table.objects = page.object_list
        query = self.request.GET.copy()
        for name in ("page", "export"):
            query.pop(name, None)
        exports = [(label, f"?{_with(query, export=kind)}") for kind, label in EXPORTS.items()]
        return super().get_context_data(
            page_obj=page, total=page.paginator.count, exports=exports, query=query.urlencode(),
            saved_filters=self.request.user.saved_filters.filter(path=self.request.path),
            empty_title=self.empty_title, empty_hint=self.empty_hint, empty_action=self.get_empty_action(), **kwargs,
        )  # fmt: skip

    def get_title(self) -> str:
        return self.title or str(self.model._meta.verbose_name_plural)

    def get_empty_action(self) -> tuple[str, str] | None:
        return None


class DetailView(ScopedMixin, generic.DetailView):
    """One row with its fields and its history."""

    template_name = "generic/detail.html"
    fields: Sequence[str] = ()

    def get_title(self) -> str:
        return str(self.object)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(fields=list(self.get_fields()), history=history_of(self.object), **kwargs)

    def get_fields(self) -> Iterator[tuple[str, Any, str | None]]:
        """(label, value, url) of what the page shows."""
        for name in self.fields:
            value = getattr(self.object, f"get_{name}_display", None) or getattr(self.object, name)
            value = value() if callable(value) else value
            url = value.get_absolute_url() if hasattr(value, "get_absolute_url") and value.pk else None
            yield str(self.object._meta.get_field(name).verbose_name), value, url


class FormMixin(ScopedMixin):
    """Saves once, under a version, inside one transaction with its audit row."""

    template_name = "generic/form.html"
    submit_label = "保存"
    success_message = "已保存。"
    form_class: type[ModelForm]
    object: Any

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A form that was carried out already leads where it led, even where it would not be valid any more."""
        key = submission_key(request, request.POST.get("idempotency_key", ""))
        done = Submission.objects.filter(user=request.user, key=key).first()
        if done and "location" in done.answer:
            return redirect(done.answer["location"])
        return super().post(request, *args, **kwargs)  # type: ignore[misc]

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.request.user}  # type: ignore[misc]

    def form_valid(self, form: Any) -> HttpResponse:
        try:
            location = self.save_once(form)
        except StaleVersionError as error:
            return self.conflict(form, error.stored)
        except ValidationError as error:
            form.add_error(None, error)
            return self.form_invalid(form)
        return redirect(location)

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)  # type: ignore[attr-defined]

    @transaction.atomic
    def save_once(self, form: Any) -> str:
        """Save, or find what the same form saved before; where to go next."""
        key = form.cleaned_data.get("idempotency_key")
        submission, first = claim(self.request.user, submission_key(self.request, key)) if key else (None, True)
        if not first and submission:
            return submission.answer["location"]
        self.object = self.perform(form)
        location = self.get_success_url()
        if submission:
            submission.answer = {"location": location}
            submission.save(update_fields=["answer"])
        messages.success(self.request, self.success_message)
        return location

    def perform(self, form: Any) -> Any:
        """The act itself; a view that calls a service overrides this. A form without a version counts as stale."""
        expected = form.cleaned_data.get("version") or 0 if form.instance.pk else None
        return saving.save(form.instance, by=self.request.user, expected=expected)

    def conflict(self, form: Any, stored: Any) -> HttpResponse:
        """409: what I typed, what they saved, what both began with; nothing is overwritten."""
        context = {
            "title": "别人刚刚改过这条记录", "crumbs": self.get_crumbs(), "form": form, "object": stored,
            "rows": form.comparison(stored), "current_version": stored.version, "fresh_url": self.request.path,
            "last": next(iter(history_of(stored, 1)), None),
        }  # fmt: skip
        return render(self.request, "generic/conflict.html", context, status=409)

    def get_success_url(self) -> str:
        return self.object.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(submit_label=self.submit_label, cancel_url=self.get_cancel_url(), **kwargs)

    def get_cancel_url(self) -> str:
        return self.object.get_absolute_url() if getattr(self, "object", None) else "../"


class CreateView(FormMixin, generic.CreateView):
    action = "add"
    success_message = "已新增。"

    def get_title(self) -> str:
        return self.title or f"新增{capfirst(self.model._meta.verbose_name)}"


class UpdateView(FormMixin, generic.UpdateView):
    action = "change"
    success_message = "修改已保存。"

    def get_title(self) -> str:
        return self.title or f"修改{self.object}"


class DeleteView(ScopedMixin, generic.DetailView):
    """Removes a draft row after saying what goes with it; a row in use is refused with the reason."""

    action = "delete"
    template_name = "generic/confirm_delete.html"
    success_message = "已删除。"

    def get_title(self) -> str:
        return f"删除{self.object}"

    def get_consequences(self) -> list[str]:
        return []

    def get_success_url(self) -> str:
        return self.object.get_absolute_url()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        location = self.get_success_url()
        try:
            saving.delete(self.object, by=request.user)
        except models.ProtectedError as error:
            messages.error(request, f"不能删除：还有 {len(error.protected_objects)} 条记录在使用它。")
            return redirect(self.object.get_absolute_url())
        messages.success(request, self.success_message)
        return redirect(location)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(consequences=self.get_consequences(), **kwargs)


def submission_key(request: HttpRequest, key: str) -> str:
    """The key as stored: bound to the address it was posted to, of fixed length."""
    return hashlib.sha256(f"{request.path} {key}".encode()).hexdigest()


def act_once(request: HttpRequest, act: Callable[[], Any]) -> Any:
    """Run a step's service once for the key its form carried; a repeat does nothing and returns None."""
    key = request.POST.get("idempotency_key", "")
    with transaction.atomic():
        if key and not claim(request.user, submission_key(request, key))[1]:
            return None
        return act()


def act_whole(request: HttpRequest, act: Callable[[], Any]) -> Any:
    """`act_once` for an act that answers with what it `refused`: then nothing of it stands, its key neither.

    The page shows what was typed under the same key, and what is put right is a new try.
    """
    with transaction.atomic():
        outcome = act_once(request, act)
        transaction.set_rollback(bool(outcome and outcome.refused))
    return outcome


def permitted_or_404(queryset: Any, user: Any, action: str = "view", **lookups: Any) -> Any:
    """The row, 404 where it is outside `user`'s areas, 403 where it is visible but the action is not granted."""
    obj = queryset.permitted(user, action).filter(**lookups).first()
    if obj is not None:
        return obj
    if action != "view" and queryset.permitted(user).filter(**lookups).exists():
        raise PermissionDenied("您可以查看这条记录，但没有办理这一步的权限。")
    raise Http404


def _chosen(bound: Any) -> str:
    """What a bound filter field holds, as a person reads it."""
    value = bound.form.cleaned_data[bound.name]
    choices = {str(key): label for key, label in getattr(bound.field, "choices", [])}
    return str(choices.get(str(value), value)) if choices else str(value)


def _with(query: Any, **values: str) -> str:
    query = query.copy()
    for name, value in values.items():
        query[name] = value
    return query.urlencode()
