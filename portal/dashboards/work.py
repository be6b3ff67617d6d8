"""My work (工作台): what waits for a person today, with the days left, from the apps' own figures."""

import datetime as dt
from typing import Any

from django.db.models import Count, F, Max, Prefetch, Q
from django.urls import reverse
from django.utils import timezone

from assessments.models import (
    Publication,
    Quarter,
    Result,
    ResultLine,
    Scheme,
    Score,
    SelfReport,
    SelfReportItem,
    Task,
    UnitClass,
)
from assessments.scoring import plain
from assessments.services.reports import missing
from organizations.models import Area, Level
from portal.accounts.models import AuditTrail, Grant, User
from portal.accounts.roles import Role
from portal.audit.models import Action, AuditEntry, AuditHead
from portal.dashboards.cards import Figure, Line, OwnScore, Todo, Work
from portal.dashboards.coverage import townships_of
from portal.dashboards.liaison import liaison, served
from portal.dashboards.upkeep import upkeep
from portal.dashboards.villages import organized, villages_of

MOST_LINES = 10
TAIL = 50  # rows of the audit trail that its first page walks


QUICK = [  # what is entered most: label, route, permission
    ("登记活动", "outreach:activity_create", "outreach.add_activity"),
    ("登记走访", "outreach:visit_create", "outreach.add_visit"),
    ("受理诉求", "outreach:request_create", "outreach.add_request"),
    ("更新花名册", "organizations:organization_list", "organizations.add_membership"),
]


def quick_of(user: Any) -> list[tuple[str, str]]:
    """(label, address) of the forms that `user` may fill in from the first page."""
    return [(label, reverse(route)) for label, route, permission in QUICK if user.has_perm(permission)]


def todo_count(user: Any) -> int:
    """How many things wait, in one query: reports to hand in, reports to review, grants to confirm."""
    if user.has_perm("assessments.change_selfreport"):
        open_ = Q(status__in=["draft", "returned"], quarter__state="open") | Q(
            status="returned", quarter__state="review"
        )
        return SelfReport.objects.permitted(user, "change").filter(open_).count()
    if user.has_perm("assessments.change_score"):
        return Quarter.objects.permitted(user, "change").filter(state__in=["planned", "open", "review"]).count()
    if user.has_perm("accounts.confirm_grant"):
        return (
            Grant.objects.permitted(user, "confirm")
            .filter(confirmed_at=None)
            .exclude(granted_by=user)
            .exclude(user=user)
            .count()
        )
    return 0


def work_of(user: Any) -> Work:
    """The first page of `user`, by what the roles allow."""
    if user.has_perm("assessments.change_selfreport"):
        return _committee(user)
    if user.has_perm("assessments.change_score"):
        return _staff(user)
    if user.has_perm("accounts.confirm_grant"):
        return _administrator(user)
    if user.has_perm("accounts.view_audittrail"):
        return _auditor(user)
    if user.has_perm("assessments.view_result"):
        return _leader(user)
    return _village(user)


def _committee(user: Any) -> Work:
    reports = list(
        SelfReport.objects.permitted(user, "change")
        .filter(quarter__state__in=["open", "review"])
        .select_related("unit", "quarter")
        .prefetch_related("items__evidence", Prefetch("quarter__tasks", Task.objects.select_related("indicator")))
        .order_by("quarter__report_due_on")
    )
    todos, figures = [], []
    for report in reports:
        due = report.quarter.report_due_on
        tasks = [task for task in report.quarter.tasks.all() if task.points_for(report.unit_class) is not None]
        items = {item.task_id: item for item in report.items.all()}
        total = len(tasks)
        done = total - len(missing(report, tasks, items))
        returned = [item for item in items.values() if item.status == SelfReportItem.Status.RETURNED]
        if returned:
            names = "、".join(str(task) for task in tasks if task.pk in {item.task_id for item in returned})
            title = f"补充{report.quarter}退回事项 {len(returned)} 项"
            todos.append(
                Todo(
                    timezone.localdate(),
                    title,
                    f"{names}：{returned[0].return_reason}",
                    report.get_absolute_url(),
                    "去补充",
                )
            )
        elif report.status != SelfReport.Status.SUBMITTED and report.quarter.state == Quarter.State.OPEN:
            hint = f"{report.unit}，已填 {done} / {total} 项"
            todos.append(Todo(due, f"提交{report.quarter}自评", hint, report.get_absolute_url(), "去填报"))
        figures.append(
            Figure(f"{report.quarter}自评", done, report.get_status_display(), "green" if report.status == "submitted" else "amber",
                   report.get_absolute_url(), f"{total} 项")
        )  # fmt: skip
    asked, kept = upkeep(user)
    waiting, requests = liaison(user)
    today = timezone.localdate()
    villages = villages_of(user, today)
    figures += [*kept, *organized(villages, today), *requests]
    return Work(figures, _sorted(todos), (*waiting, *asked), scores=_own_score(user), villages=villages)


