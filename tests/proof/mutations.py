"""Every systematic way to damage a shipped pack, and who refuses it.

A pack is damaged as text: its files are read as plain values, one thing is taken away or changed, and they are written
again and loaded. Who says whether it is harmful is never `check`: it is the explorer, where the damage can be walked;
the loader, where it cannot be read; a few plain readers, for what is no matter of paths (words in one language, a value
without a source, a message to nobody). The findings of scenarios do not count as refusal: they are counted apart.
"""

from __future__ import annotations

import pathlib
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from pathlib import PurePosixPath
from random import Random
from typing import Any

import yaml

from linli.config.pack_files import SHIPPED
from linli.drafting.check import check, check_files
from linli.drafting.load import load, read_folder
from tests.drafting.compose_once import composed_once
from tests.proof.harm import harms

Path = tuple[str | int, ...]
PAGE = pathlib.Path(__file__).parents[2] / "docs/reference/proof.md"


@dataclass(frozen=True)
class Mutation:
    """One damage: ``put`` replaces what stands at ``at`` in ``file``; None takes it away."""

    pack: str
    kind: str
    file: str
    at: Path
    put: Any = None

    def __str__(self) -> str:
        return f"{self.pack}: {self.kind}: {self.file}: {'.'.join(map(str, self.at))} → {self.put}"


@dataclass(frozen=True)
class Outcome:
    """What became of one mutation: why it is harmful, and by which codes it is refused."""

    mutation: Mutation
    harm: tuple[str, ...]
    static: tuple[str, ...]
    scenarios: tuple[str, ...]


@dataclass
class Count:
    """Of one kind of damage."""

    generated: int = 0
    harmful: int = 0
    refused: int = 0
    alarms: int = 0
    scenarios: int = 0
    """Harmless to every judge and to the static checks, yet a scenario no longer plays or is missed."""
    missed: list[str] = field(default_factory=list)


def shipped() -> tuple[str, ...]:
    """The shipped packs that have institutions of their own, found when asked."""
    found = {p.parent.parent.name for p in SHIPPED.glob("*/*/institution.yaml")}
    return tuple(sorted(found))


@cache
def files_of(pack: str) -> dict[str, bytes]:
    """The files of a shipped pack and of what it extends."""
    return read_folder(SHIPPED, pack)


@cache
def tree(pack: str, file: str) -> Any:
    """A file as plain text values."""
    return yaml.load(files_of(pack)[file], Loader=yaml.BaseLoader)


def damaged(mutation: Mutation) -> dict[str, bytes]:
    """The files with the damage done."""
    files = dict(files_of(mutation.pack))
    if not mutation.at:
        del files[mutation.file]
        return files
    top = deepcopy(tree(mutation.pack, mutation.file))
    spot = top
    for step in mutation.at[:-1]:
        spot = spot[step]
    if mutation.put is None:
        del spot[mutation.at[-1]]
    else:
        spot[mutation.at[-1]] = mutation.put
    files[mutation.file] = yaml.safe_dump(top, allow_unicode=True, sort_keys=False).encode()
    return files


def judge(mutation: Mutation) -> Outcome:
    """Do the damage and ask everybody."""
    with composed_once(files_of(mutation.pack).values()):
        return _judged(mutation)


def _judged(mutation: Mutation) -> Outcome:
    files = damaged(mutation)
    pack, findings = load(files, mutation.pack)
    if pack is None or findings:
        codes = tuple(sorted({f.code for f in findings}))
        return Outcome(mutation, ("cannot be read",), codes, ())
    harm = harms(pack, mutation.file)
    _, every = check_files(files, mutation.pack)
    of_scenarios = {"scenario-missing", "scenario-fails", "scenario-out-of-order", "bad-step"}
    story = {f.code for f in every if f.code in of_scenarios or f.code.endswith("-uncovered")}
    static = {f.code for f in every} - story - already(mutation.pack)
    return Outcome(mutation, tuple(harm), tuple(sorted(static)), tuple(sorted(story)))


@cache
def already(pack: str) -> frozenset[str]:
    """What is found in the undamaged pack (nothing, once it is finished) refuses no damage."""
    return frozenset(f.code for f in check_files(files_of(pack), pack)[1])


# --- the ways


def mutations(pack: str) -> list[Mutation]:
    """Every damage of ``pack``'s own files, in a fixed order."""
    found: list[Mutation] = []
    for file in sorted(f for f in files_of(pack) if f.split("/")[0] == pack):
        name = PurePosixPath(file).name
        top = tree(pack, file)
        ways = [] if "/scenarios/" in file else [("drop a language", at) for at in _texts(top)]
        found += [Mutation(pack, kind, file, at) for kind, at in ways]
        if name == "institution.yaml":
            found += [Mutation(pack, kind, file, at, put) for kind, at, put in _institution(pack, top)]
        elif name == "standards.yaml":
            found += [Mutation(pack, kind, file, at, put) for kind, at, put in _standards(top)]
        elif name == "parameters.yaml":
            found += [Mutation(pack, kind, file, at, put) for kind, at, put in _parameters(top)]
        elif "/scenarios/" in file:
            found.append(Mutation(pack, "drop a scenario", file, ()))
    return found


