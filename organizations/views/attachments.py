"""Files and photos of any register row: added, fetched, looked at, removed."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_POST

from organizations.models import Attachment
from organizations.services import attachments as services
from portal.audit.models import Action, record
from portal.kit import files
from portal.kit.access import permission_required
from portal.kit.views import act_once, permitted_or_404, reported


@require_POST
@permission_required("organizations.add_attachment")
def attachment_add(request: HttpRequest, register: str, object_id: int) -> HttpResponse:
    """Keep the chosen files, each on its own: a bad one says why and does not hold up the others."""
    model = services.owners().get(register)
    if model is None:
        raise Http404
    obj = permitted_or_404(model._default_manager.all(), request.user, "change", pk=object_id)
    uploads = request.FILES.getlist("files")
    if not uploads:
        messages.error(request, "请先选择文件。")
    for upload in uploads:
        with reported(request, f"{upload.name}已上传。"):
            services.attach(obj, upload, by=request.user, caption=request.POST.get("caption", ""))
    return redirect(_back(request, obj))


@require_POST
@permission_required("organizations.delete_attachment")
def attachment_remove(request: HttpRequest, key: UUID) -> HttpResponse:
    attachment = permitted_or_404(Attachment.objects.all(), request.user, "delete", key=key)
    reason = request.POST.get("reason", "")
    with reported(request, f"{attachment.name}已移除。"):
        act_once(request, lambda: services.remove(attachment, by=request.user, reason=reason))
    return redirect(_back(request, attachment.owner()))


@require_GET
@permission_required("organizations.view_attachment")
def attachment_download(request: HttpRequest, key: UUID) -> HttpResponseBase:
    """A file, for whoever may see the row it belongs to; written down before it leaves."""
    attachment = get_object_or_404(services.readable(request.user).select_related("area"), key=key)
    if not files.path_of(attachment.key).is_file():
        raise Http404
    record(request.user, Action.DOWNLOADED, attachment, words=f"下载 {attachment.name}")
    return files.download(attachment.key, attachment.name, attachment.content_type)


@require_GET
@permission_required("organizations.view_attachment")
def attachment_thumbnail(request: HttpRequest, key: UUID) -> HttpResponseBase:
    """A photo made small, drawn on the page that shows it."""
    attachment = get_object_or_404(services.readable(request.user).photos(), key=key)
    if attachment.thumbnail is None or not files.path_of(attachment.thumbnail).is_file():
        raise Http404
    response = files.download(attachment.thumbnail, attachment.name, "image/jpeg")
    response["Content-Disposition"] = "inline"
    return response


def _back(request: HttpRequest, obj: Any) -> str:
    """The page of this site that the form stood on, else the row's own."""
    asked = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(asked, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return asked
    return (obj if hasattr(obj, "get_absolute_url") else obj.placed).get_absolute_url()
