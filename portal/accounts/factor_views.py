"""Pages of the second factor: asked at log-in, set up, listed under "my account", reset by an administrator."""

import time
from typing import Any
from urllib.parse import urlencode

import segno
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST

from portal.accounts import factors
from portal.accounts.factor_forms import STATE, AppForm, OwnerForm, PasskeyForm, ShownForm, host_of
from portal.accounts.models import Factor, User
from portal.accounts.views import enter, local
from portal.kit.access import any_user, open_page, permission_required
from portal.kit.secrets import decrypt, encrypt
from portal.kit.views import act_once, permitted_or_404, reported

SECRET, CODES, PROVEN = "second_factor_secret", "recovery_codes", "owner_proven_at"
COLUMN = "accounts.factor.setup"  # what the secret in a session is sealed for
PROVEN_SECONDS = 10 * 60


@open_page
def factor_check(request: HttpRequest) -> HttpResponse:
    """After the password: show a factor, then one is in."""
    user = factors.pending(request.session)
    if user is None:
        messages.info(request, "请先输入账号和密码。")
        return redirect("accounts:login")
    if not user.factors.exists():
        return redirect("accounts:factor_setup")
    form = ShownForm(request.POST or None, request=request, holder=user)
    if request.method == "POST" and form.is_valid():
        return _let_in(request, user)
    form.asked()
    context = {"title": "第二重验证", "form": form, "submit_label": "继续", "account": user}
    return render(request, "accounts/factor_check.html", context, status=422 if form.errors else 200)


@open_page
def factor_setup(request: HttpRequest) -> HttpResponse:
    """Set up an authenticator app or a passkey: who just gave the password and must have one, or whoever proved to be the owner."""
    user, coming_in = _whose(request)
    if user is None:
        return redirect(f"{reverse('accounts:factor_owner')}?{urlencode({'next': request.get_full_path()})}")
    secret = _secret(request)
    app, passkey = (
        AppForm(request.POST if "app" in request.POST else None, auto_id="app_%s"),
        PasskeyForm(request.POST if "passkey" in request.POST else None, auto_id="passkey_%s"),
    )
    form: Any = passkey if passkey.is_bound else app
    if request.method == "POST" and form.is_valid():
        try:
            codes = _added(request, user, form, secret)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return _done(request, user, codes or [], coming_in)
    context = {
        "title": "设置第二重验证",
        "app": app,
        "passkey": passkey,
        "secret": secret,
        "account": user,
        "required": coming_in,
    }
    uri = factors.address_of(user, secret)
    context["picture"] = segno.make(uri, error="m").svg_inline(scale=4, border=2)
    if factors.may_have_passkeys(host_of(request)):
        context["options"], request.session[STATE] = factors.begin_passkey(user, host_of(request))
    return render(request, "accounts/factor_setup.html", context, status=422 if form.errors else 200)


@any_user
def factor_owner(request: HttpRequest) -> HttpResponse:
    """Before a factor is added or taken away, its owner proves who that is."""
    target = local(request, request.POST.get("next") or request.GET.get("next", ""))
    form = OwnerForm(request.POST or None, request=request, holder=request.user)
    if request.method == "POST" and form.is_valid():
        request.session[PROVEN] = time.time()
        return redirect(target)
    form.asked()
    context = {"title": "请确认是您本人", "form": form, "next": target, "submit_label": "继续", "account": request.user}
    return render(request, "accounts/factor_check.html", context, status=422 if form.errors else 200)


@any_user
def factor_codes(request: HttpRequest) -> HttpResponse:
    """The recovery codes, shown this once."""
    codes = request.session.pop(CODES, [])
    target = local(request, request.session.pop("after_codes", ""))
    return render(request, "accounts/factor_codes.html", {"title": "恢复码", "codes": codes, "next": target})


@require_POST
@any_user
def factor_codes_new(request: HttpRequest) -> HttpResponse:
    """Ten new codes in place of the old ones."""
    if not _proven(request):
        return redirect(f"{reverse('accounts:factor_owner')}?next={reverse('accounts:me')}")
    if not request.user.factors.exists():
        raise Http404
    request.session[CODES] = act_once(request, lambda: factors.new_recovery_codes(request.user)) or []
    return redirect("accounts:factor_codes")


@require_POST
@any_user
def factor_remove(request: HttpRequest, pk: int) -> HttpResponse:
    factor = get_object_or_404(Factor, pk=pk, user=request.user)
    if not _proven(request):
        return redirect(f"{reverse('accounts:factor_owner')}?next={reverse('accounts:me')}")
    with reported(request, f"已移除{factor}。"):
        factors.remove_factor(factor)
    return redirect("accounts:me")


@require_POST
@permission_required("accounts.unlock_user")
def user_factors_reset(request: HttpRequest, pk: int) -> HttpResponse:
    """A lost phone: the account sets its second factor up anew at the next log-in."""
    user = permitted_or_404(User.objects.all(), request.user, "unlock", pk=pk)
    with reported(request, f"{user}的第二重验证已重置，下次登录时重新设置。请当面核实本人后再告知密码。"):
        act_once(request, lambda: factors.reset_factors(user, by=request.user))
    return redirect(user)


def _whose(request: HttpRequest) -> tuple[User | None, bool]:
    """(who sets a factor up, whether that is part of logging in); nobody where the owner has yet to be proved."""
    if request.user.is_authenticated:
        return (request.user if _proven(request) else None), False  # type: ignore[return-value]
    user = factors.pending(request.session)
    if user is None or user.factors.exists():
        return None, False
    return user, True


def _proven(request: HttpRequest) -> bool:
    return time.time() - request.session.get(PROVEN, 0) < PROVEN_SECONDS


def _secret(request: HttpRequest) -> str:
    """The secret that is being set up: the same while its page is shown again, sealed in the session."""
    if SECRET not in request.session:
        request.session[SECRET] = encrypt(factors.new_secret(), COLUMN)
    return decrypt(request.session[SECRET], COLUMN)


def _added(request: HttpRequest, user: User, form: Any, secret: str) -> list[str]:
    values = form.cleaned_data
    if isinstance(form, PasskeyForm):
        return factors.add_passkey(
            user, host_of(request), request.session.pop(STATE, None), values["answer"], values["name"]
        )
    return factors.add_app(user, secret, values["code"], values["name"])


def _done(request: HttpRequest, user: User, codes: list[str], coming_in: bool) -> HttpResponse:
    request.session.pop(SECRET, None)
    target = local(request, request.GET.get("next") or (request.session.get(factors.WAITING) or {}).get("next", ""))
    if coming_in:
        _let_in(request, user)
    messages.success(request, "第二重验证已设置。")
    if not codes:
        return redirect("accounts:me")
    request.session[CODES], request.session["after_codes"] = codes, target
    return redirect("accounts:factor_codes")


def _let_in(request: HttpRequest, user: User) -> HttpResponse:
    target = (request.session.pop(factors.WAITING, None) or {}).get("next", "")
    enter(request, user)
    request.session[factors.SHOWN] = request.session[PROVEN] = time.time()
    return redirect(local(request, target))
