from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from outreach.services.contacts import erasures_file, replay_erasures


class Command(BaseCommand):
    help = (
        "Erase again what a restored backup brought back, from the list of erasures (DATA_DIR/erasures.jsonl). Run it after "
        "every restore, before anybody logs in; a second run erases nothing."
    )

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--file", type=Path, default=None, help="the list of erasures")

    def handle(self, *args: Any, **options: Any) -> None:
        path = options["file"] or erasures_file()
        if options["file"] is None and not path.exists():
            self.stdout.write("No list of erasures: nothing was ever erased here.")
            return
        try:
            lines, erased = replay_erasures(path)
        except (OSError, ValidationError) as error:
            reason = "; ".join(error.messages) if isinstance(error, ValidationError) else str(error)
            raise CommandError(f"{path}: {reason}") from error
        self.stdout.write(f"{lines} erasures read, {erased} records erased again.")
