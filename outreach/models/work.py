"""Demonstrations as a process, activities and meetings, duty posts of officials."""

import datetime as dt
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from organizations.models import Level, Membership, Organization, Placed, PlacedDatedQuerySet, PlacedQuerySet
from outreach.models.places import Award, Brand, Site, Station
from portal.kit.models import Dated


class DemonstrationQuerySet(PlacedQuerySet):
    def named(self, on: dt.date | None = None) -> Self:
        """Titles that were held on `on`; one does not outlive the site, station or organization that holds it."""
        on = on or timezone.localdate()
        held = self.filter(named_on__lte=on).filter(Q(withdrawn_on=None) | Q(withdrawn_on__gt=on))
        for name in ("site", "station", "organization"):
            held = held.filter(Q(**{f"{name}__until": None}) | Q(**{f"{name}__until__gte": on}))
        return held

    def review_overdue(self, on: dt.date | None = None) -> Self:
        """Titles held on `on` whose yearly review should have been before it."""
        return self.named(on).filter(next_review_on__lt=on or timezone.localdate())


class Demonstration(Placed):
    """示范创建 of a site, station or organization: applied → building → inspected (七有) → named → reviewed yearly → withdrawn."""

    class State(models.TextChoices):
        APPLIED = "applied", "已申报"
        BUILDING = "building", "创建中"
        INSPECTED = "inspected", "已验收"
        NAMED = "named", "已命名"
        WITHDRAWN = "withdrawn", "已撤销"

    NEXT = {
        State.APPLIED: (State.BUILDING, State.WITHDRAWN), State.BUILDING: (State.INSPECTED, State.WITHDRAWN),
        State.INSPECTED: (State.NAMED, State.BUILDING, State.WITHDRAWN), State.NAMED: (State.WITHDRAWN,), State.WITHDRAWN: (),
    }  # fmt: skip

    site = models.ForeignKey(
        Site, models.PROTECT, null=True, blank=True, related_name="demonstrations", verbose_name="阵地"
    )
    station = models.ForeignKey(
        Station, models.PROTECT, null=True, blank=True, related_name="demonstrations", verbose_name="联络站点"
    )
    organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, blank=True, related_name="demonstrations", verbose_name="组织"
    )
    award = models.CharField(
        "示范级别", max_length=12, choices=[c for c in Award.choices if c[0]], default=Award.COUNTY
    )
    state = models.CharField("状态", max_length=10, choices=State, default=State.APPLIED, editable=False)
    applied_on = models.DateField("申报日期", default=timezone.localdate)
    named_on = models.DateField("命名日期", null=True, editable=False)
    named_by = models.CharField("命名单位", max_length=60, blank=True, editable=False)
    withdrawn_on = models.DateField("撤销日期", null=True, editable=False)
    withdrawn_reason = models.CharField("撤销原因", max_length=200, blank=True, editable=False)
    next_review_on = models.DateField("下次复查日期", null=True, editable=False)

    objects = DemonstrationQuerySet.as_manager()

    class Meta:
        ordering = ["area__tree_code", "-applied_on", "pk"]
        verbose_name = verbose_name_plural = "示范创建"
        permissions = [("name_demonstration", "可以验收、命名、复查和撤销示范")]
        constraints = [
            models.CheckConstraint(
                condition=Q(site__isnull=False, station=None, organization=None)
                | Q(site=None, station__isnull=False, organization=None)
                | Q(site=None, station=None, organization__isnull=False),
                name="demonstration_of_one_thing",
                violation_error_message="请在阵地、联络站点、组织中选择一项，且只选一项。",
            ),
            models.CheckConstraint(
                condition=~Q(state="named") | Q(named_on__isnull=False), name="demonstration_named_has_a_day",
                violation_error_message="命名必须有日期。",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_on=None) | ~Q(withdrawn_reason=""), name="demonstration_withdrawn_has_a_reason",
                violation_error_message="撤销必须写明原因。",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["area", "named_on"]), models.Index(fields=["state", "next_review_on"])]

    def __str__(self):
        return f"{self.subject}（示范创建）"

    def get_absolute_url(self):
        return reverse("outreach:demonstration_detail", args=[self.pk])

    @property
    def subject(self) -> Any:
        """The site, station or organization that is built up."""
        return self.site or self.station or self.organization


class DemonstrationStep(models.Model):
    """One step of a demonstration: who moved it on, when, with what words. Never changed."""

    STATES = (*Demonstration.State.choices, ("reviewed", "年度复查"))

    demonstration = models.ForeignKey(Demonstration, models.PROTECT, related_name="steps", verbose_name="示范创建")
    state = models.CharField("进到", max_length=10, choices=STATES)
    on = models.DateField("日期")
    kept = models.BooleanField("复查保留", default=True)
    words = models.CharField("说明", max_length=300, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name="办理人")
    at = models.DateTimeField("办理时间", auto_now_add=True)

    class StepQuerySet(PlacedQuerySet):
        area_lookup = "demonstration__area"
        unit_lookup = "demonstration__unit"

    objects = StepQuerySet.as_manager()

    class Meta:
        ordering = ["demonstration", "on", "pk"]
        default_permissions = ("view",)
        verbose_name = verbose_name_plural = "示范创建步骤"

    def __str__(self):
        return f"{self.demonstration}·{self.get_state_display()}"


