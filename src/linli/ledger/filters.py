"""What a list of cases is narrowed to: read from an address, written into one, and turned into a condition.

A figure and the list it opens use the same :class:`Filters`, so a number and its cases cannot differ (red line 12).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import DateTimeField, Q, QuerySet, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import LessThanOrEqual

from linli.drafting.figures import counters
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Institution, Pack, Text
from linli.ledger import recorded
from linli.ledger.marks import raised
from linli.ledger.models import URGENT, Case
from linli.ledger.recorded import NONE as NONE
from linli.ledger.recorded import any_of
from linli.ledger.visible import Viewer
from linli.ledger.words import Reach, Search, Sought, opening_texts
from linli.people.registry import Snapshot

SOON = timedelta(hours=24)
REOPENED = "reopened"
"""The counter that packs raise when an answer did not hold."""
LONGEST_QUERY = 100
LARGE = 0.1
"""The share of all areas from which on somebody's part of the city is large."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Every way to narrow a list; an empty one lets everything through. Days are Shanghai days, both ends included.

    ``stage`` is ``institution.stage``; ``holder`` is ``duty@path`` and ``held_at`` a level; ``area`` and ``unit`` are
    codes; ``root`` leaves out the cases of called units; ``late`` is ``yes`` for cases on which a promised time ran
    out and ``no`` for those on which none did; ``counted`` is ``yes`` for results that count in the figures and ``no``
    for those shown beside them; ``none`` as a result, tier or category finds the cases without one.

    ``here`` takes the area without those inside it. ``answer`` is ``field=value`` (of several one must hold;
    ``field=none``: nobody answered). ``counter`` was raised and ``without`` was not; ``extended`` is ``yes`` for cases
    on which more time was agreed to. ``repeat`` is ``yes:30`` where the same person raised the same category at the
    same place in the 30 days before, ``no:30`` where not, ``unknown`` where nobody knows who raised it.
    """

    q: str = ""
    state: str = ""
    institution: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    area: str = ""
    unit: str = ""
    holder: str = ""
    held_at: str = ""
    mine: bool = False
    root: bool = False
    overdue: bool = False
    soon: bool = False
    opened_from: date | None = None
    opened_to: date | None = None
    closed_from: date | None = None
    closed_to: date | None = None
    result: tuple[str, ...] = ()
    tier: tuple[str, ...] = ()
    counted: str = ""
    late: str = ""
    reopened: bool = False
    here: bool = False
    answer: tuple[str, ...] = ()
    counter: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    extended: str = ""
    repeat: str = ""

    def query(self, **also: Any) -> str:
        """The filters as a query string; ``also`` is added (a cursor)."""
        pairs: list[tuple[str, str]] = []
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, tuple):
                pairs += [(f.name, v) for v in value]
            elif isinstance(value, bool):
                pairs += [(f.name, "1")] if value else []
            elif value:
                pairs.append((f.name, value.isoformat() if isinstance(value, date) else value))
        return urlencode(pairs + [(k, str(v)) for k, v in also.items() if v is not None])

    def but(self, **changes: Any) -> Filters:
        """A copy with some of them changed."""
        return replace(self, **changes)

    @property
    def given(self) -> int:
        """How many are set."""
        return sum(bool(getattr(self, f.name)) for f in fields(self))


_CHOICES = {
    "state": ("open", "closed"),
    "late": ("yes", "no"),
    "counted": ("yes", "no"),
    "extended": ("yes", "no"),
}
_DAYS = ("opened_from", "opened_to", "closed_from", "closed_to")
YEARS = range(1980, 2200)
"""What days are asked for; a day before or after can be counted from each."""
_FLAGS = ("mine", "root", "overdue", "soon", "reopened", "here")


def read(query: Mapping[str, Sequence[str]], pack: Pack, registry: Snapshot) -> tuple[Filters, list[Text]]:
    """The filters in an address (name → values); what cannot be understood is left out and said."""
    known = _known(pack, registry)
    values: dict[str, Any] = {}
    wrong: list[Text] = []
    for f in fields(Filters):
        given = [v.strip() for v in query.get(f.name, ()) if v.strip()]
        if not given:
            continue
        if f.name in _DAYS:
            day = _day(given[0])
            values |= {f.name: day} if day else {}
            wrong += [] if day else [_unknown(given[0])]
        elif f.name in _FLAGS:
            values[f.name] = given[0] not in ("0", "no", "false")
        elif f.name in known:
            good = tuple(v for v in given if v in known[f.name])
            wrong += [_unknown(v) for v in given if v not in good]
            values[f.name] = good if isinstance(f.default, tuple) else "".join(good[:1])
        elif f.name == "q":
            values["q"] = given[0].replace("\x00", "")[:LONGEST_QUERY]
        else:
            values[f.name] = given[0][:300]
    return Filters(**values), wrong


class _Stages:
    """Stages of the institutions of a pack: of older versions too, in which cases may still stand."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack

    def __contains__(self, value: str) -> bool:
        institution, dot, stage = value.partition(".")
        return bool(dot and stage) and institution in self.pack.institutions


