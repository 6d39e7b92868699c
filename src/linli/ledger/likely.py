"""Matters that may be the same: found by category, place and time, compared by what the viewer may read, explained.

One query on indexed columns brings at most CANDIDATES rows; they are compared here, so that no text index burdens the
opening of a case. Somebody to whom text and position of a case are closed gets no hint drawn from them either.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Act, Institution, Pack, Text
from linli.ledger import lean, visible
from linli.ledger.definitions import Runtime, runtime
from linli.ledger.lean import Lean
from linli.ledger.models import Case
from linli.ledger.visible import Viewer
from linli.ledger.words import opening_texts
from linli.people import registry
from linli.people.registry import Snapshot
from linli.places.near import between

CANDIDATES = 50
RECENT = timedelta(days=30)
ANSWERED = timedelta(days=14)
"""Staff also see what ended so recently; a resident can only join what is still open."""
NEAR, NEIGHBOURS = 500.0, 2000.0
"""Metres: two positions that may be one spot; how far away the middle of a neighbouring area may be."""
LEAST = 2.5
"""The score from which on a matter is worth showing; see :class:`_Comparison`."""
_WORD = re.compile(r"[a-z0-9]{2,}")
_HAN = re.compile(r"[\u4e00-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Matter:
    """What is compared. ``place`` is a path, ``point`` has lat and lng (WGS-84), ``id`` is of the case itself."""

    institution: str
    place: str
    category: str = ""
    text: str = ""
    point: Mapping[str, float] | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Likely:
    """A matter that may be the same, with only what the viewer may read. ``may_join``: it stands where one can."""

    id: str
    number: int
    category: Text | None
    place: str
    opened: datetime
    stage: Text
    ended: bool
    text: str
    why: Text
    may_join: bool


@dataclass(frozen=True, slots=True)
class Joining:
    """The act by which a case waits for another one's answer, and its field that names the other."""

    act: Act
    field: str

    @property
    def is_one_tap(self) -> bool:
        """Nothing else has to be filled in, and nobody has to agree."""
        return self.act.needs == (self.field,) and not self.act.approves and len(self.act.result) <= 1


def joining(institution: Institution, stage: str | None = None) -> Joining | None:
    """How a case at ``stage`` (default: the first one) joins another; None where its institution has no such act."""
    for act in institution.acts_at(stage or institution.open.to or "").values():
        target = institution.stages.get(act.to or "")
        if target and target.follows and target.follows.case in act.needs:
            return Joining(act, target.follows.case)
    return None


def joinable(institution: Institution, join: Joining | None, other: Lean) -> bool:
    """Whether the case ``other`` stands where the field of ``join`` may name it."""
    if join is None or other.ended is not None:
        return False
    spec = institution.fields[join.field]
    return other.institution in spec.of and (not spec.stages or other.stage in spec.stages)


def of_case(case: Case, institution: Institution) -> Matter:
    """The case as it was opened, to look for others."""
    texts = [str(case.fields.get(n) or "") for n in opening_texts(institution)]
    return Matter(
        case.institution, case.place, case.category or "", " ".join(texts), _point(institution, case.fields),
        str(case.id),
    )  # fmt: skip


def likely(who: Viewer, matter: Matter, now: datetime, most: int = 3) -> list[Likely]:
    """The matters most likely the same as ``matter`` that ``who`` may know of, best first, at most ``most``.

    Whoever holds no duty is shown only open matters that are published, by their public facts.
    """
    rt, snapshot = runtime(), registry.current()
    if not who.is_staff and _home(rt.pack, snapshot, matter.place) is None:
        return []  # “somewhere in the city” is no place to compare
    institution = rt.institution(matter.institution)
    join = joining(institution)
    compared = _Comparison(rt.pack, snapshot, institution, matter, who.is_staff, now)
    scored = []
    for case in candidates(who, matter, now):
        level = visible.clearance(rt.pack, who, case) if who.is_staff else "public"
        seen = visible.fields(institution, level, case.written)
        if not who.is_staff and not joinable(institution, join, case):
            continue
        points, why = compared.score(case, seen)
        if points >= LEAST:
            may = joinable(institution, join, case)
            scored.append((points, case, seen, level, why, may))
    scored.sort(key=lambda s: (-s[0], -s[1].number))
    return [_shown(rt, snapshot, institution, c, seen, at, why, may) for _, c, seen, at, why, may in scored[:most]]


