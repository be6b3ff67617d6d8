"""Phones that are stored encrypted and shown as their last two digits: AES-256-GCM with keys outside the database.

A stored value reads `1$<key id>$<base64 of nonce and ciphertext>`. It is bound to its column ("app.model.field"), so that
it cannot be moved to another one. Only `Phone.reveal` gives the digits: that is the word to grep for.
"""

import base64
import hashlib
import hmac
import os
import re
import unicodedata
from functools import lru_cache
from typing import Any, ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django import forms
from django.conf import settings
from django.core.exceptions import FieldError, ValidationError
from django.db import models
from django.db.models.lookups import Exact, IsNull
from django.db.models.query_utils import DeferredAttribute

VERSION = "1"
NONCE_BYTES = 12
FINGERPRINT_KEY = "fp"
DOTS = "•" * 9
UNREADABLE = f"{DOTS}（无法解密）"
SHORTEST = 7
NONE_WORDS = {"无", "-", "–", "—"}
TOKEN = re.compile(rf"{VERSION}\$([A-Za-z0-9_-]+)\$([A-Za-z0-9+/]+=*)")
VALID = re.compile(r"1[3-9]\d{9}|0(?:10|2\d)\d{8}|0[3-9]\d{2}\d{7,8}|[48]00\d{7}")
COUNTRY = re.compile(r"(?:(?:\+|00)86|86(?=1\d{10}))(\d+)")
SEPARATORS = re.compile(r"[\s()\-‐‑‒–—―−.·]")


class SecretError(Exception):
    """A stored value that cannot be read."""


class KeyMissingError(SecretError):
    """The key that wrote a value is not among FIELD_KEYS."""

    def __init__(self, key_id: str):
        super().__init__(
            f"FIELD_KEYS has no key {key_id!r}, which wrote this value. Put that key back behind the first one, "
            "and remove it only after manage.py rotate_field_keys (docs/operations.md)."
        )
        self.key_id = key_id


class DamagedError(SecretError):
    """A value that its key does not open: changed, cut, or moved here from another column."""

    def __init__(self, column: str):
        super().__init__(f"A value of {column} does not open with its key: it was changed, or belongs elsewhere.")


def writing_key_id() -> str:
    """The id of the key that writes: the first of FIELD_KEYS."""
    return next(iter(settings.FIELD_KEYS))


def encrypt(text: str, column: str) -> str:
    """The stored form of `text` for "app.model.field"."""
    key_id, nonce = writing_key_id(), os.urandom(NONCE_BYTES)
    sealed = nonce + _cipher(_key(key_id)).encrypt(nonce, text.encode(), column.encode())
    return f"{VERSION}${key_id}${base64.b64encode(sealed).decode()}"


def decrypt(token: str, column: str) -> str:
    """What `encrypt` was given. Raises KeyMissingError, DamagedError."""
    found = TOKEN.fullmatch(token)
    if not found:
        raise DamagedError(column)
    try:
        sealed = base64.b64decode(found[2])
        return _cipher(_key(found[1])).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], column.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise DamagedError(column) from error


def seal_bytes(content: bytes, column: str) -> bytes:
    """The stored form of a file's bytes for "app.model.field": key id, nonce, ciphertext."""
    key_id, nonce = writing_key_id(), os.urandom(NONCE_BYTES)
    return key_id.encode() + b"$" + nonce + _cipher(_key(key_id)).encrypt(nonce, content, column.encode())


def open_bytes(sealed: bytes, column: str) -> bytes:
    """What `seal_bytes` was given. Raises KeyMissingError, DamagedError."""
    key_id, _, rest = sealed.partition(b"$")
    try:
        return _cipher(_key(key_id.decode())).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], column.encode())
    except (InvalidTag, ValueError) as error:
        raise DamagedError(column) from error


def fingerprint(digits: str) -> str:
    """A keyed digest by which equal numbers are found without decrypting (64 characters; "" for no number).

    Its key has an entry of its own in FIELD_KEYS ("fp"), so that a rotation of the others leaves it as it is.
    """
    if not digits:
        return ""
    return hmac.new(_fingerprint_key(_key(FINGERPRINT_KEY)), digits.encode(), hashlib.sha256).hexdigest()