def _own_score(user: Any) -> OwnScore | None:
    lines = ResultLine.objects.permitted(user)
    ranked = Q(publication__results__unit_class=F("unit_class"), publication__results__rank__isnull=False)
    result = (
        Result.objects.filter(pk__in=lines.values("result"))
        .select_related("publication__quarter")
        .annotate(members=Count("publication__results", filter=ranked))
        .order_by("-publication__quarter__year", "-publication__quarter__number", "-publication__revision")
        .first()
    )
    if result is None:
        return None
    lost = [(line, line.maximum - line.points) for line in lines.filter(result=result, points__isnull=False)]
    worst = sorted((pair for pair in lost if pair[1] > 0), key=lambda pair: -pair[1])[:3]
    return OwnScore(result, result.members, worst)


def _staff(user: Any) -> Work:
    todos, figures = [], []
    quarters = (
        Quarter.objects.permitted(user, "change")
        .filter(state__in=["planned", "open", "review"])
        .select_related("scheme")
    )
    for quarter in quarters.order_by("year", "number"):
        reports = dict(
            SelfReport.objects.permitted(user)
            .filter(quarter=quarter)
            .values_list("status")
            .annotate(n=Count("pk"))
            .order_by()
        )
        total, submitted, returned = sum(reports.values()), reports.get("submitted", 0), reports.get("returned", 0)
        listing = reverse("assessments:report_list", args=[quarter.pk])
        if quarter.state == Quarter.State.PLANNED:
            todos.append(
                Todo(
                    quarter.opens_on,
                    f"核对{quarter}任务清单并开始自评",
                    "分值每类合计 100 才能开始",
                    quarter.get_absolute_url(),
                )
            )
            continue
        figures.append(Figure(f"{quarter}已提交自评", submitted, _awaited(total - submitted - returned, returned),
                              "amber" if total > submitted else "green", f"{listing}?status=submitted", f"{total} 家", submitted))  # fmt: skip
        if quarter.state == Quarter.State.OPEN:
            hint = f"已提交 {submitted} / {total}；未交名单可按状态筛选后导出"
            todos.append(
                Todo(quarter.report_due_on, f"{quarter}自评：催报，截止后转入评审", hint, quarter.get_absolute_url())
            )
        else:
            todos.append(_review_todo(user, quarter, figures, total - submitted - returned, returned))
    last = Publication.objects.permitted(user).select_related("quarter").first()
    if last:
        figures.append(Figure("最近公布", str(last.quarter), f"第{last.revision}版", "green", last.get_absolute_url()))
    awaited = (
        SelfReport.objects.permitted(user)
        .filter(quarter__in=[quarter for quarter in quarters if quarter.state != Quarter.State.PLANNED])
        .exclude(status=SelfReport.Status.SUBMITTED)
        .select_related("unit", "quarter")
        .order_by("quarter__year", "quarter__number", "unit_class", "unit__number", "pk")
    )
    lines = tuple(
        Line(
            report.unit.name,
            f"{report.quarter}，{'待补充' if report.status == SelfReport.Status.RETURNED else '未交'}",
            report.get_absolute_url(),
        )
        for report in awaited[:MOST_LINES]
    )
    waiting, _ = liaison(user)
    unpaired, visits = served(user)
    attention = (*waiting, *unpaired, *_to_plan(user, quarters))
    return Work([*figures, visits], _sorted(todos), attention, "还没有交齐的单位", lines)


def _awaited(silent: int, returned: int) -> str:
    words = [f"{silent} 家未交"] if silent else []
    words += [f"{returned} 家待补充"] if returned else []
    return "，".join(words) or "全部提交"


def _to_plan(user: Any, quarters: Any) -> tuple[Todo, ...]:
    """The next quarter of a running scheme, when none is being prepared or filled in."""
    busy = {quarter.scheme_id for quarter in quarters if quarter.state != Quarter.State.REVIEW}
    running = Scheme.objects.permitted(user, "change").filter(status=Scheme.Status.OPEN).exclude(pk__in=busy)
    year = timezone.localdate().year
    found = running.filter(year=year).annotate(last=Max("quarters__number")).select_related("area")
    return tuple(
        Todo(None, f"建立{scheme.year}年第{'一二三四'[scheme.last or 0]}季度", "任务和分值取自考核方案，核对后开始自评",
             reverse("assessments:quarter_create", args=[scheme.pk]), "去建立")
        for scheme in found if (scheme.last or 0) < 4
    )  # fmt: skip


