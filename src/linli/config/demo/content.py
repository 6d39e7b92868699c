"""Reads the demo's files and settles who raises which request where. Deterministic: the dice have a fixed seed."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import yaml

from linli.people import acts as people
from linli.people.models import Person
from linli.people.registry import Place, Snapshot
from linli.places import acts as places
from linli.places.models import Area

FOLDER = Path(__file__).parent
ANSWERS_THEMSELVES = {"web", "rider"}
"""Channels of people who file and rate a matter themselves; for the others somebody does it for them."""
FILED_BY = {"phone": "dispatcher", "counter": "community", "grid_worker": "grid_worker", "home_visit": "grid_worker"}


@dataclass(frozen=True, slots=True)
class Ask:
    """One written request: what its file says, where it is raised, by whom (None: anonymous), and its story."""

    number: int
    item: dict[str, Any]
    place: Place
    person: str | None
    has_account: bool
    extra: tuple[dict[str, Any], ...] = field(default=())
    parked: dict[str, Any] | None = None
    silent: bool = False

    @property
    def route(self) -> str:
        """How it should end (README.md)."""
        return str(self.item["route"])

    @property
    def themselves(self) -> bool:
        """Whoever raised it files, rates and adds without help."""
        return self.item["channel"] in ANSWERS_THEMSELVES


def table(name: str) -> list[dict[str, str]]:
    """Rows of a CSV file of this folder."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@cache
def document(name: str) -> dict[str, Any]:
    """A YAML file of this folder; libyaml reads the requests ten times as fast as Python does."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    read: dict[str, Any] = yaml.load((FOLDER / name).read_bytes(), loader)  # noqa: S506  # a safe loader
    return read


def cast_keys() -> list[str]:
    """User names of the people a visitor becomes with one click."""
    return [member["key"] for member in document("cast.yaml")["cast"]]


def populate(since: datetime) -> dict[str, str]:
    """Create areas, units, persons, accounts and duties; the id of each person by key."""
    rejects = places.import_areas(list(enumerate(table("areas.csv"), 2)))[2]
    if rejects:
        raise ValueError(f"areas.csv line {rejects[0].line}: {rejects[0].reason}")
    areas = {a.code: a for a in Area.objects.all()}
    units: dict[str, Any] = {}
    for row in table("units.csv"):
        area = areas[row["area"]]
        parent = units.get(row["parent"])
        units[row["code"]] = places.create_unit(row["code"], row["name"], row["kind"], area, area.valid_from, parent)
    persons = _persons(since)
    for row in table("duties.csv"):
        starts = date.fromisoformat(row["valid_from"])
        where = areas[row["area"]] if row["area"] else None
        people.give_duty(persons[row["person"]], row["duty"], starts, where, units[row["unit"]], "demo")
    return {key: str(person.id) for key, person in persons.items()}


def _persons(since: datetime) -> dict[str, Person]:
    with_account = set(cast_keys())
    persons: dict[str, Person] = {}
    for row in table("people.csv"):
        person = persons[row["key"]] = people.create_person(row["name"], since, row["phone"], row["email"])
        if row["kind"] == "staff" or row["key"] in with_account:
            people.create_account(row["key"], person)
    return persons


def asks(registry: Snapshot, ids: dict[str, str], day: date, dice: Random) -> list[Ask]:
    """Every written request with its place and the person who raises it."""
    items = [item for path in sorted(FOLDER.glob("requests_*.yaml")) for item in document(path.name)["requests"]]
    residents = [row["key"] for row in table("people.csv") if row["kind"] == "resident" and row["key"] not in cast()]
    return [_ask(number, item, registry, ids, residents, day, dice) for number, item in enumerate(items)]


def cast() -> frozenset[str]:
    """The cast's keys."""
    return frozenset(cast_keys())


def _ask(
    number: int, item: dict[str, Any], registry: Snapshot, ids: dict[str, str], residents: list[str], day: date,
    dice: Random,
) -> Ask:  # fmt: skip
    stories = document("stories.yaml")
    text = str(item["text"])
    raised = next((k for k, texts in stories["raised_by"].items() if any(text.startswith(t) for t in texts)), None)
    drawn = dice.choice(residents)
    key = None if item.get("anonymous") else raised or drawn
    place = _place(item, registry, {ids[k] for k in cast()}, raised is not None, day, dice)
    extra = tuple(e for e in stories["extra"] if text.startswith(e["text"]))
    parked = next((p for p in stories["parked"] if text.startswith(p["text"])), None)
    silent = any(text.startswith(t) for t in stories["silent_unit"])
    return Ask(number, item, place, ids[key] if key else None, raised is not None, extra, parked, silent)


def _place(item: dict[str, Any], registry: Snapshot, cast: set[str], of_cast: bool, day: date, dice: Random) -> Place:
    """A grid of the community; the street itself where only that is known.

    A vacant grid only where the written answer speaks of the vacancy; a grid of the cast for what they shall see.
    """
    if "street" in item:
        return registry.places[item["street"]]
    grids = [p for p in registry.places.values() if p.parent == item["community"]]
    manned = [g for g in grids if registry.holders("grid_worker", g.path, day)]
    vacant = [g for g in grids if g not in manned]
    if item["route"] == "overdue_grid" and "缺" in item["answer"] and vacant:
        return dice.choice(vacant)
    theirs = [g for g in manned if any(h.person in cast for h in registry.holders("grid_worker", g.path, day))]
    shown = of_cast or item["route"].startswith("open_")
    return dice.choice((shown and theirs) or manned or grids)