def normal_phone(text: str) -> str:
    """The digits of one number as people type it: 138 0000 0001, ０７１９－２７２３４５６, +86…; "" for nothing.

    Raises ValidationError with what is wrong, never with the number.
    """
    text = "".join(char for char in unicodedata.normalize("NFKC", text) if unicodedata.category(char) != "Cf")
    digits = SEPARATORS.sub("", text.strip().removesuffix(".0"))
    if re.search("[/、,;]", digits):
        raise ValidationError("请只填一个号码。")
    if not re.fullmatch(r"\+?\d*", digits, re.ASCII):
        raise ValidationError("电话里只能有数字、空格和横线。")
    digits = _without_country(digits)
    if digits and not VALID.fullmatch(digits):
        raise ValidationError(_what_is_wrong(digits))
    return digits


def _without_country(digits: str) -> str:
    found = COUNTRY.fullmatch(digits)
    if not found:
        return digits
    return found[1] if VALID.fullmatch(found[1]) else f"0{found[1]}"


def _what_is_wrong(digits: str) -> str:
    if len(digits) > 13:
        return "号码太长：请只填一个号码，不要写分机号。"
    if digits.startswith("0"):
        return "固定电话应为区号加 7 至 8 位号码，例如 0719-2723456。"
    if len(digits) in (7, 8):
        return "固定电话请加上区号，例如 0719-2723456。"
    if digits.startswith("1") and len(digits) != 11:
        return f"手机号应为 11 位，现在是 {len(digits)} 位。"
    return "这不是手机号，也不是带区号的固定电话，请核对。"


@lru_cache(maxsize=16)
def _cipher(key: bytes) -> AESGCM:
    return AESGCM(key)


@lru_cache(maxsize=4)
def _fingerprint_key(key: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=b"tongxin phone fingerprint").derive(key)


def _key(key_id: str) -> bytes:
    try:
        return settings.FIELD_KEYS[key_id]
    except KeyError:
        raise KeyMissingError(key_id) from None


class Phone:
    """A number that every text shows masked; two are equal when their digits are. It is decrypted when first asked."""

    __slots__ = ("_column", "_digits", "_token")
    _column: str
    _digits: str | None
    _token: str

    def __init__(self, text: str = ""):
        """From what people type; raises ValidationError."""
        self._set(normal_phone(text), "", "")

    @classmethod
    def of(cls, digits: str) -> "Phone":
        """From digits that code wrote down; full_clean checks them."""
        phone = cls.__new__(cls)
        phone._set(digits, "", "")
        return phone

    @classmethod
    def stored(cls, token: str, column: str) -> "Phone":
        """From the stored form of a value of `column`."""
        phone = cls.__new__(cls)
        phone._set(None if token else "", token, column)
        return phone

    def reveal(self) -> str:
        """The digits. Raises KeyMissingError, DamagedError. The caller has checked the right and written it down."""
        return self._open()

    reveal.alters_data = True  # type: ignore[attr-defined]  # so that no template can call it

    @property
    def masked(self) -> str:
        if not self:
            return ""
        try:
            return f"{DOTS}{self._open()[SHORTEST - 2 :][-2:]}"
        except SecretError:
            return UNREADABLE

    @property
    def fingerprint(self) -> str:
        """What equal numbers share: see `fingerprint` above."""
        return fingerprint(self._open())

    @property
    def key_id(self) -> str:
        """Which key wrote it; "" for one that is not stored."""
        found = TOKEN.fullmatch(self._token)
        return found[1] if found else ""

    def check(self) -> None:
        """Raise ValidationError unless it has the digits of a phone."""
        normal_phone(self._open())

    def token_for(self, column: str) -> str:
        """The stored form for `column`; one read from there stays as it is."""
        if not self:
            return ""
        return self._token if self._token and self._column == column else encrypt(self._open(), column)

    def __str__(self) -> str:
        return self.masked

    def __repr__(self) -> str:
        return self.masked

    def __format__(self, spec: str) -> str:
        return format(self.masked, spec)

    def __bool__(self) -> bool:
        return bool(self._digits or self._token)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Phone):
            return self._token == other._token != "" or self._identity() == other._identity()
        return self._identity() == other if isinstance(other, str) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._identity())

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError("A phone does not change: make another one.")

    def __copy__(self) -> "Phone":
        return self

    def __deepcopy__(self, memo: Any) -> "Phone":
        return self

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError("A phone is not pickled.")

    def _set(self, digits: str | None, token: str, column: str) -> None:
        for name, value in (("_digits", digits), ("_token", token), ("_column", column)):
            object.__setattr__(self, name, value)

    def _open(self) -> str:
        if self._digits is None:
            object.__setattr__(self, "_digits", decrypt(self._token, self._column))
        return self._digits or ""

    def _identity(self) -> str:
        """The digits, or the stored form of what cannot be read: it equals itself."""
        try:
            return self._open()
        except SecretError:
            return self._token


