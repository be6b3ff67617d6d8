"""Requests (诉求): taken in under a number with a term in working days, then step by step to the closing."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import chinese_calendar
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, F, Max, Q, QuerySet, Sum
from django.utils import timezone

from organizations.models import Area, Level, Unit
from outreach.models import Contact, Holiday, Request, RequestStep, Support
from outreach.services.places import covers
from portal.accounts.models import Grant
from portal.accounts.roles import Role
from portal.audit.models import Action, record
from portal.kit import saving
from portal.kit.forms import check_words
from portal.kit.scope import ancestor_codes, code_range, require

TERM = 10  # working days within which a request is answered
LONGEST_TERM = 60
DAY = dt.timedelta(days=1)
COUNTY = 6  # digits of a county's tree code
SATURDAY = 5
TEXTS = ("subject", "details")
SOURCES = ("enterprise", "organization", "contact")
DEPARTMENT = "县（市）委统战部"
State, Act = Request.State, RequestStep.Act
AWAITING = (State.ACCEPTED, State.HANDED_OVER)
FROM: dict[str, tuple[str, ...]] = {
    Act.HANDED_OVER: (State.ACCEPTED, State.HANDED_OVER),
    Act.ANSWERED: (State.ACCEPTED, State.HANDED_OVER),
    Act.CALLED_BACK: (State.ANSWERED,),
    Act.CLOSED: (State.CALLED_BACK,),
    Act.REOPENED: (State.ANSWERED, State.CALLED_BACK, State.CLOSED),
}
ACTIONS = {
    Act.HANDED_OVER: "hand_over", Act.ANSWERED: "answer", Act.CALLED_BACK: "close", Act.CLOSED: "close", Act.REOPENED: "close",
}  # fmt: skip  # the permission that a step asks
NEXT = {
    State.ACCEPTED: "请先转办或者答复。",
    State.HANDED_OVER: "请等承办单位答复。",
    State.ANSWERED: "请先回访。",
    State.CALLED_BACK: "请办结，或者重新办理。",
    State.CLOSED: "还有问题的请重新办理。",
}


# working days


def add_working_days(area: Area, start: dt.date, days: int) -> dt.date:
    """The last day of a term: `days` working days after `start`, as they are in the county of `area`."""
    changed = _holidays(area, start)
    day = start
    while days:
        day += DAY
        days -= is_working_day(day, changed)
    return day


def is_working_day(day: dt.date, changed: dict[dt.date, bool]) -> bool:
    """By the county's own list first, then the State Council's notice as the library knows it, then Monday to Friday."""
    if day in changed:
        return changed[day]
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return day.weekday() < SATURDAY


def _holidays(area: Area, start: dt.date) -> dict[dt.date, bool]:
    rows = Holiday.objects.filter(area__tree_code=area.tree_code[:COUNTY], on__gt=start)
    return dict(rows.values_list("on", "works"))


# taking in


def check_request(request: Request) -> None:
    """What must hold besides the model; ValidationError by field."""
    problems = _text_problems(request)
    source = request.source
    if [getattr(request, f"{name}_id") for name in SOURCES].count(None) != len(SOURCES) - 1:
        problems["sides"] = "请在企业（协会）、组织、联系对象中选择一项，且只选一项。"
    elif request._state.adding and isinstance(source, Contact) and not source.may_reveal():
        problems["sides"] = f"{source}已限制处理或者删除，不能登记诉求。"
    if request.accepted_on and request.accepted_on > timezone.localdate():
        problems["accepted_on"] = "受理日期不能晚于今天。"
    if source and request.handler and source.area.tree_code[:COUNTY] != request.handler.area.tree_code[:COUNTY]:
        problems["handler"] = f"{request.handler}不在同一个县（市）。"
    if problems:
        raise ValidationError(problems)


def _text_problems(request: Request) -> dict[str, str]:
    problems = {}
    for name in TEXTS:
        try:
            check_words(getattr(request, name))
        except ValidationError as error:
            problems[name] = error.messages[0]
    return problems


@transaction.atomic
def accept_request(request: Request, *, by: Any, days: int = TERM) -> Request:
    """Take a request in: it stands where its source stands, has the county's next number and a last day."""
    check_request(request)
    if not 1 <= days <= LONGEST_TERM:
        raise ValidationError({"days": f"办理期限应在 1 到 {LONGEST_TERM} 个工作日之间。"})
    number_request(request, by=by, days=days)
    saving.save(request, by=by)
    note_acceptance(request, by)
    return request