Way = tuple[str, Path, Any]


def _institution(pack: str, top: dict[str, Any]) -> Iterator[Way]:
    stages = top["stages"]
    for name, stage in stages.items():
        here: Path = ("stages", name)
        if stage.get("end"):
            yield "drop an end", (*here, "end"), None
        for key in ("holder", "within", "until", "overdue"):
            if key in stage:
                kind = {"holder": "a holder", "overdue": "a consequence"}.get(key, "a clock")
                yield f"drop {kind}", (*here, key), None
        for act, spec in stage.get("acts", {}).items():
            yield from _act(top, (*here, "acts", act), spec)
    for act, spec in top.get("anywhere", {}).items():
        yield from _act(top, ("anywhere", act), spec)
    for name, role in top.get("roles", {}).items():
        yield "drop a role", ("roles", name), None
        if "never" in role:
            yield "drop never", ("roles", name, "never"), None
    for name in top.get("clocks", {}):
        yield "drop a clock", ("clocks", name), None
    for name, stage in stages.items():
        yield from _blocks(("stages", name), stage)


BLOCKS = ("ballot", "meeting", "score", "slot", "funding", "publish")


def _blocks(here: Path, stage: dict[str, Any]) -> Iterator[Way]:
    for block in (b for b in BLOCKS if b in stage):
        yield "drop a block", (*here, block), None
        if "quorum" in stage[block]:
            yield "loosen a quorum", (*here, block, "quorum"), "true"
            yield "loosen a quorum", (*here, block, "quorum"), "false"
        for group in ("indicators", "raters"):
            for name, given in stage[block].get(group, {}).items():
                at = (*here, block, group, name)
                weight, at = (given["weight"], (*at, "weight")) if isinstance(given, dict) else (given, at)
                yield "shift a weight", at, str(int(weight) + 10)
        for name, grade in stage[block].get("grades", {}).items():
            yield "shift a grade", (*here, block, "grades", name, "least"), str(int(grade["least"]) + 101)


def _act(top: dict[str, Any], here: Path, spec: dict[str, Any]) -> Iterator[Way]:
    yield "drop an act", here, None
    for key, kind in (("answers", "an answer"), ("result", "a result"), ("approves", "an agreement")):
        if key in spec:
            yield f"drop {kind}", (*here, key), None
    if "at_most" in spec:
        yield "unbound", (*here, "at_most"), None
    if "to" in spec:
        for goal in (*top["stages"], "back"):
            if goal != spec["to"]:
                yield "redirect", (*here, "to"), goal
    needs = spec.get("needs", [])
    for n in range(len(needs)) if isinstance(needs, list) else ():
        yield "drop a need", (*here, "needs"), [*needs[:n], *needs[n + 1 :]]
    if "when" in spec:
        yield "drop a guard", (*here, "when"), None
        yield "block a guard", (*here, "when"), "false"
    by = spec["by"] if isinstance(spec["by"], list) else [spec["by"]]
    for n, role in enumerate(by):
        for other in (*top.get("roles", {}), *top.get("parties", {})):
            if role not in ("clock", "children", other) and other not in by:
                yield "swap a role", (*here, "by"), [*by[:n], other, *by[n + 1 :]]
        if len(by) > 1:
            yield "drop an actor", (*here, "by"), [*by[:n], *by[n + 1 :]]


def _standards(top: dict[str, Any]) -> Iterator[Way]:
    for name, standard in top["standards"].items():
        here: Path = ("standards", name)
        yield "drop a standard's source", (*here, "source"), None
        yield "block a standard", (*here, "condition"), "false"
        yield "drop a standard's gap", (*here, "opens"), "nothing"
        for n, _ in enumerate(standard["examples"]):
            yield "drop a standard's example", (*here, "examples", n), None


def _parameters(top: dict[str, Any]) -> Iterator[Way]:
    for name, values in top.items():
        yield "drop a parameter", (name,), None
        for n, value in enumerate(values):
            yield "drop a source", (name, n, "source"), None
            day = date.fromisoformat(value["from"])
            for days in (-365, -1, 1, 365):
                yield "shift a date", (name, n, "from"), (day + timedelta(days=days)).isoformat()
            yield "end a value", (name, n, "to"), (day + timedelta(days=400)).isoformat()


