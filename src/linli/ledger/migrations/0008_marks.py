from typing import Any

import django.contrib.postgres.fields
from django.db import migrations, models
from django.db.models import Q, Value

from linli.ledger.migrations._readable import readable

ARRAY = django.contrib.postgres.fields.ArrayField(models.TextField())


def fill(apps: Any, schema_editor: Any) -> None:
    """Cases that are there already."""
    from linli.ledger.marks import marks_of

    case_model = apps.get_model("ledger", "Case")
    for row, institution, case in readable(case_model):
        found = marks_of(institution, case)
        if found:
            case_model.objects.filter(id=row.id).update(marks=found)


class Migration(migrations.Migration):
    """Counters, answers and extensions in one narrow column, so that figures need not open every state."""

    dependencies = [
        ("ledger", "0007_retention"),
        ("places", "0003_outline"),  # what the filling reads
        ("people", "0003_chat"),
    ]

    operations = [
        migrations.AddField(
            model_name="case",
            name="marks",
            field=django.contrib.postgres.fields.ArrayField(
                models.TextField(), default=list, db_default=Value("{}", ARRAY)
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
        migrations.RemoveIndex(model_name="case", name="case_ended"),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=Q(("ended__isnull", False)),
                fields=["ended"],
                include=(
                    "institution",
                    "result",
                    "tier",
                    "category",
                    "place",
                    "unit",
                    "accused",
                    "reporter",
                    "marks",
                ),
                name="case_closed",
            ),
        ),
    ]
