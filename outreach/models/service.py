"""Pairings, visits, requests, support, training: the service side of the work (domain.md, "Contacts and service")."""

import datetime as dt
from decimal import Decimal
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Exists, ExpressionWrapper, F, OuterRef, Q, Value
from django.urls import reverse
from django.utils import timezone

from organizations.models import Area, Membership, Organization, Placed, PlacedDatedQuerySet, PlacedQuerySet, Unit
from outreach.models.directory import Contact, Enterprise, Official, PublicRole
from portal.kit.models import Dated, Versioned
from portal.kit.scope import ScopedQuerySet


class Matter(models.TextChoices):
    """What a visit or a request is about: of the enterprise, the organization or the service, never of a person."""

    POLICY = "policy", "政策咨询"
    FINANCE = "finance", "融资贷款"
    LAND = "land", "用地用房"
    LABOUR = "labour", "用工招聘"
    TAXES = "taxes", "税费"
    PROJECT = "project", "项目审批"
    MARKET = "market", "市场和销路"
    LEGAL = "legal", "法律服务"
    EDUCATION = "education", "子女入学等公共服务"
    ORGANIZATION = "organization", "组织建设和活动"
    CONTACT = "contact", "日常联系"
    OTHER = "other", "其他"


class Whom(models.TextChoices):
    """The kinds that a wanted rhythm of visits is set for."""

    ENTERPRISE = "enterprise", "企业"
    ASSOCIATION = "association", "行业协会商会"
    ORGANIZATION_OFFICER = PublicRole.ORGANIZATION_OFFICER.value, PublicRole.ORGANIZATION_OFFICER.label
    ENTERPRISE_HEAD = PublicRole.ENTERPRISE_HEAD.value, PublicRole.ENTERPRISE_HEAD.label
    POST_HOLDER = PublicRole.POST_HOLDER.value, PublicRole.POST_HOLDER.label
    SERVICE_TAIWAN = PublicRole.SERVICE_TAIWAN.value, PublicRole.SERVICE_TAIWAN.label
    SERVICE_OVERSEAS = PublicRole.SERVICE_OVERSEAS.value, PublicRole.SERVICE_OVERSEAS.label


ONE_SIDE = Q(enterprise__isnull=False, contact=None) | Q(enterprise=None, contact__isnull=False)


class Pairing(Placed, Dated):
    """结对联系: an official with an enterprise or a contact, from a day. It stands where the other side stands."""

    class End(models.TextChoices):
        NONE = "", "—"
        HANDED_OVER = "handed_over", "移交其他干部"
        CLOSED = "closed", "企业注销或者迁出"
        ENDED = "ended", "结对期满"
        ERASED = "erased", "联系对象已删除"
        WRONG = "wrong", "登记有误"

    official = models.ForeignKey(Official, models.PROTECT, related_name="pairings", verbose_name="联系干部")
    enterprise = models.ForeignKey(
        Enterprise, models.PROTECT, null=True, blank=True, related_name="pairings", verbose_name="企业或协会"
    )
    contact = models.ForeignKey(
        Contact, models.PROTECT, null=True, blank=True, related_name="pairings", verbose_name="联系对象"
    )
    end = models.CharField("结束原因", max_length=12, choices=End, blank=True, default="", editable=False)

    objects = PlacedDatedQuerySet.as_manager()

    class Meta(Dated.Meta):
        ordering = ["official", "area__tree_code", "pk"]
        verbose_name = verbose_name_plural = "结对联系"
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(
                condition=ONE_SIDE, name="pairing_of_one_side",
                violation_error_message="请在企业（协会）和联系对象中选择一项，且只选一项。",
            ),
            models.UniqueConstraint(
                fields=["official", "enterprise"], condition=Q(until=None) & Q(enterprise__isnull=False), name="pairing_enterprise_once",
                violation_error_message="这名干部已经和这家企业（协会）结对。",
            ),
            models.UniqueConstraint(
                fields=["official", "contact"], condition=Q(until=None) & Q(contact__isnull=False), name="pairing_contact_once",
                violation_error_message="这名干部已经和这名联系对象结对。",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["enterprise", "until"]), models.Index(fields=["contact", "until"]),
            models.Index(fields=["official", "until"]), models.Index(fields=["area", "until"]),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.official}联系{self.target}"

    @property
    def audit_text(self) -> str:
        return f"{self.official}联系{getattr(self.target, 'audit_text', self.target)}"

    def get_absolute_url(self):
        return reverse("outreach:pairing_detail", args=[self.pk])

    @property
    def target(self) -> Any:
        """The enterprise or the contact."""
        return self.enterprise or self.contact


