"""The worst case: the longest time from report to answer when every holder uses the whole limit.

It is the longest path through the same state space that `check` walks, over the states in which the one who raised the
case has not been answered. Every bounded loop is walked as often as it may be. What nobody can bound beforehand, or
what the reporter is told each time (extensions, pauses, parking), is listed beside it and not summed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from linli.drafting.check_names import acts_of
from linli.drafting.check_states import Edge, Graph, State
from linli.kernel.calendar import SHANGHAI, Calendar
from linli.kernel.clock import Limit, due
from linli.kernel.institution import Act, Institution, Pack, Text

DAYS_PER_WORKING_DAY = 365 / 248
"""For estimates only: a year has about 248 working days; :meth:`WorstCase.ends` counts on the real calendar."""

UNITS = {
    "minute": ("分钟", "minutes"),
    "hour": ("小时", "hours"),
    "day": ("天", "days"),
    "working_day": ("个工作日", "working days"),
    "working_hour": ("个工作小时", "working hours"),
}


@dataclass(frozen=True, slots=True)
class Part:
    """One stay at a stage, for the whole of its limit."""

    stage: str
    limit: Limit


@dataclass(frozen=True, slots=True)
class WorstCase:
    """``days`` is the estimate in natural days. ``rearms`` names the stages where the clock presses but moves nothing:

    there each stay is counted as one limit, and the answer may come later still. ``plus`` is what comes on top.
    """

    institution: str
    parts: tuple[Part, ...]
    path: tuple[str, ...]
    days: float
    rearms: tuple[str, ...]
    plus: tuple[Text, ...]

    def total(self) -> dict[str, int]:
        """The plain sum by unit, such as {"hour": 24, "working_day": 42}."""
        units: dict[str, int] = {}
        for part in self.parts:
            units[part.limit.unit] = units.get(part.limit.unit, 0) + part.limit.amount
        return units

    def ends(self, calendars: Mapping[str, Calendar], start: datetime) -> datetime:
        """When the answer is due at the latest for a case opened at ``start`` (aware). Raises CalendarGap."""
        at = start.astimezone(SHANGHAI)
        for part in self.parts:
            at = due(part.limit, at, calendars[part.limit.calendar])
        return at

    def words(self, lang: str) -> str:
        """The sum in words: ``24 小时 + 68 个工作日（约 101 天）``."""
        index = 0 if lang.startswith("zh") else 1
        amounts = " + ".join(f"{n} {UNITS[unit][index]}" for unit, n in self.total().items())
        return f"{amounts}（约 {self.days:.0f} 天）" if index == 0 else f"{amounts} (about {self.days:.0f} days)"

    def as_json(self) -> dict[str, object]:
        """Plain values for ``--json``."""
        return {
            "institution": self.institution,
            "total": self.total(),
            "days": round(self.days, 1),
            "path": list(self.path),
            "rearms": list(self.rearms),
            "plus": [{"zh": t.zh, "en": t.en} for t in self.plus],
        }


class _Unanswered(Graph):
    """The states in which an answer is still owed, and the first ones after it: all that the longest way can touch.

    `check` walks on behind the answer, where bounds multiply so that it may stop counting them one by one.
    """

    def _out(self, state: State) -> list[Edge]:
        return [] if state.answered else super()._out(state)


def worst_case(pack: Pack, institution: Institution, on: date | None = None) -> WorstCase | None:
    """The worst case with the limits in force on the day ``on`` (without: the newest).

    None when there is none to state: a loop without a bound, no path to an answer, or more ways than can be walked to
    their full number of rounds. Raises TooManyStates, and LookupError when a limit has no value on that day.
    """
    graph = _Unanswered(institution)
    if not graph.exact:
        return None
    limits = {s.name: _limit(pack, s.within, on) for s in institution.stages.values() if s.within and not s.end}
    costs = {name: days(limit, pack.calendars) for name, limit in limits.items()}
    chosen = _longest(graph, costs)
    if chosen is None:
        return None
    state: State | None = next(iter(graph.edges))
    edges = []
    while state is not None and state in chosen:
        edge = chosen[state]
        edges.append(edge)
        state = edge.target
    parts = tuple(Part(e.source.stage, limits[e.source.stage]) for e in edges if e.source.stage in limits)
    stays = dict.fromkeys(p.stage for p in parts)
    return WorstCase(
        institution.name,
        parts,
        _path(graph, edges),
        sum(days(p.limit, pack.calendars) for p in parts),
        tuple(s for s in stays if _rearms(graph, s)),
        tuple(_plus(pack, institution, on)),
    )


def days(limit: Limit, calendars: Mapping[str, Calendar]) -> float:
    """A limit as natural days, estimated."""
    if limit.unit in ("minute", "hour"):
        return limit.amount / (1440 if limit.unit == "minute" else 24)
    if limit.unit == "day":
        return float(limit.amount)
    if limit.unit == "working_day":
        return limit.amount * DAYS_PER_WORKING_DAY
    open_hours = sum(end - start for start, end in calendars[limit.calendar].spans) / 3_600_000_000
    return limit.amount / open_hours * DAYS_PER_WORKING_DAY


def _limit(pack: Pack, parameter: str, on: date | None) -> Limit:
    """The longest that any kind of case may get on the day ``on``, or on the last day something changed."""
    every = pack.parameters[parameter]
    day = on or max(v.from_ for v in every)
    pack.dated(parameter, day)  # LookupError names the gap
    limits = [v.limit for v in every if v.from_ <= day and (v.to is None or day <= v.to)]
    return max(limits, key=lambda limit: days(limit, pack.calendars))


def _longest(graph: Graph, costs: Mapping[str, float]) -> dict[State, Edge] | None:
    """For each unanswered state the edge on its longest way to the answer; None when the way has no bound or goal.

    Stages timed by a date (parking) are left out. A depth-first walk in which a state is settled after its targets.
    """
    stages = graph.institution.stages
    value: dict[State, float] = {}
    best: dict[State, Edge] = {}
    entered: set[State] = set()
    start = next(iter(graph.edges))
    stack: list[tuple[State, bool]] = [(start, False)]
    while stack:
        state, settled = stack.pop()
        edges = [e for e in graph.edges[state] if stages[e.target.stage].within or stages[e.target.stage].end]
        onward = [e.target for e in edges if not e.target.answered and not stages[e.target.stage].end]
        if not settled:
            if state in value:
                continue
            entered.add(state)
            stack.append((state, True))
            if any(t in entered and t not in value for t in onward):
                return None
            stack += [(t, False) for t in onward if t not in value]
            continue
        _settle(graph, state, edges, costs, value, best)
    return best if start in best else None


def _settle(
    graph: Graph,
    state: State,
    edges: list[Edge],
    costs: Mapping[str, float],
    value: dict[State, float],
    best: dict[State, Edge],
) -> None:
    """Ways that never come to an answer (they are findings) have no value, so they are never the longest."""
    longest = float("-inf")
    overdue = graph.institution.stages[state.stage].overdue
    for edge in edges:
        after = 0.0 if edge.target.answered else value.get(edge.target, float("-inf"))
        # Of two equally long ways the one on which nobody acts: it is the one that uses the whole limit.
        if after > longest or (after == longest > float("-inf") and edge.act.name == overdue):
            longest, best[state] = after, edge
    value[state] = longest + costs.get(state.stage, 0.0)


def _path(graph: Graph, edges: list[Edge]) -> tuple[str, ...]:
    words = [f"open by {graph.institution.open.by[0]}"]
    for edge in edges:
        stage = graph.institution.stages[edge.source.stage]
        silent = edge._replace(by="clock") if stage.overdue == edge.act.name else edge
        words += [graph.stage_words(stage.name), graph.say(silent)]
    return tuple(words)


def _rearms(graph: Graph, stage: str) -> bool:
    spec = graph.institution.stages[stage]
    act = graph.institution.acts_at(stage).get(spec.overdue or "")
    return act is None or act.to is None


def _plus(pack: Pack, institution: Institution, on: date | None) -> list[Text]:
    found: list[Text] = []
    for placed in acts_of(institution):
        act = placed.act
        target = institution.stages.get(act.to or "")
        if act.does == "pause" and act.within:
            limit = _limit(pack, act.within, on)
            zh, en = (f"{limit.amount} {UNITS[limit.unit][i]}" for i in (0, 1))
            found.append(_extra(act, f"每次 {zh}", f"{en} each"))
        elif act.does == "extend":
            found.append(_extra(act, "延到新定的日期", "to a new date"))
        elif target and target.until and not target.within:
            field = institution.fields[target.until].title
            zh, en = f"等到“{field.zh}”那天，之后重新计时", f"until “{field.en}”, then the stage's time starts anew"
            found.append(_extra(act, zh, en))
    return found


def _extra(act: Act, zh: str, en: str) -> Text:
    """What an act adds, led by how often it may be done where that is bounded."""
    times = act.at_most
    if times is None:
        return Text(f"{act.title.zh}：{zh}", f"{act.title.en}: {en}")
    often = "once" if times == 1 else "twice" if times == 2 else f"{times} times"
    return Text(f"{act.title.zh}：最多 {times} 次，{zh}", f"{act.title.en}: at most {often}, {en}")
