"""What each key of the language is called when it changes, and how its value is said. Nothing here compares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from linli.drafting.words import Words
from linli.kernel.institution import Act, Institution, Pack, Text

NONE = Text("无", "none")
_NO_ACTS = {
    "handler": Text("任何办理", "any work"),
    "answered": Text("答复", "the answer"),
    "ended": Text("办结", "the end of the case"),
}
BACK = Text("原来的环节", "the stage it came from")

LABELS: dict[str, tuple[str, str, str]] = {
    # key of the language, or Class.key where the same key means another thing: 中文, English, kind of value
    "title": ("名称", "the name", "text"),
    "about": ("简介", "the introduction", "text"),
    "source": ("出处", "the source", "quote"),
    "valid_from": ("施行日期", "the first day", "word"),
    "raised_by": ("提出人", "who raises it", "role"),
    "against": ("写被反映单位的填写项", "the field naming units complained of", "field"),
    "public": ("“居民可从首页提出”", "“residents open it from the front page”", "yes"),
    "who": ("身份", "what it is", "word"),
    "anonymous": ("“可不留姓名”", "“may stay unnamed”", "yes"),
    "duty": ("岗位", "the post", "duty"),
    "at": ("所在层级", "the level", "level"),
    "never": ("回避范围", "acts whose doers are barred", "acts"),
    "type": ("类型", "the type", "word"),
    "class_": ("查看范围", "who may read it", "class"),
    "help": ("填写说明", "the help", "text"),
    "max": ("上限", "the greatest value", "word"),
    "accept": ("可传文件", "files accepted", "words"),
    "list": ("选项表", "the list of choices", "word"),
    "opens_to": ("可以查看的角色", "roles that may read it", "roles"),
    "from_": ("起算动作", "acts that start it", "acts"),
    "limit": ("时限", "the limit", "parameter"),
    "Clock.until": ("停止条件", "what stops it", "acts"),
    "Field.of": ("可以写哪些事项", "the institutions whose cases it may name", "institutions"),
    "Field.stages": ("所写事项须在的环节", "the stages at which the named case must stand", "stages"),
    "reminds": ("提醒的时点（占时限的百分比）", "the percents of a limit at which the holder is reminded", "word"),
    "gathers": ("先前吹哨的汇总动作", "the act once units called before are gathered", "act"),
    "follows": ("并案安排", "the following of another case", "part"),
    "Follows.case": ("写主案的填写项", "the field naming the case it follows", "field"),
    "Follows.then": ("随主案办理的动作", "the act when that case answers", "act"),
    "otherwise": ("主案另有结果时的动作", "the act when it comes out otherwise", "act"),
    "Follows.passes": ("从主案带来的内容", "what is taken over from that case", "fields"),
    "Calls.counts": ("按结果计的数", "the counters by result", "word"),
    "tells": ("告知对象", "who is told", "roles"),
    "counts": ("计数项", "the counter", "word"),
    "by": ("办理人", "who may do it", "roles"),
    "needs": ("必填项", "required fields", "fields"),
    "may": ("选填项", "optional fields", "fields"),
    "to": ("去向", "where it leads", "stage"),
    "answers": ("答复对象", "who is answered", "roles"),
    "result": ("办理结果", "the results", "results"),
    "tier": ("计入层级", "the level it counts for", "level"),
    "at_most": ("次数上限", "the limit on how often", "times"),
    "says": ("告知内容", "the message", "text"),
    "approves": ("同意人", "who must agree", "role"),
    "does": ("附带作用", "what it does besides", "does"),
    "when": ("前提条件", "the condition", "expression"),
    "or_else": ("条件不满足时的说明", "the reason given when the condition fails", "text"),
    "Act.within": ("最长时间", "the longest time", "parameter"),
    "only_in": ("适用环节", "the stages where it is allowed", "stages"),
    "holder": ("办理人", "the holder", "role"),
    "within": ("时限", "the limit", "parameter"),
    "until": ("截止日所在的填写项", "the field with the last day", "field"),
    "overdue": ("到期动作", "what happens when time runs out", "act"),
    "end": ("“事项在此办结”", "“a case is closed here”", "yes"),
    "calls": ("吹哨安排", "the calling of units", "part"),
    "institution": ("协办事项", "the institution of the called units", "institution"),
    "for_each": ("吹哨对象", "the field naming whom to call", "field"),
    "then": ("汇总动作", "the act once they are gathered", "act"),
    "join": ("汇总条件", "when they are gathered", "join"),
    "lead": ("牵头方式", "who leads", "lead"),
    "passes": ("下发的内容", "what is handed down", "fields"),
    "fills": ("写入下级的填写项", "the field that takes the line", "word"),
    "ballot": ("表决规则", "the vote", "part"),
    "options": ("表决选项", "the options", "texts"),
    "choice": ("表决填写项", "the field with the vote", "field"),
    "roll": ("应到人数填写项", "the field with how many are entitled", "field"),
    "item": ("表决事项填写项", "the field with what is voted on", "field"),
    "quorum": ("法定人数", "the quorum", "expression"),
    "Ballot.passes": ("通过条件", "when it passes", "expression"),
    "advisory": ("“仅供参考”", "“advice only”", "yes"),
    "meeting": ("会议规则", "the meeting", "part"),
    "agenda": ("议题填写项", "the agenda", "field"),
    "present": ("到会人数填写项", "the field with how many came", "field"),
    "resolutions": ("决议填写项", "the field with the resolutions", "field"),
    "decides": ("作出决议的动作", "the act that resolves", "act"),
    "score": ("评价办法", "the appraisal", "part"),
    "indicators": ("评价指标", "the indicators", "parts"),
    "raters": ("评价主体权重", "the weights of the raters", "weights"),
    "grades": ("等次", "the grades", "parts"),
    "weight": ("权重", "the weight", "percent"),
    "field": ("填写项", "the field", "field"),
    "least": ("最低分", "the least total", "word"),
    "slot": ("预约安排", "the booking", "part"),
    "place": ("场所填写项", "the field with the place", "field"),
    "start": ("开始时间填写项", "the field with the start", "field"),
    "Slot.end": ("结束时间填写项", "the field with the end", "field"),
    "funding": ("经费管理", "the money", "part"),
    "amount": ("金额填写项", "the field with the amount", "field"),
    "Funding.who": ("出资方填写项", "the field with who gives", "field"),
    "publish": ("公示安排", "the publication", "part"),
    "audience": ("公示范围", "the audience", "audience"),
    "places": ("公示地点", "the places", "words"),
    "period": ("公示期", "the period", "parameter"),
    "Publish.fields": ("公示内容", "what is shown", "fields"),
    "objections": ("异议动作", "the act by which somebody objects", "act"),
    "every": ("定期启动", "the calendar that opens it", "part"),
    "each": ("周期", "the period", "each"),
    "day": ("第几天", "the day", "word"),
    "Every.at": ("时刻", "the hour", "word"),
    "calendar": ("日历", "the calendar", "word"),
}

CLASSES = {
    "public": Text("所有人", "everybody"),
    "party": Text("当事人和办理人员", "the parties and those who handle the case"),
    "handler": Text("办理人员", "those who handle the case"),
    "supervisor": Text("监督人员", "those who supervise"),
    "sealed": Text("仅指定角色（封存）", "only the roles it names (sealed)"),
}
WORDS: dict[str, dict[str, Text]] = {
    "class": CLASSES,
    "join": {"all_ended": Text("全部办结", "all have ended"), "any_ended": Text("有一家办结", "one has ended")},
    "lead": {"first": Text("首个单位牵头", "the unit named first"), "none": Text("不设牵头", "nobody")},
    "audience": {
        "residents": Text("居民", "residents"),
        "staff": Text("工作人员", "staff"),
        "everybody": Text("所有人", "everybody"),
    },
    "each": {
        "week": Text("每周", "every week"),
        "month": Text("每月", "every month"),
        "quarter": Text("每季度", "every quarter"),
        "year": Text("每年", "every year"),
    },
    "does": {
        "pause": Text("暂停计时", "pauses the clocks"),
        "resume": Text("恢复计时", "resumes the clocks"),
        "extend": Text("延长时限", "extends the clocks"),
        "vote": Text("投票", "votes"),
        "tally": Text("计票", "counts the votes"),
        "rate": Text("打分", "rates"),
        "score": Text("汇总评分", "computes the score"),
        "reserve": Text("占用时段", "reserves the time"),
        "release": Text("释放时段", "releases the time"),
        "pledge": Text("认捐", "pledges money"),
        "receive": Text("收款", "receives money"),
        "spend": Text("支出", "spends money"),
    },
}
LISTS = {"roles", "fields", "acts", "results", "stages", "institutions", "words", "texts"}
"""Kinds whose order says nothing: only what is added or dropped is told."""


def say(zh: str, en: str, **parts: Text | str) -> Text:
    """A sentence in both languages out of two templates and the parts that fill them."""
    return Text(
        zh.format(**{k: v.zh if isinstance(v, Text) else v for k, v in parts.items()}),
        en.format(**{k: v.en if isinstance(v, Text) else v for k, v in parts.items()}),
    )


def quoted(text: Text) -> Text:
    """In quotation marks."""
    return Text(f"“{text.zh}”", f"“{text.en}”")


def label(kind: str, key: str) -> tuple[Text, str]:
    """What ``key`` of the class ``kind`` is called, and of which kind its value is; the key itself when unknown."""
    zh, en, value = LABELS.get(f"{kind}.{key}") or LABELS.get(key) or (f"“{key}”", f"“{key}”", "word")
    return Text(zh, en), value


class Side:
    """The names of one version, old or new, in both languages."""

    def __init__(self, pack: Pack, institution: Institution) -> None:
        self.pack, self.institution = pack, institution
        self.zh, self.en = (Words(pack, institution, lang, None) for lang in ("zh", "en"))

    def join(self, names: Iterable[Text]) -> Text:
        """A list as people write it."""
        found = list(names)
        return Text(self.zh.join(t.zh for t in found), self.en.join(t.en for t in found))

    def role(self, name: str) -> Text:
        """A role, a party or a special actor."""
        return Text(self.zh.title(name), self.en.role(name))

    def stage(self, name: str) -> Text:
        """A stage, in quotation marks; or the way back."""
        return BACK if name == "back" else Text(f"“{self.zh.stage(name)}”", f"“{self.en.stage(name)}”")

    def field(self, name: str) -> Text:
        """A field, in quotation marks."""
        return Text(self.zh.fields([name]), self.en.fields([name]))

    def act(self, name: str) -> Text:
        """An act wherever it stands, in quotation marks; ``handler`` is any work, and what stops a clock."""
        if name in _NO_ACTS:
            return _NO_ACTS[name]
        found = find_act(self.institution, name)
        return quoted(found.title if found else Text(name, name))

    def value(self, kind: str, value: Any) -> Text:
        """One value of this kind in words."""
        if value is None or value == "":
            return NONE
        if isinstance(value, Text):
            return quoted(value)
        if kind in WORDS:
            return WORDS[kind].get(str(value), Text(str(value), str(value)))
        named = {"roles": self.role, "role": self.role, "fields": self.field, "field": self.field, "acts": self.act}
        named |= {"act": self.act, "stage": self.stage, "stages": self.stage, "results": self._result}
        named |= {"level": self._level, "duty": self._duty, "institution": self._institution}
        named |= {"institutions": self._institution}
        if kind in named:
            return named[kind](value)
        return self._plain(kind, value)

    def _plain(self, kind: str, value: Any) -> Text:
        if isinstance(value, bool):
            return Text("“是”", "yes") if value else Text("“否”", "no")
        if kind == "quote":
            return quoted(Text(str(value), str(value)))
        if kind == "times":
            return Text(f"{value} 次", "once" if value == 1 else f"{value} times")
        if kind == "percent":
            return Text(f"{value}%", f"{value} %")
        if kind == "expression":
            return Text(f"`{value}`", f"`{value}`")
        return Text(str(value), str(value))

    def _result(self, name: str) -> Text:
        found = self.pack.results.get(name)
        return quoted(found.title if found else Text(name, name))

    def _level(self, name: str) -> Text:
        found = self.pack.levels.get(name)
        return found.title if found else Text("被吹哨的单位", "the called unit") if name == "unit" else Text(name, name)

    def _duty(self, name: str) -> Text:
        found = self.pack.duties.get(name)
        return found.title if found else Text(name, name)

    def _institution(self, name: str) -> Text:
        found = self.pack.institutions.get(name)
        return quoted(found.title if found else Text(name, name))


def find_act(institution: Institution, name: str) -> Act | None:
    """The act wherever it stands."""
    if name == "open":
        return institution.open
    here = (s.acts[name] for s in institution.stages.values() if name in s.acts)
    return next(here, None) or institution.anywhere.get(name)
