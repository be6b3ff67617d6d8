"""Log-in and out, passwords, my account; the administrators' pages: accounts, grants, the audit trail."""

import time
from typing import Any

from django.contrib import messages
from django.contrib.auth import login, logout, update_session_auth_hash
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from portal.accounts import factors, services
from portal.accounts.filters import AuditFilterSet, GrantFilterSet, UserFilterSet
from portal.accounts.forms import (
    ActivateForm,
    GrantForm,
    LoginForm,
    NewPasswordForm,
    PasswordChangeForm,
    SavedFilterForm,
    TokenForm,
    UserForm,
)
from portal.accounts.models import AuditTrail, Grant, SavedFilter, User
from portal.accounts.passwords import has_expired
from portal.accounts.tables import AuditTable, GrantTable, UserTable
from portal.audit.models import Action, Origin, record
from portal.kit import saving, views
from portal.kit.access import any_user, open_page, permission_required
from portal.kit.forms import KeyedForm
from portal.kit.middleware import client_address
from portal.kit.views import act_once, permitted_or_404, reported

ACTIVATING = "activating_code"


@open_page
def login_page(request: HttpRequest) -> HttpResponse:
    """User name and password, under the lock-out."""
    form = LoginForm(request.POST or None)
    target = local(request, request.POST.get("next") or request.GET.get("next", ""))
    if request.user.is_authenticated and request.method == "GET":
        return redirect(target)
    if request.method == "POST" and form.is_valid():
        address = client_address(request)
        try:
            user = services.log_in(form.cleaned_data["username"], form.cleaned_data["password"], address)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            if factors.is_asked(user):
                request.session.cycle_key()
                request.session[factors.WAITING] = {"user": user.pk, "at": time.time(), "next": target}
                return redirect("accounts:factor_check")
            enter(request, user)
            return redirect("accounts:password_change" if has_expired(user) else target)
    status = 422 if form.errors else 200
    return render(request, "accounts/login.html", {"title": "登录", "form": form, "next": target}, status=status)


@require_POST
@any_user
def logout_page(request: HttpRequest) -> HttpResponse:
    with transaction.atomic():
        record(request.user, Action.LOGGED_OUT, request.user, words="退出登录")
    logout(request)
    return redirect("accounts:login")


@any_user
def password_change(request: HttpRequest) -> HttpResponse:
    """A new password; other sessions of the account end."""
    form = PasswordChangeForm(request.POST or None, user=request.user)
    if request.method == "POST" and form.is_valid():
        services.change_password(request.user, form.cleaned_data["new_password"], by=request.user)
        update_session_auth_hash(request, request.user)
        messages.success(request, "密码已修改，其他地方的登录已退出。")
        return redirect("accounts:me")
    context = {
        "title": "修改密码",
        "form": form,
        "crumbs": [("我的账号", reverse("accounts:me"))],
        "expired": has_expired(request.user),
    }
    return render(request, "accounts/password_change.html", context, status=422 if form.errors else 200)


@open_page
def activate(request: HttpRequest) -> HttpResponse:
    """A one-time code, then the first password."""
    code = services.usable_code(request.session.get(ACTIVATING, ""))
    user = code.user if code else None
    form: Any = NewPasswordForm(request.POST or None, user=user) if user else ActivateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if code:
            with reported(request, "密码已设置，请登录。"):
                services.finish_activation(code, form.cleaned_data["new_password"])
            del request.session[ACTIVATING]
            return redirect("accounts:login")
        try:
            found = services.activate(form.cleaned_data["username"], form.cleaned_data["code"], client_address(request))
        except ValidationError as error:
            form.add_error(None, error)
        else:
            request.session[ACTIVATING] = found.digest
            return redirect("accounts:activate")
    context = {"title": "首次登录设置密码", "form": form, "account": user}
    return render(request, "accounts/activate.html", context, status=422 if form.errors else 200)


