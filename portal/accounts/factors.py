"""The second factor: setting one up, asking for it, recovery codes, taking it away (security.md 4).

A one-time code is taken once: the time step it belongs to is raised by one conditional UPDATE, so that of many tries with
the same code at once one is let through. Wrong tries are counted like wrong passwords, per account.
"""

import ipaddress
import json
import secrets
import time
from collections.abc import Mapping
from typing import Any

import pyotp
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from fido2.server import Fido2Server
from fido2.utils import websafe_encode
from fido2.webauthn import AttestedCredentialData, PublicKeyCredentialRpEntity, PublicKeyCredentialUserEntity

from portal.accounts.attempts import minutes_left, reserve
from portal.accounts.models import Factor, LoginAttempt, RecoveryCode, User
from portal.audit.models import Action, record
from portal.kit.scope import require
from portal.kit.secrets import fingerprint

PLACE = "second factor"  # what wrong tries are counted under, beside the addresses of log-ins
STEP_SECONDS, WINDOW = 30, 1  # a code of the step before or after is taken too: clocks differ
RECOVERY_CODES = 10
ISSUER = "同心"
MOST = 5
SHOWN, WAITING = "second_factor_at", "second_factor_of"  # in a session: when it was shown, who has yet to show it
WRONG = "验证码不对或已用过。请等验证器显示下一个验证码后再试；手机不在身边的，可以用恢复码。"


def is_required(user: Any) -> bool:
    """Whether this account must have a second factor to log in."""
    return user.line in settings.SECOND_FACTOR_LINES


def is_asked(user: User) -> bool:
    """Whether the log-in asks this account for a second factor, or to set one up."""
    return is_required(user) or user.factors.exists()


def new_secret() -> str:
    return pyotp.random_base32()


def address_of(user: User, secret: str) -> str:
    """The otpauth:// address that an authenticator app reads from the QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name=ISSUER)


@transaction.atomic
def add_app(user: User, secret: str, code: str, name: str) -> list[str]:
    """Keep an authenticator app that showed the right code; recovery codes where these are the first ones."""
    step = _step_of(secret, code)
    if step is None:
        raise ValidationError("验证码不对。请核对手机时间是否准确，再输入验证器现在显示的六位数字。")
    _refuse_too_many(user)
    kept = Factor(user=user, kind=Factor.Kind.TOTP, name=name, secret=secret.encode(), last_step=step)
    return _keep(kept)


def server(host: str) -> Fido2Server:
    return Fido2Server(PublicKeyCredentialRpEntity(id=host, name=ISSUER))


def may_have_passkeys(host: str) -> bool:
    """Passkeys are bound to a domain; an address of numbers has none."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return True
    return False


def begin_passkey(user: User, host: str) -> tuple[str, Any]:
    """(options for the browser as JSON, state to keep) for making a passkey."""
    who = PublicKeyCredentialUserEntity(id=str(user.pk).encode(), name=user.username, display_name=user.name)
    options, state = server(host).register_begin(who, _credentials(user), user_verification=_VERIFIED)
    return json.dumps(dict(options)["publicKey"]), state


@transaction.atomic
def add_passkey(user: User, host: str, state: Any, answer: str, name: str) -> list[str]:
    """Keep the passkey that the browser made. Raises ValidationError."""
    try:
        data = server(host).register_complete(state, json.loads(answer)).credential_data
    except (ValueError, KeyError, TypeError) as error:
        raise ValidationError("浏览器没有完成通行密钥的创建，请重试，或改用验证器。") from error
    if data is None:
        raise ValidationError("浏览器没有交来通行密钥，请重试，或改用验证器。")
    _refuse_too_many(user)
    number = websafe_encode(data.credential_id)
    return _keep(Factor(user=user, kind=Factor.Kind.PASSKEY, name=name, credential=bytes(data), credential_id=number))


def ask_passkey(user: User, host: str) -> tuple[str, Any]:
    """(options for the browser as JSON, state to keep) for using a passkey; ("", None) where there is none."""
    known = _credentials(user) if may_have_passkeys(host) else []
    if not known:
        return "", None
    options, state = server(host).authenticate_begin(known, user_verification=_VERIFIED)
    return json.dumps(dict(options)["publicKey"]), state


def verify(user: User, *, code: str = "", answer: str = "", host: str = "", state: Any = None, by: Any = None) -> None:
    """Let a person through who shows a factor: an app's code, a recovery code, or a passkey's answer.

    The try is counted before it is looked at. Raises ValidationError in words; a right one uses the code up.
    """
    if not reserve(user.username, PLACE):
        _told(by or user, user, "第二重验证已锁定")
        raise ValidationError(
            f"验证码连续输错，已锁定，请 {minutes_left(user.username, PLACE)} 分钟后再试，或联系安全管理员解锁。"
        )
    with transaction.atomic():
        how = _passkey(user, host, state, answer) if answer else _code(user, code)
        if how:
            LoginAttempt.objects.filter(username=user.username, address=PLACE).delete()
            record(by or user, Action.CONFIRMED, user, words=f"通过第二重验证（{how}）")
    if not how:
        _told(by or user, user, "第二重验证未通过")
        raise ValidationError("通行密钥没有通过验证，请重试，或输入验证码。" if answer else WRONG)


