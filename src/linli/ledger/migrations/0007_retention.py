import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """What may not be destroyed, and the list of what was."""

    dependencies = [("ledger", "0006_alike")]

    operations = [
        migrations.CreateModel(
            name="Hold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("why", models.CharField(max_length=300)),
                ("since", models.DateTimeField()),
                ("lifted", models.DateTimeField(null=True)),
                (
                    "case",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="holds", to="ledger.case"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("lifted__isnull", True)), fields=("case",), name="one_hold_per_case"
                    )
                ]
            },
        ),
        migrations.CreateModel(
            name="Retired",
            fields=[
                (
                    "case",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="retired",
                        serialize=False,
                        to="ledger.case",
                    ),
                ),
                ("at", models.DateTimeField(db_index=True)),
                (
                    "rule",
                    models.CharField(help_text="the parameter, its value, first day and source", max_length=300),
                ),
                ("entries", models.IntegerField(help_text="acts whose words were erased")),
                ("messages", models.IntegerField()),
                ("files", models.IntegerField()),
                ("person", models.BooleanField(help_text="the person who raised it was let go")),
            ],
        ),
    ]