class VisitQuerySet(PlacedQuerySet):
    def done(self) -> Self:
        return self.filter(state=Visit.State.DONE)

    def within(self, first: dt.date, last: dt.date) -> Self:
        """Visits from `first` to `last`, both days included."""
        return self.filter(on__gte=first, on__lte=last)

    def with_readable_notes(self, user: Any) -> Self:
        """Annotate `notes_readable`: by the recorder, a visiting official's own account, and who holds read_visit_notes here."""
        reach = user.reach("outreach.read_visit_notes")
        if reach.everything:
            return self.annotate(notes_readable=Value(True))
        own = Visit.officials.through.objects.filter(visit=OuterRef("pk"), official__user=user.pk)
        readable = Q(by=user.pk) | Exists(own) | self._in_reach(reach, "read")
        return self.annotate(notes_readable=ExpressionWrapper(readable, output_field=models.BooleanField()))


class Visit(Placed):
    """走访: planned or done; by one official or several, to one side or several. It counts once for each of them.

    What was raised and promised is written of enterprises and organizations alone, never of a person (security.md 20).
    """

    class State(models.TextChoices):
        PLANNED = "planned", "计划"
        DONE = "done", "已走访"
        CANCELLED = "cancelled", "已取消"

    state = models.CharField("状态", max_length=10, choices=State, default=State.DONE)
    on = models.DateField("日期", default=timezone.localdate)
    officials = models.ManyToManyField(Official, related_name="visits", verbose_name="走访干部")
    enterprises = models.ManyToManyField(Enterprise, blank=True, related_name="visits", verbose_name="企业和协会")
    organizations = models.ManyToManyField(Organization, blank=True, related_name="visits", verbose_name="组织")
    contacts = models.ManyToManyField(Contact, blank=True, related_name="visits", verbose_name="联系对象")
    matter = models.CharField("事项", max_length=15, choices=Matter, default=Matter.CONTACT)
    raised = models.TextField("反映的情况", max_length=500, blank=True, help_text="只写企业、组织的事，不写个人情况")
    promised = models.TextField("承诺办理的事项", max_length=300, blank=True)
    next_on = models.DateField("下次走访日期", null=True, blank=True, help_text="到期前出现在待办里")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="visits_recorded",
        verbose_name="记录人",
    )

    objects = VisitQuerySet.as_manager()
    audit_private = frozenset({"raised", "promised"})

    class Meta:
        ordering = ["-on", "-pk"]
        verbose_name = verbose_name_plural = "走访"
        permissions = [("read_visit_notes", "可以查看走访情况")]
        constraints = [
            models.CheckConstraint(
                condition=Q(next_on=None) | Q(next_on__gt=F("on")), name="visit_next_is_later",
                violation_error_message="下次走访日期应晚于这次走访日期。",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["area", "on"]),
            models.Index(fields=["state", "on"]),
            models.Index(fields=["next_on"]),
        ]

    def __str__(self):
        return f"{self.on} {self.get_matter_display()}走访"

    def clean(self) -> None:
        """What `visit_next_is_later` holds, said beside its field."""
        super().clean()
        if self.next_on and self.on and self.next_on <= self.on:
            raise ValidationError({"next_on": "下次走访日期应晚于这次走访日期。"})

    def get_absolute_url(self):
        return reverse("outreach:visit_detail", args=[self.pk])


