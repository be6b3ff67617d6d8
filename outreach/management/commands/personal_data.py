from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from outreach.models import Contact
from outreach.services.personal_data import Section, found_by, report_on, report_on_people
from portal.audit.models import Action, record


class Command(BaseCommand):
    help = "Print all that is held on a person (PIPL 45). Numbers are shown by their last two digits."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--contact", type=int, help="the number of a contact")
        parser.add_argument("--name", default="", help="everybody of this name, contacts and people on rosters")
        parser.add_argument("--phone", default="", help="everybody with this number")

    def handle(self, *args: Any, **options: Any) -> None:
        contacts, people = self.found(options)
        if not contacts and not people:
            raise CommandError("Nothing is held on this person.")
        for contact in contacts:
            record(None, Action.DOWNLOADED, contact, words=f"在终端出具 {contact.audit_text} 的个人信息查询报告")
            self.write(report_on(contact))
        mine = {contact.phone_fingerprint for contact in contacts} - {""}
        others = [person for person in people if person.phone_fingerprint not in mine]
        if others:
            self.write(report_on_people(others))

    def found(self, options: dict[str, Any]) -> tuple[list[Contact], list[Any]]:
        if options["contact"]:
            return list(Contact.objects.filter(pk=options["contact"], erased_at=None)), []
        if not options["name"] and not options["phone"]:
            raise CommandError("Say --contact, --name or --phone.")
        try:
            return found_by(options["name"], options["phone"])
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error

    def write(self, sections: list[Section]) -> None:
        for title, lines in sections:
            self.stdout.write(f"【{title}】")
            for line in lines or ["没有。"]:
                self.stdout.write(f"  {line}")
