"""Separation of duties over the whole life of a case, reopening included; and messages to people who are not there."""

from __future__ import annotations

from collections.abc import Iterator

from linli.drafting.check_names import BY_ITSELF, PlacedAct, acts_of, mark_of, people_of
from linli.drafting.check_states import Edge, Graph, State
from linli.drafting.codes import found
from linli.drafting.finding import Finding
from linli.kernel.institution import Act, Institution, Role


def check_separation(institution: Institution, graph: Graph | None) -> list[Finding]:
    """Who would judge their own work or wish, and who is told although nobody may be there."""
    findings = [*_agrees(institution), *_decides_own(institution), *_nobody_told(institution)]
    return findings + (_verifier_works(graph) if graph else [])


def doers(institution: Institution, act: Act, stage: str) -> set[str]:
    """The roles whose people may do ``act`` at ``stage``; `holder` is the stage's own."""
    holder = institution.stages[stage].holder
    return {(holder or b) if b == "holder" else b for b in act.by} & set(institution.roles)


# --- who verifies did not work


def _verifier_works(graph: Graph) -> list[Finding]:
    """A role that is kept from verifying what it handled (`never: handler`) answers, and later verifies.

    What a role with `never` does is verifying and not work, so its answers would not bar the same person.
    """
    institution = graph.institution
    before = {s.stage for s in graph.edges if not s.answered and not institution.stages[s.stage].end}
    verifying = _verifying(graph, before)
    leading = {name: graph.reaching(list(states)) for name, states in verifying.items()}
    findings, told = [], set()
    edges = (e for s, out in graph.edges.items() if s.stage in before for e in out)
    for edge in [*edges, *_answers_on_the_spot(graph)] if verifying else ():
        works = institution.raised_by in edge.act.answers and edge.source.stage in before
        if not works or edge.by in BY_ITSELF:
            continue
        for name in sorted(doers(institution, edge.act, edge.source.stage) & set(verifying)):
            role = institution.roles[name]
            free = edge.act.name in role.never
            if free or (edge.act.name, name) in told or edge.target not in leading[name]:
                continue
            told.add((edge.act.name, name))
            say = (
                f"{role.title.zh}会核实自己“{edge.act.title.zh}”的结果。",
                f"{name} answers by {edge.act.name} and verifies it later.",
            )
            findings.append(found("verifier-works", mark_of(edge.act, "by"), *say, graph.path(edge._replace(by=name))))
    return findings


def _answers_on_the_spot(graph: Graph) -> Iterator[Edge]:
    """Answers that move nothing: the case stays in the state it is in."""
    institution = graph.institution
    still: dict[str, list[tuple[Act, str]]] = {}
    for stage in (s for s in institution.stages.values() if not s.end):
        acts = [a for a in institution.acts_at(stage.name).values() if institution.raised_by in a.answers and not a.to]
        acts = [a for a in acts if a.at_most != 0]  # nobody ever does it: told as that
        still[stage.name] = [(a, people[0]) for a in acts if (people := people_of(institution, a))]
    for state in graph.edges:
        yield from (Edge(state, act, by, state) for act, by in still.get(state.stage, ()))


def _verifying(graph: Graph, before: set[str]) -> dict[str, set[State]]:
    """Role with `never: handler` → the states after the answer in which it closes the case or sends it back."""
    institution = graph.institution
    edges = [e for s, out in graph.edges.items() if s.stage not in before for e in out]
    reopened = {e.source.stage for e in edges if e.target.stage in before}
    found_: dict[str, set[State]] = {}
    for edge in (e for e in edges if e.source.stage in reopened and _settles(institution, e, before)):
        for name in doers(institution, edge.act, edge.source.stage):
            if "handler" in institution.roles[name].never:
                found_.setdefault(name, set()).add(edge.source)
    return found_


def _settles(institution: Institution, edge: Edge, before: set[str]) -> bool:
    return edge.by not in BY_ITSELF and (edge.target.stage in before or institution.stages[edge.target.stage].end)


# --- who agrees, who decides


def _stages_of(institution: Institution, placed: PlacedAct) -> list[str]:
    open_ = (s for s in institution.stages.values() if not s.end)
    return [s.name for s in open_ if institution.acts_at(s.name).get(placed.act.name) is placed.act]


def _agrees(institution: Institution) -> Iterator[Finding]:
    """Agreement by the role that asks: the kernel keeps out the same person, so it is a colleague's or nobody's."""
    for placed in acts_of(institution):
        act = placed.act
        role = institution.roles.get(act.approves or "")
        asking = (
            {r for stage in _stages_of(institution, placed) for r in doers(institution, act, stage)} if role else set()
        )
        same = sorted(r for r in asking if role and _same(institution.roles[r], role))
        if role and same:
            say = (
                f"“{act.title.zh}”由{institution.roles[same[0]].title.zh}提出，又由同一个职务同意。",
                f"{act.name} is asked for by {same[0]} and agreed to by the same duty.",
            )
            yield found("agrees-with-oneself", mark_of(act, "approves"), *say)


def _same(one: Role, other: Role) -> bool:
    return (one.duty, one.at) == (other.duty, other.at)


def _decides_own(institution: Institution) -> Iterator[Finding]:
    """A request that only staff raise, answered by another role that nothing keeps apart from who raised it.

    A resident's request is outside: whoever works on it did not wish for it. So is what the calendar or a case raises.
    """
    opening = [b for b in institution.open.by if b in institution.roles]
    if not opening or set(institution.open.by) - set(opening):
        return
    told: set[str] = set()
    for placed in (p for p in acts_of(institution) if institution.raised_by in p.act.answers and p.act.result):
        for stage in _stages_of(institution, placed):
            for name in sorted(doers(institution, placed.act, stage) - set(opening) - told):
                role = institution.roles[name]
                if {"open", "handler"} & set(role.never) or any(_same(role, institution.roles[o]) for o in opening):
                    continue
                told.add(name)
                say = (
                    f"兼任{institution.roles[opening[0]].title.zh}和{role.title.zh}的人，能“{placed.act.title.zh}”自己提的事。",
                    f"Somebody who is both {opening[0]} and {name} could do {placed.act.name} on what they raised.",
                )
                yield found("decides-own-request", mark_of(role, "never"), *say)


# --- who is told


def _nobody_told(institution: Institution) -> Iterator[Finding]:
    """A party is bound to a case only as its raiser; and what the calendar opens, no person raised.

    Someone anonymous is no nobody: the case's secret link shows them every message.
    """
    raiser = institution.parties.get(institution.raised_by)
    unraised = "clock" in institution.open.by and raiser is not None and raiser.who == "person"
    for placed in acts_of(institution):
        people = {*placed.act.answers, *placed.act.tells}
        missing = sorted(
            n for n in people & set(institution.parties)
            if (n != institution.raised_by and institution.parties[n].who != "public")
            or (n == institution.raised_by and unraised)
        )  # fmt: skip
        if missing and not people - set(missing):
            say = (
                f"“{placed.act.title.zh}”只告知{institution.parties[missing[0]].title.zh}，可能没有这个人。",
                f"{placed.act.name} tells {missing[0]} alone, who may not exist.",
            )
            yield found("message-to-nobody", mark_of(placed.act, "tells" if placed.act.tells else "answers"), *say)
