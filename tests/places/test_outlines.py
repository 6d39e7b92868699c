"""Outlines of areas: imported, made valid, dated; a point finds its area by them; overlaps and gaps are listed."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from linli.config.import_outlines import command, read_features
from linli.ledger.definitions import runtime
from linli.people import registry
from linli.places.acts import import_areas
from linli.places.datum import gcj02
from linli.places.models import Area, Outline
from linli.places.outline_acts import import_outlines
from linli.web.api.open311_formats import Wrong
from linli.web.api.open311_place import locate
from linli.web.resident.places import Chooser
from tests.cast import GRID_A, GRID_A2, GRID_B, Cast

pytestmark = pytest.mark.django_db
DAY = date(2026, 3, 2)
STREET_A, STREET_B, COMMUNITY_A, CITY = "320402001000", "320402002000", "320402001001", "320400000000"
DATA = Path(os.environ.get("LINLI_TEST_DATA") or Path(__file__).parents[3] / "shared" / "data") / "geometry"


def box(code: str, west: float, south: float, east: float, north: float) -> dict[str, Any]:
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Feature", "properties": {"code": code}, "geometry": {"type": "Polygon", "coordinates": [ring]}}


CITY_BOX = box(CITY, 119.90, 31.70, 120.10, 31.90)
A_BOX, B_BOX = box(STREET_A, 119.95, 31.75, 119.975, 31.80), box(STREET_B, 119.975, 31.75, 120.0, 31.80)


def take(*features: dict[str, Any], datum: str = "wgs84", begins: date = DAY, **more: Any) -> Any:
    return import_outlines(features, datum, "test", begins, **more)


def at(lat: float, lng: float, kind: str) -> str | None:
    found = registry.fresh().at_point(lat, lng, kind)
    return found.code if found else None


def test_without_outlines_the_nearest_point_decides_as_before(cast: Cast) -> None:
    assert at(31.7712, 119.9712, "grid") == GRID_A
    assert registry.fresh().at_point(31.9, 119.99, "grid", within=3000) is None
    assert not registry.fresh().outside(10.0, 100.0), "nothing is outside where nothing is drawn"


def test_an_outline_decides_against_the_nearest_point(cast: Cast) -> None:
    lat, lng = 31.7799, 119.9790
    assert at(lat, lng, "grid") == GRID_B
    take(box(COMMUNITY_A, 119.970, 31.770, 119.980, 31.7805))
    assert at(lat, lng, "community") == COMMUNITY_A, "its outline holds the point"
    assert at(lat, lng, "street") == STREET_A, "the street above it"
    assert at(lat, lng, "grid") == GRID_A2, "the nearest grid inside that community, not the nearer one beyond it"
    take(box(GRID_A, 119.9785, 31.7795, 119.9795, 31.8))
    assert at(lat, lng, "grid") == GRID_A, "the grid's own outline"


def test_a_neighbour_without_an_outline_takes_what_an_outlined_grid_does_not_hold(cast: Cast) -> None:
    take(box(COMMUNITY_A, 119.970, 31.770, 119.980, 31.7805), box(GRID_A, 119.9705, 31.7705, 119.9715, 31.7715))
    assert at(31.7712, 119.9716, "grid") == GRID_A2, "not in the outline of the first grid, though nearer to its point"


def test_a_point_outside_all_outlines_of_the_jurisdiction_is_said_so(cast: Cast) -> None:
    take(A_BOX)
    assert not registry.fresh().outside(32.5, 121.0), "one street's outline says nothing about the rest"
    take(CITY_BOX)
    snapshot, pack = registry.fresh(), runtime().pack
    assert snapshot.outside(32.5, 121.0)
    assert snapshot.at_point(32.5, 121.0, "grid") is None
    assert not snapshot.outside(31.8, 120.1005), "fifty metres beyond an edge is within what a phone knows"
    with pytest.raises(Wrong, match="outside"):
        locate(pack, snapshot, pack.institutions["request"], "", (31.9050, 119.9811), "")
    assert locate(pack, snapshot, pack.institutions["request"], "", (31.76, 119.96), "").endswith("a320402001001001")
    chooser = Chooser(pack, snapshot)
    assert chooser.at_point("32.5,121.0") == ""
    assert chooser.outside("32.5,121.0")
    assert not chooser.outside("")


def test_the_report_page_says_when_the_position_is_elsewhere(cast: Cast, client: Any) -> None:
    take(CITY_BOX)
    client.post("/report/request/", {"text": "路灯不亮", "category": "lighting", "go": "1"})
    far = {"address": "", "point_lat": "32.5", "point_lon": "121.0", "point": "32.5,121.0"}
    page = client.post("/report/request/where/", {**far, "go": "1"}, follow=True).content.decode()
    page = page if 'data-test="outside"' in page else client.get("/report/request/where/").content.decode()
    assert 'data-test="outside"' in page
    assert "不在本辖区范围内" in page


def test_an_invalid_outline_is_made_valid_and_said_so(cast: Cast) -> None:
    bow = box(STREET_A, 119.95, 31.75, 119.97, 31.77)
    ring = bow["geometry"]["coordinates"][0]
    ring[1], ring[2] = ring[2], ring[1]
    done = take(bow)
    assert [code for code, _ in done.mended] == [STREET_A]
    kept = Outline.objects.get(area__code=STREET_A)
    assert "Self-intersection" in kept.mended
    assert kept.geometry["type"] == "MultiPolygon"


def test_the_datum_is_converted_at_the_door_and_kept(cast: Cast) -> None:
    moved = json.loads(json.dumps(A_BOX))
    ring = moved["geometry"]["coordinates"][0]
    moved["geometry"]["coordinates"] = [[list(gcj02((x, y))) for x, y in ring]]
    take(moved, datum="gcj02")
    kept = Outline.objects.get(area__code=STREET_A)
    assert kept.datum == "gcj02"
    for (x, y), (a, b) in zip(kept.geometry["coordinates"][0], ring, strict=True):
        assert abs(x - a) < 2e-7
        assert abs(y - b) < 2e-7


def test_outlines_are_dated_and_a_rename_takes_them_along(cast: Cast) -> None:
    assert take(A_BOX).created == 1
    assert take(A_BOX).same == 1
    wider = box(STREET_A, 119.94, 31.75, 119.975, 31.80)
    assert take(wider, begins=date(2026, 6, 1)).replaced == 1
    first, second = Outline.objects.order_by("valid_from")
    assert (first.valid_to, second.valid_from) == (date(2026, 5, 31), date(2026, 6, 1))
    assert take(A_BOX, begins=date(2026, 6, 1)).replaced == 1
    assert Outline.objects.count() == 2, "from the same day it is a drawing mended"
    (refused,) = take(wider, begins=date(2026, 5, 1)).rejects
    assert "2026-06-01" in refused.reason and Outline.objects.count() == 2, "an earlier one replaces nothing"
    row = {"code": STREET_A, "name": "甲新街道", "kind": "street", "parent": "320402000000", "valid_from": "2026-07-01"}
    import_areas([(2, row)])
    assert Outline.objects.get(valid_to=None).area.name == "甲新街道"
    assert at(31.76, 119.96, "street") == STREET_A


def test_overlaps_and_gaps_between_brothers_are_listed(cast: Cast) -> None:
    assert take(A_BOX, B_BOX).flaws == [], "neighbours that only touch"
    over = take(box(STREET_B, 119.974, 31.75, 120.0, 31.80)).flaws
    assert [(f.kind, f.codes) for f in over] == [("overlap", (STREET_A, STREET_B))]
    assert over[0].square_metres == pytest.approx(0.001 * 0.05 * 111_195**2 * 0.850, rel=0.01)
    take(box("320402000000", 119.95, 31.75, 120.0, 31.80))
    gap = take(box(STREET_B, 119.976, 31.75, 120.0, 31.80)).flaws
    assert [(f.kind, f.codes) for f in gap] == [("gap", ("320402000000",))]
    assert 119.975 < gap[0].lng < 119.976


@pytest.mark.parametrize(
    ("feature", "says"),
    [
        ({"type": "Feature"}, "GeoJSON Feature"),
        (box("99", 1, 1, 2, 2), "properties.code"),
        (box("110101", 1, 1, 2, 2), "110101000000"),
        ({**A_BOX, "geometry": {"type": "Point", "coordinates": [1, 2]}}, "Polygon"),
        ({**A_BOX, "geometry": {"type": "Polygon", "coordinates": "x"}}, "读不出来"),
        ({**A_BOX, "geometry": {"type": "Polygon", "coordinates": [[[1, 2], [3]]]}}, "读不出来"),
        (box(STREET_A, 31.75, 119.95, 31.80, 119.975), "超出经纬度范围"),
        ({**A_BOX, "geometry": {"type": "Polygon", "coordinates": [[[1, 2], [1, 2], [1, 2], [1, 2]]]}}, "没有面积"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_reason_and_the_rest_goes_in(
    cast: Cast, feature: Any, says: str
) -> None:
    done = take(feature, B_BOX)
    assert [r.line for r in done.rejects] == [1]
    assert says in done.rejects[0].reason
    assert done.created == 1


def test_the_command_tells_what_it_did(cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from contextlib import nullcontext

    from linli.config import startup

    monkeypatch.setattr(startup, "site", lambda *a, **k: nullcontext("here"))
    monkeypatch.setattr(startup, "migrate", lambda where: None)
    file = tmp_path / "streets.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [A_BOX, B_BOX]}), encoding="utf-8")
    ran = CliRunner().invoke(command, [str(file), "--json"])
    assert ran.exit_code == 0, ran.output
    assert json.loads(ran.stdout)["created"] == 2
    again = CliRunner().invoke(command, [str(file)])
    assert "未变 2" in again.stdout
    file.write_text("[", encoding="utf-8")
    assert "no JSON" in CliRunner().invoke(command, [str(file)]).output


@pytest.mark.parametrize("city", ["110000", "140400", "231100", "320400", "440300"])
def test_real_districts_hold_their_own_centres(city: str, db: None) -> None:
    file = DATA / f"{city}.json"
    if not file.is_file():
        pytest.skip(f"no real polygons at {file}")
    features = read_features(file)
    top = {"code": f"{city}000000", "name": city, "kind": "city", "valid_from": "2020-01-01"}
    rows = [top] + [
        {
            "code": f"{f['properties']['adcode']}000000", "name": f["properties"]["name"], "kind": "district",
            "parent": top["code"], "valid_from": "2020-01-01",
        }
        for f in features
    ]  # fmt: skip
    assert not import_areas(enumerate(rows, 2))[2]
    done = import_outlines(features, "gcj02", file.name, DAY)
    assert done.rejects == []
    assert done.created == len(features) == Area.objects.filter(kind="district").count()
    registry.forget()
    for f in features:
        from linli.places.datum import to_wgs84

        lng, lat = to_wgs84(tuple(f["properties"]["centroid"]), "gcj02")
        holding = registry.fresh().outlines
        assert holding is not None
        if f"{f['properties']['adcode']}000000" not in holding.holding(lat, lng):
            assert f["geometry"]["type"] == "MultiPolygon", "only a place in several parts has its centre elsewhere"
        else:
            assert at(lat, lng, "district") == f"{f['properties']['adcode']}000000"
    assert registry.fresh().outside(0.0, 100.0)
