import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    """Outlines of areas."""

    dependencies = [("places", "0002_dispatch")]

    operations = [
        migrations.CreateModel(
            name="Outline",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("geometry", models.JSONField()),
                ("datum", models.CharField(max_length=10)),
                ("source", models.CharField(max_length=200)),
                (
                    "mended",
                    models.CharField(blank=True, help_text="what was wrong with it as it came", max_length=200),
                ),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(blank=True, help_text="last day; empty while it holds", null=True)),
                (
                    "area",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="outlines", to="places.area"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=Q(valid_to__isnull=True), fields=("area",), name="one_living_outline_per_area"
                    ),
                    models.CheckConstraint(
                        condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                        name="outline_ends_after_it_begins",
                    ),
                ]
            },
        ),
    ]
