"""Training plans, their sessions and the posts of cadres: reach, what must hold, saving. People are numbers."""

from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from organizations.models import Membership
from outreach.models import CadrePost, TrainingPlan, TrainingSession
from outreach.services.officers import check_officers
from outreach.services.places import check_place
from portal.kit import saving

FIRST_YEAR = 2000
MOST_PEOPLE = 100_000
TOO_MANY = "人数过大，请核对。"


def with_reach(plans: Any) -> Any:
    """Annotate `held` (sessions with a number of those who came) and `attended` (all of them together)."""
    sessions = TrainingSession.objects.filter(plan=OuterRef("pk"), attended__isnull=False).order_by().values("plan")
    held, attended = (
        sessions.annotate(n=figure).values("n") for figure in (Count("pk"), Sum("attended"))
    )  # fmt: skip
    return plans.annotate(
        held=Coalesce(Subquery(held), 0, output_field=IntegerField()),
        attended=Coalesce(Subquery(attended), 0, output_field=IntegerField()),
    )


def check_plan(plan: TrainingPlan) -> None:
    """What must hold besides the model; ValidationError by field."""
    problems: dict[str, str] = {}
    last = timezone.localdate().year + 1
    if plan.year is not None and not FIRST_YEAR <= plan.year <= last:
        problems["year"] = f"年份应在 {FIRST_YEAR} 到 {last} 之间。"
    if plan.planned_people is not None and not 1 <= plan.planned_people <= MOST_PEOPLE:
        problems["planned_people"] = TOO_MANY if plan.planned_people else "计划培训人数至少 1 人。"
    if problems:
        raise ValidationError(problems)
    check_place(plan)


@transaction.atomic
def save_plan(plan: TrainingPlan, *, by: Any, expected: int | None = None) -> TrainingPlan:
    check_plan(plan)
    return saving.save(plan, by=by, expected=expected)


def check_session(session: TrainingSession, officers: Sequence[Membership] | int = 0) -> None:
    """What must hold besides the model; ValidationError by field. officers: who is named, or how many."""
    problems: dict[str, str] = {}
    if session.attended is not None and session.on and session.on > timezone.localdate():
        problems["attended"] = "还没有到办班日期，实到人数办班以后再填写。"
    for name in ("planned", "attended"):
        if (getattr(session, name) or 0) > MOST_PEOPLE:
            problems[name] = TOO_MANY
    if session.planned == 0:
        problems["planned"] = "计划人数至少 1 人。"
    if session.days is not None and session.days <= 0:
        problems["days"] = "天数应大于 0。"
    if problems:
        raise ValidationError(problems)
    check_officers(officers, session.attended, "attended")


@transaction.atomic
def save_session(
    session: TrainingSession, officers: Sequence[Membership] | None = None, *, by: Any, expected: int | None = None
) -> TrainingSession:
    """Save a session with the officers who came; None leaves them as they are."""
    kept = session.officers.count() if officers is None and session.pk else 0
    check_session(session, kept if officers is None else officers)
    members = None if officers is None else {"officers": officers}
    return saving.save(session, by=by, expected=expected, members=members)


def sessions_of(plan: TrainingPlan) -> QuerySet[TrainingSession]:
    """The sessions of a plan, the first day first, with the number of officers who are named."""
    return plan.sessions.annotate(officers_named=Count("officers")).order_by("on", "pk")


def check_post(post: CadrePost) -> None:
    """What must hold besides the model; ValidationError by field."""
    wrong = [
        name for name in ("holders", "in_plan", "trained", "recommended") if (getattr(post, name) or 0) > MOST_PEOPLE
    ]
    if wrong:
        raise ValidationError(dict.fromkeys(wrong, TOO_MANY))
