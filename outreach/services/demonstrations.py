"""示范创建 step by step: applied → building → inspected (七有) → named → reviewed yearly → withdrawn."""

import datetime as dt
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from organizations.models import Check, Organization
from outreach.models import Demonstration, DemonstrationStep
from portal.kit import saving
from portal.kit.forms import check_words

State = Demonstration.State
REVIEWED = "reviewed"
BY_STAFF = {State.INSPECTED, State.NAMED, State.WITHDRAWN, REVIEWED}
LABELS = dict(DemonstrationStep.STATES)
DOING = {
    State.BUILDING: "开始创建",
    State.INSPECTED: "验收通过",
    State.NAMED: "命名",
    REVIEWED: "年度复查，保留命名",
    State.WITHDRAWN: "撤销",
}


@transaction.atomic
def apply_for(demonstration: Demonstration, *, by: Any) -> Demonstration:
    """Begin the building up of a site, a station or an organization; it stands where that stands."""
    subject = demonstration.subject
    if subject is None:
        raise ValidationError("请在阵地、联络站点、组织中选择一项，且只选一项。")
    subject = type(subject)._default_manager.select_for_update(of=("self",)).get(pk=subject.pk)  # of two, one waits
    if not subject.holds_on():
        raise ValidationError(f"{subject}已停用，不能申报示范。")
    running = Demonstration.objects.exclude(state=State.WITHDRAWN).filter(
        site=demonstration.site, station=demonstration.station, organization=demonstration.organization
    )
    if running.exists():
        raise ValidationError(f"{subject}已在示范创建中，不用再申报。")
    if demonstration.applied_on > timezone.localdate():
        raise ValidationError({"applied_on": "申报日期不能晚于今天。"})
    demonstration.area, demonstration.unit = subject.area, subject.unit
    demonstration.full_clean()
    saving.save(demonstration, by=by)
    _note(demonstration, State.APPLIED, demonstration.applied_on, "申报", by)
    return demonstration


@transaction.atomic
def advance(
    demonstration: Demonstration, state: str, *, on: dt.date, words: str, by: Any, named_by: str = "", expected: int | None = None
) -> Demonstration:  # fmt: skip
    """Take the next step on a day. Refused: a wrong order, a day before the last step, an inspection that was not passed."""
    row = Demonstration.objects.select_for_update(of=("self",)).select_related("area", "unit", "site", "station", "organization").get(
        pk=demonstration.pk
    )  # fmt: skip
    if state in BY_STAFF and not by.has_perm("outreach.name_demonstration", row):
        raise PermissionDenied("验收、命名、复查和撤销由县统战部办理。")
    words = check_words(words.strip())
    _must_follow(row, state, on, words)
    if state == State.INSPECTED:
        _must_pass(row)
    if state == State.NAMED:
        if not named_by.strip():
            raise ValidationError({"named_by": "请填写命名单位。"})
        row.named_on, row.named_by, row.next_review_on = on, named_by.strip(), next_year(on)
    if state == State.WITHDRAWN:
        row.withdrawn_on, row.withdrawn_reason, row.next_review_on = on, words, None
    if state == REVIEWED:
        row.next_review_on = next_year(on)
    else:
        row.state = State(state)
    saving.save(row, by=by, expected=expected, reason=words or LABELS[state], action="updated")
    _note(row, state, on, words, by)
    return row


def next_steps(demonstration: Demonstration, user: Any) -> list[tuple[str, str]]:
    """(state, label) of what `user` may do next."""
    steps = list(Demonstration.NEXT[State(demonstration.state)])
    found = [(str(state), DOING[state]) for state in steps]
    if demonstration.state == State.INSPECTED:
        found = [(state, "退回创建" if state == State.BUILDING else words) for state, words in found]
    if demonstration.state == State.NAMED:
        found.insert(0, (REVIEWED, DOING[REVIEWED]))
    staff = user.has_perm("outreach.name_demonstration", demonstration)
    return [step for step in found if staff or step[0] not in BY_STAFF]


def last_check(demonstration: Demonstration) -> Check | None:
    """The last finished check of the subject by its standard: 八有 of an organization, 七有 of a place."""
    subject = demonstration.subject
    code = "eight_haves" if isinstance(subject, Organization) else "seven_haves"
    found = Check.objects.done().about(subject).filter(version_checked__standard__code=code)
    return found.order_by("-on", "-pk").first()


def _must_pass(row: Demonstration) -> None:
    check = last_check(row)
    name = "八有" if row.organization_id else "七有"
    if check is None:
        raise ValidationError(f"还没有“{name}”核查；请先在{row.subject}的页面上完成核查，再验收。")
    if not check.passed:
        answers = check.answers.filter(verdict__in=["", "unmet"], item__must=True)
        missing = "、".join(answers.values_list("wording", flat=True))
        raise ValidationError(f"“{name}”还差 {check.missing} 项：{missing}。补齐并复查达标后再验收。")


def _must_follow(row: Demonstration, state: str, on: dt.date, words: str) -> None:
    allowed = {*Demonstration.NEXT[State(row.state)], *([REVIEWED] if row.state == State.NAMED else [])}
    if state not in allowed:
        raise ValidationError(f"现在是“{row.get_state_display()}”，不能直接“{DOING.get(state, '办理这一步')}”。")
    if on > timezone.localdate():
        raise ValidationError({"on": "日期不能晚于今天。"})
    last = row.steps.order_by("-on", "-pk").first()
    if last and on < last.on:
        raise ValidationError({"on": f"日期不能早于上一步（{last.get_state_display()} {last.on}）。"})
    if state == State.WITHDRAWN and not words:
        raise ValidationError({"words": "撤销必须写明原因。"})


def _note(row: Demonstration, state: str, on: dt.date, words: str, by: Any) -> None:
    DemonstrationStep.objects.create(demonstration=row, state=state, on=on, words=words, by=by)


def next_year(day: dt.date) -> dt.date:
    """The same day of the next year, on which a review is due."""
    leap_day = (day.month, day.day) == (2, 29)
    return day.replace(year=day.year + 1, day=28 if leap_day else day.day)
