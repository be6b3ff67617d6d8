from django.apps import AppConfig


class ExchangeConfig(AppConfig):
    name = "portal.exchange"
    label = "exchange"
    verbose_name = "导入导出"

    def ready(self) -> None:
        from outreach.services.contacts import contact_erased  # noqa: PLC0415  (models are loaded now)
        from portal.exchange.services.forget import forget_contact  # noqa: PLC0415

        contact_erased.connect(forget_contact, dispatch_uid="exchange.forget_contact")
