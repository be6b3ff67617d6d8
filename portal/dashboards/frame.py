"""What stands around every page: navigation by permission, area and quarter switches, the number of things to do."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from assessments.models import Quarter
from organizations.models import Area
from portal.dashboards.work import todo_count

# label, route, icon, permission ("" for everyone)
NAV: list[tuple[str, list[tuple[str, str, str, str]]]] = [
    (
        "",
        [
            ("工作台", "dashboards:my_work", "home", ""),
            ("覆盖总览", "dashboards:coverage", "chart-bar-square", "organizations.view_coveragegoal"),
        ],
    ),
    (
        "组织与阵地",
        [
            ("行政区划", "organizations:area_tree", "map", "organizations.view_area"),
            ("成员花名册", "organizations:membership_list", "identification", "organizations.view_membership"),
            ("基层统战组织", "organizations:organization_list", "user-group", "organizations.view_organization"),
            ("考核对象", "organizations:unit_list", "building-office-2", "organizations.view_unit"),
            ("联络站点与阵地", "outreach:station_list", "map-pin", "outreach.view_station"),
            ("示范创建", "outreach:demonstration_list", "star", "outreach.view_demonstration"),
            ("责任网络", "outreach:dutypost_network", "identification", "outreach.view_dutypost"),
            ("标准核查", "organizations:check_list", "check-badge", "organizations.view_check"),
            ("标准", "organizations:standard_list", "list-bullet", "organizations.change_standard"),
            ("覆盖目标", "organizations:coveragegoal_list", "flag", "organizations.change_coveragegoal"),
        ],
    ),
    (
        "季度考评",
        [
            ("考核方案", "assessments:scheme_list", "queue-list", "assessments.view_scheme"),
            ("季度与任务", "assessments:quarter_list", "calendar-days", "assessments.view_quarter"),
            ("自评填报", "assessments:report_latest", "pencil-square", "assessments.view_selfreport"),
            ("评审打分", "assessments:review_latest", "squares-2x2", "assessments.view_score"),
            ("排名与通报", "assessments:latest_ranking", "chart-bar", "assessments.view_result"),
            ("年度累计", "assessments:year", "presentation-chart-line", "assessments.view_result"),
            ("公文", "papers:issuedpaper_list", "document-text", "papers.view_issuedpaper"),
        ],
    ),
    (
        "联谊服务",
        [
            ("企业和联系对象", "outreach:enterprise_list", "building-office", "outreach.view_enterprise"),
            ("结对联系", "outreach:pairing_list", "link", "outreach.view_pairing"),
            ("走访", "outreach:visit_list", "map-pin", "outreach.view_visit"),
            ("诉求", "outreach:request_list", "chat-bubble-left", "outreach.view_request"),
            ("扶持资金", "outreach:support_list", "currency-yen", "outreach.view_support"),
            ("培训", "outreach:trainingplan_list", "book-open", "outreach.view_trainingplan"),
            ("活动与会议", "outreach:activity_list", "calendar", "outreach.view_activity"),
        ],
    ),
    (
        "数据与系统",
        [
            ("导入导出", "exchange:home", "arrow-down-tray", "exchange.view_importbatch"),
            ("表格式样", "papers:formlayout_list", "document", "papers.view_formlayout"),
            ("账号", "accounts:user_list", "users", "accounts.view_user"),
            ("授权", "accounts:grant_list", "key", "accounts.view_grant"),
            ("审计日志", "accounts:audit_list", "shield-check", "accounts.view_audittrail"),
            ("数据接口", "api:docs", "code-bracket", "accounts.add_user"),
        ],
    ),
]
AREA, QUARTER = "area", "quarter"
DIRECTORY = tuple(f"/outreach/{name}/" for name in ("enterprises", "officials", "contacts", "notices", "contact-roles"))
PLACES = tuple(f"/outreach/{name}/" for name in ("stations", "sites", "brands", "outposts"))  # one item, four lists


def menu_of(user: Any) -> list[tuple[str, str]]:
    """(label, address) of the pages that the user's permissions open."""
    items = [item for _, group in NAV for item in group if not item[3] or user.has_perm(item[3])]
    return [(label, reverse(route)) for label, route, _, _ in items]


