"""Grassroots organizations (基层统战组织), the people on their rosters, and who confirmed a roster when."""

import datetime as dt
from typing import Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Max, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone

from organizations.models.areas import Area, Kind, Level
from organizations.models.placed import FieldOfWork, Named, PlacedDatedQuerySet, Register
from portal.kit.fields import ChoicesField
from portal.kit.models import Dated, DatedQuerySet, Versioned
from portal.kit.scope import ScopedQuerySet
from portal.kit.secrets import EncryptedPhoneField


class OrganizationQuerySet(PlacedDatedQuerySet):
    def with_verified(self) -> Self:
        """Annotate `verified_on`: the day of the last confirmation of the roster, None for never."""
        last = RosterConfirmation.objects.filter(organization=OuterRef("pk")).order_by().values("organization")
        return self.annotate(verified_on=Subquery(last.annotate(last=Max("on")).values("last")))


class Organization(Register):
    """An organization of a kind that lives at a level (domain.md, "The three-level network")."""

    class Kind(models.TextChoices):
        TOWNSHIP_CHAMBER = "township_chamber", "乡镇商会"
        INDUSTRY_CHAMBER = "industry_chamber", "行业商会（协会）"
        REGIONAL_CHAMBER = "regional_chamber", "异地商会"
        TOWNSHIP_COUNCIL = "township_council", "镇级乡贤理事会"
        STREET_ASSOCIATION = "street_association", "街道统战人士协会"
        VILLAGE_FELLOWSHIP = "village_fellowship", "村乡贤联谊会"
        COMMUNITY_FELLOWSHIP = "community_fellowship", "社区统战人士联谊会"
        INTELLECTUALS = "intellectuals", "知联会（党外知识分子联谊会）"
        NEW_STRATA = "new_strata", "新联会（新的社会阶层人士联谊会）"

    CHAMBERS = (Kind.TOWNSHIP_CHAMBER, Kind.INDUSTRY_CHAMBER, Kind.REGIONAL_CHAMBER)
    COUNCILS = (Kind.TOWNSHIP_COUNCIL, Kind.STREET_ASSOCIATION)
    FELLOWSHIPS = (Kind.VILLAGE_FELLOWSHIP, Kind.COMMUNITY_FELLOWSHIP)
    LEVELS = {
        Kind.TOWNSHIP_CHAMBER: Level.TOWNSHIP, Kind.INDUSTRY_CHAMBER: Level.COUNTY, Kind.REGIONAL_CHAMBER: Level.COUNTY,
        Kind.TOWNSHIP_COUNCIL: Level.TOWNSHIP, Kind.STREET_ASSOCIATION: Level.TOWNSHIP,
        Kind.VILLAGE_FELLOWSHIP: Level.VILLAGE, Kind.COMMUNITY_FELLOWSHIP: Level.VILLAGE,
        Kind.INTELLECTUALS: Level.COUNTY, Kind.NEW_STRATA: Level.COUNTY,
    }  # fmt: skip
    AREA_KINDS = {
        Kind.TOWNSHIP_COUNCIL: {"town", "township", "other"}, Kind.STREET_ASSOCIATION: {"street", "other"},
        Kind.VILLAGE_FELLOWSHIP: {"village"}, Kind.COMMUNITY_FELLOWSHIP: {"community"},
    }  # fmt: skip

    kind = models.CharField("类别", max_length=20, choices=Kind)
    registration_number = models.CharField("民政登记证号", max_length=30, blank=True, help_text="没有登记的不填")
    registered_on = models.DateField("登记日期", null=True, blank=True)
    fields_of_work = ChoicesField("工作领域", choices=FieldOfWork)
    term_number = models.PositiveSmallIntegerField("届次", default=1)
    term_since = models.DateField("本届起始日期", null=True, blank=True)
    next_election_on = models.DateField("下次换届日期", null=True, blank=True)
    charter_on = models.DateField("章程通过日期", null=True, blank=True)
    note = models.CharField("备注", max_length=300, blank=True)

    objects = OrganizationQuerySet.as_manager()

    class Meta(Register.Meta):
        verbose_name = verbose_name_plural = "基层统战组织"
        constraints = [
            *Register.Meta.constraints,
            models.UniqueConstraint(
                fields=["area", "name"],
                condition=Q(until=None),
                name="organization_name_once",
                violation_error_message="这个区划下已有同名的组织。",
            ),
            models.UniqueConstraint(
                fields=["registration_number"],
                condition=~Q(registration_number=""),
                name="organization_registered_once",
                violation_error_message="这个登记证号已用于另一个组织。",
            ),
            models.CheckConstraint(
                condition=Q(next_election_on=None) | Q(term_since=None) | Q(next_election_on__gt=F("term_since")),
                name="organization_election_after_term_begins",
                violation_error_message="下次换届日期应晚于本届起始日期。",
            ),
        ]
        indexes = [models.Index(fields=["area", "kind"]), models.Index(fields=["next_election_on"])]

    def get_absolute_url(self):
        return reverse("organizations:organization_detail", args=[self.pk])

    def clean(self) -> None:
        """The kind lives at one level; a fellowship of a village in a village, of a community in a community."""
        if not self.kind or not self.area_id:
            return
        level = self.LEVELS[self.Kind(self.kind)]
        if self.area.level != level:
            label = self.get_kind_display()
            raise ValidationError(
                {"area": f"{label}设在{Level(level).label}，{self.area}是{self.area.get_level_display()}。"}
            )
        kinds = self.AREA_KINDS.get(self.Kind(self.kind))
        if kinds and self.area.kind not in kinds and not self._stands_so():
            names = "、".join(Kind(kind).label for kind in Kind.values if kind in kinds)
            raise ValidationError(
                {"kind": f"{self.get_kind_display()}设在{names}，{self.area}是{self.area.get_kind_display()}。"}
            )

    def _stands_so(self) -> bool:
        """Whether it is stored in this place as this kind: a village may have become a community since."""
        stored = Organization.objects.filter(pk=self.pk, kind=self.kind, area=self.area_id)
        return not self._state.adding and stored.exists()


