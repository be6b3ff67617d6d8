"""Forms that carry a version, an idempotency key and what the page showed when it was opened."""

import re
import unicodedata
import uuid
from collections.abc import Collection, Mapping
from typing import Any, ClassVar

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError

from portal.kit.filters import DateInput

SIGNED_BASE = "kit.forms.base"
NEVER_TYPED = frozenset({"base", "idempotency_key"})
FORBIDDEN = {"Cc", "Cf", "Co", "Cs", "Cn"}
ALLOWED_CONTROLS = "\n\r\t"
BIRTHDAY = r"(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
NUMBERS = [
    (re.compile(rf"(?<![\dA-Za-z])\d{{6}}[ -]?{BIRTHDAY}[ -]?\d{{3}}[\dXx](?![\dA-Za-z])"), "身份证号码"),
    (re.compile(r"(?<!\d)(?:\+?86[ -]?)?1[3-9]\d(?:[ -]?\d{4}){2}(?!\d)"), "电话号码"),
    (re.compile(r"(?<!\d)\d{11}(?!\d)"), "电话号码"),
    (re.compile(r"(?<!\d)0\d{2,3}[ -]?\d{7,8}(?!\d)"), "电话号码"),
    (re.compile(r"(?<![\dA-Za-z])\d{4}(?:[ -]?\d{4}){3}(?:[ -]?\d{1,3})?(?![\dA-Za-z])"), "银行卡号"),
]  # the order decides which word is said


def check_text(value: str) -> str:
    """Return `value`; refuse control characters and direction marks, which make a text read otherwise than it is."""
    for char in value:
        if char not in ALLOWED_CONTROLS and unicodedata.category(char) in FORBIDDEN - {"Co"}:
            raise ValidationError(f"含有不可见的控制字符（U+{ord(char):04X}），请删除后重新填写。")
    return value


def check_no_numbers(value: str) -> str:
    """Return `value`; refuse what reads like a telephone, an identity-card or a bank-card number (security.md, PIPL)."""
    plain = unicodedata.normalize("NFKC", value)
    for pattern, words in NUMBERS:
        if pattern.search(plain):
            raise ValidationError(f"不要在这里写{words}，请删除后再保存。")
    return value


def check_words(value: str) -> str:
    """Return a free text that holds neither; what services ask of a text that no form has seen."""
    return check_no_numbers(check_text(value))


def without_numbers(value: str) -> str:
    """`value` with asterisks for what `check_no_numbers` would refuse: a file's name is not typed, so it is not refused."""
    for pattern, _ in NUMBERS:
        value = pattern.sub("***", value)
    return value


class CleanForm(forms.Form):
    """A plain form whose texts hold no control characters and no personal numbers; its numbers take a numeric keyboard.

    numbers_belong: text fields in which a long number may stand.
    """

    numbers_belong: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        dress(self)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        check_texts(self)
        return cleaned


class KeyedForm(CleanForm):
    """A plain form that acts once: it carries an idempotency key."""

    idempotency_key = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.initial.setdefault("idempotency_key", uuid.uuid4().hex)


class ModelForm(forms.ModelForm):
    """A model's form: optimistic version, idempotency key, and the signed values that the page was opened with.

    numbers_belong: text fields in which a long number may stand.
    """

    numbers_belong: ClassVar[frozenset[str]] = frozenset()
    version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    idempotency_key = forms.CharField(widget=forms.HiddenInput, max_length=64, required=False)
    base = forms.CharField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args: Any, user: Any = None, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.user = user
        dress(self)
        self.initial.setdefault("idempotency_key", uuid.uuid4().hex)
        if self.instance.pk:
            self.initial.setdefault("version", getattr(self.instance, "version", None))
            self.initial.setdefault("base", signing.dumps(self._shown(self.instance), salt=SIGNED_BASE, compress=True))
        for field in self.fields.values():
            queryset: Any = getattr(field, "queryset", None)
            if user is not None and hasattr(queryset, "permitted"):
                field.queryset = queryset.permitted(user)  # type: ignore[attr-defined]

    @property
    def shown_names(self) -> list[str]:
        """The fields a person fills in."""
        return [name for name in self.fields if name not in {"version", "idempotency_key", "base"}]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        check_texts(self)
        return cleaned

    def comparison(self, stored: Any) -> list[tuple[str, str, str, str, bool]]:
        """(label, mine, theirs, before, differs) of each field, for the page that shows a version conflict."""
        before = self._base()
        theirs = self._shown(stored)
        mine = self._shown(self.instance)
        return [
            (str(self.fields[name].label), mine[name], theirs[name], before.get(name, ""), mine[name] != theirs[name])
            for name in mine
        ]

    def _base(self) -> dict[str, str]:
        try:
            return signing.loads(self.data.get(self.add_prefix("base"), ""), salt=SIGNED_BASE)
        except signing.BadSignature:
            return {}

    def _shown(self, obj: Any) -> dict[str, str]:
        names = [name for name in self.shown_names if name in {f.name for f in obj._meta.concrete_fields}]
        return {name: self._shown_value(obj, name) for name in names}

    @staticmethod
    def _shown_value(obj: Any, name: str) -> str:
        display = getattr(obj, f"get_{name}_display", None)
        value = display() if display else getattr(obj, name)
        return "" if value is None else str(value)


def dress(form: forms.BaseForm) -> None:
    """Give date fields a date picker and number fields a text box with a numeric keyboard (a wheel changes nothing)."""
    for field in form.fields.values():
        if isinstance(field, forms.DateField) and type(field.widget) is forms.DateInput:
            field.widget = DateInput()
            field.widget.is_required = field.required
        elif isinstance(field, forms.DecimalField | forms.IntegerField) and isinstance(field.widget, forms.NumberInput):
            mode = "decimal" if isinstance(field, forms.DecimalField) else "numeric"
            field.widget = forms.TextInput({"inputmode": mode, "autocomplete": "off"})
            field.widget.is_required = field.required


def check_texts(form: forms.BaseForm) -> None:
    """Put an error on each text field that holds control characters, direction marks or a personal number."""
    belong = NEVER_TYPED | getattr(form, "numbers_belong", frozenset())
    for name, error in text_errors(form.cleaned_data, belong):
        form.add_error(name, error)


def text_errors(values: Mapping[str, Any], numbers_belong: Collection[str] = ()) -> list[tuple[str, ValidationError]]:
    """What is wrong with the texts among `values`: the one place that pages, API and grids ask."""
    found = []
    for name, value in values.items():
        if isinstance(value, str):
            try:
                (check_text if name in numbers_belong else check_words)(value)
            except ValidationError as error:
                found.append((name, error))
    return found
