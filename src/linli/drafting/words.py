"""The names and limits of one institution as people say them, in one language, on one day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Literal

from linli.kernel.institution import Act, Dated, Institution, Pack, Stage
from linli.kernel.refusal import title_of

SYSTEM = ("clock", "children", "lead")
"""Actors that are not people."""

UNITS: dict[str, tuple[str, str]] = {
    "minute": ("分钟", "minute"),
    "hour": ("小时", "hour"),
    "day": ("日", "day"),
    "working_day": ("个工作日", "working day"),
    "working_hour": ("个工作小时", "working hour"),
}
"""Each unit of a limit as people say it, Chinese and English (singular)."""


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
        bare = title[4:] if title.lower().startswith("the ") else title
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
        """The value of a parameter on the day that holds without a condition; None when nothing covers the day."""
        values = [v for v in self.of_day(parameter) if not v.when]
        return max(values, key=lambda v: v.from_, default=None)

    def of_day(self, parameter: str | None) -> list[Dated]:
        """Every value of a parameter on the day: the plain one and those for cases with certain fields."""
        values = self.pack.parameters.get(parameter or "", ())
        if self.on is not None:
            return [v for v in values if v.from_ <= self.on and (v.to is None or self.on <= v.to)]
        plain = [v for v in values if not v.when]
        return [
            *([max(plain, key=lambda v: v.from_)] if plain else []),
            *(v for v in values if v.when and v.to is None),
        ]

    def limit(self, parameter: str | None) -> str:
        """The value of a parameter as people say it: 24 小时内, within 2 working days; with what differs by field."""
        value = self.dated(parameter)
        others = self.exceptions(parameter)
        if value is None and not others:
            day = self.on.isoformat() if self.on else ""
            return self.say(f"时限未定（{day} 没有规定）", f"no limit set ({day})")
        return (self.amount(value) if value else self.say("按情况定", "by kind")) + others

    def exceptions(self, parameter: str | None) -> str:
        """What the limit is for certain cases, in brackets; empty where it is the same for all."""
        others = [self._special(v) for v in self._specials(parameter)]
        return self.say(f"（{'；'.join(others)}）", f" ({'; '.join(others)})") if others else ""

    def amount(self, value: Dated) -> str:
        """One dated value: 24 小时内, within 2 working days."""
        if value.unit == "percent":
            return f"{value.value}%"
        zh, en = UNITS[value.unit]
        if value.value == 0:
            return self.say("当日", "the same day")
        return self.say(f"{value.value} {zh}内", f"within {value.value} {en}{'' if value.value == 1 else 's'}")

    def _specials(self, parameter: str | None) -> list[Dated]:
        """The values for certain cases, without those that say the same as one with fewer conditions."""
        found = [v for v in self.of_day(parameter) if v.when]
        return [v for v in found if not any(o is not v and _covers(o, v) for o in found)]

    def value(self, value: Dated) -> str:
        """One dated value with what it holds for."""
        return self._special(value) if value.when else self.amount(value)

    def _special(self, value: Dated) -> str:
        """A value for certain cases: “类别”为“漏水”的，2 小时内."""
        amount, condition = self.amount(value), self.condition(value)
        return self.say(f"{condition}的，{amount}", f"{amount} where {condition}")

    def condition(self, value: Dated) -> str:
        """The cases a value is for: “类别”为“漏水”."""
        known = self.institution.fields
        parts = []
        for name, codes in value.when.items():
            listed = self.pack.lists.get((known[name].list if name in known else None) or "", {})
            titles = self.join((self.quote(listed[c].title.in_(self.lang) if c in listed else c) for c in codes), "or")
            parts.append(self.say(f"{self.fields([name])}为{titles}", f"{self.fields([name])} is {titles}"))
        return self.say("，并且", " and ").join(parts)

    def by_when(self, stage: Stage) -> str:
        """How long a case may stay at the stage; empty at an end."""
        if stage.until:
            day = self.fields([stage.until])
            return self.say(f"到{day}当天为止", f"until the day in {day}")
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


def _covers(one: Dated, other: Dated) -> bool:
    """Whether ``one`` says the same as ``other`` with fewer conditions."""
    alike = (one.value, one.unit, one.calendar) == (other.value, other.unit, other.calendar)
    return alike and one.when.items() <= other.when.items()
