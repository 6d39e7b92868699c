"""A laid-out drawing as BPMN 2.0 XML with diagram interchange (OMG formal/2011-01-03, schema BPMN20.xsd)."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from linli.drafting.bpmn_parts import SMALL, Box, Docs, Drawing, Flow, Group, Node, broken
from linli.drafting.svg import clean

SPACES = {
    "bpmn": "http://www.omg.org/spec/BPMN/20100524/MODEL",
    "bpmndi": "http://www.omg.org/spec/BPMN/20100524/DI",
    "dc": "http://www.omg.org/spec/DD/20100524/DC",
    "di": "http://www.omg.org/spec/DD/20100524/DI",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
MARGIN = 40.0


def written(drawing: Drawing, source: str) -> str:
    """The document as text; ``source`` names the program in `exporter`."""
    return _Writer(drawing).text(source)


def _name(prefixed: str) -> str:
    prefix, _, local = prefixed.partition(":")
    return f"{{{SPACES[prefix]}}}{local}"


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: str) -> ET.Element:
    found = ET.SubElement(parent, _name(tag), {k: clean(v) for k, v in attributes.items() if v})
    if text is not None:
        found.text = clean(text)
    return found


def _document(parent: ET.Element, docs: Docs) -> None:
    for words in (docs.zh, docs.en):
        if words:
            _add(parent, "bpmn:documentation", words)


class _Writer:
    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self.root = ET.Element(_name("bpmn:definitions"))
        self.messages: list[Node] = []

    def text(self, source: str) -> str:
        drawing = self.drawing
        self.root.attrib.update({"id": "definitions", "targetNamespace": "urn:linli:bpmn", "exporter": source})
        collaboration = _add(self.root, "bpmn:collaboration", id="collaboration")
        _add(collaboration, "bpmn:participant", id="pool", name=drawing.title, processRef=drawing.process)
        for note in drawing.notes:
            _add(_add(collaboration, "bpmn:textAnnotation", id=note.id), "bpmn:text", note.text)
        process = _add(self.root, "bpmn:process", id=drawing.process, name=drawing.title)
        _document(process, drawing.docs)
        self._lanes(process)
        self._content(process, drawing.nodes, drawing.flows)
        for group in drawing.groups:
            self._group(process, group)
        for node in self.messages:
            _add(self.root, "bpmn:message", id=f"message_{node.id}", name=node.title)
        self._diagram()
        for prefix, uri in SPACES.items():
            ET.register_namespace(prefix, uri)
        ET.indent(self.root)
        return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(self.root, encoding="unicode")}\n'

    # --- what it means

    def _lanes(self, process: ET.Element) -> None:
        lanes = _add(process, "bpmn:laneSet", id="lanes")
        nodes = [*self.drawing.nodes, *(g.node for g in self.drawing.groups)]
        for lane in self.drawing.lanes:
            found = _add(lanes, "bpmn:lane", id=lane.id, name=lane.title)
            _document(found, lane.docs)
            for node in nodes:
                if node.lane == lane.id:
                    _add(found, "bpmn:flowNodeRef", node.id)

    def _content(self, parent: ET.Element, nodes: list[Node], flows: list[Flow]) -> None:
        for node in nodes:
            self._node(parent, node, flows)
        for flow in flows:
            self._flow(parent, flow)

    def _group(self, parent: ET.Element, group: Group) -> None:
        node = group.node
        found = _add(parent, "bpmn:subProcess", id=node.id, name=node.title, triggeredByEvent="true")
        _document(found, node.docs)
        self._content(found, group.nodes, group.flows)

    def _node(self, parent: ET.Element, node: Node, flows: list[Flow]) -> None:
        found = _add(parent, f"bpmn:{node.kind}", id=node.id, name=_lines(node))
        if node.kind == "boundaryEvent" and node.on:
            found.set("attachedToRef", node.on.id)
            found.set("cancelActivity", "true" if node.interrupting else "false")
        if node.kind == "startEvent" and node.event and node.slot == "inner":
            found.set("isInterrupting", "true" if node.interrupting else "false")
        if node.calls:
            found.set("calledElement", node.calls)
        _document(found, node.docs)
        for tag, mine in (("incoming", "target"), ("outgoing", "source")):
            for flow in flows:
                if getattr(flow, mine) is node:
                    _add(found, f"bpmn:{tag}", flow.id)
        if node.calls:
            self._many(found, node)
        if node.event:
            self._event(found, node)

    def _many(self, parent: ET.Element, node: Node) -> None:
        """One called process for each unit, all at once; `any_ended` goes on after the first."""
        loop = _add(parent, "bpmn:multiInstanceLoopCharacteristics", isSequential="false")
        self._expression(loop, "loopCardinality", f"len({node.each})")
        if node.any_one:
            self._expression(loop, "completionCondition", "nrOfCompletedInstances >= 1")

    def _event(self, parent: ET.Element, node: Node) -> None:
        if node.event == "message":
            self.messages.append(node)
            _add(parent, "bpmn:messageEventDefinition", id=f"by_{node.id}", messageRef=f"message_{node.id}")
            return
        timer = _add(parent, "bpmn:timerEventDefinition", id=f"by_{node.id}")
        self._expression(timer, node.timing, node.time)

    def _flow(self, parent: ET.Element, flow: Flow) -> None:
        ends = {"sourceRef": flow.source.id, "targetRef": flow.target.id}
        found = _add(parent, "bpmn:sequenceFlow", id=flow.id, name=_lines(flow), **ends)
        _document(found, flow.docs)
        if flow.source.kind != "exclusiveGateway":
            return
        asks = " or ".join(
            f'(act == "{name}" and ({guard}))' if guard else f'act == "{name}"'
            for name, guard in zip(flow.acts, flow.guards, strict=True)
        )
        if flow.target.slot != "act" and flow.source.slot == "under":
            asks = f'came_from == "{flow.target.id}"'
        self._expression(found, "conditionExpression", asks)

    def _expression(self, parent: ET.Element, tag: str, text: str) -> None:
        found = _add(parent, f"bpmn:{tag}", text)
        found.set(_name("xsi:type"), "bpmn:tFormalExpression")

    # --- where it lies

    def _diagram(self) -> None:
        diagram = _add(self.root, "bpmndi:BPMNDiagram", id="diagram")
        plane = _add(diagram, "bpmndi:BPMNPlane", id="plane", bpmnElement="collaboration")
        drawing = self.drawing
        self._shape(plane, "pool", drawing.pool, isHorizontal="true")
        for lane in drawing.lanes:
            self._shape(plane, lane.id, lane.box, isHorizontal="true")
        for group in drawing.groups:
            self._shape(plane, group.node.id, group.node.box, isExpanded="true")
        everything = [*drawing.nodes, *(n for g in drawing.groups for n in g.nodes)]
        for node in everything:
            marker = {"isMarkerVisible": "true"} if node.kind == "exclusiveGateway" else {}
            self._shape(plane, node.id, node.box, node.label if node.title else None, **marker)
        for note in drawing.notes:
            self._shape(plane, note.id, note.box)
        for flow in [*drawing.flows, *(f for g in drawing.groups for f in g.flows)]:
            edge = _add(plane, "bpmndi:BPMNEdge", id=f"{flow.id}_di", bpmnElement=flow.id)
            for x, y in flow.points:
                _add(edge, "di:waypoint", x=_number(x + MARGIN), y=_number(y + MARGIN))
            self._label(edge, flow.label if flow.title else None)

    def _shape(self, plane: ET.Element, element: str, box: Box, label: Box | None = None, **more: str) -> None:
        shape = _add(plane, "bpmndi:BPMNShape", id=f"{element}_di", bpmnElement=element, **more)
        self._bounds(shape, box)
        self._label(shape, label)

    def _label(self, parent: ET.Element, label: Box | None) -> None:
        if label:
            self._bounds(_add(parent, "bpmndi:BPMNLabel"), label)

    def _bounds(self, parent: ET.Element, box: Box) -> None:
        values = {"x": box.x + MARGIN, "y": box.y + MARGIN, "width": box.w, "height": box.h}
        _add(parent, "dc:Bounds", **{k: _number(v) for k, v in values.items()})


def _lines(thing: Node | Flow) -> str:
    """The name with the line breaks of its label, or of its shape's width."""
    if thing.label:
        return "\n".join(broken(thing.title, SMALL, thing.label.w))
    return "\n".join(broken(thing.title, 12, thing.box.w - 14)) if isinstance(thing, Node) else thing.title


def _number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
