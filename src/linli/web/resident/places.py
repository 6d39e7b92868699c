"""Where a matter is: chosen level by level, or found from the position; “I don't know” is always an answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from linli.kernel.institution import Institution, Pack, Text
from linli.ledger import mandates
from linli.ledger.mandates import Where
from linli.people.registry import Place, Snapshot
from linli.web.page.request import area

FAR = 8000.0
"""Metres: a position further from every known place is not in the area this site serves, where it has no outline."""
DONT_KNOW = Text("我不清楚", "I don't know")


@dataclass(frozen=True, slots=True)
class Chooser:
    """The levels below the area served, from the top down, and the places that can be chosen at each."""

    pack: Pack
    snapshot: Snapshot

    def parts(self, code: str | None) -> list[Place]:
        """The places right below the one with this code (below the area served for None)."""
        top = area(self.pack, self.snapshot)
        parent = code or (top.code if top else None)
        return sorted((p for p in self.snapshot.places.values() if p.parent == parent), key=lambda p: p.code)

    def chain(self, code: str) -> list[Place]:
        """From the first level below the area served down to ``code``; empty when the code is not inside it."""
        top, here = area(self.pack, self.snapshot), self.snapshot.places.get(code)
        found: list[Place] = []
        while here is not None and (top is None or here.code != top.code):
            found.insert(0, here)
            here = self.snapshot.places.get(here.parent or "")
        return found if here is not None else []

    def selects(self, code: str) -> list[dict[str, Any]]:
        """One list for each level down to the one below ``code``; the first always there."""
        fs, parent = [], None
        for place in [*self.chain(code), None]:
            options = self.parts(parent)
            if not options:
                break
            fs.append(self._select(options, place.code if place else ""))
            parent = place.code if place else None
        return fs

    def _select(self, options: list[Place], chosen: str) -> dict[str, Any]:
        kind = options[0].kind
        level = self.pack.levels[kind].title if kind in self.pack.levels else Text(kind, kind)
        rows = [{"value": "", "label": DONT_KNOW}, *({"value": p.code, "label": p.name} for p in options)]
        return {
            "name": f"at_{kind}", "id": f"f-at_{kind}", "kind": "select", "label": level, "options": rows,
            "value": chosen, "plain": True,
        }  # fmt: skip

    def read(self, post: Any) -> str:
        """The lowest place chosen such that each lies inside the one above it; "" when nothing was."""
        code = ""
        for kind in self.pack.levels:
            given = self.snapshot.places.get(post.get(f"at_{kind}", ""))
            if given is not None and given.kind == kind and given in self.parts(code or None):
                code = given.code
        return code

    def at_point(self, point: str) -> str:
        """The code of the lowest known place at ``lat,lng``; "" for no position or one outside the area served."""
        where = _degrees(point)
        if where is None:
            return ""
        for kind in reversed(list(self.pack.levels)):
            found = self.snapshot.at_point(*where, kind, FAR)
            if found is not None:
                return found.code if self.chain(found.code) else ""
        return ""

    def outside(self, point: str) -> bool:
        """Whether ``lat,lng`` is beyond the outlines of the area served."""
        where = _degrees(point)
        return where is not None and self.snapshot.outside(*where)

    def path(self, code: str) -> str:
        """The path of the place, or of the area served when nothing is known."""
        place = self.snapshot.places.get(code) or area(self.pack, self.snapshot)
        return place.path if place else ""

    def has_holder(self, institution: Institution, code: str, now: datetime) -> bool:
        """Whether somebody would hold a matter of this institution there: at the first stage's role or above it."""
        role = institution.roles.get(institution.stages[institution.open.to or ""].holder or "")
        where = Where(self.path(code))
        return role is None or mandates.holder(self.pack, role, where, self.snapshot, now) is not None

    def words(self, code: str) -> str:
        """Its name with those above it; empty when nothing is known."""
        return " ".join(p.name for p in self.chain(code))


def _degrees(point: str) -> tuple[float, float] | None:
    try:
        lat, lng = (float(part) for part in point.split(","))
    except ValueError:
        return None
    return lat, lng