class Rhythm(Versioned):
    """The wanted rhythm of visits in a county: at least one in so many months, by kind."""

    area = models.ForeignKey(Area, models.PROTECT, related_name="rhythms", verbose_name="县（市）")
    whom = models.CharField("对象", max_length=25, choices=Whom)
    months = models.PositiveSmallIntegerField(
        "间隔月数", validators=[MinValueValidator(1)], help_text="至少每几个月走访一次"
    )

    class RhythmQuerySet(ScopedQuerySet):
        shared_down = Q()

    objects = RhythmQuerySet.as_manager()

    class Meta:
        ordering = ["area", "pk"]
        verbose_name = verbose_name_plural = "走访频次"
        constraints = [
            models.UniqueConstraint(
                fields=["area", "whom"], name="rhythm_once", violation_error_message="这类对象的走访频次已经设定。"
            ),
            models.CheckConstraint(
                condition=Q(months__gte=1, months__lte=36), name="rhythm_in_months", violation_error_message="应在 1 到 36 个月之间。"
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.get_whom_display()}每 {self.months} 个月"

    def get_absolute_url(self):
        return reverse("outreach:rhythm_list")


class Holiday(Versioned):
    """A day that is worked or not, above what the library of working days knows; written when the State Council's notice comes."""

    area = models.ForeignKey(Area, models.PROTECT, related_name="holidays", verbose_name="县（市）")
    on = models.DateField("日期")
    works = models.BooleanField("上班", default=False, help_text="调休上班的勾选；放假的不勾")
    name = models.CharField("名称", max_length=30, help_text="例如 国庆节、国庆节调休上班")

    class HolidayQuerySet(ScopedQuerySet):
        shared_down = Q()

    objects = HolidayQuerySet.as_manager()

    class Meta:
        ordering = ["area", "-on"]
        verbose_name = verbose_name_plural = "节假日安排"
        constraints = [
            models.UniqueConstraint(
                fields=["area", "on"], name="holiday_once", violation_error_message="这一天已经安排。"
            )
        ]

    def __str__(self):
        return f"{self.on} {self.name}"

    def get_absolute_url(self):
        return reverse("outreach:holiday_list")


class RequestQuerySet(PlacedQuerySet):
    def open(self) -> Self:
        """Requests that are not closed."""
        return self.exclude(state=Request.State.CLOSED)

    def awaiting_answer(self) -> Self:
        return self.filter(state__in=[Request.State.ACCEPTED, Request.State.HANDED_OVER])

    def overdue(self, on: dt.date | None = None) -> Self:
        """Requests without an answer whose last day has gone by."""
        return self.awaiting_answer().filter(due_on__lt=on or timezone.localdate())


class Request(Placed):
    """诉求: accepted → handed over → answered → call-back → closed, or re-opened. `unit` is the body that handles it now.

    Re-opening keeps the clock: the due date stays what it was.
    """

    class Channel(models.TextChoices):
        ONLINE = "online", "线上"
        OFFLINE = "offline", "线下"

    class State(models.TextChoices):
        ACCEPTED = "accepted", "已受理"
        HANDED_OVER = "handed_over", "承办中"
        ANSWERED = "answered", "已答复待回访"
        CALLED_BACK = "called_back", "已回访待办结"
        CLOSED = "closed", "已办结"

    class Satisfaction(models.TextChoices):
        NONE = "", "—"
        SATISFIED = "satisfied", "满意"
        FAIRLY = "fairly", "基本满意"
        NOT = "not", "不满意"

    class Outcome(models.TextChoices):
        NONE = "", "—"
        SOLVED = "solved", "已解决"
        PARTLY = "partly", "部分解决"
        EXPLAINED = "explained", "已作解释说明"
        PASSED_ON = "passed_on", "已向上级反映"

    year = models.PositiveSmallIntegerField("年份", editable=False)
    number = models.PositiveIntegerField("编号", editable=False)
    channel = models.CharField("渠道", max_length=8, choices=Channel, default=Channel.OFFLINE)
    enterprise = models.ForeignKey(
        Enterprise, models.PROTECT, null=True, blank=True, related_name="requests", verbose_name="企业或协会"
    )
    organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, blank=True, related_name="requests", verbose_name="组织"
    )
    contact = models.ForeignKey(
        Contact, models.PROTECT, null=True, blank=True, related_name="requests", verbose_name="联系对象"
    )
    matter = models.CharField("事项", max_length=15, choices=Matter)
    subject = models.CharField("诉求内容", max_length=200, help_text="只写要办的事，不写个人情况，不写电话和证件号码")
    details = models.TextField("具体情况", max_length=1000, blank=True)
    handler = models.ForeignKey(
        Official, models.PROTECT, null=True, blank=True, related_name="requests", verbose_name="牵头干部"
    )
    accepted_on = models.DateField("受理日期", default=timezone.localdate)
    due_on = models.DateField("办理期限", editable=False)
    state = models.CharField("状态", max_length=12, choices=State, default=State.ACCEPTED, editable=False)
    answered_on = models.DateField("答复日期", null=True, editable=False)
    answer = models.TextField("答复内容", max_length=1000, blank=True, editable=False)
    called_back_on = models.DateField("回访日期", null=True, editable=False)
    satisfaction = models.CharField(
        "满意度", max_length=10, choices=Satisfaction, blank=True, default="", editable=False
    )
    outcome = models.CharField("办理结果", max_length=10, choices=Outcome, blank=True, default="", editable=False)
    closed_on = models.DateField("办结日期", null=True, editable=False)
    reopened = models.PositiveSmallIntegerField("重新办理次数", default=0, editable=False)
    escalated_on = models.DateField("提请包片领导日期", null=True, editable=False)

    objects = RequestQuerySet.as_manager()

    class Meta:
        ordering = ["-year", "-number", "-pk"]
        verbose_name = verbose_name_plural = "诉求"
        permissions = [
            ("hand_over_request", "可以转办诉求"), ("answer_request", "可以答复诉求"), ("close_request", "可以回访、办结和重新办理诉求"),
        ]  # fmt: skip
        constraints = [
            models.CheckConstraint(
                condition=Q(enterprise__isnull=False, organization=None, contact=None)
                | Q(enterprise=None, organization__isnull=False, contact=None)
                | Q(enterprise=None, organization=None, contact__isnull=False),
                name="request_from_one_side",
                violation_error_message="请在企业（协会）、组织、联系对象中选择一项，且只选一项。",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["answered", "called_back", "closed"]) | Q(answered_on__isnull=False) & ~Q(answer=""),
                name="request_answered_is_whole", violation_error_message="答复必须有日期和内容。",
            ),
            models.CheckConstraint(
                condition=~Q(state="closed") | Q(closed_on__isnull=False) & ~Q(outcome=""), name="request_closed_is_whole",
                violation_error_message="办结必须有日期和办理结果。",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["area", "accepted_on"]), models.Index(fields=["state", "due_on"]),
            models.Index(fields=["unit", "state"]), models.Index(fields=["year", "number"]),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.reference} {self.subject}"

    @property
    def reference(self) -> str:
        """Its number as it is written: "诉求〔2026〕12号"."""
        return f"诉求〔{self.year}〕{self.number}号"

    @property
    def source(self) -> Any:
        """Whose request it is."""
        return self.enterprise or self.organization or self.contact

    def get_absolute_url(self):
        return reverse("outreach:request_detail", args=[self.pk])