@transaction.atomic
def new_recovery_codes(user: User) -> list[str]:
    """Ten codes, shown this once; the ones before are void."""
    codes = [f"{secrets.token_hex(2)}-{secrets.token_hex(2)}-{secrets.token_hex(2)}" for _ in range(RECOVERY_CODES)]
    user.recovery_codes.all().delete()
    RecoveryCode.objects.bulk_create(RecoveryCode(user=user, digest=_digest(user, code)) for code in codes)
    record(user, Action.CREATED, user, words="生成新的恢复码，原有的作废")
    return codes


@transaction.atomic
def remove_factor(factor: Factor) -> None:
    """Take one's own factor away; the last one of an account that must have one stays."""
    user = User.objects.select_for_update().get(pk=factor.user_id)
    if is_required(user) and user.factors.count() == 1:
        raise ValidationError("您的账号必须有第二重验证：请先添加另一个，再移除这一个。")
    record(user, Action.DELETED, user, words=f"移除第二重验证：{factor}")
    factor.delete()
    if not user.factors.exists():
        user.recovery_codes.all().delete()


@transaction.atomic
def reset_factors(user: User, *, by: Any) -> int:
    """Take another account's factors away (a lost phone); it sets one up anew at the next log-in. How many there were."""
    require(by, "unlock", user)
    if user.pk == by.pk:
        raise ValidationError("不能重置自己的第二重验证；请由另一位管理员办理。")
    count, _ = user.factors.all().delete()
    user.recovery_codes.all().delete()
    LoginAttempt.objects.filter(username=user.username, address=PLACE).delete()
    record(by, Action.UNLOCKED, user, words=f"重置 {user.name}（{user.username}）的第二重验证，原有 {count} 项")
    return count


_VERIFIED: Any = "preferred"


def _keep(factor: Factor) -> list[str]:
    first = not factor.user.factors.exists()
    factor.save()
    record(factor.user, Action.CREATED, factor.user, words=f"添加第二重验证：{factor}")
    return new_recovery_codes(factor.user) if first else []


def _refuse_too_many(user: User) -> None:
    User.objects.select_for_update().get(pk=user.pk)
    if user.factors.count() >= MOST:
        raise ValidationError(f"最多添加 {MOST} 项第二重验证，请先移除不用的。")


def _code(user: User, code: str) -> str:
    """How the code let its owner through; "" where it is wrong or was used."""
    typed = "".join(code.split()).lower()
    for factor in user.factors.filter(kind=Factor.Kind.TOTP):
        step = _step_of(bytes(factor.secret or b"").decode(), typed)
        if step is not None and _used(Factor.objects.filter(pk=factor.pk, last_step__lt=step), last_step=step):
            return str(factor)
    fresh = user.recovery_codes.filter(digest=_digest(user, typed), used_at=None)
    return "恢复码" if typed and fresh.update(used_at=timezone.now()) else ""


def _passkey(user: User, host: str, state: Any, answer: str) -> str:
    known = {websafe_encode(data.credential_id): data for data in _credentials(user)}
    try:
        used = server(host).authenticate_complete(state, list(known.values()), json.loads(answer))
    except (ValueError, KeyError, TypeError):
        return ""
    factor = user.factors.filter(credential_id=websafe_encode(used.credential_id)).first()
    return str(factor) if factor and _used(Factor.objects.filter(pk=factor.pk)) else ""


def _used(rows: Any, **values: Any) -> bool:
    return bool(rows.update(used_at=timezone.now(), **values))


def _step_of(secret: str, code: str) -> int | None:
    """The time step whose code this is, near the present one; None for a wrong code."""
    totp, now = pyotp.TOTP(secret), int(time.time()) // STEP_SECONDS
    typed = "".join(code.split())
    for step in range(now - WINDOW, now + WINDOW + 1):
        if secrets.compare_digest(totp.generate_otp(step).encode(), typed.encode()):
            return step
    return None


def _credentials(user: User) -> list[AttestedCredentialData]:
    keys = user.factors.filter(kind=Factor.Kind.PASSKEY).values_list("credential", flat=True)
    return [AttestedCredentialData(bytes(key)) for key in keys]


def _digest(user: User, code: str) -> str:
    """Keyed, so that whoever reads the table alone cannot try codes against it."""
    return fingerprint(f"{user.pk} {code}")


def _told(by: Any, user: User, why: str) -> None:
    with transaction.atomic():
        record(by, Action.LOG_IN_FAILED, user, words=why)


def pending(session: Mapping[str, Any]) -> User | None:
    """Who gave the right password a short while ago and has not shown a second factor yet."""
    waiting = session.get(WAITING)
    if not waiting or time.time() - waiting["at"] > settings.SECOND_FACTOR_MINUTES * 60:
        return None
    return User.objects.filter(pk=waiting["user"], is_active=True).first()
