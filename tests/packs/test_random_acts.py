"""Thousands of random act sequences by random people on every shipped institution: nothing is ever lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import linli
from linli.drafting.load import load, read_folder
from linli.kernel.institution import Institution, Pack
from tests.packs.random_acts import stories

PACKS = Path(linli.__file__).parent / "packs"
STORIES = int(os.environ.get("LINLI_TEST_STORIES", "80"))
"""Stories for each institution; some 3 000 over all packs."""


def shipped() -> list[tuple[Pack, Institution]]:
    found = []
    for folder in sorted(p.name for p in PACKS.iterdir() if (p / "pack.yaml").is_file() and p.name != "national"):
        pack, findings = load(read_folder(PACKS, folder), folder)
        assert pack is not None and not findings
        known = {i.name for p, i in found if i.version == pack.institutions.get(i.name, i).version}
        found += [(pack, i) for i in pack.institutions.values() if i.name not in known]  # what is shared, once
    return found


@pytest.mark.parametrize(("pack", "institution"), shipped(), ids=lambda x: x.name)
def test_no_case_is_ever_stuck_unheld_without_a_clock_or_closed_unanswered(
    pack: Pack, institution: Institution
) -> None:
    assert stories(pack, institution, range(STORIES)) >= STORIES // 2, "the stories go somewhere"


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        (
            "        answers: reporter\n        result: solved\n        tier: grid\n",
            "        result: solved\n",
            "answer",
        ),
        ("    holder: community\n    within: community_limit", "    within: community_limit", "nobody holds"),
        ("    within: grid_limit\n", "", "no clock"),
    ],
)
def test_a_damaged_institution_is_caught(before: str, after: str, says: str) -> None:
    files = read_folder(PACKS, "changzhou")
    path = "changzhou/request/institution.yaml"
    text = files[path].decode()
    if says == "no clock":  # without any named clock either, so that nothing runs
        text = text[: text.index("clocks:\n")] + text[text.index("reminds:") :]
    assert before in text
    pack, _ = load({**files, path: text.replace(before, after).encode()}, "changzhou")
    assert pack is not None
    with pytest.raises(AssertionError, match=says):
        stories(pack, pack.institutions["request"], range(STORIES))