class RequestStep(models.Model):
    """One step of a request: who did what, when, from which unit to which. Never changed."""

    class Act(models.TextChoices):
        ACCEPTED = "accepted", "受理"
        HANDED_OVER = "handed_over", "转办"
        ANSWERED = "answered", "答复"
        CALLED_BACK = "called_back", "回访"
        CLOSED = "closed", "办结"
        REOPENED = "reopened", "重新办理"
        ESCALATED = "escalated", "提请包片领导"

    request = models.ForeignKey(Request, models.PROTECT, related_name="steps", verbose_name="诉求")
    act = models.CharField("步骤", max_length=12, choices=Act)
    on = models.DateField("日期", default=timezone.localdate)
    from_unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+", verbose_name="由")
    to_unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="+", verbose_name="转给")
    words = models.CharField("说明", max_length=1000, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name="办理人")
    at = models.DateTimeField("办理时间", auto_now_add=True)

    class RequestStepQuerySet(PlacedQuerySet):
        area_lookup = "request__area"
        unit_lookup = "request__unit"

    objects = RequestStepQuerySet.as_manager()

    class Meta:
        ordering = ["request", "pk"]
        default_permissions = ("view",)
        verbose_name = verbose_name_plural = "诉求办理步骤"

    def __str__(self):
        return f"{self.request.reference}·{self.get_act_display()}"


class Support(Placed):
    """扶持: money that was obtained for an enterprise, by programme and year."""

    enterprise = models.ForeignKey(Enterprise, models.PROTECT, related_name="supports", verbose_name="企业或协会")
    request = models.ForeignKey(
        Request, models.PROTECT, null=True, blank=True, related_name="supports", verbose_name="相关诉求"
    )
    programme = models.CharField("项目名称", max_length=100)
    amount = models.DecimalField(
        "金额（元）", max_digits=12, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))]
    )
    on = models.DateField("到位日期", default=timezone.localdate)

    objects = PlacedQuerySet.as_manager()

    class Meta:
        ordering = ["-on", "-pk"]
        verbose_name = verbose_name_plural = "扶持资金"
        indexes = [models.Index(fields=["area", "on"])]

    def __str__(self):
        return f"{self.enterprise}·{self.programme}"

    def get_absolute_url(self):
        return reverse("outreach:support_detail", args=[self.pk])


class TrainingPlan(Placed):
    """A year's training plan: for whom, how many; people in numbers, never by name."""

    class Audience(models.TextChoices):
        OFFICERS = "officers", "基层统战组织负责人"
        ENTERPRISE_HEADS = "enterprise_heads", "企业负责人"
        CADRES = "cadres", "任职干部"
        WORKERS = "workers", "统战干部"

    year = models.PositiveSmallIntegerField("年份")
    name = models.CharField("计划名称", max_length=100)
    audience = models.CharField("培训对象", max_length=20, choices=Audience)
    planned_people = models.PositiveIntegerField("计划培训人数")

    objects = PlacedQuerySet.as_manager()

    class Meta:
        ordering = ["-year", "area__tree_code", "pk"]
        verbose_name = verbose_name_plural = "培训计划"
        constraints = [
            models.UniqueConstraint(
                fields=["area", "year", "name"], name="training_plan_once", violation_error_message="这一年已有同名的培训计划。"
            )
        ]  # fmt: skip

    def __str__(self):
        return f"{self.year}年{self.name}"

    def get_absolute_url(self):
        return reverse("outreach:trainingplan_detail", args=[self.pk])


