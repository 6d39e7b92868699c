"""The BPMN drawing itself: nothing dangles, nothing is lost, nothing lies over anything else."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from linli.config.cli_explain import command
from linli.drafting.bpmn import bpmn
from linli.drafting.bpmn_time import duration
from linli.kernel.calendar import Calendar
from linli.kernel.clock import Unit
from linli.kernel.institution import Dated
from tests.drafting.bpmn_cases import (
    ALL,
    BPMN,
    DC,
    DI,
    NODES,
    ON,
    SHIPPED,
    WAYPOINT,
    expected,
    institution,
    parsed,
    text,
)

CASES = pytest.mark.parametrize("case", ALL)
BOTH = pytest.mark.parametrize("lang", ["zh", "en"])
Rect = tuple[float, float, float, float]
Point = tuple[float, float]
Segment = tuple[Point, Point]


def nodes(root: ElementTree.Element) -> list[ElementTree.Element]:
    return [e for kind in NODES for e in root.iter(f"{BPMN}{kind}")]


def flows(root: ElementTree.Element) -> list[ElementTree.Element]:
    return list(root.iter(f"{BPMN}sequenceFlow"))


def rect(element: ElementTree.Element) -> Rect:
    bounds = element.find(f"{DC}Bounds")
    assert bounds is not None
    x, y, w, h = (float(bounds.attrib[n]) for n in ("x", "y", "width", "height"))
    return x, y, x + w, y + h


def shapes(root: ElementTree.Element) -> dict[str, Rect]:
    return {s.attrib["bpmnElement"]: rect(s) for s in root.iter(f"{DI}BPMNShape")}


def labels(root: ElementTree.Element) -> list[tuple[str, Rect]]:
    owners = [*root.iter(f"{DI}BPMNShape"), *root.iter(f"{DI}BPMNEdge")]
    return [(o.attrib["bpmnElement"], rect(found)) for o in owners if (found := o.find(f"{DI}BPMNLabel")) is not None]


def lines(root: ElementTree.Element) -> dict[str, list[Point]]:
    return {
        e.attrib["bpmnElement"]: [(float(p.attrib["x"]), float(p.attrib["y"])) for p in e.iter(WAYPOINT)]
        for e in root.iter(f"{DI}BPMNEdge")
    }


def over(one: Rect, other: Rect, slack: float = 0.5) -> bool:
    return (
        one[0] + slack < other[2]
        and other[0] + slack < one[2]
        and one[1] + slack < other[3]
        and other[1] + slack < one[3]
    )


def within(inner: Rect, outer: Rect) -> bool:
    return inner[0] >= outer[0] and inner[1] >= outer[1] and inner[2] <= outer[2] and inner[3] <= outer[3]


def parents(root: ElementTree.Element) -> dict[str, str]:
    """The subprocess (or process) each node and flow is in."""
    boxes = [*root.iter(f"{BPMN}process"), *root.iter(f"{BPMN}subProcess")]
    return {e.attrib["id"]: box.attrib["id"] for box in boxes for e in box if "id" in e.attrib}


# --- what it says


@BOTH
@CASES
def test_every_reference_resolves_and_every_id_is_valid(case: str, lang: str) -> None:
    root = parsed(case, lang)
    ids = [e.attrib["id"] for e in root.iter() if "id" in e.attrib]
    assert not [i for i, n in Counter(ids).items() if n > 1]
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", i) for i in ids)
    known = set(ids)
    names = ("sourceRef", "targetRef", "attachedToRef", "processRef", "bpmnElement", "messageRef")
    asked = [e.attrib[n] for e in root.iter() for n in names if n in e.attrib]
    asked += [e.text or "" for n in ("incoming", "outgoing", "flowNodeRef") for e in root.iter(f"{BPMN}{n}")]
    assert asked and not set(asked) - known


@CASES
def test_every_node_of_the_process_is_in_exactly_one_lane(case: str) -> None:
    root, want = parsed(case, "zh"), expected(case)
    lanes = list(root.iter(f"{BPMN}lane"))
    assert {e.attrib["id"].removeprefix("lane_") for e in lanes} - {"system"} == want.lanes
    placed = Counter(e.text for e in root.iter(f"{BPMN}flowNodeRef"))
    inside = parents(root)
    assert placed == {n.attrib["id"]: 1 for n in nodes(root) if inside[n.attrib["id"]] == want.process}


@CASES
def test_incoming_and_outgoing_are_those_of_the_flows(case: str) -> None:
    root = parsed(case, "zh")
    for node in nodes(root):
        for tag, end in (("incoming", "targetRef"), ("outgoing", "sourceRef")):
            said = {e.text for e in node.findall(f"{BPMN}{tag}")}
            assert said == {f.attrib["id"] for f in flows(root) if f.attrib[end] == node.attrib["id"]}


@CASES
def test_stages_timers_calls_and_ends_are_those_of_the_definition(case: str) -> None:
    root, want = parsed(case, "zh"), expected(case)
    ids = {kind: {e.attrib["id"] for e in root.iter(f"{BPMN}{kind}")} for kind in NODES}
    tasks = {i for i in ids["userTask"] if i.startswith("stage_")}
    assert tasks == {f"stage_{n}" for n in want.stages - set(want.calls)}
    assert len(ids["userTask"] - tasks) == want.others
    called = {e.attrib["id"]: e.attrib["calledElement"] for e in root.iter(f"{BPMN}callActivity")}
    assert called == {f"stage_{n}": process for n, process in want.calls.items()}
    assert len(list(root.iter(f"{BPMN}multiInstanceLoopCharacteristics"))) == len(called)
    timers = {e.attrib["id"]: e for e in root.iter(f"{BPMN}boundaryEvent") if e.attrib["id"].startswith("timer_")}
    assert len(list(root.iter(f"{BPMN}timerEventDefinition"))) == want.timers
    still = {i.removeprefix("timer_") for i, e in timers.items() if e.attrib["cancelActivity"] == "false"}
    assert still == want.stilled
    apart = {e.attrib["id"] for e in root.iter(f"{BPMN}endEvent")} - {f"end_{n}" for n in want.ends}
    assert all(i.startswith(("told_", "clock_", "apart_", "anytime_")) for i in apart)


@pytest.mark.parametrize("case", SHIPPED)
def test_every_act_that_moves_a_case_can_be_seen(case: str) -> None:
    root, (_, found) = parsed(case, "zh"), institution(case)
    said = re.sub(r"\s", "", "".join(e.attrib.get("name", "") for e in root.iter()))
    for stage in found.stages.values():
        for act in stage.acts.values():
            if act.to and (any(r != "clock" for r in act.by) or act.name == stage.overdue):
                assert re.sub(r"\s", "", act.title.zh) in said
    notes = re.sub(r"\s", "", "".join(e.text or "" for e in root.iter(f"{BPMN}text")))
    for act in found.anywhere.values():
        if set(act.by) - {"clock", "children"}:
            assert re.sub(r"\s", "", act.title.zh) in notes


@pytest.mark.parametrize("case", SHIPPED)
def test_documentation_is_in_both_languages(case: str) -> None:
    root = parsed(case, "en")
    for node in [n for n in nodes(root) if n.attrib["id"].startswith("stage_")]:
        zh, en = (e.text or "" for e in node.findall(f"{BPMN}documentation"))
        assert re.search(r"[\u4e00-\u9fff]", zh) and re.search(r"[a-z]{3}", en)


def test_the_same_arguments_give_the_same_text() -> None:
    for case in ALL:
        assert bpmn(*institution(case), "zh", ON) == text(case, "zh")


@pytest.mark.parametrize(
    ("value", "unit", "calendar", "want"),
    [
        (24, "hour", None, "PT24H"),
        (30, "minute", None, "PT30M"),
        (3, "day", None, "P3D"),
        (0, "day", None, "P1D"),
        (0, "working_day", None, "P1D"),
        (1, "working_day", None, "P2D"),
        (5, "working_day", None, "P7D"),
        (10, "working_day", None, "P14D"),
        (4, "working_hour", None, "PT4H"),
        (8, "working_hour", None, "P2D"),
        (20, "working_hour", None, "P3DT4H"),
        (0, "working_hour", None, "PT0H"),
    ],
)
def test_limits_become_durations(value: int, unit: Unit, calendar: Calendar | None, want: str) -> None:
    assert duration(Dated(ON, value, unit, "test"), calendar) == want


def test_a_parameter_without_a_value_on_the_day_is_said_and_not_raised() -> None:
    pack, found = institution("changzhou/request")
    root = ElementTree.fromstring(bpmn(pack, found, "zh", ON.replace(year=1999)))
    assert "grid_limit" in {e.text for e in root.iter(f"{BPMN}timeDuration")}


def test_the_command_prints_it() -> None:
    ran = CliRunner().invoke(command, ["changzhou/request", "--as", "bpmn", "--on", ON.isoformat()])
    assert ran.exit_code == 0 and ran.output == text("changzhou/request", "zh")


# --- where it lies


@CASES
def test_every_node_has_a_shape_and_every_flow_an_edge(case: str) -> None:
    root = parsed(case, "zh")
    notes = {e.attrib["id"] for e in root.iter(f"{BPMN}textAnnotation")}
    lanes = {e.attrib["id"] for e in root.iter(f"{BPMN}lane")}
    assert set(shapes(root)) == {n.attrib["id"] for n in nodes(root)} | notes | lanes | {"pool"}
    assert set(lines(root)) == {f.attrib["id"] for f in flows(root)}


@BOTH
@CASES
def test_no_shape_lies_over_another(case: str, lang: str) -> None:
    root = parsed(case, lang)
    found, inside = shapes(root), parents(root)
    on_edge = {e.attrib["id"]: e.attrib["attachedToRef"] for e in root.iter(f"{BPMN}boundaryEvent")}
    mine = [n.attrib["id"] for n in nodes(root)]
    for one, other in combinations(mine, 2):
        related = on_edge.get(one) == other or on_edge.get(other) == one
        if not related and other != inside[one] and one != inside[other]:
            assert not over(found[one], found[other]), (one, other)
    lane_of = {e.text: lane.attrib["id"] for lane in root.iter(f"{BPMN}lane") for e in lane.iter(f"{BPMN}flowNodeRef")}
    for node in mine:
        assert within(found[node], found[lane_of.get(node) or inside[node]]), node
    notes = [e.attrib["id"] for e in root.iter(f"{BPMN}textAnnotation")]
    for one, other in combinations(["pool", *notes], 2):
        assert not over(found[one], found[other])


@BOTH
@CASES
def test_labels_lie_over_no_shape_and_no_other_label(case: str, lang: str) -> None:
    root = parsed(case, lang)
    found, inside, words = shapes(root), parents(root), labels(root)
    for (one, a), (other, b) in combinations(words, 2):
        assert not over(a, b, 2), (one, other)
    for owner, box in words:
        assert within(box, found["pool"]), owner
        for node in nodes(root):
            name = node.attrib["id"]
            if name != inside[owner]:
                assert not over(box, found[name], 2), (owner, name)


@BOTH
@CASES
def test_lines_have_right_angles_and_run_from_border_to_border(case: str, lang: str) -> None:
    root = parsed(case, lang)
    found, drawn = shapes(root), lines(root)
    for flow in flows(root):
        points = drawn[flow.attrib["id"]]
        assert len(points) >= 2
        assert all(a[0] == b[0] or a[1] == b[1] for a, b in pairwise(points)), flow.attrib["id"]
        for (x, y), end in ((points[0], "sourceRef"), (points[-1], "targetRef")):
            left, top, right, bottom = found[flow.attrib[end]]
            on_side = min(abs(x - left), abs(x - right)) < 0.1 and top <= y <= bottom
            on_top = min(abs(y - top), abs(y - bottom)) < 0.1 and left <= x <= right
            assert on_side or on_top, (flow.attrib["id"], end)


def segments(points: list[Point]) -> list[Segment]:
    return [(min(a, b), max(a, b)) for a, b in pairwise(points)]


@BOTH
@CASES
def test_no_line_crosses_a_shape(case: str, lang: str) -> None:
    root = parsed(case, lang)
    found, inside, drawn = shapes(root), parents(root), lines(root)
    for flow in flows(root):
        for (ax, ay), (bx, by) in segments(drawn[flow.attrib["id"]]):
            for node in nodes(root):
                name = node.attrib["id"]
                if name != inside[flow.attrib["id"]]:
                    assert not over((ax - 1, ay - 1, bx + 1, by + 1), found[name], 1.5), (flow.attrib["id"], name)


@BOTH
@CASES
def test_lines_that_share_a_stretch_come_from_or_lead_to_the_same_place(case: str, lang: str) -> None:
    root = parsed(case, lang)
    drawn = lines(root)
    for one, other in combinations(flows(root), 2):
        if one.attrib["targetRef"] == other.attrib["targetRef"] or one.attrib["sourceRef"] == other.attrib["sourceRef"]:
            continue
        for (a, b), (c, d) in (
            (s, t) for s in segments(drawn[one.attrib["id"]]) for t in segments(drawn[other.attrib["id"]])
        ):
            for fixed, along in ((0, 1), (1, 0)):
                if a[fixed] == b[fixed] == c[fixed] == d[fixed]:
                    shared = min(b[along], d[along]) - max(a[along], c[along])
                    assert shared <= 0, (one.attrib["id"], other.attrib["id"])
