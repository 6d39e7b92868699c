"""An institution in plain sentences, in Chinese and English. Drawn from the definition, so it cannot drift from it.

Nothing here decides: the sentences say what :mod:`linli.kernel.decide` does with the same definition.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from linli.drafting.block_words import guard, opened_by_calendar
from linli.drafting.clock_words import ClockSentences
from linli.drafting.sentences import ENDS, cap
from linli.drafting.table import walk
from linli.drafting.words import SYSTEM, Words
from linli.kernel.institution import Act, Institution, Pack, Role


@dataclass(frozen=True, slots=True)
class Chapter:
    """A heading and its sentences. ``stage`` names the stage the chapter is about, None for the others."""

    title: str
    stage: str | None
    sentences: list[str]


def explain(pack: Pack, institution: Institution, lang: str, on: date, *, sources: bool = False) -> str:
    """The whole institution as plain text: its title, then each chapter with one sentence a line.

    ``on`` chooses the dated limits; ``sources`` adds where each number comes from.
    """
    found = chapters(pack, institution, lang, on, sources=sources)
    bodies = ["\n".join([c.title, *(f"  {s}" for s in c.sentences)]) for c in found]
    return "\n\n".join([institution.title.in_(lang), *bodies]) + "\n"


def chapters(pack: Pack, institution: Institution, lang: str, on: date, *, sources: bool = False) -> list[Chapter]:
    """The chapters in reading order: how it starts, each stage as a case walks, then what holds everywhere."""
    telling = Telling(Words(pack, institution, lang, on), sources)
    words = telling.words
    found = [Chapter(words.say("怎么提出", "How it starts"), None, telling.opening())]
    for name in walk(institution):
        stage = institution.stages[name]
        found.append(Chapter(words.stage(name), name, telling.stage(name, stage)))
    for zh, en, sentences in (
        ("办理途中还可以做什么", "What may be done on the way", telling.anywhere()),
        ("对外承诺", "What is promised", telling.promises()),
        ("要等的期限", "What must be waited for", telling.waits()),
        ("可以重来几次", "How often it may start over", telling.loops()),
        ("谁要回避", "Who stands aside", telling.duties()),
        ("岗位空缺怎么办", "When nobody holds a post", telling.vacancies()),
        ("谁能看到什么", "Who may see what", telling.sight()),
        ("时限怎么算", "How time is counted", telling.counting()),
        ("依据", "Where it comes from", telling.origin()),
    ):
        if sentences:
            found.append(Chapter(words.say(zh, en), None, sentences))
    return [Chapter(c.title, c.stage, [_ended(s, words) for s in c.sentences]) for c in found]


def _ended(sentence: str, words: Words) -> str:
    sentence = sentence.strip()
    return sentence if sentence.endswith(tuple(ENDS)) else sentence + words.say("。", ".")


class Telling(ClockSentences):
    """Adds what holds for the whole institution. Every method returns whole sentences; none when nothing is to say."""

    def opening(self) -> list[str]:
        """Who raises it, what is written down, where it goes, who is told."""
        w, act = self.words, self.institution.open
        found = [self.institution.about.in_(w.lang)] if self.institution.about else []
        found += self._raised(act)
        if act.needs:
            found.append(w.say(f"必须写明：{w.fields(act.needs)}。", f"It must state {w.fields(act.needs)}."))
        if act.may:
            found.append(w.say(f"还可以填写：{w.fields(act.may)}。", f"It may also give {w.fields(act.may)}."))
        first = w.quote(w.stage(act.to or next(iter(self.institution.stages), "")))
        found.append(w.say(f"提出后进入{first}环节。", f"The case then stands at {first}."))
        found += [*guard(w, act), *self._told(act)]
        accused = self.institution.against
        if accused:
            field = w.fields([accused])
            found.append(
                w.say(
                    f"{field}里写到的单位，其人员看不到这件事，也看不到是谁提出的。",
                    f"The people of a unit named in {field} see neither the case nor who raised it.",
                )
            )
        return found

    def _raised(self, act: Act) -> list[str]:
        w, by = self.words, self.institution.raised_by
        party, name = self.institution.parties.get(by), w.role(by)
        if party and party.who == "case":
            return [
                w.say(
                    f"这项制度不由个人提出，而由另一件事项发起，发起的一方称为{w.quote(w.title(by))}。",
                    f"No person raises it: another case opens it, called {w.quote(w.title(by))} here.",
                )
            ]
        people = [r for r in act.by if r not in SYSTEM]
        others = w.join((w.role(r) for r in people if r != by), "or")
        every = self.institution.every
        if every:
            found = [opened_by_calendar(w, every)]
            if others or by in people:
                who = w.join((w.role(r) for r in people), "or")
                found.append(w.say(f"{who}也可以提出。", f"It may also be raised by {who}."))
        elif by in people:
            found = [w.say(f"由{name}提出。", f"It is raised by {name}.")]
            if others:
                found.append(w.say(f"{others}也可以代为登记。", f"It may also be entered by {others} on their behalf."))
        else:
            found = [w.say(f"由{others}提出。", f"It is raised by {others}.")]
        if by not in people:
            found.append(w.say(f"办理结果要答复{name}。", f"The answer is owed to {name}."))
        if party and party.anonymous:
            found.append(
                w.say(
                    f"{name}可以不留姓名，凭专用链接查进展、收答复。",
                    f"{cap(name)} may stay unnamed, and then follows the case by its secret link.",
                )
            )
        return found

    def anywhere(self) -> list[str]:
        """Acts of every open stage, with where they are allowed."""
        w = self.words
        found = [
            w.say(
                "事项每转入一个环节，系统都通知那里的办理人。",
                "Whoever holds the next stage is told each time a case moves.",
            )
        ]
        for act in self.institution.anywhere.values():
            if not any(r not in SYSTEM for r in act.by):
                continue
            found += self.done(act, self._where(act))
        return found

    def _where(self, act: Act) -> str:
        """Where an act of `anywhere` is allowed, said the shorter way; nothing when it is everywhere."""
        w = self.words
        fitting = [n for n, s in self.institution.stages.items() if not s.end and n != act.to]
        without = [n for n in fitting if act.only_in and n not in act.only_in]
        if not without:
            return ""
        if len(without) <= 2:
            where = self._stages(without)
            return w.say(f"（{where}环节除外）", f" (not at {where})")
        where = self._stages(act.only_in)
        return w.say(f"（限{where}环节）", f" (only at {where})")

    def duties(self) -> list[str]:
        """Separation of duties: roles that may not be held by whoever did certain acts; the same rule said once."""
        w, all_acts = self.words, [a for s in self.institution.stages.values() for a in s.acts.values()]
        rules: dict[tuple[str, str], list[str]] = {}
        for role in (r for r in self.institution.roles.values() if r.never):
            mine = w.join((self._q(a) for a in all_acts if role.name in a.by), "or")
            rules.setdefault((self._doer(role), mine), []).append(role.name)
        found = []
        for (doer, mine), roles in rules.items():
            as_ = w.join((w.role(n) for n in roles), "or")
            zh = f"{doer}，不得以{as_}的身份{mine}。" if mine else f"{doer}，不得担任{as_}。"
            en = f"{doer} may not choose {mine} as {as_}." if mine else f"{doer} may not act as {as_}."
            found.append(w.say(zh, en))
        return found

    def _doer(self, role: Role) -> str:
        w = self.words
        if "handler" in role.never:
            return w.say("办过这件事的人", "Whoever worked on the case")
        done = w.join((self.act_name(n) for n in role.never), "or")
        return w.say(f"做过{done}的人", f"Whoever did {done}")

    def vacancies(self) -> list[str]:
        """Who stands in for each holder, up the ladder of duties."""
        w, known, found = self.words, self.words.pack.duties, []
        for role in dict.fromkeys(s.holder for s in self.institution.stages.values()):
            spec = self.institution.roles.get(role or "")
            above = known[spec.duty].above if spec and spec.duty in known else None
            if spec and above and above in known:
                here, up = known[spec.duty].title.in_(w.lang), known[above].title.in_(w.lang)
                found.append(
                    w.say(f"{here}空缺的，由{up}接办。", f"Where nobody is {_low(here)}, {_low(up)} takes over.")
                )
        return found

    def sight(self) -> list[str]:
        """Fields by who may read them."""
        w, found = self.words, []
        parties = w.join((w.role(n) for n in self.institution.parties), "and")
        over = [n for n, r in self.institution.roles.items() if self._sees_all(r)]
        watchers = w.join(w.role(n) for n in over) or w.say("监督岗位", "those who supervise")
        for class_, zh, en in (
            ("public", "所有人都能看到", "Everybody may see"),
            ("party", f"{parties}和办理人员能看到", f"{cap(parties)} and those who handle the case may see"),
            ("handler", "只有办理人员能看到", "Only those who handle the case may see"),
            ("supervisor", f"只有{watchers}能看到", f"Only {watchers} may see"),
        ):
            names = [n for n, f in self.institution.fields.items() if f.class_ == class_]
            if names:
                found.append(w.say(f"{zh}：{w.fields(names)}。", f"{en} {w.fields(names)}."))
        for name, field in self.institution.fields.items():
            if field.class_ == "sealed":
                who = w.join(w.role(r) for r in field.opens_to) or w.say("任何人都不", "nobody")
                title = w.fields([name])
                found.append(w.say(f"{title}封存，只有{who}能看到。", f"{title} is sealed: only {who} may see it."))
        return found

    def _sees_all(self, role: Role) -> bool:
        duty = self.words.pack.duties.get(role.duty)
        return duty is not None and duty.sees == "supervisor"

    def origin(self) -> list[str]:
        """Source and the day it holds from."""
        w, day = self.words, self.institution.valid_from
        found = [
            w.say(
                f"本制度自 {day.year} 年 {day.month} 月 {day.day} 日起施行。",
                f"It holds from {day.isoformat()} on.",
            )
        ]
        if self.sources:
            found.append(w.say(f"出处：{self.institution.source}。", f"Source: {self.institution.source}."))
        return found


def _low(title: str) -> str:
    """An English post inside a sentence, with its article."""
    article = "an" if title[:1].lower() in "aeiou" else "a"
    return f"{article} {title[:1].lower()}{title[1:]}"
