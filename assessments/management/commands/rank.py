import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assessments import scoring
from assessments.models import Publication


class Command(BaseCommand):
    help = "Print the published ranking of a county's quarter, as the screen shows it."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--county", required=True, help="Code of the county, 6 or 12 digits.")
        parser.add_argument("--year", required=True, type=int)
        parser.add_argument("--quarter", required=True, type=int, choices=[1, 2, 3, 4])
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        found = Publication.objects.filter(
            quarter__scheme__area__code=options["county"].ljust(12, "0"),
            quarter__year=options["year"],
            quarter__number=options["quarter"],
        )
        publication = found.order_by("-revision").first()
        if publication is None:
            raise CommandError(
                f"No published ranking of {options['county']} for {options['year']} Q{options['quarter']}."
            )
        rows = [
            {
                "class": result.get_unit_class_display().removesuffix("类"), "rank": result.rank, "unit": result.unit_name,
                "total": None if result.total is None else scoring.plain(result.total), "bonus": scoring.plain(result.bonus),
            }
            for result in publication.results.all()
        ]  # fmt: skip
        if options["json"]:
            self.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1))
            return
        self.stdout.write(str(publication))
        for row in rows:
            self.stdout.write(
                f"{row['class']}\t{row['rank'] or '-'}\t{row['unit']}\t{row['total'] or '-'}\t{row['bonus']}"
            )
