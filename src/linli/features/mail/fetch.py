"""One visit to the mailbox: each letter is dealt with, committed, and only then moved away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import connection

from linli.features.mail import acts
from linli.features.mail.acts import REJECTED, Door, Outcome
from linli.features.mail.mailbox import DONE, REJECTS, Mailbox
from linli.kernel.institution import Text

LOCK = 0x6C696E6C69
"""Any number: only one process reads the mailbox at a time."""


@dataclass(slots=True)
class Counts:
    """What became of the letters, by outcome; ``busy`` when another process is reading the mailbox."""

    of: dict[str, int] = field(default_factory=dict)
    busy: bool = False

    def add(self, outcome: Outcome) -> None:
        """One more."""
        self.of[outcome.kind] = self.of.get(outcome.kind, 0) + 1

    @property
    def total(self) -> int:
        """How many letters there were."""
        return sum(self.of.values())


def fetch(
    box: Mailbox,
    door: Door,
    now: Callable[[], datetime],
    largest: int,
    progress: Callable[[int, int], None] = lambda done, of: None,
    stop: Callable[[], bool] = lambda: False,
) -> Counts:
    """Go through the mailbox once, oldest first. ``largest`` letter in bytes; ``progress`` is told (done, of how many).

    Raises MailServerDown, or the database's OperationalError; what was dealt with until then is committed, and a
    letter that could not be moved any more is known the next time.
    """
    counts = Counts()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, hashtext(current_schema()))", [LOCK & 0x7FFFFFFF])
        if not cursor.fetchone()[0]:
            counts.busy = True
            return counts
    try:
        waiting = box.waiting()
        for number, (uid, size) in enumerate(waiting, 1):
            if stop():
                break
            outcome = _one(box, uid, size, door, now(), largest)
            if outcome is not None:
                counts.add(outcome)
                box.put([uid], REJECTS if outcome.kind == REJECTED else DONE)
            progress(number, len(waiting))
    finally:
        if connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, hashtext(current_schema()))", [LOCK & 0x7FFFFFFF])
    return counts


def _one(box: Mailbox, uid: str, size: int, door: Door, now: datetime, largest: int) -> Outcome | None:
    if size > largest:
        most = largest // 2**20
        says = Text(
            f"这封信有 {size / 2**20:.0f} MB，最大 {most} MB。", f"It has {size / 2**20:.0f} MB; at most {most} MB."
        )
        return acts.reject(box.letter(uid, "HEADER"), says, now)
    raw = box.letter(uid)
    return acts.take(raw, door, now) if raw else None
