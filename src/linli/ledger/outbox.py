"""Messages that leave the house: queued in the act's own transaction, delivered afterwards by any number of workers.

Each message is taken under a row lock that skips those another worker holds, sent while the lock is held, and its
outcome is committed before the next is taken. So nothing is sent twice after a success was recorded. One edge
remains, as with every outbox: a worker killed between the server's "ok" and the commit leaves the message queued, and
that one message is sent again. Its id is the same in both copies.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import TracebackType

from django.conf import settings
from django.db import transaction

from linli.ledger.channels import CHANNELS, Channel, Outgoing, Undelivered
from linli.ledger.models import Message

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

log = logging.getLogger(__name__)


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
            with transaction.atomic():
                taken = list(
                    Message.objects.select_for_update(skip_locked=True, of=("self",))
                    .filter(next_try__lte=now)
                    .exclude(channel__in=self.down)
                    .select_related("case", "person")
                    .order_by("next_try", "id")[: min(self.at_once, limit - tried)]
                )
                for message in taken:
                    self._try(message, now)
                fields = ("state", "tries", "next_try", "error", "delivered")
                if len(taken) == 1:
                    taken[0].save(update_fields=fields)
                else:
                    Message.objects.bulk_update(taken, fields)
            if not taken:
                break
            tried += len(taken)
        return tried

    def _try(self, message: Message, now: datetime) -> None:
        message.tries += 1
        try:
            self._send(message, now)
        except Undelivered as failure:
            if failure.down:
                self.down.add(message.channel)
            message.error = str(failure)[:300]
            again = message.tries <= len(BACKOFF) and not failure.final
            message.next_try = now + BACKOFF[message.tries - 1] if again else None
            message.state = "queued" if again else "failed"
            log.warning("message %s by %s: %s", message.id, message.channel, failure)
        else:
            message.state, message.next_try, message.error, message.delivered = "delivered", None, "", now

    def _send(self, message: Message, now: datetime) -> None:
        if message.channel not in self.makers:
            raise Undelivered(f"there is no channel {message.channel}", final=True)
        channel = self._channel(message.channel)
        to = channel.address(message.person) if message.person else ""
        if not to:
            raise Undelivered(f"no address for {message.channel} is known any more", final=True)
        channel.send(Outgoing(message.id, to, _subject(message), _text(message), now))

    def _channel(self, name: str) -> Channel:
        if name not in self.open:
            try:
                self.open[name] = self.makers[name]()
            except OSError as error:
                raise Undelivered(f"{name} cannot be opened: {error}", down=True) from None
        return self.open[name]


def deliver(now: datetime, limit: int = ROUND) -> int:
    """One round over the channels that the settings name; how many messages were tried, 0 when none was due."""
    with Post() as post:
        return post.deliver(now, limit)


def _subject(message: Message) -> str:
    return f"事项 {message.case.number} 有新消息"


def _text(message: Message) -> str:
    """The words, and where to read on without an account."""
    link = LINK.format(site=settings.PUBLIC_URL, secret=message.case.secret)
    return f"{message.text('zh')} {link}"
