"""Log-in, passwords, accounts, grants."""

from typing import Any
from urllib.parse import unquote_plus

from django import forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError

from portal.accounts.models import Grant, SavedFilter, User, fold
from portal.accounts.passwords import profile
from portal.accounts.roles import Role
from portal.kit.forms import CleanForm, KeyedForm, ModelForm, check_no_numbers, check_texts


class LoginForm(forms.Form):
    username = forms.CharField(
        label="账号", max_length=50, widget=forms.TextInput({"autocomplete": "username", "autofocus": True})
    )
    password = forms.CharField(
        label="密码", max_length=128, strip=False, widget=forms.PasswordInput({"autocomplete": "current-password"})
    )


class NewPasswordForm(forms.Form):
    """A new password, typed twice."""

    new_password = forms.CharField(
        label="新密码", max_length=128, strip=False, widget=forms.PasswordInput({"autocomplete": "new-password"})
    )
    again = forms.CharField(
        label="再输一次新密码",
        max_length=128,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["new_password"].help_text = profile().words

    def clean_new_password(self) -> str:
        password_validation.validate_password(self.cleaned_data["new_password"], self.user)
        return self.cleaned_data["new_password"]

    def clean(self) -> dict[str, Any]:
        if (
            self.cleaned_data.get("new_password") != self.cleaned_data.get("again")
            and "new_password" in self.cleaned_data
        ):
            self.add_error("again", "两次输入的新密码不一致。")
        return self.cleaned_data


class PasswordChangeForm(NewPasswordForm):
    old_password = forms.CharField(
        label="现在的密码",
        max_length=128,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )
    field_order = ["old_password", "new_password", "again"]

    def clean_old_password(self) -> str:
        if not self.user.check_password(self.cleaned_data["old_password"]):
            raise ValidationError("现在的密码不对。")
        return self.cleaned_data["old_password"]


class ActivateForm(CleanForm):
    numbers_belong = frozenset({"username", "code"})

    username = forms.CharField(label="账号", max_length=50)
    code = forms.CharField(label="激活码", max_length=30)


class UserForm(ModelForm):
    class Meta:
        model = User
        fields = ["username", "name", "line", "area", "is_active"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["line"].disabled = True
            self.fields["line"].help_text = "三员分立：账号类别建立后不能更改。"
        if self.user is not None and not self.user.reach("accounts.change_user").everything:
            self.fields["area"].required = True

    def clean_username(self) -> str:
        return fold(self.cleaned_data["username"])


class GrantForm(ModelForm):
    class Meta:
        model = Grant
        fields = ["role", "area", "unit", "since", "until", "reason"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        # a security administrator sees accounts only, so the places to choose from are those of the account's county
        account = self.instance.user
        areas, units = self.fields["area"].queryset.model.objects, self.fields["unit"].queryset.model.objects
        self.fields["area"].queryset = areas.in_area(account.area) if account.area else areas.all()
        bodies = units.filter(
            kind="body"
        )  # a township's unit alone would reach no village, and its records count for no area
        self.fields["unit"].queryset = bodies.in_area(account.area) if account.area else bodies
        self.fields["unit"].help_text = "只用于市（县）直单位；乡镇（街道）的账号请选区划"
        self.fields["role"].choices = [(r.value, r.label) for r in Role if r.line == account.line]


class TokenForm(KeyedForm):
    name = forms.CharField(label="用途", max_length=50)


class SavedFilterForm(forms.ModelForm):
    class Meta:
        model = SavedFilter
        fields = ["path", "name", "query"]

    def clean_query(self) -> str:
        check_no_numbers(unquote_plus(self.cleaned_data["query"]))
        return self.cleaned_data["query"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        check_texts(self)
        same = SavedFilter.objects.filter(user=self.instance.user, path=cleaned.get("path"), name=cleaned.get("name"))
        if same.exists():
            self.add_error("name", "这个名称已用过，请换一个。")
        return cleaned
