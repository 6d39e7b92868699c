"""What a BPMN drawing of an institution is made of, before it is text: lanes, nodes, flows, and where they lie."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from linli.drafting.svg import text_width, wrap

Kind = Literal["startEvent", "endEvent", "userTask", "callActivity", "exclusiveGateway", "boundaryEvent", "subProcess"]
Side = Literal["top", "bottom"]
Point = tuple[float, float]
SMALL, LINE = 11.0, 13.2
"""Font size and line height of labels in bpmn-js and the tools that follow it."""


@dataclass(frozen=True, slots=True)
class Docs:
    """The same words in both languages: each becomes one documentation element."""

    zh: str = ""
    en: str = ""


@dataclass(slots=True)
class Box:
    """A rectangle of the drawing, in pixels; x grows to the right, y downwards."""

    x: float = 0.0
    y: float = 0.0
    w: float = 0.0
    h: float = 0.0

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y + self.h

    @property
    def cx(self) -> float:
        return self.x + self.w / 2

    @property
    def cy(self) -> float:
        return self.y + self.h / 2


@dataclass(slots=True)
class Lane:
    """One role or party; ``name`` is its name in the pack."""

    id: str
    name: str
    title: str
    docs: Docs
    box: Box = field(default_factory=Box)


@dataclass(slots=True, eq=False)
class Node:
    """One flow node. ``column`` and ``row`` say where it stands in its lane; -1 is the start's column."""

    id: str
    kind: Kind
    title: str
    lane: str
    column: int = 0
    slot: Literal["start", "stage", "gate", "act", "end", "edge", "under", "inner"] = "stage"
    docs: Docs = field(default_factory=Docs)
    event: Literal["timer", "message"] | None = None
    time: str = ""
    """An ISO 8601 duration or repetition, or the name of the field that holds a date: ``timing`` says which."""
    timing: Literal["timeDuration", "timeDate", "timeCycle"] = "timeDuration"
    interrupting: bool = True
    on: Node | None = None
    """The activity a boundary event sits on."""
    calls: str = ""
    each: str = ""
    any_one: bool = False
    row: int = 0
    side: Side = "top"
    box: Box = field(default_factory=Box)
    label: Box | None = None

    @property
    def host(self) -> Node:
        """What the node sits on or hangs from; LookupError for a node that stands by itself."""
        if self.on is None:
            raise LookupError(f"{self.id} stands by itself")
        return self.on


@dataclass(slots=True, eq=False)
class Flow:
    """One sequence flow. ``acts`` are the names of the acts that take it; a gateway asks for one and for its guard."""

    id: str
    source: Node
    target: Node
    title: str = ""
    acts: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    """The condition of each act that takes it, empty where it has none, for engines that read Python."""
    docs: Docs = field(default_factory=Docs)
    points: list[Point] = field(default_factory=list)
    label: Box | None = None


@dataclass(slots=True, eq=False)
class Group:
    """An event subprocess: what may happen beside the main flow, with its own nodes and flows."""

    node: Node
    nodes: list[Node]
    flows: list[Flow]


@dataclass(slots=True)
class Note:
    """A text annotation below the pool."""

    id: str
    text: str
    box: Box = field(default_factory=Box)


@dataclass(slots=True)
class Drawing:
    """The whole collaboration: one pool with lanes, the main flow, event subprocesses and notes."""

    process: str
    title: str
    docs: Docs
    lanes: list[Lane]
    nodes: list[Node]
    flows: list[Flow]
    groups: list[Group]
    notes: list[Note]
    pool: Box = field(default_factory=Box)

    def into(self, node: Node) -> list[Flow]:
        """The flows that arrive at ``node``."""
        return [f for f in self.flows if f.target is node]

    def out_of(self, node: Node) -> list[Flow]:
        """The flows that leave ``node``."""
        return [f for f in self.flows if f.source is node]


def broken(text: str, size: float, width: float) -> list[str]:
    """The lines of a label. Written into the names, because viewers would begin a Chinese line with a comma."""
    found = []
    for piece in text.split("\n"):
        if text_width(piece, size) > width:  # what stands in brackets at the end gets a line of its own
            piece = re.sub(r"(?<=.)\s?([（(][^（()）]*[）)])$", r"\n\1", piece)
        found += [line for part in piece.split("\n") for line in wrap(part, size, width)]
    return found


def ident(*parts: str) -> str:
    """A valid, unambiguous XML id: letters, digits and underscores stay, everything else becomes its code point."""
    return "_".join(re.sub(r"[^A-Za-z0-9_]", lambda found: f"-{ord(found[0]):x}-", part) for part in parts)


def process_id(institution: str) -> str:
    """The process id of an institution, the same in its own file and in the call activities of others."""
    return ident("process", institution)
