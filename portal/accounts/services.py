"""Accounts' workflow: log-in under a lock-out, first passwords, grants that a second person confirms."""

import datetime as dt
import hashlib
import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from portal.accounts.attempts import minutes_left, reserve
from portal.accounts.models import ApiToken, Grant, LoginAttempt, OneTimeCode, PasswordRecord, User, fold
from portal.accounts.passwords import profile
from portal.accounts.roles import Role
from portal.audit.models import Action, Change, record
from portal.kit import saving
from portal.kit.scope import require

CODE_HOURS = 24
TOKEN_DAYS = 365


def log_in(username: str, password: str, address: str) -> User:
    """The user, or a ValidationError in words.

    A try is counted before the password is looked at, in one statement of its own transaction: of many at once, no
    more than settings.LOGIN_ATTEMPTS get to the password check (security.md 3).
    """
    name = fold(username)[:50]
    if not reserve(name, address):
        _trail(name, address, "已锁定")
        raise ValidationError(
            f"密码连续输错 {settings.LOGIN_ATTEMPTS} 次，这个账号在本机已锁定，"
            f"请 {minutes_left(name, address)} 分钟后再试，或联系安全管理员解锁。"
        )
    user = authenticate(username=name, password=password)
    if user is None:
        _trail(name, address, "账号或密码错误")
        raise ValidationError("账号或密码不对。请检查大小写和输入法后重试。")
    with transaction.atomic():
        LoginAttempt.objects.filter(username=name, address=address).delete()
    return user


def unlock(user: User, *, by: Any) -> int:
    """Lift every lock of an account; how many there were."""
    with transaction.atomic():
        require(by, "unlock", user)
        count, _ = LoginAttempt.objects.filter(username=user.username).delete()
        record(by, Action.UNLOCKED, user, words=f"解除 {user.name}（{user.username}）的登录锁定")
    return count


@transaction.atomic
def change_password(user: User, password: str, *, by: Any) -> None:
    """Set a checked password, remember the old one, end the need to change it."""
    if user.has_usable_password():
        PasswordRecord.objects.create(user=user, password=user.password)
        keep = PasswordRecord.objects.filter(user=user).values_list("pk", flat=True)[: profile().remembered]
        PasswordRecord.objects.filter(user=user).exclude(pk__in=list(keep)).delete()
    user.set_password(password)
    user.must_change_password, user.password_changed_at = False, timezone.now()
    user.save(update_fields=["password", "must_change_password", "password_changed_at"])
    record(by, Action.PASSWORD_CHANGED, user, words=f"修改 {user.name}（{user.username}）的密码")


@transaction.atomic
def issue_code(user: User, *, by: Any) -> str:
    """A one-time code for the first or a forgotten password; sessions of the account end."""
    code = secrets.token_hex(6)
    values = {"digest": _digest(code), "expires_at": timezone.now() + dt.timedelta(hours=CODE_HOURS)}
    OneTimeCode.objects.update_or_create(user=user, defaults=values)
    user.set_unusable_password()
    user.save(update_fields=["password"])
    record(by, Action.PASSWORD_CHANGED, user, words=f"为 {user.name}（{user.username}）发放一次性激活码")
    return code


def activate(username: str, code: str, address: str) -> OneTimeCode:
    """The account's code where it is the right one; it is not used up before a password is set.

    Tries are counted like log-ins, outside any transaction, so that a refusal does not take its count back.
    """
    name = fold(username)[:50]
    if not reserve(name, address):
        _trail(name, address, "激活码，已锁定")
        raise ValidationError(f"尝试次数过多，请 {minutes_left(name, address)} 分钟后再试。")
    found = usable_code(_digest(code.strip()))
    if found is None or found.user.username != name:
        _trail(name, address, "激活码不对")
        raise ValidationError("账号或激活码不对，或激活码已过期。请向系统管理员重新领取。")
    return found


def usable_code(digest: str) -> OneTimeCode | None:
    """The code with this digest, while it holds and its account is enabled."""
    codes = OneTimeCode.objects.filter(digest=digest, user__is_active=True, expires_at__gt=timezone.now())
    return codes.select_related("user").first()


