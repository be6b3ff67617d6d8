"""Papers: what was issued, what is being written, the editor, issuing, the files, the figures behind a text."""

from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from assessments.models import Publication
from portal.audit.models import Action, record
from portal.kit import documents, views
from portal.kit.access import permission_required
from portal.kit.models import StaleVersionError
from portal.kit.views import act_once, permitted_or_404
from portal.papers.filters import IssuedPaperFilterSet, PaperFilterSet
from portal.papers.forms import BulletinForm, IssueForm, LetterForm, NoticeForm, PaperForm, RedraftForm, TalkForm
from portal.papers.models import IssuedPaper, Kind, Paper
from portal.papers.services import papers
from portal.papers.services.figures import Figures, figures_of
from portal.papers.tables import IssuedPaperTable, PaperTable

HOME = ("公文", "/papers/")
DRAFTS = ("起草", "/papers/drafts/")
PAPERS = Paper.objects.select_related("area", "unit__area", "quarter__scheme__area", "publication__quarter", "by")
ISSUED = IssuedPaper.objects.select_related("paper", "area", "unit", "quarter", "by")
FORMS = {Kind.BULLETIN: BulletinForm, Kind.LETTER: LetterForm, Kind.TALK: TalkForm, Kind.NOTICE: NoticeForm}
KINDS = [
    (Kind.BULLETIN, "一个季度的考评结果、成效、问题、跟进单位和下一步要求"),
    (Kind.LETTER, "给末位单位：名次、失分事项、整改要求"),
    (Kind.TALK, "约谈时用：事由、失分清单、整改承诺表，当面记录的内容留空"),
    (Kind.NOTICE, "会议的时间、地点、内容和参会单位"),
]
STALE = "您打开这一页以后，别人修改过这份公文，没有办理。请看过最新内容后再办。"


class IssuedPaperListView(views.ListView):
    model = IssuedPaper
    queryset = ISSUED.latest().defer("content", "docx")
    table_class = IssuedPaperTable
    filterset_class = IssuedPaperFilterSet
    template_name = "papers/paper_list.html"
    title = "公文"
    empty_title = "没有已印发的公文"
    empty_hint = "通报、提醒函印发以后在这里查看和下载。"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(tabs=_tabs(self.request, "issued"), **kwargs)

    def get_actions(self) -> list[views.Button]:
        return _drafting(self.request.user)


class PaperListView(views.ListView):
    model = Paper
    queryset = PAPERS.defer("content")
    table_class = PaperTable
    filterset_class = PaperFilterSet
    template_name = "papers/paper_list.html"
    title = "起草公文"
    crumbs = [HOME]
    empty_title = "没有正在起草的公文"
    empty_hint = "点“起草公文”，系统按已公布的数据写出初稿，您再修改。"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(tabs=_tabs(self.request, "drafts"), **kwargs)

    def get_actions(self) -> list[views.Button]:
        return _drafting(self.request.user)


def _drafting(user: Any) -> list[views.Button]:
    url = reverse("papers:paper_create")
    return [{"label": "起草公文", "url": url, "primary": True}] if user.has_perm("papers.add_paper") else []


def _tabs(request: HttpRequest, here: str) -> list[tuple[str, str, bool]]:
    """Two lists that stand together, for those who write."""
    if not request.user.has_perm("papers.view_paper"):
        return []
    names = (("issued", "已印发", "papers:issuedpaper_list"), ("drafts", "起草", "papers:paper_list"))
    return [(label, reverse(route), name == here) for name, label, route in names]


class IssuedPaperDetailView(views.DetailView):
    model = IssuedPaper
    queryset = ISSUED
    template_name = "papers/issued_detail.html"
    fields = ("kind", "document_number", "unit", "quarter", "dated", "at", "by", "reason")
    crumbs = [HOME]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        issued, user = self.object, self.request.user
        versions = IssuedPaper.objects.permitted(user).filter(paper=issued.paper_id).order_by("-number")
        can_edit = Paper.objects.permitted(user, "change").filter(pk=issued.paper_id).exists()
        return super().get_context_data(
            **documents.drawn(issued.composed), has_pdf=documents.has_pdf(), versions=list(versions.defer("content", "docx")),
            can_edit=can_edit, is_intact=issued.is_intact, **kwargs,
        )  # fmt: skip


class PaperDetailView(views.DetailView):
    model = Paper
    queryset = PAPERS
    template_name = "papers/paper_detail.html"
    fields = ("kind", "state", "quarter", "unit", "publication", "by", "updated_at")
    crumbs = [HOME, DRAFTS]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        paper, user = self.object, self.request.user
        versions = list(paper.versions.defer("content", "docx").order_by("-number"))
        return super().get_context_data(
            **documents.drawn(paper.composed), has_pdf=documents.has_pdf(), versions=versions,
            outdated=papers.is_outdated(paper), edited=papers.edited(paper), can_redraft=paper.kind != Kind.NOTICE,
            can_change=user.has_perm("papers.change_paper", paper), **kwargs,
        )  # fmt: skip


