"""Who holds what, where, kept in memory and reloaded when it has changed.

Every decision asks who holds a duty at a place. The registry answers from memory; its version number is compared with
the database inside the same statement that writes, so a stale copy never decides anything.
"""

from __future__ import annotations

import math
import threading
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from django.db import connection, transaction

from linli.people.models import Duty
from linli.places import outlines
from linli.places.dispatch import Rule, rules
from linli.places.models import Area, Dispatch, Registry, Unit
from linli.places.near import Near


def belongs(unit: str | None, to: str | None) -> bool:
    """Whether the unit at path ``unit`` is the one at ``to`` or part of it."""
    return bool(unit and to) and f"{unit}.".startswith(f"{to}.")


@dataclass(frozen=True, slots=True)
class Held:
    """A dated duty of one person."""

    person: str
    duty: str
    path: str
    unit: str | None
    starts: date
    ends: date | None

    def on(self, day: date) -> bool:
        """Whether it is held on ``day``."""
        return self.starts <= day and (self.ends is None or day <= self.ends)


@dataclass(frozen=True, slots=True)
class Place:
    """An area as the registry knows it."""

    code: str
    name: str
    kind: str
    path: str
    parent: str | None
    lat: float | None
    lng: float | None


@dataclass(frozen=True, slots=True)
class Office:
    """A unit as the registry knows it."""

    code: str
    name: str
    kind: str
    path: str
    area: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Where a role's duty was found: the duty, the node's path, and whether somebody above stands in for a vacancy."""

    duty: str
    path: str
    stands_in: bool


@dataclass(slots=True)
class Snapshot:
    """All living places, units and duties at one version."""

    version: int
    places: dict[str, Place] = field(default_factory=dict)
    by_path: dict[str, Place] = field(default_factory=dict)
    units: dict[str, Office] = field(default_factory=dict)
    units_by_path: dict[str, Office] = field(default_factory=dict)
    held: dict[tuple[str, str], list[Held]] = field(default_factory=dict)
    of_person: dict[str, list[Held]] = field(default_factory=dict)
    catalogue: list[Rule] = field(default_factory=list)
    outlines: outlines.Outlines | None = None
    points: dict[str, Near[Place]] = field(default_factory=dict)
    is_outlined: bool | None = None
    paths: list[str] = field(default_factory=list)
    narrow: dict[str, Place | None] = field(default_factory=dict)

    def holders(self, duty: str, path: str, day: date, not_of: str | None = None) -> list[Held]:
        """Everybody who holds ``duty`` at exactly ``path`` on ``day``, without the people of the unit ``not_of``."""
        here = self.held.get((duty, path), ())
        return [h for h in here if h.on(day) and not belongs(h.unit, not_of)]

    def duties(self, person: str | None, day: date) -> list[Held]:
        """What ``person`` holds on ``day``."""
        return [h for h in self.of_person.get(person or "", ()) if h.on(day)]

    def level(self, path: str, kind: str) -> str | None:
        """The path of the ancestor of ``path`` (or itself) that is of ``kind``; None when ``path`` is above it."""
        labels = path.split(".")
        for end in range(len(labels), 0, -1):
            at = ".".join(labels[:end])
            if at in self.by_path and self.by_path[at].kind == kind:
                return at
        return None

    def resolve(
        self, ladder: Sequence[tuple[str, str]], place: str, unit: str | None, day: date, not_of: str | None
    ) -> Holder | None:
        """The first step of ``ladder`` (duty, level or ``unit``) at which somebody holds the duty; None for nobody.

        A case without a place at the level (only the street is known) begins at the first level it has.
        """
        for step, (duty, at) in enumerate(ladder):
            node = unit if at == "unit" else self.level(place, at)
            if node and self.holders(duty, node, day, not_of):
                return Holder(duty, node, step > 0)
        return None

    def dispatch(self, category: str | None, place: str, day: date) -> list[Rule]:
        """The units that the catalogue names for a matter of ``category`` at ``place``, the leader first."""
        return [r for r in rules(self.catalogue, category, place, day) if r.unit in self.units]

    def inside(self, path: str) -> list[str]:
        """``path`` and those of all living places inside it."""
        if len(self.paths) != len(self.by_path):
            self.paths = sorted(self.by_path)
        first, last = (bisect_left(self.paths, f"{path}{end}") for end in "./")  # “/” is the sign after “.”
        return [path, *self.paths[first:last]]

    def narrowed(self, code: str) -> Place | None:
        """The place ``code``, or the one place that is all of it, as far down as there is only one."""
        if code not in self.narrow:
            here = self.places.get(code)
            parts = [p for p in self.places.values() if p.parent == code]
            self.narrow[code] = self.narrowed(parts[0].code) if here and len(parts) == 1 else here
        return self.narrow[code]

    def named(self, path: str) -> str:
        """The name of the place or unit at ``path``; "" for none."""
        here = self.by_path.get(path) or self.units_by_path.get(path)
        return here.name if here else ""

    def within(self, tops: Iterable[str]) -> list[Place]:
        """The living places at or inside any of ``tops``, by their paths; a unit's path holds none."""
        return [self.by_path[p] for p in sorted({p for top in tops for p in self.inside(top)}) if p in self.by_path]

    def at_point(self, lat: float, lng: float, kind: str, within: float = math.inf) -> Place | None:
        """The place of ``kind`` at a point (WGS-84 degrees): by outlines where they are known, else the nearest one.

        The outline of ``kind`` that holds the point decides. Where only a wider outline does, the nearest place of
        ``kind`` inside that one without an outline of its own. Without any, the nearest at most ``within`` metres
        away. None where there is none, and for a point :meth:`outside`.
        """
        if self.outlines is None:
            return self._near(kind).nearest(lat, lng, within)
        if self.outside(lat, lng):
            return None
        holding = [self.places[code] for code in self.outlines.holding(lat, lng) if code in self.places]
        exact = next((p for p in holding if p.kind == kind), None)
        if exact is not None or not holding:
            return exact or self._near(kind).nearest(lat, lng, within)
        deepest = max(holding, key=lambda p: (p.path.count("."), p.path))
        above = self.level(deepest.path, kind)
        if above is not None:
            return self.by_path[above]
        inside = [p for p in self._near(kind).all if p.path.startswith(f"{deepest.path}.")]
        return Near([p for p in inside if p.code not in self.outlines.codes] or inside).nearest(lat, lng)

    def near(self, kind: str, lat: float, lng: float, within: float) -> list[Place]:
        """The places of ``kind`` whose point is at most ``within`` metres away, the nearest first."""
        return self._near(kind).near(lat, lng, within)

    def outside(self, lat: float, lng: float) -> bool:
        """Whether outlines cover the whole jurisdiction and the point is clearly outside all of them."""
        if self.outlines is None or self.outlines.near_edge(lat, lng):
            return False
        if self.is_outlined is None:
            self.is_outlined = self._covered()
        return self.is_outlined

    def _covered(self) -> bool:
        """Whether every area at the top has an outline, or all its parts have."""
        known = set(self.outlines.codes) if self.outlines else set()
        parts: defaultdict[str | None, list[str]] = defaultdict(list)
        for place in self.places.values():
            parts[place.parent].append(place.code)

        def covered(code: str) -> bool:
            return code in known or (bool(parts[code]) and all(covered(c) for c in parts[code]))

        return bool(parts[None]) and all(covered(code) for code in parts[None])

    def _near(self, kind: str) -> Near[Place]:
        if kind not in self.points:
            self.points[kind] = Near(p for p in self.places.values() if p.kind == kind)
        return self.points[kind]