def frame(request: HttpRequest) -> dict[str, Any]:
    """The context processor; nothing for a visitor who is not logged in."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    return {"frame": SimpleLazyObject(lambda: Frame(request))}


class Frame:
    """Read by base.html; costs three queries."""

    def __init__(self, request: Any):
        self.request, self.user = request, request.user
        places = sorted({str(g.area or g.unit or "全部") for g in self.user.held_grants})
        self.area = places[0] if places else ""
        self.areas = self._areas()
        self.quarters, self.quarter = self._quarters()
        self.todo_count = todo_count(self.user)
        self.nav = [group for group in map(self._group, NAV) if group["items"]]

    def _group(self, group: tuple[str, list[tuple[str, str, str, str]]]) -> dict[str, Any]:
        label, items = group
        mine = [self._item(item) for item in items if not item[3] or self.user.has_perm(item[3])]
        return {"label": label, "items": mine}

    def _item(self, item: tuple[str, str, str, str]) -> dict[str, Any]:
        label, route, icon, _ = item
        url = reverse(route)
        path = self.request.path
        active = _belongs(path, route, path == url or (url != "/" and path.startswith(url)))
        badge = self.todo_count if route == "dashboards:my_work" else 0
        return {"label": label, "url": url, "icon": icon, "active": active, "badge": badge}

    def _areas(self) -> list[tuple[str, str]]:
        """The places that the user's grants name, each with its page."""
        if not self.user.has_perm("organizations.view_area"):
            return []
        held = {g.area_id: g.area for g in self.user.held_grants if g.area}
        found = list(held.values()) or list(Area.objects.permitted(self.user).filter(level=1)[:20])
        return [(area.name, area.get_absolute_url()) for area in found]

    def _quarters(self) -> tuple[list[tuple[str, str]], str]:
        """The last eight quarters; on a quarter's page, the same kind of page of another one."""
        if not self.user.has_perm("assessments.view_quarter"):
            return [], ""
        found = list(Quarter.objects.permitted(self.user)[:8])
        match = self.request.resolver_match
        here = match.kwargs.get("pk") if match and match.view_name in SWITCHED else None
        name = match.view_name if here else "assessments:quarter_detail"
        current = next((quarter for quarter in found if quarter.pk == here), found[0] if found else None)
        return [(str(quarter), reverse(name, args=[quarter.pk])) for quarter in found], str(current or "")


SWITCHED = {"assessments:quarter_detail", "assessments:report_list", "assessments:review"}


def _belongs(path: str, route: str, below: bool) -> bool:
    """Whether a page belongs to an item: by address, but for pages that stand below another item's."""
    reviewing = "/review/" in path or path.endswith("/publish/")
    reporting = path.startswith("/assessments/") and path.endswith("/reports/")
    return {
        "outreach:station_list": path.startswith(PLACES),
        "outreach:enterprise_list": path.startswith(DIRECTORY),
        "outreach:visit_list": path.startswith(("/outreach/visits/", "/outreach/rhythms/")),
        "outreach:request_list": path.startswith(("/outreach/requests/", "/outreach/holidays/")),
        "outreach:trainingplan_list": path.startswith(("/outreach/training-", "/outreach/cadre-posts/")),
        "outreach:pairing_list": path.startswith(("/outreach/pairings/", "/outreach/handovers/")),
        "outreach:dutypost_network": path.startswith("/outreach/duty-posts/"),
        "assessments:latest_ranking": below or path.startswith("/assessments/slips/"),
        "assessments:review_latest": below or reviewing,
        "assessments:report_latest": below or reporting,
        "papers:issuedpaper_list": below and not path.startswith("/papers/layouts/"),
        "assessments:quarter_list": below and not reviewing and not reporting,
    }.get(route, below)
