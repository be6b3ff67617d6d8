from django.db import migrations

from portal.audit.triggers import append_only


class Migration(migrations.Migration):
    dependencies = [("assessments", "0001_initial")]

    operations = [
        operation
        for table in ("assessments_publication", "assessments_result", "assessments_resultline")
        for operation in append_only(table)
    ]
