import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from outreach.services.contacts import complete_list, expire_contacts, overwrite


class Command(BaseCommand):
    help = (
        "Erase the contacts whose review day has passed without a renewal; run it every night (deploy/tongxin-nightly.timer). "
        "A second run erases nothing more. It also completes DATA_DIR/erasures.jsonl, which replay_erasures reads after a restore."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--on", type=dt.date.fromisoformat, default=None, help="as on this day (default: today)")

    def handle(self, *args: Any, **options: Any) -> None:
        today = timezone.localdate()
        on = options["on"] or today
        if on > today:
            raise CommandError(f"--on {on} lies in the future: what is still kept until then would be erased.")
        erased, kept = expire_contacts(on)
        overwrite()  # what a long reader kept in the log by day
        if added := complete_list():
            self.stdout.write(f"{added} earlier erasures added to the list that a restore replays.")
        numbers = f" (numbers {', '.join(map(str, erased))})" if erased else ""
        self.stdout.write(f"{on}: {len(erased)} contacts erased{numbers}; {kept} past their day are kept for a court.")
