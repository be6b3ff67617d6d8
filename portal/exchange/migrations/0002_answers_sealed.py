"""What a person corrects in a preview may be a telephone number: it is kept sealed, like the upload itself."""

import portal.kit.sealed
from django.db import migrations


def seal(apps, schema_editor):
    for batch in apps.get_model("exchange", "ImportBatch").objects.only("pk", "open_answers"):
        batch.answers = batch.open_answers
        batch.save(update_fields=["answers"])


class Migration(migrations.Migration):
    dependencies = [("exchange", "0001_imports_and_jobs")]

    operations = [
        migrations.RenameField("importbatch", "answers", "open_answers"),
        migrations.AddField("importbatch", "answers", portal.kit.sealed.SealedJSONField(default=dict)),
        migrations.RunPython(seal, migrations.RunPython.noop),
        migrations.RemoveField("importbatch", "open_answers"),
    ]