class PersonQuerySet(ScopedQuerySet):
    def current(self) -> Self:
        """People who were not merged into another record."""
        return self.filter(merged_into=None)


class Person(Named, Versioned):
    """Someone on a roster, in a public role: a name and a phone, nothing else (domain.md, "Never in the system")."""

    name = models.CharField("姓名", max_length=30)
    area = models.ForeignKey(Area, models.PROTECT, related_name="people", verbose_name="登记区划")
    phone = EncryptedPhoneField("联系电话", blank=True)
    phone_fingerprint = models.CharField(max_length=64, blank=True, editable=False, db_index=True)
    merged_into = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="merged", verbose_name="已并入"
    )

    objects = PersonQuerySet.as_manager()
    audit_private = frozenset({"phone"})
    audit_skip = frozenset({"pinyin", "phone_fingerprint"})

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = verbose_name_plural = "花名册人员"
        permissions = [("merge_person", "可以合并重复的人员"), ("reveal_person", "可以查看花名册人员的电话")]
        indexes = [models.Index(fields=["name"])]

    def get_absolute_url(self):
        return reverse("organizations:person_detail", args=[self.pk])

    def prepare(self) -> None:
        super().prepare()
        self.phone_fingerprint = self.phone.fingerprint if self.phone else ""


class PersonMerge(models.Model):
    """Two records of one person made one; what it needs to be undone is kept with it."""

    UNDO_DAYS = 30

    kept = models.ForeignKey(Person, models.PROTECT, related_name="merges", verbose_name="保留的记录")
    dropped = models.ForeignKey(Person, models.PROTECT, related_name="merges_into", verbose_name="并入的记录")
    before = models.JSONField("合并前", default=dict)
    moved = models.JSONField("随同转移的任职", default=list)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="person_merges", verbose_name="合并人"
    )
    at = models.DateTimeField("合并时间", auto_now_add=True)
    undone_at = models.DateTimeField("撤销时间", null=True, editable=False)

    class PersonMergeQuerySet(ScopedQuerySet):
        area_lookup = "kept__area"

    objects = PersonMergeQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        verbose_name = verbose_name_plural = "人员合并"

    def __str__(self):
        return f"{self.dropped}并入{self.kept}"

    def get_absolute_url(self):
        return reverse("organizations:personmerge_detail", args=[self.pk])

    @property
    def undo_until(self) -> dt.date:
        """The last day on which it can be taken back."""
        return timezone.localdate(self.at + dt.timedelta(days=self.UNDO_DAYS))

    @property
    def state(self) -> str:
        if self.undone_at is not None:
            return "已撤销"
        return "可以撤销" if self.can_be_undone else "已满 30 天"

    @property
    def can_be_undone(self) -> bool:
        return self.undone_at is None and timezone.now() - self.at < dt.timedelta(days=self.UNDO_DAYS)


