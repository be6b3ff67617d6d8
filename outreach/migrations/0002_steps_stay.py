from django.db import migrations

from portal.audit.triggers import append_only


class Migration(migrations.Migration):
    """The steps of a demonstration are its history."""

    dependencies = [("outreach", "0001_initial")]

    operations = append_only("outreach_demonstrationstep")
