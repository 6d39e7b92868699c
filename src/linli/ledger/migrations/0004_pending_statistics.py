from django.db import migrations


class Migration(migrations.Migration):
    """Without it the planner takes nearly every open case for one that waits, and walks them all in order."""

    dependencies = [("ledger", "0003_pending")]

    operations = [
        migrations.RunSQL(
            "CREATE STATISTICS case_pending_share ON (state -> 'pending') FROM ledger_case",
            "DROP STATISTICS case_pending_share",
        ),
    ]