@transaction.atomic
def finish_activation(code: OneTimeCode, password: str) -> None:
    """Use the code up and set the first password; a code works once."""
    user = code.user
    deleted, _ = OneTimeCode.objects.filter(pk=code.pk, digest=code.digest).delete()
    if not deleted:
        raise ValidationError("这个激活码已经用过。请登录，或向系统管理员重新领取。")
    LoginAttempt.objects.filter(username=user.username).delete()
    change_password(user, password, by=user)


@transaction.atomic
def grant_role(grant: Grant, *, by: Any) -> Grant:
    """Write a grant that waits for a second person; a role for oneself is refused."""
    if grant.user_id == by.pk:
        raise ValidationError("不能给自己授权。")
    grant.granted_by, grant.confirmed_by, grant.confirmed_at = by, None, None
    return saving.save(grant, by=by, action=Action.GRANTED)


@transaction.atomic
def confirm_grant(grant: Grant, *, by: Any) -> Grant:
    """A second person lets a grant take effect: neither who granted it nor who holds it."""
    grant = Grant.objects.select_for_update(of=("self",)).select_related("user__area").get(pk=grant.pk)
    if grant.confirmed_at:
        raise ValidationError("这项授权已经复核过。")
    if by.pk == grant.granted_by_id:
        raise ValidationError("授权须由另一人复核，授权人不能复核自己的授权。")
    if by.pk == grant.user_id:
        raise ValidationError("不能复核授予自己的角色。")
    grant.confirmed_by, grant.confirmed_at = by, timezone.now()
    grant.version += 1
    grant.save()
    require(by, "confirm", grant)
    record(by, Action.GRANTED, grant, words=f"复核并生效 {grant}")
    return grant


@transaction.atomic
def revoke_grant(grant: Grant, *, by: Any) -> Grant:
    """End a grant at once: yesterday was its last day; one that began today never holds again."""
    grant = Grant.objects.select_for_update(of=("self",)).select_related("user__area").get(pk=grant.pk)
    yesterday = timezone.localdate() - dt.timedelta(days=1)
    if grant.until and grant.until <= yesterday:
        raise ValidationError("这项授权已经结束。")
    before = str(grant.until or "")
    grant.until = max(yesterday, grant.since)
    if grant.since > yesterday:
        grant.since = grant.until = yesterday
    grant.version += 1
    grant.save()
    require(by, "change", grant)
    changes = [Change("until", "截止日期", before, str(grant.until))]
    record(by, Action.REVOKED, grant, changes=changes, words=f"撤销 {grant}")
    return grant


@transaction.atomic
def create_administrator(username: str, name: str, role: str) -> tuple[User, str]:
    """The first administrators of an installation, from the command line; returns the one-time code."""
    user = User(username=fold(username), name=name, line=Role(role).line)
    user.set_unusable_password()
    user.full_clean(exclude=["password"])
    user.save()
    Grant.objects.create(
        user=user, role=role, since=timezone.localdate(), reason="系统安装时设立", confirmed_at=timezone.now()
    )
    return user, issue_code(user, by=None)


@transaction.atomic
def make_token(user: User, name: str, *, days: int = TOKEN_DAYS) -> str:
    """A token for the API; it is shown this once and kept as its digest."""
    token, digest = ApiToken.make()
    until = timezone.localdate() + dt.timedelta(days=days)
    ApiToken.objects.create(user=user, name=name, prefix=token[:6], digest=digest, expires_on=until)
    record(user, Action.CREATED, user, words=f"新建接口令牌“{name}”，有效期至 {until}")
    return token


@transaction.atomic
def revoke_token(token: ApiToken, *, by: Any) -> None:
    token.revoked_at = timezone.now()
    token.save(update_fields=["revoked_at"])
    record(by, Action.REVOKED, token.user, words=f"停用接口令牌“{token.name}”")


def _trail(name: str, address: str, why: str) -> None:
    user = User.objects.filter(username=name).first()
    with transaction.atomic():
        who = "" if user else "不存在的账号"
        record(user, Action.LOG_IN_FAILED, user, words=f"{who}登录失败（{address or '未知地址'}）：{why}")


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
