from django.apps import AppConfig


class OutreachConfig(AppConfig):
    name = "outreach"
    verbose_name = "平台阵地与联谊"

    def ready(self) -> None:
        from outreach import liaison_measures, measures, standards_facts  # noqa: F401, PLC0415  (what these registers count and answer)
