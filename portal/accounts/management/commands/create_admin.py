from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from portal.accounts.services import create_administrator


class Command(BaseCommand):
    help = "Create an administrator of this installation and print a one-time code for the first password."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("username")
        parser.add_argument("--name", required=True, help="The person's name.")
        parser.add_argument("--role", required=True, choices=["sysadmin", "secadmin", "auditor"])

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            user, code = create_administrator(options["username"], options["name"], options["role"])
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stdout.write(f"{user.username}: one-time code {code} (24 hours), to be used at /accounts/activate/")
