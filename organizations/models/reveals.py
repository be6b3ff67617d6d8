"""Who looked at whose phone number, when and why (security.md 18). The number itself is never here."""

from django.conf import settings
from django.db import models

from organizations.models.attachments import About, AboutQuerySet


class PhoneReveal(About):
    """One look at a number: written before the number leaves the server."""

    class Reason(models.TextChoices):
        LIAISON = "liaison", "日常联系"
        ACTIVITY = "activity", "通知会议和活动"
        REQUEST = "request", "办理诉求"
        CHECK = "check", "核对登记的信息"
        OWN = "own", "本人要求"

    reason = models.CharField("事由", max_length=10, choices=Reason)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="phone_reveals", verbose_name="查看人"
    )
    at = models.DateTimeField("查看时间", auto_now_add=True)

    objects = AboutQuerySet.as_manager()

    class Meta(About.Meta):
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        verbose_name = verbose_name_plural = "电话查看记录"
        indexes = [models.Index(fields=["register", "object_id", "-at"])]

    def __str__(self):
        return f"{self.by} {self.get_reason_display()}"


class RevealCount(models.Model):
    """How many numbers one account looked at on a day; raised by one conditional UPDATE."""

    unscoped = "bookkeeping of the daily limit"
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="reveal_counts")
    on = models.DateField()
    number = models.PositiveIntegerField(default=0)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["user", "on"], name="reveal_count_once")]

    def __str__(self):
        return f"{self.user} {self.on}"
