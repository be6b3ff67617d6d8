from django.apps import AppConfig


class KitConfig(AppConfig):
    name = "portal.kit"
    label = "kit"
    verbose_name = "公用部件"

    def ready(self) -> None:
        from portal.kit import checks  # noqa: F401, PLC0415 - registers the start-up checks once the apps are loaded
