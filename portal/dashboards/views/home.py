"""My work, search and help."""

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from portal.accounts.roles import Role
from portal.dashboards.frame import menu_of
from portal.dashboards.search import LONGEST, PAGE, PALETTE, found
from portal.dashboards.work import quick_of, work_of
from portal.kit.access import any_user

MANUAL = {"staff": "统战部工作人员", "committee": "统战委员", "leader": "领导", "village": "村（社区）联络员",
          "administrators": "三类管理员"}  # fmt: skip


@require_GET
@any_user
def my_work(request: HttpRequest) -> HttpResponse:
    """What waits for me today."""
    places = sorted({str(grant.area or grant.unit or "") for grant in request.user.held_grants} - {""})
    title = f"{'、'.join(places)} · 我的工作台" if places else "我的工作台"
    context = {
        "title": title,
        "work": work_of(request.user),
        "quick": quick_of(request.user),
        "crumbs": [("首页", None)],
    }
    return render(request, "dashboards/my_work.html", context)


@require_GET
@any_user
def search(request: HttpRequest) -> HttpResponse:
    """Everything that the words fit, within scope."""
    words = request.GET.get("q", "").strip()[:LONGEST]
    groups = found(request.user, words, menu_of(request.user))
    return render(request, "dashboards/search.html", {"title": "搜索", "q": words, "groups": groups, "most": PAGE})


@require_GET
@any_user
def search_suggest(request: HttpRequest) -> JsonResponse:
    """The same as one types, a few of each kind."""
    groups = found(request.user, request.GET.get("q", ""), menu_of(request.user), PALETTE)
    return JsonResponse({"groups": [
        {"label": group.label, "hits": [{"title": hit.title, "note": hit.note, "url": hit.url} for hit in group.hits]} for group in groups
    ]})  # fmt: skip


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
