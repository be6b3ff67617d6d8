"""Activities and meetings: list with totals, one with its photos, entering one on a phone, entering it once more."""

from typing import Any

from django.contrib import messages
from django.db.models import Count, OuterRef, Subquery, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from organizations.models import Attachment
from outreach.filters.activities import ActivityFilterSet
from outreach.forms.activities import ActivityForm
from outreach.models import Activity
from outreach.services.activities import attach_photos, delete_activity, save_activity
from outreach.services.places import covers
from outreach.tables.activities import ActivityTable, where
from outreach.views.training import officer_lines
from outreach.views.visits import found_again
from portal.kit import views

LABEL = Activity._meta.label_lower
LIST = ("活动与会议", "/outreach/activities/")
RELATED = ("area__parent", "unit__area", "station", "site", "organization", "brand")
STARTING = ("area", "unit", "kind", "station", "site", "organization", "brand", "theme", "place")
AGAIN = ("area", "unit", "kind", "theme", "station", "site", "organization", "brand", "place", "head_count")


def with_photos(queryset: Any) -> Any:
    """Annotate `photos`: how many are kept."""
    kept = Attachment.objects.kept().photos().filter(register=LABEL, object_id=OuterRef("pk")).order_by()
    number = kept.values("object_id").annotate(n=Count("pk")).values("n")
    return queryset.annotate(photos=Coalesce(Subquery(number), 0))


class ActivityListView(views.ListView):
    model = Activity
    queryset = with_photos(Activity.objects.select_related("area", "station", "site", "organization"))
    table_class = ActivityTable
    filterset_class = ActivityFilterSet
    template_name = "outreach/activity_list.html"
    crumbs = [("联谊服务", None)]
    empty_title = "没有符合条件的活动"
    empty_hint = "请放宽筛选条件；开展了活动的，用手机也可以登记。"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        sums = kwargs["table"].queryset.order_by().aggregate(n=Count("pk"), people=Sum("head_count"))
        return super().get_context_data(sums=sums, **kwargs)

    def get_actions(self) -> list[views.Button]:
        return (
            [{"label": "登记活动", "url": reverse("outreach:activity_create"), "primary": True}]
            if self.may("add")
            else []
        )

    def get_empty_action(self) -> tuple[str, str] | None:
        return ("登记活动", reverse("outreach:activity_create")) if self.may("add") else None


class ActivityDetailView(views.DetailView):
    model = Activity
    queryset = Activity.objects.select_related(*RELATED)
    template_name = "outreach/activity_detail.html"
    fields = (
        "kind",
        "on",
        "area",
        "unit",
        "station",
        "site",
        "organization",
        "place",
        "brand",
        "head_count",
        "summary",
    )
    crumbs = [LIST]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        attachments = list(Attachment.objects.permitted(self.request.user).kept().about(self.object))
        can_change = covers(self.request.user, self.object, "change")
        return super().get_context_data(
            attachments=attachments, can_change=can_change, where=where(self.object),
            officers=officer_lines(self.request.user, self.object), **kwargs,
        )  # fmt: skip

    def get_actions(self) -> list[views.Button]:
        found, pk = [], self.object.pk
        if self.request.user.has_perm("outreach.add_activity"):
            found.append({"label": "再记一次", "url": f"{reverse('outreach:activity_create')}?again={pk}"})
        if covers(self.request.user, self.object, "change"):
            found.append({"label": "修改", "url": reverse("outreach:activity_update", args=[pk]), "primary": True})
        if covers(self.request.user, self.object, "delete"):
            found.append({"label": "删除", "url": reverse("outreach:activity_delete", args=[pk])})
        return found


class ActivityFormMixin:
    model = Activity
    form_class = ActivityForm
    template_name = "outreach/activity_form.html"
    crumbs = [LIST]
    request: Any

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return found_again(self, request) or super().post(request, *args, **kwargs)  # type: ignore[misc]

    def perform(self, form: Any) -> Activity:
        expected = form.cleaned_data.get("version") or 0 if form.instance.pk else None
        officers = list(form.cleaned_data["officers"])
        return save_activity(form.instance, officers, by=self.request.user, expected=expected)

    def save_once(self, form: Any) -> str:
        """The activity first; then each photo by itself, so that a bad one costs nothing else."""
        location = super().save_once(form)  # type: ignore[misc]
        activity = getattr(self, "object", None)
        if activity is not None and activity.pk:
            for words in attach_photos(activity, form.cleaned_data["photos"], by=self.request.user):
                messages.warning(self.request, f"活动已保存，但这张照片没有收下：{words}")
        return location


class ActivityCreateView(ActivityFormMixin, views.CreateView):
    title = "登记活动"
    success_message = "活动已登记。"

    def get_initial(self) -> dict[str, Any]:
        """What the page before knew, or everything but the day of an activity that is held once more."""
        again = self.request.GET.get("again", "")
        if again.isascii() and again.isdigit() and len(again) < 18:
            before = Activity.objects.permitted(self.request.user).filter(pk=again).values(*AGAIN).first()
            return {name: value for name, value in (before or {}).items() if value is not None}
        return {name: self.request.GET[name] for name in STARTING if self.request.GET.get(name)}

    def get_cancel_url(self) -> str:
        return LIST[1]


class ActivityUpdateView(ActivityFormMixin, views.UpdateView):
    pass


class ActivityDeleteView(views.DeleteView):
    model = Activity
    queryset = Activity.objects.select_related(*RELATED)
    crumbs = [LIST]

    def get_consequences(self) -> list[str]:
        return ["这条活动记录和它的照片不再显示，也不再计入统计；删除会留在审计日志里。", "只有登记有误的才删除。"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        delete_activity(self.get_object(), by=request.user)
        messages.success(request, self.success_message)
        return redirect(LIST[1])
