"""Who wants to hear of what happens, and what has been sent to them."""

from __future__ import annotations

from django.db import models


class Subscription(models.Model):
    """An address that events are posted to. Empty filters let everything through."""

    url = models.CharField(max_length=500)
    secret = models.CharField(max_length=100, help_text="whsec_ and base64, shared with the receiver")
    kinds = models.JSONField(default=list, help_text="opened, moved, answered, overdue, ended, updated")
    institutions = models.JSONField(default=list)
    area = models.CharField(max_length=40, blank=True, help_text="code of an area: only what happens inside it")
    active = models.BooleanField(default=True)
    note = models.CharField(max_length=300, blank=True, help_text="why it was stopped, when it stopped by itself")
    created = models.DateTimeField()

    class Meta:
        db_table = "webhook_subscription"


class Delivery(models.Model):
    """One event for one subscription. ``state``: queued, sent, or dead once every try failed."""

    subscription = models.ForeignKey(Subscription, on_delete=models.CASCADE, related_name="deliveries")
    event = models.CharField(max_length=60, help_text="the event's id, the same over all tries")
    type = models.CharField(max_length=60)
    number = models.BigIntegerField(null=True, help_text="of the case")
    body = models.TextField(help_text="word for word what is signed and sent")
    state = models.CharField(max_length=8, default="queued")
    tries = models.SmallIntegerField(default=0)
    next_try = models.DateTimeField(null=True)
    status = models.SmallIntegerField(null=True, help_text="of the last answer")
    error = models.CharField(max_length=300, blank=True)
    created = models.DateTimeField()
    sent = models.DateTimeField(null=True)

    class Meta:
        db_table = "webhook_delivery"
        constraints = [
            # An event goes to a subscription once.
            models.UniqueConstraint(fields=["subscription", "event"], name="one_delivery_per_event")
        ]
        indexes = [
            models.Index(fields=["next_try"], name="webhook_due", condition=models.Q(next_try__isnull=False)),
            models.Index(fields=["created"], name="webhook_dead", condition=models.Q(state="dead")),
            models.Index(fields=["sent"], name="webhook_sent", condition=models.Q(state="sent")),
        ]
