"""What every request gets: an id, its origin on the user, answers that no cache keeps, refused tries on the trail."""

import ipaddress
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.audit.models import Action, Origin, record


def client_address(request: HttpRequest) -> str:
    """The peer's address; behind a trusted proxy, the last address that the proxy itself wrote."""
    address = request.META.get("REMOTE_ADDR", "")
    if getattr(settings, "TRUSTED_PROXY", False):
        address = request.META.get("HTTP_X_FORWARDED_FOR", address).rpartition(",")[2].strip() or address
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return ""


class RequestContextMiddleware:
    """Gives the request an id; answers 503 with Retry-After while the database is away."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        request.request_id = uuid.uuid4().hex
        response = self.get_response(request)
        response["X-Request-ID"] = request.request_id
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, OperationalError):
            return None
        connection.close_if_unusable_or_obsolete()
        response = render(None, "503.html", status=503)
        response["Retry-After"] = "10"
        return response


class AccessMiddleware:
    """Hangs the origin on the user, keeps logged-in pages out of caches, records refused tries."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: Any) -> HttpResponse:
        if request.user.is_authenticated:
            request.user.origin = Origin(request.request_id, client_address(request))
        response = self.get_response(request)
        if request.user.is_authenticated:
            response.setdefault("Cache-Control", "no-store")
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        if isinstance(exception, PermissionDenied) and request.user.is_authenticated:
            record(request.user, Action.REFUSED, words=f"越权访问 {request.method} {request.path}，已拒绝")
