from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Persons who are reached in a chat channel."""

    dependencies = [("people", "0002_look")]

    operations = [
        migrations.AddField(
            model_name="person",
            name="chat",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="who they are in a chat channel: an openid",
                max_length=64,
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.UniqueConstraint(condition=~Q(chat=""), fields=("chat",), name="one_person_per_chat"),
        ),
    ]
