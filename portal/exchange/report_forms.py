"""What a report is asked for, as a form of exactly its questions."""

from typing import Any

from django import forms
from django.utils import timezone

from assessments.models import Quarter
from organizations.models import Area, Level
from portal.exchange.reports import Params, Report


class AreaField(forms.ModelChoiceField):
    def label_from_instance(self, area: Any) -> str:
        """A village with its township: two villages may have one name."""
        return f"{area.parent.name} {area.name}" if area.level == Level.VILLAGE else area.name


class ReportForm(forms.Form):
    """area: those that the report's permission reaches; on, quarter, year: today's, the newest."""

    def __init__(self, data: Any, report: Report, user: Any, **initial: Any):
        super().__init__(data, initial=initial)
        for name in report.asks:
            self.fields[name] = getattr(self, f"_{name}")(report, user)

    def params(self) -> Params:
        return Params(**self.cleaned_data)

    def _area(self, report: Report, user: Any) -> forms.Field:
        reach = user.reach(report.permission)
        areas = (
            Area.objects.permitted(user).filter(level__in=report.levels).select_related("parent").order_by("tree_code")
        )
        own = [area.pk for area in areas if reach.covers(area.tree_code)]
        words = "" if own else "您的授权不含整个区划，不能生成这张报表；需要时请联系县委统战部工作人员。"
        empty = None if len(own) == 1 else "请选择"
        return AreaField(areas.filter(pk__in=own), label="区划", empty_label=empty, help_text=words)

    def _on(self, report: Report, user: Any) -> forms.Field:
        widget = forms.DateInput({"type": "date"}, format="%Y-%m-%d")
        return forms.DateField(label="数据截至", initial=timezone.localdate, widget=widget)

    def _quarter(self, report: Report, user: Any) -> forms.Field:
        published = Quarter.objects.permitted(user).filter(publications__isnull=False).distinct()
        return forms.ModelChoiceField(
            published.select_related("scheme__area").order_by("-year", "-number"), label="季度", empty_label=None,
            help_text="只列出已公布的季度",
        )  # fmt: skip

    def _year(self, report: Report, user: Any) -> forms.Field:
        years = Quarter.objects.permitted(user).order_by("-year").values_list("year", flat=True).distinct()
        return forms.TypedChoiceField(label="年度", choices=[(year, f"{year} 年") for year in years], coerce=int)
