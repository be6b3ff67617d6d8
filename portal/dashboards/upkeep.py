"""What the registers ask of those who keep them: rosters to confirm, elections, re-checks, activities to enter."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils import timezone

from organizations.ledger import quarter_start
from organizations.models import Check, Organization
from outreach.models import Activity
from portal.dashboards.cards import Figure, Todo


def upkeep(user: Any) -> tuple[list[Todo], list[Figure]]:
    """Things to do and figures of the registers that `user` keeps; three queries."""
    if not user.has_perm("organizations.change_organization"):
        return [], []
    today = timezone.localdate()
    todos, figures = _rosters(user, today)
    return [*todos, *_checks(user, today)], [*figures, *_activities(user, today)]


def _rosters(user: Any, today: dt.date) -> tuple[list[Todo], list[Figure]]:
    red = today - dt.timedelta(days=settings.ROSTER_RED_DAYS)
    soon = today + dt.timedelta(days=settings.ELECTION_NOTICE_DAYS)
    listing = reverse("organizations:organization_list")
    found = Organization.objects.permitted(user, "change").in_force(today).with_verified().aggregate(
        total=Count("pk"), stale=Count("pk", filter=Q(verified_on__lt=red) | Q(verified_on=None)),
        over=Count("pk", filter=Q(next_election_on__lt=today)),
        due=Count("pk", filter=Q(next_election_on__gte=today, next_election_on__lte=soon)),
        first=Min("next_election_on", filter=Q(next_election_on__gte=today)),
    )  # fmt: skip
    todos = []
    if found["stale"]:
        hint = f"超过 {settings.ROSTER_RED_DAYS} 天未核实或从未核实；没有变化的一键确认"
        todos.append(
            Todo(None, f"核实花名册 {found['stale']} 份", hint, f"{listing}?stale=red", "去核实", number=found["stale"])
        )
    if found["over"]:
        todos.append(
            Todo(
                today,
                f"{found['over']} 个组织已到换届日期",
                "办理换届，或更正换届日期",
                f"{listing}?election=over",
                number=found["over"],
            )
        )
    if found["due"]:
        hint = f"{settings.ELECTION_NOTICE_DAYS} 天内到期"
        todos.append(
            Todo(
                found["first"],
                f"{found['due']} 个组织临近换届",
                hint,
                f"{listing}?election=soon",
                urgent=False,
                number=found["due"],
            )  # fmt: skip
        )
    note, tone = (f"{found['stale']} 份逾期", "red") if found["stale"] else ("都按期核实", "green")
    kept, total = found["total"] - found["stale"], f"{found['total']} 份"
    fresh = Figure("花名册核实", kept, note, tone, f"{listing}?stale=fresh", total, kept)
    return todos, [fresh] if found["total"] else []


def _checks(user: Any, today: dt.date) -> list[Todo]:
    due = Check.objects.permitted(user, "change").latest(today).filter(recheck_on__lte=today).aggregate(
        n=Count("pk"), first=Min("recheck_on")
    )  # fmt: skip
    if not due["n"]:
        return []
    listing = f"{reverse('organizations:check_list')}?latest=yes&due=over"
    return [
        Todo(
            due["first"],
            f"标准核查到期复查 {due['n']} 项",
            "从上次的结论开始，只改有变化的",
            listing,
            "去复查",
            urgent=False,
            number=due["n"],
        )
    ]


def _activities(user: Any, today: dt.date) -> list[Figure]:
    first = quarter_start(today)
    count = Activity.objects.permitted(user, "change").within(first, today).count()
    url = f"{reverse('outreach:activity_list')}?since={first}&until={today}"
    return [
        Figure("本季活动", count, "" if count else "本季还没有登记", "green" if count else "amber", url, number=count)
    ]