def number_request(request: Request, *, by: Any, days: int = TERM) -> None:
    """Fill in place, term and number of a request that is stored next; inside a transaction."""
    source = request.source
    request.area = source.area
    request.unit = None if by.reach("outreach.add_request").covers(source.area.tree_code) else source.unit
    request.due_on = add_working_days(source.area, request.accepted_on, days)
    request.year, request.state = request.accepted_on.year, State.ACCEPTED
    request.number = _next_number(source.area, request.year)


def note_acceptance(request: Request, by: Any) -> None:
    """The first step of a stored request."""
    _note(request, Act.ACCEPTED, by, to_unit=request.unit, on=request.accepted_on)


def _next_number(area: Area, year: int) -> int:
    """The county's next number of a year; the county's row is locked until the request is stored, so no two get one."""
    code = area.tree_code[:COUNTY]
    county = Area.objects.select_for_update(no_key=True).get(tree_code=code, level=Level.COUNTY)
    return (Request.objects.in_area(county).filter(year=year).aggregate(last=Max("number"))["last"] or 0) + 1


def correction_refusal(request: Request, user: Any) -> str:
    """Why `user` cannot correct a request now, "" where nothing stands against it; the request's area is loaded."""
    if request.state == State.CLOSED:
        return "诉求已办结，不能修改。还有问题的请重新办理。"
    given = request.state != State.ACCEPTED and not user.reach("outreach.change_request").covers(request.area.tree_code)
    return "转来的诉求由受理单位修改；写得不清楚的，请联系转办的单位。" if given else ""


@transaction.atomic
def correct_request(request: Request, *, reason: str, by: Any, expected: int | None = None) -> Request:
    """Save what was corrected of an open request; term, number and source stay. Who was given it answers, and rewrites nothing."""
    stored = Request.objects.select_for_update(of=("self",)).select_related("area").get(pk=request.pk)
    if words := correction_refusal(stored, by):
        raise ValidationError(words)
    check_request(request)
    return saving.save(request, by=by, expected=expected, reason=_said(reason, "reason", "请填写修改原因。"))


# the steps


def refusal(request: Request, act: str, user: Any) -> str:
    """Why `user` cannot take this step now, "" where nothing stands against it; asks nothing of the database."""
    if request.state not in FROM[act]:
        done = Act(act).label
        return f"这件诉求“{request.get_state_display()}”，现在不能{done}。{NEXT[State(request.state)]}"
    if act == Act.ANSWERED and request.unit and not covers_unit(user, request.unit, "outreach.answer_request"):
        return f"这件诉求由{request.unit}承办，由{request.unit}答复。"
    return ""


def may(user: Any, request: Request, act: str) -> bool:
    """Whether `user` may take this step now; the request's area, unit and the unit's area are loaded."""
    return covers(user, request, ACTIONS[Act(act)]) and not refusal(request, act, user)


def covers_unit(user: Any, unit: Unit, permission: str) -> bool:
    """Whether a permission of `user` reaches a unit by its area or by itself."""
    reach = user.reach(permission)
    return reach.covers(unit.area.tree_code) or unit.pk in reach.units


def to_answer(user: Any) -> Q:
    """The condition "given to a unit for which `user` answers, and not answered"."""
    reach = user.reach("outreach.answer_request")
    own = Q(unit__in=reach.units)
    for code in reach.codes:
        lo, hi = code_range(code)
        own |= Q(unit__area__tree_code__gte=lo, unit__area__tree_code__lt=hi)
    return own & Q(state__in=AWAITING)


def to_lead(user: Any) -> Q:
    """The condition "`user` is the official who leads it, and it is not answered"."""
    return Q(handler__user=user.pk, state__in=AWAITING)


def units_to_handle(request: Request) -> QuerySet[Unit]:
    """To whom a request may be handed over: the county's bodies and the township in which it stands, which can see it."""
    code = request.area.tree_code
    lo, hi = code_range(code[:COUNTY])
    bodies = Q(kind=Unit.Kind.BODY, area__tree_code__gte=lo, area__tree_code__lt=hi)
    own = Q(kind=Unit.Kind.TOWNSHIP, area__tree_code__in=ancestor_codes(code))
    return Unit.objects.in_force().filter(bodies | own).exclude(pk=request.unit_id or 0).select_related("area")


