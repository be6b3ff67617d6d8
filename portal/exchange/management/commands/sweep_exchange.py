import datetime as dt
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from portal.exchange.tasks import sweep

KEEP_DAYS = 14


class Command(BaseCommand):
    help = "Remove contents of uploads and exported files whose time is over, and old rows of the task queue; run it nightly."

    def handle(self, *args: Any, **options: Any) -> None:
        contents, files = sweep()
        limit = timezone.now() - dt.timedelta(days=KEEP_DAYS)
        tasks, _ = DBTaskResult.objects.finished().filter(finished_at__lt=limit).delete()
        self.stdout.write(f"{contents} contents of uploads, {files} exported files, {tasks} finished tasks removed.")
