"""Copies of the first synthetic county inside the database, so that a hundred of them take minutes and not hours."""

from django.apps import apps
from django.db import connection, models, transaction

STRIDE = 1_000_000  # between the keys of one county and the next
APPS = ("accounts", "organizations", "outreach", "assessments")
CODES = {"tree_code", "code", "area_code"}
NAMES = {"name", "unit_name", "object_name"}
ONCE = {"username", "registration_number"}


def copy_county(number: int) -> None:
    """Copy county 1 (codes 900001…) to county `number`, every row of every table, keys moved by a stride."""
    tables = _tables()
    with transaction.atomic(), connection.cursor() as cursor:
        for model in tables:
            fields = model._meta.concrete_fields
            columns = ", ".join(f'"{field.column}"' for field in fields)
            chosen = ", ".join(_expression(field, number, set(tables)) for field in fields)
            key = model._meta.pk.column
            cursor.execute(  # names of tables and columns are the models' own
                f'INSERT INTO "{model._meta.db_table}" ({columns}) SELECT {chosen} FROM "{model._meta.db_table}" '  # noqa: S608
                f'WHERE "{key}" < {STRIDE}'
            )


def follow_sequences() -> None:
    """After copying: the next key of each table lies behind the last one (PostgreSQL)."""
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        for model in _tables():
            if isinstance(model._meta.pk, models.AutoField):
                table, key = model._meta.db_table, model._meta.pk.column
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('\"{table}\"', '{key}'), "  # noqa: S608
                    f'COALESCE((SELECT MAX("{key}") FROM "{table}"), 1))'
                )


def _tables() -> list[type[models.Model]]:
    """Every table of the apps, with those between two others."""
    found = [model for label in APPS for model in apps.get_app_config(label).get_models(include_auto_created=True)]
    return [model for model in found if not model._meta.proxy]


def _expression(field: models.Field, number: int, copied: set[type[models.Model]]) -> str:
    column = f'"{field.column}"'
    moved = STRIDE * (number - 1)
    if field.primary_key or (field.is_relation and field.related_model in copied):
        return f"{column} + {moved}"
    if field.name == "object_id":
        return f"{column} + {moved}"
    if field.name in CODES and isinstance(field, models.CharField):
        return f"CASE WHEN {column} LIKE '900001%' THEN '{900000 + number}' || SUBSTR({column}, 7) ELSE {column} END"
    if field.name in NAMES:
        return f"REPLACE({column}, '虚拟1县', '虚拟{number}县')"
    if field.name in ONCE:
        return f"CASE WHEN {column} = '' THEN '' ELSE {column} || '_{number}' END"
    return column
