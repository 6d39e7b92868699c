"""Lists of cases for people: what I hold, what waits for my agreement, what I may see, and which posts are vacant.

Everything stands on :func:`linli.ledger.visible.visible`; a list of any length costs the same number of queries.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any

from django.db.models import Q

from linli.kernel.calendar import SHANGHAI
from linli.kernel.decide import to_settle
from linli.kernel.institution import FIELD_CLASSES, Act, Institution, Text
from linli.kernel.refusal import title_of
from linli.ledger import filters as narrowing
from linli.ledger import lean, mandates, visible
from linli.ledger.definitions import Runtime, runtime
from linli.ledger.filters import Filters
from linli.ledger.lean import Condition, Lean
from linli.ledger.mandates import Where
from linli.ledger.models import RESTING, URGENT, Case
from linli.ledger.titles import level_title, result_title
from linli.ledger.visible import Viewer
from linli.ledger.words import opening_texts
from linli.people import registry
from linli.people.models import Person
from linli.people.registry import Snapshot

PAGE = 25
COUNTED = 1000
"""Totals are counted so far and no further: above it, a list says “1000+”."""
SEARCHED = 100
"""The same of a search, where each one counted is looked into."""
QUEUE = 50
WAITING = 200
EXCERPT = 120
SAME = 50
"""So many persons under one telephone number (each call without an account makes one) are looked up."""
NEWEST = "number DESC"
CLOSE = timedelta(hours=6)
"""A clock with less than this left is painted as pressing."""


@dataclass(frozen=True, slots=True)
class Row:
    """One case in a list, with only what the viewer may read. ``clock`` is "", ok, soon, overdue or paused.

    ``acts`` are the (name, title) of what its holder may do at this stage by definition; the case decides itself.
    """

    id: str
    number: int
    institution: str
    kind: Text
    text: str
    category: Text | None
    place: str
    unit: str
    opened: datetime
    ended: datetime | None
    at: str
    stage: Text
    acts: tuple[tuple[str, Text], ...]
    holder: Text | None
    stands_in: bool
    due: datetime | None
    clock: str
    result: Text | None
    tier: Text | None
    asks: tuple[Text, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a list; ``older`` and ``newer`` are cursors for the neighbouring pages, None where there is none.

    ``total`` is exact unless ``capped``, when there are more than that; ``late`` of a queue have run out of time.
    """

    rows: list[Row]
    total: int
    capped: bool
    newer: int | None = None
    older: int | None = None
    late: int = 0


@dataclass(frozen=True, slots=True)
class Gap:
    """A post that nobody holds: the duty, where, and who stands in (None: nobody up to the top)."""

    duty: str
    title: Text
    path: str
    place: str
    stands_in: Text | None


def listing(
    who: Viewer, filters: Filters, now: datetime, before: int | None = None, after: int | None = None, size: int = PAGE
) -> Page:
    """The cases ``who`` may see, newest number first, ``size`` at a time.

    ``before`` a number: the next older page; ``after`` a number: the next newer one. No page costs more than another.
    """
    rt, snapshot = runtime(), registry.current()
    found = _condition(who, filters, now)
    most = SEARCHED if filters.q else COUNTED
    if before is None and after is None:
        cases, total, capped = (_sought if filters.q else _newest)(found, size, most)
        older = cases[size - 1].number if len(cases) > size else None
        return Page(_rows(rt, snapshot, who, cases[:size], now), total, capped, None, older)
    total, capped = _up_to(lean.up_to(found, most + 1), most)
    if after is not None:
        cases = lean.select(found.and_("number > %s", after), "number", size + 1)[::-1]
        further, cases = len(cases) > size, cases[-size:]
        newer, older = further, bool(cases)
    else:
        cases = lean.select(found.and_("number < %s", before), NEWEST, size + 1)
        further, cases = len(cases) > size, cases[:size]
        newer, older = True, further
    rows = _rows(rt, snapshot, who, cases, now)
    ends = (cases[0].number, cases[-1].number) if cases else (None, None)
    return Page(rows, total, capped, ends[0] if newer else None, ends[1] if older else None)


