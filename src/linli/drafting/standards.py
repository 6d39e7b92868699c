"""Standards: a condition over the registry of places and units. What does not meet it opens a gap case.

A standard reads three kinds of facts, all given from outside: how many people hold a duty at the place or below it
(``holders_DUTY``), how many places of a level and how many units of a kind lie in it (``areas_LEVEL``, ``units_KIND``),
and what a city measures itself, declared under ``registers``. A fact that nobody gave is not zero: the standard is then
neither kept nor broken, and the place is listed as unknown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import PurePosixPath
from typing import Any, Literal

from linli.drafting import conditions
from linli.drafting.finding import Finding
from linli.drafting.load import Files
from linli.drafting.reader import BAD, Reader
from linli.kernel import expression
from linli.kernel.expression import BadExpression
from linli.kernel.institution import Named, Pack, Text, Written, key

FILE = "standards.yaml"
OPENING = ("standard", "evidence")
"""The text fields of a gap case that are filled in when it opens."""


@dataclass(frozen=True, slots=True)
class Measure(Named):
    """Something that a city measures of every place of a level, or unit of a kind."""

    title: Text = key("Name shown to people.")
    type: Literal["number", "int", "yes_no", "text"] = key("number, int (whole), yes_no or text.")
    source: str = key("Which register or survey it comes from.")


@dataclass(frozen=True, slots=True)
class Example(Written):
    """Facts, and whether the standard is kept with them: the example is the test."""

    with_: Mapping[str, str] = key("Facts by name.", alias="with")
    holds: bool = key("Whether the standard is kept.")


@dataclass(frozen=True, slots=True)
class Standard(Named):
    """A condition that every place of a level, or every unit of a kind, is to meet."""

    title: Text = key("Name shown to people.")
    over: str = key("A level of places, or a kind of unit.")
    condition: str = key("An expression over holders_DUTY, areas_LEVEL, units_KIND and the measures of `over`.")
    source: str = key("The article, law or decision it comes from.")
    valid_from: date = key("First day it holds.")
    opens: str = key("The institution of the gap case, opened by the clock.")
    evidence: Text = key("What is found where it is broken; {fact} is filled in.")
    examples: tuple[Example, ...] = key("At least one that keeps it and one that breaks it.", default=())
    valid_to: date | None = key("Last day it holds; open-ended without.", default=None)


@dataclass(frozen=True, slots=True)
class StandardsFile(Written):
    """standards.yaml: what is measured, and what must hold."""

    standards: Mapping[str, Standard] = key("Conditions over the registry.")
    registers: Mapping[str, Mapping[str, Measure]] = key(
        "Level or kind of unit → what is measured of each.", default_factory=dict
    )


@dataclass(frozen=True, slots=True)
class Standards:
    """The standards of a pack and of those it extends."""

    standards: Mapping[str, Standard] = field(default_factory=dict)
    registers: Mapping[str, Mapping[str, Measure]] = field(default_factory=dict)

    def on(self, day: date) -> list[Standard]:
        """Those in force on ``day``."""
        return [s for s in self.standards.values() if s.valid_from <= day and (s.valid_to is None or day <= s.valid_to)]


@dataclass(frozen=True, slots=True)
class Judged:
    """What a standard says of one place: ``holds`` is None while a fact is missing, named in ``missing``."""

    holds: bool | None
    facts: Mapping[str, Any]
    missing: tuple[str, ...] = ()


def read_standards(files: Files, pack: Pack) -> tuple[Standards, list[Finding]]:
    """The standards beside ``pack`` and the packs it extends (its own last and stronger), and what cannot be read."""
    found = Standards()
    findings: list[Finding] = []
    for file in pack.sources:
        if PurePosixPath(file).name != FILE or len(PurePosixPath(file).parts) != 2:
            continue
        reader = Reader(file)
        node = reader.compose(files[file])
        read = reader.thing(StandardsFile, node) if node is not BAD else BAD
        findings += reader.findings
        if read is not BAD:
            registers = {o: {**found.registers.get(o, {}), **m} for o, m in read.registers.items()}
            found = Standards({**found.standards, **read.standards}, {**found.registers, **registers})
    return found, findings


def kinds_of_unit(pack: Pack) -> set[str]:
    """The kinds of unit at which some duty is held."""
    return {at for duty in pack.duties.values() for at in duty.at} - set(pack.levels)


def names(pack: Pack, standards: Standards, over: str) -> dict[str, str]:
    """Every fact that a standard over ``over`` may use, with its type."""
    levels = list(pack.levels)
    below = levels[levels.index(over) + 1 :] if over in levels else []
    counted = [*(f"holders_{d}" for d in pack.duties), *(f"areas_{level}" for level in below)]
    if over in levels:
        counted += [f"units_{kind}" for kind in sorted(kinds_of_unit(pack))]
    measured = {n: m.type for n, m in standards.registers.get(over, {}).items()}
    return {**dict.fromkeys(counted, "int"), **measured}


def judge(pack: Pack, standards: Standards, standard: Standard, facts: Mapping[str, Any]) -> Judged:
    """What ``standard`` says of a place with ``facts``. What cannot be computed (1/0) breaks it."""
    known = names(pack, standards, standard.over)
    wanted = sorted(conditions.used(standard.condition) & set(known))
    used = {n: facts[n] for n in wanted if facts.get(n) is not None}
    missing = tuple(n for n in wanted if n not in used)
    if missing:
        return Judged(None, used, missing)
    try:
        return Judged(bool(expression.evaluate(standard.condition, {n: known[n] for n in wanted}, used)), used)
    except BadExpression:
        return Judged(False, used)


def typed(kind: str, raw: str) -> Any:
    """A fact as it is written in a file; ValueError when it does not fit its type."""
    if kind == "yes_no":
        if raw not in ("true", "false"):
            raise ValueError(f"{raw} is neither true nor false")
        return raw == "true"
    return int(raw) if kind == "int" else float(raw) if kind == "number" else raw


def example_facts(known: Mapping[str, str], example: Example) -> Iterator[tuple[str, Any]]:
    """The facts of an example by name; ValueError for one that is not declared or does not fit."""
    for name, raw in example.with_.items():
        if name not in known:
            raise ValueError(f"{name} is not declared")
        yield name, typed(known[name], raw)


def evidence(standard: Standard, facts: Mapping[str, Any]) -> Text:
    """The words of ``standard.evidence`` with the facts filled in."""

    def filled(words: str) -> str:
        for name, value in facts.items():
            shown = f"{value:g}" if isinstance(value, float) else str(value)
            words = words.replace(f"{{{name}}}", shown)
        return words

    return replace(standard.evidence, zh=filled(standard.evidence.zh), en=filled(standard.evidence.en))
