"""The register of grassroots organizations: list, one organization with all that is known of it, its life."""

from collections.abc import Iterator
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views import generic

from organizations.filters.organizations import OrganizationFilterSet, area_words
from organizations.forms import organizations as forms
from organizations.models import Organization
from organizations.services import organizations as services
from organizations.services.standards import standings
from organizations.services.timelines import KINDS, OrganizationRecord
from organizations.tables.organizations import (
    ELECTION,
    NEVER_CONFIRMED,
    STALENESS,
    OrganizationTable,
    election_tone,
    staleness,
)
from portal.kit import views

REGISTER = ("基层统战组织", "/organizations/organizations/")
EVENTS_SHOWN, ROSTER_SHOWN = 60, 30


class OrganizationListView(views.ListView):
    model = Organization
    queryset = Organization.objects.select_related("area__parent")
    table_class = OrganizationTable
    filterset_class = OrganizationFilterSet
    crumbs = [("组织与阵地", None)]
    empty_title = "没有符合条件的组织"
    empty_hint = "请放宽筛选条件；组织还没有登记的，请新增。"

    def get_actions(self) -> list[views.Button]:
        if not self.may("add"):
            return []
        return [{"label": "新增组织", "url": reverse("organizations:organization_create"), "primary": True}]

    def get_empty_action(self) -> tuple[str, str] | None:
        return ("新增组织", reverse("organizations:organization_create")) if self.may("add") else None


class OrganizationDetailView(views.ScopedMixin, generic.DetailView):
    """Basics, roster, required posts, checks, files and everything that happened."""

    model = Organization
    queryset = Organization.objects.select_related("area__parent", "unit")
    template_name = "organizations/organization_detail.html"
    crumbs = [("组织与阵地", None), REGISTER]

    def get_queryset(self) -> Any:
        return services.with_title(super().get_queryset(), timezone.localdate())

    def get_title(self) -> str:
        return self.object.name

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        organization, known = self.object, OrganizationRecord(self.object)
        chosen = self.request.GET.get("kind", "")
        chosen = chosen if chosen in KINDS else ""
        events = known.events(chosen)
        shown = len(events) if self.request.GET.get("all") else EVENTS_SHOWN
        reach = self.request.user.reach("organizations.change_organization")
        stale = staleness(known.verified_on, known.on)
        due = "" if organization.until else election_tone(organization.next_election_on, timezone.localdate())
        return super().get_context_data(
            known=known, fields=list(_fields(organization, known)), standings=standings(organization),
            roster=known.roster[:ROSTER_SHOWN], roster_url=_roster_url(organization),
            verified=known.verified_on or NEVER_CONFIRMED, verified_tone=stale, verified_note=STALENESS[stale],
            election_tone=due or "grey", election_note=ELECTION[due],
            events=events[:shown], hidden_events=len(events) - len(events[:shown]), kind=chosen, kinds=KINDS.items(),
            can_change=reach.covers(organization.area.tree_code) or organization.unit_id in reach.units, **kwargs,
        )  # fmt: skip


class OrganizationCreateView(views.CreateView):
    model = Organization
    form_class = forms.FoundForm
    template_name = "organizations/organization_form.html"
    crumbs = [("组织与阵地", None), REGISTER]
    title = "新增组织"
    success_message = "组织已新增，请接着登记花名册。"

    def get_initial(self) -> dict[str, Any]:
        """A list of blind spots links here with the area and the kind that is missing there."""
        return {name: self.request.GET[name] for name in ("area", "kind") if name in self.request.GET}

    def perform(self, form: Any) -> Organization:
        return services.save_organization(form.instance, by=self.request.user)

    def get_cancel_url(self) -> str:
        return REGISTER[1]


class OrganizationUpdateView(views.UpdateView):
    model = Organization
    queryset = Organization.objects.select_related("area__parent", "unit")
    form_class = forms.ChangeForm
    template_name = "organizations/organization_form.html"
    crumbs = [("组织与阵地", None), REGISTER]

    def perform(self, form: Any) -> Organization:
        values = form.cleaned_data
        return services.save_organization(
            form.instance, by=self.request.user, expected=values.get("version") or 0, reason=values["reason"]
        )


class OrganizationDissolveView(views.UpdateView):
    model = Organization
    queryset = Organization.objects.select_related("area")
    form_class = forms.DissolveForm
    template_name = "organizations/organization_dissolve.html"
    crumbs = [("组织与阵地", None), REGISTER]
    submit_label = "撤销组织"
    success_message = "组织已撤销。如有误，可以点“恢复”撤回。"

    def get_title(self) -> str:
        return f"撤销{self.object}"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        members = list(services.ended_by(self.object, timezone.localdate()))
        return super().get_context_data(members=members, **kwargs)

    def perform(self, form: Any) -> Organization:
        values = form.cleaned_data
        return services.dissolve(
            form.instance, on=values["on"], reason=values["reason"], by=self.request.user,
            expected=values.get("version") or 0,
        )  # fmt: skip


class OrganizationRestoreView(views.UpdateView):
    model = Organization
    queryset = Organization.objects.select_related("area")
    form_class = forms.RestoreForm
    template_name = "organizations/organization_restore.html"
    crumbs = [("组织与阵地", None), REGISTER]
    submit_label = "恢复组织"
    success_message = "组织已恢复。"

    def get_title(self) -> str:
        return f"恢复{self.object}"

    def perform(self, form: Any) -> Organization:
        values = form.cleaned_data
        return services.restore(
            form.instance, reason=values["reason"], by=self.request.user, expected=values.get("version") or 0
        )


def _fields(organization: Organization, known: OrganizationRecord) -> Iterator[tuple[str, Any, str | None]]:
    """(label, value, url) of what the page says of it first."""
    area, unit = organization.area, organization.unit
    yield "类别", organization.get_kind_display(), None
    yield "所在区划", area_words(area), area.get_absolute_url()
    if known.former_places:
        yield "原所在区划", "；".join(known.former_places), None
    if unit:
        yield "主管单位", unit.name, unit.get_absolute_url()
    if title := organization.title_held:  # type: ignore[attr-defined]  # annotated by with_title
        words = f"{title['award']}示范组织（{title['on']}，{title['by']}）"
        yield "示范称号", words, reverse("outreach:demonstration_detail", args=[title["pk"]])
    yield "成立日期", organization.since, None
    if organization.until:
        yield "撤销日期", organization.until, None
    yield "工作领域", organization.get_fields_of_work_display(), None
    for name in ("registration_number", "registered_on", "term_number", "term_since", "charter_on", "note"):
        yield str(organization._meta.get_field(name).verbose_name), getattr(organization, name), None


def _roster_url(organization: Organization) -> str:
    try:
        return reverse("organizations:roster", args=[organization.pk])
    except NoReverseMatch:
        return ""
