"""Contacts and service of a synthetic county: 1,800 enterprises, 300 contacts, 4,000 visits, 200 requests."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from organizations.models import Area, Unit
from outreach.models import Contact, ContactRole, Enterprise, Matter, Notice, Official, Pairing, Request, Visit

SINCE = dt.date(2022, 1, 1)
BATCH = 1000
ENTERPRISES, CONTACTS, VISITS, REQUESTS, LEADERS = 1800, 300, 4000, 200, 55
OPEN = 10  # requests that wait for an answer


def fill_liaison(county: Area, areas: Sequence[Area], staff: Any) -> None:
    enterprises = _enterprises(areas)
    officials = _officials(county)
    contacts = _contacts(county, enterprises)
    for side, rows in (("enterprise", enterprises[: 2 * LEADERS]), ("contact", contacts[: 2 * LEADERS])):
        Pairing.objects.bulk_create(
            Pairing(official=officials[n % LEADERS], area=row.area, since=SINCE, **{side: row})
            for n, row in enumerate(rows)
        )
    _visits(enterprises, officials, staff)
    _requests(county, enterprises, officials)


def _enterprises(areas: Sequence[Area]) -> list[Enterprise]:
    rows = [
        Enterprise(area=areas[n % len(areas)], name=f"虚拟企业{n}号公司", industry="farming", since=SINCE)
        for n in range(ENTERPRISES)
    ]
    for row in rows:
        row.prepare()
    return Enterprise.objects.bulk_create(rows, batch_size=BATCH)


def _officials(county: Area) -> list[Official]:
    rows = [
        Official(area=county, name=f"李某{n}", kind="leader" if n % 2 else "head", position=f"虚拟职务{n}", since=SINCE)
        for n in range(LEADERS)
    ]
    for row in rows:
        row.prepare()
    return Official.objects.bulk_create(rows)


def _contacts(county: Area, enterprises: Sequence[Enterprise]) -> list[Contact]:
    notice = Notice.objects.create(area=county, name="告知书第1版", text="告知。", since=SINCE)
    review = timezone.localdate() + dt.timedelta(days=365)
    rows = [
        Contact(area=row.area, name=f"王某{n}", purpose="enterprise", basis="duty", notice=notice, noticed_on=SINCE, review_by=review)
        for n, row in enumerate(enterprises[:CONTACTS])
    ]  # fmt: skip
    for row in rows:
        row.prepare()
    contacts = Contact.objects.bulk_create(rows, batch_size=BATCH)
    ContactRole.objects.bulk_create(
        ContactRole(contact=contact, role="enterprise_head", enterprise=enterprise, post="总经理", since=SINCE)
        for contact, enterprise in zip(contacts, enterprises, strict=False)
    )
    return contacts


def _visits(enterprises: Sequence[Enterprise], officials: Sequence[Official], staff: Any) -> None:
    today = timezone.localdate()
    rows = [
        Visit(
            area=enterprises[n % ENTERPRISES].area,
            on=today - dt.timedelta(days=n % 700),
            matter=Matter.CONTACT,
            by=staff,
        )
        for n in range(VISITS)
    ]
    visits = Visit.objects.bulk_create(rows, batch_size=BATCH)
    by, to = Visit.officials.through, Visit.enterprises.through
    by.objects.bulk_create(
        (by(visit=row, official=officials[n % LEADERS]) for n, row in enumerate(visits)), batch_size=BATCH
    )
    to.objects.bulk_create(
        (to(visit=row, enterprise=enterprises[n % ENTERPRISES]) for n, row in enumerate(visits)), batch_size=BATCH
    )


def _requests(county: Area, enterprises: Sequence[Enterprise], officials: Sequence[Official]) -> None:
    today = timezone.localdate()
    units = list(Unit.objects.in_area(county).filter(kind=Unit.Kind.BODY).order_by("pk"))
    rows = []
    for n in range(REQUESTS):
        accepted = today - dt.timedelta(days=REQUESTS - n)
        due = accepted + dt.timedelta(days=14)
        done: dict[str, Any] = {"state": "handed_over"}
        if n < REQUESTS - OPEN:
            done = {"state": "closed", "answered_on": due, "answer": "已答复", "closed_on": due, "outcome": "solved"}
        rows.append(
            Request(
                area=enterprises[n].area, enterprise=enterprises[n], unit=units[n % len(units)], handler=officials[n % LEADERS],
                year=accepted.year, number=n + 1, matter=Matter.FINANCE, subject=f"虚拟诉求{n}", accepted_on=accepted, due_on=due, **done,
            )
        )  # fmt: skip
    Request.objects.bulk_create(rows, batch_size=BATCH)