def _condition(who: Viewer, filters: Filters, now: datetime) -> Condition:
    """The cases ``who`` may see, narrowed as :func:`linli.ledger.filters.narrow` does; figures count exactly this."""
    rt, snapshot, found = runtime(), registry.current(), visible.condition(who)
    rest = filters.but(q="")
    if rest != Filters():
        also = lean.condition(narrowing.narrow(Case.objects.all(), rest, rt.pack, snapshot, now, who))
        found = found.and_(also.sql, *also.params)
    if filters.q:
        words = narrowing.search(filters.q, rt.pack, snapshot, who).condition()
        found = found.and_(words.sql, *words.params)
    return found


def _newest(found: Condition, size: int, most: int) -> tuple[list[Lean], int, bool]:
    """The newest ``size`` cases and one more, how many there are as far as ``most``, and whether there are more."""
    cases = lean.select(found, NEWEST, size + 1)
    return cases, *_up_to(lean.up_to(found, most + 1) if len(cases) > size else len(cases), most)


def _sought(found: Condition, size: int, most: int) -> tuple[list[Lean], int, bool]:
    """The same of a search, where counting looks into each case: the numbers counted say which are the newest."""
    cases, total = lean.sought(found, size + 1, max(most, size) + 1)
    return cases, *_up_to(total, most)


def _up_to(total: int, most: int) -> tuple[int, bool]:
    return min(total, most), total > most


def queue(who: Viewer, now: datetime, limit: int = QUEUE, start: int = 0) -> Page:
    """The open cases ``who`` holds now, the one with the least time left first; what is paused comes last.

    ``start``: how many to leave out, for the pages after the first.
    """
    cases = lean.select(_held(who), lean.order(RESTING, URGENT, "number"), limit, start)
    rows = _rows(runtime(), registry.current(), who, cases, now)
    if not start and len(cases) < limit:
        return Page(rows, len(cases), False, late=sum(r.clock == "overdue" for r in rows))
    total, late = lean.marked(_held(who), _late(now), COUNTED + 1)
    return Page(rows, *_up_to(total, COUNTED), late=late)


def _late(now: datetime) -> Condition:
    """``filters.overdue``, put together once and asked at ``now``."""
    sql, params = _overdue()
    return Condition(sql, tuple(now if isinstance(p, datetime) else p for p in params))


@cache
def _overdue() -> Condition:
    return lean.condition(Case.objects.filter(narrowing.overdue(datetime.now(SHANGHAI))))


def held_count(who: Viewer) -> tuple[int, bool]:
    """How many open cases ``who`` holds, counted up to COUNTED, and whether there are more."""
    return _up_to(lean.up_to(_held(who), COUNTED + 1), COUNTED)


@lru_cache(maxsize=4096)
def _held(who: Viewer) -> Condition:
    """The open cases ``who`` holds: asked on every page of somebody who works."""
    return lean.condition(visible.visible(who).filter(narrowing.held(who)))


def waiting(who: Viewer, now: datetime) -> list[Row]:
    """The cases in which an act waits for the agreement of ``who``, oldest first; ``asks`` names the acts."""
    rt, snapshot = runtime(), registry.current()
    if not _may_ever_agree(rt, who):
        return []
    found = []
    for case in lean.first(_pending(who), WAITING):
        institution, kernel = rt.institution(case.institution, case.version), case.kernel()
        where = Where(case.place, case.unit, case.accused)
        actor = mandates.who(rt.pack, institution, kernel.holder, where, snapshot, who.person, now)
        acts = to_settle(institution, kernel, actor)
        if acts:
            found.append((case, tuple(a.title for a in acts)))
    return [_row(rt, snapshot, who, c, c.state["fields"], now, asks) for c, asks in found]


@lru_cache(maxsize=4096)
def _pending(who: Viewer) -> Condition:
    """The open cases in which an act waits for somebody's agreement, as the index of these says it."""
    return lean.condition(visible.visible(who).filter(ended__isnull=True).exclude(state__pending={}))


