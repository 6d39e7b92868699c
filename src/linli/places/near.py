"""Which place of a kind is nearest to a point, from an index of square cells. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Generic, Protocol, TypeVar

CELL = 0.03
"""Degrees of latitude and longitude of one cell; 3.3 km from south to north."""
DEGREE = 111_195.0
"""Metres of one degree of latitude."""


class Pointed(Protocol):
    """Something that may have a point in WGS-84 degrees."""

    @property
    def lat(self) -> float | None: ...
    @property
    def lng(self) -> float | None: ...
    @property
    def code(self) -> str: ...


P = TypeVar("P", bound=Pointed)


def between(lat: float, lng: float, to_lat: float, to_lng: float) -> float:
    """Metres between two points, on a plane; near enough inside one city."""
    narrow = max(math.cos(math.radians(lat)), 0.01)
    return math.hypot(to_lat - lat, (to_lng - lng) * narrow) * DEGREE


def metres(lat: float, lng: float, place: Pointed) -> float:
    """From a point to a place's."""
    return between(lat, lng, place.lat or 0, place.lng or 0)


class Near(Generic[P]):
    """The places of one kind that have a point."""

    def __init__(self, places: Iterable[P]) -> None:
        self.all = [p for p in places if p.lat is not None and p.lng is not None]
        self.cells: defaultdict[tuple[int, int], list[P]] = defaultdict(list)
        for place in self.all:
            self.cells[_cell(place.lat or 0, place.lng or 0)].append(place)

    def nearest(self, lat: float, lng: float, within: float = math.inf) -> P | None:
        """The nearest at most ``within`` metres away; None for none."""
        if math.isinf(within):
            return min(self.all, key=lambda p: (metres(lat, lng, p), p.code), default=None)
        return next(iter(self.near(lat, lng, within)), None)

    def near(self, lat: float, lng: float, within: float) -> list[P]:
        """Those at most ``within`` metres away, the nearest first."""
        found = [(metres(lat, lng, p), p.code, p) for p in self._around(lat, lng, within)]
        return [p for far, _, p in sorted(found, key=lambda f: f[:2]) if far <= within]

    def _around(self, lat: float, lng: float, within: float) -> Iterator[P]:
        row, column = _cell(lat, lng)
        narrow = max(math.cos(math.radians(lat)), 0.01)
        rows = math.ceil(within / (DEGREE * CELL))
        columns = math.ceil(within / (DEGREE * CELL * narrow))
        for r in range(row - rows, row + rows + 1):
            for c in range(column - columns, column + columns + 1):
                yield from self.cells.get((r, c), ())


def _cell(lat: float, lng: float) -> tuple[int, int]:
    return math.floor(lat / CELL), math.floor(lng / CELL)
