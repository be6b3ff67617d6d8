from django.db import migrations

from portal.audit.triggers import RefuseWhen

OTHER_LINE = "NEW.line <> (SELECT line FROM accounts_user WHERE id = NEW.user_id)"
HAS_GRANTS = "NEW.line <> OLD.line AND EXISTS (SELECT 1 FROM accounts_grant WHERE user_id = NEW.id)"


class Migration(migrations.Migration):
    """三员分立: an account keeps to one line for good; the database refuses a grant of another."""

    dependencies = [("accounts", "0002_initial")]

    operations = [
        RefuseWhen("grant_line_on_insert", "accounts_grant", "INSERT", OTHER_LINE, "grant is of another line"),
        RefuseWhen("grant_line_on_update", "accounts_grant", "UPDATE", OTHER_LINE, "grant is of another line"),
        RefuseWhen("user_line_on_update", "accounts_user", "UPDATE", HAS_GRANTS, "account keeps its line"),
    ]
