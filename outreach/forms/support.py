"""The form of support funds: the enterprise by typing, then one of its requests."""

from typing import Any

from django.utils import timezone

from outreach.forms.training import refuse
from outreach.forms.visits import WhomForm
from outreach.models import Request, Support
from outreach.services.support import check_support
from outreach.services.visits import token_of


class SupportForm(WhomForm):
    kinds = ("enterprise",)
    field_order = ["sides", "whom", "programme", "amount", "on", "request"]

    class Meta:
        model = Support
        fields = ["programme", "amount", "on", "request"]

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["sides"].label = "企业或协会"
        self.initial.setdefault("on", timezone.localdate())
        if self.instance.pk and not self.is_bound:
            self.targets = self.targets or [self.instance.enterprise]
        self._offer_requests()

    def _offer_requests(self) -> None:
        """The requests of the enterprise that is chosen; none before."""
        field: Any = self.fields["request"]
        field.help_text = "勾选企业（协会）后点“查找”，再选它的诉求；没有的不选"
        rows = Request.objects.permitted(self.user).filter(enterprise__in=[row.pk for row in self.targets])
        field.choices = [("", "无"), *[(row.pk, str(row)) for row in rows.order_by("-accepted_on", "-pk")]]

    def kept(self, tokens: list[str]) -> list[Any]:
        """The enterprise that the row has already, even where it is closed."""
        own = self.instance.enterprise if self.instance.pk else None
        named = own is not None and token_of(own) in tokens
        return [own] if named and own not in self.targets else []

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self._offer_requests()
        if len(self.targets) > 1:
            self.add_error("sides", "一笔资金只属于一家企业（协会），请只选一家。")
        elif not self.targets and "sides" not in self.errors:
            self.add_error("sides", "请选择企业（协会）。")
        return cleaned

    def _post_clean(self) -> None:
        if "sides" not in self.errors:
            self.instance.enterprise = self.targets[0]
        super()._post_clean()  # type: ignore[misc]
        refuse(self, check_support)
