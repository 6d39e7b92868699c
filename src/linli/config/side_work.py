"""What the worker does beside its clocks: the mailbox, webhooks, and destroying what was kept long enough. Each waits
for other machines or takes long, so each has a thread of its own, and no slow server ever holds up a deadline."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connections
from django.utils import timezone

log = logging.getLogger("linli.worker")
Job = Callable[[Callable[[], bool]], float]
REST = 2.0
PURGE_EVERY = 3600.0
CHAT_EVERY = 60.0
RETIRE_EVERY = 24 * 3600.0
_purged = float("-inf")
ENDS_WITHIN = 15.0
"""Seconds that a thread gets to finish what it has begun."""


def _mail(stop: Callable[[], bool]) -> float:
    """One visit to the mailbox; seconds until the next."""
    from linli.config import mail_door
    from linli.features.mail.mailbox import MailServerDown

    try:
        counts = mail_door.visit(timezone.now, stop=stop)
    except (MailServerDown, mail_door.NotSetUp) as wrong:
        log.error("e-mail in: %s", wrong)
    else:
        if counts.total:
            log.info("e-mail in: %s", ", ".join(f"{n} {kind}" for kind, n in counts.of.items()))
    return float(settings.MAIL_SECONDS)


def _webhooks(stop: Callable[[], bool]) -> float:
    """Everything that is due now; seconds until the next look."""
    global _purged
    from linli.features.webhooks import acts

    tally = acts.deliver(timezone.now, stop)
    if tally.failed:
        log.warning("webhooks: %d sent, %d failed; see: linli webhook dead", tally.sent, tally.failed)
    if time.monotonic() - _purged > PURGE_EVERY:
        acts.purge(timezone.now())
        _purged = time.monotonic()
    return REST


def _chat(stop: Callable[[], bool]) -> float:
    """What was said by chat and then left halfway; seconds until the next look."""
    from linli.features.chat import acts
    from linli.web.api import wechat

    try:
        done = acts.settle(wechat.door(settings.WECHAT), timezone.now(), stop)
    except ValueError as wrong:
        log.error("chat: %s", wrong)
    else:
        if done:
            log.info("chat: %d registered as far as they were told", done)
    return CHAT_EVERY


def _retention(stop: Callable[[], bool]) -> float:
    """Destroy what was kept long enough; seconds until the next look."""
    from linli.ledger import retention
    from linli.web.page import attachments

    try:
        tally = retention.retire(timezone.now(), attachments.remove, stop=stop)
    except (LookupError, ValueError) as wrong:
        log.error("retention: %s", wrong)
    else:
        if tally.cases:
            log.info("retention: destroyed %s; see: linli retire --list", tally.as_json())
    return RETIRE_EVERY


def jobs() -> dict[str, Job]:
    """What there is to do here by name: each takes "shall I stop?" and returns how long to rest, in seconds."""
    every: dict[str, Job] = {"webhooks": _webhooks}
    if settings.RETIRE:
        every["retention"] = _retention
    if settings.WECHAT:
        every["chat"] = _chat
    return every | ({"mail": _mail} if settings.MAIL_IN else {})


def once() -> None:
    """Do each of them once, here and now."""
    for name, job in jobs().items():
        _guarded(name, job, lambda: False)


def _guarded(name: str, job: Job, stop: Callable[[], bool]) -> float:
    try:
        return job(stop)
    except Exception as wrong:  # the database may be away; whatever was not committed is done the next time
        first = (str(wrong).strip().splitlines() or [""])[0]
        log.warning("%s: %s: %s; trying again", name, type(wrong).__name__, first)
        connections.close_all()
        return REST


@contextmanager
def beside(stop: threading.Event) -> Iterator[None]:
    """Do them in threads of their own until ``stop``; at the end they are waited for."""

    def run(name: str, job: Job) -> None:
        try:
            while not stop.wait(_guarded(name, job, stop.is_set)):
                pass
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=item, name=item[0], daemon=True) for item in jobs().items()]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        ends = time.monotonic() + ENDS_WITHIN
        for thread in threads:
            thread.join(max(0.0, ends - time.monotonic()))