def _known(pack: Pack, registry: Snapshot) -> dict[str, Any]:
    raised = {c for i in pack.institutions.values() for c in counters(i)}
    return _CHOICES | {
        "institution": pack.institutions,
        "stage": _Stages(pack),
        "category": {*categories(pack), NONE},
        "area": registry.places,
        "unit": registry.units,
        "result": {*pack.results, NONE},
        "tier": {*pack.levels, NONE},
        "held_at": pack.levels,
        "answer": recorded.Answers(pack),
        "counter": raised,
        "without": raised,
        "repeat": recorded.Repeats(),
    }


def categories(pack: Pack) -> dict[str, Any]:
    """Every code that a field called ``category`` may hold, with the groups; code → its entry."""
    lists = {i.fields["category"].list for i in pack.institutions.values() if "category" in i.fields}
    return {name: code for each in sorted(n for n in lists if n) for name, code in pack.lists.get(each, {}).items()}


def day_of(raw: str) -> date:
    """A day out of an address. Raises ValueError for what is none, or lies where no calendar reaches."""
    day = date.fromisoformat(raw)
    if day.year not in YEARS:
        raise ValueError(raw)
    return day


def _day(raw: str) -> date | None:
    try:
        return day_of(raw)
    except ValueError:
        return None


def _unknown(raw: str) -> Text:
    short = raw[:40]
    return Text(f"没有按“{short}”筛选：没有这一项。", f"Not filtered by “{short}”: there is no such value.")


def condition(filters: Filters, pack: Pack, registry: Snapshot, now: datetime, who: Viewer | None = None) -> Q:
    """The same as one condition, for counting several narrowings in one statement."""
    joined = Q()
    for each in _conditions(filters, pack, registry, now, who):
        joined &= each
    return joined


def narrow(
    cases: QuerySet[Case], filters: Filters, pack: Pack, registry: Snapshot, now: datetime, who: Viewer | None = None
) -> QuerySet[Case]:
    """``cases`` narrowed to ``filters`` at ``now``. ``who`` looks; None is the operator."""
    return cases.filter(*_conditions(filters, pack, registry, now, who))


def _conditions(f: Filters, pack: Pack, registry: Snapshot, now: datetime, who: Viewer | None) -> Iterable[Q]:
    if f.state or f.overdue or f.soon:
        yield Q(ended__isnull=f.state != "closed")
    if f.institution:
        yield Q(institution__in=f.institution)
    if f.stage:
        yield any_of(Q(institution=s.partition(".")[0], stage=s.partition(".")[2]) for s in f.stage)
    if f.category:
        named = Q(category__in=_members(pack, f.category))
        yield named | Q(category__isnull=True) if NONE in f.category else named
    if f.area in registry.places:
        yield Q(**{"place" if f.here else "place__within": registry.places[f.area].path})
    if f.unit in registry.units:
        yield Q(unit__within=registry.units[f.unit].path)
    if f.holder:
        duty, _, path = f.holder.partition("@")
        yield Q(holder_duty=duty, holder_path__isnull=True) if not path else Q(holder_duty=duty, holder_path=path)
    if f.held_at:
        yield Q(holder_duty__in=[d.name for d in pack.duties.values() if f.held_at in d.at])
    if f.root:
        yield Q(parent__isnull=True)
    if f.mine:
        yield held(who)
    yield from _time_conditions(f, pack, now)
    yield from _outcome_conditions(f, pack)
    yield from recorded.conditions(f, pack, who)
    if f.q:
        yield Q(Sought(search(f.q, pack, registry, who)))


def _time_conditions(f: Filters, pack: Pack, now: datetime) -> Iterable[Q]:
    if f.overdue:
        yield overdue(now)
    if f.soon:
        yield soon(pack, now)
    for name, column in (("opened", "opened"), ("closed", "ended")):
        first, last = getattr(f, f"{name}_from"), getattr(f, f"{name}_to")
        if first:
            yield Q(**{f"{column}__gte": midnight(first)})
        if last:
            yield Q(**{f"{column}__lt": midnight(last + timedelta(days=1))})


def _outcome_conditions(f: Filters, pack: Pack) -> Iterable[Q]:
    if f.result:
        yield _one_of("result", f.result)
    if f.tier:
        yield _one_of("tier", f.tier)
    if f.counted:
        wanted = "closed" if f.counted == "yes" else "excluded"
        yield Q(result__in=[n for n, r in pack.results.items() if r.counts == wanted])
    if f.late:
        yield _late(pack) if f.late == "yes" else _in_time(pack)
    if f.reopened:
        yield Q(marks__contains=[raised(REOPENED)])


