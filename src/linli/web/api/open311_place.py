"""Where a report belongs: an area's code, a point, or words, turned into a place of the tree.

A point goes to the place of the lowest level whose outline holds it, or else to the nearest. Words that name an area
go there. Everything else goes to the place of the whole jurisdiction, whose people pass it down: a matter is never
refused for a vague address.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from linli.kernel.institution import Institution, Pack, Text
from linli.ledger import mandates
from linli.people.registry import Place, Snapshot
from linli.web.api.open311_formats import Wrong

FARTHEST = 3000.0
"""Metres from the nearest point of the lowest level beyond which a report is outside, where no outline is known."""

OUTSIDE = Text(
    "这个位置不在受理范围内（在辖区边界之外，或离最近的登记地点超过 3 公里）。请核对 lat、long（WGS-84），或者改填"
    " address_id。",
    "This point is outside the jurisdiction (beyond its outline, or more than 3 km from its nearest grid). Check lat"
    " and long (WGS-84) or send address_id.",
)
TOO_WIDE = Text(
    "地点太笼统，不知道由谁受理。请填 lat 和 long，或者下一级区域的 address_id。",
    "The place is too wide to say who receives it. Send lat and long, or the address_id of a smaller area.",
)


@dataclass(slots=True)
class Map:
    """What is looked up for every report, worked out once for each version of the registry."""

    snapshot: Snapshot
    pack: Pack
    lowest: str
    """The level that a point is looked up at; empty when nothing there has a point or an outline."""
    whole: Place | None
    named: list[tuple[str, str]]
    """(name, path) of every area below the whole."""


_known: Map | None = None


def map_of(pack: Pack, snapshot: Snapshot) -> Map:
    """The map for this copy of the registry."""
    global _known
    if _known is None or _known.snapshot is not snapshot or _known.pack is not pack:
        _known = _draw(pack, snapshot)
    return _known


def _draw(pack: Pack, snapshot: Snapshot) -> Map:
    lowest = list(pack.levels)[-1] if pack.levels else ""
    below: defaultdict[str | None, list[Place]] = defaultdict(list)
    for place in snapshot.places.values():
        below[place.parent].append(place)
    if snapshot.outlines is None and not any(p.kind == lowest and p.lat is not None for p in snapshot.places.values()):
        lowest = ""
    whole = snapshot.places.get(pack.place or "") or (below[None][0] if len(below[None]) == 1 else None)
    while whole is not None and len(below[whole.code]) == 1:
        whole = below[whole.code][0]
    inside = f"{whole.path}." if whole else ""
    named = [(p.name, p.path) for p in snapshot.places.values() if p.path.startswith(inside) and len(p.name) > 2]
    return Map(snapshot, pack, lowest, whole, named)


def locate(
    pack: Pack, snapshot: Snapshot, institution: Institution, code: str, point: tuple[float, float] | None, words: str
) -> str:
    """The path of the place of a report. Raises Wrong(400) when the code is unknown or the point is outside."""
    here = map_of(pack, snapshot)
    if code:
        area = snapshot.places.get(code)
        if area is None:
            raise Wrong(400, Text(f"address_id {code[:40]} 不是现有区域的编码。", f"There is no area {code[:40]}."))
        path = area.path
    elif point and here.lowest:
        grid = snapshot.at_point(*point, here.lowest, FARTHEST)
        if grid is None:
            raise Wrong(400, OUTSIDE)
        return grid.path
    else:
        path = _named(here, words) or (here.whole.path if here.whole else "")
    if not path or not _received(pack, institution, snapshot, path):
        raise Wrong(400, TOO_WIDE)
    return path


def named(pack: Pack, snapshot: Snapshot, words: str) -> str | None:
    """The path of the area that ``words`` name; None when they name none, or several."""
    return _named(map_of(pack, snapshot), words)


def _named(here: Map, words: str) -> str | None:
    """The area that ``words`` name: the one most of whose names stand in them; None when two are as likely."""
    hits = [path for name, path in here.named if name in words] if words else []
    if not hits:
        return None
    scores = {path: _above(path, hits) for path in hits}
    best = max(scores.values())
    found = [path for path, score in scores.items() if score == best]
    return found[0] if len(found) == 1 else None


def _above(path: str, hits: Iterable[str]) -> int:
    return sum(path == other or path.startswith(f"{other}.") for other in hits)


def _received(pack: Pack, institution: Institution, snapshot: Snapshot, path: str) -> bool:
    """Whether the definition names somebody for the first stage at this place or above it (the post may be vacant)."""
    first = institution.stages.get(institution.open.to or "")
    role = institution.roles.get(first.holder or "") if first else None
    if role is None:
        return True
    return any(at != "unit" and snapshot.level(path, at) for _, at in mandates.ladder(pack, role))
