"""Accounts and what they were granted: user + role + area (or one assessed unit), with dates."""

import datetime as dt
import hashlib
import secrets
import unicodedata
from typing import Any, Self

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property

from portal.accounts.roles import PERMISSIONS, Line, Role
from portal.audit.models import AuditEntry
from portal.kit.models import Dated, DatedQuerySet, Versioned
from portal.kit.scope import Reach, ScopedQuerySet, ancestor_codes


def fold(username: str) -> str:
    """The one spelling of a user name: NFKC, lower case, no spaces."""
    return unicodedata.normalize("NFKC", username).strip().lower()


class UserQuerySet(ScopedQuerySet):
    """Accounts, by the area that keeps them (none: the whole installation)."""

    def bare(self) -> Self:
        """Those in use that nobody granted anything."""
        return self.filter(is_active=True, grants=None)


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(username=fold(username), **fields)
        user.set_password(password)
        user.save()
        return user

    def get_by_natural_key(self, username: str) -> "User":
        return self.get(username=fold(username))


class User(Versioned, AbstractBaseUser):
    username = models.CharField("账号", max_length=50, unique=True)
    name = models.CharField("姓名", max_length=50)
    line = models.CharField("账号类别", max_length=10, choices=Line, default=Line.BUSINESS)
    area = models.ForeignKey(
        "organizations.Area", models.PROTECT, null=True, blank=True, related_name="accounts", verbose_name="所属区划"
    )
    is_active = models.BooleanField("启用", default=True)
    must_change_password = models.BooleanField("登录后须修改密码", default=False)
    password_changed_at = models.DateTimeField("密码修改时间", null=True, editable=False)
    created_at = models.DateTimeField("创建时间", auto_now_add=True)

    objects = UserManager()
    USERNAME_FIELD = "username"
    audit_skip = frozenset({"password", "last_login", "password_changed_at"})

    class Meta:
        ordering = ["username", "pk"]
        verbose_name = verbose_name_plural = "账号"
        permissions = [("unlock_user", "可以解除登录锁定")]
        constraints = [
            models.CheckConstraint(condition=Q(line__in=Line.values), name="user_line_is_known"),
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("accounts:user_detail", args=[self.pk])

    def clean(self) -> None:
        self.username = fold(self.username)

    @cached_property
    def held_grants(self) -> list["Grant"]:
        """The grants in force today, loaded once a request."""
        return list(self.grants.effective().select_related("area", "unit__area"))

    @cached_property
    def held_permissions(self) -> frozenset[str]:
        """What those grants carry, wherever."""
        return frozenset().union(*(PERMISSIONS[grant.role] for grant in self.held_grants))

    @property
    def roles(self) -> set[str]:
        return {grant.role for grant in self.held_grants}

    def reach(self, permission: str) -> Reach:
        """What this user's roles reach with `permission`."""
        grants = [grant for grant in self.held_grants if grant.carries(permission)] if self.is_active else []
        codes = {grant.area.tree_code for grant in grants if grant.area}
        units = {grant.unit_id for grant in grants if grant.unit_id}
        lowest = codes | {grant.unit.area.tree_code for grant in grants if grant.unit}
        return Reach(
            everything=any(grant.is_everywhere for grant in grants),
            codes=tuple(sorted(codes)),
            units=frozenset(units),
            above=frozenset(code for low in lowest for code in ancestor_codes(low)),
        )

    def has_perm(self, permission: str, obj: Any = None) -> bool:
        """Whether a grant carries `permission` (anywhere, or for `obj`); the backends answer."""
        return any(backend.has_perm(self, permission, obj) for backend in auth.get_backends())

    def has_perms(self, permissions: list[str], obj: Any = None) -> bool:
        return all(self.has_perm(permission, obj) for permission in permissions)


class GrantQuerySet(DatedQuerySet):
    """Grants, by the area that keeps the account."""

    area_lookup = "user__area"

    def effective(self, on: dt.date | None = None) -> Self:
        """Grants that hold on `on` and that a second person has confirmed."""
        return self.in_force(on).filter(confirmed_at__isnull=False)


class Grant(Versioned, Dated):
    """A role for a user: in an area with everything below it, for one assessed unit, or (administrators) everywhere."""

    user = models.ForeignKey(User, models.PROTECT, related_name="grants", verbose_name="账号")
    role = models.CharField("角色", max_length=10, choices=Role)
    line = models.CharField("账号类别", max_length=10, choices=Line, editable=False)
    area = models.ForeignKey(
        "organizations.Area", models.PROTECT, null=True, blank=True, related_name="grants", verbose_name="区划范围"
    )
    unit = models.ForeignKey(
        "organizations.Unit", models.PROTECT, null=True, blank=True, related_name="grants", verbose_name="责任单位"
    )
    reason = models.CharField("授权依据", max_length=200)
    granted_by = models.ForeignKey(
        User, models.PROTECT, null=True, editable=False, related_name="granted", verbose_name="授权人"
    )
    confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, editable=False, related_name="confirmed", verbose_name="复核人"
    )
    confirmed_at = models.DateTimeField("复核时间", null=True, editable=False)

    objects = GrantQuerySet.as_manager()

    class Meta(Dated.Meta):
        ordering = ["user", "-since", "pk"]
        verbose_name = verbose_name_plural = "授权"
        permissions = [("confirm_grant", "可以复核授权")]
        constraints = [
            *Dated.Meta.constraints,
            models.CheckConstraint(
                condition=Q(role__in=[Role.SYSADMIN, Role.SECADMIN, Role.AUDITOR], line=F("role"))
                | Q(~Q(role__in=[Role.SYSADMIN, Role.SECADMIN, Role.AUDITOR]), line=Line.BUSINESS),
                name="grant_role_keeps_to_its_line",
                violation_error_message="三员分立：管理员角色与业务角色不能授予同一账号。",
            ),
            models.CheckConstraint(
                condition=Q(area=None) | Q(unit=None),
                name="grant_area_or_unit",
                violation_error_message="区划范围和责任单位只能选一项。",
            ),
            models.CheckConstraint(
                condition=~Q(line=Line.BUSINESS) | Q(area__isnull=False) | Q(unit__isnull=False),
                name="grant_business_needs_a_place",
                violation_error_message="业务角色必须指定区划范围或责任单位。",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | Q(granted_by=None) | ~Q(confirmed_by=F("granted_by")),
                name="grant_confirmed_by_another",
                violation_error_message="授权须由另一人复核，授权人不能复核自己的授权。",
            ),
            models.CheckConstraint(
                condition=Q(confirmed_by=None) | ~Q(confirmed_by=F("user")),
                name="grant_not_confirmed_by_holder",
                violation_error_message="不能复核授予自己的角色。",
            ),
        ]

    def __str__(self):
        return f"{self.user}·{self.get_role_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.line = Role(self.role).line
        super().save(*args, **kwargs)

    def get_absolute_url(self):
        return reverse("accounts:user_detail", args=[self.user_id])

    def clean(self) -> None:
        if self.role:
            self.line = Role(self.role).line
        if self.user_id and self.role and self.user.line != self.line:
            raise ValidationError("三员分立：这个账号的类别与所选角色不一致，请另建账号。")

    @property
    def is_everywhere(self) -> bool:
        return self.area_id is None and self.unit_id is None

    def carries(self, permission: str) -> bool:
        return permission in PERMISSIONS[self.role]


