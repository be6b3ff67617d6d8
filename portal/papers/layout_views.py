"""表格式样: the list, one with its preview, uploading and replacing, the filled form, forms to begin from."""

from typing import Any
from urllib.parse import quote

from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from portal.audit.models import Action, record
from portal.kit import files, views
from portal.kit.access import permission_required
from portal.kit.views import permitted_or_404
from portal.papers.filters import FormLayoutFilterSet
from portal.papers.layout_data import SUBJECTS
from portal.papers.layout_forms import FormLayoutForm
from portal.papers.models import FormLayout
from portal.papers.services import layouts
from portal.papers.tables import FormLayoutTable

GROUP = ("数据与系统", None)
LIST = ("表格式样", "/papers/layouts/")
SEE = "papers.view_formlayout"
LAYOUTS = FormLayout.objects.select_related("area")
OFFERED = 20  # rows that a search offers


class FormLayoutListView(views.ListView):
    model = FormLayout
    queryset = LAYOUTS
    table_class = FormLayoutTable
    filterset_class = FormLayoutFilterSet
    template_name = "papers/formlayout_list.html"
    title = "表格式样"
    crumbs = [GROUP]
    empty_title = "还没有表格式样"
    empty_hint = "把本地用的登记表、台账（xlsx 或 docx）写上占位符后上传，系统按登记的数据填好。"

    def get_actions(self) -> list[views.Button]:
        url = reverse("papers:formlayout_create")
        return [{"label": "上传表格", "url": url, "primary": True}] if self.may("add") else []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        subjects = [
            (name, subject) for name, subject in SUBJECTS.items() if self.request.user.has_perm(subject.permission)
        ]
        return super().get_context_data(subjects=subjects, **kwargs)


class FormLayoutDetailView(views.DetailView):
    """The form with what would stand in it for one row."""

    model = FormLayout
    queryset = LAYOUTS
    template_name = "papers/formlayout_detail.html"
    fields = ("subject", "area", "file_name", "digest", "updated_at")
    crumbs = [LIST]

    def get_actions(self) -> list[views.Button]:
        layout, found = self.object, []
        if self.may("change", layout):
            found.append({"label": "修改或更换文件", "url": reverse("papers:formlayout_update", args=[layout.pk])})
        if self.may("delete", layout):
            found.append({"label": "删除", "url": reverse("papers:formlayout_delete", args=[layout.pk])})
        return found

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked = self.request.GET
        subject, words = SUBJECTS[self.object.subject], asked.get("q", "").strip()[:50]
        rows = _rows(self.object, self.request.user)
        found = list((rows.filter(**{f"{subject.search}__contains": words}) if words else rows)[:OFFERED])
        row = _row(rows, asked.get("row", "")) if asked.get("row") else next(iter(found), None)
        preview = layouts.preview(self.object, row, self.request.user) if row else []
        return super().get_context_data(
            q=words, found=found, row=row, preview=preview, has_file=files.path_of(self.object.key).is_file(), **kwargs
        )


class FormLayoutCreateView(views.CreateView):
    model = FormLayout
    form_class = FormLayoutForm
    title = "上传表格式样"
    submit_label = "上传并检查"
    success_message = "占位符都认得，表格已保存。请核对下面的预览。"
    crumbs = [LIST]

    def perform(self, form: Any) -> FormLayout:
        return layouts.keep(form.instance, form.cleaned_data["file"], by=self.request.user)


class FormLayoutUpdateView(views.UpdateView):
    model = FormLayout
    queryset = LAYOUTS
    form_class = FormLayoutForm
    crumbs = [LIST]

    def perform(self, form: Any) -> FormLayout:
        expected = form.cleaned_data.get("version") or 0
        return layouts.keep(form.instance, form.cleaned_data["file"], by=self.request.user, expected=expected)


class FormLayoutDeleteView(views.DeleteView):
    model = FormLayout
    queryset = LAYOUTS
    crumbs = [LIST]

    def get_consequences(self) -> list[str]:
        return ["以后不能再用它填表；已经下载的表格不受影响。"]

    def get_success_url(self) -> str:
        return reverse("papers:formlayout_list")


@require_GET
@permission_required(SEE)
def formlayout_filled(request: HttpRequest, pk: int) -> HttpResponse:
    """The form filled for ?row=."""
    layout = permitted_or_404(LAYOUTS, request.user, pk=pk)
    row = _row(_rows(layout, request.user), request.GET.get("row", ""))
    try:
        content = layouts.filled(layout, row, request.user)
    except ValidationError as error:
        raise Http404 from error
    with transaction.atomic():
        record(request.user, Action.EXPORTED, layout, words=f"按表格式样“{layout}”填写：{row}")
    return _file(content, f"{layout}-{row}-{timezone.localdate()}", layout.ending)


@require_GET
@permission_required(SEE)
def formlayout_sample(request: HttpRequest, name: str) -> HttpResponse:
    """A plain form with every placeholder of a subject (?ending=docx for Word)."""
    if name not in SUBJECTS:
        raise Http404
    ending = "docx" if request.GET.get("ending") == "docx" else "xlsx"
    return _file(layouts.sample(name, ending), f"{SUBJECTS[name].label}示例表", ending)


def _rows(layout: FormLayout, user: Any) -> Any:
    """What a form may be filled for: rows of its county that the user may see."""
    subject = SUBJECTS[layout.subject]
    rows = subject.rows(user)
    return rows.in_area(layout.area) if user.has_perm(subject.permission) else rows.none()


def _row(rows: Any, asked: str) -> Any:
    row = rows.filter(pk=int(asked)).first() if asked.isdecimal() and len(asked) < 19 else None  # noqa: PLR2004
    if row is None:
        raise Http404
    return row


def _file(content: bytes, name: str, ending: str) -> HttpResponse:
    answer = HttpResponse(content, content_type=files.TYPES[ending][0])
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'{name}.{ending}'.replace('/', '-'))}"
    return answer
