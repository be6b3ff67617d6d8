"""The components that pages are made of, one line of logic each."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.safestring import SafeString

from portal.kit.scope import permission_for
from portal.kit.tables import as_text

register = template.Library()
LONG = 6  # characters of a figure that still stand in the large type


@register.inclusion_tag("components/badge.html")
def badge(text: str, tone: str = "grey") -> dict[str, Any]:
    """A coloured label; tone: green, amber, red, blue or grey."""
    return {"text": text, "tone": tone}


@register.inclusion_tag("components/badge.html")
def days_left(day: dt.date | None) -> dict[str, Any]:
    """How long until `day`: 今天, 明天, 3 天, 已超期 2 天."""
    if day is None:
        return {"text": "提醒", "tone": "blue"}
    days = (day - timezone.localdate()).days
    if days < 0:
        return {"text": f"已超期 {-days} 天", "tone": "red"}
    return {
        "text": {0: "今天", 1: "明天"}.get(days, f"{days} 天"),
        "tone": "red" if days < 2 else "amber" if days < 8 else "blue",
    }


@register.inclusion_tag("components/fraction.html")
def fraction(achieved: int, target: int) -> dict[str, Any]:
    """ "275 / 297 93%": a percentage, half rounded up, beside its fraction."""
    return {"achieved": achieved, "target": target, "percent": whole_percent(achieved, target)}


@register.inclusion_tag("components/progress.html")
def progress(done: int, total: int, tone: str = "green") -> dict[str, Any]:
    """A bar of `done` out of `total`; the number stands beside it in the page."""
    return {"done": done, "total": total, "tone": tone, "percent": whole_percent(done, total)}


@register.inclusion_tag("components/empty.html")
def empty(title: str, hint: str = "", url: str = "", action: str = "") -> dict[str, Any]:
    """What a page without rows says: what there is to do next."""
    return {"title": title, "hint": hint, "url": url, "action": action}


@register.inclusion_tag("components/notice.html")
def notice(text: str, tone: str = "blue") -> dict[str, Any]:
    return {"text": text, "tone": tone}


@register.inclusion_tag("components/figure.html")
def figure(
    label: str,
    value: Any,
    note: str = "",
    tone: str = "grey",
    url: str = "",
    total: Any = "",
    number: int | None = None,
) -> dict[str, Any]:
    """A figure card; the number is a link to what it is made of. A whole number out of a total has a bar."""
    has_bar = isinstance(value, int) and isinstance(total, int) and total > 0
    return {
        "label": label, "value": value, "note": note, "tone": tone, "url": url, "total": total, "has_bar": has_bar,
        "number": number, "is_long": len(str(value)) > LONG,
    }  # fmt: skip


@register.inclusion_tag("components/field.html")
def field(bound: Any) -> dict[str, Any]:
    """A form field with its label, help and errors; a lone check box stands before its label."""
    is_check = getattr(bound.field.widget, "input_type", "") == "checkbox" and not bound.use_fieldset
    return {"field": bound, "is_check": is_check}


@register.inclusion_tag("components/form_errors.html")
def form_errors(form: Any) -> dict[str, Any]:
    """All that is wrong with a form, with links to the fields."""
    return {"form": form, "wrong": [bound for bound in form if bound.errors]}


@register.inclusion_tag("components/history.html")
def history(entries: list[Any]) -> dict[str, Any]:
    return {"entries": entries}


@register.inclusion_tag("components/table.html")
def render_table(table: Any) -> dict[str, Any]:
    return {"table": table}


@register.inclusion_tag("components/pager.html", takes_context=True)
def pager(context: Any, page_obj: Any) -> dict[str, Any]:
    return {"page_obj": page_obj, "request": context["request"]}


@register.simple_tag(takes_context=True)
def can(context: Any, action: str, target: Any) -> bool:
    """Whether the user may do `action`: to an object, or (target "app.model") anywhere."""
    user = context["request"].user
    if isinstance(target, str):
        app, model = target.split(".")
        return user.has_perm(f"{app}.{action}_{model}")
    return user.has_perm(permission_for(target, action), target)


@register.filter
def points(value: Decimal | None) -> str:
    """A number of points without trailing zeros; "" for None."""
    if value is None or value == "":
        return ""
    text = f"{Decimal(value):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@register.filter
def shown(value: Any) -> Any:
    """A value on a detail page, as lists and workbooks write it (是/否, 2026-09-30, 0 stays 0); "—" where there is none."""
    return value if isinstance(value, SafeString) else as_text(value) or "—"


def whole_percent(achieved: int, target: int) -> int:
    """A whole percentage, half rounded up (domain.md); 0 where there is nothing to reach."""
    return int((200 * achieved + target) // (2 * target)) if target else 0
