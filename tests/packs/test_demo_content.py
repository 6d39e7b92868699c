"""The demo's data files hold together: codes, duties, units and every written request.

Pure Python on purpose: these files are edited by hand, and a slip should show without a database.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

DEMO = Path(__file__).resolve().parents[2] / "src" / "linli" / "config" / "demo"

KINDS = {"consult", "help", "complaint", "report", "suggest"}
CHANNELS = {"web", "phone", "counter", "grid_worker", "home_visit", "rider"}
DIVERSIONS = {"emergency", "legal_track", "repeated", "secret", "beyond_duty", "unlawful"}
SATISFIED = {"satisfied", "basically", "neutral", "dissatisfied"}
PARENT_KIND = {"city": "", "district": "city", "street": "district", "community": "street", "grid": "community"}
CODE_LENGTH = {"city": 12, "district": 12, "street": 12, "community": 12, "grid": 15}
DUTY_AT = {
    "grid_worker": "grid",
    "community_officer": "community",
    "street_officer": "street",
    "reviewer": "street",
    "dispatcher": "district",
    "district_officer": "district",
    "supervisor": "district",
    "sensor_gateway": "district",
}
# What each way of ending must say, so that the demo can run the real acts without inventing words.
NEEDS: dict[str, set[str]] = {
    "grid": {"answer", "rating"},
    "community": {"pass_reason", "answer", "rating"},
    "street": {"pass_reason", "answer", "rating"},
    "joint": {"pass_reason", "units", "unit_answers", "answer", "rating"},
    "explained": {"answer", "rating"},
    "diverted": {"diversion", "answer"},
    "reopened": {"answer", "reason", "second_answer", "rating"},
    "overdue_grid": {"answer", "rating"},
    "objected": {
        "pass_reason", "units", "objecting_unit", "reason", "ruling", "units_after", "unit_answers", "answer", "rating",
    },
    "open_found": set(),
    "open_collected": {"pass_reason"},
    "open_raised": {"pass_reason"},
    "open_joint": {"pass_reason", "units"},
    "open_answered": {"answer"},
}  # fmt: skip
ALWAYS = {"text", "category", "kind", "route", "channel"}
OPTIONAL = {"community", "street", "anonymous", "pass_reason", "rating", "unit_answers"}


@cache
def table(name: str) -> list[dict[str, str]]:
    with (DEMO / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@cache
def requests() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for path in sorted(DEMO.glob("requests_*.yaml")):
        found += yaml.safe_load(path.read_text(encoding="utf-8"))["requests"]
    return found


@cache
def load(name: str) -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load((DEMO / name).read_text(encoding="utf-8"))
    return data


def area_kinds() -> dict[str, str]:
    return {row["code"]: row["kind"] for row in table("areas.csv")}


def departments() -> set[str]:
    return {row["code"] for row in table("units.csv") if row["kind"] == "department"}


def twice(values: list[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def test_area_codes_are_unique_and_extend_their_parent() -> None:
    rows = table("areas.csv")
    assert twice([row["code"] for row in rows]) == []
    kinds = area_kinds()
    for row in rows:
        assert len(row["code"]) == CODE_LENGTH[row["kind"]], row
        assert kinds.get(row["parent"], "") == PARENT_KIND[row["kind"]], row
        assert row["code"].startswith(row["parent"].rstrip("0")), row
        assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", row["valid_from"]), row


def test_area_points_lie_in_the_district() -> None:
    for row in table("areas.csv"):
        assert 31.72 <= float(row["lat"]) <= 31.83, row
        assert 119.94 <= float(row["lng"]) <= 120.10, row


def test_every_community_has_a_grid() -> None:
    with_grid = {row["parent"] for row in table("areas.csv") if row["kind"] == "grid"}
    assert {code for code, kind in area_kinds().items() if kind == "community"} == with_grid


def test_names_are_said_as_people_say_them() -> None:
    for row in table("areas.csv"):
        assert not re.search(r"居委会|村委会|[（）()]", row["name"]), row


def test_units_stand_at_areas_and_under_units() -> None:
    rows = table("units.csv")
    codes = [row["code"] for row in rows]
    assert twice(codes) == []
    for row in rows:
        assert re.fullmatch(r"[a-z0-9-]+", row["code"]), row
        assert row["kind"] in {"community", "street", "department", "command"}, row
        assert row["area"] in area_kinds(), row
        assert row["parent"] in {*codes, ""}, row


def test_every_community_and_street_has_its_unit() -> None:
    areas = {row["area"] for row in table("units.csv") if row["kind"] in {"community", "street"}}
    assert areas == {code for code, kind in area_kinds().items() if kind in {"community", "street"}}


def test_people_are_unique_and_reachable_nowhere() -> None:
    rows = table("people.csv")
    for column in ("key", "name", "phone", "email"):
        assert twice([row[column] for row in rows]) == [], column
    for row in rows:
        assert re.fullmatch(r"1990000\d{4}", row["phone"]), row  # one invented range, so nobody is called by mistake
        assert row["email"].endswith(".example"), row  # RFC 2606: never delivered
        assert row["kind"] in {"resident", "staff"}, row


def test_duties_refer_to_people_areas_and_units() -> None:
    people = {row["key"] for row in table("people.csv")}
    units = {row["code"] for row in table("units.csv")}
    for row in table("duties.csv"):
        assert row["person"] in people, row
        assert row["unit"] in units, row
        if row["duty"] == "department_officer":
            # No area: a department sees what it was whistled for, not the whole district.
            assert row["area"] == "" and row["unit"] in departments(), row
        else:
            assert area_kinds()[row["area"]] == DUTY_AT[row["duty"]], row


def holders(duty: str) -> set[str]:
    return {row["area"] for row in table("duties.csv") if row["duty"] == duty}


def of_kind(kind: str) -> set[str]:
    return {code for code, found in area_kinds().items() if found == kind}


def test_vacancies_are_the_ones_left_on_purpose() -> None:
    assert of_kind("grid") - holders("grid_worker") == {
        "320402001002003",
        "320402003008002",
        "320402004022001",
        "320402005007001",
    }
    assert of_kind("community") - holders("community_officer") == {"320402005006"}
    assert of_kind("street") == holders("street_officer") == holders("reviewer")


def test_reviewer_is_never_an_officer_of_any_street() -> None:
    by_duty: dict[str, set[str]] = {}
    for row in table("duties.csv"):
        by_duty.setdefault(row["duty"], set()).add(row["person"])
    workers = by_duty["street_officer"] | by_duty["community_officer"] | by_duty["grid_worker"]
    assert by_duty["reviewer"] & workers == set()


def test_every_department_has_an_officer() -> None:
    assert {row["unit"] for row in table("duties.csv") if row["duty"] == "department_officer"} == departments()


def test_cast_stands_on_one_chain() -> None:
    cast = [member["key"] for member in load("cast.yaml")["cast"]]
    assert twice(cast) == [] and set(cast) <= {row["key"] for row in table("people.csv")}
    places = {(row["duty"], row["area"][:9]) for row in table("duties.csv") if row["person"] in cast}
    chain = {"grid_worker", "community_officer", "street_officer", "reviewer"}
    assert {(duty, "320402001") for duty in chain} <= places
    for member in load("cast.yaml")["cast"]:
        assert member["title"]["zh"] and member["title"]["en"] and member["try"]["zh"] and member["try"]["en"]


def test_categories_are_unique_and_grouped() -> None:
    data = load("categories.yaml")
    groups = [group["code"] for group in data["groups"]]
    codes = [category["code"] for category in data["categories"]]
    assert twice(groups) == [] and twice(codes) == [] and "lighting" in codes
    assert {category["group"] for category in data["categories"]} == set(groups)


def test_there_are_enough_requests_on_every_route() -> None:
    assert len(requests()) >= 320
    assert {item["route"] for item in requests()} == set(NEEDS)
    diverted = {item["diversion"] for item in requests() if item["route"] == "diverted"}
    assert diverted == DIVERSIONS
    assert {item["kind"] for item in requests()} == KINDS
    assert {item["channel"] for item in requests()} == CHANNELS


def test_every_category_is_used() -> None:
    used = {item["category"] for item in requests()}
    assert used == {category["code"] for category in load("categories.yaml")["categories"]}


def test_texts_are_unique_and_nobody_can_be_called() -> None:
    assert twice([item["text"] for item in requests()]) == []
    for item in requests():
        assert 15 <= len(item["text"]) <= 160, item["text"]
        for value in [item["text"], item.get("answer", ""), *item.get("unit_answers", {}).values()]:
            assert not re.search(r"\d{11}", value), value


@pytest.mark.parametrize("route", sorted(NEEDS))
def test_requests_of_this_route_say_all_they_need_and_nothing_else(route: str) -> None:
    for item in (found for found in requests() if found["route"] == route):
        missing = (ALWAYS | NEEDS[route]) - set(item)
        unknown = set(item) - ALWAYS - NEEDS[route] - OPTIONAL
        assert not missing and not unknown, (item["text"], missing, unknown)
        assert not (route.startswith("open_") and "rating" in item), item["text"]


def test_places_units_and_ratings_exist() -> None:
    kinds = area_kinds()
    for item in requests():
        assert ("community" in item) != ("street" in item), item["text"]
        assert kinds.get(item.get("community", ""), "community") == "community", item["text"]
        assert kinds.get(item.get("street", ""), "street") == "street", item["text"]
        named = {*item.get("units", []), *item.get("units_after", []), *item.get("unit_answers", {})}
        assert named <= departments(), item["text"]
        assert "rating" not in item or (set(item["rating"]) == {"contacted", "solved", "satisfied"}), item["text"]
        assert item.get("rating", {}).get("satisfied", "neutral") in SATISFIED, item["text"]


def test_called_units_answer_and_objections_are_ruled_on() -> None:
    for item in requests():
        if item["route"] == "joint":
            assert set(item["units"]) == set(item["unit_answers"]) and len(item["units"]) >= 2, item["text"]
        if item["route"] == "objected":
            assert item["objecting_unit"] in item["units"] and item["ruling"] in {"upheld", "rejected"}, item["text"]
            assert set(item["units_after"]) == set(item["unit_answers"]), item["text"]
            assert (item["objecting_unit"] in item["units_after"]) == (item["ruling"] == "rejected"), item["text"]
        if item["route"] == "open_joint":
            assert set(item.get("unit_answers", {})) < set(item["units"]), item["text"]
