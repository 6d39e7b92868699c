"""A case, the events that change it, and ``apply``: the only way from one state to the next.

A case is what its entries say, in order; everything else that is stored about it is a cache of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import singledispatch
from typing import Any

STAGE_CLOCK = "stage"
PAUSE_CLOCK = "pause"


@dataclass(frozen=True, slots=True)
class Running:
    """A clock that runs. ``remaining`` holds what was left (in the limit's own measure) while the case is paused."""

    start: datetime
    due: datetime
    amount: int
    unit: str
    calendar: str
    first_due: datetime
    remaining: int | None = None
    fired: bool = False


@dataclass(frozen=True, slots=True)
class Child:
    """A called unit's own case, as its parent knows it."""

    unit: str
    lead: bool
    open: bool = True
    result: str | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """An act that waits for somebody's agreement."""

    by: str | None
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True)  # no slots: see _with
class Case:
    """One running instance, pinned to the version it was opened under."""

    id: str
    institution: str
    version: str
    stage: str
    opened: datetime
    holder: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    clocks: Mapping[str, Running] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    done: Mapping[str, int] = field(default_factory=dict)
    doers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    answered: tuple[str, ...] = ()
    result: str | None = None
    tier: str | None = None
    children: Mapping[str, Child] = field(default_factory=dict)
    pending: Mapping[str, Pending] = field(default_factory=dict)
    blocks: Mapping[str, Any] = field(default_factory=dict)
    """What the stages' blocks keep: votes, tally, ratings, score, money, slot, published."""
    back: str | None = None
    paused: datetime | None = None
    ended: datetime | None = None
    seq: int = 0

    def next_due(self) -> tuple[str, datetime] | None:
        """The clock that runs out first and when; None when nothing can run out."""
        open_clocks = [(c.due, n) for n, c in self.clocks.items() if c.remaining is None and not c.fired]
        if not open_clocks:
            return None
        due, name = min(open_clocks)
        return name, due

    def workers(self) -> frozenset[str]:
        """Everybody who did work on this case in a duty; they may not verify it."""
        return frozenset(self.doers.get("handler", ()))


@dataclass(frozen=True, slots=True)
class Opened:
    """The case exists."""

    institution: str
    version: str
    stage: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Moved:
    """The case stands at another stage and is held by another role."""

    to: str
    holder: str | None
    came_from: str | None = None


@dataclass(frozen=True, slots=True)
class ClockSet:
    """A clock starts."""

    name: str
    start: datetime
    due: datetime
    amount: int
    unit: str
    calendar: str


@dataclass(frozen=True, slots=True)
class ClockStopped:
    """A clock has done its work."""

    name: str


@dataclass(frozen=True, slots=True)
class ClockFired:
    """A clock ran out. It stays on the case, painted overdue, until it is stopped."""

    name: str


@dataclass(frozen=True, slots=True)
class Paused:
    """The clocks stand; each keeps what remains."""

    at: datetime
    remaining: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Resumed:
    """The clocks run again, each until its new instant."""

    dues: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class Extended:
    """A clock runs longer; its first due instant is kept beside the new one."""

    name: str
    due: datetime


@dataclass(frozen=True, slots=True)
class Counted:
    """A counter of the case is raised."""

    counter: str


@dataclass(frozen=True, slots=True)
class Answered:
    """A party got an answer by this act."""

    party: str


@dataclass(frozen=True, slots=True)
class Resulted:
    """How the case came out, and under which tier it counts."""

    result: str | None
    tier: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """A role or party is told about this act."""

    to: str
    answer: bool = False


@dataclass(frozen=True, slots=True)
class Called:
    """Child cases are to be opened; the ledger adds one :class:`Joined` for each."""

    institution: str
    units: tuple[str, ...]
    passes: tuple[str, ...]
    lead: bool
    fills: str | None = None
    """The child's field that takes the line, when ``units`` are lines of an `items` field and not units."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A child case is open."""

    child: str
    unit: str
    lead: bool


@dataclass(frozen=True, slots=True)
class ChildEnded:
    """A child case has ended."""

    child: str
    result: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """An act waits for agreement."""

    act: str


@dataclass(frozen=True, slots=True)
class Settled:
    """An act that waited was agreed to, or not."""

    act: str
    agreed: bool


@dataclass(frozen=True, slots=True)
class Voted:
    """Somebody voted; the choice itself is in the entry's data, outside the chain."""

    voter: str
    field: str


@dataclass(frozen=True, slots=True)
class BlockSet:
    """A block of the stage keeps a new value."""

    block: str
    value: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Followed:
    """The case goes on under another version. Nothing restarts: its clocks keep every instant they were due at."""

    version: str
    stage: str
    holder: str | None
    back: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The case is closed."""

    at: datetime


Event = (
    Opened | Moved | ClockSet | ClockStopped | ClockFired | Paused | Resumed | Extended | Counted | Answered
    | Resulted | Told | Called | Joined | ChildEnded | Asked | Settled | Voted | BlockSet | Followed | Ended
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One act and what followed from it. ``data`` is what was written down; it stays outside the hash chain."""

    at: datetime
    act: str
    by: str | None
    role: str | None
    channel: str
    events: tuple[Event, ...]
    data: Mapping[str, Any] = field(default_factory=dict)
    works: bool = False
    """Done in a duty, not as a party: its doer may not verify the case."""


