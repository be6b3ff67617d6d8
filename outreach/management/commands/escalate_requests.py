import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from outreach.services.requests import escalate_overdue


class Command(BaseCommand):
    help = (
        "Bring the requests that nobody answered in time before the lead of their township; run it every night. "
        "A second run brings none again."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--on", type=dt.date.fromisoformat, default=None, help="as on this day (default: today)")

    def handle(self, *args: Any, **options: Any) -> None:
        today = timezone.localdate()
        on = options["on"] or today
        if on > today:
            raise CommandError(
                f"--on {on} lies in the future: a request that can still be answered would be escalated."
            )
        rows = escalate_overdue(on)
        for row in rows:
            self.stdout.write(f"{row.reference}: due {row.due_on}")
        self.stdout.write(f"{on}: {len(rows)} requests escalated.")
