"""Messages that leave the house: queued in the act's own transaction, delivered afterwards by any number of workers.

Each message is taken under a row lock that skips those another worker holds, sent while the lock is held, and its
outcome is committed before the next is taken. So nothing is sent twice after a success was recorded. One edge
remains, as with every outbox: a worker killed between the server's "ok" and the commit leaves the message queued, and
that one message is sent again. Its id is the same in both copies.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any

from django.conf import settings
from django.db import transaction
from psycopg.rows import class_row

from linli.ledger import store
from linli.ledger.channels import CHANNELS, EMAIL, Broadcast, Channel, Outgoing, Undelivered
from linli.ledger.models import Message
from linli.people.models import Person

BACKOFF = (
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=12),
)
"""How long to wait after the first, second … failed try; after one more the message has failed."""

ROUND = 100
LINK = "{site}/c/{secret}/"
"""The page of a case for whoever raised it (web.page's address ``follow``)."""

# Plain statements, because a round runs every two seconds in every worker and mostly finds nothing.
_TAKE = """
SELECT m.id, m.channel, m.tries, m.body->>'zh' AS text, m.body->>'event' AS event, m.case_id::text AS case, c.number,
       c.secret, coalesce(p.phone, '') AS phone,
       coalesce(p.email, '') AS email, coalesce(p.chat, '') AS chat
FROM ledger_message m JOIN ledger_case c ON c.id = m.case_id LEFT JOIN people_person p ON p.id = m.person_id
WHERE m.next_try <= %s AND NOT m.channel = ANY(%s) ORDER BY m.next_try, m.id LIMIT %s FOR UPDATE OF m SKIP LOCKED
"""
_SETTLE = """
UPDATE ledger_message SET tries = %(tries)s, state = %(state)s, next_try = %(next_try)s, error = %(error)s,
       delivered = %(delivered)s WHERE id = %(id)s
"""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """A message that is due, locked by this worker, with what it needs to leave."""

    id: int
    channel: str
    tries: int
    text: str
    event: str | None
    case: str
    number: int
    secret: str
    phone: str
    email: str
    chat: str


class Post:
    """A round of deliveries: opens each channel when the first message needs it, closes all at the end.

    ``at_once`` messages share a transaction; more than one is faster and repeats as many if the process is killed.
    """

    def __init__(self, channels: Mapping[str, Callable[[], Channel]] = CHANNELS, at_once: int = 1) -> None:
        self.makers, self.at_once = channels, at_once
        self.open: dict[str, Channel] = {}
        self.down: set[str] = set()

    def __enter__(self) -> Post:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for channel in self.open.values():
            channel.close()
        self.open.clear()

    def deliver(self, now: datetime, limit: int = ROUND) -> int:
        """Try up to ``limit`` messages that are due at ``now``; how many were tried, 0 when none was due.

        A channel that does not answer at all is left alone for the rest of the round.
        """
        self.down.clear()
        tried = 0
        while tried < limit:
            wanted = min(self.at_once, limit - tried)
            with transaction.atomic():
                taken = _take(now, self.down, wanted)
                if taken:
                    store.cursor().executemany(_SETTLE, [self._try(message, now) for message in taken])
            tried += len(taken)
            if len(taken) < wanted:
                break
        return tried

    def _try(self, message: Taken, now: datetime) -> dict[str, Any]:
        """Send it; the columns that tell the outcome."""
        tries = message.tries + 1
        try:
            self._send(message, now)
        except Undelivered as failure:
            if failure.down:
                self.down.add(message.channel)
            again = tries <= len(BACKOFF) and not failure.final
            log.warning("message %s by %s: %s", message.id, message.channel, failure)
            state, next_try = ("queued", now + BACKOFF[tries - 1]) if again else ("failed", None)
            return _outcome(message, tries, state, next_try, str(failure)[:300], None)
        except (LookupError, TypeError, ValueError) as fault:  # damaged: it must not hold up those behind it for ever
            log.exception("message %s by %s cannot be read", message.id, message.channel)
            return _outcome(message, tries, "failed", None, f"{type(fault).__name__}: {fault}"[:300], None)
        return _outcome(message, tries, "delivered", None, "", now)

    def _send(self, message: Taken, now: datetime) -> None:
        if message.channel not in self.makers:
            raise Undelivered(f"there is no channel {message.channel}", final=True)
        channel = self._channel(message.channel)
        if isinstance(channel, Broadcast):
            channel.broadcast(message.id, message.case, message.number, json.loads(message.event or "{}"), now)
            return
        to = channel.address(Person(phone=message.phone, email=message.email, chat=message.chat))
        if not to:
            raise Undelivered(f"no address for {message.channel} is known any more", final=True)
        subject = f"[{message.number}] 您反映的事项有新消息"
        channel.send(
            Outgoing(
                message.id, to, subject, _text(message), now, f"matter-{message.number}", reply_address(message.secret)
            )
        )

    def _channel(self, name: str) -> Channel:
        if name not in self.open:
            try:
                self.open[name] = self.makers[name]()
            except OSError as error:
                raise Undelivered(f"{name} cannot be opened: {error}", down=True) from None
        return self.open[name]


def _take(now: datetime, down: Collection[str], limit: int) -> list[Taken]:
    with store.cursor() as cursor:
        cursor.row_factory = class_row(Taken)
        return cursor.execute(_TAKE, [now, list(down), limit], prepare=True).fetchall()


def _outcome(
    message: Taken, tries: int, state: str, next_try: datetime | None, error: str, delivered: datetime | None
) -> dict[str, Any]:
    names = ("id", "tries", "state", "next_try", "error", "delivered")
    return dict(zip(names, (message.id, tries, state, next_try, error, delivered), strict=True))


def deliver(now: datetime, limit: int = ROUND) -> int:
    """One round over the channels that the settings name; how many messages were tried, 0 when none was due."""
    with Post() as post:
        return post.deliver(now, limit)


def undelivered(id: int, reason: str, now: datetime) -> bool:
    """An e-mail that had left came back: it counts as not delivered. False when there is no such e-mail, or when it
    is known already."""
    came_back = Message.objects.filter(id=id, channel=EMAIL).exclude(state="failed")
    changes = {"state": "failed", "next_try": None, "delivered": None, "error": f"退信 returned: {reason}"[:300]}
    return bool(came_back.filter(created__lte=now).update(**changes))


def reply_address(secret: str) -> str:
    """Where an answer by e-mail to this case goes: the mailbox that is read, with the case's secret behind a ``+`` if
    the mail server keeps such addresses apart; empty when no mailbox is read."""
    address = str(settings.MAIL_ADDRESS)
    name, at, host = address.rpartition("@")
    return f"{name}+{secret}{at}{host}" if address and settings.MAIL_TAGS else address


def _text(message: Taken) -> str:
    """The words, and where to read on without an account."""
    link = LINK.format(site=settings.PUBLIC_URL, secret=message.secret)
    return f"{message.text.replace('{number}', str(message.number))} {link}"