def candidates(who: Viewer, matter: Matter, now: datetime) -> list[Lean]:
    """The one query: same institution, same category or one of its group, same or neighbouring community, lately."""
    rt, snapshot = runtime(), registry.current()
    staff = who.is_staff
    seen = visible.condition(Viewer(None, who.duties)) if staff else lean.condition(visible.published(rt.pack))
    home = _home(rt.pack, snapshot, matter.place)
    if home:
        seen = seen.and_("place = ANY(%s::ltree[])", _around(rt.pack, snapshot, matter, home))
    else:
        seen = seen.and_("place <@ %s::ltree", matter.place)
    seen = seen.and_("institution = %s AND parent_id IS NULL AND lead_id IS NULL", matter.institution)
    seen = seen.and_("opened BETWEEN %s AND %s", now - RECENT, now)
    seen = seen.and_("(ended IS NULL OR ended >= %s)", now - ANSWERED) if staff else seen.and_("ended IS NULL")
    if matter.category:
        seen = seen.and_("category = ANY(%s)", _alike(rt.pack, matter) if staff else [matter.category])
    if matter.id:
        seen = seen.and_("id <> %s", matter.id)
    return lean.select(seen, "opened DESC", CANDIDATES)


def _alike(pack: Pack, matter: Matter) -> list[str]:
    """The category and those that stand under the same head."""
    spec = pack.institutions[matter.institution].fields.get("category")
    codes = pack.lists.get(spec.list or "", {}) if spec else {}
    mine = codes.get(matter.category)
    if mine is None or mine.group is None:
        return [matter.category]
    return [n for n, c in codes.items() if c.group == mine.group]


def _around(pack: Pack, snapshot: Snapshot, matter: Matter, home: str) -> list[str]:
    """Places to look at: ``home`` (the level above the lowest), those with their middle near the position, all inside.

    By name and not “within”: only then does PostgreSQL know beforehand how few these are.
    """
    kind, found = _kind(pack), [home]
    if matter.point is not None:
        near = snapshot.near(kind, matter.point["lat"], matter.point["lng"], NEIGHBOURS)
        found += [p.path for p in near[:4] if p.path != home]
    return [inside for path in found for inside in snapshot.inside(path)]


def _kind(pack: Pack) -> str:
    levels = list(pack.levels)
    return levels[-2] if len(levels) > 1 else levels[-1]


def _home(pack: Pack, snapshot: Snapshot, place: str) -> str | None:
    """The community that ``place`` is in; None when only something larger is known."""
    return snapshot.level(place, _kind(pack))


def _point(institution: Institution, values: Mapping[str, Any]) -> Mapping[str, float] | None:
    found = (values.get(n) for n, f in institution.fields.items() if f.type == "point")
    return next((p for p in found if isinstance(p, Mapping)), None)


# --- comparing


def alike(one: str, other: str) -> float:
    """How much two texts share, 0 to 1: pairs of Chinese characters and words of the shorter one found in the other."""
    return _shared(_marks(one), _marks(other))


def _shared(first: set[str], second: set[str]) -> float:
    return len(first & second) / min(len(first), len(second)) if first and second else 0.0


def _marks(text: str) -> set[str]:
    pairs = {run[n : n + 2] for run in _HAN.findall(text) for n in range(len(run) - 1)}
    return pairs | set(_WORD.findall(text.lower()))


def ago(days: int) -> tuple[str, str]:
    """How long ago in whole days, as people say it, in Chinese and English."""
    if days <= 0:
        return "今天", "today"
    return ("昨天", "yesterday") if days == 1 else (f"{days} 天前", f"{days} days ago")


