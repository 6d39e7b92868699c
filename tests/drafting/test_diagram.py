"""The picture: well formed, complete, escaped, and nothing lies over anything else, also as a browser measures it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest

from linli.drafting.diagram import WIDTH, diagram
from linli.drafting.load import load, read_folder
from linli.drafting.svg import standalone, text_width, wrap
from linli.drafting.table import edges, walk
from linli.drafting.tracks import lay_tracks
from linli.kernel.institution import Act, Institution, Pack, Stage, Text

PACKS = Path(__file__).parents[2] / "src" / "linli" / "packs"
ON = date(2026, 1, 1)
SVG = "{http://www.w3.org/2000/svg}"
NASTY = 'A<script>alert("1")</script>&amp;\'"]]>--><b>很长很长很长很长很长很长很长很长很长很长很长的名字\x00\x0b'
KINDS = pytest.mark.parametrize("kind", ["request", "response", "fifteen", "nasty"])
BOTH = pytest.mark.parametrize("lang", ["zh", "en"])


@pytest.fixture(scope="module")
def pack() -> Pack:
    found, _ = load(read_folder(PACKS, "changzhou"), "changzhou")
    assert found is not None
    return found


def made(pack: Pack, kind: str) -> Institution:
    """One of the pack's institutions, or one that is hard to draw."""
    if kind == "fifteen":
        return fifteen(pack)
    return nasty(pack) if kind == "nasty" else pack.institutions[kind]


def nasty(pack: Pack) -> Institution:
    institution, bad = pack.institutions["request"], Text(NASTY, NASTY)

    def acts(found: dict[str, Act]) -> dict[str, Act]:
        return {n: replace(a, title=bad) for n, a in found.items()}

    stages = {n: replace(s, title=bad, acts=acts(dict(s.acts))) for n, s in institution.stages.items()}
    return replace(institution, title=bad, stages=stages, anywhere=acts(dict(institution.anywhere)), institution=NASTY)


def fifteen(pack: Pack) -> Institution:
    """Fifteen stages with ways forward over many of them and back over many of them."""
    names = [f"s{n}" for n in range(15)]
    jumps = {0: (1, 6, 14), 1: (2, 9, 13), 2: (3, 12), 3: (4, 7), 5: (6, 1), 7: (8, 2), 9: (10, 4), 13: (14, 0)}
    stages = {}
    for n, name in enumerate(names):
        acts = {}
        for to in jumps.get(n, (n + 1,) if n < 14 else ()):
            by = ("clock",) if to == 14 else ("department", "clock") if to == n + 1 else ("department",)
            title = Text(f"办到第{to}个环节去，交给下一家单位继续办理", f"Go on to stage number {to} and hand it over")
            acts[f"to{to}"] = Act(title, by, to=f"s{to}", at_most=1 if to < n else None, name=f"to{to}")
        title = Text(f"第{n}个环节", f"Stage number {n}")
        stages[name] = Stage(title, holder="department", acts=acts, end=n == 14, name=name, within="response_limit")
    start = Act(Text("开始", "Start"), ("caller",), to="s0", name="open")
    return replace(pack.institutions["response"], stages=stages, open=start)


def parsed(svg: str) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def number(element: ElementTree.Element, name: str) -> float:
    return float(element.attrib[name])


def boxes(root: ElementTree.Element) -> list[tuple[float, float, float, float]]:
    found = [r for r in root.iter(f"{SVG}rect") if r.attrib["class"].split()[0] in ("stage", "anywhere")]
    return [tuple(number(r, n) for n in ("x", "y", "width", "height")) for r in found]  # type: ignore[misc]


@BOTH
@KINDS
def test_it_is_well_formed_and_says_everything(pack: Pack, kind: str, lang: str) -> None:
    institution = made(pack, kind)
    root = parsed(diagram(pack, institution, lang, ON))
    said = re.sub(r"\s", "", "".join(t.text or "" for t in root.iter(f"{SVG}text")))
    acts = [a for s in institution.stages.values() for a in s.acts.values()]
    everything = [*institution.stages.values(), *acts, *institution.anywhere.values()]
    for title in {x.title.in_(lang) for x in everything}:
        assert re.sub(r"[\s\x00\x0b]", "", title) in said
    assert root.attrib["role"] == "img" and root.attrib["aria-label"]
    assert [e.tag for e in root][:2] == [f"{SVG}title", f"{SVG}desc"]


@KINDS
def test_no_box_lies_over_another(pack: Pack, kind: str) -> None:
    institution = made(pack, kind)
    found = boxes(parsed(diagram(pack, institution, "zh", ON)))
    assert len(found) == len(institution.stages) + bool(institution.anywhere)
    ordered = sorted(found, key=lambda b: b[1])
    for above, below in pairwise(ordered):
        assert above[1] + above[3] < below[1]
    assert all(x >= 0 and x + width <= WIDTH for x, _, width, _ in found)


