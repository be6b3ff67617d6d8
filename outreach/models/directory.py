"""The directory: enterprises and associations, officials who liaise, contacts in a public role (domain.md, "Contacts and service").

A contact has the fields that stand here and no other; a new one is refused by tests/security/test_refused_words.py and,
where it is about a person, by the manual's list of what is never kept.
"""

import datetime as dt
from typing import Any, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from organizations.models import Area, Organization, Placed, PlacedDatedQuerySet, PlacedQuerySet, Register
from portal.kit.models import Dated, DatedQuerySet, Versioned
from portal.kit.pinyin import spelling
from portal.kit.secrets import EncryptedPhoneField

LONGEST_KEPT_YEARS = 3  # PIPL 19, security.md 19
CODE_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CODE_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def check_credit_code(code: str) -> None:
    """Refuse what is no unified social credit code: 18 signs, the last one a check sign (GB 32100-2015)."""
    if len(code) != 18 or any(sign not in CODE_SIGNS for sign in code):
        raise ValidationError("统一社会信用代码应为 18 位数字和大写字母（不含 I、O、S、V、Z）。")
    total = sum(CODE_SIGNS.index(sign) * weight for sign, weight in zip(code, CODE_WEIGHTS, strict=False))
    if CODE_SIGNS[-total % 31] != code[-1]:
        raise ValidationError("统一社会信用代码的校验位不对，请核对有没有写错的字。")


class Enterprise(Register):
    """An enterprise or an industry association that the work serves."""

    class Kind(models.TextChoices):
        ENTERPRISE = "enterprise", "企业"
        ASSOCIATION = "association", "行业协会商会"

    class Industry(models.TextChoices):
        """The sections of GB/T 4754-2017 that a county has, put together."""

        NONE = "", "—"
        FARMING = "farming", "农林牧渔业"
        MINING = "mining", "采矿业"
        MANUFACTURING = "manufacturing", "制造业"
        UTILITIES = "utilities", "电热燃气及水的生产和供应业"
        BUILDING = "building", "建筑业"
        TRADE = "trade", "批发和零售业"
        TRANSPORT = "transport", "交通运输、仓储和邮政业"
        CATERING = "catering", "住宿和餐饮业"
        INFORMATION = "information", "信息传输、软件和信息技术服务业"
        PROPERTY = "property", "房地产业"
        SERVICES = "services", "租赁和商务服务业"
        CULTURE = "culture", "文化、体育和娱乐业"
        OTHER = "other", "其他"

    kind = models.CharField("类别", max_length=12, choices=Kind, default=Kind.ENTERPRISE)
    credit_code = models.CharField(
        "统一社会信用代码", max_length=18, blank=True, validators=[check_credit_code], help_text="没有的不填"
    )
    industry = models.CharField("行业", max_length=15, choices=Industry, blank=True, default="")
    address = models.CharField("经营地址", max_length=100, blank=True, help_text="企业的经营场所")
    note = models.CharField("备注", max_length=300, blank=True, help_text="只写企业的情况，不写个人情况")

    objects = PlacedDatedQuerySet.as_manager()

    class Meta(Register.Meta):
        verbose_name = verbose_name_plural = "企业和协会"
        constraints = [
            *Register.Meta.constraints,
            models.UniqueConstraint(
                fields=["area", "name"], condition=Q(until=None), name="enterprise_name_once",
                violation_error_message="这个区划下已有同名的企业或协会。",
            ),
            models.UniqueConstraint(
                fields=["credit_code"], condition=~Q(credit_code="") & Q(until=None), name="enterprise_code_once",
                violation_error_message="这个统一社会信用代码已用于另一家企业。",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["area", "kind"])]

    def get_absolute_url(self):
        return reverse("outreach:enterprise_detail", args=[self.pk])


class OfficialQuerySet(PlacedDatedQuerySet):
    own_lookup = "user"  # a lead has a township or two, and stands in the county


class Official(Register):
    """A cadre who liaises: a county leader, the head of a county body, an official of a township."""

    class Kind(models.TextChoices):
        LEADER = "leader", "县（市）领导"
        HEAD = "head", "单位主要负责人"
        OFFICIAL = "official", "其他干部"

    name = models.CharField("姓名", max_length=30)
    kind = models.CharField("类别", max_length=10, choices=Kind)
    position = models.CharField("职务", max_length=60)
    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="official",
        verbose_name="本人账号", help_text="有账号的，登录后看到自己的结对、走访和诉求",
    )  # fmt: skip

    objects = OfficialQuerySet.as_manager()
    takes_files = False

    class Meta(Register.Meta):
        ordering = ["area__tree_code", "kind", "pk"]
        verbose_name = verbose_name_plural = "联系干部"
        constraints = [
            *Register.Meta.constraints,
            models.UniqueConstraint(
                fields=["area", "name", "position"], condition=Q(until=None), name="official_once",
                violation_error_message="这名干部已经登记。",
            ),
        ]  # fmt: skip
        permissions = [("hand_over_official", "可以办理干部工作移交")]

    def __str__(self):
        return f"{self.name}（{self.position}）"

    def get_absolute_url(self):
        return reverse("outreach:official_detail", args=[self.pk])


