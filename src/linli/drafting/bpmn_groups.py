"""The inside of an event subprocess: its start, its stage with gateway and timer, and its ends below each other."""

from __future__ import annotations

from linli.drafting.bpmn_parts import LINE, Box, Flow, Group, Node
from linli.drafting.bpmn_route import Measure, straightened

TASK_W, TASK_H, GATE, EVENT = 136.0, 80.0, 50.0, 36.0
HEAD, EDGE = 30.0, 20.0
LABEL_W = 100.0
STEP = 84.0
"""Between the middles of two ends below each other."""


def lay_group(group: Group, measure: Measure) -> None:
    """Place everything in the group with its frame's corner at the origin, and give the frame its size."""
    ends = [n for n in group.nodes if n.kind == "endEvent" and n.slot == "inner"]
    start = next(n for n in group.nodes if n.kind == "startEvent")
    task = next((n for n in group.nodes if n.kind == "userTask"), None)
    gate = next((n for n in group.nodes if n.kind == "exclusiveGateway"), None)
    half = max((STEP * (len(ends) - 1) / 2 + EVENT / 2 + 6) if ends else 0, TASK_H / 2 if task else EVENT / 2)
    middle = HEAD + 10 + half
    x = _put(start, EVENT, EDGE + LABEL_W / 2 - EVENT / 2, middle) + LABEL_W / 2 - EVENT / 2 + 16
    if task:
        task.box = Box(x, middle - TASK_H / 2, TASK_W, TASK_H)
        x = task.box.right + GATE / 2
    if gate:
        x = _put(gate, GATE, x, middle) + 128
    for number, end in enumerate(ends):
        _put(end, EVENT, x + LABEL_W / 2 - EVENT / 2, middle + STEP * (number - (len(ends) - 1) / 2))
    right = x + (LABEL_W if ends else 0)
    bottom = _words(group, measure)
    timer = next((n for n in group.nodes if n.slot == "edge"), None)
    if timer and task:
        bottom = max(bottom, _timer(group, timer, task, measure))
    for flow in group.flows:
        right = max(right, _line(flow, measure, bottom, right))
    group.node.box = Box(0, 0, right + EDGE, bottom + 18)


def _put(node: Node, size: float, x: float, middle: float) -> float:
    node.box = Box(x, middle - size / 2, size, size)
    return node.box.right


def _words(group: Group, measure: Measure) -> float:
    """Labels below the events; returns where the lowest thing ends."""
    lowest = 0.0
    for node in group.nodes:
        if node.kind in ("startEvent", "endEvent") and node.slot == "inner":
            node.label = measure(node.title, LABEL_W)
            node.label.x, node.label.y = node.box.cx - node.label.w / 2, node.box.bottom + 4
            lowest = max(lowest, node.label.bottom)
        lowest = max(lowest, node.box.bottom)
    return lowest


def _timer(group: Group, timer: Node, task: Node, measure: Measure) -> float:
    """The timer on the lower edge of the task, its words, and what hangs below it; returns where that ends."""
    _put(timer, EVENT, task.box.x + 50 - EVENT / 2, task.box.bottom)
    timer.label = measure(timer.title, LABEL_W + 10)
    timer.label.x, timer.label.y = timer.box.cx + 6, timer.box.bottom + 3
    under = next((n for n in group.nodes if n.slot == "under"), None)
    if under is None:
        return timer.label.bottom + 8
    _put(under, EVENT, timer.box.x, timer.label.bottom + 10 + EVENT / 2)
    under.label = measure(under.title, LABEL_W)
    under.label.x, under.label.y = under.box.right + 4, under.box.cy - LINE / 2
    return max(under.box.bottom, under.label.bottom)


def _line(flow: Flow, measure: Measure, bottom: float, right: float) -> float:
    """Way points of a flow inside the group; returns how far right it reaches."""
    a, b = flow.source.box, flow.target.box
    if flow.target.slot == "under":
        flow.points = [(a.cx, a.bottom), (a.cx, b.y)]
    elif flow.source.slot == "edge":  # below everything and into the end from the right
        far = right + 10
        flow.points = [(a.cx, a.bottom), (a.cx, bottom), (far, bottom), (far, b.cy), (b.right, b.cy)]
        return far
    elif flow.source.kind == "exclusiveGateway" and abs(a.cy - b.cy) > 1:
        flow.points = straightened([(a.cx, a.y if b.cy < a.cy else a.bottom), (a.cx, b.cy), (b.x, b.cy)])
    else:
        flow.points = [(a.right, a.cy), (b.x, b.cy)]
    if flow.title and flow.source.kind == "exclusiveGateway":
        flow.label = measure(flow.title, 120)
        flow.label.x = a.cx + 6 if abs(a.cy - b.cy) > 1 else a.right + 2
        flow.label.y = b.cy - flow.label.h - 3
    elif flow.title:
        flow.title = ""  # one way only: its end says where it leads
    return 0.0
