"""What is about to run out and what has, for each level and each unit: painted for the holder and for who is above.

As of now, over everything the viewer may see; every number opens to its cases.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

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


Row = tuple[str | None, str | None, int]
"""Who holds them (a duty), the unit they are addressed to, and how many."""


@dataclass(frozen=True, slots=True)
class Now:
    """What runs out within a day and what has, counted once for every table that shows it."""

    soon: Filters
    overdue: Filters
    rows: tuple[tuple[Row, ...], tuple[Row, ...]]

    def parts(self, values: Iterable[int], **narrows: Any) -> tuple[Part, Part]:
        """The two numbers with what narrows to them."""
        soon, late = values
        return Part(SOON, soon, self.soon.but(**narrows)), Part(OVERDUE, late, self.overdue.but(**narrows))


def counted(scope: Scope, area: str = "") -> Now:
    """As of now; two statements."""
    soon, late = Filters(state="open", area=area, soon=True), Filters(state="open", area=area, overdue=True)
    found = [
        tuple((r["holder_duty"], r["unit"], r["n"]) for r in scope.groups(f, "holder_duty", "unit"))
        for f in (soon, late)
    ]
    return Now(soon, late, (found[0], found[1]))


def by_level(scope: Scope, now: Now) -> list[Pressed]:
    """For each level of places, from the top, what posts at that level hold."""
    found = []
    for name, level in scope.pack.levels.items():
        duties = {d.name for d in scope.pack.duties.values() if name in d.at}
        values = [sum(n for duty, _, n in rows if duty in duties) for rows in now.rows]
        if any(values):
            found.append(Pressed(level.title, *now.parts(values, held_at=name)))
    return found


def by_unit(scope: Scope, now: Now) -> list[Pressed]:
    """For each unit that was called, what is addressed to it (its parts' too)."""
    found = []
    for path in sorted({unit for rows in now.rows for _, unit, _ in rows if unit}):
        unit = scope.registry.units_by_path.get(path)
        if unit is not None:
            values = [sum(n for _, u, n in rows if u and (u == path or u.startswith(f"{path}."))) for rows in now.rows]
            found.append(Pressed(Text(unit.name, unit.name), *now.parts(values, unit=unit.code)))
    return found
