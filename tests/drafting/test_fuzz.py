"""Damaged texts give a pack or findings with a place, soon, in little memory. Long: ``python -m tests.proof fuzz``."""

from __future__ import annotations

import tracemalloc
from random import Random

import pytest

from linli.drafting.load import load
from tests.drafting import fuzz
from tests.drafting.broken_packs import good
from tests.proof.__main__ import add_up, spread

COUNT = 3_000
MOST_MEMORY = 200 * 1024 * 1024


@pytest.mark.slow
def test_three_thousand_damaged_texts() -> None:
    outcome = add_up(spread(fuzz.run, 0, COUNT, 2), fuzz.Outcome(), COUNT)
    print("\n".join(outcome.lines()))
    assert outcome.faults == []
    assert outcome.tried == COUNT
    assert outcome.refused > COUNT / 4
    assert outcome.survivors > COUNT / 10, "some damage must go unseen by the loader, so that check is tried as well"
    assert set(outcome.kinds) == set(fuzz.DAMAGES)


@pytest.mark.parametrize("kind", ["alias bomb", "deep nesting", "long lines", "many things"])
def test_memory_stays_bounded(kind: str) -> None:
    files = good()
    for seed in range(12):
        damaged = fuzz.DAMAGES[kind](Random(seed), files["good/ask/institution.yaml"])
        tracemalloc.start()
        load({**files, "good/ask/institution.yaml": damaged}, "good")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < MOST_MEMORY, f"{kind}, seed {seed}: {peak >> 20} MB"
