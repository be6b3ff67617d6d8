import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from portal.accounts.models import User
from portal.exchange.services import batches
from portal.kit.workbooks.imports import Line, Outcome

NOTHING = {"new": 0, "changed": 0, "unchanged": 0, "duplicates": 0}
WRONG = {Outcome.ERROR, Outcome.SCOPE, Outcome.DUPLICATE}


class Command(BaseCommand):
    help = "Import a workbook into a register as a user, under the user's rights: everything is checked, then all is saved or nothing."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("register")
        parser.add_argument("file", type=Path)
        parser.add_argument("--as", dest="user", required=True, metavar="USER")
        parser.add_argument("--dry-run", action="store_true")
        parser.add_argument("--json", action="store_true")
        parser.add_argument("--only-right", action="store_true", help="Write the right rows although others are wrong.")
        parser.add_argument(
            "--set", action="append", default=[], metavar="NAME=ID", help="A parameter, such as quarter=3."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active account {options['user']!r}.")
        parameters = dict(pair.split("=", 1) for pair in options["set"] if "=" in pair)
        try:
            content = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"Cannot read {options['file']}: {error.strerror}.") from error
        try:
            report = self._import(options, content, user, parameters)
        except (ValidationError, PermissionDenied) as error:
            report = {**NOTHING, "errors": [_error("", 0, "", words) for words in _messages(error)]}
        self.stdout.write(json.dumps(report, ensure_ascii=False, indent=1) if options["json"] else _words(report))
        if report["errors"] and not options["only_right"]:
            raise SystemExit(1)

    def _import(self, options: Any, content: bytes, user: Any, parameters: dict[str, Any]) -> dict[str, Any]:
        batch = batches.upload(options["register"], options["file"].name, content, by=user, parameters=parameters)
        workbook = batches.workbook_of(batch, user)
        unknown, missing = batches.leave_unclear(batch, by=user), batches.lacking(batch, workbook)
        lines = [] if missing else batches.plan(batch, by=user)
        report = report_of(lines, {column.name: column.label for column in workbook.columns})
        report["errors"] = [_error(*problem) for problem in (*missing, *unknown)] + report["errors"]
        batch.refresh_from_db()
        stays = options["dry_run"] or (report["errors"] and not options["only_right"])
        if stays or not report["new"] + report["changed"]:
            batches.drop(batch, by=user)
        else:
            batches.write(batch, by=user, expected=batch.version, only_right=options["only_right"])
        return report


def report_of(lines: list[Line], labels: Mapping[str, str]) -> dict[str, Any]:
    """Counts, and every error with sheet, row, the column's heading, message and suggestion."""
    counts = {name: sum(line.outcome == name for line in lines) for name in ("new", "changed", "unchanged")}
    errors = [
        _error(line.sheet, line.number, labels.get(p.column, p.column), p.words, p.suggestion)
        for line in lines if line.outcome in WRONG for p in line.problems
    ]  # fmt: skip
    return {**counts, "duplicates": sum(line.outcome == Outcome.DUPLICATE for line in lines), "errors": errors}


def _error(sheet: str, row: int, column: str, message: str, suggestion: str = "") -> dict[str, Any]:
    """Row 0 is the file as a whole."""
    return {"sheet": sheet, "row": row, "column": column, "message": message, "suggestion": suggestion}


def _messages(error: Exception) -> list[str]:
    return list(getattr(error, "messages", [str(error)]))


def _words(report: dict[str, Any]) -> str:
    lines = [f"{e['sheet']} row {e['row']} {e['column']}: {e['message']}" for e in report["errors"]]
    counts = ", ".join(f"{report[name]} {name}" for name in ("new", "changed", "unchanged", "duplicates"))
    return "\n".join([*lines, f"{counts}, {len(report['errors'])} errors"])
