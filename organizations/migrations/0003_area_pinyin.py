from django.db import migrations, models

from portal.kit.pinyin import spelling


def fill(apps, schema_editor):
    area_model = apps.get_model("organizations", "Area")
    areas = list(area_model.objects.only("pk", "name"))
    for area in areas:
        area.pinyin = spelling(area.name)
    area_model.objects.bulk_update(areas, ["pinyin"], batch_size=500)


class Migration(migrations.Migration):
    """Areas are found by whole pinyin too, not by its first letters alone."""

    dependencies = [("organizations", "0002_versions_do_not_overlap")]

    operations = [
        migrations.RenameField("area", "initials", "pinyin"),
        migrations.AlterField(
            "area", "pinyin", models.CharField("拼音", max_length=200, blank=True, editable=False)
        ),
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
