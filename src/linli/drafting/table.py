"""Who does what, by when: an institution as facts in walking order, for the table, the sentences and the pictures."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from linli.drafting.block_words import recurrence
from linli.drafting.condition_words import Conditions
from linli.drafting.words import Words
from linli.kernel.institution import Act, Institution, Pack, Stage


@dataclass(frozen=True, slots=True)
class Row:
    """One act in words: all are text to show, empty where there is nothing to say."""

    stage: str
    who: str
    act: str
    by_when: str
    leads_to: str
    overdue: str
    told: str
    only_if: str = ""
    """Guard, quorum and bound: what must hold before the act can be done."""


@dataclass(frozen=True, slots=True)
class Edge:
    """An act that moves a case from one stage to another; ``clock`` tells whether the clock can do it."""

    source: str
    target: str
    act: Act
    clock: bool
    people: bool


def walk(institution: Institution) -> list[str]:
    """Names of the stages in the order a case normally walks them; ends last, stages nothing leads to before them.

    A stage comes after every stage that leads to it by an act without a bound: acts with ``at_most`` are the ways
    back, since the check refuses a loop without one. Plain breadth first would put the answer second, because the
    first stage can already give it. Where several may come next, the author's own order decides.
    """
    stages = institution.stages
    before: dict[str, set[str]] = {n: set() for n in stages}
    leads: dict[str, set[str]] = {n: set() for n in stages}
    for name in stages:
        for act in institution.acts_at(name).values():
            if act.to and act.to in stages and act.to != name:
                leads[name].add(act.to)
                if act.at_most is None and act.name not in institution.anywhere:
                    before[act.to].add(name)
    first = institution.open.to or next(iter(stages), "")
    reached = _reached(leads, first)
    order: list[str] = []
    seen = {first} & set(stages)
    while seen:
        ready = [n for n in stages if n in seen and not (before[n] & reached) - set(order) - {n}]
        if not ready:  # a ring without a bound: the author's order breaks it
            ready = [n for n in stages if n in seen]
        chosen = next((n for n in ready if n == first), ready[0])
        order.append(chosen)
        seen = (seen | leads[chosen]) - set(order)
    rest = [n for n in stages if n not in order]
    return sorted([*order, *rest], key=lambda n: stages[n].end)


def _reached(leads: dict[str, set[str]], first: str) -> set[str]:
    found, todo = set(), [first] if first in leads else []
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += leads[name]
    return found


def edges(institution: Institution) -> list[Edge]:
    """Every move that belongs to a stage, in walking order. Acts of ``anywhere`` and ways ``back`` have no edge."""
    found = []
    for name in walk(institution):
        for act in institution.stages[name].acts.values():
            if act.to in institution.stages:
                people = any(r != "clock" for r in act.by)
                found.append(Edge(name, act.to or "", act, "clock" in act.by, people))
    return found


def table(pack: Pack, institution: Institution, lang: str, on: date) -> list[Row]:
    """Who does what by when: the opening, every act in walking order, then what may be done in any stage."""
    words = Words(pack, institution, lang, on)
    opening = words.say("提出", "Opening")
    opened = _row(
        words, opening, institution.open, recurrence(words, institution.every) if institution.every else "", ""
    )
    rows = [opened]
    for name in walk(institution):
        stage = institution.stages[name]
        when, late = words.by_when(stage), words.overdue(stage)
        rows += [_row(words, words.stage(name), act, when, late, stage) for act in stage.acts.values()]
    anywhere = words.say("办理途中", "Any open stage")
    for act in institution.anywhere.values():
        when = words.limit(act.within) if act.within else ""
        rows.append(_row(words, anywhere, act, when, ""))
    return rows


def _row(words: Words, stage: str, act: Act, by_when: str, overdue: str, at: Stage | None = None) -> Row:
    who = words.join((words.title(r) for r in act.by), "or")
    if act.approves:
        who += words.say(f"（须{words.title(act.approves)}同意）", f" (if {words.role(act.approves)} agrees)")
    told, to = words.told(act), words.leads_to(act)
    return Row(stage, who, act.title.in_(words.lang), by_when, to, overdue, told, _only_if(words, act, at))


def _only_if(words: Words, act: Act, at: Stage | None) -> str:
    """The guard, the quorum of a meeting the act decides, and how often the act may be done."""
    said = Conditions(words)
    found = [said.say(act.when)] if act.when else []
    if at and at.meeting and at.meeting.decides == act.name:
        found.append(said.say(at.meeting.quorum))
    if act.at_most is not None:
        times = "once" if act.at_most == 1 else f"{act.at_most} times"
        found.append(words.say(f"最多 {act.at_most} 次", f"at most {times}"))
    return words.say("；", "; ").join(found)


def render(rows: Sequence[Row], lang: str) -> str:
    """The table for a terminal: one block a stage, columns aligned with Chinese characters two cells wide."""
    zh = lang.startswith("zh")
    head, only_if = (
        (("可以做", "谁来做", "去向", "告知"), "条件") if zh else (("Act", "Who", "Leads to", "Told"), "only if")
    )
    out: list[str] = []
    for _, group in groupby(rows, key=lambda r: r.stage):
        block = list(group)
        lines: list[tuple[str, ...]] = [head, *((r.act, r.who, r.leads_to, r.told or "—") for r in block)]
        widths = [max(_cells(line[i]) for line in lines) for i in range(len(head))]
        lines.insert(1, tuple("─" * w for w in widths))
        colon = "：" if zh else ": "
        notes = [f"  * {r.act}{colon}{only_if} {r.only_if}" for r in block if r.only_if]
        out += [_heading(block, lang), *(_line(line, widths) for line in lines), *notes, ""]
    return "\n".join(out)


def _heading(block: Sequence[Row], lang: str) -> str:
    row = block[0]
    late = f"逾期：{row.overdue}" if lang.startswith("zh") else f"overdue: {row.overdue}"
    of_all = len({r.by_when for r in block}) == 1  # the limits of single acts stand with none
    parts = (f"■ {row.stage}", row.by_when if of_all else "", late if row.overdue else "")
    return " · ".join(p for p in parts if p)


def _line(parts: Sequence[str], widths: Sequence[int]) -> str:
    padded = (p + " " * (w - _cells(p)) for p, w in zip(parts, widths, strict=True))
    return "  " + "  ".join(padded).rstrip()


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
