"""What runs while a demo is lived through: clocks that run out, messages that leave, and who holds a duty."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from random import Random

from linli.ledger import due, mandates, outbox
from linli.ledger.definitions import Runtime
from linli.ledger.mandates import Where
from linli.people.registry import Snapshot


class DemoError(RuntimeError):
    """The demo's content or its timing does not do what it says; the text names the matter and the act."""


class World:
    """The frame of every demo. ``favourites`` (person ids) act first where several hold a duty; ``post`` delivers."""

    def __init__(
        self, rt: Runtime, registry: Snapshot, favourites: Iterable[str], dice: Random, post: outbox.Post
    ) -> None:
        self.rt, self.registry, self.favourites, self.dice, self.post = rt, registry, frozenset(favourites), dice, post
        self.horizon: datetime | None = None
        """No clock runs out before this instant; None when nothing is known to run."""

    def clocks(self, now: datetime) -> None:
        """Fire what runs out by ``now``, each at its instant, as a worker would have done on the way."""
        while self.horizon is not None and self.horizon <= now:
            at = self.horizon
            fired = due.sweep(at)
            self.horizon = due.first_due()
            if not fired and self.horizon == at:
                raise DemoError(f"a clock that ran out at {at} cannot be fired; see the log")
            if fired:
                self.deliver(at)

    def deliver(self, at: datetime) -> None:
        """Send what waits, two seconds after ``at``."""
        self.post.deliver(at + timedelta(seconds=2))

    def holder(self, institution: str, role: str, where: Where, now: datetime) -> str:
        """Somebody who really holds the role's duty there, one of the favourites first."""
        spec = self.rt.pack.institutions[institution].roles[role]
        found = mandates.holder(self.rt.pack, spec, where, self.registry, now)
        if found is None:
            raise DemoError(f"nobody holds {role} at {where}")
        people = [h.person for h in self.registry.holders(found.duty, found.path, now.date(), where.accused)]
        return next((p for p in people if p in self.favourites), people[0])
