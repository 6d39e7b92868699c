"""``decide``: what follows when somebody does an act, or why they may not. Total and deterministic.

Time, people and places come in as arguments: ``now`` is an aware datetime, ``who`` says which roles and parties the
caller has found the person to be for this case. The answer is an :class:`Entry` to append, or a :class:`Refusal`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any

from linli.kernel import blocks, refusal
from linli.kernel import clock as clocks
from linli.kernel.calendar import SHANGHAI, CalendarGap
from linli.kernel.case import (
    PAUSE_CLOCK,
    STAGE_CLOCK,
    Answered,
    Asked,
    BlockSet,
    Called,
    Case,
    ChildEnded,
    ClockFired,
    ClockSet,
    ClockStopped,
    Counted,
    Ended,
    Entry,
    Event,
    Extended,
    Moved,
    Opened,
    Paused,
    Resulted,
    Resumed,
    Running,
    Settled,
    Told,
    apply,
    apply_event,
    note,
)
from linli.kernel.institution import Act, Clock, Institution, Pack, Publish, Text
from linli.kernel.refusal import CLOCK, Refusal, Who, end_of, may, refuse_role
from linli.kernel.values import check as check_values

AGREE, DECLINE = ".agree", ".decline"
FOLLOWS = "follows"
"""The block that keeps which case this one waits for."""


@dataclass(frozen=True, slots=True)
class Decision:
    """An entry to append and the case after it."""

    entry: Entry
    case: Case


class _Work:
    """Collects the events of one act while keeping the state they lead to."""

    def __init__(self, pack: Pack, institution: Institution, case: Case, now: datetime) -> None:
        self.pack, self.institution, self.case, self.now = pack, institution, case, now
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)
        self.case = apply_event(event, self.case)

    def start(self, name: str, parameter: str) -> None:
        """Start a clock; a date without a value or a year without a calendar raises instead of guessing."""
        limit = self.pack.dated(parameter, self.now.astimezone(SHANGHAI).date(), self.case.fields).limit
        due = clocks.due(limit, self.now, self.pack.calendars[limit.calendar])
        self.stop([name])
        self.emit(ClockSet(name, self.now, due, limit.amount, limit.unit, limit.calendar))
        self.remind(name)

    def remind(self, name: str) -> None:
        """Set the reminders of a clock that was started or moved, but none that came already or would come at once."""
        if name == PAUSE_CLOCK or "@" in name or self.case.paused or name not in self.case.clocks:
            return
        of = self.case.clocks[name]
        limit = clocks.Limit(of.amount, of.unit, of.calendar)  # type: ignore[arg-type]
        for percent in self.institution.reminds:
            reminder = f"{name}@{percent}"
            at = clocks.share(limit, of.start, of.due, self.pack.calendars[of.calendar], percent)
            came = reminder in self.case.clocks and self.case.clocks[reminder].fired
            if not came and self.now < at < of.due:
                self.emit(ClockSet(reminder, of.start, at, of.amount, of.unit, of.calendar))

    def start_until(self, name: str, day: str) -> None:
        self.emit(ClockSet(name, self.now, end_of(day), 1, "day", "always"))

    def stop(self, names: Iterable[str]) -> None:
        """Stop clocks, and their reminders with them."""
        gone = set(names)
        for name in [n for n in self.case.clocks if n.partition("@")[0] in gone]:
            self.emit(ClockStopped(name))


def _total(rule: Callable[..., Decision | Refusal]) -> Callable[..., Decision | Refusal]:
    """A calendar or parameter that does not cover the date is a refusal with a reason, never a guess or a crash."""

    @wraps(rule)
    def guarded(*args: Any) -> Decision | Refusal:
        try:
            return rule(*args)
        except (CalendarGap, LookupError) as gap:
            say = Text(f"时限算不出来：{gap}", f"A time limit cannot be computed: {gap}")
            return Refusal("gap", say, Text("请管理员补上这一日期的规则。", "Ask the administrator to add the rule."))

    return guarded


@_total
def open_case(
    pack: Pack, institution: Institution, id: str, data: Mapping[str, Any], who: Who, now: datetime
) -> Decision | Refusal:
    """Open a case of ``institution``: the entry that starts it, or why it cannot be opened."""
    act = institution.open
    refused = refusal.not_yours(institution, act, who)
    if refused:
        return refused
    values, wrong = check_values(pack, institution, act, data)
    if wrong:
        return refusal.incomplete(institution, wrong)
    first = act.to or next(iter(institution.stages))
    opened = Opened(institution.institution, institution.version, first, now)
    seed = Entry(now, "open", who.person, _as(act, who), who.channel, (opened,), values, _works(institution, act, who))
    work = _Work(pack, institution, apply(None, seed, id), now)
    refused = refusal.blocked(institution, work.case, act, values, who)
    if refused:
        return refused
    _outcome(work, act, values)
    _enter(work, first, None, values)
    _clocks_from(work, "open")
    _tell(work, act)
    entry = Entry(now, "open", who.person, seed.role, who.channel, (opened, *work.events), values, seed.works)
    return Decision(entry, work.case)


@_total
def decide(
    pack: Pack, institution: Institution, case: Case, act: str, data: Mapping[str, Any], who: Who, now: datetime
) -> Decision | Refusal:
    """What follows when ``who`` does ``act`` now; ``case`` is not changed, ``Decision.case`` is the state after."""
    base, _, settle = act.partition(".")
    found = institution.acts_at(case.stage).get(base)
    if found is None:
        return refusal.ended() if case.ended else refusal.not_here(institution, case, base)
    if settle:
        return _settle(pack, institution, case, found, f".{settle}", data, who, now)
    refused = may(institution, case, found, who)
    if refused:
        return refused
    values, wrong = check_values(pack, institution, found, data)
    if wrong:
        return refusal.incomplete(institution, wrong)
    refused = refusal.bad_date(institution, case, found, values, now) or refusal.blocked(
        institution, case, found, values, who
    )
    refused = refused or too_late(pack, case, found, now)
    if refused:
        return refused
    works = _works(institution, found, who, case.holder)
    seed = Entry(now, act, who.person, _as(found, who), who.channel, (), values, works)
    if found.approves:
        return _finish(pack, institution, case, seed, lambda work: _ask(work, found))
    return _finish(pack, institution, case, seed, lambda work: _effects(work, found, values, who))


def available(institution: Institution, case: Case, who: Who) -> list[Act]:
    """The acts ``who`` may do on ``case`` now, in the order of the definition."""
    return [a for a in institution.acts_at(case.stage).values() if may(institution, case, a, who) is None]


def too_late(pack: Pack, case: Case, act: Act, now: datetime) -> Refusal | None:
    """An act of an end stage with `within` may be done for that long after the end: a rating stays open for a while."""
    if case.ended is None or act.within is None:
        return None
    limit = pack.dated(act.within, case.ended.astimezone(SHANGHAI).date(), case.fields).limit
    until = clocks.due(limit, case.ended, pack.calendars[limit.calendar])
    return None if now <= until else refusal.over(act, until)


def to_settle(institution: Institution, case: Case, who: Who) -> list[Act]:
    """The acts that wait for the agreement of ``who``."""
    waiting = (institution.acts_at(case.stage).get(n) for n in case.pending)
    return [a for a in waiting if a and a.approves in who.roles and case.pending[a.name].by != who.person]


def fire(pack: Pack, institution: Institution, case: Case, name: str, now: datetime) -> Decision | None:
    """What follows when the clock ``name`` runs out; None when it no longer runs or is not due yet."""
    running = case.clocks.get(name)
    if running is None or running.fired or running.remaining is not None or running.due > now:
        return None
    act, spec = _consequence(institution, case, name)
    seed = Entry(now, act.name if act else f"clock:{name}", None, "clock", "clock", ())

    def effects(work: _Work) -> None:
        if act:
            work.emit(ClockFired(name))
            _effects(work, act, {})
            if name == STAGE_CLOCK and name in work.case.clocks and work.case.clocks[name].fired:
                _rearm(work)
        else:
            work.emit(ClockFired(name))
        if spec:
            _announce(work, spec)
        elif "@" in name:
            work.emit(Told("holder"))

    return _finish(pack, institution, case, seed, effects)


def child_ended(
    pack: Pack, institution: Institution, case: Case, child: str, result: str | None, now: datetime
) -> Decision:
    """A called unit's case has ended: noted on the parent, and the joined act done once the join is met."""
    seed = Entry(now, "child_ended", None, "children", "children", ())

    def effects(work: _Work) -> None:
        work.emit(ChildEnded(child, result))
        stage = institution.stages[case.stage]
        called = [c for c in (stage.calls, *(s.calls for s in institution.stages.values())) if c]
        for counter in [c.counts[result] for c in called if result and result in c.counts][:1]:
            work.emit(Counted(counter))
        all_ended = not any(c.open for c in work.case.children.values())
        then = stage.calls.then if stage.calls else stage.gathers
        if then and (all_ended or (stage.calls and stage.calls.join == "any_ended")):
            _effects(work, stage.acts[then], {})

    return _finish(pack, institution, case, seed, effects)