class MembershipQuerySet(DatedQuerySet):
    area_lookup = "organization__area"
    unit_lookup = "organization__unit"


class Membership(Versioned, Dated):
    """One line of a roster: a person in a post of an organization, from taking office to leaving it."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="memberships", verbose_name="组织")
    person = models.ForeignKey(Person, models.PROTECT, related_name="memberships", verbose_name="姓名")
    post = models.CharField("职务", max_length=30)
    number = models.PositiveIntegerField("排列序号", default=0)
    in_charge = models.BooleanField("负责人", default=False)
    term_number = models.PositiveSmallIntegerField("届次", default=1, editable=False)

    objects = MembershipQuerySet.as_manager()

    class Meta(Dated.Meta):
        ordering = ["organization", "number", "pk"]
        verbose_name = "任职"
        verbose_name_plural = "花名册"
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(
                fields=["organization", "person", "post"],
                condition=Q(until=None),
                name="membership_once",
                violation_error_message="这个人已在这个组织担任同一职务。",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "until"]), models.Index(fields=["person", "until"]),
            models.Index(fields=["organization", "post", "since", "until"]),  # covers: who holds a required post
        ]  # fmt: skip

    def __str__(self):
        return f"{self.organization}·{self.person}（{self.post}）"

    def get_absolute_url(self):
        return reverse("organizations:roster", args=[self.organization_id])


class RequiredPost(Versioned, Dated):
    """A post that every organization of a kind must have filled; an empty one shows as 缺配."""

    area = models.ForeignKey(Area, models.PROTECT, related_name="required_posts", verbose_name="县（市）")
    kind = models.CharField("组织类别", max_length=20, choices=Organization.Kind)
    post = models.CharField("职务", max_length=30)
    minimum = models.PositiveSmallIntegerField("至少人数", default=1)

    class RequiredPostQuerySet(DatedQuerySet):
        shared_down = Q()

    objects = RequiredPostQuerySet.as_manager()

    class Meta(Dated.Meta):
        ordering = ["kind", "pk"]
        verbose_name = verbose_name_plural = "应配职务"
        constraints = [
            *Dated.Meta.constraints,
            models.UniqueConstraint(
                fields=["area", "kind", "post"], condition=Q(until=None), name="required_post_once",
                violation_error_message="这类组织的这个职务已在清单中。",
            ),
            models.CheckConstraint(
                condition=Q(minimum__gte=1), name="required_post_at_least_one", violation_error_message="至少 1 人。"
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["area", "kind"])]

    def __str__(self):
        return f"{self.get_kind_display()}·{self.post}"

    def get_absolute_url(self):
        return reverse("organizations:requiredpost_list")


class RosterConfirmation(models.Model):
    """Somebody stood up for a roster: it was changed, or nothing changed this quarter."""

    organization = models.ForeignKey(Organization, models.PROTECT, related_name="confirmations", verbose_name="组织")
    on = models.DateField("核实日期", default=timezone.localdate)
    unchanged = models.BooleanField("本季无变化", default=False)
    members = models.PositiveIntegerField("在册人数", default=0)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="roster_confirmations", verbose_name="核实人"
    )
    at = models.DateTimeField("核实时间", auto_now_add=True)

    class RosterConfirmationQuerySet(ScopedQuerySet):
        area_lookup = "organization__area"
        unit_lookup = "organization__unit"

    objects = RosterConfirmationQuerySet.as_manager()

    class Meta:
        ordering = ["-on", "-pk"]
        default_permissions = ("add", "view")
        verbose_name = verbose_name_plural = "花名册核实"
        indexes = [models.Index(fields=["organization", "-on"])]

    def __str__(self):
        return f"{self.organization} {self.on}"
