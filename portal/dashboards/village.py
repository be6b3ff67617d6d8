"""Everything about one village on one screen."""

import datetime as dt
from functools import cached_property
from typing import Any

from organizations.coverage import Coverage
from organizations.ledger import Place
from organizations.measures import Item
from organizations.models import Area, Check, Membership, Organization
from outreach.models import Activity, DutyPost, Site, Station
from portal.dashboards.coverage import list_url
from portal.kit.models import in_force
from portal.kit.views import history_of


class VillagePage:
    """What stands in a village on a day, read through the user's own scope."""

    def __init__(self, area: Area, on: dt.date, user: Any):
        self.area, self.on, self.user = area, on, user
        self.coverage = Coverage(area, [on])

    @property
    def place(self) -> Place | None:
        """What the village was on the day; None where it did not exist."""
        return self.coverage.ledger.tree(self.on).get(self.area.pk)

    @property
    def is_frozen(self) -> bool:
        return self.coverage.is_frozen(self.on)

    @cached_property
    def goals(self) -> list[tuple[str, Item, str]]:
        """Title of each goal that concerns the village, with what it has and the list of it."""
        found = []
        for line in self.coverage.lines(self.on):
            own = [
                item for item in line.figure.items if item.register == "organizations.area" and item.pk == self.area.pk
            ]
            found += [(line.title, item, list_url(line.key, self.area.pk, self.on)) for item in own]
        return found

    def _standing(self, model: Any) -> Any:
        here = self.coverage.ledger.here(model._meta.label_lower, self.on)
        return model.objects.permitted(self.user).filter(here).in_force(self.on)

    @cached_property
    def organizations(self) -> list[Organization]:
        """With the number of members on the day and who is in charge."""
        found = list(self._standing(Organization).with_verified())
        members = Membership.objects.permitted(self.user).filter(in_force(self.on), organization__in=found)
        rows = list(members.order_by("-number").values_list("organization_id", "in_charge", "person__name"))
        heads = {pk: name for pk, in_charge, name in rows if in_charge}
        for organization in found:
            organization.members = sum(pk == organization.pk for pk, _, _ in rows)
            organization.head = heads.get(organization.pk, "")
        return found

    @cached_property
    def stations(self) -> list[Station]:
        return list(self._standing(Station).select_related("parent"))

    @cached_property
    def sites(self) -> list[Site]:
        return list(self._standing(Site))

    @cached_property
    def duties(self) -> list[DutyPost]:
        return list(self._standing(DutyPost))

    @cached_property
    def checks(self) -> list[Check]:
        checks = Check.objects.permitted(self.user).done().filter(area=self.area).latest(self.on)
        return list(checks.select_related("version_checked__standard"))

    @cached_property
    def activities(self) -> list[Activity]:
        """Of the calendar year up to the day."""
        here = self.coverage.ledger.here(Activity._meta.label_lower, self.on)
        held = Activity.objects.permitted(self.user).filter(here)
        return list(held.within(self.year_start, self.on))

    @property
    def year_start(self) -> dt.date:
        return self.on.replace(month=1, day=1)

    @property
    def people(self) -> int:
        """How many took part in them, counted each time."""
        return sum(activity.head_count for activity in self.activities)

    @property
    def versions(self) -> Any:
        return self.area.versions.select_related("change", "parent").order_by("-since")

    @property
    def history(self) -> Any:
        return history_of(self.area, 10)
