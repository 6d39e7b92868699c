"""Where the tracks of a diagram run: which acts share one, on which side, and how far out. Counting, no drawing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from linli.drafting.table import Edge


@dataclass(frozen=True, slots=True)
class Track:
    """A line beside the boxes that takes every act of ``edges`` to ``target``. Lane 0 is nearest to the boxes."""

    target: str
    edges: tuple[Edge, ...]
    lane: int


def lay_tracks(order: Sequence[str], edges: Sequence[Edge]) -> tuple[list[Track], list[Track]]:
    """Tracks on the left (ways back) and on the right (forward past a stage), for stages drawn in ``order``.

    Acts that lead to the very next stage need no track. Tracks whose stretches touch never share a lane; the shorter
    ones lie inside, so that fewer lines cross.
    """
    place = {name: i for i, name in enumerate(order)}
    back = [e for e in edges if place[e.target] < place[e.source]]
    over = [e for e in edges if place[e.target] > place[e.source] + 1]
    return _lanes(place, back), _lanes(place, over)


def _lanes(place: dict[str, int], edges: Sequence[Edge]) -> list[Track]:
    groups: dict[str, list[Edge]] = {}
    for edge in edges:
        groups.setdefault(edge.target, []).append(edge)
    stretches = []
    for target, group in groups.items():
        ends = [place[target], *(place[e.source] for e in group)]
        stretches.append((max(ends) - min(ends), min(ends), max(ends), target))
    taken: list[list[tuple[int, int]]] = []
    tracks = []
    for _, low, high, target in sorted(stretches):
        lane = next((n for n, t in enumerate(taken) if all(high < a or low > b for a, b in t)), len(taken))
        if lane == len(taken):
            taken.append([])
        taken[lane].append((low, high))
        tracks.append(Track(target, tuple(groups[target]), lane))
    return tracks
