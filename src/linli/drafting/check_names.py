"""Names that are declared nowhere. What refers to nothing cannot be walked, so these are looked for first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from linli.drafting.codes import found
from linli.drafting.finding import Finding, nearest
from linli.kernel.institution import Act, Institution, Mark, Pack, Stage

BY_ITSELF = ("clock", "children", "lead")
"""Those who act without a person: a limit, the called units, the case this one waits for."""
ACTORS = ("holder", *BY_ITSELF)
"""Who may act beside roles and parties."""
BLOCK_FIELDS = {
    "ballot": ("choice", "roll", "item"),
    "meeting": ("agenda", "present", "roll", "resolutions"),
    "slot": ("place", "start", "end"),
    "funding": ("amount", "who"),
}
"""The keys of a block that name a field."""


@dataclass(frozen=True, slots=True)
class PlacedAct:
    """An act and where it is written: the name of a stage, ``anywhere``, or ``open``."""

    act: Act
    where: str


def acts_of(institution: Institution) -> Iterator[PlacedAct]:
    """Every act of the institution, the opening first."""
    yield PlacedAct(institution.open, "open")
    for stage in institution.stages.values():
        for act in stage.acts.values():
            yield PlacedAct(act, stage.name)
    for act in institution.anywhere.values():
        yield PlacedAct(act, "anywhere")


def people_of(institution: Institution, act: Act) -> list[str]:
    """Whose hands an act can be in: roles, `holder`, the raiser where it is no case; nobody acts as another party."""
    deaf = {n for n, p in institution.parties.items() if n != institution.raised_by or p.who == "case"}
    return [b for b in act.by if b not in BY_ITSELF and b not in deaf]


def mark_of(thing: Any, key: str) -> Mark:
    """Where ``key`` of a thing was written, or where the thing begins."""
    mark: Mark = thing.marks.get(key, thing.mark)
    return mark


class _Names:
    """Collects the findings of one institution."""

    def __init__(self, pack: Pack, institution: Institution) -> None:
        self.pack, self.of = pack, institution
        self.findings: list[Finding] = []
        self.people = {*institution.roles, *institution.parties}

    def want(self, thing: Any, key: str, names: Iterable[str | None], known: Iterable[str], zh: str, en: str) -> None:
        """Note every one of ``names`` that is not ``known``; ``zh`` and ``en`` say what kind of name it is."""
        known = set(known)
        for name in names:
            if name is not None and name not in known:
                say = f"没有名为 {name} 的{zh}。", f"There is no {en} called {name}."
                remedy = nearest(name, known)
                self.findings.append(found("undeclared-name", mark_of(thing, key), *say, remedy=remedy))

    def all(self) -> list[Finding]:
        of, pack = self.of, self.pack
        self.want(of, "raised_by", [of.raised_by], of.parties, "当事人", "party")
        self.want(of, "against", [of.against], of.fields, "字段", "field")
        self._start()
        for role in of.roles.values():
            self.want(role, "duty", [role.duty], pack.duties, "职务", "duty")
            acts = {p.act.name for p in acts_of(of)}
            self.want(role, "never", role.never, {"handler", *acts}, "动作", "act")
        for field in of.fields.values():
            self.want(field, "list", [field.list], pack.lists, "代码表", "code list")
            self.want(field, "opens_to", field.opens_to, of.roles, "角色", "role")
            self.want(field, "of", field.of, pack.institutions, "制度", "institution")
        self._clocks()
        for stage in of.stages.values():
            self._stage(stage.name)
        for placed in acts_of(of):
            self._act(placed)
        return self.findings

    def _start(self) -> None:
        first = self.of.open.to
        if not self.of.stages or (first is not None and first not in self.of.stages):
            say = f"没有名为 {first} 的环节可以开始。", f"There is no stage called {first} to start in."
            remedy = nearest(first or "", self.of.stages) if self.of.stages else None
            self.findings.append(found("start-missing", mark_of(self.of.open, "to"), *say, remedy=remedy))

    def _clocks(self) -> None:
        names = {p.act.name for p in acts_of(self.of)}
        for clock in self.of.clocks.values():
            self.want(clock, "from_", clock.from_, names, "动作", "act")
            self.want(clock, "limit", [clock.limit], self.pack.parameters, "参数", "parameter")
            self.want(clock, "until", clock.until, {"answered", "ended", *names}, "动作", "act")
            self.want(clock, "tells", clock.tells, {*self.people, "holder"}, "角色或当事人", "role or party")
        if every := self.of.every:
            self.want(every, "duty", [every.duty], self.pack.duties, "职务", "duty")
            self.want(every, "calendar", [every.calendar], self.pack.calendars, "日历", "calendar")

    def _stage(self, name: str) -> None:
        stage = self.of.stages[name]
        self.want(stage, "holder", [stage.holder], self.of.roles, "角色", "role")
        self.want(stage, "within", [stage.within], self.pack.parameters, "参数", "parameter")
        self.want(stage, "until", [stage.until], self.of.fields, "字段", "field")
        if stage.overdue is not None and not stage.end:
            self.want(
                stage, "overdue", [stage.overdue], self.of.acts_at(name), "动作（在这个环节）", "act at this stage"
            )
        if stage.calls:
            calls = stage.calls
            self.want(calls, "institution", [calls.institution], self.pack.institutions, "制度", "institution")
            self.want(calls, "for_each", [calls.for_each], self.of.fields, "字段", "field")
            self.want(calls, "passes", calls.passes, self.of.fields, "字段", "field")
            self.want(calls, "counts", calls.counts, self.pack.results, "结果", "result")
        if stage.gathers is not None:
            self.want(stage, "gathers", [stage.gathers], stage.acts, "动作（在这个环节）", "act of this stage")
        if stage.follows:
            follows = stage.follows
            self.want(follows, "case", [follows.case], self.of.fields, "字段", "field")
            self.want(follows, "passes", follows.passes, self.of.fields, "字段", "field")
            for key in ("then", "otherwise"):
                here = "动作（在这个环节）", "act of this stage"
                self.want(follows, key, [getattr(follows, key)], stage.acts, *here)
        self._blocks(stage)

    def _blocks(self, stage: Stage) -> None:
        for block, keys in BLOCK_FIELDS.items():
            thing = getattr(stage, block)
            for key in keys if thing else ():
                self.want(thing, key, [getattr(thing, key)], self.of.fields, "字段", "field")
        here = "动作（在这个环节）", "act at this stage"
        if stage.meeting:
            self.want(stage.meeting, "decides", [stage.meeting.decides], stage.acts, *here)
        if stage.score:
            self.want(stage.score, "raters", stage.score.raters, self.of.roles, "角色", "role")
            for indicator in stage.score.indicators.values():
                self.want(indicator, "field", [indicator.field], self.of.fields, "字段", "field")
        if stage.publish:
            self.want(stage.publish, "fields", stage.publish.fields, self.of.fields, "字段", "field")
            self.want(stage.publish, "period", [stage.publish.period], self.pack.parameters, "参数", "parameter")
            acts = () if stage.end else self.of.acts_at(stage.name)
            self.want(stage.publish, "objections", [stage.publish.objections], acts, *here)

    def _act(self, placed: PlacedAct) -> None:
        act, of = placed.act, self.of
        self.want(act, "by", act.by, {*self.people, *ACTORS}, "角色或当事人", "role or party")
        self.want(act, "needs", act.needs, of.fields, "字段", "field")
        self.want(act, "may", act.may, of.fields, "字段", "field")
        self.want(act, "tells", act.tells, {*self.people, "holder"}, "角色或当事人", "role or party")
        self.want(act, "approves", [act.approves], of.roles, "角色", "role")
        self.want(act, "result", act.result, self.pack.results, "结果", "result")
        self.want(act, "within", [act.within], self.pack.parameters, "参数", "parameter")
        self.want(act, "only_in", act.only_in, of.stages, "环节", "stage")
        if placed.where != "open":
            self.want(act, "to", [act.to], {*of.stages, "back"}, "环节", "stage")
        if act.tier is not None and act.tier not in self.pack.levels:
            say = f"{act.tier} 不是本地的层级。", f"{act.tier} is not a level."
            remedy = nearest(act.tier, self.pack.levels)
            self.findings.append(found("tier-not-a-level", mark_of(act, "tier"), *say, remedy=remedy))
        for name in set(act.answers) - set(of.parties):
            say = f"{name} 不是当事人，不能作答复对象。", f"{name} is not a party and cannot be answered."
            self.findings.append(found("answer-to-nobody", mark_of(act, "answers"), *say))


def check_names(pack: Pack, institution: Institution) -> list[Finding]:
    """Every name used in ``institution`` that is declared nowhere."""
    return _Names(pack, institution).all()


def check_pack_names(pack: Pack) -> list[Finding]:
    """Names used in the pack's own files: duties above duties, groups of codes, calendars of parameters."""
    findings = []

    def want(thing: Any, key: str, name: str | None, known: Iterable[str], zh: str, en: str) -> None:
        if name is not None and name not in set(known):
            say = f"没有名为 {name} 的{zh}。", f"There is no {en} called {name}."
            findings.append(found("undeclared-name", mark_of(thing, key), *say, remedy=nearest(name, known)))

    for duty in pack.duties.values():
        want(duty, "above", duty.above, pack.duties, "职务", "duty")
        if _in_circle(pack, duty.name):
            say = f"“{duty.title.zh}”的上级绕回了自己。", f"{duty.name} ends up above itself."
            findings.append(found("duty-circle", mark_of(duty, "above"), *say))
    for codes in pack.lists.values():
        for code in codes.values():
            want(code, "group", code.group, codes, "代码", "code")
    for values in pack.parameters.values():
        for value in values:
            want(value, "calendar", value.calendar, pack.calendars, "日历", "calendar")
    return findings


def _in_circle(pack: Pack, duty: str) -> bool:
    above, seen = pack.duties[duty].above, set()
    while above and above in pack.duties and above not in seen:
        if above == duty:
            return True
        seen.add(above)
        above = pack.duties[above].above
    return False