@transaction.atomic
def hand_over_request(
    request: Request, unit: Unit, *, words: str = "", by: Any, expected: int | None = None
) -> Request:
    """Give a request to the unit that handles it from now on; the last day stays."""
    row = _locked(request, Act.HANDED_OVER, by)
    if not units_to_handle(row).filter(pk=unit.pk).exists():
        raise ValidationError({"unit": f"不能转给{unit}；请选择本县（市）的另一个单位，或者诉求所在的乡镇。"})
    before, words = row.unit, _said(words, "words")
    row.unit, row.state = unit, State.HANDED_OVER
    saving.save(row, by=by, expected=expected, reason=words)
    _note(row, Act.HANDED_OVER, by, from_unit=before, to_unit=unit, words=words)
    return row


@transaction.atomic
def answer_request(request: Request, *, answer: str, by: Any, expected: int | None = None) -> Request:
    """The handling unit's answer, on today's date: whether it was in time is not for the writer to choose."""
    row = _locked(request, Act.ANSWERED, by)
    row.answer, row.answered_on = _said(answer, "answer", "请填写答复内容。"), timezone.localdate()
    row.state = State.ANSWERED
    saving.save(row, by=by, expected=expected)
    _note(row, Act.ANSWERED, by, from_unit=row.unit, words=row.answer)
    return row


@transaction.atomic
def call_back_request(
    request: Request, *, satisfaction: str, words: str = "", by: Any, expected: int | None = None
) -> Request:
    """What the source thinks of the answer."""
    row = _locked(request, Act.CALLED_BACK, by)
    if satisfaction not in Request.Satisfaction.values or not satisfaction:
        raise ValidationError({"satisfaction": "请选择满意度。"})
    words = _said(words, "words")
    row.satisfaction, row.called_back_on, row.state = satisfaction, timezone.localdate(), State.CALLED_BACK
    saving.save(row, by=by, expected=expected, reason=words)
    _note(row, Act.CALLED_BACK, by, words="：".join(filter(None, [row.get_satisfaction_display(), words])))
    return row


@transaction.atomic
def close_request(request: Request, *, outcome: str, words: str = "", by: Any, expected: int | None = None) -> Request:
    row = _locked(request, Act.CLOSED, by)
    if outcome not in Request.Outcome.values or not outcome:
        raise ValidationError({"outcome": "请选择办理结果。"})
    words = _said(words, "words")
    row.outcome, row.closed_on, row.state = outcome, timezone.localdate(), State.CLOSED
    saving.save(row, by=by, expected=expected, reason=words)
    _note(row, Act.CLOSED, by, words="：".join(filter(None, [row.get_outcome_display(), words])))
    return row


@transaction.atomic
def reopen_request(request: Request, *, reason: str, by: Any, expected: int | None = None) -> Request:
    """Back to the unit that handled it, or to the department. The clock is kept: the last day stays what it was.

    One that is overdue by then comes before the lead anew, and stands in the steps a second time.
    """
    row = _locked(request, Act.REOPENED, by)
    reason = _said(reason, "reason", "请填写重新办理的原因。")
    row.state = State.HANDED_OVER if row.unit_id else State.ACCEPTED
    row.answered_on = row.called_back_on = row.closed_on = row.escalated_on = None
    row.answer = row.satisfaction = row.outcome = ""  # what was said stays among the steps
    row.reopened += 1
    saving.save(row, by=by, expected=expected, reason=reason)
    _note(row, Act.REOPENED, by, to_unit=row.unit, words=reason)
    return row


def _locked(request: Request, act: str, by: Any) -> Request:
    rows = Request.objects.select_for_update(of=("self",))
    row: Request = rows.select_related("area", "unit__area").get(pk=request.pk)
    require(by, ACTIONS[Act(act)], row)
    if words := refusal(row, act, by):
        raise ValidationError(words)
    return row


def _said(words: str, name: str, missing: str = "") -> str:
    """A free text of a step as it is stored. Raises ValidationError under its field."""
    words = words.strip()
    if missing and not words:
        raise ValidationError({name: missing})
    try:
        return check_words(words)
    except ValidationError as error:
        raise ValidationError({name: error.messages}) from error


def _note(request: Request, act: str, by: Any, **values: Any) -> None:
    RequestStep.objects.create(request=request, act=act, by=by, **values)


