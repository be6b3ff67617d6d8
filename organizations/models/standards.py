"""Standards (八有, 七有, 四有): check lists with versions, and checks that keep the wording they answered."""

import datetime as dt
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from organizations.models.areas import Area
from organizations.models.attachments import About, AboutQuerySet
from portal.kit.models import Dated, DatedQuerySet, Versioned
from portal.kit.scope import ScopedQuerySet

SHARED_DOWN = Q()  # a county's lists are read by everyone below it


class Standard(Versioned):
    """A check list of a county for one kind of register row."""

    class AppliesTo(models.TextChoices):
        ORGANIZATION = "organizations.organization", "基层统战组织"
        SITE = "outreach.site", "阵地"
        STATION = "outreach.station", "联络站点"
        BRAND = "outreach.brand", "服务品牌"

    area = models.ForeignKey(Area, models.PROTECT, related_name="standards", verbose_name="县（市）")
    code = models.SlugField("代号", max_length=30)
    name = models.CharField("名称", max_length=30)
    applies_to = models.CharField("适用于", max_length=30, choices=AppliesTo)
    recheck_months = models.PositiveSmallIntegerField("复查间隔（月）", default=12)

    class StandardQuerySet(ScopedQuerySet):
        shared_down = SHARED_DOWN

    objects = StandardQuerySet.as_manager()

    class Meta:
        ordering = ["area__tree_code", "pk"]
        verbose_name = verbose_name_plural = "标准"
        constraints = [
            models.UniqueConstraint(
                fields=["area", "code"], name="standard_code_once", violation_error_message="这个代号已用过。"
            )
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("organizations:standard_detail", args=[self.pk])


class StandardVersionQuerySet(DatedQuerySet):
    area_lookup = "standard__area"
    shared_down = SHARED_DOWN


class StandardVersion(Dated):
    """The wording of a standard over a time; never changed once a check has answered it."""

    standard = models.ForeignKey(Standard, models.PROTECT, related_name="versions", verbose_name="标准")
    number = models.PositiveSmallIntegerField("版次", default=1)
    reason = models.CharField("修订说明", max_length=200, blank=True)

    objects = StandardVersionQuerySet.as_manager()

    class Meta(Dated.Meta):
        ordering = ["standard", "-number", "pk"]
        default_permissions = ("view",)
        verbose_name = verbose_name_plural = "标准版本"
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(fields=["standard", "number"], name="standard_version_number_once"),
            models.UniqueConstraint(fields=["standard"], condition=Q(until=None), name="standard_version_one_current"),
        ]

    def __str__(self):
        return f"{self.standard}（第{self.number}版）"


class StandardItem(models.Model):
    """One line of a version: must it be met, does 是 need a file, does the register answer it by itself."""

    class Source(models.TextChoices):
        """What the register knows: names of organizations.standards_facts (each app adds its own)."""

        NONE = "", "人工核查"
        ROSTER = "roster", "花名册有在册成员"
        OFFICERS = "officers", "应配职务已配齐"
        CHARTER = "charter", "登记了章程"
        ACTIVITIES = "activities", "近一年有活动记录"
        VENUE = "venue", "有活动场所或活动室"
        PHOTO = "photo", "有照片"
        STANDING = "standing", "登记为正在使用的阵地"
        GOAL = "goal", "登记了目标"
        CARRIER = "carrier", "登记了载体"
        RESULTS = "results", "登记了成效"
        FEATURES = "features", "登记了特色"

    version = models.ForeignKey(StandardVersion, models.PROTECT, related_name="items", verbose_name="版本")
    number = models.PositiveSmallIntegerField("序号")
    wording = models.CharField("要求", max_length=100)
    must = models.BooleanField("必备项", default=True)
    evidence_required = models.BooleanField("须附材料", default=False)
    source = models.CharField("自动核查", max_length=12, choices=Source, blank=True, default="")

    class StandardItemQuerySet(ScopedQuerySet):
        area_lookup = "version__standard__area"
        shared_down = SHARED_DOWN

    objects = StandardItemQuerySet.as_manager()

    class Meta:
        ordering = ["version", "number", "pk"]
        default_permissions = ("view",)
        verbose_name = verbose_name_plural = "标准条目"
        constraints = [models.UniqueConstraint(fields=["version", "number"], name="standard_item_number_once")]

    def __str__(self):
        return self.wording


