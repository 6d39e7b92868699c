"""What can go wrong on the way: stages nobody reaches, traps, silent ends, loops. Each with its shortest path."""

from __future__ import annotations

from collections import deque

from linli.drafting.check_names import mark_of
from linli.drafting.check_states import Edge, Graph, State
from linli.drafting.codes import found
from linli.drafting.finding import Finding
from linli.kernel.institution import Mark


def check_paths(graph: Graph) -> list[Finding]:
    """The findings over the whole state space of ``graph``."""
    return [*_unreachable(graph), *_never_done(graph), *_enters(graph), *_stuck(graph), *_silent(graph), *_loops(graph)]


def _never_done(graph: Graph) -> list[Finding]:
    """A bounded act whose name is used up elsewhere before any case comes where it stands."""
    done = {(state.stage, edge.act.name) for state, out in graph.edges.items() for edge in out}
    reached = {state.stage for state in graph.edges}
    return [
        found("nobody-can-act", act.mark, f"没有人能做“{act.title.zh}”。", f"Nobody can ever do {act.name}.")
        for stage in graph.institution.stages.values()
        for act in (move.act for move in graph.moves[stage.name])
        if stage.name in reached and act.name in stage.acts and (stage.name, act.name) not in done
        if act.at_most or act.name == stage.gathers
    ]


def _enters(graph: Graph) -> list[Finding]:
    """Entering a stage that lives on a field (units to call, a date) which some way there leaves blank."""
    filled = graph.surely_filled()
    start = next(iter(graph.edges))
    opening = Edge(start, graph.institution.open, graph.institution.open.by[0], start)
    stages = graph.institution.stages
    alive = {s.name for s in stages.values() if s.calls or (s.until and not s.within)}
    edges = [e for out in graph.edges.values() for e in out if e.target.stage in alive]
    ways = [(opening, filled[start]), *((e, filled[e.source] | graph.filled_by(e)) for e in edges)]
    findings: dict[tuple[Mark, str], Finding] = {}
    for edge, known in ways:
        act, stage, source = edge.act, stages[edge.target.stage], stages[edge.source.stage]
        mark = mark_of(act, "to" if edge is not opening and graph.by_itself(source, act) else "needs")
        if stage.calls and stage.calls.for_each not in known:
            field = stage.calls.for_each
            say = (
                f"进入“{stage.title.zh}”时没有填 {field}，不知道吹哨给谁。",
                f"{stage.name} is entered without {field}: there is nobody to call.",
            )
            findings.setdefault((mark, field), found("calls-without-units", mark, *say))
        if stage.until and not stage.within and stage.until not in known:
            say = (
                f"进入“{stage.title.zh}”时没有填 {stage.until}，时限不会开始。",
                f"{stage.name} is entered without {stage.until}: its clock would not start.",
            )
            findings.setdefault((mark, stage.until), found("until-without-date", mark, *say))
    return list(findings.values())


def _unreachable(graph: Graph) -> list[Finding]:
    reached = {state.stage for state in graph.edges}
    return [
        found(
            "unreachable-stage",
            stage.mark,
            f"没有任何动作能走到“{stage.title.zh}”（{stage.name}）。",
            f"No act leads to {stage.name}.",
        )
        for stage in graph.institution.stages.values()
        if stage.name not in reached
    ]


def _stuck(graph: Graph) -> list[Finding]:
    """Traps (nothing surely moves on), and what can move but never reach an end nor a trap already told."""
    ends, stages = graph.ends(), graph.institution.stages
    traps = [s for s, out in graph.edges.items() if not any(map(graph.certain, out)) and not stages[s.stage].end]
    findings = []
    for state in _first_of_each_stage(traps):
        stage = stages[state.stage]
        say = f"到了“{stage.title.zh}”就没有路可走。", f"From {stage.name} nothing leads on."
        findings.append(found("trap", stage.mark, *say, graph.path(state)))
    good = graph.reaching([*ends, *traps], graph.certain)
    lost = [s for s in graph.edges if s not in good]
    if lost:
        stage = stages[lost[0].stage]
        say = f"从“{stage.title.zh}”怎么走都办不结。", f"From {stage.name} no path reaches an end."
        findings.append(found("no-way-to-end", stage.mark, *say, graph.path(lost[0])))
    return findings


def _first_of_each_stage(states: list[State]) -> list[State]:
    found_: dict[str, State] = {}
    for state in states:
        found_.setdefault(state.stage, state)
    return list(found_.values())


