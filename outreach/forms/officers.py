"""Choosing officers from the rosters: ticked ones, a search box that answers as one types, a button that does without scripts."""

from typing import Any

from django import forms

from organizations.filters.organizations import area_words
from organizations.models import Membership
from outreach.services.officers import find_officers, officers_for, with_names

GONE = "有的人员已离任、不是负责人，或者不在您的权限范围内，请重新选择。"
Choice = tuple[int, str, str, bool]  # (id, who, where, ticked)


def officer_fields() -> dict[str, forms.Field]:
    """The two fields, anew for each form."""
    officers = forms.ModelMultipleChoiceField(
        Membership.objects.all(), required=False, label="参加的组织负责人", help_text="只能选花名册上现任的负责人；其他人只计人数",
        error_messages={"invalid_choice": GONE, "invalid_pk_value": GONE},
    )  # fmt: skip
    return {"officers": officers, "officer_name": forms.CharField(required=False, max_length=50, label="查找负责人")}


class OfficersMixin:
    """A form with `officers` and `officer_name`; those whom the row names already stay, in office or not."""

    user: Any
    instance: Any
    initial: Any
    fields: Any
    is_bound: bool

    def add_officers(self, after: str) -> None:
        """Put the choice behind the field `after`, the number of all who came; call it at the end of `__init__`."""
        names, added = list(self.fields), officer_fields()
        place = names.index(after) + 1
        self.fields.update(added)
        self.order_fields([*names[:place], *added, *names[place:]])  # type: ignore[attr-defined]
        stored = list(self.instance.officers.values_list("pk", flat=True)) if self.instance.pk else []
        known = officers_for(self.user) | with_names(Membership.objects.filter(pk__in=stored))
        self.fields["officers"].queryset = known
        self.initial.setdefault("officers", stored)

    @property
    def officer_choices(self) -> list[Choice]:
        """The ticked ones first, then those that were looked for."""
        asked: Any = self["officers"].value() or []  # type: ignore[index]
        pks = [int(pk) for pk in asked if str(pk).isascii() and str(pk).isdigit() and len(str(pk)) < 18]
        ticked = list(self.fields["officers"].queryset.filter(pk__in=pks))
        words = "" if self.is_bound else str(self.initial.get("officer_name", ""))
        return choices_of(ticked, find_officers(self.user, words))


def choices_of(ticked: list[Membership], found: list[Membership]) -> list[Choice]:
    """What `_officers.html` draws."""
    known = {row.pk for row in ticked}
    return [*(_choice(row, True) for row in ticked), *(_choice(row, False) for row in found if row.pk not in known)]


def _choice(row: Membership, ticked: bool) -> Choice:
    organization = row.organization
    return row.pk, f"{row.person.name}（{row.post}）", f"{organization} · {area_words(organization.area)}", ticked