_lock = threading.Lock()
_current: dict[str, Snapshot] = {}


def current() -> Snapshot:
    """The copy in memory, loaded on first use. It may be one change old: writes compare its version (see ledger)."""
    return _current.get(_key()) or reload()


def at(version: int) -> Snapshot:
    """The copy in memory if it has the ``version`` that the database was seen to have, otherwise a new one."""
    here = _current.get(_key())
    return here if here and here.version == version else reload()


def fresh() -> Snapshot:
    """The newest copy; one cheap query. Where a statement has read the version already, use :func:`at`."""
    found = connection.found("SELECT version FROM places_registry WHERE id = 1", [])  # type: ignore[attr-defined]
    return at(found[0][0]) if found else reload()


def reload() -> Snapshot:
    """Read everything again."""
    with _lock, transaction.atomic():
        version = Registry.objects.filter(id=1).values_list("version", flat=True).first()
        if version is None:
            version = Registry.objects.get_or_create(id=1)[0].version
        _current[_key()] = _load(version)
    return _current[_key()]


def forget() -> None:
    """Drop the copy; the next question reads the database."""
    _current.clear()


def _key() -> str:
    return str(connection.settings_dict["NAME"])


def _load(version: int) -> Snapshot:
    snapshot = Snapshot(version)
    for area in Area.objects.filter(valid_to__isnull=True).select_related("parent"):
        parent = area.parent.code if area.parent else None
        place = Place(area.code, area.name, area.kind, area.path, parent, area.lat, area.lng)
        snapshot.places[place.code] = snapshot.by_path[place.path] = place
    for unit in Unit.objects.filter(valid_to__isnull=True).select_related("area"):
        office = Office(unit.code, unit.name, unit.kind, unit.path, unit.area.path)
        snapshot.units[office.code] = snapshot.units_by_path[office.path] = office
    listed = Dispatch.objects.select_related("area", "unit", "owner")
    snapshot.catalogue = [
        Rule(d.category, d.area.path, d.unit.code, d.rank, d.source, d.owner.code, d.valid_from, d.valid_to)
        for d in listed
    ]
    snapshot.outlines = outlines.current()
    _load_duties(snapshot, Duty.objects.select_related("unit"))
    return snapshot


def _load_duties(snapshot: Snapshot, duties: Iterable[Duty]) -> None:
    held: defaultdict[tuple[str, str], list[Held]] = defaultdict(list)
    of_person: defaultdict[str, list[Held]] = defaultdict(list)
    for d in duties:
        unit = d.unit.path if d.unit else None
        one = Held(str(d.person_id), d.duty, d.path, unit, d.starts, d.ends)
        held[(d.duty, d.path)].append(one)
        of_person[one.person].append(one)
    snapshot.held, snapshot.of_person = dict(held), dict(of_person)
