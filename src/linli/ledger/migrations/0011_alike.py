from typing import Any

from django.db import migrations, models
from django.db.models import Q


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
            _write(pairs_model, found)
            found = []
    _write(pairs_model, found)


def _write(pairs_model: Any, found: list[Any]) -> None:
    pairs_model.objects.bulk_create(found, update_conflicts=True, unique_fields=["case"], update_fields=["pairs"])


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
