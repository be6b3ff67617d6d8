"""One look at a phone number: reason and second factor in, the number out, once."""

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views import generic

from organizations.models import Person, PhoneReveal
from organizations.services.reveals import left_today, reveal_phone, reveals_of, why_not
from portal.accounts.factor_forms import ShownForm
from portal.kit.forms import CleanForm
from portal.kit.views import ScopedMixin


class RevealForm(ShownForm, CleanForm):
    numbers_belong = frozenset({"code", "answer"})

    reason = forms.ChoiceField(label="事由", choices=[("", "请选择"), *PhoneReveal.Reason.choices])
    field_order = ["reason", "code", "answer"]


class RevealView(ScopedMixin, generic.DetailView):
    """Asks and shows on one address: a number stands in no link, no message and no session."""

    action = "reveal"
    template_name = "organizations/reveal.html"

    def get_title(self) -> str:
        return f"查看{self.object}的电话"

    def get_crumbs(self) -> list:
        return [(str(self.object), self.object.get_absolute_url())]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Whoever has no second factor is led to set one up and comes back."""
        self.object = self.get_object()
        if refusal := why_not(self.object):
            messages.error(request, refusal)
            return redirect(self.object)
        if not request.user.factors.exists():  # type: ignore[union-attr]
            messages.info(request, "查看电话要用第二重验证，请先设置，设置后回到这里。")
            return redirect(f"{reverse('accounts:factor_setup')}?{urlencode({'next': request.path})}")
        return self._page(RevealForm(request=request, holder=request.user))  # type: ignore[arg-type]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        form = RevealForm(request.POST, request=request, holder=request.user)  # type: ignore[arg-type]
        if not form.is_valid():
            return self._page(form)
        try:
            number = reveal_phone(self.object, reason=form.cleaned_data["reason"], by=request.user)
        except ValidationError as error:
            form.add_error(None, error)
            return self._page(form)
        return render(request, self.template_name, self.get_context_data(number=number))

    def _page(self, form: RevealForm) -> HttpResponse:
        form.asked()
        context = self.get_context_data(
            form=form, left=left_today(self.request.user), cancel_url=self.object.get_absolute_url()
        )
        return render(self.request, self.template_name, context, status=422 if form.errors else 200)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(reveals=reveals_of(self.object)[:20], **kwargs)


class PersonRevealView(RevealView):
    model = Person
    queryset = Person.objects.current().select_related("area")
