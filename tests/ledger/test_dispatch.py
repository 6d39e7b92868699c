"""The dispatch catalogue: dated, kept by somebody, proposed on the form, and never overwritten."""

from __future__ import annotations

from datetime import date, timedelta

from linli.ledger.definitions import runtime
from linli.people import registry
from linli.places.acts import import_areas
from linli.places.dispatch import import_dispatch
from linli.places.models import Dispatch
from tests.cast import GRID_A, GRID_B, NOW, Cast, area
from tests.web.pages import enter

HOUR = timedelta(hours=1)
DAY = date(2026, 3, 2)
LINE = {
    "category": "lighting", "area": "320402000000", "unit": "power", "rank": "1", "owner": "command",
    "source": "区城市管理职责清单第 14 项", "valid_from": "2024-01-01", "valid_to": "",
}  # fmt: skip


def take(*rows: dict[str, str]) -> tuple[int, int, list[str]]:
    listed = runtime().pack.lists["request_categories"]
    created, changed, rejects = import_dispatch(list(enumerate(rows, 2)), listed)
    return created, changed, [f"{r.line}: {r.reason}" for r in rejects]


def units(place: str, day: date = DAY, category: str = "lighting") -> list[str]:
    return [r.unit for r in registry.fresh().dispatch(category, area(place).path, day)]


def test_the_nearest_area_decides_and_the_leader_comes_first(cast: Cast) -> None:
    second = LINE | {"unit": "housing", "rank": "2"}
    street = LINE | {"area": "320402001000", "unit": "housing"}
    assert take(LINE, second, street) == (3, 0, [])
    assert units(GRID_B) == ["power", "housing"]
    assert units(GRID_A) == ["housing"]
    assert units(GRID_A, category="roads") == []
    assert take(LINE, second, street) == (0, 0, [])


def test_a_new_line_ends_the_one_before_and_both_stay(cast: Cast) -> None:
    take(LINE)
    moved = LINE | {"valid_from": "2026-02-01", "source": "2026 年移交清单"}
    assert take(moved) == (1, 1, [])
    assert units(GRID_A, date(2025, 6, 1)) == units(GRID_A) == ["power"]
    found = registry.fresh().dispatch("lighting", area(GRID_A).path, date(2026, 1, 31))
    assert [r.source for r in found] == ["区城市管理职责清单第 14 项"]
    assert take(moved | {"valid_to": "2026-02-28"}) == (0, 1, [])
    assert units(GRID_A) == [] and Dispatch.objects.count() == 2


def test_what_does_not_fit_comes_back_with_a_reason(cast: Cast) -> None:
    wrong = [
        LINE | {"category": "nothing"}, LINE | {"unit": "nobody"}, LINE | {"source": " "},
        LINE | {"valid_from": "2024/1/1"}, LINE | {"rank": "first"}, LINE | {"valid_to": "2023-01-01"},
    ]  # fmt: skip
    created, changed, rejects = take(*wrong, LINE)
    assert (created, changed, len(rejects)) == (1, 0, 6)
    assert all(line.split(": ")[1] in LINE for line in rejects), "each says which column"


def test_the_form_proposes_the_units_and_says_why(cast: Cast) -> None:
    take(LINE, LINE | {"unit": "housing", "rank": "2"})
    lamp = cast.lamp()
    cast.act("wang", lamp.id, "pass_up", NOW + HOUR, reason="灯杆没有电")
    cast.act("chen", lamp.id, "pass_up", NOW + 2 * HOUR, reason="社区没有权限")
    page = enter(cast, "zhou").get(f"/cases/{lamp.number}/").content.decode()
    assert "区城市管理职责清单第 14 项" in page and "区城运中心" in page
    assert '<option value="power" selected>' in page


def test_an_area_renamed_keeps_its_lines(cast: Cast) -> None:
    street = LINE | {"area": "320402001000"}
    take(street)
    row = {"code": "320402001000", "name": "甲新街道", "kind": "street", "parent": "320402000000"}
    import_areas([(2, row | {"valid_from": "2026-02-01"})])
    assert take(street) == (0, 0, []) and units(GRID_A) == ["power"]
    assert take(street | {"valid_from": "2026-02-15", "unit": "power", "source": "新清单"}) == (1, 1, [])
    assert units(GRID_A) == ["power"], "the line before has ended"
