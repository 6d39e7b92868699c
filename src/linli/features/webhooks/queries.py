"""Questions about webhooks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q

from linli.features.webhooks.models import Delivery, Subscription

MOST = 500


@dataclass(frozen=True, slots=True)
class Listed:
    """A subscription and how it fares. The secret is not shown again."""

    id: int
    url: str
    kinds: tuple[str, ...]
    institutions: tuple[str, ...]
    area: str
    active: bool
    note: str
    queued: int
    dead: int
    last: datetime | None


@dataclass(frozen=True, slots=True)
class Dead:
    """An event that could not be delivered, and why."""

    id: int
    url: str
    type: str
    number: int | None
    created: datetime
    tries: int
    reason: str


def anybody() -> bool:
    """Whether any subscription is active."""
    return Subscription.objects.filter(active=True).exists()


def subscriptions() -> list[Listed]:
    """All of them, oldest first."""
    counted = Subscription.objects.annotate(
        queued=Count("deliveries", filter=Q(deliveries__state="queued")),
        dead=Count("deliveries", filter=Q(deliveries__state="dead")),
        last=Max("deliveries__sent"),
    )
    return [
        Listed(
            s.id, s.url, tuple(s.kinds), tuple(s.institutions), s.area, s.active, s.note, s.queued, s.dead, s.last
        )
        for s in counted.order_by("id")
    ]  # fmt: skip


def dead(limit: int = MOST) -> list[Dead]:
    """The dead letters, newest first."""
    found = Delivery.objects.filter(state="dead").select_related("subscription").order_by("-created", "-id")[:limit]
    return [Dead(d.id, d.subscription.url, d.type, d.number, d.created, d.tries, d.error) for d in found]
