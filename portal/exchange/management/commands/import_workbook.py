import json
from pathlib import Path
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management.base import BaseCommand, CommandError

from portal.accounts.models import User
from portal.exchange.services import batches
from portal.kit.workbooks.imports import Line, Outcome

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
            report, lines = self._import(options, content, user, parameters)
        except OSError as error:
            raise CommandError(f"Cannot read {options['file']}: {error.strerror}.") from error
        except (ValidationError, PermissionDenied) as error:
            raise CommandError("；".join(getattr(error, "messages", [str(error)]))) from error
        self.stdout.write(json.dumps(report, ensure_ascii=False, indent=1) if options["json"] else _words(report))
        if report["errors"] and not options["only_right"]:
            raise SystemExit(1)

    def _import(
        self, options: Any, content: bytes, user: Any, parameters: dict[str, Any]
    ) -> tuple[dict[str, Any], list[Line]]:
        batch = batches.upload(options["register"], options["file"].name, content, by=user, parameters=parameters)
        if batches.unclear(batch):
            names = [
                head for block, found in zip(batches.book_of(batch).blocks, batch.columns, strict=True)
                for head, name in zip(block.heads, found, strict=True) if name is None
            ]  # fmt: skip
            batches.drop(batch, by=user)
            raise ValidationError(f"不认识的列：{'、'.join(names)}。请改用模板的表头，或删去这些列。")
        lines = batches.plan(batch, by=user)
        report = report_of(lines)
        batch.refresh_from_db()
        if (
            options["dry_run"]
            or (report["errors"] and not options["only_right"])
            or not report["new"] + report["changed"]
        ):
            batches.drop(batch, by=user)
        else:
            batches.write(batch, by=user, expected=batch.version, only_right=options["only_right"])
        return report, lines


def report_of(lines: list[Line]) -> dict[str, Any]:
    """Counts, and every error with sheet, row, column, message and suggestion."""
    counts = {name: sum(line.outcome == name for line in lines) for name in ("new", "changed", "unchanged")}
    errors = [
        {"sheet": line.sheet, "row": line.number, "column": p.column, "message": p.words, "suggestion": p.suggestion}
        for line in lines if line.outcome in WRONG for p in line.problems
    ]  # fmt: skip
    return {**counts, "duplicates": sum(line.outcome == Outcome.DUPLICATE for line in lines), "errors": errors}


def _words(report: dict[str, Any]) -> str:
    lines = [f"{e['sheet']} row {e['row']} {e['column']}: {e['message']}" for e in report["errors"]]
    counts = ", ".join(f"{report[name]} {name}" for name in ("new", "changed", "unchanged", "duplicates"))
    return "\n".join([*lines, f"{counts}, {len(report['errors'])} errors"])
