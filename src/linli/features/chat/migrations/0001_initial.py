import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [("ledger", "0007_retention"), ("people", "0003_chat")]

    operations = [
        migrations.CreateModel(
            name="Draft",
            fields=[
                ("openid", models.CharField(max_length=64, primary_key=True, serialize=False)),
                (
                    "step",
                    models.CharField(
                        help_text="what: say it; where: say where; which: new, or about case", max_length=10
                    ),
                ),
                ("words", models.TextField(blank=True)),
                ("address", models.CharField(blank=True, max_length=200)),
                ("place", models.TextField(blank=True, help_text="path of an area that the words seem to name")),
                ("lat", models.FloatField(null=True)),
                ("lng", models.FloatField(null=True)),
                ("photos", models.JSONField(default=list, help_text="ids of attachments that are stored")),
                ("media", models.JSONField(default=list, help_text="pictures still on WeChat's server")),
                ("touched", models.DateTimeField(db_index=True)),
                (
                    "case",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="ledger.case"
                    ),
                ),
            ],
            options={"db_table": "chat_draft"},
        ),
        migrations.CreateModel(
            name="Heard",
            fields=[
                ("key", models.CharField(max_length=100, primary_key=True, serialize=False)),
                (
                    "signature",
                    models.CharField(help_text="of the call; good for one message", max_length=40, unique=True),
                ),
                ("openid", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
                ("reply", models.TextField(blank=True)),
                ("opened", models.BooleanField(default=False)),
            ],
            options={
                "db_table": "chat_heard",
                "indexes": [
                    models.Index(fields=["openid", "at"], name="chat_heard_openid"),
                    models.Index(fields=["at"], name="chat_heard_at"),
                ],
            },
        ),
    ]
