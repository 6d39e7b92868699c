"""Puts the same institution before `check` and before the explorer, and says where they differ."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from linli.drafting.check import check
from linli.drafting.finding import Finding
from linli.kernel import expression
from tests.proof.explorer import TooLarge, explore
from tests.proof.random_institutions import FILE, Exam, draw
from tests.proof.verdict import PROPERTIES, Verdict, judge

CODES = {
    "open-stage-without-holder": "unheld",
    "open-stage-without-clock": "clockless",
    "until-without-date": "clockless",
    "clock-without-consequence": "idle-clock",
    "calls-without-units": "calls-nobody",
    "condition-wrong": "condition-never-true",
    "clock-cannot-fill": "crash",
    "block-field-not-needed": "crash",
}
"""The code of a finding, where the property has another name. ``until-without-date`` names the act that enters."""

MOST = 500
"""Larger random institutions are put aside, and counted."""


@dataclass
class Tally:
    """How often both agreed, by property: (found nothing, found the same)."""

    drawn: int = 0
    too_large: int = 0
    sound: int = 0
    faulty: int = 0
    without: Counter[str] = field(default_factory=Counter)
    alike: Counter[str] = field(default_factory=Counter)
    joins: Counter[str] = field(default_factory=Counter)
    differing: list[tuple[int, str]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take in what another process counted."""
        for name in ("drawn", "too_large", "sound", "faulty"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("without", "alike", "joins"):
            getattr(self, name).update(getattr(other, name))
        self.differing += other.differing

    def lines(self) -> list[str]:
        """The table that is printed."""
        kinds = f"{self.sound} sound, {self.faulty} faulty, {self.too_large} too large to walk"
        title = f"{'property':<22}{'both: nothing':>14}{'both: the same':>16}"
        rows = [f"{n:<22}{self.without[n]:>14}{self.alike[n]:>16}" for n in (*PROPERTIES, "join-never")]
        return [f"{self.drawn} institutions: {kinds}", title, *rows, f"differing: {len(self.differing)}"]


def run(first: int, count: int) -> Tally:
    """Draw and compare the institutions with the seeds ``first`` … ``first + count - 1``."""
    tally = Tally()
    expression._compiled.cache_clear()  # kept for ever otherwise: one program for each guarded institution
    for seed in range(first, first + count):
        tally.drawn += 1
        try:
            differing, verdict, join = compare(draw(Random(seed)))
        except TooLarge:
            tally.too_large += 1
            continue
        tally.differing += [(seed, text) for text in differing]
        faulty = any(verdict.values()) or join
        tally.faulty += faulty
        tally.sound += not faulty
        for name, names in {**verdict, "join-never": {"child"} if join else ()}.items():
            (tally.alike if names else tally.without)[name] += 1
    return tally


def compare(exam: Exam) -> tuple[list[str], Verdict, bool]:
    """(what differs in words, the explorer's verdict, whether the join can never be met). Raises TooLarge."""
    child = exam.pack.institutions.get("child")
    ends = True
    if child is not None:
        ends = any(c.ended for c in explore(exam.pack, child, most=MOST).cases)
    space = explore(exam.pack, exam.main, children_end=ends, most=MOST)
    verdict = judge(space)
    findings = check(exam.pack, [])
    told = _told(exam, findings)
    join = child is not None and not ends
    differing = _differences(exam, verdict, told)
    if verdict["clockless"] or verdict["calls-nobody"] or join:
        # Both see a case that waits for nobody; what follows where nothing can follow is not compared.
        differing = [d for d in differing if d.startswith("unheld")]
        lost = [n for n in ("clockless", "calls-nobody") if not verdict[n] <= told[n]]
        differing += [f"{n}: explorer {sorted(verdict[n])}, check {sorted(told[n])}" for n in lost]
    spends = {w for w in verdict["nobody-can-act"] if w.endswith("/spend")}
    if verdict["crash"] or spends:
        # Both see that money cannot be noted so; whether such an act leads on is not compared.
        differing = [d for d in differing if d.startswith(("crash", "unheld"))]
        if not {s for s in spends if s.partition("/")[2] not in verdict["crash"]} <= told["nobody-can-act"]:
            differing.append(f"nobody-can-act: explorer {sorted(spends)}, check {sorted(told['nobody-can-act'])}")
    if verdict[
        "pause-without-resume"
    ]:  # both see that the clocks stay stopped: so they lead nowhere and pass nothing up
        stopped = ("trap", "no-way-to-end", "cannot-pass-up", "nobody-can-act")
        differing = [d for d in differing if not d.startswith(stopped)]
    if join != any(f.code == "join-never" for f in findings):
        differing.append(f"join-never: the explorer says {join}")
    return differing, verdict, join


def _told(exam: Exam, findings: list[Finding]) -> dict[str, set[str]]:
    """What `check` says, by property, in the explorer's names."""
    told: dict[str, set[str]] = {name: set() for name in PROPERTIES}
    for finding in findings:
        name = CODES.get(finding.code, finding.code)
        if name not in told or finding.mark.file != FILE:
            continue
        kind, _, place = exam.places[finding.mark.line].partition(":")
        if finding.code == "unannounced-item":
            place = place.partition("/")[0]
        if finding.code == "until-without-date":
            told[name].add(_entered(exam, place))
        elif kind == "act" and name not in ("nobody-can-act", "unannounced-item"):
            told[name].add(place.partition("/")[2])
        else:
            told[name].add(place)
    return told


def _entered(exam: Exam, place: str) -> str:
    where, _, name = place.partition("/")
    acts = {"open": {"open": exam.main.open}, "anywhere": exam.main.anywhere}
    found = acts[where] if where in acts else exam.main.stages[where].acts
    return found[name].to or ""


def _declinable(exam: Exam) -> bool:
    """Agreement may be refused to the last: `check` tells the stage before that, the explorer the one after."""
    every = [*exam.main.anywhere.values(), *(a for s in exam.main.stages.values() for a in s.acts.values())]
    return any(a.approves and a.at_most is not None for a in every)


def _places(exam: Exam, where: str) -> set[str]:
    """The open stages at which an act is possible by definition."""
    place, _, act = where.partition("/")
    if place != "anywhere":
        return {place}
    return {s.name for s in exam.main.stages.values() if not s.end and act in exam.main.acts_at(s.name)}


def _differences(exam: Exam, seen: Verdict, told: dict[str, set[str]]) -> list[str]:
    reached = set(exam.main.stages) - seen["unreachable-stage"]
    lame = seen["unheld"] | seen["clockless"] | seen["idle-clock"]
    found = []
    for name in PROPERTIES:
        is_, says = set(seen[name]), set(told[name])
        if name in ("unheld", "clockless", "idle-clock", "unannounced-item", "count-not-filled", "quorum-of-nobody"):
            says = says & reached  # what no case reaches is told as that
        if name in ("unannounced-item", "count-not-filled", "quorum-of-nobody"):
            # Without a tally nothing is counted, which is told as that.
            says = {s for s in says if any(a.does == "tally" for a in exam.main.acts_at(s).values())}
        if name == "idle-clock":
            says -= seen["clockless"] - is_  # a clock that never starts never runs out
        if name in ("no-way-to-end", "unbounded-loop"):
            # Of several, `check` tells the first stage, and of a round trip the act that closes it.
            says = is_ if is_ and says and (says <= is_ or _declinable(exam)) else says
        if name == "end-without-result":
            is_ -= set(seen["silent-end"]) - says  # told once, as the graver fault
        if name == "nobody-can-act":
            says = {s for s in says if s.partition("/")[0] in reached | {"anywhere"}}
            is_ -= {w for w in is_ - says if _places(exam, w) <= lame | (set(exam.main.stages) - reached)}
            # What the guard or the block forbids is told as that.
            forbidden = seen["condition-never-true"] | seen["crash"]
            is_ -= {w for w in is_ - says if w.partition("/")[2] in forbidden}
        if name.startswith("condition-") or name == "crash":
            # Nobody tries an act at a stage that no case reaches, or that nobody can do.
            undone = {w.partition("/")[2] for w in seen["nobody-can-act"]}
            says -= undone | {a for s in set(exam.main.stages) - reached for a in exam.main.stages[s].acts}
            says |= is_ & told[name]
        if name == "verifier-works":
            # The case notes who did an act by its name alone: one that answers here and not there is left out, and so
            # is one at several stages or of `anywhere`, which may answer here and verify there.
            every = [exam.main.anywhere, *(s.acts for s in exam.main.stages.values())]
            mute = {a.name for acts in every for a in acts.values() if exam.main.raised_by not in a.answers}
            mute |= {n for n, often in Counter(n for acts in every for n in acts).items() if often > 1}
            mute |= set(exam.main.anywhere)
            # It notes as well who asked for an agreement that never came; to ask for it is no answer.
            mute |= {a.name for acts in every for a in acts.values() if a.approves}
            is_, says = is_ - mute, says - mute
            if any(a.to == "back" for acts in every for a in acts.values()):
                is_ &= says  # whether going `back` settles anything depends on the way in, which the explorer forgets
        if name in ("pause-unbounded", "extend-without-limit"):
            says -= {a.partition("/")[2] for a in seen["nobody-can-act"]}
            says = says if not seen["pause-without-resume"] else is_
        if name == "pause-without-resume":
            # `check` tells the act that pauses, the explorer the stage at which the pause never ends
            lame_too = seen["unreachable-stage"] or seen["nobody-can-act"] or seen["unheld"]
            says = is_ if says and (is_ or lame_too) else says
        if is_ != says:
            found.append(f"{name}: explorer {sorted(is_)}, check {sorted(says)}")
    return found
