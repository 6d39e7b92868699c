from itertools import islice
from typing import Any

from django.db import migrations, models
from django.db.models import Q

from linli.ledger.migrations._readable import readable


def fill(apps: Any, schema_editor: Any) -> None:
    """Cases that are there already."""
    from linli.ledger.words import pairs_of

    case_model, pairs_model = apps.get_model("ledger", "Case"), apps.get_model("ledger", "Pairs")
    every = (pairs_model(case_id=row.id, pairs=pairs_of(i, case, row.place)) for row, i, case in readable(case_model))
    while some := list(islice(every, 1000)):
        pairs_model.objects.bulk_create(some, update_conflicts=True, unique_fields=["case"], update_fields=["pairs"])


class Migration(migrations.Migration):
    """Three letters or digits in the index of words, and the place in that of what may be the same matter."""

    dependencies = [("ledger", "0010_paused")]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.RemoveIndex(model_name="case", name="case_alike"),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=Q(("category__isnull", False), ("parent__isnull", True)),
                fields=["place", "category", "opened"],
                name="case_alike",
            ),
        ),
    ]
