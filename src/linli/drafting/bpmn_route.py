"""The lines of a BPMN drawing: right angles only, and all that lead to one stage gather on one bus.

A flow to the next column goes straight across. Every other flow leaves its source upwards or downwards (or over a
track of its own), reaches the bus of its target at the edge of the target's lane, follows it, and drops into the
target's left side. Lines that share a stretch therefore always lead to the same place, or come from it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from linli.drafting.bpmn_parts import Box, Drawing, Flow, Node, Point, Side

Measure = Callable[[str, float], Box]
LEFT_W, RIGHT_W, DIRECT_W = 116.0, 128.0, 104.0
"""How wide the words of a flow may be: left of a gateway, right of it above a bus, straight across."""


@dataclass(slots=True, eq=False)
class Bus:
    """The line on which flows gather that lead to ``target``."""

    target: Node
    side: Side
    flows: list[Flow] = field(default_factory=list)
    span: tuple[float, float] = (0.0, 0.0)
    thickness: float = 14.0
    y: float = 0.0


class Routes:
    """Chooses the way of each flow of the main drawing, and draws it once nodes and buses have their place."""

    def __init__(self, drawing: Drawing, rank: dict[str, int]) -> None:
        self.drawing, self.rank = drawing, rank
        self.drop: dict[Node, float] = {}
        self.track: dict[Node, float] = {}
        self.buses: dict[tuple[Node, Side], Bus] = {}

    # --- which way

    def is_inner(self, flow: Flow) -> bool:
        """Between parts of one stage: task to gateway, gateway to somebody else's task, event to what hangs below."""
        return flow.target.slot in ("gate", "act", "under")

    def is_direct(self, flow: Flow) -> bool:
        """Straight across to the next column."""
        ahead = flow.target.column == flow.source.column + 1
        return not self.is_inner(flow) and ahead and flow.source.slot != "edge"

    def needs_track(self, node: Node) -> bool:
        """Whether a line leaves the node's right side for a bus."""
        if node.slot in ("edge", "gate"):
            return False
        return any(not self.is_inner(f) and not self.is_direct(f) for f in self.drawing.out_of(node))

    def side(self, flow: Flow) -> Side:
        """Which edge of the target's lane the flow comes to."""
        return "bottom" if self.rank[flow.source.lane] > self.rank[flow.target.lane] else "top"

    def leaves_at(self, flow: Flow) -> float:
        """The x at which the flow joins its bus."""
        return self.track.get(flow.source, flow.source.box.cx)

    def make_buses(self, measure: Measure) -> None:
        """Gather the flows; afterwards each bus knows its stretch and how high its labels are."""
        for flow in self.drawing.flows:
            if not self.is_inner(flow) and not self.is_direct(flow):
                side = self.side(flow)
                self.buses.setdefault((flow.target, side), Bus(flow.target, side)).flows.append(flow)
        for bus in self.buses.values():
            drop, ends = self.drop[bus.target], [self.drop[bus.target]]
            for flow in bus.flows:
                x = self.leaves_at(flow)
                ends.append(x)
                if flow.title:
                    words = measure(flow.title, RIGHT_W if drop > x else LEFT_W)
                    ends.append(x + (words.w + 8 if drop > x else -words.w - 8))
                    bus.thickness = max(bus.thickness, words.h + 10)
            bus.span = (min(ends), max(ends))

    # --- drawing

    def draw(self, measure: Measure) -> None:
        """Way points and label places of every flow."""
        for flow in self.drawing.flows:
            if self.is_inner(flow):
                flow.points = _inner(flow)
            elif self.is_direct(flow):
                self._direct(flow, measure)
            else:
                self._by_bus(flow, self.buses[flow.target, self.side(flow)], measure)
            flow.points = straightened(flow.points)

    def _direct(self, flow: Flow, measure: Measure) -> None:
        a, b, x = flow.source.box, flow.target.box, self.drop[flow.target]
        flow.points = [(a.right, a.cy), (x, a.cy), (x, b.cy), (b.x, b.cy)]
        if flow.title:
            flow.label = measure(flow.title, DIRECT_W)
            flow.label.x, flow.label.y = a.right + 4, a.cy - flow.label.h - 4

    def _by_bus(self, flow: Flow, bus: Bus, measure: Measure) -> None:
        a, b, drop, x = flow.source.box, flow.target.box, self.drop[flow.target], self.leaves_at(flow)
        if flow.source in self.track:
            start: list[Point] = [(a.right, a.cy), (x, a.cy)]
        else:
            start = [(x, a.y if bus.y < a.cy else a.bottom)]
        flow.points = [*start, (x, bus.y), (drop, bus.y), (drop, b.cy), (b.x, b.cy)]
        if flow.title:
            ahead = drop > x
            flow.label = measure(flow.title, RIGHT_W if ahead else LEFT_W)
            flow.label.x = x + 6 if ahead else x - 6 - flow.label.w
            flow.label.y = bus.y - flow.label.h - 3


def _inner(flow: Flow) -> list[Point]:
    a, b = flow.source.box, flow.target.box
    if flow.target.slot == "under":
        return [(a.cx, a.bottom), (a.cx, b.y)]
    if flow.target.slot == "gate" or abs(a.cy - b.cy) < 1:
        return [(a.right, a.cy), (b.x, b.cy)]
    return [(a.cx, a.y if b.cy < a.cy else a.bottom), (a.cx, b.cy), (b.x, b.cy)]


def straightened(points: list[Point]) -> list[Point]:
    """The same line without points that repeat or lie on the way between their neighbours."""
    kept: list[Point] = []
    for point in points:
        if kept and kept[-1] == point:
            continue
        if len(kept) > 1 and (kept[-2][0] == kept[-1][0] == point[0] or kept[-2][1] == kept[-1][1] == point[1]):
            kept.pop()
        kept.append(point)
    return kept
