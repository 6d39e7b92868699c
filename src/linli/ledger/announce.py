"""What the world outside may hear of an act: only what anybody may read of the case, and only if somebody listens.

An event is queued in the act's own transaction like any message, so that none is lost and none is told that was not
committed. Who listens is a feature's business; it says so with :func:`ask`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from linli.kernel.case import Case, ClockFired, Entry, Moved, Opened, Told
from linli.kernel.institution import Institution, Pack
from linli.ledger import visible
from linli.people.registry import Snapshot

OUTSIDE = "outside"
"""The channel of such messages."""
OPENED, MOVED, ANSWERED, OVERDUE, ENDED, UPDATED = "opened", "moved", "answered", "overdue", "ended", "updated"
KINDS = (OPENED, MOVED, ANSWERED, OVERDUE, ENDED, UPDATED)
REMEMBERED = 2.0
"""Seconds for which a process remembers whether anybody listens; a new listener hears what happens after that."""

_ask: Callable[[], bool] = lambda: False  # noqa: E731 - replaced by whoever listens
_known: tuple[float, bool] | None = None


def ask(whether: Callable[[], bool]) -> None:
    """Let ``whether`` (one cheap query) decide whether anybody listens."""
    global _ask
    _ask = whether
    forget()


def forget() -> None:
    """Ask again at the next act."""
    global _known
    _known = None


def listening() -> bool:
    """Whether anybody outside wants to hear of acts."""
    global _known
    known, now = _known, time.monotonic()
    if known is None or now - known[0] > REMEMBERED:
        _known = known = (now, _ask())
    return known[1]


def kind_of(institution: Institution, entry: Entry, case: Case) -> str | None:
    """What happened, as far as it is anybody's business: the most telling of KINDS; None when it is not."""
    events = entry.events
    if any(isinstance(e, Opened) for e in events):
        return OPENED
    if case.ended == entry.at and any(isinstance(e, Moved) for e in events):
        return ENDED
    if any(isinstance(e, Told) and e.answer for e in events):
        return ANSWERED
    if any(isinstance(e, ClockFired) for e in events) and entry.channel == "clock":
        return OVERDUE
    if any(isinstance(e, Moved) for e in events):
        return MOVED
    return UPDATED if visible.fields(institution, "public", entry.data) else None


def event(
    pack: Pack, institution: Institution, registry: Snapshot, place: str, accused: str | None, entry: Entry, case: Case
) -> dict[str, Any] | None:
    """What is told outside of ``entry``; None when nobody listens or nothing may be told.

    Whether the case as such is for everybody (a called unit's is not) is asked again when the event leaves.
    """
    if not institution.public or accused is not None or not listening():
        return None
    kind = kind_of(institution, entry, case)
    if kind is None:
        return None
    area = visible.public_place(pack, registry, place)
    stage = institution.stages[case.stage]
    promise = case.clocks.get(next(iter(institution.clocks), ""))
    result = pack.results[case.result] if case.result else None
    return {
        "kind": kind,
        "seq": case.seq,
        "at": entry.at.isoformat(),
        "institution": institution.name,
        "version": institution.version,
        "title": {"zh": institution.title.zh, "en": institution.title.en},
        "status": "closed" if case.ended else "open",
        "stage": case.stage,
        "stage_title": {"zh": stage.title.zh, "en": stage.title.en},
        "result": case.result,
        "result_title": {"zh": result.title.zh, "en": result.title.en} if result else None,
        "promise_due": promise.due.isoformat() if promise and not case.ended else None,
        "area": area.code if area else None,
        "area_name": area.name if area else None,
        "path": area.path if area else "",
        "fields": visible.fields(institution, "public", case.fields),
    }
