"""What is about to run out and what has, for each level and each unit: painted for the holder and for who is above.

As of now, over everything the viewer may see; every number opens to its cases.
"""

from __future__ import annotations

from dataclasses import dataclass

from linli.insight.figures import Part, Scope
from linli.kernel.institution import Text
from linli.ledger.filters import Filters

SOON = Text("24 小时内到期", "Due within 24 hours")
OVERDUE = Text("已逾期", "Overdue")


@dataclass(frozen=True, slots=True)
class Pressed:
    """One level or unit: what it holds that runs out within a day, and what has run out."""

    title: Text
    soon: Part
    overdue: Part


def by_level(scope: Scope, area: str = "") -> list[Pressed]:
    """For each level of places, from the top, what posts at that level hold; two statements."""
    soon, late = Filters(state="open", area=area, soon=True), Filters(state="open", area=area, overdue=True)
    counts = [{r["holder_duty"]: r["n"] for r in scope.groups(f, "holder_duty")} for f in (soon, late)]
    found = []
    for name, level in scope.pack.levels.items():
        duties = [d.name for d in scope.pack.duties.values() if name in d.at]
        values = [sum(c.get(d, 0) for d in duties) for c in counts]
        if any(values):
            parts = (
                Part(t, v, f.but(held_at=name)) for t, v, f in zip((SOON, OVERDUE), values, (soon, late), strict=True)
            )
            found.append(Pressed(level.title, *parts))
    return found


def by_unit(scope: Scope, area: str = "") -> list[Pressed]:
    """For each unit that was called, what is addressed to it (its parts' too); two statements."""
    soon, late = Filters(state="open", area=area, soon=True), Filters(state="open", area=area, overdue=True)
    counts = [{r["unit"]: r["n"] for r in scope.groups(f, "unit") if r["unit"]} for f in (soon, late)]
    found = []
    for path in sorted({p for c in counts for p in c}):
        unit = scope.registry.units_by_path.get(path)
        if unit is None:
            continue
        values = [sum(n for p, n in c.items() if p == path or p.startswith(f"{path}.")) for c in counts]
        parts = (
            Part(t, v, f.but(unit=unit.code)) for t, v, f in zip((SOON, OVERDUE), values, (soon, late), strict=True)
        )
        found.append(Pressed(Text(unit.name, unit.name), *parts))
    return found