def _review_todo(user: Any, quarter: Quarter, figures: list[Figure], silent_units: int, returned: int) -> Todo:
    grid = reverse("assessments:review", args=[quarter.pk])
    cells = Score.objects.permitted(user).filter(report__quarter=quarter)
    rows = cells.values_list("report__unit_class").annotate(
        total=Count("pk"), blank=Count("pk", filter=Q(status="blank")), silent=Count("pk", filter=Q(needs_reason=True))
    )
    words = [f"{silent_units} 家未交自评"] if silent_units else []
    words += [f"{returned} 家待补充退回事项"] if returned else []
    for unit_class, total, blank, silent in rows.order_by("report__unit_class"):
        label, url = UnitClass(unit_class).label, f"{grid}?class={unit_class}"
        note, tone = (f"未填 {blank}", "amber") if blank else ("已填完", "green")
        figures.append(Figure(f"{label}评分进度", total - blank, note, tone, url, total))
        words += [f"{label}未填 {blank} 格"] if blank else []
        words += [f"{label}缺说明 {silent} 格"] if silent else []
    if words:
        return Todo(quarter.review_due_on, f"完成{quarter}评审打分", "，".join(words), grid, "去打分")
    publish = reverse("assessments:publish", args=[quarter.pk])
    return Todo(quarter.review_due_on, f"公布{quarter}结果", "各类得分已填完", publish, "去公布")


def _leader(user: Any) -> Work:
    publication = Publication.objects.permitted(user).select_related("quarter").first()
    waiting, unseen = liaison(user)
    unpaired, visits = served(user)
    waiting, led = [*waiting, *unpaired], townships_of(user)
    if publication is None:
        return Work([*unseen, visits], [], tuple(waiting), led=led)
    results = list(Result.objects.permitted(user).filter(publication=publication).select_related("unit__area"))
    reach = user.reach("assessments.view_selfreport")
    own = [result for result in results if reach.covers(result.unit.area.tree_code)]
    figures = [
        Figure(
            f"{publication.quarter}{label}第一名",
            first.unit_name,
            f"{plain(first.total)} 分",
            "green",
            publication.get_absolute_url(),
        )
        for value, label in UnitClass.choices
        if (first := next((r for r in results if r.unit_class == value and r.rank == 1), None))
    ]
    figures += _handed_in(user)
    bottom = [
        r for r in own if r.rank and r.rank > sum(x.unit_class == r.unit_class and bool(x.rank) for x in results) - 2
    ]
    todos = [
        Todo(None, f"{r.unit_name} {publication.quarter}列{r.get_unit_class_display()}第 {r.rank} 名", "排在末位，建议了解原因",
             r.get_absolute_url(), "看明细", urgent=False)
        for r in bottom
    ]  # fmt: skip
    figures = [*unseen, *figures, visits]
    return Work(figures, [], (*waiting, *todos), ranking=own[:15], publication=publication, led=led)


def _handed_in(user: Any) -> list[Figure]:
    """How many of a running quarter's self-reports are handed in, of those that `user` may read."""
    running = SelfReport.objects.permitted(user).filter(quarter__state__in=[Quarter.State.OPEN, Quarter.State.REVIEW])
    reports = running.select_related("quarter").order_by("quarter__year", "quarter__number", "pk")
    by_quarter: dict[Quarter, list[str]] = {}
    for report in reports:
        by_quarter.setdefault(report.quarter, []).append(report.status)
    return [
        Figure(f"{quarter}已提交自评", statuses.count("submitted"), quarter.get_state_display(), "blue",
               f"{reverse('assessments:report_list', args=[quarter.pk])}?status=submitted", f"{len(statuses)} 家",
               statuses.count("submitted"))
        for quarter, statuses in by_quarter.items()
    ]  # fmt: skip


