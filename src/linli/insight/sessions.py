"""The year plan: what the calendar opens, each holder by each period: held, missed, late, under way or coming.

General for every institution with ``every``: monthly sessions, month lists, quarterly meetings, yearly reports. Which
results mean that nothing was held is the pack's word (``missed`` in figures.yaml).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from linli.drafting.figures import applies, read_figures
from linli.insight.figures import Scope
from linli.kernel.calendar import SHANGHAI, CalendarGap
from linli.kernel.every import occurrences, period
from linli.kernel.institution import Institution, Pack, Text
from linli.ledger import visible
from linli.ledger.definitions import runtime
from linli.ledger.models import Case
from linli.people.models import Person
from linli.people.registry import Held

State = Literal["held", "missed", "late", "open", "coming", "absent", "vacant", "before"]
STATES: dict[State, Text] = {
    "held": Text("已办结", "Done"),
    "missed": Text("没有开", "Not held"),
    "late": Text("逾期", "Late"),
    "open": Text("在办", "Under way"),
    "coming": Text("未到", "To come"),
    "absent": Text("没有登记", "Not on record"),
    "vacant": Text("空缺", "Vacant"),
    "before": Text("—", "—"),
}
RULES = {
    "held": Text("已办结，而且不是“没有开”", "Closed, and not as “not held”"),
    "missed": Text("办结的结果就是没有开", "Closed as not held"),
    "late": Text("没有办结，时限已过", "Not closed, and its time has run out"),
    "open": Text("没有办结，还在时限内", "Not closed, within its time"),
    "coming": Text("还没有到日子", "Its day has not come"),
    "absent": Text("到了日子，系统里没有这件事", "Its day has passed and there is no record of it"),
    "vacant": Text("到日子时没有人担任这个岗位", "Nobody held the post on its day"),
    "before": Text("第一次有人担任这个岗位之前", "Before anybody held the post"),
}


@dataclass(frozen=True, slots=True)
class Slot:
    """One period of one holder; ``number`` is the case, None where there is none; ``reason`` what was written down."""

    period: str
    opens: datetime
    state: State
    number: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """A post at a place, by whom it is held this year, with its periods."""

    place: str
    code: str
    names: tuple[str, ...]
    slots: tuple[Slot, ...]

    def count(self, *states: State) -> int:
        """How many periods stand so."""
        return sum(s.state in states for s in self.slots)


@dataclass(frozen=True, slots=True)
class YearPlan:
    """One institution over one year; ``gap`` says why its days are not known (a year without a calendar)."""

    institution: str
    title: Text
    duty: Text
    year: int
    periods: tuple[str, ...]
    holders: tuple[Holder, ...]
    gap: str = ""

    def count(self, *states: State) -> int:
        """How many periods of all holders stand so."""
        return sum(h.count(*states) for h in self.holders)


def by_calendar(pack: Pack) -> list[Institution]:
    """The institutions that the calendar opens."""
    return [i for i in pack.institutions.values() if i.every is not None]


def year_plan(scope: Scope, institution: Institution, year: int) -> YearPlan:
    """The plan of ``institution`` for ``year``, of the holders inside the viewer's duties; two statements."""
    every = institution.every
    if every is None:
        raise ValueError(f"{institution.name} is not opened by the calendar")
    duty = scope.pack.duties[every.duty].title
    first = datetime(year, 1, 1, tzinfo=SHANGHAI)
    start = max(first, datetime.combine(institution.valid_from, datetime.min.time(), SHANGHAI))
    calendar = scope.pack.calendars[every.calendar] if every.calendar else None
    try:
        last = first.replace(year=year + 1) - timedelta(microseconds=1)
        days = {period(every, at): at for at in occurrences(every, start - timedelta(microseconds=1), last, calendar)}
    except CalendarGap as gap:
        return YearPlan(institution.name, institution.title, duty, year, (), (), str(gap))
    days = {name: at for name, at in days.items() if name.startswith(str(year))}
    posts = dict(_posts(scope, every.duty, days.values()))
    cases = _cases(scope, institution.name, year)
    names = _names(h for held in posts.values() for h in held)
    missed, because = _missed(scope.pack, institution)
    found = []
    for path in sorted(posts):
        place = scope.registry.by_path[path]
        slots = tuple(
            _slot(scope, institution, name, at, cases.get(f"{name}@{place.code}"), posts[path], missed, because)
            for name, at in days.items()
        )
        who = tuple(dict.fromkeys(names.get(h.person, "") for h in posts[path] if _in_year(h, days.values())))
        found.append(Holder(place.name, place.code, tuple(n for n in who if n), slots))
    return YearPlan(institution.name, institution.title, duty, year, tuple(days), tuple(found))


def _posts(scope: Scope, duty: str, days: Iterable[datetime]) -> Iterator[tuple[str, list[Held]]]:
    """(path, who held it) of every place at which the duty was held on one of the days, if the viewer covers it."""
    covers = None if scope.who is None else [h.path for h in scope.who.duties]
    for (name, path), held in scope.registry.held.items():
        inside = covers is None or any(path == c or path.startswith(f"{c}.") for c in covers)
        if name == duty and inside and path in scope.registry.by_path and any(_in_year(h, days) for h in held):
            yield path, list(held)


def _in_year(held: Held, days: Iterable[datetime]) -> bool:
    return any(held.on(at.date()) for at in days)


def _names(held: Iterable[Held]) -> dict[str, str]:
    ids = {h.person for h in held}
    return {str(i): n for i, n in Person.objects.filter(id__in=ids).values_list("id", "name")}


def _cases(scope: Scope, institution: str, year: int) -> dict[str, Case]:
    wanted = scope.cases.filter(source=f"every:{institution}", external__startswith=f"{year}")
    return {str(c.external): c for c in wanted}


def _missed(pack: Pack, institution: Institution) -> tuple[set[str], str | None]:
    """The results that mean nothing was held, and the field with the reason."""
    for figure in read_figures(pack)[0].figures.values():
        if figure.missed and applies(pack, institution, figure):
            return set(figure.result), figure.because
    return set(), None


def _slot(
    scope: Scope, institution: Institution, name: str, at: datetime, case: Case | None, held: list[Held],
    missed: set[str], because: str | None,
) -> Slot:  # fmt: skip
    if case is None:
        if at > scope.now:
            return Slot(name, at, "coming")
        if any(h.on(at.date()) for h in held):
            return Slot(name, at, "absent")
        return Slot(name, at, "before" if at.date() < min(h.starts for h in held) else "vacant")
    if case.ended is not None:
        state: State = "missed" if case.result in missed else "held"
    else:
        dues = [d for d in (case.stage_due, case.promise_due) if d]
        state = "late" if dues and min(dues) <= scope.now else "open"
    reason = _reason(scope, institution, case, because) if state in ("missed", "late") else ""
    return Slot(name, at, state, case.number, reason)


def _reason(scope: Scope, institution: Institution, case: Case, because: str | None) -> str:
    """What was written down as the reason, if the viewer may read it."""
    if because is None or because not in institution.fields:
        return ""
    level = visible.clearance(scope.pack, scope.who, case) if scope.who else "handler"
    pinned = runtime().institution(case.institution, case.version)
    read: Mapping[str, Any] = visible.fields(pinned, level, {because: case.fields.get(because)})
    return str(read.get(because) or "")


def year_plans(scope: Scope, year: int, wanted: str = "") -> list[YearPlan]:
    """The plans of every institution that the calendar opens, or of the one called ``wanted``."""
    return [year_plan(scope, i, year) for i in by_calendar(scope.pack) if not wanted or i.name == wanted]
