from django.db import migrations

from portal.audit.triggers import append_only


def start_chain(apps, schema_editor):
    apps.get_model("audit", "AuditHead").objects.create(pk=1)


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]

    operations = [migrations.RunPython(start_chain, migrations.RunPython.noop), *append_only("audit_auditentry")]
