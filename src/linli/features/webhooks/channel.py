"""The outbox's way out to the world: one event becomes one delivery for each subscription that wants it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings

from linli.features.webhooks import rules
from linli.features.webhooks.models import Delivery, Subscription
from linli.ledger import visible
from linli.ledger.channels import Outgoing, Undelivered
from linli.ledger.definitions import runtime
from linli.people import registry
from linli.people.models import Person


class FanOut:
    """Takes events over in the transaction that settles their message, so each is handed on exactly once."""

    def __init__(self) -> None:
        self.subscriptions = list(Subscription.objects.filter(active=True))

    def broadcast(self, id: int, case: str, number: int, event: dict[str, Any], now: datetime) -> None:
        """One delivery for each subscription that wants it; none when the case is not for everybody."""
        if not event or not visible.published(runtime().pack).filter(id=case).exists():
            return
        sent = rules.cloud_event(settings.PUBLIC_URL, number, event)
        places = registry.current().places
        wanted = []
        for s in self.subscriptions:
            path = places[s.area].path if s.area in places else None if s.area else ""
            if rules.wants(s.kinds, s.institutions, path, event):
                wanted.append(s)
        rows = [
            Delivery(
                subscription=s, event=sent["id"], type=sent["type"], number=number, body=rules.as_body(sent),
                created=now, next_try=now,
            )
            for s in wanted
        ]  # fmt: skip
        Delivery.objects.bulk_create(rows, ignore_conflicts=True)

    def address(self, person: Person) -> str:
        """Nobody is reached this way."""
        return ""

    def send(self, message: Outgoing) -> None:
        """It carries events only."""
        raise Undelivered("webhooks carry events, no letters", final=True)

    def close(self) -> None:
        """Nothing is held."""
