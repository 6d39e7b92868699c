"""Why: one shape for every answer — the rule, the dated value, its source, how it came about, what would change it.

A deadline, a refusal, a dispatch and a figure are all answered in this shape, so pages and the API show them alike.
Nothing is written by hand for one city: the rule is the definition's own line, said in the words of ``linli explain``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from linli.drafting.explain import Telling
from linli.drafting.words import SYSTEM, UNITS, Words
from linli.kernel.calendar import SHANGHAI
from linli.kernel.institution import NOWHERE, Act, Dated, Institution, Mark, Pack, Stage, Text, Written


@dataclass(frozen=True, slots=True)
class Rule:
    """A place in a definition: which institution (in which version), stage, act and key, and the line it stands on."""

    institution: str
    title: Text
    version: str
    stage: str | None
    act: str | None
    key: str
    mark: Mark
    says: Text


@dataclass(frozen=True, slots=True)
class Value:
    """One dated value of a parameter: the number, its unit and calendar, from when to when it holds, and its source."""

    parameter: str
    amount: int
    unit: str
    calendar: str
    first: date
    last: date | None
    source: str
    mark: Mark
    says: Text


@dataclass(frozen=True, slots=True)
class Step:
    """One step of how it came about. ``kind`` is stable for machines, ``at`` the moment where there is one."""

    kind: str
    says: Text
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A number that a figure is made of: ``role`` is good, other or excluded; ``query`` lists exactly its cases."""

    role: str
    title: Text
    value: int
    query: str


@dataclass(frozen=True, slots=True)
class Why:
    """The answer to one “why?”. ``what`` names the question as the API takes it: ``clock:promise``, ``act:extend`` …"""

    what: str
    asks: Text
    says: Text
    rule: Rule | None = None
    value: Value | None = None
    source: str = ""
    steps: tuple[Step, ...] = ()
    changes: tuple[Text, ...] = ()
    pieces: tuple[Piece, ...] = ()


class Rules(Telling):
    """Says single rules in the words of the whole explanation."""

    def holder(self, stage: str) -> str:
        """Who holds the stage and until when."""
        return " ".join(self._held(self.institution.stages[stage]))

    def limit(self, stage: str) -> str:
        """The same with what follows when the time runs out."""
        found = self.institution.stages[stage]
        return self.words.say("", " ").join([*self._held(found), *self._overdue(found)])

    def clock(self, name: str) -> str:
        """A promise: from when, how long, what does not change it, what starts it anew."""
        return self.words.say("", " ").join(self._promise(self.institution.clocks[name]))

    def dated(self, value: Dated) -> str:
        """A value that holds for certain cases, with what they have in common."""
        return self.words.value(value)

    def calls(self, stage: Stage) -> str:
        """Which units are called on entering a stage, and what follows once they are done."""
        return self.words.say("", " ").join(self._calls(stage))

    def may(self, act: Act) -> str:
        """Who may do an act, what it needs, where it leads; for the system's own acts, when it does them."""
        if any(r not in SYSTEM for r in act.by):
            return self._act(act, self._where(act) if act.name in self.institution.anywhere else "")
        who, name = self.words.join(self.words.role(r) for r in act.by), self._q(act)
        return self.words.say(f"{name}不由人做，由{who}触发。", f"{name} is done by nobody: {who} sets it off.")

    def never(self, role: str) -> str:
        """Who may not act in a role because of what they did."""
        w, doer, title = self.words, self._doer(self.institution.roles[role]), self.words.role(role)
        return w.say(f"{doer}，不得再担任{title}。", f"{doer} may not act as {title}.")


def said(pack: Pack, institution: Institution, on: date | None, tell: Callable[[Rules], str]) -> Text:
    """What ``tell`` says of ``institution``, in both languages; dated limits are those of the day ``on``."""
    words = (Words(pack, institution, lang, on) for lang in ("zh", "en"))
    return Text(*(tell(Rules(w, False)) for w in words))


def rule(
    institution: Institution, says: Text, key: str, thing: Written, stage: str | None = None, act: str | None = None
) -> Rule:
    """The line on which ``key`` of ``thing`` is written; the thing's own first line when the key is left out there."""
    mark = thing.marks.get(key) or thing.marks.get(f"{key}_") or thing.mark
    if mark == NOWHERE:
        mark = institution.mark
    return Rule(institution.name, institution.title, institution.version, stage, act, key, mark, says)


def amount_words(amount: int, unit: str) -> Text:
    """An amount of time as people say it: 10 个工作日, 10 working days; 0 days is the same day."""
    if unit == "percent":
        return Text(f"{amount}%", f"{amount}%")
    zh, en = UNITS.get(unit, ("", unit))
    if amount == 0 and unit == "day":
        return Text("当日", "the same day")
    return Text(f"{amount} {zh}", f"{amount} {en}{'' if amount == 1 else 's'}")


def value(parameter: str, dated: Dated, case: Text | None = None) -> Value:
    """One dated value as it is told; ``case`` says for which kind of case it holds, amount included."""
    amount = case or amount_words(dated.value, dated.unit)
    zh = f"{amount.zh}，自 {dated.from_} 起" + (f"至 {dated.to} 止" if dated.to else "施行")
    en = f"{amount.en}, from {dated.from_}" + (f" to {dated.to}" if dated.to else " on")
    if dated.unit.startswith("working"):
        zh, en = f"{zh}，按工作日历（{dated.calendar}）", f"{en}, on the calendar “{dated.calendar}”"
    return Value(
        parameter, dated.value, dated.unit, dated.calendar, dated.from_, dated.to, dated.source,
        dated.marks.get("value", dated.mark), Text(zh, en),
    )  # fmt: skip


def times(n: int) -> str:
    """How often, in English: once, 3 times."""
    return "once" if n == 1 else f"{n} times"


def moment_words(at: datetime, year: int | None = None) -> Text:
    """A moment in Shanghai, to the minute; the end of a day is 24:00 of that day. ``year`` is the one left out."""
    local = at.astimezone(SHANGHAI)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        words = day_words(date.fromordinal(local.toordinal() - 1), year)
        return Text(f"{words.zh} 24:00", f"{words.en} 24:00")
    words = day_words(local.date(), year)
    return Text(f"{words.zh} {local:%H:%M}", f"{words.en} {local:%H:%M}")


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
WEEKDAYS = tuple(zip("一二三四五六日", ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), strict=True))
"""Each weekday from Monday, Chinese and English."""


def day_words(day: date, year: int | None = None) -> Text:
    """A day; its year is said unless it is ``year``."""
    zh, en = f"{day.month}月{day.day}日", f"{day.day} {_MONTHS[day.month - 1]}"
    return Text(zh, en) if day.year == year else Text(f"{day.year}年{zh}", f"{en} {day.year}")
