"""Password rules: two profiles that contradict each other; settings.PASSWORD_POLICY names the one in force.

djbh: GB/T 22239 practice (12 characters, 3 of 4 classes, 90 days, last 5 refused).
asvs: OWASP ASVS 5.0 (15 characters, no composition rule, no expiry). Both refuse what is easily guessed.
"""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core.exceptions import ValidationError
from django.utils import timezone
from pypinyin import lazy_pinyin

CLASSES = ("[a-z]", "[A-Z]", "[0-9]", "[^a-zA-Z0-9]")
COMMON = (
    "password",
    "admin",
    "qwer",
    "asdf",
    "zxcv",
    "1234",
    "abcd",
    "111",
    "888",
    "666",
    "tongxin",
    "tongzhan",
    "@123",
)


@dataclass(frozen=True)
class Profile:
    least: int
    classes: int
    days: int | None
    remembered: int

    @property
    def words(self) -> str:
        rule = f"至少 {self.least} 个字符"
        if self.classes:
            rule += f"，包含大写字母、小写字母、数字、符号中的 {self.classes} 种"
        return rule + "，不含账号、姓名拼音、地名和常见口令。"


PROFILES = {"djbh": Profile(12, 3, 90, 5), "asvs": Profile(15, 0, None, 1)}


def profile() -> Profile:
    return PROFILES[settings.PASSWORD_POLICY]


def has_expired(user: Any) -> bool:
    """Whether the password must be changed before anything else; binds pages, API and tokens alike."""
    if user.must_change_password or user.password_changed_at is None:
        return True
    days = profile().days
    return days is not None and timezone.now() - user.password_changed_at > dt.timedelta(days=days)


class PolicyValidator:
    """Length, composition, and the passwords that were used before."""

    def validate(self, password: str, user: Any = None) -> None:
        rules = profile()
        if len(password) < rules.least:
            raise ValidationError(f"密码至少 {rules.least} 个字符，现有 {len(password)} 个。")
        if sum(bool(re.search(kind, password)) for kind in CLASSES) < rules.classes:
            raise ValidationError(f"密码须包含大写字母、小写字母、数字、符号中的 {rules.classes} 种。")
        if user is not None and user.pk:
            old = [user.password, *user.old_passwords.values_list("password", flat=True)[: rules.remembered]]
            if any(check_password(password, encoded) for encoded in old if encoded):
                raise ValidationError(f"不能使用最近 {rules.remembered} 次用过的密码。")

    def get_help_text(self) -> str:
        return profile().words


class BlocklistValidator:
    """What is guessed first: the account, the name, the county and township in pinyin, keyboard rows."""

    def validate(self, password: str, user: Any = None) -> None:
        folded = password.lower()
        if any(word in folded for word in [*COMMON, *self._own(user)]):
            raise ValidationError("密码含有账号、姓名、地名的拼音或常见口令（如 1234、@123），容易被猜中，请换一个。")

    def get_help_text(self) -> str:
        return ""

    @staticmethod
    def _own(user: Any) -> list[str]:
        if user is None:
            return []
        words = [user.username, "".join(lazy_pinyin(user.name))]
        area = user.area
        while area is not None:
            words += [area.name, "".join(lazy_pinyin(area.name.rstrip("县市镇乡村")))]
            area = area.parent
        return [word.lower() for word in words if len(word) > 3]
