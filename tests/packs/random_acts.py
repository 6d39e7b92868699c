"""A world for one case and all it calls, in memory: random people do random acts, clocks run out, children report.

Everything is decided by the kernel; here is only chance, and what must hold after every single act.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import (
    Answered,
    Called,
    Case,
    ClockSet,
    ClockStopped,
    Entry,
    Extended,
    Joined,
    Paused,
    Resumed,
    apply,
    apply_event,
)
from linli.kernel.decide import (
    FOLLOWS,
    Decision,
    available,
    child_ended,
    decide,
    fire,
    lead_answered,
    open_case,
    to_settle,
)
from linli.kernel.institution import Act, Field, Institution, Pack
from linli.kernel.refusal import Refusal, Who

START = datetime(2026, 3, 2, 9, 0, tzinfo=SHANGHAI)
LATEST = START + timedelta(days=200)
"""Every limit that starts before this day ends inside the years the calendars know."""


@dataclass(slots=True)
class World:
    """One story: its cases by id with their entries; ``now`` only ever grows."""

    pack: Pack
    chance: Random
    now: datetime = START
    cases: dict[str, Case] = field(default_factory=dict)
    entries: dict[str, list[Entry]] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    acts: int = 0
    gap: bool = False

    def of(self, case: Case) -> Institution:
        return self.pack.institutions[case.institution]

    # --- what happens

    def open(self, institution: Institution) -> bool:
        opener = self.chance.choice(
            [b for b in institution.open.by if b not in ("holder", "clock", "children")] or ["clock"]
        )
        data = self.filled(institution, institution.open)
        done = open_case(self.pack, institution, "main", data, Who("opener", frozenset({opener})), self.now)
        if isinstance(done, Refusal):
            return False
        self.take("main", done, None)
        return True

    def step(self) -> None:
        """Somebody does something, or time passes until the next clock runs out."""
        id = self.chance.choice([n for n, c in self.cases.items() if not c.ended] or list(self.cases))
        if self.chance.random() < 0.35 or not self.person_acts(id):
            self.clock_runs_out()

    def person_acts(self, id: str) -> bool:
        case = self.cases[id]
        institution = self.of(case)
        names = [*institution.roles, *institution.parties]
        roles = frozenset(self.chance.sample(names, self.chance.randint(1, min(3, len(names)))))
        if case.holder in roles:
            roles |= {"holder"}
        who = Who(self.chance.choice(["anna", "bob", "chen", "du", None]), roles)
        settle = [f"{a.name}.{how}" for a in to_settle(institution, case, who) for how in ("agree", "decline")]
        acts = [a.name for a in available(institution, case, who)]
        if not (settle or acts):
            return False
        name = self.chance.choice([*settle, *acts])
        act = institution.acts_at(case.stage)[name.partition(".")[0]]
        self.now += timedelta(minutes=self.chance.choice([1, 30, 600]))
        self.fire_all()
        if self.cases[id].seq != case.seq:
            return True  # a clock came first: the person looks again
        data = {} if "." in name else self.filled(institution, act)
        done = decide(self.pack, institution, case, name, data, who, self.now)
        if isinstance(done, Refusal):
            self.gap |= done.code == "gap"
            return False
        self.take(id, done, case)
        return True

    def clock_runs_out(self) -> None:
        dues = [d[1] for c in self.cases.values() if (d := c.next_due())]
        if dues:
            self.now = max(self.now, min(dues))
            self.fire_all()

    def fire_all(self) -> None:
        for _ in range(200):
            due = [(d[1], id, d[0]) for id, c in self.cases.items() if (d := c.next_due()) and d[1] <= self.now]
            if not due:
                return
            at, id, name = min(due)
            case = self.cases[id]
            done = fire(self.pack, self.of(case), case, name, at)
            assert done is not None, f"{case.institution}: the clock {name} does not fire"
            self.take(id, done, case)
        raise AssertionError("clocks fire without end at one instant")

    # --- what follows

    def take(self, id: str, done: Decision, before: Case | None) -> None:
        self.acts += 1
        entry, case = done.entry, done.case
        for called in [e for e in entry.events if isinstance(e, Called)]:
            entry, case = self.call(id, called, entry, case)
        self.cases[id] = case
        self.entries.setdefault(id, []).append(entry)
        self.hold(id, entry, before)
        institution = self.of(case)
        if any(isinstance(e, Answered) and e.party == institution.raised_by for e in entry.events):
            self.tell_followers(case)
        if case.ended and before is not None and not before.ended and id in self.parents:
            parent = self.cases[self.parents[id]]
            if not parent.ended and id in parent.children:
                told = child_ended(self.pack, self.of(parent), parent, id, case.result, entry.at)
                self.take(parent.id, told, parent)

    def call(self, id: str, called: Called, entry: Entry, case: Case) -> tuple[Entry, Case]:
        child_of = self.pack.institutions[called.institution]
        joins = []
        for number, unit in enumerate(called.units):
            child = f"{id}/{len(self.cases)}.{number}"
            data = {n: case.fields[n] for n in called.passes if n in case.fields}
            data |= {called.fills: unit} if called.fills else {}
            who = Who(None, frozenset({child_of.raised_by}), "case")
            opened = open_case(self.pack, child_of, child, data, who, entry.at)
            assert isinstance(opened, Decision), f"{case.institution} calls {called.institution}: {opened}"
            self.parents[child] = id
            self.take(child, opened, None)
            joins.append(Joined(child, unit, called.lead and number == 0))
        for join in joins:
            case = apply_event(join, case)
        events = (*entry.events, *joins)
        return Entry(entry.at, entry.act, entry.by, entry.role, entry.channel, events, entry.data, entry.works), case

    def tell_followers(self, answered: Case) -> None:
        for id, case in list(self.cases.items()):
            if case.blocks.get(FOLLOWS, {}).get("id") == answered.id:
                done = lead_answered(self.pack, self.of(case), case, answered.fields, answered.result, self.now)
                if done:
                    self.take(id, done, case)

    # --- what must hold

    def hold(self, id: str, entry: Entry, before: Case | None) -> None:
        case = self.cases[id]
        institution = self.of(case)
        where = f"{institution.name}/{case.stage} after {entry.act}"
        if case.ended:
            assert institution.raised_by in case.answered, f"{where}: closed without an answer"
            assert not case.clocks, f"{where}: closed, and a clock runs"
        else:
            assert case.holder in institution.roles, f"{where}: nobody holds it"
            assert case.next_due() is not None, f"{where}: no clock runs"
            by = {b for a in institution.acts_at(case.stage).values() for b in a.by}
            assert by, f"{where}: nothing can ever happen"
        if before is not None:
            self.promise_stands(institution, before, case, entry, where)
        again: Case | None = None
        for one in self.entries[id]:
            again = apply(again, one, id)
        assert again == case, f"{where}: the entries tell another story"

    @staticmethod
    def promise_stands(institution: Institution, before: Case, case: Case, entry: Entry, where: str) -> None:
        """A promise moves by a recorded pause, extension or fresh start of its own, and by nothing else."""
        for name in institution.clocks:
            old, new = before.clocks.get(name), case.clocks.get(name)
            if old is None or new is None or old.due == new.due:
                continue
            moved = [
                e
                for e in entry.events
                if (isinstance(e, Extended | ClockSet | ClockStopped) and e.name == name)
                or isinstance(e, Resumed | Paused)
            ]
            assert moved, f"{where}: the promise {name} moved from {old.due} to {new.due} and nothing says why"
            if any(isinstance(e, ClockSet) and e.name == name for e in moved):
                done = entry.act.partition(".")[0]
                started = {done, *(e.to for e in ())} & set(institution.clocks[name].from_)
                assert started or entry.act == "child_ended", f"{where}: {name} began anew by {entry.act}"

    # --- chance

    def filled(self, institution: Institution, act: Act) -> dict[str, Any]:
        """What a hasty person fills in: everything needed, and some of what may be."""
        names = [*act.needs, *(n for n in act.may if self.chance.random() < 0.3)]
        data = {n: self.value(institution.fields[n]) for n in names}
        if len(act.result) > 1 and act.does != "tally":
            data["result"] = self.chance.choice(act.result)
        return data

    def value(self, spec: Field) -> Any:
        day = (self.now + timedelta(days=self.chance.randint(1, 40))).date().isoformat()
        if spec.type == "code":
            codes = self.pack.lists[spec.list or ""]
            groups = {c.group for c in codes.values() if c.group}
            return self.chance.choice([n for n in codes if n not in groups])
        if spec.type == "case":
            return self.some_case(spec)
        return {
            "text": "路灯不亮"[: spec.max],
            "yes_no": self.chance.random() < 0.5,
            "date": day,
            "moment": f"{day} 19:00",
            "number": self.chance.randint(0, min(spec.max or 100, 100)),
            "point": "31.77,119.97",
            "files": ["a"],
            "units": self.chance.sample(["u1", "u2", "u3"], self.chance.randint(1, min(spec.max or 2, 2))),
            "area": "320402001000",
            "items": self.chance.sample(["一", "二", "三"], self.chance.randint(1, 2)),
        }[spec.type]

    def some_case(self, spec: Field) -> dict[str, str]:
        of, stage = self.chance.choice(spec.of), self.chance.choice(spec.stages or ("",))
        return {"id": "elsewhere", "number": "10000001", "institution": of, "stage": stage}


def stories(pack: Pack, institution: Institution, seeds: Iterator[int] | range, steps: int = 30) -> int:
    """Play one story for each seed; returns how many acts were done over all of them."""
    done = 0
    for seed in seeds:
        world = World(pack, Random(seed))
        try:
            if not world.open(institution):
                continue
            for _ in range(steps):
                if world.cases["main"].ended or world.now > LATEST or world.gap:
                    break
                world.step()
        except AssertionError as fault:
            raise AssertionError(f"{pack.name}/{institution.name}, seed {seed}: {fault}") from fault
        done += world.acts
    return done