class LoginAttempt(models.Model):
    """Wrong log-ins counted per account and address, in the database, so that a lock survives a restart."""

    unscoped = "bookkeeping of the log-in page; shown on the account's own page only"
    username = models.CharField(max_length=50)
    address = models.CharField(max_length=45)
    failures = models.PositiveIntegerField(default=0)
    locked_until = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["username", "address"], name="login_attempt_once")]

    def __str__(self):
        return f"{self.username} {self.address}"


class OneTimeCode(models.Model):
    """A code with which a new account sets its first password; only its digest is kept."""

    unscoped = "read only by the activation page, by digest"
    user = models.OneToOneField(User, models.CASCADE, related_name="one_time_code")
    digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    class Meta:
        default_permissions = ()

    def __str__(self):
        return f"{self.user}"


class PasswordRecord(models.Model):
    """A password that was used before, as its hash, so that the last ones are refused."""

    unscoped = "never shown"
    user = models.ForeignKey(User, models.CASCADE, related_name="old_passwords")
    password = models.CharField(max_length=128)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-at", "-pk"]
        default_permissions = ()

    def __str__(self):
        return f"{self.user} {self.at:%Y-%m-%d}"


class ApiToken(models.Model):
    """A token for the API; shown once, kept as its digest; acts with its owner's rights."""

    unscoped = "reached through its owner only"
    user = models.ForeignKey(User, models.CASCADE, related_name="api_tokens")
    name = models.CharField("用途", max_length=50)
    prefix = models.CharField("前缀", max_length=8)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField("创建时间", auto_now_add=True)
    expires_on = models.DateField("有效期至")
    revoked_at = models.DateTimeField("停用时间", null=True)

    class Meta:
        ordering = ["-created_at", "-pk"]
        default_permissions = ()

    def __str__(self):
        return self.name

    @staticmethod
    def make() -> tuple[str, str]:
        """(token, its digest)."""
        token = secrets.token_urlsafe(32)
        return token, hashlib.sha256(token.encode()).hexdigest()

    @property
    def is_valid(self) -> bool:
        return self.revoked_at is None and self.expires_on >= timezone.localdate()


class SavedFilter(models.Model):
    """A list's filter under a name, private to its owner."""

    unscoped = "reached through its owner only"
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_filters")
    path = models.CharField(max_length=200)
    name = models.CharField("名称", max_length=30)
    query = models.CharField(max_length=500)

    class Meta:
        ordering = ["name", "pk"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["user", "path", "name"],
                name="saved_filter_name_once",
                violation_error_message="这个名称已用过，请换一个。",
            )
        ]

    def __str__(self):
        return self.name


class AuditTrailQuerySet(ScopedQuerySet):
    """The trail's rows of an area; rows of no area belong to the whole installation."""

    area_lookup = None
    code_lookup = "area_code"


class AuditTrail(AuditEntry):
    """The trail as the auditor reads it."""

    objects = AuditTrailQuerySet.as_manager()

    class Meta:
        proxy = True
        default_permissions = ("view",)
        verbose_name = verbose_name_plural = "审计记录"

    def get_absolute_url(self):
        return reverse("accounts:audit_detail", args=[self.pk])
