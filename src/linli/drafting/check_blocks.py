"""The typed blocks of a stage: what each needs to work at all, and what must not get around it (red line 7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

from linli.drafting.check_names import BY_ITSELF, acts_of, mark_of, people_of
from linli.drafting.check_states import Graph
from linli.drafting.codes import found
from linli.drafting.finding import Finding
from linli.kernel.blocks import MONEY
from linli.kernel.institution import Act, Ballot, Institution, Meeting, Score, Stage

BLOCK_OF = {
    "vote": "ballot", "tally": "ballot", "rate": "score", "score": "score", "reserve": "slot",
    "pledge": "funding", "receive": "funding", "spend": "funding",
}  # fmt: skip
"""The block without which an act of this kind does nothing."""
WANTS = {
    "ballot": (("vote",), ("tally",)),
    "score": (("rate",), ("score",)),
    "slot": (("reserve",),),
    "funding": (tuple(MONEY),),
}
"""What must be possible at a stage with a block: one act of each group."""
FILLED = {
    "vote": ("choice",), "reserve": ("place", "start", "end"),
    **dict.fromkeys(MONEY, ("amount", "who")),
}  # fmt: skip
"""The fields of its block that an act takes; money may be noted without who gave it."""


def check_blocks(institution: Institution, graph: Graph | None) -> list[Finding]:
    """Every block of every stage, and acts that work with a block that is not there."""
    findings: list[Finding] = []
    for stage in (s for s in institution.stages.values() if not s.end):
        acts = list(institution.acts_at(stage.name).values())
        findings += [*_missing(stage, acts), *_astray(institution, stage, acts), *_filled(stage, acts)]
        if stage.ballot:
            findings += _ballot(institution, stage, stage.ballot, acts, graph)
        if stage.meeting:
            findings += _meeting(institution, stage, stage.meeting, acts, graph)
        if stage.score:
            findings += [
                *_weights(stage.score),
                *_ratings(institution, stage.score, acts),
                *_grades(institution, stage.score),
            ]
        if stage.publish:
            findings += _publish(institution, stage)
    findings += _unreceived(graph) if graph else ()
    return list(dict.fromkeys(findings))


def _missing(stage: Stage, acts: list[Act]) -> Iterator[Finding]:
    for block, groups in WANTS.items():
        thing = getattr(stage, block)
        for group in groups if thing else ():
            if not any(a.does in group for a in acts):
                what = " / ".join(group)
                say = f"“{stage.title.zh}”没有 does: {what} 的动作。", f"No act of {stage.name} does {what}."
                yield found("block-without-act", mark_of(stage, block), *say)


def _astray(institution: Institution, stage: Stage, acts: list[Act]) -> Iterator[Finding]:
    for act in acts:
        block = BLOCK_OF.get(act.does or "")
        if block and not getattr(stage, block):
            say = (
                f"“{stage.title.zh}”没有 {block}，{act.does} 不起作用。",
                f"{stage.name} has no {block} to {act.does} in.",
            )
            yield found("act-without-block", mark_of(act, "does"), *say)
        if act.does == "release" and not any(s.slot for s in institution.stages.values()):
            say = "没有哪个环节占用场地（slot）。", "No stage holds a slot to release."
            yield found("act-without-block", mark_of(act, "does"), *say)


def _filled(stage: Stage, acts: list[Act]) -> Iterator[Finding]:
    for act in acts:
        block = getattr(stage, BLOCK_OF.get(act.does or "", ""), None)
        if block is None:
            continue
        if _by_itself(stage, act) and act.does in (*FILLED, "rate"):
            say = f"没有人填“{act.title.zh}”要用的内容。", f"Nobody fills in what {act.name} works with."
            yield found("clock-cannot-fill", mark_of(act, "by"), *say)
        for key in FILLED.get(act.does or "", ()):
            name = getattr(block, key)
            if name not in act.needs and not (key == "who" and name in act.may):
                say = f"“{act.title.zh}”没有要求填 {name}。", f"{act.name} does not ask for {name}."
                yield found("block-field-not-needed", mark_of(act, "does"), *say)


def _by_itself(stage: Stage, act: Act) -> bool:
    """Whether ``act`` also happens at ``stage`` without people, who would fill something in."""
    joined = act.name in (stage.gathers, stage.calls.then if stage.calls else None)
    led = stage.follows is not None and act.name in (stage.follows.then, stage.follows.otherwise)
    return stage.overdue == act.name or joined or led


def _takes_money(institution: Institution, stage: Stage, act: Act) -> bool:
    return stage.funding is not None and stage.funding.amount in act.needs and bool(people_of(institution, act))


def _unreceived(graph: Graph) -> Iterator[Finding]:
    """Spending where no money can have come in on any way: the kernel refuses it each time."""
    institution = graph.institution
    there = {
        s.name: [a for a in institution.acts_at(s.name).values() if _takes_money(institution, s, a)]
        for s in institution.stages.values()
        if s.funding and not s.end
    }
    on_the_spot = {n for n, acts in there.items() if any(a.does == "receive" and not a.to for a in acts)}
    received = {state for state in graph.edges if state.stage in on_the_spot}
    coming = {(n, a.name) for n, acts in there.items() for a in acts if a.does == "receive"}
    received |= {e.target for out in graph.edges.values() for e in out if (e.source.stage, e.act.name) in coming}
    after = graph.after(received)
    for name, acts in there.items():
        for act in (a for a in acts if a.does == "spend" and not any(s.stage == name for s in after)):
            say = f"没有钱到账，“{act.title.zh}”做不了。", f"No money ever comes in for {act.name}."
            yield found("nobody-can-act", act.mark, *say)


# --- deciding


def _ballot(
    institution: Institution, stage: Stage, ballot: Ballot, acts: list[Act], graph: Graph | None
) -> Iterator[Finding]:
    tallies = [a for a in acts if a.does == "tally"]
    for act in tallies:
        if len(act.result) not in (0, 2):
            say = f"“{act.title.zh}”写了 {len(act.result)} 个结果。", f"{act.name} lists {len(act.result)} result(s)."
            yield found("tally-without-two-results", mark_of(act, "result"), *say)
        elif act.result:
            yield from _around(institution, tallies, act.result[0])
    yield from _announced(stage, ballot, ballot.item, "item", acts, graph)
    yield from _counted(stage, ballot, (ballot.roll,), tallies, graph)


def _around(institution: Institution, tallies: list[Act], passed: str) -> Iterator[Finding]:
    """Another way to the result of a vote that passed."""
    for placed in acts_of(institution):
        if passed in placed.act.result and placed.act.does != "tally":
            say = (
                f"“{placed.act.title.zh}”不计票也给结果 {passed}。",
                f"{placed.act.name} gives {passed} without a tally.",
            )
            yield found("decides-without-quorum", mark_of(placed.act, "result"), *say)


def _meeting(
    institution: Institution, stage: Stage, meeting: Meeting, acts: list[Act], graph: Graph | None
) -> Iterator[Finding]:
    decides = stage.acts[meeting.decides]
    if set(BY_ITSELF) & set(decides.by) or stage.overdue == decides.name:
        say = (
            f"时限到期自动做“{decides.title.zh}”时不看人数。",
            f"Nobody is counted when {decides.name} is done without people.",
        )
        yield found("decides-without-quorum", mark_of(decides, "by"), *say)
    for placed in acts_of(institution):
        asked = (*placed.act.needs, *placed.act.may)
        if meeting.resolutions in asked and placed.act is not decides:
            say = (
                f"“{placed.act.title.zh}”也能写 {meeting.resolutions}。",
                f"{placed.act.name} writes {meeting.resolutions} too.",
            )
            yield found("decides-without-quorum", placed.act.mark, *say)
    if meeting.resolutions not in (*decides.needs, *decides.may):
        say = (
            f"“{decides.title.zh}”没有要求填 {meeting.resolutions}。",
            f"{decides.name} does not ask for {meeting.resolutions}.",
        )
        yield found("block-field-not-needed", decides.mark, *say)
    yield from _announced(stage, meeting, meeting.agenda, "agenda", acts, graph)
    yield from _counted(stage, meeting, (meeting.present, meeting.roll), [decides], graph)


def _known(stage: Stage, graph: Graph | None) -> list[frozenset[str]]:
    """For each state a case can be in when it stands at ``stage``: the fields that are surely filled in."""
    return [known for state, known in graph.surely_filled().items() if state.stage == stage.name] if graph else []


def _announced(
    stage: Stage, block: Any, name: str, key: str, acts: Iterable[Act], graph: Graph | None
) -> Iterator[Finding]:
    if any(name not in known for known in _known(stage, graph)):
        say = (
            f"走到“{stage.title.zh}”时 {name} 可能没有填，没有公布过。",
            f"{stage.name} is reached with {name} blank: it was never announced.",
        )
        yield found("unannounced-item", mark_of(block, key), *say)
    for act in acts:
        # An act that goes out of the stage and comes in again announces anew.
        if name in (*act.needs, *act.may) and act.to in (None, stage.name):
            say = f"“{act.title.zh}”当场就能改 {name}。", f"{act.name} changes {name} on the spot."
            yield found("unannounced-item", act.mark, *say)


def _counted(
    stage: Stage, block: Any, names: Iterable[str], deciding: list[Act], graph: Graph | None
) -> Iterator[Finding]:
    for name in names:
        known = _known(stage, graph)
        told = all(name in a.needs and not _by_itself(stage, a) for a in deciding)
        if not told and any(name not in k for k in known):
            say = f"到决定时 {name} 可能没有填。", f"{name} may be blank when it is decided."
            yield found("count-not-filled", mark_of(block, "roll" if name == block.roll else "present"), *say)


# --- scores


def _weights(score: Score) -> Iterator[Finding]:
    for key, weights in (
        ("indicators", [i.weight for i in score.indicators.values()]),
        ("raters", list(score.raters.values())),
    ):
        if sum(weights) != 100 or min(weights, default=0) <= 0:
            say = f"{key} 的权重加起来是 {sum(weights)}。", f"The weights of {key} sum to {sum(weights)}."
            yield found("weights-not-100", mark_of(score, key), *say)


def _ratings(institution: Institution, score: Score, acts: list[Act]) -> Iterator[Finding]:
    rating = [a for a in acts if a.does == "rate"]
    able = {b for a in rating for b in a.by if b not in BY_ITSELF}
    if rating and able != set(score.raters):
        odd = "、".join(sorted(able ^ set(score.raters)))
        say = f"{odd} 只有权重或者只能打分。", f"{odd}: weight without rating, or rating without weight."
        yield found("raters-differ", mark_of(score, "raters"), *say)
    for indicator in score.indicators.values():
        field = institution.fields[indicator.field]
        if field.type == "number" and (field.max is None or field.max > 100):
            say = f"{field.name} 可以填到 100 以上。", f"{field.name} takes more than 100."
            yield found("rating-out-of-scale", field.mark, *say)
        if rating and not any(indicator.field in (*a.needs, *a.may) for a in rating):
            say = f"没有打分的动作要求填 {indicator.field}。", f"No rating act asks for {indicator.field}."
            yield found("block-field-not-needed", indicator.mark, *say)


def _grades(institution: Institution, score: Score) -> Iterator[Finding]:
    grades = list(score.grades.values())
    if any(b.least <= a.least for a, b in pairwise(grades)):
        yield found(
            "grades-overlap", mark_of(score, "grades"), "等次没有从低到高分开。", "Grades are not apart, lowest first."
        )
    if not grades or min(g.least for g in grades) > 0:
        say = "有的总分没有等次：最低一等不是从 0 起。", "Some totals have no grade: the lowest does not begin at 0."
        yield found("grade-unreachable", mark_of(score, "grades"), *say)
    best = sum(i.weight * min(institution.fields[i.field].max or 100, 100) for i in score.indicators.values()) / 100
    for grade in grades:
        if grade.least > best or grade.least < 0:
            say = (
                f"总分最高 {best:g}，到不了“{grade.title.zh}”的 {grade.least}。",
                f"The total is at most {best:g}; {grade.name} wants {grade.least}.",
            )
            yield found("grade-unreachable", mark_of(grade, "least"), *say)


# --- publishing


def _publish(institution: Institution, stage: Stage) -> Iterator[Finding]:
    publish = stage.publish
    for name in publish.fields if publish else ():
        field = institution.fields[name]
        if field.class_ != "public" or name == institution.against:
            say = f"{name} 是 {field.class_}，不能公示。", f"{name} is {field.class_} and may not be published."
            yield found("publish-not-public", mark_of(publish, "fields"), *say)
