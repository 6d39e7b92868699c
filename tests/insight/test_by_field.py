"""Counting cases by a field: which buildings were visited and when last (catalogue 12)."""

from __future__ import annotations

import pytest

from linli.config.report_by import lines
from linli.insight.by_field import Row, askable, by_field
from linli.ledger import act as ledger
from linli.ledger.definitions import runtime
from tests.cast import area
from tests.packs.city import City, moment
from tests.packs.test_admission_list import AREAS, POSTS

GRID = "440304001026001"


@pytest.fixture
def world(db: None) -> City:
    return City("futian", AREAS, POSTS)


def visit(world: City, building: str, day: str) -> None:
    opening = ledger.Opening("visit", area(GRID).path, by=world.ids["sun"])
    done = ledger.open(opening, {"building": building, "door": "101"}, moment(f"{day} 10:00"))
    assert isinstance(done, ledger.Receipt), done


def test_coverage_by_building_shows_the_one_not_visited_for_longest_first(world: City) -> None:
    for building, day in (
        ("12 栋", "2026-03-02"),
        ("3 栋", "2026-03-05"),
        ("12 栋", "2026-03-20"),
        ("9 栋", "2026-01-05"),
    ):
        visit(world, building, day)
    spec = runtime().pack.institutions["visit"]
    rows = by_field(spec, "building", moment("2026-02-01 00:00"), moment("2026-04-01 00:00"))
    assert rows == [Row("3 栋", 1, moment("2026-03-05 10:00")), Row("12 栋", 2, moment("2026-03-20 10:00"))]
    here = by_field(spec, "building", moment("2026-01-01 00:00"), moment("2026-04-01 00:00"), area(GRID).path)
    assert [r.value for r in here] == ["9 栋", "3 栋", "12 栋"]
    assert by_field(spec, "building", moment("2026-01-01 00:00"), moment("2026-04-01 00:00"), "x") == []
    assert lines(spec, "building", rows)[1].split() == ["2026-03-05", "1", "3", "栋"]


def test_what_is_kept_from_most_is_not_counted_by(world: City) -> None:
    request = runtime().pack.institutions["request"]
    assert "accused" not in askable(request) and "category" in askable(request)
    with pytest.raises(ValueError, match="cannot be counted by accused"):
        by_field(request, "accused", moment("2026-01-01 00:00"), moment("2026-04-01 00:00"))
