"""Rules that the database itself holds, written once for SQLite and PostgreSQL."""

from typing import Any

from django.db import migrations


def _sqlite(name: str, table: str, event: str, condition: str, message: str) -> str:
    return (
        f'CREATE TRIGGER "{name}" BEFORE {event} ON "{table}" FOR EACH ROW WHEN {condition} '
        f"BEGIN SELECT RAISE(ABORT, '{message}'); END"
    )


def _postgresql(name: str, table: str, event: str, condition: str, message: str) -> str:
    returned = "OLD" if event == "DELETE" else "NEW"
    return (
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF ({condition}) THEN "
        f"RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN {returned}; END $$;"
        f'CREATE TRIGGER "{name}" BEFORE {event} ON "{table}" FOR EACH ROW EXECUTE FUNCTION {name}()'
    )


class RefuseWhen(migrations.RunPython):
    """A migration operation: the database refuses `event` on `table` where `condition` (SQL over NEW / OLD) holds.

    SQLite drops a table's triggers when a later migration remakes the table (any AlterField): such a
    migration must install them again. `tests/audit/test_triggers.py` fails when one is missing.
    """

    def __init__(self, name: str, table: str, event: str, condition: str, message: str):
        def install(apps: Any, schema_editor: Any) -> None:
            make = _sqlite if schema_editor.connection.vendor == "sqlite" else _postgresql
            schema_editor.execute(make(name, table, event, condition, message), params=None)

        def remove(apps: Any, schema_editor: Any) -> None:
            if schema_editor.connection.vendor == "sqlite":
                schema_editor.execute(f'DROP TRIGGER IF EXISTS "{name}"')
            else:
                schema_editor.execute(f"DROP FUNCTION IF EXISTS {name} CASCADE")

        super().__init__(install, remove)


def append_only(table: str) -> list[RefuseWhen]:
    """Operations after which rows of `table` can be added but neither changed nor removed."""
    return [
        RefuseWhen(f"{table}_no_{event.lower()}", table, event, "TRUE", f"{table} is append-only")
        for event in ("UPDATE", "DELETE")
    ]