def _texts(top: Any, at: Path = ()) -> Iterator[Path]:
    """The places of every ``zh`` and ``en``."""
    if isinstance(top, dict):
        if {"zh", "en"} & set(top) and all(isinstance(v, str) for v in top.values()):
            yield from ((*at, k) for k in top)
        else:
            for key, value in top.items():
                yield from _texts(value, (*at, key))
    elif isinstance(top, list):
        for n, value in enumerate(top):
            yield from _texts(value, (*at, n))


# --- counting


def sample(every: list[Mutation], most: int) -> list[Mutation]:
    """At most ``most`` of them: of every kind alike, always the same ones."""
    kinds: dict[str, list[Mutation]] = {}
    for mutation in every:
        kinds.setdefault(mutation.kind, []).append(mutation)
    for found in kinds.values():
        Random(4).shuffle(found)
    chosen: list[Mutation] = []
    while len(chosen) < min(most, len(every)):
        chosen += [found.pop() for found in kinds.values() if found]
    return chosen[:most]


def tally(outcomes: list[Outcome]) -> dict[str, Count]:
    """The counts by kind of damage."""
    counts: dict[str, Count] = {}
    for outcome in outcomes:
        count = counts.setdefault(outcome.mutation.kind, Count())
        count.generated += 1
        if outcome.harm:
            count.harmful += 1
            count.refused += bool(outcome.static)
            if not outcome.static:
                count.missed.append(f"{outcome.mutation} ({'; '.join(outcome.harm)})")
        elif outcome.static:
            count.alarms += 1
        elif outcome.scenarios:
            count.scenarios += 1
    return counts


def alarms(outcomes: list[Outcome]) -> Counter[tuple[str, str]]:
    """Refused although no judge calls it harmful: (kind, code) → how often."""
    return Counter((o.mutation.kind, code) for o in outcomes if not o.harm for code in o.static)


def lines(outcomes: list[Outcome]) -> list[str]:
    """The table that is printed."""
    counts = tally(outcomes)
    found = [f"{'damage':<20}{'generated':>10}{'harmful':>9}{'refused':>9}{'alarms':>8}{'scenarios only':>16}"]
    sums = Count()
    for kind, c in sorted(counts.items()):
        found.append(f"{kind:<20}{c.generated:>10}{c.harmful:>9}{c.refused:>9}{c.alarms:>8}{c.scenarios:>16}")
        for name in ("generated", "harmful", "refused", "alarms", "scenarios"):
            setattr(sums, name, getattr(sums, name) + getattr(c, name))
    s = sums
    found.append(f"{'together':<20}{s.generated:>10}{s.harmful:>9}{s.refused:>9}{s.alarms:>8}{s.scenarios:>16}")
    found += [f"false alarm: {kind}: {code} × {n}" for (kind, code), n in sorted(alarms(outcomes).items())]
    return [*found, *(f"MISSED: {m}" for c in counts.values() for m in c.missed)]


def unexplained(outcomes: list[Outcome]) -> set[str]:
    """Codes of false alarms that docs/reference/proof.md does not explain."""
    page = PAGE.read_text(encoding="utf-8")
    return {code for _, code in alarms(outcomes) if f"| `{code}` |" not in page}


def run(chosen: list[Mutation], jobs: int) -> list[Outcome]:
    """Judge them on ``jobs`` processes."""
    if jobs == 1:
        return [judge(m) for m in chosen]
    found: list[Outcome] = []
    with ProcessPoolExecutor(jobs) as pool:
        for outcome in pool.map(judge, chosen, chunksize=4):
            found.append(outcome)
            if outcome.harm and not outcome.static:
                sys.stderr.write(f"MISSED: {outcome.mutation} ({'; '.join(outcome.harm)})\n")
            if len(found) % 100 == 0:
                sys.stderr.write(f"{len(found)} of {len(chosen)}\n")
    return found


def report(count: int | None, jobs: int, of: str = "", without: str | None = None) -> int:
    """Print the counts over all shipped packs, or the files that begin ``of`` and not ``without``.

    1 when a harmful damage is let through.
    """
    every = [m for pack in shipped() for m in mutations(pack) if m.file.startswith(of)]
    every = [m for m in every if without is None or not m.file.startswith(without)]
    outcomes = run(sample(every, count) if count else every, jobs)
    odd = sorted(unexplained(outcomes))
    print("\n".join([*lines(outcomes), *(f"UNEXPLAINED: {code}" for code in odd)]))
    return 1 if odd or any(c.missed for c in tally(outcomes).values()) else 0


def sound(pack: str) -> bool:
    """Whether an undamaged pack is called harmless by everybody: else the judges would call any damage harmful."""
    files = files_of(pack)
    read, _ = load(files, pack)
    if read is None or [f for f in check(read, []) if f.code != "scenario-missing"]:
        return False
    return not [h for i in read.institutions.values() for h in harms(read, i.mark.file)]


if __name__ == "__main__":
    sys.exit(report(None, 2))