class Notice(Versioned, Dated):
    """告知书: what a contact was told about the keeping of the record; a new text is a new row."""

    area = models.ForeignKey(Area, models.PROTECT, related_name="notices", verbose_name="县（市）")
    name = models.CharField("名称和版本", max_length=60, help_text="例如 个人信息处理告知书 2026 年第 1 版")
    text = models.TextField("告知内容", max_length=5000)

    class NoticeQuerySet(DatedQuerySet):
        shared_down = Q()

    objects = NoticeQuerySet.as_manager()

    class Meta(Dated.Meta):
        ordering = ["area", "-since", "-pk"]
        verbose_name = verbose_name_plural = "告知书"
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(
                fields=["area", "name"], name="notice_name_once",
                violation_error_message="已有同名的告知书；内容变了请写新的版本号。",
            ),
        ]  # fmt: skip

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("outreach:notice_detail", args=[self.pk])


class PublicRole(models.TextChoices):
    """The closed list of domain.md: officers of organizations, heads of enterprises, holders of posts, people who signed up for a service."""

    ORGANIZATION_OFFICER = "organization_officer", "组织负责人"
    ENTERPRISE_HEAD = "enterprise_head", "企业（协会）负责人"
    POST_HOLDER = "post_holder", "任职干部"
    SERVICE_TAIWAN = "service_taiwan", "台胞服务登记人"
    SERVICE_OVERSEAS = "service_overseas", "侨务服务登记人"


SERVICE_ROLES = (PublicRole.SERVICE_TAIWAN, PublicRole.SERVICE_OVERSEAS)


class ContactQuerySet(PlacedQuerySet):
    def current(self) -> Self:
        """Contacts that are kept: neither erased nor without a role today."""
        return self.kept().filter(Q(roles__until=None) | Q(roles__until__gte=timezone.localdate())).distinct()

    def kept(self) -> Self:
        return self.filter(erased_at=None)

    def usable(self) -> Self:
        """Contacts whose processing nobody asked to restrict."""
        return self.kept().filter(restricted_on=None)

    def review_due(self, on: dt.date | None = None) -> Self:
        """Contacts whose record must be renewed by `on`, or is erased on the night after."""
        return self.kept().filter(review_by__lte=on or timezone.localdate())


class Contact(Placed):
    """联系对象: a person in a public role, for a purpose, on a legal basis, until the day of review.

    Never more than this about a person: see the module's head. The trail calls a contact by its number, so that
    erasing it leaves no name behind.
    """

    class Purpose(models.TextChoices):
        LIAISON = "liaison", "联谊和日常联系"
        ENTERPRISE = "enterprise", "服务企业"
        ORGANIZATION = "organization", "组织换届和活动联络"
        TRAINING = "training", "教育培训组织"
        SERVICE = "service", "办理本人登记的服务"

    class Basis(models.TextChoices):
        """Article 13 of the personal-information law."""

        CONSENT = "consent", "本人同意"
        DUTY = "duty", "履行法定职责所必需"
        PUBLIC = "public", "本人自行公开或者已经合法公开"

    class Restriction(models.TextChoices):
        NONE = "", "—"
        DISPUTED = "disputed", "本人对内容有异议，正在核实"
        OBJECTED = "objected", "本人要求停止使用"
        LITIGATION = "litigation", "依法留存备查"

    name = models.CharField("姓名", max_length=30)
    pinyin = models.CharField("拼音", max_length=200, blank=True, editable=False)
    phone = EncryptedPhoneField("工作电话", blank=True)
    phone_fingerprint = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    purpose = models.CharField("处理目的", max_length=15, choices=Purpose)
    basis = models.CharField("处理依据", max_length=10, choices=Basis)
    notice = models.ForeignKey(Notice, models.PROTECT, related_name="contacts", verbose_name="告知书")
    noticed_on = models.DateField("告知日期", default=timezone.localdate)
    consent_on = models.DateField("同意日期", null=True, blank=True, help_text="处理依据为本人同意的必填")
    review_by = models.DateField("保存期限", help_text="到期前须复核续期，最长三年；没有续期的当晚自动删除")
    restricted_on = models.DateField("限制处理日期", null=True, editable=False)
    restriction = models.CharField(
        "限制处理原因", max_length=12, choices=Restriction, blank=True, default="", editable=False
    )
    erased_at = models.DateTimeField("删除时间", null=True, editable=False)

    objects = ContactQuerySet.as_manager()
    takes_files = False
    audit_private = frozenset({"name", "phone"})
    audit_skip = frozenset({"pinyin", "phone_fingerprint"})

    class Meta:
        ordering = ["area__tree_code", "pinyin", "pk"]
        verbose_name = verbose_name_plural = "联系对象"
        permissions = [
            ("reveal_contact", "可以查看联系对象电话"),
            ("erase_contact", "可以限制处理和删除联系对象"),
            ("report_contact", "可以出具个人信息查询报告"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(basis="consent") | Q(consent_on__isnull=False), name="contact_consent_has_a_day",
                violation_error_message="处理依据为本人同意的，请填写同意日期。",
            ),
            models.CheckConstraint(
                condition=Q(erased_at=None) | Q(name="", pinyin="", phone="", phone_fingerprint=""),
                name="contact_erased_is_empty", violation_error_message="已删除的联系对象不能再填写内容。",
            ),
            models.CheckConstraint(
                condition=Q(restricted_on=None, restriction="") | Q(restricted_on__isnull=False) & ~Q(restriction=""),
                name="contact_restriction_whole", violation_error_message="限制处理请同时写明日期和原因。",
            ),
        ]  # fmt: skip
        indexes = [
            models.Index(fields=["area", "erased_at"]),
            models.Index(fields=["review_by"]),
            models.Index(fields=["name"]),
        ]

    def __str__(self):
        return self.name or f"已删除的联系对象（{self.pk} 号）"

    @property
    def audit_text(self) -> str:
        return f"联系对象 {self.pk} 号"

    def get_absolute_url(self):
        return reverse("outreach:contact_detail", args=[self.pk])

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.prepare()
        super().save(*args, **kwargs)

    def prepare(self) -> None:
        """Fill the derived columns; `bulk_create` asks for it by name, `save` by itself."""
        self.pinyin = spelling(self.name) if self.name else ""
        self.phone_fingerprint = self.phone.fingerprint if self.phone else ""

    def may_reveal(self) -> bool:
        """Whether the number may be used at all; security.md 18."""
        return self.erased_at is None and self.restricted_on is None


