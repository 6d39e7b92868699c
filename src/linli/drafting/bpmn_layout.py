"""Where everything on a BPMN drawing lies: one column a stage in walking order, one band a lane.

A column holds, from left to right, the drops into its stage, the stage, its gateway, tasks of other people, and the
tracks of what leaves them. Nothing but lines runs in the tracks and in the corridors at the top and the bottom of each
lane, so no line crosses a shape and no two shapes overlap. :mod:`linli.drafting.bpmn_route` draws the lines.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from linli.drafting.bpmn_groups import lay_group
from linli.drafting.bpmn_parts import LINE, SMALL, Box, Drawing, Flow, Lane, Node, broken
from linli.drafting.bpmn_route import Bus, Routes
from linli.drafting.svg import text_width

TASK_W, TASK_H, GATE, EVENT = 136.0, 80.0, 50.0, 36.0
ACT_W, CALL_W = 160.0, 180.0
"""A call is wider than a task, so that its markers, below its middle, stay clear of the events."""
HEADER = 30.0
GAP, ZONE, TRACK = 36.0, 118.0, 14.0
FIRST_EVENT = 50.0
"""The middle of the first event on an edge: right of the icon of the task."""
EVENT_STEP = 112.0
"""Between two events on the same edge of an activity: room for the words of the first."""
EVENT_W = 104.0
NOTE_W = 270.0


@dataclass(slots=True)
class _Band:
    """What one lane needs: its rows, and the corridors above and below them."""

    lane: Lane
    up: dict[int, float] = field(default_factory=dict)
    down: dict[int, float] = field(default_factory=dict)
    top: list[list[Bus]] = field(default_factory=list)
    bottom: list[list[Bus]] = field(default_factory=list)
    groups: float = 0.0


def label_box(text: str, width: float) -> Box:
    """The size of a label wrapped to ``width``, at the origin; wrapping to its own width gives the same lines."""
    lines = broken(text, SMALL, width)
    return Box(0, 0, min(width, max(text_width(line, SMALL) for line in lines) + 4), len(lines) * LINE)


def lay_out(drawing: Drawing) -> None:
    """Give every lane, node, flow, group and note of the drawing its place."""
    _Layout(drawing).run()


class _Layout:
    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self.band = {lane.id: _Band(lane) for lane in drawing.lanes}
        self.rank = {lane.id: n for n, lane in enumerate(drawing.lanes)}
        self.routes = Routes(drawing, self.rank)
        self.right = 0.0

    def run(self) -> None:
        """Sides and rows, then x, then the corridors, then y, then lines and labels."""
        self._sides()
        self._rows()
        self._sizes()
        self._columns()
        self.routes.make_buses(label_box)
        self._pack()
        self._extents()
        self._groups()
        self._lanes()
        self.routes.draw(label_box)
        self._notes()

    # --- which side, which row

    def _sides(self) -> None:
        """Boundary events sit on the edge nearest to where they lead."""
        for node in self.drawing.nodes:
            if node.slot == "edge":
                goal = next((f.target for f in self.drawing.out_of(node)), None)
                under = goal is not None and goal.slot == "under"
                below = goal is not None and self.rank[goal.lane] > self.rank[node.lane]
                node.side = "bottom" if under or below else "top"

    def _rows(self) -> None:
        taken: dict[tuple[str, int, str], int] = {}
        for node in self.drawing.nodes:
            if node.slot == "stage":
                taken[node.lane, node.column, "act"] = 1
        for node in self.drawing.nodes:
            if node.slot in ("act", "end"):
                key = (node.lane, node.column, node.slot)
                node.row = taken.get(key, 0)
                taken[key] = node.row + 1

    def _sizes(self) -> None:
        for node in self.drawing.nodes:
            if node.slot in ("stage", "act"):
                width = ACT_W if node.slot == "act" else TASK_W
                node.box.w, node.box.h = CALL_W if node.calls else width, TASK_H
            else:
                node.box.w = node.box.h = GATE if node.kind == "exclusiveGateway" else EVENT
        for node in self.drawing.nodes:
            if node.slot == "edge" and node.on:
                on_side = [
                    e for e in self.drawing.nodes if e.slot == "edge" and e.on is node.on and e.side == node.side
                ]
                node.on.box.w = max(node.on.box.w, TASK_W + EVENT_STEP * (len(on_side) - 1))

    # --- from left to right

    def _columns(self) -> None:
        last = max((n.column for n in self.drawing.nodes), default=0)
        x = 2 * HEADER + 20
        for column in range(-1, last + 1):
            x = self._column([n for n in self.drawing.nodes if n.column == column], x)
        self.right = x

    def _column(self, nodes: list[Node], x: float) -> float:
        goals = [n for n in nodes if n.slot in ("stage", "end") and self.drawing.into(n)]
        # Those reached straight across turn first: their lines then never run into the last stretch of another's.
        for goal in sorted(goals, key=lambda n: not any(self.routes.is_direct(f) for f in self.drawing.into(n))):
            self.routes.drop[goal] = x + TRACK / 2
            x += TRACK
        x += 16
        for node in (n for n in nodes if n.slot in ("start", "stage", "end")):
            node.box.x = x + (30 if node.kind in ("startEvent", "endEvent") else 0)
        x = max(
            (n.box.right + (30 if n.kind in ("startEvent", "endEvent") else 0) for n in nodes if n.box.x), default=x
        )
        self._edges(nodes)
        for gate in (n for n in nodes if n.slot == "gate"):
            gate.box.x = x + GAP
            x = gate.box.right
        free = x
        for task in (n for n in nodes if n.slot == "act"):
            task.box.x = free + GAP
            x = max(x, task.box.right + 10)
        leaving = [f for n in nodes if n.slot in ("stage", "gate") for f in self.drawing.out_of(n)]
        if any(f.title for f in leaving):
            x = max(x, free + ZONE)
        for node in (n for n in nodes if self.routes.needs_track(n)):
            self.routes.track[node] = x + TRACK
            x += TRACK
        return x + 12

    def _edges(self, nodes: list[Node]) -> None:
        """Boundary events from the left of their activity on, and what hangs below them."""
        count: dict[tuple[Node, str], int] = {}
        for node in (n for n in nodes if n.slot == "edge" and n.on):
            number = count.get((node.host, node.side), 0)
            count[node.host, node.side] = number + 1
            node.box.x = node.host.box.x + FIRST_EVENT + EVENT_STEP * number - EVENT / 2
        for node in (n for n in nodes if n.slot == "under" and n.on):
            node.box.x = node.host.box.cx - node.box.w / 2

    # --- from top to bottom

    def _pack(self) -> None:
        """Put buses that do not touch on the same level of their corridor; short ones nearest to the rows."""
        for bus in sorted(self.routes.buses.values(), key=lambda b: b.span[1] - b.span[0]):
            band = self.band[bus.target.lane]
            levels = band.top if bus.side == "top" else band.bottom
            level = next((v for v in levels if all(_apart(bus, b) for b in v)), None)
            if level is None:
                level = []
                levels.append(level)
            level.append(bus)

    def _extents(self) -> None:
        for node in self.drawing.nodes:
            if node.slot in ("edge", "under"):
                continue
            band, (up, down) = self.band[node.lane], self._reach(node)
            band.up[node.row] = max(band.up.get(node.row, 0), up)
            band.down[node.row] = max(band.down.get(node.row, 0), down)

    def _reach(self, node: Node) -> tuple[float, float]:
        """How far a node reaches above and below its middle, with its events and labels."""
        half = node.box.h / 2
        up = down = half + 8
        for edge in (e for e in self.drawing.nodes if e.slot == "edge" and e.on is node):
            edge.label = label_box(edge.title, EVENT_W)
            reach = half + EVENT / 2 + 6 + edge.label.h
            if edge.side == "top":
                up = max(up, reach)
            else:
                under = next((f.target for f in self.drawing.out_of(edge) if f.target.slot == "under"), None)
                words = label_box(under.title, 100).h if under else 0
                down = max(down, reach + (max(under.box.h, under.box.h / 2 + words) + 14 if under else 0))
        if node.slot in ("start", "end"):
            node.label = label_box(node.title, 96)
            down = half + 6 + node.label.h
        for flow in self.drawing.out_of(node):
            if flow.title and self.routes.is_direct(flow):
                up = max(up, label_box(flow.title, ZONE - 14).h + 8)
        return up, down

    def _groups(self) -> None:
        """Event subprocesses stand to the right of the main flow, side by side in their lane."""
        ends: dict[str, float] = {}
        for group in self.drawing.groups:
            lay_group(group, label_box)
            box = group.node.box
            box.x = ends.get(group.node.lane, self.right + 20)
            ends[group.node.lane] = box.right + 20
            band = self.band[group.node.lane]
            band.groups = max(band.groups, box.h)
        self.right = max([self.right, *ends.values()]) + 10

    def _lanes(self) -> None:
        y = 0.0
        for band in self.band.values():
            top = y
            y += 8
            for level in reversed(band.top):
                y += max(b.thickness for b in level)
                self._set(level, y)
            y += 10 if band.top else 4
            middles = {}
            for row in sorted(band.up):
                middles[row] = y + band.up[row]
                y = middles[row] + band.down[row] + 6
            for level in band.bottom:
                y += max(b.thickness for b in level)
                self._set(level, y)
            y += 18
            least = max(60.0, text_width(band.lane.title, 12) + 16, band.groups + 24 if band.groups else 0)
            slack = max(0.0, least - (y - top))
            self._place(band, middles, top, slack / 2)
            y += slack
            band.lane.box = Box(HEADER, top, self.right - HEADER, y - top)
            for group in (g for g in self.drawing.groups if g.node.lane == band.lane.id):
                _shift(group.nodes, group.flows, group.node, top + (y - top - group.node.box.h) / 2)
        self.drawing.pool = Box(0, 0, self.right, y)

    @staticmethod
    def _set(level: list[Bus], y: float) -> None:
        for bus in level:
            bus.y = y

    def _place(self, band: _Band, middles: dict[int, float], top: float, slack: float) -> None:
        """Give the nodes of a lane their y; ``slack`` centres them where the lane is higher than they need."""
        for level in (*band.top, *band.bottom):
            for bus in level:
                bus.y += slack
        mine = [n for n in self.drawing.nodes if n.lane == band.lane.id]
        for node in (n for n in mine if n.slot not in ("edge", "under")):
            node.box.y = middles[node.row] + slack - node.box.h / 2
            if node.label:
                node.label.x, node.label.y = node.box.cx - node.label.w / 2, node.box.bottom + 4
        for node in (n for n in mine if n.slot == "edge" and n.on):
            _on_edge(node)
        for node in (n for n in mine if n.slot == "under" and n.on):
            hang(node)
            node.label = label_box(node.title, 100) if node.title else None
            if node.label:
                node.label.x, node.label.y = node.box.right + 4, node.box.cy - LINE / 2

    def _notes(self) -> None:
        x, y = 0.0, self.drawing.pool.bottom + 30
        for note in self.drawing.notes:
            lines = broken(note.text, 12, NOTE_W - 18)
            note.text = "\n".join(lines)
            note.box = Box(x, y, NOTE_W, len(lines) * 14.4 + 14)
            x += NOTE_W + 30


def _on_edge(node: Node) -> None:
    edge = node.host.box.y if node.side == "top" else node.host.box.bottom
    node.box.y = edge - node.box.h / 2
    if node.label:
        node.label.x = node.box.cx + 6
        node.label.y = node.box.y - 3 - node.label.h if node.side == "top" else node.box.bottom + 3


def hang(node: Node) -> None:
    """Put a node below the boundary event it belongs to, under that event's label."""
    words = node.host.label.h if node.host.label else 0
    node.box.y = node.host.box.bottom + words + 12


def _apart(one: Bus, other: Bus) -> bool:
    return one.span[1] + 10 < other.span[0] or other.span[1] + 10 < one.span[0]


def _shift(nodes: list[Node], flows: list[Flow], frame: Node, y: float) -> None:
    """Move a group's content, laid out at the origin, to where its frame stands."""
    frame.box.y = y
    boxes = [b for n in nodes for b in (n.box, n.label) if b] + [f.label for f in flows if f.label]
    for box in boxes:
        box.x += frame.box.x
        box.y += y
    for flow in flows:
        flow.points = [(px + frame.box.x, py + y) for px, py in flow.points]
