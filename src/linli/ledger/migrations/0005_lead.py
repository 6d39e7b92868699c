import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """A case may wait for another one's answer: merged matters and themes."""

    dependencies = [("ledger", "0004_pending_statistics")]

    operations = [
        migrations.AddField(
            model_name="case",
            name="lead",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="followers",
                to="ledger.case",
            ),
        ),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(condition=Q(lead__isnull=False), fields=["lead"], name="case_lead"),
        ),
    ]
