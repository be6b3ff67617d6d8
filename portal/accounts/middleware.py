"""An expired or temporary password is changed before anything else."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import Resolver404, resolve

from portal.accounts.passwords import has_expired

OPEN_NAMES = {"accounts:password_change", "accounts:logout", "accounts:login"}


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
