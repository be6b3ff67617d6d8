"""Second factors: what a person has besides the password (security.md 4)."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from portal.kit.sealed import SealedField


class Factor(models.Model):
    """An authenticator app (one-time codes, RFC 6238) or a passkey (WebAuthn) of one account."""

    unscoped = "reached through its owner only"

    class Kind(models.TextChoices):
        TOTP = "totp", "验证器"
        PASSKEY = "passkey", "通行密钥"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="factors", verbose_name="账号")
    kind = models.CharField("类别", max_length=8, choices=Kind)
    name = models.CharField("名称", max_length=30)
    secret = SealedField("密钥", null=True, editable=False)  # of an app: what its codes are made from
    last_step = models.BigIntegerField(default=0, editable=False)  # the last time step whose code was taken
    credential_id = models.CharField(max_length=700, blank=True, editable=False)
    credential = models.BinaryField(null=True, editable=False)  # of a passkey: its public key
    made_at = models.DateTimeField("添加时间", auto_now_add=True)
    used_at = models.DateTimeField("最近使用", null=True, editable=False)

    class Meta:
        ordering = ["pk"]
        default_permissions = ()
        verbose_name = verbose_name_plural = "第二重验证"
        constraints = [
            models.UniqueConstraint(fields=["credential_id"], condition=~Q(credential_id=""), name="passkey_once"),
            models.CheckConstraint(
                condition=Q(kind="totp", secret__isnull=False) | Q(kind="passkey", credential__isnull=False),
                name="factor_has_its_key",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()}“{self.name}”"


class RecoveryCode(models.Model):
    """A code for the day on which the phone is lost; only its digest is kept, it works once."""

    unscoped = "never shown after it was made"
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_once")]

    def __str__(self):
        return f"{self.user}"
