"""What each rate counts, as the pack's ``figures.yaml`` says it: no rate, field or counter of a city stands in Python.

A figure looks at one thing on closed cases: an answer that was given (``field``), something that was counted
(``counter``), a limit that was extended (``does``), a result, or the same matter raised again (``within``). It counts
for every institution that can have it. :mod:`linli.insight.rates` does the counting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Literal

from linli.drafting.finding import Finding
from linli.drafting.reader import BAD, Reader
from linli.kernel.institution import FIELD_CLASSES, Act, Institution, Named, Pack, Text, key

FILE = "figures.yaml"
YES_NO = {"yes": Text("是", "Yes"), "no": Text("否", "No")}
HIGHEST_CLASS = "handler"
"""Nobody who may see a case by duty reads less than this, so a figure of such a field tells nobody anything new."""


@dataclass(frozen=True, slots=True)
class Figure(Named):
    """A rate over closed cases: what is counted, out of what, and how much each answer weighs."""

    title: Text = key("Name shown to people.")
    source: str = key("The law or decision it comes from, or `setting` with the reason.")
    field: str | None = key("The field whose answers are counted: a code or yes_no field.", default=None)
    weights: Mapping[str, str] = key(
        "For each answer (of a yes_no field: yes and no) the parameter with its weight in percent.",
        default_factory=dict,
    )
    counter: str | None = key("The counter whose raising is counted.", default=None)
    does: Literal["extend"] | None = key(
        "Counts the cases on which such an act was done (and agreed to).", default=None
    )
    result: tuple[str, ...] = key("Counts the cases that came out so.", default=())
    within: str | None = key(
        "A parameter in days: counts, besides `counter`, what the same person raised again at the same place in the "
        "same category so soon.",
        default=None,
    )
    among: str | None = key("Only among the cases on which this counter was raised.", default=None)
    hit: Text | None = key("What the counted cases are called.", default=None)
    rest: Text | None = key("What the others are called.", default=None)
    every: bool = key("Over every closed case, also those whose result is left out of the figures.", default=False)
    less: bool = key("The fewer the better.", default=False)
    missed: bool = key("Counts what the calendar opened and nobody held; the year plan shows it.", default=False)
    because: str | None = key("The public field with the reason, shown in the year plan.", default=None)


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a pack and of those it extends, by name, in the order of the files."""

    figures: Mapping[str, Figure] = field(default_factory=dict)


def read_figures(pack: Pack) -> tuple[Figures, list[Finding]]:
    """The figures beside ``pack`` and the packs it extends (its own last and stronger), and what cannot be read."""
    own = [
        (f, t) for f, t in pack.sources.items() if PurePosixPath(f).name == FILE and len(PurePosixPath(f).parts) == 2
    ]
    return _read(tuple(own))


@lru_cache(maxsize=16)
def _read(files: tuple[tuple[str, str], ...]) -> tuple[Figures, list[Finding]]:
    figures: dict[str, Figure] = {}
    findings: list[Finding] = []
    for file, text in files:
        reader = Reader(file)
        node = reader.compose(text)
        read = reader.named(Figure, node) if node is not BAD else BAD
        findings += reader.findings
        figures |= read if read is not BAD else {}
    return Figures(figures), findings


def acts_of(institution: Institution) -> Iterator[Act]:
    """Every act of an institution but the opening."""
    yield from institution.anywhere.values()
    for stage in institution.stages.values():
        yield from stage.acts.values()


def counters(institution: Institution) -> set[str]:
    """Every counter that a case of it may raise: by an act, by a clock, or by what a called unit came to."""
    found = {a.counts for a in acts_of(institution) if a.counts}
    found |= {c.counts for c in institution.clocks.values() if c.counts}
    for stage in institution.stages.values():
        found |= set(stage.calls.counts.values()) if stage.calls else set()
    return found


def extending(institution: Institution) -> list[str]:
    """What the case notes as done once a limit was extended: the act, or the agreement to it."""
    return sorted({a.name + (".agree" if a.approves else "") for a in acts_of(institution) if a.does == "extend"})


def results(institution: Institution) -> set[str]:
    """Every result that a case of it may come to."""
    return {r for a in acts_of(institution) for r in a.result}


def answers(pack: Pack, institution: Institution, name: str) -> dict[str, Text]:
    """The answers that the field may hold, in order, with their titles; {} when it is no field to be counted."""
    spec = institution.fields.get(name)
    if spec is None or FIELD_CLASSES.index(spec.class_) > FIELD_CLASSES.index(HIGHEST_CLASS):
        return {}
    if spec.type == "yes_no":
        return YES_NO
    if spec.type == "code":
        return {n: c.title for n, c in pack.lists.get(spec.list or "", {}).items()}
    return {}


def applies(pack: Pack, institution: Institution, figure: Figure) -> bool:
    """Whether cases of the institution can count in the figure at all."""
    if figure.among and figure.among not in counters(institution):
        return False
    if figure.missed and institution.every is None:
        return False
    if figure.field:
        known = answers(pack, institution, figure.field)
        return bool(known) and set(known) <= set(figure.weights)
    if figure.result:
        return bool(set(figure.result) & results(institution))
    if figure.does:
        return bool(extending(institution))
    if figure.within:
        party = institution.parties.get(institution.raised_by)
        return party is not None and party.who == "person" and "category" in institution.fields
    return figure.counter in counters(institution)


def kinds(figure: Figure) -> Iterable[str]:
    """Which of the things a figure may look at it names; exactly one (``within`` may have a ``counter`` beside it)."""
    named = {"field": figure.field, "does": figure.does, "result": figure.result, "within": figure.within}
    found = [n for n, v in named.items() if v]
    return found or (["counter"] if figure.counter else [])
