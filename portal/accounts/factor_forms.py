"""What a person shows or types for a second factor."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from portal.accounts import factors
from portal.accounts.models import Factor, User
from portal.kit.forms import KeyedForm

CODE = {"autocomplete": "one-time-code", "inputmode": "text", "autocapitalize": "none", "spellcheck": "false"}
STATE = "passkey_state"


def host_of(request: HttpRequest) -> str:
    """The domain that a passkey is bound to."""
    return request.get_host().partition(":")[0]


class ShownForm(forms.Form):
    """Asks for a factor of `user` anew; mixed into every form whose act asks it. The page was opened with `asked()`."""

    code = forms.CharField(
        label="验证码",
        max_length=20,
        required=False,
        widget=forms.TextInput(CODE),
        help_text="验证器显示的六位数字，或一个恢复码",
    )
    answer = forms.CharField(required=False, max_length=8000, widget=forms.HiddenInput)

    def __init__(self, *args: Any, request: HttpRequest, holder: User, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.request, self.holder = request, holder
        self.options = ""

    def asked(self) -> None:
        """Prepare the question to a passkey; a question is asked once."""
        self.options, state = factors.ask_passkey(self.holder, host_of(self.request))
        self.request.session[STATE] = state

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors:  # a right code is used up: it is asked last
            self._show(cleaned)
        return cleaned

    def _show(self, cleaned: dict[str, Any]) -> None:
        code, answer = cleaned.get("code", ""), cleaned.get("answer", "")
        state = self.request.session.pop(STATE, None)
        if not (code or answer):
            self.add_error("code", "请输入验证码，或使用通行密钥。")
            return
        try:
            factors.verify(self.holder, code=code, answer=answer, host=host_of(self.request), state=state)
        except ValidationError as error:
            self.add_error("code", error)


class AppForm(KeyedForm):
    """An authenticator app proves that it read the secret."""

    numbers_belong = frozenset({"code"})

    name = forms.CharField(label="名称", max_length=30, initial="我的手机", help_text="便于区分，例如 我的手机")
    code = forms.CharField(
        label="验证码", max_length=10, widget=forms.TextInput(CODE), help_text="验证器现在显示的六位数字"
    )


class PasskeyForm(KeyedForm):
    numbers_belong = frozenset({"answer"})

    name = forms.CharField(
        label="名称", max_length=30, initial="这台电脑", help_text="便于区分，例如 这台电脑、我的手机"
    )
    answer = forms.CharField(max_length=20_000, required=False, widget=forms.HiddenInput)

    def clean_answer(self) -> str:
        if not self.cleaned_data["answer"]:
            raise ValidationError("浏览器没有完成通行密钥的创建，请点“创建通行密钥”后按提示操作。")
        return self.cleaned_data["answer"]


class OwnerForm(ShownForm):
    """Proves the owner before a factor is added or taken away: a factor where there is one, else the password."""

    password = forms.CharField(
        label="现在的密码", max_length=128, strip=False, required=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )  # fmt: skip
    field_order = ["password", "code", "answer"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.has_factor = Factor.objects.filter(user=self.holder).exists()
        for name in ("code", "answer") if not self.has_factor else ("password",):
            del self.fields[name]

    def _show(self, cleaned: dict[str, Any]) -> None:
        if self.has_factor:
            super()._show(cleaned)
        elif not self.holder.check_password(cleaned.get("password", "")):
            self.add_error("password", "现在的密码不对，请重新输入。")
