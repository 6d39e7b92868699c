"""Cases that the calendar opens: each period once for each place at which the named duty is held.

The period and place are the case's external number, so the database itself sees to it that none opens twice, however
many workers ask; a worker that was down opens what it missed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.db import transaction
from psycopg.errors import UniqueViolation

from linli.kernel.calendar import SHANGHAI
from linli.kernel.every import occurrences, period
from linli.kernel.institution import Institution
from linli.ledger import act as ledger
from linli.ledger.definitions import Runtime, runtime
from linli.ledger.models import Case
from linli.people import registry
from linli.people.registry import Snapshot

CATCH_UP = timedelta(days=100)
"""How far back a worker that was down looks for what it missed."""


def open_due(now: datetime) -> int:
    """Open every case whose day has come by ``now``; returns how many were opened."""
    rt, snapshot = runtime(), registry.fresh()
    return sum(_open_all(rt, snapshot, i, now) for i in rt.pack.institutions.values() if i.every)


def _open_all(rt: Runtime, snapshot: Snapshot, institution: Institution, now: datetime) -> int:
    source = f"every:{institution.name}"
    since = datetime.combine(institution.valid_from, datetime.min.time(), SHANGHAI)
    wanted = dict(_wanted(rt, snapshot, institution, max(now - CATCH_UP, since), now))
    known = Case.objects.filter(source=source, external__in=wanted).values_list("external", flat=True)
    opened = 0
    for external in [w for w in wanted if w not in set(known)]:
        place, at = wanted[external]
        opening = ledger.Opening(
            institution.name, place, by_calendar=True, channel="clock", source=source, external=external, reported=at
        )
        try:
            with transaction.atomic():
                opened += isinstance(ledger.open(opening, {}, now), ledger.Receipt)
        except UniqueViolation:
            continue  # another worker was faster
    return opened


def _wanted(
    rt: Runtime, snapshot: Snapshot, institution: Institution, after: datetime, now: datetime
) -> Iterator[tuple[str, tuple[str, datetime]]]:
    """(external number, (place, when)) of every case that should be there."""
    every = institution.every
    if every is None:
        return
    calendar = rt.pack.calendars[every.calendar] if every.calendar else None
    for at in occurrences(every, after, now, calendar):
        day = at.date()
        for (duty, path), held in snapshot.held.items():
            if duty == every.duty and path in snapshot.by_path and any(h.on(day) for h in held):
                yield f"{period(every, at)}@{snapshot.by_path[path].code}", (path, at)