def _may_ever_agree(rt: Runtime, who: Viewer) -> bool:
    """Whether any duty of ``who`` (or one it stands in for) is asked for agreement by some act; spares the query.

    Of every version, because an open case may wait under one that holds no more.
    """
    mine = {h.duty for h in who.duties}
    for institution in rt.ever():
        acts = [*institution.anywhere.values(), *(a for s in institution.stages.values() for a in s.acts.values())]
        roles = [institution.roles[a.approves] for a in acts if a.approves]
        if any(mine & set(rt.pack.ladder(r.duty)) for r in roles):
            return True
    return False


def rows_of(who: Viewer, numbers: Iterable[int], now: datetime) -> list[Row]:
    """The cases with these numbers that ``who`` may see, newest first."""
    wanted = list(numbers)
    found = visible.condition(who).and_("number = ANY(%s)", wanted)
    return _rows(runtime(), registry.current(), who, lean.select(found, NEWEST, len(wanted)), now)


def same_phone(who: Viewer, phone: str, now: datetime, limit: int = 5) -> list[Row]:
    """Matters raised under this telephone number that ``who`` may see by duty, newest first."""
    if not phone or not who.is_staff:
        return []
    people = "SELECT id FROM people_person WHERE phone = %s"
    found = visible.condition(Viewer(None, who.duties)).and_(f"reporter_id IN ({people})", phone)
    return _rows(runtime(), registry.current(), who, lean.select(found, NEWEST, limit), now)


def same_person(who: Viewer, case: Case, now: datetime, limit: int = 5) -> list[Row]:
    """What else the person who raised ``case`` (or somebody under the same number) raised lately, newest first.

    Only what ``who`` may see by duty, and only for those who may know who raised the case.
    """
    level = visible.clearance(runtime().pack, who, case)
    if case.reporter is None or not who.is_staff or FIELD_CLASSES.index(level) < FIELD_CLASSES.index("handler"):
        return []
    same = Q(id=case.reporter_id)
    if case.reporter.phone:
        same |= Q(phone=case.reporter.phone)
    people = list(Person.objects.filter(same).values_list("id", flat=True)[:SAME])
    found = visible.condition(Viewer(None, who.duties)).and_("reporter_id = ANY(%s)", people)
    others = lean.select(found.and_("id <> %s", case.id), NEWEST, limit)
    return _rows(runtime(), registry.current(), who, others, now)


def same_place(who: Viewer, area: str, category: str, now: datetime, days: int = 30, limit: int = 5) -> list[Row]:
    """Matters of the last ``days`` days in the area with this code, of this category when one is named."""
    snapshot = registry.current()
    if area not in snapshot.places or not who.is_staff:
        return []
    since = (now - timedelta(days=days)).astimezone(SHANGHAI).date()
    wanted = Filters(area=area, category=(category,) if category else (), opened_from=since)
    found = _condition(Viewer(None, who.duties), wanted, now).and_("parent_id IS NULL")
    return _rows(runtime(), snapshot, who, lean.select(found, NEWEST, limit), now)


def _rows(rt: Runtime, snapshot: Snapshot, who: Viewer, cases: Iterable[Lean], now: datetime) -> list[Row]:
    return [_row(rt, snapshot, who, c, c.written, now) for c in cases]


def _row(
    rt: Runtime, snapshot: Snapshot, who: Viewer, case: Case | Lean, written: Mapping[str, Any], now: datetime,
    asks: tuple[Text, ...] = (),
) -> Row:  # fmt: skip
    institution = rt.institution(case.institution, case.version)
    level = visible.clearance(rt.pack, who, case)
    due, state = _clock(case, now)
    place = snapshot.by_path.get(case.place)
    unit = snapshot.units_by_path.get(case.unit or "")
    return Row(
        id=str(case.id),
        number=case.number,
        institution=institution.name,
        kind=institution.title,
        text=_excerpt(institution, level, written),
        category=_category(rt, institution, level, case.category),
        place=place.name if place else "",
        unit=unit.name if unit else "",
        opened=case.opened,
        ended=case.ended,
        at=case.stage,
        stage=institution.stages[case.stage].title,
        acts=tuple((a.name, a.title) for a in _acts(institution, case)),
        holder=None if case.ended else _holder(rt, snapshot, institution, case),
        stands_in=case.stands_in,
        due=due,
        clock=state,
        result=result_title(rt.pack, case.result) if case.result else None,
        tier=level_title(rt.pack, case.tier) if case.tier else None,
        asks=asks,
    )


