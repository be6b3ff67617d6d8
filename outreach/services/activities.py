"""Activities and meetings: what must hold, what may be the same one, saving one with its photos."""

from collections.abc import Collection, Iterable, Sequence
from difflib import SequenceMatcher
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from organizations.models import Attachment, Level, Membership
from organizations.services.attachments import attach, follow
from outreach.models import Activity
from outreach.services.officers import check_officers
from portal.kit import saving

ALIKE = 0.6  # how much two themes of one day in one area have in common to be taken for the same activity
MOST_PEOPLE = 100_000


def check_activity(activity: Activity, officers: Sequence[Membership] | int = 0) -> None:
    """What must hold besides the model; ValidationError by field. officers: who is named, or how many."""
    problems: dict[str, str] = _kind_problems(activity) if activity.area_id else {}
    if activity.on and activity.on > timezone.localdate():
        problems["on"] = "活动日期不能晚于今天；举办以后再登记。"
    elif activity.on and activity.area_id and activity.on < activity.area.since:
        problems["on"] = f"{activity.area}自 {activity.area.since} 起设立，活动日期不能早于这一天。"
    if activity.head_count is not None and activity.head_count > MOST_PEOPLE:
        problems["head_count"] = "参加人数过大，请核对。"
    for name in ("station", "site", "organization"):
        host = getattr(activity, name)
        if host and activity.on and host.since > activity.on:
            problems[name] = f"{host}自 {host.since} 起启用，晚于活动日期。"
        elif host and activity.on and host.until and host.until < activity.on:
            problems[name] = f"{host}已于 {host.until} 停用，早于活动日期。"
    if problems:
        raise ValidationError(problems)
    check_officers(officers, activity.head_count, "head_count")


def kinds_at(levels: Collection[int], *, of_body: bool = False) -> list[tuple[str, str]]:
    """The kinds that may be recorded at areas of `levels` or for a body: hearings are the county's, villages hold no conferences."""
    left_out: set[str] = set()
    if Level.COUNTY not in levels:
        left_out.add(Activity.Kind.HEARING)
    if not of_body and set(levels) <= {Level.VILLAGE}:
        left_out.update(Activity.ABOVE_VILLAGES)
    return [(value, label) for value, label in Activity.Kind.choices if value not in left_out]


def _kind_problems(activity: Activity) -> dict[str, str]:
    level = Level.TOWNSHIP if activity.unit_id else activity.area.level
    if not activity.kind or activity.kind in dict(kinds_at([level], of_body=bool(activity.unit_id))):
        return {}
    where = "县（市）本级" if activity.kind == Activity.Kind.HEARING else "乡镇（街道）以上"
    return {"kind": f"“{activity.get_kind_display()}”由{where}登记；这里请选“会议”。"}


def similar_to(activity: Activity) -> list[Activity]:
    """Activities of the same day and area with nearly the same theme."""
    if not (activity.on and activity.area_id):
        return []
    same_day = Activity.objects.filter(area=activity.area, unit=activity.unit, on=activity.on).exclude(pk=activity.pk)
    return [other for other in same_day if SequenceMatcher(None, other.theme, activity.theme).ratio() >= ALIKE]


@transaction.atomic
def save_activity(
    activity: Activity, officers: Sequence[Membership] | None = None, *, by: Any, expected: int | None = None
) -> Activity:
    """Save an activity with the officers who came; None leaves them as they are."""
    adding = activity.pk is None
    kept = activity.officers.count() if officers is None and not adding else 0
    check_activity(activity, kept if officers is None else officers)
    saving.save(activity, by=by, expected=expected, members=None if officers is None else {"officers": officers})
    if not adding:
        follow(activity)
    return activity


def attach_photos(activity: Activity, uploads: Iterable[Any], *, by: Any) -> list[str]:
    """Keep each photo that is right; what is wrong with the others, in words."""
    wrong = []
    for upload in uploads:
        try:
            attach(activity, upload, by=by)
        except ValidationError as error:
            wrong += error.messages
    return wrong


@transaction.atomic
def delete_activity(activity: Activity, *, by: Any) -> None:
    """Remove an activity that was entered by mistake; its photos leave with it, the trail keeps what it said."""
    Attachment.objects.about(activity).kept().update(removed_at=timezone.now())
    saving.delete(activity, by=by)