class OfPlanQuerySet(PlacedQuerySet):
    area_lookup = "plan__area"
    unit_lookup = "plan__unit"


class TrainingSession(Versioned):
    """One course of a plan: planned, then held with so many people. Only officers of organizations are named, from their rosters."""

    plan = models.ForeignKey(TrainingPlan, models.PROTECT, related_name="sessions", verbose_name="培训计划")
    on = models.DateField("日期")
    title = models.CharField("班次和内容", max_length=100)
    place = models.CharField("地点", max_length=60, blank=True)
    days = models.DecimalField("天数", max_digits=4, decimal_places=1, default=Decimal(1))
    planned = models.PositiveIntegerField("计划人数")
    attended = models.PositiveIntegerField("实到人数", null=True, blank=True, help_text="办班以后填写")
    officers = models.ManyToManyField(
        Membership, blank=True, related_name="training_sessions", verbose_name="参加的组织负责人",
        help_text="只能选花名册上的负责人；其他人只计人数",
    )  # fmt: skip

    objects = OfPlanQuerySet.as_manager()

    class Meta:
        ordering = ["-on", "-pk"]
        verbose_name = verbose_name_plural = "培训班次"
        indexes = [models.Index(fields=["plan", "on"])]

    def __str__(self):
        return f"{self.on} {self.title}"

    def get_absolute_url(self):
        return reverse("outreach:trainingsession_detail", args=[self.pk])


class CadrePost(Versioned):
    """A post in the training plan and how many hold it: counts and posts held, nothing else (domain.md)."""

    plan = models.ForeignKey(TrainingPlan, models.PROTECT, related_name="posts", verbose_name="培训计划")
    post = models.CharField("岗位名称", max_length=60, help_text="例如 乡镇副职、县直单位中层；不写姓名")
    holders = models.PositiveIntegerField("任职人数")
    in_plan = models.PositiveIntegerField("列入培养计划人数", default=0)
    trained = models.PositiveIntegerField("已参训人数", default=0)
    recommended = models.PositiveIntegerField("推荐任用人数", default=0)

    objects = OfPlanQuerySet.as_manager()

    class Meta:
        ordering = ["plan", "pk"]
        verbose_name = verbose_name_plural = "培养岗位"
        constraints = [
            models.UniqueConstraint(
                fields=["plan", "post"], name="cadre_post_once", violation_error_message="这个岗位已在清单中。"
            ),
            models.CheckConstraint(
                condition=Q(in_plan__lte=F("holders"), trained__lte=F("holders"), recommended__lte=F("holders")),
                name="cadre_post_within_holders", violation_error_message="列入计划、参训和推荐的人数不能超过任职人数。",
            ),
        ]  # fmt: skip

    def __str__(self):
        return f"{self.plan}·{self.post}"

    def get_absolute_url(self):
        return reverse("outreach:trainingplan_detail", args=[self.plan_id])


class Handover(Placed):
    """工作移交: all pairings and open work of an official that went to another on a day; the paper is printed from this row."""

    from_official = models.ForeignKey(Official, models.PROTECT, related_name="handed_over", verbose_name="移交人")
    to_official = models.ForeignKey(Official, models.PROTECT, related_name="taken_over", verbose_name="接收人")
    on = models.DateField("移交日期", default=timezone.localdate)
    items = models.JSONField("移交清单", default=dict, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, editable=False, related_name="+", verbose_name="办理人"
    )
    at = models.DateTimeField("办理时间", auto_now_add=True)

    objects = PlacedQuerySet.as_manager()

    class Meta:
        ordering = ["-on", "-pk"]
        default_permissions = ("view",)
        verbose_name = verbose_name_plural = "工作移交"
        constraints = [
            models.CheckConstraint(
                condition=~Q(from_official=F("to_official")), name="handover_to_another",
                violation_error_message="接收人不能是移交人自己。",
            )
        ]  # fmt: skip

    def __str__(self):
        return f"{self.from_official}移交{self.to_official}"

    def get_absolute_url(self):
        return reverse("outreach:handover_detail", args=[self.pk])
