from django.db import migrations

from portal.audit.triggers import append_only


class Migration(migrations.Migration):
    """What was issued stays as it went out."""

    dependencies = [("papers", "0001_papers")]

    operations = append_only("papers_issuedpaper")
