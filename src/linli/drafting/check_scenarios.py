"""Scenarios: each plays as written, and together they show every act, every clock and every result."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from linli.drafting.check_names import mark_of
from linli.drafting.codes import found
from linli.drafting.finding import Finding
from linli.drafting.scenario import Played, Scenario, play
from linli.kernel.case import Asked, ChildEnded, Counted, Entry, Moved, Opened, Resulted
from linli.kernel.institution import Act, Institution, Pack

FAULTS = (LookupError, ValueError, TypeError, AttributeError, OverflowError)
"""What the kernel may raise on a definition that other findings already refuse."""


@dataclass(slots=True)
class Seen:
    """What the scenarios showed of one institution: acts and fired clocks by stage, named clocks, results."""

    acts: set[tuple[str, str]] = field(default_factory=set)
    fired: set[tuple[str, str]] = field(default_factory=set)
    results: set[str] = field(default_factory=set)


def check_scenarios(pack: Pack, scenarios: Sequence[Scenario]) -> list[Finding]:
    """Scenarios that fail; where all play, what none of them shows."""
    findings: list[Finding] = []
    seen = {name: Seen() for name in pack.institutions}
    for scenario in scenarios:
        if scenario.institution in pack.institutions:
            findings += _order(scenario)
            findings += _play(pack, scenario, seen)
    told = {s.institution for s in scenarios}
    for institution in pack.institutions.values():
        if institution.name not in told:
            say = f"制度 {institution.name} 没有情景。", f"{institution.name} has no scenario."
            findings.append(found("scenario-missing", mark_of(institution, "institution"), *say))
    if not findings:
        findings = [f for i in pack.institutions.values() for f in _uncovered(i, seen[i.name])]
    return findings


def _order(scenario: Scenario) -> Iterator[Finding]:
    for before, after in pairwise(scenario.steps):
        if after.at < before.at:
            say = (
                f"{after.act} 写在 {before.act} 后面，时间却更早。",
                f"{after.act} is earlier than {before.act} above it.",
            )
            yield found("scenario-out-of-order", after.mark, *say)


def _play(pack: Pack, scenario: Scenario, seen: dict[str, Seen]) -> Iterator[Finding]:
    try:
        played = play(pack, scenario)
    except FAULTS as fault:
        say = f"情景走不下去（{fault!r}）。", f"The scenario cannot be played ({fault!r})."
        yield found("scenario-fails", scenario.mark, *say)
        return
    for mark, text in played.faults:
        title, what = scenario.title, text.rstrip(" .")
        yield found("scenario-fails", mark, f"情景“{title.zh}”走不通：{what}。", f"“{title.en}” fails: {what}.")
    _note(pack, played, seen)


def _note(pack: Pack, played: Played, seen: dict[str, Seen]) -> None:
    for entries in played.entries.values():
        opened = entries[0].events[0]
        if isinstance(opened, Opened):
            stage = opened.stage
            for entry in entries:
                stage = _note_entry(pack.institutions[opened.institution], entry, stage, seen[opened.institution])


def _note_entry(institution: Institution, entry: Entry, stage: str, seen: Seen) -> str:
    """Note one entry done at ``stage``; returns the stage after it."""
    act, _, settled = entry.act.partition(".")
    moved = [e.to for e in entry.events if isinstance(e, Moved)]
    asked = any(isinstance(e, Asked) for e in entry.events)
    if entry.channel == "clock":
        seen.fired.add((stage, act))
    if act == "child_ended":
        here = institution.stages[stage]
        then = here.calls.then if here.calls else here.gathers
        if then and any(not isinstance(e, ChildEnded | Counted) for e in entry.events):
            seen.acts.add((stage, then))
    elif settled != "decline" and not asked:
        seen.acts.add((stage, act))
    seen.results |= {e.result for e in entry.events if isinstance(e, Resulted) and e.result}
    return moved[-1] if moved else stage


def _uncovered(institution: Institution, seen: Seen) -> Iterator[Finding]:
    anywhere = {act for _, act in seen.acts}
    own = [(s, a) for s in institution.stages.values() for a in s.acts.values() if (s.name, a.name) not in seen.acts]
    for stage, act in own:
        if stage.overdue == act.name and set(act.by) == {"clock"}:
            continue  # told below, as a clock that never runs out
        say = (
            f"没有情景在“{stage.title.zh}”做“{act.title.zh}”（{act.name}）。",
            f"No scenario does {act.name} at {stage.name}.",
        )
        yield found("act-uncovered", act.mark, *say)
    for act in institution.anywhere.values():
        if act.name not in anywhere:
            say = f"没有情景做“{act.title.zh}”（{act.name}）。", f"No scenario does {act.name}."
            yield found("act-uncovered", act.mark, *say)
    yield from _clocks(institution, seen)
    wanted = {r: a for a in reversed(_acts(institution)) for r in a.result}
    for result in sorted(set(wanted) - seen.results):
        say = f"没有情景得出结果 {result}。", f"No scenario comes to the result {result}."
        yield found("result-uncovered", mark_of(wanted[result], "result"), *say)


def _clocks(institution: Institution, seen: Seen) -> Iterator[Finding]:
    for stage in institution.stages.values():
        if stage.overdue and not stage.end and (stage.name, stage.overdue) not in seen.fired:
            say = f"没有情景让“{stage.title.zh}”的时限到期。", f"No scenario lets the time at {stage.name} run out."
            yield found("overdue-uncovered", mark_of(stage, "overdue"), *say)
    fired = {act for _, act in seen.fired}
    for clock in institution.clocks.values():
        if f"clock:{clock.name}" not in fired:
            say = f"没有情景让“{clock.title.zh}”到期。", f"No scenario lets {clock.name} run out."
            yield found("overdue-uncovered", mark_of(clock, "limit"), *say)
    resume = next((a for a in _acts(institution) if a.does == "resume" and "clock" in a.by), None)
    if resume and resume.name not in fired:
        say = "没有情景让暂停到期自动恢复。", "No scenario lets a pause run out."
        yield found("overdue-uncovered", resume.mark, *say)


def _acts(institution: Institution) -> list[Act]:
    return [*(a for s in institution.stages.values() for a in s.acts.values()), *institution.anywhere.values()]
