"""The sentences about one stage or one act: who may do it, what it needs, where it leads, who hears of it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from linli.drafting.table import SYSTEM, Words, edges
from linli.kernel.institution import Act, Stage

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
            return [w.say("事项到此办结。", "The case is closed here.")]
        found = self._entered(name) + self._held(stage) + self._calls(stage)
        for act in stage.acts.values():
            if any(r not in SYSTEM for r in act.by):
                found.append(self._act(act))
                found += self._told(act)
        return found + self._overdue(stage)

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
        who, when, source = w.role(stage.holder), w.by_when(stage), self._source(stage.within)
        if stage.within and w.dated(stage.within):
            return [w.say(f"由{who}在 {when}办理{source}。", f"{cap(who)} holds the case and must act {when}{source}.")]
        comma = w.say("，", ", ") if when else ""
        return [w.say(f"由{who}办理{comma}{when}。", f"{cap(who)} holds the case{comma}{when}.")]

    def _source(self, parameter: str | None) -> str:
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
        units = w.fields([calls.for_each])
        lead = w.say("，排在第一位的单位牵头", "; the unit named first leads") if calls.lead == "first" else ""
        when_zh, when_en = ("全部办结后", "all have") if calls.join == "all_ended" else ("有一家办结后", "one has")
        act = stage.acts.get(calls.then)
        to = w.quote(w.leads_to(act)) if act else ""
        return [
            w.say(
                f"进入本环节时，向{units}中的每个单位各发起一件{title}{lead}。",
                f"On entering, one {title} is opened for each unit in {units}{lead}.",
            ),
            w.say(
                f"{when_zh}，系统记为{self.act_name(calls.then)}，转入{to}环节。",
                f"Once {when_en} ended, {self.act_name(calls.then)} is recorded and the case goes to {to}.",
            ),
        ]

    def _act(self, act: Act, where: str = "") -> str:
        """One sentence: who may do it, what must be written, what it changes, where it leads."""
        w = self.words
        who, name = w.actors(act), self._q(act)
        head = w.say(f"{who}可以{name}{where}", f"{cap(who)} may choose {name}{where}")
        tail = [*self._conditions(act), *self._effects(act), *self._way(act)]
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

    def _effects(self, act: Act) -> list[str]:
        w, found = self.words, []
        if act.answers:
            who = w.join(w.role(r) for r in act.answers)
            found.append(w.say(f"{who}由此得到答复", f"this answers {who}"))
        known = w.pack.results
        results = [w.quote(known[r].title.in_(w.lang) if r in known else r) for r in act.result]
        if results:
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
            longest = w.limit(act.within).removesuffix("内") + self._source(act.within)
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
            "diversion_says": w.say("去哪里办", "where to turn"),
        }
        field = self.institution.fields.get(name)
        clock = self.institution.clocks.get(name)
        title = field.title.in_(w.lang) if field else clock.title.in_(w.lang) if clock else ""
        return f"〔{known.get(name) or title or w.say('内容', 'details')}〕"

    def _overdue(self, stage: Stage) -> list[str]:
        w = self.words
        act = stage.acts.get(stage.overdue or "") or self.institution.anywhere.get(stage.overdue or "")
        if act is None:
            return []
        way = self._effects(act) + self._way(act)
        if act.to is None:
            way.append(w.say("事项留在本环节，时限重新起算", "the case stays and the clock starts again"))
        follows = w.say("，", ", ").join([self._q(act), *way])
        found = [w.say(f"到期没有办完的，系统自动{follows}。", f"When time runs out, the system does {follows}.")]
        people = any(r not in SYSTEM for r in act.by)  # then the sentence about the act has said who is told
        return found if people else found + self._told(act)


def cap(text: str) -> str:
    """The first letter as a capital."""
    return text[:1].upper() + text[1:]
