"""Clocks beside each other: a pause and a stage that pull apart, a stage that outlasts the promise it should keep."""

from __future__ import annotations

from collections.abc import Iterator

from linli.drafting.check_names import mark_of
from linli.drafting.check_states import Graph
from linli.drafting.codes import found
from linli.drafting.finding import Finding
from linli.kernel.institution import Act, Dated, Institution, Pack

HOLIDAYS = 12
"""So many days without work may lie in one stretch beside weekends (Spring Festival with the days around it)."""


def check_clocks(pack: Pack, institution: Institution, graph: Graph | None) -> list[Finding]:
    """What the clocks of one institution do to each other."""
    return [
        *_fights(institution),
        *_reminds(institution),
        *_follows(institution),
        *(_outlasts(pack, institution, graph) if graph else ()),
    ]


def _fights(institution: Institution) -> Iterator[Finding]:
    """A pause that moves the case when it runs out, elsewhere than the stage's clock; a pause that moves at once."""
    told: set[str] = set()
    for stage in (s for s in institution.stages.values() if not s.end):
        acts = institution.acts_at(stage.name)
        overdue = acts.get(stage.overdue or "")
        pauses = any(a.does == "pause" for a in acts.values())
        for act in acts.values():
            ends_pause = act.does == "resume" and "clock" in act.by and pauses
            if ends_pause and act.to and overdue and overdue.to and act.to != overdue.to and act.name not in told:
                told.add(act.name)
                say = (
                    f"暂停到期走到 {act.to}，环节到期走到 {overdue.to}。",
                    f"A pause that runs out leads to {act.to}, the stage's clock to {overdue.to}.",
                )
                yield found("clocks-fight", mark_of(act, "to"), *say)
            if act.does == "pause" and act.to and act.name not in told:
                told.add(act.name)
                say = "一移动，暂停就结束了。", "Moving ends the pause at once: it has no effect."
                yield found("key-without-effect", mark_of(act, "does"), *say)


def _reminds(institution: Institution) -> Iterator[Finding]:
    for percent in institution.reminds:
        if not 1 <= percent <= 99:
            say = f"reminds 写的是 {percent}，要在 1 到 99 之间。", f"`reminds` is {percent}; it lies between 1 and 99."
            yield found("reminds-out-of-range", mark_of(institution, "reminds"), *say)


def _follows(institution: Institution) -> Iterator[Finding]:
    """A stage that waits for another case: which one is known, and both ways it may come out lead on."""
    for stage in institution.stages.values():
        follows = stage.follows
        if follows is None:
            continue
        field, acts = institution.fields[follows.case], stage.acts
        wrong = [k for k in ("then", "otherwise") if not _leads(acts.get(getattr(follows, k)))]
        if field.type != "case":
            wrong.append("case")
        if "then" not in wrong and not acts[follows.then].result:
            wrong.append("then")
        for key in wrong:
            say = f"“{stage.title.zh}”的 {key} 接不住别的事项的答复。", f"{key} of {stage.name} cannot take the answer."
            yield found("follows-without-lead", mark_of(follows, key), *say)


def _leads(act: Act | None) -> bool:
    return act is not None and "lead" in act.by and act.to is not None


def _outlasts(pack: Pack, institution: Institution, graph: Graph) -> Iterator[Finding]:
    """Only what is certain: the stage's limit at its shortest is longer than the promise at its longest."""
    unanswered = {s.stage for s in graph.edges if not s.answered}
    for clock in institution.clocks.values():
        promise = max((_longest(v) for v in pack.parameters.get(clock.limit, ())), default=None)
        if "open" not in clock.from_ or set(clock.until) - {"answered", "ended"} or promise is None:
            continue
        for stage in institution.stages.values():
            limit = min((_shortest(v) for v in pack.parameters.get(stage.within or "", ())), default=None)
            if limit is not None and limit > promise and stage.name in unanswered and not stage.end:
                say = (
                    f"“{stage.title.zh}”的时限比“{clock.title.zh}”还长。",
                    f"The limit of {stage.name} is longer than {clock.name}.",
                )
                yield found("stage-outlasts-promise", mark_of(stage, "within"), *say)


def _shortest(value: Dated) -> float:
    """Natural days that surely pass before the limit runs out."""
    per_day = {"minute": 1 / 1440, "hour": 1 / 24, "working_hour": 1 / 24}
    return value.value * per_day.get(value.unit, 1.0)


def _longest(value: Dated) -> float:
    """Natural days after which the limit has surely run out."""
    if value.unit in ("minute", "hour", "day"):
        return _shortest(value) + (value.unit == "day")
    days = value.value if value.unit == "working_day" else value.value / 4
    return days * 7 / 5 + 2 + HOLIDAYS * (1 + days // 40)
