"""A city's places, offices and people out of its ``city.yaml``: what the file does not name is made up by rule.

Every duty of the pack is given at every place of its level (or at every unit of its kind) to a person of its own, so
that no city file lists three hundred rows; ``vacant`` names the seats left empty, ``only`` the seats of a rare duty.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from random import Random
from typing import Any

import yaml
from django.db import transaction

from linli.config.demo.city_files import FOLDER, document
from linli.kernel.institution import Duty, Pack
from linli.people import acts as people
from linli.people.models import Person
from linli.places import acts as places
from linli.places.models import Area, Unit

SINCE = date(2020, 1, 1)
SEED = 2026


class CityFault(ValueError):
    """A city's file does not fit its pack; the sentence says where."""


@dataclass(slots=True)
class Crowd:
    """Who there is: ids of persons by key, the keys of residents, and the key of a seat by (duty, code)."""

    ids: dict[str, str] = field(default_factory=dict)
    residents: list[str] = field(default_factory=list)
    with_account: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Seat:
    """A duty at one place or unit, to be given to somebody."""

    duty: str
    code: str
    at_unit: bool


def areas(doc: dict[str, Any]) -> list[dict[str, str]]:
    """Rows for the area import: an indented list of ``code name``, deeper levels below, parts numbered by rule.

    Points are invented: a ring around the point of the file for each level, so that maps have something to show.
    """
    lat, lng = doc["point"]
    levels: list[str] = doc["levels"]
    rows: list[dict[str, str]] = []
    above: list[str] = []
    for line in str(doc["areas"]).splitlines():
        if not line.strip():
            continue
        depth = (len(line) - len(line.lstrip())) // 2
        code, _, name = line.strip().partition(" ")
        above = [*above[:depth], code]
        rows.append(_area(code, name.strip(), levels[depth], above[depth - 1] if depth else "", lat, lng, len(rows)))
    parts: dict[str, Any] = doc.get("parts", {})
    for row in [r for r in rows if r["kind"] == parts.get("of")]:
        for serial in range(1, parts["each"] + 1):
            name = str(parts["name"]).replace("{area}", _short(row["name"])).replace("{n}", "零一二三四五六"[serial])
            rows.append(_area(f"{row['code']}{serial:03}", name, parts["kind"], row["code"], lat, lng, len(rows)))
    return rows


def _area(code: str, name: str, kind: str, parent: str, lat: float, lng: float, n: int) -> dict[str, str]:
    dice = Random(code)  # noqa: S311  # invented points, the same every time
    away = 0.0 if not parent else 0.018
    return {
        "code": code, "name": name, "kind": kind, "parent": parent, "valid_from": SINCE.isoformat(),
        "lat": f"{lat + dice.uniform(-away, away):.5f}", "lng": f"{lng + dice.uniform(-away, away):.5f}",
    }  # fmt: skip


def _short(name: str) -> str:
    """府后社区 → 府后, 前进村 → 前进村."""
    return name.removesuffix("社区")


def populate(city: str, pack: Pack, since: datetime) -> Crowd:
    """Create the city's areas, units, persons, accounts and duties. Raises CityFault when the file does not fit."""
    doc = document(city, "city")
    rejects = places.import_areas(list(enumerate(areas(doc), 2)))[2]
    if rejects:
        raise CityFault(f"{city}/city.yaml: {rejects[0].reason}")
    known = {a.code: a for a in Area.objects.all()}
    units = _units(doc, known)
    crowd, names = Crowd(), _names(doc)
    seated = {(m["duty"], str(code)): m["key"] for m in doc["cast"] for code in _listed(m.get("at"))}
    persons: dict[str, Person] = {}
    with transaction.atomic():
        for number, key in enumerate([m["key"] for m in doc["cast"]], 1):
            persons[key] = _person(city, key, next(m["name"] for m in doc["cast"] if m["key"] == key), number, since)
            people.create_account(key, persons[key])
            crowd.with_account.add(key)
        crowd.residents = [f"resident-{n:02}" for n in range(1, int(doc.get("residents", 40)) + 1)]
        for key in crowd.residents:
            persons[key] = _person(city, key, next(names), len(persons) + 1, since)
        for seat in seats(doc, pack, known, units):
            key = seated.get((seat.duty, seat.code)) or f"{seat.duty}-{seat.code}".replace("_", "-")
            if key not in persons:
                persons[key] = _person(city, key, next(names), len(persons) + 1, since)
                people.create_account(key, persons[key])
                crowd.with_account.add(key)
            _give(doc, persons[key], seat, known, units, since.date())
    _all_seated(city, seated, {str(d) for d in pack.duties})
    crowd.ids = {key: str(person.id) for key, person in persons.items()}
    return crowd


