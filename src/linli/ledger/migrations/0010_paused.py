from django.db import migrations, models
from django.db.models import Case, F, IntegerField, Q, When
from django.db.models.functions import Least

FILL = "UPDATE ledger_case SET paused = (state->>'paused')::timestamptz WHERE state->>'paused' IS NOT NULL"


class Migration(migrations.Migration):
    """The pause in a column, and queues in the order in which people work: the least time left, what stands last."""

    dependencies = [("ledger", "0009_pairs")]

    operations = [
        migrations.RemoveIndex(model_name="case", name="case_queue"),
        migrations.AddField(
            model_name="case",
            name="paused",
            field=models.DateTimeField(help_text="since when its clocks stand; null while they run", null=True),
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop, elidable=True),
        migrations.AddIndex(
            model_name="case",
            index=models.Index(
                F("holder_duty"),
                F("holder_path"),
                Case(
                    When(paused__lt=Least("stage_due", "promise_due"), then=1),
                    default=0,
                    output_field=IntegerField(),
                ),
                Least("stage_due", "promise_due"),
                F("number"),
                name="case_queue",
                condition=Q(ended__isnull=True),
            ),
        ),
    ]