class PaperCreateView(views.CreateView):
    """First the kind, then what a paper of this kind is drafted from."""

    model = Paper
    template_name = "papers/draft.html"
    submit_label = "起草"
    success_message = "初稿已按数据写好，请核对、修改后印发。"
    crumbs = [HOME, DRAFTS]

    @property
    def kind(self) -> str:
        asked = self.request.GET.get("kind", "")
        return asked if asked in Kind else ""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().get(request, *args, **kwargs) if self.kind else self.choose()

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return super().post(request, *args, **kwargs) if self.kind else self.choose()

    def choose(self) -> HttpResponse:
        context = {
            "title": "起草公文",
            "crumbs": self.crumbs,
            "kinds": [(k.value, k.label, words) for k, words in KINDS],
        }
        return render(self.request, "papers/choose.html", context)

    def get_title(self) -> str:
        return f"起草{Kind(self.kind).label}"

    def get_form_class(self) -> Any:
        return FORMS[Kind(self.kind)]

    def get_initial(self) -> dict[str, Any]:
        return {
            name: self.request.GET[name]
            for name in ("publication", "unit")
            if self.request.GET.get(name, "").isdecimal()
        }

    def perform(self, form: Any) -> Paper:
        return papers.create_paper(form.draft(), by=self.request.user)

    def get_cancel_url(self) -> str:
        return reverse("papers:paper_create")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        published = Publication.objects.permitted(self.request.user).exists()
        return super().get_context_data(
            followed=self.followed(), kind=self.kind, nothing=self.kind != Kind.NOTICE and not published, **kwargs
        )

    def followed(self) -> list[tuple[str, list[Any]]]:
        """For a letter or a talk: whom the scheme's rule names in the newest results."""
        if self.kind not in {Kind.LETTER, Kind.TALK}:
            return []
        newest = Publication.objects.permitted(self.request.user).latest().select_related("quarter__scheme").first()
        if newest is None:
            return []
        return [
            (found.label, found.followed)
            for found in figures_of(newest, by=self.request.user).classes
            if found.followed
        ]


