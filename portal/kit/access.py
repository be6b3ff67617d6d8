"""What a route asks before it runs. A route that declares nothing does not start (see checks.py)."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied

OPEN, ANY_USER = "open", "any user"


def open_page(view: Callable) -> Callable:
    """A page without log-in."""
    view = login_not_required(view)
    view.access = OPEN  # type: ignore[attr-defined]
    return view


def any_user(view: Callable) -> Callable:
    """A page for everyone who is logged in; what it shows is scoped by `permitted()` inside."""
    view.access = ANY_USER  # type: ignore[attr-defined]
    return view


def permission_required(*permissions: str) -> Callable[[Callable], Callable]:
    """A page for whoever holds one of `permissions` somewhere; the rows are scoped by `permitted()` inside."""

    def decorate(view: Callable) -> Callable:
        @wraps(view)
        def guarded(request: Any, *args: Any, **kwargs: Any) -> Any:
            refuse_unless(request.user, permissions)
            return view(request, *args, **kwargs)

        guarded.access = permissions  # type: ignore[attr-defined]
        return guarded

    return decorate


def refuse_unless(user: Any, permissions: tuple[str, ...]) -> None:
    """403 unless `user` holds one of `permissions` somewhere."""
    if not any(user.has_perm(permission) for permission in permissions):
        raise PermissionDenied("您的账号没有办理这项业务的权限。")
