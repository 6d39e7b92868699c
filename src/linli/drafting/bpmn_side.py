"""What runs beside the main flow, as event subprocesses: ways out at any time, stages apart, promise clocks."""

from __future__ import annotations

from collections.abc import Callable

from linli.drafting.bpmn_parts import Flow, Group, Node, ident
from linli.drafting.bpmn_words import Speech
from linli.drafting.clock_words import waited_for
from linli.drafting.words import SYSTEM
from linli.kernel.institution import Act, Institution


def side_stages(institution: Institution) -> list[str]:
    """Stages that only acts of `anywhere` reach, and that lead nowhere but back or to an end."""
    stages = institution.stages
    goals = {a.to for a in institution.anywhere.values() if a.to and a.to in stages}
    candidates = {n for n in goals if not stages[n].end and _leads_back(institution, n)}
    while True:
        reached = _main(institution, candidates)
        apart = {n for n in candidates if n not in reached}
        if apart == candidates:
            return [n for n in stages if n in apart]
        candidates = apart


def _leads_back(institution: Institution, name: str) -> bool:
    stage = institution.stages[name]
    goals = {a.to for a in institution.acts_at(name).values()} - {None, "back", name}
    waits = stage.calls or stage.follows or stage.gathers  # messages of other cases arrive in the main flow
    return waits is None and all(g in institution.stages and institution.stages[g].end for g in goals if g)


def _main(institution: Institution, apart: set[str]) -> set[str]:
    """Stages a case reaches without entering one of ``apart`` by an act of `anywhere`."""
    found, todo = set(), [institution.open.to or ""]
    while todo:
        name = todo.pop()
        if name in found or name not in institution.stages:
            continue
        found.add(name)
        stage = institution.stages[name]
        late = institution.acts_at(name).get(stage.overdue or "")
        todo += [a.to or "" for a in stage.acts.values()] + [late.to or "" if late else ""]
        todo += [a.to or "" for a in institution.acts_at(name).values() if a.to not in apart]
    return found