def _with(case: Case, **changes: Any) -> Case:
    """`dataclasses.replace` at a tenth of its price: a state of twenty fields is made for every event."""
    made = object.__new__(Case)
    made.__dict__.update(case.__dict__, **changes)
    return made


@singledispatch
def apply_event(event: Event, case: Case) -> Case:
    """The case after one event."""
    if isinstance(event, (Told, Called, Asked)):  # they tell the ledger what to do and change nothing themselves
        return case
    raise TypeError(f"unknown event {event!r}")


@apply_event.register
def _(event: Moved, case: Case) -> Case:
    return _with(case, stage=event.to, holder=event.holder, back=event.came_from)


@apply_event.register
def _(event: ClockSet, case: Case) -> Case:
    clock = Running(event.start, event.due, event.amount, event.unit, event.calendar, event.due)
    return _with(case, clocks={**case.clocks, event.name: clock})


@apply_event.register
def _(event: ClockStopped, case: Case) -> Case:
    return _with(case, clocks={n: c for n, c in case.clocks.items() if n != event.name})


@apply_event.register
def _(event: ClockFired, case: Case) -> Case:
    return _with(case, clocks={**case.clocks, event.name: replace(case.clocks[event.name], fired=True)})


@apply_event.register
def _(event: Paused, case: Case) -> Case:
    clocks = {n: replace(c, remaining=event.remaining.get(n)) for n, c in case.clocks.items()}
    return _with(case, clocks=clocks, paused=event.at)


@apply_event.register
def _(event: Resumed, case: Case) -> Case:
    clocks = {n: replace(c, due=event.dues.get(n, c.due), remaining=None) for n, c in case.clocks.items()}
    return _with(case, clocks=clocks, paused=None)


@apply_event.register
def _(event: Extended, case: Case) -> Case:
    clock = replace(case.clocks[event.name], due=event.due, fired=False)
    return _with(case, clocks={**case.clocks, event.name: clock})


@apply_event.register
def _(event: Counted, case: Case) -> Case:
    return _with(case, counts={**case.counts, event.counter: case.counts.get(event.counter, 0) + 1})


@apply_event.register
def _(event: Answered, case: Case) -> Case:
    return case if event.party in case.answered else _with(case, answered=(*case.answered, event.party))


@apply_event.register
def _(event: Resulted, case: Case) -> Case:
    return _with(case, result=event.result or case.result, tier=event.tier or case.tier)


@apply_event.register
def _(event: Joined, case: Case) -> Case:
    return _with(case, children={**case.children, event.child: Child(event.unit, event.lead)})


@apply_event.register
def _(event: ChildEnded, case: Case) -> Case:
    child = replace(case.children[event.child], open=False, result=event.result)
    return _with(case, children={**case.children, event.child: child})


@apply_event.register
def _(event: Settled, case: Case) -> Case:
    return _with(case, pending={n: p for n, p in case.pending.items() if n != event.act})


@apply_event.register
def _(event: Voted, case: Case) -> Case:
    votes = {**case.blocks.get("votes", {}), event.voter: case.fields[event.field]}
    fields = {n: v for n, v in case.fields.items() if n != event.field}
    return _with(case, blocks={**case.blocks, "votes": votes}, fields=fields)


@apply_event.register
def _(event: BlockSet, case: Case) -> Case:
    return _with(case, blocks={**case.blocks, event.block: event.value})


@apply_event.register
def _(event: Followed, case: Case) -> Case:
    return _with(case, version=event.version, stage=event.stage, holder=event.holder, back=event.back)


@apply_event.register
def _(event: Ended, case: Case) -> Case:
    return _with(case, ended=event.at, clocks={}, pending={}, paused=None)


def note(case: Case, entry: Entry) -> Case:
    """The case with the act itself noted: who did it, how often, and what was written down."""
    done = {**case.done, entry.act: case.done.get(entry.act, 0) + 1}
    doers = dict(case.doers)
    for name in (entry.act, "handler") if entry.works else (entry.act,):
        if entry.by and entry.by not in doers.get(name, ()):
            doers[name] = (*doers.get(name, ()), entry.by)
    case = _with(case, done=done, doers=doers, seq=case.seq + 1)
    asked = next((e.act for e in entry.events if isinstance(e, Asked)), None)
    if asked:
        return _with(case, pending={**case.pending, asked: Pending(entry.by, entry.at, dict(entry.data))})
    settled = next((e.act for e in entry.events if isinstance(e, Settled) and e.agreed), None)
    data = {**case.pending[settled].data, **entry.data} if settled else entry.data
    return _with(case, fields={**case.fields, **data}) if data else case


def apply(case: Case | None, entry: Entry, id: str = "") -> Case:
    """The case after ``entry``; ``case`` is None and ``id`` given for the entry that opens it."""
    events: Iterable[Event] = entry.events
    if case is None:
        first = entry.events[0]
        if not isinstance(first, Opened):
            raise ValueError("the first entry of a case must open it")
        case = Case(id, first.institution, first.version, first.stage, first.at)
        events = entry.events[1:]
    case = note(case, entry)
    for event in events:
        case = apply_event(event, case)
    return case
