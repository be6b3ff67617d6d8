"""One row of any model, made from its fields: a new register is in the access tests without being named there."""

import datetime as dt
import itertools
from typing import Any

from django.apps import apps
from django.db import models

from organizations.models import Area, AreaChange, AreaSuccession, AreaVersion, Organization, Unit
from outreach.models import Enterprise, Official, Site
from portal.accounts.models import User
from portal.kit import files
from portal.kit.checks import OWN_APPS
from portal.kit.fields import ChoicesField
from portal.kit.scope import ScopedQuerySet
from portal.kit.secrets import EncryptedPhoneField

NUMBERS = itertools.count(1)
DAY = dt.date(2025, 1, 10)
MAP = {Area, AreaChange, AreaSuccession, AreaVersion, Unit}  # what a place is made of


def _another_official(place: Any, word: str) -> Official:
    return Official.objects.create(
        area=place.township, name=f"{word}接收人", kind="official", position="干事", since=DAY
    )


# what a constraint asks for beyond the fields' own rules
SPECIAL: dict[str, dict[str, Any]] = {
    "organizations.formerplace": {"until": DAY},
    "organizations.coveragegoal": {"townships": True, "measure": "township_chamber"},
    "outreach.site": {"kind": "platform"},
    "outreach.demonstration": {"site": Site},
    "outreach.contact": {"basis": "duty", "restriction": ""},
    "outreach.contactrole": {"organization": Organization},
    "outreach.pairing": {"enterprise": Enterprise},
    "outreach.request": {"enterprise": Enterprise},
    "outreach.official": {"user": None},
    "outreach.rhythm": {"months": 6},
    "outreach.handover": {"to_official": _another_official},
    "exchange.importbatch": {"workbook": "organizations"},
    "papers.paper": {"kind": "notice"},
}


def scoped_models() -> list[type[models.Model]]:
    """Every stored model of the apps that reads through the scope rule."""
    found = [
        model for label in sorted(OWN_APPS & set(apps.app_configs)) for model in apps.get_app_config(label).get_models()
    ]
    return [m for m in found if isinstance(m._default_manager.all(), ScopedQuerySet) and not m._meta.proxy]


def row_of(place: Any, word: str, model: type[models.Model]) -> Any:
    """The row of `model` at a place; made when it is first asked for, with `word` in each of its texts."""
    label = model._meta.label_lower
    if label not in place.rows:
        place.rows[label] = _make(place, word, model)
    return place.rows[label]


def fill(place: Any, word: str, app_labels: set[str]) -> None:
    """A row of every scoped model of some apps at a place."""
    for model in scoped_models():
        if model._meta.app_label in app_labels and model not in MAP:
            row_of(place, word, model)


def _make(place: Any, word: str, model: type[models.Model]) -> Any:
    values = {}
    for field in model._meta.concrete_fields:
        if not field.primary_key:
            value = _value(place, word, field)
            if value is not models.NOT_PROVIDED:
                values[field.name] = value
    for name, value in SPECIAL.get(model._meta.label_lower, {}).items():
        values[name] = _special(place, word, value)
    row = model(**values)
    row.save()
    if hasattr(row, "thumbnail"):
        files.store(row.key, b"%PDF-")
    return row


def _special(place: Any, word: str, value: Any) -> Any:
    """A model stands for its row at the place, a function for what it makes there."""
    if isinstance(value, type):
        return row_of(place, word, value)
    return value(place, word) if callable(value) else value


def _value(place: Any, word: str, field: models.Field) -> Any:
    if field.is_relation:
        return _related(place, word, field)
    if field.name == "register":
        return Organization._meta.label_lower
    if field.name == "object_id":
        return row_of(place, word, Organization).pk
    if isinstance(field, ChoicesField | EncryptedPhoneField | models.UUIDField):
        return models.NOT_PROVIDED
    if field.choices:
        return next(value for value, _ in field.flatchoices if value != "")
    if isinstance(field, models.SlugField):
        return f"row{next(NUMBERS)}"
    if isinstance(field, models.CharField | models.TextField):
        return f"{word}{field.verbose_name}"[: field.max_length]
    if field.null or field.has_default() or getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False):
        return models.NOT_PROVIDED
    return DAY if isinstance(field, models.DateField) else next(NUMBERS)


def _related(place: Any, word: str, field: models.Field) -> Any:
    related: Any = field.related_model
    if related is Area:
        return place.township
    if related is User:
        return place.rows["staff"]
    if field.null:
        return None
    return place.unit if related is Unit else row_of(place, word, related)
