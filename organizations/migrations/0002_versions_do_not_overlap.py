from django.db import migrations

from portal.audit.triggers import RefuseWhen

OVERLAPS = (
    "EXISTS (SELECT 1 FROM organizations_areaversion v WHERE v.area_id = NEW.area_id AND v.id <> COALESCE(NEW.id, -1) "
    "AND v.since <= COALESCE(NEW.until, '9999-12-31') AND COALESCE(v.until, '9999-12-31') >= NEW.since)"
)


class Migration(migrations.Migration):
    dependencies = [("organizations", "0001_initial")]

    operations = [
        RefuseWhen(
            f"areaversion_overlap_on_{event.lower()}", "organizations_areaversion", event, OVERLAPS, "versions overlap"
        )
        for event in ("INSERT", "UPDATE")
    ]
