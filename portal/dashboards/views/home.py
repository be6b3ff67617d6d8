"""My work, search and help."""

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from organizations.models import Area, Unit
from portal.accounts.roles import Role
from portal.dashboards.work import work_of
from portal.kit.access import any_user

MOST = 50
MANUAL = {"staff": "统战部工作人员", "committee": "统战委员", "leader": "领导", "village": "村（社区）联络员",
          "administrators": "三类管理员"}  # fmt: skip


@require_GET
@any_user
def my_work(request: HttpRequest) -> HttpResponse:
    """What waits for me today."""
    places = sorted({str(grant.area or grant.unit or "") for grant in request.user.held_grants} - {""})
    title = f"{'、'.join(places)} · 我的工作台" if places else "我的工作台"
    return render(
        request, "dashboards/my_work.html", {"title": title, "work": work_of(request.user), "crumbs": [("首页", None)]}
    )


@require_GET
@any_user
def search(request: HttpRequest) -> HttpResponse:
    """Areas and units by name, pinyin initials or code, within scope."""
    words = request.GET.get("q", "").strip().lower()[:50]
    areas, units = [], []
    if words:
        found = (
            Q(name__icontains=words) | Q(pinyin__contains=words) | Q(code__startswith=words) | Q(code__endswith=words)
        )
        areas = list(Area.objects.permitted(request.user).existing().filter(found).select_related("parent")[:MOST])
        named = Q(name__icontains=words) | Q(kind=Unit.Kind.TOWNSHIP, area__pinyin__contains=words)
        named |= Q(kind=Unit.Kind.TOWNSHIP, area__code__startswith=words)
        units = list(Unit.objects.permitted(request.user).in_force().filter(named).select_related("area")[:MOST])
    context = {"title": "搜索", "q": words, "areas": areas, "units": units, "most": MOST}
    return render(request, "dashboards/search.html", context)


@require_GET
@any_user
def help_index(request: HttpRequest) -> HttpResponse:
    """The manual's pages, the user's own role first."""
    own = [name for name in MANUAL if name in request.user.roles]
    own += ["administrators"] if request.user.roles & {Role.SYSADMIN, Role.SECADMIN, Role.AUDITOR} else []
    return render(request, "dashboards/help.html", {"title": "帮助", "pages": MANUAL.items(), "own": own})


@require_GET
@any_user
def help_page(request: HttpRequest, name: str) -> HttpResponse:
    if name not in MANUAL:
        raise Http404
    context = {"title": f"{MANUAL[name]}使用手册", "crumbs": [("帮助", "/help/")]}
    return render(request, f"dashboards/help_{name}.html", context)
