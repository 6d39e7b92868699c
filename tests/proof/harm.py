"""Whether a damaged pack does harm: what the explorer sees, and a few plain readings. Nothing of `check`."""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, time

import yaml

from linli.kernel import ballot, blocks, expression
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import Act, Institution, Pack
from tests.proof.explorer import Space, TooLarge, explore
from tests.proof.verdict import judge

CLOCKWORK = ("pause", "resume", "extend")
TOLD = ("trap", "pause-unbounded", "pause-without-resume", "extend-without-limit", "nobody-can-act")


def harms(pack: Pack, file: str) -> list[str]:
    """Why the pack is harmful where ``file`` was damaged; empty when nobody can tell."""
    parts = file.split("/")
    found = list(_limits(pack))
    if parts[-1] == "standards.yaml":
        found += _standards(pack, file)
    if len(parts) == 3 and parts[2] == "institution.yaml":
        damaged = next((i for i in pack.institutions.values() if i.mark.file == file), None)
        if damaged is None:
            return [*found, "the institution is gone"]
        found += [*_broken_names(pack, damaged), *_conditions(damaged), *_weights(damaged)]
        if not found:
            found += _walked(pack, damaged)
        found += _callers(pack, damaged)
    return found


def _walked(pack: Pack, institution: Institution) -> list[str]:
    """What fails in the explored space.

    Two walks instead of one, since acts on the clocks alone (pause, resume, extend) move nothing: the first without
    them, with every bound counted as one; the second with them and with moves unbounded, for what the clocks alone do.
    """
    parts = _parts(institution)
    for n, part in enumerate(parts):
        try:
            space = explore(pack, part, start=_first_day(part), most=40_000)
        except TooLarge:
            return ["too large to walk"]
        if not space.opens:
            return ["no case can be opened"]
        found = [f"no value for a limit: {gap}" for gap in sorted(space.gaps)]
        for name, names in judge(space).items():
            wanted = name in TOLD if n else name != "nobody-can-act" or len(parts) == 1
            found += [f"{name}: {', '.join(sorted(names))}"] if names and wanted else []
        if found:  # one harm is enough; the second walk takes as long as the first
            return found
    return []


def _parts(institution: Institution) -> list[Institution]:
    still = _mapped(institution, lambda a: _idle(a) if a.does in CLOCKWORK else _counted(a))
    if still == institution:
        return [institution]
    return [still, _mapped(institution, lambda a: _bound(a, 1) if a.does in CLOCKWORK else _only_moves(a))]


def _idle(act: Act) -> Act:
    """The act without what it does to the clocks; whoever does, hears of or agrees to it still works on the case."""
    tells = (*act.tells, *([act.approves] if act.approves else []))
    return replace(act, does=None, within=None, needs=(), at_most=None, approves=None, tells=tells)


def _counted(act: Act) -> Act:
    """Bounds counted as one; what leads nowhere and decides nothing is bounded for its own sake alone."""
    idle = not (act.to or act.answers or act.result or act.does or act.approves) and act.at_most
    return replace(act, at_most=None) if idle else _bound(act, 1)


def _only_moves(act: Act) -> Act:
    return replace(act, answers=(), result=act.result[:1], at_most=None if act.at_most else act.at_most)


def _bound(act: Act, most: int | None) -> Act:
    return act if act.at_most is None or act.at_most == 0 else replace(act, at_most=most)


def _mapped(of: Institution, change: Callable[[Act], Act | None]) -> Institution:
    def each(acts: Mapping[str, Act]) -> dict[str, Act]:
        changed = {n: change(a) for n, a in acts.items()}
        return {n: a for n, a in changed.items() if a is not None}

    stages = {n: replace(s, acts=each(s.acts)) for n, s in of.stages.items()}
    return replace(of, stages=stages, anywhere=each(of.anywhere))


def _first_day(institution: Institution) -> datetime:
    return datetime.combine(institution.valid_from, time(9), SHANGHAI)


def _limits(pack: Pack) -> Iterator[str]:
    """Limits that an institution names and that have no value on its first day, or none today and later."""
    for institution in pack.institutions.values():
        wanted = {s.within for s in institution.stages.values()} | {c.limit for c in institution.clocks.values()}
        wanted |= {a.within for a in _acts(institution)}
        wanted |= {s.publish.period for s in institution.stages.values() if s.publish}
        for name in sorted(w for w in wanted if w):
            values = [v for v in pack.parameters.get(name, ()) if not v.when]  # what holds for every case
            first = institution.valid_from
            if not any(v.from_ <= first and (v.to is None or first <= v.to) for v in values):
                yield f"{institution.name}: {name} has no value on {first}"
            elif all(v.to is not None for v in values):
                yield f"{institution.name}: {name} runs out of values"


