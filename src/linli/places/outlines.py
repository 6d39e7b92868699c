"""Outlines of areas: which one holds a point, and where brothers overlap or leave a gap. Shapely comes in only here.

Nothing of it is loaded while no outline is known: importing shapely costs every process a third of a second.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Count, Max

from linli.places.models import Outline
from linli.places.near import DEGREE

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

EDGE = 200.0
"""Metres: a position is a few dozen metres off and outlines are simplified, so so much beyond one is still inside."""
LEAST = 10_000.0
"""Square metres from which an overlap or a gap is listed: below it is the drawing's own coarseness."""


class Outlines:
    """All living outlines of one version, with a tree for finding; WGS-84."""

    def __init__(self, geometries: Mapping[str, Any]) -> None:
        import shapely
        from shapely.geometry import shape

        self.codes = sorted(geometries)
        self.shapes = [shape(geometries[code]) for code in self.codes]
        self.tree = shapely.STRtree(self.shapes)
        shapely.prepare(self.shapes)

    def holding(self, lat: float, lng: float) -> list[str]:
        """The codes of the areas whose outline holds the point (its edge included), the smallest first."""
        from shapely.geometry import Point

        found = self.tree.query(Point(lng, lat), predicate="intersects")
        return [self.codes[i] for i in sorted(found, key=lambda i: (self.shapes[i].area, self.codes[i]))]

    def near_edge(self, lat: float, lng: float) -> bool:
        """Whether some outline is at most EDGE metres away."""
        from shapely.geometry import Point

        wide = EDGE / (DEGREE * max(math.cos(math.radians(lat)), 0.01))
        return bool(len(self.tree.query(Point(lng, lat), predicate="dwithin", distance=wide)))


_known: dict[str, tuple[tuple[int, int], Outlines]] = {}


def current() -> Outlines | None:
    """The living outlines; kept while they stay the same, None while there are none."""
    living = Outline.objects.filter(valid_to__isnull=True)
    seen = living.aggregate(count=Count("id"), last=Max("id"))
    if not seen["count"]:
        return None
    key, stamp = str(connection.settings_dict["NAME"]), (seen["count"], seen["last"])
    if key not in _known or _known[key][0] != stamp:
        _known[key] = (stamp, Outlines(dict(living.values_list("area__code", "geometry"))))
    return _known[key][1]


@dataclass(frozen=True, slots=True)
class Flaw:
    """Two brothers that overlap (``kind`` overlap, both codes) or a hole between them (gap, their parent's code)."""

    kind: str
    codes: tuple[str, ...]
    square_metres: int
    lat: float
    lng: float

    def as_json(self) -> dict[str, Any]:
        """Plain values for a machine; the point is inside the flaw."""
        return {
            "kind": self.kind, "areas": list(self.codes), "square_metres": self.square_metres, "lat": self.lat,
            "lng": self.lng,
        }  # fmt: skip


def flaws(brothers: Mapping[str, Any], parent: str, whole: Any | None, least: float = LEAST) -> list[Flaw]:
    """Overlaps and gaps among the outlines of one parent's areas (code → GeoJSON), the largest first.

    Gaps are what ``whole`` (the parent's outline) has and no brother does; without it, holes inside their union.
    Catalogue 21: a division is checked for gaps and overlaps before it is approved.
    """
    import shapely
    from shapely.geometry import shape

    codes = sorted(brothers)
    shapes = [shape(brothers[code]) for code in codes]
    tree = shapely.STRtree(shapes)
    found: list[Flaw] = []
    for one, other in sorted(tree.query(shapes, predicate="intersects").T.tolist()):
        if one < other:
            found += _parts("overlap", (codes[one], codes[other]), shapes[one].intersection(shapes[other]), least)
    union = shapely.union_all(shapes)
    covered = _filled(union).difference(union) if whole is None else shape(whole).difference(union)
    found += _parts("gap", (parent,), covered, least)
    return sorted(found, key=lambda f: (-f.square_metres, f.codes))


def _filled(union: BaseGeometry) -> BaseGeometry:
    """The union without its holes."""
    import shapely
    from shapely.geometry import Polygon

    rings = [part.exterior for part in polygons(union)]
    return shapely.union_all([Polygon(ring) for ring in rings])


def _parts(kind: str, codes: tuple[str, ...], geometry: BaseGeometry, least: float) -> Iterable[Flaw]:
    for part in polygons(geometry):
        size = square_metres(part)
        if size >= least:
            point = part.representative_point()
            yield Flaw(kind, codes, round(size), round(point.y, 6), round(point.x, 6))


def polygons(geometry: BaseGeometry) -> Sequence[Any]:
    """The polygons in it; points and lines where two only touch are left out."""
    import shapely

    return [g for g in shapely.get_parts(geometry).tolist() if g.geom_type == "Polygon"] or [
        p for g in shapely.get_parts(geometry).tolist() if hasattr(g, "geoms") for p in polygons(g)
    ]


def square_metres(geometry: BaseGeometry) -> float:
    """Its area on a plane at its own latitude; good to about 0.5 % inside one city."""
    lat = geometry.centroid.y if not geometry.is_empty else 0.0
    return float(geometry.area * DEGREE**2 * math.cos(math.radians(lat)))