def _silent(graph: Graph) -> list[Finding]:
    """Ends reached without an answer, or without a result; once for each act that leads there."""
    findings, told = [], set()
    start = next(iter(graph.edges))
    if graph.institution.stages[start.stage].end and not start.answered:  # what is only noted answers as it opens
        act = graph.institution.open
        say = "一开办就办结，没有答复提出的人。", "The case is closed when it opens; nobody is answered."
        findings.append(found("silent-end", act.marks.get("to", act.mark), *say, graph.path(start)))
    for edge in (e for edges in graph.edges.values() for e in edges):
        end = graph.institution.stages[edge.target.stage]
        fault = "silent-end" if not edge.target.answered else "end-without-result"
        key = (fault, edge.source.stage, edge.act.name)
        if not end.end or key in told or (edge.target.answered and edge.target.resulted):
            continue
        told.add(key)
        raiser = graph.institution.parties.get(graph.institution.raised_by)
        who = raiser.title.zh if raiser else graph.institution.raised_by
        mark = edge.act.marks.get("to", edge.act.mark)
        if not edge.target.answered:
            say = (
                f"办结在“{end.title.zh}”，却没有答复{who}。",
                f"It ends at {end.name} and {graph.institution.raised_by} was never answered.",
            )
            findings.append(found("silent-end", mark, *say, graph.path(edge)))
        else:
            say = f"办结在“{end.title.zh}”，却没有结果。", f"It ends at {end.name} without a result."
            findings.append(found("end-without-result", mark, *say, graph.path(edge)))
    return findings


def _loops(graph: Graph) -> list[Finding]:
    """One finding for each act that leads back: the shortest round trip that it closes."""
    findings, told = [], set()
    looping = _on_cycles(graph)
    stages = {state.stage: [s for s in looping if s.stage == state.stage] for state in looping}
    trips = [t for states in stages.values() for s in states[:50] if (t := _round_trip(graph, s, looping))]
    for trip in sorted((_turned(graph, t) for t in trips), key=len):
        last = trip[-1].act
        if (trip[-1].source.stage, last.name) in told:
            continue
        told.add((trip[-1].source.stage, last.name))
        names = "、".join(dict.fromkeys(graph.institution.stages[e.source.stage].title.zh for e in trip))
        say = f"可以在“{names}”之间无休止地转圈。", f"{' and '.join(e.act.name for e in trip)} may go round for ever."
        findings.append(found("unbounded-loop", last.marks.get("to", last.mark), *say, graph.cycle(trip)))
    return findings


def _turned(graph: Graph, trip: list[Edge]) -> list[Edge]:
    """The round trip begun at the stage that cases reach first, so that its last act is the one that leads back."""
    order = list(dict.fromkeys(state.stage for state in graph.edges))
    first = min(range(len(trip)), key=lambda n: order.index(trip[n].source.stage))
    return [*trip[first:], *trip[:first]]


def _on_cycles(graph: Graph) -> dict[State, None]:
    """The states on cycles and between them, in the order of the walk: what is left when ends are peeled off."""
    left = dict.fromkeys(graph.edges)
    for forward in (True, False):
        if not left:
            break
        degree = dict.fromkeys(left, 0)
        after: dict[State, list[State]] = {state: [] for state in left}
        for edge in (e for s in left for e in graph.edges[s] if e.target in left and graph.endless(e)):
            a, b = (edge.source, edge.target) if forward else (edge.target, edge.source)
            degree[b] += 1
            after[a].append(b)
        queue = deque(s for s, n in degree.items() if n == 0)
        while queue:
            state = queue.popleft()
            del left[state]
            for other in after[state]:
                degree[other] -= 1
                if degree[other] == 0:
                    queue.append(other)
    return left


def _round_trip(graph: Graph, start: State, within: dict[State, None]) -> list[Edge]:
    """The shortest edges from ``start`` back to it, or none."""
    came: dict[State, Edge] = {}
    queue = deque([start])
    while queue:
        state = queue.popleft()
        for edge in filter(graph.endless, graph.edges[state]):
            if edge.target is start:
                trip = [edge]
                while trip[0].source is not start:
                    trip.insert(0, came[trip[0].source])
                return trip
            if edge.target in within and edge.target not in came:
                came[edge.target] = edge
                queue.append(edge.target)
    return []
