"""Questions about letters."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from linli.features.mail.models import Taken
from linli.kernel.institution import Text

MOST = 1000


@dataclass(frozen=True, slots=True)
class Rejected:
    """A letter that waits in the rejects folder, and why."""

    came: datetime
    sender: str
    subject: str
    reason: Text


def rejected(limit: int = MOST) -> list[Rejected]:
    """The letters that nobody could take, newest first."""
    found = Taken.objects.filter(outcome="rejected").order_by("-came")[:limit]
    return [Rejected(t.came, t.sender, t.subject, Text(**t.reason)) for t in found]
