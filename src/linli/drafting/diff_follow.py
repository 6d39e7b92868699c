"""Whether an open case can go on under another version: it follows, it must stay, or somebody decides where it goes.

A case follows when nothing about it would lose its meaning: where it stands, what was written down, what was
promised, who was answered, what waits for agreement, how often it came round. Everything else stays as it opened.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from linli.drafting.diff_words import Side, say
from linli.kernel.case import PAUSE_CLOCK, STAGE_CLOCK, Case, Followed
from linli.kernel.institution import FIELD_CLASSES, Act, Field, Institution, Pack, Stage, Text

BLOCKS = {
    "ballot": ("votes", "tally"), "score": ("ratings", "score"), "slot": ("slot",), "funding": ("money",),
    "publish": ("published",), "meeting": (),
}  # fmt: skip
"""What each block of a stage keeps on the case."""


@dataclass(frozen=True, slots=True)
class Follow:
    """Whether and where a case goes on. ``to_stage``: where it will stand, or for ``decide`` what is suggested.

    ``asks`` names the old stages that need a decision; ``back`` is the stage that the case may return to.
    """

    kind: Literal["follow", "stay", "decide"]
    why: Text
    to_stage: str | None = None
    back: str | None = None
    asks: tuple[str, ...] = ()

    def event(self, new: Institution, reason: str) -> Followed:
        """What happens to a case that follows."""
        if self.kind != "follow" or self.to_stage is None:
            raise ValueError(f"the case does not follow: {self.why.en}")
        return Followed(new.version, self.to_stage, new.stages[self.to_stage].holder, self.back, reason)


def renamed(old: Institution, new: Institution) -> dict[str, str]:
    """Stages that only have another name in ``new``, old → new: those that say so by `was`, then the look-alikes.

    Alike are the same title, or the same holder and acts.
    """
    found = declared(old.stages, new.stages)
    gone = [s for n, s in old.stages.items() if n not in new.stages and n not in found]
    come = [s for n, s in new.stages.items() if n not in old.stages and n not in found.values()]
    for stage in gone:
        alike = [s for s in come if _alike(stage, s) and s.name not in found.values()]
        if len(alike) == 1:
            found[stage.name] = alike[0].name
    return found


def declared(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, str]:
    """What ``new`` says by `was` it only calls otherwise: old → new. The first that claims an old name has it."""
    found: dict[str, str] = {}
    for name, thing in new.items():
        if thing.was in old and thing.was not in new and name not in old:
            found.setdefault(thing.was, name)
    return found


def _alike(a: Stage, b: Stage) -> bool:
    if a.end or b.end:
        return a.end and b.end and a.title.zh == b.title.zh
    return a.title.zh == b.title.zh or (a.holder == b.holder and bool(a.acts) and set(a.acts) == set(b.acts))


def follow(
    old: Institution, new: Institution, case: Case, pack: Pack, decisions: Mapping[str, str] | None = None
) -> Follow:
    """Whether ``case``, open under ``old``, can go on under ``new`` of ``pack``.

    ``decisions`` maps stages of ``old`` that are gone to stages of ``new`` where their cases go on.
    """
    rules = _Rules(Side(pack, old), Side(pack, new), case)
    lost = next(rules.lost(), None)
    if lost:
        return Follow("stay", lost)
    return _placed(rules, decisions or {})


def _placed(rules: _Rules, decisions: Mapping[str, str]) -> Follow:
    """Where the case stands under the new version, and where it may return to."""
    case, new = rules.case, rules.new
    known = declared(rules.old.stages, new.stages)
    decisions = {**known, **decisions}
    stage, asked = _target(new, case.stage, decisions)
    if stage is None:
        return _undecided(rules, case.stage, asked)
    same = stage in (case.stage, known.get(case.stage))
    unfit = next(rules.unfit(stage, moved=not same), None)
    if unfit:
        if same:
            return Follow("stay", unfit)
        why = say("不能转入{s}环节：{why}", "It cannot go to {s}: {why}", s=rules.now.stage(stage), why=unfit)
        return Follow("decide", why, None, asks=(case.stage,))
    back = case.back
    if back is not None and any(a.to == "back" for a in new.acts_at(stage).values()):
        back, asked = _target(new, back, decisions)
        if back is None:
            return _undecided(rules, case.back or "", asked)
    elif back not in new.stages:
        back = None
    return Follow("follow", Text("可以转入新版本。", "It can follow."), stage, back)


def _target(new: Institution, stage: str, decisions: Mapping[str, str]) -> tuple[str | None, str | None]:
    """Where somebody at ``stage`` stands under ``new``, or None and what was decided in vain."""
    here = new.stages.get(stage)
    if here is not None and not here.end:
        return stage, None
    asked = decisions.get(stage)
    chosen = new.stages.get(asked or "")
    return (asked, None) if chosen is not None and not chosen.end else (None, asked)


def _undecided(rules: _Rules, stage: str, asked: str | None) -> Follow:
    was, hint = rules.was.stage(stage), renamed(rules.old, rules.new).get(stage)
    if asked is not None:
        zh = "{was}环节指定的去向 {asked} 在新版本里不是未办结的环节。"
        why = say(zh, "{asked}, decided for {was}, is no open stage of the new version.", was=was, asked=asked)
    elif hint:
        zh = "{was}环节没有了，看来就是{hint}环节，请指明。"
        why = say(zh, "The stage {was} is gone; it seems to be {hint}. Decide.", was=was, hint=rules.now.stage(hint))
    else:
        why = say("{was}环节没有了，请指明转到哪个环节。", "The stage {was} is gone; decide where it goes.", was=was)
    return Follow("decide", why, hint, asks=(stage,))


class _Rules:
    """Why a case cannot go on under the new version; every method yields reasons, none when there is none."""

    def __init__(self, was: Side, now: Side, case: Case) -> None:
        self.was, self.now, self.case = was, now, case
        self.old, self.new, self.pack = was.institution, now.institution, now.pack

    def lost(self) -> Iterator[Text]:
        """What would lose its meaning wherever the case stands."""
        yield from self._parties()
        for name, value in self.case.fields.items():
            yield from self._field(name, value)
        yield from self._promises()
        yield from self._often()
        yield from self._duties()
        yield from self._outcome()

    def _parties(self) -> Iterator[Text]:
        by = self.old.raised_by
        before, after = self.old.parties.get(by), self.new.parties.get(by)
        if self.new.raised_by != by or before is None or after is None or before.who != after.who:
            yield say("提出人不再是{p}。", "It is no longer raised by {p}.", p=self.was.role(by))
        elif before.anonymous and not after.anonymous:
            yield say("新版本不再让{p}匿名。", "{p} may no longer stay unnamed.", p=self.was.role(by))
        for party in self.case.answered:
            if party not in self.new.parties:
                yield say("已答复的{p}不在新版本里。", "{p} was answered and is gone.", p=self.was.role(party))

    def _field(self, name: str, value: Any) -> Iterator[Text]:
        before, after = self.old.fields.get(name), self.new.fields.get(name)
        if before is None or value in (None, "", [], ()):
            return
        title = self.was.field(name)
        now = declared(self.old.fields, self.new.fields).get(name)
        if after is None and now:
            zh, en = "已填写的{f}在新版本里换了代号（{n}）。", "{f} was filled in and is now written {n}."
            yield say(zh, en, f=title, n=now)
        elif after is None:
            yield say("已填写的{f}在新版本里没有了。", "{f} was filled in and is gone.", f=title)
        elif after.type != before.type:
            yield say("已填写的{f}换了类型。", "{f} was filled in and has another type.", f=title)
        elif after.type == "code" and str(value) not in self.pack.lists.get(after.list or "", {}):
            yield say("已填写的{f}不在新的选项里。", "The value of {f} is no longer a choice.", f=title)
        elif _wider(before, after):
            yield say("新版本会让更多人看到已填写的{f}。", "More people would read {f}.", f=title)

    def _promises(self) -> Iterator[Text]:
        for name in self.case.clocks:
            if name in (STAGE_CLOCK, PAUSE_CLOCK) or "@" in name:  # a reminder goes with its clock
                continue
            before = self.old.clocks.get(name)
            if name not in self.new.clocks:
                title = before.title if before else Text(name, name)
                yield say("“{c}”正在计时，新版本没有这项承诺。", "The promise “{c}” runs and is gone.", c=title)

    def _often(self) -> Iterator[Text]:
        for name, act in _acts(self.new).items():
            done = self.case.done.get(name, 0)
            if act.at_most is not None and done > act.at_most:
                zh, en = "{a}已做过 {d} 次，新版本最多 {m} 次。", "{a} was done {d} times, allowed are {m}."
                yield say(zh, en, a=self.now.act(name), d=str(done), m=str(act.at_most))

        known = declared(_acts(self.old), _acts(self.new))
        for name, now in known.items():
            act = _acts(self.new)[now]
            barred = any(now in role.never for role in self.new.roles.values())
            if self.case.done.get(name, 0) and (act.at_most is not None or barred):
                zh, en = "已做过的{a}换了代号（{n}），次数和回避要接着算。", "{a} was done and is now written {n}."
                yield say(zh, en, a=self.was.act(name), n=now)

    def _duties(self) -> Iterator[Text]:
        """Whoever is barred from verifying this case stays barred."""
        for name, role in self.old.roles.items():
            after = self.new.roles.get(name)
            for act in role.never:
                if after and self.case.doers.get(act) and not {act, "handler"} & set(after.never):
                    zh = "做过{a}的人，新版本不再要求{r}回避。"
                    en = "Whoever did {a} would no longer be barred as {r}."
                    yield say(zh, en, a=self.was.act(act), r=self.was.role(name))

    def _outcome(self) -> Iterator[Text]:
        if self.case.result and self.case.result not in self.pack.results:
            yield say("办理结果 {r} 没有了。", "The result {r} is gone.", r=self.case.result)
        if self.case.tier and self.case.tier not in self.pack.levels:
            yield say("计入的层级 {t} 没有了。", "The level {t} it counts for is gone.", t=self.case.tier)

    def unfit(self, stage: str, moved: bool) -> Iterator[Text]:
        """Why the case cannot stand at ``stage`` of the new version."""
        here = self.new.stages[stage]
        if here.holder not in self.new.roles or not here.overdue:
            yield say("{s}环节没有办理人或时限。", "{s} has no holder or no clock.", s=self.now.stage(stage))
        yield from self._called(here, moved)
        yield from self._blocks(here, moved)
        yield from self._waiting(stage)
        if self.case.paused and not any(
            a.does == "resume" and "clock" in a.by for a in self.new.acts_at(stage).values()
        ):
            yield Text("正在暂停计时，新版本在这里不能恢复。", "It is paused, and here nothing resumes it.")
        if self.old.raised_by not in self.case.answered and self._silent_end(stage):
            yield Text(
                "还没有答复，从这里可以不答复就办结。", "It is unanswered, and from here could end without an answer."
            )

    def _called(self, here: Stage, moved: bool) -> Iterator[Text]:
        calls = self.old.stages[self.case.stage].calls
        waits = calls is not None and any(c.open for c in self.case.children.values())
        after = here.calls
        if waits and calls and (after is None or after.institution != calls.institution):
            yield Text(
                "被吹哨的单位还没有办完，新版本不在这里汇总。",
                "Units it called are at work; they are not gathered here.",
            )
        elif waits and calls and after and self.pack.institutions.get(after.institution) is None:
            yield say("协办制度 {i} 没有了。", "The called institution {i} is gone.", i=after.institution)
        elif after and not waits and (moved or calls is None):
            yield Text(
                "这个环节要等被吹哨的单位，而这件事没有吹哨。", "It waits there for called units, and none were called."
            )

    def _blocks(self, here: Stage, moved: bool) -> Iterator[Text]:
        """A vote, an appraisal, a booking, money or a publication that has begun goes on by its own rules."""
        before = self.old.stages[self.case.stage]
        for name, kept in BLOCKS.items():
            rule = getattr(before, name)
            if rule is None or not (any(self.case.blocks.get(k) for k in kept) or name == "meeting"):
                continue
            if name == "publish" and self.case.blocks["published"].get("stage") != before.name:
                continue
            if getattr(here, name) != rule:
                label = {"ballot": ("表决", "vote"), "score": ("评价", "appraisal"), "slot": ("预约", "booking"),
                         "funding": ("经费", "money"), "publish": ("公示", "publication"),
                         "meeting": ("会议", "meeting")}[name]  # fmt: skip
                zh, en = "{n}已经开始，新版本改了规则。", "The {n} has begun, and its rules change."
                yield say(zh, en, n=Text(*label))

    def _waiting(self, stage: str) -> Iterator[Text]:
        acts = self.new.acts_at(stage)
        for name, pending in self.case.pending.items():
            act, title = acts.get(name), self.was.act(name)
            if act is None or not act.approves or act.approves not in self.new.roles:
                yield say("{a}正等待同意，新版本没有了。", "{a} waits for agreement and is gone.", a=title)
            elif not set(act.needs) <= set(pending.data):
                yield say("正等待同意的{a}要重新填写。", "{a} waits for agreement and would need more.", a=title)
            else:
                for field, value in pending.data.items():
                    yield from self._field(field, value)

    def _silent_end(self, stage: str) -> bool:
        """Whether an end can be reached from ``stage`` without an act that answers whoever raised the case."""
        seen, todo = set[str](), [stage]
        while todo:
            here = todo.pop()
            if self.new.stages[here].end:
                return True
            if here in seen:
                continue
            seen.add(here)
            for act in self.new.acts_at(here).values():
                if self.new.raised_by not in act.answers:
                    todo += self._leads(here, act)
        return False

    def _leads(self, here: str, act: Act) -> list[str]:
        if act.to == "back":
            return [n for n in self.new.stages if any(a.to == here for a in self.new.acts_at(n).values())]
        return [act.to] if act.to in self.new.stages and act.to else []


def _wider(before: Field, after: Field) -> bool:
    """Whether somebody may read the field who may not now."""
    ranks = [FIELD_CLASSES.index(f.class_) for f in (before, after)]
    return ranks[1] < ranks[0] or (ranks[0] == ranks[1] == 4 and not set(after.opens_to) <= set(before.opens_to))


def _acts(institution: Institution) -> dict[str, Act]:
    """Every act by name; counted is by name, so of two the stricter."""
    found: dict[str, Act] = {}
    for act in (*institution.anywhere.values(), *(a for s in institution.stages.values() for a in s.acts.values())):
        known = found.get(act.name)
        if known is None or known.at_most is None or (act.at_most is not None and act.at_most < known.at_most):
            found[act.name] = act
    return found
