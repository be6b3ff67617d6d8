"""What requests can be asked; the monthly list's figures are links into these same filters."""

import re
from typing import Any

import django_filters
from django import forms
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from organizations.filters.organizations import AreaFilter
from organizations.models import Area, Unit
from outreach.models import Holiday, Matter, Request, Support
from outreach.services.requests import IN_TIME, LATE, to_answer, to_lead
from portal.kit.filters import FilterSet, IdFilter

REFERENCE = re.compile(r"^(?:诉求)?[〔\[(（](\d{4})[〕\])）](\d{1,9})号?$")
ANSWERED = [("in_time", "按期答复"), ("late", "逾期答复"), ("no", "没有答复")]
YES = [("yes", "是")]
MINE = [("yes", "本单位待答复"), ("lead", "我牵头的，待答复")]
YEARS = 10  # offered
MONTHS = [(str(month), f"{month} 月") for month in range(1, 13)]


def units_that_handle(request: Any) -> QuerySet[Unit]:
    """The units to which the requests that the user sees were given; a township may name a county body here."""
    given = Request.objects.permitted(request.user).order_by().values("unit") if request else []
    return Unit.objects.filter(pk__in=given)


def years() -> list[tuple[str, str]]:
    """The running year and those before it; not the years that there are, which would tell of other counties."""
    running = timezone.localdate().year
    return [(str(year), f"{year} 年") for year in range(running, running - YEARS, -1)]


class MonthFilterSet(FilterSet):
    """The month of acceptance, the area."""

    year = django_filters.ChoiceFilter(choices=years, label="受理年份", method="in_year")
    month = django_filters.ChoiceFilter(choices=MONTHS, field_name="accepted_on__month", label="受理月份")
    area = AreaFilter(queryset=Area.objects.select_related("parent"), label="所在区划", method="in_area")

    class Meta:
        model = Request
        fields = ["year", "month", "area"]

    def in_area(self, queryset: Any, name: str, value: Area) -> QuerySet:
        return queryset.in_area(value)

    def in_year(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(accepted_on__year=value)


class RequestFilterSet(MonthFilterSet):
    search_fields = (
        "subject", "enterprise__name", "enterprise__pinyin", "organization__name", "organization__pinyin", "contact__name",
        "contact__pinyin",
    )  # fmt: skip
    state = django_filters.ChoiceFilter(choices=Request.State.choices, label="状态")
    unit = django_filters.ModelChoiceFilter(queryset=units_that_handle, label="承办单位", null_label="未转办")
    channel = django_filters.ChoiceFilter(choices=Request.Channel.choices, label="渠道")
    matter = django_filters.ChoiceFilter(choices=Matter.choices, label="事项")
    overdue = django_filters.ChoiceFilter(choices=YES, label="逾期未答复", method="is_overdue")
    open = django_filters.ChoiceFilter(choices=YES, label="未办结", method="is_open")
    answered = django_filters.ChoiceFilter(choices=ANSWERED, label="答复情况", method="was_answered")
    satisfaction = django_filters.ChoiceFilter(choices=Request.Satisfaction.choices[1:], label="满意度")
    outcome = django_filters.ChoiceFilter(
        choices=Request.Outcome.choices[1:], label="办理结果", widget=forms.HiddenInput
    )
    supported = django_filters.ChoiceFilter(
        choices=YES, label="有扶持资金", method="has_support", widget=forms.HiddenInput
    )
    escalated = django_filters.ChoiceFilter(choices=YES, label="已提请包片领导", method="is_escalated")
    mine = django_filters.ChoiceFilter(choices=MINE, label="我的待办", method="is_mine", widget=forms.HiddenInput)
    handler = IdFilter(label="牵头干部", widget=forms.HiddenInput)
    enterprise = IdFilter(label="企业", widget=forms.HiddenInput)
    organization = IdFilter(label="组织", widget=forms.HiddenInput)
    contact = IdFilter(label="联系对象", widget=forms.HiddenInput)

    class Meta:
        model = Request
        fields = [
            "state", "unit", "channel", "matter", "overdue", "open", "year", "month", "area", "answered", "satisfaction",
            "outcome", "supported", "escalated", "mine", "handler", "enterprise", "organization", "contact",
        ]  # fmt: skip

    def search(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """By its number as it is written too: 〔2026〕12号."""
        if found := REFERENCE.match(value.replace(" ", "")):
            return queryset.filter(year=found[1], number=found[2])
        return super().search(queryset, name, value)

    def is_overdue(self, queryset: Any, name: str, value: str) -> QuerySet:
        return queryset.overdue()

    def is_mine(self, queryset: Any, name: str, value: str) -> QuerySet:
        return queryset.filter({"yes": to_answer, "lead": to_lead}[value](self.request.user))

    def is_open(self, queryset: Any, name: str, value: str) -> QuerySet:
        return queryset.open()

    def was_answered(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter({"in_time": IN_TIME, "late": LATE, "no": Q(answered_on=None)}[value])

    def has_support(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(Exists(Support.objects.filter(request=OuterRef("pk")).order_by()))

    def is_escalated(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return queryset.filter(escalated_on__isnull=False)


def holiday_years() -> list[tuple[str, str]]:
    """The coming year too: its notice is out before it begins."""
    return [(str(timezone.localdate().year + 1), f"{timezone.localdate().year + 1} 年"), *years()]


class HolidayFilterSet(FilterSet):
    search_fields = ("name",)
    year = django_filters.ChoiceFilter(choices=holiday_years, field_name="on__year", label="年份")

    class Meta:
        model = Holiday
        fields = ["year"]
