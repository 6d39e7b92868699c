"""Scenarios: short stories beside a definition that an official can read. Each is an example and a test.

``play`` runs one in memory: named people do the acts, the clocks fire by themselves in between, called units have
cases of their own. The same file also runs against the ledger; both must tell the same story.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import yaml

from linli.drafting.finding import Finding
from linli.drafting.load import Files
from linli.drafting.reader import BAD, Reader
from linli.kernel.calendar import SHANGHAI
from linli.kernel.case import Answered, Called, Case, Entry, Joined, Moved, Told, apply, apply_event
from linli.kernel.decide import FOLLOWS, Decision, child_ended, decide, fire, lead_answered, open_case
from linli.kernel.institution import Institution, Mark, Pack, Text
from linli.kernel.refusal import Refusal, Who

_KEYS = {"scenario", "covers", "cast", "steps", "expect", "until", "vacant"}
_STEP_KEYS = {"at", "who", "act", "with", "on", "refused", "as", "institution"}
_EXPECT_KEYS = {"stage", "result", "tier", "told", "counts", "holder", "acts", "children"}

MOST_FIRED = 500
"""Clocks that may run out in one scenario; a year of daily pressing is fewer."""


@dataclass(frozen=True, slots=True)
class Player:
    """Somebody in a scenario: a role or party, perhaps at a called unit."""

    name: str
    role: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One act at one moment; ``refused`` is the expected refusal.

    It is done on the main case, on the case of the called unit ``on``, or on the one that an earlier ``open`` step
    called ``on`` by its ``as`` (a second reporter's matter, of this institution or of the one named).
    """

    at: datetime
    who: str
    act: str
    data: Mapping[str, Any]
    mark: Mark
    on: str | None = None
    refused: str | None = None
    as_: str | None = None
    institution: str | None = None


