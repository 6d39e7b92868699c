"""Conditions: they can be computed, they can hold, they can fail; and a refusal says why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from linli.drafting import conditions
from linli.drafting.check_names import BY_ITSELF, acts_of, mark_of
from linli.drafting.codes import found
from linli.drafting.conditions import Bounds, Verdict
from linli.drafting.finding import Finding, nearest
from linli.kernel import ballot, blocks, expression
from linli.kernel.expression import BadExpression
from linli.kernel.institution import Act, Institution

MEETING = {"present": "int", "roll": "int"}


def check_conditions(institution: Institution) -> list[Finding]:
    """The guards of all acts, and the quorums and pass rules of meetings and ballots."""
    names = blocks.names(institution)
    bounds = _bounds(institution, names)
    findings: list[Finding] = []
    for placed in acts_of(institution):
        findings += _guard(placed.act, names, bounds)
    for stage in institution.stages.values():
        if stage.meeting:
            findings += _quorum(stage.meeting, MEETING, "present")
        if stage.ballot:
            findings += [*_quorum(stage.ballot, ballot.NAMES, "voted"), *_passes(stage.ballot)]
    return findings


def guards(institution: Institution) -> dict[str, Verdict]:
    """Every guard that can be computed, with what is certain of it; one that cannot be computed never holds."""
    names = blocks.names(institution)
    bounds = _bounds(institution, names)
    texts = dict.fromkeys(p.act.when for p in acts_of(institution) if p.act.when)
    return {t: Verdict(False, True) if computed(t, names) else conditions.judge(t, names, bounds) for t in texts}


def computed(text: str, names: Mapping[str, str]) -> BadExpression | None:
    """Why ``text`` cannot be computed from ``names``; None when it can."""
    try:
        expression.check(text, names)
    except BadExpression as fault:
        return fault
    return None


def wrong(thing: Any, key: str, text: str, fault: BadExpression, names: Mapping[str, str]) -> Finding:
    """The finding about a condition that cannot be computed, with the nearest name where one is unknown."""
    mark = mark_of(thing, key)
    unknown = sorted(w for w in conditions.used(text) if f"'{w}'" in str(fault) and w not in names)
    remedy = nearest(unknown[0], names) if unknown else None
    say = (
        f"{key} 第 {fault.column} 个字符起算不了（{fault}）。",
        f"`{key}` cannot be computed from character {fault.column} on ({fault}).",
    )
    return found("condition-wrong", mark, *say, remedy=remedy)


def constant(thing: Any, key: str, name: str, verdict: Verdict) -> Iterator[Finding]:
    """The finding about a condition that comes out the same whatever happens."""
    if not verdict.may_hold:
        say = f"{name} 的 {key} 永远不成立。", f"`{key}` of {name} can never hold."
        yield found("condition-never-true", mark_of(thing, key), *say)
    elif not verdict.may_fail:
        say = f"{name} 的 {key} 永远成立。", f"`{key}` of {name} always holds."
        yield found("condition-always-true", mark_of(thing, key), *say)


def _guard(act: Act, names: Mapping[str, str], bounds: Mapping[str, Bounds]) -> Iterator[Finding]:
    if act.or_else and not act.when:
        say = "没有 when，or_else 不起作用。", "Without `when`, `or_else` has no effect."
        yield found("key-without-effect", mark_of(act, "or_else"), *say)
    if not act.when:
        return
    if set(act.by) <= set(BY_ITSELF) and act.name != "open":
        say = "自动做的动作不看 when。", "What is done without people asks no `when`."
        yield found("key-without-effect", mark_of(act, "when"), *say)
    elif not act.or_else:
        say = f"“{act.title.zh}”的条件不满足时没有说明。", f"{act.name} is refused without saying why."
        yield found("refusal-without-words", mark_of(act, "when"), *say)
    if fault := computed(act.when, names):
        yield wrong(act, "when", act.when, fault, names)
    else:
        yield from constant(act, "when", act.name, conditions.judge(act.when, names, bounds))


def _quorum(thing: Any, names: Mapping[str, str], came: str) -> Iterator[Finding]:
    text: str = thing.quorum
    if fault := computed(text, names):
        yield wrong(thing, "quorum", text, fault, names)
        return
    verdict, nobody = conditions.quorum(text, names, came)
    if nobody:
        say = "一个人也没有，quorum 也成立。", "`quorum` holds with nobody there."
        yield found("quorum-of-nobody", mark_of(thing, "quorum"), *say)
    else:
        yield from constant(thing, "quorum", type(thing).__name__.lower(), verdict)


def _passes(of: Any) -> Iterator[Finding]:
    names = ballot.names(of)
    if fault := computed(of.passes, names):
        yield wrong(of, "passes", of.passes, fault, names)
    else:
        yield from constant(of, "passes", "ballot", conditions.pass_rule(of.passes, names, list(of.options)))


def _bounds(institution: Institution, names: Mapping[str, str]) -> dict[str, Bounds]:
    """What each name of a guard can be: counts from 0 to their bound, and nothing where no block gives a value."""
    stages = institution.stages.values()
    bounds = {n: Bounds(low=0) for n, kind in names.items() if kind == "int"}
    for name, most in _most(institution).items():
        bounds[f"done_{name}"] = Bounds(low=0, high=most)
    money = any(s.funding for s in stages)
    bounds |= {n: Bounds(low=0) if money else Bounds(only=(0.0,)) for n in ("pledged", "received", "spent")}
    scored = any(s.score for s in stages)
    bounds["total"] = Bounds(low=0, high=100) if scored else Bounds(only=(0.0,))
    bounds["grade"] = Bounds(only=("", *(g for s in stages if s.score for g in s.score.grades)))
    if not any(s.ballot for s in stages):
        bounds |= dict.fromkeys(("passed", "quorum"), Bounds(only=(False,)))
    if not any(s.calls for s in stages):
        bounds |= dict.fromkeys(("children", "open_children"), Bounds(only=(0,)))
    # A field hides the fact of its name.
    return bounds | {f.name: Bounds(high=f.max if f.type == "number" else None) for f in institution.fields.values()}


def _most(institution: Institution) -> dict[str, int]:
    """How often acts can be done at all; only those that nobody but people do, and that every stage bounds."""
    most: dict[str, int] = {}
    free: set[str] = set()
    for placed in acts_of(institution):
        act = placed.act
        if (
            act.at_most is None
            or set(BY_ITSELF) & set(act.by)
            or any(s.overdue == act.name for s in institution.stages.values())
        ):
            free.add(act.name)
        else:
            most[act.name] = max(most.get(act.name, 0), act.at_most)
    return {n: m for n, m in most.items() if n not in free}
