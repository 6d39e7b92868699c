import django.db.models.deletion
from django.db import migrations, models

import linli.places.ltree


class Migration(migrations.Migration):
    """Who looked at whose contact data, when and why."""

    dependencies = [("people", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Look",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("case", models.UUIDField()),
                ("duty", models.CharField(max_length=60)),
                ("path", linli.places.ltree.LtreeField()),
                ("purpose", models.CharField(max_length=100)),
                ("at", models.DateTimeField()),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="looked", to="people.person"
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="looks", to="people.person"
                    ),
                ),
            ],
            options={"indexes": [models.Index(fields=["case", "by"], name="look_case")]},
        ),
    ]
