"""What the typed blocks of a stage add to an act: why it is refused, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from linli.kernel import expression
from linli.kernel.ballot import Vote, tally
from linli.kernel.case import BlockSet, Case, Event, Voted
from linli.kernel.institution import Act, Institution, Stage, Text
from linli.kernel.score import Rating, compute

MONEY = {"pledge": "pledged", "receive": "received", "spend": "spent"}
KINDS = {"number": "number", "yes_no": "yes_no", "items": "list", "units": "list", "files": "list"}
FACTS = {
    **dict.fromkeys(("passed", "quorum"), "yes_no"),
    **dict.fromkeys(("pledged", "received", "spent", "total"), "number"),
    **dict.fromkeys(("children", "open_children"), "int"),
    "results": "list",
    "grade": "text",
}
"""What a guard may ask besides fields, ``done_ACT`` and ``count_COUNTER``."""

Why = tuple[str, Text, dict[str, Text]]
"""Code, reason, and complaints by field."""


def names(institution: Institution) -> dict[str, str]:
    """Every name a guard of ``institution`` may use, with its type."""
    acts = {a for s in institution.stages.values() for a in s.acts} | set(institution.anywhere)
    counters = {a.counts for s in institution.stages.values() for a in s.acts.values() if a.counts}
    counters |= {a.counts for a in institution.anywhere.values() if a.counts}
    counters |= {c.counts for c in institution.clocks.values() if c.counts}
    counters |= {c for s in institution.stages.values() if s.calls for c in s.calls.counts.values()}
    fields = {n: KINDS.get(f.type, "text") for n, f in institution.fields.items() if f.type not in ("point", "case")}
    done = {f"done_{a}": "int" for a in acts} | {f"count_{c}": "int" for c in counters}
    return {**FACTS, **done, **fields}


def facts(institution: Institution, case: Case, values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of those names for ``case``, with ``values`` filled in."""
    known: dict[str, Any] = {f"done_{a}": n for a, n in case.done.items()}
    known |= {f"count_{c}": n for c, n in case.counts.items()}
    known |= {"children": len(case.children), "open_children": sum(c.open for c in case.children.values())}
    known["results"] = [c.result for c in case.children.values() if c.result]
    known |= {k: v for k, v in case.blocks.get("tally", {}).items() if k in ("passed", "quorum")}
    known |= {k: float(v) for k, v in case.blocks.get("money", {}).items()}
    scored = case.blocks.get("score", {})
    known |= {"total": float(scored["total"]), "grade": scored["grade"]} if scored else {}
    return {**known, **case.fields, **values}


def refuse(institution: Institution, case: Case, act: Act, values: Mapping[str, Any], person: str | None) -> Why | None:
    """Why ``act`` is not done on ``case``: what its guard or the stage's block demands; None when it may be."""
    stage = institution.stages[case.stage]
    if act.when:
        known = names(institution)
        try:
            holds = expression.evaluate(act.when, known, {**facts(institution, case, values)})
        except expression.BadExpression as fault:
            return "guard_fails", Text(f"条件算不出来：{fault}", f"The condition cannot be computed: {fault}"), {}
        if not holds:
            return "not_yet", act.or_else or Text("条件还不满足。", "The condition does not hold yet."), {}
    if act.does == "vote" and stage.ballot:
        return _vote(stage, case, values, person)
    if stage.meeting and act.name == stage.meeting.decides:
        return _meeting(stage, {**case.fields, **values})
    if act.does in MONEY and stage.funding:
        return _money(act, stage.funding.amount, case.blocks.get("money", {}), values)
    if act.does == "reserve" and stage.slot and values[stage.slot.end] <= values[stage.slot.start]:
        return "incomplete", Text("结束要晚于开始。", "The end must be after the start."), {stage.slot.end: _LATER}
    return None


_LATER = Text("要晚于开始时间。", "Choose a time after the start.")


def _vote(stage: Stage, case: Case, values: Mapping[str, Any], person: str | None) -> Why | None:
    if person is None:
        return "not_yours", Text("请先登录或由工作人员登记。", "Sign in, or let the staff register your vote."), {}
    if person in case.blocks.get("votes", {}):
        return "voted", Text("已经投过票，一人一票。", "A vote was cast already; everybody has one."), {}
    ballot = stage.ballot
    if ballot and values.get(ballot.choice) not in ballot.options:
        return "incomplete", Text("请选择一项。", "Choose one option."), {ballot.choice: Text("请选择。", "Choose.")}
    return None


