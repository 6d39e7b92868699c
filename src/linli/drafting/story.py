"""A path as a story with days: 第 0 天，反映人“反映问题”；第 3 天，没有人负责这件事.

A clock fires when its whole limit has passed, and called units take the whole limit of the stage that called them.
With ``whole`` everybody acts on the last day they have, as in the worst case; findings are told like that. Without it
people act on the day the case reaches them. Working days are turned into natural days by their share of the year, and
the day is then given as “about”. A stage that lasts until a date somebody writes down starts the counting anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from linli.drafting.check_states import Graph, TooManyStates
from linli.drafting.finding import Finding
from linli.drafting.words import Words
from linli.drafting.worst import days
from linli.kernel.institution import Dated, Institution, Pack, Stage, Text

_STEP = re.compile(r"(\w+)(?:\.\w+)? by (\w+)")
_ALMOST = 1e-9


@dataclass(frozen=True, slots=True)
class Scene:
    """One line of a story: on which day, who did what, and where the case stood then. Empty texts where none fits."""

    when: Text
    who: Text
    act: Text
    stage: Text
    says: Text

    def as_json(self) -> dict[str, dict[str, str]]:
        """Plain values: the five texts in both languages."""
        texts = {"when": self.when, "who": self.who, "act": self.act, "stage": self.stage, "says": self.says}
        return {name: {"zh": t.zh, "en": t.en} for name, t in texts.items()}


_NOTHING = Text("", "")
_ENDINGS: Mapping[str, tuple[str, str]] = {
    "trap": (
        "从这里起，没有一步是一定走得下去的，事情会停在这里。",
        "From here no step is sure to come: it rests here.",
    ),
    "no-way-to-end": ("从这里怎么走都办不结。", "From here no way leads to an end."),
    "silent-end": ("事情就此办结，{raiser}始终没有得到答复。", "The case is closed and {raiser} was never answered."),
    "end-without-result": ("事情就此办结，却没有结果。", "The case is closed without a result."),
    "unbounded-loop": (
        "又回到这里，可以一圈一圈转下去，没有尽头。",
        "Here it is again, and so it may go round for ever.",
    ),
    "open-stage-without-holder": ("没有人负责这件事。", "Nobody holds it."),
    "open-stage-without-clock": (
        "没有时限：没有人办，也没有人催。",
        "No clock runs: if nobody acts, nobody is pressed.",
    ),
    "clock-without-consequence": ("时限到了，什么也不会发生。", "The time is over and nothing follows."),
}
"""The last sentence by code; other findings end with what they say."""
_BY_ITSELF: Mapping[str, Text] = {
    "clock": Text("没有人办，时限到了，系统自动", "nobody acted and the time was over"),
    "children": Text("各单位都办结后，系统记为", "all called units ended"),
    "lead": Text("并入的那一件有了结果，系统记为", "the case it follows came out"),
}
_SHORTLY: Mapping[str, Text] = {
    "clock": Text("到期自动", "time is up"),
    "children": Text("各单位办结后", "units ended"),
    "lead": Text("随并入的那一件", "with the case it follows"),
}
_AT_A_STAGE = ("open-stage-without-holder", "open-stage-without-clock", "clock-without-consequence")


def told(pack: Pack | None, findings: Iterable[Finding]) -> list[Finding]:
    """The findings, those with a path (or about a stage that cases come to) with their story."""
    found = list(findings)
    if pack is None:
        return found
    graphs: dict[str, Graph | None] = {}
    return [_told(pack, finding, graphs) for finding in found]


def _told(pack: Pack, finding: Finding, graphs: dict[str, Graph | None]) -> Finding:
    if not finding.path and finding.code not in _AT_A_STAGE:
        return finding
    own = [i for i in pack.institutions.values() if i.mark.file == finding.mark.file]
    path = finding.path or (_path_to(own[0], finding, graphs) if own else ())
    # A parent that waits for ever is shown by the way its called case goes.
    walked = [i for i in (*own, *pack.institutions.values()) if path and _walks(i, path)]
    if not walked:
        return finding  # a ring of institutions, not of acts
    institution = walked[0]
    telling = _Story(pack, institution, whole=True, on=None)
    scenes = telling.scenes(path)
    if finding.code == "clock-without-consequence":
        telling.wait(institution.stages.get(path[-1].split(" ")[0]))
    ending = _ending(institution, finding, telling.when())
    return replace(finding, story=(*(s.says for s in scenes), ending))


def _walks(institution: Institution, path: Sequence[str]) -> bool:
    """Whether the path is one of this institution: all its stages and actors are its own."""
    known = {*institution.roles, *institution.parties, "clock", "children", "lead", "holder"}
    steps = [(w, _STEP.fullmatch(w)) for w in path]
    return all(step[2] in known if step else w.split(" ")[0] in institution.stages for w, step in steps)


def _path_to(institution: Institution, finding: Finding, graphs: dict[str, Graph | None]) -> tuple[str, ...]:
    """The shortest way to the stage a finding points at; none when cases never come there or cannot be walked."""
    stage = max(
        (s for s in institution.stages.values() if s.mark.line <= finding.mark.line),
        key=lambda s: s.mark.line,
        default=None,
    )
    if institution.name not in graphs:
        try:
            graphs[institution.name] = Graph(institution)
        except (TooManyStates, LookupError):  # a name that leads nowhere is a finding of its own
            graphs[institution.name] = None
    graph = graphs[institution.name]
    if graph is None or stage is None:
        return ()
    state = next((s for s in graph.edges if s.stage == stage.name), None)
    return graph.path(state) if state else ()


def _ending(institution: Institution, finding: Finding, when: Text) -> Text:
    party = institution.parties.get(institution.raised_by)
    raiser = party.title if party else Text(institution.raised_by, institution.raised_by)
    zh, en = _ENDINGS.get(finding.code, (finding.says.zh, finding.says.en))
    zh, en = zh.replace("{raiser}", raiser.zh), en.replace("{raiser}", f"the {raiser.en[:1].lower()}{raiser.en[1:]}")
    return Text(f"{when.zh}，{zh}", f"{when.en}: {en}")


def story(
    pack: Pack, institution: Institution, path: Sequence[str], *, whole: bool = False, on: date | None = None
) -> list[Scene]:
    """The scenes of a path as :class:`~linli.drafting.check_states.Graph` gives it: acts and stages by turns."""
    return _Story(pack, institution, whole, on).scenes(path)


class _Story:
    def __init__(self, pack: Pack, institution: Institution, whole: bool, on: date | None) -> None:
        self.pack, self.institution, self.whole = pack, institution, whole
        self.words = tuple(Words(pack, institution, lang, on) for lang in ("zh", "en"))
        self.day, self.about = 0.0, False
        self.since: Text | None = None

    def scenes(self, path: Sequence[str]) -> list[Scene]:
        found: list[Scene] = []
        at: Stage | None = None
        step: re.Match[str] | None = None
        for words in path:
            matched = _STEP.fullmatch(words)
            if matched:
                if step:
                    found.append(self._scene(step, at, None))
                step = matched
                self._pass(at, matched[2])
                continue
            to = self.institution.stages.get(words.split(" ")[0])
            found.append(self._scene(step, at, to))
            step, at = None, to
        return [*found, *([self._scene(step, at, None)] if step else [])]

    def _pass(self, at: Stage | None, by: str) -> None:
        """Let the time pass that the case stays at ``at`` before ``by`` acts."""
        if self.whole or by in ("clock", "children"):
            self.wait(at)

    def wait(self, at: Stage | None) -> None:
        """Let the whole limit of a stage pass."""
        if at is None:
            return
        if at.until and not at.within:
            zh, en = (w.fields([at.until]) for w in self.words)
            self.since, self.day, self.about = Text(f"到{zh}那天", f"on the day in {en}"), 0.0, False
            return
        values = self.words[0].of_day(at.within)
        if values:
            longest = max(values, key=self._length)
            self.day += self._length(longest)
            self.about = self.about or longest.unit in ("working_day", "working_hour")

    def _length(self, value: Dated) -> float:
        return days(value.limit, self.pack.calendars)

    def when(self) -> Text:
        """The day the story has come to."""
        number = int(self.day + _ALMOST)
        if self.since:
            if not number:
                return self.since
            return Text(f"{self.since.zh}后第 {number} 天", f"{number} days after that")
        about_zh, about_en = ("约", "about ") if self.about else ("", "")
        return Text(f"{about_zh}第 {number} 天", f"{about_en}day {number}")

    def _scene(self, step: re.Match[str] | None, at: Stage | None, to: Stage | None) -> Scene:
        """What happened, told from the stage ``at`` the case stood at to the stage ``to`` it came to."""
        when, stage = self.when(), to.title if to else _NOTHING
        who, act = (self._who(step[2]), self._act(step[1], at)) if step else (_NOTHING, _NOTHING)
        moved_zh = f"到了“{stage.zh}”" if to else ""
        moved_en = f"now at “{stage.en}”" if to else ""
        if not step:
            did_zh, did_en = "事情", "the case is "
            return Scene(
                when, who, act, stage, Text(f"{when.zh}，{did_zh}{moved_zh}。", f"{when.en}: {did_en}{moved_en}.")
            )
        doer = _BY_ITSELF.get(step[2], who)
        did_zh, did_en = f"{doer.zh}“{act.zh}”", f"{doer.en} – {act.en}"
        zh, en = "，".join(filter(None, [when.zh, did_zh, moved_zh])), "; ".join(filter(None, [did_en, moved_en]))
        return Scene(when, who, act, stage, Text(f"{zh}。", f"{when.en}: {en}."))

    def _who(self, by: str) -> Text:
        if by in _BY_ITSELF:
            return _SHORTLY[by]
        zh, en = self.words
        return Text(zh.title(by), en.role(by))

    def _act(self, name: str, at: Stage | None) -> Text:
        """The title of an act, as it is called at the stage it is done at."""
        if name == "open" and at is None:
            return self.institution.open.title
        here = self.institution.acts_at(at.name) if at else {}
        every = [self.institution.anywhere, *(s.acts for s in self.institution.stages.values())]
        found = here.get(name) or next((a[name] for a in every if name in a), None)
        return found.title if found else Text(name, name)


def short(scenes: Iterable[Scene], lang: str) -> str:
    """The story on one line: days and stages."""
    steps = [(s.when.in_(lang), (s.stage.zh and s.stage.in_(lang)) or s.act.in_(lang)) for s in scenes]
    return " → ".join(f"{when} {where}" for when, where in steps)