class PhoneInput(forms.TelInput):
    def use_required_attribute(self, initial: Any) -> bool:
        return super().use_required_attribute(initial) and not initial


class PhoneField(forms.Field):
    """A box for one number. On an edit form it is empty: left so it keeps the stored number, 无 or - removes it."""

    widget = PhoneInput
    stored: Phone = Phone()

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.widget.attrs.setdefault("maxlength", "40")
        self.widget.attrs.setdefault("autocomplete", "off")

    def get_bound_field(self, form: Any, field_name: str) -> Any:
        initial = form.get_initial_for_field(self, field_name)
        if isinstance(initial, Phone) and initial and not self.stored:
            self.stored = initial
            self.widget.attrs["placeholder"] = initial.masked
            rule = "留空则不改" if self.required else "留空则不改，填“无”则删去"
            self.help_text = f"{self.help_text}已登记的号码不显示，{rule}。"
        return super().get_bound_field(form, field_name)

    def prepare_value(self, value: Any) -> Any:
        return "" if isinstance(value, Phone) else value

    def clean(self, value: Any) -> Phone:
        if not isinstance(value, Phone):
            text = unicodedata.normalize("NFKC", str(value or "")).strip()
            value = Phone() if text in NONE_WORDS else Phone(text) or self.stored
        self.validate(value)
        return value

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return not self.disabled and self.clean(data) != (initial or "")
        except ValidationError:
            return True


class PhoneAttribute(DeferredAttribute):
    """Makes a Phone of whatever is assigned; raises ValidationError for what is no number."""

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = self.field.to_python(value)


class EncryptedPhoneField(models.CharField):
    """A phone number, stored encrypted, read as a `Phone`. It is found by its fingerprint, not by its text."""

    descriptor_class: ClassVar[Any] = PhoneAttribute
    audit_private = True

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **{"max_length": 255, **kwargs})

    @property
    def label(self) -> str:
        """What its values are bound to: "app.model.field"."""
        return f"{self.model._meta.label_lower}.{self.name}"

    def from_db_value(self, value: str | None, expression: Any, connection: Any) -> Phone:
        return Phone.stored(value or "", self.label)

    def to_python(self, value: Any) -> Any:
        if isinstance(value, Phone) or hasattr(value, "resolve_expression"):
            return value
        text = str(value or "")
        if TOKEN.fullmatch(text):
            return Phone.stored(text, self.label)
        return Phone.of(text) if text.isascii() and text.isdigit() else Phone(text)

    def get_prep_value(self, value: Any) -> Any:
        value = self.to_python(value)
        return value.token_for(self.label) if isinstance(value, Phone) else value

    def value_to_string(self, obj: Any) -> str:
        return self.get_prep_value(self.value_from_object(obj))

    def run_validators(self, value: Any) -> None:
        """A stored number is not judged again."""
        if value and not value.key_id:
            value.check()

    def get_lookup(self, lookup_name: str) -> Any:
        """Only "is it empty?": an encrypted text has no other order or likeness."""
        return {"exact": EmptyLookup, "isnull": IsNull}.get(lookup_name)

    def formfield(self, **kwargs: Any) -> Any:
        return models.Field.formfield(self, **{"form_class": PhoneField, **kwargs})


class EmptyLookup(Exact):
    def get_prep_lookup(self) -> Any:
        if self.rhs:
            raise FieldError("An encrypted phone is searched by its fingerprint, not by its number.")
        return ""
