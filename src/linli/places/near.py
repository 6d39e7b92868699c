"""Which place of a kind is nearest to a point, from an index of square cells. Pure."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
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


def metres(lat: float, lng: float, place: Pointed) -> float:
    """From a point to a place's, on a plane; near enough inside one city."""
    narrow = max(math.cos(math.radians(lat)), 0.01)
    return math.hypot((place.lat or 0) - lat, ((place.lng or 0) - lng) * narrow) * DEGREE


class Near(Generic[P]):
    """The places of one kind that have a point."""

    def __init__(self, places: Iterable[P]) -> None:
        self.all = [p for p in places if p.lat is not None and p.lng is not None]
        self.cells: defaultdict[tuple[int, int], list[P]] = defaultdict(list)
        for place in self.all:
            self.cells[_cell(place.lat or 0, place.lng or 0)].append(place)

    def nearest(self, lat: float, lng: float, within: float = math.inf) -> P | None:
        """The nearest at most ``within`` metres away; None for none."""
        near: Sequence[P] = self.all if math.isinf(within) else list(self._around(lat, lng, within))
        found = min(near, key=lambda p: (metres(lat, lng, p), p.code), default=None)
        return found if found is not None and metres(lat, lng, found) <= within else None

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
