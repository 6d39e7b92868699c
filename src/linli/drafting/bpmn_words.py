"""What is written on a BPMN drawing and in its documentation, in the drawing's language and in both."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date
from functools import cached_property

from linli.drafting.block_words import recurrence
from linli.drafting.bpmn_parts import Docs, Node
from linli.drafting.bpmn_time import REPEATS, approximate, duration
from linli.drafting.condition_words import Conditions
from linli.drafting.explain import chapters
from linli.drafting.words import SYSTEM, Words
from linli.kernel.institution import Act, Clock, Every, Institution, Pack, Stage


class Speech:
    """Names, limits and sentences of one institution on one day."""

    def __init__(self, pack: Pack, institution: Institution, lang: str, on: date | None) -> None:
        self.pack, self.institution, self.on = pack, institution, on
        self.words = Words(pack, institution, lang, on)
        self._zh, self._en = (Words(pack, institution, code, on) for code in ("zh", "en"))

    def say(self, tell: Callable[[Words], str]) -> str:
        """The words in the drawing's language."""
        return tell(self.words)

    def docs(self, tell: Callable[[Words], str]) -> Docs:
        """The words in both languages."""
        return Docs(tell(self._zh), tell(self._en))

    @cached_property
    def _chapters(self) -> dict[str | None, Docs]:
        day = self.on or date.max
        zh, en = (chapters(self.pack, self.institution, code, day) for code in ("zh", "en"))
        found: dict[str | None, Docs] = {}
        for one, other in zip(zh, en, strict=True):
            found.setdefault(one.stage, Docs("".join(one.sentences), " ".join(other.sentences)))
        return found

    def chapter(self, stage: str | None) -> Docs:
        """The sentences `explain` has for a stage; None asks for the opening's."""
        return self._chapters.get(stage, Docs())

    def about(self) -> Docs:
        """What the whole is for, where it comes from, and that the drawing is not the rule."""
        about, source = self.institution.about, self.institution.source
        return self.docs(
            lambda w: w.say(
                f"{about.zh if about else ''}依据：{source}。本图由制度定义生成，以定义为准。",
                f"{about.en + ' ' if about else ''}Source: {source}. Drawn from the definition, which decides.",
            )
        )

    def stage(self, name: str) -> str:
        """Title of a stage."""
        return self.words.stage(name)

    def act(self, act: Act) -> str:
        """Title of an act, with the bound of how often it may be done."""
        w, bound = self.words, act.at_most
        note = w.say(f"（最多{bound}次）", f" (at most {bound}×)") if bound is not None else ""
        return act.title.in_(w.lang) + note

    def limit(self, said: str) -> str:
        """A limit for a label: Chinese without the space behind the number, where viewers would break the line."""
        return re.sub(r"(?<=\d) (?=[\u4e00-\u9fff])", "", said)

    def button(self, act: Act, stage: Stage) -> str:
        """The act, led by who does it when that is not the stage's holder."""
        w = self.words
        people = [r for r in act.by if r not in SYSTEM]
        if not people or "holder" in people or stage.holder in people:
            return self.act(act)
        return w.say("：", ": ").join([w.join((w.title(r) for r in people), "or"), self.act(act)])

    def timer(self, stage: Stage, act: Act | None) -> str:
        """The words at a stage's timer: the limit, and what happens when it has run out."""
        w = self.words
        said = self.act(act) if act else ""
        if said and not said.lower().startswith(("逾期", "overdue")):
            said = w.say(f"逾期：{said}", f"late: {said}")
        return "\n".join(p for p in (self.limit(w.by_when(stage)), said) if p)

    def set_time(self, timer: Node, parameter: str | None, field: str | None = None) -> None:
        """Write duration (or date field) and the exact limit into a timer. A limit nothing covers stays its name."""
        if field:
            timer.time, timer.timing = field, "timeDate"
            timer.docs = self.docs(
                lambda w: w.say(f"到{w.fields([field])}写明的日期。", f"On the day in {w.fields([field])}.")
            )
            return
        value = self.words.dated(parameter)
        if value is None:
            timer.time = parameter or ""
            timer.docs = self.docs(lambda w: w.limit(parameter))
            return
        timer.time = duration(value, self.pack.calendars.get(value.calendar))
        near_zh = f"图中的 {timer.time} 是近似值，以此为准：" if approximate(value) else ""
        near_en = f"{timer.time} in the drawing is an approximation; what counts: " if approximate(value) else ""
        timer.docs = self.docs(
            lambda w: w.say(near_zh, near_en) + w.limit(parameter) + w.say(f"（{value.source}）", f" ({value.source})")
        )

    def set_cycle(self, start: Node, every: Every) -> None:
        """Make a start event one of the calendar: BPMN carries the period, the words carry day and hour."""
        start.event, start.timing, start.time = "timer", "timeCycle", REPEATS[every.each]
        start.title += "\n" + self.limit(self.say(lambda w: recurrence(w, every)))

    def promise(self, clock: Clock) -> str:
        """The words at a promise clock."""
        return self.limit(self.words.limit(clock.limit))

    def told(self, acts: Iterable[Act]) -> Docs:
        """For the documentation of a flow: each act, who does it, what it needs, who is told."""
        found = list(acts)
        return self.docs(lambda w: w.say("；", "; ").join(self._told(w, act) for act in found))

    def _told(self, w: Words, act: Act) -> str:
        who = w.join((w.title(r) for r in act.by), "or")
        parts = [w.say(f"{act.title.zh}（{who}）", f"{act.title.en} ({who})")]
        if act.needs:
            parts.append(w.say(f"须写明{w.fields(act.needs)}", f"needs {w.fields(act.needs)}"))
        if act.when:
            condition = Conditions(w).say(act.when)
            parts.append(w.say(f"条件：{condition}", f"only when {condition}"))
        if act.answers or act.tells:
            parts.append(w.say(f"告知{w.told(act)}", f"tells {w.told(act)}"))
        return w.say("，", ", ").join(parts)
