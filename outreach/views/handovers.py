"""Hand-overs: what goes, the step, the list, the paper."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_GET

from outreach.filters.visits import HandoverFilterSet
from outreach.forms.visits import HandoverForm
from outreach.models import Handover, Official
from outreach.services.duties import posts_named
from outreach.services.handovers import hand_over, lines_of
from outreach.services.visits import whom, work_of
from outreach.tables.visits import HandoverTable
from outreach.views.visits import SECTION, Fact, linked
from portal.audit.models import Action, record
from portal.kit import documents, views
from portal.kit.access import permission_required
from portal.kit.views import permitted_or_404

HANDOVERS = ("工作移交", "/outreach/handovers/")
HEADS = {
    "pairings": ("结对联系", ["结对对象", "结对日期"]),
    "planned": ("计划的走访", ["走访对象", "计划日期"]),
    "promised": ("约定的下次走访", ["走访对象", "约定日期"]),
    "requests": ("未办结的诉求", ["编号", "诉求单位", "状态", "办理期限"]),
}
TYPES = {"docx": documents.DOCX, "pdf": "application/pdf"}
ROWS = Handover.objects.select_related("from_official__area", "to_official__area", "area", "by")


class OfficialHandoverView(views.UpdateView):
    """Everything of an official goes to another: the page shows what, then it goes in one step."""

    model = Official
    queryset = Official.objects.select_related("area", "unit")
    action = "hand_over"
    form_class = HandoverForm
    template_name = "outreach/handover_form.html"
    crumbs = [SECTION, HANDOVERS]
    submit_label = "移交"
    success_message = "工作已移交，可以打印移交单。"

    def get_title(self) -> str:
        return f"工作移交：{self.object}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        work = work_of(self.object)
        parts = [
            ("结对联系", [f"{row.target}（{row.since} 起）" for row in work.pairings]),
            ("计划的走访", [f"{row.on} {whom(row)}" for row in work.planned]),
            ("约定的下次走访", [f"{row.next_on} {whom(row)}" for row in work.promised]),
            ("未办结的诉求", [f"{row}（办理期限 {row.due_on}）" for row in work.requests]),
        ]
        posts = posts_named(self.object, self.request.user)
        return super().get_context_data(parts=parts, total=work.total, posts=posts, **kwargs)

    def perform(self, form: Any) -> Handover:
        values = form.cleaned_data
        return hand_over(
            self.object, values["to_official"], on=values["on"], by=self.request.user, expected=values["version"] or 0
        )

    def get_cancel_url(self) -> str:
        return HANDOVERS[1]


class HandoverListView(views.ListView):
    model = Handover
    queryset = ROWS
    table_class = HandoverTable
    filterset_class = HandoverFilterSet
    crumbs = [SECTION]
    empty_title = "还没有办理过工作移交"
    empty_hint = "干部换岗时，在干部的页面点“工作移交”。"


class HandoverDetailView(views.DetailView):
    model = Handover
    queryset = ROWS
    template_name = "outreach/handover_detail.html"
    crumbs = [SECTION, HANDOVERS]

    def get_fields(self) -> Iterator[Fact]:
        row, user = self.object, self.request.user
        yield linked(user, "移交人", row.from_official)
        yield linked(user, "接收人", row.to_official)
        yield "移交日期", row.on, None
        yield "办理人", str(row.by or ""), None
        yield "办理时间", row.at, None

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        lines = lines_of(self.object, self.request.user)
        parts = [(title, heads, lines[name]) for name, (title, heads) in HEADS.items() if lines[name]]
        return super().get_context_data(
            parts=parts, posts=posts_named(self.object.from_official, self.request.user), **kwargs
        )

    def get_actions(self) -> list[views.Button]:
        url = reverse("outreach:handover_paper", args=[self.object.pk])
        found: list[views.Button] = [{"label": "下载 Word", "url": f"{url}?kind=docx", "primary": True}]
        return [*found, {"label": "下载 PDF", "url": f"{url}?kind=pdf"}] if documents.has_pdf() else found


@require_GET
@permission_required("outreach.view_handover")
def handover_paper(request: HttpRequest, pk: int) -> HttpResponse:
    """The hand-over paper to be signed, as Word or PDF."""
    row = permitted_or_404(ROWS, request.user, pk=pk)
    kind = request.GET.get("kind", "docx")
    if kind not in TYPES or (kind == "pdf" and not documents.has_pdf()):
        raise Http404
    paper = paper_of(row, request.user)
    content = documents.pdf_bytes(paper) if kind == "pdf" else documents.docx_bytes(paper)
    record(request.user, Action.DOWNLOADED, row)
    response = HttpResponse(content, content_type=TYPES[kind])
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'工作移交单 {row.on}.{kind}')}"
    response["Cache-Control"] = "no-store"
    return response


def paper_of(row: Handover, user: Any) -> documents.Paper:
    """The hand-over paper: who, from which day, what, and where both sign."""
    day = documents.chinese_date(row.on)
    words = f"自{day}起，{row.from_official}的下列结对和未了工作由{row.to_official}负责。"
    blocks = [documents.Block(documents.Kind.TEXT, words)]
    lines = lines_of(row, user)
    for name, (title, heads) in HEADS.items():
        if lines[name]:
            blocks.append(documents.Block(documents.Kind.FIRST, f"{title}（{len(lines[name])} 项）"))
            blocks.append(documents.Block(documents.Kind.TABLE, documents.table_text([heads, *lines[name]])))
    signs = "\n".join(
        f"{who}签字：{documents.BLANK}　日期：{documents.BLANK}" for who in ("移交人", "接收人", "监交人")
    )
    blocks.append(documents.Block(documents.Kind.TEXT, signs))
    return documents.Paper("工作移交单", tuple(blocks), dated=row.on)
