"""A hand-over: all pairings and open work of an official go to another on a day; both or none."""

import datetime as dt
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from outreach.models import Handover, Official, Pairing, Request, Visit
from outreach.services.places import covers
from outreach.services.visits import OfficialWork, Sides, load_names, save_visit, whom, work_of
from portal.audit.models import Action, named, record
from portal.kit import saving

DAY = dt.timedelta(days=1)
PARTS = ("pairings", "planned", "promised", "requests")


@transaction.atomic
def hand_over(
    official: Official, successor: Official, *, on: dt.date, by: Any, expected: int | None = None
) -> Handover:
    """Give everything of `official` to `successor` from `on`. Raises ValidationError, StaleVersionError; then nothing went."""
    rows = Official.objects.select_for_update().order_by("pk").filter(pk__in=[official.pk, successor.pk])
    locked = {row.pk: row for row in rows.select_related("area")}
    old, new = locked[official.pk], locked[successor.pk]
    saving.save(old, by=by, expected=expected)  # a second hand-over of the same page is stale
    work = work_of(old)
    check_handover(old, new, work, on=on, by=by)
    items = items_of(work)
    _pairings(work.pairings, new, on, by)
    for visit in work.planned:
        _officials(visit, old, new, by)
    for visit in work.promised:
        _promised(visit, old, new, by)
    for request in Request.objects.select_for_update().filter(pk__in=[row.pk for row in work.requests]):
        request.handler = new
        saving.save(request, by=by, reason=f"{old}的工作移交")
    done = Handover.objects.create(
        area=old.area, unit=old.unit, from_official=old, to_official=new, on=on, items=items, by=by
    )
    record(by, Action.CREATED, done, words=f"将 {old} 的结对和未了工作移交给 {new}，自 {on} 起")
    return done


def check_handover(old: Official, new: Official, work: OfficialWork, *, on: dt.date, by: Any) -> None:
    """What must hold before anything goes; ValidationError by field."""
    if old.pk == new.pk:
        raise ValidationError({"to_official": "接收人不能是移交人自己。"})
    if not new.holds_on(on):
        raise ValidationError({"to_official": f"{new}在移交日期不在任，请另选接收人。"})
    if old.area.tree_code[:6] != new.area.tree_code[:6]:
        raise ValidationError({"to_official": f"{new}不在同一个县（市），不能接收。"})
    if on > timezone.localdate():
        raise ValidationError({"on": "移交日期不能晚于今天；到了那天再办。"})
    if not work.total:
        raise ValidationError(f"{old}没有结对和未了工作，不用移交。")
    late = [row for row in work.pairings if row.since >= on]
    if late:
        raise ValidationError({"on": f"{late[0].target}自 {late[0].since} 起结对，移交日期应晚于这一天。"})
    outside = [row for part in PARTS for row in getattr(work, part) if not covers(by, row, "change")]
    if outside:
        raise ValidationError(f"有 {len(outside)} 项不在您的权限范围内，请由县（市）委统战部办理移交。")


def items_of(work: OfficialWork) -> dict[str, list[dict[str, Any]]]:
    """The items as they were, by number and in the trail's words: no name of a contact, which may be erased one day."""
    return {
        "pairings": [
            {"id": row.pk, "words": named(row.target), "since": row.since.isoformat()} for row in work.pairings
        ],
        "planned": [{"id": row.pk, "words": named(row), "on": row.on.isoformat()} for row in work.planned],
        "promised": [
            {"id": row.pk, "words": named(row), "on": row.next_on.isoformat() if row.next_on else ""}
            for row in work.promised
        ],
        "requests": [
            {"id": row.pk, "words": row.reference, "on": row.due_on.isoformat(), "state": row.get_state_display()}
            for row in work.requests
        ],
    }


def lines_of(handover: Handover, user: Any) -> dict[str, list[list[str]]]:
    """The items of a hand-over for its paper: names as they are today, an erased contact by its number."""
    items = {part: handover.items.get(part, []) for part in PARTS}
    pairs = _by_pk(Pairing.objects.select_related("enterprise", "contact"), items["pairings"], user)
    visits = _by_pk(Visit.objects.all(), [*items["planned"], *items["promised"]], user)
    load_names(visits.values())
    requests = _by_pk(Request.objects.select_related("enterprise", "organization", "contact"), items["requests"], user)
    return {
        "pairings": [[_name(pairs, one, lambda row: str(row.target)), one["since"]] for one in items["pairings"]],
        **{part: [[_name(visits, one, whom), one["on"]] for one in items[part]] for part in ("planned", "promised")},
        "requests": [
            [one["words"], _name(requests, one, lambda row: str(row.source)), one["state"], one["on"]]
            for one in items["requests"]
        ],
    }


def _by_pk(rows: Any, items: list[dict[str, Any]], user: Any) -> dict[int, Any]:
    return rows.permitted(user).in_bulk([one["id"] for one in items]) if items else {}


def _name(rows: dict[int, Any], item: dict[str, Any], words: Any) -> str:
    row = rows.get(item["id"])
    return words(row) if row is not None else item["words"]


def _pairings(pairings: list[Pairing], new: Official, on: dt.date, by: Any) -> None:
    """Each ends the day before and begins anew; with whom the successor is paired already, the old one just ends."""
    has = set(new.pairings.filter(until=None).values_list("enterprise", "contact"))
    for old in Pairing.objects.select_for_update().filter(pk__in=[row.pk for row in pairings]):
        old.until, old.end = on - DAY, Pairing.End.HANDED_OVER
        saving.save(old, by=by)
        if (old.enterprise_id, old.contact_id) not in has:
            fresh = Pairing(
                official=new, enterprise=old.enterprise, contact=old.contact, area=old.area, unit=old.unit, since=on
            )
            saving.save(fresh, by=by)


def _officials(visit: Visit, old: Official, new: Official, by: Any) -> None:
    members = [new if row.pk == old.pk else row for row in visit.officials.all()]
    unique = list({row.pk: row for row in members}.values())
    saving.save(visit, by=by, reason=f"{old}的工作移交", members={"officials": unique})


def _promised(visit: Visit, old: Official, new: Official, by: Any) -> None:
    """Who visited stays as it was; the next day becomes a planned visit of the successor."""
    sides = Sides.of(visit)
    people = list({row.pk: row for row in (new if one.pk == old.pk else one for one in sides.officials)}.values())
    planned = Visit(state=Visit.State.PLANNED, on=cast("dt.date", visit.next_on), matter=visit.matter)
    kept = [contact for contact in sides.contacts if contact.may_reveal()]
    going = Sides(people, sides.enterprises, sides.organizations, kept)
    visit.next_on = None
    saving.save(visit, by=by, reason=f"{old}的工作移交")
    if going.targets:
        save_visit(planned, going, by=by, reason=f"{old}的工作移交")