# overdue


def escalate_overdue(on: dt.date | None = None) -> list[Request]:
    """Bring what nobody answered in time before the lead, once each: a step, the day, a line on the trail."""
    on = on or timezone.localdate()
    waiting = Request.objects.overdue(on).filter(escalated_on=None).order_by("due_on", "pk")
    return [row for pk in waiting.values_list("pk", flat=True) if (row := _escalate(pk, on))]


@transaction.atomic
def _escalate(pk: int, on: dt.date) -> Request | None:
    rows = Request.objects.overdue(on).filter(escalated_on=None).select_for_update(of=("self",))
    row: Request | None = rows.select_related("area", "unit").filter(pk=pk).first()
    if row is None:
        return None  # answered, or escalated, in the meantime
    row.escalated_on = on
    row.version += 1
    row.save(update_fields=["escalated_on", "version"])
    words = f"逾期 {(on - row.due_on).days} 天未答复，提请{lead_words(row.area)}督办"
    _note(row, Act.ESCALATED, None, from_unit=row.unit, words=words, on=on)
    record(None, Action.UPDATED, row, words=f"{row} {words}")
    return row


def lead_words(area: Area) -> str:
    names = "、".join(leads_of(area))
    return f"包片领导{names}" if names else "包片领导"


def leads_of(area: Area) -> list[str]:
    """The names of the leaders who answer for the township of `area`; where it has none, of those of the county."""
    codes = ancestor_codes(area.tree_code)
    grants = Grant.objects.effective().filter(role=Role.LEADER, area__tree_code__in=codes, user__is_active=True)
    found = list(grants.order_by("user__name", "pk").values_list("area__tree_code", "user__name"))
    nearest = max((len(code) for code, _ in found), default=0)
    return list(dict.fromkeys(name for code, name in found if len(code) == nearest))


# the monthly list

IN_TIME, LATE = Q(answered_on__lte=F("due_on")), Q(answered_on__gt=F("due_on"))
SATISFIED, SOLVED = Q(satisfaction=Request.Satisfaction.SATISFIED), Q(outcome=Request.Outcome.SOLVED)
FUNDS = "funds"  # yuan of support that came of the requests
FIGURES: dict[str, dict[str, str]] = {  # figure → what the list is asked for the same rows
    "accepted": {}, "in_time": {"answered": "in_time"}, "late": {"answered": "late"}, "open": {"open": "yes"},
    "overdue": {"overdue": "yes"}, "solved": {"outcome": "solved"}, "satisfied": {"satisfaction": "satisfied"},
    FUNDS: {"supported": "yes"},
}  # fmt: skip


@dataclass(frozen=True)
class UnitLine:
    """The requests of a month that a unit handles, in figures."""

    label: str
    unit: str | None  # as the list's filter writes it: a number, "null" for none, None for the sum of all
    figures: dict[str, Any]


def figures_by_unit(requests: Any, on: dt.date) -> list[UnitLine]:
    """One line for each handling unit, first those that nobody was given, last the sum; none where there is nothing."""
    overdue = Q(state__in=AWAITING, due_on__lt=on)
    conditions = {
        "accepted": Q(), "in_time": IN_TIME, "late": LATE, "open": ~Q(state=State.CLOSED), "overdue": overdue,
        "solved": SOLVED, "satisfied": SATISFIED,
    }  # fmt: skip
    counts = {name: Count("pk", filter=condition) for name, condition in conditions.items()}
    yuan = Support.objects.filter(request__in=requests.order_by()).order_by().values_list("request__unit")
    funds = dict(yuan.annotate(yuan=Sum("amount")))
    rows = requests.order_by().values("unit", "unit__name", "unit__number").annotate(**counts)
    found = sorted(
        ({**row, FUNDS: funds.get(row["unit"], 0)} for row in rows),
        key=lambda row: (row["unit"] is not None, row["unit__number"] or 0, row["unit"] or 0),
    )
    lines = [_line(row["unit__name"] or "未转办", str(row["unit"] or "null"), [row]) for row in found]
    return [*lines, _line("合计", None, found)] if lines else []


def _line(label: str, unit: str | None, rows: Iterable[dict[str, Any]]) -> UnitLine:
    rows = list(rows)
    return UnitLine(label, unit, {name: sum(row[name] for row in rows) for name in FIGURES})
