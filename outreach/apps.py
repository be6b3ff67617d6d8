from django.apps import AppConfig


class OutreachConfig(AppConfig):
    name = "outreach"
    verbose_name = "平台阵地与联谊"

    def ready(self) -> None:
        from outreach import measures  # noqa: F401, PLC0415  (adds what these registers count to the one registry)
