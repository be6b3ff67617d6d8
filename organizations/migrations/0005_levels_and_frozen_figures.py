from django.db import migrations

from portal.audit.triggers import RefuseWhen, append_only

WRONG_LEVEL = (
    "(SELECT a.level FROM organizations_area a WHERE a.id = NEW.area_id) <> CASE "
    "WHEN NEW.kind IN ('township_chamber', 'township_council', 'street_association') THEN 2 "
    "WHEN NEW.kind IN ('village_fellowship', 'community_fellowship') THEN 3 ELSE 1 END"
)


class Migration(migrations.Migration):
    """An organization lives at the level of its kind; frozen figures stay as they were taken."""

    dependencies = [("organizations", "0004_registers")]

    operations = [
        *(
            RefuseWhen(f"organization_level_on_{event.lower()}", "organizations_organization", event, WRONG_LEVEL,
                       "an organization lives at the level of its kind")
            for event in ("INSERT", "UPDATE")
        ),
        *append_only("organizations_frozenfigures"),
    ]