class ContactRoleQuerySet(DatedQuerySet):
    area_lookup = "contact__area"
    unit_lookup = "contact__unit"


class ContactRole(Versioned, Dated):
    """One public role of a contact, from its first day to its last; an ended role leaves the lists and stays in history."""

    contact = models.ForeignKey(Contact, models.PROTECT, related_name="roles", verbose_name="联系对象")
    role = models.CharField("公开身份", max_length=25, choices=PublicRole)
    enterprise = models.ForeignKey(
        Enterprise, models.PROTECT, null=True, blank=True, related_name="heads", verbose_name="企业或协会"
    )
    organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, blank=True, related_name="officer_roles", verbose_name="组织"
    )
    employer = models.CharField("工作单位", max_length=60, blank=True)
    post = models.CharField("担任职务", max_length=30, blank=True)

    objects = ContactRoleQuerySet.as_manager()
    audit_private = frozenset({"employer", "post"})

    class Meta(Dated.Meta):
        ordering = ["contact", "-since", "pk"]
        verbose_name = verbose_name_plural = "公开身份"
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(
                condition=~Q(role="enterprise_head") | Q(enterprise__isnull=False), name="contact_role_enterprise",
                violation_error_message="企业（协会）负责人请选择企业或协会。",
            ),
            models.CheckConstraint(
                condition=~Q(role="organization_officer") | Q(organization__isnull=False), name="contact_role_organization",
                violation_error_message="组织负责人请选择组织。",
            ),
            models.CheckConstraint(
                condition=~Q(role="post_holder") | ~Q(employer="") & ~Q(post=""), name="contact_role_post",
                violation_error_message="任职干部请填写工作单位和担任职务。",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["role", "until"])]

    def __str__(self):
        return f"{self.contact}·{self.get_role_display()}"

    @property
    def audit_text(self) -> str:
        return f"联系对象 {self.contact_id} 号·{self.get_role_display()}"

    def get_absolute_url(self):
        return reverse("outreach:contact_detail", args=[self.contact_id])

    @property
    def where(self) -> str:
        """The enterprise, organization or employer of the role, with the post."""
        place = self.enterprise or self.organization or self.employer
        return f"{place or ''} {self.post}".strip()


class Tombstone(models.Model):
    """A record that was erased: its register and number, never what it held. A restore replays these (security.md 19)."""

    class Reason(models.TextChoices):
        REQUESTED = "requested", "本人要求删除"
        EXPIRED = "expired", "保存期限届满未续期"
        PURPOSE = "purpose", "处理目的已实现"
        WITHDRAWN = "withdrawn", "本人撤回同意"
        WRONG = "wrong", "登记有误"

    register = models.CharField("登记册", max_length=60)
    object_id = models.PositiveBigIntegerField("记录编号")
    area = models.ForeignKey(Area, models.PROTECT, related_name="tombstones", verbose_name="所在区划")
    reason = models.CharField("删除原因", max_length=12, choices=Reason)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="tombstones", verbose_name="办理人"
    )
    at = models.DateTimeField("删除时间", default=timezone.now)

    class TombstoneQuerySet(PlacedQuerySet):
        unit_lookup = None

    objects = TombstoneQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        verbose_name = verbose_name_plural = "删除记录"
        constraints = [models.UniqueConstraint(fields=["register", "object_id"], name="tombstone_once")]

    def __str__(self):
        return f"{self.register} {self.object_id}"
