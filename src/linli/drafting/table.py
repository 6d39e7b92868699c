"""Who does what, by when: an institution as facts in walking order, for the table, the sentences and the pictures."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Literal

from linli.kernel.institution import Act, Dated, Institution, Pack, Stage
from linli.kernel.refusal import title_of

SYSTEM = ("clock", "children")
"""Actors that are not people."""

_UNITS: dict[str, tuple[str, str]] = {
    "minute": ("分钟", "minute"),
    "hour": ("小时", "hour"),
    "day": ("日", "day"),
    "working_day": ("个工作日", "working day"),
    "working_hour": ("个工作小时", "working hour"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One act in words: all seven are text to show, empty where there is nothing to say."""

    stage: str
    who: str
    act: str
    by_when: str
    leads_to: str
    overdue: str
    told: str


@dataclass(frozen=True, slots=True)
class Edge:
    """An act that moves a case from one stage to another; ``clock`` tells whether the clock can do it."""

    source: str
    target: str
    act: Act
    clock: bool
    people: bool


class Words:
    """The names and limits of one institution in one language, on one day.

    ``on`` None takes the newest value of every parameter. A name or a value that is missing is said, never raised:
    a pack may be explained before it is checked.
    """

    def __init__(self, pack: Pack, institution: Institution, lang: str, on: date | None) -> None:
        self.pack, self.institution, self.lang, self.on = pack, institution, lang, on
        self.zh = lang.startswith("zh")

    def say(self, zh: str, en: str) -> str:
        """The one of two wordings that fits the language."""
        return zh if self.zh else en

    def quote(self, text: str) -> str:
        """In quotation marks."""
        return f"“{text}”"

    def join(self, names: Iterable[str], last: Literal["and", "or"] = "and") -> str:
        """A list as people write it."""
        found = list(dict.fromkeys(n for n in names if n))
        if self.zh:  # GB/T 15834: no comma between quoted items
            return "、".join(found).replace("”、“", "”“")
        return f" {last} ".join(", ".join(part) for part in (found[:-1], found[-1:]) if part)

    def stage(self, name: str) -> str:
        """Title of a stage."""
        found = self.institution.stages.get(name)
        return found.title.in_(self.lang) if found else name

    def title(self, name: str) -> str:
        """What people call a role, a party or a special actor."""
        if name == "clock":
            return self.say("系统（到期自动）", "System, when time is up")
        title = title_of(self.institution, name).in_(self.lang)
        bare = title.removeprefix("the ")
        return title if bare == title else bare[:1].upper() + bare[1:]

    def role(self, name: str) -> str:
        """The same inside a sentence: English adds the article."""
        title = self.title(name)
        return title if self.zh else f"the {title[:1].lower()}{title[1:]}"

    def actors(self, act: Act) -> str:
        """The people who may do the act; empty when only the system can."""
        return self.join((self.role(r) for r in act.by if r not in SYSTEM), "or")

    def fields(self, names: Iterable[str]) -> str:
        """Titles of fields, as a list."""
        known = self.institution.fields
        titles = (known[n].title.in_(self.lang) if n in known else n for n in names)
        return self.join(self.quote(t) for t in titles)

    def dated(self, parameter: str | None) -> Dated | None:
        """The value of a parameter on the day; None when nothing covers it."""
        values = self.pack.parameters.get(parameter or "", ())
        if self.on is None:
            return max(values, key=lambda v: v.from_, default=None)
        return next((v for v in values if v.from_ <= self.on and (v.to is None or self.on <= v.to)), None)

    def limit(self, parameter: str | None) -> str:
        """The value of a parameter as people say it: 24 小时内, within 2 working days."""
        value = self.dated(parameter)
        if value is None:
            day = self.on.isoformat() if self.on else ""
            return self.say(f"时限未定（{day} 没有规定）", f"no limit set ({day})")
        zh, en = _UNITS[value.unit]
        if value.value == 0:
            return self.say("当日", "the same day")
        return self.say(f"{value.value} {zh}内", f"within {value.value} {en}{'' if value.value == 1 else 's'}")

    def by_when(self, stage: Stage) -> str:
        """How long a case may stay at the stage; empty at an end."""
        if stage.until:
            day = self.fields([stage.until])
            return self.say(f"到{day}写明的那一天", f"until the day in {day}")
        return self.limit(stage.within) if stage.within else ""

    def leads_to(self, act: Act) -> str:
        """Where the act leads, in words."""
        if act.to == "back":
            return self.say("回到原来的环节", "back to where it was")
        if act.to is None:
            return self.say("留在本环节", "stays")
        return self.stage(act.to)

    def told(self, act: Act) -> str:
        """Everybody who hears of the act."""
        return self.join(self.title(r) for r in (*act.answers, *act.tells))

    def overdue(self, stage: Stage) -> str:
        """What the clock does when the time runs out."""
        act = self.institution.acts_at(stage.name).get(stage.overdue or "") if stage.name else None
        act = act or stage.acts.get(stage.overdue or "")
        if act is None:
            return ""
        arrow = f" → {self.leads_to(act)}" if act.to else ""
        return f"{act.title.in_(self.lang)}{arrow}"


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
    opened = _row(words, words.say("提出", "Opening"), institution.open, "", "")
    rows = [opened]
    for name in walk(institution):
        stage = institution.stages[name]
        when, late = words.by_when(stage), words.overdue(stage)
        rows += [_row(words, words.stage(name), act, when, late) for act in stage.acts.values()]
    anywhere = words.say("办理途中", "Any open stage")
    for act in institution.anywhere.values():
        when = words.limit(act.within) if act.within else ""
        rows.append(_row(words, anywhere, act, when, ""))
    return rows


def _row(words: Words, stage: str, act: Act, by_when: str, overdue: str) -> Row:
    who = words.join((words.title(r) for r in act.by), "or")
    if act.approves:
        who += words.say(f"（须{words.title(act.approves)}同意）", f" (if {words.role(act.approves)} agrees)")
    return Row(stage, who, act.title.in_(words.lang), by_when, words.leads_to(act), overdue, words.told(act))


def render(rows: Sequence[Row], lang: str) -> str:
    """The table for a terminal: one block a stage, columns aligned with Chinese characters two cells wide."""
    head = ("可以做", "谁来做", "去向", "告知") if lang.startswith("zh") else ("Act", "Who", "Leads to", "Told")
    out: list[str] = []
    for _, group in groupby(rows, key=lambda r: r.stage):
        block = list(group)
        lines: list[tuple[str, ...]] = [head, *((r.act, r.who, r.leads_to, r.told or "—") for r in block)]
        widths = [max(_cells(line[i]) for line in lines) for i in range(len(head))]
        lines.insert(1, tuple("─" * w for w in widths))
        out += [_heading(block[0], lang), *(_line(line, widths) for line in lines), ""]
    return "\n".join(out)


def _heading(row: Row, lang: str) -> str:
    late = f"逾期：{row.overdue}" if lang.startswith("zh") else f"overdue: {row.overdue}"
    in_stage = row.by_when if row.overdue else ""
    return " · ".join(p for p in (f"■ {row.stage}", in_stage, late if row.overdue else "") if p)


def _line(parts: Sequence[str], widths: Sequence[int]) -> str:
    padded = (p + " " * (w - _cells(p)) for p, w in zip(parts, widths, strict=True))
    return "  " + "  ".join(padded).rstrip()


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)
