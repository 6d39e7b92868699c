"""A city's matters, lived through: each line of ``matters.yaml`` is opened and acted on by whoever holds the duty.

Nothing here knows a stage, an act or a level. A matter lists acts (or names a way that does); who does them and what
must be filled in is read off the institution. Each act comes after a part of the time that the stage leaves; an act
that the present stage does not know waits until clocks or called cases have brought the matter further.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from heapq import heappop, heappush
from random import Random
from typing import Any

from linli.config.demo.city_files import document
from linli.config.demo.crowd import Crowd
from linli.config.demo.filling import Filling, step_of
from linli.config.demo.hours import Hours, Week
from linli.config.demo.world import DemoError, World
from linli.kernel.calendar import SHANGHAI, CalendarGap
from linli.kernel.case import STAGE_CLOCK
from linli.kernel.case import Case as KernelCase
from linli.kernel.every import occurrences
from linli.kernel.institution import Act, Institution
from linli.kernel.refusal import Refusal
from linli.ledger import act as ledger
from linli.ledger import due, outbox, recurring
from linli.ledger.definitions import Runtime
from linli.ledger.lock import of
from linli.ledger.mandates import Where
from linli.ledger.models import Case
from linli.people.registry import Snapshot

OWN = {
    *("of", "at", "unit", "by", "person", "anonymous", "channel"),
    *("ago", "way", "acts", "pace", "calendar", "each", "label", "perhaps"),
}
"""Keys of a matter that are not fields of its institution."""
PACE, BRISK = (0.06, 0.45), (0.01, 0.05)
"""The part of the time left that an act takes: usually, and for matters that shall stand where they are now."""
LONGEST = timedelta(days=5)
"""A stage that leaves months is acted on within days all the same."""
WORKING_DAY = 420
"""Minutes; ``ago: 2`` is two working days."""
NOBODY = {"clock", "children", "lead"}


class Ahead(Exception):
    """Its time has not come: a limit reaches into a year without a calendar, or what it rests on is not there yet."""


@dataclass(slots=True)
class Run:
    """One matter under way: what is still to be done on its case."""

    item: Mapping[str, Any]
    institution: Institution
    place: str
    unit: str | None
    person: str | None
    pace: tuple[float, float]
    todo: list[Any]
    id: str = ""
    at: datetime = datetime.min.replace(tzinfo=SHANGHAI)
    parent: Run | None = None
    known: set[str] = field(default_factory=set)

    def __lt__(self, other: Run) -> bool:
        return self.id < other.id


class Lives(World):
    """Lives a city's matters through up to ``now``."""

    def __init__(
        self, rt: Runtime, registry: Snapshot, city: str, crowd: Crowd, first: datetime, now: datetime, dice: Random,
        post: outbox.Post,
    ) -> None:  # fmt: skip
        cast = [crowd.ids[k] for k in crowd.with_account if k in crowd.ids and k in _cast(city)]
        super().__init__(rt, registry, cast, dice, post)
        self.city, self.crowd, self.first, self.now = city, crowd, first, now.astimezone(SHANGHAI)
        self.doc = document(city, "matters")
        self.heap: list[tuple[datetime, int, Any]] = []
        self.asleep: dict[str, Run] = {}
        self.opened_by_calendar: dict[tuple[str, str], int] = {}
        self.filling = Filling(rt.pack, self.doc)
        margin = timedelta(days=30)
        self.week = Week((first - margin).date(), (now + margin).date(), rt.pack.calendars["office"])
        self.count = 0
        self.stopped = 0
        """Matters that stay where they are (see Ahead)."""

    def live(self) -> int:
        """Everything that happens up to now; how many matters there are. Raises DemoError."""
        runs = [self._run(item) for item in self.doc["matters"]]
        spread = [r for r in runs if "ago" not in r.item and "calendar" not in r.item]
        for number, run in enumerate(spread):
            self._push(self._starts(run, (number + self.dice.random()) / len(spread)), run)
        for run in runs:
            if "ago" in run.item:
                self._push(self._ago(run.item["ago"]), run)
        for at in self._calendar_days():
            self._push(at, None)
        self.horizon = due.first_due()
        while self.heap:
            at, _, run = heappop(self.heap)
            self._fire(at)
            self._next(at, run)
        self._fire(self.now)
        return len(runs)

    # When things begin

    def _push(self, at: datetime, what: Run | None) -> None:
        if at <= self.now:
            self.count += 1
            heappush(self.heap, (at, self.count, what))

    def _starts(self, run: Run, share: float) -> datetime:
        hours = self._hours(run.institution, self._opener(run))
        begin, end = hours.minutes(self.first), hours.minutes(self.now)
        return hours.at(begin + (end - begin) * share).replace(microsecond=0)

    def _ago(self, ago: Any) -> datetime:
        """``2`` working days before now, or ``40m``, ``3h`` on the wall clock."""
        text = str(ago)
        if text[-1] in "mh":
            return self.now - timedelta(**{{"m": "minutes", "h": "hours"}[text[-1]]: float(text[:-1])})
        office = self.week.office
        return office.at(office.minutes(self.now) - float(text) * WORKING_DAY).replace(microsecond=0)

    def _calendar_days(self) -> list[datetime]:
        pack = self.rt.pack
        found: set[datetime] = set()
        for institution in pack.institutions.values():
            if institution.every:
                calendar = pack.calendars[institution.every.calendar] if institution.every.calendar else None
                found |= set(occurrences(institution.every, self.first, self.now, calendar))
        return sorted(found)

    # What a matter is

    def _run(self, item: Mapping[str, Any]) -> Run:
        institution = self.rt.pack.institutions[item["of"]]
        unknown = set(item) - OWN - set(institution.fields) - {"result"}
        if unknown:
            raise DemoError(f"{self.city}: {sorted(unknown)} in a matter of {institution.name}: {item}")
        place = self.registry.places[str(item["at"])].path
        unit = self.registry.units[item["unit"]].path if "unit" in item else None
        pace = BRISK if "ago" in item else PACE
        run = Run(item, institution, place, unit, None, tuple(item.get("pace", pace)), self._acts(institution, item))
        run.person = self._person(run)
        return run

    def _acts(self, institution: Institution, item: Mapping[str, Any]) -> list[Any]:
        if "acts" in item:
            return list(item["acts"])
        ways = self.doc["ways"].get(institution.name, {})
        way = item.get("way", "usual")
        if way not in ways:
            raise DemoError(f"{self.city}: no way {way} for {institution.name}: {item}")
        return list(ways[way])

    def _person(self, run: Run) -> str | None:
        """Whoever raises it: the resident named, somebody drawn, or the person in office who opens it."""
        institution, item = run.institution, run.item
        if institution.parties[institution.raised_by].who != "person" or item.get("anonymous"):
            return None
        if "person" in item:
            return self.crowd.ids[item["person"]]
        opener = self._opener(run)
        if institution.raised_by in institution.open.by:
            return self.crowd.ids[self.dice.choice(self.crowd.residents)]
        return self.holder(institution.name, opener, Where(run.place, run.unit), self.now)

    def _opener(self, run: Run) -> str:
        named = run.item.get("by")
        return str(named) if named else next(b for b in run.institution.open.by if b not in NOBODY)

    # Doing

    def _fire(self, at: datetime) -> None:
        """Clocks up to ``at``; whoever waited for one looks again."""
        while self.horizon is not None and self.horizon <= at:
            instant = self.horizon
            self.clocks(instant)
            self._wake(instant)

    def _wake(self, at: datetime) -> None:
        """Runs that wait look at their case again when it has changed."""
        changed = Case.objects.filter(id__in=list(self.asleep), entries__at__gte=at)
        for id in set(changed.values_list("id", flat=True)):
            self._schedule(self.asleep[str(id)], at)

    def _next(self, at: datetime, run: Run | None) -> None:
        if run is None:
            recurring.open_due(at)
            self._bind(at)
        else:
            try:
                self._act(at, run) if run.id else self._open(at, run)
            except (
                Ahead,
                CalendarGap,
            ):  # near the year's end: a matter stays where its next limit would need a year without data
                self.stopped += 1
        self.horizon = due.first_due()
        self.deliver(at)

    def _bind(self, at: datetime) -> None:
        """The matters that the calendar opened now get their lines of the file: the first of a place, the second…"""
        lines = [i for i in self.doc["matters"] if "calendar" in i]
        for case in Case.objects.filter(channel="clock", parent=None, opened=at).order_by("number"):
            code = self.registry.by_path[case.place].code
            turn = self.opened_by_calendar[(case.institution, code)] = (
                self.opened_by_calendar.get((case.institution, code), 0) + 1
            )
            for item in lines:
                if (item["of"], str(item["at"]), item["calendar"]) == (case.institution, code, turn):
                    run = self._run(item)
                    run.id, run.at = str(case.id), at
                    self._schedule(run, at)

    def _open(self, at: datetime, run: Run) -> None:
        institution, opener = run.institution, self._opener(run)
        by = run.person
        if opener != institution.raised_by:
            by = self.holder(institution.name, opener, Where(run.place, run.unit), at)
        elif by is not None and not self._has_account(by):
            by = None
        opens = institution.open
        data = {
            n: self.filling.value(institution, n, run.item[n], at, at)
            for n in (*opens.needs, *opens.may)
            if n in run.item
        }
        if len(opens.result) > 1:
            data["result"] = run.item.get("result") or opens.result[0]
        self._locate(run, data)
        channel = str(run.item.get("channel", "web"))
        opening = ledger.Opening(institution.name, run.place, ledger.Reporter(run.person), by, channel, run.unit)
        done = self._done(ledger.open(opening, data, at), run, "open", at)
        run.id, run.at = done.id, at
        self.filling.numbers[str(run.item.get("label", ""))] = str(done.number)
        self._children(run, done.case, run.item, at)
        self._schedule(run, at, done.case)

    def _has_account(self, person: str) -> bool:
        return any(self.crowd.ids[k] == person for k in self.crowd.with_account)

    def _locate(self, run: Run, data: dict[str, Any]) -> None:
        place = self.registry.by_path[run.place]
        for name in run.institution.open.may:
            if run.institution.fields[name].type == "point" and place.lat is not None and place.lng is not None:
                lat, lng = (v + self.dice.uniform(-0.0012, 0.0012) for v in (place.lat, place.lng))
                data[name] = f"{lat:.5f},{lng:.5f}"

    def _act(self, at: datetime, run: Run) -> None:
        case = self._case(run)
        if case.ended or not run.todo:
            return
        name, given = step_of(run.todo[0])
        act = _possible(run.institution, case, name)
        if act is None:
            self._schedule(run, at, case)
            return
        run.todo.pop(0)
        role = self._role(run, case, act, given, name)
        themselves = role == run.institution.raised_by and role not in run.institution.roles
        where = Where(run.place, run.unit, self._accused(run))
        person = run.person if themselves else self.holder(run.institution.name, role, where, at)
        data = self.filling.of_act(run.institution, run.item, case, act, given, at) if name == act.name else {}
        channel = "phone" if given.get("channel") == "phone" else "web"
        done = self._done(ledger.act(run.id, name, data, person, at, channel, themselves), run, name, at)
        run.at = at
        self._children(run, done.case, {**run.item, **given}, at)
        self._schedule(run, at, done.case)
        if done.case.ended and run.parent is not None and run.parent.id in self.asleep:
            self._schedule(run.parent, at)

    def _accused(self, run: Run) -> str | None:
        named = run.item.get(run.institution.against or "")
        return self.registry.units[named[0]].path if named else None

    def _children(self, run: Run, case: KernelCase, given: Mapping[str, Any], at: datetime) -> None:
        """Cases that were just called: each is a matter of its own, told under ``each``."""
        for id, child in case.children.items():
            if id in run.known:
                continue
            run.known.add(id)
            item = dict(given.get("each", {}).get(child.unit) or {})
            opened = Case.objects.get(id=id)
            institution = self.rt.pack.institutions[opened.institution]
            unit = str(opened.unit) if opened.unit else None
            todo = self._acts(institution, item)
            called = Run(item, institution, run.place, unit, None, run.pace, todo, id, at, run)
            self._schedule(called, at)

    def _done(self, outcome: ledger.Receipt | Refusal, run: Run, act: str, at: datetime) -> ledger.Receipt:
        if isinstance(outcome, Refusal):
            if outcome.code == "gap" or (act == "open" and run.item.get("perhaps")):
                raise Ahead
            wrong = "; ".join(f"{n}: {t.zh}" for n, t in outcome.fields.items())
            words = next((str(v) for v in run.item.values() if isinstance(v, str) and len(v) > 12), run.item)
            raise DemoError(
                f"{self.city}/{run.institution.name} {act} {at:%m-%d %H:%M}: {outcome.says.zh} {wrong} {words}"
            )
        return outcome

    # When the next act comes

    def _schedule(self, run: Run, at: datetime, case: KernelCase | None = None) -> None:
        """Put the run's next act into the agenda, or let it sleep until its stage changes."""
        case = case or self._case(run)
        self.asleep.pop(run.id, None)
        if case.ended or not run.todo:
            return
        step = run.todo[0]
        following = case.next_due()
        until = following[1] if following else at + LONGEST
        if step == "clock" or (isinstance(step, dict) and "clock" in step):
            run.todo.pop(0)
            named = STAGE_CLOCK if step == "clock" else step["clock"]
            run.todo.insert(0, {"past": _runs_out(case, named, at).isoformat()})
            step = run.todo[0]
        if isinstance(step, dict) and "past" in step:
            if datetime.fromisoformat(step["past"]) > at:
                self.asleep[run.id] = run
                return
            run.todo.pop(0)
            self._schedule(run, at, case)
            return
        wait = run.todo.pop(0)["wait"] if isinstance(step, dict) and "wait" in step else None
        name, given = step_of(run.todo[0])
        act = _possible(run.institution, case, name)
        if act is None:
            if wait is not None:
                run.todo.insert(0, {"wait": wait})
            self.asleep[run.id] = run
            return
        hours = self._hours(run.institution, self._role(run, case, act, given, name))
        self._push(self._moment(run, case, at, until, wait, hours), run)

    def _moment(self, run: Run, case: KernelCase, at: datetime, until: datetime, wait: Any, hours: Hours) -> datetime:
        if isinstance(wait, dict):
            day = date.fromisoformat(str(case.fields[wait["day"]]))
            return max(at, datetime.combine(day, time.fromisoformat(wait["at"]), SHANGHAI))
        room = until - at if wait is not None else min(until - at, LONGEST)
        share = float(wait) if wait is not None else self.dice.uniform(*run.pace)
        moment = (at + room * share).replace(microsecond=0)
        shifted = hours.after(moment, 0.5, min(150.0, room / timedelta(minutes=20)), self.dice)
        return shifted if at < shifted < until - timedelta(minutes=1) else max(moment, at + timedelta(seconds=20))

    def _hours(self, institution: Institution, role: str) -> Hours:
        if role not in institution.roles:
            return self.week.awake
        works = self.rt.pack.duties[institution.roles[role].duty].works
        return self.week.grid if works == "field" else self.week.office

    def _role(self, run: Run, case: KernelCase, act: Act, given: Mapping[str, Any], name: str) -> str:
        named = given.get("as") or run.item.get("as")
        if name != act.name:
            named = act.approves
        role = str(named or next(b for b in act.by if b not in NOBODY))
        return str(case.holder) if role == "holder" else role

    def _case(self, run: Run) -> KernelCase:
        return of(Case.objects.select_related("reporter").get(id=run.id)).kernel()


def _runs_out(case: KernelCase, name: str, otherwise: datetime) -> datetime:
    clock = case.clocks.get(name)
    return clock.due if clock and clock.remaining is None and not clock.fired else otherwise


def _cast(city: str) -> set[str]:
    return {m["key"] for m in document(city, "city").get("cast", [])}


def _possible(institution: Institution, case: KernelCase, name: str) -> Act | None:
    """The act where the case stands; an agreement (``extend.agree``) while it is waited for."""
    plain = name.split(".")[0]
    act = institution.acts_at(case.stage).get(plain)
    return act if act and (plain == name or plain in case.pending) else None
