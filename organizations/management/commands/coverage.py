"""`manage.py coverage --area CODE --on DATE [--by township] [--measures] [--json]`: the same figures as the dashboards."""

import datetime as dt
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from organizations.coverage import Coverage, Line
from organizations.measures import MEASURES
from organizations.models import Area, AreaVersion, Level
from portal.kit.templatetags.kit import whole_percent


class Command(BaseCommand):
    help = "Coverage of an area by its county's goals on a day."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--area", required=True, help="code of 6, 9 or 12 digits")
        parser.add_argument("--on", help="day as 2022-12-31; today where it is missing")
        parser.add_argument("--by", choices=["township"], help="one block each")
        parser.add_argument("--measures", action="store_true", help="every measure after the goals")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        on = _day(options["on"])
        area = _area(options["area"], on)
        coverage = Coverage(area, [on])
        if not coverage.ledger.tree(on).get(area.pk):
            raise CommandError(f"{area.name} did not exist on {on}.")
        if options["by"] and area.level == Level.VILLAGE:
            raise CommandError(f"{area.name} is a village; --by township asks for a county or a township.")
        keys = [f"goal-{goal.pk}" for goal in coverage.goals(on)] + (list(MEASURES) if options["measures"] else [])
        places = [area]
        if options["by"]:
            below = coverage.ledger.tree(on).values()
            places = [place for place in below if place.level == Level.TOWNSHIP and place.counted]
        blocks = [(place, [_row(coverage.line(key, on, _pk(place))) for key in keys]) for place in places]
        if options["json"]:
            self._json(blocks, options["by"])
        else:
            self._text(blocks)

    def _json(self, blocks: list, by: str | None) -> None:
        found: Any = blocks[0][1]
        if by:
            found = [{"area": place.code, "name": place.name, "goals": rows} for place, rows in blocks]
        self.stdout.write(json.dumps(found, ensure_ascii=False, indent=1))

    def _text(self, blocks: list) -> None:
        for place, rows in blocks:
            self.stdout.write(place.name)
            for row in rows:
                self.stdout.write(f"  {row['goal']}：{row['achieved']} / {row['target']} {row['percent']}%")


def _row(line: Line) -> dict[str, Any]:
    """missing: codes of areas; names where what is missing is no area."""
    lacking = [item.code if item.register == "organizations.area" else item.name for item in line.figure.lack]
    percent = whole_percent(line.achieved, line.target)
    return {
        "goal": line.title,
        "achieved": line.achieved,
        "target": line.target,
        "percent": percent,
        "missing": lacking,
    }


def _pk(place: Any) -> int:
    return place.pk if isinstance(place, Area) else place.area_id


def _day(text: str | None) -> dt.date:
    try:
        day = dt.date.fromisoformat(text) if text is not None else timezone.localdate()
    except ValueError as error:
        raise CommandError(f"--on {text!r} is no day; write it as 2022-12-31.") from error
    if day > timezone.localdate():
        raise CommandError(f"--on {day} has not come yet.")
    return day


def _area(code: str, on: dt.date) -> Area:
    """Who had the code on the day; else who has it now, so that the answer can say that it was not there yet."""
    whole = code.ljust(12, "0")
    then = AreaVersion.objects.in_force(on).filter(code=whole).select_related("area").first()
    area = then.area if then else Area.objects.filter(code=whole).order_by("-since").first()
    if area is None:
        raise CommandError(f"No area has the code {code!r}; write 6, 9 or 12 digits.")
    return area