class ActivityQuerySet(PlacedQuerySet):
    def within(self, first: dt.date, last: dt.date) -> Self:
        """Activities held from `first` to `last`, both days included."""
        return self.filter(on__gte=first, on__lte=last)


class Activity(Placed):
    """Something that was held: when, where, of what kind, with how many people. Only officers of organizations are named."""

    class Kind(models.TextChoices):
        STUDY = "study", "学习"
        TRAINING = "training", "培训"
        FELLOWSHIP = "fellowship", "联谊"
        VISIT = "visit", "走访"
        SERVICE = "service", "服务"
        MEETING = "meeting", "会议"
        LEADING_GROUP = "leading_group", "领导小组会"
        PROGRESS = "progress", "推进会"
        ON_SITE = "on_site", "现场会"
        HEARING = "hearing", "常委会听取汇报"

    MEETINGS = (Kind.MEETING, Kind.LEADING_GROUP, Kind.PROGRESS, Kind.ON_SITE, Kind.HEARING)
    ABOVE_VILLAGES = (Kind.LEADING_GROUP, Kind.PROGRESS, Kind.ON_SITE, Kind.HEARING)
    # what the assessment counts besides the number of activities (outreach/measures.py)
    STUDIES = (Kind.STUDY, Kind.TRAINING)
    SPECIAL_MEETINGS = (Kind.MEETING, Kind.LEADING_GROUP)

    kind = models.CharField("类别", max_length=15, choices=Kind)
    theme = models.CharField("主题", max_length=100)
    on = models.DateField("日期", default=timezone.localdate)
    station = models.ForeignKey(
        Station, models.PROTECT, null=True, blank=True, related_name="activities", verbose_name="联络站点"
    )
    site = models.ForeignKey(
        Site, models.PROTECT, null=True, blank=True, related_name="activities", verbose_name="阵地"
    )
    organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, blank=True, related_name="activities", verbose_name="组织"
    )
    brand = models.ForeignKey(
        Brand, models.PROTECT, null=True, blank=True, related_name="activities", verbose_name="所属服务品牌"
    )
    place = models.CharField("地点", max_length=100, blank=True, help_text="不在登记的站点、阵地时填写")
    head_count = models.PositiveIntegerField("参加人数", default=0, help_text="只记人数，不记参加人姓名")
    officers = models.ManyToManyField(
        Membership, blank=True, related_name="activities", verbose_name="参加的组织负责人",
        help_text="只能选花名册上的负责人；其他人只计人数",
    )  # fmt: skip
    summary = models.TextField("内容摘要", max_length=1000, blank=True)

    objects = ActivityQuerySet.as_manager()

    class Meta:
        ordering = ["-on", "-pk"]
        verbose_name = verbose_name_plural = "活动与会议"
        indexes = [models.Index(fields=["area", "on"]), models.Index(fields=["on"])]

    def __str__(self):
        return self.theme

    def get_absolute_url(self):
        return reverse("outreach:activity_detail", args=[self.pk])

    @property
    def counted_as(self) -> list[str]:
        """What the figures of its quarter count it as; an activity of the county itself counts for no unit."""
        if self.unit is None and self.area.level == Level.COUNTY:
            return ["县（市）的会议和活动"]
        whose = "主管单位" if self.unit else "乡镇" if self.area.level == Level.TOWNSHIP else "本村（社区）和所属乡镇"
        words = [f"{whose}的活动场次"]
        words += ["集中学习"] if self.kind in self.STUDIES else []
        words += ["走访"] if self.kind == self.Kind.VISIT else []
        if self.kind in self.SPECIAL_MEETINGS and (self.unit or self.area.level == Level.TOWNSHIP):
            words.append("专题研究统战工作")
        return words

    @property
    def counts_for(self) -> list[str]:
        """What this record counts for, in words."""
        words = [f"{self.on.year} 年第 {(self.on.month + 2) // 3} 季度：{'、'.join(self.counted_as)}"]
        words += [f"{self.brand}的活动记录"] if self.brand else []
        words += [f"{self.organization}的活动记录"] if self.organization else []
        words += [f"{place}的活动记录" for place in (self.station, self.site) if place]
        return words


class DutyPost(Placed, Dated):
    """责任网络: a post that an official holds for an area, so that "who answers for this here" has an answer."""

    class Network(models.TextChoices):
        UNITED_FRONT = "united_front", "统战工作网络"
        AFFAIRS = "affairs", "民族宗教工作网络"

    network = models.CharField("网络", max_length=15, choices=Network)
    post = models.CharField("责任岗位", max_length=50, help_text="例如 第一责任人、专干、网格员")
    official = models.CharField("任岗干部", max_length=30, help_text="姓名；只登记干部")
    position = models.CharField("现任职务", max_length=60, blank=True)

    objects = PlacedDatedQuerySet.as_manager()

    class Meta(Dated.Meta):
        ordering = ["area__tree_code", "network", "pk"]
        verbose_name = verbose_name_plural = "责任岗位"
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(
                fields=["area", "network", "post", "official"], condition=Q(until=None), name="duty_post_once",
                violation_error_message="这个岗位已登记了这名干部。",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["area", "network"])]

    def __str__(self):
        return f"{self.area}·{self.get_network_display()}·{self.post}"

    def get_absolute_url(self):
        return reverse("outreach:dutypost_detail", args=[self.pk])
