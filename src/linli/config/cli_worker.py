"""linli worker"""

from __future__ import annotations

import logging
import signal
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import click

LONGEST_SLEEP = 2.0
"""Seconds; an act done meanwhile may set a clock that runs out sooner than all known ones."""
REHOLD_EVERY = 60.0
RETRY_STUCK_EVERY = 600.0
RECONNECT_FIRST, RECONNECT_MOST = 0.5, 5.0

log = logging.getLogger("linli.worker")


@dataclass(slots=True)
class Tally:
    """What a worker has done."""

    fired: int = 0
    tried: int = 0
    reheld: int = 0


@dataclass(slots=True)
class Worker:
    """One of any number of workers: fires clocks, sends messages, hands on the matters of vacant posts."""

    stop: threading.Event = field(default_factory=threading.Event)
    done: Tally = field(default_factory=Tally)
    stuck: set[str] = field(default_factory=set)
    reheld_at: float = float("-inf")
    unstuck_at: float = float("-inf")

    def run(self) -> None:
        """Work until told to stop; a database that goes away is waited for, an embedded one is started again."""
        from django.db import InterfaceError, OperationalError, connections

        from linli.config import database

        pause = RECONNECT_FIRST
        while not self.stop.is_set():
            try:
                rest = 0.0 if self.round() else self._until_next()
                if pause > RECONNECT_FIRST:
                    log.warning("the database is back; going on")
                    pause = RECONNECT_FIRST
            except (OperationalError, InterfaceError) as error:
                if pause == RECONNECT_FIRST:
                    log.warning("the database does not answer, trying again until it does: %s", _first_line(error))
                connections.close_all()
                if database.revive():
                    log.warning("the embedded database had ended and was started again")
                rest, pause = pause, min(pause * 2, RECONNECT_MOST)
            except Exception:
                # Nothing was written: every batch is one transaction. The others' clocks must go on.
                log.exception("a round failed; trying again")
                connections.close_all()
                rest = RECONNECT_MOST
            self.stop.wait(rest)

    def drain(self) -> None:
        """Work until nothing is due now; errors are the caller's."""
        while self.round() and not self.stop.is_set():
            pass

    def round(self) -> bool:
        """One batch of each kind of work; whether there may be more at once."""
        from django.utils import timezone

        from linli.ledger import due, outbox, recurring

        self._forget_stuck()
        if time.monotonic() - self.reheld_at >= REHOLD_EVERY:
            self.done.reheld += due.rehold(timezone.now())
            recurring.open_due(timezone.now())
            self._tidy()
            self.reheld_at = time.monotonic()
        fired = due.sweep(timezone.now(), stuck=self.stuck)
        self.done.fired += fired
        if self.stop.is_set():
            return False
        tried = outbox.deliver(timezone.now())
        self.done.tried += tried
        return bool(fired or tried)

    def _tidy(self) -> None:
        """Uploads that no form claimed and sessions that ended; both are cheap when there are none."""
        from django.core.management import call_command
        from django.utils import timezone

        from linli.web.page import attachments

        attachments.purge(timezone.now())
        call_command("clearsessions", verbosity=0)

    def _forget_stuck(self) -> None:
        """Somebody may have added the missing year meanwhile."""
        if time.monotonic() - self.unstuck_at >= RETRY_STUCK_EVERY:
            self.stuck.clear()
            self.unstuck_at = time.monotonic()

    def _until_next(self) -> float:
        from django.utils import timezone

        from linli.ledger import due

        first: datetime | None = due.first_due()
        if first is None or self.stuck:
            return LONGEST_SLEEP
        return min(LONGEST_SLEEP, max(0.02, (first - timezone.now()).total_seconds()))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, then end.")
def command(once: bool) -> None:
    """Fire clocks that run out, send messages and webhooks, read the mailbox, hand on the matters of vacant posts.

    Start any number of workers, on any number of machines: each clock fires once. SIGTERM ends a worker after its
    current batch. While none runs nothing is lost: the next one catches up, oldest first.
    """
    from linli.config import startup

    worker = Worker()
    with startup.site():
        from linli.config import side_work

        logging.getLogger("linli").setLevel(logging.INFO)
        before = {number: signal.signal(number, _stopper(worker)) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            if once:
                side_work.once()
                worker.drain()
                side_work.once()
            else:
                log.info("working; SIGTERM or Ctrl-C ends after the current batch")
                with side_work.beside(worker.stop):
                    worker.run()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    done = worker.done
    click.echo(f"{done.fired} clock(s) fired, {done.tried} message(s) tried, {done.reheld} matter(s) handed on")


def _stopper(worker: Worker) -> Any:
    def stop(number: int, frame: Any) -> None:
        worker.stop.set()

    return stop