def _one_of(column: str, values: Sequence[str]) -> Q:
    named = Q(**{f"{column}__in": [v for v in values if v != NONE]})
    return named | Q(**{f"{column}__isnull": True}) if NONE in values else named


def _late(pack: Pack) -> Q:
    """A promised time ran out: one of the late counters of the case's institution was raised."""
    every = pack.institutions.values()
    return any_of(Q(institution=i.name, marks__overlap=late_marks(i)) for i in every if late_marks(i))


def _in_time(pack: Pack) -> Q:
    """No promised time ran out."""
    every = pack.institutions.values()
    return any_of(Q(institution=i.name) & ~Q(marks__overlap=late_marks(i)) for i in every)


def late_counters(institution: Institution) -> tuple[str, ...]:
    """The counters that say a promised time ran out: of its promise, or else of the acts that the clock does."""
    named = [c.counts for c in list(institution.clocks.values())[:1] if c.counts]
    if not institution.clocks:
        acts = [a for s in institution.stages.values() for a in s.acts.values() if "clock" in a.by]
        named = [a.counts for a in acts if a.counts]
    return tuple(dict.fromkeys(named))


def late_marks(institution: Institution) -> list[str]:
    """The marks of those counters."""
    return [raised(c) for c in late_counters(institution)]


def overdue(now: datetime) -> Q:
    """Open, with a stage or promise whose time has run out; while a case is paused, had run out before the pause."""
    at = Coalesce("paused", Value(now), output_field=DateTimeField())
    return Q(ended__isnull=True) & Q(LessThanOrEqual(URGENT, at))


def soon(pack: Pack, now: datetime) -> Q:
    """Open, with a clock that runs out within a day; not those that only wait for the reporter's rating."""
    waits = any_of(Q(institution=i.name, stage__in=waiting_stages(i)) for i in pack.institutions.values())
    coming = Q(stage_due__gt=now, stage_due__lte=now + SOON) | Q(promise_due__gt=now, promise_due__lte=now + SOON)
    return Q(ended__isnull=True, paused__isnull=True) & coming & ~waits


def waiting_stages(institution: Institution) -> list[str]:
    """Stages in which the work is done and the one who raised it has the word: their clock only closes the case."""
    ends = {n for n, s in institution.stages.items() if s.end}
    found = []
    for name, stage in institution.stages.items():
        by_clock = stage.acts.get(stage.overdue or "")
        theirs = any(institution.raised_by in a.by for a in stage.acts.values())
        if theirs and by_clock and by_clock.to in ends:
            found.append(name)
    return found


def held(who: Viewer | None) -> Q:
    """Open and held by a duty of ``who``."""
    pairs = {(h.duty, h.path) for h in who.duties} if who else set()
    mine = any_of(Q(holder_duty=duty, holder_path=path) for duty, path in sorted(pairs))
    return Q(ended__isnull=True) & mine


def search(words: str, pack: Pack, registry: Snapshot, who: Viewer | None) -> Search:
    """In what people wrote when they raised it. Handlers' fields are not searched in a case one raised oneself."""
    number = int(words) if words.isdecimal() and len(words) <= 18 else None
    handled, told = _searched(pack)
    return Search(words, handled, told, who.person if who else None, number, _reach(registry, who))


def _searched(pack: Pack) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(texts that handlers may read, texts that also whoever raised the case may read) as ``institution.field``."""
    texts = [(i.fields[n].class_, f"{i.name}.{n}") for i in pack.institutions.values() for n in opening_texts(i)]
    told = tuple(name for level, name in texts if level in ("public", "party"))
    return tuple(name for level, name in texts if level in ("public", "party", "handler")), told


def _reach(registry: Snapshot, who: Viewer | None) -> Reach | None:
    """Where to look in the index of words; None for everywhere: a department's cases lie all over the city, and for
    whoever has a large part of it PostgreSQL does better to walk the newest cases.
    """
    paths = tuple(sorted({h.path for h in who.duties})) if who else ()
    large = len(registry.by_path) * LARGE
    if not paths or any(p.startswith("u.") or len(registry.inside(p)) > large for p in paths):
        return None
    return Reach(paths, who.person if who else None)


def midnight(day: date) -> datetime:
    """The first instant of ``day`` in Shanghai."""
    return datetime.combine(day, time(), SHANGHAI)


def _members(pack: Pack, names: Iterable[str]) -> list[str]:
    every = categories(pack)
    return [c for c, code in every.items() if c in names or code.group in names]
