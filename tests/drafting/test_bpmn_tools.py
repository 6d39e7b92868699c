"""Tools of others open what we export: the official schema, SpiffWorkflow's parser, bpmn-js in Chromium."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.drafting.bpmn_cases import ALL, BPMN, NODES, SHIPPED, expected, institution, parsed, text

CASES = pytest.mark.parametrize("case", ALL)
BOTH = pytest.mark.parametrize("lang", ["zh", "en"])
VENDOR = Path(__file__).parent / "vendor" / "bpmn-js"


def read(case: str, lang: str) -> Any:
    """SpiffWorkflow's parser with the document in it, checked against BPMN20.xsd."""
    from lxml import etree
    from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnParser, BpmnValidator

    parser = BpmnParser(validator=BpmnValidator())
    parser.add_bpmn_xml(etree.fromstring(text(case, lang).encode()), f"{case}.bpmn")
    return parser


def test_there_are_packs_to_draw() -> None:
    assert {"changzhou/request", "national/response"} <= set(SHIPPED)


@BOTH
@CASES
def test_it_fits_the_official_schema(case: str, lang: str) -> None:
    assert read(case, lang).get_process_ids()[0] == expected(case).process


def test_the_schema_check_can_fail() -> None:
    from lxml import etree
    from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnValidator
    from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException

    broken = text("changzhou/request", "zh").replace("bpmn:userTask", "bpmn:taskForNobody")
    with pytest.raises(ValidationException):
        BpmnValidator().validate(etree.fromstring(broken.encode()))


def all_specs(case: str) -> dict[str, Any]:
    """Every task spec by id: of the process and of its event subprocesses."""
    parser, want = read(case, "zh"), expected(case)
    specs = dict(parser.get_spec(want.process).task_specs)
    for group in parsed(case, "zh").iter(f"{BPMN}subProcess"):
        specs |= parser.get_spec(group.attrib["id"]).task_specs
    return specs


@pytest.mark.parametrize("case", SHIPPED)
def test_spiffworkflow_keeps_stages_lanes_timers_and_calls(case: str) -> None:
    from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition

    specs, want = all_specs(case), expected(case)
    root = parsed(case, "zh")
    kinds = {name: type(spec).__name__ for name, spec in specs.items()}
    assert {n for n, k in kinds.items() if k == "UserTask" and n.startswith("stage_")} == {
        f"stage_{n}" for n in want.stages - set(want.calls)
    }
    assert sum(k == "UserTask" for k in kinds.values()) == len(want.stages) - len(want.calls) + want.others
    calls = {n: s.spec for n, s in specs.items() if kinds[n] == "CallActivity"}
    assert calls == {f"stage_{n} [child]": process for n, process in want.calls.items()}
    assert sum(k == "ParallelMultiInstanceTask" for k in kinds.values()) == len(calls)
    timers = [s for s in specs.values() if isinstance(getattr(s, "event_definition", None), TimerEventDefinition)]
    assert len(timers) == want.timers
    still = {n for n, s in specs.items() if n.startswith("timer_") and s in timers and not s.cancel_activity}
    assert still == {f"timer_{n}" for n in want.stilled}
    every = {e.attrib["id"] for kind in NODES for e in root.iter(f"{BPMN}{kind}")}
    assert every <= set(specs), "nodes that no flow reaches"


@BOTH
@pytest.mark.parametrize("case", SHIPPED)
def test_spiffworkflow_knows_whose_lane_each_stage_is_in(case: str, lang: str) -> None:
    parser, want = read(case, lang), expected(case)
    specs, (_, found) = parser.get_spec(want.process).task_specs, institution(case)
    titles = {n: x.title.in_(lang) for group in (found.roles, found.parties) for n, x in group.items()}
    seen = 0
    for name in want.stages:
        one = f"stage_{name} [child]" if name in want.calls else f"stage_{name}"
        spec = specs.get(one) or specs.get(f"apart_{name}")
        holder = found.stages[name].holder
        if spec and holder in titles:
            seen += 1
            assert spec.lane.casefold() == titles[holder].removeprefix("the ").casefold()
    assert seen == len(want.stages)


# --- a browser


@pytest.fixture(scope="module")
def viewer(chromium_path: str) -> Iterator[Any]:
    """A page with bpmn-js in it; no network is used."""
    from playwright.sync_api import sync_playwright

    style = "".join((VENDOR / n).read_text(encoding="utf-8") for n in ("diagram-js.css", "bpmn-js.css"))
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": 1600, "height": 900})
        page.set_content(
            f"<style>{style} body {{margin: 0}} #all {{width: 100vw; height: 100vh}}</style><div id=all></div>"
        )
        page.add_script_tag(content=(VENDOR / "bpmn-viewer.production.min.js").read_text(encoding="utf-8"))
        page.evaluate("() => { window.viewer = new BpmnJS({container: '#all'}) }")
        yield page
        browser.close()


OPEN = """async xml => {
    const {warnings} = await viewer.importXML(xml);
    viewer.get('canvas').zoom('fit-viewport');
    return warnings.map(w => w.message);
}"""
LABELS = """() => viewer.get('elementRegistry').filter(e => e.type === 'label').map(e => ({
    name: e.businessObject.name,
    lines: viewer.get('elementRegistry').getGraphics(e).querySelectorAll('text tspan').length,
}))"""


@pytest.mark.browser
@BOTH
@CASES
def test_bpmn_js_opens_it_without_a_warning(case: str, lang: str, viewer: Any, tmp_path: Path) -> None:
    from PIL import Image

    assert viewer.evaluate(OPEN, text(case, lang)) == []
    drawn = set(viewer.evaluate("() => viewer.get('elementRegistry').getAll().map(e => e.id)"))
    root = parsed(case, lang)
    want = {e.attrib["id"] for kind in (*NODES, "sequenceFlow", "lane") for e in root.iter(f"{BPMN}{kind}")}
    assert want <= drawn
    shot = viewer.screenshot(path=tmp_path / "shot.png")
    ink = Image.open(io.BytesIO(shot)).convert("L").histogram()
    assert 2_000 < sum(ink[:128]) < 400_000, "an empty page, or a black one"


@pytest.mark.browser
@BOTH
@pytest.mark.parametrize("case", [*SHIPPED, "changzhou/fifteen"])
def test_bpmn_js_breaks_labels_where_we_did(case: str, lang: str, viewer: Any) -> None:
    viewer.evaluate(OPEN, text(case, lang))
    found = viewer.evaluate(LABELS)
    assert found and not [e for e in found if e["lines"] != e["name"].count("\n") + 1]


@pytest.mark.browser
def test_bpmn_js_does_warn_when_something_is_missing(viewer: Any) -> None:
    xml = text("changzhou/request", "zh").replace('bpmnElement="stage_found"', 'bpmnElement="stage_lost"')
    assert viewer.evaluate(OPEN, xml)
