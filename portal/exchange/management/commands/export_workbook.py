from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from organizations.models import Area
from portal.accounts.models import User
from portal.audit.models import Action, record
from portal.exchange.registers import find
from portal.exchange.services import downloads


class Command(BaseCommand):
    help = "Write a register as its update workbook, under a user's rights; importing it again changes nothing."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("register")
        parser.add_argument("file", type=Path)
        parser.add_argument("--as", dest="user", required=True, metavar="USER")
        parser.add_argument("--area", help="Code of the area to export; without it all that the user sees.")
        parser.add_argument(
            "--set", action="append", default=[], metavar="NAME=ID", help="A parameter, such as quarter=3."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active account {options['user']!r}.")
        try:
            workbook = find(options["register"])(
                user, dict(pair.split("=", 1) for pair in options["set"] if "=" in pair)
            )
        except ValidationError as error:
            raise CommandError("；".join(error.messages)) from error
        if not user.has_perm(workbook.view_permission):
            raise CommandError(f"{user.username} may not read {options['register']}.")
        area = self._area(options["area"], user)
        with transaction.atomic():
            record(user, Action.EXPORTED, words=f"导出{workbook.label}（命令行）")
        options["file"].write_bytes(downloads.template(workbook, with_data=True, area=area).read())

    def _area(self, code: str | None, user: Any) -> Area | None:
        if not code:
            return None
        area = Area.objects.permitted(user).filter(code__startswith=code.rstrip("0") or code, until=None)
        found = next((a for a in area if a.code.rstrip("0") == code.rstrip("0") or a.code == code.ljust(12, "0")), None)
        if found is None:
            raise CommandError(f"{user.username} sees no area with the code {code}.")
        return found
