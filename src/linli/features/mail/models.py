"""What became of each letter. Nothing of what was written is kept here; the letters stay on the mail server."""

from __future__ import annotations

from django.db import models

from linli.ledger.models import Case


class Taken(models.Model):
    """One letter that was dealt with. ``sender`` and ``subject`` are kept only while somebody has to look at it."""

    key = models.CharField(max_length=64, primary_key=True, help_text="the same for every copy of the letter")
    came = models.DateTimeField()
    outcome = models.CharField(max_length=12, help_text="opened, added, undelivered, ignored or rejected")
    case = models.ForeignKey(Case, null=True, on_delete=models.PROTECT, related_name="+")
    writer = models.CharField(max_length=64, help_text="SHA-256 of the address, to notice a flood")
    sender = models.CharField(max_length=200, blank=True)
    subject = models.CharField(max_length=300, blank=True)
    reason = models.JSONField(default=dict, help_text="{zh, en}")

    class Meta:
        db_table = "mail_letter"
        indexes = [
            models.Index(fields=["writer", "came"], name="mail_writer"),
            models.Index(fields=["came"], name="mail_rejected", condition=models.Q(outcome="rejected")),
        ]
