"""Why an act is not done: the rule, the reason, and what would change it. Every refusal is a value, never an error."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from typing import Any

from linli.kernel import blocks
from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import STAGE_CLOCK, Case
from linli.kernel.institution import Act, Institution, Text


@dataclass(frozen=True, slots=True)
class Who:
    """The actor: a person (None for the clock) and the roles and parties that fit them for this case, now."""

    person: str | None
    roles: frozenset[str]
    channel: str = "web"


CLOCK = Who(None, frozenset({"clock"}), "clock")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an act is not done: the rule, the reason, what would change it, and complaints by field."""

    code: str
    says: Text
    change: Text
    fields: Mapping[str, Text] = field(default_factory=dict)


def end_of(day: str) -> datetime:
    """24:00 in Shanghai of an ISO day."""
    return datetime.combine(date.fromisoformat(day), clock_time(), SHANGHAI) + timedelta(days=1)


def may(institution: Institution, case: Case, act: Act, who: Who) -> Refusal | None:
    """Why ``who`` may not do ``act`` on ``case`` at all (before anything is filled in); None when they may."""
    return (
        not_yours(institution, act, who)
        or not_again(institution, case, act)
        or same_person(institution, case, act, who)
    )


def blocked(institution: Institution, case: Case, act: Act, values: Mapping[str, Any], who: Who) -> Refusal | None:
    """What the act's guard or its stage's block demands."""
    why = blocks.refuse(institution, case, act, values, who.person)
    if why is None:
        return None
    change = act.or_else or Text("条件满足后再办。", "Do it once the condition holds.")
    return Refusal(why[0], why[1], change, why[2])


def not_yours(institution: Institution, act: Act, who: Who) -> Refusal | None:
    """None when one of the act's roles fits ``who``."""
    return None if set(act.by) & who.roles else refuse_role(institution, act, act.by)


def refuse_role(institution: Institution, act: Act, roles: Iterable[str]) -> Refusal:
    """Only ``roles`` may do ``act``."""
    zh, en = (_names(institution, roles, lang) for lang in ("zh", "en"))
    say = Text(f"“{act.title.zh}”只能由{zh}来做。", f"Only {en} may do “{act.title.en}”.")
    return Refusal("not_yours", say, Text(f"请联系{zh}。", f"Ask {en}."))


SPECIAL = {
    "holder": Text("当前办理人", "the current holder"),
    "clock": Text("时限到期", "the clock"),
    "children": Text("各协办单位办结", "the called units"),
    "lead": Text("所并入事项有了答复", "the case it follows"),
}


def title_of(institution: Institution, role: str) -> Text:
    """What people call a role, a party, or one of the special actors."""
    named = institution.roles.get(role) or institution.parties.get(role)
    return named.title if named else SPECIAL.get(role, Text(role, role))


def _names(institution: Institution, roles: Iterable[str], lang: str) -> str:
    return ("、" if lang == "zh" else " or ").join(title_of(institution, r).in_(lang) for r in roles)


def not_again(institution: Institution, case: Case, act: Act) -> Refusal | None:
    """Too often, already waiting for agreement, or the clocks are not in the state for it."""
    if act.name in case.pending:
        say = Text(f"“{act.title.zh}”已提出，正等待同意。", f"“{act.title.en}” is already waiting for agreement.")
        return Refusal("waiting", say, Text("请等答复。", "Wait for the answer."))
    if act.at_most is not None and case.done.get(act.name, 0) >= act.at_most:
        say = Text(
            f"“{act.title.zh}”最多 {act.at_most} 次，已用完。",
            f"“{act.title.en}” is allowed {act.at_most} time(s) only.",
        )
        return Refusal("too_often", say, Text("可请上级协调。", "Ask the level above."))
    wrong_pause = (act.does == "pause" and case.paused) or (act.does == "resume" and not case.paused)
    if wrong_pause:
        say = Text("时限的暂停状态不对。", "The clocks are not in the state for this.")
        return Refusal("not_paused", say, Text("请刷新页面。", "Reload the page."))
    return None


def same_person(institution: Institution, case: Case, act: Act, who: Who) -> Refusal | None:
    """Separation of duties: somebody in a role that is `never` the doer of certain acts."""
    fitting = [r for r in act.by if r in who.roles]
    for role in fitting:
        spec = institution.roles.get((case.holder or "") if role == "holder" else role)
        barred = spec.never if spec else ()
        if not any(who.person in case.doers.get(n, ()) for n in barred):
            return None
    if not fitting:
        return None
    say = Text("您经办过这件事，不能由您来核实。", "You worked on this case, so you may not verify it.")
    return Refusal("same_person", say, Text("请由其他人来做。", "Somebody else must do it."))


def over(act: Act, until: datetime) -> Refusal:
    """An act that was possible for a while after the end, until ``until``."""
    day = (until - timedelta(microseconds=1)).astimezone(SHANGHAI).date().isoformat()
    say = Text(f"“{act.title.zh}”只能做到 {day} 为止。", f"“{act.title.en}” was possible until {day}.")
    return Refusal("over", say, Text("如有新情况，请重新反映。", "Report anew if something is new."))


def ended() -> Refusal:
    """Nothing more is done on a closed case."""
    say = Text("事项已办结。", "The case is closed.")
    return Refusal("ended", say, Text("如仍未解决，请重新反映。", "Report it again if it is not solved."))


def not_here(institution: Institution, case: Case, name: str) -> Refusal:
    """The act belongs to other stages, or to none."""
    here = institution.stages[case.stage].title
    stages = [s for s in institution.stages.values() if name in institution.acts_at(s.name)]
    where = [(s.title, institution.acts_at(s.name)[name]) for s in stages]
    if not where:
        say = Text(f"这项制度没有“{name}”这个动作。", f"This institution has no act “{name}”.")
        return Refusal("no_such_act", say, Text("请刷新页面。", "Reload the page."))
    zh, en = "、".join(t.zh for t, _ in where), ", ".join(t.en for t, _ in where)
    act = where[0][1].title
    say = Text(
        f"“{act.zh}”在“{zh}”环节做，事项现在在“{here.zh}”环节。",
        f"“{act.en}” belongs to {en}; the case is at {here.en}.",
    )
    return Refusal("not_here", say, Text("请刷新页面查看最新进展。", "Reload the page to see what happened."))


def incomplete(institution: Institution, wrong: Mapping[str, Text]) -> Refusal:
    """What must be filled in or corrected, by field."""

    def named(lang: str) -> str:
        titles = (institution.fields[n].title.in_(lang) if n in institution.fields else n for n in wrong)
        return ("、" if lang == "zh" else ", ").join(titles)

    say = Text(f"请补填或改正：{named('zh')}。", f"Please complete or correct: {named('en')}.")
    return Refusal(
        "incomplete", say, Text("改好后再提交，已填内容都在。", "Send it again; nothing typed is lost."), dict(wrong)
    )


def bad_date(
    institution: Institution, case: Case, act: Act, values: Mapping[str, Any], now: datetime
) -> Refusal | None:
    """A date that sets a clock lies in the future, and an extension lies after the date it replaces."""
    named = {"until"} if act.does == "extend" else set()
    target = institution.stages.get(act.to or "")
    if target and target.until:
        named.add(target.until)
    for name in named & set(values):
        running = case.clocks.get(STAGE_CLOCK)
        floor = running.due if act.does == "extend" and running and running.remaining is None else now
        if end_of(values[name]) <= floor:
            day = floor.astimezone(SHANGHAI).date().isoformat()
            return incomplete(institution, {name: Text(f"日期要晚于 {day}。", f"Choose a day after {day}.")})
    return None
