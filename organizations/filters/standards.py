import datetime as dt

import django_filters
from django.db.models import Q
from django.utils import timezone

from organizations.models import Answer, Area, Check, Level, Standard
from organizations.services.standards import of_present_rows
from portal.kit.filters import FilterSet

SOON = dt.timedelta(days=30)


class StandardFilterSet(FilterSet):
    search_fields = ("name", "code")

    class Meta:
        model = Standard
        fields = ["applies_to"]


class CheckFilterSet(FilterSet):
    """`fails` and `asked` name an item by its wording: those that lack it, those of whom it was asked."""

    search_fields = ("object_name",)
    standard = django_filters.ModelChoiceFilter(
        field_name="version_checked__standard", queryset=Standard.objects.all(), label="标准"
    )
    status = django_filters.ChoiceFilter(choices=Check.Status.choices, label="状态")
    passed = django_filters.ChoiceFilter(choices=[("yes", "达标"), ("no", "未达标")], label="结论", method="by_result")
    area = django_filters.ModelChoiceFilter(
        queryset=Area.objects.exclude(level=Level.VILLAGE), label="区划", method="in_area"
    )
    due = django_filters.ChoiceFilter(
        choices=[("over", "已到期"), ("soon", "30 天内到期")], label="复查", method="by_recheck"
    )
    latest = django_filters.ChoiceFilter(choices=[("yes", "每个对象最新一次")], label="范围", method="only_latest")
    fails = django_filters.CharFilter(label="未达到的要求", method="that_fail")
    asked = django_filters.CharFilter(label="核查过的要求", method="that_were_asked")

    class Meta:
        model = Check
        fields = ["standard", "status", "passed", "area", "due", "latest", "fails", "asked"]

    def by_result(self, queryset, name, value):
        return queryset.done().filter(passed=value == "yes")

    def in_area(self, queryset, name, value):
        return queryset.in_area(value)

    def by_recheck(self, queryset, name, value):
        """The last check of each row that is still in being, whose day to look again has come or comes soon."""
        today = timezone.localdate()
        day = Q(recheck_on__lte=today) if value == "over" else Q(recheck_on__gt=today, recheck_on__lte=today + SOON)
        return of_present_rows(queryset.done().latest()).filter(day)

    def only_latest(self, queryset, name, value):
        return of_present_rows(queryset.done().latest())

    def that_fail(self, queryset, name, value):
        answers = Answer.objects.filter(wording=value, verdict=Answer.Verdict.UNMET)
        return queryset.done().filter(pk__in=answers.values("inspection"))

    def that_were_asked(self, queryset, name, value):
        answers = Answer.objects.filter(wording=value).exclude(verdict=Answer.Verdict.NOT_APPLICABLE)
        return queryset.done().filter(pk__in=answers.values("inspection"))
