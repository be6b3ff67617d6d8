"""Start-up checks: the portal refuses to start when a route declares no access or a model no scope (security.md 8)."""

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.checks import Error, register
from django.urls import URLPattern, URLResolver, get_resolver

from portal.kit.scope import ScopedQuerySet

OWN_APPS = {"accounts", "organizations", "outreach", "assessments", "exchange", "papers"}


def routes(patterns: list | None = None, prefix: str = "", namespace: str = "") -> Iterator[tuple[str, str, Any]]:
    """(path, full name, callback) of every route of the project."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        path = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from routes(pattern.url_patterns, path, inner)
        elif isinstance(pattern, URLPattern):
            yield path, f"{namespace}{pattern.name or ''}", pattern.callback


def declared_access(callback: Any) -> Any:
    """What a route asks for, or None where it says nothing."""
    if hasattr(callback, "access"):
        return callback.access
    view_class = getattr(callback, "view_class", None) or getattr(callback, "cls", None)
    return getattr(view_class, "access", None)


@register()
def every_route_declares_access(app_configs: Any, **kwargs: Any) -> list[Error]:
    return [
        Error(f"Route {path!r} ({name}) declares no access.", hint="See portal/kit/access.py.", id="kit.E001")
        for path, name, callback in routes()
        if declared_access(callback) is None
    ]


@register()
def every_model_has_a_scope(app_configs: Any, **kwargs: Any) -> list[Error]:
    """Each model of the apps reads through a ScopedQuerySet, or says `unscoped = "reason"`."""
    return [
        Error(f"{model._meta.label} has no scope.", hint="Give it a ScopedQuerySet.", id="kit.E002")
        for label in OWN_APPS & {config.label for config in apps.get_app_configs()}
        for model in apps.get_app_config(label).get_models()
        if not (isinstance(model._default_manager.all(), ScopedQuerySet) or getattr(model, "unscoped", None))
    ]


@register()
def audit_is_kept(app_configs: Any, **kwargs: Any) -> list[Error]:
    if settings.AUDIT_KEEP_DAYS >= 185:
        return []
    return [Error("AUDIT_KEEP_DAYS must be at least 185.", id="kit.E003")]
