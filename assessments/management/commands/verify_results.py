from typing import Any

from django.core.management.base import BaseCommand, CommandError

from assessments.models import Publication
from assessments.services.publications import verify_publication


class Command(BaseCommand):
    help = "Recompute every published result from its frozen inputs; exit 1 with the first difference."

    def handle(self, *args: Any, **options: Any) -> None:
        checked = 0
        for publication in Publication.objects.order_by("pk"):
            difference = verify_publication(publication)
            if difference:
                raise CommandError(difference)
            checked += publication.results.count()
        self.stdout.write(f"{checked} results recomputed, no difference.")
