from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.audit.models import verify


class Command(BaseCommand):
    help = "Walk the audit trail's hash chain; exit 1 naming the first bad row."

    def handle(self, *args: Any, **options: Any) -> None:
        good, problem = verify()
        if problem:
            raise CommandError(f"{problem} (rows before it that are right: {good})")
        self.stdout.write(f"{good} rows, chain unbroken.")