class Side:
    """Builds the groups; ``lane_of`` gives the lane of a role or party."""

    def __init__(self, speech: Speech, lane_of: Callable[[str | None], str]) -> None:
        self.speech, self.lane_of, self.institution = speech, lane_of, speech.institution

    def group(self, name: str, title: str, lane: str) -> Group:
        """An empty event subprocess."""
        return Group(Node(ident(name), "subProcess", title, lane, slot="inner"), [], [])

    def add(self, group: Group, node: Node, *, after: Node | None = None) -> Node:
        """Put a node into the group, with a flow from ``after``."""
        node.slot = "edge" if node.kind == "boundaryEvent" else "inner"
        group.nodes.append(node)
        if after:
            self.join(group, after, node)
        return node

    def join(self, group: Group, source: Node, target: Node, acts: tuple[Act, ...] = (), title: str = "") -> None:
        """A flow inside the group."""
        number = len(group.flows) + 1
        flow = Flow(f"{group.node.id}_flow_{number}", source, target, title, tuple(a.name for a in acts))
        group.flows.append(flow)

    def way_out(self, act: Act) -> Group:
        """An act of `anywhere` that ends the case: whatever runs is interrupted."""
        people = [r for r in act.by if r not in SYSTEM]
        lane = self.lane_of(people[0] if people and people[0] != "holder" else self.institution.raised_by)
        group = self.group(f"anytime_{ident(act.name)}", self.speech.say(lambda w: w.say("随时", "At any time")), lane)
        group.node.docs = self.speech.told([act])
        start = self.add(group, _start(group, self.speech.act(act), lane))
        end = Node(f"{group.node.id}_end", "endEvent", self.speech.stage(act.to or ""), lane)
        self.add(group, end, after=start)
        return group

    def promise(self, name: str) -> Group:
        """A clock over several stages: it tells when it is broken, and the case goes on."""
        w, clock = self.speech.words, self.institution.clocks[name]
        lane = self.lane_of(self.institution.raised_by)
        group = self.group(f"clock_{ident(name)}", clock.title.in_(w.lang), lane)
        start = self.add(group, _start(group, self.speech.promise(clock), lane))
        start.event, start.interrupting = "timer", False
        self.speech.set_time(start, clock.limit)
        told = w.join(w.title(r) for r in clock.tells)
        zh, en = ("期满", "over") if waited_for(self.institution, clock) else ("没有兑现", "broken")
        title = w.say(f"{zh}，告知{told}" if told else f"{zh}，计数", f"{en}: tell {told}" if told else en)
        end = self.add(group, Node(f"{group.node.id}_end", "endEvent", title, lane), after=start)
        end.event = "message"
        return group

    def stage(self, name: str) -> Group:
        """A stage apart, with its timer, and ways back or to an end."""
        stage, speech = self.institution.stages[name], self.speech
        lane = self.lane_of(stage.holder)
        entered = [a for a in self.institution.anywhere.values() if a.to == name]
        who = speech.say(lambda w: w.join((w.title(r) for a in entered for r in a.by if r not in SYSTEM), "or"))
        group = self.group(ident("apart", name), speech.stage(name), lane)
        group.node.docs = speech.told(entered)
        titles = " / ".join(speech.act(a) for a in entered)
        start = self.add(group, _start(group, speech.say(lambda w: f"{titles}\n{who}"), lane))
        start.interrupting = False
        task = self.add(group, Node(ident("stage", name), "userTask", speech.stage(name), lane), after=start)
        task.docs = speech.chapter(name)
        ends = self._ways(group, task, name)
        self._timer(group, task, name, ends)
        return group

    def _ways(self, group: Group, task: Node, name: str) -> dict[str, Node]:
        """The goals of the stage's acts as end events, behind a gateway when people may choose among several."""
        stage, chosen = self.institution.stages[name], dict[str, list[Act]]()
        late: set[str] = set()
        for act in stage.acts.values():
            if act.to and any(r not in SYSTEM for r in act.by):
                chosen.setdefault(act.to, []).append(act)
            elif act.to:
                late.add(act.to)
        overdue = self._overdue(name)
        late |= {overdue.to} if overdue and overdue.to else set()
        source = task
        if len(chosen) > 1:
            source = self.add(group, Node(ident("choice", name), "exclusiveGateway", "", task.lane), after=task)
        ends = {}
        for goal in dict.fromkeys([*chosen, *sorted(late)]):
            title = self.speech.words.leads_to(next(a for a in self.institution.acts_at(name).values() if a.to == goal))
            ends[goal] = self.add(group, Node(ident(group.node.id, "to", goal), "endEvent", title, task.lane))
            acts = tuple(chosen.get(goal, ()))
            if acts:
                self.join(group, source, ends[goal], acts, " / ".join(self.speech.button(a, stage) for a in acts))
        return ends

    def _overdue(self, name: str) -> Act | None:
        return self.institution.acts_at(name).get(self.institution.stages[name].overdue or "")

    def _timer(self, group: Group, task: Node, name: str, ends: dict[str, Node]) -> None:
        stage = self.institution.stages[name]
        if not stage.within and not stage.until:
            return
        act = self._overdue(name)
        title = self.speech.timer(stage, act if act and act.to in ends else None)
        timer = Node(ident("timer", name), "boundaryEvent", title, task.lane, event="timer")
        timer.on, timer.side = task, "bottom"
        self.add(group, timer)
        self.speech.set_time(timer, stage.within, stage.until)
        if act and act.to in ends:
            self.join(group, timer, ends[act.to], (act,))
            return
        timer.interrupting = False
        if act:
            told = Node(ident("told", name), "endEvent", self.speech.act(act), task.lane, event="message", on=timer)
            self.add(group, told, after=timer)
            told.slot = "under"


def _start(group: Group, title: str, lane: str) -> Node:
    return Node(f"{group.node.id}_start", "startEvent", title, lane, event="message")


def groups(side: Side, apart: list[str]) -> list[Group]:
    """Every event subprocess: promises, stages apart, then the ways out."""
    institution = side.institution
    found = [side.promise(n) for n in institution.clocks] + [side.stage(n) for n in apart]
    ends = {n for n, s in institution.stages.items() if s.end}
    return found + [side.way_out(a) for a in institution.anywhere.values() if a.to in ends]
