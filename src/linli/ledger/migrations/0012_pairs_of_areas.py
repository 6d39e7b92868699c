from django.contrib.postgres.indexes import GinIndex
from django.db import migrations

_MARKED = """
UPDATE ledger_pairs p SET pairs = (
    SELECT array_agg(mark ORDER BY mark COLLATE "C") FROM (
        SELECT unnest(p.pairs) AS mark UNION SELECT '@' || unnest(string_to_array(c.place::text, '.'))
    ) AS every)
FROM ledger_case c WHERE c.id = p.case_id
"""
_UNMARKED = """
UPDATE ledger_pairs SET pairs = ARRAY(SELECT mark FROM unnest(pairs) AS mark WHERE mark !~ '^@..' ORDER BY mark COLLATE "C")
"""


class Migration(migrations.Migration):
    """The areas of a case among the pairs of its words; how many cases lie in each area, known to the planner."""

    dependencies = [("ledger", "0011_alike")]

    operations = [
        migrations.RunSQL(_MARKED, _UNMARKED),
        # 100 of the most frequent values, PostgreSQL's usual, are fewer than a district has grids.
        migrations.RunSQL(
            "ALTER TABLE ledger_case ALTER COLUMN place SET STATISTICS 1000",
            "ALTER TABLE ledger_case ALTER COLUMN place SET STATISTICS -1",
        ),
        migrations.RunSQL(
            "ALTER INDEX case_pairs SET (gin_pending_list_limit = 256)",
            "ALTER INDEX case_pairs RESET (gin_pending_list_limit)",
            state_operations=[
                migrations.RemoveIndex(model_name="pairs", name="case_pairs"),
                migrations.AddIndex(
                    model_name="pairs",
                    index=GinIndex(fields=["pairs"], name="case_pairs", gin_pending_list_limit=256),
                ),
            ],
        ),
    ]
