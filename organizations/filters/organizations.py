"""What the register of organizations can be asked; the same words for page, workbook and API."""

import datetime as dt
from typing import Any

import django_filters
from django import forms
from django.conf import settings
from django.db.models import Exists, Q, QuerySet
from django.utils import timezone

from organizations.models import Area, FieldOfWork, Level, Membership, Organization, Person
from organizations.services.organizations import described, lacking_posts, titles
from portal.kit.filters import DateInput, FilterSet, IdFilter

STATES = [("all", "含已撤销的"), ("ended", "只看已撤销的")]
STALE = [("fresh", "按期核实"), ("amber", "待核实"), ("red", "逾期未核实"), ("never", "从未核实")]
ELECTIONS = [("soon", "临近换届"), ("over", "逾期未换届"), ("unknown", "没有登记换届日期")]


def area_words(area: Area) -> str:
    """ "水坪镇 双桥村" for a village, the name for what is above; `parent` is loaded."""
    return f"{area.parent} {area}" if area.level == Level.VILLAGE else str(area)


class AreaIterator(django_filters.fields.ModelChoiceIterator):
    """Townships for who reads a county; their own villages too for who keeps no more than a township."""

    def __iter__(self) -> Any:
        if self.field.empty_label is not None:
            yield "", self.field.empty_label
        yield from map(self.choice, self._offered())

    def _offered(self) -> QuerySet:
        counties = Exists(self.queryset.filter(level=Level.COUNTY).order_by().values("pk")[:1])
        return self.queryset.filter(Q(level__lt=Level.VILLAGE) | ~counties)


class AreaSelect(forms.Select):
    """Shows the chosen area even where it is not offered: a village that a link named."""

    def optgroups(self, name: str, value: list[str], attrs: Any = None) -> list[Any]:
        groups = super().optgroups(name, value, attrs)
        chosen = value[0] if value else ""
        if chosen and not any(option["selected"] for _, options, _ in groups for option in options):
            field = self.choices.field
            if area := field.queryset.filter(pk=chosen).first():
                label = field.label_from_instance(area)
                groups.append((None, [self.create_option(name, area.pk, label, True, len(groups))], len(groups)))
        return groups


class AreaField(django_filters.fields.ModelChoiceField):
    widget = AreaSelect
    iterator = AreaIterator

    def label_from_instance(self, obj: Any) -> str:
        return area_words(obj) + (f"（{obj.until} 撤销）" if obj.until else "")


class AreaFilter(django_filters.ModelChoiceFilter):
    field_class = AreaField


class OrganizationFilterSet(FilterSet):
    """`on`: as the register stood at the end of that day; without it, today."""

    search_fields = ("name", "pinyin", "registration_number")
    area = AreaFilter(queryset=Area.objects.select_related("parent"), label="所在区划", method="standing_in")
    kind = django_filters.ChoiceFilter(choices=Organization.Kind.choices, label="类别")
    field = django_filters.ChoiceFilter(choices=FieldOfWork.choices, label="工作领域", method="of_field")
    stale = django_filters.ChoiceFilter(choices=STALE, label="花名册核实", method="by_staleness")
    election = django_filters.ChoiceFilter(choices=ELECTIONS, label="换届", method="by_election")
    posts = django_filters.ChoiceFilter(choices=[("lacking", "缺配")], label="应配职务", method="by_posts")
    title = django_filters.ChoiceFilter(choices=[("named", "示范组织")], label="示范称号", method="by_title")
    state = django_filters.ChoiceFilter(choices=STATES, label="状态", empty_label="在册", method="by_state")
    on = django_filters.DateFilter(label="统计日期", widget=DateInput, method="as_of")

    class Meta:
        model = Organization
        fields = ["area", "kind", "field", "stale", "election", "posts", "title", "state", "on"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        reach = self.request.user.reach("organizations.view_area") if self.request is not None else None
        if reach is not None and not (reach.everything or reach.codes):
            self.filters.pop("area")  # a grant on a single unit has no area to choose

    @property
    def day(self) -> dt.date:
        return self.form.cleaned_data.get("on") or timezone.localdate()

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        """Those in being on the day, unless the state asks for others."""
        queryset = super().filter_queryset(described(queryset, self.day))
        return queryset if self.form.cleaned_data.get("state") else queryset.in_force(self.day)

    def as_of(self, queryset: Any, name: str, value: dt.date) -> QuerySet:
        """What the day means stands in `filter_queryset` and in the other filters."""
        return queryset

    def standing_in(self, queryset: Any, name: str, value: Area) -> QuerySet:
        day = self.day
        return queryset.in_area(value) if day == timezone.localdate() else queryset.standing_in(value, day)

    def of_field(self, queryset: Any, name: str, value: str) -> QuerySet:
        return queryset.filter(fields_of_work__icontains=f",{value},")

    def by_election(self, queryset: Any, name: str, value: str) -> QuerySet:
        day = self.day
        soon = day + dt.timedelta(days=settings.ELECTION_NOTICE_DAYS)
        return {
            "soon": queryset.filter(next_election_on__gte=day, next_election_on__lte=soon),
            "over": queryset.filter(next_election_on__lt=day),
            "unknown": queryset.filter(next_election_on=None),
        }[value]

    def by_staleness(self, queryset: Any, name: str, value: str) -> QuerySet:
        """fresh: within the second limit; amber: past the first one; red: past the second one, or never confirmed."""
        amber = self.day - dt.timedelta(days=settings.ROSTER_AMBER_DAYS)
        red = self.day - dt.timedelta(days=settings.ROSTER_RED_DAYS)
        return {
            "fresh": queryset.filter(verified_on__gte=red),
            "amber": queryset.filter(verified_on__lt=amber, verified_on__gte=red),
            "red": queryset.filter(Q(verified_on__lt=red) | Q(verified_on=None)),
            "never": queryset.filter(verified_on=None),
        }[value]

    def by_posts(self, queryset: Any, name: str, value: str) -> QuerySet:
        return queryset.filter(lacking_posts(self.day))

    def by_title(self, queryset: Any, name: str, value: str) -> QuerySet:
        held = titles(self.day).exclude(organization=None)
        return queryset.filter(pk__in=held.order_by().values("organization"))

    def by_state(self, queryset: Any, name: str, value: str) -> QuerySet:
        known = queryset.filter(since__lte=self.day)
        return known.filter(until__lt=self.day) if value == "ended" else known


class PersonApiFilterSet(FilterSet):
    search_fields = ("name", "pinyin")
    area = django_filters.ModelChoiceFilter(queryset=Area.objects.all(), label="登记区划", method="in_area")

    class Meta:
        model = Person
        fields = ["area"]

    def in_area(self, queryset: Any, name: str, value: Area) -> QuerySet:
        return queryset.in_area(value)


class MembershipApiFilterSet(FilterSet):
    """`on`: those in post on that day; without it, every line of the rosters."""

    search_fields = ("person__name", "post")
    area = django_filters.ModelChoiceFilter(queryset=Area.objects.all(), label="区划", method="in_area")
    organization = IdFilter(label="组织")
    person = IdFilter(label="人员")
    on = django_filters.DateFilter(label="在任日期", method="in_force_on")

    class Meta:
        model = Membership
        fields = ["area", "organization", "person", "on"]

    def in_area(self, queryset: Any, name: str, value: Area) -> QuerySet:
        return queryset.in_area(value)

    def in_force_on(self, queryset: Any, name: str, value: dt.date) -> QuerySet:
        return queryset.in_force(value)
