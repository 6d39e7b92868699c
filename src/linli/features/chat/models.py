"""What the dialogue must not forget: the half of a matter that was said so far, and which messages were answered."""

from __future__ import annotations

from django.db import models

from linli.ledger.models import Case


class Draft(models.Model):
    """What somebody has said that is no matter yet. Gone once it is one, or added to ``case``."""

    openid = models.CharField(max_length=64, primary_key=True)
    step = models.CharField(max_length=10, help_text="what: say it; where: say where; which: new, or about case")
    words = models.TextField(blank=True)
    address = models.CharField(max_length=200, blank=True)
    place = models.TextField(blank=True, help_text="path of an area that the words seem to name")
    lat = models.FloatField(null=True)
    lng = models.FloatField(null=True)
    photos = models.JSONField(default=list, help_text="ids of attachments that are stored")
    media = models.JSONField(default=list, help_text="pictures still on WeChat's server")
    case = models.ForeignKey(Case, null=True, on_delete=models.CASCADE, related_name="+")
    touched = models.DateTimeField(db_index=True)

    class Meta:
        db_table = "chat_draft"


class Heard(models.Model):
    """A message that was dealt with and how it was answered, for a day: a copy of it gets the same answer."""

    key = models.CharField(max_length=100, primary_key=True)
    signature = models.CharField(max_length=40, unique=True, help_text="of the call; good for one message")
    openid = models.CharField(max_length=64)
    at = models.DateTimeField()
    reply = models.TextField(blank=True)
    opened = models.BooleanField(default=False)

    class Meta:
        db_table = "chat_heard"
        indexes = [models.Index(fields=["openid", "at"], name="chat_heard_openid"),
                   models.Index(fields=["at"], name="chat_heard_at")]  # fmt: skip