class _Comparison:
    """What every candidate is compared with, worked out once."""

    def __init__(
        self, pack: Pack, snapshot: Snapshot, institution: Institution, matter: Matter, in_duty: bool, now: datetime
    ) -> None:
        self.snapshot, self.matter, self.in_duty = snapshot, matter, in_duty
        self.texts = opening_texts(institution)
        self.points = [n for n, f in institution.fields.items() if f.type == "point"]
        self.marks = _marks(matter.text)
        self.today = now.astimezone(SHANGHAI).date()
        self.home = _home(pack, snapshot, matter.place) or matter.place
        kind = snapshot.by_path[self.home].kind if self.home in snapshot.by_path else ""
        self.home_title = pack.levels[kind].title if kind in pack.levels else Text("地方", "place")
        self.kind = list(pack.levels)[-1]
        self.lowest = snapshot.level(matter.place, self.kind)
        self.lowest_title = pack.levels[self.kind].title

    def score(self, case: Lean, seen: Mapping[str, Any]) -> tuple[float, Text]:
        """Points and the reasons in words.

        Category 2 (0.8 for one of its group); position up to 3; the same lowest place 1; text up to 4; recency up to 1.
        """
        reasons: list[tuple[str, str]] = []
        points = self._place(case, self._metres(seen), reasons)
        if points is None:
            return 0.0, Text("", "")
        if self.matter.category and case.category == self.matter.category:
            points += 2.0
            reasons.append(("同一类别", "same category"))
        elif self.matter.category:
            points += 0.8
            reasons.append(("相近类别", "similar category"))
        same = _shared(self.marks, _marks(" ".join(str(seen.get(n) or "") for n in self.texts)))
        if same >= 0.3:
            reasons.append(("说法相近", "similar words"))
        days = (self.today - case.opened.astimezone(SHANGHAI).date()).days
        reasons.append(ago(days))
        points += 4 * same + max(0.0, 1 - days / RECENT.days)
        return points, Text("、".join(zh for zh, _ in reasons), ", ".join(en for _, en in reasons))

    def _metres(self, seen: Mapping[str, Any]) -> float | None:
        there = next((seen[n] for n in self.points if isinstance(seen.get(n), Mapping)), None)
        here = self.matter.point
        return between(here["lat"], here["lng"], there["lat"], there["lng"]) if here and there else None

    def _place(self, case: Lean, metres: float | None, reasons: list[tuple[str, str]]) -> float | None:
        """Points for the place; None when the other one is elsewhere: another community and no position near."""
        if metres is not None and metres <= NEAR:
            words = round(metres / 10) * 10
            reasons.append((f"相距约 {words} 米", f"about {words} m away") if words else ("同一位置", "same spot"))
            return 3.0 if metres <= 60 else 2.0 if metres <= 200 else 1.0
        if not f"{case.place}.".startswith(f"{self.home}."):
            return None
        title, points = self.home_title, 0.0
        if self.in_duty and self.lowest and self.lowest == self.snapshot.level(case.place, self.kind):
            title, points = self.lowest_title, 1.0 if metres is None else 0.5
        reasons.append((f"同一{title.zh}", f"same {title.en.lower()}"))
        return points


# --- showing


def _shown(
    rt: Runtime, snapshot: Snapshot, institution: Institution, case: Lean, seen: Mapping[str, Any], level: str,
    why: Text, may_join: bool,
) -> Likely:  # fmt: skip
    own = rt.institution(case.institution, case.version)
    at = visible.public_place(rt.pack, snapshot, case.place) if level == "public" else snapshot.by_path.get(case.place)
    spec = institution.fields.get("category")
    code = rt.pack.lists.get(spec.list or "", {}).get(str(seen.get("category") or "")) if spec else None
    words = " ".join(str(next((seen[n] for n in opening_texts(institution) if seen.get(n)), "")).split())
    return Likely(
        id=str(case.id),
        number=case.number,
        category=code.title if code else None,
        place=at.name if at else "",
        opened=case.opened,
        stage=own.stages[case.stage].title,
        ended=case.ended is not None,
        text=words if len(words) <= 60 else f"{words[:59]}…",
        why=why,
        may_join=may_join,
    )