def _all_seated(city: str, seated: dict[tuple[str, str], str], duties: set[str]) -> None:
    for duty, _ in seated:
        if duty not in duties:
            raise CityFault(f"{city}/city.yaml: the cast has {duty}, which is no duty of the pack")


def _listed(value: Any) -> list[Any]:
    return [] if value is None else list(value) if isinstance(value, list) else [value]


def _person(city: str, key: str, name: str, number: int, since: datetime) -> Person:
    # One invented range, as in Tianning: never to be dialled; .example is never delivered (RFC 2606).
    return people.create_person(name, since, f"1990000{number:04}", f"{key}@{city}.example")


def _names(doc: dict[str, Any]) -> Iterator[str]:
    """Invented names, each once, none of the cast's."""
    with (FOLDER / "names.yaml").open(encoding="utf-8") as file:
        words = yaml.safe_load(file)
    taken = {m["name"] for m in doc["cast"]}
    made = [s + g for s in words["surnames"].split() for g in words["given"].split()]
    Random(SEED).shuffle(made)  # noqa: S311  # the same names every time, no secret
    return (name for name in made if name not in taken)


def _units(doc: dict[str, Any], known: dict[str, Area]) -> dict[str, Unit]:
    """The units named in the file, and for each area of a level with offices one of each."""
    units: dict[str, Unit] = {}
    for kind, named in doc["units"].items():
        for code, spec in named.items():
            name, at = (spec, doc["seat"]) if isinstance(spec, str) else (spec["name"], spec["at"])
            units[code] = places.create_unit(code, name, kind, known[str(at)], SINCE)
    for office, spec in doc["offices"].items():
        for area in [a for a in known.values() if a.kind == spec["at"]]:
            code = f"{office}-{area.code}"
            name = str(spec["name"]).replace("{area}", area.name)
            units[code] = places.create_unit(code, name, spec.get("kind", area.kind), area, SINCE)
    return units


def seats(doc: dict[str, Any], pack: Pack, known: dict[str, Area], units: dict[str, Unit]) -> Iterator[Seat]:
    """Every seat of every duty, the vacant ones left out; a duty at several levels sits at the lowest one named."""
    vacant = {(d, str(c)) for d, codes in doc.get("vacant", {}).items() for c in codes}
    only = {d: {str(c) for c in codes} for d, codes in doc.get("only", {}).items()}
    for duty in pack.duties.values():
        for seat in _of(duty, known, units):
            if (duty.name, seat.code) not in vacant and seat.code in only.get(duty.name, {seat.code}):
                yield seat


def _of(duty: Duty, known: dict[str, Area], units: dict[str, Unit]) -> Iterator[Seat]:
    here = [at for at in duty.at if any(a.kind == at for a in known.values())]
    if here:
        yield from (Seat(duty.name, a.code, False) for a in known.values() if a.kind == here[-1])
    else:
        yield from (Seat(duty.name, code, True) for code, u in units.items() if u.kind in duty.at)


def _give(
    doc: dict[str, Any], person: Person, seat: Seat, known: dict[str, Area], units: dict[str, Unit], since: date
) -> None:
    # From the first day of the demo on: the calendar opens nothing for days on which nobody held the duty.
    if seat.at_unit:
        people.give_duty(person, seat.duty, since, None, units[seat.code], "demo")
        return
    area = known[seat.code]
    people.give_duty(person, seat.duty, since, area, _office(doc, seat.duty, area, units), "demo")


def _office(doc: dict[str, Any], duty: str, area: Area, units: dict[str, Unit]) -> Unit | None:
    """The unit whose people hold ``duty`` at ``area``: the one that names it, else the first office up the tree."""
    here: Area | None = area
    while here is not None:
        found = {o: units[f"{o}-{here.code}"] for o in doc["offices"] if f"{o}-{here.code}" in units}
        own = [u for o, u in found.items() if duty in doc["offices"][o].get("duties", [])]
        shared = [u for o, u in found.items() if "duties" not in doc["offices"][o]]
        if own or shared:
            return (own or shared)[0]
        here = here.parent
    return None
