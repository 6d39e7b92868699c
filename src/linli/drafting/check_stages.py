"""What every stage must have, so that no case ever stands where nobody holds it and nothing will happen."""

from __future__ import annotations

from collections.abc import Iterator

from linli.drafting.check_names import BY_ITSELF, PlacedAct, acts_of, mark_of, people_of
from linli.drafting.codes import found
from linli.drafting.finding import Finding
from linli.kernel.institution import Act, Institution, Stage

BLOCKS = ("ballot", "meeting", "score", "slot", "funding", "publish")


def check_stages(institution: Institution) -> list[Finding]:
    """Holders, clocks, consequences, pauses and extensions."""
    findings = [f for s in institution.stages.values() for f in (_end(s) if s.end else _open(institution, s))]
    for placed in acts_of(institution):
        findings += [*_actors(institution, placed), *_pauses(institution, placed)]
    for clock in institution.clocks.values():
        if not clock.tells and not clock.counts:
            say = f"“{clock.title.zh}”到期后什么也不发生。", f"Nothing happens when {clock.name} runs out."
            findings.append(found("clock-without-consequence", clock.mark, *say))
    return findings


def _end(stage: Stage) -> Iterator[Finding]:
    keys = ("holder", "within", "until", "overdue", "calls", "gathers", "follows", *BLOCKS)
    odd = [k for k in keys if getattr(stage, k) is not None]
    for key in odd:
        say = f"“{stage.title.zh}”已是办结，不能再有 {key}。", f"{stage.name} is an end and cannot have `{key}`."
        yield found("end-not-an-end", mark_of(stage, key), *say)
    for act in stage.acts.values():
        if act.to or act.does:
            say = (
                f"“{stage.title.zh}”已是办结，不能再“{act.title.zh}”。",
                f"{stage.name} is an end; {act.name} cannot move it.",
            )
            yield found("end-not-an-end", act.mark, *say)


def _open(institution: Institution, stage: Stage) -> Iterator[Finding]:
    name = stage.title.zh
    if stage.holder is None:
        say = f"“{name}”没有办理人。", f"Nobody holds a case at {stage.name}."
        yield found("open-stage-without-holder", stage.mark, *say)
    if not stage.within and not stage.until:
        say = f"“{name}”没有时限。", f"A case may stay at {stage.name} for ever."
        yield found("open-stage-without-clock", stage.mark, *say)
    elif stage.within and stage.until:
        say = f"“{name}”写了两个时限，until 不会起作用。", f"{stage.name} has two clocks; `until` would not count."
        yield found("doubled-clock", mark_of(stage, "until"), *say)
    act = institution.acts_at(stage.name).get(stage.overdue or "")
    if act is None:
        say = f"“{name}”的时限到了什么也不发生。", f"Nothing happens when the time at {stage.name} runs out."
        yield found("clock-without-consequence", stage.mark, *say)
    elif "clock" not in act.by:
        say = f"{act.name} 不是由 clock 做的动作。", f"{act.name} is not an act by the clock."
        yield found("clock-without-consequence", mark_of(stage, "overdue"), *say)
    elif len(act.result) > 1 and act.does != "tally":
        say = (
            f"时限到期做“{act.title.zh}”时没有人选结果。",
            f"Nobody chooses the result when the clock does {act.name}.",
        )
        yield found("clock-cannot-choose", mark_of(act, "result"), *say)
    elif act.approves:
        say = f"时限到期做 {act.name} 时不会问人同意。", f"The clock does {act.name} without asking for agreement."
        yield found("key-without-effect", mark_of(act, "approves"), *say)


def _where(institution: Institution, placed: PlacedAct) -> list[Stage]:
    """The open stages at which an act is possible."""
    if placed.where == "open":
        return []
    return [
        s
        for s in institution.stages.values()
        if not s.end and institution.acts_at(s.name).get(placed.act.name) is placed.act
    ]


def _actors(institution: Institution, placed: PlacedAct) -> Iterator[Finding]:
    act, stages = placed.act, _where(institution, placed)
    people = people_of(institution, act)
    if placed.where == "open":
        possible = any(b not in (*BY_ITSELF[1:], "holder") for b in act.by)
    else:
        if act.does == "resume":  # there is something to resume only where one may pause
            stages = [s for s in stages if any(a.does == "pause" for a in institution.acts_at(s.name).values())]
        fires = any(s.overdue == act.name for s in stages) or (act.does == "resume" and bool(stages))
        joined = any((s.calls and s.calls.then == act.name) or s.gathers == act.name for s in stages)
        led = any(s.follows and act.name in (s.follows.then, s.follows.otherwise) for s in stages)
        ended = placed.where in institution.stages and institution.stages[placed.where].end
        # `at_most` binds people alone: the clock's consequence always comes.
        able = bool(people) and (ended or (bool(stages) and act.at_most != 0))
        possible = (
            able or ("clock" in act.by and fires) or ("children" in act.by and joined) or ("lead" in act.by and led)
        )
    if not possible:
        yield found("nobody-can-act", act.mark, f"没有人能做“{act.title.zh}”。", f"Nobody can ever do {act.name}.")


def _pauses(institution: Institution, placed: PlacedAct) -> Iterator[Finding]:
    act = placed.act
    if act.does == "extend":
        yield from _extends(institution, act)
    if act.does != "pause":
        return
    if not act.within:
        say = f"“{act.title.zh}”可以一直停下去。", f"{act.name} may last for ever."
        yield found("pause-without-limit", act.mark, *say)
    if act.at_most is None:
        say = f"“{act.title.zh}”可以没完没了。", f"{act.name} may be done without end."
        yield found("pause-unbounded", act.mark, *say)
    for stage in _where(institution, placed):
        acts = institution.acts_at(stage.name).values()
        if not any(a.does == "resume" and "clock" in a.by for a in acts):
            say = f"在“{stage.title.zh}”暂停后不会自动恢复。", f"At {stage.name} nothing resumes a pause by itself."
            yield found("pause-without-resume", act.mark, *say)


def _extends(institution: Institution, act: Act) -> Iterator[Finding]:
    if act.at_most is None:
        say = f"“{act.title.zh}”可以没完没了。", f"{act.name} may be done without end."
        yield found("extend-without-limit", act.mark, *say)
    field = institution.fields.get("until")
    if "until" not in act.needs or "clock" in act.by or field is None or field.type != "date":
        say = f"“{act.title.zh}”没有写明延长到哪天。", f"{act.name} does not say until when."
        yield found("extend-without-until", mark_of(act, "needs"), *say)