def lead_answered(
    pack: Pack, institution: Institution, case: Case, data: Mapping[str, Any], result: str | None, now: datetime
) -> Decision | None:
    """The case that ``case`` follows came out with ``result`` by an act with ``data``; None if it follows none."""
    follows = institution.stages[case.stage].follows
    if case.ended or follows is None:
        return None
    acts = institution.stages[case.stage].acts
    act = acts[follows.then] if result in acts[follows.then].result else acts[follows.otherwise]
    values = {n: data[n] for n in (*follows.passes, "result") if n in data} if act.name == follows.then else {}
    values |= {"result": result} if len(act.result) > 1 else {}
    seed = Entry(now, act.name, None, "lead", "lead", (), values)
    return _finish(pack, institution, case, seed, lambda work: _effects(work, act, values))


def _finish(
    pack: Pack, institution: Institution, case: Case, seed: Entry, effects: Callable[[_Work], None]
) -> Decision:
    work = _Work(pack, institution, note(case, seed), seed.at)
    effects(work)
    entry = Entry(seed.at, seed.act, seed.by, seed.role, seed.channel, tuple(work.events), seed.data, seed.works)
    asks = any(isinstance(e, Asked | Settled) for e in work.events)  # what waits for agreement keeps the entry's data
    return Decision(entry, apply(case, entry) if asks else work.case)


