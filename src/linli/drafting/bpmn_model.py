"""An institution as BPMN nodes and flows: which element stands for what. No geometry, no XML.

========================= ===========================================================================================
in the pack               in BPMN
========================= ===========================================================================================
party, role               a lane
opening                   the start event, in the lane of the party who raises; with `every` started by a timer
stage                     a user task in its holder's lane; an end event where a case is closed
stage that `calls`        a parallel multi-instance call activity; its other acts are interrupting message events on it
stage that `follows`      a user task; the other case's outcome is an interrupting message event on it, as `gathers` is
act of the holder         a flow out of the exclusive gateway behind the task, acts with one goal sharing one flow
act of somebody else      a user task in that person's lane, behind the same gateway
`when` of an act          part of the condition of its flow, and a line in a note
meeting, ballot, score    the stage's user task: rules in its documentation, the quorum in a note
`within`, `until`         a boundary timer: interrupting when the overdue act moves the case, else not
promise clock             an event subprocess that does not interrupt, started by its timer
act of `anywhere`         to an end: an interrupting event subprocess; to a stage that only such acts reach, and that
                          leads back: an event subprocess that does not interrupt, holding that stage; to a stage of
                          the main flow: a flow from each stage that allows it; staying: a line in a note
========================= ===========================================================================================

Acts that stay in their stage, and who is told, are in the documentation: drawn, they would hide the way.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from linli.drafting.bpmn_notes import notes
from linli.drafting.bpmn_parts import Docs, Drawing, Flow, Group, Kind, Lane, Node, ident, process_id
from linli.drafting.bpmn_side import Side, groups, side_stages
from linli.drafting.bpmn_words import Speech
from linli.drafting.condition_words import python
from linli.drafting.table import walk
from linli.drafting.words import SYSTEM
from linli.kernel.institution import Act, Institution, Pack, Stage


def model(pack: Pack, institution: Institution, lang: str, on: date | None) -> Drawing:
    """The drawing of ``institution`` without coordinates; ``on`` chooses the limits, None the newest."""
    return _Building(Speech(pack, institution, lang, on)).drawing()


class _Building:
    def __init__(self, speech: Speech) -> None:
        self.speech, self.institution = speech, speech.institution
        self.side = side_stages(self.institution)
        order = [n for n in walk(self.institution) if n not in self.side]
        self.main = [n for n in order if not self.institution.stages[n].end]
        self.ends = [n for n in order if self.institution.stages[n].end]
        self.lanes: dict[str, Lane] = {}
        self.nodes: list[Node] = []
        self.flows: list[Flow] = []
        self.entry: dict[str, Node] = {}

    def drawing(self) -> Drawing:
        """Everything, in reading order."""
        for name in (*self.institution.parties, *self.institution.roles):
            self._lane(name)
        for column, name in enumerate(self.main):
            self.entry[name] = self._entry(name, column)
        for name in self.ends:  # in the lane of nobody until a flow arrives
            self.entry[name] = self._node("endEvent", ("end", name), self.speech.stage(name), "", len(self.main))
            self.entry[name].slot, self.entry[name].docs = "end", self.speech.chapter(name)
        self._start()
        for name in self.main:
            self._leave(name)
        self._settle_ends()
        side = Side(self.speech, self.lane_of)
        found: list[Group] = groups(side, self.side)
        title = self.speech.say(lambda w: self.institution.title.in_(w.lang))
        return Drawing(
            process_id(self.institution.name), title, self.speech.about(), list(self.lanes.values()),
            self.nodes, self.flows, found, notes(self.speech),
        )  # fmt: skip

    def lane_of(self, name: str | None) -> str:
        """The id of the lane of a role or party; whoever is unknown stands in the system's lane."""
        known = name in self.institution.parties or name in self.institution.roles
        return self._lane(name if name and known else "system").id

    def _lane(self, name: str) -> Lane:
        if name not in self.lanes:
            docs = self.speech.docs(lambda w: w.title(name) if name != "system" else w.say("系统", "System"))
            title = docs.zh if self.speech.words.zh else docs.en
            self.lanes[name] = Lane(ident("lane", name), name, title, docs)
        return self.lanes[name]

    def _node(self, kind: Kind, name: Iterable[str], title: str, lane: str, column: int) -> Node:
        node = Node(ident(*name), kind, title, lane, column)
        self.nodes.append(node)
        return node

    def _start(self) -> None:
        act, speech = self.institution.open, self.speech
        start = self._node("startEvent", ("start",), speech.act(act), self.lane_of(self.institution.raised_by), -1)
        start.slot, start.docs = "start", speech.chapter(None)
        if self.institution.every:
            speech.set_cycle(start, self.institution.every)
        first = act.to if act.to in self.entry else next(iter(self.main), None)
        if first:
            self._flow(start, self.entry[first])

    def _entry(self, name: str, column: int) -> Node:
        stage = self.institution.stages[name]
        kind: Kind = "callActivity" if stage.calls else "userTask"
        node = self._node(kind, ("stage", name), self.speech.stage(name), self.lane_of(stage.holder), column)
        node.docs = self.speech.chapter(name)
        if stage.calls:
            node.calls, node.each = process_id(stage.calls.institution), stage.calls.for_each
            node.any_one = stage.calls.join == "any_ended"
        return node

    def _flow(self, source: Node, target: Node, acts: Iterable[Act] = (), *, at: Stage | None = None) -> Flow:
        found = list(acts)
        flow = Flow(f"flow_{len(self.flows) + 1}", source, target, acts=tuple(a.name for a in found))
        flow.guards = tuple(python(a.when) if a.when else "" for a in found)
        flow.docs = self.speech.told(found) if found else Docs()
        if at:  # the words on the flow; without it the goal, or the event it leaves, says enough
            flow.title = " / ".join(self.speech.button(a, at) for a in found)
        self.flows.append(flow)
        return flow

    # --- out of a stage

    def _goals(self, name: str, act: Act) -> list[Node]:
        """Where the act leads from the stage: nowhere, one node, or for `back` every stage it may have come from."""
        if act.to == "back":
            origins = [o for o in self.main if o != name and any(a.to == name for a in self._acts(o).values())]
            return [self.entry[o] for o in origins]
        return [self.entry[act.to]] if act.to in self.entry else []

    def _acts(self, name: str) -> dict[str, Act]:
        """The stage's own acts, and the acts of `anywhere` drawn as flows: those that lead to the main flow."""
        own = self.institution.stages[name].acts
        drawn = {n: a for n, a in self.institution.acts_at(name).items() if n not in own and a.to in self.main}
        return {**own, **drawn}

    def _leave(self, name: str) -> None:
        stage, node = self.institution.stages[name], self.entry[name]
        by_people = [a for a in self._acts(name).values() if any(r not in SYSTEM for r in a.by)]
        if stage.calls:
            self._leave_call(name, stage, node, by_people)
        else:
            self._leave_task(name, stage, node, by_people)
            self._by_others(name, stage, node)
        self._timer(name, stage, node)

    def _by_others(self, name: str, stage: Stage, node: Node) -> None:
        """Messages from other cases: the one that is followed came out, units called before have all ended."""
        awaited = [stage.gathers, *((stage.follows.then, stage.follows.otherwise) if stage.follows else ())]
        for act in (stage.acts[n] for n in dict.fromkeys(awaited) if n in stage.acts):
            goals = self._goals(name, act)
            if goals and not any(r not in SYSTEM for r in act.by):  # people's acts are drawn as theirs
                event = self._event(node, ("on", name, act.name), "message", self.speech.act(act))
                event.docs = self.speech.told([act])
                self._away(event, goals, [act])

    def _leave_call(self, name: str, stage: Stage, node: Node, by_people: list[Act]) -> None:
        gathered = stage.acts.get(stage.calls.then) if stage.calls else None
        goals = self._goals(name, gathered) if gathered else []
        if gathered and goals:
            self._branch(name, node, {goal: [gathered] for goal in goals}, [])
        for act in by_people:
            goals = self._goals(name, act)
            if act is gathered or not goals:
                continue
            event = self._event(node, ("on", name, act.name), "message", self.speech.button(act, stage))
            event.docs = self.speech.told([act])
            self._away(event, goals, [act])

    def _leave_task(self, name: str, stage: Stage, node: Node, by_people: list[Act]) -> None:
        choices: dict[Node, list[Act]] = {}
        tasks: list[tuple[Act, Node]] = []
        for act in by_people:
            goals, who = self._goals(name, act), [r for r in act.by if r not in SYSTEM]
            mine = "holder" in who or stage.holder in who
            if len(goals) == 1 and not mine:
                task = self._node(
                    "userTask", ("act", name, act.name), self.speech.act(act), self.lane_of(who[0]), node.column
                )
                task.slot = "act"
                task.docs = self.speech.told([act])
                tasks.append((act, task))
                self._flow(task, goals[0])
            else:
                for goal in goals:
                    choices.setdefault(goal, []).append(act)
        self._branch(name, node, choices, tasks)

    def _branch(self, name: str, node: Node, choices: dict[Node, list[Act]], tasks: list[tuple[Act, Node]]) -> None:
        """The ways out of a node, behind a gateway when there are several."""
        source = node
        if len(choices) + len(tasks) > 1:
            source = self._node("exclusiveGateway", ("choice", name), "", node.lane, node.column)
            source.slot = "gate"
            self._flow(node, source)
        for goal, acts in choices.items():
            self._flow(source, goal, acts, at=self.institution.stages[name])
        for act, task in tasks:
            self._flow(source, task, [act])

    def _timer(self, name: str, stage: Stage, node: Node) -> None:
        if not stage.within and not stage.until:
            return
        act = self._acts(name).get(stage.overdue or "") or self.institution.anywhere.get(stage.overdue or "")
        timer = self._event(node, ("timer", name), "timer", "")
        self.speech.set_time(timer, stage.within, stage.until)
        goals = self._goals(name, act) if act else []
        timer.title = self.speech.timer(stage, act if goals else None)
        if goals and act:
            self._away(timer, goals, [act])
            return
        timer.interrupting = False
        if act:  # told, counted, and the stage goes on
            told = self._node("endEvent", ("told", name), self.speech.act(act), node.lane, node.column)
            told.slot, told.event, told.on = "under", "message", timer
            told.docs = self.speech.told([act])
            self._flow(timer, told)

    def _event(self, on: Node, name: Iterable[str], event: str, title: str) -> Node:
        found = self._node("boundaryEvent", name, title, on.lane, on.column)
        found.slot, found.on, found.event = "edge", on, "timer" if event == "timer" else "message"
        return found

    def _away(self, event: Node, goals: list[Node], acts: list[Act]) -> None:
        """From a boundary event to its goal; where `back` has several, a gateway below the event chooses."""
        if len(goals) == 1:
            self._flow(event, goals[0], acts)
            return
        fork = self._node("exclusiveGateway", ("back", event.id), "", event.lane, event.column)
        fork.slot, fork.on = "under", event
        fork.docs = self.speech.docs(lambda w: w.say("回到原来的环节", "Back to where it was"))
        self._flow(event, fork)
        for goal in goals:
            self._flow(fork, goal, acts)

    def _settle_ends(self) -> None:
        """Put each end in a lane that leads to it, the raiser's first; drop ends that only event subprocesses reach."""
        raiser = self.lane_of(self.institution.raised_by)
        for name in self.ends:
            node = self.entry[name]
            lanes = [f.source.lane for f in self.flows if f.target is node]
            if lanes:
                node.lane = raiser if raiser in lanes else lanes[0]
            elif any(a.to == name for a in self.institution.anywhere.values()):
                self.nodes.remove(node)
            else:
                node.lane = raiser