@any_user
def me(request: HttpRequest) -> HttpResponse:
    """My account: roles, tokens for the API, saved filters."""
    return render(request, "accounts/me.html", {
        "title": "我的账号", "grants": request.user.held_grants, "tokens": list(request.user.api_tokens.all()),
        "saved": list(request.user.saved_filters.all()), "token_form": TokenForm(),
        "fresh_token": request.session.pop("fresh_token", ""), "factors": list(request.user.factors.all()),
        "codes_left": request.user.recovery_codes.filter(used_at=None).count(), "key_form": KeyedForm(),
    })  # fmt: skip


@require_POST
@any_user
def token_create(request: HttpRequest) -> HttpResponse:
    form = TokenForm(request.POST)
    if form.is_valid():
        token = act_once(request, lambda: services.make_token(request.user, form.cleaned_data["name"]))
        request.session["fresh_token"] = token or ""
        messages.success(request, "令牌已新建，只显示这一次，请立即保存。")
    else:
        messages.error(request, "请填写令牌的用途（不超过 50 个字）。")
    return redirect("accounts:me")


@require_POST
@any_user
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    token = get_object_or_404(request.user.api_tokens, pk=pk, revoked_at=None)
    with reported(request, f"令牌“{token.name}”已停用。"):
        services.revoke_token(token, by=request.user)
    return redirect("accounts:me")


@require_POST
@any_user
def saved_filter_create(request: HttpRequest) -> HttpResponse:
    """Keep a list's filter under a name."""
    path = local(request, request.POST.get("path", ""))
    form = SavedFilterForm({**request.POST.dict(), "path": path}, instance=SavedFilter(user=request.user))
    if form.is_valid():
        form.save()
        messages.success(request, f"已存为常用筛选“{form.instance.name}”。")
    else:
        messages.error(
            request, "没有保存：" + "；".join(message for errors in form.errors.values() for message in errors)
        )
    return redirect(f"{path}?{request.POST.get('query', '')}")


@require_POST
@any_user
def saved_filter_delete(request: HttpRequest, pk: int) -> HttpResponse:
    saved = get_object_or_404(request.user.saved_filters, pk=pk)
    saved.delete()
    messages.success(request, f"常用筛选“{saved.name}”已删除。")
    return redirect(saved.path)


class UserListView(views.ListView):
    model = User
    title = "账号"
    queryset = User.objects.select_related("area")
    table_class = UserTable
    filterset_class = UserFilterSet

    def get_actions(self) -> list[views.Button]:
        grants = [{"label": "授权一览", "url": reverse("accounts:grant_list")}]
        add = {"label": "新增账号", "url": reverse("accounts:user_create"), "primary": True}
        return [*grants, add] if self.may("add") else grants


