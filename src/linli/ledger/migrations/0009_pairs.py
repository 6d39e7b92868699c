from typing import Any

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models


def fill(apps: Any, schema_editor: Any) -> None:
    """Cases that are there already; what cannot be read by today's packs is for `linli verify --rebuild`."""
    from linli.ledger.definitions import NoPack, runtime
    from linli.ledger.plain import case_from
    from linli.ledger.words import pairs_of

    case_model, pairs_model = apps.get_model("ledger", "Case"), apps.get_model("ledger", "Pairs")
    if not case_model.objects.exists():
        return
    try:
        rt = runtime()
    except NoPack:
        return
    found = []
    for row in case_model.objects.only("id", "state", "institution", "version").iterator(chunk_size=1000):
        try:
            institution = rt.institution(row.institution, row.version)
        except LookupError:
            continue
        found.append(pairs_model(case_id=row.id, pairs=pairs_of(institution, case_from(row.state))))
        if len(found) == 1000:
            pairs_model.objects.bulk_create(found)
            found = []
    pairs_model.objects.bulk_create(found)


class Migration(migrations.Migration):
    """Every two neighbouring characters of what was raised, so that a search need not open every case."""

    dependencies = [("ledger", "0008_marks")]

    operations = [
        migrations.CreateModel(
            name="Pairs",
            fields=[
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        serialize=False,
                        to="ledger.case",
                    ),
                ),
                ("pairs", django.contrib.postgres.fields.ArrayField(models.TextField())),
            ],
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.AddIndex(
            model_name="pairs",
            index=django.contrib.postgres.indexes.GinIndex(fields=["pairs"], name="case_pairs"),
        ),
    ]