def _administrator(user: Any) -> Work:
    waiting = list(
        Grant.objects.permitted(user, "confirm").filter(confirmed_at=None).select_related("user", "area", "unit")
    )
    users = User.objects.permitted(user)
    bare = users.bare().order_by("pk")
    todos = [
        Todo(
            grant.since,
            f"复核授权：{grant}",
            f"{grant.area or grant.unit or '全部'}，依据：{grant.reason}",
            grant.get_absolute_url(),
            "去复核",
        )
        for grant in waiting
        if user.pk not in {grant.granted_by_id, grant.user_id}
    ]
    ungranted = tuple(
        Todo(None, f"给新账号授权：{account}", account.username, account.get_absolute_url(), "去授权", urgent=False)
        for account in (bare[:20] if user.has_perm("accounts.add_grant") else ())
    )
    listing, grants = reverse("accounts:user_list"), reverse("accounts:grant_list")
    figures = [
        Figure("账号", accounts := users.count(), url=listing, number=accounts),
        Figure(
            "待复核授权", len(waiting), url=f"{grants}?waiting=true", tone="amber" if waiting else "green",
            note="待另一人复核" if waiting else "没有积压", number=len(waiting),
        ),
        Figure("尚未授权的账号", ungranted_count := bare.count(), url=f"{listing}?bare=true", number=ungranted_count),
    ]  # fmt: skip
    if user.has_perm("organizations.change_area"):
        areas = Area.objects.permitted(user).existing().filter(level=Level.VILLAGE)
        figures.append(Figure("村（社区）", areas.count(), url=reverse("organizations:area_tree")))
    return Work(figures, _sorted(todos), ungranted)


def _auditor(user: Any) -> Work:
    since = timezone.localdate() - dt.timedelta(days=6)
    midnight = timezone.make_aware(dt.datetime.combine(since, dt.time()))
    recent = AuditTrail.objects.permitted(user).filter(at__gte=midnight)
    listing = f"{reverse('accounts:audit_list')}?since={since}"
    refused = list(recent.filter(action=Action.REFUSED)[:10])
    counted = recent.aggregate(
        all=Count("pk"), refused=Count("pk", filter=Q(action=Action.REFUSED)),
        failed=Count("pk", filter=Q(action=Action.LOG_IN_FAILED)),
    )  # fmt: skip
    figures = [
        Figure("近 7 天审计记录", counted["all"], url=listing, number=counted["all"]),
        Figure("近 7 天越权被拒", counted["refused"], url=f"{listing}&action=refused", number=counted["refused"]),
        Figure("近 7 天登录失败", counted["failed"], url=f"{listing}&action=log_in_failed", number=counted["failed"]),
    ]
    tries = tuple(
        Todo(
            None, entry.sentence, f"{timezone.localtime(entry.at):%m-%d %H:%M}", entry.get_absolute_url(), "查看", False
        )
        for entry in refused
    )
    return Work(figures, [], tries, "审计链", _chain())


def _chain() -> tuple[Line, ...]:
    """The head of the chain and whether its last rows still bear it out; `audit_verify` walks all of it."""
    head = AuditHead.objects.get(pk=1)
    rows = list(AuditEntry.objects.order_by("-sequence")[:TAIL])
    ends = not rows or (rows[0].sequence, rows[0].digest) == (head.sequence, head.digest)
    links = all(row.previous == before.digest for row, before in zip(rows, rows[1:], strict=False))
    sound = ends and links and all(row.computed_digest() == row.digest for row in rows)
    return (
        Line("末尾序号", str(head.sequence)),
        Line("末尾校验值", f"{head.digest[:16]}…"),
        Line(f"最近 {len(rows)} 条", "逐条校验一致" if sound else "校验不一致，请立即报告并停止使用"),
        Line("全部记录", "由运维人员每日运行 audit_verify 校验"),
    )


def _village(user: Any) -> Work:
    areas = []
    if user.has_perm("organizations.view_area"):
        villages = Area.objects.permitted(user).existing().filter(level=Level.VILLAGE)
        areas = list(villages.select_related("parent")[:MOST_LINES])
    figures = [
        Figure(f"{area.parent} · {area.get_kind_display()}", area.name, url=area.get_absolute_url()) for area in areas
    ]
    asked, kept = upkeep(user)
    villages = villages_of(user, timezone.localdate())
    return Work([*figures, *kept], [], tuple(asked), "有问题找谁", _advisers(areas), villages=villages)


def _advisers(areas: list[Area]) -> tuple[Line, ...]:
    """Who holds the township of these villages, and the county's staff: an office's public role, by name."""
    townships = {area.parent_id for area in areas}
    counties = {area.parent.parent_id for area in areas}
    asked = Q(role=Role.COMMITTEE, area__in=townships) | Q(role=Role.STAFF, area__in=counties)
    grants = Grant.objects.effective().filter(asked, user__is_active=True).select_related("user", "area")
    found = sorted(grants, key=lambda grant: (grant.role != Role.COMMITTEE, grant.pk))
    return tuple(Line(grant.user.name, f"{grant.area} {grant.get_role_display()}") for grant in found[:MOST_LINES])


def _sorted(todos: list[Todo]) -> list[Todo]:
    return sorted(todos, key=lambda todo: (todo.due is None, todo.due))
