"""What the BPMN tests draw: every institution of every shipped pack, and two that are hard to draw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

from linli.drafting.bpmn import bpmn
from linli.drafting.bpmn_parts import process_id
from linli.drafting.bpmn_side import side_stages
from linli.drafting.load import load, read_folder
from linli.kernel.institution import Act, Every, Institution, Pack, Text
from tests.drafting.test_diagram import fifteen, nasty

PACKS = Path(__file__).parents[2] / "src" / "linli" / "packs"
ON = date(2026, 1, 1)
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
WAYPOINT = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"
NODES = ("startEvent", "endEvent", "userTask", "callActivity", "exclusiveGateway", "boundaryEvent", "subProcess")


@cache
def packs() -> dict[str, Pack]:
    """Every pack on disk that can be read and has institutions."""
    found = {
        p.parent.name: load(read_folder(PACKS, p.parent.name), p.parent.name)[0] for p in PACKS.glob("*/pack.yaml")
    }
    return {n: p for n, p in sorted(found.items()) if p and p.institutions}


SHIPPED = [f"{pack}/{name}" for pack, found in packs().items() for name in found.institutions]
MADE = ["fifteen", "nasty", "monthly", "sent_up"]
ALL = [*SHIPPED, *(f"changzhou/{name}" for name in MADE)]


def institution(case: str) -> tuple[Pack, Institution]:
    """The institution of a case."""
    pack_name, _, name = case.partition("/")
    pack = packs()[pack_name]
    made = {"fifteen": fifteen, "nasty": nasty, "monthly": monthly, "sent_up": sent_up}
    return pack, made[name](pack) if name in made else pack.institutions[name]


def monthly(pack: Pack) -> Institution:
    """Opened by the calendar."""
    return replace(pack.institutions["response"], every=Every("month", -1, "19:00", "street_officer", "office"))


def sent_up(pack: Pack) -> Institution:
    """Parking leads on into the main flow too, and lies there by the clock: `back` needs a choice of its own."""
    found = pack.institutions["request"]
    parked = found.stages["parked"]
    up = Act(Text("转到区里", "Send up"), ("street",), to="overseen", name="send_up")
    stages = {**found.stages, "parked": replace(parked, acts={**parked.acts, "send_up": up})}
    return replace(found, stages=stages)


@cache
def text(case: str, lang: str) -> str:
    """The drawing of a case."""
    return bpmn(*institution(case), lang, ON)


@dataclass(frozen=True)
class Expected:
    """What the definition asks for, counted without the code that draws it."""

    process: str
    lanes: set[str]
    stages: set[str]
    calls: dict[str, str]
    timers: int
    stilled: set[str]
    """Stages whose overdue act does not move the case."""
    ends: set[str]
    others: int
    """Acts that move the case and are not the holder's to do."""


def expected(case: str) -> Expected:
    pack, found = institution(case)
    del pack
    stages = found.stages
    opened = {n: s for n, s in stages.items() if not s.end}
    limited = {n for n, s in opened.items() if s.within or s.until}
    overdue = {n: found.acts_at(n).get(stages[n].overdue or "") for n in limited}
    apart = set(side_stages(found))
    return Expected(
        process_id(found.institution),
        set(found.roles) | set(found.parties),
        set(opened),
        {n: process_id(s.calls.institution) for n, s in opened.items() if s.calls},
        len(limited) + len(found.clocks) + bool(found.every),
        {n for n, act in overdue.items() if act is None or act.to is None},
        {n for n, s in stages.items() if s.end},
        sum(_somebody_else(found, n, a) for n in opened if n not in apart for a in _drawn(found, n, apart)),
    )


def _drawn(found: Institution, stage: str, apart: set[str]) -> list[Act]:
    """The stage's own acts, and those of `anywhere` that lead to an open stage of the main flow."""
    own = found.stages[stage].acts
    main = {n for n, s in found.stages.items() if not s.end and n not in apart}
    return [a for n, a in found.acts_at(stage).items() if n in own or a.to in main]


def _somebody_else(found: Institution, stage: str, act: Act) -> bool:
    people = [r for r in act.by if r not in ("clock", "children", "lead")]
    mine = "holder" in people or found.stages[stage].holder in people
    return bool(people) and not mine and act.to in found.stages and found.stages[stage].calls is None


def parsed(case: str, lang: str) -> ElementTree.Element:
    return ElementTree.fromstring(text(case, lang))