def _meeting(stage: Stage, values: Mapping[str, Any]) -> Why | None:
    meeting = stage.meeting
    if meeting is None:
        return None
    heads = {"present": int(values.get(meeting.present) or 0), "roll": int(values.get(meeting.roll) or 0)}
    if not expression.evaluate(meeting.quorum, {"present": "int", "roll": "int"}, heads):
        say = Text(f"到会 {heads['present']} 人，不够法定人数。", f"{heads['present']} present: no quorum.")
        return "no_quorum", say, {}
    agenda = tuple(values.get(meeting.agenda) or ())
    for line in values.get(meeting.resolutions) or ():
        if not any(line.startswith(item) for item in agenda):
            say = Text(f"“{line[:30]}”不在公布的议题里，不能作决定。", f"“{line[:30]}” was not announced.")
            return "not_announced", say, {meeting.resolutions: say}
    return None


def _money(act: Act, field: str, money: Mapping[str, Any], values: Mapping[str, Any]) -> Why | None:
    """Only what is more than nothing is booked, and nothing is spent that was not received."""
    amount, left = values.get(field, 0), money.get("received", 0) - money.get("spent", 0)
    if field not in values or (amount > 0 and (act.does != "spend" or amount <= left)):
        return None  # that it is filled in is checked when the pack is loaded
    say = Text(f"账上只有 {left} 元，不够支出 {amount} 元。", f"Only {left} yuan are there; {amount} cannot be spent.")
    if amount <= 0:
        say = Text("金额要大于零。", "Write an amount above zero.")
    return "not_enough" if amount > 0 else "incomplete", say, {field: say}


def follow(
    institution: Institution, case: Case, act: Act, values: Mapping[str, Any], person: str | None, role: str | None
) -> Iterator[Event]:
    """The events that the block of the stage adds when ``person`` does ``act`` in ``role``."""
    stage = institution.stages[case.stage]
    if act.does == "vote" and stage.ballot and person:
        yield Voted(person, stage.ballot.choice)
    elif act.does == "tally" and stage.ballot:
        yield BlockSet("tally", _tally(stage, case))
    elif act.does == "rate" and stage.score and person:
        given = {n: values[i.field] for n, i in stage.score.indicators.items() if i.field in values}
        yield BlockSet("ratings", {**case.blocks.get("ratings", {}), person: {"role": role, **given}})
    elif act.does == "score" and stage.score:
        yield from _score(stage, case)
    elif act.does in MONEY and stage.funding:
        money = dict(case.blocks.get("money", {}))
        money[MONEY[act.does]] = money.get(MONEY[act.does], 0) + values[stage.funding.amount]
        yield BlockSet("money", money)
    elif act.does == "reserve" and stage.slot:
        yield BlockSet("slot", {k: values[getattr(stage.slot, k)] for k in ("place", "start", "end")})
    elif act.does == "release":
        yield BlockSet("slot", {})


def _tally(stage: Stage, case: Case) -> dict[str, Any]:
    ballot = stage.ballot
    if ballot is None:
        return {}
    votes = [Vote(voter, option) for voter, option in case.blocks.get("votes", {}).items()]
    count = tally(ballot, votes, int(case.fields.get(ballot.roll) or 0))
    plain = {"votes": dict(count.votes), "voted": count.voted, "roll": count.roll}
    return {**plain, "quorum": count.quorum, "passed": count.passed, "advisory": ballot.advisory}


def _score(stage: Stage, case: Case) -> Iterator[Event]:
    given = [
        Rating(str(r["role"]), by, {k: float(v) for k, v in r.items() if k != "role"})
        for by, r in case.blocks.get("ratings", {}).items()
    ]
    found = compute(stage.score, given) if stage.score else None
    if found:
        parts = {n: str(p) for n, p in found.parts.items()}
        yield BlockSet("score", {"total": str(found.total), "grade": found.grade, "parts": parts})
