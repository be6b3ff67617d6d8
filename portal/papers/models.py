"""Official papers (公文): one that is being written, and the versions that were issued, which nothing changes any more."""

import hashlib
import uuid
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from assessments.models import Publication, Quarter
from organizations.models import Area, Unit
from portal.kit import documents
from portal.kit.models import Versioned
from portal.kit.scope import ScopedQuerySet


class Kind(models.TextChoices):
    BULLETIN = "bulletin", "通报"
    LETTER = "letter", "提醒函"
    TALK = "talk", "约谈记录"
    NOTICE = "notice", "会议通知"


READ_BY_UNITS = (Kind.BULLETIN, Kind.LETTER)  # the others are for the county's own people and its leaders


class Paper(Versioned):
    """A paper as it is written. What it says besides its columns stands in `content` (portal/kit/documents)."""

    class State(models.TextChoices):
        DRAFT = "draft", "起草中"
        ISSUED = "issued", "已印发"

    area = models.ForeignKey(Area, models.PROTECT, related_name="papers", verbose_name="县（市）")
    kind = models.CharField("种类", max_length=10, choices=Kind)
    quarter = models.ForeignKey(
        Quarter, models.PROTECT, null=True, blank=True, related_name="papers", verbose_name="季度"
    )
    unit = models.ForeignKey(
        Unit, models.PROTECT, null=True, blank=True, related_name="papers", verbose_name="考核对象"
    )
    publication = models.ForeignKey(
        Publication, models.PROTECT, null=True, blank=True, related_name="papers", verbose_name="所依据的公布结果"
    )
    title = models.CharField("标题", max_length=60)
    document_number = models.CharField("发文字号", max_length=40, blank=True, help_text="例如：竹统文〔2026〕12号")
    head = models.CharField(
        "红头", max_length=20, blank=True, help_text="例如：中共某某县委统战部文件；留空则不印红头和红线"
    )
    signed_by = models.CharField("署名", max_length=40, blank=True)
    dated = models.DateField("成文日期", default=timezone.localdate)
    state = models.CharField(
        "状态", max_length=10, choices=State, default=State.DRAFT, editable=False
    )  # of what it says now
    content = models.JSONField("正文", default=dict, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="papers", verbose_name="起草人", editable=False
    )

    objects = ScopedQuerySet.as_manager()
    audit_skip = frozenset({"content"})

    class Meta:
        ordering = ["-updated_at", "-pk"]
        verbose_name = verbose_name_plural = "公文"
        constraints = [
            models.CheckConstraint(
                condition=~Q(kind="bulletin") | Q(quarter__isnull=False), name="paper_bulletin_is_of_a_quarter",
                violation_error_message="通报必须选择季度。",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["letter", "talk"]) | Q(unit__isnull=False), name="paper_letter_is_to_a_unit",
                violation_error_message="提醒函和约谈记录必须选择考核对象。",
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("papers:paper_detail", args=[self.pk])

    @property
    def composed(self) -> documents.Paper:
        """The paper as the engines draw it."""
        values: dict[str, Any] = {
            "title": self.title, "head": self.head, "document_number": self.document_number,
            "signature": self.signed_by, "dated": self.dated.isoformat(),
        }  # fmt: skip
        return documents.paper_from({**self.content, **values})


class IssuedPaperQuerySet(ScopedQuerySet):
    """Issued papers: units read bulletins and their own letters; who supervises reads every kind.

    A bulletin is read by the whole county, as the ranking is: the declared exception of security.md 11.
    """

    unit_lookup = "unit"
    shared_down = Q(kind=Kind.BULLETIN)

    def permitted(self, user: Any, action: str = "view") -> Self:
        if action != "view":
            return super().permitted(user, action)
        for_units = super().permitted(user, "view").filter(kind__in=READ_BY_UNITS)
        return for_units | super().permitted(user, "supervise")

    def latest(self) -> Self:
        """The version in force of each paper."""
        newer = self.model.objects.filter(paper=models.OuterRef("paper"), number__gt=models.OuterRef("number"))
        return self.filter(~models.Exists(newer))


class IssuedPaper(models.Model):
    """One issued version: what it said, its .docx byte for byte, the digest of that. The database refuses to change it.

    `area` is where it is read from: the unit's own area for what goes to a unit, else the county.
    """

    paper = models.ForeignKey(Paper, models.PROTECT, related_name="versions", verbose_name="公文")
    area = models.ForeignKey(Area, models.PROTECT, related_name="issued_papers", verbose_name="区划")
    unit = models.ForeignKey(Unit, models.PROTECT, null=True, related_name="issued_papers", verbose_name="考核对象")
    quarter = models.ForeignKey(Quarter, models.PROTECT, null=True, related_name="issued_papers", verbose_name="季度")
    number = models.PositiveSmallIntegerField("版次")
    kind = models.CharField("种类", max_length=10, choices=Kind)
    title = models.CharField("标题", max_length=60)
    document_number = models.CharField("发文字号", max_length=40, blank=True)
    dated = models.DateField("成文日期")
    content = models.JSONField("内容", default=dict)
    docx = models.BinaryField("Word 文件", default=bytes)
    digest = models.CharField("校验值（SHA-256）", max_length=64)
    reason = models.CharField("重新印发的原因", max_length=300, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="issued_papers", verbose_name="印发人"
    )
    at = models.DateTimeField("印发时间", default=timezone.now)

    objects = IssuedPaperQuerySet.as_manager()
    audit_skip = frozenset({"content", "docx"})

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ("view", "add")
        permissions = [("supervise_issuedpaper", "可以查看各类已印发公文")]
        verbose_name = verbose_name_plural = "已印发公文"
        constraints = [
            models.UniqueConstraint(fields=["paper", "number"], name="issued_paper_version_once"),
            models.CheckConstraint(
                condition=Q(number=1) | ~Q(reason=""), name="issued_paper_again_has_a_reason",
                violation_error_message="重新印发必须写明原因。",
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.title + (f"（第{self.number}版）" if self.number > 1 else "")

    def get_absolute_url(self):
        return reverse("papers:issuedpaper_detail", args=[self.pk])

    @property
    def composed(self) -> documents.Paper:
        """The paper as the engines draw it."""
        return documents.paper_from(self.content)

    @property
    def is_intact(self) -> bool:
        """Whether the kept file still has its digest."""
        return hashlib.sha256(self.docx).hexdigest() == self.digest


class FormLayoutQuerySet(ScopedQuerySet):
    """A county's forms are for everybody in it."""

    shared_down = Q()


class FormLayout(Versioned):
    """表格式样: an Excel or Word form that a county brought, with placeholders which the portal fills (layout_data.py)."""

    class Subject(models.TextChoices):
        ORGANIZATION = "organization", "基层统战组织"
        TOWNSHIP = "township", "乡镇（街道）台账"
        RESULT = "result", "考核对象季度得分"

    area = models.ForeignKey(Area, models.PROTECT, related_name="form_layouts", verbose_name="县（市）")
    name = models.CharField("名称", max_length=60, help_text="例如 基层组织登记表")
    subject = models.CharField("填写对象", max_length=12, choices=Subject)
    file_name = models.CharField("文件名", max_length=150, editable=False)
    ending = models.CharField("格式", max_length=4, choices=[("xlsx", "Excel"), ("docx", "Word")], editable=False)
    size = models.PositiveIntegerField("大小（字节）", default=0, editable=False)
    digest = models.CharField("校验值（SHA-256）", max_length=64, editable=False)
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    names = models.JSONField("占位符", default=list, editable=False)

    objects = FormLayoutQuerySet.as_manager()
    audit_skip = frozenset({"key", "names"})

    class Meta:
        ordering = ["subject", "name", "pk"]
        verbose_name = verbose_name_plural = "表格式样"
        constraints = [
            models.UniqueConstraint(
                fields=["area", "name"], name="form_layout_name_once", violation_error_message="已有同名的表格式样。"
            )
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("papers:formlayout_detail", args=[self.pk])