def _ask(work: _Work, act: Act) -> None:
    work.emit(Asked(act.name))
    work.emit(Told(act.approves or ""))


def _settle(
    pack: Pack, institution: Institution, case: Case, act: Act, how: str, data: Mapping[str, Any], who: Who,
    now: datetime,
) -> Decision | Refusal:  # fmt: skip
    if act.name not in case.pending:
        say = Text(f"没有待同意的“{act.title.zh}”。", f"No “{act.title.en}” is waiting for agreement.")
        return Refusal("nothing_pending", say, Text("请刷新页面。", "Reload the page."))
    if act not in to_settle(institution, case, who):
        return refuse_role(institution, act, (act.approves or "",))
    pending = case.pending[act.name]
    approver = institution.roles.get(act.approves or "")
    works = approver is None or "handler" not in approver.never  # who agrees as a verifier has not worked on it
    seed = Entry(now, act.name + how, who.person, act.approves, who.channel, (), {}, works)

    def effects(work: _Work) -> None:
        work.emit(Settled(act.name, how == AGREE))
        if how == AGREE:
            _effects(work, act, pending.data)
        else:
            work.emit(Told("holder"))

    return _finish(pack, institution, case, seed, effects)


def _effects(work: _Work, act: Act, data: Mapping[str, Any], who: Who = CLOCK) -> None:
    """Everything that follows from ``act``, in the order in which people would tell it."""
    for event in blocks.follow(work.institution, work.case, act, data, who.person, _as(act, who)):
        work.emit(event)
    if act.counts:
        work.emit(Counted(act.counts))
    _outcome(work, act, data)
    _clocks_of(work, act, data)
    reached = {act.name, "answered"} if act.answers else {act.name}
    work.stop(n for n, c in work.institution.clocks.items() if reached & set(c.until))
    if act.to:
        _move(work, act, data)
    _clocks_from(work, act.name)
    _tell(work, act)


def _outcome(work: _Work, act: Act, data: Mapping[str, Any]) -> None:
    for party in act.answers:
        work.emit(Answered(party))
    result = _result(work, act, data)
    if result or act.tier:
        work.emit(Resulted(result, act.tier))


def _result(work: _Work, act: Act, data: Mapping[str, Any]) -> str | None:
    """The only result, the one the actor chose, or for a tally the first when it passed and the second when not."""
    if act.does == "tally" and len(act.result) == 2:
        return act.result[0 if work.case.blocks["tally"]["passed"] else 1]
    chosen: str | None = act.result[0] if len(act.result) == 1 else data.get("result")
    return chosen


def _clocks_of(work: _Work, act: Act, data: Mapping[str, Any]) -> None:
    if act.does == "pause":
        remaining = {n: _remaining(work, c, work.now) for n, c in work.case.clocks.items() if not c.fired}
        work.emit(Paused(work.now, remaining))
        work.start(PAUSE_CLOCK, act.within or "")
    elif act.does == "resume":
        _resume(work)
    elif act.does == "extend":
        until = end_of(data["until"])
        for name, running in work.case.clocks.items():
            if name != PAUSE_CLOCK and "@" not in name and running.due < until:
                work.emit(Extended(name, until))
                if work.case.paused:  # what is left when the clocks go on is counted to the new day
                    left = {n: c.remaining for n, c in work.case.clocks.items() if c.remaining is not None}
                    left[name] = _remaining(work, work.case.clocks[name], work.case.paused)
                    work.emit(Paused(work.case.paused, left))
                work.remind(name)