@dataclass(frozen=True, slots=True)
class Scenario:
    """A story and how it must end."""

    title: Text
    institution: str
    cast: Mapping[str, Player]
    steps: tuple[Step, ...]
    expect: Mapping[str, Any]
    mark: Mark
    covers: tuple[str, ...] = ()
    vacant: tuple[str, ...] = ()
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing that happened on one case: at which stage of which institution, by whom, and why not if refused.

    ``stage`` is where the case stood before, None for an opening; ``who`` is a name of the cast, None for the clock,
    the called units and the case that was followed.
    """

    at: datetime
    case: str
    institution: str
    stage: str | None
    act: str
    who: str | None
    data: Mapping[str, Any]
    moved: str | None = None
    refused: Refusal | None = None


@dataclass(slots=True)
class Played:
    """What happened: every case with its entries, in order over all cases, and where the story left its script."""

    cases: dict[str, Case] = field(default_factory=dict)
    entries: dict[str, list[Entry]] = field(default_factory=dict)
    steps: list[Happened] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    faults: list[tuple[Mark, str]] = field(default_factory=list)

    @property
    def main(self) -> Case:
        """The case the story is about."""
        return self.cases["main"]


def plain(node: Any) -> Any:
    """A YAML tree as text, lists and mappings; no value is guessed to be a number or a date."""
    if isinstance(node, yaml.MappingNode):
        return {plain(k) if isinstance(k, yaml.ScalarNode) else str(plain(k)): plain(v) for k, v in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [plain(v) for v in node.value]
    return node.value


def read_scenarios(files: Files, pack: Pack) -> tuple[list[Scenario], list[Finding]]:
    """Every scenario beside the institutions of ``pack`` (its own and the extended ones), and what is wrong in them."""
    found: list[Scenario] = []
    findings: list[Finding] = []
    for file in sorted(pack.sources):
        parts = PurePosixPath(file).parts
        if len(parts) == 4 and parts[2] == "scenarios":
            reader = Reader(file)
            node = reader.compose(files[file])
            read = read_scenario(reader, node, parts[1]) if node is not BAD else None
            found += [read] if read else []
            findings += reader.findings
    return found, findings


def read_scenario(reader: Reader, node: Any, institution: str) -> Scenario | None:
    """A scenario file; None with findings when it cannot be read."""
    top = _section(reader, node, _KEYS)
    if top is None:
        return None
    for missing in {"scenario", "cast", "steps", "expect"} - set(top):
        say = (f"情景缺少 {missing}。", f"The scenario lacks {missing}.")
        reader.complain("missing-key", node, *say, f"请补写 {missing}。", f"Add {missing}.")
    if not {"scenario", "cast", "steps", "expect"} <= set(top):
        return None
    before = len(reader.findings)
    title = reader.value(Text, top["scenario"])
    listed = top["steps"].value if isinstance(top["steps"], yaml.SequenceNode) else [top["steps"]]
    steps = [_read_step(reader, item) for item in listed]
    expect = plain(top["expect"]) if _section(reader, top["expect"], _EXPECT_KEYS) is not None else {}
    if len(reader.findings) > before or None in steps:
        return None
    return _scenario(reader, node, title, institution, tuple(s for s in steps if s), expect, top)


def _scenario(
    reader: Reader, node: Any, title: Text, institution: str, steps: tuple[Step, ...], expect: Any, top: dict[str, Any]
) -> Scenario | None:
    """The scenario out of its parts; None with a finding when the rest of them cannot be read."""
    try:
        return Scenario(
            title=title,
            institution=institution,
            cast=_read_cast(_typed(plain(top["cast"]), dict)),
            steps=steps,
            expect=_read_expect(expect),
            mark=reader.mark(node),
            covers=tuple(str(n) for n in _typed(plain(top["covers"]), list)) if "covers" in top else (),
            vacant=tuple(str(n) for n in _typed(plain(top["vacant"]), list)) if "vacant" in top else (),
            until=_moment(plain(top["until"])) if "until" in top else None,
        )
    except (ValueError, TypeError) as fault:
        say = (f"情景写得不对（{fault}）。", f"The scenario cannot be read ({fault}).")
        fix = ("cast 写“名字: 角色”，until 写 2026-03-02 20:10。", "`cast` is name: role, `until` 2026-03-02 20:10.")
        reader.complain("wrong-type", node, *say, *fix)
        return None


def _typed(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"a {'mapping' if kind is dict else kind.__name__} is expected, not {str(value)[:40]!r}")
    return value


def _read_expect(expect: dict[str, Any]) -> dict[str, Any]:
    """What must have come true; ``told`` may be one name."""
    kinds: dict[str, type] = {"told": list, "acts": list, "counts": dict, "children": dict}
    read: dict[str, Any] = {n: [v] if kinds.get(n) is list and isinstance(v, str) else v for n, v in expect.items()}
    for name, value in read.items():
        _typed(value, kinds.get(name, str))
    counts: dict[str, Any] = read.get("counts", {})
    for number in counts.values():
        int(_typed(number, str))
    return read


def _section(reader: Reader, node: Any, keys: Iterable[str]) -> dict[str, Any] | None:
    pairs = reader.pairs(node)
    if pairs is BAD:
        return None
    for word, mark, _ in pairs:
        if word not in keys:
            say = (f"情景里不能写 {word}。", f"A scenario has no key {word} here.")
            reader.complain(
                "unknown-key", mark, *say, f"可用：{'、'.join(sorted(keys))}。", f"Known: {', '.join(sorted(keys))}."
            )
    return {word: value for word, _, value in pairs}


def _read_step(reader: Reader, node: Any) -> Step | None:
    parts = _section(reader, node, _STEP_KEYS)
    if parts is None:
        return None
    raw = {k: plain(v) for k, v in parts.items()}
    try:
        who, act, on, refused = (_typed(raw.get(n, ""), str) for n in ("who", "act", "on", "refused"))
        if not who or not act:
            raise ValueError(f"{'act' if who else 'who'} is missing")
        data = _typed(raw.get("with", {}), dict)
        as_, of = (_typed(raw.get(n, ""), str) for n in ("as", "institution"))
        mark = reader.mark(node)
        return Step(_moment(raw["at"]), who, act, data, mark, on or None, refused or None, as_ or None, of or None)
    except (KeyError, ValueError, TypeError) as fault:
        say = (f"这一步写得不对（{fault}）。", f"This step cannot be read ({fault}).")
        fix = ("每步要有 at（2026-03-02 20:10）、who、act。", "A step needs at (2026-03-02 20:10), who and act.")
        reader.complain("bad-step", node, *say, *fix)
        return None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def _read_cast(raw: Mapping[str, str]) -> dict[str, Player]:
    cast = {}
    for name, spec in raw.items():
        role, _, unit = str(spec).partition("@")
        cast[name] = Player(name, role.strip(), unit.strip() or None)
    return cast


class _Stage:
    """Plays one scenario."""

    def __init__(self, pack: Pack, scenario: Scenario) -> None:
        self.pack, self.scenario = pack, scenario
        self.played = Played()
        self.institutions: dict[str, Institution] = {}
        self.fired = 0

    def play(self) -> Played:
        for step in self.scenario.steps:
            if self._fire_until(step.at, step.mark):
                self._do(step)
            if self.played.faults:
                return self.played
        if self.scenario.until and not self._fire_until(self.scenario.until, self.scenario.mark):
            return self.played
        self._compare()
        return self.played

    def _fault(self, mark: Mark, text: str) -> None:
        self.played.faults.append((mark, text))

    def _do(self, step: Step) -> None:
        player = self.scenario.cast.get(step.who)
        if player is None:
            return self._fault(step.mark, f"{step.who}: not in the cast / 不在人物表里")
        if step.act == "open":
            return self._open(step, player)
        id = self._named(step.on)
        case = self.played.cases.get(id)
        if case is None:
            return self._fault(step.mark, f"{step.on}: no case of this unit / 这个单位没有事项")
        institution = self.institutions[id]
        outcome = decide(
            self.pack, institution, case, step.act, self._filled(institution, step.data, id),
            self._who(player, case, institution), step.at,
        )  # fmt: skip
        self._took(step, id, outcome)

    def _open(self, step: Step, player: Player) -> None:
        id = f"{step.as_}#{len(self.institutions)}" if step.as_ else "main"
        institution = self.pack.institutions.get(step.institution or self.scenario.institution)
        if institution is None:
            return self._fault(step.mark, f"{step.institution}: no such institution / 没有这项制度")
        self.institutions[id] = institution
        roles = {player.role, *({institution.raised_by} if player.role not in institution.roles else ())}
        who = Who(player.name, frozenset(roles))
        data = self._filled(institution, step.data, id)
        self._took(step, id, open_case(self.pack, institution, id, data, who, step.at))

    def _named(self, on: str | None) -> str:
        """The id of the main case, or of the latest one of that unit or name; empty when there is none."""
        if on in (None, "main"):
            return "main"
        found = [i for i in self.played.cases if i.startswith(f"{on}#")]
        return max(found, key=lambda i: int(i.rpartition("#")[2]), default="")

    def _filled(self, institution: Institution, data: Mapping[str, Any], id: str) -> Mapping[str, Any]:
        """``data`` with the cases that it names, as the ledger would find them by their numbers."""
        named = [n for n in data if n in institution.fields and institution.fields[n].type == "case"]
        return {**data, **{n: self._known(str(data[n]), id) for n in named}}

    def _known(self, name: str, id: str) -> dict[str, str]:
        case = self.played.cases.get(self._named(name))
        if case is None or case.id == id or case.blocks.get(FOLLOWS, {}).get("id") == id:
            return {"number": name}
        return {"id": case.id, "number": name, "institution": case.institution, "stage": case.stage}

    def _who(self, player: Player, case: Case, institution: Institution) -> Who:
        roles = {player.role}
        stage = institution.stages[case.stage]
        stands_in = stage.holder in self.scenario.vacant and self._above(institution, stage.holder) == player.role
        if stands_in and stage.holder:
            roles.add(stage.holder)
        if stage.holder in roles:
            roles.add("holder")
        return Who(player.name, frozenset(roles))

    def _above(self, institution: Institution, role: str | None) -> str | None:
        """The role that stands in when nobody holds ``role``: the next duty up that the institution names."""
        if role is None:
            return None
        ladder = self.pack.ladder(institution.roles[role].duty)[1:]
        return next((r.name for duty in ladder for r in institution.roles.values() if r.duty == duty), None)

    def _took(self, step: Step, id: str, outcome: Decision | Refusal) -> None:
        if isinstance(outcome, Refusal):
            if step.refused != outcome.code:
                details = "; ".join(f"{n}: {t.en}" for n, t in outcome.fields.items())
                self._fault(step.mark, f"{step.act} refused ({outcome.code}): {outcome.says.en} {details}")
            stood = self.played.cases.get(id)
            self.played.steps.append(
                Happened(
                    step.at, id, self.institutions[id].name, stood.stage if stood else None,
                    step.act, step.who, step.data, refused=outcome,
                )
            )  # fmt: skip
        elif step.refused:
            self._fault(step.mark, f"{step.act}: expected refusal {step.refused}, but it was done / 本应被拒绝")
        else:
            self._append(id, outcome)

    def _append(self, id: str, decision: Decision) -> None:
        entry, case = decision.entry, decision.case
        self._note(id, entry)
        for event in [e for e in entry.events if isinstance(e, Called)]:
            case, entry = self._call(event, case, entry)
        self.played.cases[id] = case
        self.played.entries.setdefault(id, []).append(entry)
        self.played.told += [e.to for e in entry.events if isinstance(e, Told)]
        raiser = self.institutions[id].raised_by
        if any(isinstance(e, Answered) and e.party == raiser for e in entry.events):
            self._tell_followers(id, case, entry.at)
        if case.ended:
            self._tell_parent(id, case, entry.at)

    def _note(self, id: str, entry: Entry) -> None:
        stood = self.played.cases.get(id)
        stage, moved = stood.stage if stood else None, [e.to for e in entry.events if isinstance(e, Moved)]
        self.played.steps.append(
            Happened(
                entry.at, id, self.institutions[id].name, stage, entry.act, entry.by, entry.data, (*moved, None)[0]
            )
        )

    def _tell_parent(self, id: str, ended: Case, at: datetime) -> None:
        """A called case has ended: its parent, itself perhaps called by another case, takes note."""
        for parent, case in list(self.played.cases.items()):
            if id in case.children and case.children[id].open and not case.ended:
                done = child_ended(self.pack, self.institutions[parent], case, id, ended.result, at)
                self._append(parent, done)

    def _tell_followers(self, lead: str, answered: Case, at: datetime) -> None:
        for id, case in list(self.played.cases.items()):
            if case.blocks.get(FOLLOWS, {}).get("id") == lead:
                found = lead_answered(self.pack, self.institutions[id], case, answered.fields, answered.result, at)
                if found:
                    self._append(id, found)

    def _call(self, event: Called, case: Case, entry: Entry) -> tuple[Case, Entry]:
        child_of = self.pack.institutions[event.institution]
        joins = []
        for number, unit in enumerate(event.units):
            id = f"{unit}#{len(self.institutions)}"
            data = {n: case.fields[n] for n in event.passes if n in case.fields}
            data |= {event.fills: unit} if event.fills else {}
            who = Who(None, frozenset({child_of.raised_by}), "case")
            self.institutions[id] = child_of
            opened = open_case(self.pack, child_of, id, data, who, entry.at)
            if isinstance(opened, Refusal):
                self._fault(self.scenario.mark, f"{unit}: {opened.says.en}")
                continue
            self._append(id, opened)
            joins.append(Joined(id, unit, event.lead and number == 0))
        for join in joins:
            case = apply_event(join, case)
        events = (*entry.events, *joins)
        return case, Entry(entry.at, entry.act, entry.by, entry.role, entry.channel, events, entry.data, entry.works)

    def _fire_until(self, until: datetime, mark: Mark) -> bool:
        """Let the clocks run out that do; False where there is no end of them, as in a year that was mistyped."""
        while self.fired < MOST_FIRED:
            due = [(d[1], id, d[0]) for id, c in self.played.cases.items() if (d := c.next_due()) and d[1] <= until]
            if not due:
                return True
            at, id, name = min(due)
            fired = fire(self.pack, self.institutions[id], self.played.cases[id], name, at)
            if fired is None:
                return True
            self._append(id, fired)
            self.fired += 1
        words = f"over {MOST_FIRED} clocks run out until {until:%Y-%m-%d} / 时限到期太多次，日期太远"
        self._fault(mark, words)
        return False

    def _compare(self) -> None:
        case, mark = self.played.main, self.scenario.mark
        is_ = {"stage": case.stage, "result": case.result, "tier": case.tier, "holder": case.holder}
        for name in ("stage", "result", "tier", "holder"):
            want = self.scenario.expect.get(name)
            if want is not None and want != is_[name]:
                self._fault(mark, f"{name}: expected {want}, is {is_[name]}")
        for name in self.scenario.expect.get("told", []):
            player = self.scenario.cast.get(name)
            if (player.role if player else name) not in self.played.told:
                self._fault(mark, f"told: {name} was not told / 没有告知{name}")
        for counter, want in self.scenario.expect.get("counts", {}).items():
            if case.counts.get(counter, 0) != int(want):
                self._fault(mark, f"counts {counter}: expected {want}, is {case.counts.get(counter, 0)}")
        acts = [e.act for e in self.played.entries.get("main", []) if "@" not in e.act]  # reminders are no news
        if "acts" in self.scenario.expect and self.scenario.expect["acts"] != acts:
            self._fault(mark, f"acts: expected {self.scenario.expect['acts']}, were {acts}")
        results = {c.unit: c.result for c in case.children.values()}
        for unit, want in self.scenario.expect.get("children", {}).items():
            if results.get(unit) != want:
                self._fault(mark, f"children {unit}: expected {want}, is {results.get(unit)}")


def play(pack: Pack, scenario: Scenario) -> Played:
    """Run ``scenario`` in memory; ``Played.faults`` is empty when it ended as it says."""
    return _Stage(pack, scenario).play()


def replay(entries: Iterable[Entry], id: str) -> Case | None:
    """The case that ``entries`` tell of, from the first on."""
    case: Case | None = None
    for entry in entries:
        case = apply(case, entry, id)
    return case