class PaperUpdateView(views.UpdateView):
    model = Paper
    queryset = PAPERS
    form_class = PaperForm
    template_name = "papers/editor.html"
    crumbs = [HOME, DRAFTS]

    def get_title(self) -> str:
        return f"修改：{Paper.objects.values_list('title', flat=True).get(pk=self.object.pk)}"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A button that adds or moves a block shows the page again with all that was typed; nothing is saved."""
        if request.POST.get("arrange"):
            self.object = self.get_object()
            form = PaperForm(arranged(request.POST), instance=self.object, user=request.user)
            return self.render_to_response(self.get_context_data(form=form, arranging=True))
        return super().post(request, *args, **kwargs)

    def perform(self, form: Any) -> Paper:
        return papers.update_paper(form.instance, by=self.request.user, expected=form.cleaned_data.get("version") or 0)


def arranged(posted: Any) -> Any:
    """The form with a block added ("add:3": after the third) or moved ("up:3")."""
    action, _, place = posted["arrange"].partition(":")
    data = posted.copy()
    blocks = list(zip(*(posted.getlist(f"block-{name}") for name in ("key", "kind", "text")), strict=False))
    number = min(int(place), len(blocks)) if place.isdecimal() and len(place) < 6 else len(blocks)
    if action == "add":
        blocks.insert(number, ("", documents.Kind.TEXT.value, ""))
    elif action == "up" and number > 1:
        blocks[number - 2], blocks[number - 1] = blocks[number - 1], blocks[number - 2]
    for name, values in zip(("key", "kind", "text"), zip(*blocks, strict=True), strict=False):
        data.setlist(f"block-{name}", list(values))
    return data


class PaperDeleteView(views.DeleteView):
    model = Paper
    queryset = PAPERS
    crumbs = [HOME, DRAFTS]

    def get_consequences(self) -> list[str]:
        return ["只能删除没有印发过的草稿；印发过的公文长期保存。"]

    def get_success_url(self) -> str:
        return reverse("papers:paper_list")


@permission_required("papers.change_paper")
def paper_redraft(request: HttpRequest, pk: int) -> HttpResponse:
    """Says what would be lost, then writes the text from the data again."""
    paper = permitted_or_404(PAPERS, request.user, "change", pk=pk)
    form = RedraftForm(_posted(request), initial={"version": paper.version})
    if request.method == "POST" and form.is_valid():
        try:
            act_once(request, lambda: papers.redraft(paper, by=request.user, expected=form.cleaned_data["version"]))
        except StaleVersionError:
            messages.error(request, STALE)
            return redirect("papers:paper_redraft", pk)
        except ValidationError as error:
            messages.error(request, "；".join(error.messages))
            return redirect(paper)
        messages.success(request, "已从数据重新起草，请核对。")
        return redirect("papers:paper_update", pk)
    return render(request, "papers/redraft.html", {
        "title": "从数据重新起草", "crumbs": [HOME, DRAFTS, (paper.title, paper.get_absolute_url())], "paper": paper,
        "form": form, "edited": papers.edited(paper), "newest": papers.newest(paper),
    }, status=422 if form.errors else 200)  # fmt: skip


@permission_required("papers.add_issuedpaper")
def paper_issue(request: HttpRequest, pk: int) -> HttpResponse:
    """The last look; then the version is kept for good."""
    paper = permitted_or_404(PAPERS, request.user, "change", pk=pk)
    number = paper.versions.count() + 1
    form = IssueForm(_posted(request), initial={"version": paper.version}, again=number > 1)
    if request.method == "POST" and form.is_valid():
        try:
            said = form.cleaned_data
            issued = act_once(request, lambda: papers.issue_paper(
                paper, by=request.user, expected=said["version"], reason=said.get("reason", "")
            ))  # fmt: skip
            if issued:
                messages.success(request, f"已印发：{issued}。")
            return redirect(issued or paper)
        except StaleVersionError:
            messages.error(request, STALE)
            return redirect(paper)
        except ValidationError as error:
            form.add_error(None, error)
    return render(request, "papers/issue.html", {
        **documents.drawn(paper.composed), "title": f"印发：{paper.title}", "object": paper, "form": form, "number": number,
        "crumbs": [HOME, DRAFTS, (paper.title, paper.get_absolute_url())], "outdated": papers.is_outdated(paper),
        "problems": papers.issue_problems(paper, number, "to be asked"), "edited": papers.edited(paper),
    }, status=422 if form.errors else 200)  # fmt: skip


def _posted(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


@require_GET
@permission_required("papers.view_paper")
def paper_word(request: HttpRequest, pk: int) -> HttpResponse:
    paper = permitted_or_404(PAPERS, request.user, pk=pk)
    return _file(request, paper, f"{paper.title}（草稿）.docx", documents.docx_bytes(paper.composed))


@require_GET
@permission_required("papers.view_paper")
def paper_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    return _pdf(request, permitted_or_404(PAPERS, request.user, pk=pk), "（草稿）")


@require_GET
@permission_required("papers.view_issuedpaper")
def issuedpaper_word(request: HttpRequest, pk: int) -> HttpResponse:
    """The file as it was issued, byte for byte."""
    issued = permitted_or_404(ISSUED, request.user, pk=pk)
    return _file(request, issued, f"{issued}.docx", bytes(issued.docx))


@require_GET
@permission_required("papers.view_issuedpaper")
def issuedpaper_pdf(request: HttpRequest, pk: int) -> HttpResponse:
    return _pdf(request, permitted_or_404(ISSUED, request.user, pk=pk))


def _pdf(request: HttpRequest, obj: Any, mark: str = "") -> HttpResponse:
    try:
        content = documents.pdf_bytes(obj.composed)
    except ValidationError as error:
        messages.error(request, error.messages[0])
        return redirect(obj)
    return _file(request, obj, f"{obj}{mark}.pdf", content, "application/pdf")


def _file(
    request: HttpRequest, obj: Any, name: str, content: bytes, content_type: str = documents.DOCX
) -> HttpResponse:
    """A download that is written down before it leaves."""
    with transaction.atomic():
        record(request.user, Action.DOWNLOADED, obj, words=f"下载公文 {name}")
    response = HttpResponse(content, content_type=content_type)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response


@require_GET
@permission_required("papers.view_paper")
def paper_basis(request: HttpRequest, pk: int) -> HttpResponse:
    """What the percentages of a bulletin are made of: points by category and by indicator, units by indicator."""
    publications = Publication.objects.select_related("quarter__scheme__area", "by")
    publication = permitted_or_404(publications, request.user, pk=pk)
    figures = figures_of(publication, by=request.user)
    indicator = request.GET.get("indicator", "")
    return render(request, "papers/basis.html", {
        "title": f"{publication.quarter} · 得分率", "publication": publication, "classes": figures.classes,
        "categories": _by_class(figures), "indicators": figures.by_indicator(), "indicator": indicator,
        "units": figures.on_indicator(indicator) if indicator else [], "now": timezone.localtime(),
        "crumbs": [HOME, (f"{publication}排名", publication.get_absolute_url()), ("得分率", None)],
    })  # fmt: skip


def _by_class(figures: Figures) -> list[tuple[Any, list[tuple[str, Any]]]]:
    """Each category's whole share with (class, its share) beside it."""
    per_class = [
        (found.label, {share.name: share for share in figures.by_category(found.unit_class)})
        for found in figures.classes
    ]
    return [
        (share, [(label, shares.get(share.name)) for label, shares in per_class]) for share in figures.by_category()
    ]