def _remaining(work: _Work, running: Running, at: datetime) -> int:
    calendar = work.pack.calendars[running.calendar]
    return clocks.remaining(running.unit, calendar, at, running.due)  # type: ignore[arg-type]


def _resume(work: _Work) -> None:
    work.stop([PAUSE_CLOCK])
    dues = {
        n: clocks.resume(c.unit, work.pack.calendars[c.calendar], work.now, c.remaining)  # type: ignore[arg-type]
        for n, c in work.case.clocks.items()
        if c.remaining is not None
    }
    work.emit(Resumed(dues))
    for name in dues:
        work.remind(name)


def _move(work: _Work, act: Act, data: Mapping[str, Any]) -> None:
    target = (work.case.back or work.case.stage) if act.to == "back" else act.to
    if work.case.paused:
        _resume(work)
    work.stop([STAGE_CLOCK])
    if work.case.blocks.get(FOLLOWS):
        work.emit(BlockSet(FOLLOWS, {}))
    _enter(work, target or work.case.stage, work.case.stage, {**work.case.fields, **data})


def _enter(work: _Work, name: str, came_from: str | None, data: Mapping[str, Any]) -> None:
    stage = work.institution.stages[name]
    work.emit(Moved(name, stage.holder, came_from))
    if stage.end:
        work.emit(Ended(work.now))
        return
    if stage.within:
        work.start(STAGE_CLOCK, stage.within)
    elif stage.until and data.get(stage.until):
        work.start_until(STAGE_CLOCK, data[stage.until])
    if stage.publish:
        _publish(work, stage.publish, data)
    if stage.follows:
        work.emit(BlockSet(FOLLOWS, data.get(stage.follows.case) or {}))
    if stage.calls:
        calls = stage.calls
        units = tuple(data.get(calls.for_each) or ())
        work.emit(Called(calls.institution, units, calls.passes, calls.lead == "first", calls.fills))


def _publish(work: _Work, publish: Publish, data: Mapping[str, Any]) -> None:
    limit = work.pack.dated(publish.period, work.now.astimezone(SHANGHAI).date()).limit
    until = clocks.due(limit, work.now, work.pack.calendars[limit.calendar])
    shown = {n: data[n] for n in publish.fields if n in data}
    value = {"audience": publish.audience, "until": until.isoformat(), "shown": shown, "stage": work.case.stage}
    work.emit(BlockSet("published", value))


def _rearm(work: _Work) -> None:
    """The consequence left the case where it was: the stage's clock starts again, so that nothing is ever clockless."""
    stage = work.institution.stages[work.case.stage]
    if stage.within:
        work.start(STAGE_CLOCK, stage.within)
    elif stage.until:
        work.start_until(STAGE_CLOCK, work.now.astimezone(SHANGHAI).date().isoformat())


def _clocks_from(work: _Work, act: str) -> None:
    if work.case.ended:
        return
    for name, spec in work.institution.clocks.items():
        if act in spec.from_:
            work.start(name, spec.limit)


def _consequence(institution: Institution, case: Case, name: str) -> tuple[Act | None, Clock | None]:
    acts = institution.acts_at(case.stage)
    if name == STAGE_CLOCK:
        return acts.get(institution.stages[case.stage].overdue or ""), None
    if name == PAUSE_CLOCK:
        return next((a for a in acts.values() if a.does == "resume" and "clock" in a.by), None), None
    return None, institution.clocks.get(name)


def _announce(work: _Work, spec: Clock) -> None:
    if spec.counts:
        work.emit(Counted(spec.counts))
    for to in spec.tells:
        work.emit(Told(to))


def _tell(work: _Work, act: Act) -> None:
    for to in dict.fromkeys((*act.answers, *act.tells)):
        work.emit(Told(to, to in act.answers))


def _as(act: Act, who: Who) -> str | None:
    """The role in which ``who`` does ``act``: the first of the act's that fits."""
    return next((r for r in act.by if r in who.roles), None)


def _works(institution: Institution, act: Act, who: Who, holder: str | None = None) -> bool:
    """Whether ``act`` is work on the case. Verifying it, as who never handles, is not: the same may verify again."""
    role = _as(act, who)
    if role is None or role in institution.parties or role in ("clock", "children", "lead"):
        return False
    spec = institution.roles.get((holder or "") if role == "holder" else role)
    return spec is None or "handler" not in spec.never
