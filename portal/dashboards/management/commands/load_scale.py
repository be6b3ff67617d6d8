import os
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from organizations.models import Area, Level
from portal.dashboards.demo.copies import copy_county, follow_sequences
from portal.dashboards.demo.scale import make_county


class Command(BaseCommand):
    help = "Add synthetic counties until there are N of them, for the benchmark, to a database that has no other rows."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--counties", type=int, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.DEMO or settings.TESTING or os.environ.get("BENCH")):
            raise CommandError("Synthetic counties are never loaded on a production database: it needs DEMO=true.")
        stored = Area.objects.filter(level=Level.COUNTY, code__startswith="9").count()
        for number in range(stored + 1, options["counties"] + 1):
            with transaction.atomic():
                make_county() if number == 1 else copy_county(number)
            self.stdout.write(f"county {number}")
        follow_sequences()
