"""Small random institutions, sound and faulty, that the loader would read: the exam questions of the checker.

Half are drawn as a city would write them (a ladder of stages that ends in an answer, perhaps put off, paused, called to
units, guarded, verified) and then damaged up to three times; half are drawn at random altogether. Every name that is
used is declared. Each stage, act and role is marked with a line of its own, so that a finding names one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from datetime import date
from random import Random
from typing import Any

from hypothesis import strategies as st

from linli.kernel.calendar import Calendar
from linli.kernel.institution import (
    Act,
    Ballot,
    Calls,
    Dated,
    Duty,
    Field,
    Funding,
    Institution,
    Level,
    Mark,
    Pack,
    Party,
    Result,
    Role,
    Stage,
    Text,
)

WORDS = Text("样例", "Sample")
FILE = "p/main/institution.yaml"
LEVELS = ("city", "street", "grid")
GUARDS = (
    "flag",
    "flag",
    "flag",
    "!flag",
    "flag && !flag",
    "flag || !flag",
    "open_children < 0",
    "flag && done_maybe >= 0",
)
"""Guards that hold now and then, never, and always."""


@dataclass(frozen=True)
class Exam:
    """A pack whose institution ``main`` (and perhaps its child) is examined, and what stands on each line of it."""

    pack: Pack
    places: dict[int, str]
    """Line → ``stage:NAME``, ``act:WHERE/NAME`` or ``role:NAME``."""

    @property
    def main(self) -> Institution:
        """The institution under examination."""
        return self.pack.institutions["main"]


def draw(rng: Random) -> Exam:
    """One institution; the same ``rng`` gives the same."""
    maker = _Maker(rng)
    main = maker.city() if rng.random() < 0.7 else maker.wild()
    places: dict[int, str] = {}
    children = {"child": _child(rng)} if any(s.calls for s in main.stages.values()) else {}
    main = _marked(_gathered(rng, main) if children and rng.random() < 0.6 else main, places)
    limit = Dated(date(2020, 1, 1), 2, "day", "setting: sample")
    duties = {n: Duty(WORDS, LEVELS, above=up, name=n) for n, up in maker.ladder}
    duties["unit_officer"] = Duty(WORDS, ("department",), name="unit_officer")
    pack = Pack(
        "p", WORDS, None, {n: Level(WORDS, name=n) for n in LEVELS}, duties,
        {"always": Calendar("always")}, {"limit": (limit,)}, {},
        {n: Result(WORDS, name=n) for n in ("ok", "other", "passed", "failed")}, {"main": main, **children},
    )  # fmt: skip
    return Exam(pack, places)


def exams() -> st.SearchStrategy[Exam]:
    """For hypothesis: every choice is one that it can shrink."""
    return st.randoms(use_true_random=False).map(draw)


class _Maker:
    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.roles = [f"r{n}" for n in range(rng.randint(1, 3))]
        above = [f"d{n + 1}" if n + 1 < len(self.roles) and rng.random() < 0.8 else None for n in range(3)]
        self.ladder = [(f"d{n}", up) for n, up in enumerate(above)]
        self.stages: dict[str, Stage] = {}
        self.anywhere: dict[str, Act] = {}
        self.open = Act(WORDS, ("reporter",), to="s0", needs=self.some(["day"], 0.15), name="open")

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def some(self, names: list[str], share: float) -> tuple[str, ...]:
        return tuple(n for n in names if self.chance(share))

    def role(self, n: int) -> str:
        return self.roles[min(n, len(self.roles) - 1)]

    # --- as a city would write it

    def city(self) -> Institution:
        size = self.rng.randint(1, 3)
        ladder = [f"s{n}" for n in range(size)]
        visited = self.chance(0.5)
        for n, name in enumerate(ladder):
            self.stages[name] = self._rung(n, name, ladder, "answered" if visited else "closed")
        if visited:
            self.stages["answered"] = self._visit(ladder)
        self.stages["closed"] = Stage(WORDS, end=True)
        extras = (
            self._joint, self._park, self._pause, self._guarded, self._agreed, self._extend, self._vote, self._money,
            self._bystander,
        )  # fmt: skip
        for extra in extras:
            if self.chance(0.2):
                extra(ladder)
        institution = self._institution()
        for _ in range(self.rng.choice((0, 0, 0, 1, 1, 2, 3))):
            institution = damage(self.rng, institution)
        return institution

    def _rung(self, n: int, name: str, ladder: list[str], goal: str) -> Stage:
        role = self.role(n)
        result = self.rng.choice((("ok",), ("ok", "other")))
        solve = Act(WORDS, (self.rng.choice((role, "holder")),), answers=("reporter",), result=result, to=goal)
        acts = {f"solve{n}": solve}
        if name != ladder[-1]:
            acts["up"] = Act(WORDS, (role, "clock"), to=ladder[n + 1])
            overdue = "up"
        elif self.chance(0.5):
            acts["remind"] = Act(WORDS, ("clock",))
            overdue = "remind"
        else:
            acts["drop"] = Act(WORDS, ("clock",), answers=("reporter",), result=("other",), to="closed")
            overdue = "drop"
        return Stage(WORDS, role, "limit", overdue=overdue, acts=acts)

    def _visit(self, ladder: list[str]) -> Stage:
        acts = {
            "confirm": Act(WORDS, ("reporter",), to="closed"),
            "lapse": Act(WORDS, ("clock",), to="closed"),
        }
        if self.chance(0.7):
            acts["again"] = Act(WORDS, ("reporter",), at_most=self.rng.randint(1, 2), to=self.rng.choice(ladder))
        if self.chance(0.4):
            acts["verify"] = Act(WORDS, (self.rng.choice(self.roles),), to="closed")
        return Stage(WORDS, self.role(0), "limit", overdue="lapse", acts=acts)

    def _park(self, ladder: list[str]) -> None:
        acts = {"take_up": Act(WORDS, ("clock",), to="back")}
        self.stages["parked"] = Stage(WORDS, self.role(9), until="day", overdue="take_up", acts=acts)
        needs = ("day",) if self.chance(0.8) else ()
        only = self.some([*ladder, *(["joint"] if "joint" in self.stages and self.chance(0.8) else [])], 0.7) or (
            ladder[0],
        )
        self.anywhere["park"] = Act(WORDS, (self.role(0),), needs, at_most=1, to="parked", only_in=only)

    def _pause(self, ladder: list[str]) -> None:
        only = self.some(ladder, 0.7) or (ladder[0],)
        bound = 1 if self.chance(0.8) else None
        self.anywhere["pause"] = Act(WORDS, ("holder",), does="pause", within="limit", at_most=bound, only_in=only)
        by = ("holder", "clock") if self.chance(0.85) else ("holder",)
        only = only if self.chance(0.85) else ladder[:1]
        self.anywhere["resume"] = Act(WORDS, by, does="resume", only_in=tuple(only))

    def _joint(self, ladder: list[str]) -> None:
        acts = {"gather": Act(WORDS, ("children",), to=ladder[-1])}
        overdue = "gather"
        if self.chance(0.85):
            acts["give_up"] = Act(WORDS, (self.role(9), "clock"), to=ladder[-1])
            overdue = "give_up"
        join: Any = self.rng.choice(("all_ended", "any_ended"))
        calls = Calls("child", "units", "gather", join)
        self.stages["joint"] = Stage(WORDS, self.role(9), "limit", overdue=overdue, acts=acts, calls=calls)
        needs = ("units",) if self.chance(0.85) else ()
        bound = self.rng.randint(1, 2) if self.chance(0.8) else None
        by = (self.role(9), "clock") if self.chance(0.1) else (self.role(9),)
        self.anywhere["call"] = Act(WORDS, by, needs, at_most=bound, to="joint", only_in=(ladder[-1],))

    def _guarded(self, ladder: list[str]) -> None:
        name = self.rng.choice(ladder)
        goal = self.rng.choice(list(self.stages))
        bound = 1 if self.chance(0.7) else None
        act = Act(WORDS, (self.role(0),), to=goal, when=self.rng.choice(GUARDS), or_else=WORDS, at_most=bound)
        self._add(name, "maybe", act)

    def _vote(self, ladder: list[str]) -> None:
        """A vote is called from the top of the ladder, and counted by people or given up by the clock."""
        quorum = "voted >= 0" if self.chance(0.15) else "voted * 2 > roll"
        ballot = Ballot({"yes": WORDS, "no": WORDS}, "choice", "roll", "question", quorum, "yes * 2 > voted", "sample")
        role = self.role(9)
        needs = ("roll",) if self.chance(0.5) else ()
        by = (role, "clock") if self.chance(0.1) else (role,)
        acts = {
            "vote": Act(WORDS, ("reporter",), ("choice",), does="vote"),
            "count": Act(
                WORDS, by, needs, does="tally", answers=("reporter",), result=("passed", "failed"), to="closed"
            ),
            "give_up_vote": Act(WORDS, ("clock",), to=ladder[-1]),
        }
        if self.chance(0.15):
            acts["rephrase"] = Act(WORDS, (role,), ("question",))
        overdue = "count" if "clock" in by else "give_up_vote"
        self.stages["voting"] = Stage(WORDS, role, "limit", overdue=overdue, acts=acts, ballot=ballot)
        asks = self.some(["question"], 0.85) + self.some(["roll"], 0.7)
        self._add(self.rng.choice(ladder), "put_to_vote", Act(WORDS, (role,), asks, to="voting", at_most=1))

    def _money(self, ladder: list[str]) -> None:
        name = self.rng.choice(ladder)
        for does in self.rng.sample(("pledge", "receive", "spend"), 2):
            needs = ("amount", "giver") if self.chance(0.85) else ("giver",)
            by = (self.role(0), "clock") if self.chance(0.1) else (self.role(0),)
            self._add(name, does, Act(WORDS, by, needs, does=does))  # type: ignore[arg-type]
        spec = self.stages[name]
        overdue = self.rng.choice([n for n, a in spec.acts.items() if "clock" in a.by] or [spec.overdue])
        self.stages[name] = replace(spec, funding=Funding("amount", "giver"), overdue=overdue)

    def _bystander(self, ladder: list[str]) -> None:
        """A party that no case is ever bound to may do something on paper."""
        act = Act(WORDS, ("other",), to=self.rng.choice(list(self.stages)))
        self._add(self.rng.choice(ladder), "wish", act)

    def _agreed(self, ladder: list[str]) -> None:
        bound = 1 if self.chance(0.7) else None
        goal = self.rng.choice(list(self.stages))
        act = Act(WORDS, (self.role(0),), to=goal, approves=self.role(9), at_most=bound)
        self._add(self.rng.choice(ladder), "asked", act)

    def _extend(self, ladder: list[str]) -> None:
        bound = 1 if self.chance(0.8) else None
        only = (ladder[0],)
        self.anywhere["extend"] = Act(WORDS, ("holder",), ("until",), does="extend", at_most=bound, only_in=only)

    def _add(self, stage: str, name: str, act: Act) -> None:
        spec = self.stages[stage]
        self.stages[stage] = replace(spec, acts={**spec.acts, name: act})

    # --- at random

    def wild(self) -> Institution:
        size = self.rng.randint(1, 4)
        names = [f"s{n}" for n in range(size)]
        every = [*names, "closed"]
        for n, name in enumerate(names):
            acts = {f"a{n}{m}": self._any(every) for m in range(self.rng.randint(0, 3))}
            if self.chance(0.3):  # several stages may share this name, and so its count
                acts["up"] = replace(self._any(every), approves=None, to=self.rng.choice(every))
            timed = [a for a, act in acts.items() if "clock" in act.by]
            overdue = self.rng.choice(timed) if timed and self.chance(0.9) else None
            holder = self.rng.choice(self.roles) if self.chance(0.93) else None
            within = "limit" if self.chance(0.9) else None
            until = "day" if within is None and self.chance(0.7) else None
            self.stages[name] = Stage(WORDS, holder, within, until, overdue, acts)
        self.stages["closed"] = Stage(WORDS, end=True)
        for m in range(self.rng.choice((0, 0, 1, 2))):
            self.anywhere[f"any{m}"] = replace(self._any(every), only_in=self.some(names, 0.6))
        return self._institution()

    def _any(self, every: list[str]) -> Act:
        by = (*self.some(["clock"], 0.5), self.rng.choice([*self.roles, "holder", "reporter"]))
        by = by if self.chance(0.8) else by[:1]
        to = self.rng.choice([*every, *every, None, "back"])
        approves = self.rng.choice(self.roles) if "clock" not in by and self.chance(0.1) else None
        return Act(
            WORDS, by, self.some(["day"], 0.3), to=to,
            answers=self.some(["reporter"], 0.4), result=self.rng.choice(((), ("ok",), ("ok", "other"))),
            at_most=self.rng.choice((None, None, 1, 2, 0 if self.chance(0.1) else 1)), approves=approves,
            when="flag" if "clock" not in by and self.chance(0.1) else None,
        )  # fmt: skip

    def _institution(self) -> Institution:
        roles = {
            n: Role(WORDS, f"d{i}", LEVELS[-1 - i if self.chance(0.8) else -1],
                    ("handler",) if self.chance(0.4) else ())
            for i, n in enumerate(self.roles)
        }  # fmt: skip
        kinds: dict[str, Any] = {
            "day": "date", "until": "date", "units": "units", "flag": "yes_no", "question": "text", "choice": "text",
            "roll": "number", "amount": "number", "giver": "text",
        }  # fmt: skip
        return Institution(
            "main", WORDS, "sample", date(2021, 1, 1), "reporter", self.open, self.stages,
            parties={"reporter": Party(WORDS, "person"), "other": Party(WORDS, "person")}, roles=roles,
            fields={n: Field(WORDS, kind, "public") for n, kind in kinds.items()}, anywhere=self.anywhere,
        )  # fmt: skip


def _gathered(rng: Random, of: Institution) -> Institution:
    """A later stage waits for those still at work, and one or two acts lead there: not all after a call."""
    holder = rng.choice(list(of.roles))
    goals = [n for n in of.stages if n != "joint"]
    acts = {"gathered": Act(WORDS, ("children",), to=rng.choice(goals))}
    acts["press"] = Act(WORDS, ("clock",), to=rng.choice(goals) if rng.random() < 0.3 else None)
    pressed = Stage(WORDS, holder, "limit", overdue="press", acts=acts, gathers="gathered")
    of = replace(of, stages={**of.stages, "pressed": pressed})
    leading = [(s, n) for s, spec in of.stages.items() for n, a in spec.acts.items() if a.to and s != "pressed"]
    from_call = [(s, n) for s, n in leading if of.stages[s].calls]
    for stage, name in [*rng.sample(from_call, min(1, len(from_call))), *rng.sample(leading, min(1, len(leading)))]:
        here = of.stages[stage]
        of = _with(of, here, replace(here, acts={**here.acts, name: replace(here.acts[name], to="pressed")}))
    return of


def damage(rng: Random, of: Institution) -> Institution:
    """``of`` with one thing left out or led elsewhere."""
    stage = rng.choice([s for s in of.stages.values() if not s.end])
    kind = rng.choice(("act", "to", "to", "bound", "answers", "result", "by", "holder", "within", "overdue", "end"))
    if kind in ("holder", "within", "overdue"):
        return _with(of, stage, replace(stage, **{kind: None}))
    if kind == "end":
        return _with(of, of.stages["closed"], Stage(WORDS, rng.choice(list(of.roles)), "limit"), "closed")
    names = [(n, a) for n, a in stage.acts.items()]
    if not names:
        return of
    name, act = rng.choice(names)
    acts = dict(stage.acts)
    if kind == "act":
        del acts[name]
        overdue = None if stage.overdue == name else stage.overdue
        then = stage.calls.then if stage.calls else None
        return of if then == name else _with(of, stage, replace(stage, acts=acts, overdue=overdue))
    changes: dict[str, Any] = {
        "to": {"to": rng.choice([*of.stages, "back"])}, "bound": {"at_most": None}, "answers": {"answers": ()},
        "result": {"result": ()}, "by": {"by": tuple(b for b in act.by if b != "clock") or act.by},
    }  # fmt: skip
    acts[name] = replace(act, **changes[kind])
    return _with(of, stage, replace(stage, acts=acts))


def _with(of: Institution, old: Stage, new: Stage, name: str | None = None) -> Institution:
    name = name or next(n for n, s in of.stages.items() if s is old)
    return replace(of, stages={**of.stages, name: new})


def _child(rng: Random) -> Institution:
    """What a called unit does: answers or lets it lapse; now and then it never ends."""
    to = "done" if rng.random() < 0.85 else "called"
    acts = {
        "help": Act(WORDS, ("unit",), answers=("caller",), result=("ok",), to=to),
        "lapse": Act(WORDS, ("clock",), answers=("caller",), result=("other",), to=to),
    }
    stages = {"called": Stage(WORDS, "unit", "limit", overdue="lapse", acts=acts), "done": Stage(WORDS, end=True)}
    institution = Institution(
        "child", WORDS, "sample", date(2021, 1, 1), "caller", Act(WORDS, ("caller",), to="called", name="open"), stages,
        parties={"caller": Party(WORDS, "case")}, roles={"unit": Role(WORDS, "unit_officer", "unit")},
    )  # fmt: skip
    return _marked(institution, {}, "p/child/institution.yaml")


def _marked(of: Institution, places: dict[int, str], file: str = FILE) -> Institution:
    """Every stage, act and role with its name and a line of its own, in the order in which it would be written."""

    def put(thing: Any, name: str, place: str) -> Any:
        line = len(places) + 2
        places[line] = place
        return replace(thing, name=name, mark=Mark(file, line, 1))

    def acts(where: str, found: Any) -> dict[str, Act]:
        return {n: put(a, n, f"act:{where}/{n}") for n, a in found.items()}

    roles = {n: put(r, n, f"role:{n}") for n, r in of.roles.items()}

    def stage(name: str, spec: Stage) -> Stage:
        spec = replace(put(spec, name, f"stage:{name}"), acts=acts(name, spec.acts))
        return replace(spec, ballot=replace(spec.ballot, mark=spec.mark)) if spec.ballot else spec

    stages = {n: stage(n, s) for n, s in of.stages.items()}
    named = {n: replace(f, name=n) for n, f in of.fields.items()}
    parties = {n: replace(p, name=n) for n, p in of.parties.items()}
    opening = put(of.open, "open", "act:open/open")
    return replace(
        of, roles=roles, stages=stages, anywhere=acts("anywhere", of.anywhere), fields=named, parties=parties,
        open=opening, mark=Mark(file, 1, 1), version="0",
    )  # fmt: skip


def written(thing: Any) -> Any:
    """A thing of the language as plain values in the words of a file: what ``yaml.safe_dump`` makes a pack of."""
    if is_dataclass(thing) and not isinstance(thing, type):
        return {key: written(value) for key, value in _keys(thing)}
    if isinstance(thing, dict):
        return {n: written(v) for n, v in thing.items()}
    if isinstance(thing, tuple):
        return [written(v) for v in thing]
    return str(thing) if isinstance(thing, date) else thing


def _keys(thing: Any) -> Iterator[tuple[str, Any]]:
    for spec in fields(thing):
        value = getattr(thing, spec.name)
        plain = spec.default if spec.default is not MISSING else None
        if "internal" not in spec.metadata and value != plain and value not in ({}, ()):
            yield spec.metadata.get("alias") or spec.name, value
