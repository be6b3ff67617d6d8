from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from portal.accounts.models import User
from portal.dashboards.demo.cast import PASSWORD, ROLES
from portal.dashboards.demo.county import County

COUNTIES = [("zhuxi", "", "水坪镇", 20), ("danjiangkou", "-dj", "六里坪镇", 42)]


class Command(BaseCommand):
    help = "Load the demonstration: two real counties and an invented cast. Again, it changes nothing."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demonstration is never loaded on a production database: it needs DEMO=true.")
        for file, suffix, committee, seed in COUNTIES:
            if not User.objects.filter(username=f"staff{suffix}").exists():
                with transaction.atomic():
                    County(file, suffix, committee, seed).build()
                self.stdout.write(f"{file}: loaded")
        self.stdout.write("\n账号（竹溪县；丹江口市的账号后加 -dj）：")
        for code, role, _ in ROLES:
            self.stdout.write(f"  {code:<10} {role.label}")
        self.stdout.write("  lead       包片领导（负责两个乡镇）")
        self.stdout.write(
            f"密码：{PASSWORD}\n演示登录不要第二重验证（正式使用时三类管理员必须有）；查看电话时仍要先设置。\n"
        )