@BOTH
@KINDS
def test_labels_stay_inside_and_apart(pack: Pack, kind: str, lang: str) -> None:
    root = parsed(diagram(pack, made(pack, kind), lang, ON, here="joint", been=["found"]))
    height = float(root.attrib["viewBox"].split()[3])
    spans = []
    for text in root.iter(f"{SVG}text"):
        size, x, y = (number(text, n) for n in ("font-size", "x", "y"))
        assert x >= 0 and x + text_width(text.text or "", size) <= WIDTH
        assert y > size * 0.9 and y + size * 0.3 <= height
        spans.append((y - size * 0.88, y + size * 0.2))
    for above, below in pairwise(sorted(spans)):
        assert above[1] <= below[0] + 0.5


@KINDS
def test_nothing_in_it_can_run_or_is_forbidden_by_the_policy(pack: Pack, kind: str) -> None:
    svg = diagram(pack, made(pack, kind), "zh", ON)
    root = parsed(svg)
    assert {e.tag.removeprefix(SVG) for e in root.iter()} <= {
        "svg",
        "title",
        "desc",
        "rect",
        "text",
        "path",
        "circle",
        "polygon",
    }
    names = {n for e in root.iter() for n in e.attrib}
    assert not {n for n in names if n == "style" or n == "id" or n.startswith("on") or "href" in n}


def test_the_same_arguments_give_the_same_text(pack: Pack) -> None:
    institution = pack.institutions["request"]
    first = diagram(pack, institution, "zh", ON, here="joint", been=["found", "collected"])
    assert first == diagram(pack, institution, "zh", ON, here="joint", been=["collected", "found"])
    assert first != diagram(pack, institution, "zh", ON)


def test_where_a_case_stands_is_said_in_words(pack: Pack) -> None:
    svg = diagram(pack, pack.institutions["request"], "zh", ON, here="joint", been=["found", "no_such_stage"])
    assert "● 现在在这里" in svg and "✓ 网格发现" in svg and "现在在“分级响应、协同处置”环节" in svg
    assert "现在在" not in diagram(pack, pack.institutions["request"], "zh", ON, here="no_such_stage")


def test_the_clock_is_dashed_and_people_are_not(pack: Pack) -> None:
    root = parsed(diagram(pack, pack.institutions["request"], "zh", ON))
    for kind, dash in (("by-clock", "4 3"), ("by-people", "none")):
        paths = [p for p in root.iter(f"{SVG}path") if p.attrib.get("class") == kind]
        assert paths and all(p.attrib["stroke-dasharray"] == dash for p in paths)


def test_every_end_has_a_double_border_and_called_units_a_stack(pack: Pack) -> None:
    classes = [
        r.attrib["class"] for r in parsed(diagram(pack, pack.institutions["response"], "zh", ON)).iter(f"{SVG}rect")
    ]
    assert classes.count("inner") == 3 and "sheet" not in classes
    svg = diagram(pack, pack.institutions["request"], "zh", ON)
    calling = [s for s in pack.institutions["request"].stages.values() if s.calls]
    assert svg.count('class="sheet"') == 2 * len(calling) > 0 and "每个单位各办一件：部门响应" in svg


def test_tracks_that_touch_never_share_a_lane(pack: Pack) -> None:
    institution = fifteen(pack)
    order = walk(institution)
    for tracks in lay_tracks(order, edges(institution)):
        assert tracks
        stretches = [(t.lane, {order.index(n) for e in t.edges for n in (e.source, e.target)}) for t in tracks]
        for i, (lane, mine) in enumerate(stretches):
            for other_lane, other in stretches[i + 1 :]:
                assert lane != other_lane or max(mine) < min(other) or max(other) < min(mine)


def test_a_file_of_its_own_needs_no_variables(pack: Pack) -> None:
    text = standalone(diagram(pack, pack.institutions["request"], "zh", ON))
    assert "var(" not in text
    assert parsed(text).tag == f"{SVG}svg"


def test_wrapping_keeps_every_character_and_the_width() -> None:
    text = "请区里协调，并告知反映人。“Whistle the units” " + "x" * 90
    lines = wrap(text, 13.5, 120)
    assert re.sub(r"\s", "", "".join(lines)) == re.sub(r"\s", "", text)
    assert all(text_width(line, 13.5) <= 120 for line in lines)
    assert not any(line[0] in "，。”" for line in lines)


@BOTH
@KINDS
def test_a_browser_finds_no_label_outside_its_place(pack: Pack, kind: str, lang: str, chromium_path: str) -> None:
    from playwright.sync_api import sync_playwright

    svg = diagram(pack, made(pack, kind), lang, ON, here="joint", been=["found"])
    box = "const b = t.getBBox(); return [b.x, b.y, b.width, b.height]"
    measure = "[...document.querySelectorAll('text')].map(t => { " + box + " })"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium_path, args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 800})
        page.set_content(f"<body>{svg}</body>")
        found = page.evaluate(measure)
        browser.close()
    frames = boxes(parsed(svg))
    for x, y, width, height in found:
        middle = y + height / 2
        inside = next((b for b in frames if b[1] < middle < b[1] + b[3]), (0, 0, WIDTH, 0))
        assert inside[0] <= x and x + width <= inside[0] + inside[2] + 0.5