def _acts(institution: Institution, case: Case | Lean) -> Iterable[Act]:
    if not case.ended and case.holder_role:
        yield from (a for a in institution.stages[case.stage].acts.values() if case.holder_role in a.by)


def _excerpt(institution: Institution, level: str, written: Mapping[str, Any]) -> str:
    """The beginning of what the matter is about, if somebody with this clearance reads that field."""
    names = opening_texts(institution)[:1]
    readable = visible.fields(institution, level, {n: written[n] for n in names if written.get(n)})
    text = " ".join(str(next(iter(readable.values()), "")).split())
    return text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…"


def _category(rt: Runtime, institution: Institution, level: str, code: str | None) -> Text | None:
    field = institution.fields.get("category")
    if field is None or FIELD_CLASSES.index(field.class_) > FIELD_CLASSES.index(level):
        return None
    entry = rt.pack.lists.get(field.list or "", {}).get(code or "")
    return entry.title if entry else None


def _clock(case: Case | Lean, now: datetime) -> tuple[datetime | None, str]:
    """The due instant that matters most and how it stands; the same rule as ``filters.overdue``."""
    dues = [d for d in (case.stage_due, case.promise_due) if d]
    if case.ended or not dues:
        return None, ""
    due = min(dues)
    if due <= (case.paused or now):
        return due, "overdue"
    if case.paused:
        return due, "paused"
    return due, "soon" if due - now <= CLOSE else "ok"


def _holder(rt: Runtime, snapshot: Snapshot, institution: Institution, case: Case | Lean) -> Text | None:
    """Who has it: the role, or the unit's own name; and who stands in when the post is vacant."""
    if case.holder_role is None:
        return None
    node = snapshot.units_by_path.get(case.holder_path or "")
    role = Text(node.name, node.name) if node else title_of(institution, case.holder_role)
    if not case.stands_in or not case.holder_duty:
        return role
    duty = rt.pack.duties[case.holder_duty].title
    return Text(f"{duty.zh}（代）", f"{duty.en} (standing in)")


def gaps(who: Viewer | None, now: datetime) -> list[Gap]:
    """Posts that nobody holds today and that somebody should: every duty with one above it, at each place or unit of
    its kind. ``who`` sees those inside their own duties; None (the operator) sees all. Costs no query.
    """
    rt, snapshot = runtime(), registry.current()
    day = now.astimezone(SHANGHAI).date()
    mine = None if who is None else [h.path for h in who.duties]
    found = []
    for name, duty in rt.pack.duties.items():
        if not duty.above:
            continue
        for path, place, at in _nodes(rt, snapshot, duty.at):
            inside = mine is None or any(place == m or place.startswith(f"{m}.") or path == m for m in mine)
            if inside and not snapshot.holders(name, path, day):
                found.append(Gap(name, duty.title, path, at, _stand_in(rt, snapshot, name, place, day)))
    return found


def _nodes(rt: Runtime, snapshot: Snapshot, kinds: Iterable[str]) -> Iterable[tuple[str, str, str]]:
    """(path, path of its place, name) of every living area of these levels, or unit of these kinds."""
    for place in snapshot.places.values():
        if place.kind in kinds:
            yield place.path, place.path, place.name
    for unit in snapshot.units.values():
        if unit.kind in kinds and unit.kind not in rt.pack.levels:
            yield unit.path, unit.area, unit.name


def _stand_in(rt: Runtime, snapshot: Snapshot, duty: str, place: str, day: Any) -> Text | None:
    steps = [(above, at) for above in rt.pack.ladder(duty)[1:] for at in rt.pack.duties[above].at]
    held = snapshot.resolve([s for s in steps if s[1] in rt.pack.levels], place, None, day, None)
    if held is None:
        return None
    node, title = snapshot.by_path[held.path].name, rt.pack.duties[held.duty].title
    return Text(f"{node} {title.zh}", f"{title.en}, {node}")