class UserDetailView(views.DetailView):
    model = User
    queryset = User.objects.select_related("area")
    template_name = "accounts/user_detail.html"
    fields = ("username", "name", "line", "area", "is_active", "password_changed_at", "created_at")
    crumbs = [("账号", "/accounts/users/")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        grants = self.object.grants.select_related("area", "unit", "granted_by", "confirmed_by")
        code = self.request.session.pop(f"code-{self.object.pk}", "")
        return super().get_context_data(grants=list(grants), code=code, key_form=KeyedForm(), **kwargs)

    def get_actions(self) -> list[views.Button]:
        change = {"label": "修改", "url": reverse("accounts:user_update", args=[self.object.pk])}
        grant = {"label": "授权", "url": reverse("accounts:grant_create", args=[self.object.pk]), "primary": True}
        may_grant = self.request.user.has_perm("accounts.add_grant")
        return [*([change] if self.may("change") else []), *([grant] if may_grant else [])]


class UserCreateView(views.CreateView):
    """A new account cannot log in before it used the one-time code that is shown once."""

    model = User
    form_class = UserForm
    crumbs = [("账号", "/accounts/users/")]

    def perform(self, form: Any) -> User:
        form.instance.set_unusable_password()
        user = saving.save(form.instance, by=self.request.user)
        self.request.session[f"code-{user.pk}"] = services.issue_code(user, by=self.request.user)
        return user


class UserUpdateView(views.UpdateView):
    model = User
    form_class = UserForm
    crumbs = [("账号", "/accounts/users/")]


@require_POST
@permission_required("accounts.change_user")
def user_reset(request: HttpRequest, pk: int) -> HttpResponse:
    """A one-time code for a forgotten password."""
    user = permitted_or_404(User.objects.all(), request.user, "change", pk=pk)
    with reported(request, "一次性激活码已发放，24 小时内有效，只显示这一次。"):
        code = act_once(request, lambda: services.issue_code(user, by=request.user))
        request.session[f"code-{user.pk}"] = code or ""
    return redirect(user)


@require_POST
@permission_required("accounts.unlock_user")
def user_unlock(request: HttpRequest, pk: int) -> HttpResponse:
    user = permitted_or_404(User.objects.all(), request.user, "unlock", pk=pk)
    with reported(request, f"{user}的登录锁定已解除。"):
        services.unlock(user, by=request.user)
    return redirect(user)


class GrantListView(views.ListView):
    model = Grant
    title = "授权"
    queryset = Grant.objects.select_related("user", "area", "unit")
    table_class = GrantTable
    filterset_class = GrantFilterSet
    crumbs = [("账号", "/accounts/users/")]


class GrantCreateView(views.CreateView):
    model = Grant
    form_class = GrantForm
    title = "授权"
    submit_label = "提交复核"
    success_message = "授权已登记，须由另一位管理员复核后生效。"

    def get_form_kwargs(self) -> dict[str, Any]:
        account = permitted_or_404(User.objects.all(), self.request.user, pk=self.kwargs["pk"])
        return {**super().get_form_kwargs(), "instance": Grant(user=account)}

    def perform(self, form: Any) -> Grant:
        return services.grant_role(form.instance, by=self.request.user)

    def get_cancel_url(self) -> str:
        return reverse("accounts:user_detail", args=[self.kwargs["pk"]])


@require_POST
@permission_required("accounts.confirm_grant")
def grant_confirm(request: HttpRequest, pk: int) -> HttpResponse:
    grant = permitted_or_404(Grant.objects.select_related("user"), request.user, "confirm", pk=pk)
    with reported(request, "授权已复核生效。"):
        services.confirm_grant(grant, by=request.user)
    return redirect(grant)


@require_POST
@permission_required("accounts.change_grant")
def grant_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    grant = permitted_or_404(Grant.objects.select_related("user"), request.user, "change", pk=pk)
    with reported(request, "授权已撤销，立即失效。"):
        services.revoke_grant(grant, by=request.user)
    return redirect(grant)


class AuditListView(views.ListView):
    model = AuditTrail
    title = "审计日志"
    table_class = AuditTable
    filterset_class = AuditFilterSet


class AuditDetailView(views.DetailView):
    model = AuditTrail
    template_name = "accounts/audit_detail.html"
    fields = ("sequence", "at", "user_name", "action", "object_text", "sentence", "reason", "address", "request_id")
    crumbs = [("审计日志", "/accounts/audit/")]

    def get_title(self) -> str:
        return f"审计记录 {self.object.sequence}"


def enter(request: HttpRequest, user: User) -> None:
    """The session begins."""
    login(request, user)
    user.origin = Origin(request.request_id, client_address(request))
    with transaction.atomic():
        record(user, Action.LOGGED_IN, user, words="登录")


def local(request: HttpRequest, url: str) -> str:
    """`url` where it is an address of this portal, else the first page."""
    safe = url.startswith("/") and url_has_allowed_host_and_scheme(url, {request.get_host()}, request.is_secure())
    return url if safe else reverse("dashboards:my_work")