def _broken_names(pack: Pack, of: Institution) -> Iterator[str]:
    """Somebody or something is named that is not there: a message to nobody, work for nobody."""
    people = {*of.roles, *of.parties}
    acts = {a.name for a in _acts(of)}
    for act in _acts(of):
        for name in (*act.by, *act.tells, *act.answers, *([act.approves] if act.approves else [])):
            if name not in people | {"holder", "clock", "children", "lead"}:
                yield f"{act.name}: there is no {name}"
        if act is not of.open and all(n in of.parties and of.parties[n].who == "case" for n in act.by):
            yield f"{act.name}: no case can do it"
        if act.to and act.to not in {*of.stages, "back"}:
            yield f"{act.name}: there is no stage {act.to}"
        words = [act.says.zh, act.says.en] if act.says else []
        yield from (
            f"{act.name}: {{{c}}} is never filled in" for c in _promised(of) if any(f"{{{c}}}" in w for w in words)
        )
    for stage in of.stages.values():
        if stage.holder and stage.holder not in of.roles:
            yield f"{stage.name}: there is no {stage.holder}"
        if stage.overdue and not stage.end and stage.overdue not in of.acts_at(stage.name):
            yield f"{stage.name}: nothing happens by {stage.overdue}"
        joined = [stage.calls.then if stage.calls else None, stage.gathers]
        yield from (f"{stage.name}: nothing takes over by {n}" for n in joined if n and n not in stage.acts)
    for clock in of.clocks.values():
        yield from (f"{clock.name}: there is no {n}" for n in clock.tells if n not in people | {"holder"})
        yield from (f"{clock.name}: never started by {n}" for n in clock.from_ if n not in acts | {"open"})
    for spec in of.fields.values():
        yield from (f"{spec.name}: there is no {n}" for n in spec.opens_to if n not in of.roles)


def _conditions(of: Institution) -> Iterator[str]:
    """A guard that cannot be computed refuses its act for ever; a quorum of nobody decides what it should not."""
    for act in _acts(of):
        try:
            if act.when:
                expression.check(act.when, blocks.names(of))
        except expression.BadExpression:
            yield f"{act.name}: its guard cannot be computed"
    rooms = [
        (m.quorum, "present", {"present": "int", "roll": "int"}) for m in (s.meeting for s in of.stages.values()) if m
    ]
    rooms += [(b.quorum, "voted", ballot.NAMES) for b in (s.ballot for s in of.stages.values()) if b]
    for quorum, came, names in rooms:
        held = [expression.evaluate(quorum, names, {came: n, "roll": 10}) for n in range(11)]
        if held[0]:
            yield "nobody at all is a quorum"
        elif not any(held):
            yield "not even everybody is a quorum"


def _weights(of: Institution) -> Iterator[str]:
    """A total that is no share of 100, and totals that have no grade."""
    for score in (s.score for s in of.stages.values()):
        if score and {sum(i.weight for i in score.indicators.values()), sum(score.raters.values())} != {100}:
            yield "weights do not sum to 100"
        if score and not any(g.least <= 0 for g in score.grades.values()):
            yield "some totals have no grade"
        if score and any(g.least > 100 for g in score.grades.values()):
            yield "nobody can reach a grade"


def _standards(pack: Pack, file: str) -> Iterator[str]:
    """A standard that nobody can keep, or whose violation nobody would hear of."""
    for name, spec in yaml.load(pack.sources[file], Loader=yaml.BaseLoader)["standards"].items():
        if not spec.get("source"):
            yield f"{name}: nobody knows where it comes from"
        if spec["condition"] == "false":
            yield f"{name}: no place can ever keep it"
        if spec["opens"] not in pack.institutions:
            yield f"{name}: a violation opens nothing"


def _promised(of: Institution) -> list[str]:
    """Names in messages that are neither fields nor clocks of the institution: a dropped promise."""
    named: set[str] = set()
    for act in _acts(of):
        for words in (act.says.zh, act.says.en) if act.says else ():
            named |= {n for _, n, _, _ in string.Formatter().parse(words) if n}
    known = {"number", *of.clocks, *of.fields, *(f"{f}_says" for f in of.fields)}
    return sorted(named - known)


def _callers(pack: Pack, child: Institution) -> list[str]:
    """Institutions that call the damaged one: does their child still open and end?"""
    found: list[str] = []
    if any(
        s.calls and s.calls.institution == child.name for i in pack.institutions.values() for s in i.stages.values()
    ):
        space = _quiet(pack, child)
        if space is not None and not any(c.ended for c in space.cases):
            found.append("whoever calls it waits for ever")
    return found


def _quiet(pack: Pack, institution: Institution) -> Space | None:
    try:
        return explore(pack, _parts(institution)[0], start=_first_day(institution))
    except (TooLarge, KeyError):
        return None


def _acts(of: Institution) -> list[Act]:
    return [of.open, *(a for s in of.stages.values() for a in s.acts.values()), *of.anywhere.values()]
