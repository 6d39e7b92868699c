"""What an institution promises, how often it may start over, how time is counted: sentences about the whole."""

from __future__ import annotations

from collections.abc import Iterable

from linli.drafting.condition_words import parse
from linli.drafting.sentences import ActSentences
from linli.drafting.table import edges, walk
from linli.kernel.institution import Clock, Institution


class ClockSentences(ActSentences):
    """Adds the sentences about clocks and loops. Every method returns whole sentences; none when nothing is to say."""

    def promises(self) -> list[str]:
        """Clocks that run over several stages and are promised to somebody: what they count from and to, who hears."""
        w = self.words
        promised = [c for c in self.institution.clocks.values() if not waited_for(self.institution, c)]
        found = [s for clock in promised for s in self._promise(clock)]
        if promised:
            found.append(
                w.say("转到别的环节，承诺的日期不变。", "Moving to another stage does not change the promised date.")
            )
        for told, clocks in self._by_told(promised).items():
            some = "" if len(clocks) == len(promised) else self._names(clocks)
            found.append(
                w.say(
                    f"{some}到期没有兑现的，系统告知{told}。", f"If {some or 'it'} is broken, this is told to {told}."
                )
            )
        if any(c.counts for c in promised):
            found.append(w.say("没有兑现的，如实计数。", "Every broken promise is counted."))
        return found

    def waits(self) -> list[str]:
        """Clocks that must run out before something may be done, such as a notice that has to hang its time."""
        w, found = self.words, []
        for clock in (c for c in self.institution.clocks.values() if waited_for(self.institution, c)):
            title, limit = w.quote(clock.title.in_(w.lang)), w.limit(clock.limit)
            told = w.join(w.role(r) for r in clock.tells)
            starts = w.join(self.act_name(n) for n in clock.from_)
            source = self.source(clock.limit)
            for_ = limit.replace("within", "for", 1)
            found.append(
                w.say(
                    f"{title}：从{starts}起 {limit.removesuffix('内')}{source}，满了才能办后面的事。",
                    f"{title}: runs {for_} from {starts}{source}; what needs it must wait until it is over.",
                )
            )
            if told:
                found.append(w.say(f"期满时系统告知{told}。", f"When it is over, this is told to {told}."))
        return found

    def _promise(self, clock: Clock) -> list[str]:
        w, title = self.words, self.words.quote(clock.title.in_(self.words.lang))
        first, again = [n for n in clock.from_ if n == "open"], [n for n in clock.from_ if n != "open"]
        starts = w.join((self.act_name(n) for n in first or again), "or")
        value, source, until = w.dated(clock.limit), self.source(clock.limit), self._until(clock)
        limit, others = (w.amount(value), w.exceptions(clock.limit)) if value else (w.limit(clock.limit), "")
        zh = f"{title}：从{starts}起，{limit}{until}{others}{source}。"
        found = [w.say(zh, f"{title}: {until} {limit} of {starts}{others}{source}.")]
        if first and again:
            acts = w.join((self.act_name(n) for n in again), "or")
            found.append(w.say(f"{acts}之后，重新起算。", f"After {acts} it starts anew."))
        return found

    def _until(self, clock: Clock) -> str:
        """What stops the clock: the answer, the end, or the acts named."""
        w, stops = self.words, (clock.until,) if isinstance(clock.until, str) else clock.until
        known = {"answered": w.say("答复", "an answer"), "ended": w.say("办结", "its end")}
        named = [known[n] if n in known else self.act_name(n) for n in stops]
        if len(named) == 1:
            return named[0]
        return w.say(f"至少做到一项：{w.join(named)}", w.join(named, "or"))

    def _by_told(self, clocks: Iterable[Clock]) -> dict[str, list[Clock]]:
        found: dict[str, list[Clock]] = {}
        for clock in clocks:
            told = self.words.join(self.words.role(r) for r in clock.tells)
            if told:
                found.setdefault(told, []).append(clock)
        return found

    def _names(self, clocks: Iterable[Clock]) -> str:
        return self.words.join((self.words.quote(c.title.in_(self.words.lang)) for c in clocks), "or")

    def loops(self) -> list[str]:
        """Acts that lead back to an earlier stage, and how often."""
        w, order = self.words, walk(self.institution)
        found = []
        for e in edges(self.institution):
            if e.act.at_most is not None and order.index(e.target) < order.index(e.source):
                n, to = e.act.at_most, w.quote(w.stage(e.target))
                times = "once" if n == 1 else f"{n} times"
                found.append(
                    w.say(
                        f"{self._q(e.act)}每件事最多 {n} 次，每次回到{to}环节。",
                        f"{self._q(e.act)} is possible at most {times}, each time back to {to}.",
                    )
                )
        return list(dict.fromkeys(found))

    def counting(self) -> list[str]:
        """How the units that occur here are counted (Civil Code, articles 201 and 203), reminders, coming changes."""
        w = self.words
        limits = [s.within for s in self.institution.stages.values()]
        limits += [c.limit for c in self.institution.clocks.values()]
        limits += [a.within for a in self.institution.anywhere.values()]
        values = [v for name in limits for v in w.of_day(name)]
        units, found = {v.unit for v in values}, []
        if units & {"day", "working_day"}:
            found.append(
                w.say(
                    "按日计的时限，从第二天算起，到最后一天 24 时为止。",
                    "Days count from the day after and end at 24:00 of the last one.",
                )
            )
        if units & {"working_day", "working_hour"}:
            found.append(
                w.say(
                    "工作日按国务院的放假和调休安排计算，调休上班的周末算工作日。",
                    "Working days follow the State Council's notices; weekend days worked in exchange count.",
                )
            )
        for name in dict.fromkeys(v.calendar for v in values if v.unit == "working_hour"):
            calendar = w.pack.calendars.get(name)
            spans = w.join(f"{a:%H:%M}–{b:%H:%M}" for a, b in calendar.hours) if calendar else ""
            if spans:
                found.append(
                    w.say(f"工作小时只算上班时间：{spans}。", f"Working hours are those of the office: {spans}.")
                )
        reminds = w.join(f"{n}%" for n in self.institution.reminds)
        if reminds:
            found.append(
                w.say(
                    f"时限过了 {reminds} 时，系统提醒当前办理人。",
                    f"The current holder is reminded when {reminds} of a limit has passed.",
                )
            )
        return found + self._changes()

    def _changes(self) -> list[str]:
        """Limits that another value replaces from a later day on."""
        w, found = self.words, []
        used = [(s.within, s.title) for s in self.institution.stages.values()]
        used += [(c.limit, c.title) for c in self.institution.clocks.values()]
        for parameter, title in used:
            for value in w.pack.parameters.get(parameter or "", ()):
                if w.on and value.from_ > w.on and not value.when:
                    day, name, amount = value.from_, w.quote(title.in_(w.lang)), w.amount(value)
                    found.append(
                        w.say(
                            f"{name}的时限自 {day.year} 年 {day.month} 月 {day.day} 日起改为 {amount}。",
                            f"The limit of {name} becomes “{amount}” from {day.isoformat()} on.",
                        )
                    )
        return found


def waited_for(institution: Institution, clock: Clock) -> bool:
    """Whether a guard asks that the clock has run out, such as a notice that must hang its time: no promise then."""
    acts = [institution.anywhere, *(s.acts for s in institution.stages.values())]
    guards = [a.when for of in acts for a in of.values() if a.when]
    return clock.counts is not None and any(f"count_{clock.counts}" in _names_in(g) for g in guards)


def _names_in(expression: str) -> set[str]:
    """The names an expression asks for; none when it cannot be read."""
    try:
        todo, found = [parse(expression)], set[str]()
    except ValueError:
        return set()
    while todo:
        node = todo.pop()
        if node[0] == "name":
            found.add(str(node[1]))
        todo += [part for part in node[1:] if isinstance(part, tuple)]
    return found
