"""Standards held against the registry: what does not meet one opens a gap case, once for as long as it is open.

The registry gives who holds which duty and what lies where; what a city measures itself (floor area, households) is
handed in. Nothing is guessed: a place without a measure is listed as unknown, neither kept nor broken.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from psycopg.errors import UniqueViolation

from linli.drafting.standards import Judged, Standard, Standards, evidence, judge, read_standards
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Pack
from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger.definitions import runtime
from linli.ledger.models import Case
from linli.people import registry
from linli.people.registry import Office, Place, Snapshot

Measures = Mapping[tuple[str, str], Any]
"""(code of a place or unit, name of a measure) → its value."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a standard says of one place or unit."""

    standard: Standard
    code: str
    name: str
    path: str
    place: str
    judged: Judged


@dataclass(slots=True)
class Survey:
    """Everything that was looked at, the gap cases that were opened, and those that were refused with the reason."""

    seen: list[Seen] = field(default_factory=list)
    opened: list[int] = field(default_factory=list)
    still_open: int = 0
    refused: list[tuple[Seen, Refusal]] = field(default_factory=list)

    def of(self, holds: bool | None) -> list[Seen]:
        """Those that keep (True), break (False) or cannot yet be judged by (None) their standard."""
        return [s for s in self.seen if s.judged.holds is holds]


def survey(now: datetime, measured: Measures, *, opens: bool) -> Survey:
    """Hold every standard in force against the registry at ``now``; with ``opens`` a gap case for each violation."""
    pack, snapshot = runtime().pack, registry.fresh()
    standards, _ = read_standards(pack.sources, pack)
    day = now.astimezone(SHANGHAI).date()
    found = Survey()
    for standard in standards.on(day):
        for node in _nodes(snapshot, pack, standard):
            facts: dict[str, Any] = dict(_facts(snapshot, pack, node.path, day))
            facts |= dict(_measures(standards, standard, node.code, measured))
            place = node.path if isinstance(node, Place) else node.area
            judged = judge(pack, standards, standard, facts)
            found.seen.append(Seen(standard, node.code, node.name, node.path, place, judged))
    if opens:
        for seen in found.of(False):
            _open(found, seen, now)
    return found


def _nodes(snapshot: Snapshot, pack: Pack, standard: Standard) -> list[Place] | list[Office]:
    if standard.over in pack.levels:
        return sorted((p for p in snapshot.places.values() if p.kind == standard.over), key=lambda p: p.code)
    return sorted((u for u in snapshot.units.values() if u.kind == standard.over), key=lambda u: u.code)


def _within(path: str, top: str) -> bool:
    return path == top or path.startswith(f"{top}.")


def _facts(snapshot: Snapshot, pack: Pack, path: str, day: date) -> dict[str, int]:
    """People by duty, places by level and units by kind, at ``path`` or below it."""
    facts = {f"holders_{d}": 0 for d in pack.duties} | {f"areas_{level}": 0 for level in pack.levels}
    facts |= {f"units_{kind}": 0 for duty in pack.duties.values() for kind in duty.at if kind not in pack.levels}
    people: set[tuple[str, str]] = set()
    for (duty, at), held in snapshot.held.items():
        if _within(at, path):
            people |= {(duty, h.person) for h in held if h.on(day)}
    for duty, _ in people:
        facts[f"holders_{duty}"] = facts.get(f"holders_{duty}", 0) + 1
    for place in snapshot.places.values():
        if place.path != path and _within(place.path, path):
            facts[f"areas_{place.kind}"] = facts.get(f"areas_{place.kind}", 0) + 1
    for unit in snapshot.units.values():
        if _within(unit.area, path):
            facts[f"units_{unit.kind}"] = facts.get(f"units_{unit.kind}", 0) + 1
    return facts


def _measures(standards: Standards, standard: Standard, code: str, measured: Measures) -> Iterator[tuple[str, Any]]:
    for name in standards.registers.get(standard.over, {}):
        if (code, name) in measured:
            yield name, measured[code, name]


def _open(found: Survey, seen: Seen, now: datetime) -> None:
    """One gap case at a time for each standard and place; the database itself keeps out a second on the same day."""
    source = f"standard:{seen.standard.name}"
    if Case.objects.filter(source=source, external__startswith=f"{seen.code}@", ended=None).exists():
        found.still_open += 1
        return
    external = f"{seen.code}@{now.astimezone(SHANGHAI).date().isoformat()}"
    unit = seen.path if seen.path != seen.place else None
    opening = ledger.Opening(
        seen.standard.opens, seen.place, unit=unit, by_calendar=True, channel="clock", source=source, external=external
    )
    words = evidence(seen.standard, seen.judged.facts)
    data = {"standard": f"{seen.name}：{seen.standard.title.zh}", "evidence": words.zh}
    try:
        with transaction.atomic():
            outcome = ledger.open(opening, data, now)
    except UniqueViolation:  # another worker was faster, or the gap was closed today already
        found.still_open += 1
        return
    if isinstance(outcome, Refusal):
        found.refused.append((seen, outcome))
    else:
        found.opened.append(outcome.number)
