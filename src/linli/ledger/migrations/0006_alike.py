from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Matters of one category, lately: what may be the same is found without reading a place's whole history."""

    dependencies = [("ledger", "0005_lead")]

    operations = [
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                condition=Q(("category__isnull", False), ("parent__isnull", True)),
                fields=["category", "opened"],
                name="case_alike",
            ),
        ),
    ]
