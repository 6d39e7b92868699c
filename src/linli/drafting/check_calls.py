"""Called units: can the child case open, does it take what is handed down, and does it ever come back."""

from __future__ import annotations

from collections.abc import Iterator

from linli.drafting.check_names import mark_of, people_of
from linli.drafting.check_states import Graph
from linli.drafting.codes import found
from linli.drafting.finding import Finding
from linli.kernel.institution import FIELD_CLASSES, Calls, Institution, Pack, Stage


def check_calls(pack: Pack, institution: Institution, graphs: dict[str, Graph]) -> list[Finding]:
    """``graphs`` are those of the institutions that could be walked."""
    findings: list[Finding] = []
    for stage in institution.stages.values():
        if stage.calls:
            findings += _then(stage, stage.calls)
            child = pack.institutions.get(stage.calls.institution)
            if child:
                findings += _opens(institution, stage, stage.calls, child)
                findings += _passes(institution, stage.calls, child)
                findings += _joins(pack, institution, stage.calls, graphs)
                findings += _waits(institution, stage, child, graphs.get(child.name))
    if institution.name in graphs:
        findings += _again(graphs[institution.name])
    return findings


def _then(stage: Stage, calls: Calls) -> Iterator[Finding]:
    act = stage.acts.get(calls.then)
    if act is None or "children" not in act.by or len(act.result) > 1:
        say = (
            f"各单位办结后要做的 {calls.then} 在“{stage.title.zh}”里做不了。",
            f"{calls.then} cannot take over at {stage.name} when the units are done.",
        )
        yield found("calls-then-missing", mark_of(calls, "then"), *say)


def _opens(institution: Institution, stage: Stage, calls: Calls, child: Institution) -> Iterator[Finding]:
    raiser = child.parties.get(child.raised_by)
    if raiser is None or raiser.who != "case" or child.raised_by not in child.open.by:
        say = f"{child.name} 不能由别的事项提出。", f"{child.name} cannot be raised by another case."
        yield found("call-cannot-open", mark_of(calls, "institution"), *say)
    line = child.fields.get(calls.fills or "")
    lines = institution.fields[calls.for_each].type == "items"
    if lines != (calls.fills is not None) or (
        lines and (line is None or line.type != "text" or not _takes(child, line.name))
    ):
        say = (
            f"{calls.for_each} 的每一行要填进 {child.name} 开办时的一个文字字段（fills）。",
            f"Each line of {calls.for_each} fills a text field of {child.name}'s opening (`fills`).",
        )
        yield found("call-cannot-open", mark_of(calls, "fills"), *say)
    entering = [
        a for s in institution.stages.values() for a in institution.acts_at(s.name).values() if a.to == stage.name
    ]
    for name in (n for n in child.open.needs if n != calls.fills):  # a line of the list fills that one
        filled = name in institution.open.needs or (entering and all(name in a.needs for a in entering))
        if name not in calls.passes or not filled:
            say = (
                f"{child.name} 开办要填 {name}，这里不一定有。",
                f"{child.name} needs {name} to open; it may be missing.",
            )
            yield found("call-cannot-open", mark_of(calls, "passes"), *say)


def _takes(child: Institution, name: str) -> bool:
    return name in (*child.open.needs, *child.open.may)


def _again(graph: Graph) -> Iterator[Finding]:
    """Coming `back` into a stage that calls would call all units once more."""
    stages, told = graph.institution.stages, set()
    for edge in (e for out in graph.edges.values() for e in out):
        target = stages[edge.target.stage]
        if edge.act.to == "back" and target.calls and (edge.act.name, target.name) not in told:
            told.add((edge.act.name, target.name))
            say = (
                f"“{edge.act.title.zh}”回到“{target.title.zh}”，各单位又被吹哨一次。",
                f"{edge.act.name} returns to {target.name} and calls the units again.",
            )
            yield found("back-calls-again", mark_of(edge.act, "to"), *say, graph.path(edge))


def _waits(institution: Institution, stage: Stage, child: Institution, graph: Graph | None) -> Iterator[Finding]:
    """Nobody but the children leads out of the stage, and a child may be left lying where its clock moves nothing."""
    act = institution.acts_at(stage.name).get(stage.overdue or "")
    by_hand = [a for a in institution.acts_at(stage.name).values() if a.to and people_of(institution, a)]
    if graph is None or (act and act.to) or by_hand:
        return
    for state in graph.edges:
        there = child.stages[state.stage]
        press = child.acts_at(there.name).get(there.overdue or "")
        if not there.end and press and not press.to:
            say = (
                f"“{stage.title.zh}”只能等 {child.name}，它在“{there.title.zh}”可以一直放着。",
                f"{stage.name} can only wait for {child.name}, which may lie at {there.name} for ever.",
            )
            yield found("waits-without-end", mark_of(stage, "calls"), *say)
            return


def _passes(institution: Institution, calls: Calls, child: Institution) -> Iterator[Finding]:
    for name in calls.passes:
        mine, theirs = institution.fields.get(name), child.fields.get(name)
        if mine is None:
            continue
        if theirs is None or name not in (*child.open.needs, *child.open.may) or theirs.type != mine.type:
            say = (
                f"{child.name} 开办时不收 {name}（{mine.type}）。",
                f"{child.name} does not take {name} ({mine.type}).",
            )
            yield found("passes-not-taken", mark_of(calls, "passes"), *say)
        elif FIELD_CLASSES.index(theirs.class_) < FIELD_CLASSES.index(mine.class_) and mine.class_ != "party":
            say = (
                f"{name} 在这里是 {mine.class_}，到了 {child.name} 是 {theirs.class_}。",
                f"{name} is {mine.class_} here and {theirs.class_} in {child.name}.",
            )
            yield found("passed-field-opens-up", mark_of(calls, "passes"), *say)


def _joins(pack: Pack, institution: Institution, calls: Calls, graphs: dict[str, Graph]) -> Iterator[Finding]:
    way = _way_back(pack, calls.institution, institution.name)
    if way:
        words = (institution.name, *way)
        say = (
            f"{'、'.join(words)} 互相等待，谁也办不结。",
            f"{', '.join(words)} wait for each other.",
        )
        yield found("join-never", mark_of(calls, "institution"), *say, words)
    graph = graphs.get(calls.institution)
    if graph and not graph.ends():
        say = f"{calls.institution} 永远办不结。", f"{calls.institution} never ends."
        yield found("join-never", mark_of(calls, "institution"), *say)


def _way_back(pack: Pack, start: str, goal: str) -> tuple[str, ...]:
    """The shortest chain of calls from ``start`` to ``goal``; empty when there is none."""
    ways: list[tuple[str, ...]] = [(start,)]
    seen = {start}
    for way in ways:
        if way[-1] == goal:
            return way
        of = pack.institutions.get(way[-1])
        for stage in of.stages.values() if of else ():
            if stage.calls and stage.calls.institution not in seen:
                seen.add(stage.calls.institution)
                ways.append((*way, stage.calls.institution))
    return ()
