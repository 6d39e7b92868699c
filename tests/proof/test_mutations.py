"""Every harmful damage to a shipped pack is refused by the static checks. In full: ``python -m tests.proof mutate``."""

from __future__ import annotations

import pytest

from tests.proof import mutations

MOST = 90
"""How many are judged here, of every kind alike; the script judges them all."""


def test_packs_are_found() -> None:
    assert {"changzhou", "national"} <= set(mutations.shipped())


def test_undamaged_packs_are_called_harmless() -> None:
    assert [p for p in mutations.shipped() if not mutations.sound(p)] == []


@pytest.mark.slow
def test_every_harmful_damage_is_refused() -> None:
    every = [m for pack in mutations.shipped() for m in mutations.mutations(pack)]
    outcomes = mutations.run(mutations.sample(every, MOST), 2)
    print("\n".join(mutations.lines(outcomes)))
    counts = mutations.tally(outcomes).values()
    assert [m for c in counts for m in c.missed] == []
    harmful, refused = sum(c.harmful for c in counts), sum(c.refused for c in counts)
    assert refused == harmful >= MOST // 3
    assert any(c.generated > c.harmful for c in counts), "judges that call everything harmful judge nothing"
    assert mutations.unexplained(outcomes) == set(), "docs/reference/proof.md explains every false alarm"
