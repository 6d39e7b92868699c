"""Conversion of Chinese map datums: known pairs, round trips over all of China, and what is left alone."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from linli.places.datum import DATUMS, bd09, converted, gcj02, to_wgs84
from linli.places.near import DEGREE

# WGS-84 → GCJ-02 as the published formula (eviltransform's own test vectors) gives it; latitude, longitude.
PAIRS = [
    ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
    ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
    ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
]
GCJ02_TO_BD09 = [  # the example in the documentation of the public converter coordtransform: 116.404, 39.915
    ((116.404, 39.915), (116.41036949371029, 39.92133699351021)),
]
CHINA = {"lng": st.floats(74, 134), "lat": st.floats(18, 53.5)}


def metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    return math.hypot((a[0] - b[0]) * math.cos(math.radians(a[1])), a[1] - b[1]) * DEGREE


@pytest.mark.parametrize(("wgs", "gcj"), PAIRS)
def test_known_pairs_agree_within_a_metre(wgs: tuple[float, float], gcj: tuple[float, float]) -> None:
    there, back = (wgs[1], wgs[0]), (gcj[1], gcj[0])
    assert metres(gcj02(there), back) < 1.0
    assert metres(to_wgs84(back, "gcj02"), there) < 1.0
    assert 100 < metres(there, back) < 1000, "the two datums differ by hundreds of metres"


@pytest.mark.parametrize(("gcj", "bd"), GCJ02_TO_BD09)
def test_bd09_agrees_with_the_known_pair(gcj: tuple[float, float], bd: tuple[float, float]) -> None:
    assert metres(to_wgs84(bd, "bd09"), to_wgs84(gcj, "gcj02")) < 0.01


@given(**CHINA)
def test_round_trips_agree_within_a_centimetre_everywhere_in_china(lng: float, lat: float) -> None:
    assert metres(to_wgs84(gcj02((lng, lat)), "gcj02"), (lng, lat)) < 0.01
    assert metres(to_wgs84(bd09((lng, lat)), "bd09"), (lng, lat)) < 0.01


def test_outside_china_and_in_wgs84_nothing_is_moved() -> None:
    assert to_wgs84((-71.06, 42.36), "gcj02") == (-71.06, 42.36)
    assert to_wgs84((119.97, 31.77), "wgs84") == (119.97, 31.77)
    with pytest.raises(ValueError, match=DATUMS[1]):
        to_wgs84((119.97, 31.77), "cgcs2000")


def test_coordinates_of_any_depth_are_converted() -> None:
    ring = [[119.97, 31.77, 4.0], [119.98, 31.77], [119.97, 31.78], [119.97, 31.77, 4.0]]
    found = converted([[ring]], "gcj02")
    assert [len(p) for p in found[0][0]] == [2, 2, 2, 2]
    assert metres(tuple(found[0][0][0]), to_wgs84((119.97, 31.77), "gcj02")) < 0.02
