"""The notes below the pool: what may be done on the way, by whom, and how the timers are to be read."""

from __future__ import annotations

from linli.drafting.block_words import short
from linli.drafting.bpmn_parts import Note, ident
from linli.drafting.bpmn_time import approximate
from linli.drafting.bpmn_words import Speech
from linli.drafting.condition_words import Conditions
from linli.drafting.words import SYSTEM
from linli.kernel.institution import Act


def notes(speech: Speech) -> list[Note]:
    """A note for all people with the same acts of `anywhere`, one for who may enter a case, one on the limits."""
    found: list[Note] = []
    for people, acts in _by_people(speech).items():
        said = "\n".join([_head(speech, people), *(_line(speech, a) for a in acts)])
        found.append(Note(ident("note", *people), said))
    opening = _openers(speech)
    if opening:
        found.append(Note("note_opening", opening))
    conditions = _conditions(speech)
    if conditions:
        found.append(Note("note_conditions", conditions))
    limits = _limits(speech)
    if limits:
        found.append(Note("note_limits", limits))
    return found


def _by_people(speech: Speech) -> dict[tuple[str, ...], list[Act]]:
    """The acts of `anywhere` by who may do them; people with the same acts stand together."""
    one: dict[str, list[Act]] = {}
    for act in speech.institution.anywhere.values():
        for person in act.by:
            if person not in SYSTEM:
                one.setdefault(person, []).append(act)
    together: dict[tuple[str, ...], tuple[str, ...]] = {}
    for person, acts in one.items():
        names = tuple(a.name for a in acts)
        together[names] = (*together.get(names, ()), person)
    return {people: one[people[0]] for people in together.values()}


def _head(speech: Speech, people: tuple[str, ...]) -> str:
    w = speech.words
    who = w.join(w.say("当前办理人", "whoever holds the case") if n == "holder" else w.role(n) for n in people)
    return w.say(f"{who}在办理途中可以：", f"On the way {who} may:")


def _line(speech: Speech, act: Act) -> str:
    w = speech.words
    agreed = w.say(f"（须{w.title(act.approves)}同意）", f" (if {w.role(act.approves)} agrees)") if act.approves else ""
    limit = speech.limit(w.limit(act.within))
    longest = w.say(f"（{limit}）", f" ({limit})") if act.within else ""
    goal = f" → {w.leads_to(act)}" if act.to and w.leads_to(act) != act.title.in_(w.lang) else ""
    return f"· {speech.act(act)}{longest}{agreed}{goal}"


def _openers(speech: Speech) -> str:
    w, act, raiser = speech.words, speech.institution.open, speech.institution.raised_by
    people = [r for r in act.by if r not in SYSTEM]
    others = w.join((w.title(r) for r in people if r != raiser), "or")
    if not others:
        return ""
    if raiser not in people and not speech.institution.every:
        return w.say(f"由谁提出：{others}", f"Raised by: {others}")
    return w.say(f"可以代为登记：{others}", f"May enter it on their behalf: {others}")


def _conditions(speech: Speech) -> str:
    """Acts with a guard, meetings with a quorum, votes with a rule: what must hold before the flow may be taken."""
    w, institution = speech.words, speech.institution
    lines = []
    for stage in institution.stages.values():
        lines += [f"{speech.stage(stage.name)}{w.say('：', ': ')}{said}" for said in short(w, stage)]
    acts = [institution.open, *institution.anywhere.values()]
    acts += [a for s in institution.stages.values() for a in s.acts.values()]
    for act in acts:
        if act.when:
            lines.append(f"{act.title.in_(w.lang)}{w.say('：', ': ')}{Conditions(w).say(act.when)}")
    return "\n".join([w.say("要满足的条件：", "What must hold:"), *(f"· {line}" for line in lines)]) if lines else ""


def _limits(speech: Speech) -> str:
    w, institution = speech.words, speech.institution
    names = [s.within for s in institution.stages.values()] + [c.limit for c in institution.clocks.values()]
    values = [w.dated(n) for n in names if n]
    if not any(v and approximate(v) for v in values):
        return ""
    return w.say(
        "时限以图中文字为准：工作日按国务院放假和调休安排计算。BPMN没有工作日历，定时器里写的是相近的时长。",
        "The limits in words count: working days follow the State Council's notices. BPMN knows no "
        "working calendar, so the timers carry the nearest duration.",
    )
