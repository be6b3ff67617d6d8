import datetime as dt
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from organizations.models import Series
from organizations.services.loading import load_areas


class Command(BaseCommand):
    help = "Load a county's table of areas: the whole file is checked, then all of it is saved or nothing."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
        parser.add_argument("--on", type=dt.date.fromisoformat, help="The day from which it holds (default: today).")
        parser.add_argument("--dry-run", action="store_true")
        parser.add_argument("--json", action="store_true")
        parser.add_argument(
            "--county", default="", help="First six digits of the county to take out of files that hold more counties."
        )
        parser.add_argument("--series", default=Series.NBS, choices=Series.values)
        parser.add_argument("--not-counted", type=Path, help="CSV of code,name,reason: areas left out of coverage.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            contents = [path.read_bytes() for path in options["files"]]
            not_counted = options["not_counted"].read_bytes() if options["not_counted"] else b""
        except OSError as error:
            raise CommandError(f"Cannot read {error.filename}: {error.strerror}.") from error
        report = load_areas(
            contents, on=options["on"] or timezone.localdate(), dry_run=options["dry_run"], series=options["series"],
            county=options["county"], not_counted=not_counted,
        )  # fmt: skip
        if options["json"]:
            self.stdout.write(json.dumps(report.as_dict(), ensure_ascii=False, indent=1))
        else:
            self._print(report)
        if report.errors:
            raise SystemExit(1)

    def _print(self, report: Any) -> None:
        for problem in report.errors:
            self.stdout.write(f"error: row {problem.row}, {problem.column}: {problem.message}")
        for problem in report.warnings:
            self.stdout.write(f"warning: row {problem.row}, {problem.column}: {problem.message}")
        for question in report.questions:
            self.stdout.write(f"question: {question['message']}")
        self.stdout.write(f"{report.new} new, {report.changed} changed, {report.unchanged} unchanged")
