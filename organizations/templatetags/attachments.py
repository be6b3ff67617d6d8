"""Where the files of a register row are sent to, for templates/organizations/_attachments.html."""

from typing import Any

from django import template
from django.urls import reverse

register = template.Library()


@register.filter
def attachment_add_url(obj: Any) -> str:
    return reverse("organizations:attachment_add", args=[obj._meta.label_lower, obj.pk])
