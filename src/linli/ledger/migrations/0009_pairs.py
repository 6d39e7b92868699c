import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Every two neighbouring characters of what was raised, so that a search need not open every case; filled by 0011."""

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
        migrations.AddIndex(
            model_name="pairs",
            index=django.contrib.postgres.indexes.GinIndex(fields=["pairs"], name="case_pairs"),
        ),
    ]
