"""Stations and points, sites, service brands, outposts: where the work reaches (domain.md, "Stations, sites, brands")."""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.urls import reverse

from organizations.models import FieldOfWork, Level, Organization, PlacedDatedQuerySet, Register
from portal.kit.fields import ChoicesField


class Award(models.TextChoices):
    """The level at which a title was given."""

    NONE = "", "无"
    VILLAGE = "village", "村级"
    TOWNSHIP = "township", "乡镇级"
    COUNTY = "county", "县级"
    PREFECTURE = "prefecture", "市（州）级"
    PROVINCE = "province", "省级"


class Hosted(Register):
    """A register row that an organization may run, with its field of work, an address and maybe an award."""

    organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, blank=True, related_name="%(class)s_set", verbose_name="主办组织"
    )
    fields_of_work = ChoicesField("工作领域", choices=FieldOfWork)
    address = models.CharField("地址", max_length=100, blank=True)
    note = models.CharField("备注", max_length=300, blank=True)

    class Meta(Register.Meta):
        abstract = True


class Station(Hosted):
    """A liaison station (联络站) of a township, zone or county body; a liaison point (联络点) of a village."""

    class Kind(models.TextChoices):
        STATION = "station", "联络站"
        POINT = "point", "联络点"

    kind = models.CharField("类别", max_length=8, choices=Kind)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="points", verbose_name="所属联络站",
        help_text="联络点归哪个联络站",
    )  # fmt: skip
    opening_hours = models.CharField("开放时间", max_length=60, blank=True, help_text="例如 周一至周五 8:30-17:30")
    on_duty = models.CharField("值班人员", max_length=100, blank=True, help_text="姓名和职务，用顿号隔开；不要写电话")

    objects = PlacedDatedQuerySet.as_manager()

    class Meta(Register.Meta):
        verbose_name = verbose_name_plural = "联络站点"
        constraints = [
            *Register.Meta.constraints,
            models.UniqueConstraint(
                fields=["area", "name"], condition=Q(until=None), name="station_name_once",
                violation_error_message="这个区划下已有同名的联络站点。",
            ),
            models.CheckConstraint(
                condition=Q(kind="point") | Q(parent=None), name="station_has_no_parent",
                violation_error_message="联络站没有上级站；只有联络点填写所属联络站。",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["area", "kind"])]

    def get_absolute_url(self):
        return reverse("outreach:station_detail", args=[self.pk])

    def clean(self) -> None:
        """Points stand in villages, stations above them."""
        if self.area_id and self.kind and (self.kind == self.Kind.POINT) != (self.area.level == Level.VILLAGE):
            place = "村（社区）" if self.kind == self.Kind.POINT else "乡镇（街道）或市（县）直单位"
            raise ValidationError(
                {"area": f"{self.get_kind_display()}设在{place}，{self.area}是{self.area.get_level_display()}。"}
            )


