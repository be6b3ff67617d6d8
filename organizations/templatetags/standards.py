"""How a register row stands by its standards, on the row's own page."""

from typing import Any

from django import template

from organizations.services.standards import standings

register = template.Library()


@register.inclusion_tag("organizations/_checks.html", takes_context=True)
def checks_of(context: Any, obj: Any) -> dict[str, Any]:
    """The card 标准核查 of `obj`: last check, what it lacks, the button to check it; three queries."""
    return {
        "standings": standings(obj),
        "object": obj,
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
    }
