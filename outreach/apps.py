from django.apps import AppConfig


class OutreachConfig(AppConfig):
    name = "outreach"
    verbose_name = "平台阵地与联谊"

    def ready(self) -> None:
        from outreach import measures, standards_facts  # noqa: F401, PLC0415  (add what these registers count and answer)