class Site(Hosted):
    """A site (阵地) by kind: venue, activity room, demonstration zone, platform."""

    class Kind(models.TextChoices):
        VENUE = "venue", "活动场所"
        ROOM = "room", "活动室"
        ZONE = "zone", "示范区"
        PLATFORM = "platform", "平台阵地"

    class Platform(models.TextChoices):
        """The named platforms of the two county reports."""

        NONE = "", "—"
        HOME = "home", "统战之家"
        TEACHERS = "teachers", "党外名师之家"
        NON_PARTY = "non_party", "党外人士之家"
        PARTIES = "parties", "民主党派之家"
        PATRIOTIC = "patriotic", "统一战线爱国主义教育基地"
        UNITY_ZONE = "unity_zone", "民族团结进步示范区"
        COMMUNITY = "community", "同心社区"
        STRATA_BASE = "strata_base", "新的社会阶层人士文化创作基地"
        STRATA_UNION = "strata_union", "新的社会阶层人士联盟"
        THINK_TANK = "think_tank", "统战智库成果转化基地"
        TAIWAN = "taiwan", "台企服务中心"
        OVERSEAS = "overseas", "侨之家"
        STRATA_PRACTICE = "strata_practice", "新阶层人士创新实践基地"
        NETWORK = "network", "网络人士之家"
        NETWORK_TRAINING = "network_training", "网络人士教育培训基地"
        ENTERPRISE = "enterprise", "民营经济人士会客厅"
        FOUR_GOOD = "four_good", "四好商会"
        UNITY_HOME = "unity_home", "民族团结之家"
        EDUCATION = "education", "教育基地"
        CULTURE = "culture", "乡镇特色统战文化基地"
        OTHER = "other", "其他平台"

    kind = models.CharField("类别", max_length=10, choices=Kind)
    platform = models.CharField("平台名目", max_length=20, choices=Platform, blank=True, default="")
    award = models.CharField("命名级别", max_length=12, choices=Award, blank=True, default="")
    award_year = models.PositiveSmallIntegerField("命名年份", null=True, blank=True)
    awarded_by = models.CharField("命名单位", max_length=60, blank=True)

    objects = PlacedDatedQuerySet.as_manager()

    class Meta(Register.Meta):
        verbose_name = verbose_name_plural = "阵地"
        constraints = [
            *Register.Meta.constraints,
            models.UniqueConstraint(
                fields=["area", "name"], condition=Q(until=None), name="site_name_once",
                violation_error_message="这个区划下已有同名的阵地。",
            ),
            models.CheckConstraint(
                condition=Q(kind="platform") | Q(platform=""), name="site_platform_kind",
                violation_error_message="只有平台阵地填写平台名目。",
            ),
            models.CheckConstraint(
                condition=~Q(award="") | Q(award_year=None, awarded_by=""), name="site_award_complete",
                violation_error_message="填写了命名年份或命名单位，请同时选择命名级别。",
            ),
        ]  # fmt: skip
        indexes = [models.Index(fields=["area", "kind"])]

    def get_absolute_url(self):
        return reverse("outreach:site_detail", args=[self.pk])


class Brand(Hosted):
    """A service brand (服务品牌): an activity brand with target, carrier, results, features (四有)."""

    goal = models.CharField("目标", max_length=200, blank=True)
    carrier = models.CharField("载体", max_length=200, blank=True)
    results = models.CharField("成效", max_length=300, blank=True)
    features = models.CharField("特色", max_length=200, blank=True)

    objects = PlacedDatedQuerySet.as_manager()

    class Meta(Register.Meta):
        verbose_name = verbose_name_plural = "服务品牌"
        constraints = [
            *Register.Meta.constraints,
            models.UniqueConstraint(
                fields=["area", "name"],
                condition=Q(until=None),
                name="brand_name_once",
                violation_error_message="这个区划下已有同名的服务品牌。",
            ),
        ]

    def get_absolute_url(self):
        return reverse("outreach:brand_detail", args=[self.pk])


class Outpost(Register):
    """三区一企: a community, park, campus or state-owned enterprise with a leader, a doer and a duty list."""

    class Kind(models.TextChoices):
        COMMUNITY = "community", "社区"
        PARK = "park", "园区"
        CAMPUS = "campus", "校区"
        ENTERPRISE = "enterprise", "国有企业"

    kind = models.CharField("类别", max_length=10, choices=Kind)
    leader = models.CharField("分管领导", max_length=60, blank=True, help_text="姓名和职务")
    doer = models.CharField("落实人员", max_length=60, blank=True, help_text="姓名和职务")
    duties = models.TextField("职责清单", max_length=2000, blank=True, help_text="每行一项")

    objects = PlacedDatedQuerySet.as_manager()

    class Meta(Register.Meta):
        verbose_name = verbose_name_plural = "三区一企"
        constraints = [
            *Register.Meta.constraints,
            models.UniqueConstraint(
                fields=["area", "name"],
                condition=Q(until=None),
                name="outpost_name_once",
                violation_error_message="这个区划下已有同名的登记。",
            ),
        ]

    def get_absolute_url(self):
        return reverse("outreach:outpost_detail", args=[self.pk])

    @property
    def is_complete(self) -> bool:
        """有领导分管、有人落实、有清单明责."""
        return bool(self.leader and self.doer and self.duties)