class CheckQuerySet(AboutQuerySet):
    def done(self) -> Self:
        return self.filter(status=Check.Status.DONE)

    def latest(self, on: dt.date | None = None) -> Self:
        """The last finished check of each row by each standard on `on`."""
        later = Check.objects.done().filter(
            register=models.OuterRef("register"), object_id=models.OuterRef("object_id"),
            version_checked__standard=models.OuterRef("version_checked__standard"), on__lte=on or timezone.localdate(),
        ).order_by("-on", "-pk")  # fmt: skip
        return self.filter(pk=models.Subquery(later.values("pk")[:1]))


class Check(About):
    """One row checked against one version of a standard, on a day."""

    class Status(models.TextChoices):
        DRAFT = "draft", "填写中"
        DONE = "done", "已完成"

    version_checked = models.ForeignKey(StandardVersion, models.PROTECT, related_name="checks", verbose_name="标准版本")
    object_name = models.CharField("核查对象", max_length=100, editable=False)
    on = models.DateField("核查日期", default=timezone.localdate)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="checks", verbose_name="核查人")
    status = models.CharField("状态", max_length=6, choices=Status, default=Status.DRAFT, editable=False)
    missing = models.PositiveSmallIntegerField("还差项数", default=0, editable=False)
    passed = models.BooleanField("达标", default=False, editable=False)
    recheck_on = models.DateField("到期复查日期", null=True, blank=True)

    objects = CheckQuerySet.as_manager()

    class Meta(About.Meta):
        ordering = ["-on", "-pk"]
        verbose_name = verbose_name_plural = "标准核查"
        indexes = [models.Index(fields=["register", "object_id", "-on"]), models.Index(fields=["recheck_on"])]

    def __str__(self):
        return f"{self.object_name}·{self.version_checked} {self.on}"

    def get_absolute_url(self):
        return reverse("organizations:check_detail", args=[self.pk])


class Answer(Versioned):
    """One item's answer, with the wording that it answered."""

    class Verdict(models.TextChoices):
        BLANK = "", "未核查"
        MET = "met", "达到"
        UNMET = "unmet", "未达到"
        NOT_APPLICABLE = "na", "不适用"

    # `check` would hide django.db.models.Model.check
    inspection = models.ForeignKey(Check, models.PROTECT, related_name="answers", verbose_name="核查")
    item = models.ForeignKey(StandardItem, models.PROTECT, related_name="answers", verbose_name="条目")
    wording = models.CharField("要求", max_length=100)
    verdict = models.CharField("结论", max_length=5, choices=Verdict, blank=True, default="")
    reason = models.CharField("说明", max_length=200, blank=True)
    automatic = models.BooleanField("由登记册自动核查", default=False, editable=False)
    words = models.CharField("登记册依据", max_length=200, blank=True, editable=False)

    class AnswerQuerySet(ScopedQuerySet):
        area_lookup = "inspection__area"
        unit_lookup = "inspection__unit"

    objects = AnswerQuerySet.as_manager()

    class Meta:
        ordering = ["inspection", "item__number", "pk"]
        default_permissions = ("view", "change")
        verbose_name = verbose_name_plural = "核查结论"
        constraints = [
            models.UniqueConstraint(fields=["inspection", "item"], name="answer_once"),
            models.CheckConstraint(
                condition=~Q(verdict="na") | ~Q(reason=""), name="answer_not_applicable_has_a_reason",
                violation_error_message="不适用必须写明原因。",
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.wording

    @property
    def placed(self) -> Check:
        """Where its files stand."""
        return self.inspection
