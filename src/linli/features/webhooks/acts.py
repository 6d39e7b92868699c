"""Subscribe, test, deliver, send again. The only writes to webhooks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction

from linli.features.webhooks import rules, sender, target
from linli.features.webhooks.models import Delivery, Subscription
from linli.features.webhooks.sender import Answer
from linli.ledger import announce
from linli.ledger.definitions import runtime
from linli.ledger.outbox import BACKOFF
from linli.people import registry

AT_ONCE, EACH = 8, 4
"""Deliveries sent side by side, and how many of them to one subscription: a slow receiver holds up nobody else."""
LEASE = timedelta(seconds=90)
"""A worker killed while sending leaves its deliveries to the others after this."""
KEPT = timedelta(days=30)
GONE = 410

# Who is due, at most EACH of a subscription, locked against other workers and moved out of their sight for the lease.
_TAKE = """
UPDATE webhook_delivery d SET tries = d.tries + 1, next_try = %s FROM (
  SELECT id FROM webhook_delivery WHERE next_try <= %s AND id IN (
    SELECT id FROM (
      SELECT q.id, q.next_try, row_number() OVER (PARTITION BY q.subscription_id ORDER BY q.next_try, q.id) AS place
      FROM webhook_delivery q JOIN webhook_subscription s ON s.id = q.subscription_id AND s.active
      WHERE q.next_try <= %s) ranked
    WHERE place <= %s ORDER BY place, next_try, id LIMIT %s)
  FOR UPDATE SKIP LOCKED) due
WHERE d.id = due.id RETURNING d.id
"""


class Wrong(ValueError):
    """A subscription that cannot be made; the text says which part and what to write instead."""


@dataclass(slots=True)
class Tally:
    """What a round did."""

    sent: int = 0
    failed: int = 0


def subscribe(
    url: str, kinds: Sequence[str], institutions: Sequence[str], area: str, secret: str, now: datetime
) -> Subscription:
    """Post events to ``url`` from now on; empty filters let everything through, an empty ``secret`` makes one.

    Raises Wrong, and Refused for an address inside this network.
    """
    target.check(url, settings.WEBHOOK_INTRANET)
    unknown = [k for k in kinds if k not in announce.KINDS]
    if unknown:
        raise Wrong(f"There is no kind of event {unknown[0]}; there are {', '.join(announce.KINDS)}.")
    public = [i.name for i in runtime().pack.institutions.values() if i.public]
    hidden = [i for i in institutions if i not in public]
    if hidden:
        raise Wrong(f"{hidden[0]} is no public institution of the pack in force; there are {', '.join(public)}.")
    if area and area not in registry.fresh().places:
        raise Wrong(f"There is no area {area}; give the code of a living area.")
    if secret and not rules.is_secret(secret):
        raise Wrong("A secret is whsec_ and 24 to 64 bytes in base64; leave it out and one is made.")
    made = Subscription.objects.create(
        url=url, secret=secret or rules.new_secret(), kinds=list(kinds), institutions=list(institutions), area=area,
        created=now,
    )  # fmt: skip
    announce.forget()
    return made


def remove(id: int) -> bool:
    """End a subscription with everything queued for it; False when there is none."""
    gone = bool(Subscription.objects.filter(id=id).delete()[0])
    announce.forget()
    return gone


def switch(id: int, on: bool) -> bool:
    """Stop a subscription, or let it go on with what has been queued; False when there is none."""
    changed = bool(Subscription.objects.filter(id=id).update(active=on, note=""))
    announce.forget()
    return changed


def test(id: int, now: datetime) -> Answer:
    """Post a test event at once and say what the receiver answers. Raises Subscription.DoesNotExist."""
    s = Subscription.objects.get(id=id)
    event = rules.test_event(settings.PUBLIC_URL, now)
    body = rules.as_body(event)
    return sender.post(s.url, body, rules.headers(s.secret, event["id"], body, now), settings.WEBHOOK_INTRANET)


def again(now: datetime, ids: Iterable[int] | None = None) -> int:
    """Queue dead letters (all of them, or those with these ids) to be sent again; how many."""
    chosen = Delivery.objects.filter(state="dead")
    if ids is not None:
        chosen = chosen.filter(id__in=list(ids))
    return chosen.update(state="queued", tries=0, next_try=now, error="", status=None)


def deliver(now: Callable[[], datetime], stop: Callable[[], bool] = lambda: False) -> Tally:
    """Send everything that is due, by any number of workers side by side."""
    tally = Tally()
    while not stop():
        due = _take(now())
        if not due:
            break
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook") as pool:
            answers = list(pool.map(lambda d: _send(d, now()), due))
        for delivery, answer in zip(due, answers, strict=True):
            _settle(delivery, answer, now())
            tally.sent += answer.ok
            tally.failed += not answer.ok
    return tally


def _take(now: datetime) -> list[Delivery]:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE, [now + LEASE, now, now, EACH, AT_ONCE])
        ids = [row[0] for row in cursor.fetchall()]
    return list(Delivery.objects.filter(id__in=ids).select_related("subscription").order_by("created", "id"))


def _send(delivery: Delivery, now: datetime) -> Answer:
    """In a thread of its own: nothing here asks the database."""
    s = delivery.subscription
    signed = rules.headers(s.secret, delivery.event, delivery.body, now)
    return sender.post(s.url, delivery.body, signed, settings.WEBHOOK_INTRANET)


def _settle(delivery: Delivery, answer: Answer, now: datetime) -> None:
    mine = Delivery.objects.filter(id=delivery.id, state="queued")
    error = answer.error[:300]
    if answer.ok:
        mine.update(state="sent", sent=now, next_try=None, error="", status=answer.status)
    elif answer.status == GONE or delivery.tries > len(BACKOFF):
        mine.update(state="dead", next_try=None, error=error, status=answer.status)
        if answer.status == GONE:
            says = "对方说这个地址不再接收（410）。 The receiver says that this address takes no more (410)."
            Subscription.objects.filter(id=delivery.subscription_id).update(active=False, note=says)
            announce.forget()
    else:
        mine.update(next_try=now + BACKOFF[delivery.tries - 1], error=error, status=answer.status)


def purge(now: datetime) -> int:
    """Forget what was sent long ago; dead letters stay until somebody decides."""
    return Delivery.objects.filter(state="sent", sent__lt=now - KEPT).delete()[0]
