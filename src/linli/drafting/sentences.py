"""The sentences about one stage or one act: who may do it, what it needs, where it leads, who hears of it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from linli.drafting.block_words import effect, guard, stage_sentences, tally_result
from linli.drafting.table import edges
from linli.drafting.words import SYSTEM, Words
from linli.kernel.institution import Act, Stage

_LATE = ("到期没有办完的，", "When time runs out,")
_BLANK = re.compile(r"\{(\w+)\}")
ENDS = '。！？.!?”"'


class ActSentences:
    """Says the stages and acts of one institution; methods return whole sentences, none when nothing is to say."""

    def __init__(self, words: Words, sources: bool) -> None:
        self.words, self.sources = words, sources
        self.institution = words.institution

    def act_name(self, name: str) -> str:
        """The title of an act, wherever it stands, in quotation marks."""
        if name == "open":
            return self._q(self.institution.open)
        stages = self.institution.stages.values()
        found = next((s.acts[name] for s in stages if name in s.acts), self.institution.anywhere.get(name))
        return self._q(found) if found else self.words.quote(name)

    def _q(self, act: Act) -> str:
        return self.words.quote(act.title.in_(self.words.lang))

    def _stages(self, names: Iterable[str]) -> str:
        return self.words.join(self.words.quote(self.words.stage(n)) for n in names)

    def stage(self, name: str, stage: Stage) -> list[str]:
        """Holder and limit, called units, what people may do, and what happens when the time runs out."""
        w = self.words
        if stage.end:
            after = [s for act in stage.acts.values() for s in self.done(act, stage=stage)]
            return [w.say("事项到此办结。", "The case is closed here."), *after]
        found = self._entered(name) + self._held(stage) + self._calls(stage) + self._follows(stage)
        found += [s for s in stage_sentences(w, stage, self.sources) if s]
        for act in stage.acts.values():
            if any(r not in SYSTEM for r in act.by):
                found += self.done(act, stage=stage)
        return found + self._overdue(stage)

    def done(self, act: Act, where: str = "", stage: Stage | None = None) -> list[str]:
        """Everything about one act: who may do it and what follows, its condition, who is told what."""
        return [self._act(act, where, stage), *guard(self.words, act), *self._told(act)]

    def _entered(self, name: str) -> list[str]:
        """Stages that only acts of `anywhere` lead to would otherwise come out of nowhere."""
        w = self.words
        if any(e.target == name for e in edges(self.institution)) or name == self.institution.open.to:
            return []
        acts = w.join(self._q(a) for a in self.institution.anywhere.values() if a.to == name)
        return [w.say(f"经{acts}转入本环节。", f"A case comes here by {acts}.")] if acts else []

    def _held(self, stage: Stage) -> list[str]:
        w = self.words
        if stage.holder is None:
            return []
        who, when, source = w.role(stage.holder), w.by_when(stage), self.source(stage.within)
        if stage.within and w.dated(stage.within):
            return [w.say(f"由{who}在 {when}办理{source}。", f"{cap(who)} holds the case and must act {when}{source}.")]
        comma = w.say("，", ", ") if when else ""
        return [w.say(f"由{who}办理{comma}{when}。", f"{cap(who)} holds the case{comma}{when}.")]

    def source(self, parameter: str | None) -> str:
        """Where a number comes from, in brackets; empty unless sources were asked for."""
        value = self.words.dated(parameter) if self.sources else None
        if value is None:
            return ""
        return self.words.say(f"（依据：{value.source}）", f" (source: {value.source})")

    def _calls(self, stage: Stage) -> list[str]:
        w, calls = self.words, stage.calls
        if calls is None:
            return []
        called = w.pack.institutions.get(calls.institution)
        title = w.quote(called.title.in_(w.lang) if called else calls.institution)
        listed = w.fields([calls.for_each])
        field = self.institution.fields.get(calls.for_each)
        if field and field.type == "items":
            opened = w.say(
                f"进入本环节时，{listed}里的每一条各立一件{title}。",
                f"On entering, one {title} is opened for each line of {listed}.",
            )
        else:
            lead = w.say("，排在第一位的单位牵头", "; the unit named first leads") if calls.lead == "first" else ""
            opened = w.say(
                f"进入本环节时，向{listed}中的每个单位各发起一件{title}{lead}。",
                f"On entering, one {title} is opened for each unit in {listed}{lead}.",
            )
        when = ("全部办结后", "all have") if calls.join == "all_ended" else ("有一件办结后", "one has")
        return [opened, self._gathered(stage, calls.then, *when)]

    def _gathered(self, stage: Stage, then: str, when_zh: str, when_en: str) -> str:
        w, act = self.words, stage.acts.get(then)
        name = self._q(act) if act else self.act_name(then)
        to = w.quote(w.leads_to(act)) if act and act.to else ""
        moved = w.say(f"，转入{to}环节", f" and the case goes to {to}") if to else ""
        return w.say(f"{when_zh}，系统记为{name}{moved}。", f"Once {when_en} ended, {name} is recorded{moved}.")

    def _follows(self, stage: Stage) -> list[str]:
        """Units called earlier that are gathered here, and another case whose answer is waited for."""
        w, found = self.words, []
        if stage.gathers:
            found.append(
                self._gathered(stage, stage.gathers, "前面交办的全部办结后", "all cases handed out before have")
            )
        if stage.follows:
            case = w.fields([stage.follows.case])
            then, other = (stage.acts.get(n) for n in (stage.follows.then, stage.follows.otherwise))
            found.append(
                w.say(
                    f"本件并入{case}所写的那一件，等它的结果：那一件有了相同的结果，本件随之{self._q(then)}；"
                    f"那一件是别的结果，本件{self._q(other)}。",
                    f"The case waits for the one in {case}: when that one is answered, {self._q(then)} follows by "
                    f"itself; when it comes out otherwise, {self._q(other)} does.",
                )
                if then and other
                else w.say(f"本件等{case}所写的那一件的结果。", f"The case waits for the one in {case}.")
            )
        return found

    def _act(self, act: Act, where: str = "", stage: Stage | None = None) -> str:
        """One sentence: who may do it, what must be written, what it changes, where it leads."""
        w = self.words
        who, name = w.actors(act), self._q(act)
        head = w.say(f"{who}可以{name}{where}", f"{cap(who)} may choose {name}{where}")
        tail = [*self._conditions(act), *self._effects(act, stage), *self._way(act)]
        return head + (w.say("：", ": ") + w.say("；", "; ").join(tail) if tail else "") + w.say("。", ".")

    def _conditions(self, act: Act) -> list[str]:
        w, found = self.words, []
        if act.needs:
            found.append(w.say(f"须写明{w.fields(act.needs)}", f"this needs {w.fields(act.needs)}"))
        if act.may:
            found.append(w.say(f"可附{w.fields(act.may)}", f"{w.fields(act.may)} may be added"))
        if act.approves:
            who = w.role(act.approves)
            found.append(w.say(f"经{who}同意后才生效", f"it takes effect once {who} agrees"))
        if act.at_most is not None:
            times = "once" if act.at_most == 1 else f"{act.at_most} times"
            found.append(w.say(f"每件事最多 {act.at_most} 次", f"at most {times} for one case"))
        return found

    def _effects(self, act: Act, stage: Stage | None = None) -> list[str]:
        w, found = self.words, effect(self.words, stage, act)
        if act.answers:
            who = w.join(w.role(r) for r in act.answers)
            found.append(w.say(f"{who}由此得到答复", f"this answers {who}"))
        known = w.pack.results
        results = [w.quote(known[r].title.in_(w.lang) if r in known else r) for r in act.result]
        tallied = tally_result(w, stage, act, results)
        if tallied:
            found.append(tallied)
        elif results:
            listed = w.join(results, "or")
            several = len(results) > 1
            zh = f"结果从{listed}中选定" if several else f"结果记为{listed}"
            found.append(w.say(zh, f"the result is {listed}"))
        level = w.pack.levels.get(act.tier or "")
        if act.tier:
            tier = level.title.in_(w.lang) if level else act.tier
            found.append(w.say(f"计入{tier}一级", f"it counts for the level {w.quote(tier)}"))
        return found + self._clock_effect(act)

    def _clock_effect(self, act: Act) -> list[str]:
        w = self.words
        if act.does == "pause":
            longest = w.limit(act.within).removesuffix("内") + self.source(act.within)
            return [
                w.say(
                    f"各项时限暂停，最长 {longest}，到期自动继续计时",
                    f"the clocks stand and go on by themselves {longest}",
                )
            ]
        if act.does == "resume":
            return [w.say("各项时限接着算，剩多少算多少", "the clocks go on with what was left")]
        if act.does == "extend":
            return [
                w.say(
                    "未到这一天的时限都延到这一天，原定日期同时保留",
                    "every clock that would run out sooner runs until that day; the first date is kept beside it",
                )
            ]
        return []

    def _way(self, act: Act) -> list[str]:
        w = self.words
        if act.to == "back":
            return [w.say("事项回到原来的环节", "the case returns to the stage it came from")]
        if act.to:
            to = w.quote(w.stage(act.to))
            return [w.say(f"事项转入{to}环节", f"the case goes to {to}")]
        return []

    def _told(self, act: Act) -> list[str]:
        """Who is told, and the very words; blanks are shown with the name of what fills them."""
        w = self.words
        who = w.join(w.role(r) for r in (*act.answers, *act.tells))
        if not who:
            return []
        if act.says is None:
            return [w.say(f"系统告知{who}。", f"This is told to {who}.")]
        message = _BLANK.sub(self._blank, act.says.in_(w.lang))
        message = re.sub(r" *(〔[^〔〕]*〕) *", r"\1", message) if w.zh else message
        end = "" if message.endswith(tuple(ENDS)) else w.say("。", ".")
        return [w.say(f"系统告知{who}：“{message}”{end}", f"{cap(who)} will read: “{message}”{end}")]

    def _blank(self, found: re.Match[str]) -> str:
        w, name = self.words, found[1]
        known = {
            "number": w.say("编号", "number"),
            "promise": w.say("承诺日期", "promised day"),
            "clock": w.say("到期的时限", "the limit that ran out"),
            "act": w.say("办理动作", "the act"),
        }
        code = self.institution.fields.get(name.removesuffix("_says")) if name.endswith("_says") else None
        field, clock = self.institution.fields.get(name), self.institution.clocks.get(name)
        if code and field is None:  # the words that the code list has for the code chosen
            said = code.title.in_(w.lang)
            return f"〔{w.say(f'{said}的说明', f'what is said for {w.quote(said)}')}〕"
        title = field.title.in_(w.lang) if field else ""
        if clock:
            title = w.say(f"“{clock.title.zh}”的期限", f"last day of “{clock.title.en}”")
        return f"〔{known.get(name) or title or w.say('内容', 'details')}〕"

    def _overdue(self, stage: Stage) -> list[str]:
        w = self.words
        act = stage.acts.get(stage.overdue or "") or self.institution.anywhere.get(stage.overdue or "")
        if act is None:
            return []
        way = self._effects(act, stage) + self._way(act)
        if act.to is None:
            way.append(w.say("事项留在本环节，时限重新起算", "the case stays and the clock starts again"))
        name, rest = self._q(act), w.say("，", ", ").join(way)
        waits = not any(a.to and any(r not in SYSTEM for r in a.by) for a in stage.acts.values())
        late_zh, late_en = ("期限一到，", "When the time is over,") if waits else _LATE
        found = [
            w.say(
                f"{late_zh}系统自动{name}" + (f"，{rest}。" if rest else "。"),
                f"{late_en} {name} follows by itself" + (f": {rest}." if rest else "."),
            )
        ]
        people = any(r not in SYSTEM for r in act.by)  # then the sentence about the act has said who is told
        return found if people else found + self._told(act)


def cap(text: str) -> str:
    """The first letter as a capital."""
    return text[:1].upper() + text[1:]
