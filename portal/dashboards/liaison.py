"""What contacts and enterprises wait for: visits that are due, requests to hand over, answer, call back and close."""

import datetime as dt
from typing import Any

from django.db.models import Case, Count, F, Min, Q, When
from django.urls import reverse
from django.utils import timezone

from organizations.ledger import quarter_start
from outreach.models import Request, Visit
from outreach.services.requests import AWAITING, to_answer, to_lead
from outreach.services.visits import due_visits, not_seen, officials_by_pairing, own_official
from portal.dashboards.cards import Figure, Todo

NOTICE_DAYS = 7  # a visit is announced so many days before
State = Request.State
STEPS = [  # state, permission, what is to be done
    (State.ACCEPTED, "outreach.hand_over_request", "转办诉求", "新受理的，转给承办单位或者直接答复"),
    (State.ANSWERED, "outreach.close_request", "回访诉求", "已答复，问一问是否满意"),
    (State.CALLED_BACK, "outreach.close_request", "办结诉求", "已回访，填写办理结果"),
]


def liaison(user: Any) -> tuple[list[Todo], list[Figure]]:
    """Things to do and figures of visits and requests; at most six queries."""
    today = timezone.localdate()
    todos = _visits(user, today) if user.has_perm("outreach.add_visit") else []
    figures = _unseen(user, today) if user.has_perm("outreach.read_visit_notes") else []
    if user.has_perm("outreach.view_request"):
        steps, waiting = _requests(user, today)
        todos, figures = [*todos, *steps], [*figures, *waiting]
    return todos, figures


def served(user: Any) -> tuple[list[Todo], Figure]:
    """Of one's areas: leaders and heads who are paired with nobody, and the visits of the quarter; two queries."""
    today, todos = timezone.localdate(), []
    found = officials_by_pairing(user, today)
    if found["unpaired"]:
        words = f"未结对的干部 {found['unpaired']} 名", "请登记联系的企业、协会或联系对象"
        todos = [Todo(None, *words, reverse("outreach:pairing_unpaired_officials"), "去查看", False, found["unpaired"])]
    made = Visit.objects.permitted(user).done().within(quarter_start(today), today).count()
    asked = {"quarter": f"{today.year}-{(today.month + 2) // 3}", "state": Visit.State.DONE}
    note = f"干部结对 {found['all'] - found['unpaired']} / {found['all']}" if found["all"] else ""
    tone = "amber" if found["unpaired"] else "green"
    return todos, Figure("本季走访", made, note, tone, reverse("outreach:visit_list", query=asked), number=made)


def _visits(user: Any, today: dt.date) -> list[Todo]:
    last = today + dt.timedelta(days=NOTICE_DAYS)
    day = Case(When(state=Visit.State.PLANNED, then=F("on")), default=F("next_on"))
    due = due_visits(user, last).aggregate(number=Count("pk"), first=Min(day))
    if not due["number"]:
        return []
    url = reverse("outreach:visit_list", query={"due": last})
    return [
        Todo(
            due["first"],
            f"走访 {due['number']} 次",
            "计划的走访和约定的下次走访，走访以后登记",
            url,
            "去走访",
            False,
            due["number"],
        )
    ]


def _requests(user: Any, today: dt.date) -> tuple[list[Todo], list[Figure]]:
    late, mine, lead = Q(state__in=AWAITING, due_on__lt=today), to_answer(user), to_lead(user)
    found = Request.objects.permitted(user).aggregate(
        late=Count("pk", filter=late), first=Min("due_on", filter=Q(state=State.ACCEPTED)),
        mine=Count("pk", filter=mine), mine_first=Min("due_on", filter=mine),
        lead=Count("pk", filter=lead), lead_first=Min("due_on", filter=lead),
        **{state: Count("pk", filter=Q(state=state)) for state, *_ in STEPS},
    )  # fmt: skip
    todos = []
    if found["late"]:
        hint = "超过办理期限没有答复，请了解原因并督促答复"
        todos.append(
            Todo(None, f"诉求逾期未答复 {found['late']} 件", hint, _list(overdue="yes"), "去查看", number=found["late"])
        )
    if found["mine"] and not user.has_perm("outreach.hand_over_request"):
        words = f"答复诉求 {found['mine']} 件", "由本单位承办，请在期限前答复"
        todos.append(Todo(found["mine_first"], *words, _list(mine="yes"), "去答复", number=found["mine"]))
    if found["lead"]:
        words = f"牵头的诉求 {found['lead']} 件", "由您牵头，请督促承办单位在期限前答复"
        todos.append(Todo(found["lead_first"], *words, _list(mine="lead"), "去查看", False, found["lead"]))
    for state, permission, label, hint in STEPS:
        if found[state] and user.has_perm(permission):
            due = found["first"] if state == State.ACCEPTED else None
            todos.append(
                Todo(due, f"{label} {found[state]} 件", hint, _list(state=state), urgent=False, number=found[state])
            )
    if not user.has_perm("outreach.answer_request") or user.has_perm("outreach.hand_over_request"):
        return todos, []
    note = f"{found['mine_first']:%m-%d} 到期" if found["mine"] else "没有积压"
    tone = "amber" if found["mine"] else "green"
    return todos, [Figure("待答复诉求", found["mine"], note, tone, _list(mine="yes"), number=found["mine"])]


def _unseen(user: Any, today: dt.date) -> list[Figure]:
    """Of those a leader is paired with, whom the leader has not seen in time."""
    official = own_official(user)
    if official is None:
        return []
    number = len(not_seen(user, today, official))
    url = reverse("outreach:visit_unseen", query={"official": official.pk})
    note, tone = ("结对的企业和联系对象", "amber") if number else ("都已按频次走访", "green")
    return [Figure("我超期未走访的", number, note, tone, url, number=number)]


def _list(**query: Any) -> str:
    return reverse("outreach:request_list", query=query)
