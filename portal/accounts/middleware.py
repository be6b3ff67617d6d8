"""What stands between a log-in and the pages: the second factor, and a password that must be changed."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve

from portal.accounts.factors import SHOWN, is_required
from portal.accounts.passwords import has_expired

OPEN_NAMES = {"accounts:password_change", "accounts:logout", "accounts:login"}


class SecondFactorMiddleware:
    """A session that began before the second factor was asked of its account ends; a token was made behind one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and is_required(request.user) and not request.session.get(SHOWN):
            logout(request)
            if request.path_info.startswith("/api/"):
                return JsonResponse({"detail": "请重新登录并通过第二重验证。"}, status=403)
            return redirect("accounts:login")
        return self.get_response(request)


class PasswordExpiryMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and has_expired(request.user) and _name(request.path_info) not in OPEN_NAMES:
            if request.path_info.startswith("/api/"):
                return JsonResponse({"detail": "密码已过期，请先登录网页修改密码。"}, status=403)
            return redirect("accounts:password_change")
        return self.get_response(request)


def _name(path: str) -> str | Any:
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""
