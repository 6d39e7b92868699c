"""The state space of an institution: every way a case can go, walked breadth-first so that paths are shortest.

A state is where a case stands, whether the one who raised it was answered, whether it has a result, how often each
bounded act was done, (where an act may go ``back``) which stage it came from, and (where a later stage gathers what
was called) whether a called case is still open. It follows the kernel exactly: acts are counted by name over all
stages, and a clock fires its consequence even when ``at_most`` is used up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from linli.drafting.check_conditions import guards
from linli.drafting.check_names import BY_ITSELF, people_of
from linli.drafting.conditions import Verdict
from linli.kernel.institution import Act, Institution, Stage

MOST_STATES = 20_000
"""More are not walked: the proof would take longer than the second that `check` may take."""
COUNTED = 5_000
"""States up to which bounded acts are counted one by one."""


class TooManyStates(ValueError):
    """The institution has more than MOST_STATES states even when bounded acts are not counted one by one."""


@dataclass(frozen=True, slots=True, eq=False)
class State:
    """One situation of a case. A graph holds each once, so they are told apart by identity, which is fast."""

    stage: str
    answered: bool
    resulted: bool
    used: tuple[int, ...]
    came_from: str | None
    waits: bool = False
    """A called case is still open; false where no later stage gathers it."""


class Edge(NamedTuple):
    """One act that moves a case from one state to another; ``by`` is a role, a party, `clock` or `children`."""

    source: State
    act: Act
    by: str
    target: State


class Move(NamedTuple):
    """A moving act as it is possible at one stage."""

    act: Act
    by: str
    counter: int
    goes: str
    resulted: bool


class Graph:
    """All reachable states of ``institution`` with the edges between them. Raises TooManyStates.

    Where bounds multiply beyond COUNTED states (``exact`` is then false) it is only noted whether a bounded act was
    done: if it may be done several times it stays possible, and nobody may count on it any more. So every way a case
    can go is still walked, and nothing that can go wrong is missed; a finding may be too strict.
    """

    def __init__(self, institution: Institution) -> None:
        self.institution = institution
        self._filled: dict[State, frozenset[str]] | None = None
        self._into: dict[State, list[Edge]] | None = None
        self._guards = guards(institution)
        self._certain, self._fills = cache(self._certain_at), cache(self._filled_at)  # asked for every edge
        self.moves = {
            name: list(_moves(institution, stage, self._guards)) for name, stage in institution.stages.items()
        }
        self.counters = _counters(institution)
        self._most = list(self.counters.values())
        self._wasted = {a.name for a in _all(institution) if a.name in self.counters and (a.approves or not a.to)}
        """Bounded acts that are counted although nothing moves: declined, or not moving where they share a name."""
        self._gathering = _gathering(institution, self.moves)
        self.backs = {name for name, moves in self.moves.items() if any(m.goes == "back" for m in moves)}
        for self.exact, most in ((True, COUNTED), (False, MOST_STATES)):
            if self._walk(most):
                return
        raise TooManyStates(institution.name)

    def path(self, to: State | Edge) -> tuple[str, ...]:
        """The shortest way from the opening to a state, or over an edge: stages and acts by turns."""
        steps: list[str] = []
        if isinstance(to, Edge):
            steps = [self.say(to), self.stage_words(to.target.stage)]
            state = to.source
        else:
            state = to
        while (edge := self.parent[state]) is not None:
            steps = [self.say(edge), self.stage_words(state.stage), *steps]
            state = edge.source
        return (f"open by {self.institution.open.by[0]}", self.stage_words(state.stage), *steps)

    def cycle(self, edges: list[Edge]) -> tuple[str, ...]:
        """A round trip: stages and acts by turns, the first stage again at the end."""
        words = [self.stage_words(edges[0].source.stage)]
        for edge in edges:
            words += [self.say(edge), self.stage_words(edge.target.stage)]
        return tuple(words)

    def stage_words(self, name: str) -> str:
        """A stage as it is shown in a path."""
        return f"{name} {self.institution.stages[name].title.zh}"

    def say(self, edge: Edge) -> str:
        """An act as it is shown in a path."""
        return f"{edge.act.name} by {edge.by}"

    def ends(self) -> list[State]:
        """The reachable states in which the case is closed."""
        return [s for s in self.edges if self.institution.stages[s.stage].end]

    def reaching(self, goals: list[State], keep: Callable[[Edge], bool] = lambda edge: True) -> set[State]:
        """The states from which one of ``goals`` can be reached over the edges kept."""
        if self._into is None:
            self._into = {state: [] for state in self.edges}
            for edge in (e for edges in self.edges.values() for e in edges):
                self._into[edge.target].append(edge)
        seen, queue = set(goals), deque(goals)
        while queue:
            for edge in self._into[queue.popleft()]:
                if edge.source not in seen and keep(edge):
                    seen.add(edge.source)
                    queue.append(edge.source)
        return seen

    def certain(self, edge: Edge) -> bool:
        """Whether people may count on ``edge``: no guard that may fail, no bound used up by asks that were declined.

        The clock and the called units ask neither.
        """
        return self._certain(edge.source.stage, edge.act.name) and not self.spent(edge)

    def guarded(self, act: Act) -> bool:
        """Whether ``act`` has a guard that may fail."""
        return act.when is not None and self._guards[act.when].may_fail

    def spent(self, edge: Edge) -> bool:
        """Whether ``edge`` may be used up already, which nobody counted."""
        if self.exact or edge.act.at_most is None or edge.by in BY_ITSELF:
            return False
        return edge.source.used[list(self.counters).index(edge.act.name)] > 0

    def _certain_at(self, name: str, does: str) -> bool:
        stage, act = self.institution.stages[name], self.institution.acts_at(name)[does]
        if self.by_itself(stage, act):
            return True
        return not self.guarded(act) and not (act.at_most is not None and act.name in self._wasted)

    def by_itself(self, stage: Stage, act: Act) -> bool:
        """Whether ``act`` also happens at ``stage`` without people: then nobody fills in anything, nobody is asked."""
        by_clock = stage.overdue == act.name and bool(stage.within or stage.until)
        joined = (stage.calls is not None and stage.calls.then == act.name) or stage.gathers == act.name
        led = stage.follows is not None and act.name in (stage.follows.then, stage.follows.otherwise)
        return by_clock or ((joined or led) and act.name in stage.acts)

    def after(self, starts: set[State]) -> set[State]:
        """The states that a case can get into from one of ``starts``, these included."""
        seen, queue = set(starts), deque(starts)
        while queue:
            for edge in self.edges[queue.popleft()]:
                if edge.target not in seen:
                    seen.add(edge.target)
                    queue.append(edge.target)
        return seen

    def surely_filled(self) -> dict[State, frozenset[str]]:
        """The fields that are filled in on every way to each state: needed by the opening or by acts done before."""
        if self._filled is None:
            self._filled = self._fill()
        return self._filled

    def _fill(self) -> dict[State, frozenset[str]]:
        start = next(iter(self.edges))
        filled: dict[State, frozenset[str]] = {start: frozenset(self.institution.open.needs)}
        queue = deque([start])
        while queue:
            state = queue.popleft()
            here = filled[state]
            for edge in self.edges[state]:
                known = here | self.filled_by(edge)
                before = filled.get(edge.target)
                if before is None or not before <= known:
                    filled[edge.target] = known if before is None else before & known
                    queue.append(edge.target)
        return filled

    def filled_by(self, edge: Edge) -> frozenset[str]:
        """What whoever does ``edge`` surely fills in."""
        return self._fills(edge.source.stage, edge.act.name)

    def _filled_at(self, name: str, does: str) -> frozenset[str]:
        stage, act = self.institution.stages[name], self.institution.acts_at(name)[does]
        return frozenset() if self.by_itself(stage, act) else frozenset(act.needs)

    def endless(self, edge: Edge) -> bool:
        """Whether ``edge`` may be gone over again and again: people are held to `at_most`, the clock is not."""
        return edge.act.at_most is None or edge.by in BY_ITSELF

    def _walk(self, most: int) -> bool:
        first = self.institution.open.to or next(iter(self.institution.stages))
        opening = self.institution.open
        told, resulted = self.institution.raised_by in opening.answers, bool(opening.result)
        self._states: dict[tuple[str, bool, bool, tuple[int, ...], str | None, bool], State] = {}
        start = self._state(first, told, resulted, (0,) * len(self.counters), None, self._calls(first))
        self.parent: dict[State, Edge | None] = {start: None}
        self.edges: dict[State, list[Edge]] = {}
        queue = deque([start])
        while queue:
            state = queue.popleft()
            self.edges[state] = [] if self.institution.stages[state.stage].end else self._out(state)
            for edge in self.edges[state]:
                if edge.target not in self.parent:
                    self.parent[edge.target] = edge
                    queue.append(edge.target)
            if len(self.parent) > most:
                return False
        return True

    def _out(self, state: State) -> list[Edge]:
        found: list[Edge] = []
        for move in self.moves[state.stage]:
            used = self._counted(move, state.used)
            for target in () if used is None else self._targets(state, move, used):
                if not any(self._same(e, move, target) for e in found):
                    found.append(Edge(state, move.act, move.by, target))
        return found

    def _same(self, edge: Edge, move: Move, target: State) -> bool:
        alike = edge.target is target and edge.act is move.act
        return alike and (self.exact or (edge.by in BY_ITSELF) == (move.by in BY_ITSELF))

    def _counted(self, move: Move, used: tuple[int, ...]) -> tuple[int, ...] | None:
        """What was done how often after ``move``; None when it is used up."""
        at, bound = move.counter, move.act.at_most
        if at < 0:
            return used
        most = self._most[at] if self.exact else 1
        limit = most + 1 if bound is None or (bound > 1 and not self.exact) else bound
        if used[at] >= limit and move.by not in BY_ITSELF:
            return None
        return (*used[:at], min(used[at] + 1, most), *used[at + 1 :])

    def _targets(self, state: State, move: Move, used: tuple[int, ...]) -> list[State]:
        goes = (state.came_from or state.stage) if move.goes == "back" else move.goes
        answered = state.answered or self.institution.raised_by in move.act.answers
        came_from = state.stage if goes in self.backs else None
        resulted = state.resulted or move.resulted
        return [self._state(goes, answered, resulted, used, came_from, w) for w in self._waits(state, move, goes)]

    def _waits(self, state: State, move: Move, goes: str) -> tuple[bool, ...]:
        """Whether a called case is still open after ``move``; both where nobody knows, none where it cannot happen."""
        stage = self.institution.stages[state.stage]
        if move.by == "children" and _gathers(stage) and not state.waits:
            return ()  # the last one ended before the case came here
        if self._calls(goes):
            return (True,)
        if goes not in self._gathering or not state.waits:
            return (False,)
        if move.by == "children":
            return (True, False) if stage.calls and stage.calls.join == "any_ended" else (False,)
        # Here they would have moved the case when the last of them ended; elsewhere that goes unnoticed.
        return (True,) if stage.calls or _gathers(stage) else (True, False)

    def _calls(self, name: str) -> bool:
        return name in self._gathering and self.institution.stages[name].calls is not None

    def _state(self, *key: *tuple[str, bool, bool, tuple[int, ...], str | None, bool]) -> State:
        known = self._states.get(key)
        if known is None:
            known = self._states[key] = State(*key)
        return known


def _moves(institution: Institution, stage: Stage, known: Mapping[str, Verdict]) -> Iterator[Move]:
    """The moving acts of ``stage``: by a person first, then by the clock, then by the called units."""
    if stage.end:
        return
    names = list(_counters(institution))
    never = {text for text, verdict in known.items() if not verdict.may_hold}
    for act in institution.acts_at(stage.name).values():
        if not act.to:
            continue
        counter = names.index(act.name) if act.name in names else -1
        people = [b for b in people_of(institution, act) if b != "holder" or stage.holder]
        if people and act.when not in never:
            by = stage.holder if people[0] == "holder" and stage.holder else people[0]
            yield Move(act, by, counter, act.to, bool(act.result))
        if stage.overdue == act.name and (stage.within or stage.until):
            yield Move(act, "clock", counter, act.to, _comes_out(act))
        if act.name in stage.acts and ((stage.calls and stage.calls.then == act.name) or stage.gathers == act.name):
            yield Move(act, "children", counter, act.to, _comes_out(act))
        if act.name in stage.acts and stage.follows and act.name in (stage.follows.then, stage.follows.otherwise):
            yield Move(act, "lead", counter, act.to, bool(act.result))


def _gathering(institution: Institution, moves: Mapping[str, list[Move]]) -> set[str]:
    """The stages at or after which called cases may be gathered by another stage than the one that called them."""
    found = {n for n, s in institution.stages.items() if _gathers(s)}
    leads = {n: {m.goes for m in ms} for n, ms in moves.items()}
    while found and (more := {n for n, goes in leads.items() if n not in found and goes & {*found, "back"}}):
        found |= more
    return found


def _gathers(stage: Stage) -> bool:
    """Whether the stage waits for what others called; one that calls waits for its own, as the kernel does."""
    return stage.gathers is not None and stage.calls is None


def _comes_out(act: Act) -> bool:
    """Whether the act has a result when nobody chooses one: the only one, or what a tally counted."""
    return len(act.result) == (2 if act.does == "tally" else 1)


def _counters(institution: Institution) -> dict[str, int]:
    """The bounded moving acts by name, with the greatest bound that any act of this name has."""
    found: dict[str, int] = {}
    for act in _all(institution):
        if act.to and act.at_most is not None:
            found[act.name] = max(found.get(act.name, 0), act.at_most)
    return found


def _all(institution: Institution) -> list[Act]:
    every = [institution.anywhere, *(s.acts for s in institution.stages.values())]
    return [a for acts in every for a in acts.values()]
