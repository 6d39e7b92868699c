"""From the datums of Chinese maps to WGS-84, at the door. Pure.

GCJ-02 is WGS-84 moved by a published-by-measurement formula (100 to 700 m in China), BD-09 moves GCJ-02 once more. The
way in is the public formula; the way back has no closed form and is solved by iteration. Round trips agree within
0.01 m; against what map services give the formula itself is good to about a metre. Outside the rectangle of China the
formula is not applied, as those services do not.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

Point = tuple[float, float]
"""(longitude, latitude) in degrees, as GeoJSON writes it."""

WGS84, GCJ02, BD09 = "wgs84", "gcj02", "bd09"
DATUMS = (WGS84, GCJ02, BD09)

AXIS = 6378245.0
"""Metres: the long half axis of the Krasovsky 1940 ellipsoid, which the formula uses."""
FLAT = 0.00669342162296594323
"""Its first eccentricity squared."""
WEST, EAST, SOUTH, NORTH = 72.004, 137.8347, 0.8293, 55.8271
TURN = math.pi * 3000.0 / 180.0
CLOSE = 1e-10
"""Degrees (0.01 mm) at which the iteration stops."""
ROUNDS = 12


def to_wgs84(point: Point, datum: str) -> Point:
    """``point`` of ``datum`` (one of DATUMS) in WGS-84. Raises ValueError for another name."""
    if datum == WGS84:
        return point
    if datum == GCJ02:
        return _back(point, gcj02)
    if datum == BD09:
        return _back(_bd09_to_gcj02(point), gcj02)
    raise ValueError(f"the datum {datum!r} is unknown; write one of {', '.join(DATUMS)}")


def gcj02(point: Point) -> Point:
    """A WGS-84 point in GCJ-02."""
    lng, lat = point
    if not (WEST <= lng <= EAST and SOUTH <= lat <= NORTH):
        return point
    east, north = _shift(lng - 105.0, lat - 35.0)
    radians = math.radians(lat)
    magic = 1 - FLAT * math.sin(radians) ** 2
    root = math.sqrt(magic)
    north = north * 180.0 / (AXIS * (1 - FLAT) / (magic * root) * math.pi)
    east = east * 180.0 / (AXIS / root * math.cos(radians) * math.pi)
    return lng + east, lat + north


def bd09(point: Point) -> Point:
    """A WGS-84 point in BD-09."""
    lng, lat = gcj02(point)
    far = math.hypot(lng, lat) + 0.00002 * math.sin(lat * TURN)
    angle = math.atan2(lat, lng) + 0.000003 * math.cos(lng * TURN)
    return far * math.cos(angle) + 0.0065, far * math.sin(angle) + 0.006


def _bd09_to_gcj02(point: Point) -> Point:
    def there(p: Point) -> Point:
        far = math.hypot(*p) + 0.00002 * math.sin(p[1] * TURN)
        angle = math.atan2(p[1], p[0]) + 0.000003 * math.cos(p[0] * TURN)
        return far * math.cos(angle) + 0.0065, far * math.sin(angle) + 0.006

    return _back(point, there)


def _back(point: Point, there: Callable[[Point], Point]) -> Point:
    """The point that ``there`` moves to ``point``: the error is small and smooth, so subtracting it converges."""
    lng, lat = point
    for _ in range(ROUNDS):
        x, y = there((lng, lat))
        lng, lat = lng - (x - point[0]), lat - (y - point[1])
        if max(abs(x - point[0]), abs(y - point[1])) < CLOSE:
            break
    return lng, lat


def _shift(x: float, y: float) -> Point:
    """The published polynomial and sines, in metres east and north."""
    wave = 20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += (wave + _sines(x, (20.0, 1.0), (40.0, 3.0)) + _sines(x, (150.0, 12.0), (300.0, 30.0))) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += (wave + _sines(y, (20.0, 1.0), (40.0, 3.0)) + _sines(y, (160.0, 12.0), (320.0, 30.0))) * 2.0 / 3.0
    return east, north


def _sines(value: float, *parts: Point) -> float:
    return sum(size * math.sin(value * math.pi / by) for size, by in parts)


def converted(coordinates: Any, datum: str) -> list[Any]:
    """GeoJSON coordinates of any depth in WGS-84, rounded to 1e-7 degrees (1 cm); heights are left out.

    Raises ValueError for what are no coordinates.
    """
    if not isinstance(coordinates, (list, tuple)):
        raise ValueError(f"{str(coordinates)[:40]!r} stands where a list of coordinates should")
    found = list(coordinates)
    if found and isinstance(found[0], (int, float)):
        lng, lat = to_wgs84((float(found[0]), float(found[1])), datum)
        return [round(lng, 7), round(lat, 7)]
    return [converted(part, datum) for part in found]
