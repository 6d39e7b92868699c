"""The checker and a brute-force explorer that shares no line with it agree on every property, both ways.

The long run is ``python -m tests.proof --count 200000``.
"""

from __future__ import annotations

import ast
import contextlib
import re
from pathlib import Path
from random import Random

import pytest
import yaml
from hypothesis import HealthCheck, given, settings

from linli.drafting import check_states
from linli.drafting.check_states import Graph
from linli.drafting.load import load
from tests.proof.__main__ import add_up, spread
from tests.proof.agreement import Tally, compare, run
from tests.proof.explorer import TooLarge
from tests.proof.random_institutions import Exam, draw, exams, written
from tests.proof.verdict import PROPERTIES

HERE = Path(__file__).parent
COUNT = 10_000


def test_the_explorer_shares_nothing_with_the_checks() -> None:
    for name in ("explorer.py", "verdict.py"):
        for node in ast.walk(ast.parse((HERE / name).read_text(encoding="utf-8"))):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            modules += [a.name for a in node.names] if isinstance(node, ast.Import) else []
            assert not any(m.startswith("linli") and not m.startswith("linli.kernel") for m in modules), name


@pytest.mark.slow
def test_check_and_explorer_agree_on_ten_thousand_institutions() -> None:
    tally = add_up(spread(run, 0, COUNT, 2), Tally(), COUNT)
    print("\n".join(tally.lines()))
    assert tally.drawn == COUNT
    assert tally.differing == []
    assert tally.too_large < COUNT / 50
    assert tally.sound >= COUNT / 20, "sound institutions are examined as well as faulty ones"
    for name in (*PROPERTIES, "join-never"):
        assert tally.alike[name] >= 50, f"{name}: hardly ever drawn, so hardly proved"
        assert tally.without[name] >= 50, name


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(exams())
def test_agreement_on_what_hypothesis_draws(exam: Exam) -> None:
    with contextlib.suppress(TooLarge):
        assert compare(exam)[0] == []


def test_where_bounds_are_not_counted_one_by_one_nothing_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Large institutions are walked so: `check` may then be too strict, never too kind."""
    monkeypatch.setattr(check_states, "COUNTED", 1)
    tally = run(0, 600)
    said = [re.fullmatch(r"[a-z-]+: explorer (\[.*\]), check (\[.*\])", text) for _, text in tally.differing]
    assert said, "bounds matter in some of them"
    for one in said:
        assert one and set(ast.literal_eval(one[1])) <= set(ast.literal_eval(one[2])), one


def test_the_loader_reads_what_is_drawn() -> None:
    """The institutions are made in memory; written down, the loader reads the same, without a finding."""
    for seed in range(60):
        exam = draw(Random(seed))
        head = {"pack": "p", "title": {"zh": "样例", "en": "Sample"}, "levels": written(exam.pack.levels)}
        files = {"p/pack.yaml": {**head, "duties": written(exam.pack.duties)}}
        files["p/parameters.yaml"] = written(exam.pack.parameters)
        files["p/results.yaml"] = written(exam.pack.results)
        files["p/calendars.yaml"] = {"calendars": {"always": {"title": {"zh": "全天候", "en": "Always"}}}}
        for name, institution in exam.pack.institutions.items():
            files[f"p/{name}/institution.yaml"] = written(institution)
        texts = {n: yaml.safe_dump(v, allow_unicode=True, sort_keys=False) for n, v in files.items()}
        pack, findings = load(texts, "p")
        assert pack is not None
        assert findings == []
        for name, institution in exam.pack.institutions.items():
            assert written(pack.institutions[name]) == written(institution), f"seed {seed}"


@pytest.mark.parametrize(
    ("rule", "broken", "seeds", "told"),
    [
        ("certain", lambda graph, edge: True, (320, 15), "trap: explorer ['s2'], check []"),
        ("certain", lambda graph, edge: edge.by == "clock", (0, 5), "trap: explorer [], check"),
        ("filled_by", lambda graph, edge: frozenset(("day", "units")), (20, 10), "clockless: explorer ['parked']"),
        ("_waits", lambda graph, state, move, goes: (True,), (15, 15), "trap: explorer ['pressed'], check []"),
    ],
    ids=["counts on guards", "counts on the clock alone", "thinks everything filled in", "thinks all still at work"],
)
def test_a_checker_that_errs_is_caught(
    monkeypatch: pytest.MonkeyPatch, rule: str, broken: object, seeds: tuple[int, int], told: str
) -> None:
    """The comparison can fail: with one rule of the checker switched off, or made too strict, it does."""
    assert run(*seeds).differing == []
    monkeypatch.setattr(Graph, rule, broken)
    assert any(text.startswith(told) for _, text in run(*seeds).differing)
