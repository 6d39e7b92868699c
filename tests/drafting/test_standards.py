"""A standard is judged by the facts that are there; one that is not there is neither zero nor a violation."""

from __future__ import annotations

from datetime import date

import pytest

from linli.config.pack_files import SHIPPED
from linli.drafting.load import load, read_folder
from linli.drafting.standards import evidence, judge, names, read_standards

WITH_STANDARDS = sorted(p.parent.name for p in SHIPPED.glob("*/standards.yaml"))


def test_some_packs_have_standards() -> None:
    assert {"changzhi", "changzhou", "nenjiang"} <= set(WITH_STANDARDS)


@pytest.mark.parametrize("name", WITH_STANDARDS)
def test_the_examples_of_shipped_standards_come_true(name: str) -> None:
    files = read_folder(SHIPPED, name)
    pack, _ = load(files, name)
    assert pack is not None
    standards, findings = read_standards(files, pack)
    assert findings == []
    for standard in standards.standards.values():
        known = names(pack, standards, standard.over)
        for example in standard.examples:
            facts = {n: float(v) if known[n] == "number" else int(v) for n, v in example.with_.items()}
            assert judge(pack, standards, standard, facts).holds is example.holds


def test_a_missing_fact_makes_it_unknown_and_is_named() -> None:
    files = read_folder(SHIPPED, "changzhou")
    pack, _ = load(files, "changzhou")
    assert pack is not None
    standards, _ = read_standards(files, pack)
    centre = standards.standards["community_centre"]
    unknown = judge(pack, standards, centre, {"households": 2000})
    assert (unknown.holds, unknown.missing) == (None, ("centre_m2",))
    broken = judge(pack, standards, centre, {"households": 2000, "centre_m2": 480.5})
    assert broken.holds is False
    assert evidence(centre, broken.facts).en == "2000 households and 480.5 m²: less than 30 m² for each 100."
    assert standards.on(date(2021, 12, 31)) == []
